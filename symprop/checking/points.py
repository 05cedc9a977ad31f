"""Verdicts + questions -> points: each question's points are shared out over the scalars it asks for.

A hidden delta weighs two, anything else one (day12's scheme). What follows rightly from an earlier mistake has full points,
unless the mistake made the step trivial; undecided is never counted as wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from symprop.checking.report import FAULTS, CheckedStep, QuestionScore, Verdict
from symprop.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its title, points, and the scalars it asks for."""

    title: str
    points: Fraction
    ids: tuple[Quantity, ...]


def weight(of: Quantity, depth: int) -> int:
    """2 for a hidden delta, else 1."""
    return 2 if of.is_gradient and of.wrt is not None and of.wrt.name == "z" and of.wrt.layer < depth else 1


def has_credit(step: CheckedStep) -> bool:
    """Whether a step earns its points."""
    if step.verdict in FAULTS or step.verdict is Verdict.MISSING:
        return False
    return not any(fact.kind == "trivial" for fact in step.facts)


def scored(
    steps: Iterable[CheckedStep], questions: Iterable[Asked], depth: int
) -> tuple[tuple[CheckedStep, ...], tuple[QuestionScore, ...]]:
    """The steps with their points, and the score of every question."""
    known: Mapping[str, CheckedStep] = {step.id: step for step in steps}
    earned: dict[str, Fraction] = dict.fromkeys(known, Fraction(0))
    most: dict[str, Fraction] = dict.fromkeys(known, Fraction(0))
    scores = []
    for question in questions:
        weights = {str(of): weight(of, depth) for of in question.ids}
        total = sum(weights.values())
        reached = Fraction(0)
        for of, share in weights.items():
            part = question.points * share / total
            if of in known:
                most[of] += part
                if has_credit(known[of]):
                    earned[of] += part
                    reached += part
        scores.append(QuestionScore(question.title, reached, question.points, tuple(weights)))
    return tuple(replace(s, points=earned[s.id], max_points=most[s.id]) for s in known.values()), tuple(scores)
