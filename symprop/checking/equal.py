"""Two expressions -> whether they are the same function of real numbers: `compare`, and `compare_at` for one exercise's point.

First refutation by numbers (`search`), then, where nothing differs, a proof if it is cheap (`identities`). Points where
either side has no value are passed over; too few that have one leave the question undecided.
Knows no network and no exercise; writes no sentence. Bounded in operations: any pair takes less than about a second.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sympy import Expr, MatrixBase, Rational, Symbol, sympify

from symprop.checking.circuits import (
    Budget,
    Circuit,
    Evaluation,
    NoValue,
    Number,
    Spent,
    Unsupported,
    relation,
)
from symprop.checking.identities import kinks_of
from symprop.checking.search import BITS, KINK_OPERATIONS, OPERATIONS, Equality, Kind, Point, Search, simplest

#: Products of terms that a proof may take.
PROOF_OPERATIONS = 20_000
#: Operations of each question whether a condition on the region is needed, and how many are asked.
REGION_OPERATIONS = 6_000
MOST_CONDITIONS_TRIED = 6
_ODD = (
    Unsupported,
    RecursionError,
    ArithmeticError,
    TypeError,
    ValueError,
    AttributeError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """The argument of a kink is negative, zero or positive: sign -1, 0, 1."""

    argument: Expr
    sign: int


class Where(StrEnum):
    """How far an equality reaches around the exercise's own point."""

    EVERYWHERE = "everywhere"
    REGION = "region"
    POINT = "point"
    NOWHERE = "nowhere"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class EqualityAt:
    """`where` the two are equal, seen from a point; `conditions` says which signs an equality in the region uses.

    NOWHERE: they differ at the point itself; with `equality.kind` EXCEPT_AT_KINK the point lies on a kink and only the
    convention there differs. EVERYWHERE may leave out a kink in the same way, one that the point is not on.
    """

    where: Where
    equality: Equality
    conditions: tuple[Condition, ...] = ()


# ---------------------------------------------------------------------- the two questions
def compare(
    a: Any, b: Any, *, region: Iterable[Condition] = (), nodes: Mapping[Symbol, Expr] | None = None
) -> Equality:
    """Whether two expressions (or matrices, entry by entry, shapes first) are the same function of real numbers.

    `region`: only where these conditions hold. `nodes`: definitions of symbols by others, composed into both sides; without
    them every symbol is free, which is the stricter question. Numbers compare exactly; a Float is the decimal it is written as.
    Strings and whatever else is no real expression are undecided. Raises nothing.
    """
    try:
        return _compared(a, b, tuple(region), nodes)
    except _ODD:
        return Equality(Kind.UNDECIDED)


def compare_at(
    a: Any, b: Any, point: Mapping[Symbol, Any], *, nodes: Mapping[Symbol, Expr] | None = None
) -> EqualityAt:
    """How far a = b reaches from an exercise's own point: everywhere, in its region, at the point alone, not there.

    `point` gives every free symbol an exact number. Expressions may be composed down to inputs and parameters; or hold
    symbols of intermediate quantities, which are free when `nodes` does not define them (and then need a number in `point`).
    The region is where the arguments of all kinks have the signs they have at the point; the conditions reported are those
    that the equality needs, each by an argument as it stands in a, b or nodes. Raises nothing.
    """
    equality = compare(a, b, nodes=nodes)
    if equality.holds:
        return EqualityAt(Where.EVERYWHERE, equality)
    try:
        return _reach(a, b, point, nodes, equality)
    except (*_ODD, Spent):
        return EqualityAt(Where.UNDECIDED, equality)


def _compared(a: Any, b: Any, region: tuple[Condition, ...], nodes: Mapping[Symbol, Expr] | None) -> Equality:
    shape, left, right = _entries(a, b)
    if left is None or right is None:
        return Equality(Kind.DIFFERS)
    circuit = Circuit(nodes)
    pairs = [(circuit.add(p), circuit.add(q)) for p, q in zip(left, right, strict=True)]
    conditions: dict[int, int] = {}
    if region:
        conditions = {circuit.add(c.argument): c.sign for c in region}
        pairs = _resolved(circuit, pairs, _spread(circuit, pairs, conditions))
    if all(p == q for p, q in pairs):
        return Equality(Kind.PROVED)
    search = Search(circuit, pairs, conditions, Budget(OPERATIONS))
    search.run()
    verdict = search.verdict(PROOF_OPERATIONS)
    return verdict[0] if shape is None or verdict[1] is None else _at_entry(verdict, shape[1])


