"""What all dialects share: order of factors and terms, signs, brackets, numbers in place of symbols. Knows no syntax.

The order is a lecturer's: rate, upstream gradient, local derivative, weight, input, function, bracket; positive terms first,
data before penalty, bias last. In numbers mode a symbol becomes its figure: a negative one gets brackets after any operator,
a lone negative term turns plus into minus, factors get a dot. A dialect supplies the small constructors at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Generic, TypeVar

from sympy import Add, Expr, Mul, Pow, Rational, S, Symbol, erf, exp, log, tanh
from sympy.core.numbers import Exp1
from sympy.matrices.expressions import MatrixSymbol, Transpose
from sympy.printing.printer import Printer

from symprop import functions
from symprop.arithmetic import Value, shared
from symprop.functions import Kinked
from symprop.graph import quantity_of
from symprop.layers import Op
from symprop.notation import Name, Names, Ratio
from symprop.printing.figures import Figure, Figures
from symprop.quantity import CONSTANTS, Quantity

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chain:
    """A sum over paths of upstream gradient times local derivative, the factors kept apart (a local 1 stays visible).

    `heads` are small words that stand above the first and the second factor of every term.
    """

    terms: tuple[tuple[Expr, Expr], ...]
    heads: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Factors:
    """A product in the order given, a dot between any two factors."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """left = right, inside a sentence."""

    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Above:
    """form > 0, inside a sentence."""

    form: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """A value to be written as a figure: exactly as `given`, never as a closed form (`approximate`), or in `significant` digits."""

    value: Value
    given: bool = False
    approximate: bool = False
    significant: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """A matrix of values or expressions, row by row."""

    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Shaped:
    """A matrix form with the shape, rows × columns, under every matrix."""

    form: Any


#: Closes a superscript of a transposed matrix.
TRANSPOSED = "⊤"
_ONES = Name("1", sup=TRANSPOSED, bold=True)

#: Printed names of functions; a prime is added for derivatives.
FUNCTION_NAMES: dict[type, tuple[str, bool]] = {
    functions.relu: ("ReLU", False),
    functions.relu_prime: ("ReLU", True),
    functions.leaky_relu: ("LeakyReLU", False),
    functions.leaky_relu_prime: ("LeakyReLU", True),
    functions.elu: ("ELU", False),
    functions.elu_prime: ("ELU", True),
    functions.logistic: ("sigma", False),
    functions.softplus: ("softplus", False),
    functions.gelu: ("GELU", False),
    functions.gelu_tanh: ("GELU", False),
    functions.swish: ("swish", False),
    functions.absolute_prime: ("sign", False),
    functions.Phi: ("Phi", False),
    functions.phi: ("phi", False),
    functions.step: ("step", False),
    log: ("ln", False),
    tanh: ("tanh", False),
    erf: ("erf", False),
}

#: The same by the activation's name in the exercise file, for f(Z) in the layer view.
ACTIVATION_NAMES = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "logistic": "sigma",
    "gelu": "GELU",
    "identity": "id",
}


#: The number formatting of a document that says nothing about it.
PLAIN = Figures()


class Layout(Printer, Generic[T]):
    """Printer base of every dialect. `numbers` turns it to numbers mode; `given` are symbols shown exactly as given."""

    emptyPrinter = None

    def __init__(
        self,
        names: Names,
        figures: Figures = PLAIN,
        numbers: Mapping[Symbol, Value] | None = None,
        given: frozenset[Symbol] = frozenset(),
        *,
        inline: bool = False,
    ) -> None:
        super().__init__()
        self.names, self.figures, self.numbers, self.given = names, figures, numbers, given
        #: Inside a line of words a derivative is written with a slash.
        self.inline = inline
        self.shapes = False
        #: How far down shapes reach: 0 none, 1 under a letter, 2 under a fraction.
        self.depth = 0
        #: Whether a rounded figure was written.
        self.rounded = False

    # ------------------------------------------------------------------ entry points
    def write(self, form: Any) -> T:
        """Any form: an expression, a Chain, a Grid, a value."""
        if isinstance(form, Chain):
            return self.join([piece for pair in self._chain(form) for piece in pair if piece is not None])
        if isinstance(form, Factors):
            return self._factors(form)
        if isinstance(form, Relation):
            left, right = self.write(form.left), self.write(form.right)
            return self.join([left, self.operator("approx" if self.rounded else "="), right])
        if isinstance(form, Above):
            return self.join([self.write(form.form), self.operator(">"), self.number(Figure("0"))])
        if isinstance(form, Grid):
            return self.matrix([[self.write(entry) for entry in row] for row in form.rows])
        if isinstance(form, Op):
            return self._operation(form)
        if isinstance(form, Shaped):
            self.shapes = True
            return self.write(form.form)
        if isinstance(form, Shown):
            return self._shown(form)
        if isinstance(form, Figure):
            return self.signed(form)
        if isinstance(form, (Name, Ratio)):
            return self.quantity(form)
        return self._print(form)

    def pieces(self, form: Any) -> list[T]:
        """The form in parts between which a line may break: at the plus signs of its outermost sum."""
        if isinstance(form, Chain):
            return [self.join([piece for piece in pair if piece is not None]) for pair in self._chain(form)]
        if isinstance(form, Add):
            return self._terms(form)
        if (
            isinstance(form, Mul)
            and len(form.args) == 2
            and form.args[0].is_Rational
            and isinstance(form.args[1], Add)
            and form.args[0] == -1
        ):
            return self._terms(Add(*(-term for term in form.args[1].args)))
        return [self.write(form)]

    def _shown(self, form: Shown) -> T:
        """A value; a closed form is followed by its decimals, unless it was given as it stands."""
        figure = self.figures.write(
            form.value, given=form.given, approximate=form.approximate, significant=form.significant
        )
        written = self.signed(figure)
        if figure.closed is None or form.given:
            return written
        decimals = self.signed(replace(self.figures.write(form.value, approximate=True), rounded=False))
        return self.join([written, self.operator("approx"), decimals])

    def _factors(self, form: Factors) -> T:
        parts: list[T] = []
        for i, factor in enumerate(form.factors):
            if i:
                parts.append(self.operator("dot"))
            if isinstance(factor, Add) or (i and factor.could_extract_minus_sign()):
                parts.append(self.bracket(self._print(factor)))
            else:
                parts.append(
                    self._product(factor, leading=not i)
                    if not factor.could_extract_minus_sign()
                    else self._print(factor)
                )
        return self.join(parts)

    # ------------------------------------------------------------------ figures
    def figure(self, value: Value, given: bool = False) -> Figure:
        figure = self.figures.write(value, given=given)
        self.rounded |= figure.rounded
        return figure

    def signed(self, figure: Figure) -> T:
        """A figure with its sign."""
        written = self.unsigned(figure)
        return self.join([self.minus(), written]) if figure.negative else written

    def unsigned(self, figure: Figure) -> T:
        self.rounded |= figure.rounded
        if figure.closed is not None:
            return type(self)(self.names, self.figures)._print(figure.closed)
        return self.number(figure)

    def _known(self, expression: Expr) -> Figure | None:
        """The figure that stands for a symbol or a kinked function in numbers mode."""
        if self.numbers is None:
            return None
        if isinstance(expression, Symbol) and expression in self.numbers:
            return self.figure(self.numbers[expression], expression in self.given)
        if isinstance(expression, functions.CONVENTIONAL) and not isinstance(expression, functions.elu_prime):
            return self.figure(shared().evaluate(expression, self.numbers))
        return None

    # ------------------------------------------------------------------ sums
    def _terms(self, expression: Expr) -> list[T]:
        terms = sorted(Add.make_args(expression), key=_term_key)
        if self.numbers is not None:
            terms = [term for term in terms if not self._drops_out(term)] or terms
        return [self._term(term, first=i == 0) for i, term in enumerate(terms)]

    def _term(self, term: Expr, first: bool) -> T:
        negative = term.could_extract_minus_sign() and not isinstance(term, Add)
        body = -term if negative else term
        known = self._known(body)
        if known is not None and known.negative and not negative and not first:
            return self.join([self.operator("-"), self.unsigned(known)])
        written = self._product(body, leading=first and not negative)
        if negative and first and self._starts_with_zero(body):
            negative = False  # never -0
        if first:
            return self.join([self.minus(), written]) if negative else written
        return self.join([self.operator("-" if negative else "+"), written])

    def _drops_out(self, term: Expr) -> bool:
        """Whether a term has a target of 0 as factor: nobody writes 0 ln 0.3 in a cross-entropy."""
        assert self.numbers is not None
        factors = (f for f in Mul.make_args(term) if isinstance(f, Symbol) and quantity_of(f).name == "y")
        return len(Mul.make_args(term)) > 2 and any(self.numbers.get(f) == Fraction(0) for f in factors)

    def _starts_with_zero(self, body: Expr) -> bool:
        if self.numbers is None:
            return False
        head = min((f for f in Mul.make_args(body) if not f.is_Rational), key=_factor_key, default=S.One)
        return (
            isinstance(head, Symbol)
            and head in self.numbers
            and isinstance(self.numbers[head], Fraction)
            and self.numbers[head] == 0
        )

    def _print_Add(self, expression: Add) -> T:
        return self.join(self._terms(expression))

    # ------------------------------------------------------------------ products
    def _print_Mul(self, expression: Mul) -> T:
        return self._term(expression, first=True)

    def _product(self, expression: Expr, leading: bool) -> T:
        """A product without its symbolic sign; `leading`: nothing stands to the left, so a negative figure needs no brackets."""
        if not isinstance(expression, Mul):
            if isinstance(expression, Add):
                return self.bracket(self._print(expression))
            return self._factor(expression, leading=leading, alone=True)
        above, below = [], []
        coefficient = S.One
        for factor in expression.args:
            if factor.is_Rational:
                coefficient *= factor
            elif isinstance(factor, Pow) and factor.exp.is_Rational and factor.exp.is_negative:
                below.append(Pow(factor.base, -factor.exp))
            else:
                above.append(factor)
        above.sort(key=_factor_key)
        below.sort(key=_factor_key)
        if below:
            top = [Rational(coefficient.p)] if coefficient.p != 1 or not above else []
            bottom = [Rational(coefficient.q)] if coefficient.q != 1 else []
            return self.fraction(self._row([*top, *above], True), self._row([*bottom, *below], True))
        if (
            coefficient.q != 1
            and above
            and isinstance(above[0], Symbol)
            and above[0].name in CONSTANTS
            and self._known(above[0]) is None
        ):
            head = self.fraction(
                self._row([Rational(coefficient.p), above[0]] if coefficient.p != 1 else [above[0]], True),
                self._row([Rational(coefficient.q)], True),
            )
            return self.join([head, self._row(above[1:], False)]) if len(above) > 1 else head
        return self._row([coefficient, *above] if coefficient != 1 else above, leading)

    def _row(self, factors: Sequence[Expr], leading: bool) -> T:
        """Factors side by side: juxtaposed letters and brackets, dots between figures and after derivatives."""
        if len(factors) == 1 and isinstance(factors[0], Add):
            return self._print(factors[0]) if leading else self.bracket(self._print(factors[0]))
        parts: list[T] = []
        previous: Expr | None = None
        for i, factor in enumerate(factors):
            if previous is not None:
                parts.append(self.operator("dot") if self._needs_dot(previous, factor) else self.space())
            parts.append(self._factor(factor, leading=leading and i == 0, alone=len(factors) == 1))
            previous = factor
        return self.join(parts)

    def _is_figure(self, factor: Expr) -> bool:
        if factor.is_number and not factor.has(log, exp):
            return True
        base = factor.base if isinstance(factor, Pow) else factor
        return self.numbers is not None and isinstance(base, (Symbol, *functions.CONVENTIONAL))

    def _needs_dot(self, left: Expr, right: Expr) -> bool:
        if self._is_figure(right):
            return True
        if isinstance(left, Symbol) and self.numbers is None and isinstance(self.names.write(quantity_of(left)), Ratio):
            return True
        if (
            isinstance(left, Symbol)
            and isinstance(right, Symbol)
            and self.numbers is None
            and isinstance(self.names.write(quantity_of(right)), Ratio)
        ):
            return left.name not in CONSTANTS
        return (
            self._is_figure(left)
            and not isinstance(right, (Add, Symbol))
            and not (isinstance(right, Pow) and isinstance(right.base, (Add, Symbol)))
        )

    def _factor(self, factor: Expr, leading: bool, alone: bool = False) -> T:
        known = self._known(factor)
        if known is not None:
            written = self.signed(known)
            is_sum = known.closed is not None and known.closed.is_Add and not alone
            return self.bracket(written) if is_sum or (known.negative and not leading) else written
        if isinstance(factor, Add):
            return self.bracket(self._print(factor))
        if isinstance(factor, Chain) or (isinstance(factor, Mul) and not alone):
            return self.bracket(self._print(factor))
        if (
            self.numbers is not None
            and not alone
            and isinstance(factor, (functions.softplus, functions.swish, functions.gelu))
        ):
            return self.bracket(self._print(factor))
        return self._print(factor)

    def _print_Pow(self, expression: Pow) -> T:
        base, exponent = expression.base, expression.exp
        if exponent.is_Rational and exponent.is_negative:
            return self.fraction(self.number(Figure("1")), self._row([Pow(base, -exponent)], True))
        if exponent == S.Half:
            return self.root(self._print(base))
        known = self._known(base)
        if known is not None:
            written = self.signed(known)
            inner = self.bracket(written) if known.negative or known.kind != "decimal" else written
        elif isinstance(base, Symbol) and self.raised(base):
            inner = self.bracket(self._print(base))
        elif isinstance(base, Symbol):
            inner = self._print(base)
        elif isinstance(base, Pow) or not base.is_Atom or (base.is_Rational and (base.is_negative or base.q != 1)):
            inner = self.bracket(self._print(base))
        else:
            inner = self._print(base)
        return self.power(inner, self._print(exponent))

    def raised(self, sign: Symbol) -> bool:
        """Whether a symbol already carries a superscript or is a fraction, so that a power needs brackets."""
        name = self.names.write(quantity_of(sign))
        return isinstance(name, Ratio) or bool(name.sup)

    def _chain(self, chain: Chain) -> list[tuple[T | None, T]]:
        """A (sign, body) pair a term."""
        found: list[tuple[T | None, T]] = []
        for i, (upstream, local) in enumerate(chain.terms):
            if upstream == 1:
                terms = self._terms(local)
                if i == 0:
                    found.append((None, self.join(terms)))
                    continue
                known = self._known(local)
                negative = len(terms) == 1 and (
                    local.could_extract_minus_sign() or (known is not None and known.negative)
                )
                if negative and known is not None and known.negative:
                    found.append((self.operator("-"), self.unsigned(known)))
                elif negative:
                    found.append((self.operator("-"), self._product(-local, leading=False)))
                else:
                    found.append(
                        (
                            self.operator("+"),
                            self._product(local, leading=False) if len(terms) == 1 else self.bracket(self.join(terms)),
                        )
                    )
                continue
            first = self._factor(upstream, leading=i == 0)
            negative = local.could_extract_minus_sign() and not local.is_Symbol
            if isinstance(local, Add) or negative:
                second = self.bracket(self._print(local))
            else:
                second = self._product(local, leading=False)
            if chain.heads is not None:
                first, second = (self.headed(*pair) for pair in zip((first, second), chain.heads, strict=True))
            found.append((self.operator("+") if i else None, self.join([first, self.operator("dot"), second])))
        return found

    # ------------------------------------------------------------------ atoms and functions
    def _print_Symbol(self, sign: Symbol) -> T:
        known = self._known(sign)
        return self.signed(known) if known is not None else self.quantity(self.names.write(quantity_of(sign)))

    def _print_Rational(self, number: Rational) -> T:
        size = abs(number)
        figure = Figure(str(size.p), bool(number < 0), str(size.q) if size.q != 1 else "")
        return self.signed(figure)

    _print_Integer = _print_Half = _print_One = _print_Zero = _print_NegativeOne = _print_Rational

    def _print_Pi(self, number: Expr) -> T:
        return self.quantity(Name("pi"))

    def _print_Exp1(self, number: Exp1) -> T:
        return self.quantity(Name("e"))

    def _print_exp(self, expression: exp) -> T:
        return self.power(self.quantity(Name("e")), self._print(expression.args[0]))

    def _print_Function(self, expression: Any) -> T:
        name, prime = FUNCTION_NAMES[type(expression)]
        argument = expression.args[0]
        if self.numbers is not None:
            worked = self._in_numbers(expression)
            if worked is not None:
                return worked
        return self.call(name, prime, [self._print(argument)])

    def _in_numbers(self, expression: Any) -> T | None:
        """How a function's value is worked out by hand, once its argument is a number."""
        argument = expression.args[0]
        known = self._known(expression)
        if known is not None:
            return self.signed(known)
        if isinstance(expression, functions.relu) and isinstance(argument, Symbol):
            return self.call("max", False, [self.number(Figure("0")), self._print(argument)])
        if isinstance(expression, Kinked):
            assert self.numbers is not None
            arithmetic = shared()
            side = arithmetic.sign(arithmetic.evaluate(argument, self.numbers), argument)
            return self._print(expression.branch(side, *expression.args))
        if isinstance(expression, functions.logistic):
            return self.fraction(
                self.number(Figure("1")),
                self.join(
                    [
                        self.number(Figure("1")),
                        self.operator("+"),
                        self.power(self.quantity(Name("e")), self._negated(argument)),
                    ]
                ),
            )
        if isinstance(expression, functions.softplus):
            return self.call(
                "ln", False, [self.join([self.number(Figure("1")), self.operator("+"), self._print(exp(argument))])]
            )
        if isinstance(expression, functions.gelu):
            return self.join(
                [self._factor(argument, leading=True), self.operator("dot"), self._print(functions.Phi(argument))]
            )
        if isinstance(expression, functions.swish):
            beta = expression.args[1] if len(expression.args) > 1 else S.One
            return self.join(
                [
                    self._factor(argument, leading=True),
                    self.operator("dot"),
                    self.call("sigma", False, [self._print(beta * argument)]),
                ]
            )
        return None

    def _negated(self, argument: Expr) -> T:
        known = self._known(argument)
        if known is not None:
            return (
                self.unsigned(known)
                if known.negative or known.digits == "0"
                else self.join([self.minus(), self.unsigned(known)])
            )
        return self._print(-argument)

    def _print_absolute(self, expression: functions.absolute) -> T:
        return self.absolute(self._print(expression.args[0]))

    def _print_softmax(self, expression: functions.softmax) -> T:
        k, *inputs = expression.args
        terms = [self._print(exp(t)) for t in inputs]
        total = self.join(
            [piece for i, term in enumerate(terms) for piece in ((self.operator("+"), term) if i else (term,))]
        )
        return self.fraction(self._print(exp(inputs[int(k) - 1])), total)

    # ------------------------------------------------------------------ matrices by name
    def _print_MatrixSymbol(self, expression: MatrixSymbol) -> T:
        name = self._matrix_name(Quantity.parse(expression.name))
        rows, columns = expression.shape
        return self._sized(self.quantity(name), rows, columns, isinstance(name, Ratio))

    def _sized(self, written: T, rows: int, columns: int, deep: bool = False) -> T:
        if not self.shapes:
            return written
        self.depth = max(self.depth, 2 if deep else 1)
        return self.shaped(written, int(rows), int(columns), deep)

    def _matrix_name(self, of: Quantity) -> Name | Ratio:
        if of.is_gradient and of.wrt is not None and of.wrt.name == "z":
            return self.names.delta(of.wrt.layer)
        return self.names.write(of)

    def _print_Transpose(self, expression: Transpose) -> T:
        name = self._matrix_name(Quantity.parse(expression.arg.name))
        if isinstance(name, Ratio) or name.sup.isdigit():  # a bare layer label and the sign would read as one exponent
            written = self.power(self.bracket(self.quantity(name)), self.transposed())
        else:
            written = self.quantity(replace(name, sup=name.sup + TRANSPOSED))
        rows, columns = expression.shape
        return self._sized(written, rows, columns, isinstance(name, Ratio))

    def _operation(self, form: Op) -> T:
        """A matrix operation by name."""
        first, *rest = form.operands
        if form.name in ("entry", "same"):
            return self.write(first)
        if form.name == "scaled":
            inner = self._operand(rest[0])
            return self.join([self._product(first, leading=True), self.space(), inner])
        if form.name in ("function", "prime"):
            name = ACTIVATION_NAMES.get(first, first)
            self.shapes = False  # element by element: the shape on the left is the argument's
            return (
                self.write(rest[0])
                if first == "identity" and form.name == "function"
                else self.call(name, form.name == "prime", [self.write(rest[0])])
            )
        if form.name in ("total", "shared"):
            delta = self.write(first)
            rows, columns = self._size(first)
            right = self._sized(self.quantity(Name("1", bold=True)), columns, 1)
            left = self._sized(self.quantity(_ONES), 1, rows)
            if form.name == "shared":
                return self.join([left, self.space(), delta, self.space(), right])
            return self.join([delta, self.space(), right] if rest[0] == "columns" else [left, self.space(), delta])
        between = {
            "product": self.space(),
            "sum": self.operator("+"),
            "difference": self.operator("-"),
            "hadamard": self.operator("hadamard"),
        }[form.name]
        parts = [self._operand(o) if form.name in ("product", "hadamard") else self.write(o) for o in form.operands]
        return self.join([piece for i, part in enumerate(parts) for piece in ((between, part) if i else (part,))])

    @staticmethod
    def _size(form: Any) -> tuple[int, int]:
        return (len(form.rows), len(form.rows[0])) if isinstance(form, Grid) else (int(form.rows), int(form.cols))

    def _operand(self, form: Any) -> T:
        written = self.write(form)
        return self.bracket(written) if isinstance(form, Op) and form.name in ("sum", "difference") else written

    # ------------------------------------------------------------------ what a dialect supplies
    def join(self, parts: Sequence[T]) -> T:
        raise NotImplementedError

    def number(self, figure: Figure) -> T:
        raise NotImplementedError

    def quantity(self, name: Name | Ratio) -> T:
        raise NotImplementedError

    def operator(self, which: str) -> T:
        """Binary: + - dot hadamard = approx >."""
        raise NotImplementedError

    def minus(self) -> T:
        """The sign of a leading negative."""
        raise NotImplementedError

    def space(self) -> T:
        raise NotImplementedError

    def bracket(self, body: T) -> T:
        raise NotImplementedError

    def fraction(self, top: T, bottom: T) -> T:
        raise NotImplementedError

    def power(self, base: T, exponent: T) -> T:
        raise NotImplementedError

    def root(self, body: T) -> T:
        raise NotImplementedError

    def absolute(self, body: T) -> T:
        raise NotImplementedError

    def call(self, function: str, prime: bool, arguments: Sequence[T]) -> T:
        raise NotImplementedError

    def matrix(self, rows: Sequence[Sequence[T]]) -> T:
        raise NotImplementedError

    def transposed(self) -> T:
        raise NotImplementedError

    def headed(self, body: T, word: str) -> T:
        """A factor with a small word above it; a dialect without room for one leaves the factor as it is."""
        return body

    def shaped(self, body: T, rows: int, columns: int, deep: bool) -> T:
        """A matrix with its shape below; `deep`: the matrix is written as a fraction."""
        return body


