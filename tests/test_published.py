"""The built-in exercises against the numbers that their sources print.

tests/published holds the facts: the source's own string, 16 digits computed outside symprop, and how far the two agree.
"""

import csv
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sympy import Expr, Rational, log

from symprop.exercise import MLP, Exercise, Update, build, library, load, number
from symprop.graph import symbol
from symprop.quantity import Quantity
from symprop.solution import Solution, solve
from symprop.update import constants, rule

FOLDER = Path(__file__).parent / "published"
BUILT_IN = {
    "batch",
    "cs231n-neuron",
    "day12",
    "day12-logloss",
    "deep-tanh",
    "google-demo",
    "google-demo-numbers",
    "kircerta",
    "mazur",
    "saito-softmax",
    "schiendorfer-batch",
    "sklearn-test-fit",
    "softmax",
    "surafelml-logloss",
}


# ---------------------------------------------------------------------- facts
@dataclass(frozen=True)
class Fact:
    """One printed number: of the built-in `exercise`, or of a `variant` of it that VARIANTS builds."""

    exercise: str
    id: str
    printed: str
    exact: str
    status: str
    variant: str = ""
    note: str = ""

    def __str__(self) -> str:
        return "-".join(part for part in (self.exercise, self.variant, self.id) if part).replace(" ", "_")


def facts() -> list[Fact]:
    tables = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.toml"))}
    return [Fact(name, **row) for name, table in tables.items() for row in table["values"]]


FACTS = facts()
LONG = [fact for fact in FACTS if fact.variant.startswith("10000")]
MOMENTUM = list(csv.DictReader((FOLDER / "momentum.csv").read_text(encoding="utf-8").splitlines()))


# ---------------------------------------------------------------------- what the sources vary
def updated(name: str, **settings: Any) -> Exercise:
    """The built-in with other settings of its update."""
    exercise = load(name)
    assert exercise.update is not None
    tables = {key: getattr(exercise, key) for key in Exercise.model_fields}
    return build({**tables, "update": {**dict(exercise.update), **settings}})


def sample(name: str, n: int) -> Exercise:
    """Sample n of the built-in alone."""
    exercise = load(name)
    assert exercise.data is not None and exercise.data.y is not None
    return exercise.with_numbers(x=[exercise.data.x[n - 1]], y=[exercise.data.y[n - 1]])


def mazur_with_output(k: int) -> Exercise:
    """mazur's network with its k-th output only."""
    W2, y = ([["0.40"], ["0.45"]], "0.01") if k == 1 else ([["0.50"], ["0.55"]], "0.99")
    W1 = [["0.15", "0.25"], ["0.20", "0.30"]]
    layers = [(2, "logistic"), (1, "logistic")]
    return MLP(layers, x=[["0.05", "0.10"]], y=[[y]], W=[W1, W2], b=[["0.35", "0.35"], ["0.60"]])


def mazur_with_updated_biases() -> Exercise:
    """mazur's network with a bias of its own for every unit, updated like the weights."""
    layers = [(2, "logistic"), (2, "logistic")]
    W = [[["0.15", "0.25"], ["0.20", "0.30"]], [["0.40", "0.50"], ["0.45", "0.55"]]]
    b = [["0.35", "0.35"], ["0.60", "0.60"]]
    update = {"rule": "sgd", "learning_rate": "0.5"}
    return MLP(layers, x=[["0.05", "0.10"]], y=[["0.01", "0.99"]], W=W, b=b, update=update)


def neuron_as_a_circuit() -> Exercise:
    """CS231n's neuron gate by gate: z, then exp(-z) = a2, then 1/(1 + a2), each a layer of one unit."""
    layers = [(1, "identity"), (1, "exp"), (1, {"name": "reciprocal", "formula": "1/z"})]
    return MLP(layers, x=[[-1, -2]], W=[[[2], [-3]], [[-1]], [[1]]], b=[[-3], [0], [1]], loss="output")


VARIANTS: dict[tuple[str, str], Callable[[], Exercise]] = {
    ("mazur", "first output only"): lambda: mazur_with_output(1),
    ("mazur", "second output only"): lambda: mazur_with_output(2),
    ("mazur", "biases updated"): mazur_with_updated_biases,
    ("mazur", "sequential"): lambda: updated("mazur", order="sequential"),
    ("cs231n-neuron", "as a circuit"): neuron_as_a_circuit,
    ("schiendorfer-batch", "sample 1"): lambda: sample("schiendorfer-batch", 1),
    ("schiendorfer-batch", "sample 2"): lambda: sample("schiendorfer-batch", 2),
}


@cache
def solution(exercise: str, variant: str) -> Solution:
    return solve(VARIANTS[exercise, variant]() if variant else load(exercise))


# ---------------------------------------------------------------------- comparing
def decimal(value: Expr) -> Decimal:
    """A SymPy number to 40 digits."""
    return Decimal(str(value.evalf(40)))


def unit(printed: str) -> Decimal:
    """One unit in the last printed place."""
    return Decimal(1).scaleb(int(Decimal(printed).as_tuple().exponent))


def to_printed_digits(value: Decimal, printed: str) -> Decimal:
    """The value rounded to as many places as are printed, ties away from zero."""
    return value.quantize(unit(printed), ROUND_HALF_UP)