def _at_entry(verdict: tuple[Equality, int | None], columns: int) -> Equality:
    equality, index = verdict
    return Equality(equality.kind, equality.witness, equality.points, divmod(index or 0, columns))


def _entries(a: Any, b: Any) -> tuple[tuple[int, int] | None, list[Expr] | None, list[Expr] | None]:
    """The shape and the entries of both sides row by row; no entries where the shapes differ."""
    sides = [_plain(a), _plain(b)]
    shapes = [side.shape if isinstance(side, MatrixBase) else None for side in sides]
    if shapes[0] != shapes[1]:
        return None, None, None
    if shapes[0] is None:
        return None, [sides[0]], [sides[1]]
    return shapes[0], list(sides[0]), list(sides[1])


def _plain(a: Any) -> Any:
    """An Expr or a matrix; numbers of Python as exact ones. Raises TypeError for anything else, above all for text."""
    if isinstance(a, (Expr, MatrixBase)):
        return a
    if isinstance(a, Fraction):
        return Rational(a.numerator, a.denominator)
    if isinstance(a, (int, float)) and not isinstance(a, bool):
        return sympify(a)
    raise TypeError(type(a).__name__)


# ---------------------------------------------------------------------- regions
def _resolved(circuit: Circuit, pairs: Sequence[tuple[int, int]], signs: Mapping[int, int]) -> list[tuple[int, int]]:
    """The pairs with every choice made whose sign is given."""
    known: dict[int, int] = {}

    def rebuilt(i: int) -> int:
        if i not in known:
            operation = circuit.operations[i]
            if operation[0] == "choice" and operation[1] in signs:
                known[i] = rebuilt(operation[2 + signs[operation[1]] + 1])
            else:
                inner = Circuit.children(operation)
                rest = operation[1 + len(inner) :]
                known[i] = circuit.put(operation[0], *map(rebuilt, inner), *rest)
        return known[i]

    return [(rebuilt(p), rebuilt(q)) for p, q in pairs]


def _spread(circuit: Circuit, pairs: Sequence[tuple[int, int]], signs: Mapping[int, int]) -> dict[int, int]:
    """The signs given, and those of other kinks with the same argument up to a factor."""
    inside = frozenset(signs).union(*(circuit.kinks[i] for pair in pairs for i in pair))
    kinks = kinks_of(circuit, sorted(inside), KINK_OPERATIONS)
    by_key = {kinks[t][1]: kinks[t][0] * side for t, side in signs.items()}
    return {t: turn * by_key[key] for t, (turn, key) in kinks.items() if key in by_key}


