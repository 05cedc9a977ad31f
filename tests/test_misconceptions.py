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


def compared(case: Mapping[str, Any], exercise: Exercise, name: str) -> Iterator[tuple[str, Any, Any]]:
    """(item, ours, the case file's) for one edit, every item; both in the case file's scale."""
    edits, n = m.edits(exercise), len(case["x"])
    values = edits.values(exercise)
    ours = {**values.right, **values.wrong.get(NAMES[name], {})}
    for item, theirs in CASES.derive(case, name).items():
        kind, _, sample = item.partition(".")
        id_, per_sample = ITEMS[kind]
        at = f"@{int(sample) + 1}" if sample and (n > 1 or (kind == "E" and case["alpha"])) else ""
        scale = n if per_sample and name != "no_mean" else 1  # our deltas hold the batch's 1/n
        yield item, ours[symbol(Quantity.parse(id_ + at))] * scale, theirs


@pytest.mark.parametrize("seed", range(8))
def test_every_edit_of_the_case_file_gives_its_numbers(seed: int) -> None:
    random = Random(seed)
    for _ in range(25):
        case = random_case(random)
        exercise = net(case)
        for name in CASES.MUT:
            for item, ours, theirs in compared(case, exercise, name):
                assert ours == theirs, (name, item, case)


@pytest.mark.parametrize(("activation", "code"), [("logistic", "sig"), ("tanh", "tanh")])
def test_smooth_activations_give_the_case_file_s_numbers(activation: str, code: str) -> None:
    random = Random(7)
    for _ in range(4):
        case = random_case(random)
        floats = {key: [float(v) for v in v_] if isinstance(v_, list) else float(v_) for key, v_ in case.items()}
        exercise = net(case, activation)
        for name in CASES.MUT:
            if name not in ("mask_by_gradient", "mask_by_weight"):  # here a mask is a ReLU's
                for item, ours, theirs in compared(floats | {"act": code, "lr": 0.1}, exercise, name):
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
        other = solve(day12.with_numbers([[x]], [[y]], {"W1": [w[:2]], "b1": [0, 0], "W2": [[w[2]], [w[3]]], "b2": [0]}))
        never &= set(m.exposed(other, DAY12_ITEMS).hides)
    assert never == {
        *("drop_batch_mean", "use_one_sample", "drop_penalty", "double_penalty", "penalise_biases"),
        *("drop_bias", "multiply_bias_by_input", "other_derivative_at_kink", "derivative_at_output"),
    }


def test_two_samples_with_a_penalty_and_biases_asked_hide_one_method() -> None:
    """Two samples, alpha = 0.1: some numbers reach the published 1 of 49 hidden, 47 distinct."""
    among, best = [*NAMES.values()], (49, 0)
    random = Random(3)
    for _ in range(40):
        case = random_case(random)
        case["x"], case["y"] = ([Fraction(random.randint(-4, 4)) for _ in range(2)] for _ in range(2))
        found = m.exposed(solve(net(case | {"alpha": Fraction(1, 10)})), ALL_ITEMS, among=among)
        wrong = CASES.report({**case, "alpha": Fraction(1, 10)}, None, verbose=False)
        assert (len(found.hides), found.distinct) == wrong[:2]
        assert float(found.tells_apart) == pytest.approx(wrong[2])
        best = min(best, (len(found.hides), -found.distinct))
    assert best <= (2, -45)
