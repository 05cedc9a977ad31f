"""Every printed line reproduces: its printed numbers, worked out by a plain reader, give its printed result to the last digit."""

from fractions import Fraction
from typing import Any

import plain_reader as reader
import pytest
from plain_reader import MP, Cell, Figure, Letters, Row
from random_pages import COUNT, POLICIES, VIEWS, Printed, one_page, printed

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
    if sign != "=" and places is not None and (places >= decimals or shown.value.denominator == 1 and places < 0):
        return reader.rounded(value, places) == shown.value
    if exactly:
        if isinstance(value, Fraction) and isinstance(shown.value, Fraction):
            return value == shown.value
        size = max(abs(reader.mp(value)), abs(reader.mp(shown.value)), 1)
        return bool(abs(reader.mp(value) - reader.mp(shown.value)) < size * MP.mpf(10) ** -45)
    return abs(reader.fraction(value) - reader.fraction(shown.value)) <= Fraction(1, 2 * 10 ** max(decimals, places or 0))


def faults(row: Row, decimals: int) -> list[str]:
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
            exactly = exactly and cell.sign != "≈" and (cell.sign != "←" or not rounded_inside(cell.text, decimals))
        before = now
    return [f"{row.left} {' '.join(f'{c.sign} {c.text}' for c in row.cells)}: {fault}" for fault in found]


def rounded_inside(text: str, decimals: int) -> bool:
    """Whether the numbers put in behind an arrow, which hides the sign, have as many places as rounded ones."""
    return any(len(token.partition(".")[2]) >= min(decimals, 4) - 1 for token in reader.tokenize(text) if token[0].isdigit())


def checked(page: Printed) -> int:
    """How many steps from numbers to numbers a page has; every one is right."""
    steps = 0
    wrong: list[str] = []
    for row in reader.rows(page.text):
        wrong += faults(row, page.decimals)
        steps += sum(numbers_of(cell) is not None for cell in row.cells[:-1])
    assert not wrong, page.name + "\n" + "\n".join(wrong)
    return steps


@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
def test_every_printed_line_gives_its_result_when_worked_out_again(start: int) -> None:
    assert sum(checked(one_page(seed)) for seed in range(start, start + CHUNK)) > 10 * CHUNK


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy or "short")
def test_every_line_of_100_exercises_reproduces_under_every_policy(policy: str, view: str, start: int) -> None:
    assert sum(checked(printed(seed, policy, view)) for seed in range(start, start + CHUNK)) > 0
