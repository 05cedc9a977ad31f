"""The table of nice numbers: a row a condition, each a test of columns, decided exactly where the columns are exact.

A row says when it applies, which stages of a draw it looks at (so that a draw is dropped before more is computed of it) and
what to relax when it rejects too much.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np
from sympy import Add, Expr, Mul, Pow, S, Symbol

from symprop import quantity as q
from symprop.arithmetic import fraction
from symprop.functions import leaky_relu_prime, relu, relu_prime
from symprop.graph import symbol
from symprop.quantity import gradient
from symprop.sampling.columns import (
    Array,
    Column,
    at_least,
    at_most,
    common,
    equal,
    floats,
    is_zero,
    program,
)
from symprop.sampling.plan import Draws, Plan

#: A value is short when it is a decimal of two places or a fraction of these denominators.
SHORT = (100, 8, 7, 6, 5, 3)
GIVEN, FORWARD, BACKWARD = "given", "forward", "backward"
Test = Callable[[Plan, Draws, str], Array]


@dataclass(frozen=True)
class Condition:
    """A row of the table. `relax` names what to change in [variants]."""

    name: str
    says: str
    stages: tuple[str, ...]
    applies: Callable[[Plan], bool]
    test: Test
    relax: str


def _all(count: int, masks: Iterable[Array]) -> Array:
    found = np.ones(count, dtype=bool)
    for mask in masks:
        found &= mask.astype(bool)
    return found


def _columns(plan: Plan, draws: Draws, stage: str) -> list[Column]:
    """What a stage computes; with the leaves solved for, in the forward pass."""
    lines = plan.forward if stage == FORWARD else plan.backward
    found = [draws.columns[line.name] for line in lines]
    return found + [draws.columns[each.leaf] for each in plan.solved.values()] if stage == FORWARD else found


# ---------------------------------------------------------------------- tests
def _exists(plan: Plan, draws: Draws, stage: str) -> Array:
    return _all(draws.count, (~np.isnan(c.top) for c in _columns(plan, draws, stage) if c.inexact))


def _weights_differ(plan: Plan, draws: Draws, stage: str) -> Array:
    def differ(names: tuple[Symbol, ...]) -> Array:
        first = draws.columns[names[0]]
        return ~_all(draws.count, (equal(first, draws.columns[name]) for name in names[1:]))

    return _all(draws.count, (differ(names) for names in _drawn(plan) if len(names) > 1))


def _drawn(plan: Plan) -> list[tuple[Symbol, ...]]:
    """The layers' weights, without those that are solved for: these are no table numbers."""
    solved = {each.leaf for each in plan.solved.values()}
    return [tuple(w for w in names if w not in solved) for names in plan.weights]


def _both_signs(plan: Plan, draws: Draws, stage: str) -> Array:
    names = plan.gradients if stage == BACKWARD else [w for names in _drawn(plan) for w in names]
    tops = [draws.columns[name].top for name in names]
    some = np.zeros(draws.count, dtype=bool)
    above, below, nonzero = some.copy(), some.copy(), np.zeros(draws.count, dtype=np.int64)
    for top in tops:
        above |= (top > 0).astype(bool)
        below |= (top < 0).astype(bool)
        nonzero += top != 0
    return (above & below) | (nonzero < 2)


def _some_bias(plan: Plan, draws: Draws, stage: str) -> Array:
    return ~_all(draws.count, (is_zero(draws.columns[b]) for b in plan.biases))


def _largest(plan: Plan, draws: Draws, stage: str) -> Array:
    bound = fraction(plan.settings.largest)
    return _all(draws.count, (at_most(c, bound) for c in _columns(plan, draws, stage)))


def _short(plan: Plan, draws: Draws, stage: str) -> Array:
    def short(one: Column) -> Array:
        if any(d % one.den == 0 for d in SHORT):
            return np.ones(draws.count, dtype=bool)
        found = np.zeros(draws.count, dtype=bool)
        for d in SHORT:
            step = one.den // gcd(one.den, d)
            found |= (one.top % step == 0).astype(bool)
        return found

    return _all(draws.count, map(short, _columns(plan, draws, stage)))


