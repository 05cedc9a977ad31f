"""manifest.jsonl: what it holds, what of it is told when it is damaged, and a version made from it again."""

import csv
import hashlib
import json
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from symprop.cli import app
from symprop.exercise import load
from symprop.sampling import draw, manifest
from symprop.solution import solve


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions of day12 in LaTeX and Markdown, from the command line."""
    folder = tmp_path_factory.mktemp("made")
    result = CliRunner().invoke(
        app, ["variants", "day12", "-n", "3", "--seed", "7", "--to", "tex,md", "-o", str(folder)]
    )
    assert result.exit_code == 0, result.output
    return folder


def symprop(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def copied(made: Path, here: Path) -> Path:
    folder = here / "copy"
    folder.mkdir()
    for path in made.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def changed(folder: Path, line: int, change: object) -> None:
    """Line `line` (from 1) with `change` made in its table."""
    path = folder / "manifest.jsonl"
    found = path.read_text(encoding="utf-8").splitlines()
    table = json.loads(found[line - 1])
    change(table)  # type: ignore[operator]
    found[line - 1] = json.dumps(table, ensure_ascii=False)
    path.write_text("\n".join(found) + "\n", encoding="utf-8")


# ---------------------------------------------------------------------- what it holds
def test_the_head_names_format_generator_versions_exercise_seed_and_settings(made: Path) -> None:
    head = lines(made)[0]
    assert (head["symprop"], head["generator"], head["seed"]) == (1, "sha256-counter-1", 7)
    assert set(head["versions"]) == {"symprop", "sympy", "typst", "scikit-learn"}
    assert head["exercise"]["hash"] == load("day12").fingerprint
    assert head["settings"]["to"] == ["tex", "md"]


def test_a_line_holds_the_numbers_of_its_version_and_the_hashes_of_its_files(made: Path) -> None:
    for number, line in enumerate(lines(made)[1:], start=1):
        drawn = draw.version(load("day12"), 7, number)
        assert line["number"] == number
        assert line["code"] == drawn.exercise.code
        assert Fraction(line["data"]["x"][0][0]) == Fraction(str(drawn.exercise.data.x[0][0]))
        names = {f"version-00{number}.tex", f"version-00{number}.md", f"version-00{number}-network.svg"}
        assert set(line["files"]) == names
        for name, digest in line["files"].items():
            assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest


def test_answers_are_those_of_the_exercise(made: Path) -> None:
    line = lines(made)[2]
    solution = solve(draw.version(load("day12"), 7, 2).exercise)
    for id, value in line["answers"].items():
        assert value["exact"] == str(solution.value(id)), id


def test_answers_csv_has_one_row_a_version_and_quantity_in_the_order_of_the_manifest(made: Path) -> None:
    with (made / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [(str(line["number"]), line["code"], id) for line in lines(made)[1:] for id in line["answers"]]
    assert [(row["version"], row["code"], row["quantity"]) for row in rows] == wanted


def test_every_page_carries_the_number_and_the_code_of_its_version(made: Path) -> None:
    for line in lines(made)[1:]:
        wanted = f"version {line['number']:03} · {line['code']}"
        assert wanted in (made / f"version-{line['number']:03}.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------------- a version again
def test_a_version_made_again_from_the_manifest_has_the_same_bytes(made: Path, here: Path) -> None:
    result = symprop(
        "variants", "--from", str(made / "manifest.jsonl"), "--number", "2", "--to", "tex,md", "-o", "again"
    )
    assert result.exit_code == 0, result.output
    for name in lines(made)[2]["files"]:
        assert (here / "again" / name).read_bytes() == (made / name).read_bytes()


def test_a_manifest_made_by_another_release_still_gives_its_versions(made: Path, here: Path) -> None:
    folder = copied(made, here)
    changed(folder, 1, lambda head: head["versions"].update(symprop="0.0.9", sympy="1.13.0"))
    result = symprop("variants", "--from", "copy/manifest.jsonl", "--number", "1", "--to", "tex", "-o", "again")
    assert result.exit_code == 0, result.output


# ---------------------------------------------------------------------- what is damaged
def test_verify_agrees_with_every_answer_of_a_manifest(made: Path) -> None:
    assert symprop("verify", str(made / "manifest.jsonl")).exit_code == 0


@pytest.mark.parametrize("id", ["z1[1]", "a2[1]", "E", "dE/dW1[1,2]", "dE/db2[1]"])
def test_a_changed_answer_is_caught_by_verify(id: str, made: Path, here: Path) -> None:
    folder = copied(made, here)
    value = str(Fraction(lines(folder)[2]["answers"][id]["exact"]) + 1)
    changed(folder, 3, lambda line: line["answers"][id].update(exact=value, value=value))
    assert symprop("verify", "copy/manifest.jsonl").exit_code == 1


def test_an_exact_answer_that_is_not_its_decimal_is_caught_by_verify(made: Path, here: Path) -> None:
    folder = copied(made, here)
    changed(folder, 3, lambda line: line["answers"]["E"].update(value="12345"))
    result = symprop("verify", "copy/manifest.jsonl")
    assert (result.exit_code, "line 3" in result.output) == (1, True)


DAMAGE = [
    (3, lambda line: line.pop("answers"), "line 3: damaged: answers is missing"),
    (3, lambda line: line.update(number=9), "line 3: damaged: found version 9; wanted 2"),
    (3, lambda line: line["data"].update(x=[["1000"]]), "line 3: damaged: these numbers have the code"),
    (3, lambda line: line["data"].update(x="x"), "line 3: damaged: "),
    (1, lambda head: head.update(symprop=2), "line 1: found 2; this symprop reads manifests of version 1"),
    (1, lambda head: head["exercise"].update(hash="0"), "line 1: damaged: the exercise does not have the hash"),
    (1, lambda head: head.pop("settings"), "line 1: damaged: settings is missing"),
]


@pytest.mark.parametrize(("line", "change", "wanted"), DAMAGE, ids=[wanted for _, _, wanted in DAMAGE])
def test_damage_is_told_with_its_line(line: int, change: object, wanted: str, made: Path, here: Path) -> None:
    folder = copied(made, here)
    changed(folder, line, change)
    result = symprop("variants", "--from", "copy/manifest.jsonl", "--number", "2", "--to", "tex", "-o", "again")
    assert (result.exit_code, wanted in result.output) == (2, True), result.output
    assert not (here / "again").exists()


def test_a_line_that_is_no_json_is_told_and_nothing_is_written(made: Path, here: Path) -> None:
    folder = copied(made, here)
    path = folder / "manifest.jsonl"
    raw = path.read_bytes().splitlines(keepends=True)
    raw[2] = raw[2][:40] + b"\n"
    path.write_bytes(b"".join(raw))
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    result = symprop("variants", "day12", "-n", "3", "--seed", "7", "--to", "tex,md", "-o", "copy")
    assert (result.exit_code, "line 3: damaged" in result.output) == (2, True)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


OTHERS = [
    (["mazur", "--seed", "7", "--to", "tex,md"], 'it belongs to another exercise or other numbers ("day12")'),
    (["day12", "--seed", "8", "--to", "tex,md"], "it was made with seed 7, not 8"),
    (["day12", "--seed", "7", "--to", "tex"], "it was made with to "),
    (["day12", "--seed", "7", "--to", "tex,md", "--detail", "full"], "it was made with detail "),
    (["day12", "--seed", "7", "--to", "tex,md", "-n", "2"], "holds 3 versions, more than the 2 asked for"),
]


@pytest.mark.parametrize(("arguments", "wanted"), OTHERS, ids=[wanted for _, wanted in OTHERS])
def test_a_manifest_of_another_run_is_told_and_nothing_is_touched(
    arguments: list[str], wanted: str, made: Path, here: Path
) -> None:
    folder = copied(made, here)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    result = symprop("variants", *arguments[:1], "-o", "copy", "-n", "3", *arguments[1:])
    assert (result.exit_code, wanted in result.output) == (2, True), result.output
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_manifest_of_other_library_versions_is_not_gone_on_with(made: Path, here: Path) -> None:
    folder = copied(made, here)
    changed(folder, 1, lambda head: head["versions"].update(typst="0.0.1"))
    result = symprop("variants", "day12", "-n", "3", "--seed", "7", "--to", "tex,md", "-o", "copy")
    assert (result.exit_code, "it was made with typst 0.0.1" in result.output) == (2, True)


def test_a_number_that_the_manifest_does_not_hold_is_told(made: Path) -> None:
    result = symprop("variants", "--from", str(made / "manifest.jsonl"), "--number", "4")
    assert (result.exit_code, "no version 4; it holds 1 to 3" in result.output) == (2, True)


def test_a_half_written_last_line_is_forgiven(made: Path, here: Path) -> None:
    path = copied(made, here) / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert len(manifest.read(path).lines) == 2


def test_no_cell_of_answers_csv_is_a_formula() -> None:
    line = {"number": 1, "student": "=1+1", "code": "AAAAA", "answers": {"E": {"exact": None, "value": "1"}}}
    assert list(manifest.csv_rows([line]))[1] == ("1", "'=1+1", "AAAAA", "E", "", "1")
