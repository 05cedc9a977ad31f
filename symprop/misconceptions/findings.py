"""Wrong numbers -> what an exercise's numbers expose, hide and confuse, and why they hide it. Facts, no sentences."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sympy import Add, Dummy, Expr, Function, Mul, Pow, S, Symbol, count_ops, exp, expand, factor

from symprop.arithmetic import OutOfDomain, Undecided, Value, shared
from symprop.errors import UsageError
from symprop.exercise import Exercise
from symprop.graph import symbol
from symprop.misconceptions.table import Misconception, misconception
from symprop.misconceptions.values import Edits, Method, Values, edits, key
from symprop.quantity import Quantity, gradient
from symprop.solution import Solution

#: Differences beyond this many operations are not factored for a reason.
FACTORED_OPERATIONS = 60
#: Operations of an equation that is told as a reason.
TOLD_OPERATIONS = 8
#: Steps of one method that are looked at for a reason.
REASONED_STEPS = 24


@dataclass(frozen=True)
class Findings:
    """What the asked answers show of each misconception.

    hides       those whose asked answers are all right ones; `inapplicable`, which this shape has no place for, among them
    exposes     the others
    confuses    groups of exposed ones that give the same wrong answers
    distinct    the number of different wrong answers
    tells_apart share of pairs of misconceptions with different answers, the right answers counted as the hidden ones' own
    """

    asked: tuple[Quantity, ...]
    hides: tuple[str, ...]
    inapplicable: frozenset[str]
    exposes: tuple[str, ...]
    confuses: tuple[tuple[str, ...], ...]
    distinct: int
    tells_apart: Fraction

    @property
    def count(self) -> int:
        """The number of misconceptions looked at."""
        return len(self.hides) + len(self.exposes)


def exposed(
    solution: Solution, asked: Iterable["Quantity | str"], among: Iterable["Misconception | str"] | None = None
) -> Findings:
    """What the numbers of a solved exercise show, when these quantities are asked.

    `asked` holds ids of scalars or wholes; a new weight counts as its gradient, what else an update changes is not looked at. `among`: names or rows, by default
    every method that has a place in some exercise of this kind. Raises UsageError when the exercise has no numbers, an id is
    unknown or nothing is asked.
    """
    if solution.is_symbolic:
        raise UsageError("a symbolic exercise has no numbers that could hide or expose anything")
    wanted = scalars(solution, asked)
    methods = edits(solution.exercise, solution)
    return find(methods, methods.values_beside(solution.numbers(), wanted), wanted, among)


def scored(exercise: Exercise | Mapping[Quantity, Value], asked: Iterable[Quantity], methods: Edits) -> Findings:
    """The same for many numbers of one shape (`methods` of `edits`), nothing solved beforehand; `asked` holds scalars."""
    wanted = tuple(asked)
    return find(methods, methods.values(exercise, wanted), wanted)


def scalars(solution: Solution, asked: Iterable["Quantity | str"]) -> tuple[Quantity, ...]:
    """The asked scalars that the derivation gives a value, in order, each once; a new weight stands for its gradient."""
    found: dict[Quantity, None] = {}
    for of in asked:
        members = solution.members(solution.resolve(of))
        for one in [m for row in members for m in row] if isinstance(members, list) else [members]:
            one = gradient(one.base) if one.state and one.base.is_parameter else one
            if not one.state and (one in solution.graph or (one.is_gradient and one.wrt in solution.derivations)):
                found[one] = None
    if not found:
        raise UsageError("nothing is asked that a misconception could change")
    return tuple(found)


def find(
    methods: Edits,
    values: Values,
    asked: tuple[Quantity, ...],
    among: Iterable["Misconception | str"] | None = None,
) -> Findings:
    """Groups the methods by the answers they give."""
    names = [row.name for row in methods.counted] if among is None else [_name(row) for row in among]
    wanted = [symbol(of) for of in asked]
    rational = all(isinstance(values.right[s], Fraction) for s in wanted)
    right = {s: key(values.right[s], rational) for s in wanted}
    groups: dict[Hashable, list[str]] = {}
    for name in names:
        wrong = values.wrong.get(name, {})
        found = ((s, key(wrong[s], rational)) for s in wanted if s in wrong)
        groups.setdefault(tuple((s, k) for s, k in found if k != right[s]), []).append(name)
    hidden = groups.pop((), [])
    pairs = len(names) * (len(names) - 1) // 2
    alike = sum(len(group) * (len(group) - 1) // 2 for group in (hidden, *groups.values()))
    shown = {name for group in groups.values() for name in group}
    return Findings(
        asked,
        tuple(hidden),
        frozenset(name for name in hidden if name not in methods.methods),
        tuple(name for name in names if name in shown),
        tuple(tuple(group) for group in groups.values() if len(group) > 1),
        len(groups),
        1 - Fraction(alike, pairs) if pairs else S.One,
    )


def _name(row: "Misconception | str") -> str:
    return misconception(row).name if isinstance(row, str) else row.name


# ---------------------------------------------------------------------- why a method stays hidden
@dataclass(frozen=True)
class Cause:
    """Why a method gives the right answers.

    kind "no place": the shape has none for it; "equal": its steps come out right because `equations` hold at these numbers
    (left, right), empty where none short was found; "not asked": only `reached` change, and nothing asked rests on them;
    "lost later": steps come out wrong, and a later factor is 0.
    """

    kind: str
    equations: tuple[tuple[Expr, Expr], ...] = ()
    reached: tuple[Quantity, ...] = ()


def cause(solution: Solution, name: str, asked: Iterable[Quantity]) -> Cause:
    """Why the asked answers do not show the method `name`, which `exposed` has among `hides`."""
    methods = edits(solution.exercise, solution)
    method = methods.methods.get(name)
    if method is None:
        return Cause("no place")
    wanted = frozenset(symbol(of) for of in asked)
    needed = {line.name for line in method.needed(wanted)}
    if not needed & method.changed:
        return Cause("not asked", reached=tuple(Quantity.parse(s.name) for s in sorted(method.changed, key=str)))
    numbers = methods.known(solution)
    steps = [name for name in method.rules if name in needed]
    own = [_value(method.rules[name], numbers) for name in steps]
    rational = all(isinstance(v, Fraction) for v in own)
    if any(key(v, rational) != key(numbers[name], rational) for v, name in zip(own, steps, strict=True)):
        return Cause("lost later")
    right = {line.name: line.expression for line in methods.lines}
    return Cause("equal", _equations(method, right, steps[:REASONED_STEPS], numbers))


def _equations(
    method: Method, right: Mapping[Symbol, Expr], steps: list[Symbol], numbers: Mapping[Symbol, Value]
) -> tuple[tuple[Expr, Expr], ...]:
    """What makes wrong - right vanish in every step, factor by factor; () where some step has no short reason."""
    found: dict[tuple[Expr, Expr], None] = {}
    for name in steps:
        difference = method.rules[name] - right[name]
        for part in _parts(difference, numbers) or [_told_apart(difference, right)]:
            vanishing = [f for f in _factors(part) if _is_zero(f, numbers)]
            if not vanishing:
                return ()
            best = min(vanishing, key=lambda f: (bool(_gradients(f)), count_ops(f), str(f)))
            if count_ops(best) > TOLD_OPERATIONS:
                return ()
            found[_equation(best)] = None
    return tuple(found)


def _parts(difference: Expr, numbers: Mapping[Symbol, Value]) -> list[Expr]:
    """The difference by upstream gradient (sample by sample, path by path), where every part vanishes by itself."""
    if count_ops(difference) > FACTORED_OPERATIONS:
        return []
    expanded = expand(difference)
    parts = [expanded.coeff(g) * g for g in sorted(_gradients(expanded), key=str)]
    rest = expand(expanded - Add(*parts))
    parts += [rest] if rest != 0 else []
    return parts if all(_is_zero(part, numbers) for part in parts) else []


def _gradients(expression: Expr) -> list[Symbol]:
    return [s for s in expression.free_symbols if s.name.startswith("dE/")]


def _told_apart(difference: Expr, right: Mapping[Symbol, Expr]) -> Expr:
    """The difference with inner gradients written out until one common upstream gradient is left: it can be factored out."""
    order = {name: i for i, name in enumerate(right)}
    while len(read := _gradients(difference)) > 1 and count_ops(difference) <= FACTORED_OPERATIONS:
        latest = max(read, key=lambda s: order[s])
        difference = difference.xreplace({latest: right[latest]})
    return difference


def _factors(difference: Expr) -> tuple[Expr, ...]:
    """The factors that hold a symbol; functions count as symbols of their own."""
    if count_ops(difference) > FACTORED_OPERATIONS:
        return (difference,)
    atoms = {atom: Dummy() for atom in difference.atoms(Function, exp)}
    back = {dummy: atom for atom, dummy in atoms.items()}
    factors = Mul.make_args(factor(difference.xreplace(atoms)))
    bases = (f.base if isinstance(f, Pow) and f.exp.is_positive else f for f in factors)
    return tuple(b.xreplace(back) for b in bases if b.free_symbols)


def _is_zero(expression: Expr, numbers: Mapping[Symbol, Value]) -> bool:
    value = _value(expression, numbers)
    return value is not None and key(value, isinstance(value, Fraction)) == key(
        Fraction(0), isinstance(value, Fraction)
    )


def _value(expression: Expr, numbers: Mapping[Symbol, Value]) -> Value | None:
    try:
        return shared().evaluate(expression, numbers)
    except (OutOfDomain, Undecided):
        return None


def _equation(zero: Expr) -> tuple[Expr, Expr]:
    """t - u = 0 as t = u: a part of the loss or another first term that is not negative on the left."""

    def order(t: Expr) -> tuple[bool, bool, bool, str]:
        return not t.free_symbols, t.could_extract_minus_sign(), not str(t).startswith("E"), str(t)

    first, *rest = sorted(Add.make_args(zero), key=order)
    return (-first, Add(*rest)) if first.could_extract_minus_sign() else (first, -Add(*rest))


__all__ = ["Cause", "Findings", "cause", "exposed", "find", "scalars", "scored"]
