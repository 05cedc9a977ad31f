"""One page of many versions -> text pieces and number slots, from the same templates and printers as a single page.

A Document is made once with a Slot in place of each number. A slot tells its sign to who asks, and the asking is noted; it is
written as a figure of its own sign and length in signs that stand for nothing else; anything else that is asked of it raises
Opaque, and the page has to be made the slow way. What a printer writes with these signs is cut at them into pieces:

- a number on its own (a result, a table's cell) is a slot, filled with the number as the dialect writes it;
- a formula with numbers put in is a chunk: printed once for each combination of signs and lengths of its own numbers;
- the drawing is made once for each `layout_key`;
- how rows share columns depends on widths. The page is made with all numbers at their shortest and at their longest: every
  comparison of widths on the way is monotone, so that where both give the same pieces, all in between do (`Skeleton.allowed`).
  A block in which they differ (Typst prints the widths of columns) is laid out for each version from the widths of its chunks.

Both ends are also printed the ordinary way, and a skeleton is used only if its pieces give the same bytes there.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import itemgetter
from typing import Any

from sympy import Symbol

from symprop.arithmetic import OutOfDomain, Undecided
from symprop.document import Block, Document, Equations, Math
from symprop.document import Figure as Drawing
from symprop.printing import Figure, Figures, Layout, Shown, Speech, Total, Width
from symprop.printing.figures import Written
from symprop.rendering import rows
from symprop.rendering.figure import _Measure, layout_key
from symprop.rendering.formats import Format, block_text, blocks, environment_of, framed
from symprop.wording.retyped import symbols

#: Signs that no page of ours holds: places in the pool of texts a page is filled from (CJK extension B has 42,720).
_FIRST, _COUNT = 0x20000, 40_000
_HOLE = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + _COUNT)}]")
#: Digits of other scripts: a regular expression takes them for digits, and no page of ours holds them.
_DIGITS = [chr(c) for c in range(0x660, 0x1FFFF) if unicodedata.category(chr(c)) == "Nd"]
_RUN = re.compile(f"([{''.join(_DIGITS)}])\\1*")
#: So many versions without a skeleton, and the page is left to the ordinary way for good.
PATIENCE = 3
#: Skeletons a page may have for one set of signs, and sets of signs it is tried for.
MOST, SETS = 8, 4096
#: Widths and layouts that a block remembers.
REMEMBERED = 100_000
#: A skeleton is tried for numbers of up to so many digits at least.
SHORT = 3


class Opaque(Exception):
    """More was asked of a slot than its sign and how it is written."""


@dataclass
class _Trace:
    """What all slots of a page share: whether signs or blanks stand for digits, and whose sign was asked."""

    chunk: bool = False
    plain: bool = False
    asked: set[int] = field(default_factory=set)


class Slot(Written):
    """The number at `place`: a Fraction by type, so that it passes for one, whose content nobody may read."""

    place: int
    trace: _Trace
    local: str
    sign: int
    size: int
    text: str

    def __new__(cls, place: int, trace: _Trace) -> "Slot":
        self: Slot = object.__new__(cls)
        self.place, self.trace, self.local = place, trace, ""
        self.sign, self.size, self.text = 1, 1, "1"
        return self

    @property
    def figure(self) -> Figure:  # type: ignore[override]
        """As it is written: its digits when plain, else a sign of its own as often as it has digits."""
        negative = self.sign < 0
        if self.trace.plain:
            return Figure(self.text, negative)
        if self.trace.chunk:
            return Figure(self.local * self.size if self.sign else "0", negative)
        return Figure(chr(_FIRST + self.place) * self.size, negative)

    def _asked(self, other: Any) -> int:
        if not isinstance(other, (int, Fraction)) or isinstance(other, Slot) or other != 0:
            raise Opaque(f"compared with {other!r}")
        self.trace.asked.add(self.place)
        return self.sign

    def __eq__(self, other: object) -> bool:
        return other is self or self._asked(other) == 0

    def __lt__(self, other: Any) -> bool:
        return self._asked(other) < 0

    def __le__(self, other: Any) -> bool:
        return self._asked(other) <= 0

    def __gt__(self, other: Any) -> bool:
        return self._asked(other) > 0

    def __ge__(self, other: Any) -> bool:
        return self._asked(other) >= 0

    def __bool__(self) -> bool:
        return self._asked(0) != 0

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


def _read(self: Slot, *_: Any) -> Any:
    raise Opaque("read")


for _name in ("numerator", "denominator", "_numerator", "_denominator"):
    setattr(Slot, _name, property(_read))
for _name in [
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "truediv",
    "rtruediv",
    "floordiv",
    "rfloordiv",
    "mod",
    "rmod",
    "divmod",
    "rdivmod",
    "pow",
    "rpow",
    "neg",
    "pos",
    "abs",
    "float",
    "int",
    "trunc",
    "round",
    "floor",
    "ceil",
    "complex",
    "str",
    "repr",
    "format",
]:
    setattr(Slot, f"__{_name}__", _read)


@dataclass(frozen=True, slots=True)
class _Number:
    """A plain number in one dialect: its class (sign and length), its text with sign, in words, and its bare digits."""

    kind: int
    written: str
    spoken: str
    digits: str
    sign: int

    @property
    def size(self) -> int:
        return len(self.digits)


#: Text with places: a format for `%`, and the places to fill in.
_Pieces = tuple[str, Callable[[Sequence[str]], tuple[str, ...]]]


def _cut(text: str, pattern: re.Pattern[str], place: Callable[[str], int]) -> _Pieces:
    """The text with every match as a place."""
    places = [place(match[0]) for match in pattern.finditer(text)]
    form = "%s".join(part.replace("%", "%%") for part in _split(text, pattern))
    if not places:
        return form, lambda pool: ()
    if len(places) == 1:
        only = places[0]
        return form, lambda pool: (pool[only],)
    return form, itemgetter(*places)


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    found, at = [], 0
    for match in pattern.finditer(text):
        found.append(text[at : match.start()])
        at = match.end()
    return [*found, text[at:]]


@dataclass
class _Chunk:
    """A formula with numbers put in: its texts for each combination of classes of its own numbers, printed when first met."""

    printer: Callable[[type[Layout[Any]]], Layout[Any]]
    dialect: type[Layout[str]]
    form: Any
    slots: tuple[Slot, ...]
    whole: bool
    start: int
    count: int
    known: dict[Any, list[_Pieces]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = [slot.place for slot in self.slots]
        self.key = itemgetter(*self.places)

    def texts(self, kinds: Sequence[int], numbers: Sequence[_Number], digits: Sequence[str]) -> list[str] | None:
        """What the formula's pieces say in this version."""
        key = self.key(kinds)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._print(numbers)
        return [form % fill(digits) for form, fill in found] if len(found) == self.count else None

    def _print(self, numbers: Sequence[_Number]) -> list[_Pieces]:
        owner: dict[str, int] = {}
        for slot, sign in zip(self.slots, _DIGITS, strict=False):
            number = numbers[slot.place]
            slot.local, slot.sign, slot.size = sign, number.sign, number.size
            owner[sign] = slot.place
        trace = self.slots[0].trace
        trace.chunk = True
        try:
            printer = self.printer(self.dialect)
            found = [printer.write(self.form)] if self.whole else printer.pieces(self.form)
        finally:
            trace.chunk = False
        return [_cut(text, _RUN, lambda run: owner[run[0]]) for text in found]


