"""`python -m benchmarks.variants_draw [N]`: versions and vetted draws a second, one process and two, for day12's net.

A vetted draw passed every condition and has its misconceptions scored; a version is the most telling of 16 of them. Times
are processor time of each process, so that a busy machine changes them little; the sum over processes is what two cores do.
"""

import sys
from multiprocessing import get_context
from time import process_time
from typing import Any

from symprop.exercise import load
from symprop.sampling.draw import versions

ROWS: list[tuple[str, dict[str, Any], int]] = [
    ("conditions off", {"conditions": False}, 1),
    ("the first acceptable draw", {"pool": 1, "distinct": "off"}, 1),
    ("the most telling of 16", {"distinct": "off"}, 16),
]


def rate(job: tuple[dict[str, Any], int, int]) -> float:
    """Versions a second of processor time, once the shape is known."""
    settings, n, seed = job
    exercise = load("day12")
    list(versions(exercise, 65, 1, settings))
    start = process_time()
    list(versions(exercise, n, seed, settings))
    return n / (process_time() - start)


def sets(seeds: range) -> float:
    """Versions a second in sets of 30 that differ in every part."""
    exercise = load("day12")
    list(versions(exercise, 30, 1))
    start = process_time()
    for seed in seeds:
        list(versions(exercise, 30, seed))
    return 30 * len(seeds) / (process_time() - start)


def main(n: int) -> None:
    print(f"{'':34}{'1 process':>12}{'2 processes':>13}   per second")
    with get_context("spawn").Pool(2) as pool:
        for name, settings, vetted in ROWS:
            (one,) = pool.map(rate, [(settings, n, 135)])
            two = sum(pool.map(rate, [(settings, n, 135), (settings, n, 136)], chunksize=1))
            print(f"{name:34}{one:12,.0f}{two:13,.0f}   versions")
            if vetted > 1:
                print(f"{'':34}{one * vetted:12,.0f}{two * vetted:13,.0f}   vetted draws")
        (one,) = pool.map(sets, [range(2, 4)])
        two = sum(pool.map(sets, [range(2, 4), range(4, 6)], chunksize=1))
        print(f"{'sets of 30, all defaults':34}{one:12,.0f}{two:13,.0f}   versions")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
