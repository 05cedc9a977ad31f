"""Plain text, Unicode or LaTeX -> one kind of tokens with their offsets, or the first place that cannot be read.

In: any str, or a slice of one. Out: tokens closed by an "end" token, or Unreadable. Knows characters, commands and limits;
knows neither precedence nor which names exist. No character is transliterated that the tables here do not name.
"""

import re
import unicodedata

from symprop.reading.tokens import CHARACTERS, HINTS, SUBSCRIPTS, SUPERSCRIPTS, Limits, Token, Unreadable

#: Characters read as another text; the rest stay as they are in NFC.
ANSWER_CHARACTERS: dict[str, str] = {
    **CHARACTERS,
    **dict.fromkeys("\u200b\u2061\u2062\u2063\ufeff\u2002\u2004\u2005\u2006\u2008\u205f", " "),
    **dict.fromkeys("\u2019\u2032\u02b9\u2018", "'"),
    **dict.fromkeys("\u2033", "''"),
    "\u2217": "*",
    "\u2264": "<=",
    "\u2a7d": "<=",
    "\u2265": ">=",
    "\u2a7e": ">=",
    "\u2260": "!=",
    "\u2299": "\u2299",
    "\u2218": "\u2299",
    "\u22a4": "\u1d40",
    "\u2113": "L",
    "\u2112": "L",
    "\u03f5": "\u03b5",
    "\u03d5": "\u03c6",
}
#: Greek letters by name; a name in capitals keeps its first letter large.
GREEK_LETTERS: dict[str, str] = {
    **dict(
        zip(
            "αβγδεζηθικλμνξοπρστυφχψω",
            [
                "alpha",
                "beta",
                "gamma",
                "delta",
                "epsilon",
                "zeta",
                "eta",
                "theta",
                "iota",
                "kappa",
                "lambda",
                "mu",
                "nu",
                "xi",
                "omicron",
                "pi",
                "rho",
                "sigma",
                "tau",
                "upsilon",
                "phi",
                "chi",
                "psi",
                "omega",
            ],
            strict=True,
        )
    ),
    **dict(
        zip(
            "ΓΔΘΛΞΠΣΦΨΩ", ["Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"], strict=True
        )
    ),
}
GREEK_NAMES = frozenset(GREEK_LETTERS.values())
VARIANTS = {"varphi": "phi", "varepsilon": "epsilon", "vartheta": "theta", "varrho": "rho", "varsigma": "sigma"}
_ACCENTS = {"\u0302": "hat", "\u0304": "bar", "\u0305": "bar"}

#: Commands that are an operator, a relation or a bracket of plain text.
COMMANDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("cdot", "times", "bullet", "cdotp"), ("operator", "dot")),
    "ast": ("operator", "*"),
    "div": ("operator", "/"),
    **dict.fromkeys(("odot", "circ"), ("operator", "hadamard")),
    **dict.fromkeys(("gt", "gg"), ("relation", ">")),
    **dict.fromkeys(("lt", "ll"), ("relation", "<")),
    **dict.fromkeys(("ge", "geq", "geqslant"), ("relation", ">=")),
    **dict.fromkeys(("le", "leq", "leqslant"), ("relation", "<=")),
    **dict.fromkeys(("ne", "neq"), ("relation", "!=")),
    "partial": ("partial", "d"),
    "prime": ("prime", "'"),
    "{": ("open", "{"),
    "}": ("close", "}"),
    "lbrace": ("open", "{"),
    "rbrace": ("close", "}"),
    "lbrack": ("open", "["),
    "rbrack": ("close", "]"),
    **dict.fromkeys(("lvert", "rvert", "vert"), ("bar", "|")),
    **dict.fromkeys(("top", "intercal"), ("superscript", "T")),
    "\\": ("newline", "\\\\"),
    **dict.fromkeys(("approx", "simeq", "doteq"), ("approx", "≈")),
}
#: Commands that only space or size what follows; the second kind parts two formulas rather than two factors.
SPACES = frozenset(
    [
        ",",
        ";",
        ":",
        "!",
        ">",
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "limits",
        "nolimits",
        "left",
        "right",
        "middle",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "Bigl",
        "biggl",
        "Biggl",
        "bigr",
        "Bigr",
        "biggr",
        "Biggr",
        "mathstrut",
        "nonumber",
        "notag",
        "thinspace",
        "allowbreak",
        "relax",
    ]
) | {" ", "\n"}
GAPS = frozenset(("quad", "qquad", "enspace", "hfill"))

