"""Columns of right answers -> what each draw hides and tells apart: every misconception evaluated over the same columns.

A method's answers to one draw are one row of numbers. Two methods are alike where the rows are; rows are compared by 64-bit
sums when many draws are ranked, and number by number for the one that is taken.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import lcm

import numpy as np

from symprop.graph import symbol
from symprop.misconceptions.values import Line
from symprop.sampling.columns import LIMIT, Array, Column, over, program
from symprop.sampling.generator import stream
from symprop.sampling.plan import Draws, Plan

#: Decimal places to which inexact answers are compared when draws are ranked.
PLACES = 7


@dataclass(frozen=True)
class Scores:
    """For every draw: wrong methods that show nothing, pairs of methods with the same answers, and the answers themselves.

    `tables[method, asked, draw]` are integers over `dens[asked]` (floats where the plan is inexact); the last method is the
    right one.
    """

    names: tuple[str, ...]
    hidden: Array
    alike: Array
    tables: Array
    dens: tuple[int, ...]

    @property
    def pairs(self) -> int:
        """Pairs of methods."""
        return len(self.names) * (len(self.names) - 1) // 2

    @property
    def answers(self) -> Array:
        """The right answers, asked x draws."""
        return self.tables[-1]

    def rows(self) -> Array:
        """The right answers as floats, draws x asked: equal numbers are equal floats, whatever their denominators."""
        return (self.answers / np.array(self.dens, dtype=float)[:, None]).astype(float).T

    def answer(self, asked: int, draw: int) -> Fraction:
        """One right answer."""
        return _fraction(int(self.answers[asked, draw]), self.dens[asked])

    def findings(self, draw: int) -> tuple[tuple[str, ...], Fraction]:
        """What one draw hides, and the share of pairs it tells apart, number by number."""
        *wrong, right = map(tuple, self.tables[:, :, draw].tolist())
        hides = tuple(name for name, row in zip(self.names, wrong, strict=True) if row == right)
        groups: dict[tuple[int, ...], int] = {}
        for row in wrong:
            groups[row] = groups.get(row, 0) + 1
        alike = sum(n * (n - 1) // 2 for n in groups.values())
        return hides, 1 - Fraction(alike, self.pairs)


@lru_cache(maxsize=65536)
def _fraction(top: int, den: int) -> Fraction:
    """Answers are few different numbers: making one costs more than finding it."""
    return Fraction(top, den)


class Scorer:
    """The misconceptions of a plan, their lines chosen and their denominators to be unified."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.asked = tuple(symbol(of) for of in plan.asked)
        self.names = tuple(row.name for row in plan.edits.counted)
        wanted = frozenset(self.asked)
        self.lines: dict[str, tuple[Line, ...]] = {
            name: plan.edits.methods[name].needed(wanted) for name in self.names if name in plan.edits.methods
        }

    @cached_property
    def _weights(self) -> Array:
        """Odd numbers of 64 bits, one an answer: for sums that tell rows apart."""
        raw = np.frombuffer(stream("rows of answers", 0, 8 * len(self.asked)), dtype="<u8").astype(np.int64)
        return raw | 1

    def score(self, draws: Draws) -> Scores:
        """Every draw's scores."""
        wrong = [self._wrong(name, draws) for name in self.names]
        right = [draws.columns[s] for s in self.asked]
        dens, blocks = [], []
        for i, one in enumerate(right):
            mine = [row.get(i) for row in wrong]
            den, block = _block(one, mine, draws.count)
            dens.append(den)
            blocks.append(block)
        tables = np.stack(blocks, axis=1)
        marks = self._marks(tables)
        return Scores(self.names, (marks[:-1] == marks[-1]).sum(axis=0), _alike(marks[:-1]), tables, tuple(dens))

    def _wrong(self, name: str, draws: Draws) -> dict[int, Column]:
        lines = self.lines.get(name, ())
        columns = dict(draws.columns)
        for line in lines:
            columns[line.name] = program(line.expression)(columns)
        changed = {line.name for line in lines}
        return {i: columns[s] for i, s in enumerate(self.asked) if s in changed}

    def _marks(self, tables: Array) -> Array:
        """One 64-bit number a method and draw."""
        if tables.dtype.kind == "f":
            rounded = np.where(np.isfinite(tables), np.round(np.nan_to_num(tables), PLACES) + 0.0, np.inf)
            tables = rounded.view(np.int64)
        elif tables.dtype == object:
            tables = np.frompyfunc(lambda v: (int(v) + 2**63) % 2**64 - 2**63, 1, 1)(tables).astype(np.int64)
        found = np.zeros((tables.shape[0], tables.shape[2]), dtype=np.int64)
        with np.errstate(over="ignore"):
            for i, weight in enumerate(self._weights):
                found += tables[:, i, :] * weight
        return found


def _block(right: Column, wrong: list[Column | None], count: int) -> tuple[int, Array]:
    """One answer by every method (the right one where it changes nothing, and last) over one denominator."""
    columns = [one or right for one in wrong] + [right]
    if any(c.inexact for c in columns):
        tops = [c.top if c.inexact else c.top.astype(float) / c.den for c in columns]
        return 1, np.stack([np.broadcast_to(t, (count,)) for t in tops])
    den = lcm(*(c.den for c in columns))
    endless = any(c.bound * (den // c.den) >= LIMIT for c in columns)
    tops = [over(c, den) for c in columns]
    block = np.empty((len(tops), count), dtype=object if endless else np.int64)
    for row, top in zip(block, tops, strict=True):
        row[:] = top
    return den, block


def _alike(marks: Array) -> Array:
    """Pairs of equal numbers in every column: in a sorted one, equal ones lie together."""
    ordered = np.sort(marks, axis=0)
    found = np.zeros(marks.shape[1], dtype=np.int64)
    for lag in range(1, len(ordered)):
        same = (ordered[lag:] == ordered[:-lag]).sum(axis=0)
        if not same.any():
            break
        found += same
    return found
