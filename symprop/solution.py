"""Graph + derivations + numbers -> Solution: values, adjoints, steps. No text.

Numbers are put in once, exactly. When an interval is too wide for 50 digits, or cannot tell a pre-activation from its kink,
everything is computed again with twice the digits, up to 1,000; then an exact proof is tried.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from sympy import Add, Expr, Function, Matrix, Rational, S, Symbol, count_ops, exp, expand, numer, together

from symprop import graph as graphs
from symprop import quantity as q
from symprop import update as updates
from symprop.arithmetic import (
    MAX_DIGITS,
    SHOWN_DIGITS,
    Arithmetic,
    OutOfDomain,
    Rounded,
    Undecided,
    Value,
    end,
    exact,
    public,
    rational,
    shared,
)
from symprop.derive import Derivation, derive, local_derivative, names_of_functions
from symprop.errors import DomainError, KinkError, UsageError
from symprop.exercise import Exercise
from symprop.functions import CONVENTIONAL, Kinked, log_argument, softmax
from symprop.graph import Graph, Node, symbol
from symprop.quantity import Quantity, gradient

#: States (values of every node and adjoint) that a long run of updates keeps; others are computed again when asked for.
KEPT_STATES = 20
#: Composed expressions beyond this many operations are not searched for a proof that they are 0.
PROOF_OPERATIONS = 5_000

Numbers = dict[Symbol, Value]


@dataclass(frozen=True)
class Step:
    """One line of the derivation.

    `expression` is the right-hand side in symbols, `named` its factors by name (upstream, local) where it is a derivative,
    `value` a SymPy number (None when the exercise is symbolic).
    """

    id: Quantity
    rule: str
    expression: Expr
    value: Expr | None
    depends_on: tuple[Quantity, ...]
    uses_chain_rule: bool = False
    named: tuple[tuple[Expr, Expr], ...] = ()
    cancelled: Expr | None = None


@dataclass(frozen=True)
class Path:
    """One way from a quantity to the loss: the ids passed, and the local derivatives along it."""

    through: tuple[Quantity, ...]
    locals: tuple[Expr, ...]


@dataclass(frozen=True)
class _Run:
    """Everything numeric: states by update step (0 = before), the rule's moments, and the loss after each step."""

    states: Mapping[int, Numbers]
    moments: Numbers
    losses: tuple[Value, ...]
    digits: int


