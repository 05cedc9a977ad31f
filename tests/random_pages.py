"""Random exercises as printed pages: which seed is shown in which notation, rounding, view and detail."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from random_exercises import built

from symprop.api import render
from symprop.errors import DomainError
from symprop.exercise import Exercise
from symprop.notation import PROFILES, Notation
from symprop.solution import Solution, solve

#: "" is the page's own policy: exact where short, else rounded at the end.
POLICIES = ("", "exact", "end", "each")
VIEWS = ("units", "layers")
COUNT = 100
#: Seeds of a quick run: three for every policy, view and detail.
QUICK = 48
#: Decimals of the pages by seed; four is the default.
DECIMALS = (4, 3, 4, 5)


@dataclass(frozen=True)
class Printed:
    """One page and what it is a page of."""

    solution: Solution
    text: str
    policy: str
    decimals: int
    name: str


@cache
def solved(seed: int, policy: str) -> Solution:
    try:
        return solve(built(seed, **_rounding(seed, policy)))
    except DomainError:  # Adam divides by a moment that was rounded to 0: such an exercise is refused
        assert policy == "each"
        return solve(built(seed, update=None, **_rounding(seed, policy)))


def _rounding(seed: int, policy: str) -> dict[str, Any]:
    return {"rounding": {"policy": policy, "decimals": decimals(seed, policy)}} if policy else {}


def decimals(seed: int, policy: str) -> int:
    return DECIMALS[seed % len(DECIMALS)] if policy else 4


def noted(solution: Solution, profile: str, layout: str) -> Solution:
    """The same numbers in another notation: expressions do not depend on it."""
    notation = Notation(profile=profile, layout=layout)
    exercise: Exercise = solution.exercise.model_copy(update={"notation": notation})
    return Solution(
        exercise, *(getattr(solution, key) for key in ("graph", "derivations", "_run", "_rounded", "kinks", "unproved"))
    )


@cache
def printed(
    seed: int, policy: str, view: str, profile: str = "", detail: str = "full", format: str = "latex"
) -> Printed:
    """The page of a seed; without `profile` in the seed's own."""
    solution = solved(seed, policy)
    profile = profile or PROFILES[seed % len(PROFILES)]
    solution = noted(solution, profile, solution.exercise.notation.layout)
    text = render(solution, format, view=view, detail=detail, fragment=True)
    return Printed(
        solution, text, policy, decimals(seed, policy), f"seed {seed} {policy or 'short'} {view} {profile} {detail}"
    )


def one_page(seed: int, format: str = "latex") -> Printed:
    """Each seed once, so that QUICK seeds meet every policy in every view and detail."""
    policy, view, detail = POLICIES[seed % 4], VIEWS[seed // 4 % 2], ("full", "steps")[seed // 8 % 2]
    return printed(seed, policy, view, detail=detail, format=format)
