r"""A derivation in LaTeX or Markdown -> its lines `left = … = right`, each with the quantity it speaks of and every side read.

In: a file's text and the spellings of its exercise. Out: lines in the order of the text, with line and column of each side;
what cannot be read is a line too, with the place and the reason. Prose, comments, code, tables and drawings are passed over;
so is a formula inside a sentence whose left side names nothing. Opens no file; judges nothing.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sympy import ImmutableMatrix

from symprop.checking.spellings import Spellings
from symprop.errors import UsageError
from symprop.exercise import Exercise
from symprop.quantity import Quantity
from symprop.reading import Answer, Entry, Part, Unreadable, name_of, read_side, statements, unwrapped

#: A file longer than this is not searched.
MOST_CHARACTERS = 1_000_000
#: Most lines of one file.
MOST_LINES = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column in the file, both from 1, and the offset in characters from 0."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True)
class Read:
    """One side right of the first: the sign before it ("=", "approx" or "becomes"), its text, its place, its value.

    Offsets in an Unreadable value are offsets in the file.
    """

    sign: str
    text: str
    at: Place
    value: Answer | Unreadable


@dataclass(frozen=True, slots=True)
class Line:
    """`left = sides…`. `id` is None where the left side names nothing, and `why` then says why."""

    left: str
    at: Place
    id: Quantity | None
    sides: tuple[Read, ...]
    why: Unreadable | None = None

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        """Everything in the line that could not be read, by place."""
        own = () if self.why is None else (self.why,)
        return (*own, *(side.value for side in self.sides if isinstance(side.value, Unreadable)))


@dataclass(frozen=True, slots=True)
class _Formula:
    start: int
    end: int
    display: bool


_ENVIRONMENTS = (
    "align|alignat|flalign|gather|equation|multline|eqnarray|displaymath|math|aligned|alignedat|gathered|split"
)
_TEX_SKIPPED = re.compile(
    r"\\begin\s*\{(?P<env>tikzpicture|verbatim|lstlisting|comment|tabular|minted|figure|thebibliography)\*?\}"
    r".*?\\end\s*\{(?P=env)\*?\}|\\verb\*?(?P<bar>[^A-Za-z\s]).*?(?P=bar)",
    re.DOTALL,
)
_DEFINITION = re.compile(r"^[^\S\n]*\\(?:provide|new|renew)command\*?\s*\{?\\[A-Za-z]+\}?.*$", re.MULTILINE)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*")
_MD_SKIPPED = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^(?P=fence)[`~]*[^\S\n]*$|\Z)|<!--.*?-->|(?<!`)(?P<ticks>`{1,2})(?!`)[^`\n]+(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_FORMULA = re.compile(
    rf"\\\\|\\\$"
    rf"|\$\$(?P<dollars>.*?)(?:\$\$|\Z)"
    rf"|(?<!\\)\\\[(?P<brackets>.*?)(?:\\\]|\Z)"
    rf"|(?<!\\)\\\((?P<parens>.*?)(?:\\\)|\Z)"
    rf"|\\begin\s*\{{(?P<env>{_ENVIRONMENTS})(?P<star>\*?)\}}(?P<inside>.*?)(?:\\end\s*\{{(?P=env)(?P=star)\}}|\Z)"
    rf"|\$(?P<inline>[^$\n]*(?:\n[^$\n]+)*?)\$",
    re.DOTALL,
)


def read_lines(text: str, known: Spellings, exercise: Exercise, markdown: bool = False) -> tuple[Line, ...]:
    """Every line of a derivation that speaks of a quantity, or that seems to and cannot be read.

    `markdown`: code fences and inline code are passed over; else `%` starts a comment and only the body of a LaTeX document
    is read. Raises UsageError for a text beyond MOST_CHARACTERS or MOST_LINES.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(f"the derivation is longer than {MOST_CHARACTERS} characters")
    found: list[Line] = []
    starts = _line_starts(text)
    finder = _Finder(text, _prose_blanked(text, markdown), starts, known, exercise)
    for formula in _formulas(finder.clean):
        found += finder.lines(formula, found[-1] if found else None)
        if found and found[-1] is finder.continued:
            found.pop(-2)
        if len(found) > MOST_LINES:
            raise UsageError(f"the derivation has more than {MOST_LINES} lines")
    return tuple(found)


def _prose_blanked(text: str, markdown: bool) -> str:
    """The text of the same length without comments, code, drawings and definitions of commands."""

    def blank(match: re.Match[str]) -> str:
        return "".join(c if c == "\n" else " " for c in match.group())

    if markdown:
        return _MD_SKIPPED.sub(blank, text)
    text = _COMMENT.sub(lambda m: m[1] + " " * (len(m.group()) - len(m[1])), text)
    body = text.find(r"\begin{document}")
    if body >= 0:
        text = "".join(c if c == "\n" else " " for c in text[:body]) + text[body:]
    return _DEFINITION.sub(blank, _TEX_SKIPPED.sub(blank, text))


