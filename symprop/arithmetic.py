"""Expression + numbers -> the most exact number there is: a fraction, a short closed form, or an interval. Knows no network.

Rationals stay exact (as `Fraction`) up to EXACT_DIGITS digits, closed forms (as SymPy expressions) up to CLOSED_OPERATIONS
operations; everything else is an mpmath interval that provably holds the number. Which side of a kink a number lies on is
decided exactly or by an interval that excludes 0, never by a rounded number.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from mpmath import MPContext
from mpmath.ctx_iv import MPIntervalContext
from mpmath.libmp import mpf_sub, to_str
from sympy import Add, Expr, Float, Mul, Pow, Rational, Symbol, count_ops, erf, exp, log, pi, tanh
from sympy.core.numbers import Exp1, Pi

from symprop.functions import Kinked, Smooth, log_argument

#: A fraction, a closed form, or an interval of mpmath.
Value: TypeAlias = Any
Program: TypeAlias = Callable[["Arithmetic", Mapping[Symbol, Value]], Value]

EXACT_DIGITS = 200
CLOSED_OPERATIONS = 8
SHOWN_DIGITS = 50
MAX_DIGITS = 1000
_TOO_LONG = 10**EXACT_DIGITS
#: Bits between the width of a sharp interval and its size.
_SHARP_BITS = 180
#: Intervals of exact numbers that one Arithmetic remembers.
MOST_BALLS = 20_000
#: Beyond this e^t has more digits than anybody can read, and mpmath needs seconds for it.
MAX_EXPONENT = 10**6


class Rounded(Fraction):
    """A fraction that came of rounding: arithmetic goes on with it as it stands, printing says that it was rounded."""


class Undecided(Exception):
    """An interval still holds 0 (or is too wide) at this precision; `expression` is what must be told from 0."""

    def __init__(self, expression: Expr) -> None:
        self.expression = expression
        super().__init__(str(expression))


class OutOfDomain(Exception):
    """A function was asked for a number it has no value at: `expression` says which, `why` in words."""

    def __init__(self, expression: Expr, why: str) -> None:
        self.expression, self.why = expression, why
        super().__init__(f"{expression}: {why}")


class Arithmetic:
    """Operations on values at a working precision of `digits` decimal digits.

    `zeros` holds expressions that were proved to be exactly 0 by other means than intervals.
    """

    def __init__(self, digits: int = SHOWN_DIGITS + 15, zeros: frozenset[Expr] = frozenset()) -> None:
        self.digits, self.zeros = digits, zeros
        self.context = MPIntervalContext()
        self.context.dps = digits
        self._balls: dict[Any, Any] = {}

    # ------------------------------------------------------------------ representation
    def ball(self, value: Value) -> Any:
        """The value as an interval."""
        if len(self._balls) > MOST_BALLS:
            self._balls.clear()
        if isinstance(value, Fraction):
            found = self._balls.get(value)
            if found is None:
                found = self._balls[value] = self.context.mpf(value.numerator) / value.denominator
            return found
        if isinstance(value, Expr):
            found = self._balls.get(value)
            if found is None:
                found = self._balls[value] = self.ball(_closed_program(value)(self, {}))
            return found
        return value

    def settle(self, value: Value, expression: Expr) -> Value:
        """The value as it is kept: long rationals and closed forms become intervals, an interval of width 0 at 0 becomes 0."""
        if isinstance(value, Fraction):
            return self.ball(value) if abs(value.numerator) >= _TOO_LONG or value.denominator >= _TOO_LONG else value
        if isinstance(value, Expr):
            return value
        if expression in self.zeros or (value.a == 0 and value.b == 0):
            return Fraction(0)
        return value

    def is_sharp(self, value: Value) -> bool:
        """Whether an interval gives SHOWN_DIGITS correct digits (180 bits are 54 digits)."""
        if isinstance(value, (Fraction, Expr)):
            return True
        low, high = value._mpi_
        if low[0] != high[0] or not low[1] or not high[1]:
            return False  # the signs differ, or an end is 0
        width = mpf_sub(high, low, 10, "u")
        return not width[1] or width[2] + width[3] + _SHARP_BITS < min(low[2] + low[3], high[2] + high[3])

    # ------------------------------------------------------------------ evaluation
    def evaluate(self, expression: Expr, numbers: Mapping[Symbol, Value]) -> Value:
        """The expression's value. Raises Undecided and OutOfDomain."""
        return self.settle(_program(expression)(self, numbers), expression)

    def sign(self, value: Value, expression: Expr) -> int:
        """-1, 0 or 1, proved. Raises Undecided."""
        if isinstance(value, Fraction):
            return (value > 0) - (value < 0)
        if expression in self.zeros:
            return 0
        value = self.ball(value)
        if value.a > 0:
            return 1
        if value.b < 0:
            return -1
        if value.a == 0 and value.b == 0:
            return 0
        raise Undecided(expression)

    def add(self, values: list[Value]) -> Value:
        exact = Fraction(0)
        closed: list[Expr] = []
        inexact = None
        for value in values:
            if isinstance(value, Fraction):
                exact += value
            elif isinstance(value, Expr):
                closed.append(value)
            else:
                inexact = value if inexact is None else inexact + value
        if inexact is None:
            return _closed(Add(rational(exact), *closed), self) if closed else exact
        for value in closed:
            inexact = inexact + self.ball(value)
        return inexact + self.ball(exact) if exact else inexact

    def multiply(self, values: list[Value]) -> Value:
        exact = Fraction(1)
        closed: list[Expr] = []
        inexact = None
        for value in values:
            if isinstance(value, Fraction):
                if not value:
                    return value
                exact *= value
            elif isinstance(value, Expr):
                closed.append(value)
            else:
                inexact = value if inexact is None else inexact * value
        if inexact is None:
            return _closed(Mul(rational(exact), *closed), self) if closed else exact
        for value in closed:
            inexact = inexact * self.ball(value)
        return inexact * self.ball(exact) if exact != 1 else inexact

    def power(self, base: Value, exponent: Fraction, expression: Expr) -> Value:
        if exponent < 0 and self.sign(base, expression.args[0]) == 0:
            raise OutOfDomain(expression.args[0], "is 0, and something is divided by it")
        if exponent.denominator == 1:
            if isinstance(base, Fraction):
                return base ** int(exponent)
            if isinstance(base, Expr):
                return _closed(base ** int(exponent), self)
            return base ** int(exponent)
        if self.sign(base, expression.args[0]) < 0:
            raise OutOfDomain(expression.args[0], "is negative, and a root of it is taken")
        if isinstance(base, (Fraction, Expr)):
            return _closed(rational(base) ** rational(exponent), self)
        return (
            self.context.sqrt(base)
            if exponent == Fraction(1, 2)
            else self.context.exp(self.context.log(base) * self.ball(exponent))
        )

    def logarithm(self, value: Value, argument: Expr) -> Value:
        if self.sign(value, argument) <= 0:
            raise OutOfDomain(argument, "is not positive, and its logarithm is taken")
        if isinstance(value, (Fraction, Expr)):
            return _closed(log(rational(value)), self)
        return self.context.log(value)

    def exponential(self, value: Value, argument: Expr) -> Value:
        if isinstance(value, (Fraction, Expr)):
            result = exp(rational(value))
            if result.is_Rational:
                return fraction(result)
        value = self.ball(value)
        if not (value.a > -MAX_EXPONENT and value.b < MAX_EXPONENT):
            raise OutOfDomain(argument, f"is beyond {MAX_EXPONENT:,} in size, and its exponential is taken")
        return self.context.exp(value)

    def tangent(self, value: Value, argument: Expr) -> Value:
        if isinstance(value, (Fraction, Expr)):
            result = tanh(rational(value)).rewrite(exp) if isinstance(value, Expr) else tanh(rational(value))
            if result.is_Rational:
                return fraction(result)
        # one occurrence of the interval keeps the result as narrow as the argument allows
        doubled = self.exponential(2 * self.ball(value), argument)
        return 1 - 2 / (1 + doubled)

    def error_function(self, value: Value, argument: Expr) -> Value:
        """erf at both ends (it increases), computed with 15 digits more and widened by far more than mpmath's error."""
        if isinstance(value, Fraction) and not value:
            return value
        ball = self.ball(value)
        plain = _plain(self.digits + 15)
        ends = [plain.erf(plain.mpf(getattr(ball, side)._mpi_[0 if side == "a" else 1])) for side in ("a", "b")]
        slack = self.context.mpf([-1, 1]) * self.context.mpf(10) ** (-self.digits - 5)
        low, high = (self.context.mpf(plain.nstr(end, self.digits + 14)) for end in ends)
        return self.context.mpf([(low * (1 + slack)).a, (high * (1 + slack)).b])

    def constant(self, which: Expr) -> Any:
        return self.context.pi if which is pi else self.context.e


