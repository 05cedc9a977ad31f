"""TOML text, a file, a built-in or Python values -> Exercise, and the JSON Schema of the file."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema
from sympy import Expr

from symprop.errors import ExerciseError, did_you_mean, quoted, shown
from symprop.exercise.messages import translated
from symprop.exercise.model import FORMAT, Exercise
from symprop.exercise.numbers import LIMITS, NUMBER_SCHEMA, Decimal, found, is_list, rows
from symprop.functions import ACTIVATION_ALIASES, ACTIVATIONS

MAX_BYTES = 4_000_000
#: Python reads no decimal integer longer than this.
_ENDLESS = re.compile(r"[0-9][0-9_]{4299,}")


def build(raw: Mapping[str, Any], *, where: str = "exercise", name: str | None = None) -> Exercise:
    """An Exercise from the file's tables. Raises ExerciseError with the first thing that is wrong and its key."""
    values = dict(raw)
    if name is not None:
        values["name"] = name
    version = values.get("symprop", FORMAT)
    if version != FORMAT or type(version) is not int:
        raise ExerciseError(f"found {found(version)}; this symprop reads version {FORMAT}", key="symprop", where=where)
    try:
        return Exercise.model_validate(values)
    except ValidationError as error:
        raise translated(error, Exercise, where) from None


def parse(text: str, *, where: str = "exercise", name: str = "exercise") -> Exercise:
    """An Exercise from TOML text. Raises ExerciseError (file, key or line, what was found, what would do)."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as problem:
        raise ExerciseError(f"not valid TOML: {_plainly(str(problem))}", where=where) from None
    except ValueError:
        endless = _ENDLESS.search(text)
        line = f" (at line {text.count(chr(10), 0, endless.start()) + 1})" if endless else ""
        raise ExerciseError(f"a number of more than {LIMITS.digits} digits{line}", where=where) from None
    except RecursionError:
        raise ExerciseError("nested too deeply", where=where) from None
    if "name" in raw:  # a field of the model, but no part of the file
        known = [key for key in Exercise.model_fields if key != "name"]
        raise ExerciseError(f'unknown key "name"; {did_you_mean("name", known)}', where=where)
    if "symprop" not in raw:
        raise ExerciseError("missing; an exercise file starts with symprop = 1", key="symprop", where=where)
    try:
        return build(raw, where=where, name=name)
    except RecursionError:
        raise ExerciseError("nested too deeply", where=where) from None


def _plainly(problem: str) -> str:
    """tomllib's message without Python in it."""
    message, _, place = problem.rpartition(" (at ")
    if message.startswith("Cannot overwrite a value"):
        message = "a key is given twice"
    elif match := re.fullmatch(r"Cannot declare \((.*)\) twice", message, re.DOTALL):
        names = re.findall(r"""['"](.*?)['"]""", match[1])
        message = f"the table [{shown('.'.join(names))}] is given twice"
    return f"{shown(message, 100)} (at {place}"


def library() -> dict[str, Traversable]:
    """The built-in exercises: name -> file, in the order they are listed."""
    entries = {
        entry.name.removesuffix(".toml"): entry
        for entry in files("symprop").joinpath("library").iterdir()
        if entry.name.endswith(".toml")
    }
    return {
        name: entries[name]
        for name in sorted(entries, key=lambda n: (not n.startswith("day12"), not n.startswith("google"), n))
    }


