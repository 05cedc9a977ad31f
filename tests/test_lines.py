"""symprop.checking.lines: which lines a derivation has, what they say, and where it cannot be read."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_exercises import built
from sympy import Expr, ImmutableMatrix, Matrix

import symprop
from symprop.checking.lines import Line, read_lines
from symprop.checking.spellings import Spellings, spellings
from symprop.errors import UsageError
from symprop.exercise import Exercise
from symprop.notation import PROFILES, Notation
from symprop.quantity import Quantity
from symprop.reading import Unreadable
from symprop.solution import Solution, solve


@cache
def day12() -> tuple[Spellings, Exercise]:
    exercise = symprop.load("day12")
    return spellings(exercise), exercise


def tex(text: str) -> tuple[Line, ...]:
    return read_lines(text, *day12())


def markdown(text: str) -> tuple[Line, ...]:
    return read_lines(text, *day12(), markdown=True)


def said(lines: tuple[Line, ...]) -> list[tuple[str, list[str]]]:
    return [(str(line.id), [str(side.value) for side in line.sides]) for line in lines]


TEX: list[tuple[str, list[tuple[str, list[str]]]]] = [
    (r"\[ z_1 = 1 \]", [("z1[1]", ["1"])]),
    (r"$$z_1 = 1$$", [("z1[1]", ["1"])]),
    (r"so $z_1 = 1$ and \(h_1 = 1\).", [("z1[1]", ["1"]), ("a1[1]", ["1"])]),
    (r"\begin{align*} z_1 &= 1 \\ z_2 &= 2 \end{align*}", [("z1[1]", ["1"]), ("z1[2]", ["2"])]),
    (r"\begin{gather} z_1 = 1 \\[4pt] z_2 = 2 \end{gather}", [("z1[1]", ["1"]), ("z1[2]", ["2"])]),
    (r"\begin{alignat}{2} z_1 &= 1 &&= 2/2 \end{alignat}", [("z1[1]", ["1", "1"])]),
    (
        r"\[\begin{aligned} z_1 &= w_{11} x \\ &= 1 \cdot 1 \\ &= 1\end{aligned}\]",
        [("z1[1]", ["W1[1,1]*x[1]", "1", "1"])],
    ),
    (r"\[ z_1 = w_{11} x \] \[ = 1 \]", [("z1[1]", ["W1[1,1]*x[1]", "1"])]),
    (r"\begin{align} z_1 &= x \\ &\quad + y \\ z_2 &= 2 \end{align}", [("z1[1]", ["x[1] + y[1]"]), ("z1[2]", ["2"])]),
    (r"\[ z_1 = 1, \quad z_2 = 2 \]", [("z1[1]", ["1"]), ("z1[2]", ["2"])]),
    (r"\[ z_1 = 1 \Rightarrow h_1 = 1 \]", [("z1[1]", ["1"]), ("a1[1]", ["1"])]),
    (r"\[ z_1 = \boxed{1} \]", [("z1[1]", ["1"])]),
    (r"\[ \boxed{z_1 = 1} \]", [("z1[1]", ["1"])]),
    (r"\[ z_1 \approx 1.0 \]", [("z1[1]", ["1"])]),
    (r"\[ W_1 = \begin{bmatrix} 1 & 2 \end{bmatrix} \]", [("W1", ["Matrix([[1, 2]])"])]),
    (r"\[ z_1 = \begin{bmatrix} 1 & 2 \end{bmatrix} \]", [("z1", ["Matrix([[1, 2]])"])]),
    ("% \\[ z_1 = 1 \\]\n\\[ z_2 = 2 \\] % $z_1 = 3$", [("z1[2]", ["2"])]),
    (r"\begin{verbatim} $z_1 = 1$ \end{verbatim}", []),
    (r"\begin{tikzpicture} \node {$w_{12} = 2$}; \end{tikzpicture}", []),
    ("$a = 3$ \\documentclass{x}\\begin{document}$z_1 = 1$\\end{document}", [("z1[1]", ["1"])]),
    (r"50\% of $5\$ \) z_1 = 2", []),
    (r"\newcommand{\ans}[1]{$z_1 = #1$}", []),
    (r"\[ \frac{\partial E}{\partial z_1} = \delta_{out} w_{21} \]", [("dE/dz1[1]", ["W2[1,1]*dE/dz2[1]"])]),
    (r"\[ \frac{dE}{dw_{11}} = 2 \]", [("dE/dW1[1,1]", ["2"])]),
    (r"\[ dE/dW1[1,1] = 2 \]", [("dE/dW1[1,1]", ["2"])]),
    (r"\[ \text{1. } x \]", []),
]


@pytest.mark.parametrize(("text", "expected"), TEX, ids=[t for t, _ in TEX])
def test_a_latex_derivation_has_these_lines(text: str, expected: list[tuple[str, list[str]]]) -> None:
    lines = tex(text)
    assert said(lines) == expected
    assert not any(line.unreadable for line in lines)


def test_code_in_markdown_is_passed_over() -> None:
    text = "```python\n$z_1 = 7$\n```\nand `$z_1 = 8$`, but\n\n$$\nz_1 = 1\n$$\n<!-- $z_2 = 9$ -->\n"
    assert said(markdown(text)) == [("z1[1]", ["1"])]


def test_a_percent_sign_starts_no_comment_in_markdown() -> None:
    assert said(markdown("5% of it: $z_1 = 1$")) == [("z1[1]", ["1"])]


def test_each_side_knows_its_line_and_column() -> None:
    (line,) = tex("One.\n\n\\[\n  z_1 = w_{11} x\n      = 1\n\\]")
    assert [(p.line, p.column) for p in (line.at, *(side.at for side in line.sides))] == [(4, 3), (4, 9), (5, 9)]


def test_an_unreadable_side_is_told_with_its_place_in_the_file() -> None:
    text = "\n\\[ z_1 = w_{33} x = 1 \\]"
    (line,) = tex(text)
    (problem,) = line.unreadable
    assert text[problem.offset :].startswith("w_{33}")
    assert problem.why.startswith('unknown name "w_{33}"')


def test_a_display_whose_left_side_is_unknown_is_told() -> None:
    (line,) = tex("\\[ q_7 = 1 \\]")
    assert line.id is None and line.unreadable[0].offset == 3


def test_an_inline_formula_about_nothing_known_is_prose() -> None:
    assert tex("where $n = 3$ samples") == ()


def test_a_left_side_with_two_meanings_is_refused_with_both() -> None:
    (line,) = tex(r"\[ \delta_2 = 2 \]")
    assert "dE/dz1[2]" in line.unreadable[0].why and "dE/dz2" in line.unreadable[0].why


def test_an_assignment_to_a_parameter_is_its_value_after_the_update() -> None:
    exercise = symprop.load("mazur")
    (line,) = read_lines(r"\[ W1[1,1] \leftarrow 0.1498 \]", spellings(exercise), exercise)
    assert str(line.id) == "new@1 W1[1,1]"


def test_a_text_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="longer"):
        tex("x" * 1_000_001)


# ---------------------------------------------------------------------- the key reads back
def number_of(solution: Solution, of: Quantity) -> Expr:
    update = solution.exercise.update
    constants = {"eta": "learning_rate", "mu": "momentum", "beta": "momentum"}
    if update is not None and of.name in (*constants, "beta1", "beta2", "epsilon"):
        return getattr(update, constants.get(of.name, of.name))
    return solution.value(of)


def numbers_of(solution: Solution, value: Expr | ImmutableMatrix) -> Matrix:
    found = {s: number_of(solution, Quantity.parse(s.name)) for s in value.free_symbols}
    filled = value.subs(found) if found else value
    return Matrix(filled if isinstance(filled, ImmutableMatrix) else [[filled]]).evalf(20)


def check_key(exercise: Exercise, known: Spellings, solution: Solution, text: str, is_markdown: bool) -> int:
    """Every side of every line of our own key has the value of the quantity to its left; how many were compared."""
    compared = 0
    for line in read_lines(text, known, exercise, markdown=is_markdown):
        assert not line.unreadable, (line.left, line.unreadable)
        assert line.id is not None
        due = number_of(solution, line.id)
        due = Matrix(due if hasattr(due, "shape") else [[due]]).evalf(20)
        due = due.T if exercise.notation.layout == "columns" else due
        for side in line.sides:
            got = numbers_of(solution, side.value)
            entries = zip(got, due, strict=True)
            scale = max([1, *(abs(v) for v in due)])
            assert got.shape == due.shape, (line.left, side.text)
            assert all(abs(a - b) <= 0.002 * scale for a, b in entries), (line.left, side.text, got, due)
            compared += 1
    return compared


LIGHT = [
    *(("day12", profile) for profile in PROFILES),
    ("softmax", "ng"),
    ("batch", "nielsen"),
    ("google-demo-numbers", "google"),
]
HEAVY = [
    (name, profile)
    for name in ("batch", "softmax", "google-demo-numbers", "mazur", "deep-tanh")
    for profile in PROFILES
]


@pytest.mark.parametrize(
    ("name", "profile"), [*LIGHT, *(pytest.param(*each, marks=pytest.mark.slow) for each in HEAVY if each not in LIGHT)]
)
def test_the_key_reads_back_to_its_own_values(name: str, profile: str) -> None:
    loaded = symprop.load(name)
    exercise = loaded.model_copy(update={"notation": Notation(profile=profile)})
    solution, known = solve(exercise), spellings(exercise)
    view = "layers" if PROFILES.index(profile) % 2 else "units"
    format_ = "markdown" if len(name) % 2 else "latex"
    text = symprop.render(solution, format_, view=view)
    assert check_key(exercise, known, solution, text, format_ == "markdown") > 10


#: Their keys print a closed form such as ln 2 - 7/30 as -7/30 - ln(2): the printer's minus stands before a sum without brackets.
MISPRINTED = (15, 65, 140)


@pytest.mark.parametrize(
    "seed",
    [
        45,
        60,
        *(pytest.param(n, marks=pytest.mark.slow) for n in range(0, 200, 5) if n not in (45, 60, *MISPRINTED)),
        *(pytest.param(n, marks=[pytest.mark.slow, pytest.mark.xfail(strict=True)]) for n in MISPRINTED),
    ],
)
def test_the_key_of_a_random_exercise_reads_back(seed: int) -> None:
    exercise = built(seed, update=None, notation={"profile": PROFILES[seed // 5 % 7]})
    solution, known = solve(exercise), spellings(exercise)
    view, format_ = ("units", "layers")[seed % 2], ("latex", "markdown")[seed // 10 % 2]
    assert check_key(exercise, known, solution, symprop.render(solution, format_, view=view), format_ == "markdown")


DERIVATION_PIECES = [
    *"$[](){}&=%`~ \nzxE_12^+-.,",
    "\\[",
    "\\]",
    "\\begin{align}",
    "\\end{align}",
    "\\\\",
    "\\frac",
    "```",
    "\\approx",
]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from(DERIVATION_PIECES), max_size=40).map("".join))
def test_no_text_is_more_than_lines_or_unreadable_places(text: str) -> None:
    for line in (*tex(text), *markdown(text)):
        for problem in line.unreadable:
            assert isinstance(problem, Unreadable) and 0 <= problem.offset <= len(text)
        assert all(isinstance(s.value, (Expr, ImmutableMatrix, Unreadable)) for s in line.sides)


def test_a_large_hostile_text_is_searched_once() -> None:
    for piece in ("$", "\\[", "\\begin{align}", "{", "\\boxed{", "```\n", "\\llap{"):
        tex(piece * 20_000)
        markdown(piece * 20_000)
