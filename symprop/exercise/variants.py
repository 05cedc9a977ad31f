"""[variants]: what numbers are drawn and which of them will do. One field a row of the table of nice numbers; no drawing."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError, WithJsonSchema, model_validator
from sympy import Integer, Rational

from symprop.exercise.base import Model
from symprop.exercise.messages import translated
from symprop.exercise.numbers import NUMBER_SCHEMA, Flag, Whole, fail, found, is_list, less, number, rows

_PAIR = {"type": "array", "minItems": 2, "maxItems": 2, "items": NUMBER_SCHEMA}
#: More values than this in one table would not fit the generator's bytes.
MOST_VALUES = 1000


def _pair(value: Any, words: tuple[str, ...], off: bool) -> Any:
    """Two exact numbers, low first; one of `words`; false where the row may be switched off."""
    value = rows(value)
    others = [*(f'"{word}"' for word in words), *(["false"] if off else [])]
    if (isinstance(value, str) and value in words) or (off and value is False):
        return value
    wanted = " or ".join(["a pair such as [1, 3]", *others])
    if not is_list(value) or len(value) != 2:
        raise fail(f"found {found(value)}; wanted {wanted}")
    try:
        low, high = (number(each) for each in value)
    except ValueError as problem:
        raise fail(str(problem)) from None
    if not (low.is_Rational and high.is_Rational) or less(high, low):
        raise fail(f"found [{low}, {high}]; wanted two rational numbers, the smaller one first")
    return low, high


def _bound(value: Any) -> Any:
    """A number of at least 0, or false."""
    if value is False:
        return value
    try:
        result = number(value)
    except ValueError as problem:
        raise fail(str(problem)) from None
    if not result.is_Rational or less(result, Integer(0)):
        raise fail(f"found {found(value)}; wanted a rational number of at least 0, or false")
    return result


def _count(value: Any) -> Any:
    if value is False:
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 4096:
        raise fail(f"found {found(value)}; wanted a whole number of at least 0, or false")
    return value


def _text(value: Any) -> Any:
    return (
        [str(each) for each in value] if isinstance(value, tuple) else value if isinstance(value, bool) else str(value)
    )


_KEEP, _OFF = {"const": "keep"}, {"const": False}
Drawn = Annotated[
    Any,
    BeforeValidator(lambda v: _pair(v, ("keep",), False)),
    PlainSerializer(_text),
    WithJsonSchema({"anyOf": [_PAIR, _KEEP]}),
]
DrawnOrOff = Annotated[
    Any,
    BeforeValidator(lambda v: _pair(v, ("keep", "off"), False)),
    PlainSerializer(_text),
    WithJsonSchema({"anyOf": [_PAIR, {"enum": ["keep", "off"]}]}),
]
Span = Annotated[
    Any, BeforeValidator(lambda v: _pair(v, (), True)), PlainSerializer(_text), WithJsonSchema({"anyOf": [_PAIR, _OFF]})
]
Bound = Annotated[
    Any, BeforeValidator(_bound), PlainSerializer(_text), WithJsonSchema({"anyOf": [NUMBER_SCHEMA, _OFF]})
]
Count = Annotated[
    Any,
    BeforeValidator(_count),
    PlainSerializer(_text),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, _OFF]}),
]


class Variants(Model):
    """What is drawn, and the conditions on it: each has the default of the table, and a value that relaxes it."""

    conditions: Flag = Field(True, description="false: every condition below is off; numbers are only drawn")
    inputs: Drawn = Field(
        (Integer(1), Integer(3)), description='sizes of the inputs, of either sign; "keep": those of [data]'
    )
    zero_inputs: Flag = Field(False, description="true: an input may be 0")
    weights: Drawn = Field(
        (Integer(1), Integer(3)), description='sizes of the weights, of either sign; "keep": those of [parameters]'
    )
    equal_weights: Flag = Field(False, description="true: the weights of a layer may all be equal")
    biases: DrawnOrOff = Field(
        (Integer(-2), Integer(2)), description='lowest and highest bias; "off": all 0; "keep": those of [parameters]'
    )
    targets: Drawn | None = Field(
        None,
        description='lowest and highest target; default: -6 to 6, or what the loss and the output take; "keep": those of [data]',
    )
    numbers: Literal["auto", "integers", "decimals", "fractions"] = Field(
        "auto",
        description="weights and biases drawn: integers, halves as decimals, thirds; auto: the first of them that works",
    )
    long_numbers: Flag = Field(
        False, description="true: a value may have more than 2 decimals and a denominator larger than 8"
    )
    largest: Bound = Field(Integer(30), description="largest size of every value and gradient; false: any")
    error: Span = Field(
        (Integer(1), Integer(6)), description="sizes of yhat - y, for squared errors of an unbounded output; false: any"
    )
    kink_distance: Bound = Field(
        Integer(1), description="smallest size of a pre-activation at a ReLU or another kink; false: any"
    )
    dead_units: Count = Field(
        1, description="inactive units in every ReLU layer of two or more, in each sample; false: any number"
    )
    stray_zeros: Flag = Field(False, description="true: a gradient may be 0 though no dead unit is the cause")
    equal_gradients: Flag | None = Field(
        None,
        description="true: sizes of two asked gradients may be equal by chance; default: false up to 12 weights, true beyond",
    )
    one_sign: Flag = Field(
        False, description="true: the weights, or the asked gradients that are not 0, may all have one sign"
    )
    failing_step: Flag = Field(
        False, description="true: a step with the learning rate of [update] may raise the loss or switch a ReLU"
    )
    sigmoid_range: Span = Field(
        (Rational(1, 10), Rational(9, 10)), description="range of every sigmoid and softmax output; false: any"
    )
    exact: Flag = Field(
        True,
        description="closed forms where there is one sample and every unit has a bias: sigmoid, tanh, softmax and exp at logarithms of integers, the bias solved for; false: decimals",
    )
    decimals: Whole = Field(4, ge=1, le=15, description="decimal places where values are no closed forms")
    difficulty: Bound = Field(
        Rational(1, 10), description="how far the difficulty may be from version A's, as a share of it; false: any"
    )
    distinct: Literal["parts", "versions", "off"] = Field(
        "parts",
        description="no two versions agree on all answers of a part with two values or more; on all answers; off: they may",
    )
    draws: Whole = Field(
        20_000,
        ge=1,
        le=10_000_000,
        description="most draws for one version, those aside whose given numbers do not fit",
    )
    pool: Whole = Field(
        16, ge=1, le=1024, description="acceptable draws of which the most telling is taken; 1: the first"
    )

    @model_validator(mode="after")
    def _sane(self) -> "Variants":
        for key in ("inputs", "weights", "error"):
            pair = getattr(self, key)
            if isinstance(pair, tuple) and less(pair[0], Integer(0)):
                raise fail(f"{key}: found [{pair[0]}, {pair[1]}]; wanted sizes, of at least 0")
        for key in ("inputs", "weights", "biases", "targets"):
            pair = getattr(self, key)
            if isinstance(pair, tuple) and less(Integer(MOST_VALUES), pair[1] - pair[0]):
                raise fail(f"{key}: found [{pair[0]}, {pair[1]}]; wanted a range of at most {MOST_VALUES:,}")
        return self


def settings(given: "Variants | Mapping[str, Any] | None", otherwise: "Variants | None" = None) -> Variants:
    """The settings given, else the exercise's own, else the defaults; a mapping changes single ones of the exercise's.

    Raises ExerciseError for a key or value that is none.
    """
    base = otherwise or Variants()
    if given is None:
        return base
    if isinstance(given, Variants):
        return given
    try:
        return Variants(**{key: getattr(base, key) for key in base.model_fields_set} | dict(given))
    except ValidationError as problem:
        raise translated(problem, Variants, "variants") from None


__all__ = ["Variants", "settings"]
