"""Numbers as a student writes them -> how exactly they are meant, and whether they are a given value's. Knows no step.

A decimal stands for every number that rounds to it: half a unit of its last place either way. What is calculated from
decimals inherits their uncertainty, found by writing one more digit and reading again. All comparisons are relative.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction

from sympy import Expr, ImmutableMatrix

from symprop.arithmetic import OutOfDomain, Undecided, Value, nearest, shared
from symprop.reading import Answer, Unreadable

#: Binary floating point printed in full: relative difference that means nothing.
BINARY = Fraction(1, 10**12)
#: However few digits are written, a number further off is another one; a whole number claims more.
COARSEST = Fraction(1, 20)
COARSEST_WHOLE = Fraction(1, 200)
#: The same for a calculation with rounded numbers, in which much may cancel.
COARSEST_WORKED = Fraction(1, 2)
#: Digits of an intermediate result that a student may keep.
KEPT_DIGITS = 3
#: Decimals of one side whose uncertainty is asked, one reading each.
MOST_LITERALS = 40
#: Constants that are exact however they are written.
EXACT = frozenset(Fraction(n, d) for n, d in ((0, 1), (1, 1), (2, 1), (1, 2), (1, 4), (3, 2), (1, 10)))
_INDEX = re.compile(r"(?<=[\w}])\[[\d,\s]*\](?:@\d+)?|@\d+")
_LITERAL = re.compile(
    r"(?<![\w.^_\\])(?<!_\{)(?<![_^]\{\d,)(?!(?<=\^\{)\d+\})(?P<number>\d+(?:(?:\.|\{,\})\d*)?|\.\d+)(?:[eE](?P<exp>[+-]?\d+))?"
    r"(?:\s*(?:\\cdot|\\times|[·×*])\s*10\s*(?:\^|\*\*)\s*\{?\s*(?P<power>[-−+]?\d+)\s*\}?)?(?!\w)"
)
_PLAIN = re.compile(
    r"[\s({$\\,!;]*(?:boxed\{|mathbf\{)?[-+−–\s({]*(?P<number>\d+(?:(?:\.|\{,\})\d*)?|\.\d+)(?:[eE](?P<exp>[+-]?\d+))?"
    r"(?:\s*(?:\\cdot|\\times|[·×*])\s*10\s*(?:\^|\*\*)\s*[{(]?\s*(?P<power>[-−+]?\d+)\s*[)}]?)?[\s)}$.,;]*"
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A decimal in a text: where its digits end, its size, half a unit of its last place, whether it has a point.

    `padded`: it ends in a 0 that a short exact number would not have (1.0000, but not 1.0).
    """

    end: int
    size: Fraction
    half: Fraction
    pointed: bool
    digits: int
    padded: bool = False


def literals(text: str) -> list[Literal]:
    """The decimals of a text that are no index, label or exponent."""
    text = _INDEX.sub(lambda m: " " * len(m.group()), text)
    return [_literal(match) for match in _LITERAL.finditer(text) if len(match["number"]) <= 60]


def plain(text: str) -> Literal | None:
    """The one decimal that a text consists of, its sign apart; None for anything else."""
    match = _PLAIN.fullmatch(text)
    return _literal(match) if match and len(match["number"]) <= 60 else None


def _literal(match: re.Match[str]) -> Literal:
    number = match["number"].replace("{,}", ".")
    exponent = sum(int(e.replace("−", "-")) for e in match.group("exp", "power") if e and len(e) < 5)
    whole, dot, decimals = number.partition(".")
    scale = Fraction(10) ** (exponent - len(decimals))
    digits = (whole + decimals).lstrip("0")
    padded = len(decimals) > 1 and decimals.endswith("0")
    return Literal(match.end("number"), int(whole + decimals) * scale, scale / 2, bool(dot), len(digits), padded)


def exactly(value: Expr) -> Value | None:
    """The value of an expression without symbols; None where it has none or its sign cannot be told."""
    try:
        return shared().evaluate(value, {})
    except (OutOfDomain, Undecided, TypeError, ValueError, ArithmeticError, RecursionError):
        return None


def number(value: Value) -> Fraction:
    """A value as a fraction next to it."""
    return nearest(value)


Read = Callable[[str], Answer | Unreadable]
Evaluate = Callable[[Expr], Fraction | None]


def slack(text: str, value: Answer, read: Read, evaluate: Evaluate, known: Collection[Fraction]) -> list[Fraction]:
    """How far each entry of a side may be off, given the digits written; one entry for a scalar.

    `known` are sizes that a decimal may stand for exactly: the exercise's own numbers.
    """
    entries = list(value) if isinstance(value, ImmutableMatrix) else [value]
    alone = plain(text)
    if alone is not None and len(entries) == 1:
        return [alone.half]
    found = [Fraction(0)] * len(entries)
    base = [evaluate(entry) for entry in entries]
    written = literals(text)
    if isinstance(value, ImmutableMatrix):
        sizes = {x.size: x.half if x.pointed else Fraction(0) for x in written}
        if all(b is not None and abs(b) in sizes for b in base):
            return [sizes[abs(b)] for b in base if b is not None]
    uncertain = [x for x in written if x.pointed and (x.padded or (x.size not in known and x.size not in EXACT))]
    for literal in uncertain[:MOST_LITERALS]:
        again = read(text[: literal.end] + "5" + text[literal.end :])
        others = list(again) if isinstance(again, ImmutableMatrix) else [again]
        if isinstance(again, Unreadable) or len(others) != len(entries):
            continue
        for i, other in enumerate(others):
            moved, start = evaluate(other), base[i]
            if moved is not None and start is not None:
                found[i] += abs(moved - start)
    return found


def is_value(given: Fraction, off: Fraction, value: Fraction, literal: Literal | None = None) -> bool:
    """Whether a number, uncertain by `off`, is this value to the digits written."""
    error, size = abs(given - value), abs(value)
    if value == 0:
        return abs(given) <= BINARY
    if error <= BINARY * size:
        return True
    most = COARSEST_WORKED if literal is None else COARSEST if literal.pointed else COARSEST_WHOLE
    return given != 0 and error <= off and error <= most * size


def last_digit(given: Fraction, value: Fraction, literal: Literal | None) -> bool:
    """Whether a decimal of at least three digits is off by no more than one unit of its last place."""
    return (
        literal is not None
        and literal.pointed
        and literal.digits >= KEPT_DIGITS
        and abs(given - value) <= 2 * literal.half
        and abs(given - value) <= abs(value) / 100
    )


def kept_digits(literal: Literal | None) -> int:
    """How many digits of its intermediates a number was worked out from: two fewer than it shows, at least KEPT_DIGITS."""
    return KEPT_DIGITS if literal is None else max(KEPT_DIGITS, literal.digits - 2)


def kept(value: Fraction, digits: int) -> Fraction:
    """How far a value moves when only so many of its digits are kept; 0 where it has no more."""
    if value == 0:
        return Fraction(0)
    size, unit = abs(value), Fraction(1)
    while unit * 10 <= size:
        unit *= 10
    while unit > size:
        unit /= 10
    unit /= 10 ** (digits - 1)
    return Fraction(0) if (size / unit).denominator == 1 else unit / 2
