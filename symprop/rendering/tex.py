"""LaTeX source -> PDF bytes: the one place that talks to a TeX installation, where there is one."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from symprop.errors import TypesettingError, UsageError, printable

#: Programs that are tried in turn, with the options that keep them from asking and from running anything.
_SAFE = ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error"]
ENGINES: dict[str, list[str]] = {
    "latexmk": ["-pdf", "-norc", *[f"-latexoption={option}" for option in _SAFE], "-interaction=nonstopmode"],
    "pdflatex": _SAFE,
    "lualatex": _SAFE,
    "tectonic": ["--untrusted", "--only-cached"],
}
SECONDS = 120


def check_engine(engine: str) -> None:
    """Raises UsageError for an engine that is unknown or not installed."""
    if engine not in ("typst", "tex"):
        raise UsageError(f'unknown engine "{printable(engine[:40])}"; known: typst, tex')
    if engine == "tex":
        program()


def program() -> str:
    """The first TeX program on the search path. Raises UsageError when there is none."""
    for name in ENGINES:
        if shutil.which(name):
            return name
    raise UsageError(f"--engine tex needs one of {', '.join(ENGINES)} on the PATH; --engine typst needs nothing")


def tex_pdf(source: str, name: str = "key", seconds: float = SECONDS) -> bytes:
    """The LaTeX source as PDF, typeset in a scratch folder without shell escape.

    Raises UsageError without a TeX program, TypesettingError with TeX's own message and line, or after `seconds`.
    """
    tex = program()
    with tempfile.TemporaryDirectory(prefix="symprop-") as scratch:
        folder = Path(scratch)
        (folder / f"{name}.tex").write_text(source, encoding="utf-8")
        for _ in range(2 if tex in ("pdflatex", "lualatex") else 1):  # twice: outlines
            try:
                done = subprocess.run(
                    [tex, *ENGINES[tex], f"{name}.tex"],
                    cwd=folder, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise TypesettingError(f"{tex}: not done after {seconds:g} seconds") from None
            if done.returncode:
                log = folder / f"{name}.log"
                told = (
                    log.read_text(errors="replace")
                    if log.is_file()
                    else (done.stdout + done.stderr).decode(errors="replace")
                )
                raise TypesettingError(f"{tex}: {_first_error(told)}")
        return (folder / f"{name}.pdf").read_bytes()


def _first_error(log: str) -> str:
    """TeX's first error with file and line, on one line."""
    found = re.search(r"^(\./)?([^\s:]+\.tex):(\d+): (.*)$", log, re.MULTILINE)
    if found:
        return printable(f"{found[2]}, line {found[3]}: {found[4]}")
    found = re.search(r"^! (.*)$(?:\n.*?)*?^l\.(\d+)", log, re.MULTILINE)
    if found:
        return printable(f"line {found[2]}: {found[1]}")
    return "failed without a message"
