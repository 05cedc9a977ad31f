"""Expr -> spoken English, from the expression and never from markup: what a screen reader says in place of a formula.

Every phrase can be heard one way only: what could run on is closed ("end of fraction"), brackets are named. Knows no page.
"""

import re
from collections.abc import Sequence
from typing import Any

from symprop.notation import Name, Ratio
from symprop.printing.figures import Figure
from symprop.printing.layout import TRANSPOSED, Layout

#: What each operator is called; also the signs that stand between the forms of a row.
WORDS = {
    "+": "plus",
    "-": "minus",
    "dot": "times",
    "hadamard": "element-wise times",
    "=": "equals",
    ">": "is greater than",
    "approx": "is about",
    "becomes": "becomes",
}
#: How the sign of a step that uses the chain rule is read.
CHAIN_RULE = "by the chain rule"

_FUNCTIONS = {
    "ln": "the natural logarithm",
    "max": "the maximum",
    "tanh": "the hyperbolic tangent",
    "erf": "the error function",
    "sign": "the sign",
    "step": "the step function",
    "LeakyReLU": "leaky ReLU",
    "Phi": "capital phi",
    "id": "the identity",
}
_FRACTIONS = {
    ("1", "2"): "one half",
    ("1", "3"): "one third",
    ("2", "3"): "two thirds",
    ("1", "4"): "one quarter",
    ("3", "4"): "three quarters",
}
_POWERS = {"2": "squared", "3": "cubed", "transposed": "transposed"}
_COUNT = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
#: Words that make a phrase run on: as an operand it needs brackets, or its end said.
_RUNS_ON = re.compile(r" (plus|minus|times|over|equals|is|with respect to) |, end of ")
_CLOSED = re.compile(r", end of [a-z ]+$")
_NEGATIVE_NUMBER = re.compile(
    r"negative ([\d.]+|one half|one third|two thirds|one quarter|three quarters|\d+ over \d+)"
)
_SCRIPT = re.compile(r"(\d+)|([*+⊤])")
_MARKS = {TRANSPOSED: "transposed", "*": "star", "+": "+"}


class Speech(Layout[str]):
    """The spoken dialect."""

    printmethod = "_symprop_speech"

    def emptyPrinter(self, expression: Any) -> str:  # type: ignore[override]
        raise TypeError(f"no words for {type(expression).__name__}")

    def join(self, parts: Sequence[str]) -> str:
        said = ""
        for part in filter(None, parts):
            if part.startswith(" "):
                said += "," if _CLOSED.search(said) else ""
            elif said and not said.endswith(" "):
                said += self.space()
            said += part
        return said

    def number(self, figure: Figure) -> str:
        if figure.kind == "fraction":
            return _over(figure.digits, figure.denominator)
        if figure.kind == "power":
            assert figure.exponent is not None
            head = "" if figure.digits == "1" else f"{figure.digits} times "
            return f"{head}10 to the power {'negative ' * (figure.exponent < 0)}{abs(figure.exponent)}"
        return figure.digits

    # ------------------------------------------------------------------ names
    def quantity(self, name: Name | Ratio) -> str:
        if isinstance(name, Ratio):
            return f"the partial derivative of {self.quantity(name.top)} with respect to {self.quantity(name.bottom)}"
        scripts = list(self._scripts(name))
        layer, sub = self._subscript(name)
        words = [*(["new"] if "+" in scripts else []), _letter(name), *sub]
        if layer:
            words += ["of layer", layer]
        words += [script for script in scripts if script != "+"]
        return " ".join(words)

    def _scripts(self, name: Name) -> list[str]:
        """What the superscript says: layer, sample, marks."""
        labels, found = iter(name.labels), []
        for number, mark in _SCRIPT.findall(name.sup):
            found.append(_MARKS[mark] if mark else f"of {next(labels)} {_count(number)}")
        return found

    def _subscript(self, name: Name) -> tuple[str, list[str]]:
        """The layer, where the notation writes it below, and the words of the rest."""
        if isinstance(name.sub, Name):
            return "", ["of", self.quantity(name.sub)]
        layer, _, rest = name.sub.partition(",") if name.layered else ("", "", name.sub)
        if "," in rest:  # from ten on, commas part the indices
            return _count(layer), [", ".join(_count(part) for part in rest.split(","))]
        return _count(layer), [_count(c) for c in rest] if name.paired else [_count(rest)] if rest else []

    # ------------------------------------------------------------------ signs
    def operator(self, which: str) -> str:
        return f" {WORDS[which]} "

    def minus(self) -> str:
        return "negative "

    def space(self) -> str:
        return self.operator("dot")

    def bracket(self, body: str) -> str:
        return body if _NEGATIVE_NUMBER.fullmatch(body) else f"open bracket {body} close bracket"

    def fraction(self, top: str, bottom: str) -> str:
        if _RUNS_ON.search(top) or _RUNS_ON.search(bottom):
            return f"the fraction {top} over {bottom}, end of fraction"
        return _over(top, bottom)

    def power(self, base: str, exponent: str) -> str:
        inner = f"open bracket {base} close bracket" if base.startswith("negative ") else base
        return f"{inner} {_POWERS.get(exponent) or f'to the power {exponent}, end of power'}"

    def root(self, body: str) -> str:
        return f"the square root of {body}" + (", end of root" if _RUNS_ON.search(body) else "")

    def absolute(self, body: str) -> str:
        return f"the absolute value of {body}" + (", end of absolute value" if _RUNS_ON.search(body) else "")

    def call(self, function: str, prime: bool, arguments: Sequence[str]) -> str:
        name = _FUNCTIONS.get(function, function) + (" prime" if prime else "")
        return f"{name} of " + " and ".join(self.bracket(a) if _RUNS_ON.search(a) else a for a in arguments)

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        said = "; ".join(f"row {i}: {', '.join(row)}" for i, row in enumerate(rows, 1))
        size = f"{_many(len(rows), 'row')} and {_many(len(rows[0]) if rows else 0, 'column')}"
        return f"matrix with {size}: {said}; end of matrix"

    def transposed(self) -> str:
        return "transposed"

    def shaped(self, body: str, rows: int, columns: int, deep: bool) -> str:
        return f"{body} of shape {rows} by {columns}"


def _over(top: str, bottom: str) -> str:
    return _FRACTIONS.get((top, bottom)) or f"{top} over {bottom}"


def _count(text: str) -> str:
    """An index as a word; what is no number, or a large one, as it stands."""
    return _COUNT[int(text)] if text.isdigit() and int(text) < len(_COUNT) else text


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _letter(name: Name) -> str:
    if name.letter == "1":
        return "the vector of ones"
    letter = "capital delta" if name.letter == "Delta" else name.letter
    return " ".join(filter(None, ("bold" if name.bold else "", letter, name.accent)))


__all__ = ["CHAIN_RULE", "WORDS", "Speech"]
