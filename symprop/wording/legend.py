"""Page and its other blocks -> the table of the notation used: every kind of sign that stands on the page, by an example.

Looks at what the blocks hold, so that it names neither more nor less. A row fits half the width of the text.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from sympy import Expr, Symbol
from sympy.matrices.expressions import MatrixExpr, MatrixSymbol, Transpose

from symprop import quantity as q
from symprop.document import Block, Heading, Mark, Math, Prose, Row, Table, Text
from symprop.graph import quantity_of, symbol
from symprop.layers import Op, op
from symprop.notation import Name
from symprop.quantity import Quantity
from symprop.wording.page import Page

Entry = tuple[Text, Text]
#: Characters of a meaning that fit half a line.
ROW = 46

_CONSTANTS = {
    "R": "penalty",
    "alpha": "strength of the penalty",
    "eta": "learning rate",
    "mu": "momentum",
    "beta": "share of the old velocity",
    "beta1": "share of the old first moment",
    "beta2": "share of the old second moment",
    "epsilon": "keeps the root off 0",
}
_MOMENTS = {"velocity": "velocity of ", "m": "first moment of ", "v": "second moment of "}
_WHOLES = {"x": "inputs", "y": "targets", "z": "pre-activations", "a": "activations", "W": "weights", "b": "biases"}


@dataclass
class Used:
    """What stands on a page: quantities by themselves, whole matrices, transposed ones, operations, bare names; and the chain-rule sign."""

    scalars: set[Quantity] = field(default_factory=set)
    wholes: set[Quantity] = field(default_factory=set)
    transposed: set[Quantity] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    names: set[Name] = field(default_factory=set)
    marked: bool = False

    def read(self, form: Any) -> None:
        """Take in whatever a block holds."""
        if isinstance(form, Symbol):
            self.scalars.add(quantity_of(form))
        elif isinstance(form, Transpose):
            self.transposed.add(Quantity.parse(form.arg.name))
            self.read(form.arg)
        elif isinstance(form, MatrixSymbol):
            whole = Quantity.parse(form.name)
            self.wholes |= {whole} if whole.wrt is None else {whole, whole.wrt}
        elif isinstance(form, Expr | MatrixExpr):
            for each in form.free_symbols:
                self.read(each)
        elif isinstance(form, Name):
            self.names.add(form)
        elif isinstance(form, Mark):
            self.marked = True
        elif isinstance(form, tuple | list):
            for each in form:
                self.read(each)
        elif is_dataclass(form) and not isinstance(form, Quantity):
            self.marked |= isinstance(form, Row) and form.chain_rule
            self.operations |= {form.name} if isinstance(form, Op) else set()
            # of a formula with numbers put in, the letters stand on the page in the form before it
            names = ("form",) if isinstance(form, Math) else tuple(f.name for f in fields(form))
            for name in names:
                if not (isinstance(form, Math) and form.numbers is not None):
                    self.read(getattr(form, name))

    def plain(self, name: str) -> list[Quantity]:
        """The scalars of one name, by themselves or in a derivative, without the states of an update."""
        found = {of for of in self.scalars if of.wrt is None} | {
            part for of in self.scalars if of.wrt is not None for part in (_top(of), of.wrt)
        }
        return sorted({of.base for of in found if of.name == name}, key=lambda of: (of.layer, of.index, of.sample))

    def states(self, state: str) -> list[Quantity]:
        """The quantities that stand in one state of an update."""
        return sorted((of.base for of in self.scalars if of.state == state), key=str)


def _top(of: Quantity) -> Quantity:
    return Quantity(of.name, of.layer, of.index, of.sample)


def legend(page: Page, blocks: Iterable[Block]) -> Iterator[Block]:
    """The heading and the table, two signs a row, for the other `blocks` of the page."""
    if page.detail == "answers":
        return
    used = Used()
    used.read(tuple(blocks))
    entries = _paired([*_scalars(page, used), *_update(used), *_matrices(page, used)])
    if used.marked:
        entries.append(((Mark(),), ("step that uses the chain rule",)))
    half = -(-len(entries) // 2)
    rows = []
    for i in range(half):
        right = entries[half + i] if half + i < len(entries) else (("",), ("",))
        rows.append((*entries[i], *right))
    yield Heading(2, ("Notation used",))
    yield Table((("sign",), ("meaning",), ("sign",), ("meaning",)), tuple(rows), "llll", small=True)
    if (remark := _counted_from(page, used)) is not None:
        yield Prose(remark, quiet=True)


def _paired(entries: list[Entry]) -> list[Entry]:
    """Entries that differ in what, not in whose, share a row where there is room: a small key has to stay on two pages."""
    found = {meaning[0]: sign for sign, meaning in entries if len(meaning) == 1}
    kept = list(entries)

    def merge(first: str, second: str, meaning: str) -> None:
        if first in found and second in found and len(meaning) <= ROW:
            place = kept.index((found[first], (first,)))
            kept[place] = (*found[first], ", ", *found[second]), (meaning,)
            kept.remove((found[second], (second,)))

    merge("input", "target", "input, target")
    merge("pre-activation, output", "output", "output: pre-activation, activation")
    for meaning in [m for m in found if isinstance(m, str) and m.startswith("pre-activation, unit")]:
        whose = meaning.removeprefix("pre-activation, ")
        merge(meaning, f"activation, {whose}", f"{whose}: pre-activation, activation")
    return kept


# ---------------------------------------------------------------------- scalars
def _scalars(page: Page, used: Used) -> Iterator[Entry]:
    e, notation = page.exercise, page.exercise.notation
    if found := used.plain("x"):
        of = _example(found, 0)
        yield _sign(page, of, _place(page, of))
    for of in _weights(page, used.plain("W")):
        yield _sign(
            page,
            of,
            f"weight, {_end(page, of.layer - 1, of.index[0])} to {_end(page, of.layer, of.index[1], of.layer)}",
        )
    if found := used.plain("b"):
        of = _example(found, _first_layer(found))
        shared = f"bias, all units of layer {of.layer}"
        yield _sign(page, of, f"bias, {_end(page, of.layer, of.index[0], of.layer)}" if of.index else shared)
    for name, what in (("z", "pre-activation"), ("a", "activation")):
        found = used.plain(name)
        hidden, outputs = [of for of in found if 0 < of.layer < e.depth], [of for of in found if of.layer == e.depth]
        if hidden:
            of = _example(hidden, _first_layer(hidden))
            yield _sign(page, of, f"{what}, {_end(page, of.layer, of.index[0], of.layer)}")
        if outputs:
            of = _example(outputs, e.depth)
            yield _sign(page, of, _place(page, of) if name == "a" else f"{what}, {_place(page, of)}")
    if found := used.plain("y"):
        of = _example(found, 0)
        place = f" of {_end(page, e.depth, of.index[0])}" if e.widths[-1] > 1 and notation.naming != "nodes" else ""
        yield _sign(page, of, "target" + (place or _number(of, e.widths[-1])) + _sample(of))
    yield from _loss(page, used)
    yield from _gradient_signs(page, used)
    for of in sorted((of for of in used.scalars if of.name in _CONSTANTS and of.wrt is None and not of.state), key=str):
        yield (Math(symbol(of)),), (_CONSTANTS[of.name],)
    path = Name(notation.path_letter, sub="1")
    if path in used.names:
        yield (Math(path),), ("what path 1 contributes",)
    if notation.weight_style == "sequential" and used.plain("W"):
        order = "sending" if notation.index == "from_to" else "receiving"
        yield (
            (Math(Name(notation.weight, sub="1")), ", ", Math(Name(notation.weight, sub="2")), ", …"),
            (f"weights, one {order} unit after another",),
        )


def _sign(page: Page, of: Quantity, meaning: str) -> Entry:
    return (Math(symbol(of)),), (meaning,)


def _first_layer(found: Collection[Quantity]) -> int:
    return min(of.layer for of in found)


def _example(found: Collection[Quantity], layer: int) -> Quantity:
    """The last unit of a layer, in sample 2; a weight between units of different numbers: w21 says more than w22."""
    return max(
        (of for of in found if of.layer == layer),
        key=lambda of: (len(set(of.index)), len({*of.index, of.layer}), of.index, of.sample == 2),
    )


def _weights(page: Page, found: list[Quantity]) -> list[Quantity]:
    """One weight, its ends told apart by their numbers; where layers are written apart, one of each, three at most."""
    if not found:
        return []
    notation, e = page.exercise.notation, page.exercise
    apart = notation.weight_style == "letters" or (
        notation.naming == "day12" and e.depth == 2 and e.widths[0] == e.widths[-1] == 1
    )
    layers = sorted({of.layer for of in found})[: 3 if apart else 1]
    return [_example(found, layer) for layer in layers]


def _end(page: Page, layer: int, j: int, of_layer: int = 0) -> str:
    """A unit as an end of a weight: `input 2`, `unit 3`, `unit 3 of layer 1`, `output 1`, `node 4`."""
    e = page.exercise
    if e.notation.naming == "nodes":
        return f"node {page.names.node(layer, j)}"
    number = f" {j}" if e.widths[layer] > 1 else ""
    if layer in (0, e.depth):
        return ("input" if layer == 0 else "output") + number
    return f"unit {j}" + (f" of layer {of_layer}" if of_layer else "")


def _number(of: Quantity, count: int) -> str:
    return f" {of.index[0]}" if count > 1 else ""


def _sample(of: Quantity) -> str:
    return f", sample {of.sample}" if of.sample else ""


def _place(page: Page, of: Quantity) -> str:
    """Whose value it is: `input 2, sample 1`, `unit 3 of layer 1`, `output, node 6`."""
    index = of.index[0] if of.index else 1
    place = _end(page, of.layer, index, of.layer)
    if page.exercise.notation.naming == "nodes" and of.layer in (0, page.exercise.depth) and of.name in ("x", "a", "y"):
        place = ("input" if of.name == "x" else "output") + f", {place}"
    return place + _sample(of)


def _loss(page: Page, used: Used) -> Iterator[Entry]:
    found = used.plain("E")
    shares = [of for of in found if of.index]
    samples = [of for of in found if of.sample and not of.index]
    if shares:
        of = _example(shares, 0)
        yield _sign(page, of, f"loss at output {of.index[0]}" + _sample(of))
    if samples:
        of = _example(samples, 0)
        yield _sign(page, of, f"loss of sample {of.sample}" if page.exercise.samples > 1 else "loss without penalty")
    if q.E in found:
        yield _sign(page, q.E, "loss of all samples" if page.exercise.samples > 1 else "loss")


def _gradient_signs(page: Page, used: Used) -> Iterator[Entry]:
    """What δ or a bar stands for, as the fraction it saves."""
    kind = page.exercise.notation.derivative
    found = [of for written in (used.scalars, used.wholes) for of in sorted(written, key=str) if of.is_gradient]
    if kind == "delta":
        found = [of for of in found if of.wrt is not None and of.wrt.name == "z" and of.wrt.index]
    found = [of for of in found if not of.state]
    if kind != "partial" and found:
        of = found[0]
        sign = symbol(of) if of in used.scalars else page.layers.matrix(of)
        yield (Math(sign),), (Math(page.names.ratio(of)),)


def _update(used: Used) -> Iterator[Entry]:
    for state, meaning in _MOMENTS.items():
        if found := used.states(state):
            inner = found[0].wrt if found[0].wrt is not None else found[0]
            yield (
                (Math(symbol(Quantity(inner.name, inner.layer, inner.index, state=state))),),
                (meaning, Math(symbol(inner))),
            )


# ---------------------------------------------------------------------- vectors and matrices
def _matrices(page: Page, used: Used) -> Iterator[Entry]:
    e, rows = page.exercise, page.exercise.notation.layout == "rows"
    wholes = sorted({of for of in used.wholes if of.wrt is None}, key=lambda of: ("xWbzay".index(of.name), of.layer))
    for name in "xWbzay":
        named = [of for of in wholes if of.name == name]
        if name == "a" and named:  # the outputs have a name of their own
            outputs = [of for of in named if of.layer == e.depth]
            hidden = [of for of in named if of.layer < e.depth]
            yield from (_whole(page, of, f"activations of layer {of.layer}") for of in hidden[:1])
            yield from (_whole(page, of, "outputs") for of in outputs)
        elif named:
            of = named[0]
            words = _WHOLES[name] + (f" of layer {of.layer}" if of.layer else "")
            yield _whole(page, of, words + _layout(page, name, rows))
    deltas = sorted((of for of in used.wholes if of.is_gradient and of.wrt is not None and of.wrt.name == "z"), key=str)
    if deltas:
        inner = deltas[0].wrt
        assert inner is not None
        yield (Math(page.layers.matrix(deltas[0])),), ("gradient at ", Math(page.layers.matrix(inner)))
    if used.transposed:
        of = min(used.transposed, key=str)
        yield (Math(page.layers.matrix(of).T),), (Math(page.layers.matrix(of)), " transposed")
    if "hadamard" in used.operations:
        yield (Math(op("hadamard", Name("u", bold=True), Name("v", bold=True))),), ("product entry by entry",)
    if used.operations & {"total", "shared"}:
        yield (Math(Name("1", bold=True)),), ("vector of ones",)


def _whole(page: Page, of: Quantity, meaning: str) -> Entry:
    return (Math(page.layers.matrix(of)),), (meaning,)


def _layout(page: Page, name: str, rows: bool) -> str:
    """How a kind of matrix lies: from row to column for weights; what a row or a column is for the rest."""
    if name == "W":
        return ", row to column" if rows else ", column to row"
    if name == "b":
        return ", added to each sample" if page.exercise.samples > 1 else ""
    if name != "x":
        return ""
    line = "row" if rows else "column"
    return f", a {line} for each sample" if page.exercise.samples > 1 else f", a {line}"


def _counted_from(page: Page, used: Used) -> Text | None:
    """What the label of layer 1 is, where it is not 1 and stands on the page."""
    first = page.exercise.notation.first_layer
    written = (page.names.write(of) for of in (*used.wholes, *used.scalars) if of.layer and of.wrt is None)
    labelled = any(isinstance(name, Name) and (name.layered or "layer" in name.labels) for name in written)
    if first == 1 or not labelled:
        return None
    return (
        (f"Signs count layers from {first}: {first} is the label of layer 1.",)
        if first == 0
        else (f"Signs count the inputs as layer 1: {first} is the label of layer 1 of units.",)
    )


__all__ = ["legend"]
