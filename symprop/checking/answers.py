"""An answers file, or a mapping, -> what each student gives for which quantity, every side of every chain read. Judges nothing.

TOML and JSON hold `[answers]`, or `[students.NAME.answers]`; .tex and .md hold a derivation, line by line (`lines`). A bad
file raises with file and key; an answer that cannot be read is kept as such.
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sympy import ImmutableMatrix

from symprop.checking.lines import Line, read_lines
from symprop.checking.report import Where
from symprop.checking.spellings import Spellings
from symprop.errors import ExerciseError, UsageError, did_you_mean, quoted, shown
from symprop.exercise import FORMAT, Exercise
from symprop.misconceptions import misconception
from symprop.quantity import Quantity
from symprop.reading import Answer, Unreadable, name_of, pointed, read_chain, unwrapped

#: Larger files are no derivation.
MAX_BYTES = 4_000_000
#: Most students of one file, and answers of one student.
MOST_STUDENTS = 2_000
MOST_ANSWERS = 5_000
SUFFIXES = (".toml", ".json", ".tex", ".md")
_VERDICTS = (
    "right",
    "right_given_earlier",
    "rounded",
    "except_at_kink",
    "wrong",
    "unreadable",
    "undecided",
    "missing",
)


class Decimal(str):
    """A decimal of a file as it is written there."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a chain: its text, its value, its place."""

    text: str
    value: Answer | Unreadable
    where: Where
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What is given for one quantity, or for a left side that names none (`id` None, and `why` says why).

    `by_arrays`: a matrix laid out as scikit-learn stores it, not as the page shows it. `assigned`: w <- w - eta dE/dw.
    """

    label: str
    id: Quantity | None
    sides: tuple[Side, ...]
    where: Where
    why: str = ""
    excerpt: str = ""
    by_arrays: bool = False
    assigned: bool = False


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a rubric's test expects of one step; an empty field expects nothing."""

    verdict: str = ""
    misconception: str = ""


@dataclass(frozen=True)
class Answers:
    """One student's answers, in the order given. `exercise` is what the file names, "" where it names none."""

    given: tuple[Given, ...]
    student: str = ""
    source: str = ""
    exercise: str = ""
    expect: Mapping[str, Expectation] = field(default_factory=dict)


# ---------------------------------------------------------------------- files
def files_of(paths: Iterable[str | Path]) -> list[Path]:
    """The files meant: a folder stands for the answers files in it, by name. Raises ExerciseError."""
    found: list[Path] = []
    for each in paths:
        path = Path(each)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES and p.is_file())
            if not inside:
                raise ExerciseError(f"no answers file in it; wanted {', '.join(SUFFIXES)}", where=str(path))
            found += inside
        else:
            found.append(path)
    return found


def text_of(path: Path) -> str:
    """The file's text. Raises ExerciseError."""
    where = str(path)
    if path.suffix not in SUFFIXES:
        raise ExerciseError(f"found the ending {quoted(path.suffix)}; wanted one of {', '.join(SUFFIXES)}", where=where)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ExerciseError(f"larger than {MAX_BYTES // 10**6} MB; this is no derivation", where=where)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise ExerciseError(f"is not UTF-8 text (line {line})", where=where) from None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise ExerciseError("no such file", where=where) from None
    except OSError as problem:
        raise ExerciseError(f"cannot be read: {problem.strerror or problem}", where=where) from None


