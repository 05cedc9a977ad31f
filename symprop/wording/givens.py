"""The section "Given": loss, activations, numbers, and remarks on rounding and kinks."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from sympy import Expr, S, count_ops

from symprop import quantity as q
from symprop import update as updates
from symprop.arithmetic import EXACT_DIGITS, MAX_DIGITS, SHOWN_DIGITS, Value, exact
from symprop.document import Block, Equations, Flow, Heading, Math, Prose, Row, Table
from symprop.exercise import Activation, Z
from symprop.functions import ACTIVATIONS, Smooth, gelu_tanh, relu
from symprop.graph import Node, symbol
from symprop.printing import Above, Grid, Relation, Shown, Width
from symprop.quantity import Quantity, gradient
from symprop.wording import words
from symprop.wording.drawing import figure
from symprop.wording.page import Page, equation

#: The composed loss is printed when it has at most this many operations, comes from so few nodes, and fits a line (em).
SHORT_LOSS, SHORT_GRAPH, LOSS_WIDTH = 40, 40, 36.0
#: Columns of a table of givens.
GIVENS_PER_ROW = 9


def givens(page: Page) -> Iterator[Block]:
    """Loss and activations in words, then the numbers, then remarks."""
    e = page.exercise
    yield Heading(1, ("Given",))
    yield figure(page)
    sentence: list[Any] = ["The loss is "]
    sentence += _loss_sentence(page)
    yield Prose(tuple(sentence))
    functions = _functions_sentence(page)
    if functions:
        yield Prose(tuple(functions))
    if page.solution.is_symbolic:
        missing = "Parameters" if e.data else "Data and parameters" if e.parameters is None else "Data"
        yield Prose((f"{missing} are left as letters.",))
        if any(node.given is not None for node in page.solution.graph):
            yield from _given_table(page)
    elif page.view == "units":
        yield from _given_table(page)
    else:
        yield _given_matrices(page)
    yield from _remarks(page)


def _loss_sentence(page: Page) -> list[Any]:
    e, graph = page.exercise, page.solution.graph
    loss = Math(page.names.write(q.E))
    definition = graph[q.E].definition
    if e.samples == 1 and e.widths[-1] == 1 and e.network.penalty is None:
        return [equation(Math(symbol(q.E)), Math(definition)), "."]
    k = q.share(
        1 if e.widths[-1] > 1 else 0, 1 if e.samples > 1 else 1 if e.network.penalty and e.widths[-1] == 1 else 0
    )
    of_output = page.solution.expression(k)
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


def _functions_sentence(page: Page) -> list[Any]:
    """What each activation in use is, where its name does not say it."""
    clauses: list[list[Any]] = []
    for spec in dict.fromkeys(layer.activation for layer in page.exercise.network.layers):
        clauses += _definition(spec, page.solution.exercise.network.relu_at_zero, asked=page.detail != "answers")
    return [part for i, clause in enumerate(clauses) for part in ((["; "] if i else []) + clause)] + (
        ["."] if clauses else []
    )


def _remarks(page: Page) -> Iterator[Block]:
    e, solution = page.exercise, page.solution
    rounding = e.rounding
    if rounding is not None and rounding.policy == "each":
        yield Prose(
            (
                f"Every step is rounded to {words.count(rounding.decimals, 'decimal')} and worked out from its own rounded predecessors. "
                f"No gradient is further from its exact value than ",
                Math(Shown(_largest_distance(page), significant=2)),
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
    elif not solution.is_symbolic and any(not isinstance(v, (Fraction, Expr)) for v in (page.numbers or {}).values()):
        yield Prose(
            (
                f"After = a number is exact, after ≈ it is rounded to {words.count(page.figures.decimals, 'decimal')}, with more where its line needs them.",
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
                Math(Shown(exact(convention), given=True)),
                ".",
            ),
            quiet=True,
        )
    if solution.unproved:
        names = words.listed([*solution.unproved[:3], *(["others"] if len(solution.unproved) > 3 else [])])
        yield Prose((f"Shown as 0, being 0 to {MAX_DIGITS:,} digits: {names}.",), quiet=True)
    if _has_long_rationals(page):
        yield Prose(
            (f"Rationals of more than {EXACT_DIGITS} digits are carried on with {SHOWN_DIGITS} digits.",),
            quiet=True,
        )
    if page.detail == "full" and e.samples == 1 and len(solution.graph.nodes) <= SHORT_GRAPH:
        loss = solution.loss()
        if count_ops(loss) <= SHORT_LOSS and Width(page.names, page.figures).write(loss) <= LOSS_WIDTH:
            yield Prose(("Written out in inputs and parameters, the loss is",))
            yield Equations((Row(Math(symbol(q.E)), (Math(loss),)),))


def _has_long_rationals(page: Page) -> bool:
    """Whether a number is an interval only because its fraction grew too long."""
    if page.solution.is_symbolic:
        return False
    for node in page.solution.graph:
        if node.role == "pre-activation" and not isinstance(page.solution.number(node.id), (Fraction, Expr)):
            return all(
                isinstance(page.solution.number(parent.id), Fraction) for parent in page.solution.graph.parents(node)
            )
    return False


def _largest_distance(page: Page) -> Value:
    distances = []
    for of in page.solution.derivations:
        exact, rounded = page.solution.value(gradient(of)), page.solution.rounded(gradient(of))
        distances.append(abs(exact - rounded).evalf(20))
    return max(distances, default=S.Zero)


def _given_table(page: Page) -> Iterator[Block]:
    leaves = [n for n in page.solution.graph if n.given is not None]
    leaves.sort(key=lambda n: ("input", "target", "weight", "bias", "constant").index(n.role))
    by_layer = [n for n in leaves if n.role in ("input", "target", "constant")]
    for layer in range(1, page.exercise.depth + 1):
        by_layer += [n for n in leaves if n.id.layer == layer]
    extra: list[tuple[Quantity, Value]] = [(n.id, _given(page, n)) for n in by_layer]
    if page.exercise.update is not None:
        extra += [(c, exact(v)) for c, v in updates.constants(page.exercise.update).items() if v is not None]
    rows = max(1, -(-len(extra) // GIVENS_PER_ROW))
    size = -(-len(extra) // rows)
    for start in range(0, len(extra), size):
        part = extra[start : start + size]
        yield Table(
            tuple((Math(symbol(of)),) for of, _ in part),
            (tuple((Math(Shown(v, given=True)),) for _, v in part),),
            "c" * len(part),
        )


def _given(page: Page, node: Node) -> Value:
    assert node.given is not None
    return exact(node.given) if page.numbers is None else page.number(node.id)


def _given_matrices(page: Page) -> Flow:
    e = page.exercise
    wholes = [Quantity("x")] + ([Quantity("y")] if e.has_targets else [])
    for layer in range(1, e.depth + 1):
        wholes += [Quantity("W", layer)] + ([Quantity("b", layer)] if e.network.biases else [])
    relations = [_given_matrix(page, of) for of in wholes]
    constants = {n.id: n.given for n in page.solution.graph if n.role == "constant"}
    if e.update is not None:
        constants |= updates.constants(e.update)
    relations += [Relation(symbol(of), Shown(exact(v), given=True)) for of, v in constants.items() if v is not None]
    return Flow(tuple(Math(relation) for relation in relations))


def _given_matrix(page: Page, of: Quantity) -> Relation:
    entries = page.layers.entries(of)
    if len(entries) == 1 and len(entries[0]) == 1:
        return Relation(symbol(entries[0][0]), Shown(page.number(entries[0][0]), given=True))
    grid = Grid(tuple(tuple(Shown(page.number(entry), given=True) for entry in row) for row in entries))
    return Relation(page.layers.matrix(of), grid)


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
            clause += [", ", Math(Shown(exact(at_zero), given=True)), " at 0"]
    return [clause]
