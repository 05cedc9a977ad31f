"""Block-diagonal packs: each net's numbers are those of scikit-learn on that net alone, and no wrong number passes."""

from typing import Any

import numpy
import pytest

from symprop import api
from symprop.exercise import MLP, Exercise, load
from symprop.oracles import sklearn
from symprop.oracles.packs import PACK, Packs
from symprop.sampling.draw import versions
from symprop.sampling.shape import Shape
from symprop.solution import solve


def wide(output: str = "identity", loss: str = "half_squared_error", **more: Any) -> Exercise:
    layers = [(4, "relu"), (4, "relu"), (2, output)]
    W = [[[1] * 4] * 2, [[1] * 4] * 4, [[1] * 2] * 4]
    return MLP(layers, x=[[1, 2]], y=[[1, 2]], W=W, b=[[1] * 4, [1] * 4, [1] * 2], loss=loss, **more)


EXERCISES = {
    "day12": load("day12"),
    "2-4-4-2": wide(),
    "mean": wide(loss="mean_squared_error"),
    "shared biases": MLP(
        [(2, "relu"), (1, "identity")], x=[[1, 2]], y=[[1]], W=[[[1, 2], [2, 1]], [[1], [2]]], b=[1, 2], biases="shared"
    ),
}


def table(exercise: Exercise, n: int) -> tuple[Shape, list[list[Any]]]:
    shape = Shape(exercise)
    rows = (shape.values(shape.row(version.exercise)) for version in versions(exercise, n, 11, {"conditions": False}))
    return shape, [row for row in rows if row is not None]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_pack_finds_what_scikit_learn_finds_in_each_net_alone(name: str) -> None:
    shape, rows = table(EXERCISES[name], 30)
    packs = Packs.of(EXERCISES[name], [str(of) for of in shape.ids])
    assert packs is not None
    findings = packs.check(rows)
    for k in (0, 1, len(rows) - 1):
        solution = solve(shape.fill(rows[k][: len(shape.leaves)]))
        alone = sklearn.check(solution.exercise, api.numbers(solution)).values
        assert dict(zip(findings.ids, findings.theirs[k], strict=True)) == pytest.approx(alone, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_right_version_agrees_also_across_packs(name: str) -> None:
    shape, rows = table(EXERCISES[name], 2 * PACK)
    packs = Packs.of(EXERCISES[name], [str(of) for of in shape.ids])
    assert packs is not None
    assert packs.check(rows).agrees.all()


def test_one_changed_number_is_found_in_its_own_version_and_no_other() -> None:
    shape, rows = table(wide(), 40)
    packs = Packs.of(wide(), [str(of) for of in shape.ids])
    assert packs is not None
    right = numpy.array(rows, dtype=float)
    for k, id in enumerate(packs.ids):
        wrong = right.copy()
        version = k % len(rows)
        wrong[version, packs.column[id]] += 1e-6 * max(1.0, numpy.abs(right[version]).max())
        assert list(numpy.flatnonzero(~packs.check(wrong).agrees)) == [version], id


def test_a_number_that_is_none_does_not_agree() -> None:
    shape, rows = table(load("day12"), 10)
    packs = Packs.of(load("day12"), [str(of) for of in shape.ids])
    assert packs is not None
    wrong = numpy.array(rows, dtype=float)
    wrong[3, packs.column["E"]] = numpy.nan
    assert list(numpy.flatnonzero(~packs.check(wrong).agrees)) == [3]


def test_a_unit_within_rounding_of_its_kink_is_not_sure() -> None:
    # 0.2 + 0.1 - 0.4 + 0.1 is 0, and 2.8e-17 in floats
    exercise = MLP(
        [(1, "relu"), (1, "identity")], x=[["0.2", "0.1", "0.4", "0.1"]], y=[[1]], W=[[[1], [1], [-1], [1]], [[1]]], b=[[0], [0]]
    )  # fmt: skip
    solution = solve(exercise)
    shape = Shape(exercise)
    packs = Packs.of(exercise, [str(of) for of in shape.ids])
    assert packs is not None
    assert not packs.check([[float(solution.value(of)) for of in shape.ids]]).sure.any()


@pytest.mark.parametrize(
    "exercise", [load("softmax"), load("batch"), load("mazur"), wide("tanh")], ids=lambda e: e.name
)
def test_where_blocks_would_be_coupled_or_are_no_nets_of_scikit_learn_there_is_no_pack(exercise: Exercise) -> None:
    assert Packs.of(exercise, [str(of) for of in Shape(exercise).ids]) is None
