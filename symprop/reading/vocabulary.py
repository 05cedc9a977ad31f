"""Names of functions a student may call -> what builds their values and derivatives. A table; knows no exercise.

Names of several letters are read whatever their capitals (ReLU, relu, RELU); H, I and the Greek ones as they stand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sympy import Dummy, Expr, S, cosh, erf, exp, log, sech, sinh, sqrt, tanh

from symprop import functions
from symprop.functions import ACTIVATIONS, CONVENTIONAL, maximum

Build = Callable[..., Expr]


@dataclass(frozen=True, slots=True)
class Function:
    """`build` makes the value from `arity` arguments. `whole` instead takes a matrix as a list of rows and gives such a list."""

    arity: int
    build: Build
    whole: Callable[[list[list[Expr]]], list[list[Expr]]] | None = None


def _maximum(s: Expr, t: Expr) -> Expr:
    """max(s, t); max(0, t) as relu(t), which it is."""
    return functions.relu(t) if s == 0 else maximum(s, t)


def _minimum(s: Expr, t: Expr) -> Expr:
    return s - functions.relu(s - t)


def _sign(t: Expr) -> Expr:
    return functions.step(t) - functions.step(-t)


def _identity(t: Expr) -> Expr:
    return t


_DEFAULTS = {name: (lambda t, row=row: row.value(t, **row.parameters)) for name, row in ACTIVATIONS.items()}
_ROWS: dict[str, tuple[int, Build]] = {
    "relu": (1, functions.relu),
    "leakyrelu leaky_relu": (1, _DEFAULTS["leaky_relu"]),
    "elu": (1, _DEFAULTS["elu"]),
    "sigmoid logistic sigma expit sig": (1, functions.logistic),
    "tanh": (1, tanh),
    "sinh": (1, sinh),
    "cosh": (1, cosh),
    "sech": (1, sech),
    "exp": (1, exp),
    "ln log": (1, log),
    "sqrt": (1, sqrt),
    "softplus": (1, functions.softplus),
    "gelu": (1, functions.gelu),
    "swish silu": (1, functions.swish),
    "erf": (1, erf),
    "abs absolute fabs": (1, functions.absolute),
    "sign sgn": (1, _sign),
    "identity id linear": (1, _identity),
    "max maximum": (2, _maximum),
    "min minimum": (2, _minimum),
    "heaviside step H": (1, functions.step),
    "square": (1, lambda t: t**2),
    "Phi": (1, functions.Phi),
    "phi": (1, functions.phi),
}
FUNCTIONS: dict[str, Function] = {name: Function(*row) for names, row in _ROWS.items() for name in names.split()}
#: Functions that write their arguments out twice, so that a nest of them doubles with every level.
DOUBLING = frozenset(("max", "maximum", "min", "minimum"))
#: Calls whose one argument is a condition: 1 where it holds, else 0.
INDICATORS = frozenset(("I", "indicator", "ind", "int", "float", "bool"))
#: Labels below a function's name that mean its derivative: relu_prime(z).
PRIMES = frozenset(("prime", "deriv", "derivative", "grad"))


def known(name: str, own: Mapping[str, Function]) -> Function | None:
    """The function of that name: the exercise's own first."""
    for key in (name, name.lower()) if len(name) > 1 and name not in ("Phi", "PHI") else (name,):
        if key in own:
            return own[key]
        if key in FUNCTIONS:
            return FUNCTIONS[key]
    return None


@lru_cache(maxsize=256)
def derivative(of: Function, at_zero: Expr = S.Zero) -> Function | None:
    """The derivative of a function of one argument; None where there is none to speak of (step, max)."""
    if of.arity != 1 or of.build is functions.step or of.build is _sign:
        return None
    t = Dummy("t", real=True)
    try:
        slope = of.build(t).diff(t)
    except ValueError:  # its argument decides which function it is
        return Function(1, lambda u: of.build(u).diff(u))
    if at_zero != 0:
        slope = slope.replace(lambda e: isinstance(e, CONVENTIONAL), lambda e: e.func(*e.args, at_zero))
    return Function(1, lambda u: slope.xreplace({t: u}))
