"""Typst source -> PDF bytes: the one place that talks to the typst compiler."""

from functools import lru_cache
from typing import Any

from symprop.errors import TypesettingError
from symprop.rendering.formats import template_folder

#: Accessible PDF: tagged, titled, every formula with its words. The compiler refuses what is not.
STANDARD = "ua-1"


@lru_cache(maxsize=1)
def _compiler() -> Any:
    # one per process: a Compiler cannot be shared between threads ("Already borrowed", typst 0.15)
    import typst

    return typst.Compiler(root=str(template_folder()), ignore_system_fonts=True)


def pdf(source: str) -> bytes:
    """The Typst source as accessible PDF, the same bytes for the same source.

    Raises TypesettingError with the compiler's message, also where the page is not accessible (a formula without words).
    """
    import typst

    try:
        return bytes(_compiler().compile(input=source.encode(), format="pdf", timestamp=0, pdf_standards=STANDARD))
    except typst.TypstError as problem:
        raise TypesettingError(f"typst: {problem}") from None


__all__ = ["TypesettingError", "pdf"]
