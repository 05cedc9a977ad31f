"""The section "Gradient check": a central difference beside each gradient, worked as a student would with a calculator."""

from collections.abc import Iterator
from fractions import Fraction

from symprop.arithmetic import OutOfDomain, nearest
from symprop.document import Block, Heading, Math, Prose, Table, Text
from symprop.graph import symbol
from symprop.notation import Name
from symprop.printing import Shown
from symprop.quantity import Quantity, gradient
from symprop.solution import round_value
from symprop.wording import words
from symprop.wording.page import Page

#: How far each parameter is moved, and the decimals that losses and quotients are printed with.
STEP = Fraction(1, 1000)
LOSS_DECIMALS, QUOTIENT_DECIMALS = 8, 4
#: Beyond this distance from the gradient, relative to it or to 1, a difference has met a kink: the error of the method is h².
MET_KINK = Fraction(1, 1000)


def gradient_check(page: Page) -> Iterator[Block]:
    """The loss with each parameter moved both ways, their difference over 2h, the gradient. Nothing without numbers."""
    if page.numbers is None:
        return
    h = Math(Name("h"))
    yield Heading(1, ("Gradient check",))
    yield Prose(
        (
            "Each parameter in turn is moved by ",
            h,
            " = ",
            Math(Shown(STEP, given=True)),
            " both ways and the loss worked out again. The difference of the two losses, as printed, over 2",
            h,
            " stands beside the gradient.",
        )
    )
    rows, odd = [], []
    for parameter in page.exercise.parameter_ids():
        cells = _difference(page, parameter)
        if cells is None:
            odd.append(parameter)
            continue
        *losses, quotient, met_kink = cells
        if met_kink:
            odd.append(parameter)
        rows.append(
            (
                (Math(symbol(parameter)),),
                *[(_to_places(loss, LOSS_DECIMALS),) for loss in losses],
                (_to_places(quotient, QUOTIENT_DECIMALS),),
                (Math(Shown(page.number(gradient(parameter)))),),
            )
        )
    head: tuple[Text, ...] = (
        ("parameter",),
        ("loss at +", h),
        ("loss at −", h),
        ("difference over 2", h),
        ("gradient",),
    )
    yield Table(head, tuple(rows), "lrrrr")
    if odd:
        names = [Math(symbol(p)) for p in odd]
        listed: list[str | Math] = [part for i, name in enumerate(names) for part in ((", ", name) if i else (name,))]
        yield Prose(
            (
                *listed,
                f": moving {words.them(len(odd))} crosses a kink or leaves the domain of the loss, where a difference says nothing of the gradient.",
            ),
            quiet=True,
        )


def _to_places(value: Fraction, places: int) -> Math:
    """A number of that many decimals with all of them, whatever the page does elsewhere."""
    return Math(Shown(value, significant=len(str(abs(int(value * 10**places))))))


def _difference(page: Page, parameter: Quantity) -> tuple[Fraction, Fraction, Fraction, bool] | None:
    """Losses and quotient as printed, and whether a kink lies between; None where a loss cannot be worked out."""
    at = nearest(page.solution.number(parameter))
    try:
        above, below = (
            round_value(page.solution.loss_with({parameter: at + way}), LOSS_DECIMALS) for way in (STEP, -STEP)
        )
    except OutOfDomain:
        return None
    quotient = (above - below) / (2 * STEP)
    exact = nearest(page.solution.number(gradient(parameter)))
    met_kink = abs(quotient - exact) > MET_KINK * max(Fraction(1), abs(exact))
    return above, below, round_value(quotient, QUOTIENT_DECIMALS), met_kink
