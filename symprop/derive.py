"""Graph -> one Derivation a node: the chain rule, once, as data.

    dE/du = sum over consumers v of dE/dv * dv/du

Upstream gradients are cited by name, never nested; SymPy differentiates local definitions only. Parts of the loss (shares,
penalty) are written out first, so that dE/d(output) is an ordinary derivative, as a lecturer takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sympy import Add, Expr, Mul, S, Symbol, cancel, diff, expand, factor_terms, fraction, together

from symprop.functions import CONVENTIONAL
from symprop.graph import Graph, Node, symbol
from symprop.quantity import Quantity, gradient, local


@dataclass(frozen=True, slots=True)
class Term:
    """One path of the chain rule: through consumer `via`, with the local derivative d(via)/d(target) as an expression."""

    via: Quantity
    local: Expr


@dataclass(frozen=True)
class Derivation:
    """dE/d(target) = sum over terms of dE/d(via) * local; `cancelled` is an equal, shorter form where factors cancel.

    `direct` is the part of the loss that reads the target itself: the loss, or for a weight its penalty.
    """

    target: Quantity
    terms: tuple[Term, ...]
    loss: Quantity
    direct: Quantity
    cancelled: Expr | None = None

    @property
    def id(self) -> Quantity:
        return gradient(self.target)

    @property
    def uses_chain_rule(self) -> bool:
        """Whether some path goes through another quantity than the loss itself (day12's question 1a)."""
        return any(term.via != self.loss for term in self.terms)

    def upstream(self, term: Term) -> Expr:
        """dE/d(via) by name; 1 for the loss itself."""
        return S.One if term.via == self.loss else symbol(gradient(term.via))

    @cached_property
    def named(self) -> tuple[tuple[Expr, Expr], ...]:
        """The factors by name: (dE/d(via), d(via)/d(target)) a path."""
        return tuple(
            (self.upstream(t), symbol(local(t.via if t.via != self.loss else self.direct, self.target)))
            for t in self.terms
        )

    @cached_property
    def worked(self) -> tuple[tuple[Expr, Expr], ...]:
        """The same factors with the local derivatives worked out."""
        return tuple((self.upstream(t), t.local) for t in self.terms)

    @property
    def short(self) -> Expr:
        """The right-hand side that numbers are put into: the cancelled form where there is one."""
        return self.cancelled if self.cancelled is not None else self.expression

    @cached_property
    def expression(self) -> Expr:
        """The right-hand side: upstream gradients by name times local derivatives worked out."""
        return Add(*(self.upstream(term) * term.local for term in self.terms))


def derive(graph: Graph, relu_at_zero: Expr = S.Zero) -> dict[Quantity, Derivation]:
    """A derivation for every node on a path to the loss, from the loss backwards.

    `relu_at_zero` is the convention for derivatives of kinked activations at 0.
    """
    direct = graph.inlined(("share", "penalty"))
    siblings = names_of_functions(direct)
    found: dict[Quantity, Derivation] = {}
    for node in reversed(direct.nodes):
        if node.id not in graph.reaching or node.id == graph.loss:
            continue
        source = graph if node.role in ("share", "penalty") else direct
        consumers = [
            c
            for c in source.consumers(node.id)
            if c.id in source.reaching and (source is graph or c.role not in ("share", "penalty"))
        ]
        terms = tuple(Term(c.id, local_derivative(c, node.symbol, siblings, relu_at_zero)) for c in consumers)
        parts = [c.id for c in graph.consumers(node.id) if c.role == "penalty"]
        derivation = Derivation(node.id, terms, graph.loss, parts[0] if parts else graph.loss)
        found[node.id] = _with_cancellation(derivation, found, direct)
    return found


def local_derivative(of: Node, by: Symbol, siblings: Mapping[Expr, Symbol] = {}, relu_at_zero: Expr = S.Zero) -> Expr:
    """d(of)/d(by) from the definition, written with the node's own value where that is shorter: a(1 - a) for a sigmoid."""
    definition = of.definition
    assert definition is not None
    parts = [part for part in Add.make_args(definition) if part.has(by)]
    result = Add(*(diff(part, by) for part in parts))
    if siblings:
        result = result.xreplace(siblings)
    if relu_at_zero != 0:
        result = result.replace(lambda e: isinstance(e, CONVENTIONAL), lambda e: e.func(*e.args, relu_at_zero))
    return factor_terms(result, sign=False) if isinstance(result, Add) else result


def names_of_functions(graph: Graph) -> dict[Expr, Symbol]:
    """Definition -> symbol for every activation, so that derivatives read a(1 - a) and 1 - a^2."""
    return {
        node.definition: node.symbol
        for node in graph
        if node.role == "activation" and node.definition is not None and not node.definition.is_Symbol
    }


def _with_cancellation(derivation: Derivation, known: Mapping[Quantity, Derivation], graph: Graph) -> Derivation:
    """The derivation with its short form, where the loss's own derivative has a denominator that the chain cancels.

    log loss after logistic, cross-entropy after softmax and Poisson after exp all give (yhat - y) times the batch factor.
    """
    if graph[derivation.target].role != "pre-activation":
        return derivation
    upstream = [known.get(t.via) for t in derivation.terms]
    if not all(u is not None and not u.uses_chain_rule for u in upstream):
        return derivation
    direct = {symbol(gradient(u.target)): u.expression for u in upstream if u is not None}
    if not any(fraction(together(e))[1].free_symbols for e in direct.values()):
        return derivation
    short = cancel(together(derivation.expression.xreplace(direct)))
    if fraction(short)[1].free_symbols:
        return derivation
    return replace(derivation, cancelled=_with_targets_summing_to_one(short, graph, derivation))


def _with_targets_summing_to_one(short: Expr, graph: Graph, derivation: Derivation) -> Expr:
    """(sum of y) a - y becomes a - y where the targets of the sample are a distribution over several outputs."""
    targets = sorted(
        (s for s in short.free_symbols if graph.of(s).role == "target"), key=lambda s: graph.of(s).id.index
    )
    if len(targets) > 1:
        rest = S.One - Add(*targets[:-1])
        own = next(t for t in targets if graph.of(t).id.index == derivation.target.index)
        output = next(
            s
            for s in short.free_symbols
            if graph.of(s).id.index == derivation.target.index and graph.of(s).role == "activation"
        )
        factor = -expand(short).coeff(own, 1).coeff(output, 0)
        if expand((short - factor * (output - own)).xreplace({targets[-1]: rest})) == 0:
            return Mul(factor, output - own, evaluate=False) if factor != 1 else output - own
    return factor_terms(short)
