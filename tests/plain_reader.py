"""A printed LaTeX page -> its rows, and number rows -> numbers. Shares nothing with symprop: what it reads is the page's text.

Exact numbers stay fractions; functions give mpmath numbers of 60 digits. The reader is strict: a sign after a sign, two
numbers side by side, an empty bracket are errors, as they would be for a person.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from mpmath import MPContext

MP = MPContext()
MP.dps = 60

SIGNS = {"=": "=", r"\approx": "≈", r"\leftarrow": "←", r"\gets": "←"}
#: Macros of the page that only frame what they hold, and those whose argument is no part of the formula.
FRAMES = (r"\symanswer", r"\symresult", r"\symwide", r"\boxed")
ASIDE = (r"\llap", r"\label", r"\tag", r"\symcolumn")
#: Macros of a word or a shape beside a formula, with how many arguments stand before the formula itself.
BESIDE = {r"\symhead": 1, r"\symshape": 2}
#: The displays of a page.
DISPLAY = r"\\begin\{((?:fl)?align\*)\}(.*?)\\end\{\1\}"
SPACES = (r"\quad", r"\qquad", r"\,", r"\;", r"\!", r"\left", r"\right", r"\displaystyle", "~")
TOKEN = re.compile(r"\s*(\\[A-Za-z]+\*?|\\.|\d+(?:\.\d+)?|.)", re.DOTALL)

Number = Any  # Fraction or mpf
FUNCTIONS = {
    r"\ln": MP.log,
    r"\exp": MP.exp,
    r"\tanh": MP.tanh,
    r"\sigma": lambda t: 1 / (1 + MP.exp(-t)),
    r"\Phi": lambda t: (1 + MP.erf(t / MP.sqrt(2))) / 2,
    r"\varphi": lambda t: MP.exp(-t * t / 2) / MP.sqrt(2 * MP.pi),
    "erf": MP.erf,
}


class Letters(Exception):
    """The text holds the name of a quantity: it is no number row."""


class Unreadable(Exception):
    """The text is neither names nor numbers as anybody would write them."""


@dataclass(frozen=True)
class Figure:
    """A number as printed: its value, and where it is a decimal the place of its last digit (10^-places)."""

    value: Number
    places: int | None = None


@dataclass(frozen=True)
class Cell:
    """What stands behind a sign: `=`, `≈` or `←`."""

    sign: str
    text: str


@dataclass(frozen=True)
class Row:
    left: str
    cells: tuple[Cell, ...]


Matrix = list[list[Number]]


@dataclass(frozen=True)
class Ones:
    """A vector of ones, as long as its neighbour needs it."""

    lying: bool = False


# ---------------------------------------------------------------------- a page's rows
def rows(page: str) -> Iterator[Row]:
    """Every equation of the page's displays, lines that go on joined to the line they continue."""
    left, cells = "", list[Cell]()
    for _, display in re.findall(DISPLAY, page, re.DOTALL):
        for _, ended in split(display, (r"\\",)):
            line = re.sub(r"^\s*\*?\s*(\[[^\]]*\])?", "", ended)  # no page break here, so much space
            joined = " ".join(text for _, text in split(line, ("&",)))
            parts = split(" ".join(unframed(tokenize(joined))), SIGNS)
            start = clean(parts[0][1])
            if cells and re.match(r"[-+]", start):  # a broken sum goes on
                cells[-1] = Cell(cells[-1].sign, f"{cells[-1].text} {start}")
            elif start:
                if cells:
                    yield Row(left, tuple(cells))
                left, cells = start, []
            cells += [Cell(SIGNS[sign], clean(text)) for sign, text in parts[1:] if clean(text)]
        if cells:
            yield Row(left, tuple(cells))
        left, cells = "", []


def clean(text: str) -> str:
    """Without spacing and asides."""
    out, tokens = [], tokenize(text)
    while tokens:
        token = tokens.pop(0)
        if token in ASIDE:
            group(tokens)
        elif token not in (r"\quad", r"\qquad"):
            out.append(token)
    return " ".join(out).strip()


def tokenize(text: str) -> list[str]:
    return [found for found in TOKEN.findall(text) if found.strip()]


def group(tokens: list[str]) -> list[str]:
    """The tokens of the braces that come next, taken off."""
    if not tokens or tokens[0] != "{":
        raise Unreadable(f"braces expected before {' '.join(tokens[:8])!r}")
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token == "{") - (token == "}")
        if depth == 0:
            inner = tokens[1:i]
            del tokens[: i + 1]
            return inner
    raise Unreadable("braces are not closed")


def split(text: str, at: Any) -> list[tuple[str, str]]:
    """(separator, text) pairs of the outermost level; the first separator is empty."""
    found, depth, separator, current = [], 0, "", list[str]()
    for token in TOKEN.findall(text):
        if token in ("{", r"\begin"):
            depth += 1
        if depth == 0 and token in at:
            found.append((separator, " ".join(current)))
            separator, current = token, []
        else:
            current.append(token)
        if token in ("}", r"\end"):
            depth -= 1
    return [*found, (separator, " ".join(current))]


