"""Wrong methods: they agree with plain code by another hand, apply to any shape, and show what an exercise's numbers hide."""

import importlib.util
import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sympy import Integer, Rational
from typer.testing import CliRunner

from symprop import misconceptions as m
from symprop.arithmetic import nearest
from symprop.cli import app
from symprop.errors import UsageError
from symprop.exercise import MLP, Exercise, load
from symprop.graph import symbol
from symprop.quantity import Quantity, gradient
from symprop.solution import Solution, evaluate, solve
from symprop.wording.misconceptions import LINES

# ---------------------------------------------------------------------- the case file
_SPEC = importlib.util.spec_from_file_location(
    "misconception_edits", Path(__file__).parent / "cases" / "misconception-edits.py"
)
assert _SPEC is not None and _SPEC.loader is not None
CASES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(CASES)

#: Working name in the case file -> name here.
NAMES = {
    "loss_factor_2": "forget_half",
    "loss_half_kept": "keep_half",
    "loss_sign": "reverse_difference",
    "loss_no_target": "drop_target",
    "loss_value_as_grad": "use_loss_value",
    "loss_power_kept": "keep_square",
    "act_deriv_on_output_linear": "hidden_derivative_on_output",
    "act_on_output_both": "hidden_activation_throughout",
    "sigmoid_deriv_on_output": "keep_sigmoid_derivative",
    "output_times_yhat": "multiply_by_output",
    "fwd_no_bias": "drop_bias",
    "fwd_no_act": "skip_activation",
    "fwd_act_on_output": "hidden_activation_on_output",
    "updated_weights": "use_updated_weights",
    "no_w2": "drop_outer_weight",
    "w1_for_w2": "use_incoming_weight",
    "w2_index_swap": "swap_outer_weights",
    "sum_wrong_axis": "sum_wrong_axis",
    "mean_over_paths": "average_paths",
    "add_not_mul": "add_instead_of_multiply",
    "h_for_w2": "use_output_for_weight",
    "no_act_deriv": "drop_activation_derivative",
    "act_deriv_at_a": "derivative_at_output",
    "act_value_for_deriv": "use_activation_for_derivative",
    "sigmoid_deriv_for_relu": "use_sigmoid_derivative",
    "relu_prime0_is_1": "other_derivative_at_kink",
    "relu_prime_is_z": "use_pre_activation_for_derivative",
    "mask_swap": "swap_activation_derivatives",
    "mask_by_gradient": "mask_by_gradient",
    "mask_by_weight": "mask_by_weight",
    "skip_hidden": "skip_hidden_layer",
    "dW2_uses_w": "use_later_weight_for_input",
    "dW2_uses_z": "use_pre_activation_for_input",
    "dW2_uses_x": "use_network_input",
    "dW2_no_input": "drop_hidden_output",
    "dW2_swap": "swap_hidden_outputs",
    "dW2_sum_h": "sum_hidden_outputs",
    "dW1_uses_w": "use_first_weight_for_input",
    "dW1_uses_h": "use_own_output_for_input",
    "dW1_uses_z": "use_own_pre_activation_for_input",
    "dW1_no_input": "drop_network_input",
    "dW1_uses_d2": "use_outer_delta",
    "db_times_input": "multiply_bias_by_input",
    "no_mean": "drop_batch_mean",
    "no_reg": "drop_penalty",
    "reg_factor2": "double_penalty",
    "reg_on_bias": "penalise_biases",
    "reports_update": "report_new_weight",
    "one_sample_only": "use_one_sample",
}
#: Item of the case file (".i" is the sample) -> id here, and whether it is a gradient of one sample's own loss there.
ITEMS = {
    "h1": ("a1[1]", False),
    "h2": ("a1[2]", False),
    "yhat": ("a2[1]", False),
    "E": ("E", False),
    "dyhat": ("dE/da2[1]", True),
    "dv": ("dE/dz2[1]", True),
    "dh1": ("dE/da1[1]", True),
    "dh2": ("dE/da1[2]", True),
    "dz1": ("dE/dz1[1]", True),
    "dz2": ("dE/dz1[2]", True),
    "dw21": ("dE/dW2[1,1]", False),
    "dw22": ("dE/dW2[2,1]", False),
    "dw11": ("dE/dW1[1,1]", False),
    "dw12": ("dE/dW1[1,2]", False),
    "db11": ("dE/db1[1]", False),
    "db12": ("dE/db1[2]", False),
    "db2": ("dE/db2[1]", False),
}
DAY12_ITEMS = ["a1", "a2", "E", "dE/da2", "dE/dz2", "dE/da1", "dE/dz1", "dE/dW2", "dE/dW1"]
ALL_ITEMS = [*DAY12_ITEMS, "dE/db1", "dE/db2"]


