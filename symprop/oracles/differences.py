"""Exercise + numbers -> OracleReport by central differences in mpmath: a plain forward loop, one number nudged at a time.

Activations, losses, penalty and update rules are written here once more, from their sources, so that a wrong entry in the
project's tables cannot prove itself. Knows no graph, no derivation and no arithmetic of the project; a user's formulas are
walked as trees, the project's functions recognised by name.

Truncation and rounding both leave about 1e-40 with h = 1e-20 at 60 digits (Numerical Recipes, 3rd ed., 5.7).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import mpmath

from symprop import quantity as q
from symprop.exercise import YHAT, Activation, Exercise, Update, Y, Z
from symprop.oracles.report import OracleReport, Tally, Wanted, exact, wanted
from symprop.quantity import Quantity

NAME = "central differences"
DIGITS, STEP = 60, "1e-20"
#: Normwise; measured errors lie near 1e-38.
TOLERANCE = 1e-18
#: Every number larger than the second must also agree to the first, relative to itself.
RELATIVE = (1e-9, 1e-25)
#: Below this a pre-activation lies on its kink.
ON_KINK = "1e-50"
#: Extra digits for saturated units are bounded.
MAX_EXTRA = 2000
#: Steps of an update whose gradients come from differences through the whole network; later ones from the backward loop.
DIFFERENCED_STEPS = 20
#: Activations evaluated for differences through the whole network, before the backward loop takes over.
BUDGET = 400_000

Number = Any  # mpf of the oracle's own context; mpmath has no types
Columns = list[list[list[Number]]]
Function = Callable[[Number], Number]


class Unknown(Exception):
    """A formula holds a function that this oracle has not written down."""


class Untrusted(Exception):
    """The two one-sided differences disagree: there is a kink, or the nudge leaves the domain."""


# ---------------------------------------------------------------------- formulas
def _number(value: Any, mp: Any) -> Number:
    """A given or claimed number in the context `mp`, exactly where it is rational."""
    rational = exact(value)
    if rational is not None:
        return mp.mpf(rational.numerator) / rational.denominator
    if isinstance(value, str):
        return mp.mpf(value)
    if hasattr(value, "_mpf_"):
        return mp.make_mpf(value._mpf_)
    return mp.make_mpf(value.evalf(mp.dps + 10)._mpf_)


def _logistic(t: Number, mp: Any) -> Number:
    return 1 / (1 + mp.exp(-t))


def _gelu(t: Number, mp: Any) -> Number:
    return t * mp.erfc(-t / mp.sqrt(2)) / 2


def _walk(formula: Any, names: Sequence[Any], mp: Any) -> Callable[..., Number]:
    """A SymPy formula as a function of `names`, node by node."""
    if formula.is_Symbol:
        position = names.index(formula)
        return lambda *values: values[position]
    if (formula.is_number and not formula.args) or formula.is_Rational:
        constant = _number(formula, mp)
        return lambda *values: constant
    parts = [_walk(argument, names, mp) for argument in formula.args]
    kind = type(formula).__name__
    if kind == "Add":
        return lambda *values: mp.fsum(part(*values) for part in parts)
    if kind == "Mul":
        return lambda *values: mp.fprod(part(*values) for part in parts)
    if kind == "Pow":
        return lambda *values: parts[0](*values) ** parts[1](*values)
    unary: dict[str, Function] = {
        "exp": mp.exp,
        "log": mp.log,
        "tanh": mp.tanh,
        "erf": mp.erf,
        "Abs": abs,
        "logistic": lambda t: _logistic(t, mp),
        "softplus": lambda t: mp.log(1 + mp.exp(t)),
        "absolute": lambda t: abs(t),
        "relu": lambda t: t if t > 0 else mp.zero,
        "gelu": lambda t: _gelu(t, mp),
    }
    if kind in unary:
        function, inner = unary[kind], parts[0]
        return lambda *values: function(inner(*values))
    if kind == "swish":
        beta = parts[1] if len(parts) > 1 else (lambda *values: mp.one)
        return lambda *values: parts[0](*values) * _logistic(beta(*values) * parts[0](*values), mp)
    raise Unknown(f"everything: the formula holds {kind}, which this oracle does not know")


def _activation(spec: Activation, mp: Any) -> Function:
    """One unit's activation (softmax apart), from its textbook formula."""
    if spec.formula is not None:
        return _walk(spec.expression, [Z], mp)

    def given(value: Any, default: str) -> Number:
        return mp.mpf(default) if value is None else _number(value, mp)

    slope, alpha, beta = given(spec.slope, "0.01"), given(spec.alpha, "1"), given(spec.beta, "1")
    if spec.name == "gelu" and spec.approximate == "tanh":
        bend, root = mp.mpf("0.044715"), mp.sqrt(2 / mp.pi)
        return lambda z: z * (1 + mp.tanh(root * (z + bend * z**3))) / 2
    named: dict[str, Function] = {
        "identity": lambda z: z,
        "logistic": lambda z: _logistic(z, mp),
        "tanh": mp.tanh,
        "relu": lambda z: z if z > 0 else mp.zero,
        "leaky_relu": lambda z: z if z > 0 else slope * z,
        "elu": lambda z: z if z > 0 else alpha * mp.expm1(z),
        "softplus": lambda z: mp.log(1 + mp.exp(z)),
        "gelu": lambda z: _gelu(z, mp),
        "swish": lambda z: z * _logistic(beta * z, mp),
        "exp": mp.exp,
        "step": lambda z: mp.one if z > 0 else mp.zero,
        "softmax": lambda z: z,
    }
    return named[spec.name]


