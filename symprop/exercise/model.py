"""The file's tables as frozen models, and what an Exercise says about its own shape. No calculus."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Literal, NoReturn

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator
from sympy import Expr, Integer, Rational, Symbol

from symprop import quantity as q
from symprop.errors import UsageError, counted, did_you_mean, quoted, shown
from symprop.exercise import shapes
from symprop.exercise.base import Model
from symprop.exercise.numbers import (
    AtZero,
    Biases,
    Flag,
    Number,
    Text,
    Whole,
    fail,
    formula,
    found,
    is_list,
    less,
    rows,
)
from symprop.exercise.variants import Variants
from symprop.functions import ACTIVATION_ALIASES, ACTIVATIONS, LOSSES
from symprop.notation import Notation as Notation
from symprop.quantity import Quantity

FORMAT = 1
MAX_UNITS = 4096
#: The digits of a version code (Crockford's base 32: nothing that is read as something else).
_CODE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: The variable of a user's activation formula, and those of a user's loss.
Z = Symbol("z", real=True)
YHAT, Y = Symbol("yhat", real=True), Symbol("y", real=True)


class Parameters(dict[str, Any]):
    """W1, b1, … as a dictionary that cannot be changed: an exercise is frozen all through."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("an exercise cannot be changed; use with_numbers(parameters=…)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> Any:
        return Parameters, (dict(self),)

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def _as_text(value: Any) -> Any:
    """Nested exact numbers as a file would hold them: for model_dump."""
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    return [_as_text(each) for each in value] if is_list(value) else str(value)


class Activation(Model):
    """An activation by name, with its parameters, or by a formula in z."""

    name: Text = Field(
        description="identity, logistic (sigmoid), tanh, relu, leaky_relu, elu, softplus, gelu, swish, exp, softmax, step; or a name of your own with a formula"
    )
    slope: Number | None = Field(None, description="leaky_relu: slope below 0, default 0.01")
    alpha: Number | None = Field(None, description="elu: default 1")
    beta: Number | None = Field(None, description="swish: default 1")
    approximate: Literal["none", "tanh"] | None = Field(None, description='gelu: "tanh" for the approximation')
    formula: Text | None = Field(None, max_length=2000, description='a formula in z, such as "z*sigmoid(z)"')

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, (Mapping, Activation)):
            raise fail(f'found {found(value)}; wanted a name such as "relu", or a table')
        if isinstance(value, Mapping) and isinstance(value.get("name"), str):
            value = {**value, "name": ACTIVATION_ALIASES.get(value["name"], value["name"])}
        return value

    @model_validator(mode="after")
    def _known(self) -> "Activation":
        given = [k for k in ("slope", "alpha", "beta", "approximate") if getattr(self, k) is not None]
        if self.formula is not None:
            if self.name in ACTIVATIONS:
                raise fail(f'name: "{self.name}" is a built-in activation; give your formula another name')
            if not self.name.isidentifier() or not self.name.isascii() or len(self.name) > 40:
                raise fail(f"name: found {quoted(self.name)}; wanted at most 40 letters, digits and underscores")
            if given:
                raise fail(f"a formula takes no {given[0]}")
            self.expression  # noqa: B018  a bad formula must fail at load
            return self
        if self.name not in ACTIVATIONS:
            raise fail(f"found {quoted(self.name)}; {did_you_mean(self.name, [*ACTIVATIONS, *ACTIVATION_ALIASES])}")
        allowed = {*ACTIVATIONS[self.name].parameters} | ({"approximate"} if self.name == "gelu" else set())
        for key in given:
            if key not in allowed:
                raise fail(f'"{self.name}" takes no {key}')
        return self

    @cached_property
    def expression(self) -> Expr:
        """A user's formula as an expression in Z."""
        return formula("z" if self.formula is None else self.formula, {"z": Z})

    @property
    def parameters(self) -> dict[str, Expr]:
        """The built-in's parameters, defaults filled in."""
        return {
            k: v if getattr(self, k) is None else getattr(self, k) for k, v in ACTIVATIONS[self.name].parameters.items()
        }


class Layer(Model):
    """One layer of units."""

    units: Whole = Field(ge=1, le=MAX_UNITS, description="number of units")
    activation: Activation = Field(Activation(name="identity"), description="activation of every unit of the layer")


class Penalty(Model):
    """L2 penalty on the weights, never on biases. n is the number of samples."""

    l2: Number = Field(description="alpha, not negative")
    scale: Literal["sklearn", "half", "plain"] = Field(
        "sklearn", description="sklearn: alpha/(2n) sum W^2; half: alpha/2 sum W^2; plain: alpha sum W^2"
    )

    @model_validator(mode="after")
    def _positive(self) -> "Penalty":
        if less(self.l2, Integer(0)):
            raise fail(f"l2: found {shown(self.l2)}; wanted a number of at least 0")
        return self