def net(case: Mapping[str, Any], activation: str = "relu") -> Exercise:
    """A case of the case file as an exercise."""
    return MLP(
        [(2, activation), (1, "identity")],
        x=[[x] for x in case["x"]],
        y=[[y] for y in case["y"]],
        W=[[case["w1"]], [[w] for w in case["w2"]]],
        b=[case["b1"], [case["b2"]]],
        penalty={"l2": case["alpha"]} if case["alpha"] else None,
    )


@cache
def solved(name: str) -> Solution:
    return solve(load(name))


def random_case(random: Random) -> dict[str, Any]:
    """Small integers, so that pre-activations of exactly 0, dead units and equal weights are frequent."""

    def number() -> Fraction:
        return Fraction(random.randint(-6, 6), random.choice([1, 1, 2]))

    n = random.randint(1, 3)
    return {
        "x": [number() for _ in range(n)],
        "y": [number() for _ in range(n)],
        "w1": [number(), number()],
        "b1": [number() * random.randint(0, 1), number() * random.randint(0, 1)],
        "w2": [number(), number()],
        "b2": number() * random.randint(0, 1),
        "alpha": random.choice([Fraction(0), Fraction(1, 10)]),
    }


def compared(case: Mapping[str, Any], exercise: Exercise, names: list[str]) -> Iterator[tuple[str, str, Any, Any]]:
    """(edit, item, ours, the case file's) for every edit and item; both in the case file's scale."""
    n = len(case["x"])
    values = m.edits(exercise).values(exercise)
    for name in names:
        ours = {**values.right, **values.wrong.get(NAMES[name], {})}
        for item, theirs in CASES.derive(case, name).items():
            kind, _, sample = item.partition(".")
            id_, per_sample = ITEMS[kind]
            at = f"@{int(sample) + 1}" if sample and (n > 1 or (kind == "E" and case["alpha"])) else ""
            scale = n if per_sample and name != "no_mean" else 1  # our deltas hold the batch's 1/n
            yield name, item, ours[symbol(Quantity.parse(id_ + at))] * scale, theirs


@pytest.mark.parametrize("seed", range(8))
def test_every_edit_of_the_case_file_gives_its_numbers(seed: int) -> None:
    random = Random(seed)
    for _ in range(25):
        case = random_case(random)
        exercise = net(case)
        for name, item, ours, theirs in compared(case, exercise, CASES.MUT):
            assert ours == theirs, (name, item, case)


@pytest.mark.parametrize(("activation", "code"), [("logistic", "sig"), ("tanh", "tanh")])
def test_smooth_activations_give_the_case_file_s_numbers(activation: str, code: str) -> None:
    random = Random(7)
    for _ in range(4):
        case = random_case(random)
        floats = {key: [float(v) for v in v_] if isinstance(v_, list) else float(v_) for key, v_ in case.items()}
        exercise = net(case, activation)
        names = [name for name in CASES.MUT if name not in ("mask_by_gradient", "mask_by_weight")]  # a ReLU's only
        for name, item, ours, theirs in compared(floats | {"act": code, "lr": 0.1}, exercise, names):
            assert float(nearest(ours)) == pytest.approx(theirs, rel=1e-9, abs=1e-12), (name, item)


def test_the_case_file_s_names_are_the_methods_that_every_exercise_counts() -> None:
    assert sorted(NAMES) == sorted(CASES.MUT)
    assert sorted(NAMES.values()) == sorted(row.name for row in m.METHODS if row.counted)


# ---------------------------------------------------------------------- figures of the facts page
def F(*numbers: int) -> list[Fraction]:
    return [Fraction(n) for n in numbers]


FIGURES = [
    ("day12", {"x": F(1), "y": F(1), "w1": F(1, 2), "w2": F(1, 1)}, 24, 18, 0.758),
    ("w1 = 1, -2", {"x": F(2), "y": F(-1), "w1": F(1, -2), "w2": F(3, -1)}, 16, 31, None),
    ("x = -3", {"x": F(-3), "y": F(1), "w1": F(-1, 2), "w2": F(-1, -3)}, 9, 37, None),
    (
        "biases",
        {"x": F(-2), "y": F(-1), "w1": F(-1, -1), "b1": F(-3, 1), "w2": F(-3, -2), "b2": Fraction(2)},
        8,
        39,
        0.974,
    ),
]


