"""pytest plugin: collects `test_*.symprop.toml`, one item a student, and offers the fixture `derivation_checker`.

It is imported in every pytest run of its environment, so it imports nothing heavy before an item runs or the fixture is used.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from symprop.api import Checker
    from symprop.checking.answers import Answers


class _Failed(Exception):
    """What a failing item shows."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "DerivationFile | None":
    """Takes the files that are named like tests."""
    if file_path.name.startswith("test_") and file_path.name.endswith(".symprop.toml"):
        return DerivationFile.from_parent(parent, path=file_path)
    return None


class DerivationFile(pytest.File):
    """An answers file that names its exercise."""

    _checker: "Checker | None" = None

    def collect(self) -> Iterator["DerivationItem"]:
        """One item a student, or one for the whole file."""
        import tomllib

        try:
            raw = tomllib.loads(self.path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError):  # told when the item runs, with line and key
            raw = {}
        students = raw.get("students")
        names = list(students) if isinstance(students, dict) and students else [""]
        for i, name in enumerate(names):
            yield DerivationItem.from_parent(self, name=str(name) or "derivation", place=i)

    def students(self) -> "tuple[Checker, tuple[Answers, ...]]":
        """The exercise solved once a file, and every student's answers. Raises SympropError."""
        from symprop.api import Checker
        from symprop.checking.answers import document_of
        from symprop.errors import ExerciseError

        if self._checker is None:
            named = document_of(self.path).get("exercise")
            if not isinstance(named, str):
                raise ExerciseError("missing; a file to test names its exercise", key="exercise", where=str(self.path))
            beside = self.path.parent / named
            self._checker = Checker(beside if beside.is_file() else named)
        return self._checker, self._checker.load(self.path)


class DerivationItem(pytest.Item):
    """One student's derivation: right, or as [expect] says."""

    def __init__(self, *, place: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.place = place

    def runtest(self) -> None:
        """Checks the derivation."""
        from symprop.errors import SympropError
        from symprop.wording.reports import terminal, unexpected

        assert isinstance(self.parent, DerivationFile)
        try:
            checker, students = self.parent.students()
            answers = students[self.place]
            report = checker.check(answers)
        except SympropError as problem:
            raise _Failed(str(problem)) from None
        differing = unexpected(report, answers.expect)
        if differing:
            raise _Failed("\n".join([*differing, "", terminal(report, reveal=True, points=False)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report in place of a traceback."""
        if isinstance(excinfo.value, _Failed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item stands."""
        return self.path, None, self.name


@pytest.fixture
def derivation_checker() -> Callable[..., Any]:
    """`derivation_checker(exercise, answers)`: `symprop.testing.assert_derivation`, imported when first called."""

    def check(exercise: Any, answers: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        from symprop.testing import assert_derivation

        return assert_derivation(exercise, answers, **options)

    return check
