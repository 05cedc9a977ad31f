"""The closing sections: a weight's paths unrolled, all gradients, and the comparison with scikit-learn."""

from collections.abc import Iterator, Sequence

from sympy import S

from symprop import quantity as q
from symprop.arithmetic import exact, public
from symprop.document import Block, Equations, Heading, Math, Prose, Row, Table, Text
from symprop.graph import symbol
from symprop.notation import Name
from symprop.oracles import OracleReport
from symprop.printing import Factors, Grid, Shown, Total, Width
from symprop.quantity import Quantity, gradient
from symprop.wording import words
from symprop.wording.page import Page, equation, from_float
from symprop.wording.questions import layer_row
from symprop.wording.reasons import matrix_reasons

PATHS_SHOWN = 16
#: Up to so many parameters stand side by side in the table of gradients, more below each other.
ACROSS = 7
#: Matrices up to this width (em) stand side by side in the comparison's table.
COMPARED_WIDTH = 13.0


def path_by_path(page: Page, of: str) -> Iterator[Block]:
    """The gradient by one quantity as a sum over paths of products of local derivatives."""
    derivation = page.solution.derivation(of)
    total = page.solution.path_count(of)
    yield Heading(1, ("Path by path",))
    target = Math(symbol(derivation.target))
    reach = "along one path" if total == 1 else f"along {total:,} paths"
    yield Prose(
        (
            target,
            f" reaches the loss {reach}; its gradient is the "
            + (
                "product of the local derivatives on it."
                if total == 1
                else "sum, over the paths, of the products of the local derivatives on them."
            ),
        )
    )
    rows = []
    values: list[Shown] = []
    for number, path in enumerate(page.solution.paths(of, PATHS_SHOWN)):
        pairs = zip(path.through, path.through[1:], strict=False)
        product = Factors(tuple(reversed([symbol(q.local(b, a) if b != q.E else gradient(a)) for a, b in pairs])))
        left = (
            Math(symbol(derivation.id))
            if total == 1
            else Math(Name(page.exercise.notation.path_letter, sub=str(number + 1)))
        )
        parts = [Math(product)]
        worked = Factors(tuple(reversed(path.locals)))
        parts.append(Math(worked))
        answer = None
        if page.numbers is not None:
            parts.append(Math(worked, page.numbers, page.given))
            value = S.One
            for factor in path.locals:
                value = value * factor.xreplace({s: public(page.numbers[s]) for s in factor.free_symbols})
            values.append(Shown(exact(value) if value.is_Rational else value.evalf(50)))
            answer = Math(values[-1])
        rows.append(Row(left, tuple(parts), answer, boxed=total == 1))
    if 1 < total <= PATHS_SHOWN:
        paths = Total(tuple(Name("p", sub=str(number)) for number in range(1, total + 1)))
        added = (Math(paths), Math(Total(tuple(values)), {})) if values else (Math(paths),)
        rows.append(Row(Math(symbol(derivation.id)), added, page.answer(derivation.id), boxed=True))
    yield Equations(tuple(rows))
    if total > PATHS_SHOWN:
        yield Prose((f"The other {total - PATHS_SHOWN:,} paths are built alike.",), quiet=True)
    if total > PATHS_SHOWN and page.numbers is not None:
        yield Prose(
            (
                "Together they give ",
                equation(Math(symbol(derivation.id)), Math(Shown(page.number(derivation.id)))),
                ".",
            )
        )


def matrix_form(page: Page) -> Iterator[Block]:
    """The backward pass of a key in units once more, in vectors and matrices, in the notation's layout."""
    if page.view == "layers":
        return
    rows: list[Row] = []
    steps = [*page.layers.backward(), *page.layers.parameters()]
    for i, step in enumerate(steps):
        if step.form.name in ("entry", "jacobian"):
            continue
        follows = i + 1 < len(steps) and steps[i + 1].rule == "cancelled"
        rows += layer_row(page, step, False, follows)
    yield Heading(1, ("The same in matrix form",))
    yield from matrix_reasons(page, steps)
    yield Equations(tuple(rows))


def summary(page: Page) -> Iterator[Block]:
    """All parameters with their gradients."""
    if page.numbers is None:
        return
    yield Heading(1, ("All gradients",))
    has_update = page.exercise.update is not None and page.exercise.update.learning_rate is not None
    if page.view == "layers":
        rows = []
        for layer in range(1, page.exercise.depth + 1):
            for of in [Quantity("W", layer)] + ([Quantity("b", layer)] if page.exercise.network.biases else []):
                rows.append(_summary_row(page, gradient(of)))
        yield Equations(tuple(rows))
        return
    parameters = list(page.exercise.parameter_ids())
    titles: list[Text] = [("parameter",), ("value",), ("gradient",)]
    columns: list[list[Text]] = [
        [(Math(symbol(p)),) for p in parameters],
        [(Math(Shown(page.numbers[symbol(p)], given=True)),) for p in parameters],
        [(Math(Shown(page.numbers[symbol(gradient(p))])),) for p in parameters],
    ]
    if has_update:
        assert page.exercise.update is not None
        titles.append(("after the update",))
        columns.append([(Math(Shown(page.number(p.after(page.exercise.update.steps)))),) for p in parameters])
    if len(parameters) <= ACROSS:
        head, *body = [(title, *column) for title, column in zip(titles, columns, strict=True)]
        yield Table(head, tuple(body), "l" + "c" * len(parameters))
    else:
        yield Table(tuple(titles), tuple(zip(*columns, strict=True)), "l" + "r" * (len(titles) - 1))


