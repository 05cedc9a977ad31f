"""Published worked examples as students: what the source prints is right or rounded, where the source errs it is wrong."""

from functools import cache

import pytest
from test_published import FACTS, LONG, Fact, solution

from symprop.api import Checker
from symprop.checking.report import Report

#: Where the sources err, by their notes in tests/published.
ERRS = ("the sequential variant's", "typo in the source", "error in the source", "from W1 before")


@cache
def report(exercise: str, variant: str) -> Report:
    answers = {f.id: f.printed for f in FACTS if (f.exercise, f.variant) == (exercise, variant)}
    return Checker(solution(exercise, variant)).check(answers)


def verdict(fact: Fact) -> str:
    known = {step.id: step.verdict for step in report(fact.exercise, fact.variant).steps}
    found = [v for of, v in known.items() if of.replace("new@1 ", "new ") == fact.id]
    return str(found[0])


@pytest.mark.parametrize("fact", [f for f in FACTS if f not in LONG and not f.note.startswith("follows from")], ids=str)
def test_a_printed_number_is_judged_as_its_source_deserves(fact: Fact) -> None:
    expected = ("wrong",) if fact.note.startswith(ERRS) else ("right", "rounded", "right_given_earlier")
    if fact.exercise != "sklearn-test-fit":
        expected = expected[:2]
    assert verdict(fact) in expected


@pytest.mark.parametrize("fact", [f for f in FACTS if f.note.startswith("follows from")], ids=str)
def test_what_follows_from_an_error_in_the_source_is_right_given_it(fact: Fact) -> None:
    assert verdict(fact) == "right_given_earlier"


def test_the_input_taken_for_another_is_named() -> None:
    step = report("sklearn-test-fit", "")["dE/dW1[3,1]"]
    assert step.verdict == "wrong" and "use_neighbouring_input" in step.consistent_with
