"""The questions of a key: which rows stand under which question, in units or in layers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sympy import Symbol
from sympy.matrices.expressions import MatrixSymbol, Transpose

from symprop import quantity as q
from symprop.document import Block, Equations, Heading, Math, Prose, Row
from symprop.exercise import Exercise, Question
from symprop.graph import symbol
from symprop.layers import LayerStep, Op
from symprop.printing import Chain, Grid, Shaped, Shown, Width
from symprop.quantity import Quantity, local
from symprop.solution import Solution
from symprop.wording import words
from symprop.wording.page import Page, scalars
from symprop.wording.reasons import reasons

#: Matrices with their numbers put in are printed up to this width (em); beyond, symbols = result.
PUT_IN_WIDTH = 34.0
#: The penalty is written out for at most this many weights.
PENALTY_WEIGHTS = 8


def questions(page: Page) -> Iterator[Block]:
    """Headings and rows, question by question; what was worked out before is not worked out again."""
    e = page.exercise
    questions = e.questions or default_questions(e)
    section = ""
    for i, question in enumerate(questions):
        asked = [page.solution.resolve(of) for of in question.ask]
        part = (
            "Backward pass"
            if any(of.is_gradient for of in asked) and not any(of.state for of in asked)
            else "After the update"
            if any(of.state for of in asked)
            else "Forward pass"
        )
        if part == "After the update":
            continue  # stands with the update
        if part != section:
            section = part
            yield Heading(1, (part,))
        label = f"2{chr(ord('a') + i)}" if not e.questions and i < 26 else str(i + 1)
        amount = question.points if question.points is not None else default_points(page.solution, asked)
        yield Heading(2, (question.title or part,), label, words.points(amount))
        if question.text and e.questions:
            yield Prose((question.text,))
        if page.detail == "full":
            yield from reasons(page, asked)
        yield from _rows(page, asked)


def _rows(page: Page, asked: Sequence[Quantity]) -> Iterator[Block]:
    if page.view == "layers":
        yield from _layer_rows(page, asked)
        return
    wanted = [of for whole in asked for of in scalars(page.solution, whole)]
    rows = []
    order = [*_needed(page, wanted), *[of for of in wanted if of.wrt is not None and not of.is_gradient]]
    for of in order:
        boxed = of in wanted
        if of in page.shown and not boxed:
            continue
        if page.detail == "answers" and not boxed:
            continue
        again = of in page.shown
        page.shown.add(of)
        rows.append(_row(page, of, boxed, short=again))
    if rows:
        yield headed(rows)


def _needed(page: Page, wanted: Sequence[Quantity]) -> list[Quantity]:
    """The asked quantities and what they rest on, in the order of working: forward by layer, then backward."""
    found: set[Quantity] = set()
    stack = [of for of in wanted if of.wrt is None or of.is_gradient]
    while stack:
        of = stack.pop()
        if of in found or (of in page.shown and of not in wanted):
            continue
        found.add(of)
        step = page.solution.step(of)
        stack += [
            parent
            for parent in step.depends_on
            if parent.wrt is not None or page.solution.graph[parent].definition is not None
        ]
    order = {of: i for i, of in enumerate(_order(page))}
    return sorted(found, key=lambda of: order.get(of, len(order)))


def _order(page: Page) -> list[Quantity]:
    graph = page.solution.graph
    forward = [n.id for n in graph if n.definition is not None]
    # unit values layer by layer; the parts of the loss as the graph has them, each before what reads it
    forward.sort(key=lambda of: (True, 0, 0) if of.name in ("E", "R") else (False, of.layer, of.sample))
    backward = [d.id for d in page.solution.derivations.values()]
    rank = {"a": 0, "z": 1, "W": 2, "b": 3, "x": 4, "y": 5}

    def key(g: Quantity) -> tuple[Any, ...]:
        inner = g.wrt
        assert inner is not None
        return (-inner.layer, rank.get(inner.name, 6), inner.sample, inner.index)

    return forward + sorted(backward, key=key)


def _row(page: Page, of: Quantity, boxed: bool, short: bool = False) -> Row:
    """One quantity: symbols = worked out = numbers put in = result."""
    step = page.solution.step(of)
    left = Math(symbol(of))
    answer = page.answer(of)
    if short or page.detail == "answers":
        return Row(
            left,
            (Math(step.cancelled if step.cancelled is not None else step.expression),) if answer is None else (),
            answer,
            boxed,
            step.uses_chain_rule,
            id=of.slug,
        )
    parts: list[Math] = []
    last: Any = step.expression
    if step.uses_chain_rule:
        derivation = page.solution.derivation(of)
        last = Chain(derivation.worked)
        parts += [Math(Chain(derivation.named)), Math(last, head=words.WORKED_OUT)]
        if step.cancelled is not None:
            last = step.cancelled
            parts.append(Math(last, head=words.CANCELLED))
    else:
        parts.append(Math(last, head="" if of.is_gradient else words.DEFINITION))
    if page.numbers is not None and not isinstance(last, Symbol):
        parts.append(Math(last, page.numbers, page.given, words.PUT_IN))
    return Row(left, tuple(parts), answer, boxed, step.uses_chain_rule, id=of.slug)


def headed(rows: Sequence[Row]) -> Equations:
    """Rows with "upstream" and "local" over the factors of the first that uses the chain rule."""
    found = list(rows)
    for i, row in enumerate(rows):
        if row.parts and isinstance(first := row.parts[0].form, Chain) and all(up != 1 for up, _ in first.terms):
            named = replace(row.parts[0], form=replace(first, heads=words.FACTORS))
            found[i] = replace(row, parts=(named, *row.parts[1:]))
            break
    return Equations(tuple(found))


def _layer_rows(page: Page, asked: Sequence[Quantity]) -> Iterator[Block]:
    wholes = {of.whole() for of in asked}
    steps = [*page.layers.forward(), *page.layers.backward(), *page.layers.parameters()]
    last = max((i for i, step in enumerate(steps) if step.id in wholes), default=-1)
    needs_loss = any(of.name == "E" and of.wrt is None for of in asked)
    rows: list[Row] = []
    gradients = any(of.is_gradient for of in asked)
    known = set(page.shown)
    for i, step in enumerate(steps):
        inside = i <= last and (step.id.is_gradient == gradients or step.id in wholes)
        if not inside or step.id in known:
            continue
        parameter = step.id.wrt is not None and step.id.wrt.is_parameter
        if parameter and step.id not in wholes:
            continue
        page.shown.add(step.id)
        follows = i + 1 < len(steps) and steps[i + 1].rule == "cancelled"
        if page.detail == "answers" and step.id not in wholes:
            continue
        rows += layer_row(page, step, step.id in wholes and not follows, follows)
    if needs_loss:
        rows += _loss_rows(page)
    rest = [
        of
        for of in asked
        if (of.name not in ("E",) and of.whole() not in {s.id for s in steps})
        or (of.wrt is not None and not of.is_gradient)
    ]
    rows += [_row(page, of, True) for whole in rest for of in scalars(page.solution, whole)]
    if rows:
        yield headed(rows)


def _loss_rows(page: Page) -> list[Row]:
    """Each sample's loss in one row, the penalty, and their sum."""
    written_out = page.solution.graph.inlined(("share",))
    rows = []
    for node in page.solution.graph:
        if node.role not in ("share", "penalty", "loss") or node.id not in page.solution.graph.reaching:
            continue
        if node.role == "share" and node.id.index and page.exercise.samples > 1:
            continue
        if page.detail == "answers" and node.id != q.E:
            continue
        page.shown.add(node.id)
        left, answer, definition = Math(symbol(node.id)), page.answer(node.id), node.definition
        if node.role == "share":
            definition = written_out[node.id].definition
        if node.role == "penalty" and page.exercise.weight_count > PENALTY_WEIGHTS:
            rows.append(Row(left, (), answer, id=node.id.slug))
            continue
        parts = [Math(definition)] + ([Math(definition, page.numbers, page.given)] if page.numbers is not None else [])
        rows.append(Row(left, tuple(parts), answer, node.id == q.E, id=node.id.slug))
    return rows


