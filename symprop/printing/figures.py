"""Value -> Figure: how a number is written (decimal, fraction, closed form, power of ten) and whether it was rounded.

The only place where numbers are formatted: rounding is half away from zero on exact rationals, never on floats.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from sympy import Expr, Float, count_ops

from symprop.arithmetic import Rounded, Value, nearest

#: Given numbers keep up to this many decimals, whatever the rounding.
GIVEN_PLACES = 17
#: A fraction is short while numerator and denominator stay below this.
SHORT_FRACTION = 1000
SHORT_FRACTION_EXACT = 10**9
CLOSED_SHOWN = 3
#: From here on a number is written with a power of ten.
LARGE = 10**9
#: A given number below 10^-SMALL is written with a power of ten.
SMALL = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as written, its sign apart: `digits`, or `digits`/`denominator`, or `digits` x 10^`exponent`, or a closed form."""

    digits: str
    negative: bool = False
    denominator: str = ""
    exponent: int | None = None
    closed: Expr | None = None
    rounded: bool = False

    @property
    def kind(self) -> Literal["decimal", "fraction", "power", "closed"]:
        if self.closed is not None:
            return "closed"
        return "fraction" if self.denominator else "power" if self.exponent is not None else "decimal"


@dataclass(frozen=True, slots=True)
class Figures:
    """The number formatting of one document.

    `policy`: "short" (exact where short, else rounded), "exact", "end" or "each" (always `decimals` places).
    """

    policy: Literal["short", "exact", "end", "each"] = "short"
    decimals: int = 4

    def write(self, value: Value, *, given: bool = False, approximate: bool = False, significant: int = 0) -> Figure:
        """The number as this document shows it.

        `given`: exactly as the exercise has it; `approximate`: never a closed form; `significant`: so many digits, whatever
        the policy.
        """
        if significant:
            return _significant(nearest(value), significant)
        if isinstance(value, Rounded):
            return Figure(_point(_half_away(abs(value), self.decimals), self.decimals), value < 0, rounded=True)
        if isinstance(value, Float):
            return self._rounded(nearest(value))
        if isinstance(value, Expr) and not value.is_Rational:
            if approximate or (not given and (self.policy in ("end", "each") or count_ops(value) > CLOSED_SHOWN)):
                return self._rounded(nearest(value))
            # a sum keeps its signs: -(1/10 - pi/10) would be written without its brackets
            negative = not value.is_Add and value.could_extract_minus_sign()
            return Figure("", negative, closed=-value if negative else value)
        number = nearest(value)
        if not isinstance(value, (Fraction, Expr)):
            return self._rounded(number)
        places = _places(number)
        negative, size = number < 0, abs(number)
        if given and places is not None and 0 < size < Fraction(1, 10**SMALL):
            return _power_of_ten(size, negative, places + 1 + _exponent(size))
        if places is not None and size < LARGE:
            if (given and places <= GIVEN_PLACES) or places == 0:
                return Figure(_decimal(size, places), negative)
            if places <= (12 if self.policy == "exact" else self.decimals):
                return Figure(_decimal(size, places), negative)
        short = SHORT_FRACTION_EXACT if self.policy == "exact" or given else SHORT_FRACTION
        if (given or self.policy in ("short", "exact")) and size.numerator < short and 1 < size.denominator < short:
            if not (self.policy == "short" and not given and places is not None and size.denominator >= 100):
                return Figure(str(size.numerator), negative, str(size.denominator))
        return self._rounded(number)

    def _rounded(self, number: Fraction) -> Figure:
        negative, size = number < 0, abs(number)
        if size == 0:
            return Figure("0")
        if self.policy != "each" and (size < Fraction(1, 10 ** max(self.decimals - 1, 1)) or size >= LARGE):
            return _power_of_ten(size, negative, max(self.decimals, 1))
        scaled = _half_away(size, self.decimals)
        exact = Fraction(scaled, 10**self.decimals) == size
        digits = _point(scaled, self.decimals)
        return Figure(digits, negative and scaled != 0, rounded=not exact)


def seventeen(value: Expr) -> str:
    """A decimal string of 17 significant digits (fewer when the number ends before)."""
    number = nearest(value)
    if number == 0:
        return "0"
    size = abs(number)
    exponent = _exponent(size)
    scaled = _half_away(size * Fraction(10) ** (16 - exponent), 0)
    if scaled >= 10**17:
        scaled, exponent = scaled // 10, exponent + 1
    digits = str(scaled).rstrip("0")
    sign = "-" if number < 0 else ""
    if -5 <= exponent < 17:
        places = max(len(digits) - 1 - exponent, 0)
        return sign + _point(
            scaled // 10 ** (16 - exponent - places)
            if 16 - exponent - places >= 0
            else scaled * 10 ** (exponent + places - 16),
            places,
        )
    return sign + digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{exponent:+03d}"


def _places(number: Fraction) -> int | None:
    """Decimals after the point when the number ends, else None."""
    q, twos, fives = number.denominator, 0, 0
    while q % 2 == 0:
        q, twos = q // 2, twos + 1
    while q % 5 == 0:
        q, fives = q // 5, fives + 1
    return max(twos, fives) if q == 1 else None


def _decimal(size: Fraction, places: int) -> str:
    return _point(int(size * 10**places), places)


def _point(scaled: int, places: int) -> str:
    text = str(scaled).rjust(places + 1, "0")
    return text if places == 0 else f"{text[:-places]}.{text[-places:]}"


def _half_away(size: Fraction, places: int) -> int:
    scaled = size * 10**places
    return (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)


def _exponent(size: Fraction) -> int:
    exponent = len(str(size.numerator)) - len(str(size.denominator))
    return exponent if size >= Fraction(10) ** exponent else exponent - 1


def _significant(number: Fraction, digits: int) -> Figure:
    size = abs(number)
    if size == 0:
        return Figure("0")
    exponent = _exponent(size)
    if not -5 < exponent < digits:
        return _power_of_ten(size, number < 0, digits)
    places = max(digits - 1 - exponent, 0)
    scaled = _half_away(size, places)
    return Figure(_point(scaled, places), number < 0, rounded=Fraction(scaled, 10**places) != size)


def _power_of_ten(size: Fraction, negative: bool, significant: int) -> Figure:
    exponent = _exponent(size)
    scaled = _half_away(size / Fraction(10) ** exponent, significant - 1)
    if scaled >= 10**significant:
        scaled, exponent = scaled // 10, exponent + 1
    exact = Fraction(scaled, 10 ** (significant - 1)) * Fraction(10) ** exponent == size
    digits = _point(scaled, significant - 1)
    return Figure(
        digits.rstrip("0").rstrip(".") if exact and "." in digits else digits,
        negative,
        exponent=exponent,
        rounded=not exact,
    )
