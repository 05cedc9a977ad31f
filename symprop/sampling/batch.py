"""Exercise, seed, formats -> a folder of versions: a key each, manifest.jsonl and answers.csv.

A version's files are written beside their places and renamed; its line of the manifest follows when they are complete. A run
that was cut off at any moment goes on where the manifest ends, to the bytes of one that was not. Versions are drawn in the
parent, in order; chunks of them are verified, printed and written here or by worker processes, which leave the manifest's
lines in shards that the parent appends in order. Files of other names in the folder are never touched.
"""

import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from symprop.agreement import demand_agreement, numbers
from symprop.document import Document
from symprop.errors import Disagreement, SympropError, UsageError, quoted, shown
from symprop.exercise import Exercise
from symprop.exercise.model import code_of
from symprop.oracles import OracleReport
from symprop.oracles import verify as ask
from symprop.quantity import Quantity
from symprop.rendering import SUFFIXES, companions, contents, merged, pdf
from symprop.rendering.pieces import Pieces
from symprop.rendering.write import check_places
from symprop.sampling import draw, manifest
from symprop.sampling.manifest import Head, Manifest
from symprop.sampling.pages import pages
from symprop.sampling.shape import Row, Shape
from symprop.solution import Solution, solve
from symprop.wording import narrate
from symprop.wording.narrate import version_code

#: Up to so many versions both oracles see every one; beyond, the differences see a sample: one in OFTEN, later one in SELDOM.
ALL, OFTEN, SELDOM = 100, 100, 1000
#: Versions of a chunk where one process works, and where several do.
CHUNK, SHARD = 64, 512
#: Names of what a batch writes, and of what it writes beside while a file is not complete.
_OURS = re.compile(r"version-\d{3,}(-network)?\.(pdf|tex|md|typ|svg)")
_BESIDE = re.compile(
    r"\.(version-\d{3,}(-network)?\.(pdf|tex|md|typ|svg)|shard-\d+|manifest\.jsonl|answers\.csv|versions\.pdf)\.part"
)


@dataclass(frozen=True)
class Options:
    """How the keys of a batch are printed; all of it stands in the manifest's head."""

    to: tuple[str, ...] = ("pdf",)
    detail: str = "steps"
    view: str | None = None
    paper: str = "a4"
    merge: bool = False
    templates: str | None = None


@dataclass(frozen=True)
class Batch:
    """An exercise and everything that decides the bytes of its versions, but for how many there are."""

    exercise: Exercise
    seed: int
    options: Options = Options()
    conditions: Any = None
    #: Whether the differences see every version (its page then says so).
    every: bool = True
    students: tuple[str, ...] = ()

    @property
    def head(self) -> Head:
        settings: dict[str, Any] = {
            "to": list(self.options.to),
            "detail": self.options.detail,
            "view": self.options.view,
            "paper": self.options.paper,
            "merge": self.options.merge,
            "templates": _fingerprint(self.options.templates),
            "differences": "every version" if self.every else f"one in {OFTEN}, from {SELDOM} on one in {SELDOM}",
            "conditions": _table(self.conditions),
        }
        if self.students:
            settings["students"] = sha256("\n".join(self.students).encode()).hexdigest()
        return Head(self.exercise, self.seed, settings)


@dataclass(frozen=True)
class Draft:
    """A drawn version on its way to a worker: its leaves, and what the draw says of them."""

    number: int
    seed: int
    row: tuple[Any, ...]
    hides: tuple[str, ...]
    tells_apart: float
    difficulty: float
    equal_share: float
    student: str = ""


@dataclass(frozen=True)
class Page:
    """A version ready to be written: its files by name, and its line of the manifest but for their hashes."""

    number: int
    files: Mapping[str, bytes]
    line: Mapping[str, Any]

    def text(self) -> str:
        """The manifest's line with its end."""
        hashes = {name: sha256(data).hexdigest() for name, data in self.files.items()}
        return manifest.compact({**self.line, "files": hashes}) + "\n"


def _table(conditions: Any) -> Any:
    """Conditions as JSON holds them."""
    if conditions is None or isinstance(conditions, (str, int, bool)):
        return conditions
    if isinstance(conditions, Mapping):
        return {str(key): _table(value) for key, value in conditions.items()}
    if isinstance(conditions, (list, tuple)):
        return [_table(value) for value in conditions]
    if hasattr(conditions, "model_dump"):
        return conditions.model_dump(mode="json", exclude_defaults=True)
    if hasattr(conditions, "__dataclass_fields__"):
        return {key: _table(getattr(conditions, key)) for key in conditions.__dataclass_fields__}
    return str(conditions)


