"""Exercise, seed -> versions: numbers that pass every condition, expose most, and differ from one another.

versions(exercise, 30, 135)          versions 1 (A) to 30, one after the other
version(exercise, 135, 17)           version 17 of the same again
version(exercise, student_seed("ada", exercise), 1)     one student's own

Every version has a stream of draws of its own, named by seed and number in the generator that this project pins. Its pool is
the first acceptable draws of it; the most telling one is taken that differs from the versions before. So a version depends on
exercise, settings, seed and number only, never on how many are made or in what pieces.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from symprop import quantity as q
from symprop.arithmetic import Undecided, Value, fraction, shared
from symprop.errors import CannotSatisfy, ExerciseError, UsageError, shown
from symprop.exercise import Exercise, Variants
from symprop.exercise import settings as settings_of
from symprop.graph import symbol
from symprop.misconceptions.findings import find
from symprop.quantity import Quantity
from symprop.sampling import difficulty as difficulties
from symprop.sampling.conditions import BACKWARD, DISTINCT, FORWARD, GIVEN, RELAX, Condition
from symprop.sampling.distinct import History
from symprop.sampling.plan import LEVELS, Draws, Level, Plan
from symprop.sampling.pools import Band, Pool, Source
from symprop.solution import Solution, solve

#: Versions whose pools are filled together.
TOGETHER = 256
#: How many times more acceptable draws are looked at where a pool has none that will do.
MORE = 16
#: Version A's part of the allowed deviation in difficulty: versions A of two seeds are then within it of each other.
NEAR = Fraction(9, 20)
#: A version may hide so many misconceptions more than the best acceptable draw of the reference before more draws are made.
SLACK = 1


@dataclass(frozen=True)
class Version:
    """One version: its numbers, and what is known of them.

    answers      every asked quantity's value, in the order asked
    hides        misconceptions that these numbers would not expose
    tells_apart  share of pairs of misconceptions with different answers
    difficulty   by the formula of `symprop.sampling.difficulty`
    equal_share  the largest share of asked values that are equal in one earlier version (of the last 1,024); 0 for version A
    """

    number: int
    seed: int
    exercise: Exercise
    answers: Mapping[Quantity, Value]
    hides: tuple[str, ...]
    tells_apart: Fraction
    difficulty: Fraction
    equal_share: Fraction


@dataclass
class _Candidate:
    """A draw of a pool that differs from the versions before; `marks` are its asked values, exactly."""

    source: Source
    pool: Pool
    draw: int
    hidden: int
    shared: int
    marks: tuple[Any, ...]
    solution: Solution | None = None
    decided: Draws | None = None


class Drawer:
    """Draws of one exercise under one set of settings: made once, used for any seed."""

    def __init__(self, exercise: Exercise, settings: Variants) -> None:
        self.exercise, self.settings = exercise, settings
        self._levels: list[Level] = list(LEVELS) if settings.numbers == "auto" else [settings.numbers]
        self._sources: dict[Level, Source | None] = {}
        problem: CannotSatisfy | None = None
        while self._levels:
            try:
                self.source = self._sources[self._levels[0]] = Source(Plan(exercise, settings, self._levels[0]))
                return
            except CannotSatisfy as failed:
                problem = problem or failed
                self._levels.pop(0)
        assert problem is not None
        raise problem

    def sources(self, used_up: int = 0) -> Iterator[Source]:
        """Integers first, then the grids that are tried where those cannot give one more version."""
        for level in self._levels[used_up:]:
            if level not in self._sources:
                try:
                    self._sources[level] = Source(Plan(self.exercise, self.settings, level))
                except CannotSatisfy:
                    self._sources[level] = None
            source = self._sources[level]
            if source is not None:
                yield source

    @property
    def wanted(self) -> int:
        """Acceptable draws of which one is taken."""
        return self.settings.pool if self.settings.conditions else 1

    @property
    def banded(self) -> bool:
        """Whether versions keep to a difficulty."""
        return self.settings.conditions and self.settings.difficulty is not False

    def history(self) -> History | None:
        """Before the first version; None where versions may agree."""
        if not self.settings.conditions or self.settings.distinct == "off":
            return None
        plan = self.source.plan
        return History(plan.parts if self.settings.distinct == "parts" else (tuple(range(len(plan.asked))),))

    def first(self, seed: int, history: History | None) -> Version:
        """Version A: near the reference difficulty, so that it is within the allowed share of any other seed's."""
        band = Band()
        if self.banded:
            band = Band.around(self.source.reference, fraction(self.settings.difficulty) * NEAR)
        (pool,) = self.source.pools(seed, [1], band, self.wanted)
        return self.settled(self.source, pool, 1, seed, history, band)

    def band_of(self, first: Version) -> Band:
        """What the other versions keep to: version A's difficulty and its dead units."""
        if not self.settings.conditions:
            return Band()
        dead = None
        if self.source.plan.relu_layers:
            decided = self.source.plan.decided(solve(first.exercise))
            dead = tuple(int(n) for n in self.source.dead(decided)[0])
        if not self.banded:
            return Band(dead=dead)
        return Band.around(first.difficulty, fraction(self.settings.difficulty), dead)

    # ------------------------------------------------------------------ choosing
    def settled(
        self, source: Source, pool: Pool, number: int, seed: int, history: History | None, band: Band
    ) -> Version:
        """The version: of this pool, of MORE times as many acceptable draws, then of the next grids of numbers.

        The best draw is taken that hides no more than the reference's best and SLACK. Where there is none, the grid counts as
        used up for the versions to come, and the best that differs from the versions before is taken. Raises CannotSatisfy
        when none does.
        """
        goal = self.source.fewest + SLACK if self.wanted > 1 else len(source.scorer.names)
        used_up = history.used_up if history is not None else 0
        best, seen = self._best(source, pool, number, seed, history, band, goal)
        for other in self.sources(used_up + 1):
            if history is None or (best is not None and best.hidden <= goal):
                break
            try:
                (pool,) = other.pools(seed, [number], band, self.wanted)
            except CannotSatisfy:
                continue
            found, more = self._best(other, pool, number, seed, history, band, goal)
            seen += more
            if found is not None and (best is None or found.hidden < best.hidden):
                best = found
        if best is None:
            raise CannotSatisfy(
                f"{self.exercise.name}: version {number}: each of {seen:,} acceptable draws fails "
                f'"{DISTINCT}" beside the versions before it; relax it in [variants]: {RELAX[DISTINCT]}',
                condition=DISTINCT,
            )
        if history is not None and best.source is not source and best.hidden <= goal:
            history.used_up = self._levels.index(best.source.plan.level)
        return self._made(best, number, seed, history)

    def _best(
        self, source: Source, pool: Pool, number: int, seed: int, history: History | None, band: Band, goal: int
    ) -> tuple[_Candidate | None, int]:
        """The best draw of one grid, and how many acceptable ones were looked at."""
        found = self._candidate(source, pool, history, band, goal)
        if (found is not None and found.hidden <= goal) or pool.size < self.wanted:
            return found, pool.size
        (pool,) = source.pools(seed, [number], band, self.wanted * MORE)
        return self._candidate(source, pool, history, band, goal), pool.size

    def _candidate(
        self, source: Source, pool: Pool, history: History | None, band: Band, goal: int
    ) -> _Candidate | None:
        """The draw that hides fewest, up to `goal` being as good as none; then most pairs told apart less shared answers."""
        scores, asked = pool.scores, len(source.plan.asked)
        equal = np.zeros(pool.size, dtype=np.int64)
        if history is not None:
            equal = history.shares(scores.rows())
        cost = scores.alike * asked + equal * scores.pairs
        for i in map(int, np.lexsort((cost, np.maximum(scores.hidden, goal)))):
            found = _Candidate(source, pool, i, int(scores.hidden[i]), int(equal[i]), ())
            if source.plan.exact:
                found.marks = tuple(scores.answer(k, i) for k in range(asked))
            elif not self._decide(found, band):
                continue
            if history is None or not history.clashes(found.marks):
                return found
        return None

    def _decide(self, candidate: _Candidate, band: Band) -> bool:
        """A draw of an inexact plan, every condition decided again by the solver's exact values and intervals."""
        plan, source = candidate.source.plan, candidate.source
        try:
            solution = solve(plan.exercise_of(candidate.pool.digits[:, candidate.draw]))
        except ExerciseError:
            return False
        draws = plan.decided(solution)
        for stage in (GIVEN, FORWARD, BACKWARD):
            if not all(_holds(row, plan, draws, stage, solution) for row in source.rows if stage in row.stages):
                return False
        candidate.solution, candidate.decided = solution, draws
        candidate.marks = tuple(int(draws.columns[symbol(of)].top[0]) for of in plan.asked)
        return bool(band.fits(source.quarters(draws), source.dead(draws))[0])

    def _made(self, best: _Candidate, number: int, seed: int, history: History | None) -> Version:
        plan, pool, i = best.source.plan, best.pool, best.draw
        if history is not None:
            history.add(best.marks, pool.scores.rows()[i])
        if best.solution is None:
            exercise = plan.exercise_of(pool.digits[:, i])
            known: Mapping[Quantity, Value] = dict(zip(plan.asked, best.marks, strict=True))
            hides, apart = pool.scores.findings(i)
            quarters = pool.quarters[i]
        else:
            exercise = best.solution.exercise
            known = {of: best.solution.number(of) for of in plan.asked}
            findings = find(plan.edits, plan.edits.values_beside(best.solution.numbers(), plan.asked), plan.asked)
            hides, apart = findings.hides, findings.tells_apart
            assert best.decided is not None
            quarters = best.source.quarters(best.decided)[0]
        return Version(
            number,
            seed,
            exercise,
            _answers(plan, exercise, known, best.solution),
            hides,
            apart,
            difficulties.as_difficulty(quarters),
            Fraction(best.shared, len(plan.asked)),
        )


