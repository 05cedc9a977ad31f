"""Solution -> the same derivation by layers: vectors and matrices in the notation's layout. Groups nodes, derives nothing.

rows (scikit-learn):  Z = A W + b,  Delta = (Delta' W'^T) * f'(Z),  dE/dW = A^T Delta,  dE/db = column sums of Delta
columns:              z = W a + b,  delta = (W'^T delta') * f'(z),  dE/dW = delta a^T,  dE/db = row sums of delta
(* element by element; a prime marks the next layer; in columns W is stored to x from.) Each step is asserted equal to the
unit view, entry by entry, in symbols.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, ImmutableMatrix, Rational, S, expand
from sympy.matrices.expressions import MatrixSymbol, Transpose

from symprop.derive import Derivation
from symprop.graph import symbol
from symprop.quantity import Quantity, gradient
from symprop.solution import Solution

Entries = tuple[tuple[Quantity, ...], ...]


@dataclass(frozen=True, slots=True)
class Op:
    """An operation on matrices, by name: product, sum, difference, scaled, hadamard, function, prime, jacobian, total, entry, same."""

    name: str
    operands: tuple[Any, ...]


def op(name: str, *operands: Any) -> Op:
    return Op(name, operands)


@dataclass(frozen=True, slots=True)
class LayerStep:
    """One equation between matrices.

    `form` is what stands on the right, an Op over matrix symbols; `entries` are the ids of the unit view, laid out as the
    page shows them. `rule` says which of the equations above it is.
    """

    id: Quantity
    rule: str
    form: Op
    entries: Entries

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.entries), len(self.entries[0])


@dataclass(frozen=True)
class LayerView:
    """The layer view of one solution."""

    solution: Solution

    @property
    def _columns(self) -> bool:
        return self.solution.exercise.notation.layout == "columns"

    def entries(self, of: Quantity) -> Entries:
        """The ids of a whole, as the layout shows it."""
        members = self.solution.members(of)
        if not isinstance(members, list):
            return ((members,),)
        rows = tuple(tuple(row) for row in members)
        return tuple(zip(*rows, strict=True)) if self._columns else rows

    def matrix(self, of: Quantity) -> MatrixSymbol:
        """The named matrix of a whole."""
        entries = self.entries(of)
        return MatrixSymbol(str(of), len(entries), len(entries[0]))

    def forward(self) -> Iterator[LayerStep]:
        """Pre-activations and activations, layer by layer."""
        exercise = self.solution.exercise
        for layer in range(1, exercise.depth + 1):
            z, before = Quantity("z", layer), self._output(layer - 1)
            weights, inputs = self.matrix(Quantity("W", layer)), self.matrix(before)
            product = op("product", weights, inputs) if self._columns else op("product", inputs, weights)
            form = op("sum", product, self.matrix(Quantity("b", layer))) if exercise.network.biases else product
            yield self._checked(LayerStep(z, "pre-activation", form, self.entries(z)))
            a = self._output(layer)
            yield self._checked(
                LayerStep(a, "activation", op("function", self._function(layer), self.matrix(z)), self.entries(a))
            )

    def backward(self) -> Iterator[LayerStep]:
        """Deltas from the last layer to the first, each after the gradient at its outputs."""
        exercise = self.solution.exercise
        for layer in range(exercise.depth, 0, -1):
            z, a = Quantity("z", layer), self._output(layer)
            outer = gradient(a)
            difference = self._difference(layer)
            if layer == exercise.depth:
                yield LayerStep(outer, "loss", op("entry", self._any(a).expression), self.entries(outer))
            else:
                delta, weights = self.matrix(gradient(Quantity("z", layer + 1))), self.matrix(Quantity("W", layer + 1))
                form = (
                    op("product", Transpose(weights), delta)
                    if self._columns
                    else op("product", delta, Transpose(weights))
                )
                yield self._checked(LayerStep(outer, "outputs", form, self.entries(outer)))
            delta_id = gradient(z)
            if exercise.network.layers[layer - 1].activation.name == "softmax":
                form = op("jacobian", self.matrix(outer), layer)
            elif self._function(layer) == "identity":
                form = op("same", self.matrix(outer))
            else:
                form = op("hadamard", self.matrix(outer), op("prime", self._function(layer), self.matrix(z)))
            yield self._checked(LayerStep(delta_id, "delta", form, self.entries(delta_id)))
            if difference is not None:
                yield self._checked(LayerStep(delta_id, "cancelled", difference, self.entries(delta_id)))

    def parameters(self) -> Iterator[LayerStep]:
        """Gradients of weights and biases, last layer first."""
        exercise = self.solution.exercise
        for layer in range(exercise.depth, 0, -1):
            delta, before = self.matrix(gradient(Quantity("z", layer))), self.matrix(self._output(layer - 1))
            weights = gradient(Quantity("W", layer))
            form: Any = (
                op("product", delta, Transpose(before)) if self._columns else op("product", Transpose(before), delta)
            )
            if (penalty := self._penalty()) is not None:
                form = op("sum", form, op("scaled", penalty, self.matrix(Quantity("W", layer))))
            yield self._checked(LayerStep(weights, "weights", form, self.entries(weights)))
            if exercise.network.biases:
                biases = gradient(Quantity("b", layer))
                rule = "shared bias" if exercise.network.biases == "shared" else "biases"
                yield self._checked(LayerStep(biases, rule, self._total(delta), self.entries(biases)))

    # ------------------------------------------------------------------ pieces
    def _function(self, layer: int) -> str:
        return self.solution.exercise.network.layers[layer - 1].activation.name

    def _output(self, layer: int) -> Quantity:
        return Quantity("a", layer) if layer else Quantity("x")

    def _any(self, of: Quantity) -> Derivation:
        return self.solution.derivations[self.entries(of)[0][0]]

    def _difference(self, layer: int) -> Op | None:
        """factor (A - Y), where the cancelled forms of all units are one."""
        factors = {self._factor(of) for row in self.entries(Quantity("z", layer)) for of in row}
        if len(factors) != 1 or (factor := factors.pop()) is None:
            return None
        difference = op("difference", self.matrix(Quantity("a", layer)), self.matrix(Quantity("y")))
        return difference if factor == 1 else op("scaled", factor, difference)

    def _factor(self, of: Quantity) -> Expr | None:
        """The rational factor in dE/dz = factor (a - y); None where nothing cancels to that."""
        short = self.solution.derivations[of].cancelled
        if short is None:
            return None
        own, target = symbol(replace(of, name="a")), symbol(replace(of, name="y", layer=0))
        factor = expand(short).coeff(own)
        return factor if factor.is_Rational and expand(short - factor * (own - target)) == 0 else None

    def _total(self, delta: MatrixSymbol) -> Op:
        if self.solution.exercise.network.biases == "shared":
            return op("shared", delta)
        if self.solution.exercise.samples == 1:
            return op("same", delta)
        return op("total", delta, "columns" if self._columns else "rows")

    def _penalty(self) -> Expr | None:
        """The factor of W in the gradient of the penalty."""
        exercise = self.solution.exercise
        if exercise.network.penalty is None:
            return None
        scale = {"sklearn": Rational(1, exercise.samples), "half": S.One, "plain": S(2)}[exercise.network.penalty.scale]
        return scale * symbol(Quantity("alpha"))

    # ------------------------------------------------------------------ proof
    def _checked(self, step: LayerStep) -> LayerStep:
        """The step, after its matrix form was multiplied out in symbols and compared with the unit view."""
        if step.form.name in ("function", "hadamard", "jacobian", "same"):
            return self._checked_by_unit(step)
        computed = self._multiplied(step.form)
        for i, row in enumerate(step.entries):
            for j, of in enumerate(row):
                unit = self.solution.expression(of)
                if unit != computed[i, j] and expand(unit - computed[i, j]) != 0:
                    raise AssertionError(f"layer view of {of} differs from its unit view")
        return step

    def _checked_by_unit(self, step: LayerStep) -> LayerStep:
        """Element by element each entry reads its own unit only; through a Jacobian the units of its own sample only."""
        for of in (entry for row in step.entries for entry in row):
            inner = of.wrt if of.wrt is not None else of
            if of.wrt is not None:
                read = {term.via for term in self.solution.derivations[inner].terms}
            else:
                read = {parent.id for parent in self.solution.graph.parents(self.solution.graph[of])}
            own = all(
                r.sample == inner.sample and (r.index == inner.index or self._function(inner.layer) == "softmax")
                for r in read
            )
            if not own:
                raise AssertionError(f"layer view of {of} differs from its unit view")
        return step

    def _multiplied(self, form: Any) -> Any:
        if isinstance(form, MatrixSymbol):
            return ImmutableMatrix([[symbol(of) for of in row] for row in self.entries(Quantity.parse(form.name))])
        if isinstance(form, Transpose):
            return self._multiplied(form.arg).T
        operator, operands = form.name, form.operands
        if operator == "scaled":
            return operands[0] * self._multiplied(operands[1])
        if operator == "shared":
            return ImmutableMatrix([[sum(self._multiplied(operands[0]), S.Zero)]])
        if operator == "total":
            delta = self._multiplied(operands[0])
            ones = ImmutableMatrix([S.One] * (delta.cols if self._columns else delta.rows))
            return delta * ones if self._columns else ones.T * delta
        left, right = (self._multiplied(operand) for operand in operands)
        combine: Callable[[Any, Any], Any] = {
            "product": lambda m, n: m * n,
            "sum": self._broadcast,
            "difference": lambda m, n: m - n,
        }[operator]
        return combine(left, right)

    def _broadcast(self, left: Any, right: Any) -> Any:
        """A bias added to every sample."""
        return ImmutableMatrix(
            left.rows, left.cols, lambda i, j: left[i, j] + right[min(i, right.rows - 1), min(j, right.cols - 1)]
        )


__all__ = ["LayerStep", "LayerView"]