@pytest.mark.parametrize(
    ("case", "accepted", "distinct", "share"), [row[1:] for row in FIGURES], ids=[row[0] for row in FIGURES]
)
def test_the_published_figures_come_out(
    case: dict[str, Any], accepted: int, distinct: int, share: float | None
) -> None:
    found = m.exposed(solve(net({"b1": F(0, 0), "b2": Fraction(0), "alpha": Fraction(0)} | case)), DAY12_ITEMS)
    assert (len(found.hides), found.count, found.distinct) == (accepted, 49, distinct)
    if share is not None:
        assert round(float(found.tells_apart), 3) == share


def test_36_of_49_wrong_methods_give_day12_s_first_weight_gradient() -> None:
    assert len(m.exposed(solved("day12"), ["dE/dW1[1,1]"]).hides) == 36


def test_nine_methods_can_never_show_on_day12_s_net() -> None:
    """Five need a penalty or several samples, one a bias, one asked biases, one z = 0; one is no error for ReLU."""
    day12 = load("day12")
    never = {row.name for row in m.METHODS if row.counted}
    random = Random(135)
    for _ in range(60):
        x, y, *w = (random.choice([-3, -2, -1, 1, 2, 3]) for _ in range(6))
        other = solve(
            day12.with_numbers([[x]], [[y]], {"W1": [w[:2]], "b1": [0, 0], "W2": [[w[2]], [w[3]]], "b2": [0]})
        )
        never &= set(m.exposed(other, DAY12_ITEMS).hides)
    assert never == {
        *("drop_batch_mean", "use_one_sample", "drop_penalty", "double_penalty", "penalise_biases"),
        *("drop_bias", "multiply_bias_by_input", "other_derivative_at_kink", "derivative_at_output"),
    }


TWO_SAMPLES = {
    "x": F(1, -2),
    "y": F(1, 3),
    "w1": F(-3, 3),
    "b1": F(-1, -3),
    "w2": F(3, 2),
    "b2": Fraction(-1),
    "alpha": Fraction(1, 10),
}


def test_two_samples_with_a_penalty_hide_one_method_and_give_47_wrong_answers() -> None:
    found = m.exposed(solve(net(TWO_SAMPLES)), ALL_ITEMS, among=NAMES.values())
    assert CASES.report(TWO_SAMPLES, None, verbose=False)[:2] == (1, 47)
    assert (found.hides, found.distinct) == (("derivative_at_output",), 47)


def test_findings_agree_with_the_case_file_s_own_count() -> None:
    random, asked = Random(5), ["a1", "a2", "dE/dW1", "dE/dW2", "dE/db1", "dE/db2"]
    for _ in range(30):
        case = random_case(random)
        found = m.exposed(solve(net(case)), asked, among=NAMES.values())
        hidden, distinct, share = CASES.report(case, ("h", "yhat", "dw", "db"), verbose=False)
        assert (len(found.hides), found.distinct) == (hidden, distinct)
        assert float(found.tells_apart) == pytest.approx(share)


