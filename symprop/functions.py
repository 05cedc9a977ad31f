"""Activations and losses as SymPy functions: value, derivative, kink convention. Knows no network and no notation.

Every class evaluates exactly where it can (`logistic(log(3))` is 3/4), becomes a number under `.subs` and `N`, and
differentiates by `fdiff`. Smooth ones state themselves in elementary functions (`expanded`), kinked ones state each
side of their kink (`branch`), so that exact and interval arithmetic evaluate them from one definition.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sympy import Add, Expr, Function, Integer, Piecewise, Rational, S, erf, exp, log, pi, sqrt, tanh
from sympy.core.function import ArgumentIndexError

HALF = Rational(1, 2)


def log_argument(t: Expr) -> Expr | None:
    """The rational r with t = ln r, when t is a rational combination of logarithms of rationals; else None."""
    result: Expr = S.One
    for term in t.as_ordered_terms() if not t.is_zero else ():
        coefficient, rest = term.as_coeff_Mul()
        if not (
            isinstance(rest, log) and rest.args[0].is_Rational and coefficient.is_Rational and abs(coefficient) <= 64
        ):
            return None
        power = rest.args[0] ** coefficient
        if not power.is_Rational:
            return None
        result *= power
    return result


class Smooth(Function):
    """A function with one formula: `expanded` says it in exp, log, tanh and erf."""

    @property
    def expanded(self) -> Expr:
        raise NotImplementedError

    def _eval_evalf(self, prec: int) -> Any:
        return self.expanded._eval_evalf(prec) if self.expanded.is_number else None

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> Any:
        return self.func(*args).expanded.rewrite(rule)

    def doit(self, **hints: Any) -> Any:
        """The elementary formula."""
        return self.expanded.doit(**hints)

    def _eval_is_real(self) -> bool | None:
        return all(arg.is_real for arg in self.args) or None


class logistic(Smooth):
    """1/(1 + e^-t); derivative s(1 - s)."""

    nargs = 1

    @classmethod
    def eval(cls, t: Expr) -> Expr | None:
        if t is S.Infinity or t is S.NegativeInfinity:
            return S.One if t is S.Infinity else S.Zero
        r = log_argument(t) if t.is_number else None
        return None if r is None else r / (1 + r)

    def fdiff(self, argindex: int = 1) -> Expr:
        return self * (1 - self)

    @property
    def expanded(self) -> Expr:
        return 1 / (1 + exp(-self.args[0]))


class softplus(Smooth):
    """ln(1 + e^t); derivative: the logistic function."""

    nargs = 1

    @classmethod
    def eval(cls, t: Expr) -> Expr | None:
        r = log_argument(t) if t.is_number else None
        return None if r is None else log(1 + r)

    def fdiff(self, argindex: int = 1) -> Expr:
        return logistic(self.args[0])

    @property
    def expanded(self) -> Expr:
        return log(1 + exp(self.args[0]))


class Phi(Smooth):
    """Distribution function of the standard normal, (1 + erf(t/sqrt 2))/2."""

    nargs = 1

    @classmethod
    def eval(cls, t: Expr) -> Expr | None:
        return HALF if t.is_zero else None

    def fdiff(self, argindex: int = 1) -> Expr:
        return phi(self.args[0])

    @property
    def expanded(self) -> Expr:
        return (1 + erf(self.args[0] / sqrt(2))) / 2


class phi(Smooth):
    """Density of the standard normal, e^(-t^2/2)/sqrt(2 pi)."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return -self.args[0] * self

    @property
    def expanded(self) -> Expr:
        return exp(-(self.args[0] ** 2) / 2) / sqrt(2 * pi)


class gelu(Smooth):
    """t Phi(t), the exact form of Hendrycks and Gimpel (2016)."""

    nargs = 1

    @classmethod
    def eval(cls, t: Expr) -> Expr | None:
        return S.Zero if t.is_zero else None

    def fdiff(self, argindex: int = 1) -> Expr:
        t = self.args[0]
        return Phi(t) + t * phi(t)

    @property
    def expanded(self) -> Expr:
        t = self.args[0]
        return t * (1 + erf(t / sqrt(2))) / 2


class gelu_tanh(Smooth):
    """t/2 (1 + tanh(sqrt(2/pi) (t + 0.044715 t^3))), the approximation of Hendrycks and Gimpel (2016)."""

    nargs = 1

    @classmethod
    def eval(cls, t: Expr) -> Expr | None:
        return S.Zero if t.is_zero else None

    @staticmethod
    def inner(t: Expr) -> Expr:
        """The argument of tanh."""
        return sqrt(2 / pi) * (t + Rational(44715, 1000000) * t**3)

    def fdiff(self, argindex: int = 1) -> Expr:
        t = self.args[0]
        bend = tanh(self.inner(t))
        slope = sqrt(2 / pi) * (1 + Rational(134145, 1000000) * t**2)
        return (1 + bend) / 2 + t * (1 - bend**2) * slope / 2

    @property
    def expanded(self) -> Expr:
        return self.args[0] * (1 + tanh(self.inner(self.args[0]))) / 2