def _slope_at_kink(spec: Activation, relu_at_zero: Any, mp: Any) -> Number | None:
    """The stated derivative at 0 of a kinked activation; None for a smooth one."""
    c = mp.zero if relu_at_zero == "reject" else _number(relu_at_zero, mp)
    low = {
        "relu": mp.zero,
        "leaky_relu": spec.slope if spec.slope is not None else "0.01",
        "elu": spec.alpha if spec.alpha is not None else 1,
    }.get(spec.name)
    if low is None or spec.formula is not None:
        return None
    low = low if low is mp.zero else _number(low, mp)
    return low + (1 - low) * c


def _share(exercise: Exercise, mp: Any) -> Callable[[Number, Number], Number]:
    """What one output contributes to a sample's loss, as a function of output and target."""
    loss, K = exercise.network.loss, exercise.widths[-1]

    def times_log(y: Number, a: Number) -> Number:
        return y * mp.log(a) if y != 0 else mp.zero

    named: dict[str, Callable[[Number, Number], Number]] = {
        "half_squared_error": lambda a, y: (a - y) ** 2 / 2,
        "squared_error": lambda a, y: (a - y) ** 2,
        "mean_squared_error": lambda a, y: (a - y) ** 2 / K,
        "log_loss": lambda a, y: -times_log(y, a) - times_log(1 - y, 1 - a),
        "cross_entropy": lambda a, y: -times_log(y, a),
        "poisson": lambda a, y: a - times_log(y, a) + times_log(y, y) - y,
        "output": lambda a, y: a,
    }
    return named[loss] if loss in named else _walk(exercise.network.loss_formula, [YHAT, Y], mp)


