"""Exercise, settings -> what is drawn, what is computed of it and what is asked: once a shape, before any draw.

A leaf is drawn from a table of exact numbers, one digit of a draw each. Where an activation has rational values at logarithms
only, its pre-activation is drawn (ln 3) and its bias is solved for: b = ln 3 - 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations, permutations
from math import prod
from typing import Any, Literal

import numpy as np
from sympy import Add, Expr, Integer, Mul, Rational, S, Symbol, log

from symprop import quantity as q
from symprop.arithmetic import Value, exact, fraction, public, shared
from symprop.errors import ExerciseError
from symprop.exercise import Exercise, Rounding, Update, Variants
from symprop.exercise.model import Data, Parameters
from symprop.functions import LOSSES, Kinked
from symprop.graph import Graph, symbol
from symprop.misconceptions import Edits, edits, scalars
from symprop.misconceptions.values import Line
from symprop.quantity import Quantity, gradient
from symprop.sampling.columns import Array, Column, column, equal, floats, is_rational, is_zero, program
from symprop.sampling.generator import Generator, stream
from symprop.solution import Solution, solve
from symprop.wording.misconceptions import asked as asked_by

Level = Literal["integers", "decimals", "fractions"]
#: Grids of weights and biases, in the order in which they are tried.
LEVELS: dict[Level, Fraction] = {"integers": Fraction(1), "decimals": Fraction(1, 2), "fractions": Fraction(1, 3)}
#: Activations with rational values at rational numbers, and those with rational values at ln r: the r that are drawn.
RATIONAL = ("identity", "relu", "leaky_relu")
_ODDS = tuple(Fraction(*r) for r in ((1, 9), (1, 4), (1, 3), (1, 1), (3, 1), (4, 1), (9, 1)))
CLOSED = {
    "logistic": _ODDS,
    "tanh": tuple(Fraction(*r) for r in ((1, 3), (1, 2), (2, 1), (3, 1))),
    "softmax": tuple(map(Fraction, range(1, 10))),
    "exp": tuple(map(Fraction, range(1, 7))),
}
BOUNDED = {"logistic": (0, 1), "softmax": (0, 1), "tanh": (-1, 1)}
SQUARED = ("half_squared_error", "squared_error", "mean_squared_error")
#: Up to this many weights gradients must differ by default: 30 sizes cannot tell 40 gradients apart.
FEW_WEIGHTS = 12
#: Draws that decide which gradients are equal for every choice of numbers.
PROBES = 64
#: Choices that one word of 32 bits is asked for at most: fewer than one word in 250 is then left out.
WORD = 2**24
#: What an inexact number is rounded to when a condition is decided: 40 digits, with the usual denominators.
FINE = 720720 * 10**40


@dataclass(frozen=True)
class Leaf:
    """Numbers drawn together by one digit: `values[digit]` holds one number a symbol (several for a one-hot target)."""

    symbols: tuple[Symbol, ...]
    values: tuple[tuple[Fraction, ...], ...]

    @cached_property
    def written(self) -> tuple[tuple[Expr, ...], ...]:
        """The same as SymPy numbers."""
        return tuple(tuple(public(v) for v in row) for row in self.values)

    @cached_property
    def tables(self) -> tuple[Column, ...]:
        """One column of possible values a symbol."""
        return tuple(column([row[i] for row in self.values]) for i in range(len(self.symbols)))


@dataclass(frozen=True)
class Solved:
    """z = ln odds[digit], and the bias that is solved for: z = rest + leaf."""

    z: Symbol
    leaf: Symbol
    rest: Expr
    odds: tuple[Fraction, ...]


@dataclass
class Draws:
    """Digits of draws, leaves x draws, and the columns computed so far."""

    digits: Array
    columns: dict[Symbol, Column] = field(default_factory=dict)

    def taken(self, rows: Array) -> "Draws":
        """These draws only."""
        return Draws(self.digits[:, rows], {s: c.taken(rows) for s, c in self.columns.items()})

    @property
    def count(self) -> int:
        """How many draws."""
        return int(self.digits.shape[1])


class Plan:
    """Everything about one exercise, its settings and one grid of numbers that no draw changes."""

    def __init__(self, exercise: Exercise, settings: Variants, level: Level = "integers") -> None:
        self.settings, self.level, self.grid = settings, level, LEVELS[level]
        self.closed = _is_closed(exercise, settings)
        self.exercise = _with_rounding(exercise, settings, self.closed)
        _check_kept(exercise, settings)
        self.kept: dict[Symbol, Expr] = {}
        letters = solve(_without_numbers(exercise))
        self.graph: Graph = letters.graph
        self.solved = dict(self._solved()) if self.closed else {}
        self.leaves = tuple(self._leaves())
        self._layout()
        sample = self.exercise_of(self._plain_digits())
        self.edits: Edits = edits(sample)
        self.graph = self.edits.graph
        self.questions = asked_by(sample)
        self.letters = letters
        self.asked = scalars(letters, self.questions)
        self.answers = tuple(dict.fromkeys(m for of in self.questions for m in _members(letters, of)))
        self._lines()
        self.exact: bool = all(is_rational(line.expression) for line in (*self.forward, *self.backward)) and all(
            is_rational(line.expression) for m in self.edits.methods.values() for line in m.needed(self.wanted)
        )
        self.exact = self.exact and not self.closed and all(v.is_Rational for v in self.kept.values())
        self._equalities()
        self.early = tuple(self._early())

    # ------------------------------------------------------------------ what is drawn
    def _sizes(self, pair: Any, grid: Fraction, zero: bool) -> tuple[tuple[Fraction, ...], ...]:
        low, high = map(fraction, pair)
        found = {s * n * grid for n in range(int(high / grid) + 1) if n * grid >= low for s in (-1, 1)}
        return tuple(
            (v,) for v in sorted(found | ({Fraction(0)} if zero else set()) - (set() if zero else {Fraction(0)}))
        )

    def _range(self, pair: Any, grid: Fraction) -> tuple[tuple[Fraction, ...], ...]:
        low, high = map(fraction, pair)
        return tuple((n * grid,) for n in range(-int(-low // grid), int(high // grid) + 1))

    def _leaves(self) -> Iterator[Leaf]:
        e, s = self.exercise, self.settings
        solved = {each.leaf for each in self.solved.values()}
        for node in self.graph:
            if node.definition is not None or node.role == "constant" or node.symbol in solved:
                continue
            if node.role == "target":
                yield from self._target(node.id)
                continue
            wish: Any = {"input": s.inputs, "weight": s.weights, "bias": s.biases}[node.role]
            if wish == "keep":
                number = e.given(node.id)
                assert number is not None
                self.kept[node.symbol] = number
            elif wish == "off":
                self.kept[node.symbol] = S.Zero
            else:
                if node.role == "bias":
                    values = self._range(wish, self.grid)
                else:
                    is_input = node.role == "input"
                    values = self._sizes(wish, Fraction(1) if is_input else self.grid, is_input and s.zero_inputs)
                if not values:
                    raise ExerciseError(
                        f"there is no number to draw {node.id} from",
                        key=f"variants.{node.role.replace('put', 'puts')}s",
                    )
                yield Leaf((node.symbol,), values)

    def _target(self, of: Quantity) -> Iterator[Leaf]:
        e, wish = self.exercise, self.settings.targets
        K = e.widths[-1]
        if wish == "keep":
            number = e.given(of)
            assert number is not None
            self.kept[symbol(of)] = number
            return
        row = LOSSES.get(e.network.loss)
        kind, output = row.targets if row else "any", e.network.layers[-1].activation.name
        if wish is None and K > 1 and (kind == "class" or output == "softmax"):
            if of.index == (1,):
                members = tuple(symbol(q.y(k, of.sample)) for k in range(1, K + 1))
                hot = tuple(tuple(Fraction(int(k == label)) for k in range(K)) for label in range(K))
                yield Leaf(members, hot)
            return
        if wish is not None:
            yield Leaf((symbol(of),), self._range(wish, Fraction(1)))
        elif kind in ("probability", "class") or output in BOUNDED:
            yield Leaf((symbol(of),), tuple((Fraction(v),) for v in BOUNDED.get(output, (0, 1))))
        else:
            yield Leaf((symbol(of),), self._range((Integer(1 if kind == "count" else -6), Integer(6)), Fraction(1)))

    def _solved(self) -> Iterator[tuple[Symbol, Solved]]:
        """Every pre-activation that is drawn: the bias of its unit is solved for."""
        e = self.exercise
        for layer, spec in enumerate(e.network.layers, 1):
            if spec.activation.name not in CLOSED:
                continue
            for j in range(1, e.widths[layer] + 1):
                z = symbol(q.z(layer, j))
                definition = self.graph.of(z).definition
                assert definition is not None
                leaf = symbol(q.b(layer, j))
                yield z, Solved(z, leaf, definition.xreplace({leaf: S.Zero}), CLOSED[spec.activation.name])

    # ------------------------------------------------------------------ draws
    def _layout(self) -> None:
        """Words of a draw: neighbouring digits share one of 32 bits as long as all their choices are at most WORD."""
        self.counts = [len(leaf.values) for leaf in self.leaves] + [len(each.odds) for each in self.solved.values()]
        self.words: list[list[int]] = []
        sizes: list[int] = []
        for i, n in enumerate(self.counts):
            if sizes and sizes[-1] * n <= WORD:
                self.words[-1].append(i)
                sizes[-1] *= n
            else:
                self.words.append([i])
                sizes.append(n)
        self.limits = [2**32 // size * size - 1 for size in sizes]

    @property
    def choices(self) -> int:
        """The number of different draws."""
        return prod(self.counts)

    def digits(self, seed: int | str, number: int, start: int, count: int) -> Array:
        """Draws `start` to `start + count` of version `number`, leaves x draws.

        A draw with a word beyond the last full turn of its choices is left out, so that every draw is equally likely.
        """
        width = 4 * len(self.words)
        data = stream(f"{seed}:{number}", start * width, count * width)
        raw = np.frombuffer(data, dtype=">u4").reshape(count, len(self.words)).T.astype(np.uint32)
        good = np.ones(count, dtype=bool)
        for word, limit in zip(raw, self.limits, strict=True):
            good &= word <= limit
        if not good.all():
            raw = raw[:, good]
        return self.split(raw)

    def split(self, words: Array) -> Array:
        """Words as digits: the first leaf of a word changes fastest."""
        digits = np.empty((len(self.counts), words.shape[1]), dtype=np.uint16)
        for members, word in zip(self.words, words, strict=True):
            rest = word
            for i in members[:-1]:
                turned = rest // np.uint32(self.counts[i])
                digits[i] = rest - turned * np.uint32(self.counts[i])
                rest = turned
            digits[members[-1]] = rest % np.uint32(self.counts[members[-1]])
        return digits

    def draws(self, digits: Array) -> Draws:
        """The leaves' columns, solved ones excepted."""
        found: dict[Symbol, Column] = {}
        for i, leaf in enumerate(self.leaves):
            for name, table in zip(leaf.symbols, leaf.tables, strict=True):
                found[name] = table.taken(digits[i])
        ones = np.ones(digits.shape[1], dtype=np.int64)
        for name, value in {**self.kept, **self._constants}.items():
            one = program(value)({})
            found[name] = Column(one.top * ones, one.den, one.bound)
        return Draws(digits, found)

    @cached_property
    def _constants(self) -> dict[Symbol, Expr]:
        found = {n.symbol: n.given for n in self.graph if n.role == "constant" and n.given is not None}
        update = self.exercise.update
        eta = Rational(1, 10) if update is None or update.learning_rate is None else update.learning_rate
        return found | {symbol(Quantity("eta")): eta}

    def narrow(self, digits: Array) -> None:
        """Tables without the numbers that none of these acceptable draws has: an input of 1, where it makes gradients equal."""
        seen = [sorted(set(row.tolist())) for row in digits]
        self.leaves = tuple(
            Leaf(leaf.symbols, tuple(leaf.values[i] for i in own)) for leaf, own in zip(self.leaves, seen, strict=False)
        )
        rest = zip(self.solved.items(), seen[len(self.leaves) :], strict=True)
        self.solved = {z: replace(each, odds=tuple(each.odds[i] for i in own)) for (z, each), own in rest}
        self._layout()

    def _plain_digits(self) -> Array:
        """Some draw, for what needs numbers of any kind: its biases are not all 0."""
        return np.array(self.counts) - 1

    # ------------------------------------------------------------------ one draw as an exercise
    def exercise_of(self, digits: Array) -> Exercise:
        """The exercise with the numbers of one draw, exactly."""
        numbers: dict[Symbol, Expr] = dict(self.kept)
        for leaf, digit in zip(self.leaves, digits.tolist(), strict=False):
            numbers.update(zip(leaf.symbols, leaf.written[digit], strict=True))
        if self.solved:
            values: dict[Symbol, Value] = {name: exact(value) for name, value in numbers.items()}
            self._solve_leaves(values, digits[len(self.leaves) :])
            numbers = {name: public(value) for name, value in values.items()}
        return self._with_numbers(numbers)

    def _solve_leaves(self, numbers: dict[Symbol, Value], digits: Array) -> None:
        arithmetic = shared()
        choice = dict(zip(self.solved, digits, strict=True))
        for node in self.graph:
            if node.definition is None or node.role not in ("pre-activation", "activation"):
                continue
            each = self.solved.get(node.symbol)
            if each is None:
                numbers[node.symbol] = arithmetic.evaluate(node.definition, numbers)
                continue
            z = exact(log(public(each.odds[int(choice[node.symbol])])))
            rest = arithmetic.evaluate(each.rest, numbers)
            numbers[node.symbol], numbers[each.leaf] = z, exact(public(z) - public(rest))

    def _with_numbers(self, numbers: Mapping[Symbol, Expr]) -> Exercise:
        e, (x_rows, y_rows, tables) = self.exercise, self._places
        x = tuple(tuple(numbers[s] for s in row) for row in x_rows)
        y: Any = e.data.y if e.data is not None else None
        if e.has_targets:
            y = tuple(tuple(numbers[s] for s in row) for row in y_rows)
            if self._by_label:
                y = tuple(Integer(row.index(S.One)) for row in y)
        parameters = {name: _put(numbers, place) for name, place in tables.items()}
        # every number comes from a table that was read already: validating it again would cost more than the rest
        data = Data.model_construct(_fields_set={"x", "y"} if y is not None else {"x"}, x=x, y=y)
        fields = self._fields | {"data": data, "parameters": Parameters(parameters)}
        return Exercise.model_construct(_fields_set=set(fields), **fields)

    @cached_property
    def _fields(self) -> dict[str, Any]:
        return {name: getattr(self.exercise, name) for name in type(self.exercise).model_fields}

    @cached_property
    def _places(self) -> tuple[Any, Any, dict[str, Any]]:
        """Symbols where the numbers of [data] and [parameters] stand, nested as these are."""
        e, widths = self.exercise, self.exercise.widths
        x = [[symbol(q.x(i, n)) for i in range(1, widths[0] + 1)] for n in e.sample_numbers]
        y = [[symbol(q.y(k, n)) for k in range(1, widths[-1] + 1)] for n in e.sample_numbers]
        layers = range(1, e.depth + 1)
        tables: dict[str, Any] = {
            f"W{layer}": [
                [symbol(q.W(layer, i, j)) for j in range(1, widths[layer] + 1)] for i in range(1, widths[layer - 1] + 1)
            ]
            for layer in layers
        }
        if e.network.biases:
            biases = {f"b{layer}": [symbol(b) for b in e.bias_ids(layer)] for layer in layers}
            tables |= {k: v[0] for k, v in biases.items()} if e.network.biases == "shared" else biases
        return x, y, tables

    @cached_property
    def _by_label(self) -> bool:
        """Whether the exercise's own targets are class numbers."""
        data = self.exercise.data
        return (
            data is not None
            and data.y is not None
            and self.exercise.widths[-1] > 1
            and not (isinstance(data.y[0], tuple) and len(data.y[0]) > 1)
        )

    # ------------------------------------------------------------------ what is computed
    def _lines(self) -> None:
        definitions = {n.symbol for n in self.graph if n.definition is not None}
        gradients = [symbol(of) for of in self.asked if of.is_gradient]
        wanted = {symbol(of) for of in self.asked}
        self.wanted = frozenset(wanted)
        if self.steps:
            wanted |= {symbol(gradient(p)) for p in self.stepped}
        needed: list[Line] = []
        for line in reversed(self.edits.lines):
            if line.name in wanted or line.name in definitions:
                wanted |= line.reads
                needed.append(line)
        needed.reverse()
        self.forward = tuple(line for line in needed if line.name in definitions)
        self.backward = tuple(line for line in needed if line.name not in definitions)
        self.gradients = tuple(dict.fromkeys(gradients))

    @property
    def update(self) -> Update | None:
        """The exercise's update, where it has a rate."""
        update = self.exercise.update
        return update if update is not None and update.learning_rate is not None else None

    @property
    def steps(self) -> bool:
        """Whether a step is looked at."""
        return self.update is not None and self.settings.conditions and not self.settings.failing_step

    @property
    def stepped(self) -> list[Quantity]:
        """What a step changes."""
        assert self.update is not None
        return [p for p in self.exercise.parameter_ids() if p.name == "W" or self.update.biases]

    def run_forward(self, draws: Draws) -> None:
        """Definitions, and the leaves that are solved for, into the columns."""
        columns = draws.columns
        for line in self.forward:
            each = self.solved.get(line.name)
            if each is None:
                columns[line.name] = self._spread(program(line.expression)(columns), draws.count)
                continue
            digit = draws.digits[len(self.leaves) + list(self.solved).index(line.name)]
            z = np.log(np.array([float(r) for r in each.odds]))[digit]
            columns[each.leaf] = Column(z - floats(program(each.rest)(columns)))
            columns[line.name] = Column(z)

    def run_backward(self, draws: Draws) -> None:
        """Gradients into the columns."""
        for line in self.backward:
            draws.columns[line.name] = self._spread(program(line.expression)(draws.columns), draws.count)

    @staticmethod
    def _spread(one: Column, count: int) -> Column:
        if len(one.top) != count:
            one = Column(one.top * np.ones(count, dtype=np.int64), one.den, one.bound)
        return one.tightened() if one.bound > 2**40 else one

    def decided(self, solution: Solution) -> Draws:
        """One solved version as columns of one row: rationals exact up to 40 decimals, other numbers rounded there."""
        columns = {}
        for name, value in (self.edits.known(solution)).items():
            number = _rounded(value)
            columns[name] = Column(np.array([number], dtype=object), FINE, abs(number))
        return Draws(np.zeros((0, 1), dtype=np.uint16), columns)

    # ------------------------------------------------------------------ what is equal whatever the numbers
    def _equalities(self) -> None:
        """Gradients of one size, and answers that are equal, at random numbers of a wide range, so for every choice."""
        generator = Generator("identities")
        columns: dict[Symbol, Column] = {}
        free = [s for leaf in self.leaves for s in leaf.symbols] + [each.leaf for each in self.solved.values()]
        for name in (*free, *self.kept):
            if self.exact:
                values = [Fraction(generator.between(1, 997) * (1 - 2 * generator.below(2))) for _ in range(PROBES)]
                columns[name] = column(values)
            else:
                columns[name] = Column(np.array([generator.between(-2000, 2000) / 1009 for _ in range(PROBES)]))
        for name, value in self._constants.items():
            one = program(value)({})
            columns[name] = Column(one.top * np.ones(PROBES, dtype=np.int64), one.den, one.bound)
        probe = Draws(np.zeros((0, PROBES), dtype=np.uint16), columns)
        for line in (*self.forward, *self.backward):
            columns[line.name] = self._spread(program(line.expression)(columns), PROBES)
        sizes = {g: Column(abs(columns[g].top), columns[g].den, columns[g].bound) for g in self.gradients}
        self.pairs = tuple(
            (g, h)
            for g, h in combinations(self.gradients, 2)
            if not (
                equal(sizes[g], sizes[h]) | is_zero(sizes[g]) | is_zero(sizes[h]) | _missing(sizes[g], sizes[h])
            ).all()
        )
        self.parts = tuple(self._part(probe))

    def _part(self, probe: Draws) -> Iterator[tuple[int, ...]]:
        """Positions (in `asked`) of each question's values that are not always equal, where there are two or more."""
        place = {of: i for i, of in enumerate(self.asked)}
        for question in _questions(self.exercise, self.questions):
            own: list[int] = []
            for of in scalars(self.letters, question):
                mine = probe.columns[symbol(of)]
                if not any(
                    (equal(mine, other) | _missing(mine, other)).all()
                    for other in (probe.columns[symbol(self.asked[i])] for i in own)
                ):
                    own.append(place[of])
            if len(own) > 1:
                yield tuple(own)

    def _early(self) -> Iterator[tuple[Symbol, Symbol | None]]:
        """Gradients g s and g t (or g) with one g that is 0 in no acceptable draw: they are equal where |s| = |t| (or 1)."""
        rules = {line.name: line.expression for line in self.backward}
        sure: set[Symbol] = set()
        for line in self.backward:
            if _never_masked(line.expression, rules, sure):
                sure.add(line.name)

        def parts(g: Symbol) -> dict[Symbol, Symbol | None]:
            found: dict[Symbol, Symbol | None] = {g: None}
            for a, b in permutations(rules[g].args) if isinstance(rules[g], Mul) and len(rules[g].args) == 2 else ():
                if a.is_Symbol and b.is_Symbol and a in rules and b not in rules:
                    found[a] = b
            return found

        for g, h in self.pairs:
            mine, other = parts(g), parts(h)
            for common in mine.keys() & other.keys():
                s, t = mine[common], other[common]
                if (common in sure or self._some_unit_alive({s, t} - {None})) and (s is not None or t is not None):
                    yield (s, t) if s is not None else (t, s)

    def _some_unit_alive(self, factors: "set[Symbol | None]") -> bool:
        """Whether factors of a first-layer delta are inputs, which every unit of the layer has, one of them active."""
        dead, first = self.settings.dead_units, self.exercise.network.layers[0]
        inputs = {n.symbol for n in self.graph if n.role == "input"}
        alive = first.activation.name == "relu" and dead is not False and dead < first.units
        return bool(factors) and factors <= inputs and alive

    # ------------------------------------------------------------------ places that conditions look at
    @cached_property
    def kinked(self) -> tuple[Symbol, ...]:
        """Pre-activations whose activation has a kink."""
        return tuple(
            symbol(q.z(n.id.layer, n.id.index[0], n.id.sample))
            for n in self.graph
            if n.role == "activation" and n.definition is not None and n.definition.has(Kinked)
        )

    @cached_property
    def relu_layers(self) -> tuple[tuple[Symbol, ...], ...]:
        """Pre-activations of every hidden ReLU layer of two or more units, one group a layer and sample."""
        e = self.exercise
        return tuple(
            tuple(symbol(q.z(layer, j, n)) for j in range(1, e.widths[layer] + 1))
            for layer, spec in enumerate(e.network.layers[:-1], 1)
            if spec.activation.name == "relu" and e.widths[layer] > 1
            for n in e.sample_numbers
        )

    @cached_property
    def sigmoids(self) -> tuple[Symbol, ...]:
        """Outputs of logistic and softmax units."""
        e = self.exercise
        return tuple(
            n.symbol
            for n in self.graph
            if n.role == "activation" and e.network.layers[n.id.layer - 1].activation.name in ("logistic", "softmax")
        )

    @cached_property
    def errors(self) -> tuple[tuple[Symbol, Symbol], ...]:
        """(yhat, y) of every output, where a squared error meets an unbounded output."""
        e = self.exercise
        if e.network.loss not in SQUARED or e.network.layers[-1].activation.name in BOUNDED:
            return ()
        outputs = range(1, e.widths[-1] + 1)
        return tuple((symbol(q.a(e.depth, k, n)), symbol(q.y(k, n))) for n in e.sample_numbers for k in outputs)

    @cached_property
    def weights(self) -> tuple[tuple[Symbol, ...], ...]:
        """The weights, layer by layer."""
        e = self.exercise
        return tuple(
            tuple(symbol(p) for p in e.parameter_ids() if p.name == "W" and p.layer == layer)
            for layer in range(1, e.depth + 1)
        )

    @cached_property
    def definitions(self) -> frozenset[Symbol]:
        """What the forward pass defines."""
        return frozenset(line.name for line in self.forward)

    @cached_property
    def graph_outputs(self) -> frozenset[Symbol]:
        """The outputs of units."""
        return frozenset(n.symbol for n in self.graph if n.role == "activation")

    @property
    def equal_gradients(self) -> bool:
        """Whether sizes of asked gradients may be equal by chance."""
        own = self.settings.equal_gradients
        return self.exercise.weight_count > FEW_WEIGHTS if own is None else own

    @cached_property
    def biases(self) -> tuple[Symbol, ...]:
        """Every bias."""
        return tuple(symbol(p) for p in self.exercise.parameter_ids() if p.name == "b")


