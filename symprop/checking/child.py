"""Runs one function of a student's file in a process of its own: `python -I child.py FILE NAME`; JSON in, JSON out.

In: {"x", "y", "parameters", "order", "cpu", "memory", "output"} on standard input. Out: {"values"} or {"error"} on standard output,
with the limits that the platform knows set before the file is read. Imports nothing of symprop.
"""

import importlib.util
import inspect
import json
import os
import sys
from typing import Any


def limited(cpu: int, memory: int, output: int) -> None:
    """Seconds of CPU, bytes of memory, bytes of any file written; no core file. What the platform lacks stays unlimited."""
    try:
        import resource
    except ImportError:  # Windows: the parent says so
        return
    for name, most in (("RLIMIT_CPU", cpu), ("RLIMIT_AS", memory), ("RLIMIT_FSIZE", output), ("RLIMIT_CORE", 0)):
        kind = getattr(resource, name, None)
        if kind is not None:
            try:
                resource.setrlimit(kind, (most, most + (name == "RLIMIT_CPU")))  # soft below hard: the signal says why
            except (ValueError, OSError):  # macOS refuses RLIMIT_AS
                continue


def called(function: Any, x: Any, y: Any, parameters: dict[str, Any]) -> Any:
    """The function's result: called as f(x, y, parameters), or as f(x, y, W1, b1, …) where it takes more than three arguments."""
    try:
        taken = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return function(x, y, parameters)
    names = [p.name for p in taken]
    required = [p for p in taken if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(required) <= 3 and not (len(names) > 2 and set(names[2:]) <= parameters.keys()):
        return function(x, y, parameters)
    if set(names[2:]) <= parameters.keys() and all(p.kind is p.POSITIONAL_OR_KEYWORD for p in taken):
        return function(x, y, *(parameters[name] for name in names[2:]))
    return function(x, y, *parameters.values())


def named(result: Any, parameters: dict[str, Any]) -> dict[str, Any]:
    """The result by id: a dictionary as it is (`dW1` for `dE/dW1`), a sequence as the gradients of the parameters in order."""
    if isinstance(result, dict):
        return {_id(str(key)): value for key, value in result.items()}
    if not isinstance(result, (list, tuple)) or len(result) != len(parameters):
        kind = f"{len(result)} values" if isinstance(result, (list, tuple)) else f"a {type(result).__name__}"
        wanted = ", ".join(f"dE/d{name}" for name in parameters)
        raise TypeError(f"returned {kind}; wanted a dictionary by id, or {wanted} in this order")
    return {f"dE/d{name}": value for name, value in zip(parameters, result, strict=True)}


def _id(key: str) -> str:
    return f"dE/{key}" if key[:1] == "d" and key[1:2] in ("W", "b", "z", "a", "x") and "/" not in key else key


def plain(value: Any) -> Any:
    """Arrays as lists, numbers as text with nine digits (five in single precision)."""
    single = str(getattr(value, "dtype", "")) in ("float32", "float16")
    if hasattr(value, "tolist"):
        value = value.tolist()
    return _text(value, 4 if single else 8)


def _text(value: Any, digits: int) -> Any:
    if isinstance(value, (list, tuple)):
        return [_text(each, digits) for each in value]
    if hasattr(value, "tolist"):
        return _text(value.tolist(), digits)
    if isinstance(value, str):
        return value
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"returned {number}; wanted finite numbers")
    return f"{number:.{digits}e}"


def main() -> None:
    """The process: read the task, set the limits, load the file, call the function, answer."""
    file, name = sys.argv[1:3]
    task = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  lives as long as the process
    try:
        import numpy

        def array(value: Any) -> Any:
            return numpy.asarray(value, dtype=float)

        parameters = {key: array(task["parameters"][key]) for key in task["order"]}
        x, y = array(task["x"]), None if task["y"] is None else array(task["y"])
        limited(task["cpu"], task["memory"], task["output"])
        spec = importlib.util.spec_from_file_location("answer", file)
        if spec is None or spec.loader is None:
            raise ImportError("is no Python file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        function = getattr(module, name, None)
        if not callable(function):
            raise NameError(f"no function {name}")
        values = named(called(function, x, y, parameters), parameters)
        answer: dict[str, Any] = {"values": {key: plain(value) for key, value in values.items()}}
    except MemoryError:
        answer = {"error": "MemoryError: more memory than allowed"}
    except BaseException as problem:  # whatever a student's file raises, SystemExit too, is its answer
        answer = {"error": f"{type(problem).__name__}: {problem}"[:500]}
    out.write(json.dumps(answer))
    out.flush()
    os._exit(0)  # no exit handler of the file runs


if __name__ == "__main__":
    main()
