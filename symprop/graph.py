"""Exercise -> Graph: named scalars under canonical symbols, parents before children. Knows no derivative and no notation.

The graph itself knows nothing of layers: a shared bias is a node with several consumers, and a free circuit such as
(x + y) * z is built from nodes by hand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

from sympy import Add, Expr, Integer, Rational, S, Symbol

from symprop import functions
from symprop import quantity as q
from symprop.errors import ExerciseError
from symprop.exercise import YHAT, Exercise, Y, Z
from symprop.quantity import Quantity

Role = Literal[
    "input",
    "target",
    "weight",
    "bias",
    "constant",
    "pre-activation",
    "activation",
    "share",
    "penalty",
    "loss",
    "scalar",
]


@lru_cache(maxsize=65536)
def symbol(of: Quantity | str) -> Symbol:
    """The canonical real symbol of a quantity; its name is the id, so `Quantity.parse(symbol.name)` goes back."""
    return Symbol(str(of), real=True)


#: Variables of formulas, which stand for no quantity of their own: any pre-activation, output, target.
_VARIABLES = {"z": Quantity("z"), "yhat": Quantity("a"), "y": Quantity("y")}


def quantity_of(sign: Symbol) -> Quantity:
    """The quantity that a canonical symbol (or a formula's variable) stands for."""
    return _VARIABLES.get(sign.name) or Quantity.parse(sign.name)


@dataclass(frozen=True, slots=True)
class Node:
    """A named scalar.

    `definition` says it in the symbols of its parents (None for a leaf), `given` is a leaf's exact number (None when left out).
    """

    id: Quantity
    role: Role
    definition: Expr | None = None
    given: Expr | None = None

    @property
    def symbol(self) -> Symbol:
        return symbol(self.id)


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which parents stand before children; `loss` names the scalar that is differentiated."""

    nodes: tuple[Node, ...]
    loss: Quantity = q.E

    def __post_init__(self) -> None:
        seen: set[Symbol] = set()
        for node in self.nodes:
            if node.definition is not None and (unknown := node.definition.free_symbols - seen):
                raise ValueError(
                    f"{node.id} is defined by {sorted(map(str, unknown))[0]}, which does not stand before it"
                )
            seen.add(node.symbol)

    @cached_property
    def _by_id(self) -> dict[Quantity, Node]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def _by_symbol(self) -> dict[Symbol, Node]:
        return {node.symbol: node for node in self.nodes}

    @cached_property
    def _consumers(self) -> dict[Quantity, tuple[Node, ...]]:
        found: dict[Quantity, list[Node]] = {node.id: [] for node in self.nodes}
        for node in self.nodes:
            for parent in self.parents(node):
                found[parent.id].append(node)
        return {key: tuple(value) for key, value in found.items()}

    def __getitem__(self, of: Quantity) -> Node:
        return self._by_id[of]

    def __contains__(self, of: object) -> bool:
        return of in self._by_id

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def of(self, sign: Symbol) -> Node:
        """The node whose symbol this is."""
        return self._by_symbol[sign]

    def parents(self, node: Node) -> tuple[Node, ...]:
        """The nodes a definition reads, in graph order of their ids' first use."""
        if node.definition is None:
            return ()
        return tuple(
            sorted((self._by_symbol[s] for s in node.definition.free_symbols), key=lambda n: self._position[n.id])
        )

    @cached_property
    def _position(self) -> dict[Quantity, int]:
        return {node.id: i for i, node in enumerate(self.nodes)}

    def consumers(self, of: Quantity) -> tuple[Node, ...]:
        """The nodes whose definition reads `of`."""
        return self._consumers[of]

    @cached_property
    def reaching(self) -> frozenset[Quantity]:
        """The ids on some path to the loss, the loss included."""
        found = {self.loss}
        for node in reversed(self.nodes):
            if node.id in found:
                found.update(parent.id for parent in self.parents(node))
        return frozenset(found)

    def inlined(self, roles: Iterable[Role]) -> "Graph":
        """The same graph with nodes of these roles written out wherever they are read; they stay as ends of their own."""
        wanted = set(roles)
        written: dict[Symbol, Expr] = {}
        nodes = []
        for node in self.nodes:
            definition = node.definition
            if (
                definition is not None
                and written
                and (inner := {s: written[s] for s in definition.free_symbols if s in written})
            ):
                definition = definition.xreplace(inner)
                node = replace(node, definition=definition)
            if node.role in wanted and definition is not None:
                written[node.symbol] = definition
            nodes.append(node)
        return Graph(tuple(nodes), self.loss)


def build(exercise: Exercise) -> Graph:
    """The exercise's network, sample by sample, up to the loss E with batch reduction and penalty.

    Several outputs give nodes E[k] (with several samples E[k]@n), several samples give E@n; E is their sum or mean, plus the
    penalty R. Raises ExerciseError for an activation whose gradient is refused.
    """
    nodes: list[Node] = []
    for n in exercise.sample_numbers:
        nodes += (_leaf(exercise, q.x(i, n), "input") for i in range(1, exercise.widths[0] + 1))
        if exercise.has_targets:
            nodes += (_leaf(exercise, q.y(k, n), "target") for k in range(1, exercise.widths[-1] + 1))
    nodes += (_leaf(exercise, p, "weight" if p.name == "W" else "bias") for p in exercise.parameter_ids())
    for n in exercise.sample_numbers:
        for layer in range(1, exercise.depth + 1):
            nodes += _layer(exercise, layer, n)
    nodes += _loss(exercise)
    return Graph(tuple(nodes))


def _leaf(exercise: Exercise, of: Quantity, role: Role) -> Node:
    return Node(of, role, given=exercise.given(of))


def _layer(exercise: Exercise, layer: int, n: int) -> Iterator[Node]:
    widths, network = exercise.widths, exercise.network
    units = range(1, widths[layer] + 1)
    for j in units:
        terms = [symbol(q.W(layer, i, j)) * symbol(q.a(layer - 1, i, n)) for i in range(1, widths[layer - 1] + 1)]
        if network.biases:
            terms.append(symbol(q.b(layer, None if network.biases == "shared" else j)))
        yield Node(q.z(layer, j, n), "pre-activation", Add(*terms))
    z = [symbol(q.z(layer, j, n)) for j in units]
    for j in units:
        yield Node(q.a(layer, j, n), "activation", activation(exercise, layer, z, j))


def activation(exercise: Exercise, layer: int, z: list[Symbol], j: int) -> Expr:
    """Unit j's activation as an expression in its layer's pre-activations."""
    spec = exercise.network.layers[layer - 1].activation
    if spec.formula is not None:
        return spec.expression.xreplace({Z: z[j - 1]})
    if spec.name == "softmax":
        return functions.softmax(Integer(j), *z)
    if spec.approximate == "tanh":
        return functions.gelu_tanh(z[j - 1])
    return functions.ACTIVATIONS[spec.name].value(z[j - 1], **spec.parameters)


def share(exercise: Exercise, k: int, n: int) -> Expr:
    """What output k of sample n contributes to the loss, unreduced."""
    network, K = exercise.network, exercise.widths[-1]
    a, y = symbol(q.a(exercise.depth, k, n)), symbol(q.y(k, n))
    row = functions.LOSSES.get(network.loss)
    if row is None:
        return network.loss_formula.xreplace({YHAT: a, Y: y})
    if row.targets == "count" and exercise.given(q.y(k, n)) == 0:
        return a  # y ln(y/yhat) is 0 at y = 0, but its terms have no value there
    return row.share(a, y, K)


def _loss(exercise: Exercise) -> Iterator[Node]:
    K, samples = exercise.widths[-1], exercise.sample_numbers
    outputs = range(1, K + 1)
    totals: list[Expr] = []
    for n in samples:
        parts: list[Expr] = []
        for k in outputs:
            part = share(exercise, k, n)
            if K > 1:
                yield Node(q.share(k, n), "share", part)
                part = symbol(q.share(k, n))
            parts.append(part)
        total = Add(*parts)
        if n or exercise.network.penalty:
            yield Node(q.share(0, n or 1), "share", total)
            total = symbol(q.share(0, n or 1))
        totals.append(total)
    factor = Rational(1, exercise.samples) if exercise.network.batch == "mean" else S.One
    if exercise.samples > 1:
        for k in outputs:
            yield Node(q.share(k), "share", Add(*(factor * symbol(q.share(k if K > 1 else 0, n)) for n in samples)))
    loss = Add(*(factor * total for total in totals))
    penalty = exercise.network.penalty
    if penalty is not None:
        yield Node(Quantity("alpha"), "constant", given=penalty.l2)
        squares = Add(*(symbol(p) ** 2 for p in exercise.parameter_ids() if p.name == "W"))
        scale = {"sklearn": Rational(1, 2 * exercise.samples), "half": Rational(1, 2), "plain": S.One}[penalty.scale]
        yield Node(Quantity("R"), "penalty", scale * symbol(Quantity("alpha")) * squares)
        loss += symbol(Quantity("R"))
    yield Node(q.E, "loss", loss)


def check_gradients_exist(exercise: Exercise) -> None:
    """Raises ExerciseError where a gradient would have to pass a step activation."""
    for i, layer in enumerate(exercise.network.layers):
        if layer.activation.name == "step":
            raise ExerciseError(
                "the step function has no useful derivative, so no gradient passes through it",
                key=f"network.layers[{i}].activation",
                where=exercise.name,
                hint="use logistic or tanh instead",
            )