# ---------------------------------------------------------------------- number rows
def value(text: str) -> Number | Matrix:
    """What a row of numbers comes to. Raises Letters where it holds a name, Unreadable where nobody could read it."""
    tokens = unframed(tokenize(split(text, SIGNS)[0][1]))  # an entry of a matrix may show its decimals as well
    result = _sum(tokens)
    if tokens:
        raise Unreadable(f"left over: {' '.join(tokens)!r} of {text!r}")
    if isinstance(result, Ones):
        raise Unreadable(text)
    return result


def figures(text: str) -> list[list[Figure]]:
    """A printed result, a matrix entry by entry. Raises Letters and Unreadable."""
    tokens = unframed(tokenize(text))
    if tokens[:1] == [r"\begin"]:
        entries = _entries(tokens)
        if tokens:
            raise Unreadable(f"no figure: {text!r}")
        return [[_figure(entry) for entry in row] for row in entries]
    return [[_figure(" ".join(tokens))]]


def _figure(text: str) -> Figure:
    parts = split(text, SIGNS)
    for (_, exact), (_, decimals) in pairwise(parts):  # ln 3 and its decimals, in a matrix
        near = _figure(decimals)
        assert near.places is not None and rounded(value(exact), near.places) == near.value, text
    text = parts[0][1].strip()
    compact = text.replace(" ", "")
    found = re.fullmatch(r"(-?)(?:(\d+(?:\.(\d+))?)(?:\\cdot)?)?(?:10\^\{(-?\d+)\})?", compact)
    if found and compact not in ("", "-") and re.match(r"-?\d", compact):
        digits, decimals, exponent = found[2] or "1", found[3] or "", int(found[4] or 0)
        size = Fraction(digits) * Fraction(10) ** exponent
        return Figure(-size if found[1] else size, len(decimals) - exponent)
    return Figure(value(text))


def unframed(tokens: list[str]) -> list[str]:
    """Without frames, spacing and the sizes of brackets."""
    out: list[str] = []
    while tokens:
        token = tokens.pop(0)
        if token in FRAMES or token in BESIDE:
            for _ in range(BESIDE.get(token, 0)):
                group(tokens)
            out += unframed(group(tokens))
        elif token not in SPACES:
            out.append(token)
    return out


def rounded(number: Number, places: int) -> Fraction:
    """To 10^-places, ties away from zero."""
    number = fraction(number)
    scaled = abs(number) * Fraction(10) ** places
    size = Fraction((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)) / Fraction(10) ** places
    return -size if number < 0 else size


def fraction(number: Number) -> Fraction:
    """The number itself, or the binary fraction an mpmath number is."""
    if isinstance(number, Fraction):
        return number
    sign, mantissa, exponent, _ = number._mpf_
    return (-1 if sign else 1) * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _sum(tokens: list[str]) -> Any:
    negative = bool(tokens) and tokens[0] == "-"
    if negative:
        tokens.pop(0)
        if re.match(r"(\\frac \{ )?0(\.0+)?( |$)", " ".join(tokens[:4])):
            raise Unreadable("minus zero")
    total = _product(tokens)
    if negative:
        total = _times(Fraction(-1), total)
    while tokens and tokens[0] in "+-":
        sign = tokens.pop(0)
        term = _product(tokens)
        total = _plus(total, term if sign == "+" else _times(Fraction(-1), term))
    return total


def _product(tokens: list[str]) -> Any:
    total = _power(tokens)
    while tokens and tokens[0] not in ("+", "-", ")", "]", "}", ",", "&", r"\\", r"\end", "|"):
        if tokens[0] == r"\odot":
            tokens.pop(0)
            total = _entrywise(total, _power(tokens), lambda a, b: _times(a, b))
            continue
        if tokens[0] == r"\cdot":
            tokens.pop(0)
        elif tokens[0][0].isdigit():
            raise Unreadable(f"a number stands beside a number: {' '.join(tokens)!r}")
        total = _times(total, _power(tokens))
    return total


def _power(tokens: list[str]) -> Any:
    base = _atom(tokens)
    if tokens and tokens[0] == "^":
        tokens.pop(0)
        inner = group(tokens)
        if isinstance(base, Ones) and inner in ([r"\top"], ["⊤"]):
            return Ones(lying=True)
        exponent = _all(inner)
        if isinstance(exponent, Fraction) and exponent.denominator == 1 and isinstance(base, Fraction):
            return base ** int(exponent)
        return MP.power(mp(base), mp(exponent))
    return base


def _all(tokens: list[str]) -> Any:
    if not tokens:
        raise Unreadable("an empty bracket")
    result = _sum(tokens)
    if tokens:
        raise Unreadable(f"left over: {' '.join(tokens)!r}")
    return result


