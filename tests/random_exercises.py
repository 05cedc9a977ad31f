"""Seed -> the same random exercise on every machine: small networks of every kind that the file format knows.

Numbers are one-place decimals, fractions and a few closed forms; domains are legal by construction (a logarithm's argument
comes from a function with the right range). `tables` gives the keyword arguments of `MLP`, so that a law can change one.
"""

from functools import cache
from itertools import pairwise
from typing import Any

from symprop.exercise import MLP, Exercise
from symprop.sampling.generator import Generator
from symprop.solution import Solution, solve

COUNT = 204
#: Output activation and loss; None: any smooth activation.
OUTPUTS: list[tuple[Any, str]] = [
    ("identity", "half_squared_error"),
    ("logistic", "log_loss"),
    ("softmax", "cross_entropy"),
    ("tanh", "squared_error"),
    ("exp", "poisson"),
    ("identity", "mean_squared_error"),
    ("logistic", "half_squared_error"),
    ("softplus", "poisson"),
    ("identity", "output"),
    ("softmax", "squared_error"),
    ("logistic", "cross_entropy"),
    ("identity", "(yhat-y)^4/4 + yhat*y/3"),
    ("exp", "cross_entropy"),
    ("logistic", "-y*ln(yhat) - (1-y)*ln(1-yhat)"),
    (None, "mean_squared_error"),
    ({"name": "arctangents_cousin", "formula": "z/(1+z^2)"}, "half_squared_error"),
    ("relu", "squared_error"),
]
PLAIN = ["logistic", "tanh", "relu", "identity"]
HIDDEN: list[Any] = [
    *PLAIN,
    "leaky_relu",
    {"name": "leaky_relu", "slope": "0.2"},
    "elu",
    {"name": "elu", "alpha": "0.5"},
    "gelu",
    {"name": "gelu", "approximate": "tanh"},
    "swish",
    {"name": "swish", "beta": "1.5"},
    "softmax",
    "exp",
    "softplus",
    {"name": "own", "formula": "z*sigmoid(z) + tanh(z)^2/3"},
]
UPDATES: list[dict[str, Any] | None] = [
    None,
    {"rule": "sgd"},
    {"rule": "momentum", "steps": 2},
    None,
    {"rule": "nesterov", "steps": 3},
    {"rule": "adam", "steps": 2},
    {"rule": "momentum", "form": "ema", "steps": 3},
    None,
    {"rule": "adam", "form": "paper", "steps": 2},
    {"rule": "sgd", "order": "sequential", "steps": 2},
    {"rule": "momentum", "order": "sequential"},
    {"rule": "sgd", "biases": False, "steps": 3},
]
SCALES = [None, "sklearn", None, "half", None, "plain", None]
CLOSED = ["ln 3", "ln 2", "sqrt(2)/2", "pi/4", "-ln 2"]


def _number(g: Generator) -> str:
    """A number of size below 1.3, never 0; one in sixteen is a closed form, some are fractions."""
    kind = g.below(16)
    if kind == 0:
        return CLOSED[g.below(len(CLOSED))]
    sign = "-" if g.below(2) else ""
    if kind < 4:
        return f"{sign}{g.between(1, 6)}/{g.between(6, 9)}"
    tenths = g.between(1, 12)
    return f"{sign}{tenths // 10}.{tenths % 10}"


def _targets(g: Generator, loss: str, K: int) -> list[Any]:
    if loss == "cross_entropy" and K > 1:
        hot = g.below(K)
        return [int(k == hot) for k in range(K)]
    if loss == "poisson":
        return [g.below(4) for _ in range(K)]
    if loss in ("log_loss", "cross_entropy") or "ln" in loss:
        return [["0", "1", "1/3", "0.8"][g.below(4)] for _ in range(K)]
    return [_number(g) for _ in range(K)]


def tables(seed: int) -> dict[str, Any]:
    """Keyword arguments of MLP for the exercise of a seed."""
    g = Generator(f"laws {seed}")
    output, loss = OUTPUTS[seed % len(OUTPUTS)]
    hidden_layers = [0, 1, 1, 1, 2, 2, 2, 3, 1, 4][g.below(10)]
    samples = [1, 1, 2, 3][g.below(4)] if hidden_layers < 3 else 1
    plain = seed % 5 < 2
    same = PLAIN[g.below(len(PLAIN))]
    if (plain and output in ("tanh", "relu")) or (plain and output == "logistic" and loss == "half_squared_error"):
        same = output  # what scikit-learn can express
    kinds = [same if plain else HIDDEN[(seed + g.below(len(HIDDEN))) % len(HIDDEN)] for _ in range(hidden_layers)]
    while kinds.count("exp") > 1:
        kinds[kinds.index("exp")] = "tanh"  # e^(e^(e^z)) is no exercise
    if output is None:
        output = ["tanh", "softplus", "gelu", {"name": "swish", "beta": "0.5"}, "elu"][g.below(5)]
    most = 3 if hidden_layers < 2 else 2
    wide = g.between(1, most)
    K = 1 if loss == "output" else max(2, wide) if output == "softmax" else wide
    layers = [(g.between(2, most) if kind == "softmax" else g.between(1, most), kind) for kind in kinds] + [(K, output)]
    widths = [g.between(1, most), *(units for units, _ in layers)]
    biases: Any = [True, True, "shared", False][g.below(4)]
    update = UPDATES[g.below(len(UPDATES))]
    scale = SCALES[g.below(len(SCALES))]
    return {
        "layers": layers,
        "x": [[_number(g) for _ in range(widths[0])] for _ in range(samples)],
        "y": None if loss == "output" else [_targets(g, loss, K) for _ in range(samples)],
        "W": [[[_number(g) for _ in range(n)] for _ in range(m)] for m, n in pairwise(widths)],
        "b": [[_number(g) for _ in range(n)] if biases is True else _number(g) for n in widths[1:]] if biases else None,
        "biases": biases,
        "loss": loss,
        "batch": ["mean", "sum"][g.below(2)],
        "relu_at_zero": [0, 1, "1/2"][g.below(3)],
        "penalty": {"l2": "0.3", "scale": scale} if scale else None,
        "update": {"learning_rate": "0.1", **update} if update else None,
        "notation": {"layout": ["rows", "columns"][seed % 2]},
        "name": f"random {seed}",
    }


def built(seed: int, **changes: Any) -> Exercise:
    """The exercise of a seed, with some of its tables changed."""
    return MLP(**(tables(seed) | changes))


@cache
def solved(seed: int) -> Solution:
    """The exercise of a seed, solved once a process."""
    return solve(built(seed))


@cache
def still(seed: int) -> Solution:
    """The same without update and penalty: what laws about the data's gradients are stated for."""
    return solve(built(seed, update=None, penalty=None))
