"""Many versions of one network at once, by scikit-learn: their nets side by side in one block-diagonal net.

In: an exercise (its numbers are not read), the ids of a table's columns, and the table, one row a version, its inputs, targets
and parameters among the columns. Out: for each row whether scikit-learn's own forward and backward pass agree with its values
and gradients, and what scikit-learn found. One `_forward_pass` and one `_backprop` serve PACK nets: for one sample the delta
of a block depends on that block alone, and nothing is divided by the number of outputs; only scikit-learn's loss is a mean
over all of them, so that the loss is worked out apart, from the outputs. Where blocks would be coupled (softmax), and where a
sample, a penalty or an update would need more, `Packs.of` gives None and each version is checked by itself.
Knows no graph and no derivation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from symprop.exercise import Exercise
from symprop.oracles.sklearn import NAME, ROUNDING, TOLERANCE, _Inexpressible, _Net, _route

#: Nets in one block-diagonal net: more make its matrices grow faster than the calls they save.
PACK = 64
#: Units side by side in one layer.
WIDEST = 128

Array = Any  # numpy is imported late


@dataclass(frozen=True)
class Findings:
    """What scikit-learn says of a table: `agrees` one truth a row, `sure` whether floats can be trusted there.

    `theirs` has one row a version and one column an id of `ids`.
    """

    version: str
    ids: tuple[str, ...]
    agrees: Array
    sure: Array
    theirs: Array


class Packs:
    """A network's block-diagonal nets, ready for tables."""

    def __init__(self, exercise: Exercise, ids: Sequence[str]) -> None:
        """Raises _Inexpressible, AttributeError and TypeError where scikit-learn cannot do it; `of` is the quiet way."""
        import numpy
        import sklearn
        from sklearn.neural_network import MLPRegressor, _base

        self.np, self.version = numpy, sklearn.__version__
        self.exercise, self.column = exercise, {id: place for place, id in enumerate(ids)}
        self.route = _route(exercise, _base.LOSS_FUNCTIONS)
        if self.route.output == "softmax" or exercise.samples > 1 or exercise.network.penalty or exercise.update:
            raise _Inexpressible("blocks would be coupled")
        self._estimator = MLPRegressor
        self.net = _Net(exercise, self.route, numpy, MLPRegressor)
        self.widths = exercise.widths
        self._blocks: dict[int, list[tuple[Array, Array]]] = {}
        values = [*(f"a{layer}[{j}]" for layer, j in self._units()), "E"]
        values += [f"E[{k}]" for k in range(1, self.widths[-1] + 1)]
        gradients = [f"dE/dz{layer}[{j}]" for layer, j in self._units()]
        gradients += [f"dE/d{of}" for of in exercise.parameter_ids()]
        if self.route.output == "identity" and not self.route.tail:
            gradients += [f"dE/da{exercise.depth}[{k}]" for k in range(1, self.widths[-1] + 1)]
        self.groups = [[id for id in group if id in self.column] for group in (values, gradients)]
        self.ids = tuple(id for group in self.groups for id in group)

    @classmethod
    def of(cls, exercise: Exercise, ids: Sequence[str]) -> "Packs | None":
        """The packs of a network; None where its versions have to be checked one by one."""
        try:
            return cls(exercise, ids)
        except (_Inexpressible, ImportError, AttributeError, TypeError, OverflowError):
            return None

    def _units(self) -> list[tuple[int, int]]:
        widths = self.exercise.widths
        return [(layer, j) for layer in range(1, self.exercise.depth + 1) for j in range(1, widths[layer] + 1)]

    def check(self, table: Array) -> Findings:
        """Every row against scikit-learn's numbers, normwise by group: largest difference over largest size, 1e-12."""
        from threadpoolctl import threadpool_limits

        np = self.np
        table = np.asarray(table, dtype=np.float64)
        size = max(1, min(PACK, WIDEST // max(self.widths)))
        with threadpool_limits(1):  # threads cost more than they bring at this size, and workers have a core each
            found = [self._pack(table[start : start + size]) for start in range(0, len(table), size)]
        theirs = np.concatenate([each[0] for each in found])
        sure = np.concatenate([each[1] for each in found])
        agrees = np.ones(len(table), dtype=bool)
        start = 0
        for group in self.groups:
            ours = table[:, [self.column[id] for id in group]]
            others = theirs[:, start : start + len(group)]
            size = np.abs(others).max(axis=1)
            with np.errstate(invalid="ignore"):
                gap = np.abs(ours - others).max(axis=1)
            agrees &= gap <= TOLERANCE * np.maximum(size, 1e-300)  # false for what is no number
            start += len(group)
        return Findings(self.version, self.ids, agrees, sure, theirs)

    # ------------------------------------------------------------------ one pack
    def _columns(self, table: Array, ids: Sequence[str]) -> Array:
        return table[:, [self.column[id] for id in ids]]

    def _pack(self, table: Array) -> tuple[Array, Array]:
        np, exercise, widths = self.np, self.exercise, self.widths
        count, depth = len(table), exercise.depth
        x = self._columns(table, [f"x[{i}]" for i in range(1, widths[0] + 1)])
        K = widths[-1]
        y = self._columns(table, [f"y[{k}]" for k in range(1, K + 1)]) if exercise.has_targets else np.zeros((count, K))
        W, b = [], []
        for layer in range(1, depth + 1):
            m, n = widths[layer - 1 : layer + 1]
            names = [f"W{layer}[{i},{j}]" for i in range(1, m + 1) for j in range(1, n + 1)]
            W.append(self._columns(table, names).reshape(count, m, n))
            biases = [str(of) for of in exercise.bias_ids(layer)]
            b.append(np.broadcast_to(self._columns(table, biases), (count, n)) if biases else np.zeros((count, n)))
        a, delta, dW, db = self._run(x, y, W, b)
        F = self.net.factor
        pieces: dict[str, Array] = {}
        for layer in range(1, depth + 1):
            m, n = widths[layer - 1 : layer + 1]
            for j in range(n):
                pieces[f"a{layer}[{j + 1}]"] = a[layer][:, j]
                pieces[f"dE/dz{layer}[{j + 1}]"] = F * delta[layer - 1][:, j]
                for i in range(m):
                    pieces[f"dE/dW{layer}[{i + 1},{j + 1}]"] = F * dW[layer - 1][:, i, j]
                pieces[f"dE/db{layer}[{j + 1}]"] = F * db[layer - 1][:, j]
            pieces[f"dE/db{layer}"] = F * db[layer - 1].sum(axis=1)
        for k in range(K):
            pieces[f"dE/da{depth}[{k + 1}]"] = F * delta[depth - 1][:, k]
        self.net.y = y
        shares = self.net._shares(a[depth])
        for k in range(K):
            pieces[f"E[{k + 1}]"] = shares[:, k]
        pieces["E"] = shares.sum(axis=1)
        theirs = np.stack([pieces[id] for id in self.ids], axis=1)
        return theirs, self._sure(W, b, a, delta, dW, y)

    def _run(self, x: Array, y: Array, W: list[Array], b: list[Array]) -> tuple[list[Array], ...]:
        """Activations, deltas and gradients of each net, from one pass through the net of all."""
        np, count, mlp = self.np, len(x), self.net.mlp
        if self.route.tail:
            K = self.widths[-1]
            W, b = [*W, np.broadcast_to(np.eye(K), (count, K, K))], [*b, np.zeros((count, K))]
        places = self._places(count, [w.shape[1:] for w in W])
        coefs = []
        for weights, (row, column) in zip(W, places, strict=True):
            big = np.zeros((count * weights.shape[1], count * weights.shape[2]))
            big[row, column] = weights
            coefs.append(big)
        mlp.coefs_, mlp.intercepts_ = coefs, [bias.reshape(-1) for bias in b]
        mlp.n_outputs_ = count * self.widths[-1]
        start = x.reshape(1, -1)
        target = y.reshape(1, -1)
        if self.exercise.network.loss == "output":
            target = mlp._forward_pass([start] + [None] * len(coefs))[-1] - 1
        activations: list[Array] = [start] + [None] * len(coefs)
        deltas: list[Array] = [None] * len(coefs)
        dW, db = [np.empty_like(c) for c in coefs], [np.empty_like(i) for i in mlp.intercepts_]
        extra = {"sample_weight": None} if self.net.weighted else {}
        mlp._backprop(
            X=start, y=target, activations=activations, deltas=deltas, coef_grads=dW, intercept_grads=db, **extra
        )
        depth = self.exercise.depth
        return (
            [each.reshape(count, -1) for each in activations[: depth + 1]],
            [each.reshape(count, -1) for each in deltas[:depth]],
            [big[row, column] for big, (row, column) in zip(dW[:depth], places, strict=False)],
            [each.reshape(count, -1) for each in db[:depth]],
        )

    def _places(self, count: int, shapes: list[tuple[int, int]]) -> list[tuple[Array, Array]]:
        """Row and column of every block's entries in the matrix of all."""
        if count not in self._blocks:
            np, found = self.np, []
            for m, n in shapes:
                net, i, j = np.ogrid[:count, :m, :n]
                found.append(np.broadcast_arrays(net * m + i, net * n + j))
            self._blocks[count] = found
        return self._blocks[count]

    def _sure(
        self, W: list[Array], b: list[Array], a: list[Array], delta: list[Array], dW: list[Array], y: Array
    ) -> Array:
        """Where nothing saturates, no unit lies within rounding of its kink, and no output nearly meets its target."""
        np, net = self.np, self.net
        sure = np.ones(len(y), dtype=bool)
        carried = np.abs(a[0])
        worst = np.zeros(len(y))
        for layer, (w, v) in enumerate(zip(W, b, strict=True)):
            z = np.einsum("ni,nij->nj", a[layer], w) + v
            error = np.einsum("ni,nij->nj", carried + np.abs(a[layer]), np.abs(w)) + np.abs(v)
            name = net.name(layer)
            if name == "relu":
                sure &= (np.abs(z) > ROUNDING * error).all(axis=1)
            if name in ("logistic", "tanh"):
                worst = np.maximum(worst, np.abs(z).max(axis=1) * (2 if name == "tanh" else 1))
            slope = {"logistic": 0.25, "exp": np.abs(a[layer + 1])}.get(name, 1.0)
            carried = error * slope + np.abs(a[layer + 1])
        lost = ROUNDING * np.exp(np.minimum(worst, 700.0))
        noise = (carried + np.abs(y)).max(axis=1) * net.factor
        size = np.maximum(np.abs(delta[-1]).max(axis=1), np.max([np.abs(g).max(axis=(1, 2)) for g in dW], axis=0))
        size = size * net.factor
        meets = np.where(size > 0, ROUNDING / 4 * noise / np.where(size > 0, size, 1.0), 0.0)
        if self.exercise.network.loss == "output":
            meets = np.zeros(len(y))
        return sure & (np.maximum(lost, meets) <= TOLERANCE)


__all__ = ["NAME", "PACK", "Findings", "Packs"]
