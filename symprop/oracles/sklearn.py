"""Exercise + numbers -> OracleReport by scikit-learn's own forward pass, backward pass and optimizers, in float64.

Private names are used (`_forward_pass`, `_backprop`, `_stochastic_optimizers`; scikit-learn 1.4 to 1.9): where they are
missing the report compares nothing and says so. Knows no graph and no derivation; the losses and factors that scikit-learn
lacks are written here. scikit-learn is imported when `check` runs, because that takes seconds.

scikit-learn's delta of the last layer is always a - y, per sample and undivided; its gradients are (a^T delta + alpha W)/n.
With F = s (n if the batch is summed else 1) and s = 2, 1 or 2/K by the loss, dE/dW = F * its gradient, dE/dz = F/n * delta.
"""

import inspect
import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from symprop.exercise import Exercise
from symprop.oracles.report import OracleReport, Tally, Wanted, exact, wanted
from symprop.quantity import Quantity

NAME = "scikit-learn"
#: Normwise tolerance where nothing saturates, and the largest one at which a comparison still means something.
TOLERANCE, LIMIT = 1e-12, 1e-6
#: Sixteen times the unit round-off of float64: one pass adds up a few dozen roundings.
ROUNDING = 2.0**-48
MAX_STEPS = 20_000
KNOWN = ("identity", "logistic", "tanh", "relu")
SQUARED = ("half_squared_error", "squared_error", "mean_squared_error")
#: Losses whose delta a - y holds for one output activation, with scikit-learn's name for them.
CANONICAL = {
    "log_loss": ("logistic", "log_loss"),
    "cross_entropy": ("softmax", "log_loss"),
    "poisson": ("exp", "poisson"),
}

Array = Any  # numpy is imported late


@dataclass(frozen=True)
class _Route:
    """How scikit-learn expresses the exercise: hidden activation, output activation, its loss, an identity tail or none."""

    hidden: str
    output: str
    loss: str
    tail: bool


class _Inexpressible(Exception):
    """scikit-learn cannot express the exercise; the message is the sentence for the report."""


class _Unreliable(Exception):
    """Floats cannot be trusted from here on; the message is the sentence for the report."""


@dataclass(frozen=True)
class _Pass:
    """One forward and backward pass: a[l] (a[0] the input), dE/dz[l] and, where known, dE/da of the output, by sample."""

    z: list[Array]
    a: list[Array]
    dz: list[Array]
    da: Array | None
    dW: list[Array]
    db: list[Array]
    E: float
    R: float
    shares: Array
    error: float


def check(exercise: Exercise, numbers: Mapping[str, Any]) -> OracleReport:
    """Activations, losses, gradients by weights, biases and pre-activations, and updates, against scikit-learn's.

    Normwise tolerance max(1e-12, 2^-48 e^max|z|) over the units that saturate; above 1e-6 nothing is compared. Raises nothing.
    """
    try:
        import numpy
        import sklearn
        from sklearn.neural_network import MLPRegressor, _base, _stochastic_optimizers
    except ImportError as problem:
        return OracleReport(NAME, "", 0, 0.0, None, (f"everything: scikit-learn cannot be imported ({problem})",))
    tally = Tally()
    tolerance: dict[tuple[str, int], float] = {}
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            route = _route(exercise, _base.LOSS_FUNCTIONS)
            net = _Net(exercise, route, numpy, MLPRegressor)
            _Check(exercise, numbers, tally, net, tolerance).run(_stochastic_optimizers)
        except _Inexpressible as problem:
            return OracleReport(NAME, sklearn.__version__, 0, 0.0, None, (str(problem),))
        except (AttributeError, TypeError) as problem:
            return OracleReport(
                NAME,
                sklearn.__version__,
                0,
                0.0,
                None,
                (f"everything: this scikit-learn has other private names ({problem})",),
            )
        except OverflowError:
            return OracleReport(
                NAME, sklearn.__version__, 0, 0.0, None, ("everything: a number does not fit into float64",)
            )
    return tally.report(NAME, sklearn.__version__, tolerance, 1e-300)


