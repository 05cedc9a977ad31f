"""Expression + columns of numbers -> a column: many draws at once. Knows no network.

A column is integers over one denominator, exact; where a size could leave int64 the integers become Python's own, which are
slower and endless. Functions without rational values need the inexact kind: float64 over 1, whose findings are provisional.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd, lcm
from typing import Any, TypeAlias

import numpy as np
from sympy import Add, Expr, Mul, Pow, Symbol, erf, exp, log, tanh
from sympy.core.numbers import Exp1, Pi

from symprop.arithmetic import fraction
from symprop.functions import Kinked, Smooth

Array: TypeAlias = Any
#: Integers up to here (and sums of two of them) fit into int64.
LIMIT = 2**61
#: Two inexact numbers closer than this (relative to the larger, or to 1) count as equal.
CLOSE = 1e-9


@dataclass(slots=True)
class Column:
    """`top / den`, and a bound of |top|; the denominator is 1 for floats."""

    top: Array
    den: int = 1
    bound: int = 0

    @property
    def inexact(self) -> bool:
        return bool(self.top.dtype.kind == "f")

    def taken(self, rows: Array) -> "Column":
        """These rows only."""
        return Column(self.top[rows], self.den, self.bound)

    def tightened(self) -> "Column":
        """The bound measured, and endless integers back in int64 where they fit."""
        if self.inexact:
            return self
        self.bound = int(abs(self.top).max()) if self.top.size else 0
        if self.top.dtype == object and self.bound < LIMIT:
            self.top = self.top.astype(np.int64)
        return self

    def fraction(self, row: int) -> Fraction:
        """One exact entry."""
        return Fraction(int(self.top[row]), self.den)


Columns: TypeAlias = Mapping[Symbol, Column]
Program: TypeAlias = Callable[[Columns], Column]


def column(values: list[Fraction]) -> Column:
    """Exact numbers as a column."""
    den = lcm(*(v.denominator for v in values)) if values else 1
    tops = [v.numerator * (den // v.denominator) for v in values]
    bound = max((abs(t) for t in tops), default=0)
    return Column(np.array(tops, dtype=np.int64 if bound < LIMIT else object), den, bound)


def over(one: Column, den: int) -> Array:
    """The integers of a column over a multiple of its denominator."""
    factor = den // one.den
    if factor == 1:
        return one.top
    if one.bound * factor >= LIMIT and one.top.dtype != object:
        return one.top.astype(object) * factor
    return one.top * factor


def common(one: Column, other: Column) -> tuple[Array, Array]:
    """Two columns over one denominator."""
    den = lcm(one.den, other.den)
    return over(one, den), over(other, den)


def equal(one: Column, other: Column) -> Array:
    """Where two columns hold the same number; a number that is not there equals nothing."""
    if one.inexact or other.inexact:
        a, b = floats(one), floats(other)
        return abs(a - b) <= CLOSE * np.maximum(1.0, np.maximum(abs(a), abs(b)))
    left, right = common(one, other)
    return left == right


def floats(one: Column) -> Array:
    """The column as float64."""
    top: Array = one.top if one.inexact else one.top.astype(float) / one.den
    return top


def at_most(one: Column, bound: Fraction) -> Array:
    """Where |number| <= bound."""
    if one.inexact:
        return abs(one.top) <= float(bound) + CLOSE
    return abs(one.top) <= bound.numerator * one.den // bound.denominator


def at_least(one: Column, bound: Fraction) -> Array:
    """Where |number| >= bound."""
    if one.inexact:
        return abs(one.top) >= float(bound) - CLOSE
    return abs(one.top) >= -(-bound.numerator * one.den // bound.denominator)


def is_zero(one: Column) -> Array:
    """Where the number is 0."""
    return abs(one.top) <= CLOSE if one.inexact else one.top == 0


def is_whole(one: Column) -> Array:
    """Where the number is an integer."""
    if one.inexact:
        return abs(one.top - np.rint(one.top)) <= CLOSE
    return one.top % one.den == 0 if one.den > 1 else np.ones(one.top.shape, bool)


# ---------------------------------------------------------------------- arithmetic
def _add(columns: list[Column]) -> Column:
    if any(c.inexact for c in columns):
        total = floats(columns[0])
        for c in columns[1:]:
            total = total + floats(c)
        return Column(total)
    den = lcm(*(c.den for c in columns))
    bound = sum(c.bound * (den // c.den) for c in columns)
    tops = [over(c, den) for c in columns]
    if bound >= LIMIT:
        tops = [t.astype(object) for t in tops]
    total = tops[0]
    for top in tops[1:]:
        total = total + top
    return Column(total, den, bound)


def _multiply(columns: list[Column]) -> Column:
    if any(c.inexact for c in columns):
        product = floats(columns[0])
        for c in columns[1:]:
            product = product * floats(c)
        return Column(product)
    bound = den = 1
    for c in columns:
        bound, den = bound * c.bound, den * c.den
    tops = [c.top.astype(object) for c in columns] if bound >= LIMIT else [c.top for c in columns]
    product = tops[0]
    for top in tops[1:]:
        product = product * top
    return _reduced(Column(product, den, bound))


def _reduced(one: Column) -> Column:
    """Constants that cancel (2 * 1/2) leave no denominator behind."""
    if one.den > 1 and one.top.size == 1:
        common_factor = gcd(int(one.top.flat[0]), one.den)
        if common_factor > 1:
            return Column(one.top // common_factor, one.den // common_factor, one.bound // common_factor)
    return one


def _scaled(one: Column, factor: Fraction) -> Column:
    if one.inexact:
        return Column(one.top * float(factor))
    shared = gcd(factor.numerator, one.den)
    by, den = factor.numerator // shared, one.den // shared * factor.denominator
    bound = one.bound * abs(by)
    top = one.top.astype(object) if bound >= LIMIT else one.top
    return Column(top * by if by != 1 else top, den, bound)


def _power(one: Column, exponent: Fraction) -> Column:
    if exponent.denominator == 1 and exponent > 0:
        return _multiply([one] * int(exponent))
    with np.errstate(all="ignore"):
        return Column(np.power(floats(one), float(exponent)))


def _chosen(t: Column, below: Column, at: Column, above: Column) -> Column:
    if any(c.inexact for c in (t, below, at, above)):
        sign = np.where(abs(floats(t)) <= CLOSE, 0.0, floats(t))
        return Column(np.where(sign > 0, floats(above), np.where(sign < 0, floats(below), floats(at))))
    den = lcm(below.den, at.den, above.den)
    low, mid, high = (over(c, den) for c in (below, at, above))
    bound = max(c.bound * (den // c.den) for c in (below, at, above))
    if below is at:
        return Column(np.where(t.top > 0, high, low), den, bound)
    return Column(np.where(t.top > 0, high, np.where(t.top < 0, low, mid)), den, bound)


# ---------------------------------------------------------------------- compilation
def is_rational(expression: Expr) -> bool:
    """Whether the expression is rational wherever its symbols are, without a division by one of them."""
    if expression.is_Symbol or expression.is_Rational:
        return True
    if isinstance(expression, (Add, Mul)):
        return all(map(is_rational, expression.args))
    if isinstance(expression, Pow):
        return bool(expression.exp.is_Integer and expression.exp > 0) and is_rational(expression.base)
    if isinstance(expression, Kinked):
        return all(map(is_rational, (expression.args[0], *_branches(expression))))
    return False


def _branches(expression: Kinked) -> tuple[Expr, Expr, Expr]:
    t, *parameters = expression.args
    below, at, above = (expression.branch(sign, t, *parameters) for sign in (-1, 0, 1))
    return below, at, above


def _constant(value: Fraction) -> Column:
    return Column(
        np.array([value.numerator], dtype=object if abs(value.numerator) >= LIMIT else np.int64),
        value.denominator,
        abs(value.numerator),
    )


@lru_cache(maxsize=20_000)
def program(expression: Expr) -> Program:
    """The expression as a function of columns. A column of one row stands for a constant."""
    if expression.is_Symbol:
        return lambda numbers: numbers[expression]
    if expression.is_Rational:
        constant = _constant(fraction(expression))
        return lambda numbers: constant
    if isinstance(expression, (Pi, Exp1)) or expression.is_number:
        value = Column(np.array([float(expression.evalf(17))]))
        return lambda numbers: value
    if isinstance(expression, Mul):
        coefficient, rest = expression.as_coeff_Mul()
        if coefficient != 1:
            inner, factor = program(rest), fraction(coefficient)
            return lambda numbers: _scaled(inner(numbers), factor)
    arguments = [program(arg) for arg in expression.args]
    if isinstance(expression, Add):
        return lambda numbers: _add([argument(numbers) for argument in arguments])
    if isinstance(expression, Mul):
        return lambda numbers: _multiply([argument(numbers) for argument in arguments])
    if isinstance(expression, Pow) and expression.exp.is_Rational:
        base, exponent = arguments[0], fraction(expression.exp)
        return lambda numbers: _power(base(numbers), exponent)
    if isinstance(expression, Pow):
        return program(exp(expression.exp * log(expression.base), evaluate=False))
    if isinstance(expression, Kinked):
        return _kinked(expression)
    for kind, function in ((log, np.log), (exp, np.exp), (tanh, np.tanh), (erf, _erf)):
        if isinstance(expression, kind):
            return _called(function, arguments[0])
    if isinstance(expression, Smooth):
        return program(expression.expanded)
    raise TypeError(f"no columns for {type(expression).__name__}")


def _erf(values: Array) -> Array:
    from math import erf as one

    found: Array = np.frompyfunc(one, 1, 1)(values)
    return found.astype(float)


def _called(function: Callable[[Array], Array], inner: Program) -> Program:
    def run(numbers: Columns) -> Column:
        with np.errstate(all="ignore"):
            values = function(floats(inner(numbers)))
        return Column(np.where(np.isfinite(values), values, np.nan))

    return run


def _kinked(expression: Kinked) -> Program:
    t = program(expression.args[0])
    below, at, above = map(program, _branches(expression))

    def run(numbers: Columns) -> Column:
        low = below(numbers)
        return _chosen(t(numbers), low, low if at is below else at(numbers), above(numbers))

    return run


__all__ = [
    "Array",
    "Column",
    "Columns",
    "at_least",
    "at_most",
    "column",
    "common",
    "equal",
    "floats",
    "is_rational",
    "is_whole",
    "is_zero",
    "over",
    "program",
]
