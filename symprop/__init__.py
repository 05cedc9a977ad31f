"""Backpropagation by hand, worked out: exact derivations, answer keys, two independent checks.

    solution = symprop.solve(symprop.load("day12"))
    print(symprop.render(solution, "markdown"))

Everything is imported when it is first used, so that `import symprop` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "load": "exercise",
    "MLP": "exercise",
    "Exercise": "exercise",
    "solve": "solution",
    "Solution": "solution",
    "Step": "solution",
    "verify": "api",
    "render": "api",
    "write": "api",
    "check": "api",
    "Report": "checking.report",
    "read_answer": "reading",
    "Unreadable": "reading",
    "compare": "checking.equal",
    "Equality": "checking.equal",
    "variants": "api",
    "Quantity": "quantity",
    "OracleReport": "oracles",
    "SympropError": "errors",
    "ExerciseError": "errors",
    "DomainError": "errors",
    "KinkError": "errors",
    "UsageError": "errors",
    "CannotSatisfy": "errors",
    "Disagreement": "errors",
}
__all__ = sorted(_HOMES)

if TYPE_CHECKING:
    from symprop.api import check, render, variants, verify, write
    from symprop.checking.equal import Equality, compare
    from symprop.checking.report import Report
    from symprop.errors import (
        CannotSatisfy,
        Disagreement,
        DomainError,
        ExerciseError,
        KinkError,
        SympropError,
        UsageError,
    )
    from symprop.exercise import MLP, Exercise, load
    from symprop.oracles import OracleReport
    from symprop.quantity import Quantity
    from symprop.reading import Unreadable, read_answer
    from symprop.solution import Solution, Step, solve


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'symprop' has no attribute {name!r}")
    return getattr(import_module(f"symprop.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