def _route(exercise: Exercise, losses: Mapping[str, Any]) -> _Route:
    """The route of facts: direct for the canonical pairs, an identity tail for squared errors of another output."""
    specs = [layer.activation for layer in exercise.network.layers]
    own = next((s.name for s in specs if s.formula is not None), None)
    if own is not None:
        raise _Inexpressible(f"everything: scikit-learn has no activation by formula ({own})")
    names, loss = [s.name for s in specs], exercise.network.loss
    hidden, output = names[:-1], names[-1]
    odd = next((name for name in hidden if name not in KNOWN), None)
    if odd is not None:
        raise _Inexpressible(f"everything: scikit-learn has no hidden {odd} units")
    if len(set(hidden)) > 1:
        raise _Inexpressible("everything: scikit-learn has one activation for all hidden layers")
    first = hidden[0] if hidden else "identity"
    if loss in CANONICAL:
        wanted_output, name = CANONICAL[loss]
        if output != wanted_output:
            raise _Inexpressible(f"everything: scikit-learn has {loss} after {wanted_output} only, not after {output}")
        if name not in losses:
            raise _Inexpressible(f"everything: this scikit-learn has no {name} loss (from 1.7 on)")
        if loss == "cross_entropy" and any(sum(row) != 1 for row in exercise.targets or ()):
            raise _Inexpressible("everything: scikit-learn's delta needs targets that add up to 1")
        return _Route(first, output, name, False)
    if loss not in (*SQUARED, "output"):
        raise _Inexpressible("everything: scikit-learn has no loss by formula")
    if output == "identity":
        return _Route(first, "identity", "squared_error", False)
    if output not in KNOWN or (hidden and output != first):
        raise _Inexpressible(
            f"everything: scikit-learn has squared errors after identity only, and {output} is not the hidden activation"
        )
    return _Route(output, "identity", "squared_error", True)


def _float(value: Any) -> float:
    rational = exact(value)
    if rational is not None:
        return float(rational)
    if hasattr(value, "evalf"):
        return float(value.evalf(25))
    return float(value)


