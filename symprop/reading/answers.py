"""A student's answer in plain text, Unicode or LaTeX + a closed table of names -> exact expression or explicit matrix.

    sum       a + b   a - b                                  left to right
    product   a*b   a·b   a b   2(a+b)   a/b   \\frac12       left to right; after "/" only with a sign, else refused
              A B   A \\cdot B   A @ B   A ⊙ B                products of matrices; A*B is refused
    sign      -a                                             -x^2 is -(x^2)
    power     a^b   a**b   a²   A^T                          right to left; a label above a name is part of the name
    operand   1.5e-3   0{,}5   x   w^{(1)}_{21}   dE/dw   (a)   |a|   f(a)   f'(a)   tanh^2(a)   [[1, 2]]   [1. 2.]
    truth     (z > 0)   1[z > 0]   \\mathbb{1}_{z>0}   cases   a if z > 0 else b       1 where it holds, else 0

In: text, table, limits. Out: Expr, ImmutableMatrix, or Unreadable with 0 <= offset <= len(text). What a careful reader could take in two ways is refused with what to write instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sympy import Expr, ImmutableMatrix, Integer, Pow, Rational, S, Symbol, pi

from symprop.functions import absolute
from symprop.reading.brackets import SIGNS, Brackets
from symprop.reading.building import Stop, stop
from symprop.reading.names import UPRIGHT, Entry, Found, Table, integers, matching, names_at, ratios_at, upright
from symprop.reading.signs import COMMAND_HINTS
from symprop.reading.tokens import Limits, Token, Unreadable, number
from symprop.reading.values import WORK, Answer, Ones, Truth, Value
from symprop.reading.vocabulary import DOUBLING, INDICATORS, PRIMES, Function, derivative, known

#: Left and right binding power of what stands between two operands; "" is the product without a sign.
BINDING: dict[str, tuple[int, int]] = {
    "+": (10, 11),
    "-": (10, 11),
    **dict.fromkeys(("*", "dot", "/", "", "@", "hadamard"), (20, 21)),
    "^": (40, 39),
    "superscript": (40, 40),
}
_SIGN_BINDING = 30
_BARE_BINDING = 35
_STARTS = frozenset(("number", "word", "open", "indicator", "partial"))
_OPERAND_COMMANDS = frozenset(
    [
        "frac",
        "dfrac",
        "tfrac",
        "cfrac",
        "sqrt",
        "hat",
        "widehat",
        "bar",
        "overline",
        "mathbf",
        "boldsymbol",
        "bm",
        "vec",
        "pmb",
        "mathbb",
        "mathds",
        "mathrm",
        "text",
        "operatorname",
        "mathit",
        "textrm",
        "textit",
        "mathcal",
        "mathsf",
        "begin",
        "max",
        "min",
        "ln",
        "log",
        "exp",
        "tanh",
        "sinh",
        "cosh",
    ]
)
_KEYWORDS = frozenset(["if", "else", "otherwise", "and", "or", "not", "for", "when"])
#: Most calls of max and min in one answer.
MOST_MAXIMA = 6
_CONSTANTS: dict[str, Expr] = {"e": S.Exp1, "pi": pi}


def unknown(written: str, table: Table) -> str:
    """A message for a name that the table lacks."""
    close = table.suggestion(written)
    shown = written if len(written) <= 40 else written[:40] + "..."
    return f'unknown name "{shown}"' + (f'; did you mean "{close}"?' if close else "")


class Reader(Brackets):
    """One reading of one token list."""

    def __init__(self, text: str, tokens: list[Token], table: Table, limits: Limits, latex: bool) -> None:
        super().__init__(text, tokens, limits)
        self.table, self.latex = table, latex
        self.bars = 0
        #: Whether it is plain where the exponent read last ends.
        self.clear_power = True

    def whole(self) -> Answer:
        if self.next.kind == "end":
            stop(self.next, "nothing to read")
        first = self.next
        value = self.full()
        self.closing_words()
        if self.next.kind != "end":
            self.stray()
        if isinstance(value, Truth):
            stop(first, "a condition alone is no value; write 1[z > 0] for 1 where it holds, else 0")
        if isinstance(value, Ones):
            stop(first, "a vector of ones alone says no length")
        return value

    def closing_words(self) -> None:
        """Passes over words behind an answer, and the stop of a sentence."""
        at = self.at
        while self.tokens[at].kind in ("comma", "semicolon") or self.is_words(at):
            words = upright(self.tokens, at) if self.is_words(at) else None
            at = words[1] if words else (matching(self.tokens, at + 1) or at) + 1 if self.is_words(at) else at + 1
        if self.tokens[at].kind == "end":
            self.at = at

    def is_words(self, at: int) -> bool:
        r"""Whether \text{...} starts here and holds words that no formula needs."""
        token = self.tokens[at]
        if token.kind != "command" or token.text not in ("text", "textrm", "textit", "mbox"):
            return False
        close = matching(self.tokens, at + 1)
        if self.tokens[at + 1].kind != "open" or close is None:
            return False
        inside = self.tokens[at + 2 : close]
        return (
            bool(inside)
            and inside[0].text not in _KEYWORDS
            and all(t.kind in ("word", "comma", "open", "close") for t in inside)
        )

    def nested(self, binding: int, opener: Token) -> Value:
        self.deeper(opener)
        value = self.expression(binding)
        self.depth -= 1
        return value

    def full(self) -> Value:
        """An expression, a comparison, or `a if c else b`."""
        value = self.comparison()
        if self.word() == "if":
            token = self.next
            self.keyword()
            condition = self.comparison()
            if not isinstance(condition, Truth) or self.word() not in ("else", "otherwise"):
                stop(token, 'write "a if z > 0 else b"')
            self.keyword()
            self.deeper(token)
            other = self.full()
            self.depth -= 1
            value = self.chosen([(value, condition)], other, token)
        return value

    def word(self) -> str:
        r"""The keyword that stands next, also as \text{ if }; "" for anything else."""
        token = self.next
        if token.kind == "word" and token.text in _KEYWORDS:
            return token.text
        if token.kind == "command" and token.text in UPRIGHT:
            words = upright(self.tokens, self.at)
            return words[0] if words and words[0] in _KEYWORDS else ""
        return ""

    def keyword(self) -> None:
        words = upright(self.tokens, self.at) if self.next.kind == "command" else None
        self.at = words[1] if words else self.at + 1

    def comparison(self) -> Value:
        left = self.expression(0)
        if self.next.kind != "relation":
            return left
        token = self.take()
        right = self.expression(0)
        return Truth(self.compared(self.plain(left, token), token, self.plain(right, token)))

    def expression(self, binding: int) -> Value:
        left = self.operand()
        before = "operand"
        while (sign := self.between()) is not None and BINDING[sign][0] >= binding:
            token = self.next
            if sign == "":
                self.check_product(before, token)
            if sign in ("^", "superscript") and before in ("superscript", "^"):
                stop(token, "a power after a raised exponent is ambiguous; use brackets")
            if sign != "":
                self.at += 1
            left = self.joined(left, sign, token)
            before = sign
        return left

    def check_product(self, before: str, token: Token) -> None:
        """Stops at a product without sign that a reader could take in two ways."""
        previous = self.tokens[self.at - 1]
        if before == "/":
            stop(token, "a product without * after / is ambiguous; write (a/b)*c or a/(b*c)")
        if token.gap:
            stop(token, "two formulas side by side; write an operator between them, or one formula only")
        if token.kind == "number":
            stop(token, "a number after a factor; write * between them")
        if (
            previous.kind == "number"
            and token.kind == "command"
            and token.text.endswith("frac")
            and "." not in previous.text
        ):
            numeric = [t.kind for t in self.tokens[self.at + 1 : self.at + 7]]
            if numeric[:1] == ["number"] or numeric[:6] == ["open", "number", "close"] * 2:
                stop(token, r"a number before a fraction may be a mixed number; write + or \cdot between them")
        if before == "^" and not self.clear_power:
            stop(token, "it is not clear where the exponent ends; write x^(...) and * behind it")

    def between(self) -> str | None:
        token = self.next
        if token.kind == "operator":
            return token.text
        if token.kind == "superscript":
            return "superscript"
        if token.kind == "word" and token.text in _KEYWORDS:
            return None
        if token.kind == "command":
            starts = token.text in _OPERAND_COMMANDS and not self.word() and not self.is_last_words()
            return "" if starts else None
        if token.kind == "bar":
            return None if self.bars else ""
        return "" if token.kind in _STARTS else None

    def is_last_words(self) -> bool:
        at = self.at
        self.closing_words()
        last = self.next.kind == "end" and self.at != at
        self.at = at
        return last

    def joined(self, left: Value, sign: str, token: Token) -> Value:
        if sign in ("^", "superscript"):
            return self.raised(left, sign, token)
        right = self.expression(BINDING[sign][1])
        if sign in ("+", "-"):
            if sign == "-":
                right = self.product(S.NegativeOne, "dot", right, token) if not isinstance(right, Ones) else right
                if isinstance(right, Ones):
                    stop(token, "a vector of ones is read in products only")
            return self.added(left, right, token)
        if sign == "/":
            bottom = self.scalar(right, token)
            return self.product(self.inverse(bottom, token), "dot", left, token)
        return self.product(left, sign, right, token)

    def raised(self, left: Value, sign: str, token: Token) -> Value:
        """A power, or a transposed matrix."""
        self.clear_power = True
        if sign == "superscript":
            if token.text == "T":
                return self.turned(left, token)
            if token.text.startswith("("):
                stop(token, "a label above something that is no name")
            return self.powered(left, Integer(self.whole_number(token)), token)
        following, after = self.next, self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if self.mark_of_transposition():
            return self.turned(left, token)
        if self.latex and following.kind == "number" and len(following.text) > 1:
            stop(following, "TeX raises one sign only here; write ^{...}")
        if self.latex and following.text == "{" and after.text in ("(", "[") and integers(self.tokens, self.at + 1):
            stop(following, "a label above something that is no name; a power has no brackets of its own")
        self.clear_power = following.text in ("(", "{", "[") or (
            following.kind == "number"
            and (self.latex or self.tokens[self.at + 1].spaced or self.tokens[self.at + 1].kind == "open")
        )
        if following.kind == "word" and not self.latex:
            self.clear_power = self.tokens[self.at + 1].spaced
        if following.kind == "prime" or (following.text == "{" and after.kind == "prime"):
            stop(following, "a prime stands behind a function's name only, as in relu'(z)")
        grouped = following.kind == "open" and self.text[following.offset] == "{"
        labelled = isinstance(left, Symbol) and self.tokens[self.at + grouped].text == "1"
        exponent = self.scalar(self.group() if grouped else self.nested(BINDING["^"][1], token), token)
        if labelled and exponent == 1:
            stop(token, "a 1 above a name looks like a label, and there is no such name here")
        return self.powered(left, exponent, token)

    def mark_of_transposition(self) -> bool:
        """Takes T, \top or {\top} after ^ where it is no name."""
        group = self.next.text == "{" and self.next.kind == "open"
        mark = self.tokens[min(self.at + group, len(self.tokens) - 1)]
        if mark.text != "T" or (mark.kind == "word" and self.table.find(names_at([mark, self.tokens[-1]], 0)[0].key)):
            return False
        if group and self.tokens[self.at + 2].kind != "close":
            return False
        self.at += 3 if group else 1
        return True

    def whole_number(self, token: Token) -> int:
        if len(token.text) > self.limits.digits:
            stop(token, f"a number of more than {self.limits.digits} digits")
        return int(token.text)

    def operand(self) -> Value:
        token = self.next
        if token.kind == "number":
            return self.one_or_number()
        if token.kind == "indicator":
            self.at += 1
            return self.indicator(token)
        if token.kind == "operator" and token.text in SIGNS:
            self.at += 1
            value = self.nested(_SIGN_BINDING, token)
            return value if token.text == "+" else self.product(S.NegativeOne, "dot", self.plain(value, token), token)
        if token.kind == "open":
            return self.after(self.bracketed())
        if token.kind == "bar":
            return self.absolute()
        if token.kind == "word" and token.text in _KEYWORDS:
            stop(token, f'"{token.text}" where an operand is due')
        if token.kind in ("word", "partial", "command"):
            return self.after(self.named())
        self.foreign(token)

    def after(self, value: Value) -> Value:
        """Methods of arrays behind an operand."""
        while self.next.kind == "method":
            token = self.take()
            if token.text in (".T", ".transpose"):
                value = self.turned(value, token)
                if token.text == ".transpose":
                    if self.take().text != "(" or self.take().text != ")":
                        stop(token, "write .T")
            elif token.text == ".astype":
                close = matching(self.tokens, self.at)
                if self.next.text != "(" or close is None:
                    stop(token, "write .astype(float)")
                self.at = close + 1
            else:
                arguments = self.arguments()
                if len(arguments) != 1:
                    stop(token, "write a.dot(b)")
                value = self.product(value, "@", arguments[0], token)
        return value

    def one_or_number(self) -> Value:
        token = self.take()
        text = token.text
        beside = self.next.text == "[" and not self.next.spaced
        if token.text == "1" and (self.next.kind == "underscore" or beside):
            return self.indicator(token)
        if "{,}" in text:
            head, _, tail = text.partition("{,}")
            if len(tail) == 3 and head.strip("0") and len(head) < 4:
                stop(token, f"{head},{tail} may be a thousand or a decimal; write it without the comma")
            text = f"{head}.{tail}"
        tail = text.lstrip("0123456789.")
        if tail and (found := names_at([Token("word", tail, token.offset), self.tokens[-1]], 0)):
            if self.table.find(found[0].key) is not None:
                stop(token, f'"{text}" is a number and a product with {tail}; write * before {tail} or no exponent')
        value = number(Token("number", text, token.offset), self.limits)
        if isinstance(value, Unreadable):
            raise Stop(value.offset, value.why)
        return Rational(value.numerator, value.denominator)

    def indicator(self, token: Token) -> Value:
        """1 with a condition below it or in brackets behind it; without one, a vector of ones."""
        if self.next.kind == "underscore":
            self.at += 1
            if self.next.text != "{":
                stop(self.next, "put the condition in braces: 1_{z > 0}")
        if self.next.kind == "open":
            start = self.next
            inner = self.group()
            if isinstance(inner, Truth):
                return inner.value
            stop(start, "a condition such as z > 0 is due here")
        if token.kind in ("command", "indicator"):
            return Ones(self.transposed_here())
        stop(token, "a condition such as z > 0 is due here")

    def transposed_here(self) -> bool:
        if self.next.kind == "superscript" and self.next.text == "T":
            self.at += 1
            return True
        if self.next.text == "^":
            start = self.at
            self.at += 1
            if self.next.kind == "superscript" and self.next.text == "T":
                self.at += 1
                return True
            if self.mark_of_transposition():
                return True
            self.at = start
        return False

    def group(self) -> Value:
        """What stands between brackets, also a condition, through braces within braces."""
        opener = self.take()
        self.deeper(opener)
        value = (
            self.group() if self.next.text == "{" and self.next.kind == "open" and opener.text == "{" else self.full()
        )
        self.close(opener)
        self.depth -= 1
        return value

    def bracketed(self) -> Value:
        opener = self.next
        if opener.text == "[" and (rows := self.list_of_rows()) is not None:
            return rows
        if opener.text == "{" and self.latex:
            self.invisible(opener)
        value = self.group()
        return value.value if isinstance(value, Truth) else value

    def invisible(self, opener: Token) -> None:
        """TeX's braces do not show: a sum in them, next to a factor, would be read as something else on paper."""
        close = matching(self.tokens, self.at)
        inside = self.tokens[self.at + 1 : close] if close is not None else []
        depth = 0
        for token in inside:
            depth += (token.kind == "open") - (token.kind == "close")
            if depth == 0 and token.kind == "operator" and token.text in ("+", "-", "/", "*", "dot"):
                stop(opener, "these braces do not show in print; write ( )")

    def absolute(self) -> Value:
        opener = self.take()
        self.bars += 1
        value = self.nested(0, opener)
        self.bars -= 1
        if self.next.kind != "bar":
            stop(opener, '"|" is never closed')
        self.at += 1
        return self.each(lambda t: self.function(absolute, opener, t), [self.plain(value, opener)], opener)

    def named(self) -> Value:
        token = self.next
        if token.kind == "command" and (value := self.command(token)) is not None:
            return value
        ratios = ratios_at(self.tokens, self.at)
        for top, bottom, end in ratios:
            entry = self.table.ratio(top, bottom)
            if entry is not None:
                return self.meant(entry, Found(bottom, end))
        if ratios and (token.kind in ("partial", "command")):
            stop(token, f'no derivative "{self.source(self.at, ratios[0][2])[:40]}" here')
        if token.kind == "command" and token.text.endswith("frac"):
            return self.fraction()
        found = names_at(self.tokens, self.at)
        if not found:
            self.foreign(token)
        known_ones = [
            (f, entry)
            for f in found
            if (entry := self.table.find(f.key, "".join(self.source(self.at, f.end).split()))) is not None
        ]
        if known_ones:
            name, entry = known_ones[0]
            self.check_labels(known_ones, found)
            if self.is_call(found, name):
                stop(
                    token,
                    f'"{self.source(self.at, name.end)}" is a name here and a function elsewhere; write * behind it',
                )
            return self.meant(entry, name)
        if (call := self.call(found)) is not None:
            return call
        if token.kind == "word" and token.text in _CONSTANTS and found[-1].end == self.at + 1:
            self.at += 1
            return _CONSTANTS[token.text]
        if token.kind == "word" and self.latex and len(token.text) > 1 and token.text.isalpha():
            if self.letters(token):
                return self.named()
        if (token.kind == "word" and token.text == "d") or token.kind == "partial":
            stop(token, "an operator d/dw is not read; write dE/dw")
        stop(token, unknown(self.source(self.at, found[0].end), self.table))

    def meant(self, entry: Entry, name: Found) -> Value:
        """The value of a name, once it is certain that nothing else hangs on it."""
        token = self.next
        if entry.others:
            both = " or ".join((entry.what, *entry.others))
            stop(token, f'"{self.source(self.at, name.end)}" may be {both}; write which')
        start, self.at = self.at, name.end
        following = self.next
        labelled = following.kind in ("underscore", "subscript") or (
            following.text == "[" and not following.spaced and integers(self.tokens, self.at) is not None
        )
        sampled = (
            following.text == "@"
            and not following.spaced
            and self.tokens[self.at + 1].kind == "number"
            and not self.tokens[self.at + 1].spaced
        )
        if labelled or sampled or self.is_label_above():
            inner = self.at + (following.text == "^")
            last = (matching(self.tokens, inner) or inner) if self.tokens[inner].kind == "open" else inner
            stop(
                token,
                unknown(
                    self.source(start, min(last + 1 + (following.kind == "underscore"), len(self.tokens))), self.table
                ),
            )
        value = entry.value
        if name.transposed:
            value = value.T if isinstance(value, ImmutableMatrix) else value
        return value

    def is_label_above(self) -> bool:
        """Whether (1) or [1] stands above: a layer or a sample, never a power."""
        if self.next.kind == "superscript" and self.next.text.startswith("("):
            return True
        if self.next.text != "^":
            return False
        inner = self.at + 1
        if self.tokens[inner].text == "{":
            inner += 1
        return self.tokens[inner].text in ("(", "[") and integers(self.tokens, inner) is not None

    def check_labels(self, known_ones: Sequence[tuple[Found, Entry]], found: Sequence[Found]) -> None:
        """Stops where a number above a name may be a label or a power, both being known."""
        (first, entry), *shorter = known_ones
        if first.key.sup.isdigit():
            for other, meaning in shorter:
                if other.key.sup == "" and meaning.value != entry.value and meaning is not self.table.whole(other.key):
                    stop(
                        self.next,
                        f'"{self.source(self.at, first.end)}" may be {entry.what} or a power of {meaning.what}',
                    )

    def letters(self, token: Token) -> bool:
        """Parts a word of LaTeX into letters that are each a name; False when they are not."""
        parts = [
            Token("word", c, token.offset + i, token.offset + i + 1, token.spaced and not i)
            for i, c in enumerate(token.text)
        ]
        if token.end - token.offset != len(token.text) or len(self.tokens) + len(parts) > self.limits.tokens + 1:
            return False
        for part in parts[:-1]:
            if self.table.find(names_at([part, self.tokens[-1]], 0)[0].key) is None:
                return False
        rest = [parts[-1], *self.tokens[self.at + 1 :]]
        if not any(self.table.find(f.key) for f in names_at(rest, 0)):
            return False
        self.tokens[self.at : self.at + 1] = parts
        return True

    def is_call(self, found: Sequence[Found], name: Found) -> bool:
        """Whether a name is followed as only a function of the same name would be."""
        key = name.key
        plain = not (key.accent or key.sub or key.sup or key.index)
        return plain and self.tokens[name.end].text == "(" and known(key.letter, {}) is not None

    def call(self, found: Sequence[Found]) -> Value | None:
        """A function applied; None when the word is no function."""
        token = self.next
        bare = found[-1]
        name, end, primed = bare.key.letter + bare.key.sub, bare.end, 0
        if bare.key.accent:
            return None
        labelled = next((f for f in found if f.key.sub and not f.key.sup and f.end == bare.end + 2), None)
        if labelled is not None and labelled.key.sub in PRIMES:
            end, primed = labelled.end, 1
        elif labelled is not None and known(f"{name}_{labelled.key.sub}", self.own) is not None:
            name, end = f"{name}_{labelled.key.sub}", labelled.end
        if name in INDICATORS:
            self.at = end
            if name == "I" and self.next.kind == "underscore":
                return self.indicator(token)
            if self.next.kind != "open":
                stop(token, f"{name} needs a condition in brackets")
            value = self.group()
            if not isinstance(value, Truth):
                stop(token, f"{name} needs a condition such as z > 0")
            return value.value
        if name in ("array", "matrix", "tensor", "asarray", "Matrix"):
            self.at = end
            return self.array(token)
        if name == "where" or name in ("dot", "outer", "matmul"):
            self.at = end
            return self.two_or_three(name, token)
        function = known(name, self.own)
        if function is None:
            return None
        self.at = end
        return self.applied(token, name, function, primed)

    @property
    def own(self) -> Mapping[str, Function]:
        return self.table.functions

    def applied(self, token: Token, name: str, function: Function, primed: int) -> Value:
        """Primes, a power, then arguments: relu'(z), tanh^2(z)."""
        power: Token | None = None
        exponent = 1
        while True:
            following = self.next
            if following.kind == "prime":
                primed += len(following.text)
                self.at += 1
            elif following.text == "^" and self.prime_above():
                primed += 1
            elif following.kind in ("superscript",) or following.text == "^":
                if power is not None:
                    stop(following, "a power after a power is ambiguous; use brackets")
                power, exponent = following, self.exponent_above(name)
            else:
                break
        if primed > 1:
            stop(token, "second derivatives are not read")
        if following.kind in ("underscore", "subscript"):
            stop(following, f"a label below {name} is not read here")
        if primed:
            try:
                slope = derivative(function, self.table.at_zero)
            except ValueError as problem:
                stop(token, f"not defined here: {problem}")
            if slope is None:
                stop(token, f"{name} has no derivative that is read here")
            function = slope
        arguments = self.call_arguments(token, name, function.arity)
        if len(arguments) != function.arity:
            stop(token, f"{name} takes {function.arity} argument{'s' * (function.arity > 1)}, not {len(arguments)}")
        plain = [self.plain(a, token) for a in arguments]
        if name.lower() in DOUBLING:
            self.spend(WORK // MOST_MAXIMA, token)
        value: Answer
        if function.whole is not None:
            if not isinstance(plain[0], ImmutableMatrix) or primed:
                stop(token, f"{name} is read of a whole vector only")
            self.spend(plain[0].rows * plain[0].cols ** 2, token)
            value = ImmutableMatrix(function.whole(plain[0].tolist()))
        else:
            value = self.each(lambda *t: self.function(function.build, token, *t), plain, token)
        if power is None:
            return value
        return self.each(lambda t: self.power(t, Integer(exponent), power), [value], token)

    def prime_above(self) -> bool:
        r"""Takes ^\prime or ^{\prime}."""
        group = self.tokens[self.at + 1].text == "{"
        at = self.at + 1 + group
        if self.tokens[at].kind != "prime" or (group and self.tokens[at + 1].text != "}"):
            return False
        if len(self.tokens[at].text) > 1:
            stop(self.tokens[at], "second derivatives are not read")
        self.at = at + 1 + group
        return True

    def exponent_above(self, name: str) -> int:
        """The power of a function's value: a whole number from 1, for f^-1 is another function."""
        token = self.take()
        digits = token
        if token.kind == "operator":
            group = self.next.text == "{"
            if group:
                self.at += 1
            digits = self.take()
            if group and self.take().text != "}":
                stop(digits, f"a power of {name} is a whole number; write ({name}(...))^n for any other")
        if not digits.text.isdigit() or len(digits.text) > 2 or digits.text == "0":
            stop(digits, f"a power of {name} is a whole number; write ({name}(...))^n for any other")
        return int(digits.text)

    def call_arguments(self, token: Token, name: str, arity: int) -> list[Value]:
        following = self.next
        if following.kind == "open":
            braces = following.text == "{" and self.latex and self.text[following.offset] == "{"
            arguments = self.arguments()
            if braces and self.between() == "":
                stop(self.next, f"it is not clear where the argument of {name} ends; write {name}(...)")
            return arguments
        if arity != 1 or self.between() != "" or (following.kind == "number" and following.text.endswith(".")):
            stop(token, f"{name} needs brackets around its {'argument' if arity == 1 else f'{arity} arguments'}")
        argument = self.nested(_BARE_BINDING, token)
        if self.between() == "":
            stop(self.next, f"it is not clear where the argument of {name} ends; write {name}(...)")
        return [argument]

    def arguments(self) -> list[Value]:
        opener = self.take()
        if opener.kind != "open":
            stop(opener, "brackets around the argument are due")
        values: list[Value] = []
        self.deeper(opener)
        if self.next.kind != "close":
            values.append(self.unconditioned())
            while self.next.kind == "comma":
                self.at += 1
                values.append(self.unconditioned())
        self.close(opener)
        self.depth -= 1
        return values

    def unconditioned(self) -> Value:
        return self.full()

    def array(self, token: Token) -> Value:
        """array([[1, 2]]), with the dtype that NumPy may print behind it."""
        opener = self.take()
        if opener.text != "(" or self.next.text != "[":
            stop(token, "a list in brackets is due")
        start = self.next
        value = self.list_of_rows()
        if value is None:
            value = self.gathered([self.items(self.take())], start)
        if self.next.kind == "comma" and self.tokens[self.at + 1].text == "dtype":
            while self.next.text != ")" and self.next.kind != "end":
                self.at += 1
        self.close(opener)
        return value

    def two_or_three(self, name: str, token: Token) -> Value:
        arguments = self.arguments() if self.next.text == "(" else []
        if name == "where" and len(arguments) == 3 and isinstance(arguments[0], Truth):
            return self.chosen([(arguments[1], arguments[0])], arguments[2], token)
        if name == "where" or len(arguments) != 2:
            stop(token, "write where(z > 0, a, b)" if name == "where" else f"write {name}(a, b)")
        left, right = (self.plain(a, token) for a in arguments)
        if name == "outer":
            if not all(isinstance(m, ImmutableMatrix) and 1 in m.shape for m in (left, right)):
                stop(token, "outer takes two vectors")
            assert isinstance(left, ImmutableMatrix) and isinstance(right, ImmutableMatrix)
            left, right = left.reshape(len(left), 1), right.reshape(1, len(right))
        return self.product(left, "@", right, token)

    def command(self, token: Token) -> Value | None:
        """The operand a command starts, where it is no name; None to look among names."""
        name = token.text
        if name in ("mathbb", "mathds", "mathbf", "boldsymbol", "bm", "mathrm") and (end := self.ones(self.at)):
            self.at = end
            return self.indicator(token)
        if name == "begin":
            self.at += 1
            return self.environment(token)
        if name == "sqrt":
            self.at += 1
            if self.next.text == "[":
                stop(self.next, "only square roots are read; write x^(1/3)")
            value = self.plain(self.argument(token), token)
            return self.each(lambda t: self.function(lambda u: Pow(u, S.Half), token, t), [value], token)
        if name in COMMAND_HINTS:
            stop(token, COMMAND_HINTS[name])
        if name in ("max", "min", "ln", "log", "exp", "tanh", "sinh", "cosh"):
            self.tokens[self.at] = Token("word", name, token.offset, token.end, token.spaced, token.gap)
            return self.call([Found(names_at([self.tokens[self.at], self.tokens[-1]], 0)[-1].key, self.at + 1)])
        return None

    def ones(self, at: int) -> int:
        r"""The token after \mathbb{1}, \mathbf 1 or \mathbb{I}; 0 when it is something else."""
        signs_of_one = ("1", "I") if self.tokens[at].text in ("mathbb", "mathds") else ("1",)
        group = self.tokens[at + 1].text == "{"
        inner = self.tokens[min(at + 1 + group, len(self.tokens) - 1)]
        if inner.text not in signs_of_one or (group and self.tokens[at + 3].text != "}"):
            return 0
        return at + (4 if group else 2)

    def fraction(self) -> Value:
        token = self.take()
        top = self.argument(token)
        bottom = self.scalar(self.argument(token), token)
        return self.product(self.inverse(bottom, token), "dot", top, token)

    def argument(self, token: Token) -> Value:
        r"""A command's argument: a group, or one sign as in \frac12."""
        if self.next.kind == "open" and self.next.text == "{" and self.text[self.next.offset] == "{":
            value = self.group()
            return value.value if isinstance(value, Truth) else value
        following = self.next
        if following.kind == "number" and following.text.isdigit():
            first = Token("number", following.text[0], following.offset, following.offset + 1, following.spaced)
            self.take()
            if len(following.text) > 1:
                rest = Token("number", following.text[1:], following.offset + 1, following.end)
                self.tokens.insert(self.at, rest)
            return self.plain(Integer(int(first.text)), token)
        if (
            following.kind == "word"
            and following.text.isalpha()
            and following.end - following.offset == len(following.text)
        ):
            head, tail = following.text[0], following.text[1:]
            parts = [replace(following, text=head, end=following.offset + 1)]
            parts += [replace(following, text=tail, offset=following.offset + 1)] if tail else []
            self.tokens[self.at : self.at + 1] = parts
            following = parts[0]
            name = names_at([following, self.tokens[-1]], 0)[0]
            entry = self.table.find(name.key)
            if entry is None:
                stop(following, unknown(following.text, self.table))
            return self.meant(entry, Found(name.key, self.at + 1))
        stop(token, f"\\{token.text} needs its arguments in braces")