def _reach(
    a: Any, b: Any, point: Mapping[Symbol, Any], nodes: Mapping[Symbol, Expr] | None, equality: Equality
) -> EqualityAt:
    _, left, right = _entries(a, b)
    if left is None or right is None:
        return EqualityAt(Where.NOWHERE, equality)
    circuit = Circuit(nodes)
    pairs = [(circuit.add(p), circuit.add(q)) for p, q in zip(left, right, strict=True)]
    needed = frozenset().union(*(circuit.symbols[i] for pair in pairs for i in pair))
    here = {s: _number(point[s]) for s in needed if s in point}
    if len(here) < len(needed):
        return EqualityAt(Where.UNDECIDED, equality)
    related, signs = _related(circuit, pairs, here)
    if "differ" in related:
        return EqualityAt(Where.NOWHERE, equality)
    if "vague" in related:
        return EqualityAt(Where.UNDECIDED, equality)
    if equality.kind is Kind.EXCEPT_AT_KINK:
        return EqualityAt(Where.EVERYWHERE, equality)
    middle = {s: x if isinstance(x, Fraction) else _inside(x) for s, x in here.items()}
    verdict = _within(circuit, pairs, signs, middle, OPERATIONS // 2)[0]
    if verdict.kind is Kind.DIFFERS:
        return EqualityAt(Where.POINT, equality)
    if not verdict.holds:
        return EqualityAt(Where.UNDECIDED, equality)
    return EqualityAt(Where.REGION, equality, _conditions(circuit, pairs, signs, middle))


def _related(circuit: Circuit, pairs: Sequence[tuple[int, int]], here: Point) -> tuple[list[str], dict[int, int]]:
    """How each pair relates at a point, and the signs of the kinks met there."""
    found: list[str] = []
    for bits in (BITS, 2 * BITS):
        evaluation = Evaluation(circuit, here, Budget(OPERATIONS), bits)
        try:
            found = [relation(evaluation.value(p), evaluation.value(q), bits) for p, q in pairs]
        except NoValue:
            return ["vague"], {}
        if "vague" not in found:
            break
    return found, {t: side for t, side in evaluation.signs.items() if circuit.symbols[t]}


def _within(
    circuit: Circuit, pairs: Sequence[tuple[int, int]], signs: Mapping[int, int], middle: Point, operations: int
) -> tuple[Equality, "Search"]:
    """The verdict on the pairs where the kinks given have these signs, sought around a point with those signs."""
    resolved = _resolved(circuit, pairs, _spread(circuit, pairs, signs))
    search = Search(circuit, resolved, signs, Budget(operations))
    if any(p != q for p, q in resolved):
        search.run({s: middle.get(s, Fraction(1)) for s in search.symbols})
    return search.verdict(operations // 2)[0], search


def _conditions(
    circuit: Circuit, pairs: Sequence[tuple[int, int]], signs: Mapping[int, int], middle: Point
) -> tuple[Condition, ...]:
    """The signs without which the equality is lost or was not seen; of equal arguments the first by length."""
    keys = kinks_of(circuit, sorted(signs), KINK_OPERATIONS)
    kept: dict[Any, dict[int, int]] = {}
    for t, side in sorted(signs.items()):
        kept.setdefault(keys[t][1], {})[t] = side
    # the innermost kinks come last: what depends on them often goes first
    for key in sorted(kept, key=lambda key: -min(kept[key]))[:MOST_CONDITIONS_TRIED]:
        rest = {t: side for other, group in kept.items() if other != key for t, side in group.items()}
        verdict, search = _within(circuit, pairs, rest, middle, REGION_OPERATIONS)
        seen = verdict.kind in (Kind.SAMPLED, Kind.EXCEPT_AT_KINK) and _both_sides(search, kept[key])
        if verdict.kind is Kind.PROVED or seen:
            del kept[key]
    found = []
    for group in kept.values():
        t = min(group, key=lambda t: (len(str(circuit.shown.get(t, ""))) or 10**6, t))
        found.append(Condition(circuit.shown[t], group[t]))
    return tuple(sorted(found, key=lambda c: str(c.argument)))


def _both_sides(search: "Search", group: Iterable[int]) -> bool:
    """Whether points on either side of a kink were among those compared."""
    sides = [search.sides.get(t, {}) for t in group]
    return any(seen.get(-1, 0) > 1 and seen.get(1, 0) > 1 for seen in sides)


def _number(value: Any) -> Number:
    """A given exact number as a fraction or an interval."""
    plain = _plain(value)
    circuit = Circuit()
    return Evaluation(circuit, {}, Budget(1000), 2 * BITS).value(circuit.add(plain))


def _inside(ball: Any) -> Fraction:
    """A simple fraction next to an interval's lower end."""
    negative, mantissa, exponent, _ = ball[0]
    low = Fraction(-int(mantissa) if negative else int(mantissa)) * Fraction(2) ** int(exponent)
    return simplest(low - Fraction(1, 10**6), low + Fraction(1, 10**6))


__all__ = ["Condition", "Equality", "EqualityAt", "Kind", "Where", "compare", "compare_at"]
