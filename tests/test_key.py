"""Whole answer keys: golden pages, what no page may show, the same page in every format, the files on disk."""

import re
import shutil
import subprocess
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from symprop.api import contents, render
from symprop.errors import TypesettingError, UsageError
from symprop.exercise import MLP, Exercise, build, library, load
from symprop.rendering import pdf, tex_pdf
from symprop.solution import Solution, solve
from symprop.wording import narrate

GOLDEN = Path(__file__).parent / "golden"
BUILT_IN = list(library())
#: Whole keys, by file name: exercise, notation profile ("": its own), options. Regenerate with `python tests/test_key.py`
#: only when a page was meant to change; review the difference as a page and say the reason in the commit.
PAGES: dict[str, tuple[str, str, dict[str, str]]] = {
    "day12": ("day12", "", {}),
    "day12-ng": ("day12", "ng", {"detail": "full"}),
    "day12-answers": ("day12", "", {"detail": "answers"}),
    "day12-logloss": ("day12-logloss", "", {}),
    "softmax": ("softmax", "", {}),
    "batch": ("batch", "", {"view": "layers"}),
    "google-demo": ("google-demo", "", {}),
    "hard": ("hard", "", {"detail": "full"}),
}
SUFFIXES = {"latex": "tex", "markdown": "md", "typst": "typ"}


@lru_cache(maxsize=32)
def solved(name: str, profile: str = "") -> Solution:
    exercise = load(str(GOLDEN / "hard.toml") if name == "hard" else name)
    if profile:
        raw = {key: getattr(exercise, key) for key in Exercise.model_fields}
        exercise = build(raw | {"notation": {"profile": profile}})
    return solve(exercise)


def page(name: str, format: str, **options: object) -> str:
    return render(solved(name), format, fragment=True, **options)  # type: ignore[arg-type]


