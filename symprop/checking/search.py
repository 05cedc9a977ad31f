"""Points put into pairs of operations until one differs: small whole numbers, several scales, both sides of every kink, on it.

In: a circuit, pairs of its operations, signs of kinks to keep to. Out: an `Equality`, its witness as simple as it may be.
A difference is one of proved intervals; a kink is where a choice's branches differ, so that its value there is a convention.
Knows no matrix, no network and no exercise. The same pairs always meet the same points.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import TypeAlias

from sympy import Expr, Rational, Symbol

from symprop.checking.circuits import (
    Budget,
    Circuit,
    Evaluation,
    NoValue,
    Number,
    Spent,
    relation,
    signum_or_none,
)
from symprop.checking.identities import kinks_of, proved_equal

Point: TypeAlias = dict[Symbol, Number]

#: Operations that one comparison may evaluate.
OPERATIONS = 60_000
#: Products of terms that telling one kink from another may take.
KINK_OPERATIONS = 500
#: Points off every kink at which both sides must have values before they count as equal.
FEWEST_POINTS = 6
SCALES = (Fraction(1, 4), Fraction(1), Fraction(4), Fraction(16), Fraction(256))
POINTS_A_SCALE = 6
#: Lines through each kink, and points tried for a kink that no rational point was found on.
LINES = 3
WALKS = 8
TRIES = 60
#: 200 bits are 60 digits, of which 45 must be certain; a second look has twice as many.
BITS = 200
_FIRST = (1, 2, -1, 3, -2, 5, -3, 4, 7, -5)
_SIMPLE = tuple(Fraction(n, d) for n, d in ((1, 1), (2, 1), (-1, 1), (0, 1), (3, 1), (-2, 1), (1, 2), (-1, 2), (4, 1)))
_SIMPLE += tuple(Fraction(n, d) for n, d in ((-3, 1), (5, 1), (1, 3), (3, 2), (6, 1), (-4, 1), (1, 4), (3, 4), (10, 1)))


class Kind(StrEnum):
    """What is known of two expressions."""

    PROVED = "proved"
    SAMPLED = "sampled"
    DIFFERS = "differs"
    EXCEPT_AT_KINK = "except_at_kink"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Equality:
    """A verdict on two expressions, wherever both have real values."""

    kind: Kind
    #: Where they differ, exactly; empty where shapes differ, and for a kink on which no rational point was found.
    witness: Mapping[Symbol, Expr] = field(default_factory=dict)
    #: Points at which both sides were found the same; for matrices the fewest of any entry.
    points: int = 0
    #: Row and column, from 0, of the entry the verdict comes from; None for scalars and for shapes.
    entry: tuple[int, int] | None = None

    @property
    def holds(self) -> bool:
        """Equal everywhere, kinks included: proved or sampled."""
        return self.kind in (Kind.PROVED, Kind.SAMPLED)


class _Refuted(Exception):
    """A difference off every kink was found; unwinds the search."""


class Search:
    """Points put into pairs of operations, until one differs off every kink or the plan or the budget ends."""

    def __init__(
        self, circuit: Circuit, pairs: Sequence[tuple[int, int]], conditions: Mapping[int, int], budget: Budget
    ) -> None:
        self.circuit, self.pairs, self.conditions, self.budget = circuit, pairs, conditions, budget
        self.of_pair = [circuit.kinks[p] | circuit.kinks[q] for p, q in pairs]
        inside = frozenset().union(*self.of_pair, conditions)
        # a kink's argument that holds no symbol is a number, and no point is nearer to it than another
        self.kinks = [t for t in sorted(inside) if circuit.symbols[t]]
        free = frozenset().union(
            *(circuit.symbols[i] for pair in pairs for i in pair), *(circuit.symbols[t] for t in conditions)
        )
        self.symbols = sorted(free, key=lambda s: (s.name, str(s.assumptions0)))
        self.same = [0] * len(pairs)
        self.inside = [0] * len(pairs)
        self.off: tuple[int, Point] | None = None
        self.on: dict[int, Point] = {}
        self.bases: list[Point] = []
        self.sides: dict[int, dict[int, int]] = {t: {} for t in self.kinks}
        self._seen: set[tuple[Number, ...]] = set()
        self._signs: dict[int, int] = {}
        self._touching: set[int] = set()
        self.cut_short = False
        self._random = Random(135)

    # ------------------------------------------------------------------ the plan
    def run(self, around: Point | None = None) -> None:
        """Every point of the plan; with `around`, points near that one come first."""
        try:
            if around is not None:
                for near in self.near(around):
                    self.visit(near)
            for point in self.spread():
                self.visit(point)
            if min(self.inside) < FEWEST_POINTS:
                for _ in range(TRIES):
                    self.visit({s: self.drawn(Fraction(1, 2), positive=True) for s in self.symbols})
            if min(self.inside) < FEWEST_POINTS:
                self.across(self.borders())
            self.across(self.kinks)
            for k in range(WALKS if len(self.kinks) > 1 else 0):
                self.walk(k)
        except _Refuted:
            return
        except Spent:
            self.cut_short = True

    def spread(self) -> Iterator[Point]:
        """Small whole numbers first, for a witness that reads well; then every scale, each second point positive."""
        n = len(_FIRST)
        for k in range(4 if self.symbols else 1):
            yield {s: Fraction(_FIRST[(i * (1 + k) + k) % n]) for i, s in enumerate(self.symbols)}
        for scale in SCALES:
            for k in range(POINTS_A_SCALE if self.symbols else 0):
                yield {s: self.drawn(scale, positive=bool(k % 2)) for s in self.symbols}

    def drawn(self, scale: Fraction, positive: bool = False) -> Fraction:
        return scale * Fraction(self._random.randint(1 if positive else -26, 26) or 5, 13)

    def near(self, point: Point) -> Iterator[Point]:
        """Points around one, ever closer; kinks that are 0 in the conditions are kept at 0."""
        for radius in (Fraction(4), Fraction(1), Fraction(1, 4), Fraction(1, 32), Fraction(1, 1024)):
            for _ in range(POINTS_A_SCALE):
                moved = {s: point[s] + radius * Fraction(self._random.randint(-13, 13), 13) for s in self.symbols}
                for t, side in self.conditions.items():
                    moved = moved if side else self.onto(t, moved)
                yield moved

    def onto(self, t: int, point: Point) -> Point:
        """The point moved along one symbol to where t is 0; itself where that takes more than a straight line."""
        for s in sorted(self.circuit.symbols[t], key=lambda s: s.name):
            x = self.line_root(t, point, s, [point[s], point[s] + 1, point[s] + 2])
            if x is not None:
                return point | {s: x}
        return point

    def borders(self) -> list[int]:
        """Arguments of logarithms and roots: beyond their zeros lie points that have values."""
        reached: set[int] = set()
        pending = [i for pair in self.pairs for i in pair]
        while pending:
            i = pending.pop()
            if i not in reached:
                reached.add(i)
                pending.extend(Circuit.children(self.circuit.operations[i]))
        kinds = self.circuit.operations
        return sorted(
            {kinds[i][1] for i in reached if kinds[i][0] in ("log", "root") and self.circuit.symbols[kinds[i][1]]}
        )

    def across(self, kinks: Sequence[int]) -> None:
        """Lines through every kink: first until each has been met, then more of them elsewhere."""
        for turn in range(LINES):
            for t in kinks:
                own = sorted(self.circuit.symbols[t], key=lambda s: s.name)
                own = own[turn % len(own) :] + own[: turn % len(own)]
                for k, s in enumerate(own[: 4 if turn == 0 else 1]):
                    if turn == 0 and k and self.sides.get(t, {}).get(0):
                        break
                    self.line(self.base(turn + k), s, kinks)
        for t in kinks:
            if not self.sides.get(t, {}).get(0):
                self.seek(t)

    def walk(self, k: int) -> None:
        """From a point to the positive sides of all kinks, or the negative, or drawn ones: corners that no single line meets."""
        point = self.base(k)
        for t in self.kinks:
            side = 1 if k == 0 else -1 if k == 1 else self._random.choice((1, -1))
            own = sorted(self.circuit.symbols[t], key=lambda s: s.name)
            s = own[self._random.randrange(len(own))]
            for away in (Fraction(1), Fraction(-1)):
                root = self.line_root(t, point, s, [point[s], point[s] + 1, point[s] + 2])
                if (
                    root is not None
                    and not isinstance(y := self.at(t, point, s, root + away), tuple | None)
                    and y * side > 0
                ):
                    point = point | {s: root + away}
                    break
            self.visit(point)

    def base(self, k: int) -> Point:
        """A point that lines go through: the k-th with values, else one drawn."""
        if k < len(self.bases):
            return self.bases[k]
        return {s: self.drawn(Fraction(1), positive=bool(k % 2)) for s in self.symbols}

    # ------------------------------------------------------------------ one point
    def visit(self, point: Point, forced: Mapping[int, int] | None = None) -> None:
        """Raises _Refuted when a pair differs there off every kink, and Spent."""
        point = self.allowed(point)
        key = tuple(point[s] for s in self.symbols)
        if forced is None and key in self._seen:
            return
        self._seen.add(key)
        outcome = self.outcomes(point, BITS, forced)
        if "vague" in outcome.values():
            outcome = self.outcomes(point, 2 * BITS, forced)
        valued = False
        for index, found in outcome.items():
            on_kink = index in self._touching
            if found == "same":
                self.same[index] += 1
                self.inside[index] += not on_kink
                valued = True
            elif found == "differ" and on_kink:
                self.on.setdefault(index, {} if forced else point)
            elif found == "differ" and forced is None:
                self.off = (index, point)
                raise _Refuted
        if valued and forced is None:
            self.bases.append(point)
            for t, side in self._signs.items():
                if t in self.sides:
                    self.sides[t][side] = self.sides[t].get(side, 0) + 1

    def allowed(self, point: Point) -> Point:
        """The point with the signs that its symbols are declared with."""
        return {
            s: self._declared(s, x) if isinstance(x, Fraction) and s.is_extended_nonnegative is not None else x
            for s, x in point.items()
        }

    @staticmethod
    def _declared(s: Symbol, x: Fraction) -> Fraction:
        size = abs(x) or Fraction(s.is_zero is False)
        return size if s.is_extended_nonnegative else -size

    def outcomes(self, point: Point, bits: int, forced: Mapping[int, int] | None) -> dict[int, str]:
        """For each pair with values at the point, how they relate."""
        evaluation = Evaluation(self.circuit, point, self.budget, bits, forced)
        found: dict[int, str] = {}
        for t, side in self.conditions.items():
            try:
                if evaluation.sign(t) != side:
                    return found
            except NoValue:
                return found
        for index, (left, right) in enumerate(self.pairs):
            try:
                found[index] = relation(evaluation.value(left), evaluation.value(right), bits)
            except NoValue:
                continue
        self._signs = dict(evaluation.signs)
        zero = {t for t in evaluation.jumps() if self.circuit.symbols[t] and t not in self.conditions}
        self._touching = {index for index, kinks in enumerate(self.of_pair) if zero & kinks}
        return found

    # ------------------------------------------------------------------ kinks
    def line(self, base: Point, s: Symbol, kinks: Sequence[int]) -> None:
        """Along one symbol through a point: every zero of a kink, a point between each two, and beyond the outermost."""
        breaks: list[Fraction] = []
        for t in kinks:
            if s in self.circuit.symbols[t]:
                breaks = sorted({*breaks, *self.roots(t, base, s, breaks)})
        if not breaks:
            return
        between = [simplest(low, high) for low, high in pairwise(breaks)]
        for x in (breaks[0] - 1, breaks[-1] + 1, *between, *breaks, breaks[0] - 20, breaks[-1] + 20):
            self.visit(base | {s: x})

    def at(self, t: int, base: Point, s: Symbol, x: Number) -> Number | None:
        try:
            return Evaluation(self.circuit, base | {s: x}, self.budget, BITS).value(t)
        except NoValue:
            return None

    def line_root(self, t: int, base: Point, s: Symbol, xs: Sequence[Fraction]) -> Fraction | None:
        """Where t is 0, if it is a straight line through three places, with exact values."""
        ys = [y for x in xs if isinstance(y := self.at(t, base, s, x), Fraction)]
        if len(ys) < len(xs):
            return None
        slope = (ys[1] - ys[0]) / (xs[1] - xs[0])
        if not slope or (ys[2] - ys[1]) != slope * (xs[2] - xs[1]):
            return None
        return xs[0] - ys[0] / slope

    def roots(self, t: int, base: Point, s: Symbol, breaks: Sequence[Fraction]) -> list[Fraction]:
        """Zeros of t along s, on each piece between breaks; a zero that is no simple fraction by its two neighbours."""
        found: list[Fraction] = []
        low = (breaks[0] if breaks else Fraction(0)) - 40
        high = (breaks[-1] if breaks else Fraction(0)) + 40
        edges = [low, *breaks, high]
        for k, (left, right) in enumerate(pairwise(edges)):
            width = right - left
            root = self.line_root(t, base, s, [left + width * Fraction(n, 16) for n in (3, 7, 13)])
            if root is not None:
                # the outermost pieces have no end
                if (k == 0 or root > left) and (k == len(edges) - 2 or root < right):
                    found.append(root)
                continue
            grid = [left + width * Fraction(n, 16) + width / 97 for n in range(16)]
            signs = [None if (y := self.at(t, base, s, x)) is None else signum_or_none(y) for x in grid]
            for (x, side), (x_next, next_side) in zip(
                zip(grid, signs, strict=True), zip(grid[1:], signs[1:], strict=True), strict=False
            ):
                if side == 0:
                    found.append(x)
                elif side and next_side == -side:
                    found.extend(self.bisected(t, base, s, x, x_next, side))
        return found

    def bisected(
        self, t: int, base: Point, s: Symbol, low: Fraction, high: Fraction, side: int, steps: int = 24
    ) -> list[Fraction]:
        """A change of sign as the fraction it is at, or as two neighbours around it."""
        for _ in range(steps):
            middle = (low + high) / 2
            y = self.at(t, base, s, middle)
            here = None if y is None else signum_or_none(y)
            if here == 0:
                return [middle]
            if here is None:
                break
            low, high = (middle, high) if here == side else (low, middle)
        guess = simplest(low, high)
        y = self.at(t, base, s, guess)
        return [guess] if isinstance(y, Fraction) and not y else [low, high]

    def seek(self, t: int) -> None:
        """A kink not met at a fraction yet: with other symbols simple, else within an interval that holds its zero."""
        own = sorted(self.circuit.symbols[t], key=lambda s: s.name)
        for k, s in enumerate(own[:4]):
            base = self.base(k)
            self.line(base | {o: Fraction(0) for o in own if o != s}, s, [t])
            self.line(base | {o: Fraction(0) for o in own if o != s and o == own[k - 1]}, s, [t])
            if self.sides.get(t, {}).get(0):
                return
        for k, s in enumerate(own[:2]):
            base = self.base(k)
            ends = self.roots(t, base, s, [])
            if len(ends) < 2:
                continue
            first = self.at(t, base, s, ends[0])
            side = None if first is None else signum_or_none(first)
            if not side:
                continue
            ends = self.bisected(t, base, s, ends[0], ends[1], side, steps=BITS - 60)
            if len(ends) == 2:
                evaluation = Evaluation(self.circuit, {}, self.budget, BITS)
                ball = (evaluation.ball(ends[0])[0], evaluation.ball(ends[1])[1])
                if self.at(t, base, s, ball) is None:
                    continue  # a pole or a jump, not a zero
                self.visit(base | {s: ball}, forced=self.alike(t))
                return

    def alike(self, t: int) -> dict[int, int]:
        """Every kink that is 0 where t is."""
        keys = kinks_of(self.circuit, {t, *self.kinks}, KINK_OPERATIONS)
        return {u: 0 for u in keys if keys[u][1] == keys[t][1]}

    # ------------------------------------------------------------------ the verdict
    def verdict(self, proof_operations: int) -> tuple[Equality, int | None]:
        """The verdict and the index of the pair it comes from. Proves what was not refuted."""
        if self.off is not None:
            index, point = self.off
            return Equality(
                Kind.DIFFERS, self.shown(self.simplified(index, point, on_kink=False)), min(self.same)
            ), index
        unsure = [index for index in range(len(self.pairs)) if index not in self.on]
        unproved = [
            index
            for index in unsure
            if not proved_equal(self.circuit, *self.pairs[index], max(400, proof_operations // max(1, len(unsure))))
        ]
        fewest = FEWEST_POINTS if self.symbols else 1
        few = [
            index
            for index in (*unproved, *self.on)
            if self.inside[index] < fewest or (self.cut_short and not self._crossed(index))
        ]
        if few:
            return Equality(Kind.UNDECIDED, points=min(self.same)), min(few)
        if self.on:
            index = min(self.on)
            point = self.simplified(index, self.on[index], on_kink=True)
            return Equality(Kind.EXCEPT_AT_KINK, self.shown(point), min(self.same)), index
        return Equality(Kind.SAMPLED if unproved else Kind.PROVED, points=min(self.same)), None

    def _crossed(self, index: int) -> bool:
        """Whether points on both sides of every kink of a pair were among those compared."""
        return all(self.sides[t].keys() >= {-1, 1} for t in self.of_pair[index] if t in self.sides)

    def simplified(self, index: int, point: Point, on_kink: bool) -> Point:
        """The witness with each number as simple as it may be: small whole ones first."""
        self.budget = Budget(OPERATIONS // 4)
        used = self.circuit.symbols[self.pairs[index][0]] | self.circuit.symbols[self.pairs[index][1]]
        point = {
            s: x for s, x in point.items() if s in used or any(s in self.circuit.symbols[t] for t in self.conditions)
        }
        try:
            for s in sorted(point, key=lambda s: s.name):
                for x in _SIMPLE:
                    if x == point[s]:
                        break
                    simpler = self.allowed(point | {s: x})
                    if self.still(index, simpler, on_kink):
                        point = simpler
                        break
        except Spent:
            pass
        return point

    def still(self, index: int, point: Point, on_kink: bool) -> bool:
        whole = self.allowed({s: Fraction(1) for s in self.symbols} | point)
        return self.outcomes(whole, BITS, None).get(index) == "differ" and (index in self._touching) == on_kink

    @staticmethod
    def shown(point: Point) -> dict[Symbol, Expr]:
        return {s: Rational(x.numerator, x.denominator) for s, x in point.items()}


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction of smallest denominator strictly between two others (Stern and Brocot)."""
    if low < 0 < high:
        return Fraction(0)
    if high <= 0:
        return -simplest(-high, -low)
    whole = low.numerator // low.denominator
    if whole + 1 < high:
        return Fraction(whole + 1)
    if low == whole:
        rest = high - whole
        return whole + Fraction(1, rest.denominator // rest.numerator + 1)
    inverse = 1 / (high - whole)
    return whole + 1 / simplest(inverse, 1 / (low - whole))
