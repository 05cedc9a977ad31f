"""Text + table of names -> Expr; knows no exercise.

`read` takes the formulas of exercise files: one line of plain text, its names and functions. `read_answer` takes what a
student wrote, in plain text, Unicode or LaTeX. Both give an exact SymPy expression (or an explicit matrix), or an
`Unreadable` that says where and why. Neither ever raises for a text, however hostile, evaluates anything but arithmetic and
the given functions, or makes a Symbol of its own.
"""

from symprop.reading.chains import Side, name_of, read_answer, read_chain, read_side
from symprop.reading.formulas import Part, statements, unwrapped
from symprop.reading.grammar import Functions, Names, read, read_number
from symprop.reading.names import Entry, Table
from symprop.reading.tokens import LIMITS, Limits, Unreadable, pointed
from symprop.reading.values import Answer
from symprop.reading.vocabulary import Function

__all__ = [
    "LIMITS", "Answer", "Entry", "Function", "Functions", "Limits", "Names", "Part", "Side", "Table", "Unreadable",
    "name_of", "pointed", "read", "read_answer", "read_chain", "read_number", "read_side", "statements", "unwrapped",
]  # fmt: skip
