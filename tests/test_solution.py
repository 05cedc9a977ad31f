"""What a Solution answers: values, expressions, steps, and zeros that hold only where they were proved."""

import pytest
from sympy import Matrix, Rational, Symbol, log

from symprop import MLP, load, solve, verify
from symprop.errors import DomainError, UsageError
from symprop.solution import Solution


@pytest.fixture(scope="module")
def day12() -> Solution:
    return solve(load("day12"))


def test_whole_layers_are_matrices_laid_out_as_scikit_learn_has_them(day12: Solution) -> None:
    assert day12.value("a1") == Matrix([[1, 2]])
    assert day12.value("dE/dW2") == Matrix([[2], [4]])
    assert day12.value("dE/db1") == Matrix([[2, 2]])


def test_only_the_first_backward_step_does_without_the_chain_rule(day12: Solution) -> None:
    backward = [step for step in day12.steps() if step.id.is_gradient]
    assert [str(step.id) for step in backward if not step.uses_chain_rule] == ["dE/da2[1]"]
    assert [str(step.id) for step in backward][:6] == [
        "dE/da2[1]",
        "dE/dz2[1]",
        "dE/da1[1]",
        "dE/da1[2]",
        "dE/dz1[1]",
        "dE/dz1[2]",
    ]


def test_a_step_names_its_factors(day12: Solution) -> None:
    step = day12.step("dE/dW1[1,2]")
    assert [[str(f) for f in pair] for pair in step.named] == [["dE/dz1[2]", "dz1[2]/dW1[1,2]"]]
    assert str(step.expression) == "dE/dz1[2]*x[1]"
    assert step.value == 2
    assert sorted(map(str, step.depends_on)) == ["dE/dz1[2]", "x[1]"]


def test_the_composed_loss_becomes_a_number_under_subs(day12: Solution) -> None:
    values = {
        "W1[1,1]": 1,
        "W1[1,2]": 2,
        "W2[1,1]": 1,
        "W2[2,1]": 1,
        "b1[1]": 0,
        "b1[2]": 0,
        "b2[1]": 0,
        "x[1]": 1,
        "y[1]": 1,
    }
    loss = day12.loss()
    assert loss.subs({Symbol(name, real=True): value for name, value in values.items()}) == 2


def test_a_local_derivative_has_a_value_and_a_form(day12: Solution) -> None:
    assert day12.value("dz2[1]/da1[2]") == 1
    assert str(day12.expression("da1[1]/dz1[1]")) == "relu_prime(z1[1])"
    with pytest.raises(UsageError, match="does not read"):
        day12.expression("dz2[1]/dx[1]")


@pytest.mark.parametrize(
    ("id", "why"),
    [
        ("z3[1]", "2 layers"),
        ("W1[1,9]", "largest index"),
        ("nonsense", "no quantity id"),
        ("new W1[1,1]", "no \\[update\\]"),
        ("z1[1]@2", "1 sample"),
    ],
)
def test_an_id_that_does_not_exist_is_told_with_its_reason(day12: Solution, id: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        day12.value(id)


def test_closed_forms_stay_closed_while_short() -> None:
    solution = solve(MLP([(1, "sigmoid")], loss="log_loss", x=[[1]], y=[[1]], W=[[["ln 3"]]], b=[[0]]))
    assert solution.value("a1[1]") == Rational(3, 4)
    assert solution.value("E") == log(Rational(4, 3)) or solution.value("E") == -log(Rational(3, 4))
    assert solution.value("dE/dz1[1]") == Rational(-1, 4)


def test_a_zero_proved_before_the_update_is_not_taken_for_one_after_it() -> None:
    """a - a is 0 by symmetry; one step of descent breaks the symmetry."""
    net = MLP(
        [(2, "sigmoid"), (1, "identity")],
        x=[["1/3"]],
        y=[[1]],
        W=[[[1, 1]], [[1], [-1]]],
        b=[[0, 0], [0]],
        update={"learning_rate": "0.1"},
    )
    solution = solve(net)
    assert solution.value("z2[1]") == 0
    assert solution.value("dE/dx[1]") == 0
    assert abs(solution.value("new z2[1]") - Rational("0.181016847866")) < Rational(1, 10**11)
    assert all(report.agrees for report in verify(solution))


def test_a_logarithm_of_nothing_names_its_quantity() -> None:
    with pytest.raises(DomainError, match=r"a1\[1\].*not positive"):
        solve(MLP([(1, "identity")], loss="poisson", x=[[1]], y=[[1]], W=[[[-1]]], b=[[0]]))


def test_a_step_of_a_long_run_is_worked_out_again_when_asked_for() -> None:
    """w <- w - 0.1 w has w = 0.9^k."""
    net = MLP(
        [(1, "identity")], x=[[1]], y=[[0]], W=[[[1]]], biases=False, update={"learning_rate": "0.1", "steps": 40}
    )
    solution = solve(net)
    assert solution.value("new@33 W1[1,1]") == Rational(9, 10) ** 33
    assert solution.value("new W1[1,1]") == Rational(9, 10) ** 40
    assert len(solution.losses) == 41


def test_sequential_order_uses_weights_that_are_already_new() -> None:
    """One unit a layer, x = 1, y = 0, w1 = w2 = 1: the output gradient is 1, w2 becomes 0.5, so the hidden one is seen as 0.5."""
    net = MLP(
        [(1, "identity"), (1, "identity")],
        x=[[1]],
        y=[[0]],
        W=[[[1]], [[1]]],
        biases=False,
        update={"learning_rate": "0.5", "order": "sequential"},
    )
    solution = solve(net)
    assert solution.value("dE/dW1[1,1]") == 1
    assert solution.value("used dE/dW1[1,1]") == Rational(1, 2)
    assert solution.value("new W1[1,1]") == Rational(3, 4)
