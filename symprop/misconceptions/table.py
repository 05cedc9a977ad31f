"""The table of misconceptions: name, family, what each does to graph and derivations. Lines in words are wording's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sympy import Expr, Rational, S

from symprop.errors import UsageError, did_you_mean, quoted
from symprop.graph import symbol
from symprop.misconceptions import inner, outputs, parameters
from symprop.misconceptions.editing import Edit
from symprop.quantity import Quantity
from symprop.solution import Solution

#: (solution, quantity, its right right-hand side) -> the one this slip writes there; None where it has no place.
Slip = Callable[[Solution, Quantity, Expr], Expr | None]


@dataclass(frozen=True, slots=True)
class Misconception:
    """A row: a wrong method (`edit`), or a slip that is made in one step only (`slip`).

    A row that is not `counted` exists for some shapes only: findings count it where it applies.
    """

    name: str
    family: str
    edit: Edit | None
    counted: bool = True
    slip: Slip | None = None


def _lost_sign(solution: Solution, of: Quantity, right: Expr) -> Expr | None:
    return -right if right != 0 else None


def _ascent(solution: Solution, of: Quantity, right: Expr) -> Expr | None:
    return _in_update(of, right, -symbol(Quantity("eta")))


def _no_rate(solution: Solution, of: Quantity, right: Expr) -> Expr | None:
    return _in_update(of, right, S.One)


def _in_update(of: Quantity, right: Expr, rate: Expr) -> Expr | None:
    """An update's line with another learning rate."""
    if not (of.state and of.base.is_parameter):
        return None
    wrong = right.xreplace({symbol(Quantity("eta")): rate})
    return wrong if wrong != right else None


METHODS: tuple[Misconception, ...] = (
    Misconception("forget_half", "loss", outputs.scaled(S(2))),
    Misconception("keep_half", "loss", outputs.scaled(Rational(1, 2))),
    Misconception("reverse_difference", "loss", outputs.reversed_difference),
    Misconception("drop_target", "loss", outputs.without_target),
    Misconception("use_loss_value", "loss", outputs.loss_for_gradient),
    Misconception("keep_square", "loss", outputs.kept_square),
    Misconception("hidden_derivative_on_output", "output", outputs.hidden_derivative_on_output),
    Misconception("hidden_activation_throughout", "output", outputs.hidden_activation_throughout),
    Misconception("keep_sigmoid_derivative", "output", outputs.sigmoid_derivative_kept),
    Misconception("multiply_by_output", "output", outputs.times_output),
    Misconception("drop_bias", "forward", outputs.without_bias),
    Misconception("skip_activation", "forward", outputs.without_activation),
    Misconception("hidden_activation_on_output", "forward", outputs.hidden_activation_on_output),
    Misconception("use_updated_weights", "chain", inner.updated_weights),
    Misconception("use_weights_after_batch", "chain", inner.weights_after_batch, counted=False),
    Misconception("drop_outer_weight", "chain", inner.without_weight),
    Misconception("use_incoming_weight", "chain", inner.incoming_weight),
    Misconception("swap_outer_weights", "chain", inner.swapped_weights),
    Misconception("transpose_weights", "chain", inner.transposed_weights, counted=False),
    Misconception("sum_wrong_axis", "chain", inner.wrong_axis),
    Misconception("average_paths", "chain", inner.mean_over_paths),
    Misconception("follow_one_path", "chain", inner.one_path, counted=False),
    Misconception("add_instead_of_multiply", "chain", inner.added),
    Misconception("use_output_for_weight", "chain", inner.output_for_weight),
    Misconception("drop_activation_derivative", "activation", inner.without_derivative),
    Misconception("derivative_at_output", "activation", inner.derivative_at_output),
    Misconception("use_activation_for_derivative", "activation", inner.activation_for_derivative),
    Misconception("use_sigmoid_derivative", "activation", inner.sigmoid_derivative),
    Misconception("other_derivative_at_kink", "activation", inner.other_derivative_at_kink),
    Misconception("use_pre_activation_for_derivative", "activation", inner.pre_activation_for_derivative),
    Misconception("swap_activation_derivatives", "activation", inner.swapped_derivatives),
    Misconception("mask_by_gradient", "activation", inner.mask_by_gradient),
    Misconception("mask_by_weight", "activation", inner.mask_by_weight),
    Misconception("skip_hidden_layer", "weight gradient", inner.skipped_layer),
    Misconception("use_later_weight_for_input", "weight gradient", parameters.later_weight_for_input),
    Misconception("use_pre_activation_for_input", "weight gradient", parameters.pre_activation_for_input),
    Misconception("use_network_input", "weight gradient", parameters.network_input_for_output),
    Misconception("drop_hidden_output", "weight gradient", parameters.without_hidden_output),
    Misconception("swap_hidden_outputs", "weight gradient", parameters.neighbours_output),
    Misconception("sum_hidden_outputs", "weight gradient", parameters.sum_of_outputs),
    Misconception("use_first_weight_for_input", "weight gradient", parameters.first_weight_for_input),
    Misconception("use_own_output_for_input", "weight gradient", parameters.own_output_for_input),
    Misconception("use_own_pre_activation_for_input", "weight gradient", parameters.own_pre_activation_for_input),
    Misconception("drop_network_input", "weight gradient", parameters.without_network_input),
    Misconception("use_outer_delta", "weight gradient", parameters.outer_delta),
    Misconception("multiply_bias_by_input", "weight gradient", parameters.bias_times_input),
    Misconception("use_neighbouring_input", "arithmetic", parameters.neighbours_input, counted=False),
    Misconception("drop_batch_mean", "batch and penalty", parameters.without_mean),
    Misconception("use_one_sample", "batch and penalty", parameters.one_sample),
    Misconception("drop_penalty", "batch and penalty", parameters.penalty_times(S.Zero)),
    Misconception("double_penalty", "batch and penalty", parameters.penalty_times(S(2))),
    Misconception("penalise_biases", "batch and penalty", parameters.penalty_on_biases),
    Misconception("report_new_weight", "update", parameters.new_weight_for_gradient),
)
SLIPS: tuple[Misconception, ...] = (
    Misconception("lose_sign", "arithmetic", None, slip=_lost_sign),
    Misconception("add_step", "update", None, slip=_ascent),
    Misconception("drop_learning_rate", "update", None, slip=_no_rate),
)
TABLE = METHODS + SLIPS


@cache
def _by_name() -> dict[str, Misconception]:
    return {row.name: row for row in TABLE}


def misconception(name: str) -> Misconception:
    """The row of this name. Raises UsageError when there is none."""
    found = _by_name().get(name)
    if found is None:
        raise UsageError(f"no misconception {quoted(name)}; {did_you_mean(name, _by_name())}")
    return found
