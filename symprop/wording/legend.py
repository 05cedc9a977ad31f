"""Page -> the table of the notation used: every kind of sign on this page by an example from it."""

from collections.abc import Iterator

from symprop import quantity as q
from symprop.document import Block, Heading, Mark, Math, Table, Text
from symprop.graph import symbol
from symprop.quantity import Quantity, gradient
from symprop.wording.page import Page

Entry = tuple[Text, Text]


def legend(page: Page) -> Iterator[Block]:
    """The heading and the table, two signs a row."""
    if page.detail == "answers":
        return
    entries = [*_units(page), *(_matrices(page) if page.view == "layers" else ()), _chain_rule()]
    half = -(-len(entries) // 2)
    rows = []
    for i in range(half):
        left = entries[i]
        right = entries[half + i] if half + i < len(entries) else (("",), ("",))
        rows.append((*left, *right))
    yield Heading(2, ("Notation used",))
    yield Table((("sign",), ("meaning",), ("sign",), ("meaning",)), tuple(rows), "llll")


def _units(page: Page) -> Iterator[Entry]:
    exercise, depth = page.exercise, page.exercise.depth
    n = 1 if exercise.samples > 1 else 0
    i, j = exercise.widths[0], exercise.widths[1]
    source = f"input {i}" if exercise.widths[0] > 1 else "input"
    of_layer = " of layer 1" if depth > 1 else ""
    yield (Math(symbol(q.W(1, i, j))),), (f"weight, {source} to unit {j}{of_layer}",)
    if exercise.network.biases == "shared":
        yield (Math(symbol(q.b(1, None))),), ("bias of layer 1, shared by its units",)
    elif exercise.network.biases:
        yield (Math(symbol(q.b(1, j))),), (f"bias of unit {j}{of_layer}",)
    if depth > 1:
        both: Text = (Math(symbol(q.z(1, j, n))), ", ", Math(symbol(q.a(1, j, n))))
        yield both, (f"unit {j}{of_layer}: pre-activation, activation",)
    K = exercise.widths[-1]
    which = f"output {K}" if K > 1 else "output"
    yield (
        (Math(symbol(q.z(depth, K, n))), ", ", Math(symbol(q.a(depth, K, n)))),
        (f"{which}: pre-activation, activation",),
    )
    if exercise.has_targets:
        yield (Math(symbol(q.y(K, n))),), (f"target of {which}" if K > 1 else "target",)
    if n:
        yield (Math(symbol(q.share(0, 1))), ", ", Math(symbol(q.E))), ("loss of sample 1, of the batch",)
    else:
        yield (Math(symbol(q.E)),), ("loss",)


def _matrices(page: Page) -> Iterator[Entry]:
    layout, depth = page.exercise.notation.layout, page.exercise.depth
    z = page.layers.matrix(gradient(Quantity("z", depth)))
    several = page.exercise.samples > 1
    what = (
        ("one row a sample" if layout == "rows" else "one column a sample")
        if several
        else "a row"
        if layout == "rows"
        else "a column"
    )
    yield (
        (Math(page.layers.matrix(Quantity("z", depth))), ", ", Math(z)),
        (f"pre-activations of layer {depth}, gradient there, {what}",),
    )
    order = "from unit (row) to unit (column)" if layout == "rows" else "to unit (row) from unit (column)"
    yield (Math(page.layers.matrix(Quantity("W", depth))),), (f"weights of layer {depth}, {order}",)


def _chain_rule() -> Entry:
    return (Mark(),), ("step that uses the chain rule",)
