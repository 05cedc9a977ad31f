"""The published JSON Schema, judged by jsonschema: it takes every good file and refuses what the loader refuses."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from symprop.api import verify
from symprop.errors import ExerciseError
from symprop.exercise import json_schema, library, parse
from symprop.rendering.formats import template_folder
from symprop.solution import solve

STARTER = (template_folder() / "exercise.toml").read_text(encoding="utf-8")


@cache
def judge() -> Any:
    return jsonschema.Draft202012Validator(json_schema())


def plain(text: str) -> Any:
    """The file as plain JSON."""
    return json.loads(json.dumps(tomllib.loads(text)))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


def test_every_key_is_described() -> None:
    schema = json_schema()
    tables = {"": schema} | schema["$defs"]
    keys = [(table, key, entry) for table in tables for key, entry in tables[table].get("properties", {}).items()]
    assert [f"{table}.{key}" for table, key, entry in keys if not entry.get("description")] == []
    assert {key for table, key, _ in keys if table == "Notation"} >= {
        "profile",
        "loss",
        "layout",
        "index",
        "derivative",
    }


@pytest.mark.parametrize("name", library())
def test_every_built_in_fits_the_schema(name: str) -> None:
    judge().validate(plain(library()[name].read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("symprop = 1", "symprop = 2"),
        ("symprop = 1", ""),
        ("[network]", "[netwrk]"),
        ("layers =", "layer ="),
        ("units = 2", "units = 0"),
        ("units = 2", 'units = "2"'),
        ("activation =", "activaton ="),
        ('"relu"', '"rellu"'),
        ('"relu"', '{ name = "rellu" }'),
        ("biases = true", 'biases = "share"'),
        ("x = [[1.0]]", "x = [1.0]"),
        ("x = [[1.0]]", "x = []"),
        ("W1 =", "w1 ="),
        ("W1 = [[1.0, 2.0]]", "W1 = [1.0, 2.0]"),
        ("# steps = 1", "steps = 0"),
        ("# decimals = 4", "decimals = -1"),
        ("# decimals = 4", "decimal = 4"),
        ('# ask = ["a1", "a2", "E"]', 'ask = "E"'),
        ('# profile = "cs135"', 'profile = "nosuch"'),
        ('# loss = "E"', 'loss = "EE"'),
    ],
)
def test_a_bad_file_does_not_fit(old: str, new: str) -> None:
    table = re.search(r"^# (\[+\w+\]+)(?:(?!^# \[)[\s\S])*?" + re.escape(old), STARTER, re.MULTILINE)
    text = STARTER.replace(old, new, 1)
    if old.startswith("# ") and table:
        text = text.replace(f"# {table[1]}", table[1], 1)
    assert text != STARTER
    assert not judge().is_valid(plain(text))
    with pytest.raises(ExerciseError, match=r"^exercise: "):
        parse(text)


# ---------------------------------------------------------------------- what `symprop new` writes
def uncommented() -> list[str]:
    """The starter with each of its commented keys switched on, with its table where that is commented too."""
    lines, found, table = STARTER.splitlines(), [], -1
    asked = next(n for n, line in enumerate(lines) if line.startswith("# ask"))
    for n, line in enumerate(lines):
        if line.startswith("# ["):
            table = n
        elif re.match(r"# \w+ = ", line):
            wanted = {n, table, asked if lines[table].startswith("# [[") else n} - {-1}
            found.append("\n".join(each[2:] if m in wanted else each for m, each in enumerate(lines)))
    return found


def test_the_starter_fits_loads_and_verifies() -> None:
    judge().validate(plain(STARTER))
    reports = verify(solve(parse(STARTER)))
    assert [report.agrees for report in reports] == [True, True]


@pytest.mark.parametrize("text", uncommented(), ids=lambda text: str(len(text)))
def test_each_commented_key_of_the_starter_works(text: str) -> None:
    judge().validate(plain(text))
    assert all(report.agrees for report in verify(solve(parse(text))))


def test_the_starter_shows_every_table() -> None:
    assert set(re.findall(r"^(?:# )?\[+(\w+)\]+", STARTER, re.MULTILINE)) == {
        "network",
        "data",
        "parameters",
        "update",
        "rounding",
        "notation",
        "questions",
    }


def test_the_starter_is_packaged() -> None:
    assert (Path(template_folder()) / "exercise.toml").is_file()
