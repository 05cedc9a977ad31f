"""(Graph, Derivations) -> (Graph, Derivations): one function a wrong method, and the wrong numbers it gives. No sentences.

exposed(solution, ["a1", "a2", "E", "dE/dW1"]).hides       what these numbers would not show
wrong_values(solution, "drop_activation_derivative")       the whole method, everywhere
wrong_step(solution, "drop_activation_derivative", of, own)   in this one step, from a student's own values
wrong_expression(solution, "drop_activation_derivative", of)  the wrong right-hand side of this one step
"""

from collections.abc import Mapping

from sympy import Expr

from symprop.arithmetic import OutOfDomain, Undecided, Value, shared
from symprop.errors import UsageError
from symprop.graph import symbol
from symprop.misconceptions.findings import Cause, Findings, cause, exposed, scalars, scored
from symprop.misconceptions.table import METHODS, SLIPS, TABLE, Misconception, misconception
from symprop.misconceptions.values import Edits, edits, quantities
from symprop.quantity import Quantity
from symprop.solution import Solution


def applicable(solution: Solution) -> tuple[Misconception, ...]:
    """The methods that this exercise has a place for, and every slip."""
    methods = edits(solution.exercise, solution).methods
    return tuple(row for row in TABLE if row.edit is None or row.name in methods)


def wrong_values(solution: Solution, which: "Misconception | str") -> Mapping[Quantity, Value]:
    """Every value and gradient when the whole derivation is done by the wrong method; right ones where it has no place.

    A quantity without a value (the logarithm of a negative output) is left out. Raises UsageError for a symbolic exercise and
    for a slip, which is no method.
    """
    row = _row(which)
    if solution.is_symbolic or row.edit is None:
        raise UsageError(
            f"{row.name}: a slip is made in one step; ask wrong_step"
            if row.edit is None
            else "a symbolic exercise has no numbers; ask wrong_expression"
        )
    methods, right = edits(solution.exercise, solution), solution.numbers()
    if row.name not in methods.methods:
        return quantities(right)
    return quantities({**right, **methods.wrong(row.name, right)})


def wrong_expression(solution: Solution, which: "Misconception | str", of: "Quantity | str") -> Expr | None:
    """The right-hand side that the misconception writes for this quantity; None where it leaves that step alone."""
    row, wanted = _row(which), solution.resolve(of)
    if row.slip is not None:
        known = wanted in solution.graph and solution.graph[wanted].definition is not None
        if not (known or wanted.state or (wanted.is_gradient and wanted.wrt in solution.derivations)):
            return None
        return row.slip(solution, wanted, solution.expression(wanted))
    method = edits(solution.exercise, solution).methods.get(row.name)
    return None if method is None else method.rules.get(symbol(wanted))


def wrong_step(
    solution: Solution, which: "Misconception | str", of: "Quantity | str", own: Mapping[Quantity, Value]
) -> Value | None:
    """The value that the misconception gives this one step, from `own` values where there are some, else from right ones.

    None where the misconception leaves the step alone, where the step has no value, or where a sign stays undecided.
    """
    expression = wrong_expression(solution, which, of)
    if expression is None or solution.is_symbolic:
        return None
    known = edits(solution.exercise, solution).known(solution)
    numbers = known | {symbol(q): value for q, value in own.items()}
    for state in expression.free_symbols - numbers.keys():
        numbers[state] = solution.number(Quantity.parse(state.name))
    try:
        return shared().evaluate(expression, numbers)
    except (OutOfDomain, Undecided):
        return None


def _row(which: "Misconception | str") -> Misconception:
    return misconception(which) if isinstance(which, str) else which


__all__ = [
    "METHODS",
    "SLIPS",
    "TABLE",
    "Cause",
    "Edits",
    "Findings",
    "Misconception",
    "applicable",
    "cause",
    "edits",
    "exposed",
    "misconception",
    "scalars",
    "scored",
    "wrong_expression",
    "wrong_step",
    "wrong_values",
]
