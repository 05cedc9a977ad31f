"""What every edit is made of: the units of an exercise, and other right-hand sides for some of its quantities. No mistake yet.

A right-hand side reads upstream gradients and forward values by name, as the right one does, so that an edited derivation is
evaluated, printed and followed like any other.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter

from sympy import Add, Expr, Rational, S, Symbol

from symprop import quantity as q
from symprop.derive import Derivation, local_derivative
from symprop.exercise import Exercise
from symprop.graph import Graph, Node, activation, symbol
from symprop.quantity import Quantity, gradient
from symprop.solution import convention

Derivations = Mapping[Quantity, Derivation]
Edited = tuple[Graph, Derivations]
#: (graph, derivations, exercise) -> the edited two; None where the exercise has no place for the mistake.
Edit = Callable[[Graph, Derivations, Exercise], Edited | None]
#: The learning rate of mistakes that need one, where the exercise states none.
USUAL_RATE = Rational(1, 10)


# ---------------------------------------------------------------------- other right-hand sides
def with_rules(graph: Graph, derivations: Derivations, rules: Mapping[Quantity, Expr]) -> Edited | None:
    """The derivations with other right-hand sides, by target; None when every one is the right one."""
    changed = {target: rule for target, rule in rules.items() if rule != derivations[target].short}
    if not changed:
        return None
    edited = {t: replace(d, cancelled=changed[t]) if t in changed else d for t, d in derivations.items()}
    return graph, _in_order(edited)


def with_definitions(
    graph: Graph, derivations: Derivations, definitions: Mapping[Quantity, Expr], rules: Mapping[Quantity, Expr] = {}
) -> Edited | None:
    """The graph with other definitions (which keep the order of its nodes), and derivations with other rules."""
    if all(graph[of].definition == definition for of, definition in definitions.items()):
        return None
    nodes = tuple(replace(n, definition=definitions[n.id]) if n.id in definitions else n for n in graph)
    edited = with_rules(graph, derivations, rules)
    return Graph(nodes, graph.loss), edited[1] if edited else derivations


def _in_order(derivations: Derivations) -> Derivations:
    """Each derivation after those it reads: a mistake may read what the right order has later."""
    reads = {symbol(d.id): d.short.free_symbols for d in derivations.values()}
    seen: set[Symbol] = set()
    for name, read in reads.items():
        if any(s in reads and s not in seen for s in read):
            by_name = {symbol(d.id): d for d in derivations.values()}
            order = TopologicalSorter({n: [s for s in r if s in reads] for n, r in reads.items()}).static_order()
            return {by_name[n].target: by_name[n] for n in order}
        seen.add(name)
    return derivations


# ---------------------------------------------------------------------- places
def samples(exercise: Exercise) -> range:
    """Sample indices as ids carry them."""
    return exercise.sample_numbers


def units(exercise: Exercise, layer: int) -> range:
    """1 ... the width of a layer; layer 0 is the input."""
    return range(1, exercise.widths[layer] + 1)


def next_unit(exercise: Exercise, layer: int, j: int) -> int:
    """The neighbour of unit j, the first after the last."""
    return j % exercise.widths[layer] + 1


def hidden(exercise: Exercise) -> range:
    """The hidden layers' numbers."""
    return range(1, exercise.depth)


def outputs(exercise: Exercise) -> Iterator[tuple[int, int]]:
    """(k, n) of every output of every sample."""
    for n in samples(exercise):
        for k in units(exercise, exercise.depth):
            yield k, n


def units_of(exercise: Exercise, layers: range) -> Iterator[tuple[int, int, int]]:
    """(layer, j, n) of every unit of these layers in every sample."""
    for layer in layers:
        for n in samples(exercise):
            for j in units(exercise, layer):
                yield layer, j, n


def weights_of(exercise: Exercise, layers: range) -> Iterator[tuple[int, int, int]]:
    """(layer, i, j) of every weight of these layers."""
    for layer in layers:
        for i in units(exercise, layer - 1):
            for j in units(exercise, layer):
                yield layer, i, j


# ---------------------------------------------------------------------- symbols
def weight(layer: int, i: int, j: int) -> Symbol:
    """Weight from unit i of the layer before to unit j."""
    return symbol(q.W(layer, i, j))


def pre(layer: int, j: int, n: int) -> Symbol:
    """Pre-activation of a unit."""
    return symbol(q.z(layer, j, n))


def out(layer: int, j: int, n: int) -> Symbol:
    """Output of a unit; layer 0 is the input."""
    return symbol(q.a(layer, j, n))


def delta(layer: int, j: int, n: int) -> Symbol:
    """dE/dz."""
    return symbol(gradient(q.z(layer, j, n)))


def upstream(layer: int, j: int, n: int) -> Symbol:
    """dE/da."""
    return symbol(gradient(q.a(layer, j, n)))


# ---------------------------------------------------------------------- what the exercise states
def batch_factor(exercise: Exercise) -> Expr:
    """1/n where the loss is a mean over several samples."""
    return Rational(1, exercise.samples) if exercise.network.batch == "mean" else S.One


def rate(exercise: Exercise) -> Expr:
    """The learning rate: a symbol where the exercise has an update."""
    return symbol(Quantity("eta")) if exercise.update is not None else USUAL_RATE


def rate_given(exercise: Exercise) -> Expr | None:
    """The number of that symbol; the usual one where the update leaves it out. None without an update."""
    if exercise.update is None:
        return None
    return USUAL_RATE if exercise.update.learning_rate is None else exercise.update.learning_rate


def with_rate(edited: Edited | None, exercise: Exercise) -> Edited | None:
    """The same with the update's learning rate as a node, for rules that read it."""
    if edited is None or exercise.update is None:
        return edited
    graph, derivations = edited
    eta = Node(Quantity("eta"), "constant", given=rate_given(exercise))
    return Graph((eta, *graph.nodes), graph.loss), derivations


def is_linear(exercise: Exercise, layer: int) -> bool:
    """Whether the units of a layer hand their pre-activation on as it is."""
    z = symbol(Quantity("z"))
    return exercise.network.layers[layer - 1].activation.name != "softmax" and activation(exercise, layer, [z], 1) == z


def is_softmax(exercise: Exercise, layer: int) -> bool:
    """Whether the units of a layer read each other's pre-activations."""
    return exercise.network.layers[layer - 1].activation.name == "softmax"


def bends(exercise: Exercise, layer: int) -> bool:
    """Whether a layer has an activation other than the identity that works unit by unit."""
    return not is_softmax(exercise, layer) and not is_linear(exercise, layer)


def slope(exercise: Exercise, layer: int, at: Symbol, value: Symbol | None = None) -> Expr:
    """f'(at) of a layer's activation, under the exercise's convention; written with f(at) = `value` where that is given."""
    definition = activation(exercise, layer, [at], 1)
    node = Node(Quantity("a"), "activation", definition)
    names = {definition: value} if value is not None and not definition.is_Symbol else {}
    return local_derivative(node, at, names, convention(exercise))


def penalty_part(derivation: Derivation) -> Expr:
    """What the penalty adds to a weight's gradient."""
    return Add(*(term.local for term in derivation.terms if term.via == derivation.loss))


def data_part(derivation: Derivation) -> Expr:
    """A parameter's gradient without the penalty."""
    return derivation.expression - penalty_part(derivation)
