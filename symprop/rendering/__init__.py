"""Document -> text and files. A format is a printer, an escape, a folder of templates and a suffix; knows no network."""

from symprop.rendering.contents import companions, contents, formats, with_figure
from symprop.rendering.figure import svg
from symprop.rendering.formats import FORMATS, SUFFIXES, Format, check_options, merged, render
from symprop.rendering.pdf import pdf
from symprop.rendering.tex import check_engine, tex_pdf
from symprop.rendering.write import check_places, write_files

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Format",
    "check_engine",
    "check_options",
    "check_places",
    "companions",
    "contents",
    "formats",
    "merged",
    "pdf",
    "render",
    "svg",
    "tex_pdf",
    "with_figure",
    "write_files",
]
