"""symprop.check: verdicts, errors carried forward, misconceptions, points; the report in words and the command."""

import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import symprop
from symprop.api import Checker
from symprop.checking.report import Report
from symprop.cli import app
from symprop.errors import ExerciseError
from symprop.wording.reports import as_csv, chart, gradescope, terminal


@cache
def checker(name: str) -> Checker:
    return Checker(name)


def check(answers: dict[str, Any], name: str = "day12") -> Report:
    return checker(name).check(answers)


def verdicts(report: Report) -> dict[str, str]:
    return {step.id: str(step.verdict) for step in report.answered}


# day12: x = y = 1, w11 = 1, w12 = 2, w21 = w22 = 1; z = (1, 2), yhat = 3, E = 2, dE/dyhat = 2, dE/dW2 = (2, 4), dE/dW1 = (2, 2)
ONE: list[tuple[str, Any, str]] = [
    ("dE/dW1[1,1]", 2, "right"),
    ("dE/dW1[1,1]", "2.0", "right"),
    ("dE/dW1[1,1]", "3", "wrong"),
    ("dE/dW1[1,1]", r"(\hat y - y) w_{21} x = 2", "right"),
    ("dE/dW1[1,1]", "(yhat - y) w21 relu'(z1) x", "right"),
    ("dE/dW1[1,1]", "(yhat - y) x", "wrong"),
    ("dE/dz1[1]", "dE/dh1 * relu'(z1)", "right"),
    ("dE/dz1[1]", "(3 - 1) w21 * 1", "right"),
    ("dE/dW1[1,1]", "2 +", "unreadable"),
    ("dE/dW1[1,1]", "(yhat - y) w33", "unreadable"),
    ("dE/dw_{22}", "4", "right"),
    ("E", "(yhat - y)^2 / 2 = 2^2 / 2 = 2", "right"),
    ("E", "(yhat - y)^2 / 2 = 2 / 2 = 2", "wrong"),
    ("dE/dW2", "[2 4]", "right"),
    ("dE/dW2", "[[2.], [4.]]", "right"),
    ("dE/dW2", [[2], [4]], "right"),
    ("dE/dW2", "np.array([2., 4.])", "right"),
]


@pytest.mark.parametrize(("of", "given", "verdict"), ONE, ids=[f"{of} = {given}" for of, given, _ in ONE])
def test_one_answer_gets_its_verdict(of: str, given: Any, verdict: str) -> None:
    assert set(verdicts(check({of: given})).values()) == {verdict}


def test_an_answer_that_uses_the_region_says_so() -> None:
    assert check({"dE/dz1[1]": "(yhat - y) w21"})["dE/dz1[1]"].note == "uses z1 > 0"


def test_an_answer_equal_at_these_numbers_only_says_so_and_where_not() -> None:
    step = check({"dE/dz1[2]": "yhat - y"})["dE/dz1[2]"]
    assert step.verdict == "wrong" and step.note.startswith("right number here")
    assert step.witness and "drop_outer_weight" in step.consistent_with


def test_a_wrong_step_is_first_and_what_rests_on_it_is_right_given_it() -> None:
    report = check({"dE/dz2[1]": "y - yhat = -2", "dE/dW2": "[-2 -4]", "dE/dW1": "[-2 -2]", "a1": [1, 2]})
    assert report.first_wrong == "dE/dz2[1]"
    assert set(verdicts(report).values()) == {"right", "wrong", "right_given_earlier"}
    assert verdicts(report)["dE/dW1[1,2]"] == "right_given_earlier"
    assert "reverse_difference" in report["dE/dz2[1]"].consistent_with


def test_the_better_of_with_and_without_the_own_value_counts() -> None:
    report = check({"dE/dz2[1]": "-2", "dE/dW2[1,1]": "2"})
    assert verdicts(report) == {"dE/dz2[1]": "wrong", "dE/dW2[1,1]": "right"}


def test_a_formula_that_rests_on_an_own_wrong_formula_follows() -> None:
    report = check({"dE/dz2[1]": "2 (yhat - y)", "dE/dW2[2,1]": "2 (yhat - y) h2"})
    assert verdicts(report)["dE/dW2[2,1]"] == "right_given_earlier"


@pytest.mark.parametrize("own", ["0", "1"])
def test_an_own_value_that_leaves_nothing_to_do_earns_no_points(own: str) -> None:
    follows = "0" if own == "0" else "2"
    report = check({"dE/dz2[1]": own, "dE/dW2[2,1]": follows})
    step = report["dE/dW2[2,1]"]
    assert step.verdict == "right_given_earlier" and step.points == 0 < step.max_points


def test_what_follows_from_another_own_value_earns_its_points() -> None:
    step = check({"dE/dz2[1]": "3", "dE/dW2[2,1]": "6"})["dE/dW2[2,1]"]
    assert step.points == step.max_points == 1


def test_points_are_those_of_the_questions() -> None:
    report = check({"dE/dW2": "[2 4]", "dE/dz1[1]": "2"})
    assert (report.score, report.max_score) == (Fraction(4), Fraction(16))  # 1 + 1 + 2 for a hidden delta


