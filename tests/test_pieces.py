"""Pages in pieces: the bytes of the ordinary page on every version, and nothing read of a number that is not noted."""

from fractions import Fraction
from typing import Any

import pytest

from symprop import api
from symprop.exercise import MLP, Exercise, load
from symprop.oracles import sklearn
from symprop.rendering import render
from symprop.rendering.pieces import Opaque, Pieces, Slot, _Trace
from symprop.sampling import batch
from symprop.sampling.generator import Generator
from symprop.sampling.pages import pages
from symprop.sampling.shape import Shape
from symprop.solution import solve
from symprop.wording import narrate


def net(*units: int, inputs: int = 1, hidden: str = "relu", **more: Any) -> Exercise:
    widths = [inputs, *units]
    layers = [(n, hidden) for n in units[:-1]] + [(units[-1], "identity")]
    W = [[[1] * n for _ in range(m)] for m, n in zip(widths, units, strict=False)]
    return MLP(layers, x=[[1] * inputs], y=[[1] * units[-1]], W=W, b=[[1] * n for n in units], **more)


def rows(shape: Shape, n: int, *, zero_biases: bool = False, tenths: bool = False) -> list[tuple[Any, ...]]:
    """Leaves from -3 to 3, some of them 0; versions on a kink left out."""
    generator, found = Generator(f"{shape.exercise.name}:{shape.ids}"), []
    while len(found) < n:
        row: list[Any] = [generator.between(-3, 3) for _ in shape.leaves]
        if tenths:
            row = [value + Fraction(generator.below(10), 10) for value in row]
            row = [value.numerator if value.denominator == 1 else value for value in row]
        if zero_biases:
            row = [0 if of.name == "b" else value for of, value in zip(shape.leaves, row, strict=True)]
        if shape.values(row) is not None:
            found.append(tuple(row))
    return found


def compare(exercise: Exercise, format: str, found: list[tuple[Any, ...]], **options: Any) -> int:
    """Asserts that the pieces give the page's bytes; how many pages were in pieces."""
    shape, page, quick = Shape(exercise), None, 0
    for number, row in enumerate(found, start=1):
        solution = solve(shape.fill(row))
        report = sklearn.check(solution.exercise, api.numbers(solution))
        ids = sorted(report.values)
        if page is None:
            page = pages(shape, format, ids, **options)
            assert page is not None
        values = shape.values(row)
        assert values is not None
        document = narrate(solution, reports=[report], number=number, **options)
        text = page.write([*values, *(batch._decimal(report.values[id]) for id in ids)], document.code)
        if text is not None:
            assert text == render(document, format), row
            quick += 1
    return quick


@pytest.mark.slow
def test_500_versions_of_day12_have_the_bytes_of_their_pages() -> None:
    exercise = load("day12")
    assert compare(exercise, "latex", rows(Shape(exercise), 500)) > 450


NETS = {
    "2-2-1": net(2, 1, inputs=2),
    "2-4-4-2": net(4, 4, 2, inputs=2),
    "leaky": net(2, 1, hidden="leaky_relu"),
    "each rounded": net(2, 1, rounding={"policy": "each", "decimals": 2}),
    "google": net(2, 2, 1, notation={"profile": "google"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("format", ["latex", "typst", "markdown"])
@pytest.mark.parametrize("name", NETS)
def test_50_versions_of_other_nets_have_the_bytes_of_their_pages(name: str, format: str) -> None:
    compare(NETS[name], format, rows(Shape(NETS[name]), 50))


@pytest.mark.parametrize("format", ["latex", "typst", "markdown"])
def test_versions_of_day12_have_the_bytes_of_their_pages(format: str) -> None:
    exercise = load("day12")
    assert compare(exercise, format, rows(Shape(exercise), 12)) >= 8


def test_versions_with_decimals_have_the_bytes_of_their_pages() -> None:
    exercise = load("day12")
    compare(exercise, "latex", rows(Shape(exercise), 8, tenths=True))


def test_versions_whose_biases_are_all_0_say_so() -> None:
    exercise = load("day12")
    assert compare(exercise, "latex", rows(Shape(exercise), 8, zero_biases=True)) >= 4


def test_a_number_that_is_rounded_somewhere_goes_the_slow_way() -> None:
    page = pages(Shape(load("day12")), "latex")
    assert page is not None
    shape = Shape(load("day12"))
    row = [Fraction(1, 3) if of.name == "x" else 1 for of in shape.leaves]
    values = shape.values(row)
    assert values is not None
    assert page.write(values, "version") is None


# ---------------------------------------------------------------------- slots
@pytest.mark.parametrize(
    "read",
    [
        lambda slot: slot + 1,
        lambda slot: 2 * slot,
        lambda slot: -slot,
        lambda slot: abs(slot),
        lambda slot: slot.numerator,
        lambda slot: slot == 1,
        lambda slot: slot < Fraction(1, 2),
        lambda slot: f"{slot}",
        lambda slot: float(slot),
        lambda slot: slot**2,
        lambda slot: divmod(slot, 2),
    ],
)
def test_nothing_but_its_sign_can_be_read_of_a_slot(read: Any) -> None:
    with pytest.raises(Opaque):
        read(Slot(0, _Trace()))


@pytest.mark.parametrize("ask", [lambda s: s == 0, lambda s: s > 0, lambda s: s < 0, bool, lambda s: Fraction(0) == s])
def test_whose_sign_was_asked_is_noted(ask: Any) -> None:
    trace = _Trace()
    ask(Slot(3, trace))
    assert trace.asked == {3}


def test_a_page_that_reads_a_number_is_left_to_the_slow_way() -> None:
    def make(slots: Any, fact: Any) -> Any:
        return slots[0] + 1

    shape = Shape(load("day12"))
    page = pages(shape, "latex")
    assert page is not None
    broken = Pieces(make, page.count, page.kind, page.figures)
    assert broken.write([1] * page.count, "version") is None
    assert broken.hopeless


def test_a_seeded_fault_in_the_pieces_is_seen_by_the_sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    right = Pieces.write

    def wrong(self: Pieces, values: Any, code: str) -> str | None:
        text = right(self, values, code)
        return text and text.replace("result", "Result")

    monkeypatch.setattr(Pieces, "write", wrong)
    wanted = batch.Batch(load("day12"), 5, batch.Options(("tex",)), every=False)
    with pytest.raises(Exception, match="its page in pieces is not its page"):
        batch.run(wanted, 120, tmp_path)
