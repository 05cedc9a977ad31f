"""Expr -> its printed width in em, roughly: a dialect whose words are numbers, so that rows know whether they fit a line."""

from collections.abc import Sequence
from typing import Any

from symprop.notation import Name, Ratio
from symprop.printing.figures import Figure
from symprop.printing.layout import Layout

DIGIT, LETTER, SCRIPT = 0.5, 0.57, 0.34
#: A shape of two one-digit numbers below a matrix.
SHAPE = 1.7
_OPERATORS = {"dot": 0.75, "hadamard": 1.2, "+": 1.25, "-": 1.25}


class Width(Layout[float]):
    """The measuring dialect."""

    printmethod = "_symprop_width"

    def emptyPrinter(self, expression: Any) -> float:  # type: ignore[override]
        return LETTER * len(str(expression))

    def join(self, parts: Sequence[float]) -> float:
        return sum(parts)

    def number(self, figure: Figure) -> float:
        if figure.kind == "fraction":
            return DIGIT * max(len(figure.digits), len(figure.denominator)) + 0.2
        return DIGIT * len(figure.digits) + (2.8 if figure.kind == "power" else 0)

    def quantity(self, name: Name | Ratio) -> float:
        if isinstance(name, Ratio):
            top, bottom = self.quantity(name.top), self.quantity(name.bottom)
            return top + bottom + 1.6 if self.inline else max(top, bottom) + 0.8
        sub = self.quantity(name.sub) if isinstance(name.sub, Name) else len(name.sub) * SCRIPT
        letter = DIGIT * len(name.letter) if name.is_word else LETTER
        return letter + max(sub, len(name.sup) * SCRIPT)

    def operator(self, which: str) -> float:
        return _OPERATORS.get(which, 1.4)

    def minus(self) -> float:
        return 0.8

    def space(self) -> float:
        return 0.0

    def bracket(self, body: float) -> float:
        return body + 0.8

    def fraction(self, top: float, bottom: float) -> float:
        return max(top, bottom) + 0.2

    def power(self, base: float, exponent: float) -> float:
        return base + 0.7 * exponent

    def root(self, body: float) -> float:
        return body + 0.8

    def absolute(self, body: float) -> float:
        return body + 0.8

    def call(self, function: str, prime: bool, arguments: Sequence[float]) -> float:
        return len(function) * 0.5 + 0.3 * prime + 0.8 + sum(arguments) + 0.5 * (len(arguments) - 1)

    def matrix(self, rows: Sequence[Sequence[float]]) -> float:
        columns = zip(*rows, strict=True)
        return sum(max(column) + 1.0 for column in columns) + 0.6

    def transposed(self) -> float:
        return 0.5

    def shaped(self, body: float, rows: int, columns: int, deep: bool) -> float:
        return max(body, SHAPE)