# ---------------------------------------------------------------------- the network
class _Net:
    """What stays the same through an update: functions, samples and factors, in a context of enough digits."""

    def __init__(self, exercise: Exercise, extra: int = 0) -> None:
        self.mp: Any = mpmath.mp.clone()
        mp = self.mp
        mp.dps = DIGITS + 3 * extra
        self.exercise, self.h, self.on_kink = exercise, mp.mpf(STEP) * mp.mpf(10) ** -extra, mp.mpf(ON_KINK)
        network, n = exercise.network, exercise.samples
        self.layers = range(1, exercise.depth + 1)
        specs = [layer.activation for layer in network.layers]
        self.softmax = [False, *(s.name == "softmax" and s.formula is None for s in specs)]
        self.functions = [None, *(_activation(s, mp) for s in specs)]
        self.kink_slopes = [None, *(_slope_at_kink(s, network.relu_at_zero, mp) for s in specs)]
        self.share = _share(exercise, mp)
        assert exercise.data is not None
        self.x = [[_number(v, mp) for v in row] for row in exercise.data.x]
        targets = exercise.targets if exercise.has_targets else None
        self.y = (
            [[_number(v, mp) for v in row] for row in targets] if targets else [[mp.zero] * exercise.widths[-1]] * n
        )
        self.factor = mp.one / n if network.batch == "mean" else mp.one
        self.alpha = mp.zero
        self.scale = mp.zero
        if network.penalty is not None:
            self.alpha = _number(network.penalty.l2, mp)
            self.scale = {"sklearn": mp.one / (2 * n), "half": mp.one / 2, "plain": mp.one}[network.penalty.scale]

    def activate(self, layer: int, z: list[Number], on_kink: frozenset[int] = frozenset()) -> list[Number]:
        """A layer's outputs; units in `on_kink` follow the straight line of the stated slope through their kink."""
        if self.softmax[layer]:
            powers = [self.mp.exp(v) for v in z]
            total = self.mp.fsum(powers)
            return [p / total for p in powers]
        function = self.functions[layer]
        assert function is not None
        if not on_kink:
            return [function(v) for v in z]
        return [self.kink_slopes[layer] * v if j in on_kink else function(v) for j, v in enumerate(z)]

    def difference(self, f: Function, at: Number) -> Number:
        """(f(h) - f(-h))/2h; raises Untrusted when the one-sided differences (`at` is f(0)) disagree."""
        above, below = f(self.h), f(-self.h)
        if not all(isinstance(v, self.mp.mpf) and self.mp.isfinite(v) for v in (above, below)):
            raise Untrusted
        right, left = (above - at) / self.h, (at - below) / self.h
        gap = abs(right - left)
        if gap > 1e-8 * max(abs(right), abs(left)) and gap > 1e-13 * max(1, abs(at)):
            raise Untrusted
        return (right + left) / 2


@dataclass(frozen=True)
class _Point:
    """One sample's forward pass: z[l][j], a[l][j] (a[0] is the input), kinks met, the outputs' shares of the loss."""

    z: list[list[Number]]
    a: list[list[Number]]
    kinks: list[frozenset[int]]
    shares: list[Number]
    loss: Number