def document_of(path: Path, text: str | None = None) -> dict[str, Any]:
    """A TOML or JSON file's tables, decimals as written. Raises ExerciseError."""
    where, text = str(path), text_of(path) if text is None else text
    try:
        if path.suffix == ".json":
            raw = json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_once)
        else:
            raw = tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        raise ExerciseError("nested too deeply", where=where) from None
    except json.JSONDecodeError as problem:
        raise ExerciseError(f"not valid JSON: {problem.msg} (at line {problem.lineno})", where=where) from None
    except tomllib.TOMLDecodeError as problem:
        raise ExerciseError(f"not valid TOML: {shown(problem, 200)}", where=where) from None
    except ValueError as problem:
        why = "a number of very many digits" if "digits" in str(problem) else shown(problem, 200)
        raise ExerciseError(why, where=where) from None
    if not isinstance(raw, dict):
        raise ExerciseError("wanted a table with the key answers or students", where=where)
    version = raw.get("symprop", FORMAT)
    if version != FORMAT or type(version) is not int:
        raise ExerciseError(f"found {shown(version)}; this symprop reads version {FORMAT}", key="symprop", where=where)
    return raw


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def load_answers(path: str | Path, exercise: Exercise, known: Spellings) -> tuple[Answers, ...]:
    """Every student's answers in one file. Raises ExerciseError with file and key, for a file without any answer too."""
    path = Path(path)
    text = text_of(path)
    if path.suffix in (".tex", ".md"):
        markdown = path.suffix == ".md"
        found: tuple[Answers, ...] = (read_derivation(text, exercise, known, markdown=markdown, source=str(path)),)
    else:
        found = read_tables(document_of(path, text), exercise, known, source=str(path), student=path.stem)
    for answers in found:
        if not answers.given:
            who = f"students.{answers.student}" if len(found) > 1 else ""
            raise ExerciseError("no answer in it", key=who, where=str(path), hint="lines such as dE/dW1[1,1] = 2")
    return found


def read_derivation(text: str, exercise: Exercise, known: Spellings, *, markdown: bool, source: str = "") -> Answers:
    """The lines of a LaTeX or Markdown derivation. Raises ExerciseError when it is too long."""
    try:
        lines = read_lines(text, known, exercise, markdown)
    except UsageError as problem:
        raise ExerciseError(str(problem), where=source) from None
    return Answers(tuple(_from_line(line, text) for line in lines), Path(source).stem, source)


_QUADS = re.compile(r"(?:\s|\\q?quad(?![A-Za-z])|\\[,;:!](?=\s|$))+")


def undressed(text: str) -> str:
    """A side without boxes, alignment and wide spaces: what a report repeats."""
    return _QUADS.sub(" ", unwrapped(text)).strip(" \u2003.,;")


def _from_line(line: Line, text: str) -> Given:
    sides = tuple(
        Side(
            undressed(side.text),
            side.value,
            Where(side.at.line, side.at.column),
            "\n".join(pointed(text, side.value)) if isinstance(side.value, Unreadable) else "",
        )
        for side in line.sides
    )
    why = line.why.why if line.why is not None else ""
    excerpt = "\n".join(pointed(text, line.why)) if line.why is not None else ""
    assigned = bool(line.sides) and line.sides[0].sign == "becomes"
    return Given(line.left, line.id, sides, Where(line.at.line, line.at.column), why, excerpt, assigned=assigned)


def read_tables(
    raw: Mapping[str, Any], exercise: Exercise, known: Spellings, *, source: str = "", student: str = ""
) -> tuple[Answers, ...]:
    """Every student of a document's tables. Raises ExerciseError with the key."""
    allowed = ("symprop", "exercise", "answers", "students", "expect")
    _only(raw, allowed, "", source)
    name = raw.get("exercise", "")
    if not isinstance(name, str):
        raise ExerciseError(
            f"found {shown(name)}; wanted a file or the name of a built-in", key="exercise", where=source
        )
    if ("answers" in raw) == ("students" in raw):
        both = "answers and students are both given" if "answers" in raw else "neither answers nor students is given"
        raise ExerciseError(f"{both}; wanted one of them", where=source)
    common = _expectations(raw.get("expect", {}), "expect", exercise, known, source)
    if "answers" in raw:
        given = tuple(_given(raw["answers"], "", exercise, known, source))
        return (Answers(given, student, source, name, common),)
    students = _table(raw["students"], "students", source)
    if len(students) > MOST_STUDENTS:
        raise ExerciseError(f"more than {MOST_STUDENTS} students", key="students", where=source)
    found = []
    for who, table in students.items():
        path = f"students.{who}"
        _only(_table(table, path, source), ("answers", "expect"), f"{path}.", source)
        if "answers" not in table:
            raise ExerciseError("missing", key=f"{path}.answers", where=source)
        expect = common | _expectations(table.get("expect", {}), f"{path}.expect", exercise, known, source)
        given = tuple(_given(table["answers"], f"{path}.", exercise, known, source))
        found.append(Answers(given, who, source, name, expect))
    return tuple(found)


