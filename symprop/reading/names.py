"""Spelling -> what it names: one key for w21, w_21, w_{21}, w_{2,1}, and a closed table of such keys.

A name is a letter (or a word) with an accent, lower labels, upper labels, an index in brackets and a sample; a derivative is
a pair of names. In: tokens, or the spellings of a mapping. Out: keys and entries. Makes no Symbol; knows no exercise.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import TypeVar

from sympy import Expr, ImmutableMatrix, S, Symbol

from symprop.reading.signs import GREEK_NAMES, signs
from symprop.reading.tokens import Limits, Token, Unreadable
from symprop.reading.vocabulary import FUNCTIONS, Function

#: Spellings may be longer than any answer's name, never without bound.
_LIMITS = Limits(characters=400, tokens=120)
_WORD = re.compile(r"([A-Za-z]+?)(\d*)(hat|bar)?(\d*)")
_PLAIN = re.compile(r"([A-Za-z]+)(\d*)")
_SUPER_LABEL = re.compile(r"\((?:\d+)\)|\[(?:\d+)\]|\d+|[+*]")
ACCENTS = {"hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar"}
#: Commands that set a name in another face: bold ones may tell a vector from its entries, the others say nothing.
BOLD = frozenset(("mathbf", "boldsymbol", "bm", "vec", "pmb", "bf"))
UPRIGHT = frozenset(("mathrm", "text", "operatorname", "mathit", "textrm", "textit", "mathcal", "mathsf", "rm", "mbox"))
STATES = frozenset(("new", "used", "velocity"))
_SUGGESTED_FROM = 3000
K = TypeVar("K")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Key:
    """A name without regard to how it was typed. `bold` is no part of what is looked up, only of where first."""

    letter: str
    accent: str = ""
    sub: str = ""
    sup: str = ""
    index: str = ""
    sample: str = ""
    state: str = ""
    bold: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.state}|{self.letter}|{self.accent}|{self.sub}|{self.sup}|{self.index}|{self.sample}"

    def squeezed(self) -> "Key":
        """The same with w_{2,1} as w_{21} where every label is one sign."""
        parts = self.sub.split(",")
        return replace(self, sub="".join(parts)) if all(len(part) == 1 for part in parts) else self


@dataclass(frozen=True, slots=True)
class Entry:
    """What a name means; `what` says it in words for a message. `others`: what else it may mean, so that it means nothing."""

    value: Symbol | ImmutableMatrix
    what: str
    others: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return isinstance(self.value, ImmutableMatrix)


@dataclass(frozen=True, slots=True)
class Found:
    """A name as far as it goes: its key, the token after it, and whether it is transposed."""

    key: Key
    end: int
    transposed: bool = False


class Table:
    """The closed table of one reading: names, vectors and matrices by name, derivatives by pair."""

    def __init__(
        self,
        names: Mapping[str, Symbol | ImmutableMatrix],
        *,
        wholes: Mapping[str, Entry] | None = None,
        ambiguous: Mapping[str, tuple[str, ...]] | None = None,
        functions: Mapping[str, Function] | None = None,
        at_zero: Expr = S.Zero,
    ) -> None:
        """`wholes` are asked first for a bold name, and for any other that `names` lacks. `ambiguous` spellings are
        refused with all their meanings. `functions` come before those every exercise has; `at_zero` is the derivative of
        ReLU at 0. Raises ValueError for a spelling that is no name.
        """
        self.functions, self.at_zero = functions or {}, at_zero
        self.verbatim: dict[str, Entry] = {}
        self.exact: tuple[dict[Key, Entry], dict[Key, Entry]] = ({}, {})
        self.squeezed: tuple[dict[Key, Entry], dict[Key, Entry]] = ({}, {})
        self.ratios: dict[tuple[str, str], Entry] = {}
        self.shown = [*names, *(wholes or {})]
        pending = [(0, text, _entry(value)) for text, value in names.items()]
        pending += [(1, text, entry) for text, entry in (wholes or {}).items()]
        pending += [(0, text, Entry(Symbol("_"), what[0], what[1:])) for text, what in (ambiguous or {}).items()]
        fractions: list[tuple[int, Key, Key, Entry]] = []
        for shelf, text, entry in pending:
            read = spelled(text)
            if isinstance(read, tuple):
                fractions.append((shelf, *read, entry))
                continue
            if shelf == 0:
                self.verbatim["".join(text.split())] = entry
            _put(self.exact[shelf], read, entry)
            _put(self.squeezed[shelf], read.squeezed(), entry)
        for shelf, top, bottom, entry in fractions:
            _put(self.ratios, (self._id(top), self._id(replace(bottom, bold=bool(shelf)))), entry)

    def find(self, key: Key, written: str = "") -> Entry | None:
        """What `key` names. `written` is its source without spaces: a spelling given in just that way comes first."""
        if written in self.verbatim and not key.bold:
            return self.verbatim[written]
        for shelf in (1, 0) if key.bold else (0, 1):
            entry = self.exact[shelf].get(key) or self.squeezed[shelf].get(key.squeezed())
            if entry is not None:
                return entry
        if key.index and not key.sub:
            return self.find(replace(key, sub=key.index, index=""))
        return None

    def whole(self, key: Key) -> Entry | None:
        """The vector or matrix of that name, where there is one beside a scalar of the same."""
        return self.exact[1].get(key) or self.squeezed[1].get(key.squeezed())

    def ratio(self, top: Key, bottom: Key) -> Entry | None:
        """The derivative of one name by another."""
        return self.ratios.get((self._id(top), self._id(bottom)))

    def whole_ratio(self, top: Key, bottom: Key) -> Entry | None:
        """The vector or matrix of derivatives, where there is one beside a scalar of the same spelling."""
        return self.ratio(top, replace(bottom, bold=True))

    def _id(self, key: Key) -> str:
        entry = self.find(key)
        return str(key.squeezed()) if entry is None or entry.others else entry.what

    def suggestion(self, written: str) -> str:
        """A known spelling close to an unknown one; "" when there is none."""
        if len(written) > _SHOWN or len(self.shown) > _SUGGESTED_FROM:
            return ""
        close = get_close_matches(written, [*self.shown, *self.functions, *FUNCTIONS], n=1, cutoff=0.5)
        return close[0] if close else ""


def _entry(value: Symbol | ImmutableMatrix) -> Entry:
    if isinstance(value, Symbol):
        return Entry(value, value.name)
    return Entry(value, f"matrix {value[0].name} ...")


def _put(shelf: dict[K, Entry], key: K, entry: Entry) -> None:
    """Adds an entry; a second meaning makes the key ambiguous."""
    known = shelf.get(key)
    if known is None or (known.value == entry.value and not entry.others):
        shelf.setdefault(key, entry)
        return
    meanings = dict.fromkeys((known.what, *known.others, entry.what, *entry.others))
    first, *others = meanings
    shelf[key] = Entry(known.value, first, tuple(others))


@lru_cache(maxsize=65536)
def spelled(text: str) -> Key | tuple[Key, Key]:
    """The key, or pair of keys, that a whole spelling stands for. Raises ValueError when it is no name."""
    tokens = signs(text, _LIMITS)
    if not isinstance(tokens, Unreadable):
        last = len(tokens) - 1
        for found in names_at(tokens, 0):
            if found.end == last and not found.transposed:
                return found.key
        for top, bottom, end in ratios_at(tokens, 0):
            if end == last:
                return top, bottom
    raise ValueError(f'"{text[:_SHOWN]}" is no name that the reader knows how to read')


# ---------------------------------------------------------------------- names in tokens
def names_at(tokens: Sequence[Token], at: int) -> list[Found]:
    """Every name that starts at a token, the longest first."""
    token = tokens[at]
    state = ""
    if token.kind == "word" and token.text in STATES and at + 1 < len(tokens):
        state = token.text
        at += 1
        if tokens[at].text == "@" and tokens[at + 1].kind == "number":
            state += "@" + tokens[at + 1].text
            at += 2
    if state:
        named = _base(tokens, at)
        return [replace(f, key=replace(f.key, state=state)) for f in (_decorated(tokens, *named) if named else [])]
    named = _base(tokens, at)
    return _decorated(tokens, *named) if named else []


def _base(tokens: Sequence[Token], at: int) -> tuple[Key, int] | None:
    """Letter and accent, with the digits that are part of the word."""
    token = tokens[at]
    if token.kind == "word":
        return _word(token.text), at + 1
    if token.kind != "command":
        return None
    if token.text in ACCENTS or token.text in BOLD:
        inner = _argument_name(tokens, at + 1)
        if inner is None:
            return None
        key, end = inner
        if token.text in BOLD:
            return replace(key, bold=True), end
        return (replace(key, accent=ACCENTS[token.text]), end) if not key.accent else None
    if token.text in UPRIGHT:
        words = upright(tokens, at)
        return (_word(words[0]), words[1]) if words and re.fullmatch(r"[A-Za-z]\w*", words[0], re.ASCII) else None
    return None


def _argument_name(tokens: Sequence[Token], at: int) -> tuple[Key, int] | None:
    """A command's argument as a name: a group that holds nothing else, or one token or accented letter."""
    if tokens[at].kind == "open" and tokens[at].text == "{":
        close = matching(tokens, at)
        if close is None:
            return None
        for found in names_at(tokens[: close + 1], at + 1) if close > at + 1 else []:
            if found.end == close:
                return found.key, close + 1
        return None
    return _base(tokens, at)


