"""Document: a flat list of blocks whose mathematics stays expressions until a printer writes it. Knows no format, no English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Symbol

from symprop.arithmetic import Value
from symprop.notation import Names
from symprop.printing import Figures


@dataclass(frozen=True, slots=True)
class Math:
    """A form for a printer. With `numbers`, symbols are written as their figures (those in `given` exactly as given).

    `head` names the column the form stands in, where rows share columns.
    """

    form: Any
    numbers: Mapping[Symbol, Value] | None = None
    given: frozenset[Symbol] = frozenset()
    head: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """The sign of a step that uses the chain rule, inside a sentence."""


#: A line of prose, or a table's cell: words and formulas in turn.
Text = tuple["str | Math | Mark", ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of `level` 1 (section) or 2 (question). `label` hangs before it; `points` are printed at its end."""

    level: int
    text: Text
    label: str = ""
    points: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph; `quiet` for remarks."""

    text: Text
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One equation: left side, then equal forms, then the answer.

    `chain_rule` marks a step that uses the chain rule, `boxed` an answer that was asked for, `becomes` an assignment.
    `id` is the quantity's slug.
    """

    left: Math
    parts: tuple[Math, ...]
    answer: Math | None = None
    boxed: bool = False
    chain_rule: bool = False
    becomes: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Equations:
    """Rows aligned on their equals signs."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """Displayed formulas side by side, wrapped like words: the givens as matrices."""

    items: tuple[Math, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `align` is one of l, c, r a column. A `small` one explains: smaller type, its head only where a format needs one."""

    head: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    align: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A named number of a box: its value stands above the name, its gradient below; None where it is not shown."""

    name: Math
    value: Math | None = None
    gradient: Math | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """One node of a network: cells side by side, or `lines` of words for a whole layer.

    `dead`: a ReLU unit that is off. Boxes of kind input and target are given.
    """

    kind: Literal["input", "unit", "loss", "target", "layer"]
    cells: tuple[Cell, ...] = ()
    lines: tuple[str, ...] = ()
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """Boxes one below another, with words above them; where they have no room, the words after the last `·`."""

    boxes: tuple[Box, ...]
    head: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow between two boxes, each (column, place in it); `label` stands above it, `note` and gradient below.

    `short` is the label's number without its name, for where arrows cross.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    label: Math | None = None
    gradient: Math | None = None
    note: str = ""
    short: Math | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A network as boxes and arrows, without a measure. The last column holds the loss and, below it, the targets.

    `on_boxes` and `on_edges` are sentences of the caption that hold only where those numbers found room, `off_edges` is said
    instead of the latter. `alt` says the whole figure in words; `legend` are the words for the three lines of a box; `file`
    names the drawing where a format keeps it apart.
    """

    columns: tuple[Column, ...]
    edges: tuple[Edge, ...]
    alt: str
    caption: Text
    on_boxes: Text = ()
    on_edges: Text = ()
    off_edges: Text = ()
    legend: tuple[str, ...] = ()
    file: str = ""


Block = Heading | Prose | Equations | Flow | Table | Figure


@dataclass(frozen=True, slots=True)
class Document:
    """A page: title block and blocks, with the notation and number formatting that printers apply."""

    title: str
    kind: str
    source: str
    subtitle: str
    blocks: tuple[Block, ...]
    names: Names
    figures: Figures
    code: str = ""