def _summary_row(page: Page, of: Quantity) -> Row:
    entries = page.layers.entries(of)
    assert page.numbers is not None
    if len(entries) == 1 and len(entries[0]) == 1:
        return Row(Math(symbol(entries[0][0])), (), Math(Shown(page.numbers[symbol(entries[0][0])])), id=of.slug)
    grid = Grid(tuple(tuple(Shown(page.numbers[symbol(entry)]) for entry in row) for row in entries))
    return Row(Math(page.layers.matrix(of)), (), Math(grid), id=of.slug)


def comparison(page: Page, reports: Sequence[OracleReport]) -> Iterator[Block]:
    """What the oracles confirm, and scikit-learn's numbers beside ours."""
    if not reports:
        return
    learn = next((r for r in reports if r.name == "scikit-learn" and r.compared), None)
    confirmed = [f"{report.compared:,} numbers of {report.name}" for report in reports if report.compared]
    if page.numbers is None:
        yield Heading(1, ("Check",))
        yield Prose((f"At three points with numbers, {words.listed(confirmed)} agree to at least 12 digits.",))
        return
    yield Heading(1, ("Comparison with scikit-learn" if learn else "Check",))
    others = [r for r in reports if r.compared and r is not learn]
    text = " ".join(f"{r.name[0].upper() + r.name[1:]} confirm {words.count(r.compared, 'number')}." for r in others)
    if learn is not None:
        yield from _against(page, learn, text)
        return
    yield Prose((text,))
    reason = next((r.skipped[0] for r in reports if r.name == "scikit-learn" and r.skipped), "")
    if reason:
        yield Prose((f"scikit-learn does not apply here: {reason}.",), quiet=True)


def _against(page: Page, report: OracleReport, others: str) -> Iterator[Block]:
    """Layer outputs, loss, deltas, weight and intercept gradients: both sides, in a table or, where too wide, line by line."""
    rows: list[tuple[str, Math, Math, Math]] = []
    for title, whole in _compared(page):
        entries = page.layers.entries(whole)
        if not all(str(of) in report.values for row in entries for of in row):
            continue
        scalar = len(entries) == 1 and len(entries[0]) == 1
        ours = tuple(tuple(Shown(page.solution.number(of), approximate=True) for of in row) for row in entries)
        theirs = tuple(
            tuple(Shown(from_float(report.values[str(of)]), approximate=True) for of in row) for row in entries
        )
        name = Math(symbol(whole) if whole == q.E else page.layers.matrix(whole))
        pair = [Math(side[0][0] if scalar else Grid(side)) for side in (ours, theirs)]
        rows.append((title, name, pair[0], pair[1]))
    measure = Width(page.names, page.figures)
    intro = f"Our numbers and scikit-learn’s own agree to 12 digits. {others}".strip()
    if page.exercise.rounding is not None and page.exercise.rounding.policy == "each":
        intro += " Ours are the unrounded values."
    if all(measure.write(ours.form) <= COMPARED_WIDTH for _, _, ours, _ in rows):
        yield Prose((intro,))
        named = page.view == "layers"  # in units no whole layer has a name
        table = tuple(
            ((title,), *(((name,),) if named else ()), (ours,), (theirs,)) for title, name, ours, theirs in rows
        )
        head: tuple[Text, ...] = (("quantity",), *((("",),) if named else ()), ("symprop",), ("scikit-learn",))
        yield Table(head, table, "llcc" if named else "lcc")
    else:
        yield Prose((intro + " First our value, below it scikit-learn’s.",))
        yield Equations(tuple(Row(name, (ours, theirs)) for _, name, ours, theirs in rows))


def _compared(page: Page) -> Iterator[tuple[str, Quantity]]:
    """What is compared, in the order of day12's Part 3."""
    depth = range(1, page.exercise.depth + 1)
    yield from ((f"output of layer {layer}", Quantity("a", layer)) for layer in depth)
    yield "loss", q.E
    yield from ((f"delta of layer {layer}", gradient(Quantity("z", layer))) for layer in reversed(depth))
    yield from ((f"weight gradients, layer {layer}", gradient(Quantity("W", layer))) for layer in reversed(depth))
    if page.exercise.network.biases:
        yield from (
            (f"intercept gradients, layer {layer}", gradient(Quantity("b", layer))) for layer in reversed(depth)
        )
