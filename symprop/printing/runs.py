"""Expr -> runs of plain text with their level: a dialect for drawings that set their own type. Knows no markup."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from symprop.notation import GREEK, Name, Ratio
from symprop.printing.figures import Figure
from symprop.printing.layout import Layout

_OPERATORS = {"+": " + ", "-": " − ", "dot": " · ", "hadamard": " ⊙ ", "=": " = ", ">": " > ", "approx": " ≈ "}
_GREEK = dict(zip(GREEK, "αβγδεζηθκλμνξρστφχψω", strict=True)) | {"pi": "π", "Delta": "Δ"}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304"}
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True, slots=True)
class Run:
    """Text at one `level` (1 above, -1 below the line, both small); `back`: as many signs further left, above the run before."""

    text: str
    italic: bool = False
    bold: bool = False
    level: int = 0
    back: int = 0


Runs = tuple[Run, ...]


class InRuns(Layout[Runs]):
    """The dialect of runs."""

    printmethod = "_symprop_runs"

    def emptyPrinter(self, expression: Any) -> Runs:  # type: ignore[override]
        return (Run(str(expression)),)

    def join(self, parts: Sequence[Runs]) -> Runs:
        return tuple(run for part in parts for run in part)

    def number(self, figure: Figure) -> Runs:
        if figure.kind == "fraction":
            return (Run(f"{figure.digits}/{figure.denominator}"),)
        if figure.kind == "power":
            head = "" if figure.digits == "1" else f"{figure.digits}\u2009·\u2009"
            return (Run(f"{head}10{str(figure.exponent).translate(_SUPERSCRIPT)}"),)
        return (Run(figure.digits),)

    def quantity(self, name: Name | Ratio) -> Runs:
        if isinstance(name, Ratio):
            return self.join([(Run("∂"),), self.quantity(name.top), (Run("/∂"),), self.quantity(name.bottom)])
        letter = _GREEK.get(name.letter, name.letter) + _ACCENTS.get(name.accent, "")
        runs = [
            Run(
                unicodedata.normalize("NFC", letter),
                italic=not (name.bold or name.is_word or name.letter == "1"),
                bold=name.bold,
            )
        ]
        sub = "".join(run.text for run in self.quantity(name.sub)) if isinstance(name.sub, Name) else name.sub
        if sub:
            runs.append(Run(sub, level=-1))
        if name.sup:
            runs.append(Run(name.sup, level=1, back=len(sub)))
        return tuple(runs)

    def operator(self, which: str) -> Runs:
        return (Run(_OPERATORS[which]),)

    def minus(self) -> Runs:
        return (Run("−"),)

    def space(self) -> Runs:
        return ()

    def bracket(self, body: Runs) -> Runs:
        return (Run("("), *body, Run(")"))

    def fraction(self, top: Runs, bottom: Runs) -> Runs:
        return (*self._whole(top), Run("/"), *self._whole(bottom))

    def power(self, base: Runs, exponent: Runs) -> Runs:
        return (*base, *(replace(run, level=1) for run in exponent))

    def root(self, body: Runs) -> Runs:
        return (Run("√"), *self._whole(body))

    def absolute(self, body: Runs) -> Runs:
        return (Run("|"), *body, Run("|"))

    def call(self, function: str, prime: bool, arguments: Sequence[Runs]) -> Runs:
        inner = [run for i, part in enumerate(arguments) for run in ((Run(", "),) if i else ()) + part]
        return (Run(function + ("′" if prime else "") + "("), *inner, Run(")"))

    def matrix(self, rows: Sequence[Sequence[Runs]]) -> Runs:
        found = [Run("[")]
        for i, row in enumerate(rows):
            found += [Run("; ")] if i else []
            found += [run for j, entry in enumerate(row) for run in ((Run(" "),) if j else ()) + entry]
        return (*found, Run("]"))

    def transposed(self) -> Runs:
        return (Run("⊤"),)

    def _whole(self, body: Runs) -> Runs:
        return body if len(body) == 1 else self.bracket(body)
