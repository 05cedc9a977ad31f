"""manifest.jsonl: the record of a batch. A head line, then one line a version; JSON in, JSON out, and what may be wrong with it.

Lines are appended one by one and flushed, each only after its version's files are complete, so that the manifest of a run that
was cut off at any moment is right as far as it goes: `read` forgives a last line without its end and nothing else. Knows no
page and no oracle.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sympy import Float

from symprop.arithmetic import Value, public
from symprop.errors import ExerciseError, UsageError, printable, quoted, shown
from symprop.exercise import Exercise, build
from symprop.printing.figures import seventeen
from symprop.sampling.generator import NAME as GENERATOR

#: Version of the manifest's own format, and its file's name.
FORMAT, NAME = 1, "manifest.jsonl"
#: `exact` is null when it would be longer.
EXACT_CHARACTERS = 200
LIBRARIES = ("symprop", "sympy", "typst", "scikit-learn")
#: A line of a version holds these; `student` only where versions are for students.
KEYS = ("number", "seed", "code", "data", "parameters", "answers", "hides", "tells_apart", "difficulty", "files")


class ManifestError(UsageError):
    """A manifest cannot be used: the message names file and line."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}, line {line}: {problem}")


@dataclass(frozen=True)
class Head:
    """The first line: what decides every byte of the batch."""

    exercise: Exercise
    seed: int
    settings: Mapping[str, Any]

    def line(self) -> str:
        """The line, without its end."""
        raw = self.exercise.model_dump(mode="json", exclude_defaults=True)
        return compact(
            {
                "symprop": FORMAT,
                "generator": GENERATOR,
                "versions": versions(),
                "exercise": {"name": self.exercise.name, "hash": self.exercise.fingerprint, "file": raw},
                "seed": self.seed,
                "settings": self.settings,
            }
        )


@dataclass(frozen=True)
class Manifest:
    """A manifest as read: the head's tables, its exercise, the complete lines, and where they end in the file."""

    path: Path
    head: Mapping[str, Any]
    exercise: Exercise
    lines: Sequence[Mapping[str, Any]]
    end: int

    def find(self, number: int) -> Mapping[str, Any]:
        """The line of a version. Raises UsageError."""
        for line in self.lines:
            if line["number"] == number:
                return line
        held = f"1 to {len(self.lines)}" if self.lines else "none"
        raise UsageError(f"{self.path}: no version {number}; it holds {held}")


def versions() -> dict[str, str]:
    """This release and the libraries that decide its bytes."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def compact(value: Any) -> str:
    """JSON on one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def share(value: Fraction | float | int) -> float:
    """A share or a score as a short number of JSON."""
    return float(f"{float(value):.6g}")


def answer(value: Value) -> dict[str, str | None]:
    """`exact` (null for a rounded or very long number) and `value`, 17 significant digits."""
    number = public(Fraction(value) if isinstance(value, int) else value)
    exact = None if number.has(Float) else str(number)
    return {"exact": exact if exact is None or len(exact) <= EXACT_CHARACTERS else None, "value": seventeen(number)}


# ---------------------------------------------------------------------- reading
def read(path: Path) -> Manifest:
    """The manifest of a file; a last line that was cut off is left out. Raises UsageError with file and line."""
    lines: list[Mapping[str, Any]] = []
    head: Mapping[str, Any] = {}
    exercise: Exercise | None = None
    end = 0
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if not raw.endswith(b"\n"):
                    break
                table = _parsed(path, number, raw)
                if exercise is None:
                    head, exercise = table, _checked_head(path, table)
                else:
                    _check_line(path, number, table)
                    lines.append(table)
                end += len(raw)
    except OSError as problem:
        raise UsageError(f"cannot read {path}: {problem.strerror or problem}") from None
    if exercise is None:
        raise ManifestError(path, 1, "no head; a manifest starts with its format version, exercise and seed")
    return Manifest(path, head, exercise, lines, end)


def _parsed(path: Path, number: int, raw: bytes) -> Mapping[str, Any]:
    try:
        table = json.loads(raw)
    except (ValueError, RecursionError):
        raise ManifestError(
            path, number, f"damaged: found {quoted(raw[:80].decode(errors='replace').strip())}"
        ) from None
    if not isinstance(table, dict):
        raise ManifestError(path, number, "damaged: wanted a table in braces")
    return table


