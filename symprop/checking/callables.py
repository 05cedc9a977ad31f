"""A function that computes gradients -> answers like any other: in this process, or a student's file in a limited one of its own.

    f(x, y, parameters)            parameters: {"W1": array, "b1": array, …}
    f(x, y, W1, b1, W2, b2)        the same, one by one, in this order or by these names

x is samples x inputs, y samples x outputs (None where the loss has no target), weights inputs x units, all arrays of floats. The
function returns a dictionary (any id: "dE/dW1", "dE/db1", "dE/dz1[2]", "a1", "E"; "dW1" is read as "dE/dW1"), or the gradients of
the parameters as a sequence in their order.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from symprop.arithmetic import nearest
from symprop.checking import child
from symprop.checking.answers import Answers, read_mapping
from symprop.checking.spellings import Spellings
from symprop.errors import ExerciseError, UsageError, quoted, shown
from symprop.exercise import Exercise
from symprop.solution import Solution

#: Limits of a student's process: seconds of CPU, seconds by the clock, bytes of memory, bytes of output.
CPU_SECONDS = 10
WALL_SECONDS = 20
MEMORY = 300 * 10**6
OUTPUT = 4 * 10**6


def inputs_of(exercise: Exercise) -> tuple[Any, Any, dict[str, Any]]:
    """x, y and the parameters of an exercise as nested lists of floats. Raises UsageError for a symbolic exercise."""
    if exercise.data is None or exercise.parameters is None:
        raise UsageError("a symbolic exercise has no numbers to call a function with")

    def plain(value: Any) -> Any:
        return [plain(each) for each in value] if isinstance(value, tuple) else float(nearest(value))

    order = []
    for layer in range(1, exercise.depth + 1):
        order += [f"W{layer}", *([f"b{layer}"] if exercise.network.biases else [])]
    parameters = {key: plain(exercise.parameters[key]) for key in order}
    targets = exercise.targets if exercise.has_targets else None
    return plain(exercise.data.x), None if targets is None else plain(targets), parameters


def answers_of(solution: Solution, known: Spellings, function: Callable[..., Any]) -> Answers:
    """What a trusted function gives, called in this process. Raises UsageError for a result that is no answer."""
    import numpy

    x, y, parameters = inputs_of(solution.exercise)
    arrays = {key: numpy.asarray(value, dtype=float) for key, value in parameters.items()}
    result = child.called(
        function, numpy.asarray(x, dtype=float), None if y is None else numpy.asarray(y, dtype=float), arrays
    )
    try:
        values = {key: child.plain(value) for key, value in child.named(result, arrays).items()}
    except (TypeError, ValueError) as problem:
        raise UsageError(f"the function {problem}") from None
    return read_mapping(values, solution.exercise, known)


def answers_of_file(solution: Solution, known: Spellings, file: Path, name: str) -> Answers:
    """What a student's function gives, called in a process with limits. Raises ExerciseError with file and function."""
    x, y, parameters = inputs_of(solution.exercise)
    where = f"{file}:{name}"
    if not file.is_file():
        raise ExerciseError("no such file", where=str(file))
    task = {
        "x": x, "y": y, "parameters": parameters, "order": list(parameters),
        "cpu": CPU_SECONDS, "memory": MEMORY, "output": OUTPUT,
    }  # fmt: skip
    answer = _run(file, name, json.dumps(task), where)
    if "error" in answer:
        raise ExerciseError(shown(answer["error"], 300), where=where)
    found = read_mapping(_checked(answer.get("values"), where), solution.exercise, known)
    return Answers(found.given, file.stem, where)


def _checked(values: Any, where: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ExerciseError("its answer is no table of values", where=where)
    return values


def _run(file: Path, name: str, task: str, where: str) -> dict[str, Any]:
    """The child's answer. No variable of our environment is handed on, and its whole process group ends with it."""
    kept = {key: os.environ[key] for key in ("SYSTEMROOT", "LANG", "LC_ALL") if key in os.environ}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", child.__file__, str(file.resolve()), name],
            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL, cwd=folder,
            env={**kept, **threads, "PATH": os.defpath}, start_new_session=os.name == "posix",
        )  # fmt: skip
        try:
            process.communicate(task.encode(), timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise ExerciseError(f"took longer than {WALL_SECONDS} seconds", where=where) from None
        finally:
            _ended(process)
        out.seek(0)
        data = out.read(OUTPUT + 1)
    if not data:
        by = {getattr(signal, "SIGXCPU", None): f"took more than {CPU_SECONDS} seconds of CPU"}
        ended = -process.returncode if process.returncode and process.returncode < 0 else 0
        why = by.get(ended, "was ended" if ended else "gave no answer")
        raise ExerciseError(f"{why}; a function has {CPU_SECONDS} s and {MEMORY // 10**6} MB", where=where)
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise ExerciseError("its answer is no table of values", where=where) from None
    if not isinstance(answer, dict):
        raise ExerciseError(f"found {quoted(answer)}; wanted a table of values", where=where)
    return answer


def _ended(process: "subprocess.Popen[bytes]") -> None:
    """Ends the child and whatever it started."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def not_limited() -> str:
    """What the platform does not limit in a student's process, in words; "" where everything is."""
    try:
        import resource  # noqa: F401
    except ImportError:
        return "memory, CPU and output of the function are not limited on this platform; only its time is"
    return "memory of the function is not limited on this platform" if sys.platform == "darwin" else ""


__all__ = ["answers_of", "answers_of_file", "inputs_of", "not_limited"]