def _fingerprint(templates: str | None) -> str | None:
    """A hash of the files of a templates folder, for they decide the bytes."""
    if templates is None:
        return None
    found = sha256()
    for path in sorted(Path(templates).rglob("*")):
        if path.is_file():
            found.update(f"{path.relative_to(templates)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def sampled(number: int) -> bool:
    """Whether the differences see this version of a long batch, and its page in pieces is compared with its page."""
    return number % (OFTEN if number < SELDOM else SELDOM) == 1


def stem(number: int) -> str:
    """A version's file, without suffix: version-001."""
    return f"version-{number:03}"


# ---------------------------------------------------------------------- drawing
def drafts(batch: Batch, n: int, after: int = 0) -> Iterator[Draft]:
    """Versions after number `after`, drawn in order (a draw may depend on those before it)."""
    if batch.students:
        for number, student in enumerate(batch.students, start=1):
            if number > after:
                seed = draw.student_seed(student, batch.exercise)
                yield _draft(batch, draw.version(batch.exercise, seed, 1, batch.conditions), number, student)
        return
    for version in draw.versions(batch.exercise, n, batch.seed, batch.conditions):
        if version.number > after:
            yield _draft(batch, version, version.number)


def _draft(batch: Batch, version: draw.Version, number: int, student: str = "") -> Draft:
    return Draft(
        number,
        version.seed,
        tuple(_shape(batch.exercise).row(version.exercise)),
        version.hides,
        manifest.share(version.tells_apart),
        manifest.share(version.difficulty),
        manifest.share(version.equal_share),
        student,
    )


@lru_cache(maxsize=4)
def _shape_of(key: str, exercise: Exercise) -> Shape:
    return Shape(exercise)


def _shape(exercise: Exercise) -> Shape:
    return _shape_of(exercise.fingerprint, exercise)


# ---------------------------------------------------------------------- one chunk: verified and printed
class Maker:
    """Drafts -> pages, for one batch in one process."""

    def __init__(self, batch: Batch) -> None:
        from symprop.oracles.packs import Packs

        self.batch, self.shape = batch, _shape(batch.exercise)
        ids = [str(of) for of in self.shape.ids]
        self.packs = None if batch.every else Packs.of(batch.exercise, ids)
        nodes = [node.id for node in self.shape.graph if node.definition is not None]
        answered = {*nodes, *(d.id for d in self.shape.derivations.values())}
        self._known: dict[str, Pieces | None] = {}
        self.answers = [(place, id) for place, id in enumerate(ids) if self.shape.ids[place] in answered]

    def pages(self, chunk: Sequence[Draft]) -> Iterator[Page]:
        """The chunk's versions, each confirmed. Raises Disagreement, naming the version."""
        rows = [self.shape.values(draft.row) if self.packs is not None else None for draft in chunk]
        confirmed = self._confirmed(rows)
        for draft, row, theirs in zip(chunk, rows, confirmed, strict=True):
            if isinstance(theirs, str):
                raise Disagreement(
                    f"version {draft.number:03}: scikit-learn disagrees: {theirs}; nothing of it was written"
                )
            if row is None or theirs is None:
                yield self._by_itself(draft)
                continue
            quick = self._quickly(draft, row, theirs)
            yield self._sampled(draft, quick) if sampled(draft.number) else quick

    def _confirmed(self, rows: Sequence[Row | None]) -> list[dict[str, float] | str | None]:
        """scikit-learn's numbers for every row that it confirms, where it does not agree in words, None where it is not sure."""
        found: list[dict[str, float] | str | None] = [None] * len(rows)
        places = [place for place, row in enumerate(rows) if row is not None]
        if self.packs is None or not places:
            return found
        findings = self.packs.check([rows[place] for place in places])
        for k, place in enumerate(places):
            if findings.sure[k]:
                theirs = dict(zip(findings.ids, findings.theirs[k].tolist(), strict=True))
                found[place] = theirs if findings.agrees[k] else self._apart(rows[place] or [], theirs)
        return found

    def _apart(self, row: Row, theirs: Mapping[str, float]) -> str:
        """The quantity that is furthest from scikit-learn's."""
        ours = {str(of): float(value) for of, value in zip(self.shape.ids, row, strict=True)}
        worst = max(theirs, key=lambda name: abs(ours[name] - theirs[name]))
        return f"{worst} is {ours[worst]:.12g} here and {theirs[worst]:.12g} there"

    def _sampled(self, draft: Draft, quick: Page) -> Page:
        """The version solved and printed on its own, the differences asked, and the quick page compared with it."""
        page = self._by_itself(draft)
        if page.text() != quick.text():
            raise Disagreement(
                f"version {draft.number:03}: its page in pieces is not its page; nothing of it was written"
            )
        return page

    def _quickly(self, draft: Draft, row: Row, theirs: Mapping[str, float]) -> Page:
        """From the values of the row: no solving, and where the page is known in pieces no printing."""
        assert self.packs is not None
        code = code_of(self.shape.fingerprint(draft.row))
        answers = {id: _plain_answer(row[place]) for place, id in self.answers}
        line = self._line(draft, answers, code)
        values = [*row, *map(_decimal, theirs.values())]
        name, files = stem(draft.number), {}
        for suffix in self._suffixes():
            pieces = self._pieces(suffix, tuple(theirs))
            text = None if pieces is None else pieces.write(values, version_code(code, draft.number))
            if text is None:
                report = OracleReport("scikit-learn", self.packs.version, len(theirs), 0.0, True, values=dict(theirs))
                document = self._document(solve(self.shape.fill(draft.row)), draft.number, [report])
                return Page(draft.number, self._files(document, name), line)
            files[f"{name}.{suffix}"] = pdf(text) if suffix == "pdf" else text.encode()
        return Page(draft.number, files, line)

    def _suffixes(self) -> list[str]:
        options = self.batch.options
        return [suffix for suffix in options.to if not (suffix == "pdf" and options.merge)]

    def _pieces(self, suffix: str, theirs: tuple[str, ...]) -> Pieces | None:
        """The page in pieces: none for Markdown, whose drawing is a file of its own."""
        if suffix not in ("tex", "typ", "pdf"):
            return None
        format = "latex" if suffix == "tex" else "typst"
        if format not in self._known:
            options = self.batch.options
            self._known[format] = pages(
                self.shape, format, theirs,
                detail=options.detail, view=options.view, paper=options.paper, templates=options.templates,
            )  # fmt: skip
        return self._known[format]

    def _by_itself(self, draft: Draft) -> Page:
        """Solved and confirmed on its own, by both oracles where the batch wants both or scikit-learn cannot do it."""
        made = self.shape.fill(draft.row)
        name = f"version {draft.number:03}"
        try:
            solution = solve(made)
        except SympropError as problem:
            raise UsageError(f"{name}: {problem}") from None
        reports = ask(made, numbers(solution))
        demand_agreement(reports, name)
        if not self.batch.every:  # a page says the same whether or not it was in the sample
            reports = tuple(r for r in reports if r.name == "scikit-learn" and r.compared) or reports
        document = self._document(solution, draft.number, reports)
        return self._page(draft, answers_of(solution), document, made.code)

    def _document(self, solution: Solution, number: int, reports: Sequence[OracleReport]) -> Document:
        options = self.batch.options
        return narrate(solution, detail=options.detail, view=options.view, reports=reports, number=number)

    def _page(self, draft: Draft, answers: Mapping[str, Any], document: Document, code: str) -> Page:
        return Page(draft.number, self._files(document, stem(draft.number)), self._line(draft, answers, code))

    def _files(self, document: Document, name: str) -> dict[str, bytes]:
        options, files = self.batch.options, {}
        for suffix in self._suffixes():
            files[f"{name}.{suffix}"] = contents(
                document, suffix, paper=options.paper, templates=options.templates, name=name
            )
            files |= companions(document, suffix, name)
        return files

    def _line(self, draft: Draft, answers: Mapping[str, Any], code: str) -> dict[str, Any]:
        data, parameters = self.shape.texts(draft.row)
        return {
            "number": draft.number,
            **({"student": draft.student} if draft.student else {}),
            "seed": draft.seed,
            "code": code,
            "data": data,
            "parameters": parameters,
            "answers": answers,
            "hides": draft.hides,
            "tells_apart": draft.tells_apart,
            "difficulty": draft.difficulty,
            "equal_share": draft.equal_share,
        }


def _decimal(value: float) -> int | Fraction:
    """scikit-learn's number as the page has it: the decimal of 12 digits it stands for."""
    if value.is_integer() and abs(value) < 10**11:
        return int(value)
    number = Fraction(f"{value:.12g}")
    return number.numerator if number.denominator == 1 else number


@lru_cache(maxsize=100_000)
def _plain_answer(value: Any) -> dict[str, str | None]:
    return manifest.answer(value)


def answers_of(solution: Solution) -> dict[str, dict[str, str | None]]:
    """Every value and gradient of a solution as the manifest holds them; after an update the last step's, too."""
    exercise = solution.exercise
    ids = [node.id for node in solution.graph if node.definition is not None]
    ids += [derivation.id for derivation in solution.derivations.values()]
    if exercise.update is not None and exercise.update.learning_rate is not None:
        ids += [of.after(exercise.update.steps) for of in exercise.parameter_ids()]
        ids += [Quantity("E").after(exercise.update.steps)]
    return {_name(of, exercise): manifest.answer(solution.number(of)) for of in ids}


def _name(of: Quantity, exercise: Exercise) -> str:
    return f"new {of.base}" if of.state == "new" else str(of)


# ---------------------------------------------------------------------- a run
#: Called with the number of complete versions.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Outcome:
    """What a run did: versions that were there before and that are new, and what it leaves to say."""

    before: int
    made: int
    remarks: tuple[str, ...] = ()


def run(
    batch: Batch,
    n: int,
    folder: Path,
    *,
    jobs: int = 1,
    backend: str = "loky",
    scheduler: str = "",
    progress: Progress = lambda done: None,
) -> Outcome:
    """Versions 1 to n in a folder; goes on where an earlier run with the same head stopped.

    Raises UsageError (a manifest of something else, a place that cannot be written), Disagreement (nothing of that version is
    written), and what drawing raises when its conditions cannot be met.
    """
    n = len(batch.students) or n
    path = folder / manifest.NAME
    check_places([path, folder / "answers.csv"])
    found = _opened(batch, folder)
    done = len(found.lines)
    if done > n:
        raise UsageError(f"{path} holds {done} versions, more than the {n} asked for; another folder (-o) keeps both")
    _sweep(folder)
    remarks = _restored(batch, folder, found)
    progress(done)
    if done < n:
        ledger = _Ledger(path, found.end, done, progress)
        try:
            _work_through(batch, drafts(batch, n, done), folder, ledger, jobs, backend, scheduler)
        except OSError as problem:
            raise UsageError(_stopped(folder, problem, ledger.done)) from None
        finally:
            ledger.close()
            _sweep(folder)
    try:
        _write_csv(folder, path)
        if batch.options.merge and "pdf" in batch.options.to:
            _write_merged(batch, folder, path)
    except OSError as problem:
        raise UsageError(_stopped(folder, problem, n)) from None
    return Outcome(done, n - done, remarks)


def _stopped(folder: Path, problem: OSError, done: int) -> str:
    why = problem.strerror or str(problem)
    return f'cannot write in "{folder}": {why}; {done} versions are complete, the same command goes on from there'


def _opened(batch: Batch, folder: Path) -> Manifest:
    """The folder's manifest, made when there is none. Raises UsageError."""
    path, head = folder / manifest.NAME, batch.head
    if path.is_file():
        found = manifest.read(path)
        manifest.check_same(found, head)
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        strange = sorted(entry.name for entry in folder.iterdir() if _OURS.fullmatch(entry.name))
        if strange:
            raise UsageError(
                f'"{folder}" holds {strange[0]} but no {manifest.NAME}; choose another folder (-o), nothing was touched'
            )
        write_beside(folder, manifest.NAME, (head.line() + "\n").encode())
    except OSError as problem:
        raise UsageError(f'cannot write in "{folder}": {problem.strerror or problem}') from None
    return manifest.read(path)


def _sweep(folder: Path) -> None:
    """Away with what a run that was cut off left beside its places."""
    with suppress(OSError):
        for entry in folder.iterdir():
            if _BESIDE.fullmatch(entry.name):
                with suppress(OSError):
                    entry.unlink()


def _restored(batch: Batch, folder: Path, found: Manifest) -> tuple[str, ...]:
    """Makes lost files of complete versions again; says which were changed since, and leaves those as they are."""
    lost, changed = [], []
    for line in found.lines:
        for name, wanted in line["files"].items():
            place = folder / Path(name).name
            if not place.exists():
                lost.append(line)
                break
            if sha256(place.read_bytes()).hexdigest() != wanted:
                changed.append(name)
    for line in lost:
        page = again(found, line, batch.options, batch.every)
        for name, data in page.files.items():
            if not (folder / name).exists():
                write_beside(folder, name, data)
    remarks = [f"made again: {', '.join(stem(line['number']) for line in lost)}"] if lost else []
    return (*remarks, *(f"{name} was changed since it was made; left as it is" for name in changed))


def write_beside(folder: Path, name: str, data: bytes) -> None:
    """A file whole or not at all: written beside its place under a name that a later run knows as its own, and renamed."""
    beside = folder / f".{name}.part"
    try:
        with beside.open("wb") as file:
            file.write(data)
        beside.replace(folder / name)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


class _Ledger:
    """The manifest while it grows: a line at a time, whole or not at all."""

    def __init__(self, path: Path, end: int, done: int, progress: Progress) -> None:
        self._file = path.open("r+b")
        self._file.truncate(end)  # a last line that was cut off
        self._file.seek(end)
        self._end, self.done, self._progress = end, done, progress

    def add(self, lines: bytes) -> None:
        """Lines of complete versions. Raises OSError, the file then being as before."""
        try:
            self._file.write(lines)
            self._file.flush()
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), self._end)
            raise
        self._end += len(lines)
        self.done += lines.count(b"\n")
        self._progress(self.done)

    def close(self) -> None:
        with suppress(OSError):
            manifest.sync(self._file)
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            os.truncate(self._file.name, self._end)


