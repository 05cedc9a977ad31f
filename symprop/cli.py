"""The command line: options in, files and tables out, one exit code a kind of failure. Imports the rest when a command runs."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symprop import __version__
from symprop.errors import SympropError

if TYPE_CHECKING:
    from symprop.oracles import OracleReport
    from symprop.solution import Solution

app = typer.Typer(
    name="symprop",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Backpropagation by hand, worked out: exact derivations, answer keys, two independent checks.",
)

Given = Annotated[
    str, typer.Argument(metavar="EXERCISE", help="An exercise file, or the name of a built-in (symprop list).")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
INTERRUPTED = 130


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """One message and the stated exit code instead of a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except SympropError as problem:
            typer.echo(f"symprop: {problem}", err=True)
            raise typer.Exit(problem.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("symprop: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except (RecursionError, MemoryError) as problem:
            typer.echo(f"symprop: {_too_large(problem)}", err=True)
            raise typer.Exit(2) from None

    return run


def _too_large(problem: BaseException) -> str:
    return "the exercise is nested too deeply" if isinstance(problem, RecursionError) else "not enough memory"


@app.callback(invoke_without_command=True)
def main(version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False) -> None:
    """What stands before any command."""
    if version:
        typer.echo(f"symprop {__version__}")
        raise typer.Exit


@app.command()
@guarded
def key(
    exercise: Given,
    to: Annotated[str, typer.Option("--to", help="Formats, separated by commas: pdf, tex, md, typ, all.")] = "pdf",
    detail: Annotated[str, typer.Option(help="answers, steps or full.")] = "steps",
    view: Annotated[
        str | None, typer.Option(help="units or layers; default: units up to 12 weights and one sample.")
    ] = None,
    paths: Annotated[
        list[str] | None, typer.Option(help="Unroll the gradient of this quantity path by path; may be repeated.")
    ] = None,
    gradient_check: Annotated[
        bool, typer.Option("--gradient-check", help="A central difference beside each gradient.")
    ] = False,
    notation: Annotated[str | None, typer.Option(help="A notation profile.")] = None,
    engine: Annotated[
        str, typer.Option(help="What makes the PDF: typst (built in), or tex where it is installed.")
    ] = "typst",
    paper: Annotated[str, typer.Option(help="a4 or letter.")] = "a4",
    fragment: Annotated[bool, typer.Option("--fragment", help="LaTeX without preamble, for inclusion.")] = False,
    templates: Annotated[Path | None, typer.Option(help="A folder whose templates replace ours, one by one.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")] = Path("output"),
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing on success.")] = False,
) -> None:
    """Write the worked solution, after both oracles agreed."""
    from symprop import api
    from symprop.rendering import check_engine, check_options, check_places, write_files
    from symprop.wording import narrate

    suffixes = api.formats(to)
    solution = _solved(exercise, notation)
    name = solution.exercise.name
    places = {suffix: output / f"{name}.{suffix}" for suffix in suffixes}
    check_places(places.values())
    check_options(paper, templates)
    check_engine(engine)
    # a bad option is told before the oracles work, and so is a place that a file beside the page could not take
    parts: dict[str, Any] = {"detail": detail, "view": view, "paths": paths or (), "check": gradient_check}
    draft = narrate(solution, **parts)
    beside = [output / file for suffix in suffixes for file in api.companions(draft, suffix, name)]
    check_places(beside)
    reports = api.verify(solution)
    api.demand_agreement(reports, name)
    document = narrate(solution, **parts, reports=reports)
    options: dict[str, Any] = {"paper": paper, "templates": templates, "fragment": fragment, "engine": engine}
    files = {place: api.contents(document, suffix, **options, name=name) for suffix, place in places.items()}
    for suffix in suffixes:
        files |= {output / file: data for file, data in api.companions(document, suffix, name).items()}
    write_files(files)
    if not quiet:
        for place in files:
            typer.echo(place)


@app.command()
@guarded
def variants(
    exercise: Annotated[
        str | None, typer.Argument(metavar="EXERCISE", help="An exercise file or a built-in; none with --from.")
    ] = None,
    n: Annotated[str, typer.Option("-n", metavar="N", help="How many versions.")] = "30",
    seed: Annotated[
        str, typer.Option(metavar="SEED", help="An integer; the same seed gives the same versions.")
    ] = "135",
    to: Annotated[str, typer.Option("--to", help="Formats, separated by commas: pdf, tex, md, typ, all.")] = "pdf",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")] = Path("output"),
    merge: Annotated[bool, typer.Option("--merge", help="One PDF of all versions instead of one each.")] = False,
    student: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file of student ids, one a line: a version for each.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option("--from", metavar="MANIFEST", help="Make a version of this manifest again.")
    ] = None,
    number: Annotated[int | None, typer.Option(metavar="K", help="With --from: which version.")] = None,
    detail: Annotated[str, typer.Option(help="answers, steps or full.")] = "steps",
    view: Annotated[str | None, typer.Option(help="units or layers.")] = None,
    notation: Annotated[str | None, typer.Option(help="A notation profile.")] = None,
    paper: Annotated[str, typer.Option(help="a4 or letter.")] = "a4",
    templates: Annotated[Path | None, typer.Option(help="A folder whose templates replace ours, one by one.")] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Worker processes.")] = 1,
    backend: Annotated[str, typer.Option(metavar="NAME", help="loky (this machine) or dask.")] = "loky",
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS", help="The Dask scheduler.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing on success.")] = False,
) -> None:
    """Write many versions of an exercise: keys, manifest.jsonl, answers.csv. Goes on where an earlier run stopped."""
    from symprop import tables
    from symprop.errors import UsageError
    from symprop.rendering import check_options
    from symprop.rendering import formats as suffixes_of
    from symprop.sampling import batch

    if manifest is not None:
        if number is None or exercise is not None:
            raise UsageError("--from takes --number K and no exercise")
        for place in batch.write_again(manifest, number, suffixes_of(to) if to != "pdf" else None, output):
            typer.echo(place)
        return
    if exercise is None or number is not None:
        raise UsageError("an exercise is wanted" if exercise is None else "--number goes with --from MANIFEST")
    check_options(paper, templates)
    if backend not in ("loky", "dask"):
        raise UsageError(f'unknown backend "{backend}"; known: loky, dask')
    if jobs < 1:
        raise UsageError(f"--jobs: found {jobs}; wanted at least 1")
    students = batch.read_students(student) if student is not None else ()
    count = len(students) or _whole(n, "-n", 1)
    solution = _solved(exercise, notation)
    if solution.is_symbolic:
        raise UsageError(f"{exercise}: it has no numbers to vary; give data and parameters")
    chosen = batch.Options(
        tuple(suffixes_of(to)), detail, view, paper, merge, str(templates) if templates is not None else None
    )
    wanted = batch.Batch(solution.exercise, _whole(seed, "--seed"), chosen, every=count <= batch.ALL, students=students)
    with tables.Progress(count, quiet) as progress:
        outcome = batch.run(
            wanted, count, output, jobs=jobs, backend=backend, scheduler=scheduler, progress=progress.to
        )
    for remark in outcome.remarks:
        typer.echo(f"symprop: {remark}", err=True)
    if not quiet:
        known = f", {outcome.before} of them from before" if outcome.before else ""
        typer.echo(f"{output}: {count} versions{known}")


def _whole(text: str, option: str, least: int | None = None) -> int:
    from symprop.errors import UsageError, quoted

    plain = text.strip().removeprefix("-")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 18) or (least is not None and int(text) < least):
        more = f" of at least {least}" if least is not None else " of at most 18 digits"
        raise UsageError(f"{option}: found {quoted(text)}; wanted an integer{more}")
    return int(text)


