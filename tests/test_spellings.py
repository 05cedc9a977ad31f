"""symprop.checking.spellings: what a spelling means in each notation; expected ids are written out by hand."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import ImmutableMatrix, Rational, Symbol

import symprop
from symprop.checking.spellings import Spellings, left_sides, spellings
from symprop.exercise import Exercise
from symprop.notation import PROFILES, Names, Notation
from symprop.printing import Latex
from symprop.quantity import Quantity, gradient
from symprop.reading import Unreadable, read_answer


@cache
def known(name: str, profile: str) -> Spellings:
    return spellings(exercise(name, profile))


@cache
def exercise(name: str, profile: str) -> Exercise:
    return symprop.load(name).model_copy(update={"notation": Notation(profile=profile)})


MEANINGS: list[tuple[str, str, str, str]] = [
    *(
        ("day12", "cs135", text, id_)
        for text, id_ in [
            ("dE/dW1[1,2]", "dE/dW1[1,2]"), ("w12", "W1[1,2]"), ("w_12", "W1[1,2]"), ("w_{12}", "W1[1,2]"),
            ("w_{1,2}", "W1[1,2]"), ("w₁₂", "W1[1,2]"), ("W_{21}", "W2[1,1]"), ("w22", "W2[2,1]"),
            (r"w^{(1)}_{12}", "W1[1,2]"), (r"w_{12}^{[1]}", "W1[1,2]"), (r"w^{(2)}_{21}", "W2[2,1]"),
            ("h1", "a1[1]"), ("h_2", "a1[2]"), ("a1[2]", "a1[2]"), ("a1[2]@1", "a1[2]"), ("z1", "z1[1]"),
            ("z_{out}", "z2[1]"), (r"z_{\mathrm{out}}", "z2[1]"), ("z_out", "z2[1]"), ("zout", "z2[1]"),
            ("yhat", "a2[1]"), ("y_hat", "a2[1]"), ("ŷ", "a2[1]"), (r"\hat y", "a2[1]"), (r"\widehat{y}", "a2[1]"),
            ("x", "x[1]"), ("x_1", "x[1]"), ("b11", "b1[1]"), ("b_2", "b2[1]"), ("E", "E"), ("L", "E"),
            (r"\frac{\partial E}{\partial \hat{y}}", "dE/da2[1]"), (r"\frac{dE}{d\hat y}", "dE/da2[1]"),
            ("∂E/∂ŷ", "dE/da2[1]"), ("dE/dyhat", "dE/da2[1]"), ("dL/dw12", "dE/dW1[1,2]"), ("dE/dh2", "dE/da1[2]"),
            (r"\partial \mathcal{L} / \partial w_{22}", "dE/dW2[2,1]"),
            (r"\frac{\mathrm{d} E}{\mathrm{d} z_{\text{out}}}", "dE/dz2[1]"),
            (r"\delta_{out}", "dE/dz2[1]"), (r"\delta^{(1)}_2", "dE/dz1[2]"), ("da1[1]/dz1[1]", "da1[1]/dz1[1]"),
            (r"\frac{\partial h_1}{\partial z_1}", "da1[1]/dz1[1]"), ("dh1/dz1", "da1[1]/dz1[1]"),
            (r"\frac{\partial z_{out}}{\partial h_2}", "dz2[1]/da1[2]"),
        ]
    ),
    *(
        ("google-demo", "google", text, id_)
        for text, id_ in [
            ("y_1", "x[1]"), ("x_2", "z1[1]"), ("x3", "z1[2]"), ("y_6", "a3[1]"), ("w_{24}", "W2[1,1]"),
            ("w56", "W3[2,1]"), (r"y_{\mathrm{target}}", "y[1]"), ("y_target", "y[1]"), ("y[1]", "y[1]"),
            (r"\hat{y}", "a3[1]"), (r"\delta_5", "dE/dz2[2]"), (r"\frac{\partial E}{\partial w_{13}}", "dE/dW1[1,2]"),
        ]
    ),
    *(
        ("batch", "ng", text, id_)
        for text, id_ in [
            (r"W_{12}^{[1]}", "W1[2,1]"), (r"w^{[1]}_{21}", "W1[1,2]"), (r"z_1^{[1](3)}", "z1[1]@3"),
            (r"\hat y^{(2)}", "a2[1]@2"), (r"y^{(2)}", "y[1]@2"), (r"x_2^{(3)}", "x[2]@3"), ("z1[1]@3", "z1[1]@3"),
            ("J", "E"), (r"J^{(2)}", "E@2"), (r"dz_1^{[1](2)}", "dE/dz1[1]@2"), (r"dW_{12}^{[1]}", "dE/dW1[2,1]"),
            (r"\lambda", "alpha"), (r"\alpha", "eta"), (r"\delta_1^{[2](1)}", "dE/dz2[1]@1"),
        ]
    ),
    *(
        ("mazur", "nielsen", text, id_)
        for text, id_ in [
            (r"w_{12}^1", "W1[2,1]"), (r"w^{2}_{11}", "W2[1,1]"), ("a_1^2", "a2[1]"), (r"\delta_2^{2}", "dE/dz2[2]"),
            ("a₁²", "a2[1]"), ("C", "E"), ("C_2", "E[2]"), (r"b^1", "b1"), (r"\frac{\partial C}{\partial w_{11}^2}", "dE/dW2[1,1]"),
        ]
    ),
    *(
        ("softmax", "sklearn", text, id_)
        for text, id_ in [(r"W^{(1)}_{21}", "W1[2,1]"), ("L", "E"), (r"\hat{y}_3", "a2[3]"), ("yhat3", "a2[3]"), ("y2", "y[2]")]
    ),
    *(
        ("softmax", "lecture", text, id_)
        for text, id_ in [(r"W^{(1)}_{21}", "W1[1,2]"), (r"a_2^{(1)}", "a1[2]"), (r"\frac{\partial L_1}{\partial \hat{y}_1}", "dE[1]/da2[1]")]
    ),
    *(
        ("deep-tanh", "bar", text, id_)
        for text, id_ in [
            (r"\bar{w}_{12}^{(2)}", "dE/dW2[1,2]"), (r"\overline{z}^{(1)}_{2}", "dE/dz1[2]"), ("z̄_{1}^{(2)}", "dE/dz2[1]"),
            (r"\bar{a}^{(4)}", "dE/da4[1]"), (r"\frac{\partial L}{\partial a_1^{(3)}}", "dE/da3[1]"),
        ]
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "profile", "text", "id_"), MEANINGS, ids=[f"{p}-{t}" for _, p, t, _ in MEANINGS])
def test_a_spelling_means_this_quantity(name: str, profile: str, text: str, id_: str) -> None:
    assert str(read_answer(text, known(name, profile))) == id_


@pytest.mark.parametrize(
    ("name", "profile", "text", "both"),
    [
        ("day12", "cs135", r"\delta_2", ("dE/dz1[2]", "dE/dz2")),
        ("day12", "cs135", "delta1", ("dE/dz1[1]", "dE/dz1")),
        ("google-demo", "google", "delta_3", ("dE/dz1[2]", "dE/dz3")),
    ],
)
def test_a_spelling_of_two_quantities_is_refused_with_both(
    name: str, profile: str, text: str, both: tuple[str, str]
) -> None:
    found = read_answer(f"2 + {text} + 1", known(name, profile))
    assert isinstance(found, Unreadable)
    assert found.offset == 4 and all(id_ in found.why for id_ in both)


@pytest.mark.parametrize(
    "text", ["w_{13}", "w^{(3)}_{11}", "x[2]", "x^{(2)}", "h_3", "z1[1]@2", r"\hat{y}_2", "dE/dw13", "w", "f"]
)
def test_what_the_exercise_has_not_is_unknown(text: str) -> None:
    assert isinstance(read_answer(text, known("day12", "cs135")), Unreadable)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", ["day12", "softmax", "batch"])
def test_every_printed_name_of_a_gradient_is_read_as_that_gradient(name: str, profile: str) -> None:
    e = exercise(name, profile)
    names = Names(e.notation, e.widths, e.samples, e.network.biases == "shared")
    for of in e.parameter_ids():
        printed = Latex(names).quantity(names.write(gradient(of)))
        assert str(read_answer(printed, known(name, profile))) == f"dE/d{of}"


def test_a_bold_name_is_a_matrix_laid_out_as_the_page_has_it() -> None:
    rows = read_answer(r"\mathbf{W}^{(1)}", known("softmax", "sklearn"))
    columns = read_answer(r"\mathbf{W}^{(1)}", known("softmax", "lecture"))
    assert isinstance(rows, ImmutableMatrix) and isinstance(columns, ImmutableMatrix)
    assert [str(s) for s in rows] == ["W1[1,1]", "W1[1,2]", "W1[2,1]", "W1[2,2]"]
    assert columns == rows.T


def test_a_matrix_product_of_names_is_written_out() -> None:
    got = read_answer(r"\mathbf{W}^{(2)\top} \boldsymbol{\delta}^{(2)}", known("deep-tanh", "lecture"))
    assert str(got[0, 0]) == "W2[1,1]*dE/dz2[1] + W2[1,2]*dE/dz2[2]"


def test_left_sides_name_scalars_before_wholes() -> None:
    found = left_sides(exercise("day12", "cs135"))
    assert found["z_{1}"] == Quantity.parse("z1[1]")
    assert found["W1"] == Quantity.parse("W1")
    assert found[r"\mathbf{W}_{1}"] == Quantity.parse("W1")
    assert found["dE/dW2"] == Quantity.parse("dE/dW2")
    assert found["dE/dW1[1,2]"] == Quantity.parse("dE/dW1[1,2]")


def test_relu_at_zero_follows_the_exercise() -> None:
    e = symprop.load("day12")
    e = e.model_copy(update={"network": e.network.model_copy(update={"relu_at_zero": 1})})
    z1 = Symbol("z1[1]", real=True)
    assert read_answer("relu'(z1)", spellings(e)).subs(z1, 0) == 1
    assert read_answer("relu'(z1)", known("day12", "cs135")).subs(z1, 0) == 0


def test_leaky_relu_has_the_exercise_s_slope() -> None:
    e = symprop.MLP(
        layers=[(1, {"name": "leaky_relu", "slope": "0.2"}), (1, "identity")],
        x=[[1]],
        y=[[1]],
        W=[[[1]], [[1]]],
        b=[[0], [0]],
    )
    z = Symbol("z1[1]", real=True)
    assert read_answer("LeakyReLU(z1)", spellings(e)).subs(z, -10) == -2
    assert read_answer(r"\operatorname{LeakyReLU}'(z_1)", spellings(e)).subs(z, -10) == Rational(1, 5)


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(sorted(known("day12", "cs135"))), st.sampled_from(["", " ", r"\,"]))
def test_every_listed_spelling_is_read_as_listed(text: str, pad: str) -> None:
    names = known("day12", "cs135")
    assert read_answer(pad + text + pad, names) == names[text]
