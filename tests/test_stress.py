"""`symprop stress`: its figures, its failures and its exit codes."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from symprop import stress as stressing
from symprop.cli import app
from symprop.exercise import load
from symprop.oracles import OracleReport
from symprop.stress import Stress, stress


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["stress", *arguments])


@pytest.fixture(scope="module")
def found() -> Stress:
    return stress(load("day12"), 32, 135)


def test_every_version_is_put_to_scikit_learn_and_a_sample_to_the_differences(found: Stress) -> None:
    assert found.ok and found.versions == 32 and found.sets == 2
    assert found.oracles["scikit-learn"] == {"agrees": 32}
    assert found.oracles["central differences"] == {"agrees": 1}


def test_there_is_a_figure_for_every_version(found: Stress) -> None:
    assert len(found.hidden) == len(found.tells_apart) == len(found.difficulty) == len(found.equal_share) == 32
    assert found.duplicates == 0 and found.deviation <= 0.1 and found.counted == 49
    assert found.hides["penalise_biases"] == 32  # day12's net has no penalty, so nothing can show it
    assert set(found.sizes) == {"tex", "md"}


def test_the_json_holds_the_same() -> None:
    result = invoke("day12", "-n", "2", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert (facts["versions"], facts["ok"], facts["failures"], facts["duplicates"]) == (2, True, [], 0)
    assert sum(facts["hidden"].values()) == 2


def test_the_table_names_every_test() -> None:
    result = invoke("day12", "-n", "1")
    assert result.exit_code == 0
    for row in (
        "scikit-learn",
        "duplicates",
        "misconceptions hidden, of 49",
        "difficulty",
        "bytes of a key",
        "0 failures",
    ):
        assert row in result.stdout


def test_an_oracle_that_disagrees_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    report = OracleReport("scikit-learn", "0", 1, 1.0, False)
    monkeypatch.setattr(stressing, "sklearn", lambda exercise, numbers: report)
    result = invoke("day12", "-n", "1")
    assert result.exit_code == 1
    assert "FAILED: scikit-learn, seed 135, version 1" in result.stdout


def test_a_wrong_answer_and_a_repeated_version_are_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    right = stressing.versions

    def wrong(*arguments: Any) -> Any:
        first, _ = right(*arguments)
        answers = dict(first.answers)
        answers[next(iter(answers))] += 1
        yield replace(first, answers=answers)
        yield replace(first, number=2)

    monkeypatch.setattr(stressing, "versions", wrong)
    tests = {(number, test) for _, number, test in stress(load("day12"), 2, 135).failures}
    assert {(1, "answers"), (2, "distinct answers")} <= tests


def test_a_misconception_that_is_reported_wrongly_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    right = stressing.versions
    monkeypatch.setattr(stressing, "versions", lambda *a: (replace(v, hides=v.hides[1:]) for v in right(*a)))
    assert [test for _, _, test in stress(load("day12"), 1, 135).failures] == ["misconceptions"]


def test_conditions_that_cannot_be_met_exit_with_1(tmp_path: Path) -> None:
    file = tmp_path / "hard.toml"
    text = 'symprop = 1\n[network]\nlayers = [{ units = 2, activation = "relu" }, { units = 1 }]\ninputs = 1\n'
    file.write_text(text + "[variants]\nkink_distance = 31\n")
    result = invoke(str(file), "-n", "1")
    assert result.exit_code == 1
    assert '"distance from kinks"' in result.output and result.output.count("\n") == 1


def test_a_bad_number_exits_with_2() -> None:
    assert invoke("day12", "-n", "0").exit_code == 2


def test_plots_without_matplotlib_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = invoke("day12", "-n", "1", "--plots", "-o", str(tmp_path))
    assert result.exit_code == 2
    assert 'pip install "symprop[plots]"' in result.output and not list(tmp_path.iterdir())


def test_plots_are_a_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = invoke("day12", "-n", "2", "--plots", "-o", str(tmp_path / "new"))
    assert result.exit_code == 0
    assert (tmp_path / "new" / "day12-stress.png").read_bytes().startswith(b"\x89PNG")
