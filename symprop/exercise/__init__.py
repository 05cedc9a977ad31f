"""TOML -> Exercise: the file's contract as a frozen model, every number exact, every message naming its key. No calculus.

base       their common base
numbers    one exact number from a file or from Python
model      the file's tables
shapes     what must fit together: data, targets, parameters, questions
variants   the table [variants]
messages   pydantic's findings -> one message with its key
files      TOML text, files, built-ins, `MLP`, the JSON Schema
"""

from symprop.exercise.files import MLP, build, json_schema, library, load, parse
from symprop.exercise.model import (
    FORMAT,
    YHAT,
    Activation,
    Exercise,
    Layer,
    Network,
    Notation,
    Question,
    Rounding,
    Update,
    Y,
    Z,
)
from symprop.exercise.numbers import number
from symprop.exercise.variants import Variants, settings

__all__ = [
    "FORMAT",
    "MLP",
    "YHAT",
    "Activation",
    "Exercise",
    "Layer",
    "Network",
    "Notation",
    "Question",
    "Rounding",
    "Update",
    "Variants",
    "Y",
    "Z",
    "build",
    "json_schema",
    "library",
    "load",
    "number",
    "parse",
    "settings",
]
