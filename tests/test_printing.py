"""The printers' rules of sign, bracket and order: what a lecturer would write, row by row, in both dialects."""

from fractions import Fraction
from typing import Any

import pytest
from sympy import Expr, Integer, Rational, S, exp, log, sqrt

from symprop.functions import leaky_relu, logistic, relu, relu_prime, softmax
from symprop.graph import symbol
from symprop.notation import Names, Notation
from symprop.printing import Chain, Factors, Latex, Shown, Typst

#: day12's own names: one input, two hidden units, one output.
NAMES = Names(Notation(), (1, 2, 1))
x, y, w, b, v = (symbol(t) for t in ("x[1]", "y[1]", "W1[1,1]", "b1[1]", "W2[1,1]"))
z, other, h, yhat = (symbol(t) for t in ("z1[1]", "z1[2]", "a1[1]", "a2[1]"))
dy, dz, dw, eta = (symbol(t) for t in ("dE/da2[1]", "dE/dz1[1]", "dE/dW1[1,1]", "eta"))
half = Fraction(1, 2)
UNIT, HALVED = w * x + b, (yhat - y) ** 2 / 2

#: Form, numbers put in (none: letters), LaTeX, Typst.
ROWS: list[tuple[Any, dict[Expr, Any] | None, str, str]] = [
    (UNIT, None, r"w_{11} x + b_{11}", "w_(11) x + b_(11)"),
    (UNIT, {w: 1, x: 2, b: 3}, r"1 \cdot 2 + 3", "1 dot 2 + 3"),
    (UNIT, {w: -1, x: 2, b: 3}, r"-1 \cdot 2 + 3", "-1 dot 2 + 3"),
    (UNIT, {w: 1, x: -2, b: 3}, r"1 \cdot (-2) + 3", "1 dot (-2) + 3"),
    (UNIT, {w: 1, x: 2, b: -3}, r"1 \cdot 2 - 3", "1 dot 2 - 3"),
    (UNIT, {w: -1, x: -2, b: -3}, r"-1 \cdot (-2) - 3", "-1 dot (-2) - 3"),
    (UNIT, {w: -half, x: Fraction(2, 3), b: Fraction(-1, 3)}, r"-0.5 \cdot \frac{2}{3} - \frac{1}{3}", "-0.5 dot frac(2, 3) - frac(1, 3)"),
    (UNIT, {w: 0, x: -2, b: 0}, r"0 \cdot (-2) + 0", "0 dot (-2) + 0"),
    (HALVED, None, r"\frac{1}{2} (\hat{y} - y)^{2}", "frac(1, 2) (hat(y) - y)^(2)"),
    (HALVED, {yhat: 3, y: -1}, r"\frac{1}{2} (3 - (-1))^{2}", "frac(1, 2) (3 - (-1))^(2)"),
    (HALVED, {yhat: -3, y: 1}, r"\frac{1}{2} (-3 - 1)^{2}", "frac(1, 2) (-3 - 1)^(2)"),
    (yhat - y, {yhat: -3, y: -1}, "-3 - (-1)", "-3 - (-1)"),
    (h * (1 - h), None, "h_{1} (1 - h_{1})", "h_(1) (1 - h_(1))"),
    (h * (1 - h), {h: Fraction(3, 4)}, "0.75 (1 - 0.75)", "0.75 (1 - 0.75)"),
    (1 - h**2, {h: -half}, "1 - (-0.5)^{2}", "1 - (-0.5)^(2)"),
    (dz * x, None, r"\frac{\partial E}{\partial z_{1}} \cdot x", "frac(partial E, partial z_(1)) dot x"),
    (dz * x, {dz: -2, x: -3}, r"-2 \cdot (-3)", "-2 dot (-3)"),
    (Chain(((dy, v),)), None, r"\frac{\partial E}{\partial \hat{y}} \cdot w_{21}", "frac(partial E, partial hat(y)) dot w_(21)"),
    (Chain(((dy, S.One),)), None, r"\frac{\partial E}{\partial \hat{y}} \cdot 1", "frac(partial E, partial hat(y)) dot 1"),
    (Chain(((dy, v), (dz, w))), {dy: -2, v: -1, dz: -3, w: 4}, r"-2 \cdot (-1) + (-3) \cdot 4", "-2 dot (-1) + (-3) dot 4"),
    (Factors((dy, w, x)), {dy: -1, w: -2, x: 3}, r"-1 \cdot (-2) \cdot 3", "-1 dot (-2) dot 3"),
    (-y / yhat + (1 - y) / (1 - yhat), None, r"\frac{1 - y}{1 - \hat{y}} - \frac{y}{\hat{y}}", "frac(1 - y, 1 - hat(y)) - frac(y, hat(y))"),
    (-y * log(yhat), None, r"-y \ln(\hat{y})", "-y ln(hat(y))"),
    (-y * log(yhat), {y: 0, yhat: half}, r"0 \cdot \ln(0.5)", "0 dot ln(0.5)"),
    (-y * log(yhat), {y: 1, yhat: half}, r"-1 \cdot \ln(0.5)", "-1 dot ln(0.5)"),
    (softmax(Integer(1), z, other), None, r"\frac{e^{z_{1}}}{e^{z_{1}} + e^{z_{2}}}", "frac(e^(z_(1)), e^(z_(1)) + e^(z_(2)))"),
    (softmax(Integer(1), z, other), {z: -1, other: 2}, r"\frac{e^{-1}}{e^{-1} + e^{2}}", "frac(e^(-1), e^(-1) + e^(2))"),
    (exp(z), {z: -1}, "e^{-1}", "e^(-1)"),
    (logistic(z), {z: 2}, r"\frac{1}{1 + e^{-2}}", "frac(1, 1 + e^(-2))"),
    (logistic(z), {z: -2}, r"\frac{1}{1 + e^{2}}", "frac(1, 1 + e^(2))"),
    (relu(z), {z: -2}, r"\max(0, -2)", "max(0, -2)"),
    (relu_prime(z), None, r"\operatorname{ReLU}'(z_{1})", 'op("ReLU")\'(z_(1))'),
    (leaky_relu(z, Rational(1, 100)), {z: -2}, r"\frac{1}{100} \cdot (-2)", "frac(1, 100) dot (-2)"),
    (w - eta * dw, None, r"w_{11} - \eta \frac{\partial E}{\partial w_{11}}", "w_(11) - eta frac(partial E, partial w_(11))"),
    (w - eta * dw, {w: 1, eta: Fraction(1, 10), dw: -2}, r"1 - 0.1 \cdot (-2)", "1 - 0.1 dot (-2)"),
    (-x, {x: -2}, "-(-2)", "-(-2)"),
    (-x, {x: 0}, "0", "0"),
    (x + y, {x: -2, y: -3}, "-2 - 3", "-2 - 3"),
    (x**2, {x: -2}, "(-2)^{2}", "(-2)^(2)"),
    (2 * yhat - 2 * y, None, r"2 \hat{y} - 2 y", "2 hat(y) - 2 y"),
    (-2 * x * y, {x: -1, y: 3}, r"-2 \cdot (-1) \cdot 3", "-2 dot (-1) dot 3"),
    (Shown(Fraction(-5, 2)), None, "-2.5", "-2.5"),
    (Shown(Fraction(1)), None, "1", "1"),
    (x / (sqrt(y) + eta), None, r"\frac{x}{\sqrt{y} + \eta}", "frac(x, sqrt(y) + eta)"),
]  # fmt: skip


def written(form: Any, numbers: dict[Expr, Any] | None) -> tuple[str, str]:
    """In LaTeX and in Typst."""
    exact = None if numbers is None else {s: Fraction(value) for s, value in numbers.items()}
    return Latex(NAMES, numbers=exact).write(form), Typst(NAMES, numbers=exact).write(form)


@pytest.mark.parametrize(("form", "numbers", "latex", "typst"), ROWS, ids=[row[2] for row in ROWS])
def test_a_form_is_written_as_a_lecturer_would(form: Any, numbers: Any, latex: str, typst: str) -> None:
    assert written(form, numbers) == (latex, typst)
