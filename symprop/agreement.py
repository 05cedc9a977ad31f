"""Solution -> the numbers that a page may print, for the oracles; their reports -> on with it, or a Disagreement."""

from collections.abc import Sequence

from sympy import Expr

from symprop import update as updates
from symprop.errors import Disagreement
from symprop.oracles import OracleReport
from symprop.quantity import Quantity
from symprop.solution import Solution


def numbers(solution: Solution) -> dict[str, Expr]:
    """Every number of a solution that a page may print, by id: what the oracles are asked to confirm."""
    exercise = solution.exercise
    found = {str(n.id): solution.value(n.id) for n in solution.graph if n.definition is not None}
    found |= {str(d.id): solution.value(d.id) for d in solution.derivations.values()}
    for derivation in solution.derivations.values():
        for term in derivation.terms:
            if term.via != derivation.loss:
                of = Quantity(term.via.name, term.via.layer, term.via.index, term.via.sample, wrt=derivation.target)
                found[str(of)] = solution.value(of)
    if exercise.update is not None and exercise.update.learning_rate is not None:
        found |= _updated(solution)
    return found


def _updated(solution: Solution) -> dict[str, Expr]:
    exercise = solution.exercise
    assert exercise.update is not None
    last = exercise.update.steps
    targets = updates.parameters(exercise)
    targets += [n.id for n in solution.graph if n.definition is not None]
    found = {}
    for step in sorted({*range(1, min(last, 3) + 1), last - 1, last} - {0}):
        for of in targets:
            name = f"new {of}" if step == last else f"new@{step} {of}"
            found[name] = solution.value(of.after(step))
    return found


def demand_agreement(reports: Sequence[OracleReport], name: str) -> None:
    """Raises Disagreement when an oracle contradicts, or when the differences confirmed nothing."""
    for report in reports:
        if report.agrees is False:
            worst = report.disagreements[0] if report.disagreements else None
            where = f": {worst.id} is {worst.ours} here and {worst.theirs} there" if worst else ""
            raise Disagreement(f"{name}: {report.name} disagrees{where}; nothing was written")
    if not any(report.agrees and report.name != "scikit-learn" for report in reports):
        raise Disagreement(f"{name}: no oracle confirmed the numbers; nothing was written")
