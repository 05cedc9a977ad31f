"""Every failure a user can cause, as one tree; each carries the exit code of the command line.

SympropError
 +-- ExerciseError      an exercise file or its numbers cannot be used          exit 2
 |    +-- DomainError   its numbers leave a function's domain (ln of 0)         exit 2
 +-- KinkError          a pre-activation cannot be told from its kink           exit 2
 +-- UsageError         an option, an id or an output path cannot be used       exit 2
 +-- Disagreement       an oracle contradicts the solution                      exit 1
"""

from collections.abc import Iterable
from difflib import get_close_matches


class SympropError(Exception):
    """Base of all errors with a message for the user; `exit_code` is what the command line returns."""

    exit_code = 2


class UsageError(SympropError):
    """An option, a quantity id or an output path cannot be used."""


class ExerciseError(SympropError):
    """An exercise cannot be used: `where` is the file or "exercise", `key` the path inside it ("" for the whole file)."""

    def __init__(self, problem: str, *, key: str = "", where: str = "exercise", hint: str = "") -> None:
        self.problem, self.key, self.where, self.hint = problem, key, where, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: {self.key}" if self.key else self.where
        return f"{place}: {self.problem}" + (f" ({self.hint})" if self.hint else "")

    def at(self, where: str) -> "ExerciseError":
        """The same error, located in the file `where`."""
        return type(self)(self.problem, key=self.key, where=where, hint=self.hint)


class DomainError(ExerciseError):
    """A value lies outside a function's domain; `key` is the quantity's id."""


class KinkError(ExerciseError):
    """A pre-activation can neither be separated from its kink nor proved to lie on it."""


class Disagreement(SympropError):
    """An oracle's number differs from the solution's; nothing may be written."""

    exit_code = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "relu"?` when a known word is close to `word`, else the list of known words."""
    choices = list(known)
    close = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else "known: " + ", ".join(choices)
