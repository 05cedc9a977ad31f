"""Every failure a user can cause, as one tree; each carries the exit code of the command line.

SympropError
 +-- ExerciseError      an exercise file or its numbers cannot be used          exit 2
 |    +-- DomainError   its numbers leave a function's domain (ln of 0)         exit 2
 +-- KinkError          a pre-activation cannot be told from its kink           exit 2
 +-- UsageError         an option, an id or an output path cannot be used       exit 2
 +-- TypesettingError   typst or TeX refused the page                           exit 1
 +-- CannotSatisfy      no draw meets the conditions on versions                exit 1
 +-- Disagreement       an oracle contradicts the solution                      exit 1

A message is one line without control characters, whatever a user's file held; `shown` and `quoted` keep its text short.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

#: Characters of a user's text that a message repeats; of a list of known words; of all that is wrong; of a path or hint.
SHOWN = 60
KNOWN = 220
PROBLEM = 320
PATH = 120


def printable(text: str) -> str:
    """The text on one line: control characters, bidi marks and lone surrogates as their escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(value: Any, limit: int = SHOWN) -> str:
    """What a user wrote, on one line and no longer than `limit`."""
    if isinstance(value, int) and value.bit_length() > 4000:
        return "a number of very many digits"  # Python refuses to write it out
    text = printable(str(value)[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quoted(value: Any) -> str:
    """The same in quotes."""
    return f'"{shown(value)}"'


def counted(n: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{n} {noun}" + ("" if n == 1 else "s")


class SympropError(Exception):
    """Base of all errors with a message for the user; `exit_code` is what the command line returns."""

    exit_code = 2

    def __str__(self) -> str:
        return printable(super().__str__())


class UsageError(SympropError):
    """An option, a quantity id or an output path cannot be used."""


class ExerciseError(SympropError):
    """An exercise cannot be used: `where` is the file or "exercise", `key` the path inside it ("" for the whole file)."""

    def __init__(self, problem: str, *, key: str = "", where: str = "exercise", hint: str = "") -> None:
        self.problem, self.key, self.where, self.hint = problem, key, where, hint
        super().__init__(problem)

    def __str__(self) -> str:
        where = self.where if len(self.where) <= PATH else "…" + self.where[1 - PATH :]
        place = f"{where}: {self.key}" if self.key else where
        return printable(
            f"{place}: {shown(self.problem, PROBLEM)}" + (f" ({shown(self.hint, PATH)})" if self.hint else "")
        )

    def __reduce__(self) -> Any:
        return _rebuilt, (type(self), self.problem, self.key, self.where, self.hint)

    def at(self, where: str) -> "ExerciseError":
        """The same error, located in the file `where`."""
        return type(self)(self.problem, key=self.key, where=where, hint=self.hint)


def _rebuilt(kind: type[ExerciseError], problem: str, key: str, where: str, hint: str) -> ExerciseError:
    return kind(problem, key=key, where=where, hint=hint)


class DomainError(ExerciseError):
    """A value lies outside a function's domain; `key` is the quantity's id."""


class KinkError(ExerciseError):
    """A pre-activation can neither be separated from its kink nor proved to lie on it."""


class TypesettingError(SympropError):
    """A typesetting engine refused the page."""

    exit_code = 1


class CannotSatisfy(SympropError):
    """No draw meets the conditions; `condition` is the name of the one that rejected most."""

    exit_code = 1

    def __init__(self, message: str, condition: str = "") -> None:
        self.condition = condition
        super().__init__(message)


class Disagreement(SympropError):
    """An oracle's number differs from the solution's; nothing may be written."""

    exit_code = 1


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean "relu"?` when a known word is close to `word`, else the list of known words."""
    choices = {choice.lower(): choice for choice in known}
    close = get_close_matches(word[:SHOWN].lower(), choices, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{choices[close[0]]}"?'
    words = ", ".join(choices.values())
    return "known: " + (words if len(words) <= KNOWN else words[: words.rfind(",", 0, KNOWN)] + ", …")
