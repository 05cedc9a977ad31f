"""The network figure: where things stand, what its words say, the same drawing in every dialect."""

import random
import re
import shutil
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from io import BytesIO
from itertools import combinations, pairwise, product
from pathlib import Path

import pytest
from pypdf import PdfReader

from symprop import quantity as q
from symprop.api import companions, contents, render, write
from symprop.document import Box, Cell, Column, Document, Edge, Figure, Math
from symprop.exercise import build, library, load
from symprop.graph import symbol
from symprop.notation import PROFILES, Names, Notation
from symprop.printing import Relation, Shown
from symprop.printing.layout import PLAIN
from symprop.quantity import Quantity
from symprop.rendering.figure import WIDTH, Arrow, Drawing, Rectangle, draw
from symprop.solution import Solution, solve
from symprop.wording import narrate

BUILT_IN = list(library())


def drawn(solution: Solution) -> tuple[Document, Figure, Drawing]:
    document = narrate(solution)
    (figure,) = (block for block in document.blocks if isinstance(block, Figure))
    return document, figure, draw(figure, document)


def network(*widths: int, seed: int = 1, hidden: str = "tanh", **more: object) -> Solution:
    chance = random.Random(seed)
    layers = [{"units": n, "activation": hidden} for n in widths[1:-1]]
    raw: dict[str, object] = {
        "symprop": 1,
        "network": {"inputs": widths[0], "layers": [*layers, {"units": widths[-1], "activation": "identity"}]},
        "data": {"x": [[chance.randint(1, 9) for _ in range(widths[0])]], "y": [[1] * widths[-1]]},
        "parameters": {},
    }
    for layer, (m, n) in enumerate(pairwise(widths), start=1):
        raw["parameters"] |= {  # type: ignore[operator]
            f"W{layer}": [[chance.choice([-0.25, 0.5, 1, "-1/3"]) for _ in range(n)] for _ in range(m)],
            f"b{layer}": [chance.choice([0.1, -1]) for _ in range(n)],
        }
    return solve(build(raw | more))


def lawful(drawing: Drawing) -> None:
    nodes = [node.at for node in drawing.nodes]
    outside = [label for label in drawing.labels if label.role == "head" or not any(within(label.at, n) for n in nodes)]
    for place in [*nodes, *(label.at for label in drawing.labels)]:
        assert place.within(WIDTH, drawing.height)
    for first, second in combinations(nodes, 2):
        assert not first.meets(second)
    for first, second in combinations([label.at for label in drawing.labels], 2):
        assert not first.meets(second)
    for label in outside:
        assert not any(label.at.meets(node) for node in nodes)
        upon = [arrow for arrow in drawing.arrows if arrow.crosses(shrunk(label.at))]
        assert len(upon) <= (1 if label.over else 0)
    for arrow in drawing.arrows:
        for end in (arrow.start, arrow.end):
            assert any(touches(end, node) for node in nodes)
        assert not any(arrow.crosses(shrunk(node)) for node in nodes)


def within(inner: Rectangle, outer: Rectangle) -> bool:
    return abs(inner.x - outer.x) * 2 <= outer.width and abs(inner.y - outer.y) * 2 <= outer.height


def touches(point: tuple[float, float], box: Rectangle) -> bool:
    aside, down = abs(point[0] - box.x) * 2 - box.width, abs(point[1] - box.y) * 2 - box.height
    return max(aside, down) == pytest.approx(0, abs=1e-6)


def shrunk(box: Rectangle) -> Rectangle:
    return Rectangle(box.x, box.y, box.width - 0.1, box.height - 0.1)


