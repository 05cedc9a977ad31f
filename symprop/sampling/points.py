"""Symbolic exercise -> the same exercise at seeded rational points, for the oracles."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from symprop.exercise import Exercise
from symprop.functions import LOSSES
from symprop.sampling.generator import Generator


def seeded_points(exercise: Exercise, count: int, seed: int = 135) -> Iterator[Exercise]:
    """`count` copies with every missing number drawn: parameters and inputs from -2 to 2 in steps of 1/7, targets as the loss takes them."""
    for k in range(count):
        generator = Generator(f"{seed}:{k}")
        yield _filled(exercise, generator)


def _filled(exercise: Exercise, generator: Generator) -> Exercise:
    def number() -> Fraction:
        return Fraction(generator.between(-14, 14) or 3, 7)

    def rows(height: int, width: int) -> list[list[Fraction]]:
        return [[number() for _ in range(width)] for _ in range(height)]

    widths = exercise.widths
    parameters: dict[str, Any] | None = None
    if exercise.parameters is None:
        parameters = {}
        for layer in range(1, exercise.depth + 1):
            parameters[f"W{layer}"] = rows(widths[layer - 1], widths[layer])
            if exercise.network.biases:
                parameters[f"b{layer}"] = (
                    number() if exercise.network.biases == "shared" else [number() for _ in range(widths[layer])]
                )
    x = y = None
    if exercise.data is None:
        x = rows(exercise.samples, widths[0])
        y = [_target(exercise, generator, number) for _ in range(exercise.samples)] if exercise.has_targets else None
    filled = exercise.with_numbers(x, y, parameters)
    if filled.update is not None and filled.update.learning_rate is None:
        rate = filled.update.model_copy(update={"learning_rate": _rational(Fraction(generator.between(1, 9), 10))})
        filled = filled.model_copy(update={"update": rate})
    return filled


def _rational(value: Fraction) -> Any:
    from symprop.exercise import number

    return number(value)


def _target(exercise: Exercise, generator: Generator, number: Any) -> list[Any]:
    K = exercise.widths[-1]
    kind = LOSSES[exercise.network.loss].targets if exercise.network.loss in LOSSES else "any"
    if kind == "class" and K > 1:
        label = generator.below(K)
        return [int(k == label) for k in range(K)]
    if kind in ("probability", "class"):
        return [Fraction(generator.between(0, 4), 4) for _ in range(K)]
    return [Fraction(generator.between(0, 5)) if kind == "count" else number() for _ in range(K)]
