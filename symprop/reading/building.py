"""Operands -> exact SymPy expressions whose cost is known to be small before SymPy sees them.

In: parts already built here, and the token to blame. Out: an Expr, or Stop with the place and the reason. Knows no syntax:
both grammars build through it. SymPy computes numeric powers at once, even those hidden in exp(9^20*ln 9).
"""

from collections.abc import Callable, Iterator
from typing import NoReturn

from sympy import Add, Expr, Float, I, Integer, Mul, Number, Pow, Rational, S, log

from symprop.reading.tokens import Limits, Token, Unreadable

#: Bits of a numerator or denominator: of any number, and of one under a root or in a function (SymPy factors those).
BITS = 4000
INNER_BITS = 400
_INNER = 2**INNER_BITS
#: Powers, quotients and functions within each other: the time of SymPy's own questions grows steeply with it,
#: most of all where no name is left and SymPy evaluates numerically.
NESTING = 12
CONSTANT_NESTING = 6
_HALVES = (Rational(1, 2), Rational(-1, 2))
_NOT_REAL = frozenset((S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity, I))


class Stop(Exception):
    """Unwinds a parser; never leaves the package."""

    def __init__(self, offset: int, why: str) -> None:
        self.reason = Unreadable(offset, why)


class Builder:
    """Builds expressions for one reading; remembers which parts it has found sound."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sound: dict[Expr, int] = {}

    def power(self, base: Expr, exponent: Expr, token: Token) -> Expr:
        """base^exponent, after its cost is known to be small."""
        if isinstance(exponent, Integer):
            size = abs(int(exponent))
            if size > self.limits.exponent:
                stop(token, f"an exponent beyond {self.limits.exponent}")
            if size * _bits(base) > BITS:
                stop(token, f"a number of more than {BITS} bits")
            if base == 0 and exponent.is_negative:
                stop(token, "a division by zero")
        elif isinstance(exponent, Rational):
            if isinstance(base, Number) and exponent not in _HALVES:
                stop(token, "a number may be raised only to an integer or to 1/2 or -1/2")
            if exponent not in _HALVES and max(abs(exponent.p), exponent.q) > self.limits.exponent**2:
                stop(token, f"an exponent with parts beyond {self.limits.exponent**2}")
            self.small_inside(base, token)
        else:
            self.small_inside(base, token)
            inner = base.as_base_exp()[1]
            self.bounded_inside(self.built(token, Mul, inner, exponent), token)
            self.flat(base, exponent, token)
        return self.built(token, Pow, base, exponent)

    def bounded_inside(self, argument: Expr, token: Token) -> None:
        """Stops where a function or a power of `argument` could cost more than a moment."""
        self.small_inside(argument, token)
        for term in Add.make_args(argument):
            coefficient, factors = term.as_coeff_Mul()
            logs = [factor for factor in Mul.make_args(factors) if isinstance(factor, log)]
            # exp(c*ln r) is r^c, which SymPy computes at once.
            if logs and abs(coefficient) * max(_bits(each.args[0]) for each in logs) > BITS:
                stop(token, "a logarithm times too large a number")
        # Towers such as exp(exp(exp(9))) stall the numeric comparisons that SymPy makes on its own.
        if not isinstance(argument, Rational) and not argument.free_symbols:
            value = argument.evalf(5)
            if isinstance(value, Float) and abs(value) > _INNER:
                stop(token, f"an argument or exponent beyond 2^{INNER_BITS}")

    def small_inside(self, value: Expr, token: Token) -> None:
        if _bits(value) > INNER_BITS:
            stop(token, f"a number of more than {INNER_BITS} bits under a root, in an exponent or in a function")

    def flat(self, base: Expr, exponent: Expr, token: Token) -> None:
        """Stops at 2^(x + 10^9): times 2^(-x), SymPy would compute 2^(10^9). A lone name as base holds no number."""
        limit = self.limits.exponent
        if not base.is_Symbol and base is not S.Exp1 and any(abs(each) > limit for each in _rationals(exponent)):
            stop(token, f"an exponent with a number beyond {limit}")

    def built(self, token: Token, make: Callable[..., Expr], *operands: Expr) -> Expr:
        """make(*operands), with every new part of it finite, real and small."""
        try:
            value = make(*operands)
            self.checked(value, token)
        except RecursionError:
            stop(token, "nested too deeply")
        return value

    def checked(self, part: Expr, token: Token) -> int:
        """How many powers and functions `part` nests; stops where it is not finite, real, small and shallow."""
        if part in self.sound:
            return self.sound[part]
        if part in _NOT_REAL:
            stop(token, "the value is not a finite real number")
        if isinstance(part, Rational) and _width(part) > BITS:
            stop(token, f"a number of more than {BITS} bits")
        if isinstance(part, Pow) and not isinstance(part.exp, Integer):
            self.small_inside(part.base, token)
            self.flat(part.base, part.exp, token)
        inner = max((self.checked(each, token) for each in part.args if isinstance(each, Expr)), default=0)
        depth = inner if isinstance(part, (Add, Mul)) or not part.args else inner + 1
        most = NESTING if depth <= CONSTANT_NESTING or part.free_symbols else CONSTANT_NESTING
        if depth > most:
            stop(token, f"powers, quotients and functions nested more than {most} levels deep")
        self.sound[part] = depth
        return depth


def stop(token: Token, why: str) -> NoReturn:
    """Gives the reading up at `token`."""
    raise Stop(token.offset, why)


def _rationals(value: Expr) -> Iterator[Rational]:
    """The rational numbers in `value` outside of functions."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, Rational):
            yield part
        elif isinstance(part, (Add, Mul, Pow)):
            pending.extend(part.args)


def _bits(value: Expr) -> int:
    return max((_width(each) for each in _rationals(value)), default=0)


def _width(value: Rational) -> int:
    return max(int(value.p).bit_length(), int(value.q).bit_length())
