"""How quantities are written under each profile and setting, what clashes, and that nothing but printing depends on it."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sympy.matrices.expressions import MatrixSymbol

from symprop.notation import Names, Notation
from symprop.printing import Latex, Typst
from symprop.quantity import Quantity

ONE_TWO_ONE, DEEP, GOOGLE = (1, 2, 1), (2, 3, 2), (1, 2, 2, 1)
#: Settings, widths of the network, and names written out by hand.
TABLE: list[tuple[dict[str, Any], tuple[int, ...], dict[str, str]]] = [
    # profiles, as their sources write
    (
        {},
        ONE_TWO_ONE,
        {
            "x[1]": "x",
            "y[1]": "y",
            "W1[1,2]": "w_{12}",
            "W2[2,1]": "w_{22}",
            "b1[1]": "b_{11}",
            "b2[1]": "b_{2}",
            "z1[2]": "z_{2}",
            "a1[1]": "h_{1}",
            "z2[1]": r"z_{\mathrm{out}}",
            "a2[1]": r"\hat{y}",
            "E": "E",
            "eta": r"\eta",
            "alpha": r"\alpha",
            "new W1[1,2]": "w_{12}^{+}",
            "velocity W1[1,2]": "v_{w_{12}}",
            "used dE/dW1[1,2]": r"\frac{\partial E^{*}}{\partial w_{12}}",
        },
    ),
    (
        {},
        DEEP,
        {
            "x[2]": "x_{2}",
            "W1[2,3]": "w_{23}^{(1)}",
            "b2[1]": "b_{1}^{(2)}",
            "z1[3]": "z_{3}^{(1)}",
            "a2[2]": r"\hat{y}_{2}",
            "z1[2]@2": "z_{2}^{(1)[2]}",
            "E[1]@2": "E_{1}^{[2]}",
            "W2": r"\mathbf{W}_{2}",
            "z1": r"\mathbf{Z}_{1}",
        },
    ),
    (
        {"profile": "google"},
        GOOGLE,
        {
            "x[1]": "y_{1}",
            "z1[1]": "x_{2}",
            "a1[2]": "y_{3}",
            "W1[1,2]": "w_{13}",
            "W2[2,1]": "w_{34}",
            "W3[2,1]": "w_{56}",
            "a3[1]": "y_{6}",
            "b3[1]": "b_{6}",
            "y[1]": r"y_{\mathrm{target}}",
            "eta": r"\alpha",
            "alpha": r"\lambda",
            "x": r"\mathbf{Y}_{\mathrm{in}}",
            "y": r"\mathbf{Y}_{\mathrm{target}}",
            "dE/dz1[1]": r"\frac{\partial E}{\partial x_{2}}",
        },
    ),
    (
        {"profile": "ng"},
        DEEP,
        {
            "W1[1,3]": "W_{31}^{[1]}",
            "z2[1]@2": "z_{1}^{[2](2)}",
            "a1[1]": "a_{1}^{[1]}",
            "E": "J",
            "W2": r"\mathbf{W}^{[2]}",
            "a1": r"\mathbf{A}^{[1]}",
            "z1": r"\mathbf{Z}^{[1]}",
            "x[2]@3": "x_{2}^{(3)}",
            "eta": r"\alpha",
        },
    ),
    (
        {"profile": "nielsen"},
        DEEP,
        {
            "W1[1,3]": "w_{31}^{1}",
            "a2[1]": "a_{1}^{2}",
            "b2[1]": "b_{1}^{2}",
            "E": "C",
            "dE/dz1[3]": r"\delta_{3}^{1}",
            "dE/dW1[1,3]": r"\frac{\partial C}{\partial w_{31}^{1}}",
        },
    ),
    (
        {"profile": "sklearn"},
        DEEP,
        {"W1[1,3]": "W_{13}^{(1)}", "a1[2]": "a_{2}^{(1)}", "E": "L", "a2[1]": r"\hat{y}_{1}"},
    ),
    ({"profile": "lecture"}, DEEP, {"W2[1,2]": "W_{21}^{(2)}", "E": "L", "z1[2]": "z_{2}^{(1)}"}),
    (
        {"profile": "bar"},
        ONE_TWO_ONE,
        {
            "dE/dz1[1]": r"\bar{z}_{1}^{(1)}",
            "dE/da2[1]": r"\bar{a}_{1}^{(2)}",
            "dE/dy[1]": r"\bar{y}",
            "dE/dW1": r"\bar{\mathbf{W}}^{(1)}",
            "da2[1]/dz2[1]": r"\frac{\partial a_{1}^{(2)}}{\partial z_{1}^{(2)}}",
        },
    ),
    # single settings over a profile
    ({"loss": "J"}, ONE_TWO_ONE, {"E": "J", "dE/dz1[2]": r"\frac{\partial J}{\partial z_{2}}"}),
    ({"loss": "cost"}, DEEP, {"E": r"\mathrm{cost}", "E[2]@1": r"\mathrm{cost}_{2}^{[1]}"}),
    ({"rate": "alpha"}, ONE_TWO_ONE, {"eta": r"\alpha", "alpha": r"\lambda"}),
    ({"rate": "lr", "penalty": "gamma"}, ONE_TWO_ONE, {"eta": r"\mathrm{lr}", "alpha": r"\gamma"}),
    ({"input": "u"}, DEEP, {"x[1]": "u_{1}", "x": r"\mathbf{U}"}),
    ({"target": "t"}, ONE_TWO_ONE, {"y[1]": "t", "a2[1]": r"\hat{t}"}),
    ({"target": "y_target"}, DEEP, {"y[2]": r"y_{\mathrm{target},2}", "a2[2]": r"\hat{y}_{2}"}),
    ({"target": "t", "output": "y"}, ONE_TWO_ONE, {"y[1]": "t", "a2[1]": "y"}),
    ({"target": "t", "output": "o"}, DEEP, {"a2[2]@1": "o_{2}^{[1]}", "a2": r"\mathbf{O}"}),
    ({"output": "post"}, ONE_TWO_ONE, {"a2[1]": r"h_{\mathrm{out}}"}),
    ({"pre": "a", "post": "z"}, DEEP, {"z1[1]": "a_{1}^{(1)}", "a1[1]": "z_{1}^{(1)}"}),
    (
        {"pre": "net", "post": "out", "output": "post"},
        ONE_TWO_ONE,
        {"z1[1]": r"\mathrm{net}_{1}", "z2[1]": r"\mathrm{net}_{o}", "a2[1]": r"\mathrm{out}_{o}"},
    ),
    ({"weight": "theta", "bias": "c"}, DEEP, {"W1[1,2]": r"\theta_{12}^{(1)}", "b1[2]": "c_{2}^{(1)}", "W1": r"\boldsymbol{\theta}_{1}"}),
    ({"layer": "sub"}, DEEP, {"W1[2,3]": "w_{1,23}", "z2[1]": "z_{2,1}", "W2": r"\mathbf{W}_{2}"}),
    ({"layer": "[l]"}, ONE_TWO_ONE, {"W1[1,2]": "w_{12}^{[1]}", "a1[2]": "h_{2}^{[1]}"}),
    ({"layer": "l"}, ONE_TWO_ONE, {"b2[1]": "b_{1}^{2}", "W2": r"\mathbf{W}^{2}"}),
    ({"index": "to_from"}, ONE_TWO_ONE, {"W1[1,2]": "w_{21}^{(1)}", "W2[2,1]": "w_{12}^{(2)}"}),
    ({"profile": "google", "index": "to_from"}, GOOGLE, {"W1[1,2]": "w_{31}"}),
    ({"profile": "google", "output": "hat"}, GOOGLE, {"a3[1]": r"\hat{y}", "a2[1]": "y_{4}"}),
    ({"profile": "google", "target": "t"}, GOOGLE, {"y[1]": "t"}),
    ({"first_layer": 0}, ONE_TWO_ONE, {"W1[1,2]": "w_{02}", "W2[2,1]": "w_{12}", "b2[1]": "b_{1}"}),
    ({"profile": "sklearn", "first_layer": 0}, DEEP, {"W1[1,3]": "W_{13}^{(0)}", "z2": r"\mathbf{Z}^{(1)}"}),
    ({"profile": "nielsen", "first_layer": 2}, DEEP, {"W1[1,3]": "w_{31}^{2}", "a2[2]": "a_{2}^{3}"}),
    ({"sample": "(n)"}, DEEP, {"x[1]@2": "x_{1}^{(2)}", "z1[1]@2": "z_{1}^{(1)(2)}", "E@2": "E^{(2)}"}),
    ({"derivative": "delta"}, ONE_TWO_ONE, {"dE/dz1[2]": r"\delta_{2}", "dE/dz2[1]": r"\delta_{\mathrm{out}}"}),
    ({"derivative": "delta"}, DEEP, {"dE/dz1[2]@2": r"\delta_{2}^{(1)[2]}", "dE/da1[2]": r"\frac{\partial E}{\partial h_{2}^{(1)}}"}),
    ({"derivative": "bar"}, ONE_TWO_ONE, {"dE/dW1[1,2]": r"\bar{w}_{12}", "dE/da2[1]": r"\bar{h}_{\mathrm{out}}"}),
    ({"weight_style": "letters"}, ONE_TWO_ONE, {"W1[1,2]": "u_{2}", "W2[2,1]": "v_{2}", "W1": r"\mathbf{U}"}),
    ({"weight_style": "letters"}, DEEP, {"W1[2,3]": "u_{23}", "W2[3,1]": "v_{31}", "b1[2]": "b_{2}^{(1)}"}),
    ({"weight_letters": ["w", "v"], "index": "to_from"}, DEEP, {"W1[2,3]": "w_{32}", "W2[3,1]": "v_{13}"}),
    ({"weight_letters": ["theta", "phi"]}, DEEP, {"W1[2,3]": r"\theta_{23}", "dE/dW2[3,1]": r"\frac{\partial E}{\partial \phi_{31}}"}),
    ({"weight_style": "sequential"}, ONE_TWO_ONE, {"W1[1,1]": "w_{1}", "W1[1,2]": "w_{2}", "W2[1,1]": "w_{3}", "W2[2,1]": "w_{4}"}),
    ({"weight_style": "sequential"}, (2, 2, 1), {"W1[1,2]": "w_{2}", "W1[2,1]": "w_{3}", "W2[2,1]": "w_{6}"}),
    # Mazur: w1 and w2 enter h1, w3 and w4 enter h2
    ({"weight_style": "sequential", "index": "to_from"}, (2, 2, 2), {"W1[2,1]": "w_{2}", "W1[1,2]": "w_{3}", "W2[1,1]": "w_{5}", "W2[2,2]": "w_{8}"}),
]  # fmt: skip
CASES = [(settings, widths, of, latex) for settings, widths, names in TABLE for of, latex in names.items()]


@pytest.mark.parametrize(("settings", "widths", "of", "latex"), CASES, ids=[f"{c[0]} {c[1]} {c[2]}" for c in CASES])
def test_a_quantity_is_written_as_its_settings_say(
    settings: dict[str, Any], widths: tuple[int, ...], of: str, latex: str
) -> None:
    names = Names(Notation(**settings), widths, samples=2)
    assert Latex(names).quantity(names.write(Quantity.parse(of))) == latex


def test_indices_of_two_digits_are_kept_apart() -> None:
    names = Names(Notation(), (12, 11, 2))
    assert Latex(names).quantity(names.write(Quantity.parse("W1[1,11]"))) == "w_{1,11}^{(1)}"
    assert Typst(names).quantity(names.write(Quantity.parse("W1[1,11]"))) == 'w_("1,11")^("(1)")'


def test_a_derivative_is_a_fraction_of_two_names() -> None:
    names = Names(Notation(), ONE_TWO_ONE)
    assert (
        Latex(names).quantity(names.write(Quantity.parse("da1[1]/dz1[1]"))) == r"\frac{\partial h_{1}}{\partial z_{1}}"
    )
    assert Typst(names).quantity(names.write(Quantity.parse("dE/dW2[2,1]"))) == "frac(partial E, partial w_(22))"


@pytest.mark.parametrize("text", ["x[1]", "W1[1,2]", "z2[1]@3", "E", "E[2]@1", "dE/dW1[1,2]", "da1[1]@3/dz1[1]@3", "new W1[1,2]", "new@2 dE/dW1[1,2]",
                                  "used@3 dE/dz1[1]", "velocity@1 b1[2]", "m@2 W1[1,1]", "b1", "dE/dW2", "R", "alpha", "dE/dalpha"])  # fmt: skip
def test_an_id_is_written_as_it_was_read(text: str) -> None:
    assert str(Quantity.parse(text)) == text


def test_slugs_are_plain_and_distinct() -> None:
    ids = [
        "x[1]",
        "x[1]@1",
        "W1[1,2]",
        "W11[1,2]",
        "b1[1]",
        "b11",
        "dE/dz1[1]",
        "dE/dz1[1]@1",
        "new z1[1]",
        "new@1 z1[1]",
        "E",
        "E[1]",
        "E@1",
    ]
    slugs = [Quantity.parse(of).slug for of in ids]
    assert len(set(slugs)) == len(slugs)
    assert all(c.isalnum() or c == "-" for slug in slugs for c in slug)
