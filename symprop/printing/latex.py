"""Expr -> LaTeX mathematics (amsmath), as GitHub and Jupyter also read it. SymPy's printer serves what is not ours."""

from collections.abc import Sequence
from typing import Any

from sympy.printing.latex import LatexPrinter

from symprop.notation import GREEK, Name, Ratio
from symprop.printing.figures import Figure
from symprop.printing.layout import TRANSPOSED, Layout

_OPERATORS = {
    "+": " + ",
    "-": " - ",
    "dot": r" \cdot ",
    "hadamard": r" \odot ",
    "=": " = ",
    ">": " > ",
    "approx": r" \approx ",
}
_FUNCTIONS = {"sigma": r"\sigma", "Phi": r"\Phi", "phi": r"\varphi", "ln": r"\ln", "tanh": r"\tanh", "max": r"\max"}


class Latex(Layout[str]):
    """The LaTeX dialect."""

    printmethod = "_symprop_latex"

    def emptyPrinter(self, expression: Any) -> str:  # type: ignore[override]
        return str(LatexPrinter().doprint(expression))

    def join(self, parts: Sequence[str]) -> str:
        return "".join(parts)

    def number(self, figure: Figure) -> str:
        if figure.kind == "fraction":
            return rf"\frac{{{figure.digits}}}{{{figure.denominator}}}"
        if figure.kind == "power":
            head = "" if figure.digits == "1" else rf"{figure.digits} \cdot "
            return rf"{head}10^{{{figure.exponent}}}"
        return figure.digits

    def quantity(self, name: Name | Ratio) -> str:
        if isinstance(name, Ratio):
            top, bottom = rf"\partial {self.quantity(name.top)}", rf"\partial {self.quantity(name.bottom)}"
            return f"{top}/{bottom}" if self.inline else rf"\frac{{{top}}}{{{bottom}}}"
        letter = rf"\{name.letter}" if name.letter in (*GREEK, "pi", "Delta") else name.letter
        if name.is_word:
            letter = rf"\mathrm{{{letter}}}"
        if name.bold:
            letter = (
                rf"\boldsymbol{{{letter}}}"
                if letter in (rf"\{g}" for g in (*GREEK, "Delta"))
                else rf"\mathbf{{{name.letter}}}"
            )
        if name.accent:
            letter = rf"\{name.accent}{{{letter}}}"
        return letter + self.scripts(name)

    def scripts(self, name: Name) -> str:
        """What stands below and above a letter."""
        sub = self.quantity(name.sub) if isinstance(name.sub, Name) else _label(name.sub)
        return (f"_{{{sub}}}" if sub else "") + (f"^{{{_label(name.sup)}}}" if name.sup else "")

    def operator(self, which: str) -> str:
        return _OPERATORS[which]

    def minus(self) -> str:
        return "-"

    def space(self) -> str:
        return " "

    def bracket(self, body: str) -> str:
        tall = r"\frac" in body or r"\begin" in body
        return rf"\left({body}\right)" if tall else f"({body})"

    def fraction(self, top: str, bottom: str) -> str:
        return rf"\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def root(self, body: str) -> str:
        return rf"\sqrt{{{body}}}"

    def absolute(self, body: str) -> str:
        return rf"\left|{body}\right|"

    def call(self, function: str, prime: bool, arguments: Sequence[str]) -> str:
        name = _FUNCTIONS.get(function) or self.upright(function)
        return name + ("'" if prime else "") + self.bracket(", ".join(arguments))

    def upright(self, function: str) -> str:
        """A function's name as a word."""
        return rf"\operatorname{{{function}}}"

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        return r"\begin{bmatrix}" + r" \\ ".join(" & ".join(row) for row in rows) + r"\end{bmatrix}"

    def transposed(self) -> str:
        return r"\top"

    def headed(self, body: str, word: str) -> str:
        return rf"\symhead{{{word}}}{{{body}}}"

    def shaped(self, body: str, rows: int, columns: int, deep: bool) -> str:
        return rf"\symshape{{{rows}}}{{{columns}}}{{{body}}}"


class MarkdownMath(Latex):
    """LaTeX mathematics that a Markdown reader may handle first, as GitHub does: nothing in it is Markdown.

    No backslash stands before a sign, for Markdown would drop it, so rows end in `cr`; no underscore follows a sign, for
    it could open an emphasis, and there is no asterisk; `[1](1)` would be a link; no bar ends a cell of a table; and the
    macros that GitHub refuses (operatorname, phantom) are not used.
    """

    def quantity(self, name: Name | Ratio) -> str:
        if isinstance(name, Ratio):
            return super().quantity(name)
        letter = rf"\{name.letter}" if name.letter in (*GREEK, "pi", "Delta") else name.letter
        if name.bold:
            letter = rf"\boldsymbol {letter}" if letter.startswith("\\") else rf"\mathbf {letter}"
        scripts = self.scripts(name).replace("*", r"\ast").replace("](", "] (")
        if name.is_word and not name.bold:
            letter = rf"\mathrm{{{name.letter}}}"
        if (name.accent and name.bold) or (name.is_word and not name.bold):
            letter = rf"\{name.accent}{{{letter}}}" if name.accent else letter
            # a letter must stand before the underscore, and the braces keep an operator's space away
            return rf"{{\mathop{{{letter}}}\nolimits{scripts}}}" if name.sub else letter + scripts
        return (rf"\{name.accent} " if name.accent else "") + letter + scripts

    def absolute(self, body: str) -> str:
        return rf"\left\lvert {body}\right\rvert "

    def headed(self, body: str, word: str) -> str:
        return rf"\overset{{\text{{{word}}}}}{{{body}}}"

    def shaped(self, body: str, rows: int, columns: int, deep: bool) -> str:
        return rf"\underset{{{rows} \times {columns}}}{{{body}}}"

    def upright(self, function: str) -> str:
        """A function's name as a word."""
        return rf"\mathop{{\mathrm{{{function}}}}}\nolimits"

    def matrix(self, rows: Sequence[Sequence[str]]) -> str:
        return r"\begin{bmatrix}" + r" \cr ".join(" & ".join(row) for row in rows) + r"\end{bmatrix}"


def _label(text: str) -> str:
    """Indices as they are; words upright."""
    words = ",".join(
        rf"\mathrm{{{part}}}" if part.isascii() and part.isalpha() and len(part) > 1 else part
        for part in text.split(",")
    )
    return words.replace(TRANSPOSED, r"\top")
