"""Brackets that hold several values: lists, NumPy's printouts, LaTeX matrices and cases; and the walk over tokens they share.

In: tokens from an opening bracket or \\begin on. Out: an explicit matrix, or the value that cases choose. Knows no name; what
an entry is, the reader of answers says.
"""

from collections.abc import Sequence
from typing import NoReturn

from sympy import Expr, ImmutableMatrix, S

from symprop.reading.building import stop
from symprop.reading.names import matching
from symprop.reading.signs import COMMAND_HINTS
from symprop.reading.tokens import CLOSING, Limits, Token
from symprop.reading.values import Answer, Arithmetic, Truth, Value

SIGNS = {"+": 1, "-": -1}
MATRICES = frozenset(("matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array"))


class Brackets(Arithmetic):
    """A place in a token list, and what stands in brackets there."""

    def __init__(self, text: str, tokens: list[Token], limits: Limits) -> None:
        super().__init__(limits)
        self.text, self.tokens = text, tokens
        self.at = 0
        self.depth = 0

    # ------------------------------------------------------------------ what the reader of answers supplies
    def full(self) -> Value:
        """An expression, a comparison, or `a if c else b`."""
        raise NotImplementedError

    def nested(self, binding: int, opener: Token) -> Value:
        """An expression one level deeper."""
        raise NotImplementedError

    def comparison(self) -> Value:
        """An expression, or two with a relation between them."""
        raise NotImplementedError

    def word(self) -> str:
        """The keyword that stands next; "" for anything else."""
        raise NotImplementedError

    def keyword(self) -> None:
        """Takes that keyword."""
        raise NotImplementedError

    def one_or_number(self) -> Value:
        """A number, or a 1 with its condition."""
        raise NotImplementedError

    # ------------------------------------------------------------------ the walk
    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def source(self, start: int, end: int) -> str:
        """The text from one token to before another."""
        return self.text[self.tokens[start].offset : self.tokens[end - 1].end].strip()

    def deeper(self, opener: Token) -> None:
        self.depth += 1
        if self.depth > self.limits.depth:
            stop(opener, f"nested more than {self.limits.depth} levels deep")

    def close(self, opener: Token) -> None:
        due = CLOSING[opener.text]
        if self.next.kind == "close" and self.next.text == due:
            self.at += 1
        elif self.next.kind == "end":
            stop(opener, f'"{opener.text}" is never closed')
        elif self.next.kind == "close":
            stop(self.next, f'"{self.next.text}" where "{due}" is due')
        elif self.next.kind == "comma" and opener.text == "(":
            around = (self.tokens[self.at - 1].kind, self.tokens[self.at + 1].kind)
            stop(self.next, "use a decimal point" if around == ("number", "number") else "write a vector in [ ]")
        else:
            self.stray()

    def stray(self) -> NoReturn:
        token = self.next
        if token.kind == "comma":
            around = (self.tokens[self.at - 1].kind, self.tokens[self.at + 1].kind)
            stop(token, "use a decimal point" if around == ("number", "number") else "a comma outside of arguments")
        if token.kind == "close":
            stop(token, f'a closing "{token.text}" without its opening bracket')
        if token.kind == "relation":
            stop(token, "a second comparison; write one at a time")
        if token.kind == "prime":
            stop(token, "a prime stands behind a function's name only, as in relu'(z)")
        if token.kind in ("underscore", "subscript"):
            stop(token, "a label below something that is no name")
        self.foreign(token)

    def foreign(self, token: Token) -> NoReturn:
        if token.kind == "end":
            stop(token, "the text ends where an operand is due")
        if token.kind == "equals":
            stop(token, "an equation inside brackets is not read; == compares")
        if token.kind == "command":
            stop(token, COMMAND_HINTS.get(token.text, f"\\{token.text} is not read here"))
        shown = self.text[token.offset : token.end] or token.text
        stop(token, f'"{shown[:40]}" where an operand is due')

    def list_of_rows(self) -> ImmutableMatrix | None:
        """[1, 2], [1. 2.], [[1, 2], [3, 4]], [1, 2; 3, 4] as a matrix; None where the bracket only groups."""
        close = matching(self.tokens, self.at)
        if close is None:
            stop(self.next, '"[" is never closed')
        inside = self.tokens[self.at + 1 : close]
        depth, kinds = 0, set()
        for token in inside:
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0:
                kinds.add(token.kind)
        opener = self.next
        if inside and inside[0].text == "[" and (lists := self.nested_lists(self.at, close)):
            rows = []
            self.deeper(opener)
            for start in lists:
                self.at = start
                rows.append(self.items(self.take()))
            self.depth -= 1
            self.at = close + 1
            return self.gathered(rows, opener)
        if "comma" in kinds or "semicolon" in kinds:
            return self.gathered(self.rows_by_semicolon(self.take()), opener)
        if self.is_printout(inside):
            return self.gathered([self.items(self.take())], opener)
        return None

    def nested_lists(self, at: int, close: int) -> list[int]:
        """Where each inner list of a list of lists starts; [] when the outer bracket holds anything else."""
        starts, i = [], at + 1
        while i < close:
            if self.tokens[i].text != "[" or self.tokens[i].kind != "open":
                return []
            end = matching(self.tokens, i)
            if end is None or end >= close:
                return []
            starts.append(i)
            i = end + 1
            if self.tokens[i].kind == "comma" and i + 1 < close:
                i += 1
        return starts

    def is_printout(self, inside: Sequence[Token]) -> bool:
        """Numbers with spaces between them, each sign close to its number: what NumPy prints."""
        count, i = 0, 0
        while i < len(inside):
            if count and not inside[i].spaced:
                return False
            signed = inside[i].kind == "operator" and inside[i].text in SIGNS
            i += signed
            if i >= len(inside) or inside[i].kind != "number" or (signed and inside[i].spaced):
                return False
            count, i = count + 1, i + 1
        return count > 1

    def items(self, opener: Token) -> list[Expr]:
        """The entries of one list, whose bracket is open."""
        close = matching(self.tokens, self.at - 1) or self.at
        found: list[Expr] = []
        if self.is_printout(self.tokens[self.at : close]):
            while self.at < close:
                sign = SIGNS[self.take().text] if self.next.kind == "operator" else 1
                found.append(sign * self.scalar(self.one_or_number(), opener))
        else:
            found.append(self.scalar(self.nested(0, opener), opener))
            while self.next.kind == "comma":
                self.at += 1
                found.append(self.scalar(self.nested(0, opener), opener))
        self.close(opener)
        return found

    def rows_by_semicolon(self, opener: Token) -> list[list[Expr]]:
        rows: list[list[Expr]] = [[]]
        rows[-1].append(self.scalar(self.nested(0, opener), opener))
        while self.next.kind in ("comma", "semicolon"):
            if self.take().kind == "semicolon":
                rows.append([])
            rows[-1].append(self.scalar(self.nested(0, opener), opener))
        self.close(opener)
        return rows

    def environment(self, token: Token) -> Value:
        r"""\begin{...} of a matrix or of cases, whose \begin is taken."""
        name = self.environment_name(token)
        if name not in MATRICES and name not in ("cases", "dcases", "rcases"):
            stop(token, f"\\begin{{{name[:30]}}} is not read here")
        if name == "array" and self.next.text == "{":
            self.at = (matching(self.tokens, self.at) or self.at) + 1
        self.deeper(token)
        value = self.cases(token) if name.endswith("cases") else self.matrix(token)
        self.depth -= 1
        if self.take().text != "end" or self.environment_name(token) != name:
            stop(token, f"\\begin{{{name}}} without its \\end")
        return value

    def environment_name(self, token: Token) -> str:
        if (
            self.next.text != "{"
            or self.tokens[self.at + 1].kind != "word"
            or self.tokens[self.at + 2].text not in ("}", "*")
        ):
            stop(token, "the name of an environment is due")
        name = self.tokens[self.at + 1].text
        self.at += 3
        if self.tokens[self.at - 1].text == "*":
            self.close(Token("open", "{", token.offset))
        return name

    def ends(self) -> bool:
        return self.next.kind == "end" or (self.next.kind == "command" and self.next.text == "end")

    def newline(self) -> None:
        r"""Passes \\ with its space in brackets."""
        self.at += 1
        if self.next.text == "[" and not self.next.spaced and (close := matching(self.tokens, self.at)) is not None:
            if [t.kind for t in self.tokens[self.at + 1 : close]] == ["number", "word"]:
                self.at = close + 1

    def matrix(self, token: Token) -> ImmutableMatrix:
        rows: list[list[Expr]] = [[]]
        while not self.ends():
            rows[-1].append(self.approximated(self.scalar(self.full(), token)))
            if self.next.kind == "amp":
                self.at += 1
                if self.ends() or self.next.kind in ("amp", "newline"):
                    stop(self.next, "an empty entry in a matrix")
            elif self.next.kind == "newline":
                self.newline()
                if not self.ends():
                    rows.append([])
            elif not self.ends():
                self.stray()
        if not rows[0]:
            stop(token, "an empty matrix")
        return self.gathered(rows, token)

    def approximated(self, exact: Expr) -> Expr:
        """An entry, exact; a decimal behind a rounded equals sign must be that entry rounded."""
        if self.next.kind != "approx":
            return exact
        token = self.take()
        start = self.next
        decimal = self.scalar(self.full(), token)
        digits = (
            len(start.text.partition(".")[2])
            if start.kind == "number"
            else len(self.tokens[self.at - 1].text.partition(".")[2])
        )
        if exact.free_symbols or not decimal.is_Rational or abs(exact.evalf(40) - decimal) * 10**digits > 1:
            stop(token, "what stands on both sides of this sign is not the same number")
        return exact

    def cases(self, token: Token) -> Answer:
        branches: list[tuple[Value, Truth]] = []
        other: Value | None = None
        while not self.ends():
            if other is not None:
                stop(self.next, "a case after the last")
            value = self.full()
            if self.next.kind == "comma":
                self.at += 1
            if self.next.kind != "amp" and not self.word():
                stop(self.next, "a condition is due after &")
            if self.next.kind == "amp":
                self.at += 1
            if self.word() in ("if", "for", "when"):
                self.keyword()
            if self.word() in ("otherwise", "else"):
                self.keyword()
                other = value
            else:
                condition = self.comparison()
                if not isinstance(condition, Truth):
                    stop(self.next, "a condition such as z > 0 is due here")
                branches.append((value, condition))
            if self.next.kind in ("comma", "semicolon"):
                self.at += 1
            if self.next.kind == "newline":
                self.newline()
        if other is None:
            if len(branches) < 2:
                stop(token, "cases need a last line with \\text{otherwise}")
            total = branches[0][1].value
            for _, condition in branches[1:]:
                total = self.added(total, condition.value, token)
            if not self.covers(total):
                stop(token, "cases that overlap or leave something out; end them with \\text{otherwise}")
            other = S.Zero
        return self.chosen(branches, other, token)