def test_missing_answers_cost_points_but_are_no_fault() -> None:
    report = check({"E": "2"})
    assert report.ok and report["a1[1]"].verdict == "missing"


# a sigmoid net: a1[1] = 0.593269992107187, dE/dz1[1] = 0.008771354689486937 (tests/published/mazur.toml)
ROUNDED: list[tuple[str, str, str]] = [
    ("a1[1]", "0.593", "right"),
    ("a1[1]", "0.59327", "right"),
    ("a1[1]", "0.594", "rounded"),
    ("a1[1]", "0.6", "right"),
    ("a1[1]", "0.65", "wrong"),
    ("dE/dz1[1]", "0.00877", "right"),
    ("dE/dz1[1]", "0", "wrong"),
    ("dE/dz1[1]", "0.01", "wrong"),
    ("dE/dz1[1]", "8.77e-3", "right"),
    ("dE/dz1[1]", r"8.77 \cdot 10^{-3}", "right"),
]


@pytest.mark.parametrize(("of", "given", "verdict"), ROUNDED, ids=[f"{of} = {given}" for of, given, _ in ROUNDED])
def test_a_number_is_right_to_the_digits_written(of: str, given: str, verdict: str) -> None:
    assert verdicts(check({of: given}, "mazur"))[of] == verdict


def test_a_number_from_own_rounded_values_is_rounded() -> None:
    net = symprop.MLP([(1, "identity"), (1, "identity")], x=[["0.333"]], y=[[0]], W=[[["0.777"]], [["8.88"]]])
    # 0.333 · 0.777 = 0.258741; 0.26 · 8.88 = 2.3088, exactly 2.29762008
    report = Checker(net).check({"z1[1]": "0.26", "a1[1]": "0.26", "z2[1]": "2.3088"})
    assert verdicts(report) == {"z1[1]": "right", "a1[1]": "right", "z2[1]": "rounded"}


def test_fewer_decimals_than_asked_are_not_enough() -> None:
    net = symprop.MLP(
        [(1, "logistic")], x=[[1]], y=[[0]], W=[[["0.3"]]], rounding={"policy": "end", "decimals": 4}
    )  # 0.574442516811659
    assert verdicts(Checker(net).check({"a1[1]": "0.57"})) == {"a1[1]": "wrong"}
    assert verdicts(Checker(net).check({"a1[1]": "0.5744"})) == {"a1[1]": "right"}


def kinked() -> Checker:
    net = symprop.MLP([(1, "relu"), (1, "identity")], x=[[0]], y=[[1]], W=[[[1]], [[2]]], b=[[0], [0]])
    return Checker(net)  # z1 = 0, yhat = 0, dE/dyhat = -1, dE/dh = -2


def test_the_other_convention_at_a_kink_is_no_error() -> None:
    report = kinked().check({"dE/dz1[1]": "-2", "dE/db1[1]": "-2"})
    assert set(verdicts(report).values()) == {"except_at_kink"} and report.ok


def test_a_symbolic_exercise_is_checked_by_its_formulas() -> None:
    report = check({"dE/dW2[1,1]": "dE/dz2[1] a1[1]", "dE/dW2[2,1]": "dE/dz2[1] a1[1]"}, "google-demo")
    assert verdicts(report) == {"dE/dW2[1,1]": "right", "dE/dW2[2,1]": "wrong"}


def test_a_derivation_in_latex_is_checked_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "ada.tex"
    file.write_text(
        "\\begin{align*}\n\\delta_{out} &= \\hat y - y = 2 \\\\\n"
        "\\frac{\\partial E}{\\partial w_{22}} &= \\delta_{out} h_1 = 2 \\\\\nq_7 &= 3\n\\end{align*}\n"
    )
    report = symprop.check("day12", file)
    step = report["dE/dW2[2,1]"]
    assert step.verdict == "wrong" and step.where is not None and step.where.line == 3
    assert "swap_hidden_outputs" in step.consistent_with
    (stray,) = (s for s in report.steps if s.verdict == "unreadable")
    assert stray.where is not None and stray.where.line == 4 and "unknown name" in stray.note


# ---------------------------------------------------------------------- bad files
BAD: list[tuple[str, str, str]] = [
    ("a.toml", "[answers", "not valid TOML"),
    ("a.toml", "symprop = 2\n[answers]\nE = 2", "symprop"),
    ("a.toml", '[answers]\n"dE/dW9[1,1]" = 2', "W9"),
    ("a.toml", "[answers]\nE = true", 'answers."E"'),
    ("a.toml", "[answers]\nE = [[1, 2], [3]]", "differ in length"),
    ("a.toml", "[answer]\nE = 2", 'did you mean "answers"?'),
    ("a.toml", "[answers]", "no answer"),
    ("a.toml", 'exercise = "mazur"\n[answers]\nE = 2', "mazur"),
    ("a.toml", '[answers]\nE = 2\n[expect]\nE = "rihgt"', 'did you mean "right"?'),
    ("a.json", '{"answers": {"E": NaN}}', "NaN"),
    ("a.json", '{"answers": {"E": 1, "E": 2}}', "twice"),
    ("a.json", "[" * 100_000, "nested"),
    ("a.tex", "no formula", "no answer"),
    ("a.pdf", "x", "ending"),
]


