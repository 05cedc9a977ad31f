"""Exact proof that two operations of a circuit are equal, where it is cheap.

Each side becomes a quotient of polynomials over generators taken as independent: symbols, e^(term) for each term of an
exponent, ln|polynomial|, ln p for primes p, roots, erf. Cases are made on the sign of every kink. A difference that is
identically 0 is a proof wherever both sides are defined; anything else proves nothing. Bounded in products of terms.

Reals only: ln(u) is defined for u > 0 alone, where it is the sum of the ln|factor| of u.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

from symprop.checking.circuits import Budget, Circuit, Operation, Spent, Unsupported

#: Generator -> exponent, sorted; exponents may be negative or fractions.
Monomial: TypeAlias = tuple[tuple[int, Fraction], ...]
Polynomial: TypeAlias = dict[Monomial, Fraction]
#: A polynomial as a key.
Factor: TypeAlias = frozenset[tuple[Monomial, Fraction]]
#: A kink's argument without its sign and its positive factors.
Kink: TypeAlias = tuple[Monomial, frozenset[tuple[Factor, Fraction]]]

#: Signs of kinks at once; more than that many nested cases are not tried.
MOST_KINKS = 6
#: Bits of a coefficient.
MOST_BITS = 4000
#: Numbers up to this are split into primes under a logarithm.
MOST_FACTORED = 10**6
_NO_POWER = Fraction(0)


class GivenUp(Exception):
    """The proof would cost more than it may."""


class Product:
    """coefficient * monomial * product of factor^power; the factors are sums with leading coefficient 1."""

    __slots__ = ("coefficient", "factors", "monomial")

    def __init__(self, coefficient: Fraction, monomial: Monomial = (), factors: Mapping[Factor, Fraction] = {}) -> None:
        self.coefficient, self.monomial = coefficient, monomial
        self.factors = {f: p for f, p in factors.items() if p} if coefficient else {}


class _NeedsSign(Exception):
    def __init__(self, kink: Kink) -> None:
        self.kink = kink


class Generators:
    """Generators by number; those of `positive` are greater than 0 wherever they are defined."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.keys: list[Any] = []
        self.positive: set[int] = set()
        self._ids: dict[Any, int] = {}

    def number(self, kind: str, what: Any, positive: bool = False) -> int:
        key = (kind, what)
        if key not in self._ids:
            self._ids[key] = len(self.keys)
            self.keys.append(key)
            if positive:
                self.positive.add(self._ids[key])
        return self._ids[key]

    def generator(self, kind: str, what: Any, power: Fraction = Fraction(1), positive: bool = False) -> Product:
        return Product(Fraction(1), ((self.number(kind, what, positive), power),))

    # ------------------------------------------------------------------ arithmetic
    def times(self, left: Product, right: Product) -> Product:
        self.budget.spend(1)
        factors = dict(left.factors)
        for factor, power in right.factors.items():
            factors[factor] = factors.get(factor, _NO_POWER) + power
        monomial = joined(left.monomial, right.monomial) if left.coefficient and right.coefficient else ()
        return Product(bounded(left.coefficient * right.coefficient), monomial, factors)

    def power(self, base: Product, n: Fraction) -> Product:
        """base^n for an integer n, or for a base that is not negative."""
        if n.denominator == 1:
            if abs(n) * base.coefficient.numerator.bit_length() > MOST_BITS:
                raise GivenUp
            if abs(n) * base.coefficient.denominator.bit_length() > MOST_BITS or (not base.coefficient and n <= 0):
                raise GivenUp
            coefficient = Product(base.coefficient ** int(n))
        else:
            if base.coefficient <= 0 or not self._roots_apart(base):
                raise GivenUp
            coefficient = Product(Fraction(1))
            for prime, k in primes(base.coefficient).items():
                coefficient = self.times(coefficient, self.generator("number", prime, k * n, positive=True))
        monomial = tuple((g, p * n) for g, p in base.monomial)
        return self.times(coefficient, Product(Fraction(1), monomial, {f: p * n for f, p in base.factors.items()}))

    def _roots_apart(self, base: Product) -> bool:
        """Whether a root of the product is the product of roots: at most one part may be negative, and not to an even power."""
        powers = [p for g, p in base.monomial if g not in self.positive]
        powers += [p for f, p in base.factors.items() if not self.is_positive(f)]
        return len(powers) < 2 and all(p.denominator != 1 or p % 2 for p in powers)

    def sum(self, terms: Iterable[Product]) -> Product:
        """The sum as common factors times one polynomial."""
        parts = [term for term in terms if term.coefficient]
        if len(parts) < 2:
            return parts[0] if parts else Product(Fraction(0))
        common = {
            f: min(p.factors.get(f, _NO_POWER) for p in parts)
            for f in dict.fromkeys(f for p in parts for f in p.factors)
        }
        total: Polynomial = {}
        for part in parts:
            rest = {f: part.factors.get(f, _NO_POWER) - least for f, least in common.items()}
            for monomial, coefficient in self.expanded(Product(part.coefficient, part.monomial, rest)).items():
                total[monomial] = bounded(total.get(monomial, _NO_POWER) + coefficient)
        return self.times(self.normal(total), Product(Fraction(1), (), common))

    def expanded(self, product: Product) -> Polynomial:
        """A product of whole positive powers as a polynomial."""
        result: Polynomial = {product.monomial: product.coefficient}
        for factor, power in product.factors.items():
            if power.denominator != 1 or power < 0:
                raise GivenUp
            for _ in range(int(power)):
                self.budget.spend(len(result) * len(factor))
                grown: Polynomial = {}
                for monomial, coefficient in result.items():
                    for other, by in factor:
                        key = joined(monomial, other)
                        grown[key] = bounded(grown.get(key, _NO_POWER) + coefficient * by)
                result = {m: c for m, c in grown.items() if c}
        return result

    def normal(self, polynomial: Polynomial) -> Product:
        """The polynomial as coefficient * monomial * factor, the factor free of both; numbers under roots are reduced."""
        reduced: Polynomial = {}
        for monomial, coefficient in polynomial.items():
            key, c = self._whole(monomial, coefficient)
            reduced[key] = reduced.get(key, _NO_POWER) + c
        terms = {m: c for m, c in reduced.items() if c}
        if not terms:
            return Product(Fraction(0))
        first = next(iter(terms))
        content = dict(first)
        for monomial in terms:
            powers = dict(monomial)
            content = {g: min(content.get(g, _NO_POWER), powers.get(g, _NO_POWER)) for g in {*content, *powers}}
        content = {g: p for g, p in content.items() if p}
        inverse = tuple(sorted((g, -p) for g, p in content.items()))
        shifted = {joined(m, inverse): c for m, c in terms.items()}
        lead = shifted[max(shifted)]
        monomial = tuple(sorted(content.items()))
        if len(shifted) == 1:
            return Product(lead, monomial)
        return Product(lead, monomial, {frozenset((m, c / lead) for m, c in shifted.items()): Fraction(1)})

    def _whole(self, monomial: Monomial, coefficient: Fraction) -> tuple[Monomial, Fraction]:
        """Whole powers of primes under roots join the coefficient: 2^(3/2) is 2 * 2^(1/2)."""
        kept = []
        for g, p in monomial:
            kind, what = self.keys[g]
            if kind == "number" and not 0 < p < 1:
                whole = p.numerator // p.denominator
                coefficient = bounded(coefficient * Fraction(what) ** whole)
                p -= whole
            if p:
                kept.append((g, p))
        return tuple(kept), coefficient

    # ------------------------------------------------------------------ signs
    def is_positive(self, factor: Factor) -> bool:
        return all(c > 0 and self._not_negative(m) for m, c in factor) and any(
            all(g in self.positive for g, _ in m) for m, _ in factor
        )

    def _not_negative(self, monomial: Monomial) -> bool:
        return all(g in self.positive or p.denominator != 1 or p % 2 == 0 for g, p in monomial)

    def kink(self, t: Product) -> tuple[int, Kink]:
        """The sign of t is the first times that of the second."""
        side = (t.coefficient > 0) - (t.coefficient < 0)
        monomial = tuple((g, p) for g, p in t.monomial if g not in self.positive)
        factors = frozenset((f, p) for f, p in t.factors.items() if not self.is_positive(f))
        return side, (monomial, factors)

    # ------------------------------------------------------------------ functions
    def exponential(self, t: Product) -> Product:
        """e^t: a generator for each term of t without its rational coefficient; e^(k ln p) is p^k."""
        above = {f: p for f, p in t.factors.items() if p > 0 and p.denominator == 1}
        below = frozenset((f, p) for f, p in t.factors.items() if f not in above)
        result = Product(Fraction(1))
        for monomial, coefficient in self.expanded(Product(t.coefficient, t.monomial, above)).items():
            result = self.times(result, self._exponential_of(monomial, below, coefficient))
        return result

    def _exponential_of(self, monomial: Monomial, below: Any, coefficient: Fraction) -> Product:
        if len(monomial) == 1 and not below and monomial[0][1] == 1:
            kind, what = self.keys[monomial[0][0]]
            if kind == "log number":
                return self.power(Product(Fraction(what)), coefficient)
            if kind == "log" and self.is_positive(what):
                return Product(Fraction(1), (), {what: coefficient})
            if kind == "log generator" and what in self.positive:
                return Product(Fraction(1), ((what, coefficient),))
        return self.generator("exp", (monomial, below), coefficient, positive=True)

    def logarithm(self, t: Product) -> Product:
        """The sum of ln|factor|, equal to ln t wherever t > 0."""
        if t.coefficient == 0:
            raise GivenUp
        terms = [
            Product(k, ((self.number("log number", prime), Fraction(1)),))
            for prime, k in primes(abs(t.coefficient)).items()
        ]
        for g, p in t.monomial:
            kind, what = self.keys[g]
            if kind == "exp":
                inner, below = what
                terms.append(Product(p, inner, dict(below)))
            elif kind == "number":
                terms.append(Product(p, ((self.number("log number", what), Fraction(1)),)))
            else:
                terms.append(Product(p, ((self.number("log generator", g), Fraction(1)),)))
        for factor, power in t.factors.items():
            terms.append(Product(power, ((self.number("log", factor), Fraction(1)),)))
        return self.sum(terms)


