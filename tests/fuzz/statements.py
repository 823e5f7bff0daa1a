"""Kinds of statements: a table of templates, from which programs are put together.

A kind is a list of templates; lines above `---` go to the top of the module, once. `{...}` stands for

n, n+t    a number: an expression over whatever is in scope, and over t too
e+t       a number, of nothing but t, constants and captured Values
a         a number that has a name
c, i      a constant; a whole number from 0 to 3
t         a test, true or false
l         a list of two to four numbers
array     a NumPy array of one dimension; matrix: of two
v         a variable that may be assigned to
new       a name that holds a number from then on
tmp, fun  a name of this statement alone; of a function at the top of the module
w         a captured Value, whose .data is another at every call
body      statements
result    what the function returns at its end; arg: the name of an argument that is a number
"""

from __future__ import annotations

from textwrap import dedent

__all__ = ["KINDS"]


def _templates(text: str) -> list[str]:
    return [part.strip("\n") for part in dedent(text).split("\n===\n")]


_TABLE = {
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
        match ({t}, {t}):
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
    "leaks": """
        try:
            {new} = math.exp({a})
        except TypeError:
            {new} = {a} * 2
        ===
        {new} = {a} + float({a} > {c})
        ===
        try:
            {new} = float({a})
        except TypeError:
            {new} = {n}
        ===
        {new} = {a} * {a}.data
        ===
        {new} = {n} if isinstance({a}, Value) else {n}
        ===
        {new} = {a} if {a} is {a} else {n}
        ===
        import copy
        ---
        {new} = copy.copy({a}) + {n}
    """,
    "introspection": """
        {new} = {n} if getattr({n}, "label", None) is None else {n}
        ===
        {new} = {n} if getattr({n}, "op", "") in ("", "add") else {n}
        ===
        {new} = {n} + len(getattr({n}, "parents", ()))
    """,
    "dicts": """
        {tmp} = {"a": {n}, True: {a}, 2: {c}}
        {tmp}["b"] = {tmp}["a"] * {a}
        {new} = {tmp}["b"] + {tmp}[{t} or 2]
        ===
        {new} = {True: {n}, False: {n}}[{t}]
        ===
        {tmp} = {i: {tmp2} for i, {tmp2} in enumerate({l}) if {tmp2} > {a}}
        {new} = {tmp}.get({i}, {n}) + len({tmp})
        ===
        {tmp} = dict.fromkeys("ab", {a})
        {tmp}.update(b={n}) if {t} else {tmp}.pop("b")
        {new} = sum({tmp}.values())
        ===
        {tmp} = {}
        for {tmp2} in {l}:
            {tmp}.setdefault({tmp2} > {a}, []).append({tmp2})
        {new} = sum({tmp}.get(True, [])) - len({tmp})
    """,
    "lists": """
        {tmp} = {l}
        {tmp}.append({n})
        {tmp}.reverse()
        {new} = {tmp}.pop() * {tmp}[0] + {tmp}[-1]
        ===
        {tmp} = {l} + {l}
        {tmp}[{i}] = {n}
        {new} = {tmp}[{i}] - {tmp}[{t}]
        ===
        {tmp} = {l}
        del {tmp}[{t}]
        {tmp}[:1] = [{n}, {a}]
        {new}, *{tmp2} = {tmp}
        {v} = sum({tmp2}, {a})
        ===
        {tmp} = {l}
        {tmp}.insert({t}, {n})
        {new} = ag.sum({tmp}) + {tmp}[1]
    """,
    "sorting": """
        {tmp} = sorted({l})
        {new} = {tmp}[0] * {c} + {tmp}[-1]
        ===
        {new} = min({l}, key=lambda t: {n+t})
        ===
        {new} = max({l}, key=abs) + {n}
        ===
        {tmp} = {l}
        {new} = {tmp}[max(range(len({tmp})), key={tmp}.__getitem__)] * {n}
        ===
        {tmp} = sorted(enumerate({l}), key=lambda t: (t[1] > {a}, t[1]), reverse=True)
        {new} = {tmp}[0][1] + {tmp}[0][0]
        ===
        {new} = max({a}, {n}, {c}) - min({a}, {n})
        ===
        {tmp} = {l}
        {tmp}.sort(key=lambda t: -t)
        {new} = {tmp}[1] - {tmp}[0] * {a}
        ===
        {new} = sorted([({a}, 1.0), ({a}, 2.0), ({n}, 3.0)])[1][1] * {a}
        ===
        {tmp} = {l}
        {new} = {c} if {tmp} < {l} else {n}
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
    "membership": """
        {new} = {n} if {a} in {l} else {n}
        ===
        {tmp} = {l}
        {new} = {a} * {tmp}.count({a}) + len({tmp})
        ===
        {tmp} = {l} + [{a}]
        {new} = {n} + {tmp}.index({tmp}[-1])
        ===
        {new} = {n} if {c} in (0.0, 1, {a}) else {n}
        ===
        {tmp} = {l} + [{a}]
        {tmp}.remove({a})
        {new} = {tmp}[0] * {a}
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
    "whole_numbers": """
        {new} = {a} * int({a})
        ===
        {new} = {a} - round({a}) if abs({a}) < 9 else {n}
        ===
        {new} = {n} + math.floor({a}) % 3 + math.ceil({a}) // 2
        ===
        {new} = math.trunc({a}) * {n} if {a} == {a} else {n}
        ===
        for {tmp} in range(min(3, max(0, int({a})))) if abs({a}) < 1e9 else ():
            {v} += {tmp} * {a}
        ===
        {tmp} = round({a}) if abs({a}) < 50 else 0
        {new} = {n} if {tmp} % 2 == 0 else {n} * {tmp}
        ===
        {new} = {l}[round({a}) % 2] if -9 < {a} < 9 else {a}
        ===
        {new} = {a} // {n} + {a} % {n}
        ===
        {tmp}, {tmp2} = divmod({a}, {n})
        {new} = {tmp} * {c} + {tmp2}
        ===
        {new} = pow({a}, {i}) + pow({a}, {n})
        ===
        {new} = bin(int({a})).count("1") * {a} if 0 <= {a} < 1e6 else {n}
    """,
    "text": """
        {new} = {n} if f"{{a}:.1f}" == "1.0" else {n}
        ===
        {new} = {n} * len(f"{{a}:.2f}")
        ===
        {new} = {{"1": {c}, "2": {a}}}.get(f"{{a}:.0f}", {n})
        ===
        {new} = {n} if str({a}) < str({a}) else {a}
        ===
        {tmp} = f"{{a}:.3f} and {{n}}"
        {new} = {n}
    """,
    "hashing": """
        {new} = {n} * len({{a}, {a}, {n}})
        ===
        {tmp} = {{a}: {n}, {c}: {a}}
        {new} = {tmp}.get({a}, {n})
        ===
        {new} = sum(set({l}), {a})
        ===
        {new} = {n} + hash({a}) % 7
        ===
        {new} = {a} * ({a} in {1.0, 2.0, {a}})
        ===
        {tmp} = list(dict.fromkeys({l}))
        {new} = {tmp}[-1] * len({tmp})
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
    "transforms": """
        {new} = ag.grad(lambda t: {n+t})({a})
        ===
        {new} = ag.grad(lambda t: {n+t} if t > {a} else {n+t})({n}) * {a}
        ===
        {tmp}, {new} = ag.value_and_grad(lambda t, u: {n+t} * u, argnums=1)({a}, {n})
        {v} = {tmp}
        ===
        {new} = ag.grad(ag.grad(lambda t: {n+t}))({a})
        ===
        {tmp}, {new} = ag.jvp(lambda t: {n+t}, ({a},), ({n},))
        ===
        {tmp}, {tmp2} = ag.vjp(lambda t, u: [{n+t}, t * u], {a}, {n})
        {new} = {tmp2}([{a}, {c}])[0] + {tmp}[1]
        ===
        {new} = sum(sum(row) for row in ag.hessian(lambda p: p[0] * {n} + p[1] * p[0])([{a}, {n}]))
        ===
        {new} = ag.jacobian(lambda p: [p[0] * p[1], {n}])([{a}, {a}])[0][1]
        ===
        {new} = ag.hvp(lambda p: p[0] ** 2 * p[1] + {n})([{a}, {n}], [{a}, {c}])[0]
        ===
        {new} = ag.grad(lambda t: t * ag.grad(lambda u: u * t * {n})({a}))({n})
    """,
    "primitives_of_the_user": """
        cubed = TABLE.get("cubed") or ag.primitive(
            "cubed", lambda x: x * x * x, lambda out, x: 3 * x * x
        )
        ---
        {new} = cubed({n}) + {a}
        ===
        leaky = TABLE.get("leaky") or ag.primitive(
            "leaky",
            lambda x, y: x if x > 0 else x * y,
            lambda out, x, y: (ag.where(x > 0, 1.0, y), ag.where(x > 0, 0.0, x)),
            arity=2,
            lowering=lambda x, y: ag.where(ag.relu(x), x, x * y),
        )
        ---
        {new} = leaky({n}, {a})
    """,
    "compiled_inside": """
        {new} = ag.jit(lambda t: {n+t})({a})
        ===
        {new} = ag.jit(lambda t, u: t * u if t > {a} else u)({n}, {a}) + {a}
        ===
        {new} = ag.jit(ag.grad(lambda t: {n+t}))({a})
        ===
        {fun} = ag.jit(lambda t: {e+t} if t > {c} else t * 2)
        ---
        {new} = {fun}({n}) + {fun}({a})
        ===
        {new} = sum(ag.vmap(lambda t: {n+t})(np.array({l})))
    """,
    "without_gradient": """
        with ag.no_grad():
            {new} = {n}
        ===
        {new} = {n}
        {new} = {new}.detach() * {a} if isinstance({new}, Value) else {new}
    """,
    "anomalies": """
        try:
            with ag.detect_anomaly():
                {new} = {n}
        except FloatingPointError:
            {new} = {a}
    """,
    "arrays": """
        {new} = {array}.sum() + {n}
        ===
        {new} = np.dot({array}, {array}) if {t} else {n}
        ===
        {tmp} = {array}
        {new} = ({tmp} * {a} + {c}).mean()
        ===
        {tmp} = {array}
        {new} = np.where({tmp} > {a}, {tmp}, {c}).sum()
        ===
        {tmp} = {array}
        {new} = {tmp}[{tmp} > {a}].sum() + {a}
        ===
        {new} = np.exp({array}).sum() - np.tanh({array})[0]
        ===
        {new} = np.sqrt({array})[-1] + np.log({array}).prod()
        ===
        {tmp} = {array}
        {tmp}[0] = {n}
        {new} = {tmp}[0] * {tmp}[-1]
        ===
        {new} = np.cumsum({array})[-1] * {a}
        ===
        {new} = ag.dot({array}, {array}) if {t} else {a}
        ===
        {new} = ({matrix} @ {matrix}.T)[0, 0] + {n}
        ===
        {new} = {matrix}.sum(axis=0)[0] - {matrix}[:, 0].sum()
        ===
        {new} = {matrix}.T.ravel()[1] * {matrix}.reshape(-1)[0]
        ===
        {new} = np.concatenate([{array}, {array}])[1] + np.stack([{array}, {array}]).sum()
        ===
        {new} = ag.sum({array} ** 2 - {array}[::-1] / {c})
    """,
    "array_selections": """
        {new} = {array}.max() - np.min({array})
        ===
        {new} = np.sort({array})[0] + {a}
        ===
        {tmp} = {array}
        {new} = {tmp}[np.argmax({tmp})] * {a}
        ===
        {new} = np.maximum({array}, {a}).sum()
        ===
        {new} = np.clip({array}, {c}, {a}).sum()
        ===
        {new} = np.abs({array}).sum() + np.sign({array})[0]
        ===
        {new} = {n} if ({array} > {a}).any() else {n}
        ===
        {new} = np.searchsorted([0.0, 1.0, 2.0], {a}) * {a}
        ===
        {new} = np.median({array}) if len({array}) % 2 else {a}
        ===
        {new} = np.argsort({array})[0] * {a}
    """,
    "array_protocols": """
        {new} = np.linalg.norm({array}) + {a}
        ===
        {new} = np.var({array}) + np.std({array})
        ===
        {new} = np.outer({array}, {array})[0, -1] * {a}
        ===
        {new} = np.einsum("i,i->", {array}, {array}) if {t} else {a}
        ===
        {new} = np.float64({c}) * {a} + np.array({a}) * {c}
        ===
        {new} = np.hypot({a}, {c}) + np.arctan2({c}, {a})
        ===
        {new} = np.power({a}, 2) + np.square({array}).sum()
        ===
        {new} = np.array([{a}, {a}], dtype=object).astype(float).sum() * {a}
        ===
        {new} = np.average({array}, weights=[{a}] * len({array}))
        ===
        {new} = np.diff({array}).sum() + np.prod({array})
    """,
    "lasting": """
        KEPT = {}
        ---
        {tmp} = round({a}) if abs({a}) < 5 else 0
        if {tmp} not in KEPT:
            KEPT[{tmp}] = {n}
        {new} = KEPT[{tmp}] * {a}
        ===
        CALLS = []
        ---
        CALLS.append(1)
        {new} = {n} * len(CALLS)
        ===
        LATEST = [0.5]
        ---
        {new} = LATEST[-1] + {a}
        LATEST[0] = {a}
        ===
        TABULATED = {}
        ---
        {new} = TABULATED.setdefault("x", {c}) * {n}
        ===
        COUNT = [0]
        ---
        COUNT[0] = COUNT[0] + 1 if {t} else 0
        {new} = {a} + COUNT[0]
    """,
    "chance": """
        {new} = {a} * random.random()
        ===
        {new} = {n} if random.random() < 0.1 else {n}
        ===
        {new} = {a} + time.perf_counter() * 0
        ===
        {new} = {a} * random.Random(3).random()
        ===
        {new} = {n} if time.time() % 1 < 0.05 else {n}
        ===
        {new} = {a} + np.random.default_rng(0).normal()
        ===
        {new} = random.choice({l})
    """,
    "lengths": """
        {new} = ag.norm({l}) * {c}
        ===
        {new} = {a} * int(min(99.0, ag.hypot({a}, {a})))
        ===
        {new} = {n} if ag.norm({l}) > {c} else {n}
    """,
    "data_arguments": """
        {new} = {a} * {n}
    """,
    "arguments_changed": """
        {arg} = {n}
        ===
        {arg} *= {a}
        ===
        {arg}, {v} = {v}, {arg}
    """,
}

KINDS = {name: _templates(text) for name, text in _TABLE.items()}