@dataclass(frozen=True)
class Solution:
    """A solved exercise. Ids may be given as text or as Quantity."""

    exercise: Exercise
    graph: Graph
    derivations: Mapping[Quantity, Derivation]
    _run: _Run | None = field(default=None, repr=False)
    _rounded: _Run | None = field(default=None, repr=False)
    #: Pre-activations that lie exactly on a kink whose derivative is a convention.
    kinks: tuple[Quantity, ...] = ()
    #: Quantities that are 0 to 1,000 digits without an exact proof (after updates of a symmetric network, say).
    unproved: tuple[str, ...] = ()
    _earlier: dict[tuple[int, int | None], _Run] = field(default_factory=dict, repr=False, compare=False)

    # ------------------------------------------------------------------ asking
    @property
    def is_symbolic(self) -> bool:
        return self._run is None

    @property
    def digits(self) -> int:
        """Decimal digits that the intervals were computed with."""
        return self._run.digits if self._run else 0

    def resolve(self, of: "Quantity | str") -> Quantity:
        """The canonical id. Raises UsageError when the exercise has no such quantity."""
        found = Quantity.parse(of) if isinstance(of, str) else of
        found = self.exercise.require(found)
        if found.state and not found.step:
            assert self.exercise.update is not None
            found = replace(found, step=self.exercise.update.steps)
        return found

    def value(self, of: "Quantity | str") -> Any:
        """A SymPy number (Rational, closed form, or Float of 50 digits), or a Matrix for a name without index.

        Matrices are laid out as scikit-learn's arrays: weights inputs x outputs, vectors one row a sample.
        Raises UsageError for an unknown id, or when the exercise has no numbers.
        """
        return self._value(of, self._run)

    def rounded(self, of: "Quantity | str") -> Any:
        """The value in the chain that is rounded at each step (policy "each"); the exact value under the other policies."""
        return self._value(of, self._rounded or self._run)

    def _value(self, of: "Quantity | str", run: _Run | None) -> Any:
        wanted = self.resolve(of)
        if run is None:
            raise UsageError(f'"{of}": this exercise is symbolic, it has no numbers')
        members = self.members(wanted)
        if isinstance(members, list):
            return Matrix([[public(self._scalar(m, run)) for m in row] for row in members])
        return public(self._scalar(members, run))

    def number(self, of: Quantity, *, rounded: bool = False) -> Value:
        """The value of a scalar as the arithmetic holds it; `rounded`: in the chain of policy "each", where there is one."""
        run = (self._rounded or self._run) if rounded else self._run
        assert run is not None
        return self._scalar(of, run)

    def members(self, wanted: Quantity) -> Quantity | list[list[Quantity]]:
        """The scalars of a whole, laid out as a matrix; a scalar's own id."""
        core = wanted.wrt if wanted.wrt is not None else wanted
        if (
            core.index
            or core.name not in ("x", "y", "W", "b", "z", "a")
            or (core.name == "b" and self.exercise.network.biases == "shared")
        ):
            return wanted

        def put(inner: Quantity) -> Quantity:
            return (
                replace(wanted, wrt=inner)
                if wanted.wrt is not None
                else replace(inner, state=wanted.state, step=wanted.step)
            )

        widths = self.exercise.widths
        if core.name == "W":
            return [
                [put(q.W(core.layer, i, j)) for j in range(1, widths[core.layer] + 1)]
                for i in range(1, widths[core.layer - 1] + 1)
            ]
        if core.name == "b":
            return [[put(b) for b in self.exercise.bias_ids(core.layer)]]
        width = {"x": widths[0], "y": widths[-1]}.get(core.name, widths[core.layer])
        rows = [core.sample] if core.sample else self.exercise.sample_numbers
        return [[put(replace(core, index=(j,), sample=n)) for j in range(1, width + 1)] for n in rows]

    def _scalar(self, of: Quantity, run: _Run) -> Value:
        if of.state and of.state != "new":
            if symbol(of) in run.moments:
                return run.moments[symbol(of)]
            run = self._again(of.step, run)
            if symbol(of) not in run.moments:
                raise UsageError(f'"{of}": the update rule keeps no such number')
            return run.moments[symbol(of)]
        numbers = run.states.get(of.step)
        if numbers is None:
            numbers = self._again(of.step, run).states[of.step]
        base = of.base
        if base.wrt is not None and not base.is_gradient:
            return self._evaluate(self.expression(base), numbers, run)
        found = numbers.get(symbol(base))
        if found is None:
            raise UsageError(
                f'"{of}": the loss does not depend on it' if base.is_gradient else f'"{of}": no such quantity here'
            )
        return found

    def _again(self, step: int, run: _Run) -> _Run:
        """The run up to an earlier step whose state was not kept."""
        rounding = self.exercise.rounding.decimals if run is self._rounded and self.exercise.rounding else None
        if (step, rounding) not in self._earlier:
            solver = _Solver(self.exercise, self.graph, self.derivations, last=step, decimals=rounding)
            self._earlier[step, rounding] = solver.run()
        return self._earlier[step, rounding]

    def _evaluate(self, expression: Expr, numbers: Numbers, run: _Run) -> Value:
        return shared(run.digits).evaluate(expression, numbers)

    def numbers(self, step: int = 0, *, rounded: bool = False) -> Numbers:
        """Symbol -> value of every node and adjoint after `step` updates."""
        run = (self._rounded or self._run) if rounded else self._run
        assert run is not None
        return run.states[step] if step in run.states else self._again(step, run).states[step]

    def loss_with(self, changed: Mapping[Quantity, Fraction]) -> Value:
        """The loss with some inputs or parameters changed, before any update: one forward pass.

        Raises OutOfDomain where a number leaves a function's domain.
        """
        assert self._run is not None
        numbers = {node.symbol: self._run.states[0][node.symbol] for node in self.graph if node.definition is None}
        numbers |= {symbol(of): value for of, value in changed.items()}
        for node in self.graph:
            if node.definition is not None:
                numbers[node.symbol] = self._evaluate(node.definition, numbers, self._run)
        return numbers[symbol(q.E)]

    @property
    def losses(self) -> tuple[Expr, ...]:
        """The loss before the update and after each step."""
        return tuple(public(v) for v in self._run.losses) if self._run else ()

    # ------------------------------------------------------------------ expressions
    def derivation(self, of: "Quantity | str") -> Derivation:
        """The chain-rule derivation of dE/d(of), or of the gradient id itself."""
        wanted = self.resolve(of)
        target = wanted.wrt if wanted.is_gradient and wanted.wrt is not None else wanted
        if isinstance(self.members(wanted), list):
            raise UsageError(f'"{of}" is a whole vector or matrix; ask for one entry')
        if target.base not in self.derivations:
            raise UsageError(f'"{of}": no derivation; the loss does not depend on it')
        return self.derivations[target.base]

    def expression(self, of: "Quantity | str", expand: bool = False) -> Expr:
        """The right-hand side in the symbols it reads; with `expand`, composed down to inputs, targets and parameters."""
        wanted = self.resolve(of)
        if wanted.state:
            local = self._state_expression(wanted)
            return self._composed_state(local) if expand else local
        if wanted.is_gradient:
            derivation = self.derivation(wanted)
            local = derivation.short
        elif wanted.wrt is not None:
            of_node, by = self._node(replace(wanted, wrt=None)), self._node(wanted.wrt)
            if by not in self.graph.parents(of_node):
                raise UsageError(f'"{of}": {of_node.id} does not read {by.id} directly')
            local = local_derivative(of_node, by.symbol, self._siblings, self._convention)
        else:
            node = self._node(wanted)
            local = node.symbol if node.definition is None else node.definition
        return self._composed(local) if expand else local

    def _node(self, of: Quantity) -> Node:
        if of not in self.graph:
            raise UsageError(
                f'"{of}" is a whole vector or matrix; ask for one entry'
                if isinstance(self.members(of), list)
                else f'"{of}": no such quantity here'
            )
        return self.graph[of]

    @cached_property
    def _siblings(self) -> dict[Expr, Symbol]:
        return names_of_functions(self.graph)

    @property
    def _convention(self) -> Expr:
        return convention(self.exercise)

    def _state_expression(self, wanted: Quantity) -> Expr:
        update = self.exercise.update
        assert update is not None
        if wanted.state == "used" and wanted.wrt is not None:
            return _sequential(self.derivations[wanted.wrt], wanted.step, self.graph)[1]
        if wanted.base.is_parameter:
            for id_, expression in updates.rule(update, wanted.base, wanted.step):
                if id_ == wanted:
                    return expression
            raise UsageError(f'"{wanted}": the update rule keeps no such number')
        inner = self.expression(wanted.base)
        return inner.xreplace(
            {
                s: symbol(Quantity.parse(s.name).after(wanted.step))
                for s in inner.free_symbols
                if self._changes(Quantity.parse(s.name))
            }
        )

    def _changes(self, of: Quantity) -> bool:
        """Whether an update gives this quantity a new value."""
        if of.wrt is not None:
            return True
        return of.name in ("z", "a", "E", "R") or (of.is_parameter and of in updates.parameters(self.exercise))

    def _composed(self, expression: Expr) -> Expr:
        """Down to leaves: definitions and derivations put in, latest first."""
        order = {node.symbol: node.definition for node in self.graph if node.definition is not None}
        adjoints = {symbol(d.id): d.short for d in self.derivations.values()}
        return _compose(expression, [*order.items()], [*adjoints.items()])

    def _composed_state(self, expression: Expr) -> Expr:
        while pending := [s for s in expression.free_symbols if Quantity.parse(s.name).state]:
            expression = expression.xreplace({s: self._state_expression(Quantity.parse(s.name)) for s in pending})
        return self._composed(expression)

    def loss(self) -> Expr:
        """The loss as one composed SymPy expression in inputs, targets and parameters."""
        return self.expression(q.E, expand=True)

    # ------------------------------------------------------------------ paths and steps
    def path_count(self, of: "Quantity | str") -> int:
        """The number of paths from a quantity to the loss."""
        target = self.derivation(of).target
        counts = {self.graph.loss: 1}
        for derivation in self.derivations.values():
            counts[derivation.target] = sum(counts[t.via] for t in derivation.terms)
        return counts[target]

    def paths(self, of: "Quantity | str", limit: int = 16) -> list[Path]:
        """The first `limit` paths from a quantity to the loss; their products of local derivatives add up to the gradient."""

        def walk(target: Quantity) -> Iterator[Path]:
            if target == self.graph.loss:
                yield Path((target,), ())
                return
            for term in self.derivations[target].terms:
                for rest in walk(term.via):
                    yield Path((target, *rest.through), (term.local, *rest.locals))

        found = []
        for path in walk(self.derivation(of).target):
            found.append(path)
            if len(found) == limit:
                break
        return found

    def step(self, of: "Quantity | str") -> Step:
        """One line of the derivation."""
        wanted = self.resolve(of)
        expression = self.expression(wanted)
        value = None if self.is_symbolic else self.value(wanted)
        reads = tuple(sorted((Quantity.parse(s.name) for s in expression.free_symbols), key=str))
        if wanted.state:
            return Step(wanted, wanted.state if not wanted.base.is_parameter else "update", expression, value, reads)
        if wanted.is_gradient:
            d = self.derivation(wanted)
            reads = tuple(sorted((Quantity.parse(s.name) for s in d.expression.free_symbols), key=str))
            return Step(
                wanted,
                "chain rule" if d.uses_chain_rule else "derivative of the loss",
                d.expression,
                value,
                reads,
                d.uses_chain_rule,
                d.named,
                d.cancelled,
            )
        rule = self.graph[wanted].role if wanted.wrt is None else "local derivative"
        return Step(wanted, rule, expression, value, reads)

    def steps(self) -> tuple[Step, ...]:
        """Forward pass, backward pass from the loss, parameters last layer first, then the first update."""
        forward = [n.id for n in self.graph if n.definition is not None]
        inner = [
            d.id for d in self.derivations.values() if self.graph[d.target].role in ("pre-activation", "activation")
        ]
        inner.sort(key=lambda g: (-g.wrt.layer, g.wrt.name != "a", g.wrt.sample, g.wrt.index) if g.wrt else ())
        weights = [
            gradient(p)
            for layer in range(self.exercise.depth, 0, -1)
            for p in self.exercise.parameter_ids()
            if p.layer == layer
        ]
        new = [p.after(1) for p in updates.parameters(self.exercise)] if self.exercise.update else []
        return tuple(self.step(of) for of in (*forward, *inner, *weights, *new))


