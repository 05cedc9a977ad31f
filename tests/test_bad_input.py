"""A bad exercise gives one message: file, key, what was found, what would do. Nothing else, however bad the file."""

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symprop.errors import ExerciseError, SympropError, UsageError, did_you_mean, printable, quoted
from symprop.exercise import Exercise, library, load, parse
from symprop.solution import solve

FILE = """symprop = 1
{top}
[network]
layers = [{hidden}, {last}]
{network}
[data]
x = {x}
y = {y}
[parameters]
W1 = {W1}
b1 = {b1}
W2 = {W2}
b2 = {b2}
{tail}
"""
GOOD = {
    "top": "",
    "hidden": '{ units = 2, activation = "relu" }',
    "last": "{ units = 1 }",
    "network": "",
    "x": "[[1.0]]",
    "y": "[[1.0]]",
    "W1": "[[1.0, 2.0]]",
    "b1": "[0.0, 0.0]",
    "W2": "[[1.0], [1.0]]",
    "b2": "[0.0]",
    "tail": "",
}
THREE = {"last": '{ units = 3, activation = "softmax" }', "W2": "[[1, 2, 3], [1, 2, 3]]", "b2": "[0, 0, 0]"}
CLASSES = THREE | {"network": 'loss = "cross_entropy"'}
NUMBER = 'wanted a number such as 0.5, "1/3" or "ln 3"'


def written(**changes: str) -> str:
    return FILE.format(**(GOOD | changes))


def message(text: str) -> str:
    with pytest.raises(ExerciseError) as caught:
        parse(text, where="day.toml")
    assert caught.value.exit_code == 2
    return str(caught.value)


def formula(text: str) -> dict[str, str]:
    return {"hidden": f'{{ units = 2, activation = {{ name = "f", formula = "{text}" }} }}'}


def one(value: str) -> dict[str, str]:
    return {"x": f"[[{value}]]"}


def asking(id: str) -> dict[str, str]:
    return {"tail": f'[[questions]]\nask = ["{id}"]'}


