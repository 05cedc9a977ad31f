"""How a page is built: what stays together, heads and shapes, reasons, the gradient check, the version code."""

import re
from fractions import Fraction
from functools import lru_cache
from io import BytesIO
from itertools import pairwise

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from symprop.api import contents, render
from symprop.cli import app
from symprop.document import Document, Equations, Flow, Heading, Prose, Table
from symprop.exercise import MLP, Exercise, library, load
from symprop.solution import solve
from symprop.wording import narrate

BUILT_IN = list(library())


@lru_cache(maxsize=64)
def key(name: str, detail: str = "steps", view: str | None = None) -> Document:
    return narrate(solve(load(name)), detail=detail, view=view)


def sheets(document: Document, paper: str = "a4") -> list[list[str]]:
    """The lines of each page, its foot left out."""
    pages = PdfReader(BytesIO(contents(document, "pdf", paper=paper))).pages
    text = [[line.strip() for line in page.extract_text().splitlines() if line.strip()] for page in pages]
    return [[line for line in lines if not re.search(r"\d+ of \d+$|^\d+$|· version", line)] for lines in text]


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_day12_fits_two_pages(paper: str) -> None:
    assert len(sheets(key("day12"), paper)) == 2


@pytest.mark.parametrize("name", ["day12", "mazur", "batch"])
def test_both_papers_break_the_text_alike(name: str) -> None:
    assert sheets(key(name), "a4") == sheets(key(name), "letter")