def _work_through(
    batch: Batch, source: Iterator[Draft], folder: Path, ledger: _Ledger, jobs: int, backend: str, scheduler: str
) -> None:
    if jobs == 1 and backend == "loky":
        maker = Maker(batch)
        while chunk := list(islice(source, CHUNK)):
            for page in maker.pages(chunk):
                for name, data in page.files.items():
                    write_beside(folder, name, data)
                ledger.add(page.text().encode())
        return
    from symprop.sampling.workers import spread

    for shard in spread(batch, source, folder.resolve(), jobs, backend, scheduler):
        ledger.add(shard.read_bytes())
        shard.unlink()


def work(batch: Batch, chunk: Sequence[Draft], folder: Path) -> tuple[Path, int, str]:
    """A worker's part: writes the chunk's files and a shard of manifest lines; returns the shard, its count and its hash."""
    lines = []
    for page in _maker(batch.head.line(), batch).pages(chunk):
        for name, data in page.files.items():
            write_beside(folder, name, data)
        lines.append(page.text())
    data = "".join(lines).encode()
    shard = folder / f".shard-{chunk[0].number}.part"
    shard.write_bytes(data)
    return shard, len(chunk), sha256(data).hexdigest()


@lru_cache(maxsize=2)
def _maker(key: str, batch: Batch) -> Maker:
    return Maker(batch)


