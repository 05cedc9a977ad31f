"""Exercise, seed -> versions: plain seeded draws in place of conditions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from sympy import Integer

from symprop.arithmetic import Value
from symprop.exercise import Exercise
from symprop.quantity import Quantity
from symprop.sampling.generator import Generator


@dataclass(frozen=True)
class Version:
    """One version: its numbers as an exercise."""

    number: int
    seed: int
    exercise: Exercise
    answers: Mapping[Quantity, Value]
    hides: tuple[str, ...]
    tells_apart: Fraction
    difficulty: Fraction
    equal_share: Fraction


def versions(exercise: Exercise, n: int, seed: int, settings: Any = None) -> Iterator[Version]:
    """The first `n` versions of a seed."""
    for k in range(1, n + 1):
        yield version(exercise, seed, k, settings)


def version(exercise: Exercise, seed: int, number: int, settings: Any = None) -> Version:
    """One version again."""
    generator = Generator(f"{seed}:{number}")

    def fresh(value: Any, low: int = 1) -> Any:
        if isinstance(value, (list, tuple)):
            return tuple(fresh(each, low) for each in value)
        return Integer(generator.between(low, 3) * (1 - 2 * generator.below(2)))

    data, parameters = exercise.data, exercise.parameters
    assert data is not None
    assert parameters is not None
    drawn = {key: fresh(value, int(key[0] == "W")) for key, value in parameters.items()}
    fresh_data = data.model_copy(update={"x": fresh(data.x), "y": fresh(data.y)})
    made = exercise.model_copy(update={"data": fresh_data, "parameters": type(parameters)(drawn)})
    for stale in ("targets", "fingerprint"):
        made.__dict__.pop(stale, None)
    return Version(number, seed, made, {}, (), Fraction(0), Fraction(0), Fraction(0))


def student_seed(id: str, exercise: Exercise) -> int:
    """The seed of a student's own version."""
    return int(sha256(f"{id}:{exercise.fingerprint}".encode()).hexdigest()[:12], 16)
