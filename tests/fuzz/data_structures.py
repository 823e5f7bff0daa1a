"""Containers, arrays, whole numbers. `statements` says how to read it."""

__all__ = ["DATA_STRUCTURES"]

DATA_STRUCTURES = {
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
}
