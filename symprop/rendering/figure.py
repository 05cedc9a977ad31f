"""Figure of a network -> points, boxes and places of labels, once for every dialect; and its SVG. Knows no formula and no English.

Lengths are in points (72 an inch), y grows downwards, a box is known by its centre. What has no room is left out as a
whole: first the labels of the arrows, then the numbers in the boxes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import pairwise, product
from typing import Any, Literal

from symprop.document import Box, Document, Edge, Figure, Math, Text
from symprop.notation import Name, Ratio
from symprop.printing import Width
from symprop.printing import figures as numbers
from symprop.printing.runs import InRuns, Run
from symprop.printing.width import DIGIT

#: The text block is 160 mm wide.
WIDTH = 453.0
SIZES = (9.0, 8.0, 7.0)
#: Space between boxes one below another, tried from narrow to wide while the figure stays below HEIGHT.
SPACES = (14.0, 26.0, 40.0, 54.0)
HEIGHT = 300.0
NARROWEST_GAP, WIDEST_GAP, LOSS_GAP = 22.0, 120.0, 28.0
#: A box is at least this wide, in sizes of its letters.
BOX = 2.6
#: Where on its arrow a label may stand, the best place first.
PLACES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73, 0.2, 0.8)
#: Where the labels between two columns may stand one below another.
LINES = tuple(0.5 + side * step / 50 for step in range(20) for side in ((1, -1) if step else (1,)))
#: Beyond this distance, in heights of a label, the middle of the arrows is the better place; and the least space at the sides.
FAR, ASIDE = 2.0, 6.0
#: Most labels between two columns.
CROWD = 12
#: Up to this many targets stand side by side.
TARGETS = 2
#: Space kept free around the box that explains the others.
AROUND = 6.0
#: Most trials of the search for places; a net that needs more has no readable labels anyway.
TRIALS = 4000
HEAD_LENGTH, HEAD_WIDTH = 5.5, 2.0

Role = Literal["value", "name", "gradient", "head", "words", "weight"]
#: Labels beside their arrow; upon it; numbers alone upon it, one below another or where each finds room; or none.
Style = Literal["beside", "upon", "lined", "spread", ""]


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A box by its centre."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "Rectangle") -> bool:
        """Whether the two share more than an edge."""
        return (
            abs(self.x - other.x) * 2 < self.width + other.width - 0.01
            and abs(self.y - other.y) * 2 < self.height + other.height - 0.01
        )

    def within(self, width: float, height: float) -> bool:
        return (
            self.within_width(width)
            and self.y * 2 >= self.height - 0.01
            and (height - self.y) * 2 >= self.height - 0.01
        )

    def within_width(self, width: float) -> bool:
        return self.x * 2 >= self.width - 0.01 and (width - self.x) * 2 >= self.width - 0.01


@dataclass(frozen=True, slots=True)
class Node:
    """A drawn box: grey `band` (top and height, from the box's top), `dividers` from its left."""

    at: Rectangle
    round: bool
    dashed: bool
    band: tuple[float, float] | None
    dividers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """A straight arrow; `shaft` is where the line ends inside its `head`."""

    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def shaft(self) -> tuple[float, float]:
        return self._back(HEAD_LENGTH - 1.5, 0)

    @property
    def head(self) -> tuple[tuple[float, float], ...]:
        return self.end, self._back(HEAD_LENGTH, HEAD_WIDTH), self._back(HEAD_LENGTH, -HEAD_WIDTH)

    def _back(self, along: float, aside: float) -> tuple[float, float]:
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        length = (dx * dx + dy * dy) ** 0.5
        return self.end[0] - (along * dx + aside * dy) / length, self.end[1] - (along * dy - aside * dx) / length

    def point(self, t: float) -> tuple[float, float]:
        return self.start[0] + (self.end[0] - self.start[0]) * t, self.start[1] + (self.end[1] - self.start[1]) * t

    def crosses(self, box: Rectangle) -> bool:
        """Whether the arrow runs through the box: Liang and Barsky's clipping."""
        low, high = 0.0, 1.0
        for i, (centre, size) in enumerate(((box.x, box.width), (box.y, box.height))):
            start, step = self.start[i], self.end[i] - self.start[i]
            if abs(step) < 1e-9:
                if abs(start - centre) * 2 >= size:
                    return False
                continue
            ends = sorted(((centre - size / 2 - start) / step, (centre + size / 2 - start) / step))
            low, high = max(low, ends[0]), min(high, ends[1])
        return low < high - 1e-9


@dataclass(frozen=True, slots=True)
class Label:
    """What is written in a rectangle; `over` an arrow it covers the line."""

    at: Rectangle
    content: Math | str
    role: Role
    over: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """The figure with measures; `size` is the size of its letters."""

    width: float
    height: float
    size: float
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    labels: tuple[Label, ...]
    caption: Text


@dataclass(frozen=True, slots=True)
class _Trial:
    """One way to draw: letters, space, which numbers, and how labels stand."""

    size: float
    space: float
    numbers: bool
    labels: "Style"


class _Measure(Width):
    """Width that also notes the height in em: more for a name with signs above and below, and for a stacked fraction.

    A fraction is as wide as with a slash, the way runs write it, and as tall as when stacked, the way TeX and Typst do.
    """

    tall = 1.3

    def number(self, figure: numbers.Figure) -> float:
        if figure.kind == "fraction":
            self.tall = max(self.tall, 1.9)
            return DIGIT * (len(figure.digits) + len(figure.denominator)) + 0.35
        return super().number(figure)

    def fraction(self, top: float, bottom: float) -> float:
        self.tall = max(self.tall, 1.9)
        return top + bottom + 1.95

    def quantity(self, name: Name | Ratio) -> float:
        if isinstance(name, Name) and name.sup:
            self.tall = max(self.tall, 1.75)
        return super().quantity(name)


def draw(figure: Figure, document: Document) -> Drawing:
    """The first trial, from the fullest to the barest, in which nothing meets anything else."""
    maker = _Maker(figure, document)
    for trial in _trials(_crossed(figure), _crowded(figure)):
        drawing = maker.make(trial)
        if drawing is not None:
            return drawing
    raise AssertionError("names alone always fit")  # widths and lengths of names are bounded


def layout_key(figure: Figure, measured: Callable[[Math], tuple[float, float]]) -> tuple[Any, ...]:
    """All of its numbers that a drawing depends on: figures that differ in these alone, and agree in the key, are drawn alike.

    `measured` gives width and height of a formula in em. A box is as wide as the widest of its column, and no narrower than
    what holds a short number; lines are as high as the highest; labels of arrows count one by one, where they have room at all.
    """
    *columns, last = figure.columns

    def widest(boxes: Sequence[Box]) -> float:
        found = [
            measured(content)[0]
            for box in boxes
            for cell in box.cells
            for content in (cell.name, cell.value, cell.gradient)
            if content is not None
        ]
        return max([BOX - 6 / min(SIZES), *found])

    tall = [
        measured(content)[1]
        for column in figure.columns
        for box in column.boxes
        for cell in box.cells
        for content in (cell.name, cell.value, cell.gradient)
        if content is not None
    ]
    labels: list[tuple[float, float]] = []
    if not _crowded(figure):
        contents = (c for edge in figure.edges for c in (edge.label, edge.gradient, edge.short) if c is not None)
        labels = [measured(content) for content in contents]
    return (
        *(widest(column.boxes) for column in columns),
        *(widest([box]) for box in last.boxes),
        max(tall, default=0.0),
        *labels,
    )


def _crossed(figure: Figure) -> bool:
    """Whether arrows with labels cross: then a label beside one could be taken for another's."""
    starts = {(edge.start, edge.end) for edge in figure.edges if edge.label is not None}
    return any(
        a[0] == c[0] and b[0] == d[0] and a[1] < c[1] and b[1] > d[1] for (a, b), (c, d) in product(starts, starts)
    )


def _crowded(figure: Figure) -> bool:
    """Whether more labels stand between two columns than can be told apart."""
    return max(Counter(edge.start[0] for edge in figure.edges if edge.label is not None).values(), default=0) > CROWD


def _trials(crossed: bool, crowded: bool) -> Iterator[_Trial]:
    preferred: tuple[Style, ...] = ("lined", "spread") if crossed else ("beside", "upon", "lined")
    for full, labels in ((True, True), (True, False), (False, True), (False, False)):
        if labels and crowded:
            continue
        styles: tuple[Style, ...] = preferred if labels else ("",)
        for size, style, space in product(SIZES, styles, SPACES if labels else SPACES[:1]):
            yield _Trial(size, space, full, style)
    yield from (_Trial(size, SPACES[0], False, "") for size in (6.0, 5.0, 4.0))


def _stacked(box: Box) -> bool:
    return box.kind == "target" and len(box.cells) > TARGETS


@dataclass
class _Maker:
    figure: Figure
    document: Document
    _widths: dict[int, tuple[float, float]] = field(default_factory=dict)

    def _em(self, content: Math | str) -> float:
        return self._measured(content)[0]

    def _measured(self, content: Math | str) -> tuple[float, float]:
        if isinstance(content, str):
            return 0.5 * len(content), 1.3
        if id(content) not in self._widths:
            measure = _Measure(self.document.names, self.document.figures, content.numbers, content.given)
            self._widths[id(content)] = (measure.write(content.form), measure.tall)
        return self._widths[id(content)]

    # ------------------------------------------------------------------ one trial
    def make(self, trial: _Trial) -> Drawing | None:
        """The drawing, or None where something would meet something else."""
        columns = self.figure.columns
        widths = [max(self._width(box, trial) for box in column.boxes) for column in columns]
        gaps = len(columns) - 2
        free = WIDTH - sum(widths) - LOSS_GAP
        gap = min(free / gaps, WIDEST_GAP) if gaps else 0.0
        if free < 0 or (gaps and gap < NARROWEST_GAP):
            return None
        left = (WIDTH - sum(widths) - LOSS_GAP - gaps * gap) / 2
        boxes = self._placed(trial, widths, left, gap)
        arrows = [self._arrow(edge, boxes) for edge in self.figure.edges]
        heads = self._heads(trial, boxes, arrows)
        top = min(place.y - place.height / 2 for place in [*boxes.values(), *(head.at for head in heads)])
        bottom = max(place.y + place.height / 2 for place in boxes.values())
        height = bottom - top + 2
        if trial.labels and height > HEIGHT:
            return None
        boxes = {key: replace(place, y=place.y - top + 1) for key, place in boxes.items()}
        heads = [replace(head, at=replace(head.at, y=head.at.y - top + 1)) for head in heads]
        arrows = [self._arrow(edge, boxes) for edge in self.figure.edges]
        on_edges: list[Label] = []
        if trial.labels:
            taken = [*boxes.values(), *(head.at for head in heads)]
            found = (self._lined if trial.labels == "lined" else self._spread)(trial, arrows, taken, height)
            if found is None:
                return None
            on_edges = found
        nodes, inside = [], []
        for (c, i), place in boxes.items():
            node, labels = self._node(columns[c].boxes[i], place, trial)
            nodes.append(node)
            inside += labels
        if trial.numbers and self.figure.legend:
            for node, labels in self._legend(
                trial, arrows, [*boxes.values(), *(at.at for at in heads + on_edges)], height
            ):
                nodes.append(node)
                inside += labels
        caption = self.figure.caption
        caption += self.figure.on_boxes if trial.numbers else ()
        caption += self.figure.on_edges if trial.labels else self.figure.off_edges
        return Drawing(WIDTH, height, trial.size, tuple(nodes), tuple(arrows), (*heads, *inside, *on_edges), caption)

    # ------------------------------------------------------------------ boxes
    def _cell_width(self, box: Box, trial: _Trial) -> float:
        contents = [
            c for cell in box.cells for c in (cell.name, *((cell.value, cell.gradient) if trial.numbers else ()))
        ]
        return max(
            BOX * trial.size, *(self._em(content) * trial.size + 6 for content in contents if content is not None)
        )

    def _width(self, box: Box, trial: _Trial) -> float:
        if box.lines:
            return max(self._em(line) for line in box.lines) * trial.size + 12
        if _stacked(box):
            return self._cell_width(box, trial) * (1 if self._rows(box, trial) == 1 else 2)
        return self._cell_width(box, trial) * len(box.cells)

    def _line(self, trial: _Trial) -> float:
        """Height of a line in any box: what the tallest needs."""
        tall = [
            self._measured(content)[1]
            for column in self.figure.columns
            for box in column.boxes
            for cell in box.cells
            for content in (cell.name, *((cell.value, cell.gradient) if trial.numbers else ()))
            if content is not None
        ]
        return trial.size * max(1.45, *tall)

    def _rows(self, box: Box, trial: _Trial) -> int:
        if box.lines:
            return len(box.lines)
        if not trial.numbers or all(cell.value is None for cell in box.cells):
            return 1
        return 3 if any(cell.gradient is not None for cell in box.cells) else 2

    def _height(self, box: Box, trial: _Trial) -> float:
        if _stacked(box):
            return len(box.cells) * self._line(trial)
        rows = self._rows(box, trial)
        return rows * self._line(trial) + (6 if rows == 1 or box.lines else 0)

    def _placed(
        self, trial: _Trial, widths: Sequence[float], left: float, gap: float
    ) -> dict[tuple[int, int], Rectangle]:
        """Boxes about the middle line y = 0, those of a column equally wide."""
        columns = self.figure.columns
        pitch = max(self._height(box, trial) for column in columns[:-1] for box in column.boxes) + trial.space
        found: dict[tuple[int, int], Rectangle] = {}
        x = left
        for c, column in enumerate(columns):
            last = c == len(columns) - 1
            y = 0.0 if last else -pitch * (len(column.boxes) - 1) / 2
            for i, box in enumerate(column.boxes):
                width, height = self._width(box, trial) if last else widths[c], self._height(box, trial)
                # in the last column flush left, so that no arrow to the loss runs over a wide box of targets
                middle = x + (width if last else widths[c]) / 2
                if last and i:
                    y += height / 2
                found[c, i] = Rectangle(middle, y, width, height)
                y += height / 2 + 20 if last else pitch
            x += widths[c] + (LOSS_GAP if c == len(columns) - 2 else gap)
        return found

    def _heads(self, trial: _Trial, boxes: Mapping[tuple[int, int], Rectangle], arrows: Sequence[Arrow]) -> list[Label]:
        """The words above each column, as long as they meet nothing."""
        heads: list[Label] = []
        small = trial.size - 1
        for c, column in enumerate(self.figure.columns):
            first = boxes[c, 0]
            for words in dict.fromkeys((column.head, column.head.split(" · ")[-1])) if column.head else ():
                wide = self._em(words) * small
                at = Rectangle(first.x, first.y - first.height / 2 - 0.75 * small, wide, 1.2 * small)
                around = replace(at, width=wide + 6)
                if (
                    at.within_width(WIDTH)
                    and not any(around.meets(place) for place in [*boxes.values(), *(head.at for head in heads)])
                    and not any(arrow.crosses(at) for arrow in arrows)
                ):
                    heads.append(Label(at, words, "head"))
                    break
        return heads

    def _legend(
        self, trial: _Trial, arrows: Sequence[Arrow], taken: Sequence[Rectangle], height: float
    ) -> Iterator[tuple[Node, list[Label]]]:
        """The box that explains the others, in the first corner that is free."""
        line = self._line(trial)
        wide = max(self._em(words) for words in self.figure.legend) * trial.size + 8
        tall = len(self.figure.legend) * line
        for x, y in product((wide / 2, WIDTH - wide / 2), (height - 1 - tall / 2, 1 + tall / 2)):
            at = Rectangle(x, y, wide, tall)
            around = Rectangle(x, y, wide + 2 * AROUND, tall + 2 * AROUND)
            if tall <= height - 2 and not (
                any(around.meets(place) for place in taken) or any(arrow.crosses(around) for arrow in arrows)
            ):
                roles: tuple[Role, ...] = ("value", "name", "gradient")
                labels = [
                    Label(Rectangle(x, y + (i - 1) * line, wide, line), words, role)
                    for i, (words, role) in enumerate(zip(self.figure.legend, roles, strict=True))
                ]
                yield Node(at, True, False, (line, line)), labels
                return

    def _node(self, box: Box, at: Rectangle, trial: _Trial) -> tuple[Node, list[Label]]:
        rows, line = self._rows(box, trial), self._line(trial)
        top = at.y - at.height / 2
        if box.lines:
            start = at.y - line * (len(box.lines) - 1) / 2
            words = [
                Label(Rectangle(at.x, start + i * line, at.width, line), text, "words")
                for i, text in enumerate(box.lines)
            ]
            return Node(at, True, False, None), words
        if _stacked(box):
            return self._stack(box, at, rows > 1, line)
        wide = at.width / len(box.cells)
        labels = []
        for k, cell in enumerate(box.cells):
            above: list[tuple[Math | None, Role]] = [(cell.value, "value")] if rows > 1 else []
            below: list[tuple[Math | None, Role]] = [(cell.gradient, "gradient")] if rows > 2 else []
            contents: list[tuple[Math | None, Role]] = [*above, (cell.name, "name"), *below]
            step = at.height / len(contents)
            for row, (content, role) in enumerate(contents):
                if content is not None:
                    place = Rectangle(at.x - at.width / 2 + (k + 0.5) * wide, top + (row + 0.5) * step, wide, step)
                    labels.append(Label(place, content, role))
        band = (line, line) if rows == 3 else None
        dividers = tuple(wide * k for k in range(1, len(box.cells)))
        return Node(at, box.kind not in ("input", "target"), box.dead, band, dividers), labels

    def _stack(self, box: Box, at: Rectangle, numbers: bool, line: float) -> tuple[Node, list[Label]]:
        """Cells one below another, each name with its number beside it."""
        labels = []
        wide = at.width / (2 if numbers else 1)
        for k, cell in enumerate(box.cells):
            y = at.y - at.height / 2 + (k + 0.5) * line
            labels.append(Label(Rectangle(at.x - at.width / 2 + wide / 2, y, wide, line), cell.name, "name"))
            if numbers and cell.value is not None:
                labels.append(Label(Rectangle(at.x + wide / 2, y, wide, line), cell.value, "value"))
        return Node(at, False, False, None, (wide,) if numbers else ()), labels

    # ------------------------------------------------------------------ arrows and what stands at them
    def _arrow(self, edge: Edge, boxes: Mapping[tuple[int, int], Rectangle]) -> Arrow:
        start, end = boxes[edge.start], boxes[edge.end]
        if edge.start[0] == edge.end[0]:
            return Arrow((end.x, start.y - start.height / 2), (end.x, end.y + end.height / 2))
        return Arrow((start.x + start.width / 2, start.y), (end.x - end.width / 2, end.y))

    def _lined(
        self, trial: _Trial, arrows: Sequence[Arrow], taken: Sequence[Rectangle], height: float
    ) -> list[Label] | None:
        """The labels between two columns one below another, where the arrows are farthest apart; or None."""
        found: list[Label] = []
        for c in range(len(self.figure.columns) - 2):
            at = [(edge, arrow) for edge, arrow in zip(self.figure.edges, arrows, strict=True) if edge.start[0] == c]
            if all(edge.label is None for edge, _ in at):
                continue
            best: list[Label] = []
            most = 0.0
            for t in LINES:
                middles = sorted(arrow.point(t)[1] for _, arrow in at)
                labels = [label for edge, arrow in at if edge.label for label in self._at(edge, arrow, t, trial)]
                places = [label.at for label in labels]
                tall = sum(place.height for place in places) / len(at)
                apart = min([FAR * tall, *(b - a for a, b in pairwise(middles))])
                if apart <= most:
                    continue
                if all(
                    place.within(WIDTH, height)
                    and not any(place.meets(other) for other in [*taken, *places[:i]])
                    and sum(arrow.crosses(place) for _, arrow in at) == 1
                    for i, place in enumerate(places)
                ):
                    best, most = labels, apart
            if not best:
                return None
            found += best
        return found

    def _spread(
        self, trial: _Trial, arrows: Sequence[Arrow], taken: Sequence[Rectangle], height: float
    ) -> list[Label] | None:
        """A label for every arrow that has one, wherever there is room; or None."""
        choices: list[list[list[Label]]] = []
        for edge, arrow in zip(self.figure.edges, arrows, strict=True):
            if edge.label is None:
                continue
            others = [
                other
                for another, other in zip(self.figure.edges, arrows, strict=True)
                if other is not arrow and another.start[0] == edge.start[0]
            ]
            free = [
                labels
                for t in PLACES
                if (labels := self._at(edge, arrow, t, trial))
                and all(
                    label.at.within(WIDTH, height)
                    and not any(label.at.meets(place) for place in taken)
                    and not any(other.crosses(_wider(label.at)) for other in others)
                    for label in labels
                )
            ]
            if not free:
                return None
            choices.append(free)
        found = _chosen(sorted(choices, key=len))
        return None if found is None else [label for labels in found for label in labels]

    def _at(self, edge: Edge, arrow: Arrow, t: float, trial: _Trial) -> list[Label]:
        assert edge.label is not None
        alone = trial.labels in ("lined", "spread")
        contents: list[tuple[Math | str, Role]] = [((edge.short if alone else None) or edge.label, "weight")]
        if trial.numbers and edge.gradient is not None:
            contents.append((edge.gradient, "gradient"))
        elif edge.note:
            contents.append((edge.note, "words"))
        sizes = [
            (self._em(content) * trial.size + 5, trial.size * self._measured(content)[1]) for content, _ in contents
        ]
        x, y = arrow.point(t)
        over = trial.labels != "beside"
        if over:
            tall = sum(high for _, high in sizes)
            ys = [y - tall / 2 + sizes[0][1] / 2, y + tall / 2 - sizes[-1][1] / 2]
        else:
            slope = abs((arrow.end[1] - arrow.start[1]) / (arrow.end[0] - arrow.start[0]))
            ys = [
                y + side * (high / 2 + wide / 2 * slope + 1) for side, (wide, high) in zip((-1, 1), sizes, strict=False)
            ]
        return [
            Label(Rectangle(x, place, wide, high), content, role, over)
            for place, (wide, high), (content, role) in zip(ys, sizes, contents, strict=False)
        ]


def _wider(place: Rectangle) -> Rectangle:
    return replace(place, width=place.width + ASIDE)


def _chosen(choices: Sequence[Sequence[list[Label]]]) -> list[list[Label]] | None:
    """One choice each so that no two meet, the tightest first; None where the search finds none."""
    trials = 0

    def search(i: int, found: list[list[Label]]) -> list[list[Label]] | None:
        nonlocal trials
        if i == len(choices):
            return found
        for labels in choices[i]:
            trials += 1
            if trials > TRIALS:
                return None
            if any(_wider(label.at).meets(other.at) for label in labels for others in found for other in others):
                continue
            if (complete := search(i + 1, [*found, labels])) is not None:
                return complete
        return None

    return search(0, [])


# ---------------------------------------------------------------------- for templates
def context(
    figure: Figure, document: Document, written: Callable[[Text], str], word: Callable[[str], str]
) -> dict[str, Any]:
    """What a figure's template sees: measures as text, labels and caption in the dialect."""
    drawing = draw(figure, document)
    return {
        "width": _n(drawing.width),
        "height": _n(drawing.height),
        "size": _n(drawing.size),
        "nodes": [_node_context(node) for node in drawing.nodes],
        "arrows": [
            {"start": _point(arrow.start), "shaft": _point(arrow.shaft), "head": [_point(p) for p in arrow.head]}
            for arrow in drawing.arrows
        ],
        "labels": [
            {**_measures(label.at), "text": written((label.content,)), "role": label.role, "over": label.over}
            for label in drawing.labels
        ],
        "caption": written(drawing.caption),
        "alt": word(figure.alt),
        "file": figure.file,
    }


def _n(value: float) -> str:
    return f"{round(value, 2) + 0.0:g}"


def _point(point: tuple[float, float]) -> tuple[str, str]:
    return _n(point[0]), _n(point[1])


def _measures(at: Rectangle) -> dict[str, str]:
    return {
        "x": _n(at.x),
        "y": _n(at.y),
        "width": _n(at.width),
        "height": _n(at.height),
        "left": _n(at.x - at.width / 2),
        "right": _n(at.x + at.width / 2),
        "top": _n(at.y - at.height / 2),
        "bottom": _n(at.y + at.height / 2),
    }


def _node_context(node: Node) -> dict[str, Any]:
    top = node.at.y - node.at.height / 2
    return _measures(node.at) | {
        "round": node.round,
        "dashed": node.dashed,
        "band": node.band and (_n(top + node.band[0]), _n(top + sum(node.band)), _n(node.band[1])),
        "dividers": [_n(node.at.x - node.at.width / 2 + x) for x in node.dividers],
    }


# ---------------------------------------------------------------------- SVG
_INK, _ACCENT, _SOFT = "#000000", "#174a7e", "#505050"
_FONTS = "'STIX Two Text', STIXGeneral, 'Latin Modern Roman', 'Times New Roman', Times, serif"


def svg(figure: Figure, document: Document) -> str:
    """The figure as an SVG file, white behind it so that it can be read on a dark page too. No scripts, no links."""
    drawing = draw(figure, document)
    width, height = _n(drawing.width + 4), _n(drawing.height + 4)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="-2 -2 {width} {height}" '
        f'role="img" aria-labelledby="title desc" font-family="{_FONTS}" font-size="{_n(drawing.size)}" text-anchor="middle">',
        f'<title id="title">{escape(document.title)}</title>',
        f'<desc id="desc">{escape(figure.alt)}</desc>',
        f'<rect x="-2" y="-2" width="{width}" height="{height}" fill="#ffffff"/>',
        *(part for arrow in drawing.arrows for part in _svg_arrow(arrow)),
        *(part for node in drawing.nodes for part in _svg_node(node)),
        *(part for label in drawing.labels for part in _svg_label(label, document, drawing.size)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _svg_arrow(arrow: Arrow) -> Iterator[str]:
    (x1, y1), (x2, y2) = _point(arrow.start), _point(arrow.shaft)
    yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{_INK}" stroke-width="0.6"/>'
    yield f'<polygon points="{" ".join(",".join(_point(p)) for p in arrow.head)}" fill="{_INK}"/>'


def _svg_node(node: Node) -> Iterator[str]:
    m = _measures(node.at)
    place = f'x="{m["left"]}" y="{m["top"]}" width="{m["width"]}" height="{m["height"]}"'
    corner = ' rx="5"' if node.round else ""
    dash = ' stroke-dasharray="3 2"' if node.dashed else ""
    yield f'<rect {place}{corner} fill="#ffffff"/>'
    if node.band:
        top = _n(node.at.y - node.at.height / 2 + node.band[0])
        yield f'<rect x="{m["left"]}" y="{top}" width="{m["width"]}" height="{_n(node.band[1])}" fill="#eeeeee"/>'
    for x in _node_context(node)["dividers"]:
        yield f'<line x1="{x}" y1="{m["top"]}" x2="{x}" y2="{m["bottom"]}" stroke="#787878" stroke-width="0.3"/>'
    yield f'<rect {place}{corner} fill="none" stroke="{_INK}" stroke-width="0.6"{dash}/>'


def _svg_label(label: Label, document: Document, size: float) -> Iterator[str]:
    m = _measures(label.at)
    if label.over:  # a little taller, so that no hair of the arrow is left between a label and the next
        high = _n(label.at.height + 0.5)
        yield f'<rect x="{m["left"]}" y="{m["top"]}" width="{m["width"]}" height="{high}" fill="#ffffff"/>'
    colour = {"gradient": _ACCENT, "head": _SOFT}.get(label.role, _INK)
    small = f' font-size="{_n(size - 1)}"' if label.role == "head" else ""
    if isinstance(label.content, str):
        body = escape(label.content)
    else:
        math = label.content
        body = _spans(InRuns(document.names, document.figures, math.numbers, math.given).write(math.form), size)
    yield f'<text x="{m["x"]}" y="{_n(label.at.y + 0.33 * size)}" fill="{colour}"{small}>{body}</text>'


def _spans(runs: Sequence[Run], size: float) -> str:
    """Runs as tspans; dy is a move, so each run also undoes the one before. Blanks are moves too: viewers drop them at ends."""
    written = []
    down = space = 0.0
    for run in runs:
        text = run.text.strip()
        space += 0.27 * size * (len(run.text) - len(run.text.lstrip()))
        wanted = {1: -0.45, 0: 0.0, -1: 0.25}[run.level] * size
        aside = space - 0.35 * size * run.back
        style = ' font-style="italic"' if run.italic else ' font-weight="bold"' if run.bold else ""
        style += f' font-size="{_n(0.7 * size)}"' if run.level else ""
        style += f' dy="{_n(wanted - down)}"' if wanted != down else ""
        style += f' dx="{_n(aside)}"' if aside else ""
        written.append(f"<tspan{style}>{escape(text)}</tspan>" if style else escape(text))
        down, space = wanted, 0.27 * size * (len(run.text) - len(run.text.rstrip()))
    return "".join(written)
