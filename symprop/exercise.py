"""TOML -> Exercise: the file's contract as a frozen model, every number exact, every message naming its key. No calculus.

Decimals are read as text and kept as exact rationals; closed forms such as "ln 3" go through the project's own reader.
`load` reads a file or a built-in, `MLP` builds the same object in Python, `json_schema` describes the file for editors.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError
from sympy import Abs, Expr, Float, Integer, Rational, Symbol, pi
from sympy import E as EULER

from symprop import quantity as q
from symprop.errors import ExerciseError, UsageError, did_you_mean
from symprop.functions import ACTIVATION_ALIASES, ACTIVATIONS, FORMULA_FUNCTIONS, LOSSES, absolute
from symprop.notation import Notation
from symprop.quantity import Quantity
from symprop.reading import Limits, Unreadable, read

FORMAT = 1
MAX_UNITS = 4096
#: An exercise file may hold longer exact decimals than a student's answer.
FILE_LIMITS = Limits(digits=1000)
#: The variable of a user's activation formula, and those of a user's loss.
Z = Symbol("z", real=True)
YHAT, Y = Symbol("yhat", real=True), Symbol("y", real=True)


class Decimal(str):
    """A TOML decimal as written: never a float."""


def number(value: Any) -> Expr:
    """An exact real number from an int, a decimal as text, "1/3", a closed form, or a Python float by its shortest repr.

    Raises ValueError with what was found and what would do.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"found {str(value).lower()}; wanted a number")
    if isinstance(value, Expr):
        if not value.is_number or value.is_extended_real is not True or value.is_finite is not True or value.has(Float):
            raise ValueError(f"found {value}; wanted an exact real number")
        return value
    if isinstance(value, int):
        if value.bit_length() > 3400:
            raise ValueError(f"an integer of more than {FILE_LIMITS.digits} digits")
        return Integer(value)
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    if isinstance(value, str):
        text = str(value)
    elif isinstance(value, float) or hasattr(value, "item"):
        text = repr(value.item() if hasattr(value, "item") else value)
    else:
        raise ValueError(f'found {type(value).__name__}; wanted a number such as 0.5, "1/3" or "ln 3"')
    shown = text if len(text) <= 40 else text[:37] + "…"
    if text.strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ValueError(f"found {shown}; wanted a finite number")
    result = read(
        text.replace("_", "") if isinstance(value, Decimal) else text,
        {"pi": pi, "e": EULER},
        FORMULA_FUNCTIONS,
        FILE_LIMITS,
    )
    if isinstance(result, Unreadable):
        raise ValueError(f'found "{shown}": {result.why}; wanted a number such as 0.5, "1/3" or "ln 3"')
    if result.is_extended_real is not True or result.is_finite is not True:
        raise ValueError(f'found "{shown}"; wanted a finite real number')
    if result.is_Rational and max(len(str(abs(result.p))), len(str(result.q))) > FILE_LIMITS.digits:
        raise ValueError(f'found "{shown}": more than {FILE_LIMITS.digits} digits')
    return result


def _number(value: Any) -> Expr:
    try:
        return number(value)
    except ValueError as problem:
        raise PydanticCustomError("number", "{problem}", {"problem": str(problem)}) from None


Number = Annotated[
    Any,
    BeforeValidator(_number),
    PlainSerializer(str),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string"}], "description": 'A number, exactly: 0.1, "1/3", "ln 3"'}
    ),
]


def _fail(problem: str) -> PydanticCustomError:
    return PydanticCustomError("exercise", "{problem}", {"problem": problem})


