"""Solution, reports and stress runs -> tables on the terminal, and the contract's JSON."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text as RichText
from sympy import Expr, Float

from symprop.checking.report import Report
from symprop.errors import counted, printable
from symprop.exercise import FORMAT, library, load
from symprop.misconceptions import Findings, misconception
from symprop.oracles import OracleReport
from symprop.printing.figures import seventeen
from symprop.quantity import Quantity
from symprop.solution import Solution
from symprop.wording import reports as checked
from symprop.wording.misconceptions import LINES, reasons, summary

if TYPE_CHECKING:  # it imports NumPy, which other tables do not need
    from symprop.stress import Stress

#: `exact` is null when it would be longer.
EXACT_CHARACTERS = 200
#: Columns of an output that is no terminal.
ENDLESS = 1_000_000
#: Failures of a stress run that are written out.
SHOWN_FAILURES = 20


def _console() -> Console:
    """A title's brackets and colons are its own; where the output is no terminal nothing is cut or wrapped."""
    width = None if sys.stdout.isatty() else ENDLESS
    return Console(width=width, highlight=False, markup=False, emoji=False)


def exact(value: Expr) -> str | None:
    """The rational or closed form as text; None for a rounded or very long number."""
    if value.has(Float):
        return None
    text = str(value)
    return text if len(text) <= EXACT_CHARACTERS else None


