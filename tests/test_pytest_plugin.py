"""The pytest plugin, in runs of their own: what it collects, what a failure shows, what importing it costs in modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import symprop

ROOT = str(Path(symprop.__file__).parent.parent)
RIGHT = 'symprop = 1\nexercise = "day12"\n[answers]\nE = 2\n'
WRONG = 'symprop = 1\nexercise = "day12"\n[answers]\n"dE/dz2[1]" = "-2"\n'
EXPECTED = WRONG + '[expect]\n"dE/dz2[1]" = { verdict = "wrong", misconception = "reverse_difference" }\n'
CLASS = 'exercise = "day12"\n[students.ada.answers]\nE = 2\n[students.ben.answers]\nE = 3\n'


def run(folder: Path, *options: str) -> str:
    """pytest's output in a folder, the plugin loaded whether or not it is installed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:symprop",
        "-p",
        "symprop.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run([*command, *options], cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_file_is_one_item_or_one_a_student(tmp_path: Path) -> None:
    (tmp_path / "test_one.symprop.toml").write_text(RIGHT)
    (tmp_path / "test_class.symprop.toml").write_text(CLASS)
    (tmp_path / "other.symprop.toml").write_text(WRONG)
    out = run(tmp_path, "-q")
    assert "2 passed" in out and "1 failed" in out and "ben" in out


def test_a_failure_shows_the_report_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.symprop.toml").write_text(WRONG)
    out = run(tmp_path)
    assert "first wrong step  dE/dz2[1]" in out and "reverse difference" in out
    assert "Traceback" not in out and ".py:" not in out.split("FAILURES")[1]


def test_a_rubric_that_expects_the_mistake_passes(tmp_path: Path) -> None:
    (tmp_path / "test_rubric.symprop.toml").write_text(EXPECTED)
    assert "1 passed" in run(tmp_path)


def test_a_rubric_that_expects_another_mistake_fails_with_both(tmp_path: Path) -> None:
    (tmp_path / "test_rubric.symprop.toml").write_text(EXPECTED.replace("reverse_difference", "keep_half"))
    assert "expected keep_half, found" in run(tmp_path)


@pytest.mark.parametrize("text", ["[answers", "[answers]\nE = 2\n", 'exercise = "nowhere"\n[answers]\nE = 2\n'])
def test_a_bad_file_is_one_failing_item_with_its_message(text: str, tmp_path: Path) -> None:
    (tmp_path / "test_bad.symprop.toml").write_text(text)
    out = run(tmp_path)
    assert "1 failed" in out and "Traceback" not in out


def test_two_processes_share_the_items(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"test_{i}.symprop.toml").write_text(RIGHT)
    assert "3 passed" in run(tmp_path, "-n", "2")


def test_the_fixture_checks_a_derivation(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_right(derivation_checker):\n    assert derivation_checker('day12', {'E': 2}).ok\n"
        "def test_wrong(derivation_checker):\n    derivation_checker('day12', {'E': 3})\n"
    )
    out = run(tmp_path)
    assert "1 passed" in out and "1 failed" in out and "first wrong step  E" in out


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = "import sys, symprop.pytest_plugin; print([m for m in ('sympy', 'sklearn', 'numpy', 'pydantic', 'mpmath') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