def _answers(
    plan: Plan, exercise: Exercise, known: Mapping[Quantity, Value], solution: Solution | None
) -> dict[Quantity, Value]:
    """Every asked value; those after an update, and local derivatives, come from the solver."""
    found: dict[Quantity, Value] = {}
    for of in plan.answers:
        if of in known:
            found[of] = known[of]
        else:
            solution = solution or solve(exercise)
            found[of] = solution.number(of)
    return found


def _holds(row: Condition, plan: Plan, draws: Draws, stage: str, solution: Solution) -> bool:
    """A condition at a solved version's values; the step by the solver's own update."""
    if row.name != "step":
        return bool(row.test(plan, draws, stage)[0])
    kinked = [Quantity.parse(z.name) for z in plan.kinked]
    return _sign(solution.number(q.E.after(1)), solution.number(q.E)) < 0 and all(
        (_sign(solution.number(z.after(1))) > 0) == (_sign(solution.number(z)) > 0) for z in kinked
    )


def _sign(value: Value, less: Value = Fraction(0)) -> int:
    """The sign of a difference, proved at the solver's precision; 0 where it stays undecided."""
    arithmetic = shared()
    try:
        return arithmetic.sign(arithmetic.add([value, arithmetic.multiply([Fraction(-1), less])]), symbol(q.E))
    except Undecided:
        return 0


