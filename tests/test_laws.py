"""Laws over seeded random exercises: what must hold for every network, checked by other means than the derivation's own."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import cache
from itertools import chain
from typing import Any

import pytest
from mpmath import MPContext
from random_exercises import COUNT, built, solved, still, tables
from sympy import Expr, Float, Integer, N, Rational, Symbol, diff, lambdify, log
from sympy.matrices.expressions import MatrixSymbol, Transpose

from symprop import quantity as q
from symprop.api import numbers, render, verify
from symprop.derive import derive
from symprop.errors import DomainError, KinkError
from symprop.exercise import MLP
from symprop.functions import (
    Kinked,
    Phi,
    Smooth,
    elu,
    elu_prime,
    gelu,
    gelu_tanh,
    leaky_relu,
    logistic,
    phi,
    relu,
    softmax,
    softplus,
    swish,
)
from symprop.graph import Graph, Node, symbol
from symprop.layers import LayerView
from symprop.notation import Notation
from symprop.oracles import OracleReport
from symprop.quantity import Quantity, gradient
from symprop.solution import Solution, solve

CHUNK = 12
MP = MPContext()
MP.dps = 70
KINKED = ("relu", "leaky_relu", "elu")


@pytest.fixture(scope="module", params=range(0, COUNT, CHUNK), ids=lambda start: f"seeds {start}-{start + CHUNK - 1}")
def seeds(request: pytest.FixtureRequest) -> range:
    """A few seeds at a time: module scope keeps the laws of the same seeds together, so that each is solved once."""
    return range(request.param, request.param + CHUNK)


@cache
def reports(seed: int) -> tuple[OracleReport, ...]:
    return verify(solved(seed))


# ---------------------------------------------------------------------- tools that know nothing of the derivation
def mp(value: Any) -> Any:
    """A SymPy number as a float of 70 digits."""
    if value.is_Rational:
        return MP.mpf(int(value.p)) / int(value.q)
    return MP.make_mpf(value.evalf(MP.dps)._mpf_)


def near(one: Any, other: Any, scale: Any = 0, tolerance: str = "1e-40") -> bool:
    """Equal to 40 digits of the larger one (or of what was added up to get it)."""
    one, other = (v if isinstance(v, MP.mpf) else mp(v) for v in (one, other))
    return bool(abs(one - other) <= MP.mpf(tolerance) * max(abs(one), abs(other), scale))


def size_of(solution: Solution) -> Any:
    """The largest gradient: what a sum that cancels is measured against."""
    return max([abs(mp(solution.value(d.id))) for d in solution.derivations.values()])


def evaluated(expression: Expr, at: dict[Symbol, Any]) -> Any:
    """The expression's value by a plain walk over its tree, at 70 digits; exactly 0 stays on its kink."""
    known: dict[Expr, Any] = {s: mp(v) for s, v in at.items()}

    def walk(e: Expr) -> Any:
        found = known.get(e)
        if found is None:
            found = known[e] = _applied(e, walk)
        return found

    return walk(expression)


def _applied(e: Expr, walk: Any) -> Any:
    if e.is_number and not e.args:
        return mp(e)
    if isinstance(e, Smooth):
        return walk(e.expanded)
    if isinstance(e, Kinked):
        t = walk(e.args[0])
        return walk(e.branch((t > 0) - (t < 0), *e.args))
    parts = [walk(argument) for argument in e.args]
    return {
        "Add": lambda: MP.fsum(parts),
        "Mul": lambda: MP.fprod(parts),
        "Pow": lambda: MP.power(*parts),
        "exp": lambda: MP.exp(*parts),
        "log": lambda: MP.log(*parts),
        "tanh": lambda: MP.tanh(*parts),
        "erf": lambda: MP.erf(*parts),
    }[type(e).__name__]()


def elementary(expression: Expr) -> Expr:
    """Our functions written out in exp, log, tanh and erf, so that SymPy's own rules differentiate them."""
    while ours := expression.atoms(Smooth):
        expression = expression.xreplace({f: f.expanded for f in ours})
    return expression


def parameter_values(solution: Solution) -> dict[Symbol, Expr]:
    return {node.symbol: node.given for node in solution.graph if node.given is not None}