def _word(text: str) -> Key:
    match = _WORD.fullmatch(text)
    if match and match[3] and (len(match[1]) == 1 or match[1] in GREEK_NAMES):
        return Key(match[1], match[3], ",".join(filter(None, (match[2], match[4]))))
    match = _PLAIN.fullmatch(text)
    return Key(match[1], "", match[2]) if match else Key(text)


def upright(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    r"""The words of \mathrm{...} or \text{...} without spaces, and the token after them; None for anything but words."""
    if tokens[at + 1].kind in ("word", "number"):
        return tokens[at + 1].text, at + 2
    if tokens[at + 1].kind != "open" or tokens[at + 1].text != "{":
        return None
    close = matching(tokens, at + 1)
    inside = tokens[at + 2 : close] if close is not None else ()
    if close is None or not inside or any(t.kind not in ("word", "number", "label", "underscore") for t in inside):
        return None
    return "".join(t.text for t in inside), close + 1


def _decorated(tokens: Sequence[Token], key: Key, at: int) -> list[Found]:
    """The name with ever more of what follows it, the longest first."""
    found = [Found(key, at)]
    transposed = False
    while not transposed:
        token = tokens[at]
        if token.kind == "underscore":
            lower = _lower(tokens, at + 1)
            if lower is None:
                break
            label, at = lower
            if label in ACCENTS.values() and not key.accent and len(key.letter) == 1:
                key = replace(key, accent=label)
            else:
                key = replace(key, sub=",".join(filter(None, (key.sub, label))))
        elif token.kind == "subscript":
            key, at = replace(key, sub=",".join(filter(None, (key.sub, token.text)))), at + 1
        elif token.kind == "superscript" or token.text == "^":
            upper = _upper(tokens, at)
            if upper is None or (key.sup and upper[0]):
                break
            label, transposed, at = upper
            key = replace(key, sup=label or key.sup)
        elif (
            token.kind == "open" and token.text == "[" and not token.spaced and not key.index
            and (index := integers(tokens, at)) is not None
        ):  # fmt: skip
            key, at = replace(key, index=index), matching(tokens, at) or at
            at += 1
        elif (
            token.text == "@" and not token.spaced and tokens[at + 1].kind == "number"
            and tokens[at + 1].text.isdigit() and not key.sample
        ):  # fmt: skip
            key, at = replace(key, sample=tokens[at + 1].text), at + 2
        else:
            break
        found.append(Found(key, at, transposed))
    return found[::-1]


def _lower(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """What hangs below a name."""
    token = tokens[at]
    if token.kind in ("label", "word", "number"):
        return token.text, at + 1
    if token.kind == "open" and token.text == "{":
        close = matching(tokens, at)
        label = None if close is None else _label(tokens[: close + 1], at + 1, close)
        return (label, (close or at) + 1) if label else None
    if token.kind == "command" and token.text in UPRIGHT:
        words = upright(tokens, at)
        return words
    return None


def _label(tokens: Sequence[Token], at: int, end: int) -> str | None:
    """Labels joined by commas; a name below a name in braces of its own."""
    parts: list[str] = []
    while at < end:
        token = tokens[at]
        if token.kind == "comma":
            at += 1
        elif token.kind == "number" and token.text.isdigit():
            parts.append(token.text)
            at += 1
        elif token.kind in ("word", "command"):
            inner = next((f for f in names_at(tokens, at) if f.end <= end), None)
            if inner is None:
                return None
            plain = inner.key == Key(inner.key.letter, sub=inner.key.sub) and inner.end == at + 1
            words = upright(tokens, at) if token.kind == "command" else None
            parts.append(words[0] if words else token.text if plain else "{" + str(inner.key) + "}")
            at = inner.end
        else:
            return None
    return ",".join(parts) if parts else None


def _upper(tokens: Sequence[Token], at: int) -> tuple[str, bool, int] | None:
    """Layer and sample labels above a name, and whether a mark of transposition closes them."""
    token = tokens[at]
    if token.kind == "superscript":
        return ("", True, at + 1) if token.text == "T" else (token.text, False, at + 1)
    following = tokens[at + 1]
    if following.kind == "superscript" and following.text == "T":
        return "", True, at + 2
    if following.kind == "word" and following.text == "T":
        return "", True, at + 2
    if following.kind == "number" and following.text.isdigit():
        return following.text, False, at + 2
    if following.kind != "open":
        return None
    close = matching(tokens, at + 1)
    if close is None:
        return None
    inside = list(tokens[at + 2 : close]) if following.text == "{" else list(tokens[at + 1 : close + 1])
    transposed = bool(inside) and inside[-1].text == "T"
    written = "".join(t.text for t in inside[: -1 if transposed else None])
    labels = _SUPER_LABEL.findall(written)
    if "".join(labels) != written or not (labels or transposed):
        return None
    return written, transposed, close + 1


def integers(tokens: Sequence[Token], at: int) -> str | None:
    """The whole numbers between the brackets at a token, joined by commas; None for anything else."""
    close = matching(tokens, at)
    inside = [] if close is None else tokens[at + 1 : close]
    numbers, commas = inside[::2], inside[1::2]
    if len(inside) % 2 == 0 or not all(t.kind == "number" and t.text.isdigit() for t in numbers):
        return None
    return ",".join(t.text for t in numbers) if all(t.kind == "comma" for t in commas) else None


def matching(tokens: Sequence[Token], at: int) -> int | None:
    """The token that closes the bracket at a token; None when it never closes."""
    depth = 0
    for i in range(at, len(tokens)):
        depth += (tokens[i].kind == "open") - (tokens[i].kind == "close")
        if depth == 0:
            return i
    return None


# ---------------------------------------------------------------------- derivatives in tokens
def ratios_at(tokens: Sequence[Token], at: int) -> list[tuple[Key, Key, int]]:
    r"""Every dE/dw, \partial E/\partial w or \frac{\partial E}{\partial w} that starts at a token, the longest first."""
    token = tokens[at]
    if token.kind == "command" and token.text in ("frac", "dfrac", "tfrac", "cfrac"):
        return _fraction(tokens, at)
    found = []
    for top, end in _differentials(tokens, at):
        if tokens[end].kind == "operator" and tokens[end].text == "/":
            found += [(top, bottom, last) for bottom, last in _differentials(tokens, end + 1)]
    return sorted(found, key=lambda each: -each[2])


def _fraction(tokens: Sequence[Token], at: int) -> list[tuple[Key, Key, int]]:
    groups: list[Key] = []
    at += 1
    for _ in range(2):
        if tokens[at].kind != "open" or tokens[at].text != "{":
            return []
        close = matching(tokens, at)
        whole = [key for key, end in _differentials(tokens[: (close or 0) + 1], at + 1) if end == close]
        if not whole:
            return []
        groups.append(whole[0])
        at = (close or at) + 1
    return [(groups[0], groups[1], at)]


def _differentials(tokens: Sequence[Token], at: int) -> Iterable[tuple[Key, int]]:
    """d or a rounded d with the names that may follow it."""
    if at >= len(tokens) - 1:
        return
    token = tokens[at]
    rest = list(tokens)
    if token.kind == "partial" or (token.kind == "word" and token.text == "d"):
        start = at + 1
    elif token.kind == "command" and token.text in UPRIGHT and (words := upright(tokens, at)) and words[0] == "d":
        start = words[1]
    elif token.kind == "word" and token.text.startswith("d") and token.text not in GREEK_NAMES:
        rest[at] = replace(token, text=token.text[1:])
        if not rest[at].text[0].isalpha():
            return
        start = at
    else:
        return
    for found in names_at(rest, start):
        if not found.transposed:
            yield found.key, found.end