@app.command()
@guarded
def solve(exercise: Given, json: Json = False) -> None:
    """Every value in the terminal, or as JSON, after both oracles agreed."""
    from symprop import api, tables

    solution = _solved(exercise)
    reports = api.verify(solution)
    if json:
        typer.echo(tables.solution_json(solution, reports))
    else:
        tables.show_solution(solution, reports)
    if any(report.agrees is False for report in reports):
        raise typer.Exit(1)


@app.command()
@guarded
def verify(
    exercises: Annotated[list[str], typer.Argument(metavar="EXERCISE...", help="Exercise files or built-ins.")],
    json: Json = False,
) -> None:
    """Ask every oracle about each exercise: one line an exercise and oracle."""
    from symprop import api, tables

    found: list[tuple[str, tuple[OracleReport, ...]]] = []
    code = 0
    for name in exercises:
        if name.endswith(".jsonl"):
            code = max(code, _verified_manifest(name, found, json))
            continue
        try:
            reports = api.verify(_solved(name))
        except (SympropError, RecursionError, MemoryError) as problem:
            message = problem if isinstance(problem, SympropError) else f"{name}: {_too_large(problem)}"
            typer.echo(f"symprop: {message}", err=True)
            code = 2
            continue
        found.append((name, reports))
        if not json:
            tables.show_reports(name, reports, width=max(map(len, exercises)))
        if any(r.agrees is False for r in reports) or not any(r.agrees for r in reports):
            code = code or 1
    if json:
        typer.echo(tables.reports_json(found))
    if code:
        raise typer.Exit(code)