def convention(exercise: Exercise) -> Expr:
    """The derivative of a kinked activation at 0 as a number; 0 where kinks are rejected."""
    at_zero = exercise.network.relu_at_zero
    return S.Zero if at_zero == "reject" else at_zero


def solve(exercise: Exercise) -> Solution:
    """The exercise solved: graph, derivations and, unless it is symbolic, every number.

    Raises ExerciseError (an activation without gradient), DomainError (a logarithm of 0 or less), KinkError (a
    pre-activation on a kink that cannot be proved, or that the exercise rejects).
    """
    graphs.check_gradients_exist(exercise)
    graph = graphs.build(exercise)
    derivations = derive(graph, convention(exercise))
    if exercise.is_symbolic or (
        exercise.update is not None and exercise.update.learning_rate is None and exercise.is_symbolic
    ):
        return Solution(exercise, graph, derivations)
    solver = _Solver(exercise, graph, derivations)
    run = solver.run()
    rounded = None
    if exercise.rounding is not None and exercise.rounding.policy == "each":
        rounded = _Solver(exercise, graph, derivations, decimals=exercise.rounding.decimals).run()
    kinks = solver.kinks(run)
    if kinks and exercise.network.relu_at_zero == "reject":
        raise KinkError(
            'lies exactly on its kink, and relu_at_zero = "reject"',
            key=str(kinks[0]),
            where=exercise.name,
            hint="change a number, or state a convention from 0 to 1",
        )
    return Solution(exercise, graph, derivations, run, rounded, kinks, tuple(solver.unproved))