def _put(numbers: Mapping[Symbol, Expr], place: Any) -> Any:
    """Numbers in place of symbols, lists as tuples."""
    return tuple(_put(numbers, each) for each in place) if isinstance(place, list) else numbers[place]


def _never_masked(expression: Expr, rules: Mapping[Symbol, Expr], sure: set[Symbol]) -> bool:
    """Whether no dead unit makes a gradient's right-hand side 0."""
    if expression.is_Symbol:
        return expression in sure or (expression not in rules and Quantity.parse(expression.name).name != "a")
    if isinstance(expression, Add):
        return any(_never_masked(arg, rules, sure) for arg in expression.args)
    if isinstance(expression, Mul):
        return all(_never_masked(arg, rules, sure) for arg in expression.args)
    return bool(expression.is_Rational)


def _missing(*columns: Column) -> Array:
    """Where a number is not there."""
    gone = np.zeros(columns[0].top.shape, bool)
    for one in columns:
        if one.inexact:
            gone = gone | np.isnan(one.top)
    return gone


def _rounded(value: Value) -> int:
    if not isinstance(value, Fraction):
        ball = shared().ball(value)
        from symprop.arithmetic import end

        value = (end(ball, 0) + end(ball, 1)) / 2
    return round(value * FINE)


def _questions(exercise: Exercise, asked: Sequence[str]) -> list[tuple[str, ...]]:
    """The asked ids, question by question."""
    if exercise.questions:
        return [question.ask for question in exercise.questions]
    from symprop.wording.questions import default_questions

    found, start = [], 0
    for question in default_questions(exercise):
        size = len(question.ask)
        found.append((start, size))
        start += size
    if start != len(asked):  # biases are asked in every version, though this exercise's own are all 0
        return _regrouped(asked)
    return [tuple(asked[a : a + n]) for a, n in found]