@pytest.mark.parametrize(("name", "text", "told"), BAD, ids=[t[:40] for _, t, _ in BAD])
def test_a_bad_file_is_one_message_with_its_place(name: str, text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text)
    done = CliRunner().invoke(app, ["check", "day12", str(file)])
    assert done.exit_code == 2 and name in done.stderr and told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_key_that_names_nothing_raises_in_python() -> None:
    with pytest.raises(ExerciseError, match="q7"):
        check({"q7": 1})


# ---------------------------------------------------------------------- the report
WRONG = {"dE/dz2[1]": "y - yhat = -2", "dE/dW2": "[-2 -4]", "E": "2 + q"}


def test_expected_values_are_hidden_unless_revealed() -> None:
    net = symprop.MLP([(1, "identity")], x=[[7]], y=[[1]], W=[[[13]]])  # 91 - 1 = 90
    report = Checker(net).check({"dE/dz1[1]": "-90"})
    assert "expected" not in terminal(report)
    assert "expected   90   (your value: -90)" in terminal(report, reveal=True)


def test_the_report_fits_its_width() -> None:
    assert all(len(line) <= 80 for line in terminal(check(WRONG)).splitlines())
    assert all(len(line) <= 60 for line in terminal(check(WRONG), width=60).splitlines())


def test_the_report_says_what_is_wrong_what_follows_and_what_cannot_be_read() -> None:
    lines = terminal(check(WRONG)).splitlines()
    assert lines[0].startswith("hand derivation differs at 1 of 4 steps (2 more follow from it)")
    assert any(line.startswith("  first wrong step  dE/dz2[1]") for line in lines)
    assert "  right given your dE/dz2[1]: dE/dW2[1,1], dE/dW2[2,1]" in lines
    assert '    line 1, column 5: unknown name "q"' in lines


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(app, ["check", "day12", *map(str, arguments)])


@pytest.fixture
def answers(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "answers.toml"
        file.write_text(text)
        return file

    return write


def test_exit_codes_say_right_and_wrong(answers: Callable[[str], Path]) -> None:
    assert run(answers("[answers]\nE = 2")).exit_code == 0
    assert run(answers("[answers]\nE = 3")).exit_code == 1


def test_the_json_is_the_contract(answers: Callable[[str], Path]) -> None:
    file = answers('[answers]\n"dE/dz1[2]" = "(yhat - y)"')
    document = json.loads(run(file, "--json").stdout)
    assert {"symprop", "exercise", "ok", "first_wrong", "score", "max_score", "steps"} <= document.keys()
    (step,) = (s for s in document["steps"] if s["verdict"] == "wrong")
    assert step["id"] == document["first_wrong"] == "dE/dz1[2]" and step["points"] == 0
    assert step["where"] == {"key": "dE/dz1[2]", "offset": 0} and "expected" not in step
    revealed = json.loads(run(file, "--json", "--reveal").stdout)
    assert [s["expected"] for s in revealed["steps"] if s["verdict"] == "wrong"] == ["2"]


def test_gradescope_gets_a_test_a_question_and_no_expected_value(
    answers: Callable[[str], Path], tmp_path: Path
) -> None:
    run(answers('[answers]\n"dE/dW2" = "[2 5]"'), "--gradescope", tmp_path / "results.json")
    document = json.loads((tmp_path / "results.json").read_text())
    assert sum(t["max_score"] for t in document["tests"]) == 16 and document["score"] == 1
    assert all({"name", "score", "max_score", "status", "output", "visibility"} <= t.keys() for t in document["tests"])
    assert "expected" not in json.dumps(document)


CLASS = """[students.ada.answers]
"dE/dz2[1]" = "2"
[students.ben.answers]
"dE/dz2[1]" = "-2"
[students."=cmd()".answers]
"dE/dz2[1]" = "-2"
"""


def test_several_students_are_a_table_a_csv_and_bars(answers: Callable[[str], Path], tmp_path: Path) -> None:
    done = run(answers(CLASS), "--csv", tmp_path / "class.csv")
    assert done.exit_code == 1 and "ben" in done.stdout and "reverse difference" in done.stdout
    lines = (tmp_path / "class.csv").read_text().splitlines()
    assert len(lines) == 4 and lines[3].startswith("'=cmd()")


def test_a_folder_holds_a_student_a_file(tmp_path: Path) -> None:
    for name, value in (("ada", "2"), ("ben", "3")):
        (tmp_path / f"{name}.toml").write_text(f"[answers]\nE = {value}")
    document = json.loads(run(tmp_path, "--json").stdout)
    assert [(d["student"], d["ok"]) for d in document] == [("ada", True), ("ben", False)]


def test_bars_count_students() -> None:
    wrong = check({"dE/dz2[1]": "-2"})
    assert any(line.endswith("██ 2") for line in chart([wrong, wrong]).splitlines())
    assert chart([check({"E": 2})]) == "" and as_csv([wrong]).count("\n") == 2 and gradescope(wrong)