def assert_agrees(value: Expr, fact: Fact) -> None:
    with localcontext() as context:
        context.prec = 60
        ours, exact, printed = decimal(value), Decimal(fact.exact), Decimal(fact.printed)
        assert abs(ours - exact) <= Decimal("1e-13") * abs(exact)
        rounded, off = to_printed_digits(ours, fact.printed), abs(ours - printed)
        if fact.status == "agrees":
            assert rounded.as_tuple() == printed.as_tuple()
        elif fact.status == "within_1_ulp":
            assert rounded != printed and off <= unit(fact.printed)
        else:
            assert fact.status == "differs" and fact.note and off > unit(fact.printed)


# ---------------------------------------------------------------------- the tests
@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact not in LONG], ids=str)
def test_a_published_number_is_found_again(fact: Fact, record_property: Callable[[str, object], None]) -> None:
    if fact.status != "agrees":
        record_property(fact.status, f"{fact.id}: {fact.printed} for {fact.exact}; {fact.note or 'last digit'}")
    assert_agrees(solution(fact.exercise, fact.variant).value(fact.id), fact)


# Ten thousand updates at 50 certain digits take a minute or more an order: deselect with -m "not slow".
@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "order", "steps"),
    [("10000 updates", "simultaneous", 10_000), ("10000 updates, sequential", "sequential", 10_000)],
)
def test_mazur_is_found_again_after_many_updates(variant: str, order: str, steps: int) -> None:
    expected = [fact for fact in LONG if fact.variant == variant]
    assert [fact.id for fact in expected] == ["new E", "new a2[1]", "new a2[2]"]
    after = solve(updated("mazur", order=order, steps=steps))
    for fact in expected:
        assert_agrees(after.value(fact.id), fact)


@pytest.mark.parametrize("row", MOMENTUM, ids=lambda row: row["id"])
def test_momentum_as_a_moving_average_makes_the_published_step(row: dict[str, str]) -> None:
    update = Update(rule="momentum", form="ema", learning_rate="0.01", momentum="0.9")
    parameter = Quantity.parse(row["id"])
    numbers = {symbol(of): value for of, value in constants(update).items() if value is not None}
    numbers[symbol(parameter)] = number(row["before"])
    for of, expression in rule(update, parameter, 1, g=number(row["gradient"])):
        numbers[symbol(of)] = expression.subs(numbers)
    for state in ("velocity", "new"):
        fact = Fact("momentum", row["id"], row[f"{state}_printed"], row[f"{state}_exact"], "agrees")
        assert_agrees(numbers[symbol(f"{state}@1 {row['id']}")], fact)


def test_every_published_number_is_there() -> None:
    counts = {name: sum(fact.exercise == name for fact in FACTS) for name in sorted({fact.exercise for fact in FACTS})}
    assert counts == {
        "cs231n-neuron": 12,
        "day12": 14,
        "kircerta": 9,
        "mazur": 38,
        "saito-softmax": 13,
        "schiendorfer-batch": 27,
        "sklearn-test-fit": 32,
        "surafelml-logloss": 10,
    }
    assert len(MOMENTUM) == 20


def test_the_library_holds_the_exercises_it_should() -> None:
    assert set(library()) == BUILT_IN


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_built_in_loads_solves_and_says_what_it_is(name: str) -> None:
    text = library()[name].read_text(encoding="utf-8")
    exercise = load(name)
    assert f'\ntitle = "{exercise.title}"\n' in text
    assert len(exercise.title) <= 50
    assert solve(exercise).is_symbolic == (name == "google-demo")


def test_no_two_built_ins_have_the_same_title() -> None:
    assert len({load(name).title for name in library()}) == len(library())


def test_a_published_built_in_names_its_source_and_address() -> None:
    published = {fact.exercise for fact in FACTS} - {"day12"}
    assert all("https://" in load(name).source for name in published)


# ---------------------------------------------------------------------- what the other built-ins say of themselves
def test_the_softmax_exercise_has_rational_probabilities_and_gradients() -> None:
    solved = solve(load("softmax"))
    assert list(solved.value("a2")) == [Rational(1, 5), Rational(3, 10), Rational(1, 2)]
    assert solved.value("E") == log(5)
    assert list(solved.value("dE/dz2")) == [Rational(-4, 5), Rational(3, 10), Rational(1, 2)]
    assert list(solved.value("dE/dW1")) == [Rational(2, 5), Rational(-1, 5), Rational(4, 5), Rational(-2, 5)]


def test_the_batch_exercise_has_one_dead_unit_and_short_numbers() -> None:
    solved = solve(load("batch"))
    assert [solved.value(f"z1[{j}]@{n}") for n in (1, 2, 3) for j in (1, 2)] == [6, 1, 2, -4, 1, 3]
    assert [solved.value(f"a2[1]@{n}") for n in (1, 2, 3)] == [5, 3, -4]
    assert solved.value("E") == Rational(51, 10)
    # the penalty adds W/10
    assert list(solved.value("dE/dW1")) == [Rational(n, 10) for n in (-40 + 1, 20 - 1, 40 + 2, -60 + 1)]
    assert list(solved.value("dE/dW2")) == [Rational(n, 10) for n in (50 + 1, 40 - 2)]
    assert solved.value("new E") < solved.value("E")


def test_log_loss_after_the_logistic_leaves_the_difference() -> None:
    solved = solve(load("day12-logloss"))
    assert solved.value("z2[1]") == 3
    # 1/(1 + e^-3) - 1
    assert float(solved.value("dE/dz2[1]")) == pytest.approx(-0.04742587317756678, rel=1e-14)


def test_a_learning_rate_that_is_left_out_stays_a_letter() -> None:
    solved = solve(load("google-demo"))
    w, g = symbol("W1[1,2]"), symbol("dE/dW1[1,2]")
    assert solved.expression("new W1[1,2]") == w - symbol("eta") * g
