"""Text + closed table of names -> the answer in it, every side of a chain of equalities, or what a left side names.

In: a student's text, or a place in one. Out: Expr, ImmutableMatrix or Unreadable with 0 <= offset <= len(text). Never raises
for a text, however hostile. Knows no exercise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sympy import ImmutableMatrix, Symbol

from symprop.reading.answers import Reader, unknown
from symprop.reading.building import Stop
from symprop.reading.formulas import Part, statements, unwrapped
from symprop.reading.names import Entry, Table, names_at, ratios_at
from symprop.reading.signs import is_latex, signs
from symprop.reading.tokens import LIMITS, Limits, Unreadable
from symprop.reading.values import Answer

Names: TypeAlias = Mapping[str, Symbol | ImmutableMatrix] | Table


#: Sides of one chain; nobody writes more, and each is read on its own.
MOST_SIDES = 40


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a chain: the sign before it ("" for the first, "=", "approx" or "becomes"), its text, and its value."""

    sign: str
    text: str
    offset: int
    value: Answer | Unreadable


def read_answer(text: str, names: Names, limits: Limits = LIMITS) -> Answer | Unreadable:
    """What `text` gives as its answer: the last side of a chain of equalities.

    `names` maps spellings to symbols (w21 also stands for w_21, w_{21} and w_{2,1}; `dE/dyhat` for a fraction of rounded
    d's); no other symbol can come out. Decimals are exact. A left side may be any name, known or not; every side between
    must be readable, though nothing is said here about its being equal. Raises ValueError when a key of `names` is no name,
    TypeError when `text` is no str.
    """
    sides = read_chain(text, names, limits)
    if isinstance(sides, Unreadable):
        return sides
    for i, side in enumerate(sides):
        if isinstance(side.value, Unreadable) and (i or len(sides) == 1 or not _is_label(side.text, limits)):
            return side.value
    last = sides[-1].value
    return last


def read_chain(text: str, names: Names, limits: Limits = LIMITS) -> tuple[Side, ...] | Unreadable:
    """All sides of `a = b ≈ c`, each read on its own. Unreadable when the whole is too long or holds several statements."""
    if not isinstance(text, str):
        raise TypeError(f"a text is due, not {type(text).__name__}")
    table = _table(names)
    if len(text) > limits.characters:
        return Unreadable(limits.characters, f"the text is longer than {limits.characters} characters")
    plain, found = statements(unwrapped(text))
    if len(found) > 1:
        return Unreadable(_start(plain, found[1][0]), "a second statement; write one formula only")
    parts = found[0] if found else [Part("", 0, len(text))]
    if len(parts) > MOST_SIDES:
        return Unreadable(_start(plain, parts[MOST_SIDES]), f"more than {MOST_SIDES} sides in one chain")
    if len(parts) > 1 and not plain[parts[0].start : parts[0].end].strip():
        parts = parts[1:]
    return tuple(read_side(text, plain, part, table, limits) for part in parts)


def _table(names: Names) -> Table:
    """The table of a mapping; a mapping that knows its own (`checking.Spellings`) hands that out, made once."""
    table = names if isinstance(names, Table) else getattr(names, "table", None)
    return table if isinstance(table, Table) else Table(names)  # type: ignore[arg-type]


def _start(plain: str, part: Part) -> int:
    """The first sign of a side that is no space."""
    return part.start + len(plain[part.start : part.end]) - len(plain[part.start : part.end].lstrip())


def _end(plain: str, start: int, end: int) -> int:
    """The end of a side without spaces and the stop of a sentence."""
    while end > start and (plain[end - 1].isspace() or plain[end - 1] in ".,;"):
        end -= 1
        if plain[end] in ",;" and plain[end - 1 : end] == "\\":
            end -= 1
    return end


def read_side(text: str, plain: str, part: Part, table: Table, limits: Limits = LIMITS) -> Side:
    """One side; `plain` is `text` unwrapped, and offsets are those of `text`."""
    return Side(
        part.sign, text[part.start : part.end], part.start, read_part(plain, part.start, part.end, table, limits)
    )


def read_part(plain: str, start: int, end: int, table: Table, limits: Limits = LIMITS) -> Answer | Unreadable:
    """The value of a slice that holds no equals sign of its own."""
    tokens = signs(plain, limits, start, _end(plain, start, end))
    if isinstance(tokens, Unreadable):
        return tokens
    try:
        return Reader(plain, tokens, table, limits, is_latex(plain)).whole()
    except Stop as reached:
        return reached.reason
    except RecursionError:
        return Unreadable(start, "nested too deeply")


def name_of(plain: str, start: int, end: int, table: Table) -> tuple[Entry | None, Entry | None] | Unreadable:
    """What a left side names: (scalar or whole, the whole of the same spelling). Unreadable for anything but one name."""
    tokens = signs(plain, LIMITS, start, end)
    if isinstance(tokens, Unreadable):
        return tokens
    last = len(tokens) - 1
    for found in names_at(tokens, 0):
        if found.end == last and not found.transposed:
            written = "".join(plain[start:end].split())
            entry, whole = table.find(found.key, written), table.whole(found.key)
            if entry is None:
                return Unreadable(start, unknown(plain[start:end].strip(), table))
            return entry, whole
    for top, bottom, stopped in ratios_at(tokens, 0):
        if stopped == last:
            entry, whole = table.ratio(top, bottom), table.whole_ratio(top, bottom)
            if entry is None and whole is None:
                return Unreadable(start, f'no derivative "{plain[start:end].strip()}" here')
            return entry or whole, whole
    return Unreadable(start, "a left side is due that names one quantity")


def _is_label(text: str, limits: Limits) -> bool:
    """Whether a left side is a name or derivative by its shape alone."""
    tokens = signs(unwrapped(text), limits)
    if isinstance(tokens, Unreadable):
        return False
    last = len(tokens) - 1
    return any(f.end == last for f in names_at(tokens, 0)) or any(end == last for *_, end in ratios_at(tokens, 0))
