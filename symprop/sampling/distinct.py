"""Answers of the versions so far -> whether one more differs from all of them, and how much it shares with the nearest."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from symprop.sampling.columns import Array

#: Versions back to which the share of equal answers is looked at: no room seats more.
REMEMBERED = 1024


class History:
    """What was handed out. `parts` are positions of the answers of which two versions may not share all.

    `used_up` counts the grids of numbers that could not give one version what it should have.
    """

    def __init__(self, parts: Sequence[tuple[int, ...]]) -> None:
        self.used_up = 0
        self.parts = tuple(parts)
        self._seen: list[set[tuple[Any, ...]]] = [set() for _ in self.parts]
        self._rows: list[Array] = []

    def clashes(self, answers: tuple[Any, ...]) -> bool:
        """Whether an earlier version agrees on all answers of a part."""
        own = (tuple(answers[i] for i in part) for part in self.parts)
        return any(mine in seen for mine, seen in zip(own, self._seen, strict=True))

    def shares(self, candidates: Array) -> Array:
        """For each candidate (rows of answers as floats) the largest number of answers it shares with one earlier version."""
        if not self._rows:
            return np.zeros(len(candidates), dtype=np.int64)
        return (candidates[:, None, :] == np.stack(self._rows)[None, :, :]).sum(axis=2).max(axis=1)

    def add(self, answers: tuple[Any, ...], row: Array) -> None:
        """One more version: its answers exactly, and as floats."""
        for part, seen in zip(self.parts, self._seen, strict=True):
            seen.add(tuple(answers[i] for i in part))
        self._rows = [*self._rows[-REMEMBERED + 1 :], row]