#: What is changed in a good file, and the whole message after "day.toml: ".
MESSAGES: list[tuple[dict[str, str], str]] = [
    # shapes
    (
        {"x": "[[1, 2, 3]]", "W1": "[[1, 2], [3, 4]]"},
        "parameters.W1: W1 has 2 rows, but the data have 3 inputs",
    ),
    ({"x": "[[1, 2], [3]]"}, "data.x[1]: 1 number, but the first row has 2"),
    ({"x": "[]"}, "data.x: no samples; wanted at least one row"),
    ({"x": "[[]]"}, "data.x: rows are empty; wanted at least one input"),
    ({"x": "1"}, "data.x: found a single value; wanted one row a sample, such as [[1, 2]]"),
    (
        {"x": "[1.0]"},
        "data.x: found a plain list; wanted one row a sample, such as [[1, 2]] for one sample of two inputs",
    ),
    ({"x": "[[[1]]]"}, f"data.x[0][0]: found a list; {NUMBER}"),
    ({"y": "[]"}, "data.y: no samples; wanted at least one row"),
    ({"y": "[[1, 2]]"}, "data.y[0]: 2 numbers, but the network has 1 output"),
    ({"y": "[1, 2]"}, "data.y: 2 rows, but x has 1 sample"),
    ({"W1": "1"}, "parameters.W1: wanted a matrix of 1 row and 2 columns, such as [[1, 2]]"),
    ({"W1": "[[1, 2, 3]]"}, "parameters.W1[0]: W1 has 3 columns, but layer 1 has 2 units"),
    ({"W2": "[[1, 1]]"}, "parameters.W2: W2 has 1 row, but layer 1 has 2 units"),
    ({"b1": "[0]"}, "parameters.b1: b1 has 1 number, but layer 1 has 2 units"),
    (
        {"b1": "0"},
        'parameters.b1: found a single value; wanted a list of 2 numbers, or network.biases = "shared"',
    ),
    (
        {"network": 'biases = "shared"'},
        'parameters.b1: found a list; with biases = "shared" wanted a single number',
    ),
    ({"network": "biases = false"}, "parameters.b1: the network has no biases (network.biases = false)"),
    ({"network": "inputs = 2"}, "network.inputs: found 2, but the data have 1 input"),
    # keys
    ({"top": 'titel = "x"'}, 'unknown key "titel"; did you mean "title"?'),
    ({"network": "layer = 1"}, 'network: unknown key "layer"; did you mean "layers"?'),
    (
        {"hidden": '{ units = 2, activaton = "relu" }'},
        'network.layers[0]: unknown key "activaton"; did you mean "activation"?',
    ),
    (
        {"hidden": '{ units = 2, activation = { name = "elu", alpah = 1 } }'},
        'network.layers[0].activation: unknown key "alpah"; did you mean "alpha"?',
    ),
    ({"network": "penalty = { l2 = 1, scal = 1 }"}, 'network.penalty: unknown key "scal"; did you mean "scale"?'),
    ({"tail": "w1 = [[1, 2]]"}, 'parameters: unknown key "w1"; did you mean "W1"?'),
    ({"tail": "weights = 1"}, 'parameters: unknown key "weights"; known: W1, W2, b1, b2'),
    ({"tail": "[rounding]\ndecimal = 1"}, 'rounding: unknown key "decimal"; did you mean "decimals"?'),
    ({"tail": "[update]\nstep = 1"}, 'update: unknown key "step"; did you mean "steps"?'),
    ({"tail": '[notation]\nlos = "E"'}, 'notation: unknown key "los"; did you mean "loss"?'),
    (
        {"tail": '[[questions]]\nask = ["E"]\npoint = 1'},
        'questions[0]: unknown key "point"; did you mean "points"?',
    ),
    # words
    (
        {"hidden": '{ units = 2, activation = "rellu" }'},
        'network.layers[0].activation: found "rellu"; did you mean "relu"?',
    ),
    (
        {"hidden": "{ units = 2, activation = 3 }"},
        'network.layers[0].activation: found 3; wanted a name such as "relu", or a table',
    ),
    (
        {"hidden": '{ units = 2, activation = { name = "relu", slope = 1 } }'},
        'network.layers[0].activation: "relu" takes no slope',
    ),
    (
        {"network": 'loss = "half_square_error"'},
        'network.loss: found "half_square_error"; did you mean "half_squared_error"?',
    ),
    ({"network": 'batch = "men"'}, 'network.batch: found "men"; wanted "mean" or "sum"'),
    ({"network": 'biases = "share"'}, 'network.biases: found "share"; wanted true, false or "shared"'),
    (
        {"tail": '[update]\nrule = "sdg"'},
        'update.rule: found "sdg"; wanted "sgd", "momentum", "nesterov" or "adam"',
    ),
    (
        {"tail": '[notation]\nprofile = "nosuch"'},
        'notation.profile: found "nosuch"; known: cs135, google, ng, nielsen, sklearn, lecture, bar',
    ),
    ({"tail": "[notation]\nprofile = [1]"}, "notation.profile: found a list; wanted text in quotes"),
    (
        {"tail": '[notation]\nloss = "EE"'},
        'notation.loss: found "EE"; wanted one letter, a Greek letter by name such as "eta", or a word such as "net"',
    ),
    # ranges
    ({"hidden": "{ units = 0 }"}, "network.layers[0].units: found 0; wanted at least 1"),
    ({"hidden": "{ units = 1_000_000_000 }"}, "network.layers[0].units: found 1000000000; wanted at most 4096"),
    ({"hidden": '{ units = "2" }'}, 'network.layers[0].units: found "2"; wanted a whole number'),
    ({"hidden": "{ units = 2.0 }"}, "network.layers[0].units: found 2.0; wanted a whole number"),
    ({"hidden": "{ units = true }"}, "network.layers[0].units: found true; wanted a whole number"),
    ({"network": "relu_at_zero = 2"}, 'network.relu_at_zero: found 2; wanted a number from 0 to 1, or "reject"'),
    ({"network": "penalty = { l2 = -1 }"}, "network.penalty.l2: found -1; wanted a number of at least 0"),
    ({"tail": "[update]\nsteps = 0"}, "update.steps: found 0; wanted at least 1"),
    ({"tail": "[update]\nbiases = 1"}, "update.biases: found 1; wanted true or false"),
    ({"tail": "[update]\nlearning_rate = -1"}, "update.learning_rate: found -1; wanted a number of at least 0"),
    ({"tail": '[update]\nrule = "adam"\nbeta1 = 1'}, "update.beta1: found 1; wanted at least 0 and less than 1"),
    ({"tail": "[rounding]\ndecimals = -1"}, "rounding.decimals: found -1; wanted at least 0"),
    ({"tail": "[rounding]\ndecimals = 1000"}, "rounding.decimals: found 1000; wanted at most 30"),
    # targets
    (
        {"network": 'loss = "log_loss"', "y": "[[2]]"},
        "data.y[0][0]: found 2; wanted a probability from 0 to 1",
    ),
    (
        CLASSES | {"y": "[[1, 1, 0]]"},
        "data.y[0]: found [1, 1, 0]; wanted a one-hot row (a single 1, the rest 0) or a class number from 0",
    ),
    (
        CLASSES | {"y": "[3]"},
        "data.y[0]: found 3; wanted a class number from 0 to 2, or a one-hot row of 3 numbers",
    ),
    ({"network": 'loss = "poisson"', "y": "[[-1]]"}, "data.y[0][0]: found -1; wanted a number of at least 0"),
    # numbers
    (one("nan"), "data.x[0][0]: found nan; wanted a finite number"),
    (one("-inf"), "data.x[0][0]: found -inf; wanted a finite number"),
    (one("true"), f"data.x[0][0]: found true; {NUMBER}"),
    (one("2020-01-01"), f"data.x[0][0]: found a date; {NUMBER}"),
    (one("1e999999999"), f"data.x[0][0]: found 1e999999999: a scientific exponent beyond 400; {NUMBER}"),
    (one("1e-999999999"), f"data.x[0][0]: found 1e-999999999: a scientific exponent beyond 400; {NUMBER}"),
    (one("9" * 1001), "data.x[0][0]: found a number of more than 1000 digits"),
    (one("9" * 5000), "a number of more than 1000 digits (at line 7)"),
    (one('"1/0"'), f'data.x[0][0]: found "1/0": a division by zero; {NUMBER}'),
    (one('"ln 0"'), f'data.x[0][0]: found "ln 0": the value is not a finite real number; {NUMBER}'),
    (one('"ln(-1)"'), f'data.x[0][0]: found "ln(-1)": the value is not a finite real number; {NUMBER}'),
    (one('"9**9**9**9"'), f'data.x[0][0]: found "9**9**9**9": an exponent beyond 64; {NUMBER}'),
    (one('""'), f'data.x[0][0]: found "": nothing to read; {NUMBER}'),
    (
        one('"\\u202E1"'),
        f'data.x[0][0]: found "\\u202e1": unexpected character U+202E (RIGHT-TO-LEFT OVERRIDE); {NUMBER}',
    ),
    # formulas
    (formula("z*foo(z)"), 'network.layers[0].activation: found "z*foo(z)", column 3: unknown name "foo"'),
    (formula("9^9^9^9"), 'network.layers[0].activation: found "9^9^9^9", column 4: an exponent beyond 64'),
    (formula(""), 'network.layers[0].activation: found "", column 1: nothing to read'),
    ({"network": 'loss = "yhat - t"'}, 'network.loss: found "yhat - t", column 8: unknown name "t"'),
    # questions
    (asking("z3[1]"), 'questions[0].ask[0]: "z3[1]": the network has 2 layers'),
    (asking("W1[1,9]"), 'questions[0].ask[0]: "W1[1,9]": the largest index there is 2'),
    ({"tail": "[[questions]]\nask = []"}, "questions[0].ask: found an empty list; wanted at least one entry"),
    ({"tail": '[[questions]]\nask = "E"'}, 'questions[0].ask: found "E"; wanted a list'),
    (asking("R"), 'questions[0].ask[0]: "R": the exercise has no network.penalty'),
    (asking("beta1"), 'questions[0].ask[0]: "beta1": the exercise has no [update]'),
    (asking("new E"), 'questions[0].ask[0]: "new E": the exercise has no [update]'),
    (asking("dE/dE"), 'questions[0].ask[0]: "dE/dE": E does not read E directly'),
    (asking("dz1[1]/dz2[1]"), 'questions[0].ask[0]: "dz1[1]/dz2[1]": z1[1] does not read z2[1] directly'),
    (asking("dW1[1,1]/dE"), 'questions[0].ask[0]: "dW1[1,1]/dE": W1[1,1] does not read E directly'),
    (asking("da1/dz1"), 'questions[0].ask[0]: "da1/dz1" is a whole vector or matrix; ask for one entry'),
    # texts
    ({"top": f'title = "{"x" * 10000}"'}, "title: 10000 characters; wanted at most 500"),
    ({"top": 'title = "a\\u0000b"'}, "title: found the control character U+0000; wanted plain text"),
    ({"top": 'title = "\\u001b[2J"'}, "title: found the control character U+001B; wanted plain text"),
    ({"top": "title = 3.5"}, "title: found 3.5; wanted text in quotes"),
    # TOML
    ({"top": "symprop = 1"}, "not valid TOML: a key is given twice (at line 2, column 12)"),
    ({"tail": "[network]"}, "not valid TOML: the table [network] is given twice (at line 14, column 9)"),
    ({"top": "title ="}, "not valid TOML: Invalid value (at line 2, column 8)"),
]