# ---------------------------------------------------------------------- deeper and wider, against plain code
def plain(
    W: list[Any], b: list[Any], x: list[Any], y: list[Any], wrong: str = "", eta: Any = Fraction(1, 10)
) -> dict[str, Any]:
    """Backpropagation as loops: ReLU, linear output, half squared error, mean over samples. `wrong` puts one mistake in."""
    L, N = len(W), len(x)
    found: dict[str, Any] = {}
    a, z, d = [], [], []
    for n in range(N):
        A, Z = [x[n]], []
        for layer in range(L):
            bias = [0] * len(b[layer]) if wrong == "drop_bias" else b[layer]
            Z.append([sum(A[-1][i] * W[layer][i][j] for i in range(len(A[-1]))) + bias[j] for j in range(len(bias))])
            A.append(list(Z[-1]) if layer == L - 1 else [max(v, 0) for v in Z[-1]])
        a.append(A)
        z.append(Z)
        factor = 2 if wrong == "forget_half" else 1
        d.append([None] * (L - 1) + [[factor * (A[-1][k] - y[n][k]) / Fraction(N) for k in range(len(y[n]))]])
    if wrong == "drop_batch_mean":
        d = [[*deltas[:-1], [N * v for v in deltas[-1]]] for deltas in d]
    for layer in range(L - 2, -1, -1):
        V = W[layer + 1]
        if wrong == "use_weights_after_batch":
            V = [
                [
                    V[i][j] - eta * sum(d[n][layer + 1][j] * a[n][layer + 1][i] for n in range(N))
                    for j in range(len(V[i]))
                ]
                for i in range(len(V))
            ]
        H, K = len(V), len(V[0])
        for n in range(N):
            delta = d[n][layer + 1]
            row = []
            for i in range(H):
                g = sum(delta[j] * V[i][j] for j in range(K))
                if wrong == "drop_outer_weight":
                    g = sum(delta)
                if wrong == "transpose_weights" and H == K:
                    g = sum(delta[j] * V[j][i] for j in range(K))
                if wrong == "swap_outer_weights":
                    g = sum(delta[j] * V[(i + 1) % H][j] for j in range(K))
                if wrong == "sum_wrong_axis":
                    g = sum(delta[j] * V[h][j] for j in range(K) for h in range(H))
                if wrong == "average_paths":
                    g = g / Fraction(K if K > 1 else H)
                if wrong == "follow_one_path":
                    g = delta[0] * V[i][0]
                if wrong == "use_output_for_weight":
                    g = sum(delta) * a[n][layer + 1][i]
                slope = int(z[n][layer][i] > 0)
                if wrong == "drop_activation_derivative":
                    slope = 1
                if wrong == "mask_by_weight":
                    slope = int(W[layer][0][i] > 0)
                if wrong == "mask_by_gradient":
                    slope = int(g > 0)
                if wrong == "use_sigmoid_derivative":
                    slope = a[n][layer + 1][i] * (1 - a[n][layer + 1][i])
                row.append(sum(delta) if wrong == "skip_hidden_layer" else g * slope)
            d[n][layer] = row
    for layer in range(L):
        samples = [0] if wrong == "use_one_sample" else range(N)
        scale = N if wrong == "use_one_sample" else 1
        for j in range(len(b[layer])):
            ins = [sum(a[n][layer]) if wrong == "multiply_bias_by_input" else 1 for n in range(N)]
            found[f"dE/db{layer + 1}[{j + 1}]"] = scale * sum(d[n][layer][j] * ins[n] for n in samples)
            for i in range(len(W[layer])):
                total: Any = 0
                for n in samples:
                    into, delta = a[n][layer][i], d[n][layer][j]
                    if wrong == "use_pre_activation_for_input" and layer:
                        into = z[n][layer - 1][i]
                    if wrong == "sum_hidden_outputs" and layer:
                        into = sum(a[n][layer])
                    if wrong == "use_neighbouring_input" and not layer:
                        into = a[n][layer][(i + 1) % len(W[layer])]
                    if wrong == "use_outer_delta" and layer < L - 1:
                        delta = sum(d[n][layer + 1])
                    total += delta * into
                found[f"dE/dW{layer + 1}[{i + 1},{j + 1}]"] = scale * total
    return found


PLAIN = [
    *("forget_half", "drop_bias", "drop_batch_mean", "use_one_sample", "use_weights_after_batch"),
    *("drop_outer_weight", "transpose_weights", "swap_outer_weights", "sum_wrong_axis", "average_paths"),
    *("follow_one_path", "use_output_for_weight", "drop_activation_derivative", "mask_by_weight", "mask_by_gradient"),
    *("use_sigmoid_derivative", "skip_hidden_layer", "multiply_bias_by_input", "use_pre_activation_for_input"),
    *("sum_hidden_outputs", "use_neighbouring_input", "use_outer_delta"),
]


@pytest.mark.parametrize("widths", [(2, 3, 2), (2, 2, 2, 1), (1, 1, 1, 1), (3, 2)], ids=str)
def test_nets_of_other_shapes_agree_with_plain_loops(widths: tuple[int, ...]) -> None:
    random = Random(str(widths))

    def matrix(rows: int, columns: int) -> list[list[int]]:
        return [[random.randint(-3, 3) for _ in range(columns)] for _ in range(rows)]

    for samples in (1, 2):
        W, b = [matrix(*pair) for pair in pairwise(widths)], [matrix(1, width)[0] for width in widths[1:]]
        x, y = matrix(samples, widths[0]), matrix(samples, widths[-1])
        layers = [*((width, "relu") for width in widths[1:-1]), (widths[-1], "identity")]
        solution = solve(MLP(layers, x=x, y=y, W=W, b=b))
        applies = {row.name for row in m.applicable(solution)}
        for name in ["", *PLAIN]:
            # one sample is no batch, and one input has no neighbour: there plain code leaves the method right
            ours = m.wrong_values(solution, name) if name else solution.numbers()
            for of, theirs in plain(W, b, x, y, name if name in applies else "").items():
                wanted = Quantity.parse(of)
                assert (ours[wanted] if name else solution.number(wanted)) == theirs, (name, of)