#: Commands that a student may well write and that are not read, with what to write instead.
COMMAND_HINTS: dict[str, str] = {
    **dict.fromkeys(("sum", "prod"), "sums and products over an index are not read; write the terms out"),
    "int": "integrals are not read",
    **dict.fromkeys(("ldots", "dots", "cdots", "vdots", "ddots"), "dots leave something out; write it all"),
    "pm": "a sign that may be either is no single answer; write one of them",
    "mp": "a sign that may be either is no single answer; write one of them",
    **dict.fromkeys(("cancel", "bcancel", "xcancel"), "a crossed-out part is not read; leave it out"),
    **dict.fromkeys(("Rightarrow", "implies", "to", "iff", "rightarrow"), "write one formula only"),
    "over": r"\over is not read; write \frac{a}{b}",
    "%": "percent signs are not read; write a decimal",
    **dict.fromkeys(("infty",), "infinity is no finite real number"),
}
_HINTS = {
    **{c: why for c, why in HINTS.items() if c in "√½;"},
    "=": "an equation is not read here",
    "%": "percent signs are not read; write a decimal",
    "!": "factorials are not read",
    "$": "a dollar sign without its partner",
    "√": "a root sign is not read here; write sqrt(...)",
    "…": "dots leave something out; write it all",
    "±": "a sign that may be either is no single answer; write one of them",
    "∞": "infinity is no finite real number",
    ":": "a colon is not read here",
}
_GREEK = "".join(GREEK_LETTERS)
_LIBRARY = r"(?<![A-Za-z0-9_.])(?:np|numpy|jnp|math|torch|tf|sp|sympy)\.(?=[A-Za-z])"
TOKENS: tuple[tuple[str, str], ...] = (
    ("space", rf" +|~|{_LIBRARY}"),
    ("gap", "\u2003+"),
    ("number", r"(?:[0-9]+(?:\{,\}[0-9]+|\.(?![A-Za-z]{2}|T\b)[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"),
    ("word", rf"[A-Za-z][A-Za-z0-9]*|[{_GREEK}](?:hat|bar)?[0-9]*"),
    ("method", r"\.(?:T|dot|astype|transpose)(?![A-Za-z0-9])"),
    ("command", r"\\(?:[A-Za-z]+\*?|.)"),
    ("relation", r"<=|>=|!=|<|>|=="),
    ("operator", r"\*\*|[-+*/^@·⊙]"),
    ("superscript", r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾|ᵀ"),
    ("subscript", r"[₀₁₂₃₄₅₆₇₈₉]+(?:[ ,]?[₀₁₂₃₄₅₆₇₈₉]+)*"),
    ("underscore", r"_"),
    ("open", r"[(\[{]"),
    ("close", r"[)\]}]"),
    ("comma", r","),
    ("semicolon", r";"),
    ("amp", r"&"),
    ("prime", r"'+"),
    ("bar", r"\|"),
    ("partial", r"∂"),
    ("indicator", r"𝟙"),
    ("equals", r"="),
    ("approx", r"[≈≃≅≐]"),
)
_PATTERN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in TOKENS))
_LABEL = re.compile(r"[A-Za-z0-9]+")
_OPERATORS = {"**": "^", "·": "dot", "⊙": "hadamard"}
_LATEX = re.compile(r"\\[A-Za-z]|[_^]\{")


def is_latex(text: str) -> bool:
    """Whether letters side by side are a product and digits after a bare _ or ^ are one sign each, as TeX has it."""
    return _LATEX.search(text) is not None


def signs(text: str, limits: Limits, start: int = 0, end: int | None = None) -> list[Token] | Unreadable:
    """Tokens of text[start:end], the last of kind "end". Unreadable for what no token starts with, or beyond the limits."""
    end = len(text) if end is None else end
    if end - start > limits.characters:
        return Unreadable(start + limits.characters, f"the text is longer than {limits.characters} characters")
    clean, places = _cleaned(text, start, end)
    found: list[Token] = []
    at, spaced, gap = 0, True, False
    while at < len(clean):
        match = _LABEL.match(clean, at) if found and found[-1].kind == "underscore" else None
        kind = "label" if match else ""
        match = match or _PATTERN.match(clean, at)
        if match is None:
            return Unreadable(places[at], _foreign(clean[at]))
        kind, written = kind or match.lastgroup or "", match.group()
        at = match.end()
        name = written[1:].rstrip("*") if kind == "command" else ""
        if kind == "space" or (kind == "command" and name in SPACES):
            spaced = True
            continue
        if kind == "gap" or (kind == "command" and name in GAPS):
            spaced = gap = True
            continue
        if len(found) == limits.tokens:
            return Unreadable(places[match.start()], f"more than {limits.tokens} tokens")
        kind, canonical = _canonical(kind, written)
        found.append(Token(kind, canonical, places[match.start()], places[at], spaced, gap))
        spaced = gap = False
    return [*found, Token("end", "", end, end, spaced, gap)]


def _canonical(kind: str, written: str) -> tuple[str, str]:
    if kind == "command":
        name = written[1:].rstrip("*")
        name = VARIANTS.get(name, name)
        return ("word", name) if name in GREEK_NAMES else COMMANDS.get(name, ("command", name))
    if kind == "word" and written[0] in GREEK_LETTERS:
        return kind, GREEK_LETTERS[written[0]] + written[1:]
    if kind == "superscript":
        return kind, "T" if written == "ᵀ" else written.translate(SUPERSCRIPTS).replace("⁽", "(").replace("⁾", ")")
    if kind == "subscript":
        return kind, re.sub("[ ,]", ",", written.translate(SUBSCRIPTS))
    if kind == "relation":
        return kind, "=" if written == "==" else written
    return kind, _OPERATORS.get(written, written)


def _cleaned(text: str, start: int, end: int) -> tuple[str, list[int]]:
    """The slice in NFC with accents as words and ANSWER_CHARACTERS applied; the offset of each sign, and of the end."""
    clean: list[str] = []
    places: list[int] = []
    at = start
    while at < end:
        following = at + 1
        while following < end and unicodedata.combining(text[following]):
            following += 1
        cluster = unicodedata.normalize("NFC", text[at:following])
        parts = unicodedata.normalize("NFD", cluster) if not cluster.isascii() else cluster
        if len(parts) == 2 and parts[1] in _ACCENTS and (parts[0].isascii() or parts[0] in GREEK_LETTERS):
            cluster = parts[0] + _ACCENTS[parts[1]]
        written = "".join(ANSWER_CHARACTERS.get(c, c) for c in cluster)
        clean.append(written)
        places += [at] * len(written)
        at = following
    return "".join(clean), [*places, end]


def _foreign(character: str) -> str:
    if character in _HINTS:
        return _HINTS[character]
    name = unicodedata.name(character, "no name")
    shown = f'"{character}" ' if character.isprintable() else ""
    return f"unexpected character {shown}U+{ord(character):04X} ({name})"
