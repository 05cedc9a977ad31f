"""Contents -> files: written beside and renamed, all or none; foreign files are never touched."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from symprop.errors import UsageError


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Writes every file beside its place, then renames them all. Raises UsageError when a place cannot be written."""
    pending: list[tuple[str, Path]] = []
    try:
        for path, data in contents.items():
            if path.is_dir():
                raise UsageError(f'"{path}" is a folder; cannot write a file there')
            _make_folder(path.parent)
            handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
            pending.append((beside, path))
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).chmod(0o644)
        while pending:
            Path(pending[0][0]).replace(pending[0][1])
            pending.pop(0)
    except OSError as problem:
        raise UsageError(f'cannot write "{problem.filename or path}": {problem.strerror or problem}') from None
    finally:
        for beside, _ in pending:
            with suppress(OSError):
                Path(beside).unlink()


def _make_folder(folder: Path) -> None:
    for part in (folder, *folder.parents):
        if part.exists() and not part.is_dir():
            raise UsageError(f'"{part}" is a file; wanted an output folder')
    folder.mkdir(parents=True, exist_ok=True)