@pytest.mark.parametrize(("changes", "wanted"), MESSAGES)
def test_a_bad_file_gives_this_message(changes: dict[str, str], wanted: str) -> None:
    assert message(written(**changes)) == f"day.toml: {wanted}"


WHOLE: list[tuple[str, str]] = [
    ("", "symprop: missing; an exercise file starts with symprop = 1"),
    ("symprop = 2", "symprop: found 2; this symprop reads version 1"),
    ("symprop = true", "symprop: found true; this symprop reads version 1"),
    ('symprop = "1"', 'symprop: found "1"; this symprop reads version 1'),
    ("symprop = 1", "network: missing"),
    ("symprop = 1\nnetwork = 1", "network: found 1; wanted a table"),
    ("symprop = 1\n[network]\nlayers = []", "network.layers: found an empty list; wanted at least one entry"),
    (
        "symprop = 1\n[network]\nlayers = [{ units = 1 }]",
        "network.inputs: missing; without data say how many inputs there are",
    ),
    (
        'symprop = 1\n[network]\nlayers = [{ units = 1 }]\nloss = "output"\n[parameters]\nW1 = [[1], [2]]\nb1 = [0]',
        "network.inputs: missing; without data say inputs = 2",
    ),
    (
        "symprop = 1\n[network]\nlayers = [{ units = 1 }]\n[data]\nx = [[1]]\ny = [[1]]\n[parameters]\nW1 = [[1]]",
        "parameters.b1: missing (leave out the whole table for a symbolic exercise; network.biases = false for none)",
    ),
    (
        "symprop = 1\n[network]\nlayers = [{ units = 1 }]\n[data]\nx = [[1]]",
        "data.y: missing; the loss compares the output with a target",
    ),
    (
        "symprop = 1\n[network]\nlayers = [{ units = 4000 }, { units = 4000 }]\ninputs = 1",
        "network: 16,004,000 weights by 1 sample; wanted a product of at most 1,000,000",
    ),
    ("symprop = 1\nx = " + "[" * 5000, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "wanted"), WHOLE)