class Model(BaseModel):
    """Base of the file's tables: immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _formula(text: str, names: Mapping[str, Expr]) -> Expr:
    result = read(text, names, FORMULA_FUNCTIONS, FILE_LIMITS)
    if isinstance(result, Unreadable):
        raise _fail(f'formula "{text[:60]}", column {result.offset + 1}: {result.why}')
    return result.replace(Abs, absolute)  # sqrt(z^2) becomes Abs, whose kink nothing else would see


class Activation(Model):
    """An activation by name, with its parameters, or by a formula in z."""

    name: str = Field(
        description="identity, logistic (sigmoid), tanh, relu, leaky_relu, elu, softplus, gelu, swish, exp, softmax, step; or a name of your own with a formula"
    )
    slope: Number | None = Field(None, description="leaky_relu: slope below 0, default 0.01")
    alpha: Number | None = Field(None, description="elu: default 1")
    beta: Number | None = Field(None, description="swish: default 1")
    approximate: Literal["none", "tanh"] | None = Field(None, description='gelu: "tanh" for the approximation')
    formula: str | None = Field(None, max_length=2000, description='a formula in z, such as "z*sigmoid(z)"')

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            value = {**value, "name": ACTIVATION_ALIASES.get(value["name"], value["name"])}
        return value

    @model_validator(mode="after")
    def _known(self) -> "Activation":
        given = {k for k in ("slope", "alpha", "beta", "approximate") if getattr(self, k) is not None}
        if self.formula is not None:
            if self.name in ACTIVATIONS:
                raise _fail(f'"{self.name}" is a built-in activation; give your formula another name')
            if not self.name.isidentifier() or not self.name.isascii() or len(self.name) > 40:
                raise _fail(f'found "{self.name[:40]}"; wanted a name of letters, digits and underscores')
            if given:
                raise _fail(f"a formula takes no {sorted(given)[0]}")
            self.expression  # noqa: B018  a bad formula must fail at load
            return self
        if self.name not in ACTIVATIONS:
            raise _fail(f'found "{self.name[:60]}"; {did_you_mean(self.name, [*ACTIVATIONS, *ACTIVATION_ALIASES])}')
        allowed = set(ACTIVATIONS[self.name].parameters) | ({"approximate"} if self.name == "gelu" else set())
        if given - allowed:
            raise _fail(f'"{self.name}" takes no {sorted(given - allowed)[0]}')
        return self

    @cached_property
    def expression(self) -> Expr:
        """A user's formula as an expression in Z."""
        return _formula(self.formula or "z", {"z": Z})

    @property
    def parameters(self) -> dict[str, Expr]:
        """The built-in's parameters, defaults filled in."""
        return {
            k: v if getattr(self, k) is None else getattr(self, k) for k, v in ACTIVATIONS[self.name].parameters.items()
        }


class Layer(Model):
    """One layer of units."""

    units: int = Field(ge=1, le=MAX_UNITS, description="number of units")
    activation: Activation = Field(Activation(name="identity"), description="activation of every unit of the layer")

    @model_validator(mode="before")
    @classmethod
    def _strict(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("units"), bool):
            raise _fail("units: found a truth value; wanted a whole number")
        return value


class Penalty(Model):
    """L2 penalty on the weights, never on biases. n is the number of samples."""

    l2: Number = Field(description="alpha, not negative")
    scale: Literal["sklearn", "half", "plain"] = Field(
        "sklearn", description="sklearn: alpha/(2n) sum W^2; half: alpha/2 sum W^2; plain: alpha sum W^2"
    )

    @model_validator(mode="after")
    def _positive(self) -> "Penalty":
        if self.l2.is_negative:
            raise _fail(f"l2: found {self.l2}; wanted a number of at least 0")
        return self


class Network(Model):
    """The architecture: layers from the first hidden one to the output."""

    layers: tuple[Layer, ...] = Field(min_length=1, max_length=200, description="hidden layers, then the output layer")
    inputs: int | None = Field(
        None, ge=1, le=MAX_UNITS, description="number of inputs; needed only when data are left out"
    )
    samples: int | None = Field(None, ge=1, le=10000, description="number of samples; used only when data are left out")
    biases: bool | Literal["shared"] = Field(True, description='true: one a unit; "shared": one a layer; false: none')
    loss: str = Field(
        "half_squared_error",
        max_length=2000,
        description="half_squared_error, squared_error, mean_squared_error, log_loss, cross_entropy, poisson, output, or a formula in yhat and y",
    )
    batch: Literal["mean", "sum"] = Field("mean", description="how the samples' losses are put together")
    relu_at_zero: Number | Literal["reject"] = Field(
        Integer(0), description='derivative of ReLU at 0 (0 to 1), or "reject" to refuse such numbers'
    )
    penalty: Penalty | None = None

    @model_validator(mode="before")
    @classmethod
    def _strict(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("inputs"), bool):
            raise _fail("inputs: found a truth value; wanted a whole number")
        return value

    @model_validator(mode="after")
    def _sane(self) -> "Network":
        if self.relu_at_zero != "reject" and not 0 <= self.relu_at_zero <= 1:
            raise _fail(f'relu_at_zero: found {self.relu_at_zero}; wanted a number from 0 to 1, or "reject"')
        if self.loss not in LOSSES:
            if self.loss.isidentifier() and self.loss not in ("yhat", "y"):
                raise _fail(f'loss: found "{self.loss}"; {did_you_mean(self.loss, LOSSES)}')
            self.loss_formula  # noqa: B018  a bad formula must fail at load
        for i, layer in enumerate(self.layers):
            if layer.activation.name == "softmax" and i < len(self.layers) - 1 and layer.units == 1:
                raise _fail(f"layers[{i}]: softmax over one unit is constant")
        if self.loss == "output" and self.layers[-1].units != 1:
            raise _fail(
                f'loss: "output" takes the single output as E, but the last layer has {self.layers[-1].units} units'
            )
        return self

    @cached_property
    def loss_formula(self) -> Expr:
        """A user's loss of one output, in YHAT and Y."""
        return _formula(self.loss, {"yhat": YHAT, "y": Y})


