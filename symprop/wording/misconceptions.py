"""Misconceptions and findings in words: a line for the student, one for the instructor, and why numbers hide a method.

The student's line says what to look at and holds no value and no right formula of the exercise.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sympy import Expr

from symprop.exercise import Exercise
from symprop.functions import CONVENTIONAL, leaky_relu, relu, relu_prime, step
from symprop.misconceptions import Cause, Findings
from symprop.misconceptions import cause as cause_of
from symprop.quantity import Quantity
from symprop.solution import Solution
from symprop.wording.questions import default_questions
from symprop.wording.words import count, listed

#: Equations that one reason holds.
MOST_EQUATIONS = 4


@dataclass(frozen=True, slots=True)
class Lines:
    """What is said about one misconception."""

    student: str
    instructor: str


LINES: dict[str, Lines] = {
    "forget_half": Lines(
        "Look at the constant in front of the loss before you differentiate the square.",
        "The derivative of the squared error is twice what it should be: the constant ½ was forgotten.",
    ),
    "keep_half": Lines(
        "When a square is differentiated its exponent comes down: what does it do to the constant in front?",
        "The derivative of the squared error is half of what it should be: the exponent did not come down.",
    ),
    "reverse_difference": Lines(
        "Which way round is the difference between output and target, and what does the inner derivative do to its sign?",
        "The sign of the loss gradient is turned: y − ŷ in place of ŷ − y.",
    ),
    "drop_target": Lines(
        "The loss compares the output with something: where is it in your gradient?",
        "The target is left out of the loss gradient: ŷ in place of ŷ − y.",
    ),
    "use_loss_value": Lines(
        "The loss and its derivative are two different things: which one starts the backward pass?",
        "The value of the loss is used as its gradient.",
    ),
    "keep_square": Lines(
        "When a square is differentiated, what happens to its exponent?",
        "The square is kept in the loss gradient: (ŷ − y)² in place of ŷ − y.",
    ),
    "hidden_derivative_on_output": Lines(
        "Which activation does the output unit have?",
        "The hidden layer’s activation derivative is applied at the linear output, backwards only.",
    ),
    "hidden_activation_throughout": Lines(
        "Which activation does the output unit have, forwards and backwards?",
        "The linear output is treated as a hidden unit, forwards and backwards.",
    ),
    "keep_sigmoid_derivative": Lines(
        "Does a sigmoid derivative belong at this output, or has something cancelled it?",
        "ŷ(1 − ŷ) is multiplied in at the output, though the output is linear or the loss has cancelled that factor.",
    ),
    "multiply_by_output": Lines(
        "Which factor stands between the gradient at the output and the one at its input?",
        "The output’s value is multiplied into its delta.",
    ),
    "drop_bias": Lines(
        "What else enters a unit besides the weighted values?",
        "The biases are left out of the forward pass.",
    ),
    "skip_activation": Lines(
        "Did every hidden unit’s pre-activation go through its activation?",
        "The hidden units hand on their pre-activations: no activation in the forward pass.",
    ),
    "hidden_activation_on_output": Lines(
        "Which activation does the output unit have?",
        "The hidden layer’s activation is applied to the linear output, forwards only.",
    ),
    "use_updated_weights": Lines(
        "Which weights does the backward pass use: those before the update or those after it?",
        "Already updated weights are used within the same backward pass.",
    ),
    "use_weights_after_batch": Lines(
        "Which weights does the backward pass use: those before the update or those after it?",
        "Weights already updated with the whole batch’s gradient are used within the same backward pass.",
    ),
    "drop_outer_weight": Lines(
        "What lies between this unit’s output and the next layer’s delta?",
        "The outgoing weight is missing from the gradient at a hidden output.",
    ),
    "use_incoming_weight": Lines(
        "Through which weight does this unit’s output reach the loss?",
        "The incoming weight is used where the outgoing one belongs.",
    ),
    "swap_outer_weights": Lines(
        "Check the indices: which weight starts at this unit?",
        "A neighbouring unit’s outgoing weight is used.",
    ),
    "transpose_weights": Lines(
        "Check the indices of the weights: from which unit, to which unit?",
        "The weight matrix of the backward pass is transposed.",
    ),
    "sum_wrong_axis": Lines(
        "Over which units does the sum run for one hidden unit?",
        "The weights are summed over the wrong axis: over the hidden units in place of the next layer’s.",
    ),
    "average_paths": Lines(
        "How are several paths to the loss put together?",
        "The paths are averaged, not added.",
    ),
    "follow_one_path": Lines(
        "How many units of the next layer does this output reach?",
        "Only the path through the first unit of the next layer is followed.",
    ),
    "add_instead_of_multiply": Lines(
        "How does the chain rule put two derivatives along one path together?",
        "The factors of the chain rule are added, not multiplied.",
    ),
    "use_output_for_weight": Lines(
        "The next pre-activation is differentiated by this unit’s output: what stays?",
        "The unit’s output is used where its outgoing weight belongs.",
    ),
    "drop_activation_derivative": Lines(
        "What happens between a unit’s output and its pre-activation?",
        "The activation’s derivative is left out.",
    ),
    "derivative_at_output": Lines(
        "At which point is the activation’s derivative taken?",
        "The activation’s derivative is taken at the unit’s output, not at its pre-activation.",
    ),
    "use_activation_for_derivative": Lines(
        "Is that the activation or its derivative?",
        "The activation’s value is used as its derivative.",
    ),
    "use_sigmoid_derivative": Lines(
        "Which activation does this unit have, and what is its derivative?",
        "The sigmoid’s derivative a(1 − a) is used for another activation.",
    ),
    "other_derivative_at_kink": Lines(
        "Which derivative did the course agree on exactly at the kink?",
        "The derivative at the kink follows another convention than the exercise’s.",
    ),
    "use_pre_activation_for_derivative": Lines(
        "The derivative of the activation is wanted: does it have the size of the pre-activation?",
        "The pre-activation is used as the activation’s derivative.",
    ),
    "swap_activation_derivatives": Lines(
        "Whose activation derivative is that? Check the unit’s index.",
        "A neighbouring unit’s activation derivative is used.",
    ),
    "mask_by_gradient": Lines(
        "Which number decides whether a ReLU lets a gradient through?",
        "The ReLU’s mask is taken from the sign of the gradient, not of the pre-activation.",
    ),
    "mask_by_weight": Lines(
        "Which number decides whether a ReLU lets a gradient through?",
        "The ReLU’s mask is taken from the sign of a weight, not of the pre-activation.",
    ),
    "skip_hidden_layer": Lines(
        "Which factors lie between the next layer’s delta and this unit’s?",
        "The next layer’s delta is handed down as it is: neither weight nor activation derivative.",
    ),
    "use_later_weight_for_input": Lines(
        "The pre-activation is differentiated by a weight: what stays, the weight or its partner?",
        "The weight itself stands for the value that enters through it, after the first layer.",
    ),
    "use_pre_activation_for_input": Lines(
        "What enters through this weight: the previous unit’s pre-activation or its output?",
        "The previous unit’s pre-activation stands for its output in a weight’s gradient.",
    ),
    "use_network_input": Lines(
        "What enters through a weight of this layer?",
        "The network’s input stands for the hidden unit’s output in a weight’s gradient.",
    ),
    "drop_hidden_output": Lines(
        "The pre-activation is differentiated by a weight: is the result really 1?",
        "The hidden unit’s output is missing from a weight’s gradient.",
    ),
    "swap_hidden_outputs": Lines(
        "Check the indices: at which unit does this weight start?",
        "A neighbouring unit’s output is used in a weight’s gradient.",
    ),
    "sum_hidden_outputs": Lines(
        "How many values enter through one single weight?",
        "The outputs of the whole layer are summed in one weight’s gradient.",
    ),
    "use_first_weight_for_input": Lines(
        "The pre-activation is differentiated by a weight: what stays, the weight or its partner?",
        "The weight itself stands for the input in the first layer.",
    ),
    "use_own_output_for_input": Lines(
        "What enters through this weight, and what comes out of its unit?",
        "The unit’s own output stands for the value that enters it in a weight’s gradient.",
    ),
    "use_own_pre_activation_for_input": Lines(
        "What enters through this weight, and what does the unit make of it?",
        "The unit’s own pre-activation stands for the value that enters it in a weight’s gradient.",
    ),
    "drop_network_input": Lines(
        "The pre-activation is differentiated by a weight: is the result really 1?",
        "The input is missing from a first-layer weight’s gradient.",
    ),
    "use_outer_delta": Lines(
        "Whose delta belongs to this weight: that of the unit it enters, or one further on?",
        "The next layer’s delta is used for a hidden layer’s weights; the hidden layer’s own is skipped.",
    ),
    "multiply_bias_by_input": Lines(
        "What does a bias multiply in its unit?",
        "A bias gradient is multiplied by what enters the unit, as if the bias were a weight.",
    ),
    "use_neighbouring_input": Lines(
        "Check the indices: at which input does this weight start?",
        "A neighbouring input is used in a first-layer weight’s gradient.",
    ),
    "drop_batch_mean": Lines(
        "Is the loss a sum or a mean over the samples?",
        "The gradients are summed over the samples, not averaged.",
    ),
    "use_one_sample": Lines(
        "How many samples does the loss hold?",
        "Only the first sample enters the parameter gradients.",
    ),
    "drop_penalty": Lines(
        "Does the loss hold anything besides the samples’ errors?",
        "The penalty’s part of the weight gradients is missing.",
    ),
    "double_penalty": Lines(
        "Look at the constant in front of the penalty before you differentiate the square.",
        "The penalty’s part of the weight gradients is doubled: its ½ was forgotten.",
    ),
    "penalise_biases": Lines(
        "Which parameters does the penalty hold?",
        "The penalty is applied to the biases too.",
    ),
    "report_new_weight": Lines(
        "Is the gradient asked, or the weight after the update?",
        "The updated weight is given where the gradient is asked.",
    ),
    "lose_sign": Lines(
        "Check the signs of this step.",
        "A sign was lost: the step’s value is negated.",
    ),
    "add_step": Lines(
        "Does gradient descent go with the gradient or against it?",
        "The step is added, not subtracted.",
    ),
    "drop_learning_rate": Lines(
        "How long is one step of the update?",
        "The learning rate is missing from the update.",
    ),
}


# ---------------------------------------------------------------------- what is asked
def asked(exercise: Exercise) -> tuple[str, ...]:
    """The ids that the exercise's questions ask for, or day12's questions."""
    return tuple(of for question in exercise.questions or default_questions(exercise) for of in question.ask)


# ---------------------------------------------------------------------- why a method stays hidden
def reasons(solution: Solution, findings: Findings) -> Iterator[tuple[str, str]]:
    """Each hidden method with why these numbers hide it; empty where no short reason is known."""
    for name in findings.hides:
        yield name, reason(solution.exercise, name, cause_of(solution, name, findings.asked))


def reason(exercise: Exercise, name: str, why: Cause) -> str:
    """A cause in a few words: `x[1] = 1`, `z1[1] > 0 and z1[2] > 0`, `no bias gradient is asked`."""
    if why.kind == "no place":
        return _no_place(exercise, name)
    if why.kind == "not asked":
        return f"no {_kinds(why.reached)} is asked"
    if why.kind == "lost later":
        return "a later factor is 0"
    told = sorted({_equation(left, right) for left, right in why.equations})
    told = [text for text in told if text.replace("≥", ">") not in told or "≥" not in text]
    if len(told) > MOST_EQUATIONS:
        told = [*told[: MOST_EQUATIONS - 1], f"{len(told) - MOST_EQUATIONS + 1} more of the kind"]
    return listed(told) if told else ""


def _no_place(exercise: Exercise, name: str) -> str:
    for names, fits, text in _PLACES:
        if name in names and fits(exercise):
            return text
    return "no hidden layer" if exercise.depth == 1 else "nothing of the kind in this network"


def _kinds_of_activation(exercise: Exercise) -> set[str]:
    return {layer.activation.name for layer in exercise.network.layers} - {"identity"}


#: (misconceptions, when, why they have no place): the first row that fits is told.
_PLACES: tuple[tuple[tuple[str, ...], Callable[[Exercise], bool], str], ...] = (
    (("drop_batch_mean", "use_one_sample"), lambda e: e.samples == 1, "one sample"),
    (("drop_batch_mean",), lambda e: True, "the samples’ losses are added up"),
    (("drop_penalty", "double_penalty", "penalise_biases"), lambda e: e.network.penalty is None, "no penalty"),
    (("drop_bias", "multiply_bias_by_input", "penalise_biases"), lambda e: True, "no biases"),
    (("forget_half", "keep_half", "keep_square"), lambda e: True, "the loss is no squared error"),
    (("reverse_difference", "drop_target", "use_loss_value"), lambda e: not e.has_targets, "the loss has no target"),
    (("derivative_at_output",), lambda e: _kinds_of_activation(e) == {"relu"}, "no error for ReLU"),
    (
        ("mask_by_gradient", "mask_by_weight", "other_derivative_at_kink"),
        lambda e: not _kinds_of_activation(e) & {"relu", "leaky_relu"},
        "no ReLU",
    ),
    (
        ("hidden_derivative_on_output", "hidden_activation_throughout", "hidden_activation_on_output"),
        lambda e: e.network.layers[-1].activation.name != "identity",
        "the output is not linear",
    ),
    (
        ("keep_sigmoid_derivative", "multiply_by_output"),
        lambda e: e.network.layers[-1].activation.name != "identity",
        "the output has an activation derivative of its own",
    ),
    (
        ("swap_outer_weights", "swap_hidden_outputs", "swap_activation_derivatives", "sum_wrong_axis", "average_paths"),
        lambda e: e.depth > 1,
        "one unit in every hidden layer",
    ),
)


def _kinds(changed: Iterable[Quantity]) -> str:
    inner = {of.wrt.name if of.wrt is not None else of.name for of in changed}
    names = {"b": "bias gradient", "W": "weight gradient", "z": "delta", "a": "gradient at an output"}
    found = [text for name, text in names.items() if name in inner]
    return " or ".join(found) or "quantity it changes"


def _equation(left: Expr, right: Expr) -> str:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, relu_prime) and other.is_Integer:
            return f"{_text(one.args[0])} {'>' if other == 1 else '≤'} 0"
        if isinstance(one, (relu, leaky_relu)) and other == one.args[0]:
            return f"{_text(other)} ≥ 0"
        if isinstance(one, relu) and other == 0:
            return f"{_text(one.args[0])} ≤ 0"
        if isinstance(one, (step, *CONVENTIONAL)) and isinstance(other, CONVENTIONAL):
            if one.args[0] == other.args[0]:
                return f"{_text(one.args[0])} ≠ 0"
            return f"{' and '.join(sorted((_text(one.args[0]), _text(other.args[0]))))} have the same sign"
    return f"{_text(left)} = {_text(right)}"


def _text(expression: Expr) -> str:
    text = str(expression).replace("_prime(", "'(").replace("**", "^").replace("*", " · ")
    return re.sub(r"relu'\(([^,()]+), [^()]+\)", r"relu'(\1)", text)  # slope and convention are stated elsewhere


def summary(findings: Findings) -> str:
    """The findings' figures in one line."""
    hidden = len(findings.hides)
    never = (
        f", {count(len(findings.inapplicable), 'of them', 'of them')} in any numbers" if findings.inapplicable else ""
    )
    share = f"{float(findings.tells_apart):.1%}"
    return (
        f"{hidden} of {findings.count} wrong methods give every asked answer right{never}; "
        f"the others give {count(findings.distinct, 'wrong answer')}; {share} of all pairs differ"
    )


__all__ = ["LINES", "Lines", "asked", "reason", "reasons", "summary"]
