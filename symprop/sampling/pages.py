"""Shape and format -> the pages of its versions in pieces: a solution whose numbers are slots, narrated as any other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sympy import S

from symprop.document import Document
from symprop.graph import build, symbol
from symprop.oracles import OracleReport
from symprop.quantity import Quantity
from symprop.rendering import FORMATS
from symprop.rendering.pieces import Pieces, Slot
from symprop.sampling.shape import Shape
from symprop.solution import Solution, Step, _Run
from symprop.wording import narrate
from symprop.wording.page import figures


def pages(
    shape: Shape,
    format: str,
    theirs: Sequence[str] = (),
    *,
    differences: int = 0,
    detail: str = "steps",
    view: str | None = None,
    paper: str = "a4",
    templates: Any = None,
) -> Pieces | None:
    """The pages of all versions; None for an exercise that needs more than its values before an update.

    A version's numbers are its values in the order of `shape.ids`, then scikit-learn's in the order of `theirs`.
    `differences` is how many numbers the differences confirmed (0: the page does not name them).
    """
    exercise = shape.exercise
    if exercise.update is not None or exercise.network.penalty is not None or exercise.is_symbolic:
        return None
    count = len(shape.ids)

    biases = [place for place, of in enumerate(shape.leaves) if of.name == "b"]

    def zero(values: Sequence[Any]) -> bool:
        return not any(values[place] for place in biases)

    def make(slots: Sequence[Slot], zero: bool) -> Document:
        told: dict[str, Any] = dict(zip(theirs, slots[count:], strict=True))
        reports = [OracleReport("scikit-learn", "", len(theirs), 0.0, True, values=told)] if theirs else []
        if differences:
            reports.append(OracleReport("central differences", "", differences, 0.0, True))
        return narrate(_solution(shape, slots[:count], zero), detail=detail, view=view, reports=reports, retype=False)

    return Pieces(
        make, count + len(theirs), FORMATS[format], figures(exercise), fact=zero, paper=paper, templates=templates
    )


class _Blank(Solution):
    """A solution whose numbers are slots: its steps are told without their values, which nobody may read."""

    def step(self, of: Quantity | str) -> Step:
        return replace(self, _run=None).step(of) if self._run is not None else super().step(of)


def _solution(shape: Shape, slots: Sequence[Slot], zero: bool) -> Solution:
    """The solution whose every number is a slot; of the exercise's own numbers only `zero` is left, whether all biases are 0."""
    blank = shape.fill([(S.Zero if zero else S.One) if of.name == "b" else S.NaN for of in shape.leaves])
    by_id = zip(shape.ids, slots, strict=True)
    numbers = {symbol(of): slot for of, slot in by_id}
    run = _Run({0: numbers}, {}, (), 65)
    return _Blank(blank, build(blank), shape.derivations, run)


__all__ = ["pages"]
