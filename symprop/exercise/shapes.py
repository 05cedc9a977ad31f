"""What must fit together in an exercise: data, targets, parameters, questions, size. Raises the model's errors.

Shapes are checked before any number of [parameters] is read.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sympy import Expr, Integer

from symprop.errors import UsageError, counted, did_you_mean, quoted, shown
from symprop.exercise.numbers import fail, is_list, less, number, rows
from symprop.functions import LOSSES
from symprop.quantity import CONSTANTS, Quantity

if TYPE_CHECKING:
    from symprop.exercise.model import Exercise

#: Weights times samples: beyond it a derivation would not fit into memory, let alone on a page.
MAX_TERMS = 1_000_000


def check_data(exercise: "Exercise") -> None:
    """Rows of one length that agree with network.inputs and network.samples; without data, a number of inputs."""
    network, data = exercise.network, exercise.data
    if data is None:
        if network.inputs is None:
            given = rows(exercise.parameters["W1"]) if exercise.parameters and "W1" in exercise.parameters else None
            hint = f"say inputs = {len(given)}" if is_list(given) and given else "say how many inputs there are"
            raise fail(f"network.inputs: missing; without data {hint}")
    else:
        inputs = len(data.x[0])
        if not inputs:
            raise fail("data.x: rows are empty; wanted at least one input")
        for n, row in enumerate(data.x):
            if len(row) != inputs:
                raise fail(f"data.x[{n}]: {counted(len(row), 'number')}, but the first row has {inputs}")
        if network.inputs not in (None, inputs):
            raise fail(f"network.inputs: found {network.inputs}, but the data have {counted(inputs, 'input')}")
        if network.samples not in (None, len(data.x)):
            raise fail(f"network.samples: found {network.samples}, but the data have {counted(len(data.x), 'sample')}")
    terms = exercise.weight_count * exercise.samples
    if terms > MAX_TERMS:
        raise fail(
            f"network: {exercise.weight_count:,} weights by {counted(exercise.samples, 'sample')}; wanted a product of at most {MAX_TERMS:,}"
        )


def check_targets(exercise: "Exercise") -> None:
    """One row a sample, one number an output or a class number, each such as the loss takes."""
    data, K = exercise.data, exercise.widths[-1]
    if data is None or not exercise.has_targets:
        return
    if data.y is None:
        raise fail("data.y: missing; the loss compares the output with a target")
    if len(data.y) != len(data.x):
        raise fail(f"data.y: {counted(len(data.y), 'row')}, but x has {counted(len(data.x), 'sample')}")
    loss = LOSSES.get(exercise.network.loss)
    targets = loss.targets if loss is not None else "any"
    classes = exercise.network.layers[-1].activation.name == "softmax" or targets == "class"
    for n, row in enumerate(data.y):
        where = f"data.y[{n}]"
        values = row if isinstance(row, tuple) else (row,)
        if len(values) == 1 and K > 1:
            if not classes:
                raise fail(f"{where}: 1 number, but the network has {K} outputs")
            if not (values[0].is_Integer and 0 <= values[0] < K):
                raise fail(
                    f"{where}: found {shown(values[0])}; wanted a class number from 0 to {K - 1}, or a one-hot row of {K} numbers"
                )
            continue
        if len(values) != K:
            raise fail(f"{where}: {counted(len(values), 'number')}, but the network has {counted(K, 'output')}")
        if targets == "class" and K > 1 and sorted(map(str, values)) != ["0"] * (K - 1) + ["1"]:
            raise fail(
                f"{where}: found {shown('[' + ', '.join(map(str, values)) + ']')}; wanted a one-hot row (a single 1, the rest 0) or a class number from 0"
            )
        for k, value in enumerate(values):
            low = targets in ("probability", "class", "count") and less(value, Integer(0))
            if low and targets == "count":
                raise fail(f"{where}[{k}]: found {shown(value)}; wanted a number of at least 0")
            if low or (targets in ("probability", "class") and less(Integer(1), value)):
                raise fail(f"{where}[{k}]: found {shown(value)}; wanted a probability from 0 to 1")


def read_parameters(exercise: "Exercise", raw: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of [parameters], once every name is there and every shape fits: tuples of exact numbers."""
    layers, biases = range(1, exercise.depth + 1), exercise.network.biases
    wanted = [f"W{layer}" for layer in layers] + [f"b{layer}" for layer in layers if biases]
    for key in raw:
        if key not in wanted:
            if key[:1] == "b" and key[1:].isdigit() and not biases:
                raise fail(f"parameters.{shown(key, 12)}: the network has no biases (network.biases = false)")
            raise fail(f"parameters: unknown key {quoted(key)}; {did_you_mean(key, wanted)}")
    for key in wanted:
        if key not in raw:
            others = "; network.biases = false for none" if key[0] == "b" else ""
            raise fail(f"parameters.{key}: missing (leave out the whole table for a symbolic exercise{others})")
    return {key: (_matrix if key[0] == "W" else _biases)(exercise, key, rows(raw[key])) for key in wanted}