def test_a_file_that_is_no_exercise_gives_this_message(text: str, wanted: str) -> None:
    assert message(text) == f"day.toml: {wanted}"


# ---------------------------------------------------------------------- values that are fine
@pytest.mark.parametrize(
    ("value", "exact"),
    [
        ("0.1", "1/10"),
        ("0xff", "255"),
        ("0b101", "5"),
        ("1_000.5", "2001/2"),
        ('"1/3"', "1/3"),
        ('"ln 3"', "log(3)"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("0." + "1" * 500, "1" * 500 + "/1" + "0" * 500),
    ],
)
def test_a_number_is_read_exactly(value: str, exact: str) -> None:
    exercise = parse(written(x=f"[[{value}]]"))
    assert exercise.data is not None
    assert str(exercise.data.x[0][0]) == exact


def test_equal_closed_forms_are_equal_at_a_bound() -> None:
    parse(written(network='loss = "log_loss"', y='[["ln 2 + ln 3 - ln 6"]]'))
    assert "wanted a probability" in message(written(network='loss = "log_loss"', y='[["ln 5 - ln 6"]]'))


@pytest.mark.parametrize(
    "id",
    ["x", "a1", "E", "dE/dW1", "dE/dx[1]", "da1[2]/dz1[2]", "dz2[1]/da1[2]", "dz1[1]/dx[1]", "dz2[1]/db2[1]", "E[1]@1"],
)
def test_a_question_may_ask_for_any_quantity(id: str) -> None:
    assert parse(written(**asking(id))).questions[0].ask == (id,)


# ---------------------------------------------------------------------- numbers outside a domain
@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"network": 'loss = "ln(yhat - 5)"'}, "a2[1] - 5 is not positive, and its logarithm is taken (a2[1] = 3)"),
        ({"network": 'loss = "log_loss"'}, "a2[1]"),
        (formula("1/(z - 1)"), "z1[1]: z1[1] - 1 is 0, and something is divided by it"),
        (formula("exp(exp(exp(exp(exp z))))"), "is beyond 1,000,000 in size, and its exponential is taken"),
    ],
)
def test_numbers_outside_a_domain_name_the_quantity(changes: dict[str, str], fragment: str) -> None:
    with pytest.raises(SympropError) as caught:
        solve(parse(written(**changes)))
    assert fragment in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_long_loss_is_not_repeated_in_full() -> None:
    with pytest.raises(SympropError) as caught:
        solve(parse(written(network=f'loss = "ln(yhat - 9){" + yhat*y" * 80}"')))
    assert len(str(caught.value)) < 400


