"""Where tokens come again: the looks at one in so many miss nothing."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from mypy_extensions import i32

from autograd.compiler.ir.packed_columns import vec
from autograd.compiler.ir.repetitions import mark_taken, repeated_after, votes_for_periods


def random_tokens(seed: int) -> list[int]:
    """Some stretches of a few tokens that come again and again, with others between them."""
    random = Random(seed)
    tokens: list[int] = []
    while len(tokens) < 400:
        body = [random.randrange(random.choice([2, 50])) for _ in range(random.randint(1, 9))]
        tokens += body * random.randint(1, 12) + [random.randrange(50)]
    return tokens


def stretches_one_by_one(tokens: list[int], period: int, rounds: int) -> list[tuple[int, int]]:
    again = [a == b for a, b in zip(tokens, tokens[period:], strict=False)]
    others = [-1, *[i for i, is_same in enumerate(again) if not is_same], len(again)]
    needed = (rounds - 1) * period
    return [(a + 1, b + period) for a, b in pairwise(others) if b - a - 1 >= needed]


@pytest.mark.parametrize("seed", range(20))
def test_all_stretches_are_found(seed: int) -> None:
    tokens = random_tokens(seed)
    for period in range(1, 30):
        for rounds in (3, 8):
            found = repeated_after(vec[i32](tokens), period, rounds)
            assert found == stretches_one_by_one(tokens, period, rounds)


@pytest.mark.parametrize("window", [1, 3, 24])
@pytest.mark.parametrize("seed", range(5))
def test_votes_are_for_the_distance_of_equal_windows(window: int, seed: int) -> None:
    """In a table that grows: there are more distinct windows than it has room for at first."""
    random = Random(seed)
    tokens = [token for part in range(9) for token in random_tokens(9 * seed + part)]
    tokens += [random.randrange(10**6) for _ in range(1_000)]
    most = 300
    wanted, last = [0] * (most + 1), dict[tuple[int, ...], int]()
    for place in range(len(tokens) - window + 1):
        key = tuple(tokens[place : place + window])
        distance = place - last.get(key, place - most - 1)
        if distance <= most:
            wanted[distance] += 1
        last[key] = place
    assert [*votes_for_periods(vec[i32](tokens), window, most)] == wanted


def test_what_is_taken_comes_again_nowhere() -> None:
    """Neither with tokens that are free nor with others that are taken."""
    tokens = vec[i32]([7, 8] * 20)
    mark_taken(tokens, 10, 22)
    assert repeated_after(tokens, 2, 3) == [(0, 10), (22, 40)]
    assert repeated_after(tokens, 1, 3) == []
