"""Exercise + numbers -> one report an oracle. Knows no solution, no derivation and no table of functions.

Two oracles, independent of the solver and of each other: `differences` (mpmath, central differences) compares everything,
`sklearn` (scikit-learn's own forward and backward pass) what that library can express. Neither is imported before it runs.
"""

from collections.abc import Mapping
from typing import Any

from symprop.exercise import Exercise
from symprop.oracles.report import Disagreement, OracleReport


def verify(exercise: Exercise, numbers: Mapping[str, Any]) -> tuple[OracleReport, ...]:
    """scikit-learn's report, then that of the central differences.

    `numbers`: id text -> SymPy number (Rational, closed form, Float of 50 digits), mpf or decimal text. The exercise must
    have its numbers. Raises nothing on a contradiction: it is in the report.
    """
    from symprop.oracles import differences, sklearn

    return sklearn.check(exercise, numbers), differences.check(exercise, numbers)


__all__ = ["Disagreement", "OracleReport", "verify"]
