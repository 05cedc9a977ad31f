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
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from symprop import quantity as q
from symprop.arithmetic import Undecided, Value, fraction, shared
from symprop.errors import CannotSatisfy, ExerciseError, UsageError, shown
from symprop.exercise import Exercise, Variants
from symprop.exercise import settings as settings_of
from symprop.graph import symbol
from symprop.misconceptions.findings import find
from symprop.misconceptions.values import Values
from symprop.quantity import Quantity
from symprop.sampling import difficulty as difficulties
from symprop.sampling.columns import Array
from symprop.sampling.conditions import (
    BACKWARD,
    DISTINCT,
    FORWARD,
    GIVEN,
    LIKE_A,
    RELAX,
    Condition,
    Tally,
    applying,
    inactive,
    survivors,
)
from symprop.sampling.distinct import History, share
from symprop.sampling.plan import LEVELS, Draws, Plan
from symprop.sampling.telling import Scorer, Scores
from symprop.solution import Solution, solve

#: Versions whose pools are filled together, and draws that are tested at once for each.
TOGETHER, LEAST, MOST = 64, 64, 4096
#: Acceptable draws whose median difficulty version A keeps to, so that students' own versions A are alike too.
REFERENCE = 64
#: Version A's part of the allowed deviation: two versions A are then within it of each other.
NEAR = Fraction(9, 20)


