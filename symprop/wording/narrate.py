"""Solution -> Document of the answer key: sections, headings, sentences, and which rows stand under which question."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from sympy import Expr, S, Symbol, count_ops

from symprop import quantity as q
from symprop import update as updates
from symprop.arithmetic import EXACT_DIGITS, SHOWN_DIGITS, Value, public
from symprop.arithmetic import exact as _exact
from symprop.document import Block, Document, Equations, Heading, Mark, Math, Prose, Row, Table, Text
from symprop.errors import UsageError
from symprop.exercise import Activation, Exercise, Question, Z
from symprop.functions import ACTIVATIONS, Smooth, gelu_tanh, relu
from symprop.graph import quantity_of, symbol
from symprop.layers import LayerStep, LayerView
from symprop.notation import Name, Names
from symprop.oracles import OracleReport
from symprop.printing import Above, Chain, Factors, Figures, Grid, Relation, Shown, Width
from symprop.quantity import Quantity, gradient
from symprop.solution import Solution
from symprop.wording import words

DETAILS = ("answers", "steps", "full")
VIEWS = ("units", "layers")
#: Units are shown one by one up to this many weights and one sample; beyond, vectors and matrices.
UNIT_VIEW_WEIGHTS = 12
#: The composed loss is printed when it has at most this many operations, comes from so few nodes, and fits a line (em).
SHORT_LOSS, SHORT_GRAPH, LOSS_WIDTH = 40, 40, 36.0
PATHS_SHOWN = 16
#: Update steps shown one by one before only the last is.
STEPS_SHOWN = 3
#: Columns of a table of givens.
GIVENS_PER_ROW = 9


def narrate(
    solution: Solution,
    *,
    detail: str = "steps",
    view: str | None = None,
    paths: Sequence[str] = (),
    reports: Sequence[OracleReport] = (),
) -> Document:
    """The answer key as a Document. `view` None: units up to 12 weights and one sample, else layers.

    `paths` are ids whose gradient is unrolled; `reports` are the oracles' findings, shown when there are any.
    Raises UsageError for an unknown detail, view or id.
    """
    if detail not in DETAILS:
        raise UsageError(f'unknown detail "{detail}"; known: {", ".join(DETAILS)}')
    if view is not None and view not in VIEWS:
        raise UsageError(f'unknown view "{view}"; known: {", ".join(VIEWS)}')
    exercise = solution.exercise
    if view is None:
        view = "units" if exercise.weight_count <= UNIT_VIEW_WEIGHTS and exercise.samples == 1 else "layers"
    return _Key(solution, detail, view).document(paths, reports)


@dataclass
class _Key:
    """One answer key in the making: what was already shown is not worked out again."""

    solution: Solution
    detail: str
    view: str

    def __post_init__(self) -> None:
        exercise = self.solution.exercise
        self.exercise = exercise
        self.names = names(exercise)
        self.figures = figures(exercise)
        self.layers = LayerView(self.solution)
        self.given = frozenset(n.symbol for n in self.solution.graph if n.given is not None)
        self.shown: set[Quantity] = set()
        rounded = exercise.rounding is not None and exercise.rounding.policy == "each"
        self.numbers: dict[Symbol, Value] | None = (
            None if self.solution.is_symbolic else self.solution.numbers(rounded=rounded)
        )

    def document(self, paths: Sequence[str], reports: Sequence[OracleReport]) -> Document:
        blocks: list[Block] = [*self._givens()]
        blocks += self._questions()
        blocks += self._update()
        for of in paths:
            blocks += self._paths(of)
        blocks += self._summary()
        blocks += self._comparison(reports)
        e = self.exercise
        return Document(
            e.title, f"Answer key · {self.detail}", e.source, words.network(e), tuple(blocks), self.names, self.figures
        )

    # ------------------------------------------------------------------ given
    def _givens(self) -> Iterator[Block]:
        e = self.exercise
        yield Heading(1, ("Given",))
        sentence: list[Any] = ["The loss is "]
        sentence += self._loss_sentence()
        yield Prose(tuple(sentence))
        functions = self._functions_sentence()
        if functions:
            yield Prose(tuple(functions))
        if self.solution.is_symbolic:
            missing = "Parameters" if e.data else "Data and parameters" if e.parameters is None else "Data"
            yield Prose((f"{missing} are left as letters.",))
        elif self.view == "units":
            yield from self._given_table()
        else:
            yield self._given_matrices()
        yield from self._remarks()

    def _loss_sentence(self) -> list[Any]:
        e, graph = self.exercise, self.solution.graph
        loss = Math(self.names.write(q.E))
        definition = graph[q.E].definition
        if e.samples == 1 and e.widths[-1] == 1 and e.network.penalty is None:
            return [_equation(Math(symbol(q.E)), Math(definition)), "."]
        k = q.share(
            1 if e.widths[-1] > 1 else 0, 1 if e.samples > 1 else 1 if e.network.penalty and e.widths[-1] == 1 else 0
        )
        of_output = self.solution.expression(k)
        parts: list[Any] = [loss, ", "]
        parts.append(
            "the mean over samples of "
            if e.samples > 1 and e.network.batch == "mean"
            else "the sum over samples of "
            if e.samples > 1
            else ""
        )
        if e.widths[-1] > 1:
            parts.append("the sum over outputs of ")
        where = " for output 1" if e.widths[-1] > 1 else ""
        where += (" of" if where else " for") + " sample 1" if e.samples > 1 else ""
        parts += [Math(of_output), f" (written here{where})" if where else ""]
        if e.network.penalty is not None:
            scale = {"sklearn": S.One / (2 * e.samples), "half": S.Half, "plain": S.One}[e.network.penalty.scale]
            parts += [
                ", plus the penalty ",
                Math(scale * symbol(Quantity("alpha"))),
                " times the sum of all squared weights",
            ]
        return [p for p in parts if p != ""] + ["."]

    def _functions_sentence(self) -> list[Any]:
        """What each activation in use is, where its name does not say it."""
        clauses: list[list[Any]] = []
        for spec in dict.fromkeys(layer.activation for layer in self.exercise.network.layers):
            clauses += _definition(spec, self.solution.exercise.network.relu_at_zero, asked=self.detail != "answers")
        return [part for i, clause in enumerate(clauses) for part in ((["; "] if i else []) + clause)] + (
            ["."] if clauses else []
        )

    def _remarks(self) -> Iterator[Block]:
        e, solution = self.exercise, self.solution
        rounding = e.rounding
        if rounding is not None and rounding.policy == "each":
            yield Prose(
                (
                    f"Every step is rounded to {words.count(rounding.decimals, 'decimal')} and worked out from its own rounded predecessors. "
                    f"The largest distance of a gradient from its exact value is ",
                    Math(Shown(self._largest_distance(), approximate=True)),
                    ".",
                ),
                quiet=True,
            )
        elif rounding is not None and rounding.policy == "end":
            yield Prose(
                (
                    f"Numbers are exact inside and rounded only where they are printed, to {words.count(rounding.decimals, 'decimal')}.",
                ),
                quiet=True,
            )
        elif not solution.is_symbolic and any(
            not isinstance(v, (Fraction, Expr)) for v in (self.numbers or {}).values()
        ):
            yield Prose(
                (
                    f"After = a number is exact, after ≈ it is rounded to {words.count(self.figures.decimals, 'decimal')}; nothing is rounded in between.",
                ),
                quiet=True,
            )
        if solution.kinks:
            listed: list[Any] = []
            for i, z in enumerate(solution.kinks):
                listed += [", " if i else "", Math(symbol(z))]
            convention = solution.exercise.network.relu_at_zero
            verb = "lies" if len(solution.kinks) == 1 else "lie"
            yield Prose(
                (
                    *[p for p in listed if p != ""],
                    f" {verb} exactly on the kink at 0; the derivative there is taken as ",
                    Math(Shown(_exact(convention), given=True)),
                    ".",
                ),
                quiet=True,
            )
        if self._has_long_rationals():
            yield Prose(
                (f"Rationals of more than {EXACT_DIGITS} digits are carried on with {SHOWN_DIGITS} digits.",),
                quiet=True,
            )
        if self.detail != "answers" and e.samples == 1 and len(solution.graph.nodes) <= SHORT_GRAPH:
            loss = solution.loss()
            if count_ops(loss) <= SHORT_LOSS and Width(self.names, self.figures).write(loss) <= LOSS_WIDTH:
                yield Prose(("Written out in inputs and parameters, the loss is",))
                yield Equations((Row(Math(symbol(q.E)), (Math(loss),)),))

    def _has_long_rationals(self) -> bool:
        """Whether a number is an interval only because its fraction grew too long."""
        if self.solution.is_symbolic:
            return False
        for node in self.solution.graph:
            if node.role == "pre-activation" and not isinstance(self.solution.number(node.id), (Fraction, Expr)):
                return all(
                    isinstance(self.solution.number(parent.id), Fraction)
                    for parent in self.solution.graph.parents(node)
                )
        return False

    def _largest_distance(self) -> Value:
        distances = []
        for of in self.solution.derivations:
            exact, rounded = self.solution.value(gradient(of)), self.solution.rounded(gradient(of))
            distances.append(abs(exact - rounded).evalf(20))
        return max(distances, default=S.Zero)

    def _given_table(self) -> Iterator[Block]:
        leaves = [n for n in self.solution.graph if n.given is not None]
        leaves.sort(key=lambda n: ("input", "target", "weight", "bias", "constant").index(n.role))
        by_layer = [n for n in leaves if n.role in ("input", "target", "constant")]
        for layer in range(1, self.exercise.depth + 1):
            by_layer += [n for n in leaves if n.id.layer == layer]
        extra: list[tuple[Quantity, Value]] = [(n.id, _exact(n.given)) for n in by_layer]
        if self.exercise.update is not None:
            extra += [(c, _exact(v)) for c, v in updates.constants(self.exercise.update).items() if v is not None]
        rows = max(1, -(-len(extra) // GIVENS_PER_ROW))
        size = -(-len(extra) // rows)
        for start in range(0, len(extra), size):
            part = extra[start : start + size]
            yield Table(
                tuple((Math(symbol(of)),) for of, _ in part),
                (tuple((Math(Shown(v, given=True)),) for _, v in part),),
                "c" * len(part),
            )

    def _given_matrices(self) -> Block:
        e = self.exercise
        wholes = [Quantity("x")] + ([Quantity("y")] if e.has_targets else [])
        for layer in range(1, e.depth + 1):
            wholes += [Quantity("W", layer)] + ([Quantity("b", layer)] if e.network.biases else [])
        relations = [self._given_matrix(of) for of in wholes]
        constants = {n.id: n.given for n in self.solution.graph if n.role == "constant"}
        if e.update is not None:
            constants |= updates.constants(e.update)
        relations += [
            Relation(symbol(of), Shown(_exact(v), given=True)) for of, v in constants.items() if v is not None
        ]
        parts: list[Any] = []
        for i, relation in enumerate(relations):
            parts += [", " if i else "", Math(relation)]
        return Prose(tuple(part for part in parts if part != "") + (".",))

    def _given_matrix(self, of: Quantity) -> Relation:
        entries = self.layers.entries(of)
        if len(entries) == 1 and len(entries[0]) == 1:
            return Relation(symbol(entries[0][0]), Shown(self.solution.number(entries[0][0]), given=True))
        grid = Grid(tuple(tuple(Shown(self.solution.number(entry), given=True) for entry in row) for row in entries))
        return Relation(self.layers.matrix(of), grid)

    # ------------------------------------------------------------------ questions
    def _questions(self) -> Iterator[Block]:
        e = self.exercise
        questions = e.questions or default_questions(e)
        section = ""
        for i, question in enumerate(questions):
            asked = [self.solution.resolve(of) for of in question.ask]
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
                if part == "Backward pass" and self.detail != "answers":
                    yield Prose(
                        (
                            "A step marked ",
                            Mark(),
                            " uses the chain rule: upstream gradient times local derivative, summed over paths.",
                        ),
                        quiet=True,
                    )
            label = f"2{chr(ord('a') + i)}" if not e.questions and i < 26 else str(i + 1)
            amount = question.points if question.points is not None else default_points(self.solution, asked)
            yield Heading(2, (question.title or part,), label, words.points(amount))
            if question.text and e.questions:
                yield Prose((question.text,))
            yield from self._rows(asked)

    def _rows(self, asked: Sequence[Quantity]) -> Iterator[Block]:
        if self.view == "layers":
            yield from self._layer_rows(asked)
            return
        wanted = [of for whole in asked for of in _scalars(self.solution, whole)]
        rows = []
        order = [*self._needed(wanted), *[of for of in wanted if of.wrt is not None and not of.is_gradient]]
        for of in order:
            boxed = of in wanted
            if of in self.shown and not boxed:
                continue
            if self.detail == "answers" and not boxed:
                continue
            again = of in self.shown
            self.shown.add(of)
            rows.append(self._row(of, boxed, short=again))
        if rows:
            yield Equations(tuple(rows))

    def _needed(self, wanted: Sequence[Quantity]) -> list[Quantity]:
        """The asked quantities and what they rest on, in the order of working: forward by layer, then backward."""
        found: set[Quantity] = set()
        stack = [of for of in wanted if of.wrt is None or of.is_gradient]
        while stack:
            of = stack.pop()
            if of in found or (of in self.shown and of not in wanted):
                continue
            found.add(of)
            step = self.solution.step(of)
            stack += [
                parent
                for parent in step.depends_on
                if parent.wrt is not None or self.solution.graph[parent].definition is not None
            ]
        order = {of: i for i, of in enumerate(self._order())}
        return sorted(found, key=lambda of: order.get(of, len(order)))

    def _order(self) -> list[Quantity]:
        graph = self.solution.graph
        forward = [n.id for n in graph if n.definition is not None]
        forward.sort(key=lambda of: (of.name == "E", of.layer, of.sample) if of.name != "R" else (True, 0, 0))
        backward = [d.id for d in self.solution.derivations.values()]
        rank = {"a": 0, "z": 1, "W": 2, "b": 3, "x": 4, "y": 5}

        def key(g: Quantity) -> tuple[Any, ...]:
            inner = g.wrt
            assert inner is not None
            return (-inner.layer, rank.get(inner.name, 6), inner.sample, inner.index)

        return forward + sorted(backward, key=key)

    def _row(self, of: Quantity, boxed: bool, short: bool = False) -> Row:
        """One quantity: symbols = worked out = numbers put in = result."""
        step = self.solution.step(of)
        left = Math(symbol(of))
        answer = self._answer(of)
        if short or self.detail == "answers":
            return Row(
                left,
                (Math(step.cancelled if step.cancelled is not None else step.expression),) if answer is None else (),
                answer,
                boxed,
                step.uses_chain_rule,
                id=of.slug,
            )
        parts: list[Math] = []
        if step.uses_chain_rule:
            derivation = self.solution.derivation(of)
            parts += [Math(Chain(derivation.named)), Math(Chain(derivation.worked))]
            last: Any = Chain(derivation.worked)
            if step.cancelled is not None:
                parts.append(Math(step.cancelled))
                last = step.cancelled
        else:
            last = step.expression
            parts.append(Math(last))
        if self.numbers is not None and not (isinstance(last, Symbol)):
            parts.append(Math(last, self.numbers, self.given))
        return Row(left, tuple(parts), answer, boxed, step.uses_chain_rule, id=of.slug)

    def _answer(self, of: Quantity) -> Math | None:
        if self.numbers is None:
            return None
        base = symbol(of.base)
        value = self.numbers[base] if not of.state and base in self.numbers else self.solution.number(of)
        return Math(Shown(value))

    # ------------------------------------------------------------------ layers
    def _layer_rows(self, asked: Sequence[Quantity]) -> Iterator[Block]:
        wholes = {of.whole() for of in asked}
        steps = [*self.layers.forward(), *self.layers.backward(), *self.layers.parameters()]
        last = max((i for i, step in enumerate(steps) if step.id in wholes), default=-1)
        needs_loss = any(of.name == "E" and of.wrt is None for of in asked)
        rows: list[Row] = []
        gradients = any(of.is_gradient for of in asked)
        for i, step in enumerate(steps):
            inside = i <= last and (step.id.is_gradient == gradients or step.id in wholes)
            if not inside or (step.id in self.shown and step.rule != "cancelled"):
                continue
            parameter = step.id.wrt is not None and step.id.wrt.is_parameter
            if parameter and step.id not in wholes:
                continue
            self.shown.add(step.id)
            follows = i + 1 < len(steps) and steps[i + 1].rule == "cancelled"
            if self.detail == "answers" and step.id not in wholes:
                continue
            rows.append(self._layer_row(step, step.id in wholes and not follows, follows))
        if needs_loss:
            rows += self._loss_rows()
        rest = [
            of
            for of in asked
            if (of.name not in ("E",) and of.whole() not in {s.id for s in steps})
            or (of.wrt is not None and not of.is_gradient)
        ]
        rows += [self._row(of, True) for whole in rest for of in _scalars(self.solution, whole)]
        if rows:
            yield Equations(tuple(rows))

    def _loss_rows(self) -> list[Row]:
        order = [n.id for n in self.solution.graph if n.role in ("share", "penalty", "loss")]
        useful = [of for of in order if of in self.solution.graph.reaching]
        rows = []
        for of in useful:
            if self.detail == "answers" and of != q.E:
                continue
            self.shown.add(of)
            rows.append(self._row(of, of == q.E))
        return rows

    def _layer_row(self, step: LayerStep, boxed: bool, symbols_only: bool) -> Row:
        form: Any = step.form
        if step.rule == "loss":
            form = Grid(tuple(tuple(self.solution.expression(of) for of in row) for row in step.entries))
        left = Math(self.layers.matrix(step.id))
        chain = step.id.is_gradient and step.rule != "loss"
        parts: tuple[Math, ...] = (Math(form),)
        if form is step.form and form.name == "jacobian":
            first = step.entries[0][0]
            assert first.wrt is not None
            derivation = self.solution.derivations[first.wrt]
            left, parts = Math(symbol(first)), (Math(Chain(derivation.named)), Math(Chain(derivation.worked)))
            if symbols_only:
                return Row(left, parts, None, False, True)
            return (
                Row(Math(self.layers.matrix(step.id)), (), self._grid(step), boxed, True, id=step.id.slug)
                if self.numbers is not None
                else Row(left, parts, None, boxed, True)
            )
        if self.numbers is None or symbols_only:
            return Row(left, parts, None, boxed and self.numbers is None, chain, id=step.id.slug)
        return Row(left, parts, self._grid(step), boxed, chain, id=step.id.slug)

    def _grid(self, step: LayerStep) -> Math:
        assert self.numbers is not None
        numbers = self.numbers
        return Math(Grid(tuple(tuple(Shown(numbers[symbol(of)]) for of in row) for row in step.entries)))

    # ------------------------------------------------------------------ update
    def _update(self) -> Iterator[Block]:
        update = self.exercise.update
        if update is None:
            return
        rule = words.RULES[update.rule]
        title = (
            f"One step of {rule}"
            if update.steps == 1
            else f"{words.count(update.steps, 'step').capitalize()} of {rule}"
        )
        yield Heading(1, (title,))
        yield Prose(tuple(self._rule_sentence()))
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
        if self.detail != "answers":
            for step in shown:
                if update.steps > 1:
                    yield Heading(2, (f"Step {step}",))
                yield Equations(
                    tuple(
                        self._update_rows(step)
                        if self.view == "units" or self.numbers is None
                        else self._matrix_update(step)
                    )
                )
        if self.solution.is_symbolic or update.learning_rate is None:
            return
        yield from self._after_update()

    def _rule_sentence(self) -> list[Any]:
        update = self.exercise.update
        assert update is not None
        rate = Math(symbol(updates.ETA))
        parts: list[Any] = ["Every parameter moves against its gradient, with learning rate ", rate]
        if update.learning_rate is not None:
            parts = [
                "Every parameter moves against its gradient, with learning rate ",
                _equation(rate, Math(Shown(_exact(update.learning_rate), given=True))),
            ]
        if update.rule in ("momentum", "nesterov"):
            parts += ["; the velocity ", Math(Name("v")), " starts at 0"]
        if update.rule == "adam":
            parts += ["; the moments ", Math(Name("m")), " and ", Math(Name("v")), " start at 0"]
        return [*parts, "."]

    def _update_rows(self, step: int) -> Iterator[Row]:
        update = self.exercise.update
        assert update is not None
        numbers = self._update_numbers(step)
        order = [
            p
            for layer in range(self.exercise.depth, 0, -1)
            for p in updates.parameters(self.exercise)
            if p.layer == layer
        ]
        for layer in range(self.exercise.depth, 0, -1):
            if update.order == "sequential":
                yield from self._sequential_rows(layer, step, numbers)
            for parameter in (p for p in order if p.layer == layer):
                for id_, expression in updates.rule(update, parameter, step):
                    plain = _without_step(expression)
                    parts = [Math(plain)]
                    answer = None
                    if numbers is not None:
                        parts.append(
                            Math(
                                plain,
                                {_without_step(s): v for s, v in numbers.items() if s in expression.free_symbols},
                                self.given | _constants(),
                            )
                        )
                        answer = Math(Shown(self.solution.number(id_)))
                    yield Row(
                        Math(_without_step(symbol(id_))),
                        tuple(parts),
                        answer,
                        boxed=id_.state == "new",
                        becomes=True,
                        id=id_.slug,
                    )

    def _matrix_update(self, step: int) -> Iterator[Row]:
        """The rule once, for the first weight of the last layer, then every new matrix."""
        update = self.exercise.update
        assert update is not None
        first = next(p for p in self.exercise.parameter_ids() if p.layer == self.exercise.depth)
        for id_, expression in updates.rule(update, first, step):
            yield Row(Math(_without_step(symbol(id_))), (Math(_without_step(expression)),), becomes=True)
        if update.learning_rate is None:
            return
        for layer in range(self.exercise.depth, 0, -1):
            for of in [Quantity("W", layer)] + (
                [Quantity("b", layer)] if self.exercise.network.biases and update.biases else []
            ):
                entries = self.layers.entries(of)
                grid = Grid(
                    tuple(tuple(Shown(self.solution.number(entry.after(step))) for entry in row) for row in entries)
                )
                scalar = len(entries) == 1 and len(entries[0]) == 1
                left = Math(symbol(entries[0][0]) if scalar else self.layers.matrix(of))
                yield Row(
                    left,
                    (),
                    Math(grid.rows[0][0] if scalar else grid),
                    boxed=True,
                    becomes=True,
                    id=of.after(step).slug,
                )

    def _sequential_rows(self, layer: int, step: int, numbers: Any) -> Iterator[Row]:
        found = [d.target for d in self.solution.derivations.values() if d.target.layer == layer]
        rank = {"a": 0, "z": 1, "W": 2, "b": 3}
        for target in sorted(found, key=lambda t: (rank[t.name], t.sample, t.index)):
            of = updates.used(target, step, self.exercise.update)  # type: ignore[arg-type]
            expression = self.solution.expression(of)
            parts = [Math(expression)] + ([Math(expression, numbers, self.given)] if numbers is not None else [])
            yield Row(
                Math(symbol(of)),
                tuple(parts),
                Math(Shown(self.solution.number(of))) if numbers is not None else None,
                chain_rule=True,
                id=of.slug,
            )

    def _update_numbers(self, step: int) -> dict[Symbol, Value] | None:
        """Everything that the rule's expressions of one step read, by their own symbols."""
        update = self.exercise.update
        assert update is not None
        if self.numbers is None or update.learning_rate is None:
            return None
        found: dict[Symbol, Value] = {
            symbol(c): _exact(v) for c, v in updates.constants(update).items() if v is not None
        }
        for name, value in self.solution.numbers(step - 1).items():
            of = Quantity.parse(name.name)
            found[symbol(of if of.name in q.CONSTANTS and of.wrt is None else updates.before(of, step))] = value
        for parameter in updates.parameters(self.exercise):
            for id_, expression in updates.rule(update, parameter, step):
                for s in (*expression.free_symbols, symbol(id_)):
                    if s not in found:
                        found[s] = self.solution.number(Quantity.parse(s.name))
        if update.order == "sequential":
            for target in self.solution.derivations:
                of = updates.used(target, step, update)
                if target.layer:
                    found[symbol(of)] = self.solution.number(of)
        return found

    def _after_update(self) -> Iterator[Block]:
        update = self.exercise.update
        assert update is not None
        solution = self.solution
        before, after = solution.number(q.E), solution.number(q.E.after(update.steps))
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
        asked = [solution.resolve(of) for question in self.exercise.questions for of in question.ask]
        asked = [of for of in asked if of.state and not of.base.is_parameter]
        rows = [
            Row(
                Math(_without_step(symbol(m))), (), Math(Shown(solution.number(m))), boxed=True, becomes=True, id=m.slug
            )
            for of in asked
            for m in _scalars(solution, of)
        ]
        if rows:
            yield Equations(tuple(rows))

    # ------------------------------------------------------------------ paths, summary, comparison
    def _paths(self, of: str) -> Iterator[Block]:
        derivation = self.solution.derivation(of)
        total = self.solution.path_count(of)
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
        for number, path in enumerate(self.solution.paths(of, PATHS_SHOWN)):
            pairs = zip(path.through, path.through[1:], strict=False)
            product = Factors(tuple(reversed([symbol(q.local(b, a) if b != q.E else gradient(a)) for a, b in pairs])))
            left = Math(symbol(derivation.id)) if total == 1 else Math(Name("p", sub=str(number + 1)))
            parts = [Math(product)]
            worked = Factors(tuple(reversed(path.locals)))
            parts.append(Math(worked))
            answer = None
            if self.numbers is not None:
                parts.append(Math(worked, self.numbers, self.given))
                value = S.One
                for factor in path.locals:
                    value = value * factor.xreplace({s: public(self.numbers[s]) for s in factor.free_symbols})
                answer = Math(Shown(_exact(value) if value.is_Rational else value.evalf(50)))
            rows.append(Row(left, tuple(parts), answer, boxed=total == 1))
        yield Equations(tuple(rows))
        if total > PATHS_SHOWN:
            yield Prose((f"The other {total - PATHS_SHOWN:,} paths are built alike.",), quiet=True)
        if total > 1 and self.numbers is not None:
            yield Prose(
                (
                    "Together they give ",
                    _equation(Math(symbol(derivation.id)), Math(Shown(self.solution.number(derivation.id)))),
                    ".",
                )
            )

    def _summary(self) -> Iterator[Block]:
        if self.numbers is None:
            return
        yield Heading(1, ("All gradients",))
        has_update = self.exercise.update is not None and self.exercise.update.learning_rate is not None
        if self.view == "layers":
            rows = []
            for layer in range(1, self.exercise.depth + 1):
                for of in [Quantity("W", layer)] + ([Quantity("b", layer)] if self.exercise.network.biases else []):
                    rows.append(self._summary_row(gradient(of)))
            yield Equations(tuple(rows))
            return
        head: list[Text] = [("parameter",), ("value",), ("gradient",)] + ([("after the update",)] if has_update else [])
        body: list[tuple[Text, ...]] = []
        for p in self.exercise.parameter_ids():
            line: list[Text] = [
                (Math(symbol(p)),),
                (Math(Shown(self.numbers[symbol(p)], given=True)),),
                (Math(Shown(self.numbers[symbol(gradient(p))])),),
            ]
            if has_update:
                assert self.exercise.update is not None
                line.append((Math(Shown(self.solution.number(p.after(self.exercise.update.steps)))),))
            body.append(tuple(line))
        yield Table(tuple(head), tuple(body), "lrr" + ("r" if has_update else ""))

    def _summary_row(self, of: Quantity) -> Row:
        entries = self.layers.entries(of)
        assert self.numbers is not None
        if len(entries) == 1 and len(entries[0]) == 1:
            return Row(Math(symbol(entries[0][0])), (), Math(Shown(self.numbers[symbol(entries[0][0])])), id=of.slug)
        grid = Grid(tuple(tuple(Shown(self.numbers[symbol(entry)]) for entry in row) for row in entries))
        return Row(Math(self.layers.matrix(of)), (), Math(grid), id=of.slug)

    def _comparison(self, reports: Sequence[OracleReport]) -> Iterator[Block]:
        if not reports:
            return
        learn = next((r for r in reports if r.name == "scikit-learn" and r.compared), None)
        yield Heading(1, ("Comparison with scikit-learn" if learn else "Check",))
        if learn is not None:
            yield from self._against(learn)
        for report in reports:
            if report.compared and report is not learn:
                yield Prose(
                    (
                        f"{report.name[0].upper() + report.name[1:]} confirm {words.count(report.compared, 'number')}, each to at least 12 digits.",
                    )
                )
        if learn is None:
            reason = next((r.skipped[0] for r in reports if r.name == "scikit-learn" and r.skipped), "")
            if reason:
                yield Prose((f"scikit-learn does not apply here: {reason}.",), quiet=True)

    def _against(self, report: OracleReport) -> Iterator[Block]:
        """Layer outputs, loss, deltas, weight and intercept gradients: both sides."""
        yield Prose(
            ("Values of scikit-learn’s own forward pass and backpropagation beside ours; they agree to 12 digits.",)
        )
        rows: list[tuple[Text, ...]] = []
        for title, wholes in self._groups():
            for whole in wholes:
                entries = self.layers.entries(whole)
                ids = [of for row in entries for of in row]
                if not all(str(of) in report.values for of in ids):
                    continue
                ours = Grid(
                    tuple(tuple(Shown(self.solution.number(of), approximate=True) for of in row) for row in entries)
                )
                theirs = Grid(
                    tuple(
                        tuple(Shown(_from_float(report.values[str(of)]), approximate=True) for of in row)
                        for row in entries
                    )
                )
                scalar = len(ids) == 1
                name = (
                    Math(symbol(ids[0]))
                    if scalar and (whole.index or whole == q.E)
                    else Math(self.layers.matrix(whole))
                    if whole != q.E
                    else Math(symbol(q.E))
                )
                rows.append(
                    (
                        (title,),
                        (name,),
                        (Math(ours.rows[0][0] if scalar else ours),),
                        (Math(theirs.rows[0][0] if scalar else theirs),),
                    )
                )
        yield Table((("",), ("quantity",), ("symprop",), ("scikit-learn",)), tuple(rows), "llcc")

    def _groups(self) -> Iterator[tuple[str, list[Quantity]]]:
        depth = range(1, self.exercise.depth + 1)
        for layer in depth:
            yield f"output of layer {layer}", [Quantity("a", layer)]
        yield "loss", [q.E]
        for layer in reversed(depth):
            yield f"delta of layer {layer}", [gradient(Quantity("z", layer))]
        for layer in reversed(depth):
            yield f"weight gradients, layer {layer}", [gradient(Quantity("W", layer))]
        if self.exercise.network.biases:
            for layer in reversed(depth):
                yield f"intercept gradients, layer {layer}", [gradient(Quantity("b", layer))]


