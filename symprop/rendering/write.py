"""Contents -> files: written beside and renamed, none before all are complete; foreign files are never touched."""

import os
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from symprop.errors import PATH, UsageError, printable


def check_places(paths: Iterable[Path]) -> None:
    """Raises UsageError where a file could not stand: a folder of its name, or a file in place of its folder."""
    for path in paths:
        try:
            if path.is_dir():
                raise UsageError(f"{_named(path)} is a folder; cannot write a file there")
            for folder in path.parents:
                if folder.exists() and not folder.is_dir():
                    raise UsageError(f"{_named(folder)} is a file; wanted an output folder")
        except OSError as problem:
            raise _refused(path, problem) from None


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Writes every file beside its place, then renames them all.

    Until the last one is complete every earlier file stays as it was. Raises UsageError when a place cannot be written.
    """
    check_places(contents)
    pending: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, data in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{uuid.uuid4().hex}.part")
            pending.append((beside, path))
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # a full disk is told here, before anything is replaced
        while pending:
            beside, path = pending[0]
            beside.replace(path)
            pending.pop(0)
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the path
        raise _refused(path, problem) from None
    finally:
        for beside, _ in pending:
            with suppress(OSError, ValueError):
                beside.unlink()


def _named(path: Path) -> str:
    text = printable(str(path))
    return f'"{text}"' if len(text) <= PATH else f'"…{text[1 - PATH :]}"'


def _refused(path: Path, problem: OSError | ValueError) -> UsageError:
    return UsageError(f"cannot write {_named(path)}: {getattr(problem, 'strerror', None) or problem}")