def _rows(value: Any) -> Any:
    """Arrays of any kind as nested lists; a vector stays a vector."""
    return value.tolist() if hasattr(value, "tolist") and not isinstance(value, Expr) else value


class Data(Model):
    """Samples: one row each."""

    x: Annotated[tuple[tuple[Number, ...], ...], BeforeValidator(_rows)] = Field(description="samples x inputs")
    y: Annotated[tuple[tuple[Number, ...] | Number, ...] | None, BeforeValidator(_rows)] = Field(
        None, description="samples x outputs; class numbers from 0 for softmax"
    )

    @model_validator(mode="before")
    @classmethod
    def _nested(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            for key in ("x", "y"):
                rows = _rows(value.get(key))
                if rows is not None and not isinstance(rows, (list, tuple)):
                    raise _fail(f"{key}: found a single value; wanted one row a sample, such as [[1, 2]]")
            x = _rows(value.get("x"))
            if isinstance(x, (list, tuple)) and any(
                not isinstance(row, (list, tuple)) and not hasattr(row, "tolist") for row in x
            ):
                raise _fail(
                    "x: found a plain list; wanted one row a sample, such as [[1, 2]] for one sample of two inputs"
                )
            if isinstance(x, (list, tuple)) and not x:
                raise _fail("x: no samples; wanted at least one row")
        return value


class Update(Model):
    """A step of an update rule (scikit-learn's formulas unless `form` says otherwise)."""

    rule: Literal["sgd", "momentum", "nesterov", "adam"] = "sgd"
    learning_rate: Number | None = Field(None, description="learning rate; a letter on the page when left out")
    steps: int = Field(1, ge=1, le=100000)
    biases: bool = Field(True, description="false: the rule leaves biases alone")
    order: Literal["simultaneous", "sequential"] = Field(
        "simultaneous", description="sequential: hidden deltas see the updated outer weights"
    )
    form: Literal["sklearn", "ema", "paper"] = Field(
        "sklearn", description='"ema": momentum as v = beta v + (1 - beta) g; "paper": Adam as its Algorithm 1'
    )
    momentum: Number = Field(Rational(9, 10), description="momentum and nesterov: mu (beta in form ema)")
    beta1: Number = Field(Rational(9, 10), description="adam")
    beta2: Number = Field(Rational(999, 1000), description="adam")
    epsilon: Number = Field(Rational(1, 10**8), description="adam")

    @model_validator(mode="after")
    def _sane(self) -> "Update":
        if self.form == "ema" and self.rule not in ("momentum",):
            raise _fail(f'form: "ema" goes with rule "momentum", not "{self.rule}"')
        if self.form == "paper" and self.rule != "adam":
            raise _fail(f'form: "paper" goes with rule "adam", not "{self.rule}"')
        if self.learning_rate is not None and not self.learning_rate.is_nonnegative:
            raise _fail(f"learning_rate: found {self.learning_rate}; wanted a number of at least 0")
        for key in ("momentum", "beta1", "beta2"):
            if not 0 <= getattr(self, key) < 1:
                raise _fail(f"{key}: found {getattr(self, key)}; wanted at least 0 and less than 1")
        if not self.epsilon.is_positive:
            raise _fail(f"epsilon: found {self.epsilon}; wanted more than 0")
        return self


class Rounding(Model):
    """How numbers are shown, and whether a chain is computed from its rounded predecessors."""

    policy: Literal["exact", "end", "each"] = "exact"
    decimals: int = Field(4, ge=0, le=30)


class Question(Model):
    """One question of the exercise: quantity ids that it asks for."""

    title: str = Field("", max_length=500)
    text: str = Field("", max_length=5000)
    ask: tuple[str, ...] = Field(min_length=1, description="quantity ids, such as a1, dE/dW1[1,2], E")
    points: int | None = Field(None, ge=0, le=10000)


class Exercise(Model):
    """A network, its numbers and what to ask. `where` (file or built-in) and `name` are not part of the file."""

    symprop: Literal[1] = Field(description="version of this format")
    title: str = Field("Backpropagation by hand", max_length=500)
    source: str = Field("", max_length=500, description="where the exercise comes from")
    network: Network
    data: Data | None = None
    parameters: dict[str, Any] | None = Field(
        None,
        description="W1, b1, W2, … as scikit-learn stores them",
        json_schema_extra={
            "patternProperties": {
                "^W[1-9][0-9]*$": {"type": "array", "items": {"type": "array", "items": {"$ref": "#/$defs/Number"}}},
                "^b[1-9][0-9]*$": {
                    "anyOf": [{"$ref": "#/$defs/Number"}, {"type": "array", "items": {"$ref": "#/$defs/Number"}}]
                },
            },
            "additionalProperties": False,
        },
    )
    update: Update | None = None
    rounding: Rounding | None = None
    notation: Notation = Field(default_factory=lambda: Notation())
    questions: tuple[Question, ...] = ()
    variants: dict[str, Any] | None = Field(None, description="conditions on drawn numbers")
    name: str = Field("exercise", exclude=True)

    @model_validator(mode="after")
    def _consistent(self) -> "Exercise":
        _check_data(self)
        _check_parameters(self)
        _check_targets(self)
        for number_of, question in enumerate(self.questions):
            for i, asked in enumerate(question.ask):
                try:
                    self.require(Quantity.parse(asked))
                except UsageError as problem:
                    raise _fail(f"questions[{number_of}].ask[{i}]: {problem}") from None
        return self

    # ------------------------------------------------------------------ shape
    @property
    def depth(self) -> int:
        """Number of layers of units, the output layer included."""
        return len(self.network.layers)

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Inputs, then the units of each layer: `depth + 1` numbers."""
        inputs = len(self.data.x[0]) if self.data else self.network.inputs or 1
        return (inputs, *(layer.units for layer in self.network.layers))

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.data.x) if self.data else self.network.samples or 1

    @property
    def sample_numbers(self) -> range:
        """Sample indices as ids carry them: 1…n, or just 0 when there is one sample."""
        return range(1, self.samples + 1) if self.samples > 1 else range(1)

    @property
    def has_targets(self) -> bool:
        """Whether the loss reads y at all."""
        loss = self.network.loss
        return LOSSES[loss].targets != "none" if loss in LOSSES else Y in self.network.loss_formula.free_symbols

    @property
    def is_symbolic(self) -> bool:
        """Whether a number is missing, so that the derivation stays in letters."""
        return self.data is None or self.parameters is None

    @property
    def weight_count(self) -> int:
        """Number of weights, biases not counted."""
        return sum(m * n for m, n in zip(self.widths, self.widths[1:], strict=False))

    def parameter_ids(self) -> Iterator[Quantity]:
        """Every weight and bias, layer by layer, weights before biases."""
        for layer in range(1, self.depth + 1):
            yield from (
                q.W(layer, i, j) for i in range(1, self.widths[layer - 1] + 1) for j in range(1, self.widths[layer] + 1)
            )
            yield from self.bias_ids(layer)

    def bias_ids(self, layer: int) -> Iterator[Quantity]:
        """The biases of a layer: one a unit, one shared, or none."""
        if self.network.biases == "shared":
            yield q.b(layer, None)
        elif self.network.biases:
            yield from (q.b(layer, j) for j in range(1, self.widths[layer] + 1))

    def given(self, of: Quantity) -> Expr | None:
        """The exact number given for an input, target, weight or bias; None when it was left out."""
        row = max(of.sample, 1) - 1
        if of.name == "x":
            return self.data.x[row][of.index[0] - 1] if self.data else None
        if of.name == "y":
            return self.targets[row][of.index[0] - 1] if self.targets else None
        if self.parameters is None:
            return None
        value = self.parameters[f"{of.name}{of.layer}"]
        for i in of.index:
            value = value[i - 1]
        return value

    @cached_property
    def targets(self) -> tuple[tuple[Expr, ...], ...] | None:
        """y as samples x outputs, class numbers written out as one-hot rows."""
        if self.data is None or self.data.y is None:
            return None
        K = self.widths[-1]
        rows = []
        for row in self.data.y:
            if isinstance(row, tuple) and not (len(row) == 1 and K > 1):
                rows.append(row)
            elif K == 1:
                rows.append((row,))
            else:
                label = row[0] if isinstance(row, tuple) else row
                rows.append(tuple(Integer(int(label == k)) for k in range(K)))
        return tuple(rows)

    def require(self, of: Quantity) -> Quantity:
        """`of` in canonical form (no @1 for a single sample). Raises UsageError when the network has no such quantity."""
        changes: dict[str, Any] = {}
        if of.wrt is not None:
            changes["wrt"] = self.require(of.wrt)
        if of.sample > self.samples:
            raise UsageError(f'"{of}": there {"is 1 sample" if self.samples == 1 else f"are {self.samples} samples"}')
        if of.sample == 1 and self.samples == 1 and not (of.name == "E" and not of.index and self.network.penalty):
            changes["sample"] = 0  # E@1 stays apart from E, which holds the penalty
        if of.name == "E" and of.index == (1,) and self.widths[-1] == 1 and (of.sample or self.samples == 1):
            changes["index"] = ()
            changes["sample"] = of.sample if self.samples > 1 else int(self.network.penalty is not None)
        if of.layer > self.depth:
            raise UsageError(f'"{of}": the network has {self.depth} layer{"s" if self.depth > 1 else ""}')
        limits: tuple[int, ...] = {
            "x": (self.widths[0],),
            "y": (self.widths[-1],),
            "E": (self.widths[-1],),
            "W": self.widths[of.layer - 1 : of.layer + 1],
            "b": (self.widths[of.layer],),
        }.get(of.name, (self.widths[of.layer],))
        if of.name == "b" and self.network.biases == "shared" and of.index:
            raise UsageError(f'"{of}": the bias is shared, ask for b{of.layer}')
        if of.name == "b" and not self.network.biases:
            raise UsageError(f'"{of}": the network has no biases')
        if of.name == "y" and not self.has_targets:
            raise UsageError(f'"{of}": the loss has no target')
        for i, limit in zip(of.index, limits, strict=False):
            if i > limit:
                raise UsageError(f'"{of}": the largest index there is {limit}')
        if of.state and self.update is None:
            raise UsageError(f'"{of}": the exercise has no [update]')
        if self.update and of.step > self.update.steps:
            raise UsageError(
                f'"{of}": there {"is 1 step" if self.update.steps == 1 else f"are {self.update.steps} steps"}'
            )
        return replace(of, **changes) if changes else of

    def with_numbers(
        self,
        x: Sequence[Any] | None = None,
        y: Sequence[Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> "Exercise":
        """The same exercise with other numbers; anything left out is kept."""
        raw: dict[str, Any] = {key: getattr(self, key) for key in type(self).model_fields}
        if x is not None or y is not None:
            raw["data"] = {
                "x": x if x is not None else self.data and self.data.x,
                "y": y if y is not None else self.data and self.data.y,
            }
        if parameters is not None:
            raw["parameters"] = dict(parameters)
        return build(raw)


# ---------------------------------------------------------------------- cross checks
def _check_data(exercise: Exercise) -> None:
    network, data = exercise.network, exercise.data
    if data is None:
        if network.inputs is None:
            shape = exercise.parameters.get("W1") if exercise.parameters else None
            rows = _rows(shape)
            if not isinstance(rows, (list, tuple)) or not rows:
                raise _fail("network.inputs: missing; without data say how many inputs there are")
            raise _fail(f"network.inputs: missing; without data say inputs = {len(rows)}")
        return
    widths = {len(row) for row in data.x}
    if widths == {0}:
        raise _fail("data.x: rows are empty; wanted at least one input")
    if len(widths) > 1:
        first = next(i for i, row in enumerate(data.x) if len(row) != len(data.x[0]))
        raise _fail(f"data.x[{first}]: {len(data.x[first])} numbers, but the first row has {len(data.x[0])}")
    if network.inputs is not None and network.inputs != len(data.x[0]):
        raise _fail(f"network.inputs: {network.inputs}, but the data have {len(data.x[0])} inputs")
    if network.samples is not None and network.samples != len(data.x):
        raise _fail(f"network.samples: {network.samples}, but the data have {len(data.x)} samples")


def _check_targets(exercise: Exercise) -> None:
    data, K = exercise.data, exercise.widths[-1]
    if data is None or not exercise.has_targets:
        return
    if data.y is None:
        raise _fail("data.y: missing; the loss compares the output with a target")
    if len(data.y) != len(data.x):
        raise _fail(f"data.y: {len(data.y)} rows, but x has {len(data.x)} samples")
    loss = LOSSES.get(exercise.network.loss)
    classes = exercise.network.layers[-1].activation.name == "softmax" or (loss is not None and loss.targets == "class")
    for n, row in enumerate(data.y):
        where = f"data.y[{n}]"
        values = row if isinstance(row, tuple) else (row,)
        if len(values) == 1 and K > 1:
            if not classes:
                raise _fail(f"{where}: 1 number, but the network has {K} outputs")
            if not (values[0].is_Integer and 0 <= values[0] < K):
                raise _fail(
                    f"{where}: found {values[0]}; wanted a class number from 0 to {K - 1}, or a one-hot row of {K} numbers"
                )
            continue
        if len(values) != K:
            raise _fail(f"{where}: {len(values)} numbers, but the network has {K} output{'s' if K > 1 else ''}")
        if loss is None:
            continue
        if loss.targets == "class" and K > 1 and sorted(values) != [0] * (K - 1) + [1]:
            raise _fail(
                f"{where}: found [{', '.join(map(str, values))}]; wanted a one-hot row (a single 1, the rest 0) or a class number from 0"
            )
        for k, value in enumerate(values):
            if loss.targets in ("probability", "class") and not 0 <= value <= 1:
                raise _fail(f"{where}[{k}]: found {value}; wanted a probability from 0 to 1")
            if loss.targets == "count" and value.is_negative:
                raise _fail(f"{where}[{k}]: found {value}; wanted a number of at least 0")


def _check_parameters(exercise: Exercise) -> None:
    """Reads the numbers of [parameters] in place, after the shapes are known to fit."""
    raw = exercise.parameters
    if raw is None:
        return
    widths, biases = exercise.widths, exercise.network.biases
    wanted = [f"W{layer}" for layer in range(1, exercise.depth + 1)]
    wanted += [f"b{layer}" for layer in range(1, exercise.depth + 1)] if biases else []
    for key in raw:
        if key not in wanted:
            if key[:1] == "b" and not biases:
                raise _fail(f"parameters.{key}: the network has no biases (network.biases = false)")
            raise _fail(f"parameters.{key[:40]}: unknown; {did_you_mean(key, wanted)}")
    missing = [key for key in wanted if key not in raw]
    if missing:
        more = " (leave out the whole table for a symbolic exercise" + (
            "; network.biases = false for none)" if missing[0][0] == "b" else ")"
        )
        raise _fail(f"parameters.{missing[0]}: missing{more}")
    read_in: dict[str, Any] = {}
    for layer in range(1, exercise.depth + 1):
        m, n = widths[layer - 1], widths[layer]
        key = f"W{layer}"
        rows = _rows(raw[key])
        if not isinstance(rows, (list, tuple)) or any(not isinstance(_rows(row), (list, tuple)) for row in rows):
            raise _fail(
                f"parameters.{key}: wanted a matrix of {m} row{'s' if m > 1 else ''} and {n} column{'s' if n > 1 else ''}, such as [[1, 2]]"
            )
        if len(rows) != m:
            source = (
                ("the data have" if exercise.data else "the network has") + f" {m} input{'s' if m > 1 else ''}"
                if layer == 1
                else f"layer {layer - 1} has {m} unit{'s' if m > 1 else ''}"
            )
            raise _fail(f"parameters.{key}: {key} has {len(rows)} row{'s' if len(rows) != 1 else ''}, but {source}")
        for i, row in enumerate(rows):
            if len(_rows(row)) != n:
                raise _fail(
                    f"parameters.{key}[{i}]: {key} has {len(_rows(row))} column{'s' if len(_rows(row)) != 1 else ''}, but layer {layer} has {n} unit{'s' if n > 1 else ''}"
                )
        read_in[key] = tuple(
            tuple(_at(f"parameters.{key}[{i}][{j}]", v) for j, v in enumerate(_rows(row))) for i, row in enumerate(rows)
        )
        if not biases:
            continue
        key = f"b{layer}"
        value = _rows(raw[key])
        if biases == "shared":
            if isinstance(value, (list, tuple)):
                raise _fail(f'parameters.{key}: found a list; with biases = "shared" wanted a single number')
            read_in[key] = _at(f"parameters.{key}", value)
            continue
        if not isinstance(value, (list, tuple)):
            raise _fail(f'parameters.{key}: found a single number; wanted a list of {n}, or network.biases = "shared"')
        if len(value) != n:
            raise _fail(
                f"parameters.{key}: {key} has {len(value)} number{'s' if len(value) != 1 else ''}, but layer {layer} has {n} unit{'s' if n > 1 else ''}"
            )
        read_in[key] = tuple(_at(f"parameters.{key}[{j}]", v) for j, v in enumerate(value))
    raw.clear()
    raw.update(read_in)


def _at(key: str, value: Any) -> Expr:
    try:
        return number(value)
    except ValueError as problem:
        raise _fail(f"{key}: {problem}") from None


# ---------------------------------------------------------------------- from files and from Python
def build(raw: Mapping[str, Any], *, where: str = "exercise", name: str | None = None) -> Exercise:
    """An Exercise from the file's tables. Raises ExerciseError with the first thing that is wrong and its key."""
    values = dict(raw)
    if name is not None:
        values["name"] = name
    if isinstance(values.get("parameters"), Mapping):
        values["parameters"] = dict(values["parameters"])
    if values.get("symprop") not in (None, FORMAT) or isinstance(values.get("symprop"), bool):
        raise ExerciseError(
            f"found {values['symprop']!r}; this symprop reads version {FORMAT}", key="symprop", where=where
        )
    try:
        return Exercise.model_validate(values)
    except ValidationError as error:
        raise _translated(error, where) from None


def _translated(error: ValidationError, where: str) -> ExerciseError:
    """pydantic's first error in our words: key path, what was found, what would do."""
    details = min(error.errors(), key=lambda d: d["type"] not in ("extra_forbidden", "exercise", "number"))
    loc = [
        part
        for part in details["loc"]
        if not (isinstance(part, str) and (part.startswith(("tuple[", "function-")) or "literal" in part))
    ]
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    kind, found = details["type"], details.get("input")
    if kind in ("exercise", "number"):
        message = str(details["ctx"]["problem"])
        head, colon, rest = message.partition(": ")
        if kind == "exercise" and colon and _is_path(head):
            return ExerciseError(rest, key=f"{path}.{head}" if path else head, where=where)
        return ExerciseError(message, key=path, where=where)
    if kind == "extra_forbidden":
        model = _model_at(Exercise, loc[:-1])
        known = [k for k in model.model_fields if k != "name" or model is not Exercise] if model else []
        parent = path.rpartition(".")[0]
        return ExerciseError(
            f'unknown key "{loc[-1]}"; {did_you_mean(str(loc[-1]), known)}', key=parent or str(loc[-1]), where=where
        )
    if kind == "missing":
        return ExerciseError("missing" + ("; write symprop = 1" if path == "symprop" else ""), key=path, where=where)
    if kind == "literal_error":
        expected = details["ctx"]["expected"].replace("'", '"')
        return ExerciseError(f"found {_shown(found)}; wanted {expected}", key=path, where=where)
    wants = {
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "int_from_float": "a whole number",
        "string_type": "text in quotes",
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "tuple_type": "a list",
        "dict_type": "a table",
        "model_type": "a table",
        "model_attributes_type": "a table",
    }
    if kind in wants:
        return ExerciseError(f"found {_shown(found)}; wanted {wants[kind]}", key=path, where=where)
    return ExerciseError(
        f"found {_shown(found)}: {details['msg'][:1].lower()}{details['msg'][1:]}", key=path, where=where
    )


def _is_path(head: str) -> bool:
    return bool(head) and all(c.isalnum() or c in "_.[]" for c in head)


def _model_at(model: type[BaseModel] | None, loc: Sequence[int | str]) -> type[BaseModel] | None:
    """The model whose key was unknown, found by walking the schema along the error's path."""
    named: dict[str, type[BaseModel]] = {
        "network": Network,
        "layers": Layer,
        "activation": Activation,
        "penalty": Penalty,
        "data": Data,
        "update": Update,
        "rounding": Rounding,
        "notation": Notation,
        "questions": Question,
    }
    for part in loc:
        model = named.get(str(part), model) if not isinstance(part, int) else model
    return model


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) and not isinstance(value, Decimal) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def parse(text: str, *, where: str = "exercise", name: str = "exercise") -> Exercise:
    """An Exercise from TOML text. Raises ExerciseError (file, key or line, what was found, what would do)."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as problem:
        raise ExerciseError(f"not valid TOML: {problem}", where=where) from None
    except (ValueError, RecursionError) as problem:
        reason = "a number with too many digits" if isinstance(problem, ValueError) else "nested too deeply"
        raise ExerciseError(f"not readable: {reason}", where=where) from None
    if "name" in raw:
        raise ExerciseError(
            f'unknown key "name"; {did_you_mean("name", [k for k in Exercise.model_fields if k != "name"])}',
            key="name",
            where=where,
        )
    if "symprop" not in raw:
        raise ExerciseError("missing; an exercise file starts with symprop = 1", key="symprop", where=where)
    return build(raw, where=where, name=name)


def library() -> dict[str, Traversable]:
    """The built-in exercises: name -> file, in the order they are listed."""
    found = {
        entry.name.removesuffix(".toml"): entry
        for entry in files("symprop").joinpath("library").iterdir()
        if entry.name.endswith(".toml")
    }
    return {
        name: found[name]
        for name in sorted(found, key=lambda n: (not n.startswith("day12"), not n.startswith("google"), n))
    }


MAX_BYTES = 4_000_000


def load(exercise: str | Path) -> Exercise:
    """The exercise in a file, or the built-in of that name. Raises ExerciseError."""
    path = Path(exercise)
    built_in = library().get(str(exercise))
    if built_in is not None and not path.is_file():
        return parse(built_in.read_text(encoding="utf-8"), where=str(exercise), name=str(exercise))
    where = str(exercise)
    try:
        if path.is_dir():
            raise ExerciseError("is a folder; wanted an exercise file (TOML)", where=where)
        if path.stat().st_size > MAX_BYTES:
            raise ExerciseError(f"larger than {MAX_BYTES} bytes; this is no exercise file", where=where)
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError, ValueError) as problem:
        if isinstance(problem, UnicodeDecodeError):
            raise ExerciseError("is not UTF-8 text", where=where) from None
        looks_like_path = path.suffix or len(path.parts) > 1
        hint = "no such file" if looks_like_path else f"no such file or built-in; {did_you_mean(where, library())}"
        raise ExerciseError(hint, where=where) from None
    except OSError as problem:
        raise ExerciseError(f"cannot be read: {problem.strerror or problem}", where=where) from None
    return parse(text, where=where, name=path.name.removesuffix(".toml"))


def MLP(
    layers: Sequence[Any],
    *,
    x: Any = None,
    y: Any = None,
    W: Sequence[Any] | None = None,
    b: Sequence[Any] | None = None,
    inputs: int | None = None,
    samples: int | None = None,
    biases: bool | str | None = None,
    loss: str = "half_squared_error",
    batch: str = "mean",
    relu_at_zero: Any = 0,
    penalty: Any = None,
    name: str = "exercise",
    **tables: Any,
) -> Exercise:
    """A multilayer perceptron in Python: the same Exercise that a file gives.

    `layers`: `(units, activation)` pairs or tables as in the file, hidden layers first. `x`: samples x inputs; `y`: samples x
    outputs. `W`: one matrix a layer, `W[l][i][j]` from unit i to unit j; `b`: one vector (or, shared, one number) a layer.
    `biases` defaults to whether `b` was given, or True without any parameters. Python floats are read by their shortest
    decimal form (0.1 is 1/10). `tables`: title, source, update, rounding, notation, questions, variants. Raises ExerciseError.
    """
    rows = [layer if isinstance(layer, Mapping) else {"units": layer[0], "activation": layer[1]} for layer in layers]
    if biases is None:
        biases = b is not None or W is None
    network = {
        "layers": rows,
        "inputs": inputs,
        "samples": samples,
        "biases": biases,
        "loss": loss,
        "batch": batch,
        "relu_at_zero": relu_at_zero,
        "penalty": {"l2": penalty} if penalty is not None and not isinstance(penalty, Mapping) else penalty,
    }
    parameters = None
    if W is not None:
        parameters = {f"W{i}": w for i, w in enumerate(W, 1)} | {f"b{i}": v for i, v in enumerate(b or (), 1)}
    raw: dict[str, Any] = {"symprop": FORMAT, "network": network, "parameters": parameters, **tables}
    if x is not None:
        raw["data"] = {"x": x, "y": y}
    return build(raw, name=name)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the exercise file."""
    schema = Exercise.model_json_schema()
    schema["properties"].pop("name", None)
    schema["$defs"]["Number"] = {
        "anyOf": [{"type": "number"}, {"type": "string"}],
        "description": 'A number, exactly: 0.1, "1/3", "ln 3"',
    }
    schema["$defs"]["Layer"]["properties"]["activation"] = {
        "anyOf": [{"enum": [*ACTIVATIONS, *ACTIVATION_ALIASES]}, {"$ref": "#/$defs/Activation"}],
        "default": "identity",
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "symprop exercise"}


__all__ = [
    "MLP",
    "Activation",
    "Exercise",
    "Layer",
    "Network",
    "Notation",
    "Question",
    "Rounding",
    "Update",
    "build",
    "json_schema",
    "library",
    "load",
    "number",
    "parse",
]
