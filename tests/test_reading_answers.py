"""symprop.read_answer: every answer read right or refused; meanings are written by hand in plain SymPy."""

import csv
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Expr, ImmutableMatrix, Integer, Matrix, N, Rational, Symbol, exp, log, sqrt, symbols, sympify, tanh

from symprop import read_answer
from symprop.functions import absolute, logistic, relu, relu_prime, step
from symprop.reading import Table, Unreadable, pointed, read_chain

x, y, z, z1, h1, w11, w21, yhat, delta2, lambda_, g = symbols("x y z z1 h1 w11 w21 yhat delta2 lambda_ g", real=True)
NAMES: dict[str, Symbol] = {
    "x": x, "y": y, "z": z, "z1": z1, "h1": h1, "w11": w11, "W[1,1]": w11, "w^{(1)}_{11}": w11, "w21": w21, "yhat": yhat,
    "delta2": delta2, r"\delta^{(2)}": delta2, "lambda": lambda_, "dE/dyhat": g,
}  # fmt: skip
TABLE = Table(NAMES)
CASES = list(
    csv.reader(
        (Path(__file__).parent / "cases" / "student-answers.tsv").read_text(encoding="utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)[1:]
WORDS: dict[str, Any] = {
    "sg": lambda t: 1 / (1 + exp(-t)), "step": step, "max": lambda _, t: relu(t), "x": x, "y": y, "z": z, "z1": z1, "h1": h1,
    "w11": w11, "w21": w21, "yhat": yhat, "delta2": delta2, "lambda_": lambda_,
}  # fmt: skip


def same(got: Any, due: Any) -> bool:
    """Equal at points on both sides of every kink; a matrix entry by entry."""
    if isinstance(got, ImmutableMatrix) or isinstance(due, (list, Matrix)):
        left, right = Matrix(got), Matrix(due)
        return left.shape == right.shape and all(same(a, b) for a, b in zip(left, right, strict=True))
    names = sorted({*NAMES.values()} - {g}, key=str)
    for k in range(8):
        point = {s: Rational((7 * i + 5 * k) % 13 - 6, 3) + Rational(1, 7) for i, s in enumerate(names)}
        point[g] = point[yhat] - point[y]
        a, b = N(sympify(got).subs(point), 30), N(sympify(due).subs(point), 30)
        if abs(a - b) > 1e-14 * (1 + abs(b)):
            return False
    return True


@pytest.mark.parametrize(("kind", "text", "meaning"), CASES, ids=[c[1] for c in CASES])
def test_a_student_s_answer_is_read_right_or_refused(kind: str, text: str, meaning: str) -> None:
    got = read_answer(text, NAMES)
    if meaning == "ERR":
        assert isinstance(got, Unreadable)
    else:
        assert not isinstance(got, Unreadable), got
        assert same(got, eval(meaning, {"__builtins__": {}}, WORDS))


M = ImmutableMatrix
MEANINGS: list[tuple[str, Any]] = [
    ("x y", x * y), ("x*-2", -2 * x), (r"x\cdot-2", -2 * x), ("-x^2", -(x**2)), ("2^-1", Rational(1, 2)), ("--2", 2),
    ("x/y*z", x * z / y), ("x/(y z)", x / (y * z)), ("1/x/y", 1 / (x * y)), ("x²y", x**2 * y), ("x^2 y", x**2 * y),
    ("x^2*y", x**2 * y), ("x^{2}y", x**2 * y), (r"\hat y^2", yhat**2), ("z_1^2", z1**2), ("x^{-1}", 1 / x), ("x⁻¹", 1 / x),
    ("2e", 2 * exp(1)), ("e^{-2z}", exp(-2 * z)), ("e^{-z}x", exp(-z) * x), ("exp(-z)", exp(-z)), ("e^(-z)", exp(-z)),
    ("1E3", 1000), ("5·10⁻⁴", Rational(1, 2000)), (r"3{,}14", Rational(314, 100)), (r"0{,}125", Rational(1, 8)), (".5", Rational(1, 2)),
    (r"\frac12 x", x / 2), (r"\frac{1}{2}xy", x * y / 2), (r"\frac xy", x / y), (r"\dfrac{x+1}{2}", (x + 1) / 2), (r"\frac1{2}", Rational(1, 2)),
    ("(ŷ − y)(1−ŷ)ŷ", (yhat - y) * (1 - yhat) * yhat), ("y_hat - y", yhat - y), ("ŷ-y", yhat - y), ("y\u0302-y", yhat - y),
    ("w_21 x", w21 * x), ("w₂₁x", w21 * x), (r"w_{21}x", w21 * x), ("w21(z>0)", w21 * step(z)), ("h1.T", h1), (r"\lambda w_{11}", lambda_ * w11),
    ("|z|", absolute(z)), ("|z1 - 2| x", absolute(z1 - 2) * x), (r"\left|z\right|", absolute(z)), (r"\lvert z \rvert", absolute(z)),
    (r"\left( x \right)^2", x**2), ("{(x)}^{2}", x**2), ("[x+1]y", (x + 1) * y), (r"\sqrt{x^2}", sqrt(x**2)), ("sqrt(4)", 2),
    (r"\tanh^2(z)", tanh(z) ** 2), ("tanh²(z)", tanh(z) ** 2), (r"\tanh^{2} z", tanh(z) ** 2), ("tanh'(z)", 1 - tanh(z) ** 2),
    ("1 - tanh(z)^2", 1 - tanh(z) ** 2), (r"\sigma^{\prime}(z)", logistic(z) * (1 - logistic(z))), (r"\sigma'(z_1)", logistic(z1) * (1 - logistic(z1))),
    ("σ′(z)", logistic(z) * (1 - logistic(z))), ("sigmoid_prime(z)", logistic(z) * (1 - logistic(z))), ("relu_prime(z1)", relu_prime(z1)),
    (r"\operatorname{ReLU}'(z_1)", relu_prime(z1)), (r"\text{ReLU}(z_1)", relu(z1)), ("ReLU(z1)", relu(z1)), ("RELU(z1)", relu(z1)),
    ("np.maximum(0, z1)", relu(z1)), (r"\max\{0, z_1\}", relu(z1)), ("max(z1, 0)", relu(z1)), ("max(z, z1)", z + relu(z1 - z)),
    ("min(0, z)", -relu(-z)), (r"\ln 2", log(2)), ("ln(2)x", log(2) * x), ("log(exp(2))", 2), (r"\ln\frac{1}{2}", -log(2)),
    ("1[z>=0]", 1 - step(-z)), ("1[z<0]", step(-z)), ("1(z ≤ 0)", 1 - step(z)), ("1_{z_1 > 0}", step(z1)), ("𝟙[z₁ > 0]", step(z1)),
    (r"\mathbb{1}_{\{z_1>0\}} x", step(z1) * x), (r"\mathbb 1(z_1 > 0)", step(z1)), (r"\mathbb{1}\{z_1 > 0\}", step(z1)),
    ("1[0 < z]", step(z)), ("1[z > 1]", step(z - 1)), ("(z > 0)*(z1 > 0)", step(z) * step(z1)), ("(z1 > 0).astype(float)", step(z1)),
    ("1 if z > 0 else 0", step(z)), ("x*(1 if z1 > 0 else 0)", x * step(z1)), ("np.where(z1>0, 1, 0)", step(z1)),
    ("z if z > 0 else 0.01*z", z * step(z) + z * (1 - step(z)) / 100), (r"2 \text{ if } z > 0 \text{ else } 3", 3 - step(z)),
    (r"\begin{cases} z & \text{if } z > 0 \\ 0 & z \le 0 \end{cases}", relu(z)), (r"\begin{cases} 1 & z>0, \\[2pt] 0 & z<0 \end{cases}", step(z)),
    ("dE/dyhat x", (yhat - y) * x), (r"\frac{\mathrm{d}E}{\mathrm{d}\hat y}", yhat - y), (r"\partial E/\partial \hat{y} \cdot w_{21}", (yhat - y) * w21),
    ("∂E/∂ŷ · w₂₁", (yhat - y) * w21), ("2 dE/dyhat", 2 * (yhat - y)), ("(dE/dyhat)^2", (yhat - y) ** 2), ("dE/dyhat/2", (yhat - y) / 2),
    ("x = 3", 3), ("= 3", 3), ("≈ 0.5", Rational(1, 2)), ("x ≈ 0.33.", Rational(33, 100)), ("x := 3", 3), ("q_7 = 2", 2), ("a = b = 4", None),
    ("$x = 2$", 2), (r"\[ 2 \]", 2), (r"\boxed{x = 2}", 2), (r"\( 2 \)", 2), ("2,", 2), ("2;", 2), (r"2 \text{ (chain rule)}", 2),
    (r"\underbrace{(\hat y - y)}_{=2} \cdot x", (yhat - y) * x), (r"\begin{aligned} q &= x \\ &= 2 \\ &\approx 2.5 \end{aligned}", Rational(5, 2)),
    (r"\begin{aligned} q &= x \\ &\quad + y \end{aligned}", x + y), (r"\textcolor{red}{2} x", 2 * x), (r"x\,y\;z", x * y * z),
    ("[1 -2]", M([[1, -2]])), ("[1 - 2]", -1), ("[1, -2]", M([[1, -2]])), ("[[1. 2.]\n [3. 4.]]", M([[1, 2], [3, 4]])), ("[1, 2; 3, 4]", M([[1, 2], [3, 4]])),
    ("[[1 2][3 4]]", M([[1, 2], [3, 4]])), ("[ 1.0000e+00 -2.0e-01]", M([[1, Rational(-1, 5)]])), ("[[2]]", M([[2]])), ("[-1. 2.]", M([[-1, 2]])),
    ("array([[2., 4.]], dtype=float32)", M([[2, 4]])), ("tensor([1., 2.])", M([[1, 2]])), ("[x, 2y]", M([[x, 2 * y]])), ("[[x], [y]]", M([[x], [y]])),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}\begin{pmatrix}1\\1\end{pmatrix}", M([[3], [7]])), (r"\begin{pmatrix}1&2\end{pmatrix}^T", M([[1], [2]])),
    (r"\begin{bmatrix}1&2\end{bmatrix}\odot\begin{bmatrix}3&4\end{bmatrix}", M([[3, 8]])), ("[[1],[2]] @ [[3, 4]]", M([[3, 4], [6, 8]])),
    ("2*[1, 2]", M([[2, 4]])), ("[1, 2] - [0, 1]", M([[1, 1]])), ("[1, 2]/2", M([[Rational(1, 2), 1]])), ("-[1, 2]", M([[-1, -2]])),
    ("[[1],[2]].T", M([[1, 2]])), ("np.outer([1, 2], [3, 4])", M([[3, 4], [6, 8]])), ("relu([-1, 2])", M([[0, 2]])), ("([1, 2] > 1)", M([[0, 1]])),
    (r"\mathbf{1}^\top \begin{bmatrix}1&2\\3&4\end{bmatrix}", M([[4, 6]])), (r"\begin{bmatrix}1&2\\3&4\end{bmatrix} \mathbf{1}", M([[3], [7]])),
    (r"\begin{bmatrix}x\\y\end{bmatrix}^\top \begin{bmatrix}1\\2\end{bmatrix}", M([[x + 2 * y]])),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), MEANINGS, ids=[t for t, _ in MEANINGS])
def test_an_answer_means_this(text: str, meaning: Any) -> None:
    got = read_answer(text, TABLE)
    if meaning is None:
        assert isinstance(got, Unreadable)
    else:
        assert not isinstance(got, Unreadable), got
        assert isinstance(got, ImmutableMatrix) == isinstance(meaning, ImmutableMatrix)
        assert same(got, meaning)


REFUSALS: list[tuple[str, int, str]] = [
    ("", 0, "nothing to read"), ("x =", 3, "nothing to read"), ("x +", 3, "the text ends"), ("*x", 0, "where an operand is due"),
    ("1/2(y-x)^2", 3, "write (a/b)*c or a/(b*c)"), ("x/yz", 2, 'unknown name "yz"'), ("x/y z", 4, "ambiguous"), ("xy", 0, 'unknown name "xy"'),
    ("2,5", 1, "decimal point"), ("(2,5)", 2, "decimal point"), ("x, y", 1, "a comma outside"), ("1{,}000", 0, "a thousand or a decimal"),
    ("2 3", 2, "write * between"), ("1.2.3", 3, "write * between"), ("3 x 10^-4", 4, "write * between"), (r"2\frac12", 1, "mixed number"),
    (r"2\frac{1}{2}x", 1, "mixed number"), ("x^2y", 3, "where the exponent ends"), ("e^-2z", 4, "where the exponent ends"), ("e^2z", 3, "where the exponent ends"),
    (r"\hat{y}^12", 8, "TeX raises one sign only"), ("x^2^", 4, "the text ends"), ("x²³^2", 3, "ambiguous"), ("z^{1}", 1, "looks like a label"),
    ("z^(2)", 0, "unknown name"), ("z^{[2]}", 0, "unknown name"), ("(x+1)^{(2)}", 6, "a label above"), ("x[2]", 0, 'unknown name "x[2]"'), ("x_2", 0, "unknown name"),
    ("w_{22}", 0, 'unknown name "w_{22}"'), ("w^{(2)}_{11}", 0, "unknown name"), ("yhat_1", 0, 'did you mean "yhat"'), ("tnah(z)", 0, 'did you mean'),
    (r"\sigma^{-1}(z)", 8, "whole number"), ("tanh^-1(z)", 5, "whole number"), (r"\tanh z x", 8, "where the argument of tanh ends"), ("ln 2 x", 5, "argument of ln"),
    ("exp -z", 0, "needs brackets"), ("log_2(8)", 3, "label below log"), ("σ''(z)", 0, "second derivatives"), ("f(z)", 0, 'unknown name "f"'), ("relu'(z", 5, "never closed"),
    ("σ(z)'", 4, "a prime"), ("w21'", 3, "a prime"), ("I", 0, "condition"), ("1[z]", 1, "condition"), ("z > 0", 0, "a condition alone"), ("1[0<z<1]", 5, "one at a time"),
    ("x = 1, y = 2", 7, "a second statement"), (r"x = 1 \quad y = 2", 12, "side by side"), (r"\begin{aligned} x &= 1 & y &= 2 \end{aligned}", 25, "side by side"),
    (r"x = 1 \\ y = 2", 9, "a second statement"), ("x = 1; y = 2", 7, "a second statement"), (r"{x+1}y", None, ""), (r"\cdot{x+1}", 0, "operand"), (r"\hat{y}{x+1}", 7, "do not show"),
    ("[1,2]*[3,4]", 5, "write @ or ⊙"), ("[1,2] + [1,2,3]", 6, "do not fit"), ("[1,2] @ [3,4]", 6, "do not fit"), ("[1,2]^2", 5, "power of a matrix"), ("[[1,2],[3]]", 0, "different lengths"),
    (r"\begin{bmatrix} 1 & \end{bmatrix}", 20, "empty entry"), (r"\begin{bmatrix} \end{bmatrix}", 0, "empty matrix"), (r"\begin{foo} 1 \end{foo}", 0, "not read here"),
    (r"\begin{cases} 1 & z > 0 \\ 0 & z > 1 \end{cases}", 0, "overlap"), (r"\begin{cases} \ln z & z > 0 \\ 0 & z \le 0 \end{cases}", 0, "logarithm"),
    ("[1, 2]/[1, 2]", 6, "single number"), ("1/0", 1, "division by zero"), ("x/(y-y)", 1, "division by zero"), ("sqrt(-1)", 0, "finite real"), ("ln 0", 0, "finite real"),
    (r"\partial L/\partial \hat{y}", 0, "no derivative"), (r"\frac{d}{dx} x^2", 6, "write dE/dw"), (r"\frac{\partial E}{\partial q}", 0, "no derivative"), (r"\sum_i x", 0, "write the terms"),
    ("5!", 1, "factorial"), ("50%", 2, "percent"), (r"5\%", 1, "percent"), ("x ± y", 2, "either"), (r"x \pm y", 2, "either"), (r"x + \ldots", 4, "dots"), ("½", 0, "write (1/2)"), ("√2", 0, "sqrt"),
    (r"2 \text{ if } z > 0", 2, "else"), ("x)", 1, "without its opening"), ("(x]", 2, '"]" where ")"'), ("x\u202ey", 1, "U+202E"), ("x𝑦", 1, "U+1D466"), ("ｘ", 0, "U+FF58"),
    ("9**9**9**9", 4, "exponent beyond 64"), ("x^65", 1, "exponent beyond 64"), ("1e999999999", 0, "scientific exponent"), ("1" * 41, 0, "more than 40 digits"),
    ("(" * 100 + "x" + ")" * 100, 60, "nested more than 60"), ("x+" * 301 + "x", 600, "more than 600 tokens"), ("x" * 5000, 4096, "longer than 4096"),
    (r"\frac{" * 100 + "x", None, ""), ("[" * 100 + "1" + "]" * 100, None, ""), ("x^y", 1, "in the exponent"), ("eval('1')", None, ""), ("__import__", None, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "offset", "why"), [r for r in REFUSALS if r[1] is not None], ids=lambda v: str(v)[:40]
)
def test_a_refusal_points_and_says_what_to_write(text: str, offset: int, why: str) -> None:
    got = read_answer(text, TABLE)
    assert isinstance(got, Unreadable), got
    assert why in got.why
    assert got.offset == offset


@pytest.mark.parametrize(
    "text", [r[0] for r in REFUSALS if r[1] is None and not r[0].startswith("{x")], ids=lambda v: v[:40]
)
def test_this_is_refused_somewhere(text: str) -> None:
    assert isinstance(read_answer(text, TABLE), Unreadable)


def test_a_chain_gives_every_side_with_its_sign_and_place() -> None:
    sides = read_chain("dE/dyhat = yhat - y ≈ 2.0", TABLE)
    assert not isinstance(sides, Unreadable)
    assert [(s.sign, s.text.strip(), s.offset) for s in sides] == [
        ("", "dE/dyhat", 0),
        ("=", "yhat - y", 10),
        ("approx", "2.0", 21),
    ]
    assert [s.value for s in sides] == [g, yhat - y, 2]


def test_an_unreadable_side_between_spoils_the_answer() -> None:
    assert isinstance(read_answer("x = foo(3) = 2", TABLE), Unreadable)


def test_a_message_has_line_column_and_caret_under_the_sign_meant() -> None:
    text = "x +\n  z̄ + foo"
    got = read_answer(text, {"x": x, r"\bar z": z})
    assert isinstance(got, Unreadable)
    head, line, caret = pointed(text, got)
    assert head.startswith('line 2, column 8: unknown name "foo"')
    assert line == "    z̄ + foo"
    assert caret == "        ^"


def test_two_symbols_of_one_spelling_are_refused() -> None:
    got = read_answer("w_21", {"w_{2,1}": x, "w_{21}": y})
    assert got == y or (isinstance(got, Unreadable) and "may be" in got.why)
    assert isinstance(read_answer("w_{2 1}", {"w_{2,1}": x, "w_{21}": y}), (Symbol, Unreadable))


def test_a_key_that_is_no_name_is_the_caller_s_error() -> None:
    with pytest.raises(ValueError, match="no name"):
        read_answer("x", {"x +": x})
    with pytest.raises(TypeError):
        read_answer(3, {"x": x})  # type: ignore[arg-type]


# ---------------------------------------------------------------------- laws
MIXED = r"""x y z z1 yhat ŷ w21 w_{21} \hat{y} \hat h1 delta2 δ^{(2)} \delta^{(2)} W[1,1] dE/dyhat \frac{\partial E}{\partial\hat{y}}
\frac \frac{1}{2} \frac12 { } ( ) [ ] | + - − * · / ^ ** _ ^{ _{ ^2 ² ⁻¹ ₂ 1 2 0.5 1e-3 3. .5 0{,}5 1e99 999 , ; & \\ = ≈ := < > >= ≤ σ \sigma
sigma ' ^\prime relu relu' ReLU( tanh^2( tanh² ln \ln exp( sqrt( \sqrt{ max( H( I( 1[ 1_{ \mathbb{1} \mathbf{1} 𝟙 \begin{cases} \end{cases}
\begin{bmatrix} \end{bmatrix} \begin{aligned} \end{aligned} if else \text{otherwise} \text{if} \text{hi} \left \right \, \quad $ $$ \boxed{
\underbrace{ .T @ @2 ⊙ \odot \circ ^T ^\top ^{(1)} ^{[1]} [1. [[1, 2] 2]] np.array( array( dtype=float np. where( ∂ \partial d d/dx \bar
\mathrm{ReLU} \operatorname{ \mathbf{x} \llap{ \chainmark \symanswer{ ! % √ ½ π e e^{-z} 9**9 ^64 ^65 \sum \ldots new new@2 used \ # ~ \x 你 😀"""
PIECES = [*MIXED.split(), " ", "\n", "\u0302", "\u0301", "\u202e", "\x00"]
SOUND = [
    "x",
    "yhat",
    "2",
    "0.5",
    "(yhat - y)",
    "w_{21}",
    r"\hat y",
    "relu'(z1)",
    "e^{-z}",
    r"\frac{x}{2}",
    "1[z > 0]",
    "dE/dyhat",
    "[1, 2]",
    "[[1],[2]]",
]
JOINTS = ["+", " - ", "*", " ", r" \cdot ", "/", " = ", "^2 ", " @ ", " ⊙ "]


def only_an_answer(text: str) -> bool:
    """Reads; raises when the outcome is neither an expression in known symbols nor a place in the text."""
    got = read_answer(text, TABLE)
    if isinstance(got, Unreadable):
        assert 0 <= got.offset <= len(text), (text, got)
        assert got.why
        pointed(text, got)
        return False
    assert isinstance(got, (Expr, ImmutableMatrix)), (text, got)
    assert got.free_symbols <= set(NAMES.values()), (text, got)
    return True


def test_twenty_thousand_random_strings_are_answers_or_places() -> None:
    chance, read = random.Random(135), 0
    for i in range(20_000):
        if i % 4:
            pieces = [chance.choice(PIECES) for _ in range(chance.choice((1, 2, 4, 8, 16)))]
            text = chance.choice(("", "", " ")).join(pieces)
        else:
            text = chance.choice(SOUND) + "".join(
                chance.choice(JOINTS) + chance.choice(SOUND) for _ in range(chance.randint(0, 4))
            )
        read += only_an_answer(text)
    assert read > 2_000  # a reader that refused everything would pass the rest


@settings(deadline=None)  # the machine may be busy
@given(st.text(max_size=80))
def test_any_text_is_an_answer_or_a_place(text: str) -> None:
    only_an_answer(text)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_mixture_of_pieces_is_an_answer_or_a_place(text: str) -> None:
    only_an_answer(text)


FORMS = st.recursive(
    st.one_of(st.integers(0, 99).map(Integer), st.sampled_from([x, y, z, yhat, w21])),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        st.tuples(inner, st.integers(2, 3)).map(lambda p: p[0] ** p[1]),
        inner.map(tanh),
    ),
    max_leaves=8,
)


@settings(deadline=None)  # the machine may be busy
@given(FORMS)
def test_what_sympy_prints_in_plain_text_is_read_back(form: Expr) -> None:
    assert same(read_answer(str(form), TABLE), form)


def test_a_chain_of_very_many_sides_is_refused() -> None:
    found = read_answer("a=b=" * 500, {})
    assert isinstance(found, Unreadable) and "more than 40 sides" in found.why
