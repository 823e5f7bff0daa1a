"""Ways through a function: branches, loops, exceptions, calls. `statements` says how to read it."""

__all__ = ["CONTROL_FLOW"]

CONTROL_FLOW = {
    "assign": """
        {new} = {n}
        ===
        {v} = {n}
        ===
        {v} += {n}
        ===
        {new} = {n} if {t} else {n}
    """,
    "branch": """
        if {t}:
            {body}
        ===
        if {t}:
            {body}
        else:
            {body}
        ===
        if {t}:
            {body}
        elif {t}:
            {body}
        else:
            {body}
        ===
        match (bool({t}), bool({t})):
            case (True, True):
                {body}
            case (False, _):
                {body}
    """,
    "early_return": """
        if {t}:
            return {result}
    """,
    "for_loop": """
        for {tmp} in range({i}):
            {v} = {v} * {c} + {tmp}
        ===
        for {tmp} in {l}:
            {v} = {v} * {c} + {tmp}
        ===
        for {tmp}, {tmp2} in enumerate({l}):
            if {tmp2} > {a}:
                break
            {v} += {tmp2} * {tmp}
        ===
        for {tmp} in {l}:
            if {tmp} <= {a}:
                continue
            {v} -= {tmp}
        else:
            {v} += {c}
        ===
        for {tmp}, {tmp2} in zip({l}, {l}):
            {v} = {v} + {tmp} * {tmp2} if {tmp} < {tmp2} else {v} - {tmp2}
    """,
    "while_loop": """
        {tmp} = 0
        while {v} > {a} and {tmp} < 4:
            {v} = {v} * 0.5 - {c}
            {tmp} += 1
        ===
        {tmp}, {tmp2} = {a}, 0
        while True:
            {tmp2} += 1
            {tmp} = 0.5 * ({tmp} + {a} / {tmp})
            if abs({tmp} * {tmp} - {a}) < 0.1 or {tmp2} == 5:
                break
        {v} = {tmp} * {tmp2}
    """,
    "followed_loop": """
        {tmp} = 0.0
        while {tmp} < 6.0:
            {tmp} = {tmp} + 1.0
            {v} = {n}
            if {a} > {a}:
                break
        else:
            {v} = {n}
        ===
        {tmp}, {tmp2} = 0.0, {a}
        while ({tmp} := {tmp} + 0.5) < 3.0:
            if {a} > {c}:
                {v}, {tmp2} = {tmp2}, {n}
                continue
            {body}
            if {tmp2} < {a}:
                return {result}
        ===
        {tmp}, {tmp2} = 0.0, {'k': {a}}
        if {a} > {a}:
            {fun} = {tmp2}
        else:
            {fun} = dict({tmp2})
        while {tmp} < 5.0:
            {tmp} += 1.0
            {tmp2}['k'] = {n}
            if {a} > {a}:
                {fun}['k'] = {a}
        {new} = {tmp2}['k'] - {fun}['k']
        ===
        {tmp}, {tmp2} = 0.0, [{a}, {a}]
        while {tmp} < 5.0 and {tmp2}[0] < {c}:
            {tmp} += 1.0
            {tmp2}[0], {tmp2}[1] = {tmp2}[1], {n}
            if {a} > {a}:
                {tmp2} = {tmp2}[::-1]
        {new} = {tmp2}[0] * {tmp2}[1]
        ===
        {tmp}, {tmp2} = 0.0, {i}
        while {tmp} < 7.0:
            {tmp} = {tmp} + 1.0
            {tmp2} = 1 - {tmp2}
            {v} = {n} if {tmp2} else max({a}, {a})
            if int({tmp}) % 3 == {i}:
                {v} = min({v}, {n})
        {v} = {v} * {tmp2} + {tmp}
        ===
        {tmp}, {tmp2} = 0.0, True
        while {tmp2}:
            {tmp} = {tmp} + 1.0
            {tmp2} = {tmp} < 6.0
            if round(ag.tanh({a}) * 4.0) > {i}:
                {new} = {n}
                break
            {new} = {a}
        ===
        {tmp}, {tmp2} = 0.0, 4.0
        while {tmp} < {tmp2}:
            {fun} = 1.0
            while {fun} > 0.1:
                {fun} = 0.5 * {fun}
                if {a} > {a}:
                    {v} = {v} + {fun} * {a}
            {tmp}, {tmp2} = {tmp} + 1.0, {tmp2} + {fun}
        {new} = {tmp2} * {a} / {tmp}
    """,
    "recursion": """
        def {fun}(t, depth):
            if depth == 0 or t > {c}:
                return t
            return {fun}({e+t}, depth - 1) + t
        ---
        {new} = {fun}({n}, {i})
        ===
        def {fun}(ts):
            if len(ts) == 1:
                return ts[0]
            a, b = {fun}(ts[: len(ts) // 2]), {fun}(ts[len(ts) // 2 :])
            return a if a < b else a * b
        ---
        {new} = {fun}({l})
    """,
    "exceptions": """
        try:
            if {t}:
                raise ValueError("no")
            {body}
        except ValueError:
            {v} = {n}
        ===
        try:
            {new} = {l}[int({a})]
        except (IndexError, ValueError, OverflowError) as error:
            {new} = {n} + len(type(error).__name__)
        ===
        try:
            {new} = {a} + round({a})
        except (ValueError, OverflowError):
            {new} = {a}
        finally:
            {v} = {n}
        ===
        try:
            {new} = ag.where({t}, {a}, 1.0) * {{i}: {c}, 1: {a}}[int({a} > {a})]
        except KeyError:
            {new} = {n}
        ===
        if {t}:
            raise ArithmeticError("a number out of range")
        ===
        assert not {a} > {c}, "too large"
    """,
    "comparisons": """
        {new} = {n} if {a} < {a} <= {n} else {n}
        ===
        {new} = {n} if {c} <= {a} < {c} != {a} else {a}
        ===
        {new} = ({a} > {c}) + {a} * ({a} == {a})
        ===
        {new} = {a} and {n}
        ===
        {new} = {a} or {n}
        ===
        {new} = {n} if not {n} else {a}
        ===
        {new} = {n} if {a} < 10**20 and {a} != fractions.Fraction(1, 3) else {n}
        ===
        {new} = {n} if (tmp := {n}) >= {a} or tmp != tmp else tmp
        ===
        {new} = {a} * (2**53 + 1 > {a}) - ({a} > -(10**400))
    """,
    "closures": """
        {tmp} = {c}
        def {tmp2}(t):
            return {n+t} * {tmp}
        {tmp} += 1
        {new} = {tmp2}({n})
        ===
        {tmp} = [lambda t, i=i: {n+t} * i for i in range(3)]
        {new} = {tmp}[{i} % 3]({a}) + {tmp}[{t}]({n})
        ===
        {tmp} = [{n}]
        def {tmp2}():
            {tmp}[0] = {tmp}[0] * 2 if {tmp}[0] < {a} else {tmp}[0] - 1
            return {tmp}[0]
        {new} = {tmp2}() + {tmp2}()
        ===
        {new} = functools.reduce(lambda t, u: t * {c} + u if t < u else u - t, {l})
        ===
        {new} = functools.partial(lambda t, u: {n+t} - u, {a})({n})
    """,
    "captured": """
        {new} = {w} * {n}
        ===
        {new} = {n} if {w} > {a} else {w} - {n}
        ===
        {tmp} = [{w}, {a}, {w} * {a}]
        {new} = max({tmp}) + {tmp}.index({w})
        ===
        {new} = ag.dot([{w}, {w}], [{n}, {a}])
    """,
    "helpers": """
        def {fun}(t, u={c}, *rest, scale=1.0, **more):
            return {e+t+u} * scale + sum(rest) + len(more)
        ---
        {new} = {fun}({n}) + {fun}({n}, {a}, {a}, scale={n}, other={a})
        ===
        class {fun}:
            def __init__(self, t):
                self.t = t
                self.count = 0

            def __call__(self, u):
                self.count += 1
                return {e+u} * self.count + (self.t if u > self.t else 0)

            @property
            def twice(self):
                return self.t * 2
        ---
        {tmp} = {fun}({n})
        {new} = {tmp}({a}) + {tmp}({n}) * {tmp}.twice
        ===
        def {fun}(ts):
            for t in ts:
                if t > {c}:
                    yield {e+t}
        ---
        {new} = sum({fun}({l}), {a})
        ===
        @functools.cache
        def {fun}(i):
            return {c} * i
        ---
        {new} = {fun}({i}) * {n}
        ===
        @contextlib.contextmanager
        def {fun}(ts):
            ts.append({c})
            yield ts[0]
            ts.pop()
        ---
        {tmp} = {l}
        with {fun}({tmp}) as {tmp2}:
            {new} = sum({tmp}) * {tmp2}
    """,
    "comprehensions": """
        {new} = sum([{n+t} for t in {l} if t > {a}])
        ===
        {new} = sum(t * u for t in {l} for u in {l} if t < u)
        ===
        {new} = {n} if any(t > {a} for t in {l}) else {n}
        ===
        {new} = {n} if all(t != {a} for t in {l}) else {a}
        ===
        {tmp} = {i: {n+t} for i, t in enumerate({l})}
        {new} = max({tmp}.values()) + {tmp}[0]
        ===
        {new} = sum(map(lambda t: {n+t}, filter(lambda t: t < {a}, {l})))
        ===
        {tmp} = list(itertools.takewhile(lambda t: t < {a}, itertools.accumulate({l})))
        {new} = {tmp}[-1] if {tmp} else {n}
        ===
        {new} = next((t for t in {l} if t > {c}), {a})
        ===
        {new} = sum(t for t, _ in itertools.groupby({l}, key=lambda u: u > {a}))
        ===
        {new} = [{n}, {n}][[t < {a} for t in {l}].count(True) % 2]
    """,
}
