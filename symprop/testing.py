"""For tests of hand derivations and of gradient code: `assert_derivation`, `assert_gradients`. A failure shows the report."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symprop.checking.report import Report
    from symprop.exercise import Exercise
    from symprop.solution import Solution


class WrongDerivation(AssertionError):
    """A derivation or function that the check does not accept; `report` holds the facts, the message the report."""

    def __init__(self, message: str, report: "Report") -> None:
        super().__init__(message)
        self.report = report


def assert_derivation(
    exercise: "Exercise | Solution | str | Path", answers: "Mapping[Any, Any] | str | Path", *, reveal: bool = True
) -> "Report":
    """Raises WrongDerivation (an AssertionError) unless nothing in the answers is wrong or unreadable; returns the report.

    `answers`: id or spelling -> formula, number, list or array, or the path of an answers file of one student. What is asked
    but missing does not count. `reveal`: whether the message holds expected values. Raises SympropError for answers that
    cannot be used at all.
    """
    from symprop import api
    from symprop.wording.reports import terminal

    __tracebackhide__ = True
    report = api.check(exercise, answers)
    if not report.ok:
        raise WrongDerivation(terminal(report, reveal=reveal, points=False), report)
    return report


def assert_gradients(
    exercise: "Exercise | Solution | str | Path", function: Callable[..., Any], *, reveal: bool = True
) -> "Report":
    """Raises WrongDerivation unless every value that a function returns is right; returns the report.

    The function is called in this process as `function(x, y, parameters)`, or with W1, b1, W2, … one by one where it takes
    more arguments: x samples x inputs, y samples x outputs, weights inputs x units, NumPy arrays of floats. It returns a
    dictionary id -> number or array ("dE/dW1", "dE/db1", "a1", "E"; "dW1" is read as "dE/dW1"), or the gradients of the
    parameters as a sequence in their order. Raises UsageError when it returns anything else.
    """
    from symprop import api
    from symprop.checking.callables import answers_of
    from symprop.wording.reports import terminal

    __tracebackhide__ = True
    checker = api.Checker(exercise)
    report = checker.check(answers_of(checker.solution, checker.known, function))
    if not report.ok:
        raise WrongDerivation(terminal(report, reveal=reveal, points=False), report)
    return report


__all__ = ["WrongDerivation", "assert_derivation", "assert_gradients"]
