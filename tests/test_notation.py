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
from random_exercises import built, solved
from sympy.matrices.expressions import MatrixSymbol

from symprop import quantity as q
from symprop.errors import ExerciseError
from symprop.exercise import Exercise, json_schema, parse
from symprop.notation import GREEK, PROFILES, WORDS, Names, Notation
from symprop.printing import Latex, Speech, Typst
from symprop.quantity import Quantity, gradient, local
from symprop.sampling.generator import Generator
from symprop.solution import Solution, solve
from symprop.wording.page import names as names_of

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


def test_words_stand_upright_in_typst_too() -> None:
    names = Names(Notation(pre="net", post="out"), DEEP)
    assert Typst(names).quantity(names.write(Quantity.parse("z1[2]"))) == '"net"_(2)^("(1)")'


def test_a_bare_label_is_set_apart_from_a_transpose() -> None:
    names = Names(Notation(profile="nielsen"), DEEP)
    assert Latex(names).write(MatrixSymbol("W2", 2, 3).T) == r"(\mathbf{W}^{2})^{\top}"
    assert Latex(Names(Notation(profile="ng"), DEEP)).write(MatrixSymbol("W2", 2, 3).T) == r"\mathbf{W}^{[2]\top}"


# ---------------------------------------------------------------------- what clashes
def exercise(notation: str, network: str = "", tables: str = "") -> Exercise:
    """A 1-2-1 exercise in letters, from TOML."""
    return parse(
        'symprop = 1\n[network]\ninputs = 1\nlayers = [{ units = 2, activation = "relu" }, { units = 1 }]\n'
        f"{network}\n{tables}\n[notation]\n{notation}\n"
    )


ADAM, MOMENTUM = '[update]\nrule = "adam"', '[update]\nrule = "momentum"'
REFUSED = [
    # key named first, another thing the message must name, TOML of [notation], of [network], further tables
    ("pre", "target", 'pre = "y"', "", ""),
    ("target", "pre", 'target = "z"', "", ""),
    ("target", 'target = "y_target" would do', 'profile = "google"\ntarget = "y"', "", ""),
    ("penalty", "rate", 'rate = "alpha"\npenalty = "alpha"', "", ""),
    ("post", "bias", 'post = "B"', "", ""),
    ("loss", "input", 'loss = "X"', "", ""),
    ("output", "loss", 'output = "E"', "", ""),
    ("weight_letters", "target", 'weight_letters = ["u", "y"]', "", ""),
    ("weight_letters", "weight_letters", 'weight_letters = ["u", "U"]', "", ""),
    ("weight_letters", "1 letters for 2 layers", 'weight_letters = ["u"]', "", ""),
    ("weight_letters", "weight_style", 'weight_letters = ["u", "k"]\nweight_style = "sequential"', "", ""),
    ("output", "derivative", 'derivative = "bar"\noutput = "hat"', "", ""),
    ("loss", "Euler", 'loss = "e"', "", ""),
    ("rate", "sigmoid", 'rate = "sigma"', "", ""),
    ("post", "gradient", 'post = "delta"', "", ""),
    ("pre", "update.rule", 'pre = "v"', "", MOMENTUM),
    ("weight_letters", "update.rule", 'weight_style = "letters"', "", MOMENTUM),
    ("rate", "momentum", 'rate = "mu"', "", MOMENTUM),
    ("rate", "update.form", 'rate = "beta"', "", MOMENTUM + '\nform = "ema"'),
    ("post", "Adam", 'post = "m"', "", ADAM),
    ("loss", "network.penalty", 'loss = "R"', "penalty = { l2 = 0.1 }", ""),
    # no letters at all
    ("rate", 'did you mean "eta"', 'rate = "etta"', "", ""),
    ("pre", 'did you mean "net"', 'pre = "nett"', "", ""),
    ("loss", "one letter", 'loss = "\\\\input"', "", ""),
    ("loss", "one letter", 'loss = ""', "", ""),
    ("loss", "one letter", 'loss = "é"', "", ""),
    ("input", "one letter", 'input = "x_target"', "", ""),
    ("output", '"hat", "post"', 'output = "node"', "", ""),
    ("weight_letters", "one letter", 'weight_letters = ["u", "$v$"]', "", ""),
    ("first_layer", "0, 1 or 2", "first_layer = 3", "", ""),
    ("layer", '"[l]"', 'layer = "{l}"', "", ""),
    ("loss", "text in quotes", "loss = 1", "", ""),
]