class _Net:
    """The estimator with the exercise's shape, fed with one set of parameters at a time; never fitted."""

    def __init__(self, exercise: Exercise, route: _Route, np: Any, estimator: Any) -> None:
        self.exercise, self.route, self.np = exercise, route, np
        network, n, K = exercise.network, exercise.samples, exercise.widths[-1]
        assert exercise.data is not None
        self.x = np.array([[_float(v) for v in row] for row in exercise.data.x], dtype=np.float64)
        targets = exercise.targets if exercise.has_targets else None
        self.y = np.array(
            [[_float(v) for v in row] for row in targets] if targets else np.zeros((n, K)), dtype=np.float64
        )
        self.coefficient = 0.0
        if network.penalty is not None:
            self.coefficient = (
                _float(network.penalty.l2) * {"sklearn": 1 / (2 * n), "half": 0.5, "plain": 1.0}[network.penalty.scale]
            )
        s = {"squared_error": 2.0, "mean_squared_error": 2.0 / K}.get(network.loss, 1.0)
        self.factor = s * (n if network.batch == "sum" else 1)
        widths = list(exercise.widths[1:]) + ([K] if route.tail else [])
        self.mlp = estimator(
            hidden_layer_sizes=tuple(widths[:-1]), activation=route.hidden, alpha=2 * self.coefficient * n / self.factor
        )
        self.mlp.loss = route.loss
        self.mlp.n_layers_, self.mlp.n_outputs_, self.mlp.out_activation_ = len(widths) + 1, K, route.output
        self.weighted = "sample_weight" in inspect.signature(self.mlp._backprop).parameters

    def start(self) -> tuple[list[Array], list[Array]]:
        """Weights (inputs x outputs) and biases, one number where a layer shares it, as float64."""
        exercise, np = self.exercise, self.np
        assert exercise.parameters is not None
        W = [
            np.array([[_float(v) for v in row] for row in exercise.parameters[f"W{layer}"]], dtype=np.float64)
            for layer in range(1, exercise.depth + 1)
        ]
        b = []
        for layer in range(1, exercise.depth + 1):
            ids = list(exercise.bias_ids(layer))
            b.append(np.array([_float(exercise.given(i)) for i in ids] or [0.0], dtype=np.float64))
        return W, b

    def run(self, W: list[Array], b: list[Array]) -> _Pass:
        """One pass of scikit-learn's, with its factors undone."""
        np, mlp, depth, n = self.np, self.mlp, len(W), len(self.x)
        coefs, biases = list(W), [np.broadcast_to(v, (w.shape[1],)) for v, w in zip(b, W, strict=True)]
        if self.route.tail:
            coefs, biases = [*coefs, np.eye(W[-1].shape[1])], [*biases, np.zeros(W[-1].shape[1])]
        mlp.coefs_, mlp.intercepts_ = coefs, biases
        activations: list[Array] = [self.x] + [None] * len(coefs)
        y = self.y
        if self.exercise.network.loss == "output":
            y = mlp._forward_pass(list(activations))[-1] - 1
        deltas: list[Array] = [None] * len(coefs)
        dW, db = [np.empty_like(c) for c in coefs], [np.empty_like(i) for i in biases]
        extra = {"sample_weight": None} if self.weighted else {}
        mlp._backprop(X=self.x, y=y, activations=activations, deltas=deltas, coef_grads=dW, intercept_grads=db, **extra)
        dz = [d * (self.factor / n) for d in deltas]
        da = dz[-1] if self.route.output == "identity" else None
        shares = self._shares(activations[depth])
        R = self.coefficient * float(sum((w * w).sum() for w in W))
        E = float(shares.sum()) / (n if self.exercise.network.batch == "mean" else 1) + R
        bias_gradients = [
            self.factor * (g.sum(keepdims=True) if len(v) == 1 else g) for g, v in zip(db[:depth], b, strict=True)
        ]
        z = [a @ w + v for a, w, v in zip(activations, W, b, strict=False)]
        weight_gradients = [self.factor * g for g in dW[:depth]]
        error = self._error(W, b, activations, dz[depth - 1], weight_gradients)
        return _Pass(z, activations[: depth + 1], dz[:depth], da, weight_gradients, bias_gradients, E, R, shares, error)

    def _shares(self, a: Array) -> Array:
        """Samples x outputs: what each output contributes, from the unclipped output (scikit-learn clips, and halves oddly)."""
        np, y, loss = self.np, self.y, self.exercise.network.loss

        def times_log(count: Array, p: Array) -> Array:
            return np.where(count == 0, 0.0, count * np.log(np.where(count == 0, 1.0, p)))

        if loss in SQUARED:
            return (a - y) ** 2 * {
                "half_squared_error": 0.5,
                "squared_error": 1.0,
                "mean_squared_error": 1.0 / a.shape[1],
            }[loss]
        if loss == "log_loss":
            return -times_log(y, a) - times_log(1 - y, 1 - a)
        if loss == "cross_entropy":
            return -times_log(y, a)
        return a - times_log(y, a) + times_log(y, y) - y if loss == "poisson" else a

    def errors(self, W: list[Array], b: list[Array], a: list[Array]) -> list[Array]:
        """Bounds of the round-off in z[l], in units of float64's, by running error analysis (Higham 2002, 3.3)."""
        np, found = self.np, []
        carried = np.abs(a[0])
        for layer, (w, v) in enumerate(zip(W, b, strict=True)):
            found.append((carried + np.abs(a[layer])) @ np.abs(w) + np.abs(v))
            slope = {"logistic": 0.25, "softmax": 0.5, "exp": np.abs(a[layer + 1])}.get(self.name(layer), 1.0)
            carried = found[-1] * slope + np.abs(a[layer + 1])
        return [*found, carried]

    def name(self, layer: int) -> str:
        """Activation of layer 0, 1, … (the first hidden layer is 0)."""
        return self.exercise.network.layers[layer].activation.name

    def _error(self, W: list[Array], b: list[Array], a: list[Array], last: Array, dW: list[Array]) -> float:
        """Normwise tolerance of this pass: saturation, and outputs that nearly meet their targets."""
        np = self.np
        saturated = [
            float(np.abs(a[layer] @ W[layer] + b[layer]).max()) * (2 if self.name(layer) == "tanh" else 1)
            for layer in range(len(W))
            if self.name(layer) in ("logistic", "tanh", "softmax")
        ]
        lost = ROUNDING * math.exp(min(max(saturated, default=0.0), 700.0))
        noise = (self.errors(W, b, a)[-1] + np.abs(self.y)).max() * self.factor / len(self.x)
        size = max(float(np.abs(last).max()), *(float(np.abs(g).max()) for g in dW))
        meets = ROUNDING / 4 * noise / size if size and self.exercise.network.loss != "output" else 0.0
        return max(TOLERANCE, lost, float(meets))


