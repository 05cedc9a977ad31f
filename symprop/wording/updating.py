"""The section on the update rule: the rule, its rows step by step, and what the loss does."""

from collections.abc import Iterator
from typing import Any

from sympy import Symbol

from symprop import quantity as q
from symprop import update as updates
from symprop.arithmetic import Value, exact
from symprop.document import Block, Equations, Heading, Math, Prose, Row
from symprop.graph import symbol
from symprop.notation import Name
from symprop.printing import Grid, Shown
from symprop.quantity import Quantity
from symprop.wording import words
from symprop.wording.page import Page, constants, equation, scalars, without_step

#: Update steps shown one by one before only the first is.
STEPS_SHOWN = 3


def updating(page: Page) -> Iterator[Block]:
    """The update rule, its rows, and the loss before and after."""
    update = page.exercise.update
    if update is None:
        return
    rule = words.RULES[update.rule]
    title = (
        f"One step of {rule}" if update.steps == 1 else f"{words.count(update.steps, 'step').capitalize()} of {rule}"
    )
    yield Heading(1, (title,))
    yield Prose(tuple(_rule_sentence(page)))
    if update.order == "sequential":
        yield Prose(
            (
                "Layers are updated from the last to the first, and hidden gradients are taken through weights that are already updated. A star marks a gradient taken that way; it is not the gradient of the loss.",
            ),
            quiet=True,
        )
    if not update.biases:
        yield Prose(("Biases are left as they are.",), quiet=True)
    shown = range(1, update.steps + 1) if update.steps <= STEPS_SHOWN else (1,)
    if page.detail != "answers":
        for step in shown:
            if update.steps > 1:
                yield Heading(2, (f"Step {step}",))
            yield Equations(
                tuple(
                    _update_rows(page, step)
                    if page.view == "units" or page.numbers is None
                    else _matrix_update(page, step)
                )
            )
    if page.solution.is_symbolic or update.learning_rate is None:
        return
    yield from _after_update(page)


def _rule_sentence(page: Page) -> list[Any]:
    update = page.exercise.update
    assert update is not None
    rate = Math(symbol(updates.ETA))
    parts: list[Any] = ["Every parameter moves against its gradient, with learning rate ", rate]
    if update.learning_rate is not None:
        parts = [
            "Every parameter moves against its gradient, with learning rate ",
            equation(rate, Math(Shown(exact(update.learning_rate), given=True))),
        ]
    if update.rule in ("momentum", "nesterov"):
        parts += ["; the velocity ", Math(Name("v")), " starts at 0"]
    if update.rule == "adam":
        parts += ["; the moments ", Math(Name("m")), " and ", Math(Name("v")), " start at 0"]
    return [*parts, "."]


def _update_rows(page: Page, step: int) -> Iterator[Row]:
    update = page.exercise.update
    assert update is not None
    numbers = _update_numbers(page, step)
    order = [
        p for layer in range(page.exercise.depth, 0, -1) for p in updates.parameters(page.exercise) if p.layer == layer
    ]
    for layer in range(page.exercise.depth, 0, -1):
        if update.order == "sequential":
            yield from _sequential_rows(page, layer, step, numbers)
        for parameter in (p for p in order if p.layer == layer):
            for id_, expression in updates.rule(update, parameter, step):
                plain = without_step(expression)
                parts = [Math(plain)]
                answer = None
                if numbers is not None:
                    parts.append(
                        Math(
                            plain,
                            {without_step(s): v for s, v in numbers.items() if s in expression.free_symbols},
                            page.given | constants(),
                        )
                    )
                    answer = Math(Shown(page.number(id_)))
                yield Row(
                    Math(without_step(symbol(id_))),
                    tuple(parts),
                    answer,
                    boxed=id_.state == "new",
                    becomes=True,
                    id=id_.slug,
                )


def _matrix_update(page: Page, step: int) -> Iterator[Row]:
    """The rule once, for the first weight of the last layer, then every new matrix."""
    update = page.exercise.update
    assert update is not None
    first = next(p for p in page.exercise.parameter_ids() if p.layer == page.exercise.depth)
    for id_, expression in updates.rule(update, first, step):
        yield Row(Math(without_step(symbol(id_))), (Math(without_step(expression)),), becomes=True)
    if update.learning_rate is None:
        return
    for layer in range(page.exercise.depth, 0, -1):
        for of in [Quantity("W", layer)] + (
            [Quantity("b", layer)] if page.exercise.network.biases and update.biases else []
        ):
            entries = page.layers.entries(of)
            grid = Grid(tuple(tuple(Shown(page.number(entry.after(step))) for entry in row) for row in entries))
            scalar = len(entries) == 1 and len(entries[0]) == 1
            left = Math(symbol(entries[0][0]) if scalar else page.layers.matrix(of))
            yield Row(
                left,
                (),
                Math(grid.rows[0][0] if scalar else grid),
                boxed=True,
                becomes=True,
                id=of.after(step).slug,
            )


def _sequential_rows(page: Page, layer: int, step: int, numbers: Any) -> Iterator[Row]:
    found = [d.target for d in page.solution.derivations.values() if d.target.layer == layer]
    rank = {"a": 0, "z": 1, "W": 2, "b": 3}
    for target in sorted(found, key=lambda t: (rank[t.name], t.sample, t.index)):
        of = updates.used(target, step, page.exercise.update)  # type: ignore[arg-type]
        expression = page.solution.expression(of)
        parts = [Math(expression)] + ([Math(expression, numbers, page.given)] if numbers is not None else [])
        yield Row(
            Math(symbol(of)),
            tuple(parts),
            Math(Shown(page.number(of))) if numbers is not None else None,
            chain_rule=True,
            id=of.slug,
        )


def _update_numbers(page: Page, step: int) -> dict[Symbol, Value] | None:
    """Everything that the rule's expressions of one step read, by their own symbols."""
    update = page.exercise.update
    assert update is not None
    if page.numbers is None or update.learning_rate is None:
        return None
    found: dict[Symbol, Value] = {symbol(c): exact(v) for c, v in updates.constants(update).items() if v is not None}
    for name, value in page.solution.numbers(step - 1, rounded=True).items():
        of = Quantity.parse(name.name)
        found[symbol(updates.before(of, step))] = value
    for parameter in updates.parameters(page.exercise):
        for id_, expression in updates.rule(update, parameter, step):
            for s in (*expression.free_symbols, symbol(id_)):
                if s not in found:
                    found[s] = page.number(Quantity.parse(s.name))
    if update.order == "sequential":
        for target in page.solution.derivations:
            of = updates.used(target, step, update)
            if target.layer:
                found[symbol(of)] = page.number(of)
    return found


def _after_update(page: Page) -> Iterator[Block]:
    update = page.exercise.update
    assert update is not None
    solution = page.solution
    before, after = page.number(q.E), page.number(q.E.after(update.steps))
    falls = solution.losses[-1] < solution.losses[0]
    yield Prose(
        (
            "The loss " + ("falls" if falls else "does not fall") + " from ",
            Math(Shown(before, approximate=True)),
            " to ",
            Math(Shown(after, approximate=True)),
            ".",
        )
    )
    asked = [solution.resolve(of) for question in page.exercise.questions for of in question.ask]
    asked = [of for of in asked if of.state and not of.base.is_parameter]
    rows = [
        Row(Math(without_step(symbol(m))), (), Math(Shown(page.number(m))), boxed=True, becomes=True, id=m.slug)
        for of in asked
        for m in scalars(solution, of)
    ]
    if rows:
        yield Equations(tuple(rows))
