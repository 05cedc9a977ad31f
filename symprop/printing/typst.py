"""Expr -> Typst mathematics. Numbers go out as text, so that Typst neither computes nor shortens them."""

from collections.abc import Sequence
from typing import Any

from symprop.notation import Name, Ratio
from symprop.printing.figures import Figure
from symprop.printing.layout import TRANSPOSED, Layout

_OPERATORS = {
    "+": " + ",
    "-": " - ",
    "dot": " dot ",
    "hadamard": " dot.o ",
    "=": " = ",
    ">": " > ",
    "approx": " approx ",
}
_FUNCTIONS = {"sigma": "sigma", "Phi": "Phi", "phi": "phi.alt", "ln": "ln", "tanh": "tanh", "max": "max"}


class Typst(Layout[str]):
    """The Typst dialect."""

    printmethod = "_symprop_typst"

    def emptyPrinter(self, expression: Any) -> str:  # type: ignore[override]
        raise TypeError(f"no Typst for {type(expression).__name__}")

    def join(self, parts: Sequence[str]) -> str:
        return "".join(parts)

    def number(self, figure: Figure) -> str:
        if figure.kind == "fraction":
            return f"frac({figure.digits}, {figure.denominator})"
        if figure.kind == "power":
            head = "" if figure.digits == "1" else f"{figure.digits} dot "
            return f"{head}10^({figure.exponent})"
        return figure.digits

    def quantity(self, name: Name | Ratio) -> str:
        if isinstance(name, Ratio):
            top, bottom = f"partial {self.quantity(name.top)}", f"partial {self.quantity(name.bottom)}"
            return f"{top} slash {bottom}" if self.inline else f"frac({top}, {bottom})"
        letter = {"epsilon": "epsilon.alt", "phi": "phi.alt"}.get(name.letter, name.letter)
        if name.is_word:
            letter = f'"{letter}"'
        if name.bold:
            letter = f"bold({letter})" if len(letter) > 1 else f"upright(bold({letter}))"
        if name.accent:
            letter = f"{'macron' if name.accent == 'bar' else name.accent}({letter})"
        sub = self.quantity(name.sub) if isinstance(name.sub, Name) else _label(name.sub)
        return letter + (f"_({sub})" if sub else "") + (f"^({_label(name.sup)})" if name.sup else "")

    def operator(self, which: str) -> str:
        return _OPERATORS[which]

    def minus(self) -> str:
        return "-"

    def space(self) -> str:
        return " "

    def bracket(self, body: str) -> str:
        # shapes below matrices must not stretch the brackets
        return f"lr(({body}), size: #1.2em)" if self.shapes else f"({body})"

    def fraction(self, top: str, bottom: str) -> str:
        return f"frac({top}, {bottom})"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^({exponent})"

    def root(self, body: str) -> str:
        return f"sqrt({body})"

    def absolute(self, body: str) -> str:
        return f"abs({body})"

    def call(self, function: str, prime: bool, arguments: Sequence[str]) -> str:
        name = _FUNCTIONS.get(function, f'op("{function}")')
        return name + ("'" if prime else "") + f"({', '.join(arguments)})"

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        written = 'mat(delim: "[", ' + "; ".join(", ".join(row) for row in rows) + ")"
        return f"display({written})" if len(rows) == 1 else written  # a row keeps its size inside a line of words

    def transposed(self) -> str:
        return "top"

    def headed(self, body: str, word: str) -> str:
        return f'headed("{word}", {body})'

    def shaped(self, body: str, rows: int, columns: int, deep: bool) -> str:
        return f'shaped("{rows} × {columns}", {body}, deep: #{str(deep).lower()})'


def _label(text: str) -> str:
    """Indices as one piece of text, so that brackets and commas neither group nor spread; words and digits stand upright."""
    plain = text.removesuffix(TRANSPOSED)
    parts = [] if not plain else [plain] if plain.isdigit() else [f'"{plain}"']
    return " ".join(parts + (["top"] if plain != text else []))
