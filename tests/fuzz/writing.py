"""Writing a function: the templates of `statements` filled in at random."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from random_formulas import ROWS

import autograd
from fuzz.statements import KINDS

__all__ = ["CONSTANTS", "Scope", "primitive_call"]

PLACE = re.compile(
    r"\{(n|e|a|c|i|t|l|array|matrix|v|new|tmp2?|fun|w|body|result|arg)((?:\+[a-z])*)\}"
)
CONSTANTS = ["0.0", "1.0", "-1.0", "0.5", "2.0", "3.0", "-0.25", "0.1", "1e-3", "10.0", "-2", "1"]
HUGE = ["1e200", "1e-200", "inf", "-0.0"]
OPERATORS = ["+", "-", "*", "*", "/", "+", "%", "//"]
SYMBOLS = ["<", "<=", ">", ">=", "==", "!="]
SEQUENCES = ["sum", "prod", "mean", "logsumexp", "max", "min"]
IN_OPERATORS = {"add", "sub", "mul", "div", "pow", "pow_const", "mod", "floordiv", "neg"}
CALLED = [row for row in ROWS if row.arity and row.name not in IN_OPERATORS]


def primitive_call(name: str) -> str:
    """How a program names a primitive."""
    is_public = hasattr(autograd, name) and not name.startswith("_")
    return f"ag.{name}" if is_public else f"TABLE['{name}']"


class Scope:
    """A function in the making: which names hold numbers, and the lines so far."""

    def __init__(self, rng: Random, kinds: Sequence[str], captured: Sequence[str]) -> None:
        self.rng = rng
        self.kinds = kinds
        self.used: set[str] = set()
        self.captured = list(captured)
        self.numbers: list[str] = []  # expressions: `x`, `xs[0]`
        self.assignable: list[str] = []
        self.arguments: list[str] = []  # names of arguments that are numbers
        self.sequences: list[str] = []
        self.arrays: list[str] = []
        self.matrices: list[str] = []
        self.module: list[str] = []
        self.lines: list[str] = []
        self.result = "0.0"
        self._indent = 1
        self._names = 0

    # -- statements --------------------------------------------------------------------------------

    def statements(self, count: int) -> None:
        """Write some, of random kinds."""
        for _ in range(count):
            deep = self._indent > 2
            kind = "assign" if deep and self.rng.random() < 0.6 else self.rng.choice(self.kinds)
            self._statement(kind)

    def _statement(self, kind: str) -> None:
        self.used.add(kind)
        above, found, below = self.rng.choice(KINDS[kind]).partition("\n---\n")
        names: dict[str, str] = {}
        if found:
            text = "\n".join(self._filled(line, names) for line in above.splitlines())
            if text not in self.module:
                self.module.append(text)
        for line in (below if found else above).splitlines():
            body = line.strip() == "{body}"
            if body:
                with self._block(len(line) - len(line.lstrip())):
                    self.statements(self.rng.choice([1, 1, 2]))
            else:
                self.lines.append("    " * self._indent + self._filled(line, names))
        if "new" in names:
            self.numbers.append(names["new"])
            self.assignable.append(names["new"])

    @contextmanager
    def _block(self, columns: int) -> Iterator[None]:
        """Statements further in; what they name is forgotten after it."""
        known = len(self.numbers), len(self.assignable)
        self._indent += columns // 4
        yield
        self._indent -= columns // 4
        del self.numbers[known[0] :], self.assignable[known[1] :]

    def _filled(self, line: str, names: dict[str, str]) -> str:
        def text(match: re.Match[str]) -> str:
            place, more = match[1], match[2].split("+")[1:]
            if place in ("new", "tmp", "tmp2", "fun"):
                return names.setdefault(
                    place, self.fresh({"new": "v", "fun": "help"}.get(place, "k"))
                )
            return self._place(place, more)

        return PLACE.sub(text, line)

    def fresh(self, prefix: str) -> str:
        """A name that is not in use."""
        self._names += 1
        return f"{prefix}{self._names}"

    def _place(self, place: str, more: Sequence[str]) -> str:
        match place:
            case "n":
                return self.number(2, [*self.numbers, *more * 3])
            case "e":
                return self.number(2, [*more * 3, *self.captured])
            case "a":
                return self.rng.choice([*self.numbers[-4:], *self.numbers, *more])
            case "c":
                return self.constant()
            case "i":
                return str(self.rng.randrange(4))
            case "t":
                return self.test(self.numbers)
            case "l":
                return self._list()
            case "array":
                some = [f"np.array({self._list()})", f"np.array([{self._place('a', ())}] * 2)"]
                return self.rng.choice([*self.arrays * 2, self.rng.choice(some)])
            case "matrix":
                rows = [", ".join(self._place("a", ()) for _ in range(2)) for _ in range(2)]
                made = f"np.array([[{rows[0]}], [{rows[1]}]])"
                return self.rng.choice([*self.matrices * 2, made])
            case "v":
                return self.rng.choice(self.assignable)
            case "w":
                return self.rng.choice(self.captured or self.numbers)
            case "arg":
                return self.rng.choice(self.arguments or self.assignable)
            case _:
                return self.result

    # -- expressions -------------------------------------------------------------------------------

    def constant(self) -> str:
        """A literal number."""
        return self.rng.choice(CONSTANTS if self.rng.random() < 0.95 else HUGE)

    def number(self, depth: int, names: Sequence[str]) -> str:
        """An expression over these names."""
        rng = self.rng
        chance = rng.random()
        if depth == 0 or chance < 0.3:
            return rng.choice(names)
        # The first is no constant: Python's own arithmetic of constants raises at 1.0 / 0.0.
        below = [self.number(depth - 1, names)]
        below += [self._number_or_constant(depth - 1, names) for _ in range(2)]
        if chance < 0.65:
            return f"({below[0]} {rng.choice(OPERATORS)} {below[1]})"
        if chance < 0.83:
            row = rng.choice(CALLED)
            return f"{primitive_call(row.name)}({', '.join(below[: row.arity])})"
        if chance < 0.88:
            return f"ag.{rng.choice(SEQUENCES)}([{', '.join(below)}])"
        if chance < 0.91:
            function = rng.choice(["softmax", "log_softmax"])
            return f"ag.{function}([{', '.join(below)}])[{rng.randrange(3)}]"
        if chance < 0.94:
            return f"{below[0]} ** {rng.choice(['2', '3', '0', '-1', '0.5', below[1]])}"
        if chance < 0.97:
            return f"{rng.choice(['abs', '-', '+'])}({below[0]})"
        return f"{rng.choice(['max', 'min'])}({below[0]}, {below[1]})"

    def _number_or_constant(self, depth: int, names: Sequence[str]) -> str:
        return self.constant() if self.rng.random() < 0.3 else self.number(depth, names)

    def test(self, names: Sequence[str]) -> str:
        """Something true or false."""
        rng = self.rng
        chance = rng.random()
        left, symbol = self.number(1, names), rng.choice(SYMBOLS)
        right = self.constant() if rng.random() < 0.6 else self.number(1, names)
        if chance < 0.75:
            return f"({left} {symbol} {right})"
        if chance < 0.85:
            return f"({self.test(names)} {rng.choice(['and', 'or'])} {self.test(names)})"
        if chance < 0.92:
            return f"(not {self.test(names)})"
        return f"bool({left})"

    def _list(self) -> str:
        choices = [f"list({name})" for name in self.sequences]
        count = self.rng.randint(2, 3)
        made = f"[{', '.join(self.number(1, self.numbers) for _ in range(count))}]"
        return self.rng.choice([*choices, made])
