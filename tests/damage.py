"""JSON files of ours, damaged in one of many ways, the same way for the same seed."""

from __future__ import annotations

import json
import random
from typing import Any

ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e308, -1e308, 10**30, 10**400, 5e-324),
    *("", "x", "nan", "inf", "-inf", "1.0", [], {}, [[]], {"a": 1}, [None], ["x"], [0] * 1000),
]


def damaged(text: str, seed: int) -> bytes:
    """Bytes flipped or lost, or one entry changed into something else, lost, doubled or nested."""
    rng = random.Random(seed)
    if rng.random() < 0.3:
        return _torn(bytearray(text.encode()), rng)
    document = json.loads(text)
    holder, key = rng.choice(_places(document))
    _change(holder, key, rng)
    damaged = json.dumps(document)
    if rng.random() < 0.05:  # what json.dumps would not write
        damaged = damaged.replace('"PLACE"', "[" * 5000 + "]" * 5000)
    return damaged.encode()


def _torn(data: bytearray, rng: random.Random) -> bytes:
    way = rng.randrange(4)
    if way == 0:
        return bytes(data[: rng.randrange(len(data))])
    if way == 1:
        start = rng.randrange(len(data))
        del data[start : start + rng.randrange(1, 40)]
        return bytes(data)
    for _ in range(rng.choice([1, 1, 3])):
        data[rng.randrange(len(data))] = rng.choice(
            [rng.randrange(256), rng.choice(b'0123456789"[]{},:.eE-')]
        )
    return bytes(data)


def _places(document: Any) -> list[tuple[Any, Any]]:
    """(holder, key) of every entry; those high up count as often as all below them."""
    found: list[tuple[Any, Any]] = []
    level = [document]
    while level:
        here = [
            (holder, key)
            for holder in level
            for key in (holder if isinstance(holder, dict) else range(len(holder)))
        ]
        found += here * max(1, 200 // max(1, len(here)))
        level = [holder[key] for holder, key in here if isinstance(holder[key], (dict, list))]
    return found


def _change(holder: Any, key: Any, rng: random.Random) -> None:
    way = rng.randrange(8)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[rng.choice(["extra", "", "class", "steps", f"{key}0"])] = rng.choice(ODD)
    elif way == 1:
        holder.insert(key, rng.choice(ODD))
    elif way == 2 and isinstance(holder[key], (int, float)):
        holder[key] *= rng.choice([-1, 0, 2, 1e300, 1.5])
    elif way == 3:
        holder[key] = "PLACE"
    elif way == 4:
        holder[key] = [holder[key]]
    elif way == 5 and isinstance(holder[key], (int, float)):
        holder[key] = str(holder[key])
    else:
        holder[key] = rng.choice(ODD)
