"""Report -> words: notes of single steps, the report on the terminal, results.json, tables of several students.

Expected values and formulas of the key stand only where `reveal` is set; a misconception is then told in the instructor's line,
else in the student's, which gives nothing away.
"""

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from textwrap import wrap
from typing import Any

from sympy import Expr, Symbol

from symprop.checking.answers import Expectation
from symprop.checking.points import Asked
from symprop.checking.report import FAULTS, CheckedStep, Fact, Report, Verdict, Where
from symprop.errors import printable
from symprop.exercise import FORMAT, Exercise
from symprop.graph import quantity_of
from symprop.notation import Name, Names
from symprop.quantity import Quantity
from symprop.solution import Solution
from symprop.wording.misconceptions import LINES
from symprop.wording.page import scalars
from symprop.wording.questions import default_points, default_questions
from symprop.wording.words import listed

#: Columns of a report; the terminal's own width where that is less.
WIDTH = 80
#: Characters of an answer that a report repeats.
SHOWN = 300
#: Bars of the chart of misconceptions, and the length of the longest.
MOST_BARS = 12
BAR = 30
_SIGNS = {-1: "<", 0: "=", 1: ">"}


def questions_of(solution: Solution) -> tuple[Asked, ...]:
    """What the exercise's questions (or day12's) ask for, each with its points."""
    exercise = solution.exercise
    found = []
    for question in exercise.questions or default_questions(exercise):
        asked = [solution.resolve(of) for of in question.ask]
        amount = question.points if question.points is not None else default_points(solution, asked)
        ids = tuple(of for whole in asked for of in scalars(solution, whole))
        found.append(Asked(question.title, Fraction(amount), ids))
    return tuple(found)


# ---------------------------------------------------------------------- names as one types them
class Typed:
    """Ids -> the names a student of this exercise types: w21, yhat, z1; the id itself where that name needs more."""

    def __init__(self, exercise: Exercise) -> None:
        shared = exercise.network.biases == "shared"
        self.names = Names(exercise.notation, exercise.widths, exercise.samples, shared)

    def name(self, sign: Symbol) -> str:
        """The typed name of a symbol."""
        return self.id(quantity_of(sign))

    def id(self, of: Quantity) -> str:
        """The typed name of an id."""
        written = self.names.write(of) if of.name not in ("eta", "alpha", "mu", "beta") and not of.state else None
        if not isinstance(written, Name) or written.sup or isinstance(written.sub, Name):
            return str(of)
        sub = str(written.sub)
        return f"{written.letter}{written.accent}{'_' if not sub.isalnum() or sub.isalpha() else ''}{sub}".rstrip("_")

    def formula(self, expression: Expr) -> str:
        """An expression in typed names."""
        plain = expression.xreplace({s: Symbol(self.name(s), real=True) for s in expression.free_symbols})
        return str(plain).replace("_prime(", "'(").replace("**", "^").replace("*", "·")


# ---------------------------------------------------------------------- notes
def noted(report: Report, exercise: Exercise) -> Report:
    """The report with every step's note and witness in words."""
    typed = Typed(exercise)
    return replace(report, steps=tuple(_noted(step, typed) for step in report.steps))


def _noted(step: CheckedStep, typed: Typed) -> CheckedStep:
    told = [text for fact in step.facts if (text := note(fact, typed))]
    if step.verdict is Verdict.ROUNDED:
        told.insert(0, "right with intermediates rounded")
    if step.verdict is Verdict.UNDECIDED:
        told.insert(0, "could not be decided; counted as right until a person has looked")
    witness = {typed.id(Quantity.parse(of)): value for of, value in step.witness.items()}
    return replace(step, note="; ".join(dict.fromkeys(told)), witness=witness)