# ---------------------------------------------------------------------- files
def bad_files(folder: Path) -> list[tuple[Path, str]]:
    contents = {
        "utf16.toml": "symprop = 1\n".encode("utf-16"),
        "latin.toml": b'symprop = 1\ntitle = "\xe9"\n',
        "big.toml": b"#" * 10_000_000,
        "empty.toml": b"",
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    (folder / "folder.toml").mkdir()
    return [
        (folder / "utf16.toml", "is not UTF-8 text (byte 0xff at line 1)"),
        (folder / "latin.toml", "is not UTF-8 text (byte 0xe9 at line 2)"),
        (folder / "big.toml", "larger than 4 MB; this is no exercise file"),
        (folder / "empty.toml", "symprop: missing; an exercise file starts with symprop = 1"),
        (folder / "folder.toml", "is a folder; wanted an exercise file (TOML)"),
        (folder / "none.toml", "no such file"),
        (folder / "empty.toml" / "x", "no such file"),
        (Path("/dev/null"), "symprop: missing; an exercise file starts with symprop = 1"),
        (Path("/dev/zero"), "larger than 4 MB; this is no exercise file"),
    ]


def test_an_unusable_file_is_named(tmp_path: Path) -> None:
    for path, wanted in bad_files(tmp_path):
        with pytest.raises(ExerciseError) as caught:
            load(path)
        assert caught.value.problem == wanted.removeprefix("symprop: ")
        assert caught.value.where == str(path)


def test_a_name_close_to_a_built_in_is_suggested() -> None:
    with pytest.raises(ExerciseError, match=r'^Day13: no such file or built-in; did you mean "day12"\?$'):
        load("Day13")


@pytest.mark.parametrize("name", ["", " ", "a\0b", "\ud800", "x" * 5000])
def test_a_name_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(ExerciseError) as caught:
        load(name)
    assert printable(str(caught.value)) == str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf" + written().replace("\n", "\r\n").encode())
    assert load(path).name == "windows"


# ---------------------------------------------------------------------- messages
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\nb\tc\0", '"a\\nb\\tc\\x00"'),
        ("\x1b[31m", '"\\x1b[31m"'),
        ("\u202ea\ud800", '"\\u202ea\\ud800"'),
        ("x" * 61, '"' + "x" * 59 + '…"'),
        ("\0" * 30, '"' + ("\\x00" * 15)[:59] + '…"'),
    ],
)
def test_what_a_user_wrote_is_shown_short_and_on_one_line(text: str, wanted: str) -> None:
    assert quoted(text) == wanted