class _Registry:
    """What the printers of a skeleton leave in its text: chunks, and which place of the pool each fills."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.chunks: list[_Chunk] = []
        self.next = 2 * count + 2  # numbers written, numbers spoken, code, drawing

    def chunk(
        self, printer: Layout[Any], dialect: type[Layout[str]], form: Any, slots: list[Slot], whole: bool
    ) -> list[str]:
        """Signs for a formula's pieces."""
        names, figures, numbers, given, inline = (
            printer.names, printer.figures, printer.numbers, printer.given, printer.inline
        )  # fmt: skip

        def fresh(kind: type[Layout[Any]]) -> Layout[Any]:
            return kind(names, figures, numbers, given, inline=inline)

        count = 1 if whole else len(fresh(Width).pieces(form))
        if len(slots) > len(_DIGITS):
            raise Opaque("more numbers than signs")
        self.chunks.append(_Chunk(fresh, dialect, form, tuple(slots), whole, self.next, count))
        self.next += count
        return [chr(_FIRST + self.next - count + i) for i in range(count)]


def _slots(form: Any, numbers: Any) -> list[Slot]:
    """The numbers that a formula puts in for its letters, or adds up; none for a number on its own or a matrix of them."""
    if isinstance(form, Total):
        return [term.value for term in form.terms if isinstance(term, Shown) and isinstance(term.value, Slot)]
    if numbers is None or isinstance(form, Shown):
        return []
    found = {numbers[name] for name in symbols(form) if isinstance(name, Symbol) and name in numbers}
    return sorted((value for value in found if isinstance(value, Slot)), key=lambda slot: slot.place)


