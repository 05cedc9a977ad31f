"""Document -> the bytes of its file in any format, and of the files beside it."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from symprop.document import Document, Figure
from symprop.errors import UsageError
from symprop.rendering.figure import svg
from symprop.rendering.formats import FORMATS, SUFFIXES, render
from symprop.rendering.pdf import pdf
from symprop.rendering.tex import tex_pdf


def formats(names: str) -> list[str]:
    """`pdf,tex,md` as suffixes, in that order; `all` is every one. Raises UsageError."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if wanted == ["all"]:
        return list(SUFFIXES)
    by_name = {kind.name: kind.suffix for kind in FORMATS.values()}
    found = []
    for name in wanted:
        suffix = by_name.get(name, name)
        if suffix not in SUFFIXES:
            raise UsageError(f'unknown format "{name}"; known: {", ".join(SUFFIXES)}, all')
        found.append(suffix)
    if not found:
        raise UsageError(f"no format named; known: {', '.join(SUFFIXES)}, all")
    return list(dict.fromkeys(found))


def contents(
    document: Document,
    suffix: str,
    *,
    paper: str = "a4",
    templates: str | Path | None = None,
    fragment: bool = False,
    engine: str = "typst",
    name: str = "",
) -> bytes:
    """A document's bytes in the format of a file suffix; `engine` ("typst" or "tex") makes the PDF.

    `name` is the file's own, without suffix: Markdown refers by it to its companions and shows no figure without it.
    """
    kind = SUFFIXES[suffix]
    if kind == "pdf" and engine == "tex":
        return tex_pdf(render(document, "latex", templates=templates, paper=paper))
    if kind == "pdf":
        return pdf(render(document, "typst", templates=templates, paper=paper))
    if kind == "markdown":
        document = with_figure(document, quote(drawing_name(name)) if name else "")
    return render(document, kind, templates=templates, paper=paper, fragment=fragment and kind == "latex").encode()


def companions(document: Document, suffix: str, name: str) -> dict[str, bytes]:
    """Files that belong beside `name`.`suffix`, by their names: the drawing that a Markdown page shows."""
    if SUFFIXES[suffix] != "markdown":
        return {}
    return {drawing_name(name): svg(block, document).encode() for block in document.blocks if isinstance(block, Figure)}


def drawing_name(name: str) -> str:
    """The file of the drawing beside a page."""
    return f"{name}-network.svg"


def with_figure(document: Document, file: str) -> Document:
    """The document with its drawing in `file`, or without one."""
    blocks = (replace(block, file=file) if isinstance(block, Figure) else block for block in document.blocks)
    return replace(document, blocks=tuple(b for b in blocks if file or not isinstance(b, Figure)))