@lru_cache(maxsize=8)
def _plain(digits: int) -> MPContext:
    """A context of its own: mpmath's global one belongs to whoever imports mpmath."""
    context = MPContext()
    context.dps = digits
    return context


@lru_cache(maxsize=4)
def shared(digits: int = SHOWN_DIGITS + 15) -> Arithmetic:
    """An Arithmetic for single evaluations, made once for each precision: mpmath's contexts are slow to build."""
    return Arithmetic(digits)


# ---------------------------------------------------------------------- conversion
def rational(value: Fraction | Expr | int) -> Expr:
    """A Fraction as SymPy's Rational; anything else as it is."""
    return Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value


def fraction(value: Expr) -> Fraction:
    """SymPy's Rational as a Fraction."""
    return Fraction(int(value.p), int(value.q))


def exact(value: Expr) -> Value:
    """A given number (Rational or closed form) as a value."""
    return fraction(value) if value.is_Rational else value


def public(value: Value) -> Expr:
    """The value as a real SymPy number: Rational, closed form, or a Float of SHOWN_DIGITS digits."""
    if isinstance(value, Fraction):
        return rational(value)
    if isinstance(value, Expr):
        return value
    return Float(to_str(value._mpi_[0], SHOWN_DIGITS), SHOWN_DIGITS)