class _State:
    """The network at one set of parameters: forward values, and every derivative by nudging."""

    def __init__(self, net: _Net, parameters: Mapping[Quantity, Number]) -> None:
        self.net, self.mp, self.parameters = net, net.mp, parameters
        widths, biases = net.exercise.widths, net.exercise.network.biases
        self.W: Columns = [[]]
        self.b: list[list[Number]] = [[]]
        for layer in net.layers:
            units = range(1, widths[layer] + 1)
            self.W.append([[parameters[q.W(layer, i, j)] for i in range(1, widths[layer - 1] + 1)] for j in units])
            self.b.append(
                [parameters[q.b(layer, None if biases == "shared" else j)] if biases else self.mp.zero for j in units]
            )
        self.points = [self._forward(n) for n in range(len(net.x))]
        self.chained: dict[Quantity, Number] | None = None
        self.R = self._penalty(net.alpha)
        self.E = self._reduce([p.loss for p in self.points], self.R)

    # ------------------------------------------------------------------ forward
    def _forward(self, n: int) -> _Point:
        z: list[list[Number]] = [[]]
        a, kinks = [self.net.x[n]], [frozenset[int]()]
        for layer in self.net.layers:
            z.append(self._pre(layer, a[-1]))
            touched = self.net.kink_slopes[layer] is not None
            kinks.append(frozenset(j for j, v in enumerate(z[-1]) if touched and abs(v) < self.net.on_kink))
            a.append(self.net.activate(layer, z[-1], kinks[-1]))
        shares = self._shares(a[-1], self.net.y[n])
        return _Point(z, a, kinks, shares, self.mp.fsum(shares))

    def _pre(self, layer: int, a: list[Number]) -> list[Number]:
        return [self.mp.fdot(column, a) + b for column, b in zip(self.W[layer], self.b[layer], strict=True)]

    def _shares(self, a: list[Number], y: list[Number]) -> list[Number]:
        return [self.net.share(o, t) for o, t in zip(a, y, strict=True)]

    def _penalty(self, alpha: Number) -> Number:
        if not self.net.scale:
            return self.mp.zero
        return (
            self.net.scale
            * alpha
            * self.mp.fsum((w for layer in self.W for column in layer for w in column), squared=True)
        )

    def _reduce(self, losses: Sequence[Number], R: Number) -> Number:
        return self.net.factor * self.mp.fsum(losses) + R

    def _onward(self, n: int, layer: int, z: list[Number]) -> Number:
        """Sample n's loss from the pre-activations of a layer on."""
        kinks = self.points[n].kinks
        a = self.net.activate(layer, z, kinks[layer])
        return self._from_outputs(n, layer, a)

    def _from_outputs(self, n: int, layer: int, a: list[Number]) -> Number:
        for later in range(layer + 1, len(self.W)):
            a = self.net.activate(later, self._pre(later, a), self.points[n].kinks[later])
        return self.mp.fsum(self._shares(a, self.net.y[n]))

    # ------------------------------------------------------------------ values
    def value(self, of: Quantity) -> Number:
        """A given number or forward value. Raises KeyError for what is none."""
        n = max(of.sample, 1) - 1
        if of in self.parameters:
            return self.parameters[of]
        if of.name in ("x", "y"):
            return (self.net.x if of.name == "x" else self.net.y)[n][of.index[0] - 1]
        if of.name in ("z", "a"):
            point = self.points[n]
            return (point.z if of.name == "z" else point.a)[of.layer][of.index[0] - 1]
        if of.name == "E":
            return self._loss(of, n)
        return {"R": self.R, "alpha": self.net.alpha}[of.name]

    def _loss(self, of: Quantity, n: int) -> Number:
        if of.index and (of.sample or len(self.points) == 1):
            return self.points[n].shares[of.index[0] - 1]
        if of.index:
            return self.net.factor * self.mp.fsum(p.shares[of.index[0] - 1] for p in self.points)
        return self.points[n].loss if of.sample else self.E

    # ------------------------------------------------------------------ the gradient of E
    def gradient(self, by: Quantity) -> Number:
        """dE/d(by) by a nudge of `by`. Raises Untrusted at kinks inside formulas, KeyError for what cannot be nudged."""
        if by.name == "E":
            return self._by_share(by)
        if by.name == "R":
            return self.mp.one
        return self.net.difference(self._nudged(by), self.E)

    def _by_share(self, by: Quantity) -> Number:
        if by.index and not by.sample and len(self.points) > 1:
            raise KeyError(by)
        return self.net.factor

    def _nudged(self, by: Quantity) -> Function:
        """h -> E with h added to `by` and everything after it computed again."""
        n, position = max(by.sample, 1) - 1, by.index[-1] - 1 if by.index else None
        if by.name == "alpha":
            return lambda h: self._reduce([p.loss for p in self.points], self._penalty(self.net.alpha + h))
        if by.name == "W":
            return self._nudged_weight(by.layer, by.index[0] - 1, by.index[1] - 1)
        if by.name == "b":
            return self._nudged_bias(by.layer, position)
        return lambda h: self._with_sample(n, self._sample_nudged(by, n, position, h))

    def _with_sample(self, n: int, loss: Number) -> Number:
        return self._reduce([loss if m == n else p.loss for m, p in enumerate(self.points)], self.R)

    def _sample_nudged(self, by: Quantity, n: int, position: int | None, h: Number) -> Number:
        point = self.points[n]
        assert position is not None
        if by.name == "y":
            return self.mp.fsum(self._shares(point.a[-1], _added(self.net.y[n], position, h)))
        if by.name == "z":
            return self._onward(n, by.layer, _added(point.z[by.layer], position, h))
        return self._from_outputs(n, by.layer, _added(point.a[by.layer], position, h))

    def _nudged_weight(self, layer: int, i: int, j: int) -> Function:
        column, weight, square = self.W[layer][j], self.W[layer][j][i], self.net.scale * self.net.alpha

        def f(h: Number) -> Number:
            changed, losses = _added(column, i, h), []
            for n, point in enumerate(self.points):
                z = list(point.z[layer])
                z[j] = self.mp.fdot(changed, point.a[layer - 1]) + self.b[layer][j]
                losses.append(self._onward(n, layer, z))
            return self._reduce(losses, self.R + square * ((weight + h) ** 2 - weight**2))

        return f

    def _nudged_bias(self, layer: int, j: int | None) -> Function:
        def f(h: Number) -> Number:
            moved = [_added(p.z[layer], j, h) if j is not None else [v + h for v in p.z[layer]] for p in self.points]
            return self._reduce([self._onward(n, layer, z) for n, z in enumerate(moved)], self.R)

        return f

    # ------------------------------------------------------------------ local derivatives
    def local(self, of: Quantity, by: Quantity) -> Number:
        """d(of)/d(by) of a quantity by one that it reads directly. Raises Untrusted, or KeyError when it does not read it."""
        n = max(of.sample, 1) - 1
        if by.name not in ("W", "b", "alpha") and max(by.sample, 1) - 1 != n and of.sample:
            raise KeyError(by)
        if of.name == "z" and by.name in ("x", "a", "W", "b") and by.layer == of.layer - (by.name in ("x", "a")):
            return self._local_pre(of, by, n)
        if of.name == "a" and by.name == "z" and by.layer == of.layer:
            k, j = of.index[0] - 1, by.index[0] - 1
            return self.slope(n, of.layer, k, j)
        if of.name == "E":
            return self._local_loss(of, by, n)
        if of.name == "R" and by.name in ("alpha", "W"):
            return self._local_penalty(by)
        raise KeyError(by)

    def _local_pre(self, of: Quantity, by: Quantity, n: int) -> Number:
        layer, j = of.layer, of.index[0] - 1
        column, a = self.W[layer][j], self.points[n].a[layer - 1]
        if by.name == "b":
            mine = not by.index or by.index[0] - 1 == j

            def f(h: Number) -> Number:
                return self.mp.fdot(column, a) + self.b[layer][j] + (h if mine else 0)

        elif by.name == "W" and by.index[1] - 1 == j:

            def f(h: Number) -> Number:
                return self.mp.fdot(_added(column, by.index[0] - 1, h), a) + self.b[layer][j]

        elif by.name in ("x", "a"):

            def f(h: Number) -> Number:
                return self.mp.fdot(column, _added(a, by.index[0] - 1, h)) + self.b[layer][j]

        else:
            raise KeyError(by)
        return self.net.difference(f, self.points[n].z[layer][j])

    def slope(self, n: int, layer: int, k: int, j: int, *, stated: bool = False) -> Number:
        """da[k]/dz[j] within a layer; on a kink the `stated` convention, else Untrusted."""
        z, kinks = self.points[n].z[layer], self.points[n].kinks[layer] if stated else frozenset[int]()
        if k != j and not self.net.softmax[layer]:
            return self.mp.zero
        if self.net.softmax[layer]:
            return self.net.difference(
                lambda h: self.net.activate(layer, _added(z, j, h))[k], self.points[n].a[layer][k]
            )
        function, line = self.net.functions[layer], self.net.kink_slopes[layer]
        assert function is not None
        if j in kinks:
            return line
        return self.net.difference(lambda h: function(z[j] + h), self.points[n].a[layer][j])

    def share_slope(self, n: int, k: int) -> Number:
        """Derivative of output k's share by the output."""
        a, y = self.points[n].a[-1][k], self.net.y[n][k]
        return self.net.difference(lambda h: self.net.share(a + h, y), self.points[n].shares[k])

    def _local_loss(self, of: Quantity, by: Quantity, n: int) -> Number:
        K, many = len(self.points[0].shares), len(self.points) > 1
        if by.name == "E":
            if of.sample and by.sample == of.sample and by.index and not of.index:
                return self.mp.one
            if of.index and many and not of.sample and by.sample and (by.index == of.index or K == 1):
                return self.net.factor
            raise KeyError(by)
        k = of.index[0] - 1 if of.index else 0
        if (many and not of.sample) or (not of.index and K > 1) or by.index != (k + 1,):
            raise KeyError(by)
        if by.name == "a" and by.layer == len(self.W) - 1:
            return self.share_slope(n, k)
        if by.name == "y":
            a, y = self.points[n].a[-1][k], self.net.y[n][k]
            return self.net.difference(lambda h: self.net.share(a, y + h), self.points[n].shares[k])
        raise KeyError(by)

    def _local_penalty(self, by: Quantity) -> Number:
        if by.name == "alpha":
            return self.net.difference(lambda h: self._penalty(self.net.alpha + h), self.R)
        w, factor = self.parameters[by], self.net.scale * self.net.alpha
        return self.net.difference(lambda h: self.R + factor * ((w + h) ** 2 - w**2), self.R)

    # ------------------------------------------------------------------ plain backward loop
    def backward(self, through: Callable[[int, dict[Quantity, Number]], list[list[Number]]]) -> dict[Quantity, Number]:
        """dE/d(z, a, W, b) layer by layer from the output, slopes by differences of each unit's activation.

        `through(layer, gradients so far)` gives the columns of the weights that the layer's deltas go back through.
        """
        net, exercise = self.net, self.net.exercise
        found: dict[Quantity, Number] = {}
        numbered = list(zip(exercise.sample_numbers, range(len(self.points)), strict=True))
        da = [[net.factor * self.share_slope(n, k) for k in range(len(p.shares))] for n, p in enumerate(self.points)]
        for layer in reversed(net.layers):
            units = range(len(self.W[layer]))
            dz = [[self._delta(n, layer, j, da[n]) for j in units] for _, n in numbered]
            for label, n in numbered:
                found |= {q.a(layer, j + 1, label): da[n][j] for j in units} | {
                    q.z(layer, j + 1, label): dz[n][j] for j in units
                }
            for j in units:
                for i in range(len(self.W[layer][j])):
                    data = self.mp.fsum(dz[n][j] * p.a[layer - 1][i] for n, p in enumerate(self.points))
                    found[q.W(layer, i + 1, j + 1)] = data + 2 * net.scale * net.alpha * self.W[layer][j][i]
            for bias in exercise.bias_ids(layer):
                found[bias] = self.mp.fsum(
                    dz[n][j] for _, n in numbered for j in units if not bias.index or bias.index[0] == j + 1
                )
            columns = through(layer, found)
            da = [
                [self.mp.fsum(columns[j][i] * dz[n][j] for j in units) for i in range(len(columns[0]))]
                for _, n in numbered
            ]
        return found

    def _delta(self, n: int, layer: int, j: int, da: list[Number]) -> Number:
        if not self.net.softmax[layer]:
            return da[j] * self.slope(n, layer, j, j, stated=True)
        return self.mp.fsum(da[k] * self.slope(n, layer, k, j) for k in range(len(da)))