def _matrix(exercise: "Exercise", key: str, value: Any) -> tuple[tuple[Expr, ...], ...]:
    layer = int(key[1:])
    m, n = exercise.widths[layer - 1 : layer + 1]
    inner = [rows(row) for row in value] if is_list(value) else []
    if not is_list(value) or not all(map(is_list, inner)):
        raise fail(
            f"parameters.{key}: wanted a matrix of {counted(m, 'row')} and {counted(n, 'column')}, such as [[1, 2]]"
        )
    if len(inner) != m:
        owner = f"layer {layer - 1} has" if layer > 1 else "the data have" if exercise.data else "the network has"
        raise fail(
            f"parameters.{key}: {key} has {counted(len(inner), 'row')}, but {owner} {counted(m, 'unit' if layer > 1 else 'input')}"
        )
    for i, row in enumerate(inner):
        if len(row) != n:
            raise fail(
                f"parameters.{key}[{i}]: {key} has {counted(len(row), 'column')}, but layer {layer} has {counted(n, 'unit')}"
            )
    return tuple(
        tuple(_number(f"parameters.{key}[{i}][{j}]", v) for j, v in enumerate(row)) for i, row in enumerate(inner)
    )


def _biases(exercise: "Exercise", key: str, value: Any) -> Expr | tuple[Expr, ...]:
    layer = int(key[1:])
    n = exercise.widths[layer]
    if exercise.network.biases == "shared":
        if is_list(value):
            raise fail(f'parameters.{key}: found a list; with biases = "shared" wanted a single number')
        return _number(f"parameters.{key}", value)
    if not is_list(value):
        raise fail(
            f'parameters.{key}: found a single value; wanted a list of {counted(n, "number")}, or network.biases = "shared"'
        )
    if len(value) != n:
        raise fail(
            f"parameters.{key}: {key} has {counted(len(value), 'number')}, but layer {layer} has {counted(n, 'unit')}"
        )
    return tuple(_number(f"parameters.{key}[{j}]", v) for j, v in enumerate(value))


def _number(key: str, value: Any) -> Expr:
    try:
        return number(value)
    except ValueError as problem:
        raise fail(f"{key}: {problem}") from None


def check_questions(exercise: "Exercise") -> None:
    """Every id that a question asks for names a quantity of this network."""
    for n, question in enumerate(exercise.questions):
        for i, asked in enumerate(question.ask):
            try:
                _check_asked(exercise, exercise.require(Quantity.parse(asked)))
            except UsageError as problem:
                raise fail(f"questions[{n}].ask[{i}]: {problem}") from None


def _check_asked(exercise: "Exercise", of: Quantity) -> None:
    """A local derivative is of what reads the other directly, entry by entry; constants come with penalty or update."""
    by = of.wrt
    for part in (of, by):
        if part is not None and part.name in CONSTANTS:
            table = "network.penalty" if part.name in ("R", "alpha") else "[update]"
            if (exercise.network.penalty if table[0] == "n" else exercise.update) is None:
                raise UsageError(f'"{of}": the exercise has no {table}')
    if by is None or (of.name == "E" and (by.name != "E" or by.index or by.sample)):
        return
    before = ("x", 0) if of.layer == 1 else ("a", of.layer - 1)
    read = {"z": [before, ("W", of.layer), ("b", of.layer)], "a": [("z", of.layer)]}.get(of.name, [])
    if (by.name, by.layer) not in read:
        raise UsageError(f'"{of}": {replace(of, wrt=None)} does not read {by} directly')
    if not of.index or not (by.index or (by.name == "b" and exercise.network.biases == "shared")):
        raise UsageError(f'"{of}" is a whole vector or matrix; ask for one entry')
