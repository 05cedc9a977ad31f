"""Numbers, matrices, truths and vectors of ones: what an answer's parts are, and how they are put together.

In: values already read and the token to blame. Out: values, every entry of them built under the limits, or Stop. Knows no
syntax and no name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sympy import Add, Expr, ImmutableMatrix, Mul, Pow, S, exp, log

from symprop.functions import step
from symprop.reading.building import Builder, stop
from symprop.reading.tokens import Limits, Token

#: Products and sums of entries in one answer.
WORK = 4000

Answer: TypeAlias = Expr | ImmutableMatrix


@dataclass(frozen=True, slots=True)
class Truth:
    """left relation right, as one or several numbers: already 1 or 0."""

    value: Answer


@dataclass(frozen=True, slots=True)
class Ones:
    """A vector of ones whose length its neighbour says; `row` after a mark of transposition."""

    row: bool = False


Value: TypeAlias = Expr | ImmutableMatrix | Truth | Ones


class Arithmetic(Builder):
    """Puts values together; counts what that costs."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.work = 0

    def spend(self, amount: int, token: Token) -> None:
        self.work += amount
        if self.work > WORK:
            stop(token, f"more than {WORK} operations on entries of matrices")

    def plain(self, value: Value, token: Token) -> Answer:
        """A value to calculate with: a condition counts as 1 or 0 only inside brackets."""
        if isinstance(value, Truth):
            stop(token, "put the condition in brackets: (z > 0)")
        if isinstance(value, Ones):
            stop(token, "a vector of ones is read in products only")
        return value

    def scalar(self, value: Value, token: Token) -> Expr:
        plain = self.plain(value, token)
        if isinstance(plain, ImmutableMatrix):
            if plain.shape != (1, 1):
                stop(token, "a single number is due here, not a vector or matrix")
            return plain[0, 0]
        return plain

    # ------------------------------------------------------------------ by entries
    def each(self, make: Callable[..., Expr], operands: Sequence[Answer], token: Token) -> Answer:
        """make entry by entry; a number goes with every entry, a single row or column with every row or column."""
        shapes = [o.shape for o in operands if isinstance(o, ImmutableMatrix)]
        if not shapes:
            return make(*operands)
        rows, columns = max(m for m, _ in shapes), max(n for _, n in shapes)
        if any(m not in (1, rows) or n not in (1, columns) for m, n in shapes):
            stop(token, "shapes that do not fit: " + " and ".join(f"{m}×{n}" for m, n in shapes))
        self.spend(rows * columns, token)

        def entry(operand: Answer, i: int, j: int) -> Expr:
            if not isinstance(operand, ImmutableMatrix):
                return operand
            return operand[min(i, operand.rows - 1), min(j, operand.cols - 1)]

        return ImmutableMatrix(
            [[make(*(entry(o, i, j) for o in operands)) for j in range(columns)] for i in range(rows)]
        )

    def added(self, left: Value, right: Value, token: Token) -> Answer:
        a, b = self.plain(left, token), self.plain(right, token)
        return self.each(lambda s, t: self.built(token, Add, s, t), [a, b], token)

    def scaled(self, factor: Expr, value: Answer, token: Token) -> Answer:
        return self.each(lambda t: self.built(token, Mul, factor, t), [value], token)

    def product(self, left: Value, sign: str, right: Value, token: Token) -> Value:
        if isinstance(left, Ones) or isinstance(right, Ones):
            return self.summed(left, right, token)
        a, b = self.plain(left, token), self.plain(right, token)
        if not (isinstance(a, ImmutableMatrix) and isinstance(b, ImmutableMatrix)):
            return self.each(lambda s, t: self.built(token, Mul, s, t), [a, b], token)
        if sign == "hadamard":
            if a.shape != b.shape:
                stop(token, f"shapes that do not fit: {a.rows}×{a.cols} ⊙ {b.rows}×{b.cols}")
            return self.each(lambda s, t: self.built(token, Mul, s, t), [a, b], token)
        if (1, 1) in (a.shape, b.shape) and a.cols != b.rows:
            small, large = (a, b) if a.shape == (1, 1) else (b, a)
            return self.scaled(small[0, 0], large, token)
        if sign == "*":
            stop(token, "* between matrices may be either product; write @ or ⊙")
        if a.cols != b.rows:
            stop(token, f"shapes that do not fit: {a.rows}×{a.cols} times {b.rows}×{b.cols}")
        self.spend(a.rows * a.cols * b.cols, token)
        return ImmutableMatrix(
            [
                [
                    self.built(token, Add, *(self.built(token, Mul, a[i, k], b[k, j]) for k in range(a.cols)))
                    for j in range(b.cols)
                ]
                for i in range(a.rows)
            ]
        )

    def summed(self, left: Value, right: Value, token: Token) -> Value:
        """A row of ones times a matrix, or a matrix times a column of ones: its sums."""
        if isinstance(left, Ones) and isinstance(right, Ones):
            stop(token, "two vectors of ones say no length")
        ones, other = (left, right) if isinstance(left, Ones) else (right, left)
        value = self.plain(other, token)
        if not isinstance(value, ImmutableMatrix):
            return value  # one sample, one unit: the sum has one term
        first = isinstance(left, Ones)
        if isinstance(ones, Ones) and ones.row != first:
            stop(token, "shapes that do not fit: a vector of ones stands as a row before, or as a column behind")
        self.spend(value.rows * value.cols, token)
        lines = [value.col(j) for j in range(value.cols)] if first else [value.row(i) for i in range(value.rows)]
        sums = [self.built(token, Add, *line) for line in lines]
        return ImmutableMatrix([sums]) if first else ImmutableMatrix([[s] for s in sums])

    def turned(self, value: Value, token: Token) -> Value:
        if isinstance(value, Ones):
            return Ones(not value.row)
        plain = self.plain(value, token)
        return plain.T if isinstance(plain, ImmutableMatrix) else plain

    def inverse(self, bottom: Expr, token: Token) -> Expr:
        if bottom == 0:
            stop(token, "a division by zero")
        return self.built(token, Pow, bottom, S.NegativeOne)

    def function(self, build: Callable[..., Expr], token: Token, *arguments: Expr) -> Expr:
        for argument in arguments:
            self.bounded_inside(argument, token)
        try:
            return self.built(token, build, *arguments)
        except (ValueError, TypeError, AttributeError) as problem:
            stop(token, f"not defined here: {str(problem)[:40]}")

    def compared(self, left: Answer, token: Token, right: Answer) -> Answer:
        """1 where the relation holds, else 0."""
        difference = self.plain(self.added(left, self.scaled(S.NegativeOne, right, token), token), token)

        def truth(t: Expr) -> Expr:
            above, below = self.built(token, step, t), self.built(token, step, self.built(token, Mul, S.NegativeOne, t))
            return {
                ">": above,
                "<": below,
                ">=": 1 - below,
                "<=": 1 - above,
                "!=": above + below,
                "=": 1 - above - below,
            }[token.text]

        return self.each(lambda t: self.built(token, truth, t), [difference], token)

    def chosen(self, branches: Sequence[tuple[Value, Truth]], other: Value, token: Token) -> Answer:
        """The first branch whose condition holds, else `other`; all are finite everywhere, so a sum of products says it."""
        result = self.plain(other, token)
        for value, condition in reversed(branches):
            for part in (self.plain(value, token), result):
                for entry in part if isinstance(part, ImmutableMatrix) else (part,):
                    if entry.has(log) or any(
                        not (p.exp.is_Integer and p.exp > 0) for p in entry.atoms(Pow) if p.base is not S.Exp1
                    ):
                        stop(token, "a case with a logarithm, root or quotient; write its value at these numbers")
            change = self.added(self.plain(value, token), self.scaled(S.NegativeOne, result, token), token)
            result = self.plain(
                self.added(result, self.product(condition.value, "hadamard", change, token), token), token
            )
        return result

    def covers(self, total: Answer) -> bool:
        """Whether conditions add up to 1, or to 1 but for 0 itself: step(t) + step(-t)."""
        if isinstance(total, ImmutableMatrix):
            return all(self.covers(entry) for entry in total)
        steps: tuple[Expr, ...] = total.args if isinstance(total, Add) else ()
        around = (
            len(steps) == 2 and all(isinstance(s, step) for s in steps) and steps[0].args[0] + steps[1].args[0] == 0
        )
        return total == 1 or around

    def gathered(self, rows: list[list[Expr]], token: Token) -> ImmutableMatrix:
        if len({len(row) for row in rows}) != 1:
            stop(token, "rows of different lengths")
        return ImmutableMatrix(rows)

    def powered(self, left: Value, exponent: Expr, token: Token) -> Expr:
        base = self.plain(left, token)
        if isinstance(base, ImmutableMatrix) and base.shape != (1, 1):
            stop(token, "a power of a matrix is not read; write A ⊙ A for each entry's square")
        base = self.scalar(base, token)
        if exponent.free_symbols and base is not S.Exp1 and not base.is_Rational:
            stop(token, "a name in the exponent of a name is not read")
        # e^r of any r is as exp(r): a sign, not a root.
        return self.function(exp, token, exponent) if base is S.Exp1 else self.power(base, exponent, token)
