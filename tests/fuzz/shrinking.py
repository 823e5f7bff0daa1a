"""Shrinking: the smallest program that still shows the same difference, by delta debugging.

A program is made smaller by one edit after another: a statement less, a block in the place of its
`if`, an operand in the place of an expression, fewer points. An edit is kept where the same sort of
difference is left. Nothing is known of the generator, so that any program can be shrunk.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from fuzz.cases import IMPORTS, Case, Point

__all__ = ["MOST_TRIES", "shrunk"]

Fails = Callable[[Case], bool]
Candidate = Callable[[], Case | None]
Edit = Callable[[ast.AST], None]
MOST_TRIES = 600


def shrunk(case: Case, fails: Fails, tries: int) -> Case:
    """The smallest case that was found to fail; as many tries as that, so that it always takes the
    same way."""
    best, left = case, tries
    improved = True
    while improved and left > 0:
        improved = False
        for edits in (_quicker, _fewer_points, _fewer_statements, _smaller, _simpler_points):
            smaller, left = _descent(best, edits, fails, left)
            improved = improved or smaller != best
            best = smaller
    return best


def _descent(
    case: Case, edits: Callable[[Case], Iterator[Candidate]], fails: Fails, left: int
) -> tuple[Case, int]:
    """Take an edit that fails, and go on from there, at the place where that was."""
    place, candidates = 0, list(edits(case))
    while place < len(candidates) and left > 0:
        candidate = candidates[place]()
        if candidate is None or candidate == case:
            place += 1
            continue
        left -= 1
        if fails(candidate):
            case, candidates = candidate, list(edits(candidate))
        else:
            place += 1
    return case, left


def _quicker(case: Case) -> Iterator[Candidate]:
    """No machine code to wait for."""
    yield partial(replace, case, interpreted=True)


# -- points ----------------------------------------------------------------------------------------


def _fewer_points(case: Case) -> Iterator[Candidate]:
    count = len(case.points)
    size = count // 2
    while size:
        for start in range(0, count - size + 1, size):
            left = [i for i in range(count) if not start <= i < start + size]
            if left:
                yield partial(case.at, *left)
        size //= 2


def _simpler_points(case: Case) -> Iterator[Candidate]:
    for i, point in enumerate(case.points):
        for simpler in _simpler(point):
            points = (*case.points[:i], simpler, *case.points[i + 1 :])
            yield partial(replace, case, points=points)


def _simpler(point: Point) -> Iterator[Point]:
    tree = ast.parse(f"f({point.call})", mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (float, int):
            was = node.value
            for number in (0.0, 1.0, 2.0, float(round(was))):
                if repr(number) != repr(was) and len(repr(number)) <= len(repr(was)):
                    node.value = number
                    yield replace(point, call=ast.unparse(tree)[2:-1])
            node.value = was
    for k, (name, x) in enumerate(point.captured):
        for number in (1.0, 2.0):
            if x != number and x != 1.0:
                captured = (*point.captured[:k], (name, number), *point.captured[k + 1 :])
                yield replace(point, captured=captured)


# -- programs --------------------------------------------------------------------------------------


def _fewer_statements(case: Case) -> Iterator[Candidate]:
    edits = reversed(list(_statement_edits(ast.parse(case.source))))
    yield from (partial(_edited, case, edit) for edit in edits)


def _smaller(case: Case) -> Iterator[Candidate]:
    edits = _expression_edits(ast.parse(case.source))
    yield from (partial(_edited, case, edit) for edit in edits)


def _edited(case: Case, edit: Edit) -> Case | None:
    """The case with an edit, if that is a program, and a shorter one."""
    tree = ast.parse(case.source)
    edit(tree)
    try:
        source = ast.unparse(ast.fix_missing_locations(tree))
        compile(source, "<shrunk>", "exec")
    except (SyntaxError, ValueError, AttributeError):
        return None
    is_shorter = len(source) < len(ast.unparse(ast.parse(case.source)))
    return replace(case, source=source) if is_shorter else None


def _statement_edits(tree: ast.AST) -> Iterator[Edit]:
    nodes = list(ast.walk(tree))
    for n, node in enumerate(nodes):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                for k, statement in enumerate(value):
                    yield _statements_in_place(n, name, k, [])
                    for inner in ("body", "orelse", "finalbody"):
                        if getattr(statement, inner, None) and not isinstance(
                            statement, (ast.FunctionDef, ast.ClassDef, ast.Expr)
                        ):
                            yield _statements_in_place(n, name, k, inner)


def _expression_edits(tree: ast.AST) -> Iterator[Edit]:
    nodes = list(ast.walk(tree))
    for n, node in enumerate(nodes):
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and name not in ("annotation", "func", "type"):
                for k in range(len(_below(value))):
                    yield _operand_in_place(n, name, None, k)
            elif isinstance(value, list):
                for i, item in enumerate(value):
                    if isinstance(item, ast.expr):
                        if len(value) > 1:
                            yield _one_less(n, name, i)
                        for k in range(len(_below(item))):
                            yield _operand_in_place(n, name, i, k)
                    elif isinstance(item, ast.arg | ast.keyword | ast.comprehension):
                        yield _one_less(n, name, i)


def _below(node: ast.expr) -> list[ast.expr]:
    """What may stand in an expression's place: its operands, and 1.0."""
    if isinstance(node, ast.Constant | ast.Lambda):
        return []
    children = [x for x in ast.walk(node) if isinstance(x, ast.expr) and x is not node]
    children = [x for x in children if not (isinstance(x, ast.Name) and x.id in IMPORTS)]
    found = [x for x in children if isinstance(getattr(x, "ctx", ast.Load()), ast.Load)][:8]
    if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        found.append(ast.Constant(1.0))
    return found


def _nth(tree: ast.AST, n: int) -> ast.AST:
    return list(ast.walk(tree))[n]


def _statements_in_place(n: int, name: str, k: int, inner: str | list[ast.stmt]) -> Edit:
    def edit(tree: ast.AST) -> None:
        block = getattr(_nth(tree, n), name)
        block[k : k + 1] = getattr(block[k], inner) if isinstance(inner, str) else inner
        if not block and name == "body":
            block.append(ast.Pass())

    return edit


def _operand_in_place(n: int, name: str, i: int | None, k: int) -> Edit:
    def edit(tree: ast.AST) -> None:
        node = _nth(tree, n)
        if i is None:
            setattr(node, name, _below(getattr(node, name))[k])
        else:
            getattr(node, name)[i] = _below(getattr(node, name)[i])[k]

    return edit


def _one_less(n: int, name: str, i: int) -> Edit:
    def edit(tree: ast.AST) -> None:
        node = _nth(tree, n)
        del getattr(node, name)[i]
        if isinstance(node, ast.Dict):
            del (node.values if name == "keys" else node.keys)[i]
        if isinstance(node, ast.Compare) and name == "comparators":
            del node.ops[i]

    return edit
