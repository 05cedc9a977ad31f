"""The two oracles: they agree with published figures and with the solver, and they find every wrong number."""

import subprocess
import sys
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import pytest
from sympy import Float, Rational

from symprop import quantity as q
from symprop.exercise import MLP, Exercise, load
from symprop.oracles import OracleReport, differences, sklearn, verify
from symprop.solution import solve

MAZUR: dict[str, Any] = {
    "x": [["0.05", "0.10"]],
    "y": [["0.01", "0.99"]],
    "biases": "shared",
    "b": ["0.35", "0.60"],
    "W": [[["0.15", "0.25"], ["0.20", "0.30"]], [["0.40", "0.50"], ["0.45", "0.55"]]],
}
SIGMOIDS = [(2, "logistic"), (2, "logistic")]


def numbers(exercise: Exercise) -> dict[str, Any]:
    """Every number of a solved exercise: nodes, gradients, local derivatives, and all of them after every update step."""
    solution = solve(exercise)
    found: dict[str, Any] = {}
    for node in solution.graph:
        found[str(node.id)] = solution.value(node.id)
        for parent in solution.graph.parents(node):
            local = q.local(node.id, parent.id)
            found[str(local)] = solution.value(local)
    found |= {str(d.id): solution.value(d.id) for d in solution.derivations.values()}
    update = exercise.update
    if update is None or update.learning_rate is None:
        return found
    changed = [
        str(n.id)
        for n in solution.graph
        if n.definition is not None or (n.id.is_parameter and (update.biases or n.id.name == "W"))
    ]
    changed += [str(d.id) for d in solution.derivations.values()]
    kept = {"momentum": ["velocity"], "nesterov": ["velocity"], "adam": ["m", "v"]}.get(update.rule, [])
    for step in range(1, update.steps + 1):
        found |= {f"new@{step} {id}": solution.value(f"new@{step} {id}") for id in changed}
        for p in exercise.parameter_ids():
            if update.biases or p.name == "W":
                found |= {f"{state}@{step} {p}": solution.value(f"{state}@{step} {p}") for state in kept}
            if update.order == "sequential":
                found[f"used@{step} dE/d{p}"] = solution.value(f"used@{step} dE/d{p}")
    return found


def both(exercise: Exercise, values: dict[str, Any] | None = None) -> tuple[OracleReport, OracleReport]:
    reports = verify(exercise, numbers(exercise) if values is None else values)
    assert [r.name for r in reports] == ["scikit-learn", "central differences"]
    return reports[0], reports[1]


def agreed(exercise: Exercise) -> tuple[OracleReport, OracleReport]:
    """Both oracles agree, and the differences compared every single number."""
    values = numbers(exercise)
    ours, theirs = both(exercise, values)
    assert ours.agrees is True, ours
    assert theirs.agrees is True, theirs
    assert theirs.compared == len(values)
    assert theirs.skipped == ()
    assert theirs.largest_error < 1e-25
    return ours, theirs


def net(layers: list[Any], n: int = 1, **changes: Any) -> Exercise:
    """A net on a fixed pattern of one-digit decimals; `x`, `y`, `W`, `b` unless given."""
    widths = [2, *(layer[0] for layer in layers)]

    def pattern(rows: int, columns: int, seed: int) -> list[list[str]]:
        return [[f"{((7 * i + 3 * j + 5 * seed) % 17 - 8) / 10}" for j in range(columns)] for i in range(rows)]

    tables = {
        "x": pattern(n, 2, 1),
        "y": pattern(n, widths[-1], 2),
        "W": [pattern(a, b, i + 3) for i, (a, b) in enumerate(pairwise(widths))],
        "b": [pattern(1, w, i + 9)[0] for i, w in enumerate(widths[1:])],
    }
    return MLP(layers, **(tables | changes))


# ---------------------------------------------------------------------- agreement with published figures
def test_day12_both_agree() -> None:
    ours, theirs = agreed(load("day12"))
    assert ours.largest_error == 0
    assert theirs.values["E"] == ours.values["E"]