def _marking(dialect: type[Layout[str]], registry: _Registry, shift: int) -> type[Layout[str]]:
    """The dialect, its numbers replaced by signs of their places."""

    class Marking(dialect):  # type: ignore[misc, valid-type]
        def _shown(self, form: Shown) -> str:
            if isinstance(form.value, Slot):
                return chr(_FIRST + shift + form.value.place)
            return super()._shown(form)

        def write(self, form: Any) -> str:
            slots = _slots(form, self.numbers)
            return registry.chunk(self, dialect, form, slots, True)[0] if slots else super().write(form)

        def pieces(self, form: Any) -> list[str]:
            slots = _slots(form, self.numbers)
            return registry.chunk(self, dialect, form, slots, False) if slots else super().pieces(form)

    return Marking


@dataclass
class _Loose:
    """A block of rows whose columns are as wide as its numbers: laid out for each version."""

    block: Equations
    document: Document
    printed: list[rows.Printed]
    kind: Format
    environment: Any
    clean: Callable[[str], str]
    widths: list[tuple[Any, Callable[[], list[float]]]] = field(default_factory=list)
    known: dict[Any, list[float]] = field(default_factory=dict)
    laid: dict[Any, _Pieces] = field(default_factory=dict)
    ways: dict[Any, _Pieces] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.block.rows:
            for math in (*row.parts, *([row.answer] if row.answer is not None else [])):
                slots = _all_slots(math)
                self.widths.append((itemgetter(*[s.place for s in slots]) if slots else None, self._measure(math)))

    def _measure(self, math: Math) -> Callable[[], list[float]]:
        return lambda: Width(self.document.names, self.document.figures, math.numbers, math.given).pieces(math.form)

    def pieces(self, kinds: Sequence[int], settle: Callable[[], None]) -> _Pieces:
        """The block for this version; `settle` gives all slots their signs and lengths."""
        widths_of = tuple([tuple(widths) for widths in self._widths(kinds, settle)])
        way = self.ways.get(widths_of)
        if way is None:
            if len(self.ways) > REMEMBERED:
                self.ways.clear()
            way = self.ways[widths_of] = self._laid(widths_of)
        return way

    def _laid(self, widths_of: Sequence[tuple[float, ...]]) -> _Pieces:
        found = iter(widths_of)
        printed = []
        for left, forms, row in self.printed:
            fresh = []
            for piece in forms:
                widths = next(found)
                if len(widths) != len(piece.texts):
                    raise Opaque("a sum of another length")
                fresh.append(piece if widths == piece.widths else replace(piece, widths=widths))
            printed.append((left, fresh, row))
        plans = tuple(rows.arranged(printed, self.kind.line))
        known = self.laid.get(plans)
        if known is None:
            context = {"plans": plans, "signs": self.kind.signs, "words": self.kind.text, "leads": False}
            text = self.environment.get_template(f"{self.kind.folder}/equations.j2").render(context).strip("\n")
            known = self.laid[plans] = _cut(self.clean(text), _HOLE, lambda sign: ord(sign) - _FIRST)
        return known

    def _widths(self, kinds: Sequence[int], settle: Callable[[], None]) -> Iterable[list[float]]:
        for i, (key, measure) in enumerate(self.widths):
            known = (i, key(kinds) if key else None)
            if known not in self.known:
                if len(self.known) > REMEMBERED:
                    self.known.clear()
                settle()
                self.known[known] = measure()
            yield self.known[known]


def _all_slots(math: Math) -> list[Slot]:
    """Every slot of a formula, put in or on its own."""
    found: dict[int, Slot] = {}

    def walk(form: Any) -> None:
        if isinstance(form, Slot):
            found[form.place] = form
        elif isinstance(form, (list, tuple)):
            for each in form:
                walk(each)
        elif hasattr(form, "__dataclass_fields__"):
            for name in form.__dataclass_fields__:
                walk(getattr(form, name))

    walk(math.form)
    for slot in _slots(math.form, math.numbers):
        found[slot.place] = slot
    return list(found.values())


