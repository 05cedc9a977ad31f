"""The Markdown page on GitHub and in Jupyter: what both do to a formula before MathJax sees it.

Jupyter takes formulas out before its Markdown parser runs. GitHub does not: its parser (CommonMark with tables) drops
backslashes before signs, reads underscores as emphasis, bars as ends of cells (github/markup issues 1547, 1575, 1742,
asc-community/AngouriMath pull request 1404). A fence ```math is safe on GitHub and not read by Jupyter. So the common
ground is a formula that CommonMark leaves as it is; the parser here, markdown-it-py, is an outside judge of that.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from random_exercises import built

from symprop.api import companions, contents, render
from symprop.exercise import library, load
from symprop.notation import PROFILES
from symprop.solution import solve
from symprop.wording import narrate

BUILT_IN = list(library())
DETAILS, VIEWS = ("answers", "steps", "full"), ("units", "layers")
#: Read by MathJax 3 and 4 and by KaTeX (each was rendered), and not among the macros that GitHub refuses.
MACROS = set(
    "begin end frac cdot quad hat bar boxed partial mathbf boldsymbol mathrm mathop nolimits cr approx leftarrow "  # noqa: SIM905
    "circ negthinspace overset underset text times top ast odot left right lvert rvert sqrt ln tanh max sigma Phi varphi Delta "
    "alpha beta gamma delta epsilon eta theta lambda mu pi rho".split()
)
FORMULA = re.compile(r"(?<![\\$])(\$\$|\$)(?!\$)(.+?)(?<!\\)\1", re.DOTALL)


def formulas(text: str) -> list[str]:
    """What stands between dollar signs, without the blanks at line ends that no reader keeps."""
    return ["\n".join(line.strip() for line in m[2].strip().split("\n")) for m in FORMULA.finditer(text)]


def handed_over(page: str) -> list[str]:
    """The formulas that a reader finds in the text which CommonMark with tables makes of a page, as GitHub does."""
    return formulas("\n\n".join(_texts(MarkdownIt("commonmark").enable("table").parse(page))))


def _texts(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(
                part.content if part.type == "text" else "\n" if part.type == "softbreak" else f"⟨{part.type}⟩"
                for part in token.children or ()
            )
        elif token.content:
            yield f"⟨{token.type}⟩"


def lawful(page: str) -> None:
    written = formulas(page)
    assert written
    assert handed_over(page) == written
    for m in FORMULA.finditer(page):
        before, after = page[: m.start()][-1:], page[m.end() :][:1]
        if m[1] == "$$":  # a paragraph of its own
            assert (
                page[: m.start()].endswith("\n\n")
                and m[2][0] == m[2][-1] == "\n"
                and page[m.end() :][:2] in ("\n\n", "\n")
            )
        else:
            assert before in ("", " ", "\n"), page[m.start() - 30 : m.end()]
            assert after in ("", " ", "\n", ".", ",", ";", ":", ")"), page[m.start() : m.end() + 30]
            assert m[2] == m[2].strip() and "\n" not in m[2]
    assert max(map(len, written)) < 5 * 1024  # MathJax's maxBuffer
    used = {name for text in written for name in re.findall(r"\\([A-Za-z]+|.)", text)}
    assert used <= MACROS, used - MACROS


@pytest.mark.parametrize("name", BUILT_IN)
def test_markdown_leaves_every_formula_as_it_is(name: str) -> None:
    solved = solve(load(name))
    for detail in DETAILS:
        for view in VIEWS:
            lawful(render(solved, "markdown", detail=detail, view=view))


@pytest.mark.parametrize("profile", PROFILES)
def test_markdown_leaves_the_formulas_of_every_profile_as_they_are(profile: str) -> None:
    for seed in range(PROFILES.index(profile), 32, len(PROFILES)):
        lawful(
            render(solve(built(seed, notation={"profile": profile})), "markdown", detail="full", view=VIEWS[seed % 2])
        )


@pytest.mark.parametrize(
    "formula",
    [
        r"$\,\mathrm{ReLU}$",
        r"$\hat{y}_{1} + \hat{y}_{2}$",
        r"$z^{[1](2)}$",
        r"$L^{*} + L^{*}$",
        "$$\n\\begin{aligned}\na &= b \\\\[4pt]\nc &= d\n\\end{aligned}\n$$",
        "| a |\n| - |\n| $\\left|z\\right|$ |",
    ],
)
def test_the_law_sees_what_markdown_takes_from_a_formula(formula: str) -> None:
    assert handed_over(formula) != formulas(formula)


def test_the_drawing_has_its_words_in_the_page_and_in_the_file() -> None:
    document = narrate(solve(load("day12")))
    page = contents(document, "md", name="key").decode()
    (image,) = (
        part
        for token in MarkdownIt("commonmark").enable("table").parse(page)
        for part in token.children or ()
        if part.type == "image"
    )
    assert image.attrGet("src") == "key-network.svg"
    assert image.content.startswith("One input, two ReLU hidden units") and "\\" not in image.content.replace("\\_", "")
    root = ElementTree.fromstring(companions(document, "md", "key")["key-network.svg"])
    title, description, ground = root[0], root[1], root[2]
    assert root.get("role") == "img" and root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text and description.text == image.content
    assert ground.get("fill") == "#ffffff"  # black lines stay readable on a dark page
    assert ground.get("width") == root.get("width", "").removesuffix("pt")
    assert str(root.get("font-family")).endswith(" serif")