def test_no_error_carries_control_characters() -> None:
    assert str(UsageError("a\nb\u202e")) == "a\\nb\\u202e"
    assert str(ExerciseError("a", key="k\n", where="f\0")) == "f\\x00: k\\n: a"


def test_suggestions_ignore_case_and_long_lists_are_cut() -> None:
    assert did_you_mean("RELU", ["relu", "tanh"]) == 'did you mean "relu"?'
    listed = did_you_mean("?", [f"W{i}" for i in range(1, 201)])
    assert listed.startswith("known: W1, W2,")
    assert listed.endswith(", …")
    assert len(listed) < 240


# ---------------------------------------------------------------------- any text at all
VALUES = st.one_of(
    st.integers(-3, 10**30).map(str),
    st.sampled_from(
        ["true", "nan", "1e400", '"ln 3"', '"1/0"', "[]", "{}", "[[]]", '""', "2020-01-01", '"relu"', "9" * 60]
    ),
    st.text(string.printable + "\u202e\0é", max_size=80).map(
        lambda t: '"' + "".join(f"\\u{ord(c):04X}" for c in t) + '"'
    ),
)
WORDS = [
    "symprop",
    "title",
    "network",
    "layers",
    "inputs",
    "units",
    "loss",
    "biases",
    "penalty",
    "data",
    "x",
    "y",
    "W1",
]
WORDS += ["parameters", "b1", "l2", "update", "rule", "steps", "rounding", "decimals", "notation", "profile"]
WORDS += ["questions", "ask", "points", "variants", "zz", '"a b"', '"\\u202e"']


def is_told_well(text: str) -> None:
    """It parses, or raises one short line that starts with the file's name."""
    try:
        assert isinstance(parse(text, where="f.toml"), Exercise)
    except ExerciseError as problem:
        assert str(problem).startswith("f.toml: ")
        assert str(problem).isprintable()
        assert len(str(problem)) <= 400


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["", *(f"[{w}]" for w in WORDS), "[[questions]]"]), st.sampled_from(WORDS), VALUES),
        max_size=8,
    )
)
def test_a_random_document_never_raises_anything_else(lines: list[tuple[str, str, str]]) -> None:
    is_told_well("symprop = 1\n" + "\n".join(f"{table}\n{key} = {value}" for table, key, value in lines))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(GOOD)), VALUES)
def test_a_replaced_value_never_raises_anything_else(place: str, value: str) -> None:
    is_told_well(written(**{place: value}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(library())), st.data())
def test_a_damaged_built_in_never_raises_anything_else(name: str, data: st.DataObject) -> None:
    text = library()[name].read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(st.text(max_size=3) | st.just(text[at : at + length] * 2)) + text[at + length :]
    is_told_well(text)
