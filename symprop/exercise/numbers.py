"""One value of a file or of Python -> an exact SymPy number, or what is wrong with it. Knows no tables.

Decimals come as text and become exact rationals; closed forms such as "ln 3" go through the project's own reader.
"""

import decimal
import operator
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError
from sympy import Abs, Expr, Float, Integer, Rational, pi
from sympy import E as EULER

from symprop.errors import quoted, shown
from symprop.functions import FORMULA_FUNCTIONS, absolute
from symprop.reading import Limits, Unreadable, read

#: An exercise file may hold longer exact decimals than a student's answer.
LIMITS = Limits(digits=1000)
WANTED = 'wanted a number such as 0.5, "1/3" or "ln 3"'
#: Digits at which two closed forms are compared, and how close equal ones are.
COMPARED = 60
NUMBER_SCHEMA = {
    "anyOf": [{"type": "number"}, {"type": "string", "minLength": 1}],
    "description": 'A number, exactly: 0.1, "1/3", "ln 3"',
}


class Decimal(str):
    """A TOML decimal as written: never a float."""


def found(value: Any) -> str:
    """What a message says was found: text in quotes, a number as written, anything larger by its kind."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str) and not isinstance(value, Decimal):
        return quoted(value)
    return shown(value)


def number(value: Any) -> Expr:
    """An exact real number from an int, a decimal as text, "1/3", a closed form, or a Python float by its shortest repr.

    Fractions, decimal.Decimal, NumPy and SymPy numbers are taken too. Raises ValueError with what was found and what would do.
    """
    if hasattr(value, "dtype") and not isinstance(value, Expr):
        text = str(value)  # the shortest repr in its own precision: float32 0.1 is 1/10
        value = value.item() if text in ("True", "False") or "(" in text else Decimal(text)
    if isinstance(value, Expr):
        if not value.is_number or value.is_extended_real is not True or value.is_finite is not True or value.has(Float):
            raise ValueError(f"found {shown(value)}; wanted an exact real number")
        return value
    if isinstance(value, bool) or not isinstance(value, (int, str, float, Fraction, decimal.Decimal)):
        raise ValueError(f"found {_kind(value)}; {WANTED}")
    if isinstance(value, (int, Fraction)):
        parts = (abs(value.numerator), value.denominator)
        if max(parts) >= 10**LIMITS.digits:
            raise ValueError(f"found a number of more than {LIMITS.digits} digits")
        return Rational(value.numerator, value.denominator)
    text = value if isinstance(value, str) else str(value)
    plain = text if type(value) is str else Decimal(text)
    if text.strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ValueError(f"found {found(plain)}; wanted a finite number")
    written = text.replace("_", "") if isinstance(value, Decimal) else text
    result = read(written, {"pi": pi, "e": EULER}, FORMULA_FUNCTIONS, LIMITS)
    if isinstance(result, Unreadable):
        raise ValueError(f"found {found(plain)}: {result.why}; {WANTED}")
    if result.is_extended_real is not True or result.is_finite is not True:
        raise ValueError(f"found {found(plain)}; wanted a finite real number")
    if result.is_Rational and max(abs(result.p), result.q) >= 10**LIMITS.digits:
        raise ValueError(f"found {found(plain)}: more than {LIMITS.digits} digits")
    return result


def _kind(value: Any) -> str:
    return (
        found(value)
        if isinstance(value, (bool, Mapping, list, tuple))
        else "nothing"
        if value is None
        else f"a {type(value).__name__}"
    )


def less(low: Expr, high: Expr) -> bool:
    """Whether low < high; closed forms that agree to COMPARED digits count as equal."""
    difference = high - low
    if difference.is_Rational:
        return bool(difference > 0)
    return bool(difference.evalf(COMPARED, chop=True) > Rational(1, 10 ** (COMPARED - 10)))


def formula(text: str, names: Mapping[str, Expr]) -> Expr:
    """A user's formula as an expression in `names`. Raises the model's error with the column."""
    result = read(text, names, FORMULA_FUNCTIONS, LIMITS)
    if isinstance(result, Unreadable):
        raise fail(f"found {quoted(text)}, column {result.offset + 1}: {result.why}")
    return result.replace(Abs, absolute)  # sqrt(z^2) becomes Abs, whose kink nothing else would see


def rows(value: Any) -> Any:
    """An array of any kind as a list of its rows or entries, each still exact; anything else as it is."""
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, Expr) or not hasattr(value, "tolist"):
        return value
    if hasattr(value, "dtype"):
        return list(value) if getattr(value, "ndim", 0) else value
    return value.tolist()  # a SymPy matrix


def is_list(value: Any) -> bool:
    """Whether it is a list of entries."""
    return isinstance(value, (list, tuple))


# ---------------------------------------------------------------------- the model's field types
def fail(problem: str) -> PydanticCustomError:
    """An error in our words, for pydantic to carry; "a.b: problem" moves it to the key a.b below the table."""
    return PydanticCustomError("exercise", "{problem}", {"problem": problem})


def _number(value: Any) -> Expr:
    try:
        return number(value)
    except ValueError as problem:
        raise PydanticCustomError("value", "{problem}", {"problem": str(problem)}) from None


def _wrong(value: Any, wanted: str) -> PydanticCustomError:
    return PydanticCustomError("value", "{problem}", {"problem": f"found {found(value)}; wanted {wanted}"})


def _whole(value: Any) -> Any:
    """NumPy's and SymPy's integers count; truth values, texts and decimals do not."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _wrong(value, "a whole number")
    try:
        return operator.index(value)
    except TypeError:
        raise _wrong(value, "a whole number") from None


def _flag(value: Any) -> Any:
    value = value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Decimal):
        raise _wrong(value, "text in quotes")
    for c in value:
        if not c.isprintable() and not c.isspace() and (ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000):
            raise PydanticCustomError(
                "value", "{problem}", {"problem": f"found the control character U+{ord(c):04X}; wanted plain text"}
            )
    return str(value)


def _biases(value: Any) -> Any:
    value = value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value
    if not isinstance(value, bool) and value != "shared":
        raise _wrong(value, 'true, false or "shared"')
    return value


def _at_zero(value: Any) -> Any:
    try:
        result = value if isinstance(value, str) and value == "reject" else number(value)
    except ValueError:
        raise _wrong(value, 'a number from 0 to 1, or "reject"') from None
    if result != "reject" and (less(result, Integer(0)) or less(Integer(1), result)):
        raise _wrong(value, 'a number from 0 to 1, or "reject"')
    return result


# a lambda: pydantic before 2.10 finds no signature of str on Python 3.11
Number = Annotated[
    Any, BeforeValidator(_number), PlainSerializer(lambda value: str(value)), WithJsonSchema(NUMBER_SCHEMA)
]
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, BeforeValidator(_text)]
Biases = Annotated[Any, BeforeValidator(_biases), WithJsonSchema({"anyOf": [{"type": "boolean"}, {"const": "shared"}]})]
AtZero = Annotated[
    Any,
    BeforeValidator(_at_zero),
    PlainSerializer(lambda value: str(value)),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "minLength": 1}]}),
]