class _Check:
    """Every wanted number compared in the state it belongs to; what scikit-learn does not return is said once a kind."""

    def __init__(
        self,
        exercise: Exercise,
        numbers: Mapping[str, Any],
        tally: Tally,
        net: _Net,
        tolerance: dict[tuple[str, int], float],
    ) -> None:
        self.exercise, self.numbers, self.tally, self.net, self.tolerance = exercise, numbers, tally, net, tolerance
        self.by_step: dict[int, list[Wanted]] = {}
        for item in wanted(exercise, numbers, tally):
            self.by_step.setdefault(item.step, []).append(item)
        self.exact_z = {
            str(item.of): numbers[item.id]
            for items in self.by_step.values()
            for item in items
            if item.of.name == "z" and item.of.wrt is None
        }

    def run(self, optimizers: Any) -> None:
        """The numbers before the update, then the update."""
        W, b = self.net.start()
        first = self.net.run(W, b)
        try:
            self._compare(first, W, b, 0, {}, 0.0)
        except _Unreliable as problem:
            self.tally.say(str(problem))
        last = max(self.by_step, default=0)
        if last:
            try:
                self._update(optimizers, W, b, last)
            except _Unreliable as problem:
                self.tally.say(str(problem))

    # ------------------------------------------------------------------ update
    def _update(self, optimizers: Any, W: list[Array], b: list[Array], last: int) -> None:
        """Steps scikit-learn's optimizer, and beside it a twin whose start differs by round-off, to see what floats are worth."""
        self._check_rule(last)
        np = self.net.np
        start = [*W, *b]
        signs = [np.where(np.arange(p.size) % 2, 1.0, -1.0).reshape(p.shape) for p in start]
        twin = [p * (1 + s * 2.0**-52) for p, s in zip(start, signs, strict=True)]
        runs = [self._steps(optimizers, [p.copy() for p in start], last), self._steps(optimizers, twin, last)]
        depth, worst = len(W), TOLERANCE
        for step, (params, moments, done) in enumerate(runs[0]):
            others = next(runs[1])[0]
            worst = max(worst, done.error)
            if not all(np.isfinite(p).all() for p in params):
                raise _Unreliable(f"everything from step {step} on: the float64 run leaves the finite numbers")
            self._check_kinks(done, params[:depth], params[depth:], step, "everything from this step on: ")
            if not step:
                continue
            size = max(float(np.abs(p).max()) for p in params) or 1.0
            apart = max(float(np.abs(p - o).max()) for p, o in zip(params, others, strict=True)) / size
            if max(worst, 64 * apart) > LIMIT:
                raise _Unreliable(f"everything from step {step} on: float64 keeps fewer than 6 digits there")
            self._compare(done, params[:depth], params[depth:], step, moments, max(worst, 64 * apart))

    def _check_rule(self, last: int) -> None:
        update = self.exercise.update
        assert update is not None
        for wrong, why in (
            (update.learning_rate is None, "the learning rate is left out"),
            (update.order == "sequential", "scikit-learn updates all layers at once, never one after the other"),
            (update.form != "sklearn", f'scikit-learn has another form of {update.rule} than "{update.form}"'),
            (last > MAX_STEPS, f"more than {MAX_STEPS} steps"),
        ):
            if wrong:
                raise _Unreliable(f"updated values: {why}")

    def _steps(
        self, optimizers: Any, params: list[Array], last: int
    ) -> Iterator[tuple[list[Array], dict[str, list[Array]], _Pass]]:
        """Parameters (weights, then biases), moments and pass before the update and after each step."""
        update, depth = self.exercise.update, self.exercise.depth
        assert update is not None
        changing = params if update.biases and self.exercise.network.biases else params[:depth]
        if update.rule == "adam":
            rule = optimizers.AdamOptimizer(
                changing,
                learning_rate_init=_float(update.learning_rate),
                beta_1=_float(update.beta1),
                beta_2=_float(update.beta2),
                epsilon=_float(update.epsilon),
            )
        else:
            momentum = 0.0 if update.rule == "sgd" else _float(update.momentum)
            rule = optimizers.SGDOptimizer(
                changing,
                learning_rate_init=_float(update.learning_rate),
                momentum=momentum,
                nesterov=update.rule == "nesterov",
            )
        for step in range(last + 1):
            done = self.net.run(params[:depth], params[depth:])
            moments = (
                {"m": rule.ms, "v": rule.vs}
                if update.rule == "adam"
                else {"velocity": rule.velocities}
                if update.rule != "sgd"
                else {}
            )
            yield params, moments, done
            if step < last:
                rule.update_params(changing, [*done.dW, *done.db][: len(changing)])

    # ------------------------------------------------------------------ comparing
    def _compare(
        self, done: _Pass, W: list[Array], b: list[Array], step: int, moments: Mapping[str, list[Array]], least: float
    ) -> None:
        items = self.by_step.get(step, ())
        tolerance = max(done.error, least)
        if tolerance > LIMIT:
            where = f"everything after step {step}" if step else "everything before the update"
            raise _Unreliable(
                f"{where}: units are saturated or outputs meet their targets, so that float64 keeps fewer than 6 digits"
            )
        unsure = ""
        try:
            self._check_kinks(done, W, b, step, "gradients: ")
        except _Unreliable as problem:
            unsure = str(problem)
        for item in items:
            group, theirs = self._theirs(done, W, b, item.of, moments)
            if group == "gradients" and unsure:
                self.tally.say(unsure)
            elif theirs is None:
                self.tally.say(group)
            else:
                key = (group, step)
                self.tolerance[key] = tolerance * (4 if group == "v" else 1)
                self.tally.compare(key, item.id, _float(self.numbers[item.id]), float(theirs))

    def _theirs(
        self, done: _Pass, W: list[Array], b: list[Array], of: Quantity, moments: Mapping[str, list[Array]]
    ) -> tuple[str, Any]:
        """(group, number), or (sentence, None) for a kind that scikit-learn does not return."""
        base = of.base
        if of.state in ("velocity", "m", "v"):
            kept = moments.get(of.state, [])
            at = base.layer - 1 + (len(W) if base.name == "b" else 0)
            return (
                (of.state, kept[at][_place(base)])
                if at < len(kept)
                else ("moments: the update rule keeps no such number", None)
            )
        if base.wrt is not None:
            return (
                self._gradient(done, base)
                if base.is_gradient
                else ("local derivatives: scikit-learn does not return them", None)
            )
        if base.name in ("W", "b"):
            if not of.state:
                return "given numbers: scikit-learn takes them as they are", None
            return "parameters", (W if base.name == "W" else b)[base.layer - 1][_place(base)]
        return self._value(done, base)

    def _value(self, done: _Pass, of: Quantity) -> tuple[str, Any]:
        n, k = max(of.sample, 1) - 1, of.index[0] - 1 if of.index else 0
        if of.name == "z":
            return "pre-activations: scikit-learn does not return them", None
        if of.name == "a":
            return "values", done.a[of.layer][n, k]
        if of.name == "R":
            return "values", done.R
        if of.name != "E":
            return "given numbers: scikit-learn takes them as they are", None
        if of.index:
            single = of.sample or len(done.shares) == 1
            mean = len(done.shares) if self.exercise.network.batch == "mean" else 1
            return "values", done.shares[n, k] if single else done.shares[:, k].sum() / mean
        return "values", done.shares[n].sum() if of.sample else done.E

    def _gradient(self, done: _Pass, of: Quantity) -> tuple[str, Any]:
        by = of.wrt
        assert by is not None
        n = max(by.sample, 1) - 1
        if by.name == "W":
            return "gradients", done.dW[by.layer - 1][_place(by)]
        if by.name == "b":
            return "gradients", done.db[by.layer - 1][_place(by)]
        if by.name == "z":
            return "gradients", done.dz[by.layer - 1][n, by.index[0] - 1]
        if by.name == "a" and by.layer == len(done.dW) and done.da is not None:
            return "gradients", done.da[n, by.index[0] - 1]
        if by.name == "a":
            return "gradients by activations: scikit-learn does not return them", None
        if by.name in ("x", "y"):
            return "gradients by inputs and targets: scikit-learn does not return them", None
        return "gradients by parts of the loss: scikit-learn does not return them", None

    # ------------------------------------------------------------------ kinks
    def _check_kinks(self, done: _Pass, W: list[Array], b: list[Array], step: int, what: str) -> None:
        """Raises _Unreliable where scikit-learn's mask a > 0 is not the branch that exact arithmetic takes."""
        if all(layer.activation.name != "relu" for layer in self.exercise.network.layers):
            return
        at_zero = self.exercise.network.relu_at_zero
        np, errors = self.net.np, self.net.errors(W, b, done.a)
        for layer, z in enumerate(done.z):
            if self.net.name(layer) != "relu":
                continue
            # far from its kink a float has the right sign, whatever the rounding
            for n, j in np.argwhere(np.abs(z) <= ROUNDING * max(1, step) * errors[layer]):
                of = Quantity("z", layer + 1, (int(j) + 1,), int(n) + 1 if self.exercise.samples > 1 else 0)
                named = of.after(step) if step else of
                ours = self.exact_z.get(
                    str(named), self.exact_z.get(str(of.after(0))) if step == max(self.by_step) and step else None
                )
                if ours is None:
                    raise _Unreliable(f"{what}{named} lies within float64's rounding of its kink")
                if ours == 0 and at_zero not in (0, "reject"):
                    raise _Unreliable(
                        f"{what}{named} is exactly 0, where scikit-learn's derivative is 0 and the stated one {at_zero}"
                    )
                if (done.a[layer + 1][n, j] > 0) != (_float(ours) > 0):
                    raise _Unreliable(f"{what}float64 puts {named} on the other side of its kink")


def _place(of: Quantity) -> tuple[int, ...]:
    """Position of a weight or bias in scikit-learn's arrays; a shared bias is the only entry."""
    return tuple(i - 1 for i in of.index) or (0,)
