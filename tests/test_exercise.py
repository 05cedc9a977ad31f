"""Exercises built in Python are the exercises that a file gives, and nobody can change one."""

import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from sympy import Expr, Rational, sqrt

from symprop.errors import ExerciseError
from symprop.exercise import MLP, Exercise, library, load, number

DAY12: dict[str, Any] = {
    "layers": [(2, "relu"), (1, "identity")],
    "x": [[1]],
    "y": [[1]],
    "W": [[[1, 2]], [[1], [1]]],
    "b": [[0, 0], [0]],
}


def one(value: Any) -> Exercise:
    return MLP([(1, "identity")], x=[[value]], y=[1])


# ---------------------------------------------------------------------- numbers
@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (3, Rational(3)),
        (0.1, Rational(1, 10)),
        (1e-7, Rational(1, 10**7)),
        (-0.0, Rational(0)),
        ("1/3", Rational(1, 3)),
        (Fraction(2, 7), Rational(2, 7)),
        (Decimal("0.30"), Rational(3, 10)),
        (np.int64(4), Rational(4)),
        (np.float64(0.1), Rational(1, 10)),
        (np.float32(0.1), Rational(1, 10)),
        (Rational(5, 9), Rational(5, 9)),
        (sqrt(2), sqrt(2)),
    ],
)
def test_a_python_number_is_read_by_its_shortest_form(value: Any, exact: Expr) -> None:
    assert number(value) == exact


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (True, "found true"),
        (np.bool_(True), "found true"),
        (None, "found nothing"),
        (float("nan"), "found nan; wanted a finite number"),
        (np.inf, "found inf; wanted a finite number"),
        (1j, "found a complex"),
        (b"1", "found a bytes"),
        (10**1000, "found a number of more than 1000 digits"),
        (sympy.Float(0.1), "found 0.100000000000000; wanted an exact real number"),
        (sympy.Symbol("q"), "found q; wanted an exact real number"),
        (sympy.I, "found I; wanted an exact real number"),
        (sympy.oo, "found oo; wanted an exact real number"),
        ("\ud800", 'found "\\ud800": unexpected character'),
    ],
)
def test_what_is_no_number_is_refused(value: Any, wanted: str) -> None:
    with pytest.raises(ExerciseError) as caught:
        one(value)
    assert str(caught.value).startswith(f"exercise: data.x[0][0]: {wanted}")


def test_an_integer_longer_than_python_prints_is_refused() -> None:
    with pytest.raises(ExerciseError, match="more than 1000 digits"):
        one(10**20000)
    with pytest.raises(ExerciseError, match="found a number of very many digits; wanted at most 4096"):
        MLP([(10**20000, "relu")], x=[[1]], y=[1])


# ---------------------------------------------------------------------- networks
def test_arrays_give_the_exercise_that_lists_give() -> None:
    arrays = MLP(
        DAY12["layers"],
        x=np.array([[1.0]], dtype=np.float32),
        y=np.array([[1]]),
        W=[np.array([[1.0, 2.0]]), sympy.Matrix([[1], [1]])],
        b=[np.zeros(2), (0,)],
    )
    assert arrays == MLP(**DAY12)


def test_a_network_in_python_equals_its_file() -> None:
    built_in = load("day12")
    assert built_in.with_numbers(x=[[1]]) == built_in
    assert MLP(**DAY12).parameters == built_in.parameters


@pytest.mark.parametrize("name", library())
def test_an_exercise_is_rebuilt_from_itself_unchanged(name: str) -> None:
    exercise = load(name)
    assert exercise.with_numbers() == exercise
    assert Exercise.model_validate(exercise.model_dump() | {"name": name}) == exercise


def test_the_penalty_is_a_number_or_a_table() -> None:
    plain = MLP(**DAY12, penalty=0.1).network.penalty
    assert plain is not None
    assert (plain.l2, plain.scale) == (Rational(1, 10), "sklearn")
    table = MLP(**DAY12, penalty={"l2": "1/3", "scale": "half"}).network.penalty
    assert table is not None
    assert (table.l2, table.scale) == (Rational(1, 3), "half")


def test_a_shared_bias_is_a_single_number() -> None:
    shared = MLP(**DAY12 | {"b": [0.5, 1], "biases": "shared"})
    assert shared.parameters is not None
    assert shared.parameters["b1"] == Rational(1, 2)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"layers": 3}, "network.layers: found 3; wanted a list"),
        ({"layers": [1]}, "network.layers[0]: found 1; wanted a table"),
        ({"W": 3}, "W: found 3; wanted a list with one entry a layer"),
        ({"b": 3}, "b: found 3; wanted a list with one entry a layer"),
        ({"x": None}, "data.x: missing"),
        ({"x": np.array([1.0])}, "data.x: found a plain list; wanted one row a sample"),
        ({"x": np.zeros((0, 2))}, "data.x: no samples; wanted at least one row"),
        ({"titel": "x"}, 'unknown key "titel"; did you mean "title"?'),
        ({"title": "\ud800"}, "title: found the control character U+D800; wanted plain text"),
        ({"W": [[[1, 2]]]}, "parameters.W2: missing"),
        ({"b": [[0, 0], [0], [0]]}, 'parameters: unknown key "b3"; known: W1, W2, b1, b2'),
    ],
)
def test_a_wrong_call_is_told_like_a_wrong_file(changes: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ExerciseError) as caught:
        MLP(**DAY12 | changes)
    assert str(caught.value).startswith(f"exercise: {wanted}")


# ---------------------------------------------------------------------- frozen
def test_an_exercise_cannot_be_changed() -> None:
    exercise = load("day12")
    assert exercise.parameters is not None
    with pytest.raises(TypeError, match="an exercise cannot be changed"):
        exercise.parameters["W1"] = ()
    with pytest.raises(TypeError, match="an exercise cannot be changed"):
        exercise.parameters.clear()
    with pytest.raises(ValueError, match="frozen"):
        exercise.title = "x"  # type: ignore[misc]


def test_the_callers_own_numbers_stay_as_they_were() -> None:
    W1 = [[0.5, 1]]
    parameters = {"W1": W1, "b1": [0, 0], "W2": [[1], [1]], "b2": [0]}
    changed = load("day12").with_numbers(parameters=parameters)
    assert parameters["W1"] is W1
    W1[0][0] = 7
    assert changed.parameters is not None
    assert changed.parameters["W1"][0][0] == Rational(1, 2)


@pytest.mark.parametrize("name", ["day12", "google-demo", "saito-softmax"])
def test_an_exercise_travels_between_processes(name: str) -> None:
    exercise = load(name)
    again = pickle.loads(pickle.dumps(exercise))
    assert again == exercise
    assert hash(again) == hash(exercise)
    assert exercise.model_copy(deep=True) == exercise
    assert type(again.parameters) is type(exercise.parameters)


def test_an_error_travels_between_processes() -> None:
    error = ExerciseError("missing", key="data.x", where="a.toml", hint="h")
    assert str(pickle.loads(pickle.dumps(error))) == "a.toml: data.x: missing (h)"
