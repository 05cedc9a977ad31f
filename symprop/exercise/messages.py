"""pydantic's findings -> one ExerciseError: key path, what was found, what would do."""

import typing
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from symprop.errors import ExerciseError, did_you_mean, quoted
from symprop.exercise.numbers import found

#: What would do, by pydantic's kind of error.
WANTED = {
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "string_type": "text in quotes",
    "bool_type": "true or false",
}
#: Found before the rest, because it explains the rest: a misspelt key also leaves the right one missing.
FIRST = ("extra_forbidden", "exercise", "value")


def translated(error: ValidationError, model: type[BaseModel], where: str) -> ExerciseError:
    """pydantic's first error in our words."""
    details = min(error.errors(), key=lambda d: d["type"] not in FIRST)
    loc = [part for part in details["loc"] if isinstance(part, int) or part.isidentifier()]
    kind, context, value = details["type"], details.get("ctx", {}), details.get("input")
    key = _path(loc)
    if kind == "extra_forbidden":
        word = str(details["loc"][-1])
        known = _known(model, details["loc"][:-1])
        key = _path(details["loc"][:-1])
        return ExerciseError(f"unknown key {quoted(word)}; {did_you_mean(word, known)}", key=key, where=where)
    if kind in ("exercise", "value"):
        message = str(context["problem"])
        head, colon, rest = message.partition(": ")
        if kind == "exercise" and colon and all(c.isalnum() or c in "_.[]" for c in head):
            return ExerciseError(rest, key=f"{key}.{head}" if key else head, where=where)
        return ExerciseError(message, key=key, where=where)
    if kind == "missing":
        return ExerciseError("missing" + ("; write symprop = 1" if key == "symprop" else ""), key=key, where=where)
    if kind == "literal_error":
        wanted = context["expected"].replace("'", '"')
    elif kind in ("greater_than_equal", "less_than_equal"):
        wanted = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
    elif kind == "too_short":
        return ExerciseError("found an empty list; wanted at least one entry", key=key, where=where)
    elif kind in ("too_long", "string_too_long"):
        noun = "characters" if isinstance(value, str) else "entries"
        return ExerciseError(f"{len(value)} {noun}; wanted at most {context['max_length']}", key=key, where=where)
    else:
        wanted = WANTED.get(kind, details["msg"])
    return ExerciseError(f"found {found(value)}; wanted {wanted}", key=key, where=where)


def _path(loc: Sequence[int | str]) -> str:
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _known(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """The keys of the table at `loc`, found by walking the models along it."""
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = next(_models(model.model_fields[part].annotation), model)
    return [name for name, field in model.model_fields.items() if not field.exclude]


def _models(annotation: object) -> typing.Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)
