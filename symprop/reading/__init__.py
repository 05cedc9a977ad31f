"""Text + table of names -> Expr; knows no exercise.

In: one line of plain text, the names and functions it may use, and limits. Out: an exact SymPy expression, or an
`Unreadable` that says where and why. Never raises for a text, however hostile; evaluates nothing but arithmetic and
the given functions; makes no Symbol of its own. Knows no network, no exercise and no LaTeX.
"""

from symprop.reading.grammar import Functions, Names, read, read_number
from symprop.reading.tokens import Limits, Unreadable

__all__ = ["Functions", "Limits", "Names", "Unreadable", "read", "read_number"]
