"""Rows -> the same rows, numbers put in with as many digits as their results need. Knows no network and no dialect.

Results come of exact numbers and are rounded once; who retypes a line starts from the rounded numbers it prints, and may
end one digit off. Where that happens the line's rounded numbers get a digit more, all of them, until its result is met;
results keep the page's own number of decimals, so that no line makes another one longer.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any

from sympy import Symbol

from symprop.arithmetic import OutOfDomain, Undecided, Value, nearest, shared
from symprop.document import Block, Equations, Math, Row
from symprop.layers import Op
from symprop.printing import Chain, Factors, Figure, Figures, Grid, Shown, Total, Written, half_away

#: Digits beyond the page's own that a line may need; a line that needs more has a result of something else.
MOST_DIGITS = 15

Values = list[list[Value]]


def retypable(blocks: Iterable[Block], figures: Figures) -> Iterator[Block]:
    """The blocks, each of whose rows gives its printed result when its printed numbers are worked out."""
    for block in blocks:
        if isinstance(block, Equations):
            yield replace(block, rows=tuple(_row(row, figures) for row in block.rows))
        else:
            yield block


def _row(row: Row, figures: Figures) -> Row:
    if row.answer is None or all(part.numbers is None for part in row.parts):
        return row
    # an exact result in the middle between two roundings is met from one side only: then it is printed a digit longer
    for answer in (row.answer, _finer(row.answer, figures, 1)):
        parts = [_fitting(part, answer, figures) if part.numbers is not None else part for part in row.parts]
        found = tuple(part for part in parts if part is not None)
        if len(found) == len(parts):
            return replace(row, parts=found, answer=answer)
        if figures.policy == "each":
            # the chain went another way to this result (by what cancels, by the parts of a sum): symbols = result
            return replace(row, parts=found)
    raise AssertionError(f"{row.id}: no number of digits makes the printed numbers give the printed result")


def _fitting(part: Math, answer: Math, figures: Figures) -> Math | None:
    """The part with the fewest digits that give the answer; None where MOST_DIGITS more are not enough."""
    for more in range(MOST_DIGITS + 1):
        finer = _finer(part, figures, more)
        if _gives(finer, answer, figures):
            return finer if more else part
    return None


# ---------------------------------------------------------------------- what a line prints
def _finer(math: Math, figures: Figures, more: int) -> Math:
    """The form with its rounded numbers as they are printed, with so many digits more."""

    def written(value: Value, given: bool = False, approximate: bool = False) -> Value:
        figure = figures.write(value, given=given, approximate=approximate, more=more)
        return value if figure.closed is not None else Written(figure)

    def finer(form: Any) -> Any:
        if isinstance(form, Shown):
            return form if form.significant else replace(form, value=written(form.value, form.given, form.approximate))
        if isinstance(form, Grid):
            return Grid(tuple(tuple(finer(entry) for entry in row) for row in form.rows))
        if isinstance(form, Total):
            return Total(tuple(finer(term) for term in form.terms))
        if isinstance(form, Op):
            return Op(form.name, tuple(finer(operand) for operand in form.operands))
        return form

    numbers = math.numbers
    if numbers is not None:
        numbers = {s: written(numbers[s], s in math.given) for s in symbols(math.form) if s in numbers}
    return replace(math, form=finer(math.form), numbers=numbers)


def symbols(form: Any) -> set[Symbol]:
    """The symbols that a form reads."""
    if isinstance(form, Chain):
        return set().union(*(symbols(factor) for term in form.terms for factor in term))
    if isinstance(form, Factors):
        return set().union(*map(symbols, form.factors))
    if isinstance(form, Grid):
        return set().union(*(symbols(entry) for row in form.rows for entry in row))
    if isinstance(form, Op):
        return set().union(*map(symbols, form.operands))
    return set(getattr(form, "free_symbols", ()))


# ---------------------------------------------------------------------- what it gives
def _gives(part: Math, answer: Math, figures: Figures) -> bool:
    """Whether the part, worked out, is the printed answer, entry by entry."""
    try:
        found = _worked(part.form, part.numbers or {})
    except (OutOfDomain, Undecided):
        return False  # the logarithm of 1 - 1.0000, say
    shown = answer.form.rows if isinstance(answer.form, Grid) else ((answer.form,),)
    pairs = zip(chain(*found), chain(*shown), strict=True)
    return all(_meets(value, entry, figures) for value, entry in pairs)


def _meets(value: Value, shown: Shown, figures: Figures) -> bool:
    """Whether a number rounds to a rounded figure, or is an exact one as far as the page's decimals go."""
    figure = figures.write(shown.value, given=shown.given, approximate=shown.approximate, significant=shown.significant)
    if figure.closed is not None:
        figure = figures.write(shown.value, approximate=True)
    if figure.rounded:
        return _rounded_as(value, figure)
    return abs(nearest(value) - figure.number) <= Fraction(1, 2 * 10 ** max(figures.decimals, figure.places))