def test_mazur_published_figures() -> None:
    exercise = MLP(SIGMOIDS, **MAZUR, update={"learning_rate": "0.5", "biases": False})
    printed = {
        "z1[1]": "0.3775",
        "a1[1]": "0.593269992",
        "a1[2]": "0.596884378",
        "z2[1]": "1.105905967",
        "a2[1]": "0.75136507",
        "a2[2]": "0.772928465",
        "E[1]": "0.274811083",
        "E[2]": "0.023560026",
        "E": "0.298371109",
        "dE/da2[1]": "0.74136507",
        "da2[1]/dz2[1]": "0.186815602",
        "dE/dz2[1]": "0.138498562",
        "dE/da1[1]": "0.036350306",
        "da1[1]/dz1[1]": "0.241300709",
        "dE/dW2[1,1]": "0.082167041",
        "dE/dW1[1,1]": "0.000438568",
        "new W2[1,1]": "0.35891648",
        "new W2[2,2]": "0.561370121",
        "new W1[1,1]": "0.149780716",
        "new W1[2,2]": "0.29950229",
        "new E": "0.291027774",
    }
    for report in both(exercise, printed):
        assert report.compared >= 12
        for id, value in report.values.items():
            assert value == pytest.approx(float(printed[id]), abs=0.51 * 10.0 ** -len(printed[id].partition(".")[2])), (
                report.name,
                id,
            )
    agreed(exercise)


def test_mazur_sequential_is_the_loss_he_prints() -> None:
    exercise = MLP(
        SIGMOIDS, **MAZUR, update={"learning_rate": "0.5", "biases": False, "order": "sequential", "steps": 2}
    )
    ours, theirs = agreed(exercise)
    assert theirs.values["new@1 E"] == pytest.approx(0.291027924, abs=5e-10)
    assert any("all layers at once" in s for s in ours.skipped)
    assert not any(id.startswith("new") for id in ours.values)


def test_softmax_batch_with_penalty_and_class_numbers() -> None:
    ours, theirs = agreed(
        net(
            [(3, "tanh"), (3, "softmax")],
            3,
            y=[0, 2, 1],
            loss="cross_entropy",
            penalty="0.1",
            update={"learning_rate": "0.1"},
        )
    )
    assert ours.compared > 80
    assert ours.values["dE/dW1[1,2]"] == pytest.approx(theirs.values["dE/dW1[1,2]"], rel=1e-12)
    assert "R" in ours.values
    assert "dE/dalpha" in theirs.values


def test_scikit_learns_own_worked_example() -> None:
    exercise = MLP(
        [(2, "logistic"), (1, "logistic")],
        x=[["0.6", "0.8", "0.7"]],
        y=[[0]],
        loss="log_loss",
        penalty="0.1",
        W=[[["0.1", "0.2"], ["0.3", "0.1"], ["0.5", "0"]], [["0.1"], ["0.2"]]],
        b=[["0.1", "0.1"], [1]],
        update={"learning_rate": "0.1"},
    )
    for report in agreed(exercise):
        assert report.values["a1[1]"] == pytest.approx(0.679178699175393, abs=1e-15)
        assert report.values["dE/dW1[1,1]"] == pytest.approx(0.0200, abs=5e-5)
        assert report.values["dE/dW1[3,1]"] == pytest.approx(0.061675171447726, abs=1e-14)
        assert report.values["new@1 b2[1]"] == pytest.approx(0.9235, abs=5e-5)


def test_sums_of_squares_of_a_saturated_batch() -> None:
    exercise = MLP(
        SIGMOIDS,
        x=[[3, 1], [-1, 4]],
        y=[[1, 0], [0, 1]],
        W=[[[6, -3], [-2, 5]], [[1, -2], ["0.25", 2]]],
        loss="squared_error",
        batch="sum",
        update={"learning_rate": "0.5"},
    )
    theirs = agreed_by_differences(exercise)
    assert theirs.values["dE/dW1[1,1]"] == pytest.approx(-3.251845849503715e-07, rel=1e-14)
    assert theirs.values["dE/dW2[2,1]"] == pytest.approx(0.2748497387695007, rel=1e-14)
    assert theirs.values["new@1 W1[2,2]"] == pytest.approx(4.999763309384074, rel=1e-14)


def agreed_by_differences(exercise: Exercise) -> OracleReport:
    report = both(exercise)[1]
    assert report.agrees is True, report
    return report


