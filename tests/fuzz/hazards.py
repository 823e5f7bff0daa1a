"""What makes recording hard: transforms within, and ways for a number to leave unseen.

`statements` says how to read it.
"""

__all__ = ["HAZARDS"]

HAZARDS = {
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
