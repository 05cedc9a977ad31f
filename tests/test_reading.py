"""symprop.reading: meanings, refusals and costs; every expected value is written out by hand."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Expr, Integer, Max, Rational, exp, log, sqrt, symbols, tanh

from symprop.reading import Functions, Limits, Names, Unreadable, read, read_number

x, y, z, p = symbols("x y z p", real=True)
w1, eta, mu = symbols("w1 eta mu", positive=True)
NAMES: Names = {"x": x, "y": y, "z": z, "p": p, "w1": w1, "η": eta, "μ": mu, "e": exp(1), "for": p, "ά": mu, "e1": y}
FUNCTIONS: Functions = {
    "ln": (1, log),
    "exp": (1, exp),
    "tanh": (1, tanh),
    "sqrt": (1, sqrt),
    "max": (2, Max),
    "half": (0, lambda: Rational(1, 2)),
}

MEANINGS: list[tuple[str, Expr]] = [
    ("0.1", Rational(1, 10)),
    ("1e-3", Rational(1, 1000)),
    ("1.5E+2", Integer(150)),
    (".5", Rational(1, 2)),
    ("5.", Integer(5)),
    ("1e-400 * 1e400", Integer(1)),
    ("1+2*3", Integer(7)),
    ("7-4-2", Integer(1)),
    ("24/4/2", Integer(3)),
    ("2^3^2", Integer(512)),
    ("2**3", Integer(8)),
    ("2^-3", Rational(1, 8)),
    ("-2^2", Integer(-4)),
    ("(-2)^2", Integer(4)),
    ("--3", Integer(3)),
    ("2*-3", Integer(-6)),
    ("-x^2", -(x**2)),
    ("−x² – 1", -(x**2) - 1),
    ("x⁻¹", 1 / x),
    ("2^x²", 2 ** (x**2)),
    ("x¹²", x**12),
    ("2x", 2 * x),
    ("2(x+y)", 2 * (x + y)),
    ("x y", x * y),
    ("(x)(y)", x * y),
    ("x(y+1)", x * (y + 1)),
    ("2x^2 y", 2 * x**2 * y),
    ("{[(x)]}", x),
    ("w₁", w1),
    ("w1·x×y∙z⋅2", 2 * w1 * x * y * z),
    ("x÷2", x / 2),
    ("η µ μ", eta * mu**2),
    ("x/y*z", x * z / y),
    ("ln 3", log(3)),
    ("2 ln 3", 2 * log(3)),
    ("-ln 3/2", -log(3) / 2),
    ("ln x^2", log(x**2)),
    ("x/ln 3", x / log(3)),
    ("ln tanh x", log(tanh(x))),
    ("ln(3)x", x * log(3)),
    ("ln[x]^2", log(x) ** 2),
    ("max(x, 2)", Max(x, 2)),
    ("max(x,-1.5)", Max(x, Rational(-3, 2))),
    ("half() x", x / 2),
    ("1/(1+exp(-z))", 1 / (1 + exp(-z))),
    ("1/(1+e^-z)", 1 / (1 + exp(-z))),
    ("e^(-100x)", exp(-100 * x)),
    ("4^(1/2)", Integer(2)),
    ("2^0.5", sqrt(2)),
    ("x^(1/3)", x ** Rational(1, 3)),
    ("x^y", x**y),
    ("2^x", 2**x),
    ("exp(100 ln 3)", Integer(3) ** 100),
    ("(x+y)^64", (x + y) ** 64),
    ("\u03b1\u0301 x", mu * x),
    ("\tx\n+\u00a0y", x + y),
]

REFUSALS: list[tuple[str, int, str]] = [
    ("", 0, "nothing to read"),
    ("  ", 2, "nothing to read"),
    ("1+", 2, "the text ends"),
    ("*2", 0, '"*" where an operand is due'),
    ("()", 1, '")" where an operand is due'),
    ("foo", 0, 'unknown name "foo"; did you mean "for"?'),
    ("2 tahn(z)", 2, 'did you mean "tanh"?'),
    ("1+X", 2, 'did you mean "x"?'),
    ("nan", 0, 'unknown name "nan"'),
    ("inf", 0, 'unknown name "inf"'),
    ("2,5", 1, "use a decimal point"),
    ("(2,5)", 2, "use a decimal point"),
    ("x,y", 1, "a comma outside"),
    ("(x", 0, '"(" is never closed'),
    ("(x]", 2, '"]" where ")" is due'),
    ("x)", 1, "without its opening"),
    ("2 3", 2, "write * between"),
    ("1.2.3", 3, "write * between"),
    ("x 2", 2, "write * between"),
    ("1/2x", 3, "ambiguous"),
    ("8/2(2+2)", 3, "ambiguous"),
    ("x²^3", 2, "ambiguous"),
    ("2e1", 0, "product with e1"),
    ("ln 2x", 4, "ambiguous; write ln(2x) or ln(2) x"),
    ("ln x y", 5, "ambiguous; write ln(x y) or ln(x) y"),
    ("ln x^2 y", 7, "ambiguous; write ln(a b) or ln(a) b"),
    ("ln 2(x)", 4, "ambiguous"),
    ("ln", 0, "needs brackets around its 1 argument"),
    ("ln -3", 0, "needs brackets"),
    ("max 2", 0, "needs brackets around its 2 arguments"),
    ("max(1)", 0, "takes 2 arguments, not 1"),
    ("ln(2,5)", 0, "takes 1 argument, not 2"),
    ("1 + half(3)", 4, "takes 0 arguments, not 1"),
    ("tanh^2(z)", 4, "a power of a function"),
    ("tanh²(z)", 4, "a power of a function"),
    ("f'(x)", 1, "a prime is not read"),
    ("x=1", 1, "an equation"),
    (r"\frac", 0, "LaTeX"),
    ("½", 0, "write (1/2)"),
    ("x××y", 2, '"*" where an operand is due'),
    ("2₁", 1, "SUBSCRIPT ONE"),
    ("1/0", 1, "division by zero"),
    ("1/(x-x)", 1, "division by zero"),
    ("0^-1", 1, "division by zero"),
    ("ln 0", 0, "not a finite real"),
    ("1/(ln 1)", 1, "division by zero"),
    ("(-1)^(1/2)", 4, "not a finite real"),
    ("2^(1/3)", 1, "only to an integer"),
    ("x^65", 1, "an exponent beyond 64"),
    ("9^9^9", 1, "an exponent beyond 64"),
    ("9^9**9**9", 3, "an exponent beyond 64"),
    ("((9^64)^30)", 7, "more than 4000 bits"),
    ("1e401", 0, "scientific exponent beyond 400"),
    ("1" * 41, 0, "more than 40 digits"),
    ("x^" + "(" * 61 + "1", 61, "nested more than 60"),
    ("x\u202ey", 1, "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    ("e\u0301", 0, "LATIN SMALL LETTER E WITH ACUTE"),
    ("x\u0301\u0302 + #", 0, "COMBINING"),
    ("\u03b1\u0301 + #", 5, "NUMBER SIGN"),
    ("max(sqrt(0-1), x)", 4, "not a finite real"),
    ("exp(9^20 ln 9)", 0, "a logarithm times too large"),
    ("2^(x+9^20) 2^(-x)", 1, "beyond 64"),
    ("(e^(9^20 x))^(ln(9)/x)", 12, "a logarithm times too large"),
    ("x^(9^20 ln(9)/ln(x))", 1, "a logarithm times too large"),
    ("exp(exp(exp(2^20)))", 4, "beyond 2^400"),
    ("((10^64)^2)^0.5", 11, "more than 400 bits"),
    ("1/(1+" * 17 + "x" + ")" * 17, 21, "nested more than 12 levels"),
]

NUMBERS: list[tuple[str, Fraction]] = [
    ("-0.5e-3", Fraction(-1, 2000)),
    ("1/3", Fraction(1, 3)),
    (" 2 ", Fraction(2)),
    ("+4", Fraction(4)),
    ("−1/4", Fraction(-1, 4)),
    ("1.5/0.5", Fraction(3)),
]

NO_NUMBERS: list[tuple[str, int, str]] = [
    ("", 0, "a plain number is due"),
    ("-", 1, "a plain number is due"),
    ("--1", 1, "a plain number is due"),
    ("x", 0, "a plain number is due"),
    ("inf", 0, "a plain number is due"),
    ("1/-3", 2, "a plain number is due"),
    ("1/0", 1, "division by zero"),
    ("1/2/3", 3, "nothing may follow"),
    ("2 3", 2, "nothing may follow"),
    ("2,5", 1, "use a decimal point"),
    ("1/2,5", 3, "use a decimal point"),
    ("1e999999999", 0, "scientific exponent"),
    ("1/" + "9" * 41, 2, "more than 40 digits"),
]

HOSTILE: list[str] = [
    "x" * 10_000_000,
    "1" * 100_000_000,
    "(" * 4096,
    "(" * 300 + ")" * 300,
    "-" * 500 + "1",
    "2^" * 299 + "1",
    "ln " * 500 + "x",
    "9**9**9**9",
    "9^9^9^9^9^9^9^9",
    "1e999999999",
    "1e-999999999",
    "1e" + "9" * 4000,
    "1e" + "0" * 4000 + "1",
    "1" * 4096,
    "x" + "\u0301" * 4000,
    "\0",
    "x\0y",
    "\ud800",
    "x\udfff",
    "\u202ex\u202c",
    "\u2066x\u2069",
    "🙂",
    "x🙂y",
    "\ufdfa" * 1000,
    "a" * 4096,
    "__import__('os')",
    "x.__class__",
    "lambda: 1",
    "exp(9^20 ln 9)",
    "e^(9^20 ln 9)",
    "exp(9^20 ln(2*3^(1/2)))",
    "2^(9^20 ln(9)/ln(2))",
    "x^(9^20 ln(9)/ln(x))",
    "(e^(9^20 x))^(ln(9)/x)",
    "(exp(9^20 ln(9) ln(9)))^(1/ln(9))",
    "2^(x+9^20) 2^(-x)",
    "(2w1)^(x+9^20) (2w1)^(-x)",
    "(2^x)^(9^20/x)",
    "((((2^(64w1))^(64w1))^(64w1))^(64w1))^(1/w1^4)",
    "exp(exp(exp(20)))-5",
    "(exp(exp(exp(20)))-5)^x",
    "(exp(exp(exp(20)))-5)^(1/2)",
    "max(exp(exp(exp(20))), 3)",
    "max(exp(exp(30)), exp(30))",
    "tanh(exp(exp(exp(100))))",
    "max(exp(9^60*9^60)-exp(9^60 * 9^60-1), ln(1+exp(-9^60 * 9^60)))",
    "sqrt(" * 59 + "x+1" + ")" * 59,
    "sqrt(1+" * 59 + "x" + ")" * 59,
    "1/(1+" * 59 + "x" + ")" * 59,
    "tanh(1+" * 50 + "2" + ")" * 50,
    "(1+ln(1+" * 25 + "2" + "))" * 25,
    "exp(-" * 29 + "1" + ")" * 29,
    "tanh(1+" * 15 + "2" + ")" * 15,
    "(1+sqrt(1+" * 15 + "ln(x)" + "))" * 15,
    "exp(-" * 29 + "x" + ")" * 29,
    "tanh(1+" * 12 + "x" + ")" * 12,
    "1/(1+" * 12 + "x" + ")" * 15,
    "max(1," * 50 + "x" + ")" * 50,
    "+".join(f"1/{n}" for n in range(1000, 1140)),
    "*".join(["9^64"] * 140),
    "+".join(f"x^{n % 64}y^{n % 63}" for n in range(70)),
    "*".join(f"(x+{n})" for n in range(90)),
    "*".join(f"{n}^(1/2)" for n in range(2, 70)),
    "+".join(f"{n}^(1/2)" for n in range(2, 70)),
    "((10^60*10^60+7)^(1/2)+1)^(1/2)",
    "sqrt(10^60*10^60+7)",
    "(" * 55 + "x" + "+1)^64" * 55,
    "(" * 55 + "3" + "^(1/2)+1)^(1/2)" * 5 + ")" * 50,
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_meaning(text: str, meaning: Expr) -> None:
    assert read(text, NAMES, FUNCTIONS) == meaning


@pytest.mark.parametrize(("text", "offset", "why"), REFUSALS)
def test_refusal(text: str, offset: int, why: str) -> None:
    answer = read(text, NAMES, FUNCTIONS)
    assert isinstance(answer, Unreadable), answer
    assert (answer.offset, why in answer.why) == (offset, True), answer


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_number(text: str, value: Fraction) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize(("text", "offset", "why"), NO_NUMBERS)
def test_no_number(text: str, offset: int, why: str) -> None:
    answer = read_number(text)
    assert isinstance(answer, Unreadable), answer
    assert (answer.offset, why in answer.why) == (offset, True), answer


def test_limits_are_those_given() -> None:
    tight = Limits(characters=9, tokens=6, depth=2, digits=3, exponent=4)
    assert read("x^4", NAMES, FUNCTIONS, tight) == x**4
    for text, offset in [("x" * 10, 9), ("x+x+x+x", 6), ("(((x", 2), ("1234", 0), ("x^5", 1)]:
        answer = read(text, NAMES, FUNCTIONS, tight)
        assert isinstance(answer, Unreadable) and answer.offset == offset, (text, answer)


def test_a_function_that_refuses_is_answered_at_its_name() -> None:
    def picky(value: Expr) -> Expr:
        raise ValueError("only on Sundays")

    assert read("1+f(x)", NAMES, {"f": (1, picky)}) == Unreadable(2, "f is not defined here: only on Sundays")


def test_only_a_text_is_read() -> None:
    for reader in (lambda: read(b"x", NAMES, FUNCTIONS), lambda: read_number(3)):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            reader()


def test_pointed() -> None:
    assert Unreadable(5, "bad").pointed("x+1\nyz$w\nlast") == "line 2, column 2: bad\n  yz$w\n   ^"
    assert Unreadable(3, "bad").pointed("x+1") == "line 1, column 4: bad\n  x+1\n     ^"
    assert Unreadable(0, "bad").pointed("\u202ex") == "line 1, column 1: bad\n   x\n  ^"
    clipped = Unreadable(500, "bad").pointed("1" * 1000)
    assert clipped == "line 1, column 501: bad\n  " + "1" * 120 + "\n  " + " " * 60 + "^"


def test_hostile_texts_are_answered() -> None:
    for text in HOSTILE:
        answer = read(text, NAMES, FUNCTIONS)
        assert isinstance(answer, (Expr, Unreadable))
        if isinstance(answer, Unreadable):
            assert 0 <= answer.offset <= len(text)
            answer.pointed(text)
        read_number(text)


def test_fuzz() -> None:
    rng = random.Random(20240229)
    pieces = [
        *"0123456789xyze+-*/^()[]{},. ",
        *"²⁻₁−·×½'=\\$|\0\ud800\u202e🙂\u0301",
        "**",
        "ln",
        "exp(",
        "max(",
        "e9",
        "9^9",
    ]
    for _ in range(20_000):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 24)))
        answer = read(text, NAMES, FUNCTIONS)
        assert isinstance(answer, Expr) or 0 <= answer.offset <= len(text), text


@given(st.text())
def test_any_text_is_answered(text: str) -> None:
    for answer in (read(text, NAMES, FUNCTIONS), read_number(text)):
        assert not isinstance(answer, Unreadable) or text.count("\n") < len(answer.pointed(text) + text)


@given(st.integers(-(10**30), 10**30), st.integers(0, 9), st.integers(-200, 200))
def test_decimals_round_trip(digits: int, places: int, exponent: int) -> None:
    whole, rest = divmod(abs(digits), 10**places)
    text = f"{'-' if digits < 0 else ''}{whole}.{rest:0{places}d}e{exponent}" if places else f"{digits}e{exponent}"
    value = Fraction(digits, 10**places) * Fraction(10) ** exponent
    assert read_number(text) == value
    assert read(text, {}, {}) == Rational(value.numerator, value.denominator)


Tree = int | tuple["Tree", str, "Tree"]
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.integers(0, 99), lambda trees: st.tuples(trees, st.sampled_from("+-*/"), trees), max_leaves=12
)
STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2}


def printed(tree: Tree, strength: int = 0) -> str:
    if isinstance(tree, int):
        return str(tree)
    left, sign, right = tree
    own = STRENGTH[sign]
    text = f"{printed(left, own)}{sign}{printed(right, own + 1)}"
    return f"({text})" if own < strength else text


def evaluated(tree: Tree) -> Fraction:
    if isinstance(tree, int):
        return Fraction(tree)
    left, right = evaluated(tree[0]), evaluated(tree[2])
    return {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right,
    }[tree[1]]()


@given(TREES)
def test_printed_trees_read_back(tree: Tree) -> None:
    answer = read(printed(tree), {}, {})
    try:
        value = evaluated(tree)
    except ZeroDivisionError:
        assert isinstance(answer, Unreadable) and "zero" in answer.why
    else:
        assert answer == Rational(value.numerator, value.denominator)
