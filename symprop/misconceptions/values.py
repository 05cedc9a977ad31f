"""Edits + numbers -> wrong numbers. An exercise's shape is edited once; its numbers are put in as often as they are drawn.

Only what an edit changes is evaluated again, by the arithmetic that evaluates the right derivation. A quantity that a wrong
method gives no value (the logarithm of a negative number) is left out of its answers.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from mpmath.libmp import from_rational, fzero, mpf_pos
from sympy import Expr, Symbol

from symprop import quantity as q
from symprop.arithmetic import (
    MAX_DIGITS,
    SHOWN_DIGITS,
    Arithmetic,
    OutOfDomain,
    Undecided,
    Value,
    exact,
    public,
    shared,
)
from symprop.derive import derive
from symprop.errors import ExerciseError, UsageError
from symprop.exercise import Exercise
from symprop.functions import LOSSES
from symprop.graph import Graph, build, quantity_of, symbol
from symprop.misconceptions.editing import Derivations, rate_given
from symprop.misconceptions.table import METHODS, Misconception
from symprop.quantity import Quantity
from symprop.solution import Solution, convention, evaluate

Numbers = dict[Symbol, Value]
#: Shapes whose edits are remembered.
KEPT_SHAPES = 16


@dataclass(frozen=True, slots=True)
class Line:
    """name = expression, and the symbols it reads."""

    name: Symbol
    expression: Expr
    reads: frozenset[Symbol]


@dataclass(frozen=True)
class Method:
    """One misconception applied to one shape: the edited graph and derivations, and the lines that come out otherwise.

    `changed` are the quantities whose own right-hand side is another one; `lines` are those and all that rests on them, in an
    order in which they can be evaluated.
    """

    misconception: Misconception
    graph: Graph
    derivations: Derivations
    changed: frozenset[Symbol]
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        return self.misconception.name

    @cached_property
    def rules(self) -> Mapping[Symbol, Expr]:
        """The wrong right-hand side of every changed quantity."""
        return {line.name: line.expression for line in self.lines if line.name in self.changed}

    def needed(self, asked: frozenset[Symbol]) -> tuple[Line, ...]:
        """The lines that the asked quantities rest on."""
        wanted, found = set(asked), []
        for line in reversed(self.lines):
            if line.name in wanted:
                wanted |= line.reads
                found.append(line)
        return tuple(reversed(found))


@dataclass(frozen=True)
class Values:
    """Right numbers, and for each method what it changes: a name without a number is None."""

    right: Numbers
    wrong: Mapping[str, Mapping[Symbol, Value | None]]


class Edits:
    """Every misconception that applies to a shape, ready for numbers.

    `edits(exercise).values(other)` puts in the numbers of any exercise of the same shape.
    """

    def __init__(self, exercise: Exercise, graph: Graph, derivations: Derivations) -> None:
        self.exercise, self.graph, self.derivations = exercise, graph, derivations
        self.lines = _lines(graph, derivations)
        expressions = {line.name: line for line in self.lines}
        self.methods: dict[str, Method] = {}
        for row in METHODS:
            assert row.edit is not None
            edited = row.edit(graph, derivations, exercise)
            if edited is not None:
                self.methods[row.name] = _method(row, *edited, expressions)
        self._plans: dict[frozenset[Symbol], dict[str, tuple[Line, ...]]] = {}

    @property
    def counted(self) -> tuple[Misconception, ...]:
        """The methods that findings are about: those with a place in every net, and the others that apply here."""
        return tuple(row for row in METHODS if row.counted or row.name in self.methods)

    def values(self, given: Exercise | Mapping[Quantity, Value], asked: Iterable[Quantity] | None = None) -> Values:
        """Right and wrong values of the asked quantities (all) and of what they rest on.

        `given`: another exercise of this shape, or its inputs, targets, weights and biases by id. Raises UsageError when one
        of them is missing, DomainError or KinkError where the right method has no value.
        """
        leaves = self._leaves(given)
        right = _follow(self.lines, leaves)
        if right is None or any(value is None for value in right.values()):
            right = dict(self._proved(self.graph, self.derivations, leaves))
        return self.values_beside(leaves | right, asked)

    def values_beside(self, right: Numbers, asked: Iterable[Quantity] | None = None) -> Values:
        """The same where every right number is known already."""
        plan, right = self._plan(asked), self._constants | right
        return Values(right, {name: self._wrong(self.methods[name], lines, right) for name, lines in plan.items()})

    def wrong(self, name: str, right: Numbers) -> Mapping[Symbol, Value | None]:
        """What one method changes."""
        method = self.methods[name]
        return self._wrong(method, method.lines, self._constants | right)

    def known(self, solution: Solution) -> Numbers:
        """The right numbers, with those of an update's constants."""
        return self._constants | solution.numbers()

    def _leaves(self, given: Exercise | Mapping[Quantity, Value]) -> Numbers:
        found = dict(self._constants)
        for node in self.graph:
            if node.definition is None and node.role != "constant":
                if isinstance(given, Exercise):
                    number = given.given(node.id)
                    value = None if number is None else exact(number)
                else:
                    value = given.get(node.id)
                if value is None:
                    raise UsageError(f'"{node.id}" has no number, so the misconceptions have none')
                found[node.symbol] = value
        return found

    @cached_property
    def _constants(self) -> Numbers:
        """alpha and eta, where the exercise has them."""
        found = {n.symbol: exact(n.given) for n in self.graph if n.role == "constant" and n.given is not None}
        if (eta := rate_given(self.exercise)) is not None:
            found[symbol(Quantity("eta"))] = exact(eta)
        return found

    def _wrong(self, method: Method, lines: tuple[Line, ...], right: Numbers) -> Mapping[Symbol, Value | None]:
        found = _follow(lines, right)
        if found is not None:
            return found
        try:
            proved = self._proved(method.graph, method.derivations, right)
        except ExerciseError:
            return {line.name: None for line in lines}
        return {line.name: proved[line.name] for line in lines}

    def _proved(self, graph: Graph, derivations: Derivations, numbers: Numbers) -> Mapping[Symbol, Value]:
        """By the solver, which proves what intervals cannot decide, at the numbers of the leaves."""
        nodes = tuple(replace(n, given=public(numbers[n.symbol])) if n.definition is None else n for n in graph)
        found = evaluate(Graph(nodes, graph.loss), derivations, self.exercise)
        return {symbol(of): value for of, value in found.items()}

    def _plan(self, asked: Iterable[Quantity] | None) -> dict[str, tuple[Line, ...]]:
        if asked is None:
            return {name: method.lines for name, method in self.methods.items()}
        wanted = frozenset(symbol(of) for of in asked)
        if wanted not in self._plans:
            self._plans[wanted] = {name: method.needed(wanted) for name, method in self.methods.items()}
        return self._plans[wanted]


