"""Laws: the key passes its own check, a misconception is found where it was put, two are told apart."""

import json
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from random_exercises import built
from sympy import Float

import symprop
from symprop import tables
from symprop.api import Checker
from symprop.arithmetic import public
from symprop.checking.answers import Answers, read_derivation, read_tables
from symprop.checking.report import FAULTS, Verdict
from symprop.exercise import Exercise, library
from symprop.misconceptions import applicable, edits, wrong_values
from symprop.notation import PROFILES, Notation
from symprop.quantity import Quantity

#: Digits of a number that an answer may hold.
DIGITS = 40


def as_json(checker: Checker) -> Answers:
    """The key's numbers as `solve --json` has them, read back from an answers file."""
    document = json.loads(tables.solution_json(checker.solution, ()))
    parts = [document["values"], document["gradients"], document["updated"]]
    numbers = {
        of: e["exact"] if e["exact"] and len(e["exact"]) < DIGITS else e["value"] for p in parts for of, e in p.items()
    }
    raw = json.loads(json.dumps({"symprop": 1, "answers": numbers}))
    return read_tables(raw, checker.exercise, checker.known)[0]


def keys(checker: Checker, pages: list[tuple[str, str]]) -> list[Answers]:
    found = [] if checker.solution.is_symbolic else [as_json(checker)]
    for format_, view in pages:
        text = symprop.render(checker.solution, format_, view=view)
        found.append(read_derivation(text, checker.exercise, checker.known, markdown=format_ == "markdown"))
    return found


PAGES = [(format_, view) for format_ in ("latex", "markdown") for view in ("units", "layers")]


def passes(exercise: Exercise, pages: list[tuple[str, str]]) -> None:
    checker = Checker(exercise)
    for answers in keys(checker, pages):
        assert answers.given
        report = checker.check(answers)
        late = (*FAULTS, Verdict.RIGHT_GIVEN_EARLIER, Verdict.UNDECIDED)
        assert [(s.id, s.verdict, s.given, s.note) for s in report.steps if s.verdict in late] == []


LIGHT = [("day12", p) for p in PROFILES] + [(name, "cs135") for name in ("mazur", "softmax", "google-demo")]
HEAVY = [(name, p) for name in library() for p in PROFILES if (name, p) not in LIGHT]


@pytest.mark.parametrize(("name", "profile"), [*LIGHT, *(pytest.param(*e, marks=pytest.mark.slow) for e in HEAVY)])
def test_the_key_of_a_built_in_passes_its_own_check(name: str, profile: str) -> None:
    exercise = symprop.load(name).model_copy(update={"notation": Notation(profile=profile)})
    passes(exercise, PAGES)


#: Light ones run always. In 129 two layers have two kinds of GELU under one printed name, which the reader refuses.
MARKS = {
    4: (),
    8: (),
    10: (),
    129: (pytest.mark.slow, pytest.mark.xfail(strict=True, reason="two functions, one name")),
}


@pytest.mark.parametrize("seed", [pytest.param(s, marks=MARKS.get(s, pytest.mark.slow)) for s in range(200)])
def test_the_key_of_a_random_exercise_passes_its_own_check(seed: int) -> None:
    passes(built(seed, notation={"profile": PROFILES[seed % len(PROFILES)]}), PAGES if seed % 2 else PAGES[:2])


# ---------------------------------------------------------------------- misconceptions
@cache
def telling(dead: bool = False) -> Checker:
    """Numbers that expose many methods: two inputs, both signs, no value twice; `dead`: the second unit is off."""
    net = symprop.MLP(
        [(2, "relu"), (1, "identity")], x=[["1.7", "-0.6"]], y=[["-1.3"]],
        W=[[["0.9", "-2.1" if dead else "-1.1"], ["0.35", "-2.3"]], [["-0.7"], ["1.9"]]], b=[["0.45", "0.8"], ["0.25"]],
    )  # fmt: skip
    return Checker(net)


def done_by(name: str, dead: bool = False) -> dict[str, Any]:
    """Every value and gradient when all is done by a wrong method, with 17 digits."""
    found = {}
    for of, value in wrong_values(telling(dead).solution, name).items():
        if of.name in ("z", "a", "E") and (of.wrt is None or of.wrt.name in ("z", "a", "W", "b")):
            shown = public(value)
            found[str(of)] = str(shown.evalf(17)) if shown.has(Float) else str(shown)
    return found


def first_changed(*names: str) -> set[str]:
    """The ids whose own right-hand side a method changes, to another number."""
    methods = edits(telling().exercise, telling().solution).methods
    return {s.name for name in names for s in methods[name].changed}


METHODS = [row.name for row in applicable(telling().solution) if row.edit is not None]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "other_derivative_at_kink"])
def test_a_method_injected_alone_is_found_at_its_step_and_named(name: str) -> None:
    shown = 0
    for dead in (False, True):
        report = telling(dead).check(done_by(name, dead))
        wrong = [step for step in report.steps if step.verdict is Verdict.WRONG]
        shown += bool(wrong)
        assert {step.id for step in wrong} <= first_changed(name)
        assert not wrong or name in wrong[0].consistent_with
    assert shown


def pair(one: str, two: str) -> dict[str, Any]:
    """Two methods at once: each where it changes a rule, all else worked out from what stands before."""
    solution = telling().solution
    methods = edits(telling().exercise, solution).methods
    rules = {**methods[two].rules, **methods[one].rules}
    numbers: dict[Any, Any] = {n.symbol: n.given for n in solution.graph if n.given is not None}
    right = {n.symbol: n.definition for n in solution.graph if n.definition is not None}
    right |= {_symbol(d.id): d.short for d in solution.derivations.values()}
    pending = {s: rules.get(s, e) for s, e in right.items()}
    while pending:
        ready = [s for s, e in pending.items() if e.free_symbols <= numbers.keys()]
        if not ready:
            return {}
        for s in ready:
            e = pending.pop(s)
            numbers[s] = e.xreplace({t: numbers[t] for t in e.free_symbols})
    return {s.name: str(numbers[s]) for s in right if numbers[s].is_Rational}


def _symbol(of: Quantity) -> Any:
    from symprop.graph import symbol

    return symbol(of)


def localised(one: str, two: str) -> bool | None:
    """Whether every flagged step is one that a method changes, and each that shows is flagged; None where nothing shows."""
    answers = pair(one, two)
    if not answers:
        return None
    report = telling().check(answers)
    wrong = {step.id for step in report.steps if step.verdict is Verdict.WRONG}
    return wrong <= first_changed(one, two) if wrong else None


PAIRS = list(combinations(METHODS, 2))


@pytest.mark.parametrize("start", [pytest.param(s, marks=() if s == 0 else pytest.mark.slow) for s in range(12)])
def test_two_methods_at_once_are_localised(start: int) -> None:
    found = [localised(*names) for names in PAIRS[start::60]]
    told = [each for each in found if each is not None]
    assert told and sum(told) >= 0.95 * len(told)