# ---------------------------------------------------------------------- from the manifest
def again(found: Manifest, line: Mapping[str, Any], options: Options, every: bool) -> Page:
    """A version and its files from its line of the manifest, confirmed again. Raises UsageError and Disagreement."""
    made = manifest.exercise_of(found, line)
    batch = Batch(found.exercise, found.head["seed"], options, every=every)
    draft = Draft(
        line["number"],
        line["seed"],
        tuple(_shape(found.exercise).row(made)),
        (),
        0.0,
        0.0,
        0.0,
        line.get("student", ""),
    )
    page = Maker(batch)._by_itself(draft)
    for id, value in line["answers"].items():
        if page.line["answers"].get(id) != value:
            where = f"{found.path}, line {line['number'] + 1}"
            raise UsageError(
                f"{where}: damaged: {shown(id)} is {page.line['answers'].get(id, {}).get('value')}, not {shown(value)}"
            )
    return page


def write_again(path: Path, number: int, to: Sequence[str] | None, folder: Path) -> list[Path]:
    """One version of a manifest: its exercise as a file and its key, in the manifest's formats or in those asked for.

    Raises UsageError (a manifest that is damaged, with the line; no such version; a place that is taken by another file).
    """
    found = manifest.read(path)
    line = found.find(number)
    options, every = restored_options(found)
    if found.head["settings"].get("templates") is not None:
        raise UsageError(f"{path}: made with templates of its own, which the manifest does not hold")
    options = replace(options, to=tuple(to) if to is not None else options.to, merge=False)
    page = again(found, line, options, every)
    exercise = manifest.exercise_of(found, line).model_dump(mode="json", exclude_defaults=True)
    files = {**page.files, f"{stem(number)}.json": json.dumps(exercise, indent=2, ensure_ascii=False).encode() + b"\n"}
    for name, data in files.items():
        place = folder / name
        if place.exists() and place.read_bytes() != data:
            raise UsageError(f'"{place}" is there and is another; choose another folder (-o)')
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_beside(folder, name, data)
    except OSError as problem:
        raise UsageError(f'cannot write in "{folder}": {problem.strerror or problem}') from None
    return [folder / name for name in files]


