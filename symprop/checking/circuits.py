"""Expressions -> one circuit of shared operations, evaluated at a point to fractions or proved intervals.

In: SymPy expressions, among them Max, Min, Abs, Piecewise, Heaviside and the functions of `symprop.functions`; every kink
becomes one operation, a choice by the sign of its argument. Out: numbers over the reals, exact fractions as long as they are
short, else mpmath's intervals. Costs are counted in operations, not seconds, so that verdicts do not depend on the machine.
Knows no network; decides nothing about equality.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import Any, TypeAlias

from mpmath.libmp import from_int, from_man_exp, fzero, mpf_erf, mpf_gt, mpf_lt, mpf_sign
from mpmath.libmp.libmpi import (
    mpi_add,
    mpi_div,
    mpi_exp,
    mpi_log,
    mpi_mul,
    mpi_pi,
    mpi_sqrt,
    mpi_sub,
)
from sympy import (
    Abs,
    Add,
    Eq,
    Expr,
    Float,
    Ge,
    Gt,
    Heaviside,
    Le,
    Lt,
    Max,
    Min,
    Mul,
    Ne,
    Piecewise,
    Pow,
    S,
    Symbol,
    cosh,
    coth,
    csch,
    erf,
    exp,
    log,
    sech,
    sign,
    sinh,
    tanh,
)
from sympy.core.relational import Relational
from sympy.logic.boolalg import ITE, And, Boolean, BooleanFalse, BooleanTrue, Not, Or

from symprop.functions import Kinked, Smooth

#: A fraction, or an interval as mpmath's pair of raw numbers.
Number: TypeAlias = Any
#: (kind, payload...): ("add", i, j, ...), ("pow", i, n), ("choice", t, below, at, above), ...
Operation: TypeAlias = tuple[Any, ...]

#: Operations of one circuit; beyond it nothing is compared.
MOST_OPERATIONS = 20_000
#: Bits of numerator and denominator together up to which a fraction stays exact.
EXACT_BITS = 600
#: |t| up to which e^t is computed; above it a point has no value, below it e^t is an interval from 0.
MOST_EXPONENT = 10**5
#: |n| of an integer power; beyond it a point has no value.
MOST_POWER = 10**6
#: What an operation costs, in additions.
COSTS = {"exp": 8, "log": 8, "tanh": 10, "erf": 20, "root": 4, "pow": 3}
_BRANCHES = {Gt: (0, 0, 1), Ge: (0, 1, 1), Lt: (1, 0, 0), Le: (1, 1, 0), Eq: (0, 1, 0), Ne: (1, 0, 1)}
_HYPERBOLIC = (sinh, cosh, coth, sech, csch)
_BIG = from_int(MOST_EXPONENT)
_ONE = (from_int(1), from_int(1))


class Unsupported(Exception):
    """The expression holds something that is no real elementary function, or is too large."""


class NoValue(Exception):
    """The expression has no finite real value at the point, or none that can be told at this precision."""


class Spent(Exception):
    """The operations allowed are used up."""


class Budget:
    """Operations that may still be spent."""

    def __init__(self, operations: int) -> None:
        self.left = operations

    def spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise Spent


class Circuit:
    """Operations, each written once, children before parents. `definitions` are composed into whatever is added."""

    def __init__(self, definitions: Mapping[Symbol, Expr] | None = None) -> None:
        self.operations: list[Operation] = []
        self.symbols: list[frozenset[Symbol]] = []
        self.kinks: list[frozenset[int]] = []
        self.shown: dict[int, Expr] = {}
        self._ids: dict[Operation, int] = {}
        self._known: dict[Any, int] = {}
        self._definitions = definitions or {}
        self._open: set[Symbol] = set()

    def put(self, *operation: Any) -> int:
        """The number of an operation. Raises Unsupported when there are too many."""
        found = self._ids.get(operation)
        if found is None:
            found = len(self.operations)
            if found >= MOST_OPERATIONS:
                raise Unsupported("too large")
            self._ids[operation] = found
            self.operations.append(operation)
            inner = self.children(operation)
            own = frozenset(operation[1:]) if operation[0] == "symbol" else frozenset()
            self.symbols.append(own.union(*(self.symbols[i] for i in inner)))
            here = frozenset((operation[1],)) if operation[0] == "choice" else frozenset()
            self.kinks.append(here.union(*(self.kinks[i] for i in inner)))
        return found

    @staticmethod
    def children(operation: Operation) -> tuple[int, ...]:
        kind = operation[0]
        if kind in ("number", "symbol", "pi", "undefined"):
            return ()
        return operation[1:2] if kind in ("pow", "root") else operation[1:]

    def number(self, value: Fraction | int) -> int:
        return self.put("number", Fraction(value))

    def add(self, expression: Any) -> int:
        """The operation that computes the expression. Raises Unsupported."""
        found = self._known.get(expression)
        if found is None:
            found = self._known[expression] = self._added(expression)
        if isinstance(expression, Expr) and (expression.is_Symbol or found not in self.shown):
            self.shown[found] = expression
        return found

    def _added(self, e: Any) -> int:
        if isinstance(e, Symbol):
            return self._symbol(e)
        if isinstance(e, Float):
            return self.number(_decimal(e))
        if getattr(e, "is_Rational", False):
            return self.number(Fraction(int(e.p), int(e.q)))
        if e is S.Pi:
            return self.put("pi")
        if e is S.Exp1:
            return self.put("exp", self.number(1))
        if isinstance(e, (Add, Mul)):
            parts = sorted(self.add(arg) for arg in e.args)
            return self.put("add" if isinstance(e, Add) else "mul", *parts)
        if isinstance(e, Pow):
            return self._power(e)
        for kind, of in (("exp", exp), ("log", log), ("tanh", tanh), ("erf", erf)):
            if isinstance(e, of) and len(e.args) == 1:
                return self.put(kind, self.add(e.args[0]))
        if isinstance(e, _HYPERBOLIC):
            return self.add(e.rewrite(exp))
        if isinstance(e, Smooth):
            return self.add(e.expanded)
        return self._kinked(e)

    def _symbol(self, e: Symbol) -> int:
        if e not in self._definitions:
            if not e.is_commutative or e.is_real is False or e.is_integer:
                raise Unsupported(f"{e} is not any real number")
            return self.put("symbol", e)
        if e in self._open:
            raise Unsupported(f"{e} is defined by itself")
        self._open.add(e)
        found = self.add(self._definitions[e])
        self._open.discard(e)
        return found

    def _power(self, e: Pow) -> int:
        base = self.add(e.base)
        if e.exp.is_Integer:
            return self.put("pow", base, int(e.exp))
        if e.exp.is_Rational:
            root = self.put("root", base, int(e.exp.q))
            return root if e.exp.p == 1 else self.put("pow", root, int(e.exp.p))
        return self.put("exp", self.put("mul", *sorted((self.add(e.exp), self.put("log", base)))))

    def _kinked(self, e: Any) -> int:
        if isinstance(e, Kinked):
            t, *parameters = e.args
            return self.choice(t, *(e.branch(side, t, *parameters) for side in (-1, 0, 1)))
        if isinstance(e, (Max, Min)):
            first, *rest = e.args
            other = rest[0] if len(rest) == 1 else e.func(*rest, evaluate=False)
            small, large = (other, first) if isinstance(e, Max) else (first, other)
            return self._choice(self._difference(first, other), self.add(small), self.add(first), self.add(large))
        if isinstance(e, Abs):
            t = e.args[0]
            return self.choice(t, -t, S.Zero, t)
        if isinstance(e, sign):
            return self.choice(e.args[0], S.NegativeOne, S.Zero, S.One)
        if isinstance(e, Heaviside):
            return self.choice(e.args[0], S.Zero, e.args[1], S.One)
        if isinstance(e, Piecewise):
            found = self.put("undefined")
            for value, condition in reversed(e.args):
                found = self._select(condition, self.add(value), found)
            return found
        if isinstance(e, (BooleanTrue, BooleanFalse, Boolean)):
            return self._select(e, self.number(1), self.number(0))
        raise Unsupported(type(e).__name__)

    def choice(self, t: Expr, below: Expr, at: Expr, above: Expr) -> int:
        """`below`, `at` or `above` by the sign of t."""
        return self._choice(self.add(t), self.add(below), self.add(at), self.add(above))

    def _choice(self, t: int, below: int, at: int, above: int) -> int:
        return below if below == at == above else self.put("choice", t, below, at, above)

    def _difference(self, left: Any, right: Any) -> int:
        if right is S.Zero:
            return self.add(left)
        if left is S.Zero:
            return self.put("mul", *sorted((self.number(-1), self.add(right))))
        return self.add(left - right)

    def _select(self, condition: Any, yes: int, no: int) -> int:
        """`yes` where the condition holds, else `no`."""
        if condition in (True, S.true):
            return yes
        if condition in (False, S.false):
            return no
        if isinstance(condition, Not):
            return self._select(condition.args[0], no, yes)
        if isinstance(condition, And):
            for part in condition.args:
                yes = self._select(part, yes, no)
            return yes
        if isinstance(condition, Or):
            for part in condition.args:
                no = self._select(part, yes, no)
            return no
        if isinstance(condition, ITE):
            test, then, otherwise = condition.args
            return self._select(test, self._select(then, yes, no), self._select(otherwise, yes, no))
        if isinstance(condition, Relational) and type(condition) in _BRANCHES:
            sides = [(no, yes)[i] for i in _BRANCHES[type(condition)]]
            return self._choice(self._difference(condition.lhs, condition.rhs), *sides)
        raise Unsupported(type(condition).__name__)


class Evaluation:
    """One circuit's values at one point; a symbol's value may be an interval, `forced` signs hold whatever is computed.

    `signs` collects the signs of the kinks met, argument -> -1, 0, 1; `zeros` the choices among them whose argument is 0.
    """

    def __init__(
        self,
        circuit: Circuit,
        point: Mapping[Symbol, Number],
        budget: Budget,
        bits: int = 200,
        forced: Mapping[int, int] | None = None,
    ) -> None:
        self.circuit, self.point, self.budget, self.bits = circuit, point, budget, bits
        self.signs: dict[int, int] = {}
        self.zeros: set[Operation] = set()
        self._forced = forced or {}
        self._values: dict[int, Number] = {}

    def value(self, i: int) -> Number:
        """The value of operation `i`. Raises NoValue and Spent."""
        found = self._values.get(i)
        if found is None:
            operation = self.circuit.operations[i]
            self.budget.spend(COSTS.get(operation[0], len(operation) - 1))
            found = self._values[i] = self._kept(_METHODS[operation[0]](self, operation))
        return found

    def sign(self, i: int) -> int:
        """The sign of operation `i`, proved. Raises NoValue and Spent."""
        return self._forced[i] if i in self._forced else signum(self.value(i))

    def jumps(self) -> set[int]:
        """Arguments of the choices met at 0 whose three branches differ here: their value is a convention.

        A continuous kink is none, even where its argument is 0 throughout, as behind a unit that is dead.
        """
        return {operation[1] for operation in tuple(self.zeros) if not self._continuous(operation)}

    def _continuous(self, operation: Operation) -> bool:
        try:
            below, at, above = (self.value(i) for i in operation[2:])
        except NoValue:
            return False
        return relation(below, at, self.bits) == relation(at, above, self.bits) == "same"

    def _kept(self, value: Number) -> Number:
        if isinstance(value, Fraction):
            size = value.numerator.bit_length() + value.denominator.bit_length()
            return self.ball(value) if size > EXACT_BITS else value
        if value[0][1] == value[1][1] == 0 and value[0] == value[1] == fzero:
            return Fraction(0)
        if not (_finite(value[0]) and _finite(value[1])):
            raise NoValue
        return value

    def ball(self, value: Number) -> Any:
        """The value as an interval."""
        if not isinstance(value, Fraction):
            return value
        top = from_int(value.numerator)
        if value.denominator == 1:
            return (top, top)
        bottom = from_int(value.denominator)
        return mpi_div((top, top), (bottom, bottom), self.bits)

    def _number(self, operation: Operation) -> Number:
        return operation[1]

    def _symbol(self, operation: Operation) -> Number:
        return self.point[operation[1]]

    def _pi(self, operation: Operation) -> Number:
        return mpi_pi(self.bits)

    def _undefined(self, operation: Operation) -> Number:
        raise NoValue

    def _sum(self, operation: Operation) -> Number:
        exact, inexact = Fraction(0), None
        for i in operation[1:]:
            value = self.value(i)
            if isinstance(value, Fraction):
                exact += value
            else:
                inexact = value if inexact is None else mpi_add(inexact, value, self.bits)
        if inexact is None:
            return exact
        return mpi_add(inexact, self.ball(exact), self.bits) if exact else inexact

    def _product(self, operation: Operation) -> Number:
        exact, inexact = Fraction(1), None
        for value in [self.value(i) for i in operation[1:]]:
            if isinstance(value, Fraction):
                exact *= value
            else:
                inexact = value if inexact is None else mpi_mul(inexact, value, self.bits)
        if inexact is None or not exact:
            return exact
        return mpi_mul(inexact, self.ball(exact), self.bits) if exact != 1 else inexact

    def _power(self, operation: Operation) -> Number:
        base, n = self.value(operation[1]), operation[2]
        if abs(n) > MOST_POWER:
            raise NoValue
        if n < 0 and signum(base) == 0:
            raise NoValue
        if isinstance(base, Fraction):
            size = max(base.numerator.bit_length(), base.denominator.bit_length())
            if size * abs(n) <= EXACT_BITS or abs(base) in (0, 1):
                return base**n
            base = self.ball(base)
        result, square, rest = _ONE, base, abs(n)
        if rest % 2 == 0 and not signum_or_none(base):
            # an even power of an interval around 0 is not negative, which plain products do not see
            low = mpf_sign(base[0]) < 0 and (base[0][0] ^ 1, *base[0][1:])
            square = (fzero, base[1] if not low or mpf_gt(base[1], low) else low)
        while rest:
            if rest & 1:
                result = mpi_mul(result, square, self.bits)
            rest >>= 1
            if rest:
                square = mpi_mul(square, square, self.bits)
        return mpi_div(_ONE, result, self.bits) if n < 0 else result

    def _root(self, operation: Operation) -> Number:
        base, degree = self.value(operation[1]), operation[2]
        side = signum(base)
        if side < 0:
            raise NoValue
        if side == 0:
            return Fraction(0)
        if isinstance(base, Fraction):
            if degree == 2:
                top, bottom = isqrt(base.numerator), isqrt(base.denominator)
                if top * top == base.numerator and bottom * bottom == base.denominator:
                    return Fraction(top, bottom)
            base = self.ball(base)
        if degree == 2:
            return mpi_sqrt(base, self.bits)
        return self._exponential(mpi_div(mpi_log(base, self.bits), self.ball(Fraction(degree)), self.bits))

    def _exponential(self, value: Number) -> Number:
        value = self.ball(value)
        if mpf_gt(value[1], _BIG):
            raise NoValue
        if mpf_lt(value[0], _NEGATIVE_BIG):
            top = value[1] if mpf_gt(value[1], _NEGATIVE_BIG) else _NEGATIVE_BIG
            return (fzero, mpi_exp((top, top), self.bits)[1])
        return mpi_exp(value, self.bits)

    def _exp(self, operation: Operation) -> Number:
        value = self.value(operation[1])
        return Fraction(1) if isinstance(value, Fraction) and not value else self._exponential(value)

    def _log(self, operation: Operation) -> Number:
        value = self.value(operation[1])
        if signum(value) <= 0:
            raise NoValue
        return Fraction(0) if isinstance(value, Fraction) and value == 1 else mpi_log(self.ball(value), self.bits)

    def _tanh(self, operation: Operation) -> Number:
        value = self.value(operation[1])
        if isinstance(value, Fraction) and not value:
            return value
        if signum(value) > 0:  # e^(-2|t|) never overflows
            other = self._exponential(mpi_mul(self.ball(value), (_MINUS_TWO, _MINUS_TWO), self.bits))
            return mpi_sub(mpi_div((_TWO, _TWO), mpi_add(_ONE, other, self.bits), self.bits), _ONE, self.bits)
        other = self._exponential(mpi_mul(self.ball(value), (_TWO, _TWO), self.bits))
        return mpi_sub(_ONE, mpi_div((_TWO, _TWO), mpi_add(_ONE, other, self.bits), self.bits), self.bits)

    def _erf(self, operation: Operation) -> Number:
        """erf at both ends (it increases), with 30 bits more and widened by far more than mpmath's error."""
        value = self.value(operation[1])
        if isinstance(value, Fraction) and not value:
            return value
        low, high = self.ball(value)
        if mpf_gt(high, _BIG) or mpf_lt(low, _NEGATIVE_BIG):
            raise NoValue
        slack = from_man_exp(1, -self.bits)
        near = (mpf_erf(low, self.bits + 30), mpf_erf(high, self.bits + 30))
        around = ((slack[0] ^ 1, *slack[1:]), slack)
        return mpi_add(near, mpi_mul(near, around, self.bits) if signum_or_none(near) else around, self.bits)

    def _choice(self, operation: Operation) -> Number:
        _, t, *branches = operation
        side = self._forced[t] if t in self._forced else signum_or_none(self.value(t))
        if side is None:
            # t is 0 or next to it, and no precision may tell: whichever branch it is lies between them all
            ends = [self.ball(self.value(i)) for i in branches]
            low, high = ends[0]
            for other_low, other_high in ends[1:]:
                low = other_low if mpf_lt(other_low, low) else low
                high = other_high if mpf_gt(other_high, high) else high
            return (low, high)
        self.signs[t] = side
        if not side:
            self.zeros.add(operation)
        return self.value(branches[side + 1])