def evaluate(graph: Graph, derivations: Mapping[Quantity, Derivation], exercise: Exercise) -> Mapping[Quantity, Value]:
    """Every node and gradient at the numbers of the graph's leaves; graph and derivations need not be the right ones.

    Raises DomainError and KinkError as `solve` does.
    """
    numbers = _Solver(exercise, graph, derivations, last=0).run().states[0]
    return {Quantity.parse(name.name): value for name, value in numbers.items()}


# ---------------------------------------------------------------------- numbers
@dataclass(frozen=True)
class _Pattern:
    """One step of an update: `lines` as (name, name without step, parameter that becomes new, expression), in order.

    `before` renames what the step finds: base symbol, or moment without step, to the symbol that the expressions read.
    """

    lines: tuple[tuple[Symbol, Symbol, Symbol | None, Expr], ...]
    before: Mapping[Symbol, Symbol]


def _pattern(exercise: Exercise, graph: Graph, derivations: Mapping[Quantity, Derivation], step: int) -> _Pattern:
    update = exercise.update
    assert update is not None
    lines: list[tuple[Symbol, Symbol, Symbol | None, Expr]] = []
    changing = updates.parameters(exercise)
    for layer in range(exercise.depth, 0, -1):
        if update.order == "sequential":
            for derivation in derivations.values():
                if derivation.target.layer == layer:
                    name, expression = _sequential(derivation, step, graph)
                    lines.append((name, symbol(replace(Quantity.parse(name.name), step=0)), None, expression))
        for parameter in (p for p in changing if p.layer == layer):
            for id_, expression in updates.rule(update, parameter, step):
                becomes = symbol(parameter) if id_.state == "new" else None
                lines.append((symbol(id_), symbol(replace(id_, step=0)), becomes, expression))
    before = {}
    for of in (*(node.id for node in graph), *(d.id for d in derivations.values())):
        if of.name not in q.CONSTANTS or of.wrt is not None:
            before[symbol(of)] = symbol(updates.before(of, step))
    for parameter in changing:
        for state in ("velocity", "m", "v"):
            before[symbol(replace(parameter, state=state))] = symbol(
                replace(parameter, state=state, step=max(step - 1, 0))
            )
    return _Pattern(tuple(lines), before)


