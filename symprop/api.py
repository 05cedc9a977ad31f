"""The pipeline as functions: solve, verify, render, write. What the command line and a notebook call."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from symprop.agreement import demand_agreement, numbers
from symprop.document import Document
from symprop.oracles import OracleReport
from symprop.oracles import verify as _verify
from symprop.rendering import companions, contents, formats, with_figure, write_files
from symprop.rendering import render as _render
from symprop.sampling import seeded_points
from symprop.solution import Solution, solve
from symprop.wording import narrate

#: Points at which a symbolic exercise is verified.
SYMBOLIC_POINTS = 3


def verify(solution: Solution) -> tuple[OracleReport, ...]:
    """What each oracle says of a solution; a symbolic one is put to the test at three seeded rational points. Raises nothing."""
    if not solution.is_symbolic:
        return _verify(solution.exercise, numbers(solution))
    reports: list[tuple[OracleReport, ...]] = []
    for exercise in seeded_points(solution.exercise, SYMBOLIC_POINTS):
        filled = solve(exercise)
        reports.append(_verify(exercise, numbers(filled)))
    return tuple(_merged(same) for same in zip(*reports, strict=True))


def _merged(reports: Sequence[OracleReport]) -> OracleReport:
    """One oracle's findings at several points as one; no values, for they belong to no point in particular."""
    verdicts = [r.agrees for r in reports]
    return replace(
        reports[0],
        compared=sum(r.compared for r in reports),
        largest_error=max(r.largest_error for r in reports),
        agrees=False if False in verdicts else True if True in verdicts else None,
        skipped=tuple(dict.fromkeys(s for r in reports for s in r.skipped)),
        disagreements=tuple(d for r in reports for d in r.disagreements),
        values={},
    )


def render(
    solution: Solution | Document,
    format: str = "latex",
    *,
    detail: str = "steps",
    view: str | None = None,
    paths: Sequence[str] = (),
    gradient_check: bool = False,
    paper: str = "a4",
    templates: str | Path | None = None,
    fragment: bool = False,
    figure: str = "",
) -> str:
    """The answer key as text: "latex", "markdown" or "typst". Runs no oracle. Raises UsageError.

    Markdown shows the network only where `figure` names the drawing's file.
    """
    document = (
        solution
        if isinstance(solution, Document)
        else narrate(solution, detail=detail, view=view, paths=paths, check=gradient_check)
    )
    if format == "markdown":
        document = with_figure(document, figure)
    return _render(document, format, templates=templates, paper=paper, fragment=fragment)


def write(
    solution: Solution,
    format: str,
    path: str | Path,
    *,
    detail: str = "steps",
    view: str | None = None,
    paths: Sequence[str] = (),
    gradient_check: bool = False,
    paper: str = "a4",
    templates: str | Path | None = None,
) -> Path:
    """The answer key, confirmed by the oracles, in a file. Raises Disagreement (nothing is written) and UsageError."""
    reports = verify(solution)
    demand_agreement(reports, solution.exercise.name)
    document = narrate(solution, detail=detail, view=view, paths=paths, reports=reports, check=gradient_check)
    target = Path(path)
    suffix = formats(format)[0]
    files = {target: contents(document, suffix, paper=paper, templates=templates, name=target.stem)}
    files |= {target.with_name(name): data for name, data in companions(document, suffix, target.stem).items()}
    write_files(files)
    return target


__all__ = [
    "companions",
    "contents",
    "demand_agreement",
    "formats",
    "numbers",
    "render",
    "verify",
    "write",
]