# ---------------------------------------------------------------------- the versions of an exercise
@lru_cache(maxsize=8)
def drawer(exercise: Exercise, settings: Variants) -> Drawer:
    """The draws of an exercise under these settings, made once. Raises CannotSatisfy when no draw will do."""
    return Drawer(exercise, settings)


def versions(
    exercise: Exercise, n: int, seed: int = 135, settings: "Variants | Mapping[str, Any] | None" = None
) -> Iterator[Version]:
    """Versions 1 (A) to n, each made when it is asked for.

    `settings`: all of them, or single ones beside those of the exercise's [variants]. Raises UsageError for an n below 1 or a
    seed that is no integer, ExerciseError for a bad setting, CannotSatisfy where the conditions cannot be met, n among them:
    it may be larger than the number of versions that differ.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise UsageError(f"n: found {shown(n)}; wanted a whole number of at least 1")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(f"seed: found {shown(seed)}; wanted a whole number")
    return _versions(drawer(exercise, settings_of(settings, exercise.variants)), n, seed)


def _versions(draws: Drawer, n: int, seed: int) -> Iterator[Version]:
    history = draws.history()
    first = draws.first(seed, history)
    yield first
    band = draws.band_of(first)
    number, together = 2, TOGETHER if history is None else TOGETHER // 16
    while number <= n:
        source = next(draws.sources(history.used_up if history is not None else 0))
        ahead = list(range(number, min(number + together, n + 1)))
        for number, pool in zip(ahead, source.pools(seed, ahead, band, draws.wanted), strict=True):
            yield draws.settled(source, pool, number, seed, history, band)
            if source is not next(draws.sources(history.used_up if history is not None else 0)):
                break  # the pools ahead were drawn from a grid that is used up
        number += 1


def version(
    exercise: Exercise, seed: int, number: int, settings: "Variants | Mapping[str, Any] | None" = None
) -> Version:
    """Version `number` of `versions(exercise, …, seed, settings)`.

    Where versions must be distinct the ones before it are drawn as well; with distinct = "off" it is drawn alone, whatever
    its number. Raises as `versions` does.
    """
    made = versions(exercise, number, seed, settings)
    draws = drawer(exercise, settings_of(settings, exercise.variants))
    if draws.history() is None and number > 1:
        band = draws.band_of(draws.first(seed, None))
        (pool,) = draws.source.pools(seed, [number], band, draws.wanted)
        return draws.settled(draws.source, pool, number, seed, None, band)
    *_, last = made
    return last


def student_seed(id: str, exercise: Exercise) -> int:
    """The seed of one student's own version: a hash of the id and of what the exercise asks, 63 bits."""
    digest = hashlib.sha256(f"{exercise.fingerprint}:{id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


__all__ = ["Drawer", "Version", "drawer", "student_seed", "version", "versions"]