class _Solver:
    """One evaluation of graph, derivations and updates, repeated with more digits until every number is settled."""

    def __init__(
        self,
        exercise: Exercise,
        graph: Graph,
        derivations: Mapping[Quantity, Derivation],
        last: int | None = None,
        decimals: int | None = None,
    ) -> None:
        self.exercise, self.graph, self.derivations, self.decimals = exercise, graph, derivations, decimals
        self.update = (
            exercise.update if exercise.update is not None and exercise.update.learning_rate is not None else None
        )
        self.last = last if last is not None else self.update.steps if self.update else 0
        self.arithmetic = Arithmetic()
        self._patterns: dict[int, _Pattern] = {}
        #: Quantities that are 0 to MAX_DIGITS digits, without a proof that they are 0.
        self.unproved: list[str] = []
        self.zeros: dict[int, set[Expr]] = {}
        self.at = 0

    def run(self) -> _Run:
        # intervals widen from step to step: long runs start with more digits instead of starting again
        first = SHOWN_DIGITS + 15 + min(self.last // 100, 200)
        digits = first
        while True:
            self.arithmetic = Arithmetic(digits)
            try:
                return self._attempt()
            except Undecided as stuck:
                if digits < MAX_DIGITS:
                    digits = min(2 * digits, MAX_DIGITS)
                    continue
                if not self._is_zero(stuck.expression):
                    if self._decides_a_kink(stuck.expression):
                        raise self._kink_error(stuck.expression) from None
                    self.unproved.append(str(stuck.expression))
                self.zeros.setdefault(self.at, set()).add(stuck.expression)
                digits = first
            except OutOfDomain as outside:
                raise self._domain_error(outside) from None

    def _attempt(self) -> _Run:
        numbers = {node.symbol: exact(node.given) for node in self.graph if node.given is not None}
        self._enter(0)
        self._pass(numbers)
        states, losses, moments, kept = {0: numbers}, [numbers[symbol(q.E)]], Numbers(), Numbers()
        if self.update is not None:
            constants = {symbol(c): exact(v) for c, v in updates.constants(self.update).items() if v is not None}
            for step in range(1, self.last + 1):
                self._enter(step)
                fresh, moments = self._step(numbers, moments, constants, step)
                numbers = {
                    node.symbol: fresh.get(node.symbol, numbers[node.symbol])
                    for node in self.graph
                    if node.definition is None
                }
                self._pass(numbers)
                losses.append(numbers[symbol(q.E)])
                if step <= KEPT_STATES or step == self.last:
                    states[step] = numbers
                    kept |= {symbol(replace(Quantity.parse(n.name), step=step)): v for n, v in moments.items()}
        return _Run(states, kept, tuple(losses), self.arithmetic.digits)

    def _enter(self, step: int) -> None:
        """What was proved to be 0 holds for the state it was proved in, and for no other."""
        self.at = step
        self.arithmetic.zeros = frozenset(self.zeros.get(step, ()))

    def _pass(self, numbers: Numbers) -> None:
        """Forward values, then adjoints, into `numbers`."""
        self.current = numbers
        for node in self.graph:
            if node.definition is not None:
                numbers[node.symbol] = self._settled(node.symbol, node.definition, numbers)
        for derivation in self.derivations.values():
            expression = derivation.short
            numbers[symbol(derivation.id)] = self._settled(symbol(derivation.id), expression, numbers)

    def _settled(self, name: Symbol, expression: Expr, numbers: Mapping[Symbol, Value]) -> Value:
        value = self.arithmetic.evaluate(expression, numbers)
        if name in self.arithmetic.zeros:
            return Fraction(0)
        if not self.arithmetic.is_sharp(value):
            if self.arithmetic.digits < MAX_DIGITS or value.a <= 0 <= value.b:
                raise Undecided(name)
        if self.decimals is not None and not expression.is_Symbol:
            return round_value(value, self.decimals, name)
        return value

    def _step(self, numbers: Numbers, moments: Numbers, constants: Numbers, step: int) -> tuple[Numbers, Numbers]:
        """One update: new parameters by their own symbols, and what the rule made by its own names, without step numbers."""
        pattern = self._pattern(step)
        seen: Numbers = {
            **constants,
            **{pattern.before[name]: value for name, value in moments.items() if name in pattern.before},
        }
        for name, value in numbers.items():
            seen[pattern.before.get(name, name)] = value
        fresh: Numbers = {}
        made: Numbers = {}
        for name, kept, parameter, expression in pattern.lines:
            seen[name] = made[kept] = self._settled(name, expression, seen)
            if parameter is not None:
                fresh[parameter] = seen[name]
        return fresh, made

    def _pattern(self, step: int) -> "_Pattern":
        """The rule's lines; from step 2 on they only differ in names, so that those of step 2 serve (Adam counts steps)."""
        assert self.update is not None
        known = step if self.update.rule == "adam" else min(step, 2)
        if known not in self._patterns:
            if len(self._patterns) > 2:
                self._patterns.clear()
            self._patterns[known] = _pattern(self.exercise, self.graph, self.derivations, known)
        return self._patterns[known]

    # ------------------------------------------------------------------ kinks and domains
    def kinks(self, run: _Run) -> tuple[Quantity, ...]:
        """Pre-activations at exactly 0 where the local derivative is a convention (not where both sides agree)."""
        found = []
        self._enter(0)
        numbers = run.states[0]
        for derivation in self.derivations.values():
            for term in derivation.terms:
                for atom in term.local.atoms(Kinked):
                    if (
                        isinstance(atom, CONVENTIONAL)
                        and self.arithmetic.sign(self.arithmetic.evaluate(atom.args[0], numbers), atom.args[0]) == 0
                    ):
                        sides = {atom.branch(sign, S.Zero, *atom.args[1:]) for sign in (-1, 0, 1)}
                        if len(sides) > 1 and derivation.target not in found:
                            found.append(derivation.target)
        return tuple(sorted(found, key=lambda z: (z.sample, z.layer, z.index)))

    def _decides_a_kink(self, expression: Expr) -> bool:
        """Whether the sign of the expression chooses a branch somewhere, so that a wrong 0 would be a wrong key."""
        definitions = [node.definition for node in self.graph if node.definition is not None]
        arguments = {atom.args[0] for definition in definitions for atom in definition.atoms(Kinked)}
        return not isinstance(expression, Symbol) or expression in arguments

    def _is_zero(self, expression: Expr) -> bool:
        """Whether the expression is exactly 0 at the given numbers: an algebraic identity between what is not rational.

        Gradients are composed down to forward values first; if that shows nothing, down to the given numbers. Exact values
        are put in, and the probabilities of a softmax add up to 1.
        """
        gradients = [(symbol(d.id), d.short) for d in self.derivations.values()]
        definitions = [(node.symbol, node.definition) for node in self.graph if node.definition is not None]
        exactly = {s: rational(v) for s, v in self.current.items() if isinstance(v, (Fraction, Expr))}
        partial = _compose(expression, (), gradients)
        functions_of_exact = [(s, d) for s, d in definitions if s not in exactly and d.free_symbols <= exactly.keys()]
        for put_in in ((), functions_of_exact, definitions):
            number = _compose(partial, put_in, ()).xreplace(exactly | self._last_probabilities())
            if _vanishes(number):
                return True
        return False

    def _last_probabilities(self) -> dict[Symbol, Expr]:
        """The last output of every softmax as 1 less the others."""
        found = {}
        for node in self.graph:
            if isinstance(node.definition, softmax) and node.definition.args[0] == len(node.definition.args) - 1:
                k = node.id.index[0]
                others = [symbol(replace(node.id, index=(j,))) for j in range(1, k)]
                found[node.symbol] = S.One - Add(*others)
        return found

    def _name_of(self, expression: Expr) -> str:
        owner = next((n for n in self.graph if n.definition is not None and n.definition.has(expression)), None)
        return expression.name if isinstance(expression, Symbol) else str(owner.id if owner else expression)

    def _kink_error(self, expression: Expr) -> KinkError:
        name = self._name_of(expression)
        return KinkError(
            f"cannot be told from 0 with {MAX_DIGITS:,} digits, and no exact proof was found that it is 0",
            key=name,
            where=self.exercise.name,
            hint="change one of its numbers a little",
        )

    def _domain_error(self, outside: OutOfDomain) -> DomainError:
        expression = outside.expression
        values = []
        for s in sorted(expression.free_symbols, key=str):
            if s in self.current:
                number = public(self.current[s])
                values.append(f"{s} = {number if number.is_Rational and len(str(number)) < 12 else number.evalf(6)}")
        named = [s for s in sorted(expression.free_symbols, key=str) if not s.name.startswith("y")]
        key = named[0].name if named else str(expression)
        return DomainError(
            f"{expression} {outside.why}" + (f" ({', '.join(values)})" if values else ""),
            key=key,
            where=self.exercise.name,
            hint=f"the loss is {self.exercise.network.loss}" if self._is_output(key) else "",
        )

    def _is_output(self, key: str) -> bool:
        return key.startswith(f"a{self.exercise.depth}[")


def round_value(value: Value, decimals: int, name: Expr = S.Zero) -> Fraction:
    """The value rounded to `decimals` places, ties away from zero; a Rounded unless nothing changed.

    Raises Undecided when an interval straddles a tie.
    """
    if isinstance(value, Expr):
        value = shared(SHOWN_DIGITS + 15 + decimals).ball(value)
    if isinstance(value, Fraction):
        result = _rounded(value, decimals)
        return value if result == value else Rounded(result)
    ends = {_rounded(end(value, side), decimals) for side in (0, 1)}
    if len(ends) > 1:
        raise Undecided(name)
    return Rounded(ends.pop())


def _rounded(value: Fraction, decimals: int) -> Fraction:
    scale = 10**decimals
    size = (2 * abs(value.numerator) * scale + value.denominator) // (2 * value.denominator)
    return Fraction(size if value >= 0 else -size, scale)


def _vanishes(expression: Expr) -> bool:
    """Whether a rational function of symbols and function values is identically 0; False when it is too large to tell."""
    if count_ops(expression) > PROOF_OPERATIONS:
        return False
    if expression.is_number and log_argument(expression) == 1:
        return True
    opaque = [atom for atom in expression.atoms(Function, exp) if not atom.is_Rational]
    outer = sorted((a for a in opaque if not any(a is not b and b.has(a) for b in opaque)), key=str)
    expression = expression.xreplace({atom: Symbol(f"f{i}") for i, atom in enumerate(outer)})
    if expression == 0:
        return True
    probe = {s: Rational(1000003 + 7919 * i, 104729) for i, s in enumerate(sorted(expression.free_symbols, key=str))}
    if expression.xreplace(probe).is_zero is not True:
        return False  # no identity, so nothing to prove: expanding it would only take long
    return bool(expand(numer(together(expression))) == 0)


def _sequential(derivation: Derivation, step: int, graph: Graph) -> tuple[Symbol, Expr]:
    """The gradient as a sequential update sees it: hidden outputs through weights that are already new."""

    def now(s: Symbol) -> Symbol:
        of = Quantity.parse(s.name)
        if of.is_gradient:
            return symbol(replace(of, state="used", step=step))
        if graph[derivation.target].role == "activation" and of.name == "W":
            return symbol(of.after(step))
        return symbol(updates.before(of, step)) if of.name not in q.CONSTANTS else s

    expression = derivation.short
    return symbol(replace(derivation.id, state="used", step=step)), expression.xreplace(
        {s: now(s) for s in expression.free_symbols}
    )


def _compose(
    expression: Expr, definitions: Iterable[tuple[Symbol, Expr]], adjoints: Iterable[tuple[Symbol, Expr]]
) -> Expr:
    """The expression with adjoints (loss first) and definitions (inputs first) put in from the far end."""
    for name, inner in reversed(list(adjoints)):
        if expression.has(name):
            expression = expression.xreplace({name: inner})
    for name, inner in reversed(list(definitions)):
        if expression.has(name):
            expression = expression.xreplace({name: inner})
    return expression


__all__ = ["Path", "Solution", "Step", "convention", "evaluate", "round_value", "solve"]