def _kinks(plan: Plan, draws: Draws, stage: str) -> Array:
    distance = fraction(plan.settings.kink_distance)
    return _all(draws.count, (at_least(draws.columns[z], distance) for z in plan.kinked))


def inactive(draws: Draws, names: Iterable[Symbol]) -> Array:
    """How many of these pre-activations are not positive."""
    found = np.zeros(draws.count, dtype=np.int64)
    for name in names:
        found += draws.columns[name].top <= 0
    return found


def _dead(plan: Plan, draws: Draws, stage: str) -> Array:
    return _all(draws.count, (inactive(draws, names) == plan.settings.dead_units for names in plan.relu_layers))


def _error(plan: Plan, draws: Draws, stage: str) -> Array:
    low, high = map(fraction, plan.settings.error)

    def fits(output: Symbol, target: Symbol) -> Array:
        error = program(output - target)(draws.columns)
        return at_least(error, low) & at_most(error, high)

    return _all(draws.count, (fits(*pair) for pair in plan.errors))


def _sigmoid(plan: Plan, draws: Draws, stage: str) -> Array:
    low, high = map(fraction, plan.settings.sigmoid_range)
    middle, reach = (low + high) / 2, (high - low) / 2

    def fits(name: Symbol) -> Array:
        one = draws.columns[name]
        if one.inexact:
            return abs(one.top - float(middle)) <= float(reach) + 1e-9
        return (one.top * low.denominator >= low.numerator * one.den) & (
            one.top * high.denominator <= high.numerator * one.den
        )

    return _all(draws.count, map(fits, plan.sigmoids))


def _active(expression: Expr, known: Mapping[Symbol, Array], draws: Draws) -> Array | bool:
    """Whether an expression is other than 0 by what is known of its symbols: only dead units and zeros that are given are 0."""
    if expression.is_Symbol:
        return known.get(expression, True)
    if isinstance(expression, (relu, relu_prime)):
        return program(expression.args[0])(draws.columns).top > 0
    if isinstance(expression, leaky_relu_prime) or not expression.args:
        return not expression.is_zero
    if isinstance(expression, Pow):
        return _active(expression.base, known, draws)
    if not isinstance(expression, (Add, Mul)):
        return True
    parts = [_active(arg, known, draws) for arg in expression.args]
    found = parts[0]
    for part in parts[1:]:
        found = found & part if isinstance(expression, Mul) else found | part
    return found


def _no_stray_zero(plan: Plan, draws: Draws, stage: str) -> Array:
    known: dict[Symbol, Array] = {
        node.symbol: ~is_zero(draws.columns[node.symbol]) for node in plan.graph if node.role in ("input", "target")
    }
    for line in (*plan.forward, *plan.backward):
        if line.name in plan.graph_outputs or line.name not in plan.definitions:
            known[line.name] = _active(line.expression, known, draws)
    return ~_any(draws.count, (is_zero(draws.columns[g]) & known[g] for g in plan.gradients))


def _any(count: int, masks: Iterable[Array]) -> Array:
    found = np.zeros(count, dtype=bool)
    for mask in masks:
        found |= np.asarray(mask).astype(bool)
    return found


def _gradients_differ(plan: Plan, draws: Draws, stage: str) -> Array:
    if stage != BACKWARD:
        return ~_any(draws.count, _factors_alike(plan, draws, stage))
    sizes = {g: _size(draws.columns[g]) for g in plan.gradients}
    dead = {g: is_zero(size) for g, size in sizes.items()}
    return ~_any(draws.count, (equal(sizes[g], sizes[h]) & ~dead[g] & ~dead[h] for g, h in plan.pairs))