def note(fact: Fact, typed: Typed) -> str:
    """One remark in words; "" where the rest of the report says it."""
    if fact.kind == "region":
        return "uses " + listed([f"{typed.formula(t)} {_SIGNS[sign]} 0" for t, sign in fact.conditions])
    if fact.kind == "point":
        return "right number here, but not for other numbers"
    if fact.kind == "convention":
        takes = f": it takes {fact.text} there" if fact.text else ""
        return f"right but for the derivative exactly at the kink{takes}"
    if fact.kind == "given":
        return f"right given your {listed(list(fact.ids[:3]))}" + (" and others" if len(fact.ids) > 3 else "")
    if fact.kind == "trivial":
        return "no points: that earlier value leaves nothing to work out here"
    if fact.kind == "side":
        return f"look at the side “{_clipped(fact.text, 60)}”"
    if fact.kind == "digits":
        return f"right as far as it goes, but {fact.number} decimals are asked"
    if fact.kind == "shape":
        return f"the shape should be {fact.text}"
    return fact.text


# ---------------------------------------------------------------------- the terminal
def headline(report: Report) -> str:
    """`hand derivation differs at 1 of 14 steps (2 more follow from it)`."""
    answered = report.answered
    total = f"{len(answered)} {'step' if len(answered) == 1 else 'steps'}"
    wrong = sum(step.verdict is Verdict.WRONG for step in answered)
    follow = sum(step.verdict is Verdict.RIGHT_GIVEN_EARLIER for step in answered)
    unreadable = sum(step.verdict is Verdict.UNREADABLE for step in answered)
    undecided = sum(step.verdict is Verdict.UNDECIDED for step in answered)
    if wrong:
        text = f"hand derivation differs at {wrong} of {total}"
        if follow:
            text += f" ({follow} more {'follows' if follow == 1 else 'follow'} from {'it' if wrong == 1 else 'them'})"
    elif unreadable:
        text = f"nothing wrong in what could be read of {total}"
    else:
        text = f"hand derivation is right: {total} checked"
    extras = [f"{unreadable} could not be read"] * bool(unreadable) + [f"{undecided} could not be decided"] * bool(
        undecided
    )
    return "; ".join([text, *extras])


def terminal(report: Report, *, reveal: bool = False, width: int = WIDTH, points: bool = True) -> str:
    """The report as lines of at most `width` columns (a long formula of the student's stays whole).

    `points`: also what is missing, and the points by question.
    """
    who = f"{report.student}: " if report.student else ""
    lines = list(_folded(who + headline(report), 0, width))
    first = True
    for step in report.steps:
        if step.verdict is Verdict.WRONG:
            lines += _wrong_step(step, report, reveal, width, "first wrong step" if first else "also wrong")
            first = False
    lines += _unreadable(report, width)
    alone = [
        (step, step.note)
        for step in report.steps
        if step.note and step.verdict not in (Verdict.WRONG, Verdict.UNREADABLE, Verdict.MISSING)
        and not (step.verdict is Verdict.RIGHT_GIVEN_EARLIER and not _has(step, "trivial"))
    ]  # fmt: skip
    if alone:
        lines.append("notes")
        for text, ids in _grouped(alone):
            lines += _folded(f"{listed(ids)}: {text}", 4, width, first=2)
    missing = [step.id for step in report.steps if step.verdict is Verdict.MISSING]
    if missing and points:
        lines += _folded("asked but not given: " + ", ".join(missing), 2, width, first=0)
    if report.questions and points:
        lines.append(f"points: {_number(report.score)} of {_number(report.max_score)}")
        for question in report.questions:
            title = question.title or ", ".join(question.asked)
            lines += _folded(
                f"{_number(question.points)} of {_number(question.max_points)}  {title}", 10, width, first=2
            )
    return "\n".join(printable_line(line) for line in lines)


