"""Pairs (ours, theirs) -> OracleReport. Knows no network and no oracle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any

from symprop.errors import UsageError
from symprop.exercise import Exercise
from symprop.quantity import Quantity

#: Disagreements that a report names.
NAMED = 10
#: Ids written out in one sentence about what was skipped.
SPELLED = 3


@dataclass(frozen=True)
class Disagreement:
    """A number that an oracle contradicts; `error` is the larger of normwise error and, where that decided, relative error."""

    id: str
    ours: str
    theirs: str
    error: float


@dataclass(frozen=True)
class OracleReport:
    """What one oracle found; `agrees` is None when nothing was compared, `largest_error` is normwise."""

    name: str
    version: str
    compared: int
    largest_error: float
    agrees: bool | None
    skipped: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A number to confirm: its id as given, the quantity, and the update step whose state it belongs to (0: before any)."""

    id: str
    of: Quantity
    step: int


@dataclass(frozen=True)
class _Pair:
    id: str
    ours: Any
    theirs: Any


class Tally:
    """Collects what was compared, by group, and what was not, by reason."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, int], list[_Pair]] = {}
        self._skipped: dict[str, list[str]] = {}
        self._said: list[str] = []

    def compare(self, group: tuple[str, int], id: str, ours: Any, theirs: Any) -> None:
        """Notes a pair; `group` is what its error is measured against."""
        self._groups.setdefault(group, []).append(_Pair(id, ours, theirs))

    def skip(self, id: str, why: str) -> None:
        """Notes that `id` stands for itself: "id: why"."""
        self._skipped.setdefault(why, []).append(id)

    def say(self, sentence: str) -> None:
        """Notes one sentence about a whole kind of ids, once."""
        if sentence not in self._said:
            self._said.append(sentence)

    def drop(self, keep: Any, why: str) -> None:
        """Takes back the groups for which `keep(group)` is false."""
        dropped = [group for group in self._groups if not keep(group)]
        for group in dropped:
            del self._groups[group]
        if dropped:
            self.say(why)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Every sentence, those about kinds first."""
        listed = []
        for why, ids in self._skipped.items():
            more = f" and {len(ids) - SPELLED} more" if len(ids) > SPELLED else ""
            listed.append(f"{', '.join(ids[:SPELLED])}{more}: {why}")
        return (*self._said, *listed)

    def report(
        self,
        name: str,
        version: str,
        tolerance: Mapping[tuple[str, int], float],
        floor: float,
        relative: tuple[float, float] | None = None,
    ) -> OracleReport:
        """The verdict.

        A pair's error is |ours - theirs| / max(floor, largest |theirs| of its group), held against `tolerance` of the group.
        `relative` (limit, size): beyond that size, |ours - theirs| / |theirs| must also stay below the limit.
        """
        worst, found, values, compared = 0.0, [], {}, 0
        for group, pairs in self._groups.items():
            sizes = [float(abs(p.theirs)) for p in pairs]
            scale = max([floor, *(size for size in sizes if isfinite(size))])
            for pair, size in zip(pairs, sizes, strict=True):
                compared += 1
                values[pair.id] = float(pair.theirs)
                gap = float(abs(pair.ours - pair.theirs))
                error = gap / scale if isfinite(gap) else float("inf")
                worst = max(worst, error)
                own = gap / size if relative is not None and isfinite(gap) and size > relative[1] else 0.0
                if not error <= tolerance[group] or (relative is not None and own > relative[0]):
                    found.append(Disagreement(pair.id, _shown(pair.ours), _shown(pair.theirs), max(error, own)))
        found.sort(key=lambda d: -d.error)
        return OracleReport(
            name, version, compared, worst, not found if compared else None, self.skipped, tuple(found[:NAMED]), values
        )


def _shown(number: Any) -> str:
    context = getattr(number, "context", None)
    return str(context.nstr(number, 25)) if context is not None else repr(float(number))


def wanted(exercise: Exercise, numbers: Mapping[str, Any], tally: Tally) -> list[Wanted]:
    """The ids of `numbers` in canonical form; what cannot be an id of this exercise is skipped with the reason."""
    found = []
    for id in numbers:
        try:
            of = exercise.require(Quantity.parse(id))
        except UsageError as problem:
            tally.say(f"{problem}")
            continue
        step = 0
        if of.state:
            assert exercise.update is not None
            step = of.step or exercise.update.steps
        found.append(Wanted(id, of, step))
    return found


def exact(value: Any) -> Fraction | None:
    """A rational number as a Fraction; None for anything else."""
    if isinstance(value, (int, Fraction)):
        return Fraction(value)
    if isinstance(value, str) and "/" in value:
        return Fraction(value.replace(" ", ""))
    return Fraction(int(value.p), int(value.q)) if getattr(value, "is_Rational", False) else None