def _added(numbers: list[Number], position: int, h: Number) -> list[Number]:
    changed = list(numbers)
    changed[position] = changed[position] + h
    return changed


# ---------------------------------------------------------------------- update rules
class _Rule:
    """One update rule with its moments, from the sources: scikit-learn's _stochastic_optimizers, Kingma and Ba 2015, Ng."""

    def __init__(self, update: Update, mp: Any) -> None:
        self.update, self.mp = update, mp
        self.eta, self.mu, self.beta1, self.beta2, self.epsilon = (
            _number(v, mp) for v in (update.learning_rate, update.momentum, update.beta1, update.beta2, update.epsilon)
        )
        self.moments: dict[tuple[str, Quantity], Number] = {}

    def moved(self, of: Quantity, w: Number, g: Number, t: int) -> Number:
        """The new parameter of step t; moments are kept."""
        if self.update.rule == "sgd":
            return w - self.eta * g
        if self.update.rule == "adam":
            return w - self._adam(of, g, t)
        old = self.moments.get(("velocity", of), self.mp.zero)
        if self.update.form == "ema":
            average = self.mu * old + (1 - self.mu) * g
            self.moments["velocity", of] = average
            return w - self.eta * average
        velocity = self.mu * old - self.eta * g
        self.moments["velocity", of] = velocity
        return w + (self.mu * velocity - self.eta * g if self.update.rule == "nesterov" else velocity)

    def _adam(self, of: Quantity, g: Number, t: int) -> Number:
        first = self.beta1 * self.moments.get(("m", of), self.mp.zero) + (1 - self.beta1) * g
        second = self.beta2 * self.moments.get(("v", of), self.mp.zero) + (1 - self.beta2) * g * g
        self.moments["m", of], self.moments["v", of] = first, second
        unbias1, unbias2 = 1 - self.beta1**t, 1 - self.beta2**t
        if self.update.form == "paper":
            return self.eta * (first / unbias1) / (self.mp.sqrt(second / unbias2) + self.epsilon)
        return self.eta * self.mp.sqrt(unbias2) / unbias1 * first / (self.mp.sqrt(second) + self.epsilon)