def restored_options(found: Manifest) -> tuple[Options, bool]:
    """How the keys of a manifest were printed, and whether the differences saw all. Raises UsageError."""
    settings = found.head["settings"]
    try:
        options = Options(
            tuple(settings["to"]), settings["detail"], settings["view"], settings["paper"], settings["merge"]
        )
    except (KeyError, TypeError):
        raise UsageError(f"{found.path}, line 1: damaged: its settings are not complete") from None
    if not all(suffix in SUFFIXES for suffix in options.to):
        raise UsageError(f"{found.path}, line 1: damaged: formats {shown(options.to)}")
    return options, settings.get("differences") == "every version"


def verify_manifest(path: Path) -> Iterator[tuple[str, tuple[OracleReport, ...]]]:
    """Every version of a manifest with what the oracles say of the answers that stand in it. Raises UsageError."""
    found = manifest.read(path)
    for line in found.lines:
        made = manifest.exercise_of(found, line)
        told: dict[str, Any] = {}
        for id, value in line["answers"].items():
            if not isinstance(value, dict) or not isinstance(value.get("value"), str):
                raise UsageError(f"{path}, line {line['number'] + 1}: damaged: no answer for {quoted(id)}")
            told[id] = _number(value, f"{path}, line {line['number'] + 1}: damaged: {shown(id)}")
        yield f"{path} {line['number']:03}", ask(made, told)