def _formulas(clean: str) -> Iterator[_Formula]:
    for match in _FORMULA.finditer(clean):
        kind = match.lastgroup
        if match["env"] is not None:
            yield _Formula(*match.span(), True)
        elif kind is not None:
            yield _Formula(*match.span(kind), kind in ("dollars", "brackets"))


def _line_starts(text: str) -> list[int]:
    return [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]


class _Finder:
    """Reads formulas of one file."""

    def __init__(self, text: str, clean: str, starts: list[int], known: Spellings, exercise: Exercise) -> None:
        self.text, self.clean, self.starts, self.table, self.exercise = text, clean, starts, known.table, exercise
        self.continued: Line | None = None
        self.headings = [(m.start(), int(m[1])) for m in _STEP.finditer(clean)]
        self.step = 0

    def place(self, offset: int) -> Place:
        line = bisect_right(self.starts, offset)
        return Place(line, offset - self.starts[line - 1] + 1, offset)

    def lines(self, formula: _Formula, before: Line | None) -> list[Line]:
        """The lines of one formula. One that starts with a relation goes on with the line before it (`continued`)."""
        self.continued = None
        self.step = next((step for at, step in reversed(self.headings) if at < formula.start), 0)
        source = self.clean[formula.start : formula.end]
        plain, found = statements(unwrapped(source))
        result: list[Line] = []
        for parts in found:
            if len(parts) < 2:
                continue
            first, rest = parts[0], parts[1:]
            if not plain[first.start : first.end].strip():
                if before is not None and formula.display:
                    before = replace(before, sides=before.sides + self.sides(formula, source, plain, rest))
                    self.continued = before
                    result.append(before)
                continue
            line = self.line(formula, source, plain, first, rest)
            if line is not None:
                result.append(line)
                before = line
        return result

    def line(self, formula: _Formula, source: str, plain: str, first: Part, rest: list[Part]) -> Line | None:
        left = plain[first.start : first.end]
        start = first.start + len(left) - len(left.lstrip("\u2003 \t\n"))
        end = first.start + len(left.rstrip("\u2003 \t\n"))
        start = _passed(plain, start, end)
        named = name_of(plain, start, end, self.table)
        at = self.place(formula.start + start)
        written = source[start:end]
        if isinstance(named, Unreadable) and not formula.display:
            return None
        sides = self.sides(formula, source, plain, rest)
        if isinstance(named, Unreadable):
            why = Unreadable(formula.start + min(max(named.offset, start), end), named.why)
            return Line(written, at, None, sides, why)
        scalar, whole = named
        entry = whole if whole is not None and (scalar is None or _is_matrix(sides)) else scalar
        assert entry is not None
        if entry.others:
            both = " or ".join((entry.what, *entry.others))
            return Line(written, at, None, sides, Unreadable(at.offset, f'"{written}" may be {both}; write which'))
        return Line(written, at, self.meant(entry, rest), sides)

    def meant(self, entry: Entry, rest: list[Part]) -> Quantity:
        """The quantity, after its update where the sign says so: w <- w - eta dE/dw. Which step, the last heading says."""
        of = Quantity.parse(entry.what)
        update = self.exercise.update
        assigned = rest[0].sign == "becomes" and of.is_parameter and not of.state
        if update is None or not (assigned or of.state):
            return of
        return replace(of if of.state else of.after(0), step=self.step or update.steps)

    def sides(self, formula: _Formula, source: str, plain: str, parts: list[Part]) -> tuple[Read, ...]:
        found = []
        for part in parts:
            text = source[part.start : part.end]
            if not plain[part.start : part.end].strip("\u2003 \t\n") and part is not parts[-1]:
                continue
            side = read_side(source, plain, part, self.table)
            start = part.start + len(text) - len(text.lstrip())
            value = side.value
            if isinstance(value, Unreadable):
                value = Unreadable(formula.start + value.offset, value.why)
            found.append(Read(part.sign, text.strip(), self.place(formula.start + start), value))
        return tuple(found)


#: A heading that says which step of an update follows.
_STEP = re.compile(r"^(?:#{1,6} *|\\(?:sub)*(?:section|paragraph)\*?\{) *Step ([1-9][0-9]{0,4})\b", re.MULTILINE)
_MARKS = re.compile(
    r"(?:[\s\u2003]|\\(?:quad|qquad|enspace|[,;:! ])|\\chainmark(?:\{\})?|\([0-9a-z]{1,3}\)[\s\u2003]|\{\})*"
)


def _passed(plain: str, start: int, end: int) -> int:
    """Past spaces and marks in front of a left side."""
    match = _MARKS.match(plain, start, end)
    return match.end() if match and match.end() < end else start


def _is_matrix(sides: tuple[Read, ...]) -> bool:
    """Whether the last readable side is a vector or matrix."""
    values = [side.value for side in sides if not isinstance(side.value, Unreadable)]
    return bool(values) and isinstance(values[-1], ImmutableMatrix)