def layer_row(page: Page, step: LayerStep, boxed: bool, symbols_only: bool) -> list[Row]:
    """One matrix equation: symbols = numbers put in = result; a gradient that differs by entry first for its first entry."""
    chain = step.id.is_gradient and step.rule != "loss"
    left = Math(Shaped(page.layers.matrix(step.id)))
    if step.form.name in ("entry", "jacobian"):
        rows = [_entry_row(step, page)]
        if page.numbers is not None and not symbols_only:
            rows.append(Row(left, (), page.grid(step), boxed, id=step.id.slug))
        return rows
    parts = [Math(Shaped(step.form))]
    if page.numbers is None or symbols_only:
        return [Row(left, tuple(parts), None, boxed and page.numbers is None, chain, id=step.id.slug)]
    if step.form.name not in ("same", "function"):
        put_in = _put_in(step.form, page)
        if Width(page.names, page.figures, page.numbers, page.given).write(put_in) <= PUT_IN_WIDTH:
            parts.append(Math(put_in, page.numbers, page.given))
    return [Row(left, tuple(parts), page.grid(step), boxed, chain, id=step.id.slug)]


def _entry_row(step: LayerStep, page: Page) -> Row:
    """The derivation of a matrix's first entry, in symbols, as the pattern of all."""
    derivation = page.solution.derivation(step.entries[0][0])
    if derivation.uses_chain_rule:
        return Row(
            Math(symbol(derivation.id)),
            (Math(Chain(derivation.named)), Math(Chain(derivation.worked))),
            chain_rule=True,
        )
    return Row(Math(symbol(derivation.id)), (Math(derivation.expression),))


