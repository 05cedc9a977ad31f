"""Exercise -> what all its versions share: places of its numbers, graph, derivations, and one program for every value.

A version is then a row of leaves (inputs, targets, parameters, in the order of `leaves`); its values come out in the order of
`ids`. Where every leaf is rational and every step is, values are plain ints and Fractions; else `Shape.values` says None and
`solve` has to do it. Knows no page, no oracle and no generator.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any

from sympy import Add, Expr, Integer, Mul, Pow, Rational, Symbol

from symprop import graph as graphs
from symprop import quantity as q
from symprop.derive import derive
from symprop.exercise import Exercise
from symprop.functions import Kinked
from symprop.graph import Graph, symbol
from symprop.quantity import Quantity
from symprop.solution import convention

#: A plain number: an int where it is whole.
Plain = int | Fraction
Row = list[Any]


class _Beyond(Exception):
    """The expression needs more than plain numbers."""


class Shape:
    """The exercise without its numbers."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.graph: Graph = graphs.build(exercise)
        graphs.check_gradients_exist(exercise)
        self.derivations = derive(self.graph, convention(exercise))
        found = [q.x(i, n) for n in exercise.sample_numbers for i in range(1, exercise.widths[0] + 1)]
        if exercise.has_targets:
            found += [q.y(k, n) for n in exercise.sample_numbers for k in range(1, exercise.widths[-1] + 1)]
        #: Inputs, targets and parameters of a version, in the order of a row.
        self.leaves: tuple[Quantity, ...] = (*found, *exercise.parameter_ids())
        #: Every value of a version: leaves, nodes, gradients.
        self.ids: tuple[Quantity, ...] = (
            *self.leaves,
            *(node.id for node in self.graph if node.definition is not None),
            *(derivation.id for derivation in self.derivations.values()),
        )

    # ------------------------------------------------------------------ leaves
    def row(self, exercise: Exercise) -> Row:
        """The leaves of a version: ints and Fractions, closed forms as they are."""
        found = []
        for of in self.leaves:
            value = exercise.given(of)
            assert value is not None
            found.append(_plain(value) if value.is_Rational else value)
        return found

    def fill(self, row: Sequence[Any]) -> Exercise:
        """The version with these leaves; they were valid once, so they are not validated again."""
        exercise = self.exercise
        assert exercise.data is not None
        x, y, parameters = self._nested(map(_exact, row))
        changed = {
            "data": exercise.data.model_copy(update={"x": x, "y": y if exercise.has_targets else exercise.data.y}),
            "parameters": type(exercise.parameters or {})(parameters),
        }
        made = exercise.model_copy(update=changed)
        for stale in ("targets", "fingerprint"):  # what the original had worked out about its own numbers
            made.__dict__.pop(stale, None)
        return made

    def _nested(self, numbers: Iterator[Any]) -> tuple[Any, Any, dict[str, Any]]:
        """x, y and the parameters as the file nests them, from leaves in their order."""
        exercise = self.exercise

        def rows(height: int, width: int) -> tuple[tuple[Any, ...], ...]:
            return tuple(tuple(islice(numbers, width)) for _ in range(height))

        x = rows(exercise.samples, exercise.widths[0])
        y = rows(exercise.samples, exercise.widths[-1]) if exercise.has_targets else ()
        parameters: dict[str, Any] = {}
        for layer in range(1, exercise.depth + 1):
            units = exercise.widths[layer]
            parameters[f"W{layer}"] = rows(exercise.widths[layer - 1], units)
            if exercise.network.biases == "shared":
                parameters[f"b{layer}"] = next(numbers)
            elif exercise.network.biases:
                parameters[f"b{layer}"] = tuple(islice(numbers, units))
        return x, y, parameters

    # ------------------------------------------------------------------ values
    @cached_property
    def _program(self) -> list[Callable[[Row], Plain]] | None:
        places = {symbol(of): place for place, of in enumerate(self.ids)}
        expressions = [node.definition for node in self.graph if node.definition is not None]
        expressions += [derivation.short for derivation in self.derivations.values()]
        if any(node.given is not None and node.id not in self.leaves for node in self.graph):
            return None  # a penalty's factor, say
        try:
            return [_compiled(expression, places) for expression in expressions]
        except _Beyond:
            return None

    @cached_property
    def _kinks(self) -> list[int]:
        """Places of what decides a branch: where one is 0, a convention is needed."""
        places = {symbol(of): place for place, of in enumerate(self.ids)}
        found: set[Expr] = set()
        for node in self.graph:
            if node.definition is not None:
                found |= {atom.args[0] for atom in node.definition.atoms(Kinked)}
        return [places[argument] for argument in found if argument in places] if found <= places.keys() else [-1]

    def values(self, row: Sequence[Any]) -> Row | None:
        """All values in plain numbers; None where they need more, or where a unit lies on its kink."""
        program = self._program
        if program is None or self._kinks == [-1] or not all(type(value) in (int, Fraction) for value in row):
            return None
        found = list(row)
        append = found.append
        try:
            for step in program:
                value = step(found)
                append(value.numerator if type(value) is Fraction and value.denominator == 1 else value)
        except ZeroDivisionError:
            return None
        return None if any(found[place] == 0 for place in self._kinks) else found

    # ------------------------------------------------------------------ code
    @cached_property
    def _asked(self) -> dict[str, Any]:
        hidden = {"title", "source", "notation", "variants"}
        asked: dict[str, Any] = self.exercise.model_dump(mode="json", exclude_defaults=True, exclude=hidden)
        return asked

    def texts(self, row: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and parameters as a file holds them: exact numbers as text."""
        x, y, parameters = self._nested(map(str, row))
        return {"x": x} | ({"y": y} if self.exercise.has_targets else {}), parameters

    def fingerprint(self, row: Sequence[Any]) -> str:
        """The version's own `fingerprint`, without asking pydantic for what all versions share."""
        data, parameters = self.texts(row)
        asked = self._asked | {"data": self._asked["data"] | data, "parameters": parameters}
        return sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(value: Expr) -> Plain:
    return int(value.p) if value.q == 1 else Fraction(int(value.p), int(value.q))


@lru_cache(maxsize=10_000)
def _exact(value: Any) -> Expr:
    if type(value) is int:
        return Integer(value)
    return Rational(value.numerator, value.denominator) if isinstance(value, Fraction) else value


def _compiled(expression: Expr, places: dict[Symbol, int]) -> Callable[[Row], Plain]:
    """The expression as a closure over a row. Raises _Beyond."""
    if expression.is_Symbol:
        if expression not in places:
            raise _Beyond
        place = places[expression]
        return lambda row: row[place]
    if expression.is_Rational:
        number = _plain(expression)
        return lambda row: number
    if isinstance(expression, (Add, Mul)):
        parts = [_compiled(argument, places) for argument in expression.args]
        first, *rest = parts
        if len(parts) == 2:
            second = parts[1]
            if isinstance(expression, Add):
                return lambda row: first(row) + second(row)
            return lambda row: first(row) * second(row)
        if isinstance(expression, Add):
            return lambda row: sum([part(row) for part in parts])

        def product(row: Row) -> Plain:
            value = first(row)
            for part in rest:
                value *= part(row)
            return value

        return product
    if isinstance(expression, Pow) and expression.exp.is_Integer:
        base, power = _compiled(expression.base, places), int(expression.exp)
        if power < 0:
            return lambda row: Fraction(base(row)) ** power
        return lambda row: base(row) ** power
    if isinstance(expression, Kinked):
        argument, *parameters = expression.args
        inner = _compiled(argument, places)
        below, at, above = (_compiled(expression.branch(side, argument, *parameters), places) for side in (-1, 0, 1))

        def branch(row: Row) -> Plain:
            side = inner(row)
            return above(row) if side > 0 else below(row) if side < 0 else at(row)

        return branch
    raise _Beyond


__all__ = ["Plain", "Row", "Shape"]
