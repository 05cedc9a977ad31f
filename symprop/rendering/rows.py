"""Equation rows -> printed lines: which rows share columns, which stack their equals signs, where a long sum breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from symprop.document import Document, Math, Row
from symprop.printing import CHAIN_RULE, WORDS, Chain, Layout, Width

#: Width of the text block in em of the body size (160 mm at 10.5 pt), less a little for what Width does not see.
LINE = 42.0
SIGN = 1.6
#: Answers up to this width (em) stand in boxes of one size.
NARROW = 5.0
#: Most equals signs that stand in columns of one block.
MOST_COLUMNS = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """One `= form` of a line; an empty text leaves the column empty.

    `role`: form, answer or more (a broken sum goes on); `wide`: no room for it in a column of answers;
    `spoken`: sign and form in words; `depth`: as Line has it.
    """

    sign: str
    text: str
    role: str = "form"
    boxed: bool = False
    wide: bool = False
    spoken: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: left side ("" where it goes on), cells, and whether the chain-rule mark stands before it.

    `alt` is the whole line in words, its mark included; `headed`: small words stand above factors of its first form;
    `depth` says how far down shapes below matrices reach, as Layout does.
    """

    left: str
    cells: tuple[Cell, ...]
    mark: bool = False
    id: str = ""
    alt: str = ""
    headed: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Lines of one block; `columns` is the number of aligned equals signs, `widths` what each column needs, in em.

    `heads` are the words over the columns, where there are any.
    """

    lines: tuple[Line, ...]
    columns: int
    widths: tuple[float, ...] = ()
    heads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    sign: str
    texts: tuple[str, ...]
    widths: tuple[float, ...]
    words: tuple[str, ...]
    role: str = "form"
    boxed: bool = False
    head: str = ""
    put_in: bool = False
    depth: int = 0

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def said(self) -> str:
        return _said(self.sign, "".join(self.words))

    @property
    def cell(self) -> Cell:
        return Cell(self.sign, self.text, self.role, self.boxed, self.width > NARROW, self.said, self.depth)

    @property
    def width(self) -> float:
        return sum(self.widths) + (0.8 if self.boxed else 0)


#: A row in the dialect: left side, forms, and where they come from.
Printed = tuple[_Piece, list[_Piece], Row]


def plan(
    rows: Sequence[Row],
    document: Document,
    printer: type[Layout[str]],
    line: float = LINE,
    speech: type[Layout[str]] | None = None,
) -> list[Plan]:
    """The block's lines in one dialect: neighbouring rows that fit share columns, the others stack their equals signs.

    `speech` adds every line in words.
    """
    return arranged(print_rows(rows, document, printer, speech), line)


def print_rows(
    rows: Sequence[Row], document: Document, printer: type[Layout[str]], speech: type[Layout[str]] | None
) -> list["Printed"]:
    """Every row in the dialect, with its widths: left side, forms, and where they come from."""
    return [(_left(row, document, printer, speech), _pieces(row, document, printer, speech), row) for row in rows]


def arranged(printed: Sequence["Printed"], line: float) -> list[Plan]:
    """Printed rows in lines; what they look like depends on widths and patterns alone."""
    runs: list[list[Printed]] = []
    for _, alike in groupby(printed, key=_pattern):
        for family in _families(list(alike), line):
            if runs and _fit(runs[-1], line) == _fit(family, line) == _fit([*runs[-1], *family], line):
                runs[-1] += family
            else:
                runs.append(family)
    return [_planned(run, line) for run in runs]


def _families(alike: list[Printed], line: float) -> list[list[Printed]]:
    """Rows of one pattern look alike: stacked all, unless most of them fit a line; then those share columns, run by run."""
    if 2 * sum(_fit([row], line) for row in alike) <= len(alike):
        return [alike]
    runs: list[list[Printed]] = []
    for row in alike:
        if runs and _fit(runs[-1], line) == _fit([row], line) == _fit([*runs[-1], row], line):
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _pattern(printed: Printed) -> tuple[int, int]:
    """What makes rows alike: how many forms they have, and over how many paths the first is a sum."""
    _, pieces, row = printed
    return len(pieces), len(row.parts[0].form.terms) if row.parts and isinstance(row.parts[0].form, Chain) else 0


def _fit(printed: Sequence[Printed], line: float) -> bool:
    columns = max(len(pieces) for _, pieces, _ in printed)
    return (
        columns <= MOST_COLUMNS and max(left.width for left, _, _ in printed) + sum(_widths(printed, columns)) <= line
    )


def _planned(run: Sequence[Printed], line: float) -> Plan:
    if not _fit(run, line):
        stacked: list[Line] = []
        for left, pieces, row in run:
            stacked += _stacked(left, pieces, row, line)
        return Plan(tuple(stacked), 1)
    columns = max(len(pieces) for _, pieces, _ in run)
    lines = (_line(left, _in_columns(pieces, columns), row) for left, pieces, row in run)
    return Plan(tuple(lines), columns, tuple(round(width, 1) for width in _widths(run, columns)), _heads(run, columns))


def _heads(run: Sequence[Printed], columns: int) -> tuple[str, ...]:
    """The word over each column: what its rows agree on; none where fewer than two columns have one."""
    found: list[set[str]] = [set() for _ in range(columns)]
    for _, pieces, _ in run:
        for i, piece in _placed(pieces, columns):
            found[i].add(piece.head)
    heads = tuple(words.pop() if len(words) == 1 else "" for words in found)
    return heads if sum(map(bool, heads)) > 1 else ()


def _line(left: _Piece, cells: tuple[Cell, ...], row: Row, first: bool = True) -> Line:
    alt = f"{left.said if first else ''} {', '.join(cell.spoken for cell in cells if cell.spoken)}".strip()
    if row.chain_rule and first:
        alt = f"{CHAIN_RULE}: {alt}"
    headed = first and any(isinstance(part.form, Chain) and part.form.heads is not None for part in row.parts)
    depth = max([left.depth * first, *(cell.depth for cell in cells)])
    return Line(
        left.text if first else "", cells, row.chain_rule and first, row.id if first else "", alt, headed, depth
    )


def _said(sign: str, words: str) -> str:
    return f"{WORDS.get(sign, '')} {words}".strip()


def _printer(math: Math, document: Document, kind: type[Layout[Any]]) -> Layout[Any]:
    return kind(document.names, document.figures, math.numbers, math.given)


def _left(row: Row, document: Document, printer: type[Layout[str]], speech: type[Layout[str]] | None) -> _Piece:
    writer = _printer(row.left, document, printer)
    return _Piece(
        "",
        (writer.write(row.left.form),),
        (_printer(row.left, document, Width).write(row.left.form),),
        (_printer(row.left, document, speech).write(row.left.form) if speech else "",),
        depth=writer.depth,
    )


def _pieces(row: Row, document: Document, printer: type[Layout[str]], speech: type[Layout[str]] | None) -> list[_Piece]:
    found: list[_Piece] = []
    for math in (*row.parts, *([row.answer] if row.answer is not None else [])):
        writer = _printer(math, document, printer)
        texts = tuple(writer.pieces(math.form))
        widths = tuple(_printer(math, document, Width).pieces(math.form))
        words = tuple(_printer(math, document, speech).pieces(math.form)) if speech else ("",) * len(texts)
        answer = math is row.answer
        sign = "becomes" if row.becomes and not found else "approx" if writer.rounded else "="
        boxed = row.boxed and (answer or (row.answer is None and math is row.parts[-1]))
        found.append(
            _Piece(
                sign,
                texts,
                widths,
                words,
                "answer" if answer else "form",
                boxed,
                math.head,
                math.numbers is not None,
                writer.depth,
            )
        )
    return found


def _widths(printed: Sequence[Printed], columns: int) -> list[float]:
    """What each column needs, its sign and gap included."""
    widest = [0.0] * columns
    for _, pieces, _ in printed:
        for i, piece in _placed(pieces, columns):
            widest[i] = max(widest[i], piece.width)
    return [width + SIGN + 1.0 for width in widest]


def _placed(pieces: Sequence[_Piece], columns: int) -> list[tuple[int, _Piece]]:
    """Forms from the left; an answer behind forms in the last column, the numbers put in right before it."""
    last = len(pieces) - 1
    ends = last > 0 and pieces[last].role == "answer"
    places = [
        columns - 1 if ends and i == last else columns - 2 if ends and i == last - 1 > 0 and piece.put_in else i
        for i, piece in enumerate(pieces)
    ]
    return list(zip(places, pieces, strict=True))


def _in_columns(pieces: Sequence[_Piece], columns: int) -> tuple[Cell, ...]:
    cells = [Cell("", "")] * columns
    for i, piece in _placed(pieces, columns):
        cells[i] = piece.cell
    return tuple(cells)


def _stacked(left: _Piece, pieces: Sequence[_Piece], row: Row, line: float) -> list[Line]:
    """Forms below each other; one in letters, or the answer, joins the line before it where there is room."""
    room = line - left.width - SIGN
    lines: list[list[Cell]] = []
    used = 0.0
    for piece in pieces:
        joins = piece.role == "answer" or not piece.put_in
        if joins and lines and used + SIGN + 1 + piece.width <= room:
            lines[-1].append(piece.cell)
            used += SIGN + 1 + piece.width
            continue
        for i, (text, width, words) in enumerate(_broken(piece, room)):
            sign, role = (piece.sign, piece.role) if i == 0 else ("", "more")
            boxed = piece.boxed and len(piece.texts) == 1
            lines.append([Cell(sign, text, role, boxed, width > NARROW, _said(sign, words), piece.depth)])
            used = width
    return [_line(left, tuple(cells), row, first=i == 0) for i, cells in enumerate(lines)]


def _broken(piece: _Piece, room: float) -> list[tuple[str, float, str]]:
    """A sum in lines that fit, broken before its plus signs: text, width and words of each."""
    if piece.width <= room or len(piece.texts) == 1:
        return [(piece.text, piece.width, "".join(piece.words))]
    found: list[tuple[str, float, str]] = []
    text, width, words = "", 0.0, ""
    for part, size, said in zip(piece.texts, piece.widths, piece.words, strict=True):
        if text and width + size > room:
            found.append((text, width, words))
            text, width, words = "", 1.2, ""
        text, width, words = text + part, width + size, words + said
    return [*found, (text, width, words)]