def _verified_manifest(name: str, found: "list[tuple[str, tuple[OracleReport, ...]]]", json: bool) -> int:
    """Every version of a manifest; what is damaged is told, and the exit code is 1."""
    from symprop import tables
    from symprop.sampling.batch import verify_manifest

    code = 0
    try:
        for version, reports in verify_manifest(Path(name)):
            found.append((version, reports))
            if not json:
                tables.show_reports(version, reports, width=len(version))
            if any(r.agrees is False for r in reports) or not any(r.agrees for r in reports):
                code = 1
    except SympropError as problem:
        typer.echo(f"symprop: {problem}", err=True)
        return problem.exit_code
    return code


@app.command()
@guarded
def misconceptions(exercise: Given, json: Json = False) -> None:
    """Which wrong methods the exercise's numbers expose, hide and confuse."""
    from symprop import tables
    from symprop.misconceptions import exposed
    from symprop.wording.misconceptions import asked

    solution = _solved(exercise)
    findings = exposed(solution, asked(solution.exercise))
    if json:
        typer.echo(tables.findings_json(solution, findings))
    else:
        tables.show_findings(solution, findings)


@app.command()
@guarded
def check(
    exercise: Given,
    answers: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="ANSWERS...", help="Answers (.toml, .json) or derivations (.tex, .md), or folders of them."
        ),
    ] = None,
    json: Json = False,
    gradescope: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write results.json for an autograder; one student only.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write one line a student as CSV.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show expected values and the instructor's lines.")] = False,
    callable: Annotated[
        str | None,
        typer.Option(metavar="FILE.py:NAME", help="Check a student's function instead, in a process of its own."),
    ] = None,
) -> None:
    """Check hand derivations step by step: the first wrong one, what follows from it, what explains it."""
    from symprop import api, tables
    from symprop.checking.answers import files_of
    from symprop.checking.callables import answers_of_file, not_limited
    from symprop.errors import UsageError
    from symprop.rendering import write_files
    from symprop.wording import reports as words

    if bool(answers) == bool(callable):
        raise UsageError("wanted answers files, or a function by --callable FILE.py:NAME")
    if callable is not None and ":" not in callable:
        raise UsageError("--callable: wanted FILE.py:NAME, such as solution.py:gradients")
    checker = api.Checker(_solved(exercise))
    if callable is not None:
        if warning := not_limited():
            typer.echo(f"symprop: {warning}", err=True)
        file, _, name = callable.rpartition(":")
        students = [answers_of_file(checker.solution, checker.known, Path(file), name)]
    else:
        students = [each for file in files_of(answers or ()) for each in checker.load(file)]
    if gradescope is not None and len(students) != 1:
        raise UsageError(f"--gradescope: results.json holds one student, found {len(students)}")
    found = [checker.check(each) for each in students]
    files: dict[Path, bytes] = {}
    if gradescope is not None:
        files[gradescope] = words.gradescope(found[0]).encode()
    if csv is not None:
        files[csv] = words.as_csv(found).encode()
    if files:
        write_files(files)
    if json:
        typer.echo(tables.check_json(found, reveal))
    else:
        tables.show_checks(found, reveal)
    if not all(report.ok for report in found):
        raise typer.Exit(1)


