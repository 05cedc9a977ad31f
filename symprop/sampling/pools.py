"""A plan -> acceptable draws of any stream, scored: what versions are chosen from. Knows no other version.

Draws are taken in the order of their stream, whatever the size of the pieces in which they are tested.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from symprop.errors import CannotSatisfy
from symprop.sampling import difficulty as difficulties
from symprop.sampling.columns import Array
from symprop.sampling.conditions import BACKWARD, GIVEN, LIKE_A, RELAX, Tally, applying, inactive, survivors
from symprop.sampling.plan import Draws, Plan
from symprop.sampling.telling import Scorer, Scores

#: Draws of one version that are tested at once.
LEAST, MOST = 64, 4096
#: Draws that are computed at once: their columns stay in the processor's cache.
SLICE = 16384
#: Acceptable draws that tables and the reference difficulty are taken from.
REFERENCE = 96
#: How many draws may be made for one whose given numbers fit.
STRETCH = 64
#: Once one draw was acceptable, so many times the most draws of a version are made for the reference.
PATIENCE = 3


@dataclass(frozen=True)
class Band:
    """Four times the difficulties that will do, and version A's dead units, layer by layer (None: any)."""

    low: int | None = None
    high: int | None = None
    dead: tuple[int, ...] | None = None

    @staticmethod
    def around(centre: Fraction, reach: Fraction, dead: tuple[int, ...] | None = None) -> "Band":
        """Difficulties that differ from `centre` by at most that share of it."""
        low, high = 4 * centre * (1 - reach), 4 * centre * (1 + reach)
        return Band(-(-low.numerator // low.denominator), high.numerator // high.denominator, dead)

    def fits(self, quarters: Array, dead: Array) -> Array:
        """Which draws are within it."""
        found = np.ones(len(quarters), dtype=bool)
        if self.low is not None and self.high is not None:
            found &= (quarters >= self.low) & (quarters <= self.high)
        if self.dead is not None:
            found &= (dead == np.array(self.dead, dtype=dead.dtype)).all(axis=1)
        return found


@dataclass
class Pool:
    """Acceptable draws of one version, four times their difficulties, and their scores."""

    digits: Array
    quarters: Array
    scores: Scores

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.quarters)


class Source:
    """Draws of one plan. Raises CannotSatisfy when none of the first `settings.draws` is acceptable."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.settings = plan, plan.settings
        self.rows, self.scorer = applying(plan), Scorer(plan)
        self.lines = [(line.name, line.expression) for line in (*plan.forward, *plan.backward)]
        self.given = [n.symbol for n in plan.graph if n.definition is None and n.role != "constant"]
        self.density = 1.0
        #: The median difficulty of the first acceptable draws, and the fewest misconceptions that one of them hides.
        self.reference, self.fewest = Fraction(0), 0
        #: Draws that are made for one version at most: `settings.draws` of them have given numbers that will do.
        self.most = self._most() if self.settings.conditions else self.settings.draws
        if self.settings.conditions:
            self._learn()

    def _most(self) -> int:
        """`settings.draws` over the share of draws whose given numbers fit the table, which cost next to nothing."""
        draws = self.plan.draws(self.plan.digits("reference", 0, 0, MOST))
        fitting = np.ones(draws.count, dtype=bool)
        for row in self.rows:
            if GIVEN in row.stages:
                fitting &= row.test(self.plan, draws, GIVEN)
        return self.settings.draws * min(STRETCH, draws.count // max(int(fitting.sum()), 1))

    def _learn(self) -> None:
        """Reference and tables from stream 0 of a seed of its own: the same for every seed of an exercise."""
        tally, digits, found, start = Tally(), [], 0, 0
        limit = self.most
        while found < REFERENCE and start < (PATIENCE * limit if found else limit):
            size = min(MOST, limit - start) if start < limit else MOST
            draws, _ = self.acceptable(self.plan.digits("reference", 0, start, size), tally)
            digits.append(draws.digits)
            found, start = found + draws.count, start + size
        if not found:
            raise self.cannot(tally, 1)
        draws = self.computed(np.concatenate(digits, axis=1)[:, :REFERENCE])
        ordered = sorted(self.quarters(draws).tolist())
        self.reference = difficulties.as_difficulty(ordered[len(ordered) // 2])
        self.fewest = int(self.scorer.score(draws).hidden.min())
        self.density = found / start
        if found >= REFERENCE:
            before = self.plan.choices
            self.plan.narrow(draws.digits)
            self.density *= before / self.plan.choices

    # ------------------------------------------------------------------ draws
    def computed(self, digits: Array) -> Draws:
        """These draws with every value and gradient."""
        draws = self.plan.draws(digits)
        self.plan.run_forward(draws)
        self.plan.run_backward(draws)
        return draws

    def acceptable(self, digits: Array, tally: Tally) -> tuple[Draws, Array]:
        """Those of these draws that pass every condition, computed, and their places."""
        tally.draws += digits.shape[1]
        found, places = [], [np.zeros(0, dtype=np.int64)]
        for start in range(0, digits.shape[1], SLICE):
            piece = self.plan.draws(digits[:, start : start + SLICE])
            draws, kept = survivors(self.plan, self.rows, piece, tally)
            if draws.count:
                found.append(draws)
                places.append(kept + start)
        if len(found) == 1:
            return found[0], places[1]
        return self.computed(np.concatenate([digits[:, :0], *(d.digits for d in found)], axis=1)), np.concatenate(
            places
        )

    def quarters(self, draws: Draws) -> Array:
        """Four times the difficulty of every draw."""
        return difficulties.quarters(draws.columns, self.given, self.lines, draws.count)

    def dead(self, draws: Draws) -> Array:
        """Inactive units of every draw, layer by layer and sample by sample."""
        counts = [inactive(draws, names) for names in self.plan.relu_layers]
        return np.stack(counts, axis=1) if counts else np.zeros((draws.count, 0), dtype=np.int64)

    def cannot(self, tally: Tally, number: int) -> CannotSatisfy:
        """What to say when no draw will do."""
        worst = tally.worst
        return CannotSatisfy(
            f"{self.plan.exercise.name}: version {number}: none of {tally.draws:,} draws will do; the condition that rejected "
            f'most is "{worst}": {100 * float(1 - tally.passed[worst]):.4g} % of what reached it; '
            f"relax it in [variants]: {RELAX[worst]}",
            condition=worst,
        )

    # ------------------------------------------------------------------ pools
    def pools(self, seed: int, numbers: list[int], band: Band, wanted: int) -> list[Pool]:
        """For every version its first `wanted` acceptable draws within the band (fewer where the draws end).

        Raises CannotSatisfy when a version has none among `settings.draws`.
        """
        limit = self.most
        open_, place, have = list(numbers), dict.fromkeys(numbers, 0), dict.fromkeys(numbers, 0)
        found: dict[int, list[tuple[Array, Array]]] = {n: [] for n in numbers}
        tally = Tally()
        while open_:
            sizes = [self._chunk(wanted - have[n], limit - place[n]) for n in open_]
            pieces = [self.plan.digits(seed, n, place[n], size) for n, size in zip(open_, sizes, strict=True)]
            owner = np.repeat(np.arange(len(open_)), [p.shape[1] for p in pieces])
            draws, kept = self.acceptable(np.concatenate(pieces, axis=1), tally)
            quarters = self.quarters(draws)
            fits = band.fits(quarters, self.dead(draws))
            if draws.count:
                tally.note(LIKE_A, BACKWARD, draws.count, int(fits.sum()))
            if len(open_) > 1:  # only how many draws are tested at once depends on this, never which are taken
                self.density = max(self.density / 4, (int(fits.sum()) + 1) / (sum(sizes) + 1))
            owners, quarters, digits = owner[kept[fits]], quarters[fits], draws.digits[:, fits]
            for i, n in enumerate(open_):
                mine = owners == i
                found[n].append((digits[:, mine], quarters[mine]))
                have[n] += int(mine.sum())
                place[n] += sizes[i]
                if not have[n] and place[n] >= limit:
                    if len(numbers) > 1:
                        return self.pools(seed, [n], band, wanted)  # alone, so that the tally is its own
                    raise self.cannot(tally, n)
            open_ = [n for n in open_ if have[n] < wanted and place[n] < limit]
        return self._scored(
            [[np.concatenate(parts, axis=-1)[..., :wanted] for parts in zip(*found[n], strict=True)] for n in numbers]
        )

    def _chunk(self, missing: int, left: int) -> int:
        return max(1, min(left, MOST, max(LEAST, int(1.2 * missing / self.density))))

    def _scored(self, found: list[list[Any]]) -> list[Pool]:
        """One evaluation of every misconception for all pools together."""
        draws = self.computed(np.concatenate([digits for digits, _ in found], axis=1))
        scores = self.scorer.score(draws)
        pools, at = [], 0
        for digits, quarters in found:
            rows = slice(at, at + len(quarters))
            at += len(quarters)
            own = replace(
                scores, hidden=scores.hidden[rows], alike=scores.alike[rows], tables=scores.tables[:, :, rows]
            )
            pools.append(Pool(digits, quarters, own))
        return pools