@dataclass(frozen=True)
class Version:
    """One version: its numbers, and what is known of them.

    answers      every asked quantity's value, in the order asked
    hides        misconceptions that these numbers would not expose
    tells_apart  share of pairs of misconceptions with different answers
    difficulty   by the formula of `symprop.sampling.difficulty`
    equal_share  the largest share of asked values that are equal in one earlier version (the last 1,024); 0 for version A
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
class Pool:
    """The acceptable draws of one version, twice their difficulties, and their scores."""

    digits: Array
    halves: Array
    scores: Scores


class Drawer:
    """Draws of one exercise under one set of settings: made once, used for any seed."""

    def __init__(self, exercise: Exercise, settings: Variants) -> None:
        self.settings = settings
        self.exercise = exercise
        levels = list(LEVELS) if settings.numbers == "auto" else [settings.numbers]
        problem: CannotSatisfy | None = None
        for level in levels:
            self._prepare(Plan(exercise, settings, level))
            try:
                self.reference = self._reference()
                return
            except CannotSatisfy as failed:
                problem = problem or failed
        assert problem is not None
        raise problem

    def _prepare(self, plan: Plan) -> None:
        self.plan, self.rows, self.scorer = plan, applying(plan), Scorer(plan)
        self.lines = [(line.name, line.expression) for line in (*plan.forward, *plan.backward)]
        self.given = [n.symbol for n in plan.graph if n.definition is None and n.role != "constant"]
        self.density = 1 / 8

    # ------------------------------------------------------------------ acceptable draws
    def acceptable(self, digits: Array, tally: Tally) -> tuple[Draws, Array]:
        """Those of these draws that pass every condition, with their places."""
        tally.draws += len(digits)
        return survivors(self.plan, self.rows, self.plan.draws(digits), tally)

    def halves(self, draws: Draws) -> Array:
        """Twice the difficulty of every draw."""
        return difficulties.halves(draws.columns, self.given, self.lines, draws.count)

    def _dead(self, draws: Draws) -> Array:
        """Inactive units, layer by layer."""
        groups = self.plan.relu_layers
        return np.stack([inactive(draws, names) for names in groups], axis=1) if groups else np.zeros((draws.count, 0), int)

    @cached_property
    def banded(self) -> bool:
        """Whether versions keep to a difficulty."""
        return self.settings.conditions and self.settings.difficulty is not False

    def _reference(self) -> Fraction:
        """The median difficulty of the first acceptable draws of stream 0: one number for every seed of an exercise."""
        if not self.banded:
            return Fraction(0)
        tally, found, start = Tally(), list[int](), 0
        while len(found) < REFERENCE and start < self.settings.draws:
            count = min(MOST, self.settings.draws - start)
            draws, _ = self.acceptable(self.plan.digits("reference", 0, start, count), tally)
            found += self.halves(draws).tolist() if draws.count else []
            start += count
        if not found:
            raise self._cannot(tally, 1)
        found = sorted(found[:REFERENCE])
        self.density = max(len(found) / start, 1e-4)
        return difficulties.as_difficulty(found[len(found) // 2])

    def _cannot(self, tally: Tally, number: int) -> CannotSatisfy:
        worst = tally.worst
        reached, rejected = tally.reached.get(worst, 0), tally.rejected.get(worst, 0)
        percent = f"{100 * rejected / reached:.4g} %" if reached else "all"
        return CannotSatisfy(
            f"{self.exercise.name}: version {number}: none of {tally.draws:,} draws will do; the condition that rejected "
            f'most is "{worst}": {percent} of the {reached:,} draws that reached it; relax it in [variants]: {RELAX[worst]}',
            condition=worst,
        )

    # ------------------------------------------------------------------ pools
    def pools(self, seed: int, numbers: list[int], band: "Band", wanted: int) -> list[Pool]:
        """For every version its first `wanted` acceptable draws within the band (fewer where the draws end).

        Raises CannotSatisfy when a version has none among `settings.draws`.
        """
        limit = self.settings.draws
        open_, place, have = list(numbers), dict.fromkeys(numbers, 0), dict.fromkeys(numbers, 0)
        found: dict[int, list[tuple[Array, Array]]] = {n: [] for n in numbers}
        tally = Tally()
        while open_:
            sizes = [self._chunk(wanted - have[n], limit - place[n]) for n in open_]
            pieces = [self.plan.digits(seed, n, place[n], size) for n, size in zip(open_, sizes, strict=True)]
            owner = np.repeat(np.arange(len(open_)), [len(p) for p in pieces])
            draws, kept = self.acceptable(np.concatenate(pieces), tally)
            digits, halves = draws.digits, np.zeros(0, dtype=np.int64)
            if draws.count:
                halves = self.halves(draws)
                fits = band.fits(halves, self._dead(draws))
                tally.note(LIKE_A, draws.count, int(fits.sum()))
                kept, halves, digits = kept[fits], halves[fits], digits[fits]
            owners = owner[kept]
            for i, n in enumerate(open_):
                mine = owners == i
                found[n].append((digits[mine], halves[mine]))
                have[n] += int(mine.sum())
                place[n] += sizes[i]
                if not have[n] and place[n] >= limit:
                    if len(numbers) > 1:
                        return self.pools(seed, [n], band, wanted)  # alone, so that the tally is its own
                    raise self._cannot(tally, n)
            open_ = [n for n in open_ if have[n] < wanted and place[n] < limit]
        return self._scored([[np.concatenate(column)[:wanted] for column in zip(*found[n], strict=True)] for n in numbers])

    def _chunk(self, missing: int, left: int) -> int:
        return max(1, min(left, MOST, max(LEAST, int(1.2 * missing / self.density))))

    def _scored(self, found: list[list[Array]]) -> list[Pool]:
        """One evaluation of every misconception for all pools together."""
        draws = self.plan.draws(np.concatenate([digits for digits, _ in found]))
        self.plan.run_forward(draws)
        self.plan.run_backward(draws)
        scores = self.scorer.score(draws)
        pools, at = [], 0
        for digits, halves in found:
            rows = slice(at, at + len(digits))
            at += len(digits)
            own = replace(
                scores, hidden=scores.hidden[rows], alike=scores.alike[rows], tables=scores.tables[:, :, rows]
            )
            pools.append(Pool(digits, halves, own))
        return pools

    # ------------------------------------------------------------------ one version of a pool
    @property
    def wanted(self) -> int:
        """Acceptable draws of which one is taken."""
        return self.settings.pool if self.settings.conditions else 1

    def history(self) -> History | None:
        """Before the first version; None where versions may agree."""
        if not self.settings.conditions or self.settings.distinct == "off":
            return None
        whole = (tuple(range(len(self.plan.asked))),)
        return History(self.plan.parts if self.settings.distinct == "parts" else whole)

    def first(self, seed: int, history: History | None) -> Version:
        """Version A: near the reference difficulty, so that it is within the allowed share of any other seed's."""
        band = Band()
        if self.banded:
            band = _around(self.reference, fraction(self.settings.difficulty) * NEAR)
        (pool,) = self.pools(seed, [1], band, self.wanted)
        return self.settled(pool, 1, seed, history, band, self.wanted)

    def band_of(self, first: Version) -> "Band":
        """What the other versions keep to: version A's difficulty and its dead units."""
        if not self.settings.conditions:
            return Band()
        draws = self.plan.decided(solve(first.exercise)) if self.plan.relu_layers else None
        dead = tuple(int(n) for n in self._dead(draws)[0]) if draws is not None else None
        if not self.banded:
            return Band(dead=dead)
        return _around(first.difficulty, fraction(self.settings.difficulty), dead)

    def settled(
        self, pool: Pool, number: int, seed: int, history: History | None, band: "Band", wanted: int
    ) -> Version:
        """A version of its pool, or of twice as many acceptable draws, and so on, until one differs from those before."""
        while True:
            made = self.chosen(pool, number, seed, history, band)
            if made is not None:
                return made
            if len(pool.digits) < wanted:
                break
            wanted *= 2
            (pool,) = self.pools(seed, [number], band, wanted)
        raise CannotSatisfy(
            f"{self.exercise.name}: version {number}: each of the {len(pool.digits):,} acceptable draws among "
            f'{self.settings.draws:,} fails "{DISTINCT}" beside the versions before it; relax it in [variants]: {RELAX[DISTINCT]}',
            condition=DISTINCT,
        )

    def chosen(self, pool: Pool, number: int, seed: int, history: History | None, band: "Band") -> Version | None:
        """The most telling draw of a pool that differs from the versions before; None when none does.

        Fewest hidden misconceptions first, then most pairs told apart less the share of equal answers.
        """
        scores, asked = pool.scores, len(self.plan.asked)
        shared = np.zeros(len(pool.digits), dtype=np.int64)
        if history is not None:
            shared = history.shares(scores.answers.T)
        cost = scores.alike * asked + shared * scores.pairs
        for i in np.lexsort((cost, scores.hidden)):
            if not self.plan.exact:
                made = self._decided(pool, int(i), number, seed, int(shared[i]), history, band)
                if made is not None:
                    return made
                continue
            answers = tuple(scores.answer(k, i) for k in range(asked))
            if history is not None and history.clashes(answers):
                continue
            if history is not None:
                history.add(answers, scores.answers[:, i])
            hides, apart = scores.findings(i)
            exercise = self.plan.exercise_of(pool.digits[i])
            return Version(
                number,
                seed,
                exercise,
                self._answers(exercise, dict(zip(self.plan.asked, answers, strict=True)), None),
                hides,
                apart,
                difficulties.as_difficulty(pool.halves[i]),
                share(shared[i], asked),
            )
        return None

    def _decided(
        self, pool: Pool, i: int, number: int, seed: int, shared: int, history: History | None, band: "Band"
    ) -> Version | None:
        """A draw of an inexact plan, every condition decided again by the solver's exact values and intervals."""
        try:
            solution = solve(self.plan.exercise_of(pool.digits[i]))
        except ExerciseError:
            return None
        draws = self.plan.decided(solution)
        for stage in (GIVEN, FORWARD, BACKWARD):
            if not all(self._holds(row, draws, stage, solution) for row in self.rows if stage in row.stages):
                return None
        halves = self.halves(draws)
        if not band.fits(halves, self._dead(draws))[0]:
            return None
        values = {of: solution.number(of) for of in self.plan.asked}
        marks = tuple(int(draws.columns[symbol(of)].top[0]) for of in self.plan.asked)
        if history is not None:
            if history.clashes(marks):
                return None
            history.add(marks, pool.scores.answers[:, i])
        wrong: Values = self.plan.edits.values_beside(solution.numbers(), self.plan.asked)
        findings = find(self.plan.edits, wrong, self.plan.asked)
        return Version(
            number,
            seed,
            solution.exercise,
            self._answers(solution.exercise, values, solution),
            findings.hides,
            findings.tells_apart,
            difficulties.as_difficulty(halves[0]),
            share(shared, len(self.plan.asked)),
        )

    def _holds(self, row: Condition, draws: Draws, stage: str, solution: Solution) -> bool:
        if row.name != "step":
            return bool(row.test(self.plan, draws, stage)[0])
        before, after = solution.number(q.E), solution.number(q.E.after(1))
        kinked = [Quantity.parse(z.name) for z in self.plan.kinked]
        return _sign(after, before) < 0 and all(
            (_sign(solution.number(z.after(1))) > 0) == (_sign(solution.number(z)) > 0) for z in kinked
        )

    def _answers(
        self, exercise: Exercise, known: Mapping[Quantity, Value], solution: Solution | None
    ) -> dict[Quantity, Value]:
        """Every asked value; those after an update, and local derivatives, come from the solver."""
        found: dict[Quantity, Value] = {}
        for of in self.plan.answers:
            if of in known:
                found[of] = known[of]
            else:
                solution = solution or solve(exercise)
                found[of] = solution.number(of)
        return found


