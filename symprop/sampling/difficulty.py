"""Columns -> how hard the numbers are to work with: one stated formula, exact.

difficulty = multiplications + fractions/2 + negatives/4 + digits/4, over the lines that the asked answers rest on:
multiplications  products of factors other than 0, 1 and -1, one less than there are factors, none where a factor is 0
negatives        given numbers and values below 0
fractions        given numbers and values that are no integers
digits           digits before the decimal point, beyond the first, of given numbers and values
"""

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache

import numpy as np
from sympy import Add, Expr, Mul, Pow, Symbol

from symprop.sampling.columns import CLOSE, Array, Column, Columns, is_whole, is_zero, program

#: Difficulties are counted in quarters.
QUARTERS = 4


def quarters(columns: Columns, given: Iterable[Symbol], lines: Iterable[tuple[Symbol, Expr]], count: int) -> Array:
    """Four times the difficulty of every draw, an integer."""
    total = np.zeros(count, dtype=np.int64)
    names = list(given)
    for name, expression in lines:
        names.append(name)
        for factors in products(expression):
            total += QUARTERS * _multiplications([program(f)(columns) for f in factors], count)
    for name in names:
        one = columns[name]
        total += _negative(one) + 2 * ~is_whole(one) + _digits(one)
    return total


def as_difficulty(value: int) -> Fraction:
    """What `quarters` counted, as it is reported."""
    return Fraction(int(value), QUARTERS)


@lru_cache(maxsize=4096)
def products(expression: Expr) -> tuple[tuple[Expr, ...], ...]:
    """The factors of every product in a line that a person multiplies out: of its terms, powers written out."""
    found = []
    for term in Add.make_args(expression):
        factors: list[Expr] = []
        for part in Mul.make_args(term):
            if isinstance(part, Pow) and part.exp.is_Integer and 0 < part.exp <= 8:
                factors += [part.base] * int(part.exp)
            else:
                factors.append(part)
        if len(factors) > 1:
            found.append(tuple(factors))
    return tuple(found)


def _multiplications(factors: list[Column], count: int) -> Array:
    real = np.zeros(count, dtype=np.int64)
    none = np.zeros(count, dtype=bool)
    for one in factors:
        zero = is_zero(one)
        none = none | zero
        real = real + ~(zero | _is_unit(one))
    return np.where(none, 0, np.maximum(real - 1, 0))


def _is_unit(one: Column) -> Array:
    return abs(abs(one.top) - 1) <= CLOSE if one.inexact else abs(one.top) == one.den


def _negative(one: Column) -> Array:
    return one.top < -CLOSE if one.inexact else one.top < 0


def _digits(one: Column) -> Array:
    """Digits before the point beyond the first: how many of 10, 100, 1000 … the size reaches."""
    size = abs(one.top)
    found = np.zeros(size.shape, dtype=np.int64)
    if one.inexact:
        size = np.nan_to_num(size, nan=0.0, posinf=0.0) + CLOSE
    top, power = (float(size.max()) if size.size else 0.0) / one.den, 10
    while power <= top and power <= 10**30:
        found = found + (size >= power * one.den)
        power *= 10
    return found