def _atom(tokens: list[str]) -> Any:
    if not tokens:
        raise Unreadable("something is missing at the end")
    token = tokens.pop(0)
    if token[0].isdigit():
        return Fraction(token)
    if token == "(":
        result = _sum(tokens)
        _expect(tokens, ")")
        return result
    if token == "|":
        result = _sum(tokens)
        _expect(tokens, "|")
        return abs(result)
    if token == "{":
        tokens.insert(0, token)
        return _all(group(tokens))
    if token == r"\frac":
        top, bottom = _all(group(tokens)), _all(group(tokens))
        if bottom == 0:
            raise Unreadable("something is divided by 0")
        return top / bottom if isinstance(top, Fraction) and isinstance(bottom, Fraction) else mp(top) / mp(bottom)
    if token == r"\sqrt":
        return _root(_all(group(tokens)))
    if token == "e" and tokens[:1] == ["^"]:
        tokens.pop(0)
        return MP.exp(mp(_all(group(tokens))))
    if token == r"\pi":
        return +MP.pi
    if token == r"\max":
        _expect(tokens, "(")
        first = _sum(tokens)
        _expect(tokens, ",")
        second = _sum(tokens)
        _expect(tokens, ")")
        return max(first, second)
    if token == r"\operatorname":
        token = "".join(group(tokens))
        if token not in FUNCTIONS:
            raise Letters(token)
    if token == r"\begin":
        tokens.insert(0, token)
        return [[value(entry) for entry in row] for row in _entries(tokens)]
    if token == r"\mathbf" and tokens[:3] == ["{", "1", "}"]:
        group(tokens)
        return Ones()
    if token in FUNCTIONS and tokens[:1] == ["("]:
        tokens.pop(0)
        argument = mp(_sum(tokens))
        _expect(tokens, ")")
        if token == r"\ln" and argument <= 0:
            raise Unreadable("the logarithm of what is not positive")
        return FUNCTIONS[token](argument)
    if token.isalpha() or (token[0] == "\\" and token[1:].isalpha()):
        raise Letters(token)
    raise Unreadable(f"{token!r} before {' '.join(tokens[:8])!r}")


def _entries(tokens: list[str]) -> list[list[str]]:
    """The texts of a matrix's entries, the matrix taken off."""
    _expect(tokens, r"\begin")
    name = group(tokens)
    depth = 1
    for i, token in enumerate(tokens):
        depth += (token == r"\begin") - (token == r"\end")
        if depth == 0:
            inner = tokens[:i]
            del tokens[: i + 1]
            if group(tokens) != name:
                raise Unreadable("a matrix is not closed")
            lines = split(" ".join(inner), (r"\\",))
            return [[entry.strip() for _, entry in split(line, ("&",))] for _, line in lines]
    raise Unreadable("a matrix is not closed")


def _root(number: Number) -> Number:
    if isinstance(number, Fraction):
        top, bottom = (int(MP.floor(MP.sqrt(part))) for part in (number.numerator, number.denominator))
        if (top * top, bottom * bottom) == (number.numerator, number.denominator):
            return Fraction(top, bottom)
    return MP.sqrt(mp(number))


def _expect(tokens: list[str], wanted: str) -> None:
    if tokens[:1] != [wanted]:
        raise Unreadable(f"{wanted} expected before {' '.join(tokens[:8])!r}")
    tokens.pop(0)


def mp(number: Number) -> Any:
    return MP.mpf(number.numerator) / number.denominator if isinstance(number, Fraction) else number


def _plus(a: Any, b: Any) -> Any:
    if isinstance(a, list) or isinstance(b, list):
        return _entrywise(a, b, _plus)
    return a + b if isinstance(a, Fraction) and isinstance(b, Fraction) else mp(a) + mp(b)


def _times(a: Any, b: Any) -> Any:
    if isinstance(a, Ones):
        return _times([[Fraction(1)] * len(b)], b)
    if isinstance(b, Ones):
        return _times(a, [[Fraction(1)]] * len(a[0]))
    if isinstance(a, list) and isinstance(b, list):
        if len(a[0]) != len(b):
            raise Unreadable("these matrices cannot be multiplied")
        return [
            [_total(_times(p, q) for p, q in zip(row, column, strict=True)) for column in zip(*b, strict=True)]
            for row in a
        ]
    if isinstance(a, list) or isinstance(b, list):
        matrix, factor = (a, b) if isinstance(a, list) else (b, a)
        return [[_times(entry, factor) for entry in row] for row in matrix]
    if (isinstance(a, Fraction) and isinstance(b, Fraction)) or 0 in (a, b):
        return a * b if a and b else Fraction(0)
    return mp(a) * mp(b)


def _total(terms: Iterator[Number]) -> Number:
    total: Number = Fraction(0)
    for term in terms:
        total = _plus(total, term)
    return total


def _entrywise(a: Matrix, b: Matrix, combine: Any) -> Matrix:
    """Entry by entry; one row or one column (a bias) goes to all."""
    if (
        not isinstance(a, list)
        or not isinstance(b, list)
        or len(b) not in (1, len(a))
        or len(b[0]) not in (1, len(a[0]))
    ):
        raise Unreadable("these matrices do not fit")
    return [
        [combine(p, b[min(i, len(b) - 1)][min(j, len(b[0]) - 1)]) for j, p in enumerate(row)] for i, row in enumerate(a)
    ]