_TWO, _MINUS_TWO, _NEGATIVE_BIG = from_int(2), from_int(-2), from_int(-MOST_EXPONENT)
_METHODS: dict[str, Callable[[Evaluation, Operation], Number]] = {
    "number": Evaluation._number,
    "symbol": Evaluation._symbol,
    "pi": Evaluation._pi,
    "undefined": Evaluation._undefined,
    "add": Evaluation._sum,
    "mul": Evaluation._product,
    "pow": Evaluation._power,
    "root": Evaluation._root,
    "exp": Evaluation._exp,
    "log": Evaluation._log,
    "tanh": Evaluation._tanh,
    "erf": Evaluation._erf,
    "choice": Evaluation._choice,
}


def signum_or_none(value: Number) -> int | None:
    """-1, 0 or 1, proved; None where the interval holds 0 and more."""
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    if mpf_sign(value[0]) > 0:
        return 1
    if mpf_sign(value[1]) < 0:
        return -1
    return 0 if value[0] == value[1] == fzero else None


def signum(value: Number) -> int:
    """-1, 0 or 1, proved. Raises NoValue where the interval holds 0 and more."""
    found = signum_or_none(value)
    if found is None:
        raise NoValue
    return found


def relation(left: Number, right: Number, bits: int) -> str:
    """ "differ", "same" (not told apart, and known to three quarters of the bits), "vague" (too wide to say)."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return "same" if left == right else "differ"
    left, right = (_interval(value, bits) for value in (left, right))
    if mpf_gt(left[0], right[1]) or mpf_lt(left[1], right[0]):
        return "differ"
    gap = mpi_sub(left, right, 53)
    top = max(_exponent(end) for end in (*left, *right, from_int(1)))
    return "same" if all(_exponent(end) <= top - 3 * bits // 4 for end in gap) else "vague"


def _interval(value: Number, bits: int) -> Any:
    return Evaluation(_EMPTY, {}, Budget(0), bits).ball(value)


_EMPTY = Circuit()


def _exponent(end: Any) -> float:
    """The binary order of magnitude of one of mpmath's raw numbers."""
    return end[2] + end[3] if end[1] else float("-inf")


def _finite(end: Any) -> bool:
    return bool(end[1]) or end == fzero


@lru_cache(maxsize=1000)
def _decimal(value: Float) -> Fraction:
    """The shortest decimal that the float stands for: 0.1 is 1/10; a longer Float is the binary fraction it is."""
    if value._prec <= 53:
        return Fraction(repr(float(value)))
    negative, mantissa, exponent, _ = value._mpf_
    return Fraction(-int(mantissa) if negative else int(mantissa)) * Fraction(2) ** int(exponent)


__all__ = [
    "Budget",
    "Circuit",
    "Evaluation",
    "NoValue",
    "Number",
    "Operation",
    "Spent",
    "Unsupported",
    "relation",
    "signum",
    "signum_or_none",
]
