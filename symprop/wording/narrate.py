"""Solution -> Document of the answer key: the sections in their order."""

from collections.abc import Sequence

from symprop.document import Block, Document
from symprop.errors import UsageError
from symprop.oracles import OracleReport
from symprop.quantity import W
from symprop.solution import Solution
from symprop.wording import words
from symprop.wording.givens import givens
from symprop.wording.gradient_check import gradient_check
from symprop.wording.legend import legend
from symprop.wording.page import Page
from symprop.wording.questions import questions
from symprop.wording.retyped import retypable
from symprop.wording.summary import comparison, matrix_form, path_by_path, summary
from symprop.wording.updating import updating

DETAILS = ("answers", "steps", "full")
VIEWS = ("units", "layers")
#: Units are shown one by one up to this many weights and one sample; beyond, vectors and matrices.
UNIT_VIEW_WEIGHTS = 12


def narrate(
    solution: Solution,
    *,
    detail: str = "steps",
    view: str | None = None,
    paths: Sequence[str] = (),
    reports: Sequence[OracleReport] = (),
    check: bool = False,
    number: int = 0,
    retype: bool = True,
) -> Document:
    """The answer key as a Document. `view` None: units up to 12 weights and one sample, else layers.

    `paths` are ids whose gradient is unrolled; `reports` are the oracles' findings, shown when there are any; `check`
    adds a central difference beside each gradient; `number` is the version's own, where it is one of several.
    `retype` False leaves out the search for digits that give each result, for numbers that are all exact as they are printed.
    Raises UsageError for an unknown detail, view or id.
    """
    if detail not in DETAILS:
        raise UsageError(f'unknown detail "{detail}"; known: {", ".join(DETAILS)}')
    if view is not None and view not in VIEWS:
        raise UsageError(f'unknown view "{view}"; known: {", ".join(VIEWS)}')
    exercise = solution.exercise
    if view is None:
        view = "units" if exercise.weight_count <= UNIT_VIEW_WEIGHTS and exercise.samples == 1 else "layers"
    page = Page(solution, detail, view)
    before = [*givens(page)]
    blocks: list[Block] = [*questions(page), *updating(page)]
    for of in paths or ([str(W(1, 1, 1))] if detail == "full" and view == "units" else ()):
        blocks += path_by_path(page, of)
    if detail == "full":
        blocks += matrix_form(page)
    blocks += summary(page)
    if check:
        blocks += gradient_check(page)
    # the comparison says in words what each of its quantities is
    blocks = [*before, *legend(page, [*before, *blocks]), *blocks, *comparison(page, reports)]
    if retype:
        blocks = list(retypable(blocks, page.figures))
    title, source = exercise.title, exercise.source
    return Document(
        title,
        f"Answer key · {detail}",
        source,
        words.network(exercise),
        tuple(blocks),
        page.names,
        page.figures,
        version_code(exercise.code, number),
    )


def version_code(code: str, number: int = 0) -> str:
    """What a page says of its version: `version 2ABCD`, or `version 017 · 2ABCD` for one of several."""
    return f"version {number:03} · {code}" if number else f"version {code}"