def _wrong_step(step: CheckedStep, report: Report, reveal: bool, width: int, head: str) -> list[str]:
    place = _place(step.where)
    left = f"  {head}  {step.id}"
    lines = [left + " " * max(width - len(left) - len(place), 2) + place] if len(left) + len(place) + 2 <= width else [
        left, f"    {place}"]  # fmt: skip
    lines += _row("given", _clipped(step.given, SHOWN), width)
    if reveal:
        if step.rule and step.rule != step.expected:
            lines += _row(
                "rule",
                f"{step.id} = {step.rule}".replace("**", "^").replace("*", " · ").replace("_prime(", "'("),
                width,
            )
        own = f"   (your value: {step.value})" if step.value and step.value != step.expected else ""
        lines += _row("expected", step.expected + own, width)
    if step.note:
        lines += _row("note", step.note, width)
    if step.witness and _has(step, "point"):
        at = ", ".join(f"{name} = {value}" for name, value in step.witness.items())
        lines += _row("differs at", at, width)
    if step.consistent_with:
        lines.append("    consistent with")
        for name in step.consistent_with:
            told = LINES[name].instructor if reveal else LINES[name].student
            lines += _folded(f"{name.replace('_', ' ')}: {told}", 8, width, first=6)
    else:
        lines.append("    consistent with no known misconception")
    follow = [s.id for s in report.steps if s.verdict is Verdict.RIGHT_GIVEN_EARLIER and step.id in _roots(s, report)]
    if follow:
        lines += _folded(f"right given your {step.id}: {', '.join(follow)}", 4, width, first=2)
    return lines


def _roots(step: CheckedStep, report: Report) -> set[str]:
    """The wrong steps that a step follows from, over others that follow."""
    known = {s.id: s for s in report.steps}
    found: set[str] = set()
    stack, seen = [*step.rests_on], set(step.rests_on)
    while stack:
        each = known.get(stack.pop())
        if each is None:
            continue
        if each.verdict is Verdict.WRONG:
            found.add(each.id)
        for inner in each.rests_on:
            if inner not in seen:
                seen.add(inner)
                stack.append(inner)
    return found


def _unreadable(report: Report, width: int) -> list[str]:
    lines: list[str] = []
    for step in report.steps:
        if step.verdict is Verdict.UNREADABLE:
            lines += _folded(f"could not be read  {_clipped(step.id, 50)}", 4, width, first=2)
            if step.where is not None and step.where.key:
                lines.append(f"    in the answer to {step.where.key}")
            lines += (
                [f"    {line}" for line in step.excerpt.split("\n")]
                if step.excerpt
                else _row("given", _clipped(step.given, SHOWN), width)
            )
            if not step.excerpt and step.note:
                lines += _row("note", step.note, width)
    return lines


def _has(step: CheckedStep, kind: str) -> bool:
    return any(fact.kind == kind for fact in step.facts)


