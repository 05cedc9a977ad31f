"""Document -> LaTeX, Markdown or Typst text through Jinja2 templates, one a block kind; a user's folder overrides single ones."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError

from symprop.document import Block, Document, Equations, Figure, Flow, Heading, Mark, Math, Prose, Table, Text
from symprop.errors import UsageError
from symprop.printing import CHAIN_RULE, Latex, Layout, MarkdownMath, Speech, Typst
from symprop.rendering import figure
from symprop.rendering.rows import LINE, plan

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "≈": r"$\approx$",
    "·": r"\textperiodcentered{}",
    "’": "'",
    "`": r"\textasciigrave{}",
    "−": "\\textminus{}",
}
_T1 = frozenset("ĂăĄąĆćČčĎďĐđĘęĚěĞğĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž–—‘“”„…†‡•€™")
_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*_[]|~$"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
#: What starts a list, a heading or a rule where a text opens a line.
_MARKDOWN_START = re.compile(r"^(\s*\d*)([-+#=.)])")


def tex_text(text: str) -> str:
    """Plain text for LaTeX; a sign that pdfTeX's fonts lack goes through a macro that other engines print as it is."""
    escaped = "".join(
        _TEX.get(c) or (c if _in_t1(c) else rf"\symchar{{{ord(c):04X}}}{{{c}}}") for c in _printable(text)
    )
    return re.sub(r"([-'])(?=\1)", r"\1{}", escaped)  # two hyphens or quotes form no ligature


def _in_t1(c: str) -> bool:
    """Whether pdfLaTeX sets the sign with T1 and textcomp: ASCII, Latin-1, and the accented letters of T1."""
    return c.isascii() or 0xA1 <= ord(c) <= 0xFF or c in _T1


def markdown_text(text: str) -> str:
    """Plain text for Markdown: every sign that could start markup is escaped."""
    return (
        _MARKDOWN_START.sub(lambda m: m[1] + "\\" + m[2], _printable(text).translate(_MARKDOWN))
        if text.strip() not in (".", "")
        else text
    )


def typst_text(text: str) -> str:
    """Plain text for Typst as a string literal, in which nothing is markup."""
    return f"#{typst_string(text)};"


def typst_string(text: str) -> str:
    """Plain text as a string in Typst code."""
    escaped = _printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _printable(text: str) -> str:
    return re.sub(r"\s+", " ", "".join(c if not c.isspace() else " " for c in text if c.isprintable() or c.isspace()))


@dataclass(frozen=True)
class Format:
    """A row of the table of formats."""

    name: str
    suffix: str
    folder: str
    printer: type[Layout[str]]
    text: Callable[[str], str]
    inline: str  # how a formula stands in a sentence, with {math} for the formula and {alt} for its words
    mark: str  # the chain-rule mark in a sentence
    signs: dict[str, str]
    line: float = LINE
    speech: type[Speech] | None = None  # says every formula in words, for a screen reader


FORMATS: dict[str, Format] = {
    "latex": Format(
        "latex",
        "tex",
        "latex",
        Latex,
        tex_text,
        "${math}$",
        r"\chainmark{}",
        {"=": "=", "approx": r"\approx", "becomes": r"\leftarrow", "": ""},
        38.0,  # amsmath sets wider than Typst
    ),
    "markdown": Format(
        "markdown",
        "md",
        "markdown",
        MarkdownMath,
        markdown_text,
        "${math}$",
        r"$\circ\negthinspace\circ$",
        {"=": "=", "approx": r"\approx", "becomes": r"\leftarrow", "": ""},
        44.0,
    ),
    "typst": Format(
        "typst",
        "typ",
        "typst",
        Typst,
        typst_text,
        "#said({alt}, ${math}$);",
        f"#said({typst_string(CHAIN_RULE)}, $#links$);",
        {"=": "=", "approx": "approx", "becomes": "<-", "": ""},
        speech=Speech,
    ),
}
SUFFIXES = {"tex": "latex", "md": "markdown", "typ": "typst", "pdf": "pdf"}


def template_folder() -> Path:
    """The project's own templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "templates", package.parent / "templates"):
        if folder.is_dir():
            return folder
    raise UsageError("the templates folder is missing from this installation")


@lru_cache(maxsize=8)
def _environment(own: str) -> Environment:
    folders = ([own] if own else []) + [str(template_folder())]
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        undefined=StrictUndefined,
        autoescape=False,
    )
    environment.filters["typst_string"] = typst_string
    return environment


def check_options(paper: str, templates: str | Path | None) -> None:
    """Raises UsageError for a paper or a templates folder that cannot be used."""
    if paper not in ("a4", "letter"):
        raise UsageError(f'unknown paper "{paper}"; known: a4, letter')
    if templates is not None and not Path(templates).is_dir():
        raise UsageError(
            f'"{templates}" is no folder; --templates takes a folder laid out as the project\'s own templates'
        )


def render(
    document: Document, format: str, *, templates: str | Path | None = None, paper: str = "a4", fragment: bool = False
) -> str:
    """The document as text in a format of FORMATS.

    `templates` is a folder searched before the project's own; `fragment` leaves out the preamble (LaTeX).
    Raises UsageError for an unknown format or paper, or a template that fails, naming it.
    """
    if format not in FORMATS:
        raise UsageError(f'unknown format "{format}"; known: {", ".join(FORMATS)}')
    check_options(paper, templates)
    kind, environment = FORMATS[format], environment_of(templates)
    return framed(document, blocks(document, kind, environment), kind, environment, paper, fragment)


def environment_of(templates: str | Path | None) -> Environment:
    """The templates, a user's folder before our own."""
    return _environment(str(Path(templates).resolve()) if templates is not None else "")


