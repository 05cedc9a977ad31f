"""Page -> Figure of the network: which numbers stand in it, its caption, and the words for those who cannot see it."""

from fractions import Fraction
from typing import Any

from symprop import quantity as q
from symprop.arithmetic import nearest
from symprop.document import Box, Cell, Column, Edge, Figure, Math, Text
from symprop.graph import symbol
from symprop.printing import Relation, Shown, Speech
from symprop.quantity import Quantity, gradient
from symprop.wording import words
from symprop.wording.page import Page

#: Every unit is drawn up to this many a layer and this many layers; beyond, one box a layer.
UNITS, LAYERS = 5, 5
#: A sketch shows this many layers of units at each end, and says how many lie between.
ENDS = 2
#: The longest name of an activation that is written into the figure.
LONGEST_NAME = 14
#: Weights are read out one by one up to this many.
SPOKEN_WEIGHTS = 25


def figure(page: Page) -> Figure:
    """The network of the page's exercise: unit by unit, or a sketch layer by layer where that is no longer readable."""
    e = page.exercise
    return _sketch(page) if max(e.widths) > UNITS or e.depth > LAYERS else _units(page)


# ---------------------------------------------------------------------- unit by unit
def _units(page: Page) -> Figure:
    e = page.exercise
    columns = [Column(tuple(Box("input", (_cell(page, q.x(i)),)) for i in _upto(e.widths[0])), "input")]
    edges: list[Edge] = []
    for layer in _upto(e.depth):
        columns.append(Column(tuple(_unit(page, layer, j) for j in _upto(e.widths[layer])), _head(page, layer)))
        edges += [_weight(page, layer, i, j) for i in _upto(e.widths[layer - 1]) for j in _upto(e.widths[layer])]
    loss = Cell(Math(symbol(q.E)), _number(page, q.E), Math(Shown(Fraction(1))) if _numbers(page) else None)
    last = [Box("loss", (loss,))]
    edges += [Edge((e.depth, j), (e.depth + 1, 0)) for j in range(e.widths[-1])]
    if e.has_targets:
        last.append(Box("target", tuple(_cell(page, q.y(k)) for k in _upto(e.widths[-1]))))
        edges.append(Edge((e.depth + 1, 1), (e.depth + 1, 0)))
    columns.append(Column(tuple(last), "loss"))
    dead = any(box.dead for column in columns for box in column.boxes)
    return Figure(
        tuple(columns),
        tuple(edges),
        _alt(page, columns),
        _caption(page, dead),
        _on_boxes(page),
        _on_edges(page),
        () if _letters(page) else (" The weights are listed below.",),
        ("value", "name", "gradient") if _numbers(page) else (),
    )


def _upto(n: int) -> range:
    return range(1, n + 1)


def _head(page: Page, layer: int) -> str:
    """`hidden units · ReLU`."""
    e = page.exercise
    return f"{'output' if layer == e.depth else 'hidden'} {'unit' if e.widths[layer] == 1 else 'units'} · {_activation(page, layer)}"


def _activation(page: Page, layer: int) -> str:
    """The word above a layer; a long name of an exercise's own stands in the text only."""
    name = words.activation(page.exercise.network.layers[layer - 1])
    return name if len(name) <= LONGEST_NAME else "own function"


def _numbers(page: Page) -> bool:
    """Whether nodes have one value each."""
    return not page.solution.is_symbolic and page.exercise.samples == 1


def _number(page: Page, of: Quantity) -> Math | None:
    return Math(Shown(page.number(of), approximate=True)) if _numbers(page) else None


def _cell(page: Page, of: Quantity) -> Cell:
    """An input or a target."""
    return Cell(Math(symbol(of)), Math(Shown(page.number(of), given=True)) if _numbers(page) else None)


def _unit(page: Page, layer: int, j: int) -> Box:
    ids = (q.z(layer, j), q.a(layer, j))
    cells = tuple(Cell(Math(symbol(of)), _number(page, of), _number(page, gradient(of))) for of in ids)
    return Box("unit", cells, dead=_off(page, layer, j))


def _off(page: Page, layer: int, j: int) -> bool:
    """Whether a ReLU unit is off, in every sample."""
    e = page.exercise
    if page.solution.is_symbolic or e.network.layers[layer - 1].activation.name != "relu":
        return False
    samples = _upto(e.samples) if e.samples > 1 else (0,)
    return all(nearest(page.number(q.z(layer, j, n))) < 0 for n in samples)


def _weight(page: Page, layer: int, i: int, j: int) -> Edge:
    of = q.W(layer, i, j)
    label: Any = symbol(of)
    if not page.solution.is_symbolic:
        label = Relation(label, Shown(page.number(of), given=True))
    short = None if page.solution.is_symbolic else Math(Shown(page.number(of), given=True))
    return Edge((layer - 1, i - 1), (layer, j - 1), Math(label), _number(page, gradient(of)), short=short)


# ---------------------------------------------------------------------- layer by layer
def _sketch(page: Page) -> Figure:
    e = page.exercise
    shown = list(_upto(e.depth))
    left_out = 0
    if e.depth > 2 * ENDS + 1:
        left_out = e.depth - 2 * ENDS
        shown = [*range(1, ENDS + 1), *range(e.depth - ENDS + 1, e.depth + 1)]
    columns = [Column((Box("layer", lines=(_plural(e.widths[0], "input"),)),))]
    edges: list[Edge] = []
    for before, layer in zip([0, *shown], shown, strict=False):
        if layer - before > 1:
            columns.append(Column((Box("layer", lines=(f"{left_out} more", "layers")),)))
            edges.append(Edge((len(columns) - 2, 0), (len(columns) - 1, 0)))
        lines = (_plural(e.widths[layer], "unit"), _activation(page, layer))
        columns.append(Column((Box("layer", lines=lines),)))
        matrix = Math(page.names.write(Quantity("W", layer)))
        edges.append(Edge((len(columns) - 2, 0), (len(columns) - 1, 0), matrix, note=_shape(page, layer)))
    columns.append(Column((Box("loss", (Cell(Math(symbol(q.E))),)),), "loss"))
    edges.append(Edge((len(columns) - 2, 0), (len(columns) - 1, 0)))
    return Figure(
        tuple(columns),
        tuple(edges),
        _sketch_alt(page),
        ("The network layer by layer." + _not_drawn(page),),
        on_edges=(" At each arrow stands its matrix of weights, above its shape.",),
    )


