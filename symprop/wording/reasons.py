"""The one or two sentences that say why, above the rows of a question (detail "full")."""

from collections.abc import Sequence

from symprop.document import Math, Text
from symprop.graph import symbol
from symprop.quantity import E, Quantity
from symprop.wording.page import Page


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
    if page.exercise.samples > 1:
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
