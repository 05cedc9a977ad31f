"""`python -m benchmarks.best_reachable [EXERCISE]`: every draw there is, for the best that numbers can do under the conditions.

For day12's net and the default settings 12.6 million draws. Difficulty and distinctness, which compare versions, are left out.
"""

import sys
from collections import Counter
from fractions import Fraction
from time import perf_counter

import numpy as np

from symprop.exercise import load, settings
from symprop.sampling.conditions import Tally, applying, survivors
from symprop.sampling.plan import Plan
from symprop.sampling.telling import Scorer

PIECE = 2**16


def main(name: str) -> None:
    start = perf_counter()
    exercise = load(name)
    plan = Plan(exercise, settings(None, exercise.variants))
    if len(plan.words) != 1:
        sys.exit(f"{name}: {plan.choices:,} draws are too many to try them all")
    rows, scorer, tally = applying(plan), Scorer(plan), Tally()
    hidden: Counter[int] = Counter()
    apart: dict[int, Fraction] = {}
    example = {}
    for first in range(0, plan.choices, PIECE):
        words = np.arange(first, min(first + PIECE, plan.choices), dtype=np.uint32)
        tally.draws += len(words)
        draws, _ = survivors(plan, rows, plan.draws(plan.split(words[None, :])), tally)
        if not draws.count:
            continue
        scores = scorer.score(draws)
        for i in range(draws.count):
            n = int(scores.hidden[i])
            share = 1 - Fraction(int(scores.alike[i]), scores.pairs)
            hidden[n] += 1
            if share > apart.get(n, Fraction(-1)):
                apart[n], example[n] = share, draws.digits[:, i]
    print(f"{name}: {plan.choices:,} draws, {hidden.total():,} acceptable, {perf_counter() - start:.0f} s")
    for n in sorted(hidden):
        print(f"  hides {n:2} of {len(scorer.names)}: {hidden[n]:6,} draws; tells apart at most {float(apart[n]):.4f}")
    best = min(hidden)
    exercise = plan.exercise_of(example[best])
    assert exercise.data is not None and exercise.parameters is not None
    print("  for example", exercise.data.x, exercise.data.y, dict(exercise.parameters))
    print(f"  of these, hidden: {', '.join(_hidden(plan, scorer, example[best]))}")
    for row in rows:
        if row.name in tally.passed:
            print(f"  {row.name}: lets {100 * float(tally.passed[row.name]):.2f} % of what reaches it through")


def _hidden(plan: Plan, scorer: Scorer, digits: "np.ndarray[tuple[int, ...], np.dtype[np.uint16]]") -> tuple[str, ...]:
    draws = plan.draws(digits[:, None])
    plan.run_forward(draws)
    plan.run_backward(draws)
    return scorer.score(draws).findings(0)[0]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "day12")