def blocks(document: Document, kind: Format, environment: Environment) -> list[str]:
    """Every block in the dialect. Raises UsageError for a template that fails."""
    try:
        return [
            block_text(block, document, kind, environment, _leads(document.blocks[i + 1 :]))
            for i, block in enumerate(document.blocks)
        ]
    except TemplateError as problem:
        raise _told(problem, kind) from None


def framed(
    document: Document,
    body: Sequence[str],
    kind: Format,
    environment: Environment,
    paper: str = "a4",
    fragment: bool = False,
) -> str:
    """The page around its blocks. Raises UsageError for a template that fails."""
    try:
        page = environment.get_template(f"{kind.folder}/{'fragment' if fragment else 'document'}.j2")
        written = page.render(paper=paper, **_page(document, kind, body))
    except TemplateError as problem:
        raise _told(problem, kind) from None
    return written.strip("\n") + "\n"


def merged(documents: Iterable[Document], *, templates: str | Path | None = None, paper: str = "a4") -> str:
    """Several documents as one Typst source, each with pages of its own numbers. Raises UsageError."""
    check_options(paper, templates)
    kind, environment = FORMATS["typst"], environment_of(templates)
    pages = [_page(document, kind, blocks(document, kind, environment)) for document in documents]
    try:
        return environment.get_template("typst/merged.j2").render(pages=pages, paper=paper).strip("\n") + "\n"
    except TemplateError as problem:
        raise _told(problem, kind) from None


def _page(document: Document, kind: Format, body: Sequence[str]) -> dict[str, str]:
    """What the template of a whole page sees."""
    return {
        "title": kind.text(document.title),
        "kind": kind.text(document.kind),
        "source": kind.text(document.source) if document.source else "",
        "subtitle": kind.text(document.subtitle),
        "code": kind.text(document.code) if document.code else "",
        "body": "\n\n".join(body),
    }


def _told(problem: TemplateError, kind: Format) -> UsageError:
    number = getattr(problem, "lineno", None)
    line = f", line {number}" if number else ""
    return UsageError(f"template {getattr(problem, 'name', None) or kind.folder}{line}: {problem.message or problem}")


def _leads(following: Sequence[Block]) -> bool:
    """Whether rows follow, sentences between them not counted."""
    after = next((block for block in following if not isinstance(block, Prose)), None)
    return isinstance(after, (Equations, Flow, Table))


def block_text(block: Block, document: Document, kind: Format, environment: Environment, leads: bool = False) -> str:
    """One block in the dialect; `leads`: rows follow, from which the block must not be parted by the end of a page."""
    name = type(block).__name__.lower()
    context = _context(block, document, kind) | {"leads": leads}
    return environment.get_template(f"{kind.folder}/{name}.j2").render(context).strip("\n")


def _context(block: Block, document: Document, kind: Format) -> dict[str, Any]:
    """What a block's template sees: everything already in the dialect."""
    if isinstance(block, Heading):
        return {
            "level": block.level,
            "text": text(block.text, document, kind),
            "label": kind.text(block.label) if block.label else "",
            "points": kind.text(block.points) if block.points else "",
        }
    if isinstance(block, Prose):
        return {"text": text(block.text, document, kind), "quiet": block.quiet}
    if isinstance(block, Table):
        return {
            "head": [text(cell, document, kind) for cell in block.head],
            "rows": [[text(cell, document, kind) for cell in row] for row in block.rows],
            "align": block.align,
            "small": block.small,
        }
    if isinstance(block, Figure):
        return figure.context(block, document, lambda parts: text(parts, document, kind), kind.text)
    if isinstance(block, Flow):
        return {"items": [written(item, document, kind) for item in block.items]}
    return {
        "plans": plan(block.rows, document, kind.printer, kind.line, kind.speech),
        "signs": kind.signs,
        "words": kind.text,
    }


def text(parts: Text, document: Document, kind: Format) -> str:
    """Words and formulas of a sentence in the dialect."""
    found = []
    for part in parts:
        if isinstance(part, Math):
            found.append(kind.inline.format(**written(part, document, kind, inline=True)))
        elif isinstance(part, Mark):
            found.append(kind.mark)
        else:
            found.append(kind.text(part))
    return "".join(found)


def written(math: Math, document: Document, kind: Format, *, inline: bool = False) -> dict[str, str]:
    """A formula in the dialect, and in words as a string of Typst code where the format speaks."""
    printer = kind.printer(document.names, document.figures, math.numbers, math.given, inline=inline)
    speech = None if kind.speech is None else kind.speech(document.names, document.figures, math.numbers, math.given)
    alt = typst_string(speech.write(math.form)) if speech is not None else ""
    return {"math": printer.write(math.form), "alt": alt}


__all__ = ["FORMATS", "SUFFIXES", "Format", "merged", "render", "template_folder"]
