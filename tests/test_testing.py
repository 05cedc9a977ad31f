"""symprop.testing, functions of students in a process of their own, and files that mean harm."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symprop
from symprop.api import Checker
from symprop.checking import callables
from symprop.errors import ExerciseError, UsageError
from symprop.testing import WrongDerivation, assert_derivation, assert_gradients

POSIX = pytest.mark.skipif(os.name != "posix", reason="limits of processes are POSIX")


def forward(x: Any, y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> tuple[Any, ...]:
    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    d2 = a1 @ W2 + b2 - y
    d1 = d2 @ W2.T * (z1 > 0)
    return x.T @ d1, d1.sum(axis=0), a1.T @ d2, d2.sum(axis=0)


def by_dictionary(x: Any, y: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    dW1, db1, dW2, db2 = forward(x, y, **parameters)
    return {"dE/dW1": dW1, "dW2": dW2, "dE/db1": db1, "dE/db2[1]": db2[0]}


def test_gradients_may_come_by_id_or_in_order() -> None:
    assert len(assert_gradients("day12", by_dictionary).answered) == 7
    assert len(assert_gradients("day12", forward).answered) == 7


def test_wrong_gradients_fail_with_the_report() -> None:
    def transposed(x: Any, y: Any, p: dict[str, Any]) -> dict[str, Any]:
        return {"dE/dW2": by_dictionary(x, y, p)["dW2"] * [[1], [-1]]}

    with pytest.raises(WrongDerivation, match=r"first wrong step  dE/dW2\[2,1\]") as failed:
        assert_gradients("day12", transposed)
    assert failed.value.report.first_wrong == "dE/dW2[2,1]"


def test_a_function_without_answers_is_told_what_is_wanted() -> None:
    with pytest.raises(UsageError, match="dE/dW1, dE/db1, dE/dW2, dE/db2 in this order"):
        assert_gradients("day12", lambda x, y, p: None)


def test_a_right_derivation_passes_and_a_wrong_one_fails_with_the_report() -> None:
    assert assert_derivation("day12", {"dE/dW2": "[2 4]"}).ok
    with pytest.raises(AssertionError, match="hand derivation differs at 1 of 1 step"):
        assert_derivation("day12", {"E": "3"})


# ---------------------------------------------------------------------- functions that mean harm
def outcome(tmp_path: Path, body: str) -> Any:
    file = tmp_path / "student.py"
    file.write_text(f"def f(x, y, p):\n    {body}\n")
    checker = Checker("day12")
    return checker.check(callables.answers_of_file(checker.solution, checker.known, file, "f"))


def test_a_function_of_a_file_is_checked(tmp_path: Path) -> None:
    assert outcome(tmp_path, "print('noise'); return {'E': 2.0, 'dE/dW2': [[2], [4]]}").ok


HARM: list[tuple[str, str]] = [
    ("raise RuntimeError('no')", "RuntimeError: no"),
    ("import sys; sys.exit(0)", "SystemExit"),
    ("return {'E': float('nan')}", "finite"),
    ("import os; os._exit(0)", "gave no answer"),
    ("import os; os.kill(os.getpid(), 9)", "was ended"),
    ("return [0] * 10", "10 values"),
    ("b = bytearray(400_000_000); return {'E': len(b)}", "memory"),
    ("open('big', 'wb').write(b'0' * 5_000_000); return {'E': 2}", "File too large"),
]


@POSIX
@pytest.mark.parametrize(("body", "told"), HARM, ids=[b[:30] for b, _ in HARM])
def test_a_function_that_misbehaves_is_one_message(body: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ExerciseError, match=told):
        outcome(tmp_path, body)


@POSIX
def test_a_function_that_hangs_is_ended_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callables, "WALL_SECONDS", 3)
    mark = tmp_path / "pid"
    body = f"import subprocess, time; p = subprocess.Popen(['sleep', '60']); open({str(mark)!r}, 'w').write(str(p.pid)); time.sleep(60)"
    with pytest.raises(ExerciseError, match="longer than 3 seconds"):
        outcome(tmp_path, body)
    status = Path(f"/proc/{mark.read_text()}/status")
    assert not status.exists() or "Z (zombie)" in status.read_text()


def test_a_function_sees_no_variable_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPROP_SECRET", "1")
    assert outcome(tmp_path, "import os; return {'E': 3 if 'SYMPROP_SECRET' in os.environ else 2}").ok


# ---------------------------------------------------------------------- answers that mean harm
HOSTILE = [
    "__import__('os').system('touch HIT')",
    "open('HIT', 'w')",
    "9**9**9**9",
    "(" * 100_000,
    "1e999999999",
    "1" * 1_000_000,
    "exp(exp(exp(exp(exp(9)))))",
    "x" + "*x" * 290 + "^64" * 5,
    "lambda: 0",
    r"\input{/etc/passwd}",
    r"\write18{touch HIT}",
    "yhat!" * 50,
    "((yhat + y + x + w11 + w12)^64)^64",
    "[[" + "1," * 100_000 + "1]]",
]
CHILD = """
import resource, sys
sys.path[:0] = {path!r}
import symprop.api
resource.setrlimit(resource.RLIMIT_AS, (resource.getpagesize() * int(open('/proc/self/statm').read().split()[0]) + 300_000_000,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
checker = symprop.api.Checker("day12")
for text in {texts!r}:
    report = checker.check({{"dE/dW1[1,1]": text}})
    print(report["dE/dW1[1,1]"].verdict)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the size of a process from /proc")
def test_no_answer_runs_code_writes_a_file_hangs_or_takes_300_megabytes(tmp_path: Path) -> None:
    code = CHILD.format(path=[str(Path(symprop.__file__).parent.parent)], texts=HOSTILE)
    done = subprocess.run([sys.executable, "-"], input=code, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.split()) == len(HOSTILE) and "right" not in done.stdout.split()
    assert not list(tmp_path.iterdir())