# ---------------------------------------------------------------------- questions
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
    scalars = [of for whole in asked for of in _scalars(solution, whole)]
    return sum(
        2 if of.is_gradient and of.wrt is not None and of.wrt.name == "z" and of.wrt.layer < depth else 1
        for of in scalars
    )


def names(exercise: Exercise) -> Names:
    """The exercise's own Names."""
    return Names(exercise.notation, exercise.widths, exercise.samples, exercise.network.biases == "shared")


def figures(exercise: Exercise) -> Figures:
    """The exercise's own number formatting."""
    if exercise.rounding is None:
        return Figures()
    policy: Literal["exact", "end", "each"] = exercise.rounding.policy
    return Figures(policy, exercise.rounding.decimals)


# ---------------------------------------------------------------------- small parts
def _equation(left: Math, right: Math) -> Math:
    return Math(Relation(left.form, right.form))


def _definition(spec: Activation, at_zero: Any, asked: bool) -> list[list[Any]]:
    """What an activation is and what its derivative is, as clauses of a sentence."""
    if spec.formula is not None:
        return [[f"{spec.name} stands for ", Math(spec.expression)]]
    if spec.name in ("identity", "softmax", "exp", "tanh", "step"):
        return []
    function = ACTIVATIONS[spec.name].value(Z, **spec.parameters)
    if spec.approximate == "tanh":
        return [["GELU is approximated by ", Math(gelu_tanh(Z).expanded)]]
    if isinstance(function, Smooth):
        return [[Math(Relation(function, function.expanded))]]
    above, below = (function.branch(sign, *function.args) for sign in (1, -1))
    clause: list[Any] = [Math(Relation(function, above)), " for ", Math(Above(Z)), " and ", Math(below), " otherwise"]
    if isinstance(function, relu):
        clause += [
            ", with derivative 1 for a positive argument and 0 "
            + ("otherwise" if at_zero == 0 else "for a negative one")
        ]
        if at_zero not in (0, "reject"):
            clause += [", ", Math(Shown(_exact(at_zero), given=True)), " at 0"]
    return [clause]


def _scalars(solution: Solution, of: Quantity) -> list[Quantity]:
    """The scalars of a quantity: itself, or the entries of a whole in reading order."""
    members = solution.members(of)
    return [m for row in members for m in row] if isinstance(members, list) else [members]


def _without_step(expression: Any) -> Any:
    """Updated parameters and moments under their plain names, as a rule is written."""

    def plain(of: Quantity) -> Symbol:
        if of.state == "new":
            return symbol(of.base)
        return symbol(replace(of, step=0)) if of.state else symbol(of)

    return expression.xreplace({s: plain(quantity_of(s)) for s in expression.free_symbols})


def _constants() -> frozenset[Symbol]:
    return frozenset(symbol(Quantity(name)) for name in q.CONSTANTS)


def _from_float(value: float) -> Value:
    """Another tool's float as the decimal of 12 digits it stands for, so that it is written as ours are."""
    return Fraction(f"{value:.12g}")