def figure_of(widths: tuple[int, ...], profile: str, samples: int = 1) -> tuple[Document, Figure]:
    """A network's figure with long numbers, without solving it; several samples: weights only."""
    chance = random.Random(repr((widths, profile)))
    depth = len(widths) - 1

    def number() -> Math:
        return Math(
            Shown(Fraction(chance.choice(["-1471/10000", "10/3", "-97/135", "0", "12.3456", "-2/3", "1"])), given=True)
        )

    def cell(of: Quantity, gradient: bool = True) -> Cell:
        alone = samples == 1
        return Cell(Math(symbol(of)), number() if alone else None, number() if alone and gradient else None)

    def edge(layer: int, i: int, j: int) -> Edge:
        short = number()
        label = Math(Relation(symbol(q.W(layer, i, j)), short.form))
        return Edge((layer - 1, i - 1), (layer, j - 1), label, number() if samples == 1 else None, short=short)

    layers = range(1, depth + 1)
    units = [
        Column(
            tuple(Box("unit", (cell(q.z(n, j)), cell(q.a(n, j)))) for j in range(1, widths[n] + 1)),
            "hidden units · sigmoid",
        )
        for n in layers
    ]
    targets = tuple(cell(q.y(k), False) for k in range(1, widths[-1] + 1))
    figure = Figure(
        (
            Column(tuple(Box("input", (cell(q.x(i), False),)) for i in range(1, widths[0] + 1)), "input"),
            *units,
            Column((Box("loss", (cell(q.E),)), Box("target", targets)), "loss"),
        ),
        (
            *(edge(n, i, j) for n in layers for i in range(1, widths[n - 1] + 1) for j in range(1, widths[n] + 1)),
            *(Edge((depth, j), (depth + 1, 0)) for j in range(widths[-1])),
            Edge((depth + 1, 1), (depth + 1, 0)),
        ),
        "",
        (),
        legend=("value", "name", "gradient"),
    )
    names = Names(Notation(profile=profile), widths, samples)
    return Document("", "", "", "", (), names, PLAIN), figure


SHAPES = [shape for columns in (2, 3) for shape in product(range(1, 6), repeat=columns)]
DEEP = [tuple(random.Random(seed).choices(range(1, 6), k=4 + seed % 2)) for seed in range(30)] + [(5,) * 5, (1,) * 5]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("samples", [1, 2])
def test_nothing_meets_anything_up_to_five_units_and_five_layers(profile: str, samples: int) -> None:
    turn = PROFILES.index(profile)
    for shape in SHAPES[turn :: len(PROFILES)] + DEEP[turn :: len(PROFILES)]:
        document, figure = figure_of(shape, profile, samples)
        lawful(draw(figure, document))


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_meets_anything_in_a_built_in_exercise(name: str) -> None:
    lawful(drawn(solve(load(name)))[2])


@pytest.mark.parametrize("seed", range(12))
def test_nothing_meets_anything_in_random_networks(seed: int) -> None:
    chance = random.Random(seed)
    widths = [chance.randint(1, 5) for _ in range(chance.randint(2, 5))]
    lawful(drawn(network(*widths, seed=seed, hidden="relu"))[2])


@pytest.mark.parametrize(
    "widths", [(5, 5, 5, 5, 5, 5), (1, 1, 1, 1, 1, 1), (5, 1), (1, 5), (6, 1), (3,) * 12, (400, 999, 10)]
)
def test_nothing_meets_anything_at_the_limits(widths: tuple[int, ...]) -> None:
    layers = [{"units": n, "activation": "leaky_relu"} for n in widths[1:]]
    letters = build({"symprop": 1, "network": {"inputs": widths[0], "layers": layers}})
    if max(widths) <= 12:
        lawful(drawn(solve(letters))[2])
    if max(widths) <= 5:
        lawful(drawn(network(*widths))[2])


def test_an_arrow_knows_what_it_crosses() -> None:
    arrow = Arrow((0, 0), (10, 10))
    assert arrow.crosses(Rectangle(5, 5, 2, 2))
    assert not arrow.crosses(Rectangle(8, 2, 4, 4))
    assert not arrow.crosses(Rectangle(12, 12, 4, 4))


def test_day12_shows_every_number_at_its_place() -> None:
    document, figure, drawing = drawn(solve(load("day12")))
    assert [label.role for label in drawing.labels].count("weight") == 4
    assert [label.role for label in drawing.labels if isinstance(label.content, Math)].count("gradient") == 4 + 6 + 1
    assert [label.content for label in drawing.labels if isinstance(label.content, str)][-3:] == [
        "value",
        "name",
        "gradient",
    ]
    text = render(document, "typst")
    assert "At each arrow the weight stands above and its gradient below." in text
    assert "All biases are 0 and are not drawn." in text
    z, h = figure.columns[1].boxes[0].cells
    assert z.value is not None and z.gradient is not None and h.gradient is not None


def test_the_words_of_day12_say_the_whole_figure() -> None:
    assert drawn(solve(load("day12")))[1].alt == (
        "One input, two ReLU hidden units, one linear output, half squared error. Input x equals 1. "
        "Hidden unit 1 takes x by w one one equals 1 (gradient 2) and has z one equals 1 (gradient 2) and h one equals 1 (gradient 2). "
        "Hidden unit 2 takes x by w one two equals 2 (gradient 2) and has z two equals 2 (gradient 2) and h two equals 2 (gradient 2). "
        "Output unit takes h one by w two one equals 1 (gradient 2) and h two by w two two equals 1 (gradient 4) "
        "and has z out equals 3 (gradient 2) and y hat equals 3 (gradient 2). "
        "The loss E equals 2 takes y hat and the target y equals 1."
    )