def test_output_loss_of_a_sigmoid_neuron() -> None:
    for report in agreed(MLP([(1, "logistic")], x=[[-1, -2]], W=[[[2], [-3]]], b=[[-3]], loss="output")):
        assert report.values["dE/dW1[2,1]"] == pytest.approx(-0.3932238664829637, rel=1e-14)


# ---------------------------------------------------------------------- every loss, activation, rule
@pytest.mark.parametrize("batch", ["mean", "sum"])
@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [
        ("half_squared_error", "identity", None),
        ("squared_error", "identity", None),
        ("mean_squared_error", "tanh", None),
        ("half_squared_error", "tanh", None),
        ("log_loss", "logistic", [[1, 0], ["1/3", 1]]),
        ("cross_entropy", "softmax", [[0, 1], [1, 0]]),
        ("poisson", "exp", [[2, 0], ["0.5", 3]]),
    ],
)
def test_losses(loss: str, output: str, y: Any, batch: str) -> None:
    exercise = net(
        [(2, "tanh"), (2, output)],
        2,
        loss=loss,
        batch=batch,
        penalty={"l2": "0.3", "scale": "half"},
        **({"y": y} if y else {}),
    )
    if loss == "poisson" and tuple(map(int, version("scikit-learn").split(".")[:2])) < (1, 7):
        pytest.skip("scikit-learn has a Poisson loss from 1.7 on")
    assert agreed(exercise)[0].compared >= 34


@pytest.mark.parametrize(
    "activation",
    [
        "identity",
        "logistic",
        "tanh",
        "relu",
        "leaky_relu",
        "elu",
        "softplus",
        "gelu",
        "swish",
        "exp",
        "softmax",
        {"name": "swish", "beta": "1.7"},
        {"name": "elu", "alpha": "0.3"},
        {"name": "leaky_relu", "slope": "1/5"},
        {"name": "gelu", "approximate": "tanh"},
        {"name": "own", "formula": "z*sigmoid(z) + sqrt(1+z^2)*erf(z) + abs(z-3) + max(z,2)^2 + ln(3+tanh(z))"},
    ],
)
def test_activations_by_differences(activation: Any) -> None:
    outer, loss = (
        ("identity", "half_squared_error") if activation == "softmax" else (activation, "(yhat-y)^4/4 + yhat*y")
    )
    exercise = net([(2, activation), (2, outer)], 2, penalty={"l2": "0.3", "scale": "plain"}, loss=loss)
    values = numbers(exercise)
    report = differences.check(exercise, values)
    assert report.agrees is True, report
    assert report.compared == len(values)


@pytest.mark.parametrize(
    "update",
    [
        {"rule": "momentum"},
        {"rule": "momentum", "form": "ema"},
        {"rule": "nesterov"},
        {"rule": "adam"},
        {"rule": "adam", "form": "paper"},
        {"rule": "adam", "order": "sequential"},
        {"rule": "sgd", "biases": False},
    ],
    ids=str,
)
def test_rules(update: dict[str, Any]) -> None:
    penalty = None if update.get("order") else "0.3"
    exercise = net(
        [(2, "tanh"), (1, "identity")], 2, penalty=penalty, update={"learning_rate": "0.1", "steps": 3, **update}
    )
    ours, theirs = agreed(exercise)
    plain = update.get("form") is None and update.get("order") is None
    assert any(id.startswith("new@3 W") for id in ours.values) == plain
    assert any(id.startswith(("velocity@3", "m@3")) for id in theirs.values) == (update["rule"] != "sgd")


def test_long_runs_pass_to_the_backward_loop() -> None:
    exercise = MLP(SIGMOIDS, **MAZUR, update={"learning_rate": "0.5", "biases": False, "steps": 60})
    solution = solve(exercise)
    for report in both(
        exercise, {id: solution.value(id) for id in ("new E", "new W1[1,1]", "new dE/dW2[1,2]", "new@30 E")}
    ):
        assert report.agrees is True, report
        assert report.compared == 4


# ---------------------------------------------------------------------- kinks, saturation, nothing to compare
KINK: dict[str, Any] = {
    "x": [["0.2", "0.1", "0.4"]],
    "y": [[1]],
    "W": [[[1, 2], [1, -1], ["-3/4", "0.3"]], [[1], ["-1"]]],
    "b": [[0, 0], [0]],
}


