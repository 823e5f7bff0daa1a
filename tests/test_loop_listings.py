"""The listing of a program with loops says all that it takes to run it: it is run as it says."""

import random
import re
from collections import defaultdict
from typing import Any

import pytest

from autograd import Value, jit, tanh

pytestmark = pytest.mark.one_form
pytest.importorskip("numpy")

rng = random.Random(1)
WEIGHTS = [[rng.uniform(-1.0, 1.0) for _ in range(8)] for _ in range(8)]
POINT = [0.1 * i - 0.3 for i in range(8)]


def shuffled_layers(x: Any) -> Any:
    """Each layer reads the one before in another order: places without a rule."""
    h = list(x)
    for k in range(6):
        h = [tanh(sum(WEIGHTS[i][j] * h[(j * 3 + k) % 8] for j in range(8))) for i in range(8)]
    return sum(h)


def run(listing: str) -> float:
    """What a listing computes at POINT, by the explanations that stand in it."""
    left: dict[int, list[float]] = defaultdict(list)
    entries = dict(re.findall(r"^((?:data|index)\d+): (.*)$", listing, re.MULTILINE))
    tables = {name: eval(f"[{numbers}]") for name, numbers in entries.items()}
    spans = [
        (int(first), POINT if name == "in" else int(name[1:]))
        for name, first in re.findall(r"(r\d+|in) in all\[(\d+)", listing)
    ]

    class All:
        def __getitem__(self, k: int) -> float:
            first, of = max((span for span in spans if span[0] <= k), key=lambda span: span[0])
            return (of if isinstance(of, list) else left[of])[k - first]

    code, letter, out = [], "", [0.0]
    for line in listing.splitlines()[1:]:
        if re.match(r"#|(data|index)\d+:", line):
            continue
        margin, text = line[: len(line) - len(line.lstrip())], line.strip()
        name, _, rest = text.partition(" = ")
        rest = re.sub(r"\br(\d+)\b(?!\[)", r"r\1[-1]", rest)
        rest = re.sub(r"\br(\d+)\[", r"left[\1][", rest)
        if loop := re.fullmatch(r"for (\w) in 0\.\.(\d+):", text):
            letter = loop[1]
            text = f"for {letter} in range({loop[2]} + 1):"
        elif ", then " in rest:
            first, _, later = rest.partition(", then ")
            text = f"{name} = {first} if {letter} == 0 else {later}"
        else:
            text = f"left[{name[1:]}].append({rest})" if name[0] == "r" else f"{name} = {rest}"
        code.append(margin.removeprefix("  ") + text)
    exec(
        "\n".join(code),
        {**tables, "tanh": tanh, "left": left, "x": POINT, "all": All(), "out": out},
    )
    return out[0]


def test_a_listing_is_all_that_it_takes() -> None:
    """Tables, places in `all` and what is carried, read as the comments say: the same bits."""
    compiled = jit(shuffled_layers)
    wanted = compiled(POINT)
    listing = str(compiled.program())
    assert "# data0[i]: entry i, counted from 0" in listing
    assert "# index0[i]: entry i, counted from 0" in listing
    assert "# all: what the rows leave" in listing
    # Of Values, for Python's sum of floats is compensated from 3.12 on.
    assert run(listing) == wanted == shuffled_layers([Value(x) for x in POINT]).data


def test_what_a_listing_has_not_is_not_explained() -> None:
    compiled = jit(lambda x: sum((x[i % 8] - 1.0) ** 2 for i in range(120)))
    compiled(POINT)
    assert "#" not in str(compiled.program())