def test_a_unit_that_is_off_has_a_dashed_outline_and_is_said_to_be_off() -> None:
    weights = {"W1": [[1, -1]], "b1": [0, 0], "W2": [[1], [1]], "b2": [0]}
    document, figure, drawing = drawn(network(1, 2, 1, hidden="relu", parameters=weights))
    assert [node.dashed for node in drawing.nodes] == [False, False, True, False, False, False, False]
    assert figure.alt.count("The unit is off.") == 1
    assert "stroke-dasharray" in next(iter(companions(document, "md", "n").values())).decode()


@pytest.mark.parametrize("name", ["batch", "schiendorfer-batch", "google-demo"])
def test_several_samples_and_letters_show_no_value_of_a_unit(name: str) -> None:
    _, figure, drawing = drawn(solve(load(name)))
    assert not any(
        cell.value or cell.gradient for column in figure.columns for box in column.boxes for cell in box.cells
    )
    assert not any(label.role in ("value", "gradient") for label in drawing.labels)
    assert "gradient" not in figure.alt


def test_beyond_five_units_or_layers_there_is_one_box_a_layer() -> None:
    _, figure, drawing = drawn(network(4, 10, 3))
    assert [box.lines for column in figure.columns for box in column.boxes] == [
        ("4 inputs",),
        ("10 units", "tanh"),
        ("3 units", "linear"),
        (),
    ]
    assert [edge.note for edge in figure.edges] == ["4 × 10", "10 × 3", ""]
    assert [label.role for label in drawing.labels].count("weight") == 2
    deep = drawn(network(2, 3, 3, 3, 3, 3, 3, 1))[1]
    assert ("3 more", "layers") in [box.lines for column in deep.columns for box in column.boxes]


@pytest.mark.parametrize("name", ["day12", "mazur", "batch", "google-demo"])
def test_the_drawing_of_markdown_is_plain_well_formed_svg(name: str) -> None:
    files = companions(narrate(solve(load(name))), "md", name)
    assert list(files) == [f"{name}-network.svg"]
    root = ElementTree.fromstring(files[f"{name}-network.svg"])
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "rect", "line", "polygon", "text", "tspan"}
    assert not any("href" in key or key.startswith("on") for element in root.iter() for key in element.attrib)


def test_text_of_the_exercise_is_escaped_in_the_drawing() -> None:
    title = '</title><script>alert("x")</script> & more'
    document = narrate(network(1, 2, 1, title=title))
    (data,) = companions(document, "md", "n").values()
    root = ElementTree.fromstring(data)
    assert root[0].text == title
    assert b"<script" not in data


def test_markdown_refers_to_a_drawing_only_where_there_is_one(tmp_path: Path) -> None:
    solution = solve(load("day12"))
    assert "svg" not in render(solution, "markdown")
    assert "](here.svg)" in render(solution, "markdown", figure="here.svg")
    page = write(solution, "md", tmp_path / "a key (1).md").read_text(encoding="utf-8")
    (link,) = re.findall(r"\]\((.*?\.svg)\)", page)
    assert link == "a%20key%20%281%29-network.svg"
    assert (tmp_path / "a key (1)-network.svg").is_file()


def test_only_markdown_has_companions() -> None:
    document = narrate(solve(load("day12")))
    assert (
        companions(document, "pdf", "n") == companions(document, "tex", "n") == companions(document, "typ", "n") == {}
    )


def test_the_figure_keeps_day12_within_three_pages() -> None:
    for detail in ("answers", "steps", "full"):
        data = contents(narrate(solve(load("day12")), detail=detail), "pdf")
        assert len(PdfReader(BytesIO(data)).pages) <= 3


@pytest.mark.parametrize("widths", [(2, 3, 2), (4, 10, 3), (5, 5, 5)])
def test_typst_sets_the_figure(widths: tuple[int, ...]) -> None:
    text = PdfReader(BytesIO(contents(narrate(network(*widths, hidden="relu")), "pdf"))).pages[0].extract_text()
    assert "The network" in text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("latexmk") is None, reason="no TeX on this machine")
@pytest.mark.parametrize("widths", [(2, 3, 2), (4, 10, 3)])
def test_latex_sets_the_figure(widths: tuple[int, ...]) -> None:
    data = contents(narrate(network(*widths, hidden="relu")), "pdf", engine="tex")
    assert "The network" in PdfReader(BytesIO(data)).pages[0].extract_text()
