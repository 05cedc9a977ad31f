"""The legend against the page: a reader of LaTeX letters finds on the page what the legend explains, and no more."""

import re

import pytest

from symprop.document import Document, Figure, Heading, Math, Table
from symprop.exercise import Exercise, build, library, load
from symprop.printing import Latex
from symprop.rendering import render
from symprop.solution import solve
from symprop.wording import narrate

CASES = [
    ("day12", {"profile": "cs135"}, "units", "full"),
    ("day12", {"weight_style": "letters", "derivative": "delta"}, "units", "full"),
    ("day12", {"weight_style": "sequential", "pre": "net", "post": "out", "first_layer": 0}, "units", "steps"),
    ("day12", {"derivative": "bar"}, "layers", "steps"),
    ("google-demo", {"profile": "google"}, "units", "steps"),
    ("google-demo", {"profile": "lecture"}, "layers", "steps"),
    ("batch", {"profile": "ng"}, "layers", "steps"),
    ("batch", {"profile": "sklearn", "first_layer": 0}, "units", "steps"),
    ("batch", {"profile": "bar"}, "layers", "steps"),
    ("softmax", {"profile": "nielsen"}, "layers", "steps"),
    ("softmax", {"profile": "google"}, "units", "full"),
    ("momentum", {"profile": "lecture"}, "units", "steps"),
    ("adam", {"profile": "cs135"}, "units", "steps"),
]
#: Commands that are no quantity, and letters of functions and of the legend's own examples.
SYNTAX = re.compile(
    r"\\overset\{\\text\{\w+\}\}|\\(mathop|nolimits|negthinspace|underset|times|cr|frac|partial|left|right|cdot|odot|approx|begin|end|sqrt|ln|max|tanh|top|circ|!|,|leftarrow|boxed|ldots|gets|quad|;|text)\b"
    r"|\{[bp]matrix\}|\{aligned\}|\\(mathrm|operatorname)\{[A-Za-z]*(ReLU|softmax|exp)[A-Za-z]*\}|_\{\\mathrm\{\w+\}"
    r"|\\\[\w+\]|\[\d+pt\]|\\[\\!,;|{}]|\\(left|right)"
)
SIGN = re.compile(
    r"\\(hat|bar)\{(?:\\mathbf\{(\w+)\}|(\\?\w+))\}|\\(mathbf|boldsymbol)\{(\\?\w+)\}|\\mathrm\{(\w+)\}|(\\[a-zA-Z]+|[A-Za-z])"
)
NO_QUANTITY = {"\\sigma", "e", "bold u", "bold v", "\\varphi"}


def page(name: str, notation: dict[str, object], view: str, detail: str) -> Document:
    given = load(name if name in library() else "day12")
    raw = {field: getattr(given, field) for field in Exercise.model_fields}
    if name not in library():
        raw["update"] = {"rule": name, "learning_rate": "0.1"}
    return narrate(solve(build({**raw, "notation": notation})), view=view, detail=detail)


def drawn(document: Document) -> str:
    """The formulas of the figure, which a Markdown page keeps in a file of its own."""
    found = []
    for figure in (block for block in document.blocks if isinstance(block, Figure)):
        found += [cell.name for column in figure.columns for box in column.boxes for cell in box.cells]
        found += [edge.label for edge in figure.edges if edge.label is not None]
    return " ".join(f"${Latex(document.names).write(math.form)}$" for math in found)


def signs(markdown: str) -> set[str]:
    """The letters in the formulas of a page, bold and accented ones by themselves."""
    found = set()
    for block, line in re.findall(r"\$\$(.*?)\$\$|\$(.*?)\$", markdown, re.DOTALL):
        braced = re.sub(r"\\(mathbf|boldsymbol|mathrm) (\\?\w+)", r"\\\1{\2}", block or line)  # Markdown's own way
        braced = re.sub(r"\\(hat|bar) (\\\w+\{\w+\}|\\?\w+)", r"\\\1{\2}", braced)
        text = SYNTAX.sub(" ", braced)
        for accent, bold_accented, accented, bold, thick, word, letter in SIGN.findall(text):
            if accent == "bar":
                found.add(accent)  # explained once for all
            elif accent:
                found.add(f"{accent} {'bold ' if bold_accented else ''}{bold_accented or accented}")
            else:
                found.add(f"bold {thick}" if bold else word or letter)
    return found - NO_QUANTITY


@pytest.mark.parametrize(("name", "notation", "view", "detail"), CASES, ids=[f"{c[0]} {c[1]} {c[2]}" for c in CASES])
def test_the_legend_explains_the_signs_of_the_page_and_no_others(
    name: str, notation: dict[str, object], view: str, detail: str
) -> None:
    document = page(name, notation, view, detail)
    text = render(document, "markdown")
    before, _, rest = text.partition("Notation used")
    table, _, after = rest.partition("\n#")
    assert signs(table) == signs(before + after + drawn(document))


@pytest.mark.parametrize(("name", "notation", "view", "detail"), CASES, ids=[f"{c[0]} {c[1]} {c[2]}" for c in CASES])
def test_a_meaning_fits_half_a_line(name: str, notation: dict[str, object], view: str, detail: str) -> None:
    document = page(name, notation, view, detail)
    place = next(i for i, b in enumerate(document.blocks) if isinstance(b, Heading) and b.text == ("Notation used",))
    table = document.blocks[place + 1]
    assert isinstance(table, Table)
    for row in table.rows:
        for cell in (row[1], row[3]):
            assert sum(len(part) if isinstance(part, str) else 8 for part in cell) <= 46, cell


def test_an_example_of_a_weight_tells_its_ends_apart() -> None:
    document = page("batch", {"profile": "ng"}, "layers", "steps")
    rows = [row for b in document.blocks if isinstance(b, Table) for row in b.rows]
    sign = next(row[0][0] for row in rows if row[1] == ("weight, input 2 to unit 1 of layer 1",))
    assert isinstance(sign, Math)
    assert Latex(document.names).write(sign.form) == "W_{12}^{[1]}"


def test_labels_that_start_elsewhere_are_told() -> None:
    shifted = render(page("batch", {"profile": "sklearn", "first_layer": 0}, "units", "steps"), "markdown")
    assert "Signs count layers from 0: 0 is the label of layer 1." in shifted
    assert "Signs count" not in render(page("batch", {"profile": "sklearn"}, "units", "steps"), "markdown")
