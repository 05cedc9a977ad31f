"""`python -m benchmarks.composed DEPTH`: seconds that SymPy takes for one derivative a weight of the composed loss, in letters."""

import sys
from time import perf_counter

from sympy import diff

from symprop.exercise import MLP, Exercise
from symprop.graph import symbol
from symprop.solution import solve


def letters(depth: int) -> Exercise:
    """`depth` hidden tanh layers of two units, no numbers."""
    return MLP([(2, "tanh")] * depth + [(1, "identity")], inputs=2)


def composed(depth: int) -> tuple[float, int]:
    """Seconds, and operations of the longest gradient."""
    solution = solve(letters(depth))
    loss = solution.loss()
    weights = [symbol(p) for p in solution.exercise.parameter_ids() if p.name == "W"]
    start = perf_counter()
    slopes = [diff(loss, w) for w in weights]
    return perf_counter() - start, max(slope.count_ops() for slope in slopes)


if __name__ == "__main__":
    print(*composed(int(sys.argv[1])))