def kinds(seed: int) -> list[str]:
    return [kind if isinstance(kind, str) else kind["name"] for _, kind in tables(seed)["layers"]]


def weights(seed: int) -> int:
    return sum(len(row) for matrix in tables(seed)["W"] for row in matrix)


def on_a_kink(solution: Solution) -> bool:
    return bool(solution.kinks)


# ---------------------------------------------------------------------- the oracles
def test_central_differences_agree(seeds: range) -> None:
    for seed in seeds:
        differences = reports(seed)[1]
        assert differences.agrees is True, (seed, differences.disagreements)
        assert differences.compared > 0
        assert differences.largest_error < 1e-20, seed


def test_scikit_learn_contradicts_nothing_to_12_digits(seeds: range) -> None:
    for seed in seeds:
        theirs = reports(seed)[0]
        assert theirs.agrees is not False, (seed, theirs.disagreements)
        if theirs.agrees and max(abs(mp(v)) for i, v in numbers(solved(seed)).items() if i[0] == "z") < 5:
            assert theirs.largest_error < 1e-12, seed


def test_scikit_learn_covers_the_plain_kinds() -> None:
    expressible = {
        ("identity", "half_squared_error"),
        ("identity", "mean_squared_error"),
        ("identity", "output"),
        ("logistic", "log_loss"),
        ("softmax", "cross_entropy"),
        ("exp", "poisson"),
    }
    plain = [
        s
        for s in range(COUNT)
        if (kinds(s)[-1], tables(s)["loss"]) in expressible
        and len(set(kinds(s)[:-1])) <= 1
        and set(kinds(s)[:-1]) <= {"identity", "logistic", "tanh", "relu"}
        and not (tables(s)["loss"] == "cross_entropy" and any(sum(row) != 1 for row in tables(s)["y"]))
    ]
    assert len(plain) >= 40
    for seed in plain[:: len(plain) // 12]:
        assert reports(seed)[0].agrees is True, (seed, reports(seed)[0].skipped)


def test_the_seeds_cover_every_kind() -> None:
    every = [tables(s) for s in range(COUNT)]
    assert COUNT >= 200
    assert {k for s in range(COUNT) for k in kinds(s)[:-1]} >= {
        "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "gelu", "swish", "softmax", "exp", "softplus", "own",
    }  # fmt: skip
    assert {len(t["layers"]) for t in every} == {1, 2, 3, 4, 5}
    assert {t["biases"] for t in every} == {True, False, "shared"}
    assert {t["batch"] for t in every} == {"mean", "sum"}
    assert {len(t["x"]) for t in every} == {1, 2, 3}
    assert {t["penalty"]["scale"] for t in every if t["penalty"]} == {"sklearn", "half", "plain"}
    assert {t["relu_at_zero"] for t in every} == {0, 1, "1/2"}
    rules = {(t["update"]["rule"], t["update"].get("form")) for t in every if t["update"]}
    assert rules == {("sgd", None), ("momentum", None), ("momentum", "ema"), ("nesterov", None), ("adam", None), ("adam", "paper")}  # fmt: skip
    assert any("order" in t["update"] for t in every if t["update"])


# ---------------------------------------------------------------------- two views of one derivation
def multiplied(view: LayerView, form: Any) -> list[list[Any]]:
    """A layer equation's right-hand side in numbers, by textbook matrix arithmetic."""
    if isinstance(form, MatrixSymbol):
        return [[mp(view.solution.value(of)) for of in row] for row in view.entries(Quantity.parse(form.name))]
    if isinstance(form, Transpose):
        return [list(row) for row in zip(*multiplied(view, form.arg), strict=True)]
    if form.name == "scaled":
        factor = evaluated(form.operands[0], parameter_values(view.solution))
        return [[factor * v for v in row] for row in multiplied(view, form.operands[1])]
    if form.name == "same":
        return multiplied(view, form.operands[0])
    left = multiplied(view, form.operands[0])
    if form.name == "total":
        if form.operands[1] == "rows":
            return [[MP.fsum(column) for column in zip(*left, strict=True)]]
        return [[MP.fsum(row)] for row in left]
    if form.name == "shared":
        return [[MP.fsum(chain(*left))]]
    right = multiplied(view, form.operands[1])
    if form.name == "product":
        return [[MP.fdot(row, column) for column in zip(*right, strict=True)] for row in left]
    assert form.name in ("sum", "difference")
    sign = 1 if form.name == "sum" else -1
    return [
        [v + sign * right[min(i, len(right) - 1)][min(j, len(right[0]) - 1)] for j, v in enumerate(row)]
        for i, row in enumerate(left)
    ]


def through_the_activation(view: LayerView, of: Quantity) -> Any:
    """dE/dz of a unit: what arrives at the outputs of its layer, each times da/dz."""
    z, solution = of.wrt, view.solution
    assert z is not None
    softmax = solution.exercise.network.layers[z.layer - 1].activation.name == "softmax"
    units = range(1, solution.exercise.widths[z.layer] + 1) if softmax else z.index
    outputs = [q.a(z.layer, k, z.sample) for k in units]
    return MP.fsum(mp(solution.value(gradient(a))) * mp(solution.value(q.local(a, z))) for a in outputs)


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_the_layer_view_equals_the_unit_view(seeds: range, layout: str) -> None:
    for seed in seeds:
        solution = solved(seed)
        exercise = solution.exercise.model_copy(update={"notation": Notation(layout=layout)})
        view = LayerView(Solution(exercise, solution.graph, solution.derivations, solution._run))
        scale = size_of(solution)
        for step in chain(view.forward(), view.backward(), view.parameters()):
            if step.form.name in ("function", "entry"):
                continue
            if step.form.name in ("hadamard", "jacobian"):
                right = [[through_the_activation(view, of) for of in row] for row in step.entries]
            else:
                right = multiplied(view, step.form)
            assert (len(right), len(right[0])) == step.shape, (seed, step.id)
            for i, row in enumerate(step.entries):
                for j, of in enumerate(row):
                    assert near(solution.value(of), right[i][j], scale), (seed, str(of), step.rule)


@pytest.mark.parametrize("output", ["logistic", "exp"])
def test_what_cancels_to_no_difference_has_no_cancelled_line_of_layers(output: str) -> None:
    """-y (1 - yhat) and -y are no multiples of yhat - y."""
    exercise = MLP([(2, output)], x=[["0.5"]], y=[[1, 0]], W=[[["0.3", "-0.2"]]], b=[[0, 0]], loss="cross_entropy")
    assert "cancelled" not in [step.rule for step in LayerView(solve(exercise)).backward()]


# ---------------------------------------------------------------------- brute force
def small_and_smooth() -> list[int]:
    """Seeds whose composed loss SymPy differentiates in no time."""
    return [
        s
        for s in range(COUNT)
        if not set(kinds(s)) & set(KINKED) and len(kinds(s)) <= 3 and weights(s) <= 8 and len(tables(s)["x"]) <= 2
    ][:48]


@pytest.mark.parametrize("part", range(8))
def test_differentiating_the_composed_loss_gives_the_same(part: int) -> None:
    chosen = small_and_smooth()
    assert len(chosen) >= 40
    for seed in chosen[part::8]:
        solution = solved(seed)
        at = parameter_values(solution)
        loss = elementary(solution.loss())
        parameters = [symbol(p) for p in solution.exercise.parameter_ids()]
        slopes = [diff(loss, p) for p in parameters]
        if all(v.is_Rational for v in at.values()) and set(kinds(seed)) == {"identity"}:
            for p, slope in zip(parameters, slopes, strict=True):
                assert slope.xreplace(at) == solution.value(f"dE/d{p}"), (seed, p)
            continue
        names = list(at)
        found = _called(names, slopes, [mp(at[s]) for s in names])
        scale = size_of(solution)
        for p, value in zip(parameters, found, strict=True):
            assert near(solution.value(f"dE/d{p}"), value, scale), (seed, p)


def _called(names: list[Symbol], expressions: list[Expr], at: list[Any]) -> list[Any]:
    import mpmath

    with mpmath.workdps(MP.dps):
        function = lambdify(names, expressions, "mpmath", cse=True)
        return [MP.mpf(v) for v in function(*(mpmath.mpf(v) for v in at))]


# ---------------------------------------------------------------------- what changes a gradient and what does not
def gradients(solution: Solution) -> dict[str, Any]:
    return {str(p): solution.value(gradient(p)) for p in solution.exercise.parameter_ids()}


def same(one: dict[str, Any], other: dict[str, Any], scale: Any, factor: int = 1) -> list[str]:
    assert one.keys() == other.keys()
    return [id for id in one if not near(one[id] * factor, other[id], scale)]


def test_a_shared_bias_gets_the_sum_of_the_units_gradients() -> None:
    shared = [s for s in range(COUNT) if tables(s)["biases"] == "shared"][:16]
    assert len(shared) == 16
    for seed in shared:
        one = still(seed)
        widths = one.exercise.widths
        own = [[b] * n for b, n in zip(tables(seed)["b"], widths[1:], strict=True)]
        many = solve(built(seed, update=None, penalty=None, biases=True, b=own))
        for layer in range(1, len(widths)):
            total = MP.fsum(mp(many.value(f"dE/db{layer}[{j}]")) for j in range(1, widths[layer] + 1))
            assert near(one.value(f"dE/db{layer}"), total, size_of(one)), (seed, layer)


def test_the_summed_batch_is_n_times_the_mean() -> None:
    several = [s for s in range(COUNT) if len(tables(s)["x"]) > 1][:20]
    for seed in several:
        mean, total = (solve(built(seed, update=None, penalty=None, batch=batch)) for batch in ("mean", "sum"))
        assert not same(gradients(mean), gradients(total), size_of(total), len(tables(seed)["x"])), seed


def test_a_duplicated_sample_leaves_the_mean_gradients_alone() -> None:
    for seed in [s for s in range(COUNT) if len(tables(s)["x"]) < 3][:20]:
        one = solve(built(seed, update=None, penalty=None, batch="mean"))
        rows = tables(seed)
        doubled = {key: rows[key] and rows[key] * 2 for key in ("x", "y")}
        two = solve(built(seed, update=None, penalty=None, batch="mean", **doubled))
        assert not same(gradients(one), gradients(two), size_of(one)), seed


def test_permuted_hidden_units_permute_the_gradients() -> None:
    chosen = [s for s in range(COUNT) if len(kinds(s)) > 1 and tables(s)["layers"][0][0] > 1][:20]
    for seed in chosen:
        rows, n = tables(seed), tables(seed)["layers"][0][0]
        turned = [*range(1, n), 0]  # new unit j is the old unit turned[j]
        W = [[[row[j] for j in turned] for row in rows["W"][0]], [rows["W"][1][j] for j in turned], *rows["W"][2:]]
        changes: dict[str, Any] = {"W": W}
        if rows["biases"] is True:
            changes["b"] = [[rows["b"][0][j] for j in turned], *rows["b"][1:]]
        before, after = still(seed), solve(built(seed, update=None, penalty=None, **changes))
        scale = size_of(before)
        for j, old in enumerate(turned):
            pairs = [(f"W1[{i + 1},{j + 1}]", f"W1[{i + 1},{old + 1}]") for i in range(len(W[0]))]
            pairs += [(f"W2[{j + 1},{k + 1}]", f"W2[{old + 1},{k + 1}]") for k in range(len(W[1][0]))]
            pairs += [(f"b1[{j + 1}]", f"b1[{old + 1}]")] if rows["biases"] is True else []
            for new, of in pairs:
                assert near(after.value(f"dE/d{new}"), before.value(f"dE/d{of}"), scale), (seed, new)


def test_python_floats_are_their_decimals() -> None:
    text = MLP([(2, "tanh"), (1, "logistic")], x=[["0.1", "0.2"]], y=[["0.7"]], W=[[["0.3", "-1.1"], ["0.7", "0.9"]], [["1e-3"], ["2.5"]]], b=[["0.1", "0.2"], ["-0.3"]])  # fmt: skip
    floats = MLP([(2, "tanh"), (1, "logistic")], x=[[0.1, 0.2]], y=[[0.7]], W=[[[0.3, -1.1], [0.7, 0.9]], [[1e-3], [2.5]]], b=[[0.1, 0.2], [-0.3]])  # fmt: skip
    assert numbers(solve(text)) == numbers(solve(floats))


# ---------------------------------------------------------------------- expressions and numbers say the same
def read_at(solution: Solution, ids: Iterable[Quantity]) -> dict[Symbol, Any]:
    update = solution.exercise.update
    constants = {} if update is None else {"eta": update.learning_rate, "mu": update.momentum, "beta": update.momentum, "beta1": update.beta1, "beta2": update.beta2, "epsilon": update.epsilon}  # fmt: skip
    return {symbol(of): constants[str(of)] if str(of) in constants else solution.value(of) for of in ids}


def test_every_step_reads_what_it_names_and_is_worth_what_it_says(seeds: range) -> None:
    for seed in seeds[::2]:
        update = tables(seed)["update"]  # one step: moments of earlier steps are computed again at every question
        solution = solve(built(seed, update={**update, "steps": 1})) if update else solved(seed)
        scale = size_of(solution)
        for step in solution.steps():
            assert {s.name for s in step.expression.free_symbols} == {str(of) for of in step.depends_on}, (
                seed,
                step.id,
            )
            at = read_at(solution, step.depends_on)
            assert near(step.value, evaluated(step.expression, at), scale), (seed, str(step.id))
            if step.cancelled is not None:
                short = {s: solution.value(s.name) for s in step.cancelled.free_symbols}
                assert near(step.value, evaluated(step.cancelled, short), scale), (seed, str(step.id))


def test_every_derivation_with_its_upstream_values_is_the_gradient(seeds: range) -> None:
    for seed in seeds[1::2]:
        solution = solved(seed)
        scale = size_of(solution)
        for d in solution.derivations.values():
            at = {s: solution.value(s.name) for s in d.expression.free_symbols}
            assert near(solution.value(d.id), evaluated(d.expression, at), scale), (seed, str(d.id))


def test_the_products_along_all_paths_add_up_to_the_gradient(seeds: range) -> None:
    for seed in seeds[::2]:
        solution = solved(seed)
        scale = size_of(solution)
        for p in solution.exercise.parameter_ids():
            count = solution.path_count(p)
            if count > 16:
                continue
            paths = solution.paths(p)
            assert len(paths) == count
            total = MP.zero
            for path in paths:
                assert path.through[0] == p
                assert path.through[-1] == q.E
                factors = [evaluated(e, {s: solution.value(s.name) for s in e.free_symbols}) for e in path.locals]
                total += MP.fprod(factors)
            assert near(solution.value(gradient(p)), total, scale), (seed, str(p))


def test_the_composed_gradient_is_worth_the_same(seeds: range) -> None:
    for seed in seeds:
        solution = solved(seed)
        if len(kinds(seed)) > 3 or weights(seed) > 8 or on_a_kink(solution):
            continue
        at = parameter_values(solution)
        scale = size_of(solution)
        for p in list(solution.exercise.parameter_ids())[:3]:
            composed = solution.expression(gradient(p), expand=True)
            assert composed.free_symbols <= at.keys(), (seed, str(p))
            assert near(solution.value(gradient(p)), evaluated(composed, at), scale), (seed, str(p))


X = Symbol("x", real=True)
FUNCTIONS = [logistic(X), softplus(X), swish(X), swish(X, Rational(3, 2)), gelu(X), gelu_tanh(X), relu(X), leaky_relu(X, Rational(1, 5)), elu(X, Rational(1, 2)), softmax(Integer(2), X, 2 * X)]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
@pytest.mark.parametrize("at", [0.5, -0.5])
def test_every_function_is_a_number_at_a_float(function: Expr, at: float) -> None:
    value = N(function.subs(X, at))
    assert value.is_Float or value.is_Rational, value
    assert near(value, evaluated(function, {X: Rational(at)}), tolerance="1e-14")


def slope_holds(function: Expr) -> bool:
    """Whether the stated derivative is the limit of differences, on both sides of 0."""
    h = MP.mpf("1e-25")
    for at in (Rational(1, 2), Rational(-1, 2)):
        above, below = (evaluated(function, {X: Float(mp(at) + d, MP.dps)}) for d in (h, -h))
        if not near(evaluated(diff(function, X), {X: at}), (above - below) / (2 * h), 1, "1e-30"):
            return False
    return True


@pytest.mark.parametrize("function", [*FUNCTIONS, gelu(X)], ids=str)
def test_every_stated_derivative_is_the_limit_of_differences(function: Expr) -> None:
    assert slope_holds(function)


SECOND = {Phi: Phi(X), phi: phi(X), elu_prime: elu_prime(X, Rational(1, 2))}


def second_derivatives_hold(kind: Any) -> bool:
    return slope_holds(SECOND[kind])


@pytest.mark.parametrize("kind", SECOND, ids=lambda kind: kind.__name__)
def test_derivatives_of_derivatives_are_limits_of_differences(kind: Any) -> None:
    assert second_derivatives_hold(kind)


def test_solving_twice_gives_identical_numbers(seeds: range) -> None:
    for seed in seeds[:3]:
        assert numbers(solve(built(seed))) == numbers(solved(seed)), seed


def test_a_symbolic_gradient_at_numbers_is_the_numeric_gradient() -> None:
    chosen = [s for s in range(COUNT) if len(kinds(s)) <= 2 and weights(s) <= 8 and not on_a_kink(still(s))][:14]
    for seed in chosen:
        rows, numeric = tables(seed), still(seed)
        shape = {"inputs": len(rows["x"][0]), "samples": len(rows["x"])}
        letters = solve(built(seed, x=None, y=None, W=None, b=None, **shape, update=None, penalty=None))
        assert letters.is_symbolic
        at = parameter_values(numeric)
        for p in numeric.exercise.parameter_ids():
            composed = letters.expression(gradient(p), expand=True)
            assert near(numeric.value(gradient(p)), evaluated(composed, at), size_of(numeric)), (seed, str(p))


def test_a_shared_bias_before_softmax_has_gradient_0_in_sequential_order_too() -> None:
    exercise = MLP(
        [(2, "tanh"), (2, "softmax")],
        x=[["0.5"]],
        y=[[1, 0]],
        W=[[["0.3", "-0.2"]], [["0.1", "0.4"], ["0.7", "0.2"]]],
        b=["0.1", "0.2"],
        biases="shared",
        loss="cross_entropy",
        update={"rule": "sgd", "learning_rate": "0.1", "order": "sequential"},
    )
    assert solve(exercise).value("new b2") == Rational(1, 5)


# ---------------------------------------------------------------------- graphs that are no layers
def node(text: str, definition: Expr | None = None) -> Node:
    return Node(Quantity.parse(text), "scalar", definition)


def worth(graph: Graph, leaves: dict[str, int]) -> dict[str, Expr]:
    """Values and gradients of a graph by putting numbers into its derivations one by one."""
    at: dict[Symbol, Expr] = {symbol(k): Integer(v) for k, v in leaves.items()}
    for n in graph:
        if n.definition is not None:
            at[n.symbol] = n.definition.xreplace(at)
    for d in derive(graph).values():
        at[symbol(d.id)] = d.expression.xreplace(at)
    return {s.name: v for s, v in at.items()}


def test_the_circuit_x_plus_y_times_z_is_derived_right() -> None:
    x, y, z, s = (symbol(t) for t in ("x[1]", "x[2]", "x[3]", "z1[1]"))
    graph = Graph((node("x[1]"), node("x[2]"), node("x[3]"), node("z1[1]", x + y), node("E", s * z)))
    found = worth(graph, {"x[1]": -2, "x[2]": 5, "x[3]": -4})
    assert found["E"] == -12  # the circuit of CS231n
    assert [found[f"dE/d{t}"] for t in ("x[1]", "x[2]", "x[3]", "z1[1]")] == [-4, -4, 3, -4]
    assert derive(graph)[Quantity.parse("x[1]")].uses_chain_rule
    assert not derive(graph)[Quantity.parse("x[3]")].uses_chain_rule


def test_a_weight_used_in_two_places_gets_both_contributions() -> None:
    w, x, first, second = (symbol(t) for t in ("W1[1,1]", "x[1]", "a1[1]", "a2[1]"))
    graph = Graph((node("x[1]"), node("W1[1,1]"), node("a1[1]", w * x), node("a2[1]", w * first), node("E", second**2)))
    found = worth(graph, {"x[1]": 2, "W1[1,1]": 3})
    assert found["E"] == 324
    assert found["dE/dW1[1,1]"] == 432  # E = w^4 x^2, 4 w^3 x^2
    assert found["dE/dx[1]"] == 324  # 2 w^4 x


# ---------------------------------------------------------------------- kinks
#: Ways to a second-layer pre-activation of exactly 0: first layer, its weights and biases, the weights after it.
ZEROS: dict[str, dict[str, Any]] = {
    "rationals": {"first": "identity", "W": [["1/3", "1/7", "10/21"]], "b": [0, 0, 0], "into": ["1", "1", "-1"]},
    "logarithms": {"first": "identity", "W": [[0, 0, 0]], "b": ["ln 6", "ln 2", "ln 3"], "into": ["1", "-1", "-1"]},
    "symmetry": {"first": "logistic", "W": [["1/3", "1/3", 0]], "b": [0, 0, 0], "into": ["1", "-1", "0"]},
}


def at_zero(way: str, activation: Any, relu_at_zero: Any) -> Any:
    """E = half the squared distance of 3 f(0) from 2, so dE/dz2[1] = -6 f'(0) whenever f(0) = 0."""
    z = ZEROS[way]
    return MLP(
        [(3, z["first"]), (1, activation), (1, "identity")],
        x=[[1]],
        y=[[2]],
        W=[z["W"], [[w] for w in z["into"]], [[3]]],
        b=[z["b"], [0], [0]],
        relu_at_zero=relu_at_zero,
    )


@pytest.mark.parametrize("way", ZEROS)
@pytest.mark.parametrize(
    ("activation", "relu_at_zero", "slope"),
    [
        ("relu", 0, "0"),
        ("relu", 1, "1"),
        ("relu", "1/2", "1/2"),
        ("leaky_relu", 0, "1/100"),
        ("leaky_relu", 1, "1"),
        ({"name": "leaky_relu", "slope": "0.2"}, "1/2", "3/5"),
        ("elu", 0, "1"),
        ({"name": "elu", "alpha": "1/2"}, 0, "1/2"),
        ({"name": "elu", "alpha": "1/2"}, "1/2", "3/4"),
    ],
    ids=str,
)
def test_exactly_0_gets_the_stated_convention(way: str, activation: Any, relu_at_zero: Any, slope: str) -> None:
    solution = solve(at_zero(way, activation, relu_at_zero))
    assert solution.value("z2[1]") == 0
    assert solution.value("dE/dz2[1]") == -6 * Rational(slope)
    assert solution.kinks == (() if activation == "elu" else (q.z(2, 1),))


@pytest.mark.parametrize("way", ZEROS)
def test_a_rejected_kink_names_its_unit(way: str) -> None:
    with pytest.raises(KinkError, match=r"z2\[1\].*kink"):
        solve(at_zero(way, "relu", "reject"))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("size", [Rational(1, 10**300), Rational(1, 10**30)], ids=["1e-300", "1e-30"])
def test_next_to_0_lies_on_its_own_side(sign: int, size: Rational) -> None:
    exercise = MLP(
        [(1, "relu"), (1, "identity")], x=[[1]], y=[[1]], W=[[[Rational(1, 3)]], [[2]]], b=[[sign * size - Rational(1, 3)], [0]]
    )  # fmt: skip
    solution = solve(exercise)
    assert solution.kinks == ()
    assert near(solution.value("z1[1]"), sign * size)
    slope = 2 * (2 * size - 1) if sign > 0 else 0
    assert near(solution.value("dE/dz1[1]"), mp(Integer(0) + slope))


def test_logarithms_that_almost_cancel_are_told_apart() -> None:
    hair = Rational(1, 10**120)
    for sign in (1, -1):
        b = log(6 + sign * hair) - log(2) - log(3)
        solution = solve(MLP([(1, "relu")], x=[[0]], y=[[1]], W=[[[1]]], b=[[b]]))
        assert solution.value("dE/db1[1]") == 0 if sign < 0 else near(solution.value("dE/db1[1]"), MP.mpf(-1))
        assert near(solution.value("z1[1]"), MP.mpf(sign) / (6 * MP.mpf(10) ** 120), tolerance="1e-49")


def test_201_digits_become_50_correct_ones() -> None:
    x, w = Fraction(10**200 + 267, 3**420), Fraction(7**238 + 2, 10**200)
    solution = solve(MLP([(1, "identity")], x=[[x]], y=[[0]], W=[[[w]]], b=[[0]], loss="squared_error"))
    with localcontext(prec=50, rounding=ROUND_HALF_UP):
        for id, exact in (("z1[1]", x * w), ("E", (x * w) ** 2), ("dE/dW1[1,1]", 2 * x * w * x)):
            value = solution.value(id)
            assert isinstance(value, Float)
            digits = (Decimal(exact.numerator) / Decimal(exact.denominator)).normalize()
        with localcontext(prec=80):
            exactly = Decimal(exact.numerator) / Decimal(exact.denominator)
            shown = Decimal(str(value))
            assert abs(shown - exactly) <= abs(exactly) * Decimal("1e-49"), id
        assert str(+shown) == str(digits)


def test_a_logarithm_of_0_is_refused_by_name() -> None:
    with pytest.raises(DomainError, match=r"a1\[1\]"):
        solve(MLP([(1, "relu")], x=[[1]], y=[[1]], W=[[["-1"]]], b=[[0]], loss="poisson"))


# ---------------------------------------------------------------------- rounding
SIGMOID: dict[str, Any] = {
    "layers": [(1, "logistic"), (1, "logistic")],
    "x": [["0.7"]],
    "y": [["0.2"]],
    "W": [[["1.3"]], [["-0.9"]]],
    "b": [["0.11"], ["0.45"]],
}


def test_each_step_from_its_rounded_predecessors() -> None:
    with localcontext(prec=40):

        def r(value: Decimal) -> Decimal:
            return value.quantize(Decimal("0.001"), ROUND_HALF_UP)

        def sigma(z: Decimal) -> Decimal:
            return 1 / (1 + (-z).exp())

        x, y, w1, w2, b1, b2 = (Decimal(t) for t in ("0.7", "0.2", "1.3", "-0.9", "0.11", "0.45"))
        hand = {"z1[1]": r(w1 * x + b1)}
        hand["a1[1]"] = r(sigma(hand["z1[1]"]))
        hand["z2[1]"] = r(w2 * hand["a1[1]"] + b2)
        a = hand["a2[1]"] = r(sigma(hand["z2[1]"]))
        hand["E"] = r((a - y) ** 2 / 2)
        hand["dE/da2[1]"] = r(a - y)
        hand["dE/dz2[1]"] = r(hand["dE/da2[1]"] * a * (1 - a))
        hand["dE/dW2[1,1]"] = r(hand["dE/dz2[1]"] * hand["a1[1]"])
        hand["dE/db2[1]"] = hand["dE/dz2[1]"]
        hand["dE/da1[1]"] = r(hand["dE/dz2[1]"] * w2)
        hand["dE/dz1[1]"] = r(hand["dE/da1[1]"] * hand["a1[1]"] * (1 - hand["a1[1]"]))
        hand["dE/dW1[1,1]"] = r(hand["dE/dz1[1]"] * x)
    solution = solve(MLP(**SIGMOID, rounding={"policy": "each", "decimals": 3}))
    for id, value in hand.items():
        assert solution.rounded(id) == Rational(str(value)), id
    assert solution.rounded("dE/dW1[1,1]") != solve(MLP(**SIGMOID)).value("dE/dW1[1,1]").round(3)


def test_rounding_at_the_end_changes_no_value() -> None:
    exact = numbers(solve(MLP(**SIGMOID)))
    for policy in ("end", "each", "exact"):
        solution = solve(MLP(**SIGMOID, rounding={"policy": policy, "decimals": 2}))
        assert numbers(solution) == exact
        if policy != "each":
            assert {id: solution.rounded(id) for id in exact} == exact


# ---------------------------------------------------------------------- the page
@pytest.mark.parametrize("seed", range(0, COUNT, 17))
def test_any_exercise_becomes_a_page_in_both_views(seed: int) -> None:
    for view in ("units", "layers"):
        text = render(solved(seed), "markdown", detail="full", view=view)
        assert text.count("$$") % 2 == 0
        assert r"\boxed" in text
