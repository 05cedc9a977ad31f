r"""A formula's text -> its statements and their sides, by place: what only dresses a formula is blanked out.

In: text with dollars, boxes, alignments and chains of equalities. Out: the same text of the same length without its dress,
so that every offset stays true, and the places of the sides. Knows brackets and relations; reads no side.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Environments that only align or number: they hold statements, one a row.
ALIGNMENTS = frozenset(
    [
        "aligned",
        "align",
        "alignat",
        "alignedat",
        "gather",
        "gathered",
        "equation",
        "split",
        "multline",
        "eqnarray",
        "flalign",
        "displaymath",
        "math",
    ]
)
#: Commands whose argument stays and whose dress goes.
WRAPPERS = frozenset(
    (
        "boxed",
        "symanswer",
        "symwide",
        "symresult",
        "mathop",
        "symwidth",
        "fbox",
        "colorbox",
        "smash",
        "mathclap",
        "ensuremath",
        "underbrace",
        "overbrace",
        "displaylines",
    )
)
#: Commands that go with their argument.
DROPPED = frozenset(
    ("llap", "rlap", "tag", "label", "phantom", "hspace", "vspace", "color", "hphantom", "vphantom", "symcolumn")
)
#: Commands that go and leave everything else.
SILENT = frozenset(("nolimits", "limits", "displaystyle", "textstyle"))
#: Commands whose first arguments, so many, go with their dress; the next one stays.
MARKED = {"textcolor": 1, "symhead": 1, "overset": 1, "underset": 1, "stackrel": 1, "symshape": 2}
_GAP = "\u2003"
_PIECES = re.compile(
    r"\\\\|\\circ\s*(?:\\!|\\negthinspace)\s*\\circ|\\mkern\s*-?\d+mu|\\begin\s*\{([A-Za-z]+)\*?\}|\\end\s*\{([A-Za-z]+)\*?\}|\\([A-Za-z]+)|\\.|[{}&$]",
    re.DOTALL,
)
_RELATIONS = {
    "=": "=",
    "==": "=",
    "≡": "=",
    ":=": "becomes",
    "≔": "becomes",
    "←": "becomes",
    "⟵": "becomes",
    **dict.fromkeys("≈≃≅≐", "approx"),
    **dict.fromkeys(("\\approx", "\\simeq", "\\cong", "\\doteq"), "approx"),
    "\\equiv": "=",
    **dict.fromkeys(("\\leftarrow", "\\gets", "\\coloneqq", "\\longleftarrow"), "becomes"),
}
_EVENTS = re.compile(
    r"(?P<row>\\\\\*?(?:\[[^\]\n]{0,20}\])?)"
    r"|(?P<relation>\\(?:approx|simeq|cong|doteq|equiv|leftarrow|gets|coloneqq|longleftarrow)(?![A-Za-z])|:=|(?<![<>!])==?|[≡≔←⟵≈≃≅≐])"
    r"|(?P<implied>\\(?:Rightarrow|implies|iff|therefore|Leftrightarrow|Longrightarrow)(?![A-Za-z])|[⇒⟹⇔∴;])"
    r"|(?P<begin>\\begin(?![A-Za-z]))|(?P<end>\\end(?![A-Za-z]))|(?P<open>\\\{|[(\[{])|(?P<close>\\\}|[)\]}])"
    r"|(?P<comma>,(?=[\s\u2003]|\\[a-z ]))|\\[A-Za-z]+|\\.",
    re.DOTALL,
)
#: What starts a row that goes on with the side before it.
_GOES_ON = re.compile(
    r"[\s\u2003]*(?:\\(?:qquad|quad|[,;: ])[\s\u2003]*)*(?:[-+−·⊙@]|\\(?:cdot|times|odot)(?![A-Za-z]))"
)
_BLANK = re.compile(r"(?:[\s\u2003]|\\(?:qquad|quad|[,;:! ]))*")


@dataclass(frozen=True, slots=True)
class Part:
    """One side by place; `sign` is the relation before it: "", "=", "approx" or "becomes"."""

    sign: str
    start: int
    end: int


def unwrapped(text: str) -> str:
    """`text` with dollars, boxes, alignments and their like blanked, sign for sign; & becomes a wide space."""
    out = list(text)
    closing = _braces(text)
    gone: set[int] = set()
    inside = 0

    def blank(start: int, end: int) -> None:
        out[start:end] = " " * (end - start)

    at = 0
    while match := _PIECES.search(text, at):
        start, at = match.span()
        piece, name = match.group(), match[3]
        if (
            piece == "$"
            or piece in ("\\[", "\\]", "\\(", "\\)", "\\chainmark")
            or piece.startswith(("\\circ", "\\mkern"))
        ):
            if not piece.startswith("\\circ") or "!" in piece or "thin" in piece:
                blank(start, at)
        elif name == "cr":
            out[start:at] = "\\\\ "
        elif name in SILENT:
            blank(start, at)
        elif piece == "&" and not inside:
            out[start] = _GAP
        elif piece == "}" and start in gone:
            out[start] = " "
        elif match[1]:
            if match[1] in ALIGNMENTS:
                at = _options(text, at, closing)
                blank(start, at)
            else:
                inside += 1
        elif match[2]:
            if match[2] in ALIGNMENTS:
                blank(start, at)
            else:
                inside = max(inside - 1, 0)
        elif name in WRAPPERS or name in DROPPED or name in MARKED:
            at = _undressed(text, name, start, at, closing, gone, blank)
    return "".join(out)


def _undressed(
    text: str,
    name: str,
    start: int,
    at: int,
    closing: dict[int, int],
    gone: set[int],
    blank: Callable[[int, int], None],
) -> int:
    """Blanks a command; returns where the search goes on."""
    opener = _next_sign(text, at)
    for _ in range(1 if name in DROPPED else MARKED.get(name, 0)):
        end = closing.get(opener)
        if end is None:
            return at
        blank(start, end + 1)
        at, opener = end + 1, _next_sign(text, end + 1)
    if name in DROPPED:
        return at
    if opener not in closing:
        return at
    blank(start, opener + 1)
    close = closing[opener]
    gone.add(close)
    if name in ("underbrace", "overbrace"):
        mark = _next_sign(text, close + 1)
        label = _next_sign(text, mark + 1)
        if mark < len(text) and text[mark] in "_^" and label in closing:
            # What hangs below a brace is a remark. Its place is passed over when the search comes to it.
            blank(mark, closing[label] + 1)
            for brace in (i for i in range(mark, closing[label] + 1) if text[i] == "}"):
                gone.add(brace)
    return opener + 1


def _braces(text: str) -> dict[int, int]:
    """Where each { is closed."""
    found: dict[int, int] = {}
    pending: list[int] = []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match.group() == "{":
            pending.append(match.start())
        elif match.group() == "}" and pending:
            found[pending.pop()] = match.start()
    return found


def _next_sign(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _options(text: str, at: int, closing: dict[int, int]) -> int:
    """Past the column count or position behind \\begin{...}."""
    if text.startswith("{", at) and at in closing and text[at + 1 : closing[at]].isdigit():
        return closing[at] + 1
    match = re.compile(r"\[[tbc]\]").match(text, at)
    return match.end() if match else at


def statements(plain: str, start: int = 0, end: int | None = None) -> tuple[str, list[list[Part]]]:
    """The statements of an unwrapped formula as lists of sides; the text with row breaks inside a side blanked.

    A row that starts with a relation goes on with the statement before it, one that starts with an operator with its last
    side. A first side is empty where the formula starts with a relation.
    """
    end = len(plain) if end is None else end
    found: list[list[Part]] = []
    for row in _rows(plain, start, end):
        first = row[0]
        empty = _BLANK.fullmatch(plain, first.start, first.end) is not None
        if empty and len(row) == 1:
            continue
        if found and empty:
            found[-1] += row[1:]
        elif found and _GOES_ON.match(plain, first.start, first.end):
            last = found[-1][-1]
            plain = plain[: last.end] + " " * (first.start - last.end) + plain[first.start :]
            found[-1][-1] = Part(last.sign, last.start, first.end)
            found[-1] += row[1:]
        else:
            found.append(row)
    return plain, found


def _rows(plain: str, start: int, end: int) -> list[list[Part]]:
    events = _events(plain, start, end)
    rows: list[list[Part]] = []
    row: list[Part] = []
    sign, side = "", start
    for i, (kind, at, after) in enumerate(events):
        if kind == "comma" and not (row and _speaks_again(events, i)):
            continue
        row.append(Part(sign, side, at))
        sign, side = (_RELATIONS[plain[at:after]], after) if kind == "relation" else ("", after)
        if kind != "relation":
            rows.append(row)
            row = []
    return [*rows, [*row, Part(sign, side, end)]]


def _speaks_again(events: list[tuple[str, int, int]], i: int) -> bool:
    """Whether a relation stands behind a comma before the row ends, so that the comma parts two statements."""
    return i + 1 < len(events) and events[i + 1][0] == "relation"


def _events(plain: str, start: int, end: int) -> list[tuple[str, int, int]]:
    """Relations, row breaks and commas outside of all brackets and environments."""
    found: list[tuple[str, int, int]] = []
    depth = inside = 0
    for match in _EVENTS.finditer(plain, start, end):
        kind = match.lastgroup
        if kind == "begin":
            inside += 1
        elif kind == "end":
            inside = max(inside - 1, 0)
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        elif kind and not depth and not inside:
            found.append((kind, *match.span()))
    return found