def _number(value: Mapping[str, str | None], where: str) -> Any:
    """The value of an answer; where the exact form is a fraction, both must say the same."""
    from symprop.exercise import number

    exact, text = value.get("exact"), str(value["value"])
    try:
        decimal = Fraction(text)
        if exact is not None:
            closed = number(exact)
            if (
                manifest.answer(Fraction(int(closed.p), int(closed.q)) if closed.is_Rational else closed)["value"]
                != text
            ):
                raise Disagreement(f"{where}: exact {shown(exact)} is not {shown(text)}")
            return closed
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{where}: found {shown(exact)} and {shown(text)}; wanted numbers") from None
    return number(decimal)


# ---------------------------------------------------------------------- what comes last
def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        next(file)
        yield from map(json.loads, file)


def _write_csv(folder: Path, path: Path) -> None:
    beside = folder / ".answers.csv.part"
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(manifest.csv_rows(_lines(path)))
        beside.replace(folder / "answers.csv")
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _write_merged(batch: Batch, folder: Path, path: Path) -> None:
    """Every version in one PDF, from the numbers in the manifest."""
    maker = Maker(Batch(batch.exercise, batch.seed, batch.options, every=batch.every))
    found = manifest.read(path)

    def documents() -> Iterable[Document]:
        for line in found.lines:
            solution = solve(manifest.exercise_of(found, line))
            reports = ask(solution.exercise, numbers(solution))
            if not batch.every:
                reports = tuple(r for r in reports if r.name == "scikit-learn" and r.compared) or reports
            yield maker._document(solution, line["number"], reports)

    options = batch.options
    write_beside(folder, "versions.pdf", pdf(merged(documents(), paper=options.paper, templates=options.templates)))


def read_students(path: Path) -> tuple[str, ...]:
    """Student ids, one a line (the first column where there are several). Raises UsageError with the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"cannot read {path}: {getattr(problem, 'strerror', None) or 'it is no UTF-8 text'}") from None
    found: dict[str, int] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
        id = row[0].strip() if row else ""
        if not id or id.startswith("#"):
            continue
        if id in found:
            raise UsageError(f"{path}, line {number}: {quoted(id)} is already on line {found[id]}")
        found[id] = number
    if not found:
        raise UsageError(f"{path}: no student ids; wanted one a line")
    return tuple(found)


__all__ = [
    "ALL",
    "Batch",
    "Options",
    "Outcome",
    "again",
    "read_students",
    "restored_options",
    "run",
    "verify_manifest",
    "write_again",
    "write_beside",
]