# ---------------------------------------------------------------------- the check
class Contradiction(Exception):
    """The two ways in which this oracle computes a gradient differ, so that it can confirm nothing."""


class _Check:
    """One run: states in order, every wanted number compared in the state it belongs to."""

    def __init__(self, exercise: Exercise, numbers: Mapping[str, Any], tally: Tally, net: _Net) -> None:
        self.exercise, self.numbers, self.tally, self.net = exercise, numbers, tally, net
        self.spent, self.size, self.noted = 0, 1.0, False
        self.groups: dict[tuple[str, int], float] = {}
        self.by_step: dict[int, list[Wanted]] = {}
        for item in wanted(exercise, numbers, tally):
            self.by_step.setdefault(item.step, []).append(item)

    def run(self) -> None:
        """Compares the numbers before the update, then step by step."""
        state = _State(self.net, _parameters(self.exercise, self.net.mp))
        gradients: dict[Quantity, Number] = {}
        self._compare(state, 0, gradients, {}, {})
        last = max(self.by_step, default=0)
        update = self.exercise.update
        if not last or update is None:
            return
        if update.learning_rate is None:
            self.tally.say("updated values: the learning rate is left out")
            return
        rule = _Rule(update, self.net.mp)
        for step in range(1, last + 1):
            try:
                state, used = self._advance(state, rule, step, gradients)
            except Untrusted:
                self.tally.say(
                    f"everything from step {step} on: a kink inside a formula leaves the step's gradient to a convention"
                )
                return
            gradients = {}
            self._compare(state, step, gradients, used, rule.moments)

    # ------------------------------------------------------------------ steps
    def _advance(
        self, state: _State, rule: _Rule, step: int, known: dict[Quantity, Number]
    ) -> tuple[_State, dict[Quantity, Number]]:
        changing = [p for p in self.exercise.parameter_ids() if rule.update.biases or p.name == "W"]
        fresh = dict(state.parameters)
        if rule.update.order == "sequential":

            def through(layer: int, found: dict[Quantity, Number]) -> list[list[Number]]:
                for p in changing:
                    if p.layer == layer:
                        fresh[p] = rule.moved(p, state.parameters[p], found[p], step)
                return [[fresh[q.W(layer, i + 1, j + 1)] for i in range(len(c))] for j, c in enumerate(state.W[layer])]

            used = state.backward(through)
            return _State(self.net, fresh), used
        gradients = self._parameter_gradients(state, step, changing, known)
        for p in changing:
            fresh[p] = rule.moved(p, state.parameters[p], gradients[p], step)
        return _State(self.net, fresh), {}

    def _cost(self) -> int:
        """Activations that differences by all parameters evaluate at one state."""
        exercise = self.exercise
        return 2 * (exercise.weight_count + sum(exercise.widths[1:])) * exercise.samples * sum(exercise.widths[1:])

    def _parameter_gradients(
        self, state: _State, step: int, changing: list[Quantity], known: dict[Quantity, Number]
    ) -> dict[Quantity, Number]:
        """By differences while that is affordable, then by the backward loop, which must agree with them where both are known."""
        if all(p in known for p in changing):
            return known
        if step <= DIFFERENCED_STEPS and self.spent + self._cost() <= BUDGET:
            self.spent += self._cost()
            return {p: known[p] if p in known else state.gradient(p) for p in changing}
        plain = _backward(state)
        probe = changing[step % len(changing)]  # every parameter in turn: the loop is no oracle by itself
        if not _close(plain[probe], state.gradient(probe), max(abs(plain[p]) for p in changing)):
            raise Contradiction(f"the oracle's own backward loop contradicts its differences at {probe}, step {step}")
        return plain

    # ------------------------------------------------------------------ comparing
    def _compare(
        self,
        state: _State,
        step: int,
        gradients: dict[Quantity, Number],
        used: dict[Quantity, Number],
        moments: Mapping[tuple[str, Quantity], Number],
    ) -> None:
        items = self.by_step.get(step, ())
        if not items:
            return
        values = chain((state.E,), *(chain(*p.z, *p.a) for p in state.points), state.parameters.values())
        size = max(1.0, float(max(abs(v) for v in values)))
        self.size = max(self.size, size)
        for item in items:
            try:
                group, theirs = self._theirs(state, item, gradients, used, moments)
            except Untrusted:
                self._explain(state, item)
                continue
            except (KeyError, IndexError):
                self.tally.skip(item.id, "a difference does not give it (not read directly, or kept by no rule)")
                continue
            key = (group, step)
            self.groups[key] = TOLERANCE
            self.tally.compare(key, item.id, _number(self.numbers[item.id], self.net.mp), theirs)

    def _theirs(
        self,
        state: _State,
        item: Wanted,
        gradients: dict[Quantity, Number],
        used: dict[Quantity, Number],
        moments: Mapping[tuple[str, Quantity], Number],
    ) -> tuple[str, Number]:
        of = item.of
        if of.state == "used":
            assert of.wrt is not None
            return "used", used[of.wrt]
        if of.state in ("velocity", "m", "v"):
            return of.state, moments[of.state, of.base]
        base = of.base
        if base.wrt is None:
            return ("parameters" if base.is_parameter else "values"), self._constant(
                state, base
            ) if base.name in q.CONSTANTS else state.value(base)
        if base.is_gradient:
            if base.wrt not in gradients:
                gradients[base.wrt] = self._gradient(state, base.wrt)
            return "gradients", gradients[base.wrt]
        return "local derivatives", state.local(replace(base, wrt=None), base.wrt)

    def _constant(self, state: _State, of: Quantity) -> Number:
        """R, or a number given in the file: the penalty's strength or a constant of the update rule."""
        if of.name in ("R", "alpha"):
            return state.value(of)
        update = self.exercise.update
        if update is None or (update.learning_rate is None and of.name == "eta"):
            raise KeyError(of)
        given = {"eta": update.learning_rate, "mu": update.momentum, "beta": update.momentum}
        return _number(given[of.name] if of.name in given else getattr(update, of.name), self.net.mp)

    def _gradient(self, state: _State, by: Quantity) -> Number:
        if by.name in ("W", "b"):
            self.spent += self._cost() // max(1, self.exercise.weight_count)
            if self.spent > BUDGET:
                if not self.noted:
                    self.tally.say(
                        "differences through the whole network, beyond the budget: the remaining gradients are compared with the chain rule over differences of each unit"
                    )
                    self.noted = True
                return _backward_of(state)[by]
        return state.gradient(by)

    def _explain(self, state: _State, item: Wanted) -> None:
        of, by = item.of, item.of.wrt
        if (
            of.name == "a"
            and by is not None
            and by.name == "z"
            and by.index[0] - 1 in state.points[max(by.sample, 1) - 1].kinks[by.layer]
        ):
            self.tally.skip(item.id, f"{by} is exactly 0, the derivative there is the stated convention")
        else:
            self.tally.skip(item.id, "the one-sided differences disagree, so a kink or the edge of a domain lies here")


