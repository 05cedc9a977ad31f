"""A check that cannot fail is a defect: one fault per rule, and each is found by the check that should find it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sympy import Expr, Integer, Rational, S, exp, tanh
from sympy.core.cache import clear_cache
from test_laws import second_derivatives_hold
from test_printing import ROWS, written

from symprop import arithmetic, derive, functions, graph, solution, update
from symprop import quantity as q
from symprop.api import numbers
from symprop.exercise import MLP, Exercise
from symprop.oracles import OracleReport, differences
from symprop.printing import Latex, layout
from symprop.printing.layout import Layout

Patch = pytest.MonkeyPatch


def forget() -> None:
    """Caches would remember the rules as they were."""
    clear_cache()
    arithmetic._program.cache_clear()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


def verdict(exercise: Exercise) -> OracleReport:
    return differences.check(exercise, numbers(solution.solve(exercise)))


def net(hidden: Any = "tanh", output: Any = "identity", K: int = 2, n: int = 2, **changes: Any) -> Exercise:
    """Two hidden units, one below 0 and one above; no number repeats, so that no two faults cancel."""
    tables: dict[str, Any] = {
        "x": [["0.5", "-0.3"], ["0.8", "0.4"]][:n],
        "y": [["0.2", "0.6"][:K], ["0.9", "0.1"][:K]][:n],
        "W": [[["0.7", "-1.1"], ["-0.4", "0.3"]], [row[:K] for row in (["0.6", "-0.9"], ["1.2", "0.8"])]],
        "b": [["0.1", "-0.2"], ["0.35", "-0.15"][:K]],
    }
    return MLP([(2, hidden), (K, output)], **(tables | changes))


def on_its_kink(activation: Any, relu_at_zero: Any) -> Exercise:
    return MLP(
        [(1, activation), (1, "identity")], x=[["1/2"]], y=[[2]], W=[[[2]], [[3]]], b=[[-1], [0]], relu_at_zero=relu_at_zero
    )  # fmt: skip


# ---------------------------------------------------------------------- derivatives of activations
def fdiff(kind: Any, wrong: Callable[..., Expr]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(kind, "fdiff", wrong)


def branch(kind: Any, wrong: Callable[..., Expr]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(kind, "branch", classmethod(lambda cls, sign, t, *p: wrong(sign, t, *p)))


def _logistic_of(f: Any) -> Expr:
    return functions.logistic(*f.args[:1])


def _off_diagonal_forgotten(self: Any, argindex: int = 1) -> Expr:
    return self * (1 - self) if argindex - 1 == self.args[0] else S.Zero


def _off_diagonal_positive(self: Any, argindex: int = 1) -> Expr:
    other = functions.softmax(Integer(argindex - 1), *self.args[1:])
    return self * (1 - self) if argindex - 1 == self.args[0] else self * other


F = functions
SOFTMAX = {"output": "softmax", "y": [[1, 0], [0, 1]]}
DERIVATIVES: dict[str, tuple[Exercise, Callable[[Patch], None]]] = {
    "logistic: a(1 + a)": (net("logistic"), fdiff(F.logistic, lambda self, i=1: self * (1 + self))),
    "tanh: 1 - a": (net("tanh"), fdiff(tanh, lambda self, i=1: 1 - self)),
    "exp: 1 + e^t": (net("exp"), fdiff(exp, lambda self, i=1: 1 + self)),
    "softplus: tanh": (net("softplus"), fdiff(F.softplus, lambda self, i=1: tanh(self.args[0]))),
    "gelu: Phi alone": (net("gelu"), fdiff(F.gelu, lambda self, i=1: F.Phi(self.args[0]))),
    "gelu by tanh: the bend forgotten": (
        net({"name": "gelu", "approximate": "tanh"}),
        fdiff(F.gelu_tanh, lambda self, i=1: (1 + tanh(self.inner(self.args[0]))) / 2),
    ),
    "swish: the gate alone": (net("swish"), fdiff(F.swish, lambda self, i=1: _logistic_of(self))),
    "swish: beta forgotten": (
        net({"name": "swish", "beta": "1.5"}),
        fdiff(F.swish, lambda self, i=1: _logistic_of(self) + self.args[0] * _logistic_of(self) * (1 - _logistic_of(self))),
    ),
    "relu: always 1": (net("relu"), fdiff(F.relu, lambda self, i=1: S.One)),
    "relu': sides exchanged": (net("relu"), branch(F.relu_prime, lambda sign, t, *c: S.Zero if sign > 0 else S.One)),
    "leaky relu: as relu": (net("leaky_relu"), fdiff(F.leaky_relu, lambda self, i=1: F.relu_prime(self.args[0]))),
    "leaky relu': minus the slope": (net("leaky_relu"), branch(F.leaky_relu_prime, lambda sign, t, slope, *c: S.One if sign > 0 else -slope)),
    "elu: as relu": (net("elu"), fdiff(F.elu, lambda self, i=1: F.relu_prime(self.args[0]))),
    "elu': alpha without e^t": (net("elu"), branch(F.elu_prime, lambda sign, t, alpha, *c: S.One if sign > 0 else alpha)),
    "elu': alpha forgotten": (
        net({"name": "elu", "alpha": "0.5"}),
        branch(F.elu_prime, lambda sign, t, alpha, *c: S.One if sign > 0 else exp(t)),
    ),
    "softmax: off-diagonal forgotten": (net(**SOFTMAX), fdiff(F.softmax, _off_diagonal_forgotten)),
    "softmax: off-diagonal positive": (net(**SOFTMAX), fdiff(F.softmax, _off_diagonal_positive)),
    "hidden softmax: off-diagonal forgotten": (net("softmax"), fdiff(F.softmax, _off_diagonal_forgotten)),
    "relu at 0: the convention ignored": (on_its_kink("relu", "1/2"), branch(F.relu_prime, lambda sign, t, *c: S.One if sign > 0 else S.Zero)),
    "leaky relu at 0: slope + c": (
        on_its_kink("leaky_relu", "1/2"),
        branch(F.leaky_relu_prime, lambda sign, t, slope, *c: S.One if sign > 0 else slope if sign < 0 else slope + sum(c)),
    ),
    "elu at 0: alpha + c": (
        on_its_kink({"name": "elu", "alpha": "1/4"}, "1/2"),
        branch(F.elu_prime, lambda sign, t, alpha, *c: S.One if sign > 0 else alpha * exp(t) if sign < 0 else alpha + sum(c)),
    ),
    "the other convention": (on_its_kink("relu", 0), lambda patch: patch.setattr(solution, "convention", lambda exercise: S.One)),
}  # fmt: skip


def caught(exercise: Exercise, fault: Callable[[Patch], None], patch: Patch) -> None:
    """The differences agree as long as nothing is wrong, and contradict the fault."""
    assert verdict(exercise).agrees is True
    forget()
    fault(patch)
    assert verdict(exercise).agrees is False


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_wrong_derivative_is_contradicted(name: str, monkeypatch: Patch) -> None:
    caught(*DERIVATIVES[name], monkeypatch)


@pytest.mark.parametrize("name", sorted({*functions.ACTIVATIONS} - {"softmax", "step"}))
def test_a_wrong_value_of_an_activation_is_contradicted(name: str, monkeypatch: Patch) -> None:
    row = functions.ACTIVATIONS[name]
    wrong = functions.Activation(lambda t, **given: row.value(t, **given) * Rational(11, 10), row.parameters)
    caught(net(name), lambda patch: patch.setitem(functions.ACTIVATIONS, name, wrong), monkeypatch)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (functions.Phi, lambda self, i=1: -functions.phi(self.args[0])),
        (functions.phi, lambda self, i=1: self.args[0] * self),
        (functions.elu_prime, lambda self, i=1: self.args[1] * exp(self.args[0])),
    ],
    ids=["Phi", "phi", "elu'"],
)
def test_a_wrong_second_derivative_is_contradicted(kind: Any, wrong: Any, monkeypatch: Patch) -> None:
    assert second_derivatives_hold(kind)
    forget()
    monkeypatch.setattr(kind, "fdiff", wrong)
    assert not second_derivatives_hold(kind)


# ---------------------------------------------------------------------- losses, cancellation, chain rule
WRONG_LOSSES: dict[str, tuple[Exercise, Callable[..., Expr]]] = {
    "half_squared_error": (net(), lambda a, y, K: (a - y) ** 2),
    "squared_error": (net(loss="squared_error"), lambda a, y, K: (a - y) ** 2 / 2),
    "mean_squared_error": (net(loss="mean_squared_error"), lambda a, y, K: (a - y) ** 2),
    "log_loss": (net(output="logistic", loss="log_loss"), lambda a, y, K: -y * functions.log(a)),
    "cross_entropy": (net(**SOFTMAX, loss="cross_entropy"), lambda a, y, K: y * functions.log(a)),
    "poisson": (net(output="exp", loss="poisson"), lambda a, y, K: -y * functions.log(a) + y * functions.log(y) - y),
    "output": (net(K=1, loss="output", y=None), lambda a, y, K: 2 * a),
}


def test_every_loss_has_its_fault() -> None:
    assert WRONG_LOSSES.keys() == functions.LOSSES.keys()


@pytest.mark.parametrize("name", WRONG_LOSSES)
def test_a_wrong_loss_is_contradicted(name: str, monkeypatch: Patch) -> None:
    exercise, share = WRONG_LOSSES[name]
    wrong = replace(functions.LOSSES[name], share=share)
    caught(exercise, lambda patch: patch.setitem(functions.LOSSES, name, wrong), monkeypatch)


@pytest.mark.parametrize(
    "exercise",
    [
        net(output="logistic", loss="log_loss"),
        net(**SOFTMAX, loss="cross_entropy"),
        net(output="exp", loss="poisson"),
    ],
    ids=lambda e: e.network.loss,
)
def test_a_wrong_cancellation_is_contradicted(exercise: Exercise, monkeypatch: Patch) -> None:
    right = derive._with_cancellation

    def wrong(*arguments: Any) -> Any:
        found = right(*arguments)
        return found if found.cancelled is None else replace(found, cancelled=-found.cancelled)

    caught(exercise, lambda patch: patch.setattr(derive, "_with_cancellation", wrong), monkeypatch)


def test_a_forgotten_path_is_contradicted(monkeypatch: Patch) -> None:
    right = solution.derive

    def wrong(*arguments: Any) -> Any:
        return {k: replace(d, terms=d.terms[:1], cancelled=None) for k, d in right(*arguments).items()}

    caught(net(), lambda patch: patch.setattr(solution, "derive", wrong), monkeypatch)


def test_a_wrong_factor_of_a_local_derivative_is_contradicted(monkeypatch: Patch) -> None:
    right = derive.local_derivative
    wrong = lambda of, *rest: right(of, *rest) * (2 if of.role == "pre-activation" else 1)  # noqa: E731
    caught(net(), lambda patch: patch.setattr(derive, "local_derivative", wrong), monkeypatch)


# ---------------------------------------------------------------------- batch, penalty, updates
def loss_of(change: Callable[[Any], Any]) -> Callable[[Patch], None]:
    """The loss built as if the network said something else."""
    right = graph._loss

    def wrong(exercise: Exercise) -> Any:
        return right(exercise.model_copy(update={"network": change(exercise.network)}))

    return lambda patch: patch.setattr(graph, "_loss", wrong)


@pytest.mark.parametrize(("batch", "taken"), [("mean", "sum"), ("sum", "mean")])
def test_a_wrong_batch_factor_is_contradicted(batch: str, taken: str, monkeypatch: Patch) -> None:
    caught(net(batch=batch), loss_of(lambda n: n.model_copy(update={"batch": taken})), monkeypatch)


@pytest.mark.parametrize(
    ("scale", "taken"), [("sklearn", "half"), ("half", "plain"), ("plain", "sklearn"), ("half", "sklearn")]
)
def test_a_wrong_penalty_factor_is_contradicted(scale: str, taken: str, monkeypatch: Patch) -> None:
    def change(network: Any) -> Any:
        return network.model_copy(update={"penalty": network.penalty.model_copy(update={"scale": taken})})

    caught(net(penalty={"l2": "0.3", "scale": scale}), loss_of(change), monkeypatch)


def test_a_forgotten_penalty_is_contradicted(monkeypatch: Patch) -> None:
    fault = loss_of(lambda n: n.model_copy(update={"penalty": n.penalty.model_copy(update={"l2": S.Zero})}))
    caught(net(penalty={"l2": "0.3", "scale": "half"}), fault, monkeypatch)


def rule(state: str, change: Callable[[Expr], Expr]) -> Callable[[Patch], None]:
    """The update rule with one line of it changed."""
    right = update.rule

    def wrong(*arguments: Any) -> Any:
        for id, expression in right(*arguments):
            yield id, change(expression) if id.state == state else expression

    return lambda patch: patch.setattr(update, "rule", wrong)


def read(name: str, factor: Any) -> Callable[[Expr], Expr]:
    s = graph.symbol(q.Quantity(name))
    return lambda expression: expression.xreplace({s: s * factor})


def form(taken: str) -> Callable[[Patch], None]:
    right = update.rule

    def wrong(of: Any, *rest: Any) -> Any:
        return right(of.model_copy(update={"form": taken}), *rest)

    return lambda patch: patch.setattr(update, "rule", wrong)


def _old_weights(patch: Patch) -> None:
    """Sequential order that forgets to take the new outer weights."""
    right = solution._sequential

    def wrong(derivation: Any, step: int, of: Any) -> Any:
        name, expression = right(derivation, step, of)
        back = {s: q.Quantity.parse(s.name) for s in expression.free_symbols}
        old = {
            s: graph.symbol(update.before(o.base, o.step))
            for s, o in back.items()
            if o.state == "new" and o.step == step
        }
        return name, expression.xreplace(old)

    patch.setattr(solution, "_sequential", wrong)


ADAM = {"rule": "adam", "learning_rate": "0.1", "epsilon": "0.1", "steps": 2}
RULES: dict[str, tuple[dict[str, Any], Callable[[Patch], None]]] = {
    "sgd: uphill": ({"rule": "sgd", "learning_rate": "0.1"}, rule("new", read("eta", -1))),
    "momentum: mu halved": ({"rule": "momentum", "learning_rate": "0.1", "steps": 2}, rule("velocity", read("mu", Rational(1, 2)))),
    "momentum: the gradient's sign": ({"rule": "momentum", "learning_rate": "0.1"}, rule("velocity", read("eta", -1))),
    "momentum as an average: beta halved": ({"rule": "momentum", "form": "ema", "learning_rate": "0.1"}, rule("velocity", read("beta", Rational(1, 2)))),
    "nesterov: the look ahead forgotten": ({"rule": "nesterov", "learning_rate": "0.1"}, rule("new", read("mu", 0))),
    "nesterov: mu in the velocity": ({"rule": "nesterov", "learning_rate": "0.1", "steps": 2}, rule("velocity", read("mu", 0))),
    "adam: beta1": (ADAM, rule("m", read("beta1", Rational(1, 2)))),
    "adam: beta2": (ADAM, rule("v", read("beta2", Rational(1, 2)))),
    "adam: epsilon halved": (ADAM, rule("new", read("epsilon", Rational(1, 2)))),
    "adam: the paper's formula for scikit-learn's": (ADAM, form("paper")),
    "adam: scikit-learn's formula for the paper's": (ADAM | {"form": "paper"}, form("sklearn")),
    "adam: no correction of the first moment": (ADAM, rule("new", read("beta1", 0))),
    "sequential: old weights": ({"rule": "sgd", "learning_rate": "0.1", "order": "sequential"}, _old_weights),
    "biases moved though they should stay": (
        {"rule": "sgd", "learning_rate": "0.1", "biases": False},
        lambda patch: patch.setattr(update, "parameters", lambda exercise: list(exercise.parameter_ids())),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_update_is_contradicted(name: str, monkeypatch: Patch) -> None:
    changes, fault = RULES[name]
    caught(net(update=changes), fault, monkeypatch)


# ---------------------------------------------------------------------- printers
def _plus_a_negative(patch: Patch) -> None:
    right = Layout._term

    def wrong(self: Any, term: Expr, first: bool) -> Any:
        known = self._known(term)
        if known is not None and known.negative and not first:
            return self.join([self.operator("+"), self.signed(known)])
        return right(self, term, first)

    patch.setattr(Layout, "_term", wrong)


def always_leading(method: str) -> Callable[[Patch], None]:
    right = getattr(Layout, method)

    def wrong(self: Any, expression: Expr, leading: bool, **rest: Any) -> Any:
        return right(self, expression, leading=True, **rest)

    return lambda patch: patch.setattr(Layout, method, wrong)


def method(name: str, wrong: Callable[..., Any]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(Layout, name, wrong)


def _signed_exponent(self: Any, argument: Expr) -> Any:
    return self.join([self.minus(), self._print(argument)])


#: Fault, and a row (by its LaTeX) that must be among those that no longer hold.
PRINTERS: dict[str, tuple[Callable[[Patch], None], str]] = {
    "no brackets round a negative factor": (always_leading("_factor"), r"1 \cdot (-2) + 3"),
    "plus before a lone negative term": (_plus_a_negative, r"1 \cdot 2 - 3"),
    "no brackets after a minus": (always_leading("_product"), "-3 - (-1)"),
    "minus 0": (method("_starts_with_zero", lambda self, body: False), "0"),
    "factors in alphabetical order": (lambda p: p.setattr(layout, "_factor_key", str), "h_{1} (1 - h_{1})"),
    "terms in alphabetical order": (lambda p: p.setattr(layout, "_term_key", str), "-3 - (-1)"),
    "no dot between figures": (method("_needs_dot", lambda self, left, right: False), r"1 \cdot 2 + 3"),
    "a dot everywhere": (method("_needs_dot", lambda self, left, right: True), r"w_{11} x + b_{11}"),
    "no brackets round a negative base": (method("_print_Pow", lambda self, e: self.power(self._print(e.base), self._print(e.exp))), "(-2)^{2}"),
    "two signs in an exponent": (method("_negated", _signed_exponent), r"\frac{1}{1 + e^{2}}"),
    "signs lost": (method("signed", lambda self, figure: self.unsigned(figure)), "-2.5"),
    "leading signs lost": (lambda p: p.setattr(Latex, "minus", lambda self: ""), "-2.5"),
    "sums without brackets": (lambda p: p.setattr(Latex, "bracket", lambda self, body: body), "h_{1} (1 - h_{1})"),
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTERS)
def test_a_wrong_rule_of_a_printer_breaks_the_table(name: str, monkeypatch: Patch) -> None:
    fault, expected = PRINTERS[name]
    fault(monkeypatch)
    broken = [row[2] for row in ROWS if written(row[0], row[1]) != row[2:]]
    assert expected in broken