def _factors_alike(plan: Plan, draws: Draws, stage: str) -> Iterator[Array]:
    """Where gradients must come out equal, told from the factors in which they differ, before any gradient is computed."""
    if plan.settings.stray_zeros:
        return
    for s, t in plan.early:
        if (
            stage == (FORWARD if {s, t} & plan.definitions else GIVEN)
            and s in draws.columns
            and (t or s) in draws.columns
        ):
            size = _size(draws.columns[s])
            other = _size(draws.columns[t]) if t is not None else program(S.One)({})
            yield equal(size, other) & ~is_zero(size)


def _size(one: Column) -> Column:
    return Column(abs(one.top), one.den, one.bound)


def _step(plan: Plan, draws: Draws, stage: str) -> Array:
    """After one step every pre-activation is on its side of the kink, and the loss is lower."""
    after = stepped(plan, draws)
    same = _all(draws.count, ((after.columns[z].top > 0) == (draws.columns[z].top > 0) for z in plan.kinked))
    new, old = after.columns[symbol(q.E)], draws.columns[symbol(q.E)]
    if new.inexact or old.inexact:
        return same & (floats(new) < floats(old))
    a, b = common(new, old)
    return same & (a < b).astype(bool)


def stepped(plan: Plan, draws: Draws) -> Draws:
    """The forward pass after the first step of the exercise's rule.

    Every rule's first step is the rate times a factor times the gradient (momentum starts at 0), but for Adam, whose first
    step is the rate with the gradient's sign, up to its epsilon.
    """
    update = plan.update
    assert update is not None and update.learning_rate is not None
    factor = {"nesterov": 1 + update.momentum, "momentum": 1 - update.momentum if update.form == "ema" else 1}
    rate = program(update.learning_rate * factor.get(update.rule, 1))({})
    columns = dict(draws.columns)
    for of in plan.stepped:
        name = symbol(of)
        g = draws.columns[symbol(gradient(of))]
        if update.rule == "adam":
            g = Column(np.sign(floats(g)))
        eta = Symbol("eta")
        columns[name] = program(name - eta * symbol(gradient(of)))(
            {name: draws.columns[name], eta: rate, symbol(gradient(of)): g}
        )
    after = Draws(draws.digits, columns)
    for line in plan.forward:
        columns[line.name] = program(line.expression)(columns)
    return after


# ---------------------------------------------------------------------- the table
CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "different weights",
        "the weights of a layer are not all equal",
        (GIVEN,),
        lambda p: not p.settings.equal_weights and p.settings.weights != "keep",
        _weights_differ,
        "equal_weights = true",
    ),
    Condition(
        "some bias",
        "not every bias is 0, so that every version asks the same",
        (GIVEN,),
        lambda p: isinstance(p.settings.biases, tuple) and bool(p.biases) and not p.solved,
        _some_bias,
        'biases = "off"',
    ),
    Condition(
        "both signs",
        "weights of both signs, and asked gradients of both signs",
        (GIVEN, BACKWARD),
        lambda p: not p.settings.one_sign,
        _both_signs,
        "one_sign = true",
    ),
    Condition("values exist", "every value exists", (FORWARD, BACKWARD), lambda p: not p.exact, _exists, "weights"),
    Condition(
        "distance from kinks",
        "pre-activations keep away from 0 at a ReLU",
        (FORWARD,),
        lambda p: p.settings.kink_distance is not False,
        _kinks,
        "kink_distance = false",
    ),
    Condition(
        "dead units",
        "so many inactive units in every ReLU layer of two or more",
        (FORWARD,),
        lambda p: p.settings.dead_units is not False,
        _dead,
        "dead_units = false",
    ),
    Condition(
        "error",
        "the output misses the target by an amount in range",
        (FORWARD,),
        lambda p: p.settings.error is not False,
        _error,
        "error = false or a wider one, or wider targets",
    ),
    Condition(
        "sigmoid range",
        "sigmoid and softmax outputs in range",
        (FORWARD,),
        lambda p: p.settings.sigmoid_range is not False,
        _sigmoid,
        "sigmoid_range = false, or smaller inputs and weights",
    ),
    Condition(
        "largest value",
        "no value and no gradient is larger",
        (FORWARD, BACKWARD),
        lambda p: p.settings.largest is not False,
        _largest,
        "largest = false or a larger one",
    ),
    Condition(
        "short numbers",
        "values have at most 2 decimals or a denominator up to 8",
        (FORWARD, BACKWARD),
        lambda p: p.exact and not p.settings.long_numbers,
        _short,
        "long_numbers = true",
    ),
    Condition(
        "no stray zero",
        "a gradient is 0 only because of a dead unit, or of an input or target of 0",
        (BACKWARD,),
        lambda p: not p.settings.stray_zeros,
        _no_stray_zero,
        "stray_zeros = true",
    ),
    Condition(
        "different gradients",
        "asked gradients differ in size unless they are equal for every choice of numbers",
        (GIVEN, FORWARD, BACKWARD),
        lambda p: not p.equal_gradients,
        _gradients_differ,
        "equal_gradients = true",
    ),
    Condition(
        "step",
        "one step lowers the loss and switches no ReLU",
        (BACKWARD,),
        lambda p: p.steps,
        _step,
        "failing_step = true, or a smaller learning rate",
    ),
)
#: Conditions on a version beside others: what they are called where they cannot be met.
LIKE_A, DISTINCT = "difficulty", "distinct answers"
RELAX = {row.name: row.relax for row in CONDITIONS} | {
    LIKE_A: "difficulty = false or a larger share",
    DISTINCT: 'distinct = "versions" or "off", wider inputs and weights, or fewer versions',
}