def joined(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    if not left or not right:
        return left or right
    powers = dict(left)
    for g, p in right:
        powers[g] = powers.get(g, _NO_POWER) + p
    return tuple(sorted((g, p) for g, p in powers.items() if p))


def bounded(value: Fraction) -> Fraction:
    """The value itself. Raises GivenUp when it has more than MOST_BITS bits."""
    if value.numerator.bit_length() + value.denominator.bit_length() > MOST_BITS:
        raise GivenUp
    return value


def primes(value: Fraction) -> dict[int, Fraction]:
    """Prime -> exponent; what is left beyond MOST_FACTORED counts as a prime."""
    found: dict[int, Fraction] = {}
    for part, side in ((value.numerator, 1), (value.denominator, -1)):
        rest, p = part, 2
        while p * p <= rest and p <= 1000:
            while rest % p == 0:
                found[p] = found.get(p, _NO_POWER) + side
                rest //= p
            p += 1
        if rest > MOST_FACTORED:
            raise GivenUp
        if rest > 1:
            found[rest] = found.get(rest, _NO_POWER) + side
    return found


class _Case:
    """A circuit's operations as products, under given signs of kinks and with symbols put in from kinks that are 0."""

    def __init__(
        self, circuit: Circuit, generators: Generators, signs: Mapping[Kink, int], bound: Mapping[int, Product]
    ):
        self.circuit, self.generators, self.signs, self.bound = circuit, generators, signs, bound
        self._known: dict[int, Product] = {}

    def product(self, i: int) -> Product:
        found = self._known.get(i)
        if found is None:
            operation = self.circuit.operations[i]
            self.generators.budget.spend(1)
            found = self._known[i] = _MAKERS[operation[0]](self, operation)
        return found

    def _number(self, operation: Operation) -> Product:
        return Product(operation[1])

    def _symbol(self, operation: Operation) -> Product:
        g = self.generators.number("symbol", operation[1], positive=operation[1].is_positive is True)
        return self.bound.get(g) or Product(Fraction(1), ((g, Fraction(1)),))

    def _pi(self, operation: Operation) -> Product:
        return self.generators.generator("pi", None, positive=True)

    def _undefined(self, operation: Operation) -> Product:
        raise GivenUp

    def _sum(self, operation: Operation) -> Product:
        return self.generators.sum(self.product(i) for i in operation[1:])

    def _mul(self, operation: Operation) -> Product:
        result = Product(Fraction(1))
        for i in operation[1:]:
            result = self.generators.times(result, self.product(i))
        return result

    def _pow(self, operation: Operation) -> Product:
        return self.generators.power(self.product(operation[1]), Fraction(operation[2]))

    def _root(self, operation: Operation) -> Product:
        return self.generators.power(self.product(operation[1]), Fraction(1, operation[2]))

    def _exp(self, operation: Operation) -> Product:
        return self.generators.exponential(self.product(operation[1]))

    def _log(self, operation: Operation) -> Product:
        return self.generators.logarithm(self.product(operation[1]))

    def _tanh(self, operation: Operation) -> Product:
        g = self.generators
        e = g.exponential(g.times(Product(Fraction(2)), self.product(operation[1])))
        over = g.sum((e, Product(Fraction(1))))
        return g.times(g.sum((e, Product(Fraction(-1)))), g.power(over, Fraction(-1)))

    def _erf(self, operation: Operation) -> Product:
        t = self.product(operation[1])
        if not t.coefficient:
            return t
        side = 1 if t.coefficient > 0 else -1
        key = (abs(t.coefficient), t.monomial, frozenset(t.factors.items()))
        return Product(Fraction(side), ((self.generators.number("erf", key), Fraction(1)),))

    def _choice(self, operation: Operation) -> Product:
        _, t, *branches = operation
        side, kink = self.generators.kink(self.product(t))
        if side and any(kink):
            if kink not in self.signs:
                raise _NeedsSign(kink)
            side *= self.signs[kink]
        return self.product(branches[side + 1])


_MAKERS: dict[str, Callable[[_Case, Operation], Product]] = {
    "number": _Case._number,
    "symbol": _Case._symbol,
    "pi": _Case._pi,
    "undefined": _Case._undefined,
    "add": _Case._sum,
    "mul": _Case._mul,
    "pow": _Case._pow,
    "root": _Case._root,
    "exp": _Case._exp,
    "log": _Case._log,
    "tanh": _Case._tanh,
    "erf": _Case._erf,
    "choice": _Case._choice,
}


def proved_equal(circuit: Circuit, left: int, right: int, operations: int) -> bool:
    """Whether both are proved to be the same function wherever both are defined; False proves nothing. Raises nothing."""
    budget = Budget(operations)
    try:
        return _in_all_cases(circuit, left, right, Generators(budget), {}, {})
    except (GivenUp, Spent, Unsupported, RecursionError):
        return False


def _in_all_cases(
    circuit: Circuit,
    left: int,
    right: int,
    generators: Generators,
    signs: dict[Kink, int],
    bound: dict[int, Product],
) -> bool:
    case = _Case(circuit, generators, signs, bound)
    try:
        minus = generators.times(Product(Fraction(-1)), case.product(right))
        return not generators.sum((case.product(left), minus)).coefficient
    except _NeedsSign as needed:
        kink = needed.kink
    if len(signs) == MOST_KINKS:
        raise GivenUp
    return all(
        _in_all_cases(
            circuit, left, right, generators, signs | {kink: side}, bound if side else _at_zero(kink, generators, bound)
        )
        for side in (1, -1, 0)
    )


def _at_zero(kink: Kink, generators: Generators, bound: dict[int, Product]) -> dict[int, Product]:
    """The symbols put in so far, and one more where the kink's argument is linear in a symbol of its own: it is 0."""
    monomial, factors = kink
    if len(monomial) + len(factors) != 1:
        return bound
    if monomial:
        (g, _), rest = monomial[0], Product(Fraction(0))
        return bound if generators.keys[g][0] != "symbol" else _put(bound, g, rest, generators)
    terms = dict(next(iter(factors))[0])
    for term, coefficient in terms.items():
        if len(term) == 1 and term[0][1] == 1 and generators.keys[term[0][0]][0] == "symbol":
            g = term[0][0]
            others = {m: -c / coefficient for m, c in terms.items() if m != term}
            if not any(_reads(generators, m, g) for m in others):
                return _put(bound, g, generators.normal(others), generators)
    return bound


def _put(bound: dict[int, Product], g: int, value: Product, generators: Generators) -> dict[int, Product]:
    """One more symbol put in; none when an earlier one would have to be rewritten."""
    return bound if any(_mentions(generators, product, g) for product in bound.values()) else bound | {g: value}


def _mentions(generators: Generators, product: Product, g: int) -> bool:
    return _reads(generators, product.monomial, g) or any(
        _reads(generators, m, g) for factor in product.factors for m, _ in factor
    )


def _reads(generators: Generators, monomial: Monomial, g: int) -> bool:
    """Whether a monomial may depend on generator g; composite generators count as if they did."""
    return any(h == g or generators.keys[h][0] not in ("symbol", "number", "pi") for h, _ in monomial)


def kinks_of(circuit: Circuit, arguments: Iterable[int], operations: int) -> dict[int, tuple[int, Kink | int]]:
    """Argument -> (1 or -1, a key): its sign is the first times that of the second, which equal kinks share where that is cheap.

    Keys of one call may be compared with each other only. `operations` bounds each argument.
    """
    generators = Generators(Budget(operations))
    found: dict[int, tuple[int, Kink | int]] = {}
    for t in arguments:
        generators.budget = Budget(operations)
        try:
            side, kink = generators.kink(_Case(circuit, generators, {}, {}).product(t))
        except (GivenUp, Spent, Unsupported, RecursionError, _NeedsSign):
            side, kink = 0, ((), frozenset())
        found[t] = (side, kink) if side and any(kink) else (1, t)
    return found