# ---------------------------------------------------------------------- laws for every shape
SHAPES: dict[str, dict[str, Any]] = {
    "1-2-1": {"layers": [(2, "relu"), (1, "identity")], "loss": "half_squared_error"},
    "2-3-2 softmax, two samples": {"layers": [(3, "tanh"), (2, "softmax")], "loss": "cross_entropy", "samples": 2},
    "1-1-1-1": {"layers": [(1, "logistic"), (1, "relu"), (1, "identity")], "loss": "squared_error"},
    "log loss": {"layers": [(2, "relu"), (1, "logistic")], "loss": "log_loss", "samples": 2, "penalty": {"l2": "0.3"}},
    "shared biases": {
        "layers": [(2, "leaky_relu"), (2, "tanh"), (2, "identity")],
        "loss": "mean_squared_error",
        "biases": "shared",
        "samples": 2,
        "penalty": {"l2": "0.5", "scale": "half"},
        "update": {"learning_rate": "0.2"},
    },
    "no biases, poisson": {"layers": [(2, "elu"), (1, "exp")], "loss": "poisson", "biases": False, "batch": "sum"},
    "no hidden layer": {"layers": [(2, "softmax")], "loss": "cross_entropy"},
    "softmax inside": {"layers": [(2, "softmax"), (1, "logistic")], "loss": "squared_error", "samples": 3},
    "convention 1/2": {"layers": [(2, "relu"), (1, "relu")], "loss": "half_squared_error", "relu_at_zero": "1/2"},
    "own formulas": {
        "layers": [(2, {"name": "own", "formula": "z*sigmoid(z)"}), (1, "identity")],
        "loss": "(yhat-y)^4",
    },
}


