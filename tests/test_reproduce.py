"""Every printed line reproduces: its printed numbers, worked out by a plain reader, give its printed result to the last digit."""

import sys
from fractions import Fraction
from typing import Any

import plain_reader as reader
import pytest
from plain_reader import MP, Cell, Figure, Letters
from random_pages import COUNT, POLICIES, QUICK, VIEWS, Printed, one_page, printed
from sympy import S, exp, log

from symprop.api import render
from symprop.document import Equations, Math, Row
from symprop.exercise import MLP
from symprop.graph import symbol
from symprop.notation import Names, Notation
from symprop.printing import Chain, Figures, Latex, Shown, Total, Written
from symprop.solution import solve
from symprop.wording.retyped import retypable

LATEX = Latex(Names(Notation(), (1, 2, 1)))

CHUNK = 10


def numbers_of(cell: Cell) -> Any:
    """The cell's value; None where it holds names."""
    try:
        return reader.value(cell.text)
    except Letters:
        return None


def meets(value: Any, shown: Figure, sign: str, decimals: int, exactly: bool) -> bool:
    """Whether a number is the printed one.

    After `≈` a decimal is the number rounded to the printed places. What has fewer places than the page rounds to is exact:
    the number equals it, or where it was worked out from rounded ones (not `exactly`) differs by no more than these allow.
    """
    places = shown.places
    if sign != "=" and places is not None and (places >= decimals or (shown.value.denominator == 1 and places < 0)):
        return reader.rounded(value, places) == shown.value
    if exactly:
        if isinstance(value, Fraction) and isinstance(shown.value, Fraction):
            return value == shown.value
        size = max(abs(reader.mp(value)), abs(reader.mp(shown.value)), 1)
        return bool(abs(reader.mp(value) - reader.mp(shown.value)) < size * MP.mpf(10) ** -45)
    return abs(reader.fraction(value) - reader.fraction(shown.value)) <= Fraction(
        1, 2 * 10 ** max(decimals, places or 0)
    )


def faults(row: reader.Row, decimals: int) -> list[str]:
    """The steps of a row from numbers to numbers that are wrong; [] as well where it has none."""
    found = []
    before: Any = None
    exactly = True
    for cell in row.cells:
        try:
            now = numbers_of(cell)
            if before is not None and now is None:
                found.append("names stand behind numbers")
            if before is not None and now is not None:
                shown = reader.figures(cell.text)
                values = before if isinstance(before, list) else [[before]]
                if (len(values), len(values[0])) != (len(shown), len(shown[0])):
                    found.append("shapes differ")
                for line, entries in zip(values, shown, strict=False):
                    for value, entry in zip(line, entries, strict=False):
                        if not meets(value, entry, cell.sign, decimals, exactly):
                            found.append(f"{MP.nstr(reader.mp(value), 12)} is printed {cell.sign} {entry}")
        except reader.Unreadable as problem:
            found.append(f"unreadable: {problem}")
            break
        if now is not None:
            exactly = exactly and cell.sign == "="
        before = now
    return [f"{row.left} {' '.join(f'{c.sign} {c.text}' for c in row.cells)}: {fault}" for fault in found]


def checked(page: Printed) -> int:
    """How many steps from numbers to numbers a page has; every one is right."""
    steps = 0
    wrong: list[str] = []
    for row in reader.rows(page.text):
        wrong += faults(row, page.decimals)
        steps += sum(numbers_of(cell) is not None for cell in row.cells[:-1])
    assert not wrong, page.name + "\n" + "\n".join(wrong)
    return steps


@pytest.mark.parametrize("start", range(0, QUICK, 8))
def test_every_printed_line_gives_its_result_when_worked_out_again(start: int) -> None:
    assert sum(checked(one_page(seed)) for seed in range(start, start + 8)) > 80


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy or "short")
def test_every_line_of_100_exercises_reproduces_under_every_policy(policy: str, view: str, start: int) -> None:
    assert sum(checked(printed(seed, policy, view)) for seed in range(start, start + CHUNK)) > 0


# ---------------------------------------------------------------------- how digits are added
NET = MLP([(1, "logistic"), (1, "identity")], x=[["0.7"]], y=[["0.2"]], W=[[["0.9"]], [["-6.1"]]], biases=False)