class Skeleton:
    """The pieces of a page for all versions whose numbers are between a shortest and a longest."""

    def __init__(self, page: "Pieces", low: "_End", high: "_End", allowed: list[frozenset[int]]) -> None:
        self.page, self.allowed, self.low = page, allowed, low
        self.chunks = low.registry.chunks
        self.start = low.registry.next
        document, texts = low.document, list(low.blocks)
        self.loose: list[_Loose] = []
        self.drawing: Drawing | None = None
        for i, block in enumerate(document.blocks):
            if isinstance(block, Drawing):
                self.drawing = block
                texts[i] = chr(_FIRST + 2 * page.count + 1)
            elif low.blocks[i] != high.blocks[i]:
                if not isinstance(block, Equations):
                    raise Opaque("a block that is no set of rows changes with the lengths of its numbers")
                texts[i] = chr(_FIRST + self.start + len(self.loose))
                self.loose.append(low.loose[i])
        self.frame = _cut(page.framed(document, texts), _HOLE, lambda sign: ord(sign) - _FIRST)
        self.contents = _contents(self.drawing) if self.drawing is not None else {}
        self.drawings: dict[Any, _Pieces] = {}
        self.sizes: dict[Any, tuple[float, float]] = {}

    def fill(self, numbers: Sequence[_Number], kinds: Sequence[int], code: str) -> str | None:
        """The page of a version; None where a chunk has other pieces than it had when the skeleton was made."""
        pool = [number.written for number in numbers]
        pool += [number.spoken for number in numbers]
        pool += [self.page.kind.text(code), ""]
        digits = [number.digits for number in numbers]
        for chunk in self.chunks:
            texts = chunk.texts(kinds, numbers, digits)
            if texts is None:
                return None
            pool += texts
        if self.drawing is not None:
            form, places = self._drawn(numbers, kinds)
            pool[2 * self.page.count + 1] = form % places(pool)
        for block in self.loose:
            form, places = block.pieces(kinds, lambda: self.page.settle(numbers))
            pool.append(form % places(pool))
        form, places = self.frame
        return form % places(pool)

    def _drawn(self, numbers: Sequence[_Number], kinds: Sequence[int]) -> _Pieces:
        assert self.drawing is not None
        drawing, document = self.drawing, self.low.document
        places = self.contents

        def measured(content: Math) -> tuple[float, float]:
            place = places[id(content)]
            key = (id(content), kinds[place] if place >= 0 else 0)
            found = self.sizes.get(key)
            if found is None:
                self.page.settle(numbers)
                measure = _Measure(document.names, document.figures, content.numbers, content.given)
                found = self.sizes[key] = measure.write(content.form), measure.tall
            return found

        key = layout_key(drawing, measured)
        known = self.drawings.get(key)
        if known is None:
            self.page.settle(numbers)
            text = block_text(drawing, document, self.low.kind, self.page.environment)
            known = self.drawings[key] = _cut(self.page.clean(text), _HOLE, lambda sign: ord(sign) - _FIRST)
        return known


def _contents(drawing: Drawing) -> dict[int, int]:
    """Every formula of a drawing, by its identity, with the place of its number (-1: it has none)."""
    found = [
        content
        for column in drawing.columns
        for box in column.boxes
        for cell in box.cells
        for content in (cell.name, cell.value, cell.gradient)
    ]
    found += [content for edge in drawing.edges for content in (edge.label, edge.gradient, edge.short)]
    slots = {id(content): _only_slot(content) for content in found if content is not None}
    return {key: -1 if slot is None else slot.place for key, slot in slots.items()}


def _only_slot(content: Math) -> Slot | None:
    form = content.form
    shown = form if isinstance(form, Shown) else getattr(form, "right", None)
    value = shown.value if isinstance(shown, Shown) else None
    return value if isinstance(value, Slot) else None


@dataclass
class _End:
    """The page with all numbers at their shortest, or longest: its document, blocks with signs, and the bytes it has to give."""

    document: Document
    registry: _Registry
    kind: Format
    blocks: list[str]
    plain: str
    loose: dict[int, _Loose]