def _backward(state: _State) -> dict[Quantity, Number]:
    return state.backward(lambda layer, _: state.W[layer])


def _backward_of(state: _State) -> dict[Quantity, Number]:
    """The backward loop's gradients, computed once a state."""
    if state.chained is None:
        state.chained = _backward(state)
    return state.chained


def _close(one: Number, other: Number, scale: Number) -> bool:
    return bool(abs(one - other) <= 1e-15 * max(scale, 1e-15))


def _parameters(exercise: Exercise, mp: Any) -> dict[Quantity, Number]:
    return {p: _number(exercise.given(p), mp) for p in exercise.parameter_ids()}


def _net(exercise: Exercise) -> _Net:
    """The network with digits enough, and a step small enough, for its saturation: at z = 100 1 - a begins after 43 digits."""
    net = _Net(exercise)
    state = _State(net, _parameters(exercise, net.mp))
    largest = max(float(abs(v)) for p in state.points for z in p.z for v in z)
    return net if largest <= 10 else _Net(exercise, min(MAX_EXTRA, int(largest)))


def check(exercise: Exercise, numbers: Mapping[str, Any]) -> OracleReport:
    """Every number against a plain forward loop at 60 digits and central differences of it.

    Tolerances: 1e-18 of the largest number of the group (values, gradients, local derivatives, parameters or one moment, by
    update step), and 1e-9 of every number above 1e-25 by itself. Kinked units met at 0 follow the stated convention.
    """
    tally = Tally()
    try:
        run = _Check(exercise, numbers, tally, _net(exercise))
        run.run()
    except Unknown as problem:
        return OracleReport(NAME, mpmath.__version__, 0, 0.0, None, (str(problem),))
    except Contradiction as problem:
        return OracleReport(NAME, mpmath.__version__, 0, float("inf"), False, (str(problem),))
    return tally.report(NAME, mpmath.__version__, run.groups, 1e-20 * run.size, RELATIVE)