def test_a_line_gets_the_digits_its_result_needs_and_no_others_change() -> None:
    """h = sigma(0.63) = 0.652489...: -6.1 times 0.6525 is -3.98025, times 0.65249 is -3.980189, and z = -3.98018..."""
    text = render(solve(NET), view="units", fragment=True)
    assert r"\approx -6.1 \cdot 0.65249 &&" in text
    assert r"h_{1} &= \sigma(z_{1}) &&= \frac{1}{1 + e^{-0.63}} &&\approx \symanswer{0.6525}" in text


def test_without_more_digits_a_line_does_not_reproduce(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law sees what it is for."""
    monkeypatch.setattr(sys.modules["symprop.wording.narrate"], "retypable", lambda blocks, figures: blocks)
    page = Printed(solve(NET), render(solve(NET), view="units", fragment=True), "", 4, "without")
    with pytest.raises(AssertionError, match="is printed"):
        checked(page)


def test_an_exact_result_halfway_between_two_roundings_is_printed_a_digit_longer() -> None:
    """0.3333 is below 1/3 however many digits it has: 1/3 of 0.37035 is 0.12345, which it meets only unrounded."""
    third, factor = symbol("z1[1]"), symbol("W1[1,1]")
    numbers = {third: Fraction(1, 3), factor: Fraction("0.37035")}
    row = Row(Math(third), (Math(third * factor, numbers, frozenset({factor})),), Math(Shown(Fraction("0.12345"))))
    (block,) = retypable([Equations((row,))], Figures("end", 4))
    assert isinstance(block, Equations)
    answer = block.rows[0].answer
    assert answer is not None
    assert LATEX.write(answer.form) == "0.12345"


def test_a_result_of_something_else_is_refused() -> None:
    z = symbol("z1[1]")
    row = Row(Math(z), (Math(2 * z, {z: Fraction(1, 3)}),), Math(Shown(Fraction(2, 7))))
    with pytest.raises(AssertionError, match="no number of digits"):
        list(retypable([Equations((row,))], Figures("end", 4)))


@pytest.mark.parametrize(
    ("value", "more", "printed"),
    [
        (Fraction(1, 3), 2, "0.333333"),
        (Fraction(2, 30000), 1, r"6.6667 \cdot 10^{-5}"),
        (Fraction("0.12345"), 3, "0.12345"),
        (Fraction("-0.99999"), 0, "-1.0000"),
    ],
)
def test_more_digits_keep_the_form_of_a_number(value: Fraction, more: int, printed: str) -> None:
    figure = Figures("end", 4).write(value, more=more)
    assert LATEX.write(figure) == printed
    assert Latex(LATEX.names, Figures("end", 4)).write(Shown(Written(figure))) == printed


w, x, b = (symbol(name) for name in ("W1[1,1]", "x[1]", "b1[1]"))
CLOSED_SUMS = [
    (w * x, {w: log(3) - 1, x: Fraction(2)}, r"(\ln(3) - 1) \cdot 2"),
    (x * w, {w: Fraction(2), x: 1 - log(3)}, r"2 \cdot (1 - \ln(3))"),
    (x - w, {w: log(3) - 1, x: Fraction(2)}, r"2 - (\ln(3) - 1)"),
    (x + b, {x: Fraction(2), b: log(2) - 3}, r"2 + (\ln(2) - 3)"),
    (exp(-w), {w: log(3) - 1}, r"e^{-(\ln(3) - 1)}"),
    (w**2, {w: log(3) - 1}, r"(\ln(3) - 1)^{2}"),
    (Chain(((w, x), (b, S.One))), {w: log(3) - 1, x: log(2) - 1, b: log(3) - 2}, r"(\ln(3) - 1) \cdot (\ln(2) - 1) + (\ln(3) - 2) \cdot 1"),
    (Shown(log(3) - 2), None, r"\ln(3) - 2 \approx -0.9014"),
    (Shown(-log(3) - 2), None, r"-2 - \ln(3) \approx -3.0986"),
    (Total((Shown(Fraction(-1, 2)), Shown(Fraction(-2)), Shown(Fraction(3)))), None, "-0.5 - 2 + 3"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "numbers", "wanted"), CLOSED_SUMS, ids=[case[2] for case in CLOSED_SUMS])
def test_a_closed_form_of_several_terms_keeps_its_signs_and_gets_brackets(form: Any, numbers: Any, wanted: str) -> None:
    assert Latex(LATEX.names, numbers=numbers).write(form) == wanted
