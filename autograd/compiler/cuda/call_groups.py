"""The order of a program's operations in which calls stand together that don't need each other, so
that a device does them at once."""

from __future__ import annotations

from collections.abc import Callable

from autograd.compiler.ir.program import Op, Program

__all__ = ["in_groups"]

MOST = 8
"""Calls in a group: more would need more registers than there are."""


def in_groups(program: Program, is_call: Callable[[Op], bool]) -> list[list[int]]:
    """Operations, each alone, and groups of calls. What needs a call's result waits until no other
    call is found that can be made without it; an input stands where it is needed first."""
    out: list[list[int]] = []
    queue = [i for i, op in enumerate(program.code) if op.name != "input"]
    read: set[int] = set()
    while queue:
        calls: list[int] = []
        waiting: list[int] = []
        unknown: set[int] = set()
        for i in queue:
            op = program.code[i]
            is_made = is_call(op)
            if (is_made and len(calls) == MOST) or not unknown.isdisjoint(op.operands):
                waiting.append(i)
                unknown.add(i)
                continue
            inputs = [j for j in op.operands if program.code[j].name == "input" and j not in read]
            read.update(inputs)
            out += [[j] for j in dict.fromkeys(inputs)]
            if is_made:
                calls.append(i)
                unknown.add(i)
            else:
                out.append([i])
        if calls:
            out.append(calls)
        queue = waiting
    unused = [[i] for i, op in enumerate(program.code) if op.name == "input" and i not in read]
    return [*out, *unused]