@pytest.mark.parametrize("detail", ["steps", "full"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_no_page_ends_with_a_heading(name: str, detail: str) -> None:
    document = key(name, detail)
    headings = {"".join(map(str, block.text)) for block in document.blocks if isinstance(block, Heading)}
    for lines in sheets(document)[:-1]:
        assert not any(lines[-1].endswith(heading) for heading in headings), lines[-3:]


def test_a_sentence_before_rows_says_that_it_leads_to_them() -> None:
    document = key("mazur", "full")
    for block, after in pairwise(document.blocks):
        if isinstance(block, Prose) and isinstance(after, (Equations, Flow, Table)):
            break
    else:
        pytest.fail("no sentence before rows")
    assert render(document, "typst", fragment=True).count("#leading[") >= 5


def test_upstream_and_local_stand_over_the_first_chain_rule_step_of_each_question() -> None:
    for part in render(key("day12"), "latex", fragment=True).split("\\subsection*")[1:]:
        rows = [line for line in part.split("\\section*")[0].splitlines() if "\\chainmark" in line]
        if len(rows) > 1:
            assert "\\symhead{upstream}" in rows[0] and "\\symhead{local}" in rows[0]
            assert not any("\\symhead" in row for row in rows[1:])


@pytest.mark.parametrize("profile", ["sklearn", "ng"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_shapes_under_neighbouring_matrices_fit(name: str, profile: str) -> None:
    """A product's inner sizes agree, and the product has the shape of the left side."""
    exercise = load(name)
    raw = {field: getattr(exercise, field) for field in Exercise.model_fields} | {"notation": {"profile": profile}}
    text = render(solve(Exercise.model_validate(raw)), "latex", view="layers", detail="full", fragment=True)
    size = r"\\symshape\{(\d+)\}\{(\d+)\}"
    products = 0
    for line in text.splitlines():
        row = re.match(rf"(?:\\llap\S*)?\s*{size}\{{.*?\}} &= (.*)", line)
        if row is None or "odot" in line:
            continue
        first = row[3].split(" + ")[0].split(" &")[0].split("\\\\")[0]
        factors = re.findall(size, first)
        if "\\tfrac" in first or not factors or " - " in first:
            continue
        for (_, inner), (outer, _) in pairwise(factors):
            assert inner == outer, line
            products += 1
        assert (row[1], row[2]) == (factors[0][0], factors[-1][1]), line
    assert products or name == "google-demo" or load(name).is_symbolic


def test_the_mean_over_samples_is_explained_and_a_sum_needs_no_word() -> None:
    def text(batch: str) -> str:
        net = MLP([(1, "logistic")], x=[[1], [2]], y=[[0], [1]], W=[[[1]]], b=[[0]], loss="log_loss", batch=batch)
        return render(solve(net), "markdown", detail="full", view="layers")

    assert "is the mean over 2 samples" in text("mean")
    assert "mean over" not in text("sum").split("Backward pass")[1]


def test_matrices_are_given_in_a_flow_of_displayed_formulas() -> None:
    flows = [block for block in key("batch", view="layers").blocks if isinstance(block, Flow)]
    assert len(flows) == 1 and len(flows[0].items) >= 6


def loss(
    w11: Fraction, w12: Fraction, w21: Fraction, w22: Fraction, b: tuple[Fraction, Fraction, Fraction]
) -> Fraction:
    """day12's loss, by hand: x = y = 1."""
    out = w21 * max(Fraction(0), w11 + b[0]) + w22 * max(Fraction(0), w12 + b[1]) + b[2]
    return (out - 1) ** 2 / 2


def test_the_gradient_check_prints_the_losses_a_student_would_work_out() -> None:
    document = narrate(solve(load("day12")), check=True)
    text = render(document, "markdown").split("## Gradient check")[1]
    rows = [
        re.findall(r"-?\d+(?:\.\d+)?", re.sub(r"_\{\d+\}", "", row)) for row in text.splitlines() if row[:3] == "| $"
    ]
    h, given = Fraction(1, 1000), [Fraction(v) for v in (1, 2, 1, 1, 0, 0, 0)]
    order = (0, 1, 4, 5, 2, 3, 6)  # the page goes layer by layer, biases after weights
    assert len(rows) == 7
    for place, (above, below, quotient, gradient) in zip(order, rows, strict=True):
        moved = [[v + sign * h * (i == place) for i, v in enumerate(given)] for sign in (1, -1)]
        losses = [loss(*m[:4], (m[4], m[5], m[6])) for m in moved]
        assert [Fraction(above), Fraction(below)] == [round(v, 8) for v in losses]
        assert Fraction(quotient) == round((Fraction(above) - Fraction(below)) / (2 * h), 4)
        assert abs(Fraction(quotient) - Fraction(gradient)) < Fraction(1, 1000)


def test_a_difference_across_a_kink_is_told() -> None:
    net = MLP([(1, "relu"), (1, "identity")], x=[[1]], y=[[1]], W=[[["0.0005"]], [[2]]], b=[[0], [0]])
    text = render(narrate(solve(net), check=True), "markdown")
    assert "crosses a kink" in text
    whole = render(narrate(solve(load("day12")), check=True), "markdown")
    assert "crosses a kink" not in whole


def test_the_gradient_check_is_an_option_of_the_command(tmp_path) -> None:  # type: ignore[no-untyped-def]
    done = CliRunner().invoke(app, ["key", "day12", "--to", "md", "--gradient-check", "-o", str(tmp_path)])
    assert done.exit_code == 0 and "## Gradient check" in (tmp_path / "day12.md").read_text(encoding="utf-8")


def changed(name: str, **fields: object) -> Exercise:
    raw = {field: getattr(load(name), field) for field in Exercise.model_fields}
    return Exercise.model_validate(raw | fields)


def test_the_version_code_follows_the_numbers_and_not_the_title_or_the_notation() -> None:
    code = load("day12").code
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{5}", code)
    assert changed("day12", title="Another", notation={"profile": "ng"}).code == code
    assert load("day12").with_numbers(x=[[2]]).code != code
    codes = {load("day12").with_numbers(x=[[n]]).code for n in range(1, 300)}
    assert len(codes) == 299


def test_the_code_stands_on_every_page_and_stays_from_release_to_release() -> None:
    """Written down on 2026-11-23: a change of it would part printed pages from their keys."""
    assert load("day12").code == "XMSW8"
    pages = PdfReader(BytesIO(contents(key("day12"), "pdf"))).pages
    assert all("version XMSW8" in page.extract_text() for page in pages)