def _put_in(form: Any, page: Page) -> Any:
    """A matrix form with the values of its matrices put in."""
    if isinstance(form, MatrixSymbol):
        return _values(page, page.layers.entries(Quantity.parse(form.name)))
    if isinstance(form, Transpose):
        entries = page.layers.entries(Quantity.parse(form.arg.name))
        return _values(page, tuple(zip(*entries, strict=True)))
    if isinstance(form, Op) and form.name == "prime":
        entries = page.layers.entries(Quantity.parse(form.operands[1].name))
        slopes = [[local(replace(z, name="a"), z) for z in row] for row in entries]
        return _values(page, slopes)
    if isinstance(form, Op):
        return Op(form.name, tuple(_put_in(operand, page) for operand in form.operands))
    return form


def _values(page: Page, entries: Sequence[Sequence[Quantity]]) -> Grid:
    return Grid(tuple(tuple(Shown(page.number(of), given=symbol(of) in page.given) for of in row) for row in entries))


def default_questions(exercise: Exercise) -> tuple[Question, ...]:
    """day12's 2a to 2e for any depth; biases are asked for where they have an effect."""
    depth = exercise.depth
    questions = [Question(title="Output of every node", ask=(*(f"a{layer}" for layer in range(1, depth + 1)), "E"))]
    for layer in range(depth, 0, -1):
        title = (
            f"Layer {layer}: gradient at its output and input"
            if exercise.widths[layer] == 1
            else f"Layer {layer}: gradient at each output and input"
        )
        questions.append(Question(title=title, ask=(f"dE/da{layer}", f"dE/dz{layer}")))
    biased = asks_biases(exercise)
    for layer in range(depth, 0, -1):
        ask = (f"dE/dW{layer}", f"dE/db{layer}") if biased else (f"dE/dW{layer}",)
        questions.append(
            Question(title=f"Weights and biases of layer {layer}" if biased else f"Weights of layer {layer}", ask=ask)
        )
    return tuple(questions)


def asks_biases(exercise: Exercise) -> bool:
    """Whether bias gradients are asked for: not where there are none, nor where all are 0 (day12: "you can skip them")."""
    if not exercise.network.biases:
        return False
    given = [exercise.given(b) for layer in range(1, exercise.depth + 1) for b in exercise.bias_ids(layer)]
    return any(value is None or value != 0 for value in given)


def default_points(solution: Solution, asked: Iterable[Quantity]) -> int:
    """One point an asked value, two for a hidden delta."""
    depth = solution.exercise.depth
    entries = [of for whole in asked for of in scalars(solution, whole)]
    return sum(
        2 if of.is_gradient and of.wrt is not None and of.wrt.name == "z" and of.wrt.layer < depth else 1
        for of in entries
    )