class Network(Model):
    """The architecture: layers from the first hidden one to the output."""

    layers: tuple[Layer, ...] = Field(min_length=1, max_length=200, description="hidden layers, then the output layer")
    inputs: Whole | None = Field(
        None, ge=1, le=MAX_UNITS, description="number of inputs; needed only when data are left out"
    )
    samples: Whole | None = Field(
        None, ge=1, le=10000, description="number of samples; used only when data are left out"
    )
    biases: Biases = Field(True, description='true: one a unit; "shared": one a layer; false: none')
    loss: Text = Field(
        "half_squared_error",
        max_length=2000,
        description="half_squared_error, squared_error, mean_squared_error, log_loss, cross_entropy, poisson, output, or a formula in yhat and y",
    )
    batch: Literal["mean", "sum"] = Field("mean", description="how the samples' losses are put together")
    relu_at_zero: AtZero = Field(
        Integer(0), description='derivative of ReLU at 0 (0 to 1), or "reject" to refuse such numbers'
    )
    penalty: Penalty | None = Field(None, description="L2 penalty on the weights; none when left out")

    @model_validator(mode="after")
    def _sane(self) -> "Network":
        last = self.layers[-1].units
        if self.loss not in LOSSES:
            if self.loss.isidentifier() and self.loss not in ("yhat", "y"):
                raise fail(f"loss: found {quoted(self.loss)}; {did_you_mean(self.loss, LOSSES)}")
            try:
                self.loss_formula  # noqa: B018  a bad formula must fail at load
            except ValueError as problem:
                raise fail(f"loss: {problem}") from None
        for i, layer in enumerate(self.layers[:-1]):
            if layer.activation.name == "softmax" and layer.units == 1:
                raise fail(f"layers[{i}]: softmax over one unit is constant")
        if self.loss == "output" and last != 1:
            raise fail(f'loss: "output" takes the single output as E, but the last layer has {counted(last, "unit")}')
        return self

    @cached_property
    def loss_formula(self) -> Expr:
        """A user's loss of one output, in YHAT and Y."""
        return formula(self.loss, {"yhat": YHAT, "y": Y})


