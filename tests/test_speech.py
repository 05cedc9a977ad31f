"""What a screen reader says: every formula in words, one way to hear it, and a PDF that claims PDF/UA-1 and carries them."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import IndirectObject
from sympy import Expr, Integer, S, exp, log, sqrt

from symprop.api import contents, render
from symprop.errors import TypesettingError
from symprop.exercise import Exercise, build, library, load
from symprop.functions import absolute, logistic, relu, relu_prime, softmax
from symprop.graph import symbol
from symprop.layers import LayerView, op
from symprop.notation import Names, Notation
from symprop.printing import Above, Chain, Factors, Grid, Relation, Shown, Speech
from symprop.quantity import Quantity
from symprop.rendering import pdf
from symprop.solution import solve
from symprop.wording import narrate

NAMES = Names(Notation(), (1, 2, 1))
x, y, w, b, v = (symbol(t) for t in ("x[1]", "y[1]", "W1[1,1]", "b1[1]", "W2[1,1]"))
z, other, yhat = (symbol(t) for t in ("z1[1]", "z1[2]", "a2[1]"))
dy, dw, eta, beta = (symbol(t) for t in ("dE/da2[1]", "dE/dW1[1,1]", "eta", "beta1"))
third = Fraction(1, 3)

#: Form, numbers put in (none: letters), words.
SAID: list[tuple[Any, dict[Expr, Any] | None, str]] = [
    (Relation(dw, Shown(Fraction(2))), None, "the partial derivative of E with respect to w one one equals 2"),
    (w * x + b, None, "w one one times x plus b one one"),
    (w * x + b, {w: 1, x: -2, b: -3}, "1 times negative 2 minus 3"),
    (w * x + b, {w: -third, x: 0.5, b: 7}, "negative one third times 0.5 plus 7"),
    ((yhat - y) ** 2 / 2, None, "one half times open bracket y hat minus y close bracket squared"),
    ((yhat - y) ** 2 / 2, {yhat: 3, y: -1}, "one half times open bracket 3 minus negative 1 close bracket squared"),
    (x**2, {x: -2}, "open bracket negative 2 close bracket squared"),
    (-(x**2), None, "negative x squared"),
    (x**3 + 1, None, "1 plus x cubed"),
    (beta**5, None, "beta one to the power 5, end of power"),
    (x / y, None, "x over y"),
    (-y / yhat + (1 - y) / (1 - yhat), None, "the fraction 1 minus y over 1 minus y hat, end of fraction, minus y over y hat"),
    (x / (sqrt(y) + eta), None, "the fraction x over the square root of y plus eta, end of fraction"),
    (sqrt(x + y), None, "the square root of x plus y, end of root"),
    (absolute(x - y), None, "the absolute value of x minus y, end of absolute value"),
    (-y * log(yhat), None, "negative y times the natural logarithm of y hat"),
    (log(1 - yhat), None, "the natural logarithm of open bracket 1 minus y hat close bracket"),
    (exp(-z), None, "e to the power negative z one, end of power"),
    (logistic(z), None, "sigma of z one"),
    (logistic(z), {z: 2}, "the fraction 1 over 1 plus e to the power negative 2, end of power, end of fraction"),
    (softmax(Integer(1), z, other), {z: -1, other: 1}, "the fraction e to the power negative 1, end of power over e to the power negative 1, end of power, plus e to the power 1, end of power, end of fraction"),
    (relu(z), None, "ReLU of z one"),
    (relu(z), {z: -2}, "the maximum of 0 and negative 2"),
    (relu_prime(z), None, "ReLU prime of z one"),
    (Chain(((dy, v),)), None, "the partial derivative of E with respect to y hat times w two one"),
    (Chain(((dy, S.One),)), {dy: -2}, "negative 2 times 1"),
    (Chain(((dy, v), (dw, w))), {dy: -2, v: -1, dw: -3, w: 4}, "negative 2 times negative 1 plus negative 3 times 4"),
    (Factors((dy, w, x)), {dy: -1, w: -2, x: 3}, "negative 1 times negative 2 times 3"),
    (Above(z), None, "z one is greater than 0"),
    (w - eta * dw, None, "w one one minus eta times the partial derivative of E with respect to w one one"),
    (Shown(Fraction(-1, 50)), None, "negative 0.02"),
    (Shown(Fraction(5, 7)), None, "5 over 7"),
    (Shown(Fraction(5933271, 10000000)), None, "0.5933"),
    (Shown(Fraction(1, 10**7), given=True), None, "10 to the power negative 7"),
    (Grid(((Integer(1), Integer(2)), (Integer(3), Shown(Fraction(-4))))), None, "matrix with 2 rows and 2 columns: row 1: 1, 2; row 2: 3, negative 4; end of matrix"),
    (Grid(((x,),)), None, "matrix with 1 row and 1 column: row 1: x; end of matrix"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "numbers", "words"), SAID, ids=[row[2][:60] for row in SAID])
def test_a_formula_is_said_so_that_it_can_be_heard_one_way_only(form: Any, numbers: Any, words: str) -> None:
    exact = None if numbers is None else {s: Fraction(value) for s, value in numbers.items()}
    assert Speech(NAMES, numbers=exact).write(form) == words


WIDE = (2, 12, 3)
NAMED = [
    ({}, WIDE, "W1[2,3]", "w two three of layer one"),
    ({}, WIDE, "W1[1,11]", "w one, eleven of layer one"),
    ({}, WIDE, "z1[12]@2", "z twelve of layer one of sample two"),
    ({}, WIDE, "a2[3]@2", "y hat three of sample two"),
    ({}, WIDE, "new W1[2,1]", "new w two one of layer one"),
    ({}, WIDE, "used dE/dW1[1,1]", "the partial derivative of E star with respect to w one one of layer one"),
    ({}, WIDE, "m W1[2,1]", "m of w two one of layer one"),
    ({}, (1, 11, 1), "b1[11]", "b one, eleven"),
    ({}, (1, 2, 1), "z2[1]@3", "z out of sample three"),
    ({"profile": "ng"}, WIDE, "z1[2]@3", "z two of layer one of sample three"),
    ({"profile": "nielsen"}, WIDE, "a1[2]@3", "a two of layer one of sample three"),
    ({"profile": "google"}, (2, 2, 1), "y[1]", "y target"),
    ({"profile": "bar"}, WIDE, "dE/dz1[2]", "z bar two of layer one"),
    ({"layer": "sub", "naming": "layers"}, WIDE, "W1[2,3]", "w two three of layer one"),
    ({"layer": "sub", "naming": "layers"}, WIDE, "W1[2,11]", "w two, eleven of layer one"),
    ({"sample": "(n)"}, WIDE, "x[1]@2", "x one of sample two"),
    ({"sample": "(n)"}, WIDE, "z1[1]@2", "z one of layer one of sample two"),
    ({"sample": "(n)"}, (1, 2, 1), "z1[1]@2", "z one of sample two"),
    ({"rate": "alpha"}, WIDE, "eta", "alpha"),
]


@pytest.mark.parametrize(("notation", "widths", "id", "words"), NAMED, ids=[f"{row[2]} {row[0]}" for row in NAMED])
def test_a_name_is_said_with_its_layer_and_sample(notation: Any, widths: Any, id: str, words: str) -> None:
    names = Names(Notation(**notation), widths, samples=3 if "@" in id else 1)
    assert Speech(names).write(symbol(id)) == words


def test_matrices_are_said_by_name() -> None:
    view = LayerView(solve(load("day12")))
    delta, W = view.matrix(Quantity.parse("dE/dz2")), view.matrix(Quantity.parse("W2"))
    speech = Speech(NAMES)
    assert speech.write(op("hadamard", op("product", delta, W.T), W)) == (
        "bold delta two times bold W two transposed element-wise times bold W two"
    )
    assert speech.write(op("total", delta, "rows")) == "the vector of ones transposed times bold delta two"


# ---------------------------------------------------------------- the PDF
def formulas(data: bytes) -> list[str | None]:
    """The alternative texts of all formulas in the structure tree, in reading order."""

    def walk(node: Any) -> Iterator[str | None]:
        node = node.get_object() if isinstance(node, IndirectObject) else node
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif hasattr(node, "get"):
            if node.get("/S") == "/Formula":
                yield node.get("/Alt")
            yield from walk(node.get("/K"))

    return list(walk(PdfReader(BytesIO(data)).trailer["/Root"]["/StructTreeRoot"]["/K"]))


@lru_cache(maxsize=4)
def key(name: str) -> bytes:
    return contents(narrate(solve(load(name)), detail="full"), "pdf")


def test_the_pdf_is_tagged_and_claims_ua_1() -> None:
    root = PdfReader(BytesIO(key("day12"))).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    packet = root["/Metadata"].get_object().get_data().decode()
    assert "pdfuaid:part>1<" in packet
    assert load("day12").title in packet


def test_an_answer_is_one_formula_with_the_whole_line_in_words() -> None:
    assert (
        "by the chain rule: the partial derivative of E with respect to w two two equals the partial derivative of E with "
        "respect to z out times the partial derivative of z out with respect to w two two, equals the partial derivative of "
        "E with respect to z out times h two, equals 2 times 2, equals 4"
    ) in formulas(key("day12"))


@pytest.mark.parametrize("name", list(library()))
def test_every_formula_has_words(name: str) -> None:
    found = formulas(key(name))
    assert len(found) > 10
    for words in found:
        assert words and words == words.strip()
        assert "  " not in words
        assert not set(words) & set("\\$_^{}|#=+*⊤"), words


def test_a_title_with_quotes_and_backslashes_does_no_harm() -> None:
    title = 'A "quoted" \\ title #x $y$'
    raw = {name: getattr(load("day12"), name) for name in Exercise.model_fields}
    data = contents(narrate(solve(build({**raw, "title": title}))), "pdf")
    reader = PdfReader(BytesIO(data))
    assert reader.metadata is not None and reader.metadata.title == title
    assert title in reader.pages[0].extract_text()


def test_words_are_no_markup() -> None:
    """A formula's words stand in the Typst source as a string, whatever a template makes of them."""
    text = render(solve(load("day12")), "typst", fragment=True)
    assert '#said("w one one", $w_(11)$);' in text


def test_a_page_that_is_not_accessible_is_refused_with_the_compilers_reason(tmp_path: Path) -> None:
    folder = tmp_path / "typst"
    folder.mkdir()
    (folder / "prose.j2").write_text("$x$ << text >>\n")
    document = narrate(solve(load("day12")))
    with pytest.raises(TypesettingError, match="PDF/UA-1"):
        pdf(render(document, "typst", templates=tmp_path))