def _regrouped(asked: Sequence[str]) -> list[tuple[str, ...]]:
    """default questions by what they ask: outputs and loss; dE/da with dE/dz; dE/dW with dE/db."""
    groups: dict[str, list[str]] = {}
    for of in asked:
        parsed = Quantity.parse(of)
        if parsed.wrt is None:
            name = "outputs"
        else:
            name = ("units" if parsed.wrt.name in "az" else "weights") + str(parsed.wrt.layer)
        groups.setdefault(name, []).append(of)
    return [tuple(group) for group in groups.values()]


def _members(solution: Solution, of: str) -> list[Quantity]:
    found = solution.members(solution.resolve(of))
    return [m for row in found for m in row] if isinstance(found, list) else [found]


def _is_closed(exercise: Exercise, settings: Variants) -> bool:
    """Whether closed forms can be drawn: one sample, known activations, and a bias of every unit to solve for."""
    names = [layer.activation.name for layer in exercise.network.layers]
    if not settings.exact or exercise.samples > 1 or not any(name in CLOSED for name in names):
        return False
    if any(name not in CLOSED and name not in RATIONAL for name in names):
        return False
    return exercise.network.biases is True and isinstance(settings.biases, tuple)


def _with_rounding(exercise: Exercise, settings: Variants, closed: bool) -> Exercise:
    """The exercise as its versions have it: decimals where values are no closed forms, if the file says nothing itself."""
    names = [layer.activation.name for layer in exercise.network.layers]
    if exercise.rounding is None and not closed and any(name not in (*RATIONAL, "step") for name in names):
        fields = {name: getattr(exercise, name) for name in type(exercise).model_fields}
        fields["rounding"] = Rounding(policy="end", decimals=settings.decimals)
        return Exercise.model_construct(_fields_set=set(fields), **fields)
    return exercise


def _check_kept(exercise: Exercise, settings: Variants) -> None:
    for key, table, there in (
        ("inputs", "data", exercise.data),
        ("targets", "data", exercise.data if exercise.has_targets else True),
        ("weights", "parameters", exercise.parameters),
        ("biases", "parameters", exercise.parameters if exercise.network.biases else True),
    ):
        if getattr(settings, key) == "keep" and there is None:
            raise ExerciseError(
                f'found "keep", but the exercise has no [{table}]', key=f"variants.{key}", where=exercise.name
            )


def _without_numbers(exercise: Exercise) -> Exercise:
    """The same shape in letters."""
    fields = {name: getattr(exercise, name) for name in type(exercise).model_fields}
    network = exercise.network.model_copy(update={"inputs": exercise.widths[0], "samples": exercise.samples})
    fields |= {"network": network, "data": None, "parameters": None}
    return Exercise.model_construct(_fields_set=set(fields), **fields)


__all__ = ["LEVELS", "Draws", "Leaf", "Plan", "Solved"]