def _grouped(steps: Iterable[tuple[CheckedStep, str]]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for step, text in steps:
        found.setdefault(text, []).append(step.id)
    return list(found.items())


def _row(name: str, text: str, width: int) -> list[str]:
    return list(_folded(f"{name:<10} {text}", 15, width, first=4))


def _folded(text: str, indent: int, width: int, first: int = 0) -> list[str]:
    """Lines of at most `width`; words longer than a line stay whole, so that a formula can be copied."""
    return wrap(
        printable_line(text), max(width, 30), initial_indent=" " * first, subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
    ) or [""]  # fmt: skip


def printable_line(text: str) -> str:
    """One line without control characters; accents of their own stay."""
    return "".join(
        c if c.isprintable() or unicodedata.combining(c) else printable(c)
        for c in text.replace("\t", " ").replace("\n", " ")
    )


def _clipped(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _place(where: Where | None) -> str:
    if where is None:
        return ""
    return f"line {where.line}, column {where.column}" if where.line else f"answer to {where.key}"


def _number(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{float(value):.2f}".rstrip("0")


def unexpected(report: Report, expect: Mapping[str, Expectation]) -> list[str]:
    """How a report differs from what a rubric's test expects; every step that it says nothing of should be no fault."""
    known = {step.id: step for step in report.steps}
    told = []
    for of, expected in expect.items():
        step = known.get(of)
        verdict = str(step.verdict) if step is not None else str(Verdict.MISSING)
        if expected.verdict and verdict != expected.verdict:
            told.append(f"{of}: expected {expected.verdict}, found {verdict}")
        names = step.consistent_with if step is not None else ()
        if expected.misconception and expected.misconception not in names:
            told.append(f"{of}: expected {expected.misconception}, found {', '.join(names) or 'no misconception'}")
    told += [f"{s.id}: {s.verdict}" for s in report.steps if s.verdict in FAULTS and s.id not in expect]
    return told


# ---------------------------------------------------------------------- for programs
def as_json(report: Report, *, reveal: bool = False) -> dict[str, Any]:
    """The contract of `check --json`."""
    steps = []
    for step in report.steps:
        entry: dict[str, Any] = {"id": step.id, "verdict": str(step.verdict), "note": step.note, "given": step.given}
        if reveal:
            entry["expected"] = step.expected
        entry |= {
            "consistent_with": list(step.consistent_with),
            "points": _plain(step.points),
            "where": step.where.as_json() if step.where is not None else None,
            "witness": dict(step.witness),
        }
        steps.append(entry)
    document: dict[str, Any] = {"symprop": FORMAT, "exercise": report.exercise}
    if report.student:
        document["student"] = report.student
    return document | {
        "ok": report.ok,
        "first_wrong": report.first_wrong,
        "score": _plain(report.score),
        "max_score": _plain(report.max_score),
        "steps": steps,
    }


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else round(float(value), 6)


def gradescope(report: Report) -> str:
    """results.json of Gradescope's and Otter's autograders: one test a question, and the report as its output.

    Expected values are never among it: students see this file's output.
    """
    known = {step.id: step for step in report.steps}
    tests = []
    for number, question in enumerate(report.questions, 1):
        lines = []
        for of in question.asked:
            step = known.get(of)
            if step is not None:
                told = f" ({step.note})" if step.note else ""
                lines.append(f"{of}: {str(step.verdict).replace('_', ' ')}{told}")
        tests.append(
            {
                "name": question.title or f"Question {number}",
                "number": str(number),
                "score": _plain(question.points),
                "max_score": _plain(question.max_points),
                "status": "passed" if question.points == question.max_points else "failed",
                "output": "\n".join(lines),
                "visibility": "visible",
            }
        )
    document = {
        "score": _plain(report.score),
        "output": terminal(report),
        "visibility": "visible",
        "tests": tests,
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


# ---------------------------------------------------------------------- several students
def rows(reports: Sequence[Report]) -> list[dict[str, str]]:
    """A row a student: name, points, counts of verdicts, first wrong step, what it is consistent with."""
    found = []
    for report in reports:
        counts = Counter(str(step.verdict) for step in report.steps)
        first = report[report.first_wrong] if report.first_wrong is not None else None
        found.append(
            {
                "student": report.student,
                "file": report.source,
                "ok": "yes" if report.ok else "no",
                "score": _number(report.score),
                "max_score": _number(report.max_score),
                "first_wrong": first.id if first is not None else "",
                "consistent_with": " ".join(first.consistent_with) if first is not None else "",
                **{str(verdict): str(counts[str(verdict)]) for verdict in Verdict},
            }
        )
    return found


def as_csv(reports: Sequence[Report]) -> str:
    """The rows as CSV; a name that a spreadsheet would take for a formula is quoted by an apostrophe."""
    table = rows(reports)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(table[0]) if table else ["student"], lineterminator="\n")
    writer.writeheader()
    for row in table:
        writer.writerow({key: "'" + text if text[:1] in ("=", "+", "-", "@") else text for key, text in row.items()})
    return out.getvalue()


def commonest(reports: Sequence[Report]) -> list[tuple[str, int]]:
    """Misconceptions that some first wrong step is consistent with, by how many students; at most MOST_BARS."""
    counts: Counter[str] = Counter()
    for report in reports:
        if report.first_wrong is not None:
            counts.update(report[report.first_wrong].consistent_with)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_BARS]


def chart(reports: Sequence[Report]) -> str:
    """The commonest misconceptions as bars of one block a student, or in proportion."""
    found = commonest(reports)
    if not found:
        return ""
    width, most = max(len(name) for name, _ in found), found[0][1]
    scale = min(1.0, BAR / most)
    lines = ["first wrong steps consistent with (students; one may count in several rows)"]
    lines += [f"  {name.replace('_', ' '):<{width}}  {'█' * max(1, round(n * scale))} {n}" for name, n in found]
    return "\n".join(lines)


__all__ = [
    "as_csv",
    "as_json",
    "chart",
    "commonest",
    "gradescope",
    "headline",
    "noted",
    "questions_of",
    "rows",
    "terminal",
    "unexpected",
]