@pytest.mark.parametrize(
    ("key", "named", "notation", "network", "tables"), REFUSED, ids=[r[2][:40] + r[4][-12:] for r in REFUSED]
)
def test_what_would_read_alike_or_is_no_letter_is_refused_by_key(
    key: str, named: str, notation: str, network: str, tables: str
) -> None:
    with pytest.raises(ExerciseError) as caught:
        exercise(notation, network, tables)
    message = str(caught.value)
    assert message.startswith(f"exercise: notation.{key}")
    assert named in message


@pytest.mark.parametrize(
    "notation", ['pre = "v"', 'loss = "R"', 'rate = "mu"', 'post = "m"', 'weight_style = "letters"']
)
def test_a_letter_that_nothing_else_uses_is_taken(notation: str) -> None:
    assert exercise(notation).notation


def test_a_clash_with_a_default_is_put_down_to_what_was_said() -> None:
    with pytest.raises(
        ExerciseError, match=r'^exercise: notation\.pre: "y" is also the letter of target; pre = "z" would do$'
    ):
        exercise('pre = "y"')


def test_the_letter_of_a_path_steps_aside() -> None:
    assert Notation().path_letter == "p"
    assert Notation(output="p").path_letter == "q"
    assert Notation(weight_style="letters").path_letter == "c"


# ---------------------------------------------------------------------- the schema
def test_the_schema_tells_every_setting_its_letters_and_its_profiles() -> None:
    settings = json_schema()["$defs"]["Notation"]["properties"]
    assert set(settings) == set(Notation.model_fields)
    for key, field in settings.items():
        entry = field.get("items", field)
        assert "enum" in field or "pattern" in entry, key
    assert "J in ng" in settings["loss"]["description"]
    assert "to_from in ng, nielsen, lecture" in settings["index"]["description"]


@pytest.mark.parametrize(
    "key", ["loss", "rate", "penalty", "input", "target", "pre", "post", "weight", "bias", "output"]
)
def test_schema_and_loader_take_the_same_letters(key: str) -> None:
    judge = jsonschema.Draft202012Validator({"$defs": json_schema()["$defs"], "$ref": "#/$defs/Notation"})
    free = ["k", "Q", "o", *(g for g in GREEK if g not in ("eta", "alpha", "sigma", "delta")), *WORDS]
    for letter in free:
        judge.validate({key: letter})
        assert getattr(exercise(f'{key} = "{letter}"').notation, key) == letter
    for letter in ("", "zz", "Eta", "x1", "\\eta", "é"):
        assert not judge.is_valid({key: letter})
        with pytest.raises(ValueError):
            Notation.model_validate({key: letter})


# ---------------------------------------------------------------------- laws
SEEDS = range(100)
LETTERS = [*"abcfghknopqrstuwxyzEJLCW", "theta", "gamma", "net", "out"]
CHOICES: dict[str, list[Any]] = {
    "loss": LETTERS,
    "rate": ["eta", "alpha", "lr", "epsilon"],
    "input": LETTERS,
    "target": ["y", "t", "y_target", "t_target"],
    "pre": LETTERS,
    "post": LETTERS,
    "output": ["hat", "post", "o", "p"],
    "weight": LETTERS,
    "weight_style": ["indices", "letters", "sequential"],
    "bias": LETTERS,
    "naming": ["day12", "layers", "nodes"],
    "layer": ["(l)", "[l]", "l", "sub"],
    "first_layer": [0, 1, 2],
    "sample": ["[n]", "(n)"],
    "index": ["from_to", "to_from"],
    "layout": ["rows", "columns"],
    "derivative": ["partial", "delta", "bar"],
}


