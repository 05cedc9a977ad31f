"""How quantities are written under each profile: LaTeX names, written out by hand."""

import pytest

from symprop.notation import Names, Notation
from symprop.printing import Latex, Typst
from symprop.quantity import Quantity

ONE_TWO_ONE, DEEP = (1, 2, 1), (2, 3, 2)
TABLE = [
    (
        "cs135",
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
        },
    ),
    (
        "cs135",
        DEEP,
        {
            "x[2]": "x_{2}",
            "W1[2,3]": "w_{23}^{(1)}",
            "b2[1]": "b_{1}^{(2)}",
            "z1[3]": "z_{3}^{(1)}",
            "a2[2]": r"\hat{y}_{2}",
            "z1[2]@2": "z_{2}^{(1)[2]}",
            "E[1]@2": "E_{1}^{[2]}",
        },
    ),
    (
        "google",
        (1, 2, 2, 1),
        {
            "x[1]": "y_{1}",
            "z1[1]": "x_{2}",
            "a1[2]": "y_{3}",
            "W1[1,2]": "w_{13}",
            "W2[2,1]": "w_{34}",
            "W3[2,1]": "w_{56}",
            "a3[1]": "y_{6}",
            "y[1]": r"y_{\mathrm{target}}",
            "eta": r"\alpha",
            "alpha": r"\lambda",
        },
    ),
    ("ng", DEEP, {"W1[1,3]": "W_{31}^{[1]}", "z2[1]@2": "z_{1}^{[2](2)}", "a1[1]": "a_{1}^{[1]}", "E": "J"}),
    ("nielsen", DEEP, {"W1[1,3]": "w_{31}^{1}", "a2[1]": "a_{1}^{2}", "E": "C"}),
    ("sklearn", DEEP, {"W1[1,3]": "W_{13}^{(1)}", "a1[2]": "a_{2}^{(1)}"}),
    ("lecture", DEEP, {"W2[1,2]": "W_{21}^{(2)}", "E": "L"}),
    ("bar", ONE_TWO_ONE, {"dE/dz1[1]": r"\bar{z}_{1}^{(1)}"}),
]


@pytest.mark.parametrize(
    ("profile", "widths", "expected"), TABLE, ids=[f"{p}-{'-'.join(map(str, w))}" for p, w, _ in TABLE]
)
def test_a_profile_writes_names_as_its_source_does(
    profile: str, widths: tuple[int, ...], expected: dict[str, str]
) -> None:
    names = Names(Notation(profile=profile), widths, samples=2)
    written = {of: Latex(names).quantity(names.write(Quantity.parse(of))) for of in expected}
    assert written == expected


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
