"""Text -> tokens with their offsets, or the first place that cannot be read.

In: any str. Out: a list of tokens closed by an "end" token, or Unreadable. Knows characters, numbers and limits;
knows neither precedence nor which names exist.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

#: Characters read as another one. A product sign becomes "·", not "*", so that two of them are not a power "**".
CHARACTERS: dict[str, str] = {
    **dict.fromkeys("\t\n\r\u00a0\u2007\u2009\u200a\u202f", " "),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
    **dict.fromkeys("\u00b7\u00d7\u2219\u22c5\u2022", "·"),
    **dict.fromkeys("\u00f7\u2044\u2215", "/"),
    "\u00b5": "\u03bc",
}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

#: Token kinds with their patterns, tried in this order.
TOKENS: tuple[tuple[str, str], ...] = (
    ("space", r" +"),
    ("number", r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
    ("name", r"[A-Za-z_\u0386\u0388-\u03ff][A-Za-z0-9_\u0386\u0388-\u03ff\u2080-\u2089]*"),
    ("operator", r"\*\*|[-+*/^·]"),
    ("superscript", r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"),
    ("open", r"[(\[{]"),
    ("close", r"[)\]}]"),
    ("comma", r","),
)
SPELLINGS: dict[str, str] = {"**": "^", "·": "*"}
CLOSING: dict[str, str] = {"(": ")", "[": "]", "{": "}"}

#: Characters no formula may contain, with what to do instead.
HINTS: dict[str, str] = {
    **dict.fromkeys("'\u2019\u2032", "a prime is not read here; name the derivative without it"),
    **dict.fromkeys("\\$", "LaTeX is not read here; write plain text"),
    "=": "an equation is not read here; write one side only",
    "|": "bars are not read here; use a function with brackets",
    "√": "a root sign is not read here; write ^(1/2)",
    "½": "write (1/2)",
    ";": "write one formula only",
}

#: A scientific exponent beyond this is refused before any number is built.
SCIENTIFIC = 400
_PATTERN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in TOKENS))
_WINDOW = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What a text may cost. `digits` counts those of one number, `exponent` bounds |n| of a power,
    `depth` the nesting of brackets, signs, exponents and functions without brackets.
    """

    characters: int = 4096
    tokens: int = 600
    depth: int = 60
    digits: int = 40
    exponent: int = 64


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The first place in a text that cannot be read: 0-based `offset` in characters, and `why`."""

    offset: int
    why: str

    def pointed(self, text: str) -> str:
        """Line, column and reason, then the line of `text` with a caret under the offset; long lines are clipped."""
        return "\n".join(pointed(text, self))


def pointed(text: str, unreadable: Unreadable) -> tuple[str, str, str]:
    """Three lines for a terminal: line, column and reason; the line of `text`, clipped around the place; the caret.

    The caret stands under the sign meant: accents of their own count no column, East Asian wide signs count two.
    """
    offset = min(max(unreadable.offset, 0), len(text))
    row = text.count("\n", 0, offset) + 1
    start = text.rfind("\n", 0, offset) + 1
    first = max(start, offset - _WINDOW)
    end = text.find("\n", offset, offset + _WINDOW)
    shown = text[first : end if end >= 0 else offset + _WINDOW]
    line = "".join(c if c.isprintable() or unicodedata.combining(c) else " " for c in shown)
    width = sum(_columns(c) for c in shown[: offset - first])
    return f"line {row}, column {offset - start + 1}: {unreadable.why}", f"  {line}", f"  {' ' * width}^"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `text` is canonical ("^" for "**", plain digits for raised or lowered ones).

    `end` is where the text goes on, `spaced` whether a space stands before it, `gap` whether a wide one does: both are
    asked only where answers are read.
    """

    kind: str
    text: str
    offset: int
    end: int = 0
    spaced: bool = False
    gap: bool = False


def tokenize(text: str, limits: Limits) -> list[Token] | Unreadable:
    """Tokens of `text`, the last of kind "end". Unreadable for an unknown character or a text beyond the limits."""
    if len(text) > limits.characters:
        return Unreadable(limits.characters, f"the text is longer than {limits.characters} characters")
    clean, places = _cleaned(text)
    tokens: list[Token] = []
    at = 0
    while at < len(clean):
        match = _PATTERN.match(clean, at)
        if match is None:
            return Unreadable(places[at], _foreign(clean[at]))
        kind, found = match.lastgroup or "", match.group()
        if kind != "space":
            if len(tokens) == limits.tokens:
                return Unreadable(places[at], f"more than {limits.tokens} tokens")
            tokens.append(Token(kind, _canonical(kind, found), places[at]))
        at = match.end()
    return [*tokens, Token("end", "", len(text))]


def number(token: Token, limits: Limits) -> Fraction | Unreadable:
    """The exact value of a number token. Unreadable when it has too many digits or too large an exponent."""
    mantissa, _, exponent = token.text.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    if len(whole) + len(decimals) > limits.digits:
        return Unreadable(token.offset, f"a number of more than {limits.digits} digits")
    size = exponent.lstrip("+-").lstrip("0")
    if len(size) > len(str(SCIENTIFIC)) or int(size or "0") > SCIENTIFIC:
        return Unreadable(token.offset, f"a scientific exponent beyond {SCIENTIFIC}")
    shift = int(size or "0") * (-1 if exponent.startswith("-") else 1) - len(decimals)
    return int(whole + decimals) * Fraction(10) ** shift


def _cleaned(text: str) -> tuple[str, list[int]]:
    """`text` in NFC with CHARACTERS applied, and for each of its characters the offset in `text`."""
    clean: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        for character in unicodedata.normalize("NFC", text[start:end]):
            clean.append(CHARACTERS.get(character, character))
            places.append(start)
        start = end
    return "".join(clean), places


def _canonical(kind: str, found: str) -> str:
    if kind == "name":
        return found.translate(SUBSCRIPTS)
    if kind == "superscript":
        return found.translate(SUPERSCRIPTS)
    return SPELLINGS.get(found, found)


def _foreign(character: str) -> str:
    if character in HINTS:
        return HINTS[character]
    name = unicodedata.name(character, "no name")
    shown = f'"{character}" ' if character.isprintable() else ""
    return f"unexpected character {shown}U+{ord(character):04X} ({name})"