class swish(Smooth):
    """t s(beta t), s the logistic function."""

    nargs = (1, 2)

    @classmethod
    def eval(cls, t: Expr, beta: Expr = S.One) -> Expr | None:
        gate = logistic(beta * t) if t.is_number else None
        return t * gate if gate is not None and not isinstance(gate, logistic) else None

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        t, beta = self.args[0], self.args[1] if len(self.args) > 1 else S.One
        gate = logistic(beta * t)
        return gate + beta * t * gate * (1 - gate)

    @property
    def expanded(self) -> Expr:
        t, beta = self.args[0], self.args[1] if len(self.args) > 1 else S.One
        return t * logistic(beta * t).expanded


class softmax(Smooth):
    """softmax(k, t_1, ..., t_K) = e^(t_k) / sum_j e^(t_j); d/dt_j = p_k (delta_kj - p_j), the full Jacobian."""

    @classmethod
    def eval(cls, k: Expr, *t: Expr) -> Expr | None:
        if not (k.is_Integer and 1 <= k <= len(t)):
            raise ValueError("softmax(k, t1, ..., tK) needs k in 1...K")
        if all(u.is_number for u in t):
            ratios = [log_argument(u - t[int(k) - 1]) for u in t]
            if all(r is not None for r in ratios):
                return 1 / Add(*ratios)
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        k, *t = self.args
        if argindex == 1:
            raise ArgumentIndexError(self, argindex)
        other = softmax(Integer(argindex - 1), *t)
        return self * (1 - self) if argindex - 1 == k else -self * other

    @property
    def expanded(self) -> Expr:
        k, *t = self.args
        return exp(t[int(k) - 1]) / sum((exp(u) for u in t), S.Zero)


class Kinked(Function):
    """A function with one formula on each side of 0 and a stated value there."""

    #: Whether the two sides differ at 0, so that the side (or a convention) matters even for the printed value.
    jumps = False

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        """The formula for t < 0, t = 0, t > 0 (sign -1, 0, 1)."""
        raise NotImplementedError

    @classmethod
    def eval(cls, t: Expr, *parameters: Expr) -> Expr | None:
        if not t.is_number:
            return None
        sign = 0 if t.is_zero else 1 if t.is_positive else -1 if t.is_negative else None
        return None if sign is None else cls.branch(sign, t, *parameters)

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> Any:
        return self.doit().rewrite(rule) if rule is not Piecewise else self.doit()

    def doit(self, **hints: Any) -> Any:
        """The same as a Piecewise."""
        t, *parameters = self.args
        below, at, above = (self.branch(sign, t, *parameters) for sign in (-1, 0, 1))
        return Piecewise((above, t > 0), (below, t < 0), (at, True))

    def _eval_evalf(self, prec: int) -> Any:
        t, *parameters = self.args
        number = t._eval_evalf(prec) if t.is_number else None
        return None if number is None else self.func(number, *parameters)

    def _eval_is_real(self) -> bool | None:
        return all(arg.is_real for arg in self.args) or None


class relu(Kinked):
    """max(0, t)."""

    nargs = 1

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return t if sign > 0 else S.Zero

    def fdiff(self, argindex: int = 1) -> Expr:
        return relu_prime(self.args[0])


class relu_prime(Kinked):
    """1 for t > 0, 0 for t < 0; at 0 the convention: 0 (scikit-learn, PyTorch, JAX) or the second argument."""

    nargs = (1, 2)
    jumps = True

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return S.One if sign > 0 else S.Zero if sign < 0 else parameters[0] if parameters else S.Zero

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero


class leaky_relu(Kinked):
    """t for t > 0, else slope t."""

    nargs = 2

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return t if sign > 0 else parameters[0] * t if sign < 0 else S.Zero

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return leaky_relu_prime(*self.args)


class leaky_relu_prime(Kinked):
    """1 for t > 0, slope for t < 0; at 0 the convention c of ReLU moved along: slope + (1 - slope) c."""

    nargs = (2, 3)
    jumps = True

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        slope, convention = parameters[0], parameters[1] if len(parameters) > 1 else S.Zero
        return S.One if sign > 0 else slope if sign < 0 else slope + (1 - slope) * convention

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero


class elu(Kinked):
    """t for t > 0, else alpha (e^t - 1)."""

    nargs = 2

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return t if sign > 0 else parameters[0] * (exp(t) - 1) if sign < 0 else S.Zero

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return elu_prime(*self.args)


class elu_prime(Kinked):
    """1 for t > 0, alpha e^t for t < 0; at 0 alpha + (1 - alpha) c, which is 1 for alpha = 1 whatever the convention."""

    nargs = (2, 3)
    jumps = True

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        alpha, convention = parameters[0], parameters[1] if len(parameters) > 1 else S.Zero
        return S.One if sign > 0 else alpha * exp(t) if sign < 0 else alpha + (1 - alpha) * convention

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        t, alpha = self.args[0], self.args[1]
        return (1 - relu_prime(t)) * alpha * exp(t)


class absolute(Kinked):
    """|t|; SymPy's own Abs has a derivative that no convention reaches."""

    nargs = 1

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return t if sign > 0 else -t if sign < 0 else S.Zero

    def fdiff(self, argindex: int = 1) -> Expr:
        return absolute_prime(self.args[0])


class absolute_prime(Kinked):
    """The sign of t: 1, -1, and 0 at 0 whatever the convention of ReLU, for |t| = relu(t) + relu(-t)."""

    nargs = (1, 2)
    jumps = True

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return Integer(sign)

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero


class step(Kinked):
    """1 for t > 0, else 0: the perceptron's activation. It has no useful derivative; a gradient through it is refused."""

    nargs = 1
    jumps = True

    @classmethod
    def branch(cls, sign: int, t: Expr, *parameters: Expr) -> Expr:
        return S.One if sign > 0 else S.Zero

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero


#: Derivatives whose value at 0 is a convention; derive.py hands the exercise's convention in as last argument.
CONVENTIONAL = (relu_prime, leaky_relu_prime, elu_prime, absolute_prime)


@dataclass(frozen=True, slots=True)
class Activation:
    """A row of the table: `value(t, **parameters)` for one unit; softmax sees its whole layer instead."""

    value: Callable[..., Expr]
    parameters: dict[str, Expr] = field(default_factory=dict)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda t: t),
    "logistic": Activation(logistic),
    "tanh": Activation(tanh),
    "relu": Activation(relu),
    "leaky_relu": Activation(lambda t, slope: leaky_relu(t, slope), {"slope": Rational(1, 100)}),
    "elu": Activation(lambda t, alpha: elu(t, alpha), {"alpha": S.One}),
    "softplus": Activation(softplus),
    "gelu": Activation(gelu),
    "swish": Activation(lambda t, beta: swish(t) if beta == 1 else swish(t, beta), {"beta": S.One}),
    "exp": Activation(exp),
    "softmax": Activation(softmax),
    "step": Activation(step),
}
ACTIVATION_ALIASES = {"sigmoid": "logistic", "linear": "identity", "silu": "swish"}


def maximum(s: Expr, t: Expr) -> Expr:
    """max(s, t) as t + relu(s - t)."""
    return t + relu(s - t)


#: What a user's formula may call: name -> (number of arguments, function).
FORMULA_FUNCTIONS: dict[str, tuple[int, Callable[..., Expr]]] = {
    "ln": (1, log),
    "log": (1, log),
    "exp": (1, exp),
    "sqrt": (1, sqrt),
    "tanh": (1, tanh),
    "sigmoid": (1, logistic),
    "logistic": (1, logistic),
    "relu": (1, relu),
    "softplus": (1, softplus),
    "gelu": (1, gelu),
    "swish": (1, swish),
    "erf": (1, erf),
    "abs": (1, absolute),
    "max": (2, maximum),
}


@dataclass(frozen=True, slots=True)
class Loss:
    """A row of the table: `share(a, y, K)` is what one of K outputs contributes; `targets` names what y may hold."""

    share: Callable[[Expr, Expr, int], Expr]
    targets: str = "any"  # any · probability (0 to 1) · class (one-hot) · count (not negative) · none
    output: str = "any"  # any · positive · probability (strictly between 0 and 1)


LOSSES: dict[str, Loss] = {
    "half_squared_error": Loss(lambda a, y, K: (a - y) ** 2 / 2),
    "squared_error": Loss(lambda a, y, K: (a - y) ** 2),
    "mean_squared_error": Loss(lambda a, y, K: (a - y) ** 2 / K),
    "log_loss": Loss(lambda a, y, K: -y * log(a) - (1 - y) * log(1 - a), "probability", "probability"),
    "cross_entropy": Loss(lambda a, y, K: -y * log(a), "class", "positive"),
    "poisson": Loss(lambda a, y, K: a - y * log(a) + y * log(y) - y, "count", "positive"),
    "output": Loss(lambda a, y, K: a, "none"),
}
