"""The pipeline as functions: solve, verify, render, write, check, variants. What the command line and a notebook call."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from symprop.agreement import demand_agreement, numbers
from symprop.checking.answers import Answers, load_answers, read_mapping
from symprop.checking.follow import follow
from symprop.checking.points import Asked
from symprop.checking.report import Report
from symprop.checking.spellings import Spellings, spellings
from symprop.document import Document
from symprop.errors import ExerciseError, UsageError
from symprop.exercise import Exercise, Variants, load
from symprop.oracles import OracleReport
from symprop.oracles import verify as _verify
from symprop.rendering import companions, contents, formats, with_figure, write_files
from symprop.rendering import render as _render
from symprop.sampling import seeded_points
from symprop.solution import Solution, solve
from symprop.wording import narrate
from symprop.wording.reports import noted, questions_of

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


def variants(
    exercise: Exercise, n: int = 30, seed: int = 135, settings: "Variants | Mapping[str, Any] | None" = None
) -> Iterator[Exercise]:
    """n versions of an exercise, each drawn when it is asked for: same seed, same versions in every release.

    `settings`: those of the file's [variants], all or single ones. Raises CannotSatisfy where the conditions cannot be met,
    UsageError and ExerciseError for what cannot be used.
    """
    from symprop.sampling.draw import versions  # NumPy, which a single key does not need

    return (version.exercise for version in versions(exercise, n, seed, settings))


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


# ---------------------------------------------------------------------- checking
class Checker:
    """One exercise ready to check many students: solved once, its spellings collected once.

    Raises what `load` and `solve` raise.
    """

    def __init__(self, exercise: Exercise | Solution | str | Path) -> None:
        loaded = load(exercise) if isinstance(exercise, (str, Path)) else exercise
        self.solution = loaded if isinstance(loaded, Solution) else solve(loaded)
        self.exercise = self.solution.exercise
        self.known: Spellings = spellings(self.exercise)
        self.questions: tuple[Asked, ...] = questions_of(self.solution)

    def check(self, answers: Answers | Mapping[Any, Any]) -> Report:
        """One student's report. Raises ExerciseError for a mapping whose keys or values can be no answers."""
        if not isinstance(answers, Answers):
            answers = read_mapping(answers, self.exercise, self.known)
        return noted(follow(self.solution, answers, self.known, self.questions), self.exercise)

    def load(self, path: str | Path) -> tuple[Answers, ...]:
        """The students of an answers file. Raises ExerciseError (file, key), also where it is about another exercise."""
        found = load_answers(path, self.exercise, self.known)
        for answers in found:
            named = Path(answers.exercise).name.removesuffix(".toml")
            if named and named != self.exercise.name:
                raise ExerciseError(
                    f'found "{answers.exercise}"; these are checked against {self.exercise.name}',
                    key="exercise", where=str(path),
                )  # fmt: skip
        return found


def check(exercise: Exercise | Solution | str | Path, answers: Mapping[Any, Any] | str | Path) -> Report:
    """A hand derivation checked step by step.

    `answers`: id or spelling -> formula, number, list or array; or the path of an answers file that holds one student.
    Raises ExerciseError (a key that names no quantity, a file that cannot be used) and UsageError.
    """
    checker = Checker(exercise)
    if isinstance(answers, Mapping):
        return checker.check(answers)
    students = checker.load(answers)
    if len(students) != 1:
        raise UsageError(f"{answers}: {len(students)} students; check reads one, symprop.api.Checker any number")
    return checker.check(students[0])


__all__ = [
    "Checker",
    "check",
    "companions",
    "contents",
    "demand_agreement",
    "formats",
    "numbers",
    "render",
    "variants",
    "verify",
    "write",
]