def applying(plan: Plan) -> tuple[Condition, ...]:
    """The rows that hold for a plan; without conditions only that values exist."""
    if not plan.settings.conditions:
        return tuple(row for row in CONDITIONS if row.name == "values exist" and row.applies(plan))
    return tuple(row for row in CONDITIONS if row.applies(plan))


class Tally:
    """How many draws reached each condition, stage by stage, and how many of them it rejected."""

    def __init__(self) -> None:
        self.draws = 0
        self.reached: dict[tuple[str, str], int] = {}
        self.kept: dict[tuple[str, str], int] = {}

    def note(self, name: str, stage: str, reached: int, kept: int) -> None:
        """One test of one condition."""
        self.reached[name, stage] = self.reached.get((name, stage), 0) + reached
        self.kept[name, stage] = self.kept.get((name, stage), 0) + kept

    @property
    def passed(self) -> dict[str, Fraction]:
        """The share that each condition lets through, over its stages; one draw more of each kind counted."""
        shares: dict[str, Fraction] = {}
        for (name, stage), reached in self.reached.items():
            shares[name] = shares.get(name, Fraction(1)) * Fraction(self.kept[name, stage] + 1, reached + 1)
        return shares

    @property
    def worst(self) -> str:
        """The condition that lets the smallest share through."""
        passed = self.passed
        return min(passed, key=lambda name: passed[name])


def survivors(plan: Plan, rows: tuple[Condition, ...], draws: Draws, tally: Tally) -> tuple[Draws, Array]:
    """The draws that pass every row, computed as far as the gradients, and their places among those given."""
    places = np.arange(draws.count)
    for stage in (GIVEN, FORWARD, BACKWARD):
        if stage == FORWARD:
            plan.run_forward(draws)
        elif stage == BACKWARD:
            plan.run_backward(draws)
        kept, reached = np.ones(draws.count, dtype=bool), draws.count
        for row in rows:
            if stage in row.stages and reached:
                kept &= row.test(plan, draws, stage)
                left = int(np.count_nonzero(kept))
                tally.note(row.name, stage, reached, left)
                reached = left
        if reached < draws.count:
            rows_kept = np.flatnonzero(kept)
            draws, places = draws.taken(rows_kept), places[rows_kept]
        if not draws.count:
            break
    return draws, places


__all__ = ["CONDITIONS", "DISTINCT", "LIKE_A", "RELAX", "Condition", "Tally", "applying", "inactive", "survivors"]