@pytest.mark.parametrize("at_zero", [0, 1, "1/2"])
def test_kinks_follow_the_stated_convention(at_zero: Any) -> None:
    exercise = MLP([(2, "relu"), (1, "identity")], **KINK, relu_at_zero=at_zero, update={"learning_rate": "0.1"})
    values = numbers(exercise)
    ours, theirs = both(exercise, values)
    assert values["z1[1]"] == 0
    assert theirs.agrees is True
    assert theirs.compared == len(values) - 1
    assert theirs.skipped == ("da1[1]/dz1[1]: z1[1] is exactly 0, the derivative there is the stated convention",)
    assert any("z1[1]" in s for s in ours.skipped)
    assert ours.agrees is True
    assert "dE/dW2[1,1]" not in ours.values
    wrong = values | {"dE/dW1[1,1]": values["dE/dW1[1,1]"] + Rational(1, 3)}
    assert differences.check(exercise, wrong).disagreements[0].id == "dE/dW1[1,1]"


def test_kink_inside_a_formula_is_skipped_with_its_reason() -> None:
    exercise = MLP(
        [(1, {"name": "own", "formula": "abs(z)"})], x=[[1]], y=[[1]], W=[[[1]]], b=[[-1]], update={"learning_rate": 1}
    )
    report = differences.check(exercise, numbers(exercise))
    assert report.agrees is True
    assert "dE/dW1[1,1]" not in report.values
    assert "dE/dy[1]" in report.values
    assert any("one-sided differences disagree" in s for s in report.skipped)
    assert any("everything from step 1 on" in s for s in report.skipped)


def test_a_perfect_fit_is_no_kink() -> None:
    agreed(MLP([(1, "identity")], x=[[2]], y=[[3]], W=[[[1]]], b=[[1]], update={"learning_rate": 1}))


def test_saturation_leaves_the_differences() -> None:
    exercise = MLP([(1, "logistic")], x=[[20]], y=[[0]], W=[[[5]]], b=[[0]], loss="log_loss")
    ours, theirs = both(exercise)
    assert (ours.agrees, ours.compared) == (None, 0)
    assert any("saturated" in s for s in ours.skipped)
    assert theirs.agrees is True, theirs
    assert theirs.values["dE/dz1[1]"] == 1.0


@pytest.mark.parametrize(
    ("layers", "changes", "why"),
    [
        ([(2, "relu"), (2, "tanh"), (1, "identity")], {}, "one activation for all hidden layers"),
        ([(2, "gelu"), (1, "identity")], {}, "no hidden gelu"),
        ([(2, "tanh"), (1, "identity")], {"loss": "(yhat-y)^4"}, "loss by formula"),
        ([(2, "tanh"), (1, "exp")], {}, "squared errors after identity only"),
        ([(2, {"name": "own", "formula": "z^2"}), (1, "identity")], {}, "by formula"),
    ],
)
def test_what_scikit_learn_cannot_express(layers: list[Any], changes: dict[str, Any], why: str) -> None:
    report, theirs = both(net(layers, **changes))
    assert (report.agrees, report.compared, report.values) == (None, 0, {})
    assert why in report.skipped[0]
    assert theirs.agrees is True


def test_identity_tail_gives_the_outputs_own_gradient() -> None:
    ours, _ = agreed(MLP(SIGMOIDS, **MAZUR))
    assert ours.values["dE/da2[1]"] == pytest.approx(0.74136507, abs=5e-9)
    assert ours.values["dE/dz2[1]"] == pytest.approx(0.138498562, abs=5e-10)


def test_no_numbers_no_verdict() -> None:
    for report in verify(load("day12"), {}):
        assert (report.compared, report.agrees, report.largest_error) == (0, None, 0.0)


def test_unknown_ids_are_said_to_be_skipped() -> None:
    for report in verify(load("day12"), {"W9[1,1]": Rational(1), "E": solve(load("day12")).value("E")}):
        assert report.compared == 1
        assert any("W9[1,1]" in s for s in report.skipped)