def _checked_head(path: Path, head: Mapping[str, Any]) -> Exercise:
    if head.get("symprop") != FORMAT:
        found = shown(head.get("symprop", "no format version"))
        raise ManifestError(path, 1, f"found {found}; this symprop reads manifests of version {FORMAT}")
    wanted = {"generator": str, "versions": dict, "exercise": dict, "seed": int, "settings": dict}
    for key, kind in wanted.items():
        if not isinstance(head.get(key), kind):
            raise ManifestError(path, 1, f"damaged: {key} is missing or no {kind.__name__}")
    told = head["exercise"]
    try:
        exercise = build(told["file"], where=f"{path}, line 1", name=str(told["name"]))
    except (KeyError, TypeError):
        raise ManifestError(path, 1, "damaged: it holds no exercise") from None
    if exercise.fingerprint != told.get("hash"):
        raise ManifestError(path, 1, "damaged: the exercise does not have the hash that stands beside it")
    return exercise


def _check_line(path: Path, number: int, table: Mapping[str, Any]) -> None:
    """Lines are numbered one after another: line 2 is version 1."""
    missing = [key for key in KEYS if key not in table]
    if missing:
        raise ManifestError(path, number, f"damaged: {missing[0]} is missing")
    if table["number"] != number - 1:
        raise ManifestError(path, number, f"damaged: found version {shown(table['number'])}; wanted {number - 1}")
    for key in ("data", "parameters", "answers", "files"):
        if not isinstance(table[key], dict):
            raise ManifestError(path, number, f"damaged: {key} is no table")


def exercise_of(manifest: Manifest, line: Mapping[str, Any]) -> Exercise:
    """The version of a line as an exercise. Raises UsageError where its numbers are not what they were."""
    where = f"{manifest.path}, line {line['number'] + 1}"
    base = manifest.exercise
    raw: dict[str, Any] = {key: getattr(base, key) for key in type(base).model_fields}
    try:
        made = build(raw | {"data": line["data"], "parameters": line["parameters"]}, where=where)
    except ExerciseError as problem:
        raise UsageError(f"{where}: damaged: {problem}") from None
    if made.code != line["code"]:
        raise UsageError(
            f"{where}: damaged: these numbers have the code {made.code}, not {printable(str(line['code']))}"
        )
    return made


def check_same(manifest: Manifest, head: Head) -> None:
    """Whether a run may go on with this manifest. Raises UsageError with what is different."""
    ours = json.loads(head.line())
    path, theirs = manifest.path, manifest.head
    elsewhere = "another folder (-o) keeps both"
    if theirs["exercise"] != ours["exercise"]:
        name = quoted(theirs["exercise"].get("name", "?"))
        raise ManifestError(path, 1, f"it belongs to another exercise or other numbers ({name}); {elsewhere}")
    if theirs["seed"] != ours["seed"]:
        raise ManifestError(path, 1, f"it was made with seed {shown(theirs['seed'])}, not {ours['seed']}; {elsewhere}")
    for key in {**ours["settings"], **theirs["settings"]}:
        found, wanted = theirs["settings"].get(key), ours["settings"].get(key)
        if found != wanted:
            raise ManifestError(
                path, 1, f"it was made with {key} {shown(compact(found))}, not {shown(compact(wanted))}; {elsewhere}"
            )
    for name, wanted in {"generator": ours["generator"], **ours["versions"]}.items():
        found = theirs["generator"] if name == "generator" else theirs["versions"].get(name)
        if found != wanted:
            raise ManifestError(
                path, 1, f"it was made with {name} {shown(found)}, here is {wanted}: the bytes may differ; {elsewhere}"
            )


# ---------------------------------------------------------------------- answers.csv
def csv_rows(lines: Sequence[Mapping[str, Any]] | Iterator[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """The rows of answers.csv: one a version and quantity, in the manifest's order."""
    yield "version", "student", "code", "quantity", "exact", "value"
    for line in lines:
        start = (str(line["number"]), _cell(str(line.get("student", ""))), line["code"])
        for id, value in line["answers"].items():
            yield *start, id, value["exact"] or "", value["value"]


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def sync(file: Any) -> None:
    """What was written, on the disk."""
    file.flush()
    os.fsync(file.fileno())


__all__ = [
    "FORMAT",
    "NAME",
    "Head",
    "Manifest",
    "ManifestError",
    "answer",
    "check_same",
    "compact",
    "csv_rows",
    "exercise_of",
    "read",
    "share",
    "sync",
    "versions",
]