def overrides(seed: int) -> Iterator[dict[str, Any]]:
    """Three profiles with some of their settings changed."""
    g = Generator(f"notation {seed}")
    for profile in (PROFILES * 2)[seed % 7 : seed % 7 + 3]:
        keys = [key for key in CHOICES if g.below(4) == 0]
        yield {"profile": profile} | {key: CHOICES[key][g.below(len(CHOICES[key]))] for key in keys}


def wholes(e: Exercise) -> Iterator[Quantity]:
    yield Quantity("x")
    yield from [Quantity("y")] if e.has_targets else []
    for layer in range(1, e.depth + 1):
        yield from (Quantity(name, layer) for name in "Wza")
        yield from [Quantity("b", layer)] if e.network.biases is True else []


def quantities(solution: Solution) -> list[Quantity]:
    """Every scalar and gradient of an exercise, slopes, and what updates make of its parameters."""
    e, graph = solution.exercise, solution.graph
    found = [n.id for n in graph]
    found += [gradient(of) for of in found if of != q.E]
    found += [local(n.id, graph.parents(n)[0].id) for n in graph if n.role == "activation"]
    rule = e.update.rule if e.update else ""
    states = {"": (), "sgd": ("new",), "adam": ("new", "m", "v")}.get(rule, ("new", "velocity"))
    found += [Quantity(p.name, p.layer, p.index, state=state) for p in e.parameter_ids() for state in states]
    found += [Quantity("eta")] if e.update else []
    return list(dict.fromkeys(found))


def test_the_settings_drawn_are_taken_often_enough() -> None:
    taken = 0
    for seed in SEEDS:
        for settings in overrides(seed):
            try:
                Notation(**settings)
                taken += 1
            except ValueError:
                pass
    assert taken > 130  # of 300


@cache
def plain(seed: int) -> tuple[list[Quantity], list[Quantity]]:
    solution = solved(seed)
    return quantities(solution), [*wholes(solution.exercise), *map(gradient, wholes(solution.exercise))]


@pytest.mark.parametrize("start", range(0, len(SEEDS), 10), ids=lambda start: f"seeds {start}-{start + 9}")
def test_no_two_quantities_are_written_or_said_alike(start: int) -> None:
    for seed in SEEDS[start : start + 10]:
        scalars, matrices = plain(seed)
        for settings in [*({"profile": profile} for profile in PROFILES), *overrides(seed)]:
            try:
                names = names_of(built(seed, notation=settings))
            except ExerciseError:
                continue  # refused: REFUSED says with what words
            for dialect in (Latex(names), Speech(names)):
                written = [dialect.quantity(names.write(of)) for of in scalars]
                written += [dialect.write(MatrixSymbol(str(of), 1, 1)) for of in matrices]
                heard = [name.lower() for name in written] if isinstance(dialect, Speech) else written
                twice = [name for name, count in Counter(heard).items() if count > 1]
                assert not twice, (seed, settings, names.widths, twice)


@pytest.mark.parametrize("start", range(0, len(SEEDS), 25), ids=lambda start: f"seeds {start}-{start + 24}")
def test_the_solution_does_not_depend_on_the_notation(start: int) -> None:
    for seed in SEEDS[start : start + 25]:
        ours = solved(seed)
        for settings in overrides(seed):
            try:
                e = built(seed, notation=settings)
            except ExerciseError:
                continue
            other = solve(e)
            assert other.graph == ours.graph
            assert other.derivations == ours.derivations
            if seed % 5 == 0:  # numbers come from these alone, and take their time
                assert other.steps() == ours.steps()
            break  # one other notation an exercise


# ---------------------------------------------------------------------- the document
TEXT = (Path(__file__).resolve().parent.parent / "docs" / "notation.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
def test_a_toml_block_of_the_document_is_a_notation(block: str) -> None:
    settings = tomllib.loads(block)["notation"]
    assert solve(built(3, notation=settings)).exercise.notation.profile == settings.get("profile", "cs135")


@pytest.mark.parametrize("block", re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
def test_a_python_block_of_the_document_runs(block: str) -> None:
    exec(compile(block, "docs/notation.md", "exec"), {})


def test_the_document_names_every_profile_and_setting() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted([*PROFILES, *Notation.model_fields])