def drawn(shape: str, seed: int) -> Exercise:
    """Numbers for a shape; those of seed 0 put pre-activations on their kinks."""
    random, tables = Random(f"{shape} {seed}"), dict(SHAPES[shape])
    samples, layers, biases = tables.pop("samples", 1), tables.pop("layers"), tables.get("biases", True)
    inputs = 1 if shape[0] == "1" else 2
    widths = [inputs, *(units for units, _ in layers)]
    K = widths[-1]

    def row(width: int) -> list[str]:
        return [f"{random.choice([*range(-8, 0), *range(1, 9)])}/4" for _ in range(width)]

    def target() -> list[Any]:
        if tables["loss"] == "cross_entropy":
            return random.choice([[1, 0], [0, 1]])
        return [random.randint(0, 1)] if tables["loss"] in ("log_loss", "poisson") else row(K)

    b = {True: [row(width) for width in widths[1:]], "shared": [row(1)[0] for _ in widths[1:]], False: None}[biases]
    if seed == 0 and b is not None:
        b = [["0"] * width for width in widths[1:]] if biases is True else ["0"] * len(widths[1:])
    return MLP(
        layers,
        x=[row(inputs) if seed else ["0"] * inputs for _ in range(samples)],
        y=[target() for _ in range(samples)],
        W=[
            [row(n) if seed or layer != 1 or shape != "1-1-1-1" else ["0"] * n for _ in range(k)]
            for layer, (k, n) in enumerate(pairwise(widths))
        ],
        b=b,
        **tables,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_a_misconception_that_applies_changes_something_for_some_numbers(shape: str) -> None:
    silent = set(m.edits(drawn(shape, 0)).methods)
    assert len(silent) > (20 if "hidden" not in shape else 12)
    for seed in range(8):
        exercise = drawn(shape, seed)
        edits = m.edits(exercise)
        values = edits.values(exercise)
        everything = tuple(of for of in map(Quantity.parse, map(str, values.right)) if of.name not in ("alpha", "eta"))
        silent -= set(m.scored(exercise, everything, edits).exposes)
        if not silent:
            break
    assert not silent


@pytest.mark.parametrize(
    ("kind", "at_zero", "error"), [("relu", 0, False), ("relu", 1, True), ("leaky_relu", 1, False), ("tanh", 0, True)]
)
def test_a_derivative_taken_at_the_output_is_an_error_where_it_changes_something(
    kind: str, at_zero: int, error: bool
) -> None:
    """A dead ReLU's output is 0, where the convention 1 opens it; a leaky ReLU's output keeps the sign of z."""
    net_ = MLP([(1, kind), (1, "identity")], x=[[-1]], y=[[5]], W=[[[1]], [[2]]], b=[[0], [0]], relu_at_zero=at_zero)
    found = m.exposed(solve(net_), ["dE/dz1"])
    assert ("derivative_at_output" in found.exposes) == error
    assert ("derivative_at_output" in found.inapplicable) == (not error)


def test_one_unit_has_no_neighbour() -> None:
    net_ = MLP([(1, "relu"), (1, "identity")], x=[[1]], y=[[5]], W=[[[1]], [[2]]], b=[[0], [0]])
    swaps = {"swap_outer_weights", "transpose_weights", "swap_activation_derivatives", "swap_hidden_outputs"}
    assert not (swaps | {"use_neighbouring_input", "sum_wrong_axis", "average_paths"}) & set(m.edits(net_).methods)


@pytest.mark.parametrize("shape", SHAPES)
def test_only_forward_mistakes_change_the_forward_pass(shape: str) -> None:
    edits = m.edits(drawn(shape, 1))
    right = {node.id: node.definition for node in edits.graph}
    for name, method in edits.methods.items():
        forward = m.misconception(name).family == "forward" or name == "hidden_activation_throughout"
        wrong = {node.id: node.definition for node in method.graph if node.id != Quantity("eta")}
        assert (wrong != right) == forward, name


@pytest.mark.parametrize("shape", SHAPES)
def test_the_solver_gives_an_edited_derivation_the_same_numbers(shape: str) -> None:
    exercise = drawn(shape, 2)
    solution = solve(exercise)
    for name, method in m.Edits(exercise, solution.graph, solution.derivations).methods.items():
        ours = m.wrong_values(solution, name)
        if len(ours) < len(solution.numbers()):
            continue  # a logarithm of what is not positive: the solver refuses the whole
        for of, value in evaluate(method.graph, method.derivations, exercise).items():
            if of.name != "eta":
                assert float(nearest(ours[of])) == pytest.approx(float(nearest(value)), rel=1e-14), (name, of)


def test_a_step_without_a_value_has_none_and_its_method_is_exposed() -> None:
    """No activation: the hidden output -2 makes the logistic output's stand-in negative, and the loss takes its logarithm."""
    exercise = MLP([(1, "softplus")], x=[[1]], y=[[2]], W=[[[-2]]], b=[[0]], loss="poisson")
    solution = solve(exercise)
    values = m.wrong_values(solution, "skip_activation")
    assert values[Quantity.parse("a1[1]")] == -2
    assert Quantity("E") not in values
    assert "skip_activation" in m.exposed(solution, ["E"]).exposes


def test_other_numbers_of_a_shape_need_no_new_edits() -> None:
    first = m.edits(net(TWO_SAMPLES))
    again = net(TWO_SAMPLES | {"x": F(3, 5)})
    assert m.edits(again) is first
    assert first.values(again).right[symbol(Quantity.parse("z1[1]@1"))] == -3 * 3 - 1
    given = {of: first.values(again).right[symbol(of)] for of in (n.id for n in first.graph if n.definition is None)}
    assert first.values(given).wrong == first.values(again).wrong


def test_a_missing_number_is_told() -> None:
    with pytest.raises(UsageError, match=r'"x\[1\]@1" has no number'):
        m.edits(net(TWO_SAMPLES)).values({})


def test_softmax_with_its_derivative_kept_has_p_times_1_minus_p() -> None:
    """(p - y) p (1 - p), by hand from the printed p."""
    solution = solved("softmax")
    depth = solution.exercise.depth
    wrong = m.wrong_values(solution, "keep_sigmoid_derivative")
    for k in range(1, solution.exercise.widths[-1] + 1):
        p, y = solution.value(f"a{depth}[{k}]"), solution.value(f"y[{k}]")
        assert Rational(str(nearest(wrong[Quantity.parse(f"dE/dz{depth}[{k}]")]))) == (p - y) * p * (1 - p)


def test_a_cancelled_delta_is_edited_as_a_whole() -> None:
    """Cross-entropy after softmax, two samples: dE/dz = (p - y)/2, so p/2, y - p halved and p - y are the mistakes."""
    solution = solve(drawn("2-3-2 softmax, two samples", 3))
    expected = {
        "drop_target": lambda p, y: p / 2,
        "reverse_difference": lambda p, y: (y - p) / 2,
        "drop_batch_mean": lambda p, y: p - y,
        "multiply_by_output": lambda p, y: (p - y) * p / 2,
    }
    for name, formula in expected.items():
        wrong = m.wrong_values(solution, name)
        for of in ("[1]@1", "[2]@1", "[1]@2", "[2]@2"):
            p, y = (float(solution.value(name_ + of)) for name_ in ("a2", "y"))
            assert float(nearest(wrong[Quantity.parse(f"dE/dz2{of}")])) == pytest.approx(formula(p, y), rel=1e-12)


def test_the_loss_as_its_own_gradient_lets_nothing_cancel() -> None:
    """Log loss after logistic: with dE/dyhat = E the chain gives dE/dz = E yhat (1 - yhat)."""
    solution = solved("day12-logloss")
    E, a = float(solution.value("E")), float(solution.value("a2[1]"))
    wrong = m.wrong_values(solution, "use_loss_value")
    assert float(nearest(wrong[Quantity.parse("dE/dz2[1]")])) == pytest.approx(E * a * (1 - a), rel=1e-12)


# ---------------------------------------------------------------------- one step
def test_a_wrong_step_follows_the_student_s_own_earlier_values() -> None:
    """dE/dz1[2] = dE/da1[2] without ReLU': with an own dE/da1[2] of 7 that is 7."""
    of, own = "dE/dz1[2]", {Quantity.parse("dE/da1[2]"): Fraction(7)}
    assert m.wrong_step(solved("day12"), "drop_activation_derivative", of, own) == 7
    assert m.wrong_step(solved("day12"), "drop_activation_derivative", of, {}) == 2


def test_a_misconception_leaves_other_steps_alone() -> None:
    for of in ("a1[1]", "E", "dE/da1[1]", "dE/dW1[1,1]", "x[1]"):
        assert m.wrong_expression(solved("day12"), "drop_activation_derivative", of) is None
        assert m.wrong_step(solved("day12"), "drop_activation_derivative", of, {}) is None


def test_a_wrong_expression_needs_no_numbers() -> None:
    assert str(m.wrong_expression(solved("google-demo"), "drop_bias", "z1[1]")) == "W1[1,1]*x[1]"
    day12 = load("day12")
    letters = solve(MLP(day12.network.layers, inputs=1))
    assert str(m.wrong_expression(letters, "drop_target", "dE/da2[1]")) == "a2[1]"
    assert m.wrong_step(letters, "drop_target", "dE/da2[1]", {}) is None


def test_slips_are_made_in_one_step_only() -> None:
    assert m.wrong_step(solved("day12"), "lose_sign", "dE/da2[1]", {}) == -2
    assert m.wrong_expression(solved("day12"), "lose_sign", "x[1]") is None
    with pytest.raises(UsageError, match="a slip is made in one step"):
        m.wrong_values(solved("day12"), "lose_sign")


def test_slips_of_the_update_change_its_line() -> None:
    """day12 with eta = 1/10: w11 = 1 and its gradient 2, so 1.2 with the wrong sign and -1 without eta."""
    net_ = MLP(
        [(2, "relu"), (1, "identity")],
        x=[[1]],
        y=[[1]],
        W=[[[1, 2]], [[1], [1]]],
        b=[[0, 0], [0]],
        update={"learning_rate": "0.1"},
    )
    solution = solve(net_)
    assert m.wrong_step(solution, "add_step", "new W1[1,1]", {}) == Fraction(6, 5)
    assert m.wrong_step(solution, "drop_learning_rate", "new W1[1,1]", {}) == -1
    own = {gradient(Quantity.parse("W1[1,1]")): Fraction(5)}
    assert m.wrong_step(solution, "add_step", "new W1[1,1]", own) == Fraction(3, 2)
    assert m.wrong_expression(solution, "add_step", "dE/dW1[1,1]") is None
    assert m.wrong_step(solution, "report_new_weight", "dE/dW1[1,1]", {}) == Fraction(4, 5)


def test_an_update_without_a_learning_rate_is_taken_with_the_usual_one() -> None:
    """w - g/10 with w = 3 and g = (6 - 1) 2 = 10."""
    tables: dict[str, Any] = {"x": [[2]], "y": [[1]], "W": [[[3]]], "b": [[0]]}
    solution = solve(MLP([(1, "identity")], **tables, update={"rule": "sgd"}))
    assert m.wrong_values(solution, "report_new_weight")[gradient(Quantity.parse("W1[1,1]"))] == 2


def test_a_new_weight_that_is_asked_counts_as_its_gradient() -> None:
    net_ = MLP([(1, "identity")], x=[[2]], y=[[1]], W=[[[3]]], b=[[0]], update={"learning_rate": "0.1"})
    assert m.exposed(solve(net_), ["new W1"]).asked == (Quantity.parse("dE/dW1[1,1]"),)


def test_unknown_names_are_told() -> None:
    with pytest.raises(UsageError, match='did you mean "drop_target"'):
        m.misconception("drop_targets")


def test_exposed_needs_numbers_and_something_asked() -> None:
    with pytest.raises(UsageError, match="a symbolic exercise has no numbers"):
        m.exposed(solve(MLP([(1, "identity")], inputs=1)), ["E"])
    with pytest.raises(UsageError, match="nothing is asked"):
        m.exposed(solved("day12"), [])


# ---------------------------------------------------------------------- words and the command
def test_every_misconception_has_a_line_for_the_student_and_one_for_the_instructor() -> None:
    assert set(LINES) == {row.name for row in m.TABLE}
    assert all(lines.student.endswith(("?", ".")) and lines.instructor.endswith(".") for lines in LINES.values())


def test_a_student_s_line_gives_no_formula_away() -> None:
    assert not any(set("=·×−") & set(lines.student) for lines in LINES.values())
    told = {name for name, lines in LINES.items() if any(c.isdigit() for c in lines.student)}
    assert told == {"drop_hidden_output", "drop_network_input"}  # "is the result really 1?"


REASONS = {
    "drop_network_input": "x[1] = 1",
    "drop_outer_weight": "W2[1,1] = 1 and W2[2,1] = 1",
    "drop_activation_derivative": "z1[1] > 0 and z1[2] > 0",
    "use_loss_value": "E = a2[1] - y[1]",
    "drop_bias": "b1[1] = 0, b1[2] = 0 and b2[1] = 0",
    "swap_outer_weights": "W2[1,1] = W2[2,1]",
    "hidden_derivative_on_output": "z2[1] > 0",
    "other_derivative_at_kink": "z1[1] ≠ 0 and z1[2] ≠ 0",
    "derivative_at_output": "no error for ReLU",
    "multiply_bias_by_input": "no bias gradient is asked",
    "drop_batch_mean": "one sample",
    "drop_penalty": "no penalty",
}


def test_the_command_says_what_day12_hides_and_why() -> None:
    done = CliRunner().invoke(app, ["misconceptions", "day12", "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["misconceptions"], len(told["hides"]), told["distinct_answers"]) == (49, 24, 18)
    assert told["tells_apart"] == 0.757653
    reasons = {row["name"]: row["reason"] for row in told["hides"]}
    assert {name: reasons[name] for name in REASONS} == REASONS
    assert None not in reasons.values()
    assert ["forget_half", "keep_square"] in told["confuses"]
    assert len(told["exposes"]) == 25


def test_the_table_on_the_terminal_holds_every_method_once() -> None:
    done = CliRunner().invoke(app, ["misconceptions", "day12"])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].startswith("24 of 49 wrong methods give every asked answer right")
    cells = done.stdout.replace("│", " ").replace(",", " ").split()
    assert all(cells.count(row.name) == 1 for row in m.METHODS if row.counted)


def test_a_symbolic_exercise_is_refused_by_the_command() -> None:
    done = CliRunner().invoke(app, ["misconceptions", "google-demo"])
    assert done.exit_code == 2
    assert "a symbolic exercise has no numbers" in done.stderr


def test_a_method_lost_behind_a_later_zero_says_so() -> None:
    """The output's delta is 0, so that a wrong weight in dE/da stays without effect; with a dead unit it is lost later."""
    exercise = MLP([(1, "relu"), (1, "identity")], x=[[1]], y=[[5]], W=[[[-1]], [[2]]], b=[[0], [0]])
    solution = solve(exercise)
    asked = m.exposed(solution, ["dE/dW1"])
    assert "drop_outer_weight" in asked.hides
    assert m.cause(solution, "drop_outer_weight", asked.asked).kind == "lost later"
    assert m.cause(solution, "forget_half", asked.asked).kind == "lost later"


def test_equal_steps_name_the_equation() -> None:
    cause = m.cause(solved("day12"), "drop_network_input", m.exposed(solved("day12"), DAY12_ITEMS).asked)
    assert cause.equations == ((symbol(Quantity.parse("x[1]")), Integer(1)),)