def _rounded_as(value: Value, figure: Figure) -> bool:
    number = nearest(value)
    size = half_away(abs(number), figure.places) / Fraction(10) ** figure.places
    return (-size if number < 0 else size) == figure.number


def _worked(form: Any, numbers: Mapping[Symbol, Value]) -> Values:
    """The form's value as a matrix; a number is one of 1 x 1."""
    arithmetic = shared()
    if isinstance(form, Op):
        return _operation(form, numbers)
    if isinstance(form, Grid):
        return [[_worked(entry, numbers)[0][0] for entry in row] for row in form.rows]
    if isinstance(form, Shown):
        return [[form.value]]
    if isinstance(form, Total):
        return [[arithmetic.add([_worked(term, numbers)[0][0] for term in form.terms])]]
    if isinstance(form, Chain):
        terms = [[_worked(factor, numbers)[0][0] for factor in term] for term in form.terms]
        return [[arithmetic.add([arithmetic.multiply(factors) for factors in terms])]]
    if isinstance(form, Factors):
        return [[arithmetic.multiply([_worked(factor, numbers)[0][0] for factor in form.factors])]]
    return [[arithmetic.evaluate(form, numbers)]]


def _operation(form: Op, numbers: Mapping[Symbol, Value]) -> Values:
    arithmetic = shared()
    add, multiply = arithmetic.add, arithmetic.multiply
    if form.name == "total":
        matrix = _worked(form.operands[0], numbers)
        if form.operands[1] == "columns":
            return [[add(row)] for row in matrix]
        return [[add(list(column)) for column in zip(*matrix, strict=True)]]
    left, *rest = (_worked(operand, numbers) for operand in form.operands)
    if form.name in ("same", "entry"):
        return left
    if form.name == "shared":
        return [[add(list(chain(*left)))]]
    (right,) = rest
    if form.name == "product":
        columns = list(zip(*right, strict=True))
        return [
            [add([multiply([a, b]) for a, b in zip(row, column, strict=True)]) for column in columns] for row in left
        ]
    if form.name == "scaled":
        return [[multiply([left[0][0], entry]) for entry in row] for row in right]
    if form.name == "hadamard":
        return _entrywise(left, right, lambda a, b: multiply([a, b]))
    if form.name == "difference":
        return _entrywise(left, right, lambda a, b: add([a, multiply([Fraction(-1), b])]))
    assert form.name == "sum", form.name
    return _entrywise(left, right, lambda a, b: add([a, b]))


def _entrywise(left: Values, right: Values, combine: Any) -> Values:
    """Entry by entry; a bias, one row or one column, goes to every sample."""
    down, across = len(right) - 1, len(right[0]) - 1
    return [[combine(a, right[min(i, down)][min(j, across)]) for j, a in enumerate(row)] for i, row in enumerate(left)]