@app.command()
@guarded
def stress(
    exercise: Given,
    n: Annotated[int, typer.Option("-n", help="How many versions.")] = 1000,
    seed: Annotated[int, typer.Option(help="The first set's seed; the next sets have the next ones.")] = 135,
    plots: Annotated[bool, typer.Option("--plots", help="Histograms as a PNG; needs symprop[plots].")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the PNG.")] = Path("output"),
    json: Json = False,
) -> None:
    """Draw many versions, in sets of 30, and put each to the oracles and to its conditions."""
    from symprop import stress as stressing
    from symprop import tables
    from symprop.exercise import load
    from symprop.rendering import check_places

    given = load(exercise)
    place = output / f"{given.name}-stress.png"
    if plots:
        stressing.check_plots()
        check_places([place])
    found = stressing.stress(given, n, seed, progress=tables.counter(n))
    if json:
        typer.echo(tables.stress_json(found))
    else:
        tables.show_stress(found)
    if plots:
        output.mkdir(parents=True, exist_ok=True)
        stressing.plot(found, place)
        if not json:
            typer.echo(place)
    if not found.ok:
        raise typer.Exit(1)


@app.command("list")
@guarded
def list_() -> None:
    """The built-in exercises."""
    from symprop import tables

    tables.show_library()


@app.command()
@guarded
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing on success.")] = False,
) -> None:
    """Write a commented starter exercise."""
    from symprop.errors import UsageError, quoted
    from symprop.rendering import write_files
    from symprop.rendering.formats import template_folder

    if file.is_dir():
        raise UsageError(f"{quoted(file)} is a folder; wanted the name of a new file")
    target = file if file.suffix else file.with_name(f"{file.name}.toml")
    if os.path.lexists(target):
        raise UsageError(f"{quoted(target)} exists already; nothing was written")
    write_files({target: (template_folder() / "exercise.toml").read_bytes()})
    if not quiet:
        typer.echo(target)


@app.command()
@guarded
def schema() -> None:
    """JSON Schema of the exercise file, for editors."""
    import json

    from symprop.exercise import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _solved(name: str, notation: str | None = None) -> "Solution":
    from symprop.errors import ExerciseError, UsageError, did_you_mean, quoted
    from symprop.exercise import build, load
    from symprop.notation import PROFILES
    from symprop.solution import solve as solve_exercise

    exercise = load(name)
    if notation is not None:
        if notation not in PROFILES:
            raise UsageError(f"--notation: found {quoted(notation)}; {did_you_mean(notation, PROFILES)}")
        raw = {field: getattr(exercise, field) for field in type(exercise).model_fields}
        exercise = build(raw | {"notation": {"profile": notation}}, where=name)
    try:
        return solve_exercise(exercise)
    except ExerciseError as problem:
        raise problem.at(name) from None


def run() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter gets its number
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough: head, less
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        typer.echo("symprop: interrupted", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