def load(exercise: str | Path) -> Exercise:
    """The exercise in a file, or the built-in of that name. Raises ExerciseError."""
    where, path, built_in = str(exercise), Path(exercise), library().get(str(exercise))
    if built_in is not None and not path.is_file():
        return parse(built_in.read_text(encoding="utf-8"), where=where, name=where)
    if not where.strip():
        raise ExerciseError("wanted a file or the name of a built-in", where=quoted(where))
    try:
        if path.is_dir():
            raise ExerciseError("is a folder; wanted an exercise file (TOML)", where=where)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # never all of it: /dev/zero has no end
        if len(data) > MAX_BYTES:
            raise ExerciseError(f"larger than {MAX_BYTES // 10**6} MB; this is no exercise file", where=where)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise ExerciseError(
            f"is not UTF-8 text (byte 0x{data[problem.start]:02x} at line {line})", where=where
        ) from None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        looks_like_path = path.suffix or len(path.parts) > 1
        hint = "no such file" if looks_like_path else f"no such file or built-in; {did_you_mean(where, library())}"
        raise ExerciseError(hint, where=where) from None
    except OSError as problem:
        raise ExerciseError(f"cannot be read: {problem.strerror or problem}", where=where) from None
    return parse(text, where=where, name=path.name.removesuffix(".toml") or "exercise")


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
    decimal form (0.1 is 1/10). `penalty`: alpha, or a table as in the file. `tables`: title, source, update, rounding,
    notation, questions, variants. Raises ExerciseError.
    """
    network = {
        "layers": [_layer(each) for each in layers] if is_list(layers) else layers,
        "inputs": inputs,
        "samples": samples,
        "biases": (b is not None or W is None) if biases is None else biases,
        "loss": loss,
        "batch": batch,
        "relu_at_zero": relu_at_zero,
        "penalty": penalty if penalty is None or isinstance(penalty, Mapping) else {"l2": penalty},
    }
    raw: dict[str, Any] = {"symprop": FORMAT, "network": network, **tables}
    if W is not None or b is not None:
        raw["parameters"] = _by_layer("W", W) | _by_layer("b", b)
    if x is not None or y is not None:
        raw["data"] = {key: value for key, value in (("x", x), ("y", y)) if value is not None}
    return build(raw, name=name)


def _layer(layer: Any) -> Any:
    return {"units": layer[0], "activation": layer[1]} if is_list(layer) and len(layer) == 2 else layer


def _by_layer(letter: str, values: Any) -> dict[str, Any]:
    values = rows(values)
    if values is not None and not is_list(values):
        raise ExerciseError(f"found {found(values)}; wanted a list with one entry a layer", key=letter)
    return {f"{letter}{layer}": value for layer, value in enumerate(values or (), 1)}


# ---------------------------------------------------------------------- the schema
class _Schema(GenerateJsonSchema):
    """pydantic's schema with exact defaults written as a file would."""

    def encode_default(self, dft: Any) -> Any:
        """9/10 -> "9/10", and entry by entry where a default is a pair."""
        if isinstance(dft, tuple) and any(isinstance(each, Expr) for each in dft):
            return [self.encode_default(each) for each in dft]
        return (int(dft) if dft.is_Integer else str(dft)) if isinstance(dft, Expr) else super().encode_default(dft)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the exercise file."""
    schema: dict[str, Any] = _without_null(Exercise.model_json_schema(schema_generator=_Schema))
    tables, number = schema["$defs"], {"$ref": "#/$defs/Number"}
    tables["Number"] = NUMBER_SCHEMA
    schema["properties"].pop("name")
    matrix = {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1, "items": number}}
    schema["properties"]["parameters"] |= {
        "patternProperties": {
            "^W[1-9][0-9]*$": matrix | {"description": "row i, column j: the weight from unit i to unit j"},
            "^b[1-9][0-9]*$": {
                "anyOf": [{"type": "array", "minItems": 1, "items": number}, number],
                "description": "one bias a unit; a single number where the layer shares it",
            },
        },
        "additionalProperties": False,
    }
    tables["Data"]["properties"]["x"] |= matrix
    tables["Data"]["properties"]["y"] |= {"minItems": 1}
    activation = tables["Activation"]
    names = [*ACTIVATIONS, *ACTIVATION_ALIASES]
    activation["if"] = {"not": {"required": ["formula"]}}
    activation["then"] = {"properties": {"name": {"enum": names}}}
    tables["Layer"]["properties"]["activation"] = {
        "anyOf": [{"enum": names}, {"$ref": "#/$defs/Activation"}],
        "default": "identity",
        "description": tables["Layer"]["properties"]["activation"]["description"],
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "symprop exercise"}


def _without_null(schema: Any) -> Any:
    """TOML has no null: a key that may be left out is only not required."""
    if isinstance(schema, list):
        return [_without_null(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    if "anyOf" in kept:
        kept["anyOf"] = [each for each in kept["anyOf"] if each != {"type": "null"}]
        if len(kept["anyOf"]) == 1:
            kept |= kept.pop("anyOf")[0] | ({"description": kept["description"]} if "description" in kept else {})
    return kept


__all__ = ["MLP", "build", "json_schema", "library", "load", "parse"]
