"""Mistakes at the parameters: what enters through a weight, the batch, the penalty, and what is reported."""

from collections.abc import Callable

from sympy import Add, Expr, Integer, S

from symprop import quantity as q
from symprop.exercise import Exercise
from symprop.graph import Graph, symbol
from symprop.misconceptions.editing import (
    Derivations,
    Edit,
    Edited,
    data_part,
    delta,
    hidden,
    next_unit,
    out,
    outputs,
    penalty_part,
    pre,
    rate,
    samples,
    units,
    weight,
    weights_of,
    with_rate,
    with_rules,
)
from symprop.quantity import Quantity

#: (exercise, layer, i, j, n) -> what stands for the value that enters through weight i, j.
Input = Callable[[Exercise, int, int, int, int], Expr]


# ---------------------------------------------------------------------- dE/dW_ij = sum over samples of delta_j a_i
def _first(exercise: Exercise) -> range:
    return range(1, 2)


def _later(exercise: Exercise) -> range:
    return range(2, exercise.depth + 1)


def _hidden_or_only(exercise: Exercise) -> range:
    return hidden(exercise) if exercise.depth > 1 else range(1, 2)


def _inputs(layers: Callable[[Exercise], range], value: Input) -> Edit:
    """The edit that puts `value` for the value that enters through each weight of these layers; the penalty stays."""

    def edit(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
        rules = {}
        for layer, i, j in weights_of(exercise, layers(exercise)):
            target = q.W(layer, i, j)
            data = Add(*(delta(layer, j, n) * value(exercise, layer, i, j, n) for n in samples(exercise)))
            rules[target] = data + penalty_part(derivations[target])
        return with_rules(graph, derivations, rules)

    return edit


def _neighbour(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    return out(layer - 1, next_unit(exercise, layer - 1, i), n)


def _sum(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    return Add(*(out(layer - 1, other, n) for other in units(exercise, layer - 1)))


def _network_input(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    """The input of the same number, or the last one."""
    return out(0, min(i, exercise.widths[0]), n)


later_weight_for_input = _inputs(_later, lambda e, layer, i, j, n: weight(layer, i, j))
pre_activation_for_input = _inputs(_later, lambda e, layer, i, j, n: pre(layer - 1, i, n))
network_input_for_output = _inputs(_later, _network_input)
without_hidden_output = _inputs(_later, lambda e, layer, i, j, n: S.One)
neighbours_output = _inputs(_later, _neighbour)
sum_of_outputs = _inputs(_later, _sum)
first_weight_for_input = _inputs(_first, lambda e, layer, i, j, n: weight(layer, i, j))
own_output_for_input = _inputs(_hidden_or_only, lambda e, layer, i, j, n: out(layer, j, n))
own_pre_activation_for_input = _inputs(_hidden_or_only, lambda e, layer, i, j, n: pre(layer, j, n))
without_network_input = _inputs(_first, lambda e, layer, i, j, n: S.One)
neighbours_input = _inputs(_first, _neighbour)


def outer_delta(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dW of a hidden layer = sum of the next layer's deltas * input: its own delta is left out."""
    rules = {}
    for layer, i, j in weights_of(exercise, hidden(exercise)):
        target = q.W(layer, i, j)
        deltas = [
            delta(layer + 1, k, n) * out(layer - 1, i, n) for n in samples(exercise) for k in units(exercise, layer + 1)
        ]
        rules[target] = Add(*deltas) + penalty_part(derivations[target])
    return with_rules(graph, derivations, rules)


def bias_times_input(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/db = delta * (sum of what enters the unit): a bias treated as a weight."""
    rules: dict[Quantity, Expr] = {}
    for layer in range(1, exercise.depth + 1):
        for bias in exercise.bias_ids(layer):
            rules[bias] = Add(
                *(
                    delta(layer, j, n) * Add(*(out(layer - 1, i, n) for i in units(exercise, layer - 1)))
                    for n in samples(exercise)
                    for j in (bias.index or units(exercise, layer))
                )
            )
    return with_rules(graph, derivations, rules)


# ---------------------------------------------------------------------- batch
def _penalty_over_samples(exercise: Exercise) -> Expr:
    """What takes the 1/n out of the penalty: n in scikit-learn's scale, where it is divided with the rest."""
    penalty = exercise.network.penalty
    return Integer(exercise.samples) if penalty is not None and penalty.scale == "sklearn" else S.One


def without_mean(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """The samples' gradients added up, not divided by their number; the loss itself stays a mean."""
    if exercise.samples == 1 or exercise.network.batch != "mean":
        return None
    n_samples = Integer(exercise.samples)
    rules: dict[Quantity, Expr] = {}
    for k, n in outputs(exercise):
        a, z = q.a(exercise.depth, k, n), q.z(exercise.depth, k, n)
        rules[a] = n_samples * derivations[a].short
        if derivations[z].cancelled is not None:
            rules[z] = n_samples * derivations[z].short
    if exercise.network.penalty is not None:
        rules |= _penalty_times(_penalty_over_samples(exercise), derivations, exercise)
    return with_rules(graph, derivations, rules)


def one_sample(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """Every parameter's gradient from the first sample alone, as if it were the only one."""
    if exercise.samples == 1:
        return None
    whole = Integer(exercise.samples) if exercise.network.batch == "mean" else S.One
    rules: dict[Quantity, Expr] = {}
    for target in exercise.parameter_ids():
        derivation = derivations[target]
        data = [derivation.upstream(t) * t.local for t in derivation.terms if t.via.sample == 1]
        rules[target] = whole * Add(*data) + _penalty_over_samples(exercise) * penalty_part(derivation)
    return with_rules(graph, derivations, rules)


# ---------------------------------------------------------------------- penalty
def _penalty_times(factor: Expr, derivations: Derivations, exercise: Exercise) -> dict[Quantity, Expr]:
    return {
        target: data_part(derivations[target]) + factor * penalty_part(derivations[target])
        for target in exercise.parameter_ids()
        if target.name == "W"
    }


def penalty_times(factor: Expr) -> Edit:
    """The penalty's part of each weight's gradient times a number: 0 forgets it, 2 doubles it."""

    def edit(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
        if exercise.network.penalty is None:
            return None
        return with_rules(graph, derivations, _penalty_times(factor, derivations, exercise))

    return edit


def penalty_on_biases(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/db with alpha b, as if the penalty held the biases too."""
    if exercise.network.penalty is None or not exercise.network.biases:
        return None
    some = q.W(1, 1, 1)
    pattern = penalty_part(derivations[some])
    rules = {
        bias: derivations[bias].short + pattern.xreplace({symbol(some): symbol(bias)})
        for layer in range(1, exercise.depth + 1)
        for bias in exercise.bias_ids(layer)
    }
    return with_rules(graph, derivations, rules)


# ---------------------------------------------------------------------- what is reported
def new_weight_for_gradient(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """w - eta g where g is asked."""
    rules = {
        target: symbol(target) - rate(exercise) * derivations[target].short
        for target in exercise.parameter_ids()
        if target.name == "W"
    }
    return with_rate(with_rules(graph, derivations, rules), exercise)
