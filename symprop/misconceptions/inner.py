"""Mistakes inside the net: the way back through the weights, and the activation's derivative."""

from collections.abc import Callable, Iterator

from sympy import Add, Expr, S

from symprop import quantity as q
from symprop.derive import Derivation
from symprop.exercise import Exercise
from symprop.functions import CONVENTIONAL, leaky_relu, leaky_relu_prime, logistic, relu, step
from symprop.graph import Graph, activation, symbol
from symprop.misconceptions.editing import (
    Derivations,
    Edit,
    Edited,
    batch_factor,
    bends,
    delta,
    hidden,
    next_unit,
    out,
    pre,
    rate,
    slope,
    units,
    units_of,
    upstream,
    weight,
    with_rate,
    with_rules,
)
from symprop.quantity import Quantity, gradient
from symprop.solution import convention

#: (exercise, layer, i, n) -> the right-hand side of dE/da of hidden unit i; None where the mistake has no place.
Rule = Callable[[Exercise, int, int, int], Expr | None]


# ---------------------------------------------------------------------- dE/da = sum over j of delta_j W_ij
def _back(rule: Rule, applies: Callable[[Exercise], bool] = lambda e: True) -> Edit:
    """The edit that gives every hidden output's gradient this right-hand side."""

    def edit(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
        if not applies(exercise):
            return None
        found = {q.a(layer, i, n): rule(exercise, layer, i, n) for layer, i, n in units_of(exercise, hidden(exercise))}
        rules = {of: rule for of, rule in found.items() if rule is not None}
        return with_rate(with_rules(graph, derivations, rules), exercise)

    return edit


def _paths(factor: Callable[[Exercise, int, int, int, int], Expr | None]) -> Rule:
    """sum over j of delta_j * factor(exercise, layer, i, j, n), `layer` that of i."""

    def rule(exercise: Exercise, layer: int, i: int, n: int) -> Expr | None:
        terms = [(delta(layer + 1, j, n), factor(exercise, layer, i, j, n)) for j in units(exercise, layer + 1)]
        return None if any(f is None for _, f in terms) else Add(*(d * f for d, f in terms))

    return rule


def _incoming(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    """The weight through which unit i is reached from unit j of the layer before, or from its last unit."""
    return weight(layer, min(j, exercise.widths[layer - 1]), i)


def _transposed(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr | None:
    square = exercise.widths[layer] == exercise.widths[layer + 1]
    return weight(layer + 1, j, i) if square else None


def _swapped(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    return weight(layer + 1, next_unit(exercise, layer, i), j)


def _column_sum(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr | None:
    return Add(*(weight(layer + 1, other, j) for other in units(exercise, layer)))


def _new_weight(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    """The weight after this sample's own step, its loss taken alone: w - eta * (n dE/dz) * a."""
    own = delta(layer + 1, j, n) / batch_factor(exercise) * out(layer, i, n)
    return weight(layer + 1, i, j) - rate(exercise) * own


def _weight_after_batch(exercise: Exercise, layer: int, i: int, j: int, n: int) -> Expr:
    return weight(layer + 1, i, j) - rate(exercise) * symbol(gradient(q.W(layer + 1, i, j)))


def _mean(exercise: Exercise, layer: int, i: int, n: int) -> Expr | None:
    """Over the paths; where there is one path only, over the units of the layer."""
    count = exercise.widths[layer + 1] if exercise.widths[layer + 1] > 1 else exercise.widths[layer]
    return Add(*(delta(layer + 1, j, n) * weight(layer + 1, i, j) for j in units(exercise, layer + 1))) / count


def _added(exercise: Exercise, layer: int, i: int, n: int) -> Expr:
    """delta + w for delta * w, in each sample; the batch factor, which delta holds, stays outside."""
    factor = batch_factor(exercise)
    return Add(*(delta(layer + 1, j, n) + factor * weight(layer + 1, i, j) for j in units(exercise, layer + 1)))


def _first_path(exercise: Exercise, layer: int, i: int, n: int) -> Expr | None:
    return delta(layer + 1, 1, n) * weight(layer + 1, i, 1) if exercise.widths[layer + 1] > 1 else None


updated_weights = _back(_paths(_new_weight))
weights_after_batch = _back(
    _paths(_weight_after_batch), lambda e: e.samples > 1 or e.network.penalty is not None
)  # else it is the same method as `updated_weights`
without_weight = _back(_paths(lambda e, layer, i, j, n: S.One))
incoming_weight = _back(_paths(_incoming))
transposed_weights = _back(_paths(_transposed))
swapped_weights = _back(_paths(_swapped))
wrong_axis = _back(_paths(_column_sum))
mean_over_paths = _back(_mean)
added = _back(_added)
output_for_weight = _back(_paths(lambda e, layer, i, j, n: out(layer, i, n)))
one_path = _back(_first_path)


# ---------------------------------------------------------------------- dE/dz = dE/da f'(z)
def _bent(derivations: Derivations, exercise: Exercise) -> Iterator[tuple[int, int, int, Derivation]]:
    """(layer, j, n, derivation) of every dE/dz with a factor f'(z) of its own unit that did not cancel."""
    for layer, j, n in units_of(exercise, range(1, exercise.depth + 1)):
        derivation = derivations[q.z(layer, j, n)]
        if bends(exercise, layer) and derivation.cancelled is None:
            yield layer, j, n, derivation


def _slopes(factor: Callable[[Exercise, int, int, int], Expr | None]) -> Edit:
    """dE/dz = dE/da * factor(exercise, layer, j, n) in every unit where the factor is not None."""

    def edit(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
        rules: dict[Quantity, Expr] = {}
        for layer, j, n, derivation in _bent(derivations, exercise):
            wrong = factor(exercise, layer, j, n)
            if wrong is not None:
                rules[derivation.target] = upstream(layer, j, n) * wrong
        return with_rules(graph, derivations, rules)

    return edit


def without_derivative(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dz = dE/da, through a softmax too."""
    rules: dict[Quantity, Expr] = {}
    for layer, j, n in units_of(exercise, range(1, exercise.depth + 1)):
        if derivations[q.z(layer, j, n)].cancelled is None:
            rules[q.z(layer, j, n)] = upstream(layer, j, n)
    return with_rules(graph, derivations, rules)


def _form(exercise: Exercise, layer: int, j: int, n: int) -> Expr:
    return activation(exercise, layer, [pre(layer, j, n)], 1)


def _at_output(exercise: Exercise, layer: int, j: int, n: int) -> Expr | None:
    """f'(a): no mistake where a has the sign of z, or is 0 where the derivative is."""
    form = _form(exercise, layer, j, n)
    if isinstance(form, leaky_relu) or (isinstance(form, relu) and convention(exercise) == 0):
        return None
    return slope(exercise, layer, out(layer, j, n))


def _sigmoid_slope(exercise: Exercise, layer: int, j: int, n: int) -> Expr | None:
    a = out(layer, j, n)
    return None if isinstance(_form(exercise, layer, j, n), logistic) else a * (1 - a)


def _other_at_kink(exercise: Exercise, layer: int, j: int, n: int) -> Expr | None:
    right = slope(exercise, layer, pre(layer, j, n), out(layer, j, n))
    other = S.One if convention(exercise) != 1 else S.Zero
    wrong = right
    for prime in right.atoms(*CONVENTIONAL):
        parameters = prime.args[1:] if convention(exercise) == 0 else prime.args[1:-1]
        if prime.branch(0, S.Zero, *parameters, other) != prime.branch(0, S.Zero, *prime.args[1:]):
            wrong = wrong.xreplace({prime: prime.func(prime.args[0], *parameters, other)})
    return None if wrong == right else wrong


def _neighbours_slope(exercise: Exercise, layer: int, j: int, n: int) -> Expr:
    other = next_unit(exercise, layer, j)
    return slope(exercise, layer, pre(layer, other, n), out(layer, other, n))


def _mask(exercise: Exercise, layer: int, j: int, n: int, by: Expr) -> Expr | None:
    """The derivative of a ReLU or leaky ReLU with its side read off `by`."""
    form = _form(exercise, layer, j, n)
    if isinstance(form, relu):
        return step(by)
    return leaky_relu_prime(by, form.args[1]) if isinstance(form, leaky_relu) else None


derivative_at_output = _slopes(_at_output)
activation_for_derivative = _slopes(lambda e, layer, j, n: out(layer, j, n))
sigmoid_derivative = _slopes(_sigmoid_slope)
other_derivative_at_kink = _slopes(_other_at_kink)
pre_activation_for_derivative = _slopes(lambda e, layer, j, n: pre(layer, j, n))
swapped_derivatives = _slopes(_neighbours_slope)
mask_by_gradient = _slopes(lambda e, layer, j, n: _mask(e, layer, j, n, upstream(layer, j, n)))
mask_by_weight = _slopes(lambda e, layer, j, n: _mask(e, layer, j, n, weight(layer, 1, j)))


def skipped_layer(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dz of a hidden unit = sum over the next units' dE/dz: neither weight nor activation."""
    rules = {
        q.z(layer, j, n): Add(*(delta(layer + 1, k, n) for k in units(exercise, layer + 1)))
        for layer, j, n in units_of(exercise, hidden(exercise))
    }
    return with_rules(graph, derivations, rules)