def nearest(value: Value) -> Fraction:
    """The value as a Fraction: itself, or a number within its interval; a Float as the binary fraction it is."""
    if isinstance(value, Float):
        return _binary(value._mpf_)
    if isinstance(value, Expr):
        value = fraction(value) if value.is_Rational else shared().ball(value)
    if isinstance(value, Fraction):
        return value
    return end(value, 0)


def end(ball: Any, side: int) -> Fraction:
    """The lower (0) or upper (1) end of an interval, exactly."""
    return _binary(ball._mpi_[side])


def _binary(parts: tuple[int, int, int, int]) -> Fraction:
    """mpmath's (sign, mantissa, exponent, bits) as a Fraction."""
    sign, mantissa, exponent, _ = parts
    number = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -number if sign else number


def _closed(expression: Expr, arithmetic: Arithmetic) -> Value:
    """A closed form as it is kept: rational, short, or an interval."""
    if expression.is_Rational:
        return fraction(expression)
    if log_argument(expression) == 1:
        return Fraction(0)  # ln 6 - ln 2 - ln 3
    if count_ops(expression) <= CLOSED_OPERATIONS:
        return expression
    return _program(expression, True)(arithmetic, {})


def _closed_program(expression: Expr) -> Program:
    return _program(expression, True)


# ---------------------------------------------------------------------- compilation
@lru_cache(maxsize=100_000)
def _program(expression: Expr, inexact: bool = False) -> Program:
    """The expression as a closure; `inexact` makes every leaf an interval, so that closed forms are not built again."""
    if expression.is_Symbol:
        return lambda arithmetic, numbers: numbers[expression]
    if expression.is_Rational:
        value = fraction(expression)
        return (lambda arithmetic, numbers: arithmetic.ball(value)) if inexact else (lambda arithmetic, numbers: value)
    if isinstance(expression, (Pi, Exp1)):
        return (
            (lambda arithmetic, numbers: arithmetic.constant(expression))
            if inexact
            else (lambda arithmetic, numbers: expression)
        )
    arguments = [_program(arg, inexact) for arg in expression.args]
    if isinstance(expression, Add):
        return lambda arithmetic, numbers: arithmetic.add([argument(arithmetic, numbers) for argument in arguments])
    if isinstance(expression, Mul):
        return lambda arithmetic, numbers: arithmetic.multiply(
            [argument(arithmetic, numbers) for argument in arguments]
        )
    if isinstance(expression, Pow) and expression.exp.is_Rational:
        base, exponent = arguments[0], fraction(expression.exp)
        return lambda arithmetic, numbers: arithmetic.power(base(arithmetic, numbers), exponent, expression)
    if isinstance(expression, Pow):
        return _program(exp(expression.exp * log(expression.base), evaluate=False), inexact)
    for kind, method in (
        (log, Arithmetic.logarithm),
        (exp, Arithmetic.exponential),
        (tanh, Arithmetic.tangent),
        (erf, Arithmetic.error_function),
    ):
        if isinstance(expression, kind):
            return _called(method, arguments[0], expression.args[0])
    if isinstance(expression, Kinked):
        return _kinked(expression, arguments[0])
    if isinstance(expression, Smooth):
        return _smooth(expression, arguments)
    raise TypeError(f"no arithmetic for {type(expression).__name__}")


def _called(method: Callable[[Arithmetic, Value, Expr], Value], inner: Program, argument: Expr) -> Program:
    return lambda arithmetic, numbers: method(arithmetic, inner(arithmetic, numbers), argument)


def _kinked(expression: Kinked, argument: Program) -> Program:
    t, *parameters = expression.args
    branches = {sign: _program(expression.branch(sign, t, *parameters)) for sign in (-1, 0, 1)}
    return lambda arithmetic, numbers: branches[arithmetic.sign(argument(arithmetic, numbers), t)](arithmetic, numbers)


def _smooth(expression: Smooth, arguments: list[Program]) -> Program:
    """Exactly where the function's own `eval` knows the value, else by its elementary formula."""
    expanded = _program(expression.expanded)

    def run(arithmetic: Arithmetic, numbers: Mapping[Symbol, Value]) -> Value:
        values = [argument(arithmetic, numbers) for argument in arguments]
        if all(isinstance(value, (Fraction, Expr)) for value in values):
            known = expression.func(*map(rational, values))
            if not isinstance(known, type(expression)):
                return _closed(known, arithmetic)
        return expanded(arithmetic, numbers)

    return run


__all__ = [
    "Arithmetic",
    "OutOfDomain",
    "Undecided",
    "Value",
    "end",
    "exact",
    "fraction",
    "nearest",
    "public",
    "rational",
]