class Pieces:
    """A page in pieces. `make` writes the Document of given numbers (slots) and a fact; `count` is how many there are.

    `fact` is what `make` has to know of a version's numbers beyond what it can ask of slots: whether all biases are 0.

    `figures` is the document's number formatting: what it would round is not written in pieces.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Slot], Any], Document],
        count: int,
        kind: Format,
        figures: Figures,
        *,
        fact: Callable[[Sequence[Any]], Any] = lambda values: None,
        paper: str = "a4",
        templates: Any = None,
    ) -> None:
        self.make, self.count, self.kind, self.figures, self.paper, self.fact = make, count, kind, figures, paper, fact
        self.environment = environment_of(templates)
        self.trace = _Trace()
        self.slots = [Slot(place, self.trace) for place in range(count)]
        self.asked: list[int] = []
        self.known: dict[Any, list[Skeleton]] = {}
        self.numbers: dict[Any, _Number | None] = {}
        self.failures = 0
        self.hopeless = 2 * count + 2 > _COUNT // 2

    # ------------------------------------------------------------------ a version
    def write(self, values: Sequence[int | Fraction], code: str) -> str | None:
        """The page of a version; None where it has to be made the slow way. `code` is what it says of its version."""
        if self.hopeless:
            return None
        numbers = []
        for value in values:
            number = self.numbers.get(value, _UNKNOWN)
            if number is _UNKNOWN:
                number = self.numbers[value] = self._number(value)
            if number is None:
                return None
            numbers.append(number)
        kinds = [number.kind for number in numbers]
        fact = self.fact(values)
        key = fact, tuple([numbers[place].sign for place in self.asked])
        for skeleton in self.known.get(key, ()):
            if all(kind in allowed for kind, allowed in zip(kinds, skeleton.allowed, strict=True)):
                break
        else:
            if len(self.known.get(key, ())) >= MOST or len(self.known) >= SETS:
                return None
            made = self._learn(numbers, fact)
            if made is None:
                return None
            skeleton = made
        try:
            return skeleton.fill(numbers, kinds, code)
        except Opaque:
            return None

    def _number(self, value: int | Fraction) -> _Number | None:
        """How the number is written, where that is the same everywhere on a page and nothing is rounded; else None."""
        exact = Fraction(value)
        ways = [
            self.figures.write(exact, given=given, approximate=approximate)
            for given in (False, True)
            for approximate in (False, True)
        ]
        figure = ways[0]
        if any(way != figure for way in ways) or figure.kind != "decimal" or figure.rounded:
            return None
        sign = (value > 0) - (value < 0)
        plain = self.kind.printer(None, self.figures).signed(figure)  # type: ignore[arg-type]
        words = Speech(None, self.figures).signed(figure)  # type: ignore[arg-type]
        return _Number(len(figure.digits) * 3 + sign, plain, words, figure.digits, sign)

    # ------------------------------------------------------------------ learning
    def settle(self, numbers: Sequence[_Number]) -> None:
        """All slots as in this version."""
        for slot, number in zip(self.slots, numbers, strict=True):
            slot.sign, slot.size, slot.text = number.sign, number.size, number.digits

    def _learn(self, numbers: Sequence[_Number], fact: Any) -> Skeleton | None:
        """A skeleton for this version's signs and for all numbers up to its longest; None where widths decide what stands there."""
        try:
            self.settle(numbers)
            self.trace.asked = set(self.asked)
            self._made(fact)
            longest = max(SHORT, *(number.size for number in numbers))
            skeleton = self._between(numbers, fact, 1, longest)
            if skeleton is not None:
                key = fact, tuple([numbers[place].sign for place in self.asked])
                self.known.setdefault(key, []).append(skeleton)
                self.known[key].sort(key=lambda each: len(each.loose))
                return skeleton
            self.failures += 1
            self.hopeless = self.failures >= PATIENCE and not self.known
        except (Opaque, OutOfDomain, Undecided):
            self.hopeless = True
        return None

    def _made(self, fact: Any) -> Document:
        """The document of the slots as they are. Whose sign decides on it is noted; skeletons of fewer signs are forgotten."""
        document = self.make(self.slots, fact)
        asked = sorted(self.trace.asked)
        if asked != self.asked:
            self.asked = asked
            self.known.clear()
        return document

    def _between(self, numbers: Sequence[_Number], fact: Any, low: int, high: int) -> Skeleton | None:
        """The skeleton for numbers of `low` to `high` digits, of either sign where none was asked."""
        ends: list[_End] = []
        allowed: list[frozenset[int]] = []
        while True:
            asked, ends = list(self.asked), []
            for negative, size in ((False, low), (True, high)):
                for slot, number in zip(self.slots, numbers, strict=True):
                    slot.sign = number.sign if slot.place in asked else -1 if negative else 1
                    slot.size = size if slot.sign else 1
                    slot.text = "0" if not slot.sign else "9" * slot.size
                ends.append(self._end(fact))
            if asked == self.asked:
                break
        first, second = ends
        same = len(first.blocks) == len(second.blocks) and len(first.registry.chunks) == len(second.registry.chunks)
        if not same or first.document.title != second.document.title:
            return None
        for place, number in enumerate(numbers):
            signs = (number.sign,) if place in self.asked else (-1, 0, 1)
            allowed.append(frozenset(size * 3 + sign for size in range(low, high + 1) for sign in signs))
        try:
            skeleton = Skeleton(self, first, second, allowed)
            for end, (negative, size) in zip(ends, ((False, low), (True, high)), strict=True):
                kept = []
                for place, number in enumerate(numbers):
                    sign = number.sign if place in self.asked else -1 if negative else 1
                    digits = "9" * size if sign else "0"
                    figure = Figure(digits, sign < 0)
                    written = self.kind.printer(None, self.figures).signed(figure)  # type: ignore[arg-type]
                    spoken = Speech(None, self.figures).signed(figure)  # type: ignore[arg-type]
                    kept.append(_Number(len(digits) * 3 + sign, written, spoken, digits, sign))
                if skeleton.fill(kept, [number.kind for number in kept], _CODE) != end.plain:
                    return None
        except Opaque:
            return None
        return skeleton

    def _end(self, fact: Any) -> _End:
        """The page at the slots' signs and lengths, with signs in place of numbers, and plainly."""
        self.trace.plain = False
        document = replace(self._made(fact), code=chr(_FIRST + 2 * self.count))
        registry = _Registry(self.count)
        speech = _marking(Speech, registry, self.count)
        kind = replace(
            self.kind, printer=_marking(self.kind.printer, registry, 0), speech=speech if self.kind.speech else None
        )
        document = replace(document, blocks=tuple(self._said(block) for block in document.blocks))
        body, loose = [], {}
        for i, block in enumerate(document.blocks):
            if isinstance(block, Drawing):
                body.append("")
                continue
            before = registry.next, len(registry.chunks)
            alone = replace(document, blocks=(block, *document.blocks[i + 1 :]))
            body.append(self.clean(_first_block(alone, kind, self.environment)))
            if isinstance(block, Equations):
                again = _Registry(self.count)
                again.next, again.chunks = before[0], []
                printer, words = _marking(self.kind.printer, again, 0), _marking(Speech, again, self.count)
                printed = rows.print_rows(block.rows, document, printer, words if self.kind.speech else None)
                loose[i] = _Loose(block, document, printed, kind, self.environment, self.clean)
        self.trace.plain = True
        try:
            plain_document = replace(self.make(self.slots, fact), code=_CODE)
            plain = framed(
                plain_document,
                blocks(plain_document, self.kind, self.environment),
                self.kind,
                self.environment,
                self.paper,
            )
        finally:
            self.trace.plain = False
        return _End(document, registry, kind, body, plain, loose)

    def _said(self, block: Block) -> Block:
        """A drawing's words: numbers there were written by the ordinary printer, so signs of places stand in digits."""
        if not isinstance(block, Drawing):
            return block

        def spoken(match: re.Match[str]) -> str:
            return chr(ord(match[2][0]) + self.count)

        return replace(block, alt=re.sub(f"(negative )?({_HOLE.pattern}+)", spoken, block.alt))

    def clean(self, text: str) -> str:
        """The text with signs as they are where the format would spell them."""
        for sign in set(_HOLE.findall(text)):
            spelled = self.kind.text(sign)
            if spelled != sign:
                text = text.replace(spelled, sign)
        return text

    def framed(self, document: Document, body: Sequence[str]) -> str:
        """The whole page around its blocks."""
        return self.clean(framed(document, body, self.kind, self.environment, self.paper))


def _first_block(document: Document, kind: Format, environment: Any) -> str:
    from symprop.rendering.formats import _leads

    return block_text(document.blocks[0], document, kind, environment, _leads(document.blocks[1:]))


_UNKNOWN: Any = object()
#: What the pages at both ends say of their version while they are compared.
_CODE = "version"

__all__ = ["Opaque", "Pieces", "Skeleton", "Slot"]
