"""Mistakes at the output: the loss's own derivative, the activation of the output, and the forward pass."""

from sympy import Expr, S, expand

from symprop import quantity as q
from symprop.exercise import Exercise
from symprop.graph import Graph, activation, share, symbol
from symprop.misconceptions.editing import (
    Derivations,
    Edit,
    Edited,
    batch_factor,
    bends,
    hidden,
    is_linear,
    out,
    outputs,
    pre,
    slope,
    units_of,
    upstream,
    with_definitions,
    with_rules,
)
from symprop.quantity import Quantity


# ---------------------------------------------------------------------- the loss's derivative
def squares(exercise: Exercise) -> bool:
    """Whether an output's share of the loss is a constant times (yhat - y)^2."""
    a, y = symbol(q.a(exercise.depth, 1)), symbol(q.y(1))
    slope = expand(share(exercise, 1, exercise.sample_numbers[0]).xreplace(_plain(exercise)).diff(a))
    coefficient = slope.coeff(a)
    return bool(coefficient.is_Rational and coefficient != 0 and expand(slope - coefficient * (a - y)) == 0)


def _plain(exercise: Exercise) -> dict[Expr, Expr]:
    n = exercise.sample_numbers[0]
    return {symbol(q.a(exercise.depth, 1, n)): symbol(q.a(exercise.depth, 1)), symbol(q.y(1, n)): symbol(q.y(1))}


def scaled(factor: Expr) -> Edit:
    """dE/dyhat = factor * the right one, for squared errors."""

    def edit(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
        if not squares(exercise):
            return None
        targets = [q.a(exercise.depth, k, n) for k, n in outputs(exercise)]
        return with_rules(graph, derivations, {t: factor * derivations[t].short for t in targets})

    return edit


def reversed_difference(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dyhat with the other sign: y - yhat."""
    if not exercise.has_targets:
        return None
    rules = {}
    for k, n in outputs(exercise):
        for target in (q.a(exercise.depth, k, n), q.z(exercise.depth, k, n)):
            derivation = derivations[target]
            if target.name == "a" or derivation.cancelled is not None:
                rules[target] = -derivation.short
    return with_rules(graph, derivations, rules)


def without_target(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """yhat for yhat - y: y is 0 in dE/dyhat, or in the cancelled dE/dz where there is one."""
    if not exercise.has_targets:
        return None
    rules = {}
    for k, n in outputs(exercise):
        target = q.z(exercise.depth, k, n)
        if derivations[target].cancelled is None:
            target = q.a(exercise.depth, k, n)
        right = derivations[target].short
        rule = right.xreplace({s: S.Zero for s in right.free_symbols if graph.of(s).role == "target"})
        if rule.is_number:
            return None
        rules[target] = rule
    return with_rules(graph, derivations, rules)


def loss_for_gradient(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dyhat = E, output by output and sample by sample."""
    if not exercise.has_targets:
        return None
    rules: dict[Quantity, Expr] = {}
    for k, n in outputs(exercise):
        a, z = q.a(exercise.depth, k, n), q.z(exercise.depth, k, n)
        rules[a] = batch_factor(exercise) * symbol(_own_loss(graph, exercise, k, n))
        if derivations[z].cancelled is not None:
            rules[z] = derivations[z].expression  # nothing cancels any more
    return with_rules(graph, derivations, rules)


def _own_loss(graph: Graph, exercise: Exercise, k: int, n: int) -> Quantity:
    if exercise.widths[-1] > 1:
        return q.share(k, n)
    return q.share(0, n or 1) if q.share(0, n or 1) in graph else q.E


def kept_square(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dyhat = (yhat - y)^2 for yhat - y: the power came down and stayed."""
    if not squares(exercise):
        return None
    rules = {}
    for k, n in outputs(exercise):
        a = q.a(exercise.depth, k, n)
        rules[a] = derivations[a].short * (symbol(a) - symbol(q.y(k, n)))
    return with_rules(graph, derivations, rules)


# ---------------------------------------------------------------------- the output's activation
def _errors(derivations: Derivations, exercise: Exercise) -> dict[tuple[int, int], Expr]:
    """dE/dz of each output where no derivative of an activation belongs into it: linear, or cancelled."""
    found = {}
    for k, n in outputs(exercise):
        derivation = derivations[q.z(exercise.depth, k, n)]
        if derivation.cancelled is not None or is_linear(exercise, exercise.depth):
            found[k, n] = derivation.short
    return found


def sigmoid_derivative_kept(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dz = error * yhat (1 - yhat), where the output is linear or where that factor had cancelled."""
    rules = {}
    for (k, n), error in _errors(derivations, exercise).items():
        a = out(exercise.depth, k, n)
        rules[q.z(exercise.depth, k, n)] = error * a * (1 - a)
    return with_rules(graph, derivations, rules)


def times_output(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dz = error * yhat."""
    rules = {
        q.z(exercise.depth, k, n): error * out(exercise.depth, k, n)
        for (k, n), error in _errors(derivations, exercise).items()
    }
    return with_rules(graph, derivations, rules)


def _hidden_activation_fits(exercise: Exercise) -> bool:
    """Whether the output is linear and the layer before it has an activation that could be put on it."""
    return exercise.depth > 1 and is_linear(exercise, exercise.depth) and bends(exercise, exercise.depth - 1)


def hidden_derivative_on_output(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """dE/dz = dE/dyhat * f'(z) with the hidden layer's f, though the output is linear."""
    if not _hidden_activation_fits(exercise):
        return None
    L = exercise.depth
    rules = {q.z(L, k, n): upstream(L, k, n) * slope(exercise, L - 1, pre(L, k, n)) for k, n in outputs(exercise)}
    return with_rules(graph, derivations, rules)


def hidden_activation_on_output(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """yhat = f(z) with the hidden layer's f on a linear output, forwards only."""
    if not _hidden_activation_fits(exercise):
        return None
    L = exercise.depth
    return with_definitions(
        graph, derivations, {q.a(L, k, n): activation(exercise, L - 1, [pre(L, k, n)], 1) for k, n in outputs(exercise)}
    )


def hidden_activation_throughout(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """yhat = f(z) and dE/dz = dE/dyhat * f'(z): a linear output treated as a hidden unit, both ways."""
    if not _hidden_activation_fits(exercise):
        return None
    L = exercise.depth
    definitions, rules = {}, {}
    for k, n in outputs(exercise):
        z = pre(L, k, n)
        definitions[q.a(L, k, n)] = activation(exercise, L - 1, [z], 1)
        rules[q.z(L, k, n)] = upstream(L, k, n) * slope(exercise, L - 1, z, out(L, k, n))
    return with_definitions(graph, derivations, definitions, rules)


# ---------------------------------------------------------------------- the forward pass
def without_bias(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """z = sum of w a: no bias anywhere."""
    biases = {node.symbol: S.Zero for node in graph if node.role == "bias"}
    definitions = {
        node.id: node.definition.xreplace(biases)
        for node in graph
        if node.role == "pre-activation" and node.definition is not None
    }
    return with_definitions(graph, derivations, definitions)


def without_activation(graph: Graph, derivations: Derivations, exercise: Exercise) -> Edited | None:
    """a = z in every hidden unit (in a net without hidden layer, at the output); derivatives as they were."""
    layers = hidden(exercise) if exercise.depth > 1 else range(1, 2)
    return with_definitions(
        graph, derivations, {q.a(layer, j, n): pre(layer, j, n) for layer, j, n in units_of(exercise, layers)}
    )
