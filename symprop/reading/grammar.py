"""Tokens + tables of names and functions -> exact SymPy expression, by precedence climbing.

    sum       a + b   a - b                      left to right
    product   a*b   a/b   2x   2(a+b)   a b      left to right; a product without "*" after "/" is refused as ambiguous
    sign      -a   +a                            -x^2 is -(x^2)
    power     a^b   a**b   a²                    right to left; 2^-3 is allowed
    operand   1.5e-3   x   (a)   [a]   {a}   f(a, b)   f 3

A function of one argument may go without brackets; it then takes one operand with its powers: ln 3/2 is (ln 3)/2,
ln x^2 is ln(x^2), and ln 2x is refused as ambiguous. "2e-3" is always one number, also where a name "e" exists.

In: a text, its tables and limits. Out: Expr or Fraction, or Unreadable. Knows no exercise; evaluates nothing whose
size it has not bounded first, because SymPy computes numeric powers at once, even those hidden in exp(9^20*ln 9).
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from fractions import Fraction
from typing import NoReturn

from sympy import Add, Expr, Integer, Mul, Pow, Rational, S

from symprop.reading.building import Builder, Stop, stop
from symprop.reading.tokens import CLOSING, LIMITS, Limits, Token, Unreadable, number, tokenize

Names = Mapping[str, Expr]
#: For each function its number of arguments and what builds its value.
Functions = Mapping[str, tuple[int, Callable[..., Expr]]]

#: Left and right binding power of what stands between two operands; "" is the product without a sign.
BINDING: dict[str, tuple[int, int]] = {
    "+": (10, 11),
    "-": (10, 11),
    "*": (20, 21),
    "/": (20, 21),
    "": (20, 21),
    "^": (40, 39),
    "superscript": (40, 40),
}
SIGNS: dict[str, int] = {"+": 1, "-": -1}
SIGN_BINDING = 30
#: A function without brackets takes an operand and its powers, nothing weaker.
BARE_BINDING = 35

_STARTS_OPERAND = frozenset(("number", "name", "open"))
_SHOWN = 40


def read(text: str, names: Names, functions: Functions, limits: Limits = LIMITS) -> Expr | Unreadable:
    """The expression that `text` means, exact ("0.1" is 1/10), or where and why it cannot be read.

    Its symbols are those of `names` alone. A name in both tables counts as a name; the keys are in Unicode NFC.
    Unreadable for unknown names and characters, broken or ambiguous syntax, a wrong number of arguments, a function
    that raises ValueError or TypeError, a value that is not finite and real, a root of a number other than a square
    root, and whatever exceeds `limits` or BITS, NESTING or CONSTANT_NESTING. Raises TypeError only when `text` is no str.
    """
    tokens = _tokens(text, limits)
    if isinstance(tokens, Unreadable):
        return tokens
    try:
        return _Parser(tokens, names, functions, limits).whole()
    except Stop as stop:
        return stop.reason


def read_number(text: str, limits: Limits = LIMITS) -> Fraction | Unreadable:
    """The exact number that `text` writes out: "-0.5e-3", "1/3", "+4". Unreadable for anything else.

    One sign at most, in front; at most one "/" between two numbers. Raises TypeError only when `text` is no str.
    """
    tokens = _tokens(text, limits)
    if isinstance(tokens, Unreadable):
        return tokens
    rest = iter(tokens)
    token = next(rest)
    sign = SIGNS.get(token.text, 0)
    above = _plain(next(rest) if sign else token, limits)
    if isinstance(above, Unreadable):
        return above
    value = above * (sign or 1)
    slash = next(rest)
    if slash.text != "/":
        return value if slash.kind == "end" else Unreadable(slash.offset, _after_number(slash))
    below = _plain(next(rest), limits)
    if isinstance(below, Unreadable):
        return below
    if not below:
        return Unreadable(slash.offset, "a division by zero")
    last = next(rest)
    return value / below if last.kind == "end" else Unreadable(last.offset, _after_number(last))


class _Parser(Builder):
    """One reading of one token list."""

    def __init__(self, tokens: list[Token], names: Names, functions: Functions, limits: Limits) -> None:
        super().__init__(limits)
        self.tokens, self.names, self.functions = tokens, names, functions
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def whole(self) -> Expr:
        if self.next.kind == "end":
            stop(self.next, "nothing to read")
        value = self.expression(0)
        if self.next.kind != "end":
            self.stray()
        return value

    def stray(self) -> NoReturn:
        token = self.next
        if token.kind == "comma":
            around = (self.tokens[self.at - 1].kind, self.tokens[self.at + 1].kind)
            stop(token, "use a decimal point" if around == ("number", "number") else "a comma outside of arguments")
        stop(token, f'a closing "{token.text}" without its opening bracket')

    def nested(self, binding: int, opener: Token) -> Expr:
        self.depth += 1
        if self.depth > self.limits.depth:
            stop(opener, f"nested more than {self.limits.depth} levels deep")
        value = self.expression(binding)
        self.depth -= 1
        return value

    def expression(self, binding: int) -> Expr:
        left = self.operand()
        before = "operand"
        while (sign := self.between()) is not None and BINDING[sign][0] >= binding:
            token = self.next
            if sign == "" and before == "/":
                stop(token, "a product without * after / is ambiguous; write (a/b)*c or a/(b*c)")
            if sign == "" and token.kind == "number":
                stop(token, "a number after a factor; write * between them")
            if sign in ("^", "superscript") and before == "superscript":
                stop(token, "a power after a raised exponent is ambiguous; use brackets")
            if sign != "":
                self.at += 1
            left = self.joined(left, sign, token)
            before = sign
        return left

    def between(self) -> str | None:
        token = self.next
        if token.kind == "operator":
            return token.text
        if token.kind == "superscript":
            return "superscript"
        return "" if token.kind in _STARTS_OPERAND else None

    def joined(self, left: Expr, sign: str, token: Token) -> Expr:
        if sign == "superscript":
            return self.power(left, self.number(token), token)
        right_binding = BINDING[sign][1]
        if sign == "^":
            return self.power(left, self.nested(right_binding, token), token)
        right = self.expression(right_binding)
        if sign == "/":
            if right == 0:
                stop(token, "a division by zero")
            return self.built(token, Mul, left, self.built(token, Pow, right, S.NegativeOne))
        if sign == "-":
            return self.built(token, Add, left, self.built(token, Mul, S.NegativeOne, right))
        return self.built(token, Add if sign == "+" else Mul, left, right)

    def operand(self) -> Expr:
        token = self.take()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.named(token)
        if token.kind == "open":
            value = self.nested(0, token)
            self.close(token)
            return value
        if token.kind == "operator" and token.text in SIGNS:
            return self.built(token, Mul, Integer(SIGNS[token.text]), self.nested(SIGN_BINDING, token))
        if token.kind == "end":
            stop(token, "the text ends where an operand is due")
        stop(token, f'"{_clipped(token.text)}" where an operand is due')

    def number(self, token: Token) -> Expr:
        value = number(token, self.limits) if token.kind == "number" else Fraction(self.raised(token))
        if isinstance(value, Unreadable):
            raise Stop(value.offset, value.why)
        tail = token.text.lstrip("0123456789.")
        if token.kind == "number" and (tail in self.names or tail in self.functions):
            stop(token, f'"{token.text}" is a number and a product with {tail}; write * before {tail} or no exponent')
        return Rational(value.numerator, value.denominator)

    def raised(self, token: Token) -> int:
        if len(token.text) > self.limits.digits:
            stop(token, f"a number of more than {self.limits.digits} digits")
        return int(token.text)

    def close(self, opener: Token) -> None:
        due = CLOSING[opener.text]
        if self.next.kind == "close" and self.next.text == due:
            self.at += 1
        elif self.next.kind == "end":
            stop(opener, f'"{opener.text}" is never closed')
        elif self.next.kind == "close":
            stop(self.next, f'"{self.next.text}" where "{due}" is due')
        else:
            self.stray()

    def named(self, token: Token) -> Expr:
        if token.text in self.names:
            return self.names[token.text]
        if token.text not in self.functions:
            stop(token, self.unknown(token.text))
        follower = self.next
        if follower.kind == "superscript" or follower.text == "^":
            stop(follower, f"a power of a function is not read here; write ({token.text}(...))^n")
        if follower.kind == "open":
            return self.applied(token, self.arguments())
        arity = self.functions[token.text][0]
        if arity != 1 or follower.kind not in _STARTS_OPERAND:
            stop(token, f"{token.text} needs brackets around its {_counted(arity)}")
        start = self.at
        argument = self.nested(BARE_BINDING, token)
        if self.next.kind in _STARTS_OPERAND:
            first, second = self.tokens[start].text, self.next.text
            if self.at - start > 1 or self.next.kind == "open":
                first, second = "a", "b"
            space = "" if self.tokens[start].kind == "number" and first != "a" else " "
            name = token.text
            stop(self.next, f"ambiguous; write {name}({first}{space}{second}) or {name}({first}) {second}")
        return self.applied(token, [argument])

    def unknown(self, name: str) -> str:
        known = [*self.names, *self.functions]
        close: list[str] = []
        if len(name) <= _SHOWN:
            folded = {word.lower(): word for word in known}
            close = get_close_matches(name, known, n=1) or [
                folded[word] for word in get_close_matches(name.lower(), folded, n=1)
            ]
        return f'unknown name "{_clipped(name)}"' + (f'; did you mean "{close[0]}"?' if close else "")

    def arguments(self) -> list[Expr]:
        opener = self.take()
        values: list[Expr] = []
        if self.next.kind != "close":
            values.append(self.nested(0, opener))
            while self.next.kind == "comma":
                self.at += 1
                values.append(self.nested(0, opener))
        self.close(opener)
        return values

    def applied(self, token: Token, arguments: list[Expr]) -> Expr:
        arity, function = self.functions[token.text]
        if len(arguments) != arity:
            stop(token, f"{token.text} takes {_counted(arity)}, not {len(arguments)}")
        for argument in arguments:
            self.bounded_inside(argument, token)
        try:
            return self.built(token, function, *arguments)
        except (ValueError, TypeError) as problem:
            stop(token, f"{token.text} is not defined here: {_clipped(str(problem))}")


def _tokens(text: str, limits: Limits) -> list[Token] | Unreadable:
    if not isinstance(text, str):
        raise TypeError(f"a text is due, not {type(text).__name__}")
    return tokenize(text, limits)


def _plain(token: Token, limits: Limits) -> Fraction | Unreadable:
    if token.kind != "number":
        return Unreadable(token.offset, "a plain number is due, such as -0.5, 1e-3 or 1/3")
    return number(token, limits)


def _after_number(token: Token) -> str:
    return "use a decimal point" if token.kind == "comma" else "nothing may follow the number"


def _counted(arity: int) -> str:
    return "1 argument" if arity == 1 else f"{arity} arguments"


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