def golden(name: str, format: str) -> str:
    exercise, profile, options = PAGES[name]
    return render(solved(exercise, profile), format, fragment=True, figure="network.svg", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("format", SUFFIXES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_it_was_reviewed(name: str, format: str) -> None:
    assert golden(name, format) == (GOLDEN / f"{name}.{SUFFIXES[format]}").read_text(encoding="utf-8")


def typeset(folder: Path) -> None:
    """key.tex in the folder through latexmk, without shell escape."""
    command = [
        "latexmk",
        "-pdf",
        "-interaction=nonstopmode",
        "-halt-on-error",
        "-latexoption=-no-shell-escape",
        "key.tex",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]


DEFECTS = [
    (r"\+ ?-", "plus before a minus"),
    (r"(?<!-)-(?!-) ?-(?!-)", "two minus signs"),
    (r"(?<![\d.])-0(?![\d.])", "minus zero"),
    (r"-\s*\\frac\{0\}", "minus zero"),
    (r"(?<![\d.])-0\.0*(?!\d)", "minus zero"),
    (r"(?<![\d.])\d+\.0(?!\d)", "a decimal point where an integer stood"),
    (r"\\frac\{[^{}]*\}\{1\}", "a fraction over one"),
    (r"\b(nan|inf|None|True|False|oo|zoo)\b", "a word of the program"),
    (r"\b(Symbol|Rational|Float|Fraction|Piecewise|Heaviside)\b", "a name of the program"),
]


@pytest.mark.parametrize("view", ["units", "layers"])
@pytest.mark.parametrize("name", BUILT_IN)
def test_no_page_shows_a_known_defect(name: str, view: str) -> None:
    text = page(name, "latex", view=view)
    body = text.split("% redefine", 1)[-1].split("\n\n", 1)[-1]
    maths = "\n".join(line for line in body.splitlines() if not line.startswith(("|", r"\begin", r"\end", "%")))
    for pattern, why in DEFECTS:
        found = re.search(pattern, maths)
        assert found is None, f"{why}: {maths[max(found.start() - 60, 0) : found.end() + 30]!r}"


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("detail", ["answers", "steps", "full"])
def test_every_key_becomes_a_pdf_in_both_views(name: str, detail: str) -> None:
    for view in ("units", "layers"):
        data = contents(narrate(solved(name), detail=detail, view=view), "pdf")
        text = "".join(sheet.extract_text() for sheet in PdfReader(BytesIO(data)).pages)
        assert load(name).title.split()[0] in text


def test_the_same_input_gives_the_same_bytes() -> None:
    first, second = (contents(narrate(solve(load("batch"))), "pdf") for _ in range(2))
    assert first == second


def test_the_formats_say_the_same_numbers_in_the_same_order() -> None:
    def numbers(format: str) -> list[str]:
        text = re.sub(r'(alt: |#said\()"[^"]*"', "", page("mazur", format))  # the words of a formula repeat its numbers
        text = re.sub(r"[_^](\{[^{}]*\}|\([^()]*\"?\)?\)?)", " ", text.split("after", 1)[-1])
        return re.findall(r"(?<![\w.])\d\.\d{4}(?!\d)", text)

    assert len(numbers("latex")) > 60
    assert numbers("latex") == numbers("markdown") == numbers("typst")


def test_day12_prints_the_seed_notebooks_numbers() -> None:
    """Outputs 1, 2, 3 and 2; gradients 2 except for the second weight of layer 2, which is 4."""
    text = page("day12", "latex", detail="answers")
    boxed = re.findall(r"\\symanswer\{([^{}]*)\}", text)
    assert boxed == ["1", "2", "3", "2", "2", "2", "2", "2", "2", "2", "2", "4", "2", "2"]


def test_the_parts_of_a_loss_stand_before_their_sum_and_never_as_minus_zero() -> None:
    """Two samples, two softmax outputs, unit view: E_1 and E_2 of each sample, then the sample's E, then E itself."""
    rows = [[1, -1], ["1/2", 2]]
    net = MLP([(2, "softmax")], x=[[1, 2], [2, -1]], y=[0, 1], W=[rows], loss="cross_entropy")
    text = render(solve(net), "latex", view="units", fragment=True)
    left = re.findall(r"^(E\S*) &=", text, re.MULTILINE)
    assert left == ["E_{1}^{[1]}", "E_{2}^{[1]}", "E^{[1]}", "E_{1}^{[2]}", "E_{2}^{[2]}", "E^{[2]}", "E"]
    assert "\\frac{0}" in text
    assert "-\\frac{0}" not in text


def test_questions_of_the_exercise_replace_the_default_ones() -> None:
    raw = {key: getattr(load("day12"), key) for key in Exercise.model_fields}
    asked = build(
        {**raw, "questions": [{"title": "Only this", "text": "Find it.", "ask": ["dE/dW1[1,2]"], "points": 7}]}
    )
    text = render(solve(asked), "markdown")
    assert "Only this (7 points)" in text
    assert "Find it." in text
    assert text.count(r"\boxed") == 1


def test_full_says_why_and_shows_the_path_and_the_matrices() -> None:
    full, steps = (page("day12", "markdown", detail=detail) for detail in ("full", "steps"))
    for text in ("reaches $E$ only through", "## Path by path", "## The same in matrix form", "local derivative 1"):
        assert text in full
        assert text not in steps


def test_steps_explain_the_signs_and_answers_do_not() -> None:
    assert "weight, input to unit 2 of layer 1" in page("day12", "markdown")
    assert "Notation used" not in page("day12", "markdown", detail="answers")


@pytest.mark.parametrize("kind", ["identity", "custom"])
def test_templates_of_ones_own_replace_ours_one_by_one(kind: str, tmp_path: Path) -> None:
    ours = render(solved("day12"), "markdown")
    (tmp_path / "markdown").mkdir()
    if kind == "custom":
        (tmp_path / "markdown" / "heading.j2").write_text("HEADING << text >>\n")
    text = render(solved("day12"), "markdown", templates=tmp_path)
    assert (text == ours) == (kind == "identity")
    assert ("HEADING Forward pass" in text) == (kind == "custom")


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="no TeX on this machine")
@pytest.mark.parametrize("name", [*PAGES, "schiendorfer-batch"])
def test_every_golden_latex_page_compiles_without_an_overfull_line(name: str, tmp_path: Path) -> None:
    exercise, profile, options = PAGES.get(name, (name, "", {}))
    document = narrate(solved(exercise, profile), **options)  # type: ignore[arg-type]
    (tmp_path / "key.tex").write_bytes(contents(document, "tex"))
    typeset(tmp_path)
    assert "Overfull" not in (tmp_path / "key.log").read_text(errors="replace")


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="no TeX on this machine")
def test_latex_prints_any_title_literally(tmp_path: Path) -> None:
    title = r"A # $x$ \input{/etc/passwd} %c & _u_ ^t ~ <b> `q` 漢 ŷ Ħ ½ é “z” \\ {} | @ -- --- #read"
    raw = {key: getattr(load("day12"), key) for key in Exercise.model_fields} | {"title": title, "source": title}
    (tmp_path / "key.tex").write_bytes(contents(narrate(solve(build(raw))), "tex"))
    typeset(tmp_path)
    shown = "".join(PdfReader(tmp_path / "key.pdf").pages[0].extract_text().split())
    assert r"$x$\input{/etc/passwd}%c&_u_^t~<b>`q`U+6F22" in shown


def test_a_broken_typst_page_is_told_as_an_error() -> None:
    with pytest.raises(TypesettingError, match="typst"):
        pdf("#nosuchthing()")


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="no TeX on this machine")
def test_tex_makes_the_same_key_and_tells_its_own_error_with_the_line() -> None:
    document = narrate(solved("day12"))
    text = "".join(sheet.extract_text() for sheet in PdfReader(BytesIO(contents(document, "pdf", engine="tex"))).pages)
    assert "Weights of layer 1" in text
    with pytest.raises(TypesettingError, match=r"key\.tex, line 3: .*[Uu]ndefined control sequence"):
        tex_pdf("\\documentclass{article}\n\\begin{document}\n\\nosuchthing\n\\end{document}\n")


def test_without_tex_the_engine_says_what_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match=r"latexmk.*typst needs nothing"):
        tex_pdf("")


if __name__ == "__main__":
    for name in PAGES:
        for format, suffix in SUFFIXES.items():
            (GOLDEN / f"{name}.{suffix}").write_text(golden(name, format), encoding="utf-8")