class Progress:
    """How far a batch is: a bar with rate and time left on a terminal, now and then a plain line elsewhere."""

    #: Plain lines are at least this many seconds apart.
    EVERY = 10.0

    def __init__(self, total: int, quiet: bool = False) -> None:
        self.total, self.quiet = total, quiet
        self._bar: Bar | None = None
        self._said = monotonic()

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty() and not self.quiet:
            self._bar = Bar(
                TextColumn("versions"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(),
                console=Console(stderr=True), transient=True,
            )  # fmt: skip
            self._task = self._bar.add_task("versions", total=self.total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def to(self, done: int) -> None:
        """So many versions are complete."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)
            return
        now = monotonic()
        if not self.quiet and now - self._said >= self.EVERY and done < self.total:
            self._said = now
            print(f"{done:,} of {self.total:,} versions", file=sys.stderr, flush=True)


class _Rate(ProgressColumn):
    """Versions a second."""

    def render(self, task: Task) -> RichText:
        speed = task.finished_speed or task.speed
        return RichText(f"{speed:,.0f}/s" if speed else "")


def solution_json(solution: Solution, reports: Sequence[OracleReport]) -> str:
    """The contract of `solve --json`."""
    exercise = solution.exercise

    def entry(value: Expr) -> dict[str, str | None]:
        return {"exact": exact(value), "value": seventeen(value)}

    values: dict[str, Any] = {}
    gradients: dict[str, Any] = {}
    updated: dict[str, Any] = {}
    if solution.is_symbolic:
        values = {
            str(n.id): {"exact": str(n.definition), "value": None} for n in solution.graph if n.definition is not None
        }
        gradients = {
            str(d.id): {"exact": str(solution.expression(d.id)), "value": None} for d in solution.derivations.values()
        }
    else:
        values = {str(n.id): entry(solution.value(n.id)) for n in solution.graph if n.definition is not None}
        gradients = {str(d.id): entry(solution.value(d.id)) for d in solution.derivations.values()}
        if exercise.update is not None and exercise.update.learning_rate is not None:
            targets = [*exercise.parameter_ids(), *(n.id for n in solution.graph if n.definition is not None)]
            updated = {f"new {of}": entry(solution.value(of.after(exercise.update.steps))) for of in targets}
    document = {
        "symprop": FORMAT,
        "exercise": exercise.name,
        "title": exercise.title,
        "values": values,
        "gradients": gradients,
        "updated": updated,
        "oracles": [report_json(r) for r in reports],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def report_json(report: OracleReport) -> dict[str, Any]:
    """One oracle's entry."""
    return {
        "name": report.name,
        "version": report.version,
        "compared": report.compared,
        "largest_error": report.largest_error,
        "agrees": report.agrees,
        "skipped": list(report.skipped),
    }


def show_solution(solution: Solution, reports: Sequence[OracleReport]) -> None:
    """Every quantity with its value and gradient."""
    console = _console()
    console.print(solution.exercise.title, style="bold", soft_wrap=True)
    table = Table()
    for name in ("quantity", "value", "gradient of E"):
        table.add_column(name, justify="left" if name == "quantity" else "right", overflow="fold")
    update = solution.exercise.update
    has_update = update is not None and update.learning_rate is not None and not solution.is_symbolic
    if has_update:
        table.add_column("after the update", justify="right", overflow="fold")
    for node in solution.graph:
        cells = [
            str(node.id),
            _number(solution, node.id),
            _number(solution, Quantity("E", wrt=node.id)) if node.id in solution.derivations else "",
        ]
        if has_update:
            assert update is not None
            changed = node.definition is not None or node.role in ("weight", "bias")
            cells.append(_number(solution, node.id.after(update.steps)) if changed else "")
        table.add_row(*cells)
    console.print(table)
    for report in reports:
        console.print(_verdict(report), soft_wrap=True)


def _number(solution: Solution, of: Quantity) -> str:
    if solution.is_symbolic:
        node = solution.graph[of] if of in solution.graph else None
        return (
            str(solution.expression(of))
            if node is None or node.definition is not None
            else str(node.given)
            if node.given is not None
            else "·"
        )
    value = solution.value(of)
    text = exact(value)
    decimal = seventeen(value)
    if text is None or text == decimal:
        return decimal
    return (
        text
        if value.is_Integer
        else f"{text} = {decimal}"
        if value.is_Rational and len(decimal) < 17
        else f"{text} ≈ {decimal[:10]}"
    )


def _verdict(report: OracleReport) -> str:
    state = {True: "agrees", False: "DISAGREES", None: "compared nothing"}[report.agrees]
    text = f"{report.name} {report.version}: {state}"
    if report.compared:
        text += f", {report.compared} numbers, largest error {report.largest_error:.1e}"
    for wrong in report.disagreements[:3]:
        text += f"; {wrong.id} is {wrong.ours} here, {wrong.theirs} there"
    return text


def show_reports(name: str, reports: Sequence[OracleReport], *, width: int = 0) -> None:
    """One line an oracle, the exercise's name padded to `width`."""
    console = _console()
    for report in reports:
        skipped = "; skipped: " + "; ".join(report.skipped) if report.skipped else ""
        console.print(f"{printable(name):<{width}}  {_verdict(report)}{skipped}", soft_wrap=True)


def reports_json(found: Sequence[tuple[str, tuple[OracleReport, ...]]]) -> str:
    """Every exercise with its oracles' entries."""
    exercises = [{"exercise": name, "oracles": [report_json(r) for r in reports]} for name, reports in found]
    return json.dumps({"symprop": FORMAT, "exercises": exercises}, indent=2, ensure_ascii=False)


def findings_json(solution: Solution, findings: Findings) -> str:
    """What the numbers expose, hide (with the reason, null where none is known) and confuse."""
    document = {
        "symprop": FORMAT,
        "exercise": solution.exercise.name,
        "asked": [str(of) for of in findings.asked],
        "misconceptions": findings.count,
        "exposes": [_row(name) for name in findings.exposes],
        "hides": [
            _row(name) | {"reason": why or None, "possible": name not in findings.inapplicable}
            for name, why in reasons(solution, findings)
        ],
        "confuses": [list(group) for group in findings.confuses],
        "distinct_answers": findings.distinct,
        "tells_apart": round(float(findings.tells_apart), 6),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _row(name: str) -> dict[str, Any]:
    row, lines = misconception(name), LINES[name]
    return {"name": name, "family": row.family, "student": lines.student, "instructor": lines.instructor}


def show_findings(solution: Solution, findings: Findings) -> None:
    """A line of figures, then what is hidden and why, what is confused, and what is exposed."""
    console = _console()
    console.print(solution.exercise.title, style="bold", soft_wrap=True)
    console.print(summary(findings), soft_wrap=True)
    if findings.hides:
        hidden = Table(title="hidden: done wrong, every asked answer is right", title_justify="left")
        for column in ("misconception", "what is done", "hidden because"):
            hidden.add_column(column, overflow="fold")
        for name, why in reasons(solution, findings):
            hidden.add_row(name, LINES[name].instructor, why or "these numbers happen to agree")
        console.print(hidden)
    if findings.confuses:
        confused = Table(title="confused: the same wrong answers", title_justify="left", show_header=False)
        confused.add_column(overflow="fold")
        for group in findings.confuses:
            confused.add_row(", ".join(group))
        console.print(confused)
    alone = [name for name in findings.exposes if not any(name in group for group in findings.confuses)]
    if alone:
        told = Table(title="exposed, each by answers of its own", title_justify="left")
        told.add_column("misconception", overflow="fold")
        told.add_column("what is done", overflow="fold")
        for name in alone:
            told.add_row(name, LINES[name].instructor)
        console.print(told)


def check_json(found: Sequence[Report], reveal: bool) -> str:
    """The contract of `check --json`: one student's report, or a list of several."""
    documents = [checked.as_json(report, reveal=reveal) for report in found]
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=2, ensure_ascii=False)


def show_checks(found: Sequence[Report], reveal: bool) -> None:
    """One student's report; of several a table, and the commonest misconceptions as bars."""
    console = _console()
    if len(found) == 1:
        width = min(console.width, checked.WIDTH)
        console.print(checked.terminal(replace(found[0], student=""), reveal=reveal, width=width), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False)
    headings = {"student": "student", "score": "points", "wrong": "wrong", "right_given_earlier": "follow"}
    headings |= {"unreadable": "unreadable", "missing": "missing", "first_wrong": "first wrong step"}
    for name in headings.values():
        numeric = name in ("points", "wrong", "follow", "unreadable", "missing")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in checked.rows(found):
        row["score"] += f" of {row['max_score']}"
        table.add_row(*(printable(row[key]) for key in headings))
    console.print(table)
    if bars := checked.chart(found):
        console.print()
        console.print(bars, soft_wrap=True)


def counter(n: int) -> Callable[[int], None]:
    """What tells on a terminal how many of n are done; silent elsewhere."""
    if not sys.stderr.isatty():
        return lambda done: None
    return lambda done: print(f"\r{done:,} of {n:,}", end="\n" if done >= n else "", file=sys.stderr, flush=True)


def stress_json(found: "Stress") -> str:
    """The facts of a stress run."""
    document = {
        "symprop": FORMAT,
        "exercise": found.exercise,
        "seed": found.seed,
        "sets": found.sets,
        "versions": found.versions,
        "ok": found.ok,
        "failures": [{"seed": seed, "number": number, "test": test} for seed, number, test in found.failures],
        "oracles": {name: dict(verdicts) for name, verdicts in found.oracles.items()},
        "duplicates": found.duplicates,
        "repeated": found.repeated,
        "misconceptions": found.counted,
        "hidden": {str(k): count for k, count in sorted(Counter(found.hidden).items())},
        "hides": dict(found.hides.most_common()),
        "tells_apart": _spread([float(v) for v in found.tells_apart]),
        "difficulty": _spread([float(v) for v in found.difficulty]) | {"largest_deviation": float(found.deviation)},
        "equal_share": _spread([float(v) for v in found.equal_share]),
        "sizes": {suffix: _spread([float(v) for v in sizes]) for suffix, sizes in found.sizes.items()},
        "seconds": {what: round(spent, 3) for what, spent in found.seconds.items()},
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _spread(values: list[float]) -> dict[str, float]:
    return {"least": round(min(values), 6), "median": round(median(values), 6), "most": round(max(values), 6)}


def show_stress(found: "Stress") -> None:
    """One row a test, then the failures."""
    console = _console()
    console.print(
        f"{found.exercise}: {counted(found.versions, 'version')} in {counted(found.sets, 'set')}", style="bold"
    )
    table = Table(show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")

    def spread(values: Sequence[Any], digits: int = 4) -> str:
        least, middle, most = (f"{v:.{digits}g}" for v in _spread([float(v) for v in values]).values())
        return f"{least} to {most}, median {middle}"

    for name, verdicts in found.oracles.items():
        table.add_row(name, ", ".join(f"{verdict}: {count:,}" for verdict, count in verdicts.items()))
    table.add_row("duplicates within a set", f"{found.duplicates:,}")
    table.add_row("same exercise in two sets", f"{found.repeated:,}")
    table.add_row(f"misconceptions hidden, of {found.counted}", spread(found.hidden))
    rare = [f"{name} {count:,}" for name, count in found.hides.most_common() if count < found.versions]
    table.add_row("hidden by some versions only", ", ".join(rare) or "none")
    table.add_row("share of pairs told apart", spread(found.tells_apart))
    table.add_row("difficulty", spread(found.difficulty))
    table.add_row("largest deviation from version A", f"{100 * float(found.deviation):.1f} %")
    table.add_row("largest share of equal answers", spread(found.equal_share))
    for suffix, sizes in found.sizes.items():
        table.add_row(f"bytes of a key, {suffix}", spread(sizes, 6))
    for what, spent in found.seconds.items():
        table.add_row(f"seconds, {what}", f"{spent:.2f}")
    console.print(table)
    for seed, number, test in found.failures[:SHOWN_FAILURES]:
        console.print(f"FAILED: {test}, seed {seed}, version {number}", soft_wrap=True)
    console.print(f"{counted(len(found.failures), 'failure')}")


def show_library() -> None:
    """Names, titles and sources of the built-ins: one line each, or a table as wide as the terminal."""
    rows = [("name", "title", "source")]
    rows += [(name, exercise.title, exercise.source) for name in library() for exercise in (load(name),)]
    if not sys.stdout.isatty():
        widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
        for name, title, source in rows:
            print(f"{name:<{widths[0]}}  {title:<{widths[1]}}  {source}".rstrip())
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(rows[0][0], no_wrap=True, style="bold")
    for heading in rows[0][1:]:
        table.add_column(heading, overflow="fold")
    for row in rows[1:]:
        table.add_row(*row)
    _console().print(table)