def test_float_on_the_other_side_of_a_kink() -> None:
    exercise = MLP([(1, "relu")], x=[[1]], y=[[1]], W=[[["0.1"]]], b=[["-0.1000000000000000000001"]])
    ours, theirs = both(exercise)
    assert theirs.agrees is True
    flipped = MLP([(1, "relu")], x=[["0.1", "0.2"]], y=[[1]], W=[[[1], [1]]], b=[["-0.3"]])
    assert solve(flipped).value("z1[1]") == 0
    for report, other in ((ours, exercise), (sklearn.check(flipped, numbers(flipped)), flipped)):
        assert report.agrees is True, other
        assert any(s.startswith("gradients: float64 puts z1[1]") for s in report.skipped) == (other is flipped)


def test_scikit_learn_with_other_private_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.neural_network._multilayer_perceptron import BaseMultilayerPerceptron

    monkeypatch.delattr(BaseMultilayerPerceptron, "_backprop")
    report = sklearn.check(load("day12"), numbers(load("day12")))
    assert (report.compared, report.agrees) == (0, None)
    assert "private names" in report.skipped[0]


def test_import_is_light() -> None:
    code = "import sys, symprop.oracles; assert not {'numpy', 'sklearn', 'symprop.graph', 'symprop.solution', 'symprop.update'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---------------------------------------------------------------------- wrong numbers are found
WRONG = net(
    [(2, "tanh"), (2, "tanh")],
    2,
    loss="squared_error",
    penalty="0.3",
    update={"rule": "momentum", "learning_rate": "0.1", "steps": 2},
)
RIGHT = numbers(WRONG)


@pytest.mark.parametrize("id", [
    "z1[2]@2", "a1[1]@1", "a2[2]@2", "E[1]@2", "E[2]", "E@1", "E", "R", "dE/dW1[1,2]", "dE/dW2[2,1]", "dE/db1[1]", "dE/db2[2]", "dE/dz1[2]@1",
    "dE/dz2[1]@2", "dE/da1[1]@2", "dE/da2[1]@1", "dE/dx[1]@2", "dE/dy[2]@1", "dE/dE@1", "dE/dE[1]@2", "dE/dR", "dE/dalpha",
    "da1[1]@1/dz1[1]@1", "dz2[2]@1/da1[1]@1", "dz1[1]@1/dx[2]@1", "dz1[1]@2/dW1[2,1]", "dz2[1]@1/db2[1]", "dE[1]@1/da2[1]@1", "dR/dW1[1,1]", "dR/dalpha",
    "new@1 W1[1,1]", "new@2 b2[1]", "new@2 a2[1]@1", "new@1 E", "new@2 dE/dW2[1,1]", "velocity@2 W1[2,2]", "velocity@1 b1[1]",
])  # fmt: skip
def test_every_wrong_number_is_named_first(id: str) -> None:
    wrong = RIGHT | {id: Float(RIGHT[id] * (1 + Rational(1, 10**6)), 50)}
    reports = verify(WRONG, wrong)
    assert reports[1].agrees is False
    assert reports[1].disagreements[0].id == id
    if id in reports[0].values:
        assert reports[0].agrees is False
        assert reports[0].disagreements[0].id == id
    else:
        assert reports[0].agrees is True  # a kind that scikit-learn does not return


def test_small_gradients_are_not_waved_through() -> None:
    exercise = MLP([(1, "logistic"), (1, "identity")], x=[[10, 1]], y=[[1]], W=[[[4], [1]], [[2]]], b=[[0], [0]])
    values = numbers(exercise)
    assert abs(values["dE/dW1[1,1]"]) < 1e-15
    wrong = values | {"dE/dW1[1,1]": values["dE/dW1[1,1]"] * (1 + Rational(1, 10**6))}
    report = differences.check(exercise, wrong)
    assert report.agrees is False
    assert [d.id for d in report.disagreements] == ["dE/dW1[1,1]"]


@pytest.mark.parametrize("id", ["used@2 dE/dW1[1,1]", "m@2 b1[1]", "v@1 W2[1,1]"])
def test_wrong_numbers_of_a_sequential_adam(id: str) -> None:
    exercise = net(
        [(2, "tanh"), (1, "identity")],
        update={"rule": "adam", "order": "sequential", "learning_rate": "0.1", "steps": 2},
    )
    values = numbers(exercise)
    report = differences.check(exercise, values | {id: values[id] * (1 + Rational(1, 10**6))})
    assert report.disagreements[0].id == id