def _plural(n: int, noun: str) -> str:
    return f"{n} {noun if n == 1 else noun + 's'}"


def _shape(page: Page, layer: int) -> str:
    rows, columns = page.exercise.widths[layer - 1 : layer + 1]
    if page.exercise.notation.layout == "columns":
        rows, columns = columns, rows
    return f"{rows} × {columns}"


def _sketch_alt(page: Page) -> str:
    e = page.exercise
    parts = [f"The network layer by layer: {_plural(e.widths[0], 'input')}"]
    parts += [
        f"layer {i}, {_plural(layer.units, 'unit')}, {words.activation(layer)}, weights {_shape(page, i)}"
        for i, layer in enumerate(e.network.layers, start=1)
    ]
    return f"{'; '.join(parts)}; then the loss {_said(page, Math(symbol(q.E)))}."


# ---------------------------------------------------------------------- words under the figure
def _caption(page: Page, dead: bool) -> Text:
    off = f" A dashed outline marks a ReLU unit that is off{_in_samples(page)}." if dead else ""
    return (f"The network. Square boxes are given.{off}{_not_drawn(page)}",)


def _in_samples(page: Page) -> str:
    return " in every sample" if page.exercise.samples > 1 else ""


def _letters(page: Page) -> bool:
    return page.solution.is_symbolic


def _on_boxes(page: Page) -> Text:
    if not _numbers(page):
        return ()
    return (" In each box the value stands above the name and the gradient of ", Math(symbol(q.E)), " below it.")


def _on_edges(page: Page) -> Text:
    if _letters(page):
        return ()
    if not _numbers(page):
        return (" At each arrow stands its weight.",)
    return (" At each arrow the weight stands above and its gradient below.",)


def _not_drawn(page: Page) -> str:
    """What the figure leaves out."""
    e = page.exercise
    text = ""
    if e.network.biases:
        given = [e.given(of) for layer in _upto(e.depth) for of in e.bias_ids(layer)]
        zero = all(value is not None and value.is_zero for value in given)
        text = " All biases are 0 and are not drawn." if zero else " Biases are not drawn."
    return text + (
        " Nor is the penalty." if text and e.network.penalty else " The penalty is not drawn." * bool(e.network.penalty)
    )


# ---------------------------------------------------------------------- words instead of the figure
def _said(page: Page, math: Math) -> str:
    return Speech(page.names, page.figures, math.numbers, math.given).write(math.form)


def _alt(page: Page, columns: list[Column]) -> str:
    e = page.exercise
    head = f"{words.network(e)}." if e.samples == 1 else f"{words.network(e)}; the same network for each."
    inputs = words.listed([_named(page, box.cells[0]) for box in columns[0].boxes])
    sentences = [head, f"{'Input' if e.widths[0] == 1 else 'Inputs'} {inputs}."]
    for layer in _upto(e.depth):
        sentences += [_unit_said(page, columns, layer, j) for j in _upto(e.widths[layer])]
    outputs = words.listed([_said(page, box.cells[1].name) for box in columns[e.depth].boxes])
    loss, *targets = columns[-1].boxes
    said = f"The loss {_named(page, loss.cells[0])} takes {outputs}"
    for box in targets:
        said += f" and the {'target' if len(box.cells) == 1 else 'targets'} "
        said += words.listed([_named(page, cell) for cell in box.cells])
    return " ".join([*sentences, said + "."])


def _named(page: Page, cell: Cell) -> str:
    """`x equals 1`, or `x` where no number is shown."""
    return _said(page, cell.name) + (f" equals {_said(page, cell.value)}" if cell.value else "")


def _with_gradient(page: Page, cell: Cell) -> str:
    return _named(page, cell) + (f" (gradient {_said(page, cell.gradient)})" if cell.gradient else "")


def _unit_said(page: Page, columns: list[Column], layer: int, j: int) -> str:
    e = page.exercise
    box = columns[layer].boxes[j - 1]
    place = "Output" if layer == e.depth else "Hidden" if e.depth == 2 else f"Layer {layer}"
    number = f" {j}" if e.widths[layer] > 1 else ""
    pre, post = (_with_gradient(page, cell) for cell in box.cells)
    off = f" The unit is off{_in_samples(page)}." if box.dead else ""
    return f"{place} unit{number} takes {_fed(page, columns, layer, j)} and has {pre} and {post}.{off}"


def _fed(page: Page, columns: list[Column], layer: int, j: int) -> str:
    """What feeds a unit, each with its weight while there are few."""
    e = page.exercise
    sources = [_said(page, box.cells[-1].name) for box in columns[layer - 1].boxes]
    if e.weight_count > SPOKEN_WEIGHTS:
        return words.listed(sources)
    return words.listed(
        [f"{source} by {_weight_said(page, _weight(page, layer, i, j))}" for i, source in enumerate(sources, start=1)]
    )


def _weight_said(page: Page, edge: Edge) -> str:
    assert edge.label is not None
    return _said(page, edge.label) + (f" (gradient {_said(page, edge.gradient)})" if edge.gradient else "")