_FACTOR_RANK = {"W": 4, "b": 4, "x": 5, "y": 5, "z": 5, "a": 5, "E": 5}


def _quantity_key(of: Quantity) -> tuple[int, ...]:
    core = of.wrt if of.wrt is not None else of
    if of.is_gradient:
        rank = 2
    elif of.wrt is not None:
        rank = 3
    elif of.name in CONSTANTS:
        rank = 1
    else:
        rank = _FACTOR_RANK.get(of.name, 5)
    return (rank, core.sample, core.layer, *core.index)


def _factor_key(factor: Expr) -> tuple[Any, ...]:
    base = factor.base if isinstance(factor, Pow) else factor
    if base.is_Rational:
        return ((0,), 0, "")
    if isinstance(base, Symbol):
        return (_quantity_key(quantity_of(base)), 0, "")
    if isinstance(base, Add):
        constant = all(quantity_of(s).name in CONSTANTS for s in base.free_symbols)
        return ((1, 9) if constant else (7,), 0, _text_key(base))
    if isinstance(base, log):
        return ((8,), 0, _text_key(base))  # (1 - y) ln(1 - a): a logarithm without brackets around it comes last
    if base.is_number:
        return ((0, 1), 0, str(base))
    return ((6,), 0, _text_key(base))


def _text_key(expression: Expr) -> str:
    return " ".join(sorted(s.name for s in expression.free_symbols))


_TERM_RANK = {"W": 1, "x": 2, "y": 2, "z": 2, "a": 2, "E": 2, "b": 4}


def _term_key(term: Expr) -> tuple[Any, ...]:
    negative = term.could_extract_minus_sign() and not isinstance(term, Add)
    factors = sorted(Mul.make_args(-term if negative else term), key=_factor_key)
    lead = next((f for f in factors if not f.is_Rational), S.One)
    base = lead.base if isinstance(lead, Pow) else lead
    if term.is_number:
        return (negative, -1, (), str(term))
    if isinstance(base, Symbol):
        of = quantity_of(base)
        rank = (
            5
            if of.name in CONSTANTS and not any(quantity_of(s).is_gradient for s in term.free_symbols)
            else _TERM_RANK.get(of.name, 0)
        )
        rank = 0 if of.is_gradient else rank
        if any(quantity_of(s).state in ("velocity", "m", "v") for s in term.free_symbols):
            rank = -1  # what a rule carries over stands before what it adds
        return (negative, rank, _quantity_key(of), _text_key(term))
    return (negative, 3, (), _text_key(term))


__all__ = ["Above", "Chain", "Factors", "Grid", "Layout", "Relation", "Shaped", "Shown"]