def read_mapping(raw: Mapping[Any, Any], exercise: Exercise, known: Spellings) -> Answers:
    """Answers from Python: id or spelling -> text, number, list or array. Raises ExerciseError with the key."""
    return Answers(tuple(_given(raw, "", exercise, known, "answers")))


def _table(value: Any, key: str, source: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ExerciseError(f"found {shown(value)}; wanted a table", key=key, where=source)
    return value


def _only(raw: Mapping[str, Any], allowed: tuple[str, ...], path: str, source: str) -> None:
    for key in raw:
        if key not in allowed:
            raise ExerciseError(f"unknown key {quoted(path + key)}; {did_you_mean(key, allowed)}", where=source)


def _expectations(raw: Any, key: str, exercise: Exercise, known: Spellings, source: str) -> dict[str, Expectation]:
    found = {}
    for label, value in _table(raw, key, source).items():
        path = f"{key}.{quoted(label)}"
        table = {"verdict": value} if isinstance(value, str) else _table(value, path, source)
        _only(table, ("verdict", "misconception"), f"{path}.", source)
        verdict, name = table.get("verdict", ""), table.get("misconception", "")
        if verdict and verdict not in _VERDICTS:
            raise ExerciseError(
                f"found {shown(verdict)}; {did_you_mean(str(verdict), _VERDICTS)}", key=f"{path}.verdict", where=source
            )
        if name:
            try:
                misconception(str(name))
            except UsageError as problem:
                raise ExerciseError(str(problem), key=f"{path}.misconception", where=source) from None
        found[str(named(label, exercise, known, path, source)[0])] = Expectation(verdict, name)
    return found


# ---------------------------------------------------------------------- one answer
def named(label: Any, exercise: Exercise, known: Spellings, key: str, source: str) -> tuple[Quantity, Quantity | None]:
    """What a key names, (the quantity, the whole of the same spelling): an id, or any spelling of the exercise's names."""
    if not isinstance(label, str):
        raise ExerciseError(f"found {shown(label)}; wanted a quantity id such as dE/dW1[1,1]", where=source)
    try:
        of = _resolved(Quantity.parse(label), exercise)
        return of, of
    except UsageError as problem:
        reason = str(problem)
    plain = unwrapped(label)
    start = len(plain) - len(plain.lstrip())
    entries = name_of(plain, start, len(plain.rstrip()), known.table) if len(label) <= 400 else None
    if not isinstance(entries, tuple):
        why = entries.why if isinstance(entries, Unreadable) and "names one" not in entries.why else reason
        raise ExerciseError(why, key=key, where=source)
    scalar, whole = entries
    entry = scalar or whole
    assert entry is not None
    if entry.others:
        raise ExerciseError(f"may be {' or '.join((entry.what, *entry.others))}; write which", key=key, where=source)
    return Quantity.parse(entry.what), Quantity.parse(whole.what) if whole is not None else None


def _resolved(of: Quantity, exercise: Exercise) -> Quantity:
    found = exercise.require(of)
    if found.state and not found.step and exercise.update is not None:
        found = exercise.require(found.base.after(exercise.update.steps)) if found.state == "new" else found
    return found


def _given(raw: Any, prefix: str, exercise: Exercise, known: Spellings, source: str) -> Iterator[Given]:
    table = _table(raw, f"{prefix}answers", source)
    if len(table) > MOST_ANSWERS:
        raise ExerciseError(f"more than {MOST_ANSWERS} answers", key=f"{prefix}answers", where=source)
    for label, value in table.items():
        place = f"{prefix}answers.{quoted(label)}" if source != "answers" else quoted(label)
        of, whole = named(label, exercise, known, place, source)
        value = _plain(value)
        if isinstance(value, list):
            yield _array(label, whole or of, value, place, known, source)
            continue
        text = _text(value, place, source)
        sides = tuple(_sides(text, of, str(label), known))
        matrix = bool(sides) and isinstance(sides[-1].value, ImmutableMatrix)
        yield Given(str(label), whole if matrix and whole is not None else of, sides, Where(key=str(label)))


def _plain(value: Any) -> Any:
    """NumPy's arrays and SymPy's matrices as lists; anything else as it is."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any, key: str, source: str) -> str:
    """An answer as text: a number as its shortest decimal."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool) or value is None or isinstance(value, (Mapping, bytes, set)):
        raise ExerciseError(
            f"found {shown(value)}; wanted a formula in quotes, a number or a list", key=key, where=source
        )
    if isinstance(value, int) and value.bit_length() > 400:
        raise ExerciseError("a number of very many digits", key=key, where=source)
    if isinstance(value, float) and not math.isfinite(value):
        raise ExerciseError(f"found {value}; wanted a finite number", key=key, where=source)
    text = str(value)
    return "1" if text == "True" else text


def _sides(text: str, of: Quantity, key: str, known: Spellings) -> Iterator[Side]:
    """Every side; a first one that only repeats the quantity's own name is none."""
    chain = read_chain(text, known.table)
    if isinstance(chain, Unreadable):
        yield Side(text, chain, Where(key=key, offset=chain.offset), "\n".join(pointed(text, chain)))
        return
    for i, side in enumerate(chain):
        if i == 0 and len(chain) > 1 and _names(side.text, of, known):
            continue
        where = side.offset + len(side.text) - len(side.text.lstrip())
        excerpt = ""
        if isinstance(side.value, Unreadable):
            where, excerpt = side.value.offset, "\n".join(pointed(text, side.value))
        yield Side(side.text.strip(), side.value, Where(key=key, offset=where), excerpt)


def _names(text: str, of: Quantity, known: Spellings) -> bool:
    """Whether a left side is this quantity's name, or a name that the exercise does not know."""
    plain = unwrapped(text)
    start, end = len(plain) - len(plain.lstrip()), len(plain.rstrip())
    if start >= end:
        return True
    entries = name_of(plain, start, end, known.table)
    if isinstance(entries, Unreadable):
        return entries.why.startswith(("unknown name", "no derivative"))
    return any(entry is not None and str(of) in (entry.what, *entry.others) for entry in entries)


def _array(label: str, of: Quantity, value: list[Any], key: str, known: Spellings, source: str) -> Given:
    """A vector or matrix as a list: every entry is an answer of its own, and all are read as one matrix."""
    rows = [list(_plain(row)) if isinstance(_plain(row), list) else row for row in value]
    if not rows or (any(isinstance(row, list) for row in rows) and not all(isinstance(row, list) for row in rows)):
        raise ExerciseError("wanted a list of numbers, or a list of rows", key=key, where=source)
    table = rows if isinstance(rows[0], list) else [rows]
    if len({len(row) for row in table}) != 1 or not table[0]:
        raise ExerciseError("the rows of a matrix differ in length", key=key, where=source)
    texts = [[_text(_plain(entry), f"{key}[{i}]", source) for entry in row] for i, row in enumerate(table)]
    where = Where(key=str(label))
    values = []
    for row in texts:
        for text in row:
            found = tuple(_sides(text, of, str(label), known))
            last = found[-1].value if found else Unreadable(0, "nothing to read")
            if isinstance(last, (Unreadable, ImmutableMatrix)):
                problem = last if isinstance(last, Unreadable) else Unreadable(0, "a matrix inside a matrix")
                side = Side(text, problem, where, "\n".join(pointed(text, problem)))
                return Given(str(label), of, (side,), where)
            values.append(last)
    matrix = ImmutableMatrix(len(texts), len(texts[0]), values)
    written = "[" + ", ".join("[" + ", ".join(row) + "]" for row in texts) + "]"
    return Given(str(label), of, (Side(written, matrix, where),), where, by_arrays=True)


__all__ = [
    "SUFFIXES", "Answers", "Expectation", "Given", "Side", "document_of", "files_of", "load_answers", "read_derivation",
    "read_mapping", "read_tables", "text_of",
]  # fmt: skip