@dataclass(frozen=True)
class Band:
    """Twice the difficulties that will do, and the dead units of version A (None: any)."""

    low: Fraction | None = None
    high: Fraction | None = None
    dead: tuple[int, ...] | None = None

    def fits(self, halves: Array, dead: Array) -> Array:
        """Which draws are within it."""
        found = np.ones(len(halves), dtype=bool)
        if self.low is not None and self.high is not None:
            found &= (halves >= -(-self.low.numerator // self.low.denominator)) & (
                halves <= self.high.numerator // self.high.denominator
            )
        if self.dead is not None:
            found &= (dead == np.array(self.dead, dtype=dead.dtype)).all(axis=1)
        return found


def _around(centre: Fraction, reach: Fraction, dead: tuple[int, ...] | None = None) -> Band:
    return Band(2 * centre * (1 - reach), 2 * centre * (1 + reach), dead)


def _sign(value: Value, less: Value = Fraction(0)) -> int:
    """The sign of a difference, proved at the solver's precision; 0 where it stays undecided."""
    arithmetic = shared()
    difference = arithmetic.add([value, arithmetic.multiply([Fraction(-1), less])])
    try:
        return arithmetic.sign(difference, q.E)
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
    band, wanted = draws.band_of(first), draws.wanted
    for start in range(2, n + 1, TOGETHER):
        numbers = list(range(start, min(start + TOGETHER, n + 1)))
        for number, pool in zip(numbers, draws.pools(seed, numbers, band, wanted), strict=True):
            yield draws.settled(pool, number, seed, history, band, wanted)


def version(
    exercise: Exercise, seed: int, number: int, settings: "Variants | Mapping[str, Any] | None" = None
) -> Version:
    """Version `number` of `versions(exercise, …, seed, settings)`.

    Where versions must be distinct the ones before it are drawn as well, about a thousandth of a second each; with
    distinct = "off" it is drawn alone. Raises as `versions` does.
    """
    draws = drawer(exercise, settings_of(settings, exercise.variants))
    if draws.history() is None and number > 1:
        band = draws.band_of(draws.first(seed, None))
        (pool,) = draws.pools(seed, [number], band, draws.wanted)
        return draws.settled(pool, number, seed, None, band, draws.wanted)
    found = None
    for found in versions(exercise, number, seed, settings):
        pass
    assert found is not None
    return found


def student_seed(id: str, exercise: Exercise) -> int:
    """The seed of one student's own version: a hash of the id and of what the exercise asks, 63 bits."""
    digest = hashlib.sha256(f"{exercise.fingerprint}:{id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


__all__ = ["Drawer", "Version", "drawer", "student_seed", "version", "versions"]