class Data(Model):
    """Samples: one row each."""

    x: Annotated[tuple[Annotated[tuple[Number, ...], BeforeValidator(rows)], ...], BeforeValidator(rows)] = Field(
        description="samples x inputs"
    )
    y: Annotated[
        tuple[Annotated[tuple[Number, ...] | Number, BeforeValidator(rows)], ...] | None, BeforeValidator(rows)
    ] = Field(None, description="samples x outputs; class numbers from 0 for softmax")

    @model_validator(mode="before")
    @classmethod
    def _nested(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        given = {key: rows(value[key]) for key in ("x", "y") if value.get(key) is not None}
        for key, samples in given.items():
            if not is_list(samples):
                raise fail(f"{key}: found a single value; wanted one row a sample, such as [[1, 2]]")
            if not samples:
                raise fail(f"{key}: no samples; wanted at least one row")
        if not all(is_list(rows(row)) for row in given.get("x", ())):
            raise fail("x: found a plain list; wanted one row a sample, such as [[1, 2]] for one sample of two inputs")
        return value


class Update(Model):
    """A step of an update rule (scikit-learn's formulas unless `form` says otherwise)."""

    rule: Literal["sgd", "momentum", "nesterov", "adam"] = Field("sgd", description="the update rule")
    learning_rate: Number | None = Field(None, description="learning rate; a letter on the page when left out")
    steps: Whole = Field(1, ge=1, le=100000, description="number of steps, all with the same data")
    biases: Flag = Field(True, description="false: the rule leaves biases alone")
    order: Literal["simultaneous", "sequential"] = Field(
        "simultaneous", description="sequential: hidden deltas see the updated outer weights"
    )
    form: Literal["sklearn", "ema", "paper"] = Field(
        "sklearn", description='"ema": momentum as v = beta v + (1 - beta) g; "paper": Adam as its Algorithm 1'
    )
    momentum: Number = Field(Rational(9, 10), description="momentum and nesterov: mu (beta in form ema)")
    beta1: Number = Field(Rational(9, 10), description="adam: decay of the first moment")
    beta2: Number = Field(Rational(999, 1000), description="adam: decay of the second moment")
    epsilon: Number = Field(Rational(1, 10**8), description="adam: added to the root of the second moment")

    @model_validator(mode="after")
    def _sane(self) -> "Update":
        if self.form == "ema" and self.rule != "momentum":
            raise fail(f'form: "ema" goes with rule "momentum", not "{self.rule}"')
        if self.form == "paper" and self.rule != "adam":
            raise fail(f'form: "paper" goes with rule "adam", not "{self.rule}"')
        if self.learning_rate is not None and less(self.learning_rate, Integer(0)):
            raise fail(f"learning_rate: found {shown(self.learning_rate)}; wanted a number of at least 0")
        for key in ("momentum", "beta1", "beta2"):
            if less(getattr(self, key), Integer(0)) or not less(getattr(self, key), Integer(1)):
                raise fail(f"{key}: found {shown(getattr(self, key))}; wanted at least 0 and less than 1")
        if not less(Integer(0), self.epsilon):
            raise fail(f"epsilon: found {shown(self.epsilon)}; wanted more than 0")
        return self


class Rounding(Model):
    """How numbers are shown, and whether a chain is computed from its rounded predecessors."""

    policy: Literal["exact", "end", "each"] = Field(
        "exact", description="exact numbers; rounded at the end; each step from its own rounded predecessors"
    )
    decimals: Whole = Field(4, ge=0, le=30, description="decimal places; ties away from zero")


class Question(Model):
    """One question of the exercise: quantity ids that it asks for."""

    title: Text = Field("", max_length=500, description="heading of the question")
    text: Text = Field("", max_length=5000, description="what the question says")
    ask: tuple[Annotated[Text, Field(max_length=100)], ...] = Field(
        min_length=1, description="quantity ids, such as a1, dE/dW1[1,2], E"
    )
    points: Whole | None = Field(None, ge=0, le=10000, description="points for the question")


def code_of(fingerprint: str) -> str:
    """The version code that belongs to a fingerprint: five signs of it."""
    value = int(fingerprint[:7], 16)
    return "".join(_CODE[value >> shift & 31] for shift in range(20, -1, -5))


class Exercise(Model):
    """A network, its numbers and what to ask. `name` (of the file or built-in) is no part of the file."""

    symprop: Literal[1] = Field(description="version of this format")
    title: Text = Field("Backpropagation by hand", max_length=500, description="title of the page")
    source: Text = Field("", max_length=500, description="where the exercise comes from")
    network: Network = Field(description="the architecture and its loss")
    data: Data | None = Field(None, description="the samples; letters when left out")
    parameters: Annotated[dict[str, Any], PlainSerializer(_as_text, return_type=dict[str, Any])] | None = Field(
        None, description="W1, b1, W2, … as scikit-learn stores them; letters when left out"
    )
    update: Update | None = Field(None, description="an update of the parameters; none when left out")
    rounding: Rounding | None = Field(
        None, description="how numbers are shown; default: exact where short, else 4 decimals"
    )
    notation: Notation = Field(
        default_factory=lambda: Notation(),
        description="how the page writes quantities: a profile, then single settings",
    )
    questions: tuple[Question, ...] = Field(
        (), description="what is asked; default: outputs, then gradients layer by layer"
    )
    variants: Variants | None = Field(None, description="what versions draw, and the conditions on it")
    name: str = Field("exercise", exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _profile_is_text(cls, value: Any) -> Any:
        notation = value.get("notation") if isinstance(value, Mapping) else None
        if isinstance(notation, Mapping) and not isinstance(notation.get("profile", ""), str):
            raise fail(f"notation.profile: found {found(notation['profile'])}; wanted text in quotes")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "Exercise":
        shapes.check_data(self)
        if self.parameters is not None:
            object.__setattr__(self, "parameters", Parameters(shapes.read_parameters(self, self.parameters)))
        shapes.check_targets(self)
        shapes.check_questions(self)
        if problem := self.notation.conflict(self.depth, self._fixed_letters()):
            raise fail(f"notation.{problem}")
        return self

    def _fixed_letters(self) -> dict[str, str]:
        """Letters that this exercise's page uses whatever the notation says, and for what."""
        update = self.update
        fixed = {"R": "the penalty (network.penalty)"} if self.network.penalty else {}
        if update and update.rule in ("momentum", "nesterov"):
            fixed |= {"v": f'the velocity (update.rule = "{update.rule}")'}
            fixed |= {"beta": 'the momentum (update.form = "ema")'} if update.form == "ema" else {"mu": "the momentum"}
        if update and update.rule == "adam":
            constants = ("m", "v", "beta", "epsilon")
            fixed |= dict.fromkeys(constants, 'a sign of Adam (update.rule = "adam")')
        if any(layer.activation.name == "gelu" for layer in self.network.layers):
            fixed |= {"phi": 'the normal distribution (activation "gelu")'}
        return fixed

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

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of everything that decides what is asked and answered: not of titles and not of notation.

        Defaults are left out, so that a later release with more settings gives the same.
        """
        asked = self.model_dump(mode="json", exclude_defaults=True, exclude={"title", "source", "notation", "variants"})
        return sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def code(self) -> str:
        """The version code on a page: five signs of the fingerprint, without I, L, O and U."""
        return code_of(self.fingerprint)

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
        from symprop.exercise.files import build

        return build(raw)
