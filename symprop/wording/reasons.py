"""The one or two sentences that say why, above the rows of a question (detail "full")."""

from collections.abc import Iterable, Iterator, Sequence

from sympy import Expr
from sympy.matrices.expressions import Transpose

from symprop.document import Math, Prose, Text
from symprop.graph import symbol
from symprop.layers import LayerStep, Op
from symprop.quantity import E, Quantity
from symprop.wording.page import Page


def reasons(page: Page, asked: Sequence[Quantity]) -> Iterator[Prose]:
    """A paragraph: why the asked rows are as they are, then, in layers, why their matrices stand as they do."""
    why = reason(page, asked)
    sentences = [why] if why is not None else []
    if page.view == "layers":
        wholes = {of.whole() for of in asked}
        steps = [*page.layers.backward(), *page.layers.parameters()]
        sentences += _matrix_sentences(page, [step for step in steps if step.id in wholes])
    yield from _paragraph(sentences)


def matrix_reasons(page: Page, steps: Iterable[LayerStep]) -> Iterator[Prose]:
    """A paragraph: what each transpose is for, what a vector of ones does, where 1/n comes from."""
    yield from _paragraph(_matrix_sentences(page, steps))


def _paragraph(sentences: Sequence[Text]) -> Iterator[Prose]:
    if sentences:
        yield Prose(tuple(part for i, why in enumerate(sentences) for part in ((" ", *why) if i else why)))


def _matrix_sentences(page: Page, steps: Iterable[LayerStep]) -> list[Text]:
    """One sentence a kind of step."""
    found: dict[str, Text] = {}
    for step in steps:
        for rule, why in _matrix_reason(page, step):
            found.setdefault(rule, why)
    return list(found.values())


def _matrix_reason(page: Page, step: LayerStep) -> Iterator[tuple[str, Text]]:
    n = page.exercise.samples
    across, down = ("rows", "columns") if page.exercise.notation.layout == "columns" else ("columns", "rows")
    form = step.form
    if form.name == "scaled" and isinstance(form.operands[0], Expr) and step.rule == "cancelled":
        if n > 1 and page.exercise.network.batch == "mean":
            factor = Math(form.operands[0])
            yield (
                "mean",
                ("The factor ", factor, f" is the mean over {n} samples. Every later gradient carries it on."),
            )
        return
    if step.rule == "biases" and form.name == "total":
        yield "ones", ("The vector of ones adds the ", f"{down} of ", Math(form.operands[0]), ", one a sample.")
    product = form.operands[0] if form.name == "sum" else form
    if not isinstance(product, Op) or product.name != "product":
        return
    turned = next((operand.arg for operand in product.operands if isinstance(operand, Transpose)), None)
    if turned is None:
        return
    if step.rule == "outputs":
        yield (
            "outputs",
            (
                "Forward, ",
                Math(turned),
                " adds over the units a weight comes from; backward, its transpose adds over the units a weight goes to.",
            ),
        )
    elif n > 1:
        yield (
            "weights",
            (
                "With ",
                Math(turned),
                f" transposed the product adds over the {n} samples, and its shape is that of the weights: "
                f"one {across[:-1]} a unit they lead to.",
            ),
        )
    else:
        yield (
            "weights",
            (
                "With ",
                Math(turned),
                " transposed a column meets a row: one entry a weight, its input times the delta of its unit.",
            ),
        )


def reason(page: Page, asked: Sequence[Quantity]) -> Text | None:
    """Why the asked rows are as they are; None where nothing needs saying."""
    inner = [of.wrt for of in asked if of.is_gradient and of.wrt is not None]
    if not inner:
        forward = any(of.wrt is None and of.name in ("z", "a", "E") for of in asked)
        return (
            (
                "Each pre-activation is the weighted sum of the values that enter its unit; the activation turns it into the unit’s output.",
            )
            if forward
            else None
        )
    if all(of.is_parameter for of in inner):
        return (_parameters(page, inner),)
    layers = {of.layer for of in inner if of.name in ("z", "a")}
    if layers == {page.exercise.depth}:
        return _output(page)
    if layers:
        return _hidden(page, min(layers))
    return None


def _parameters(page: Page, asked: Sequence[Quantity]) -> str:
    text = "A pre-activation is linear in its weights: the local derivative of a weight is the value that enters through it"
    text += ", that of a bias is 1." if any(of.name == "b" for of in asked) else "."
    if page.exercise.samples > 1 and page.view == "units":
        text += " Every sample is a path of its own, so the samples’ products are added."
    if page.exercise.network.penalty is not None and any(of.name == "W" for of in asked):
        text += " The penalty reads each weight directly and adds its own derivative."
    return text


def _output(page: Page) -> Text:
    depth = page.exercise.depth
    n = 1 if page.exercise.samples > 1 else 0
    output = Quantity("a", depth, (1,), n)
    words = "The loss reads ", Math(symbol(output)), " directly, so the first gradient is an ordinary derivative"
    name = page.exercise.network.layers[-1].activation.name
    if name == "identity":
        return (*words, "; a linear output has local derivative 1.")
    if any(
        page.solution.derivations[z].cancelled is not None
        for z in page.solution.derivations
        if z.name == "z" and z.layer == depth
    ):
        return (*words, ". Its denominator cancels against the local derivative of the output.")
    return (*words, "; then comes the local derivative of the output’s activation.")


def _hidden(page: Page, layer: int) -> Text:
    n = 1 if page.exercise.samples > 1 else 0
    units, following = page.exercise.widths[layer], page.exercise.widths[layer + 1]
    above = Quantity("z", layer + 1, (1,), n)
    if following == 1:
        way: Text = (
            "Each output of this layer reaches ",
            Math(symbol(E)),
            " only through ",
            Math(symbol(above)),
            ", so there is one path",
        )
    else:
        way = (
            "Each output of this layer reaches ",
            Math(symbol(E)),
            f" through the {following} units of layer {layer + 1}: one path each, added up",
        )
    dead = [z for z in (Quantity("z", layer, (j,), n) for j in range(1, units + 1)) if _is_dead(page, z)]
    if dead:
        return (*way, "; ", Math(symbol(dead[0])), " is negative, so its unit lets nothing through.")
    return (*way, "; the unit’s own activation is one more factor.")


def _is_dead(page: Page, z: Quantity) -> bool:
    if (
        page.numbers is None
        or page.exercise.network.layers[z.layer - 1].activation.name != "relu"
        or page.exercise.samples > 1
    ):
        return False
    return bool(page.solution.value(z) < 0)