def _lines(graph: Graph, derivations: Derivations) -> tuple[Line, ...]:
    found = [(n.symbol, n.definition) for n in graph if n.definition is not None]
    found += [(symbol(d.id), d.short) for d in derivations.values()]
    return tuple(Line(name, expression, frozenset(expression.free_symbols)) for name, expression in found)


def _method(row: Misconception, graph: Graph, derivations: Derivations, right: Mapping[Symbol, Line]) -> Method:
    pairs = [(n.symbol, n.definition) for n in graph if n.definition is not None]
    pairs += [(symbol(d.id), d.short) for d in derivations.values()]
    changed: set[Symbol] = set()
    touched: set[Symbol] = set()
    lines: list[Line] = []
    for name, expression in pairs:
        line = right[name]
        if expression is not line.expression and expression != line.expression:
            line = Line(name, expression, frozenset(expression.free_symbols))
            changed.add(name)
        if name in changed or not touched.isdisjoint(line.reads):
            touched.add(name)
            lines.append(line)
    return Method(row, graph, derivations, frozenset(changed), tuple(lines))


def _follow(lines: Sequence[Line], known: Numbers) -> Numbers | None:
    """The lines' values, one after the other; None for one without a value. None as a whole: a sign is undecided."""
    digits = SHOWN_DIGITS + 15
    while digits <= MAX_DIGITS:
        try:
            return _attempt(lines, known, shared(digits))
        except Undecided:
            digits *= 2
    return None


def _attempt(lines: Sequence[Line], known: Numbers, arithmetic: Arithmetic) -> Numbers:
    seen, found, absent = dict(known), Numbers(), set[Symbol]()
    for line in lines:
        if absent and not absent.isdisjoint(line.reads):
            absent.add(line.name)
            found[line.name] = None
            continue
        try:
            seen[line.name] = found[line.name] = arithmetic.evaluate(line.expression, seen)
        except OutOfDomain:
            absent.add(line.name)
            found[line.name] = None
    return found


# ---------------------------------------------------------------------- one Edits a shape
_kept: OrderedDict[Hashable, Edits] = OrderedDict()


def edits(exercise: Exercise, solution: Solution | None = None) -> Edits:
    """The edits of an exercise's shape, made once a shape; `solution` spares deriving it again."""
    key = _shape(exercise)
    found = _kept.get(key)
    if found is None:
        if solution is not None:
            graph, derivations = solution.graph, solution.derivations
        else:
            graph = build(exercise)
            derivations = derive(graph, convention(exercise))
        found = _kept[key] = Edits(exercise, graph, derivations)
        if len(_kept) > KEPT_SHAPES:
            _kept.popitem(last=False)
    return found


def _shape(exercise: Exercise) -> Hashable:
    """Everything that graph, derivations and edits depend on: all but inputs, targets, weights and biases."""
    zeros: tuple[bool, ...] = ()
    row = LOSSES.get(exercise.network.loss)
    if row is not None and row.targets == "count":  # a count of 0 takes the logarithm out of the loss
        zeros = tuple(
            exercise.given(q.y(k, n)) == 0 for n in exercise.sample_numbers for k in range(1, exercise.widths[-1] + 1)
        )
    rate = None if exercise.update is None else (exercise.update.learning_rate,)
    return exercise.network, exercise.widths, exercise.samples, rate, zeros


# ---------------------------------------------------------------------- comparing
def key(value: Value | None, rational: bool) -> Hashable:
    """What two equal values share: the fraction, or, where other numbers are about, the nearest 83-bit number (25 digits)."""
    if value is None:
        return None
    if isinstance(value, Fraction):
        return value if rational else from_rational(value.numerator, value.denominator, 83, "n")
    low, high = shared().ball(value)._mpi_ if isinstance(value, Expr) else value._mpi_
    if low[0] != high[0] or not low[1] or not high[1]:
        return fzero
    return mpf_pos(low, 83, "n")


def quantities(numbers: Mapping[Symbol, Value | None]) -> dict[Quantity, Value]:
    """By id, without those that have no value."""
    return {quantity_of(name): value for name, value in numbers.items() if value is not None}
