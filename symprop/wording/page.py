"""One page in the making: the solution, how it is written, and the numbers to put in. Small parts that every section uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

from sympy import Symbol

from symprop import quantity as q
from symprop.arithmetic import Value
from symprop.document import Math
from symprop.exercise import Exercise
from symprop.graph import quantity_of, symbol
from symprop.layers import LayerStep, LayerView
from symprop.notation import Names
from symprop.printing import Figures, Grid, Relation, Shown
from symprop.quantity import Quantity
from symprop.solution import Solution
from symprop.wording import words


@dataclass
class Page:
    """What every section of a key reads; `shown` grows, so that nothing is worked out twice."""

    solution: Solution
    detail: str
    view: str
    shown: set[Quantity] = field(default_factory=set)

    def __post_init__(self) -> None:
        exercise = self.solution.exercise
        self.exercise = exercise
        self.names = names(exercise)
        self.figures = figures(exercise)
        self.layers = LayerView(self.solution)
        self.given = frozenset(n.symbol for n in self.solution.graph if n.given is not None)
        self.numbers: Mapping[Symbol, Value] | None = (
            None if self.solution.is_symbolic else self.solution.numbers(rounded=True)
        )

    def answer(self, of: Quantity) -> Math | None:
        """The value as the page shows it; None in a symbolic exercise."""
        if self.numbers is None:
            return None
        return Math(Shown(self.number(of)), head=words.RESULT)

    def number(self, of: Quantity) -> Value:
        """The value of a scalar as the page's rounding policy has it."""
        return self.solution.number(of, rounded=True)

    def grid(self, step: LayerStep) -> Math:
        """The values of a layer step as a matrix."""
        assert self.numbers is not None
        numbers = self.numbers
        return Math(Grid(tuple(tuple(Shown(numbers[symbol(of)]) for of in row) for row in step.entries)))


def names(exercise: Exercise) -> Names:
    """The exercise's own Names."""
    return Names(exercise.notation, exercise.widths, exercise.samples, exercise.network.biases == "shared")


def figures(exercise: Exercise) -> Figures:
    """The exercise's own number formatting."""
    if exercise.rounding is None:
        return Figures()
    policy: Literal["exact", "end", "each"] = exercise.rounding.policy
    return Figures(policy, exercise.rounding.decimals)


def equation(left: Math, right: Math) -> Math:
    """left = right, for a sentence."""
    return Math(Relation(left.form, right.form))


def scalars(solution: Solution, of: Quantity) -> list[Quantity]:
    """The scalars of a quantity: itself, or the entries of a whole in reading order."""
    members = solution.members(of)
    return [m for row in members for m in row] if isinstance(members, list) else [members]


def without_step(expression: Any) -> Any:
    """Updated parameters and moments under their plain names, as a rule is written."""

    def plain(of: Quantity) -> Symbol:
        if of.state == "new":
            return symbol(of.base)
        return symbol(replace(of, step=0)) if of.state else symbol(of)

    return expression.xreplace({s: plain(quantity_of(s)) for s in expression.free_symbols})


def constants() -> frozenset[Symbol]:
    """The symbols of an exercise's constants, whose numbers are shown as given."""
    return frozenset(symbol(Quantity(name)) for name in q.CONSTANTS)


def from_float(value: float | Fraction) -> Value:
    """Another tool's float as the decimal of 12 digits it stands for, so that it is written as ours are."""
    return value if isinstance(value, Fraction) else Fraction(f"{value:.12g}")
