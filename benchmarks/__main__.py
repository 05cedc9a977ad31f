"""`python -m benchmarks [growth] [commands] [library]`: ratios measured side by side, medians of several runs.

growth     deriving, solving and printing [2]x8, x16, x32 and x64 tanh; SymPy's derivative of the composed loss beside [2]x2 to x6
commands   whole commands from a cold start
library    solve, verify and render for every built-in exercise
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sympy.core.cache import clear_cache

from benchmarks.composed import letters
from symprop import arithmetic
from symprop.api import render, verify
from symprop.exercise import MLP, Exercise, library, load
from symprop.solution import Solution, solve

#: Wanted: twice the depth costs less than this many times as much, and no more than this many seconds.
GROWTH, SECONDS = 3.0, 5.0
#: All derivatives of a composed loss may take this many seconds.
PATIENCE = 20.0
ROOT = Path(__file__).resolve().parents[1]


def forget() -> None:
    """Without caches filled by an earlier run."""
    clear_cache()
    arithmetic._program.cache_clear()


def seconds(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def deep(depth: int) -> Exercise:
    """`depth` hidden tanh layers of two units; every number a decimal of one place."""
    layers = [(2, "tanh")] * depth + [(1, "identity")]
    digits = (f"{'-' if i % 3 == 1 else ''}0.{i * 7 % 9 + 1}" for i in range(10_000))

    def vector(n: int) -> list[str]:
        return [next(digits) for _ in range(n)]

    widths = [2] * (depth + 1) + [1]
    return MLP(
        layers,
        x=[vector(2)],
        y=[vector(1)],
        W=[[vector(n) for _ in range(m)] for m, n in pairwise(widths)],
        b=[vector(n) for n in widths[1:]],
    )


def key(exercise: Exercise) -> tuple[float, float]:
    """Seconds to solve, and to print the whole key by units as Markdown."""
    found: list[Solution] = []
    solving = seconds(lambda: found.append(solve(exercise)))
    return solving, seconds(lambda: render(found[0], "markdown", view="units"))


def growth(repeats: int) -> Iterator[str]:
    times: dict[int, list[tuple[float, float]]] = {8: [], 16: [], 32: [], 64: []}
    exercises = {depth: deep(depth) for depth in times}
    key(deep(2))  # imports and templates
    for _ in range(repeats):
        for depth, exercise in exercises.items():
            forget()
            times[depth].append(key(exercise))
    totals = {depth: median(map(sum, rows)) for depth, rows in times.items()}
    for depth, rows in times.items():
        solving, printing = (median(column) for column in zip(*rows, strict=True))
        yield f"[2]x{depth:<3} solve {solving:6.2f} s   print {printing:6.2f} s   together {totals[depth]:6.2f} s"
    ratio = totals[16] / totals[8]
    verdict = "as wanted" if ratio < GROWTH and totals[16] < SECONDS else "NOT as wanted"
    yield f"[2]x64 / [2]x32 = {totals[64] / totals[32]:.2f}, where fixed costs no longer hide the growth"
    yield f"[2]x16 / [2]x8 = {ratio:.2f} (wanted: below {GROWTH:g}, and below {SECONDS:g} s): {verdict}"
    for depth in (2, 3, 4, 6):
        found = _composed(depth)
        ours, operations = _layered(depth, repeats)
        theirs = f"over {PATIENCE:g} s" if found is None else f"{found[0]:6.2f} s, {found[1]:,.0f} operations"
        more = (
            ""
            if found is None
            else f": {found[0] / ours:.0f} times as long, {found[1] / operations:.0f} times the length"
        )
        yield f"[2]x{depth:<3} in letters, chain rule by name {ours:.3f} s, {operations} operations; sympy.diff of the composed loss {theirs}{more}"


def _layered(depth: int, repeats: int) -> tuple[float, int]:
    """Seconds of the whole derivation, and operations of its longest gradient."""
    exercise, found, times = letters(depth), list[Solution](), []
    for _ in range(repeats):
        forget()
        times.append(seconds(lambda: found.append(solve(exercise))))
    return median(times), max(d.expression.count_ops() for d in found[0].derivations.values())


def _composed(depth: int) -> tuple[float, float] | None:
    """Seconds and length of the composed way, in a process of its own that is ended when patience is; None then."""
    command = [sys.executable, "-m", "benchmarks.composed", str(depth)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return None
    taken, operations = map(float, done.stdout.split())
    return taken, operations


def commands(repeats: int) -> Iterator[str]:
    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    program = ("-c", "from symprop.cli import run; run()")
    with tempfile.TemporaryDirectory() as folder:
        whole = {
            "python -c pass": ("-c", "pass"),
            "import sympy": ("-c", "import sympy"),
            "symprop --help": (*program, "--help"),
            "symprop key day12 --to md": (*program, "key", "day12", "--to", "md", "-o", str(Path(folder) / "md")),
            "symprop key day12 --to pdf,tex,md": (*program, "key", "day12", "--to", "pdf,tex,md", "-o", str(Path(folder) / "all")),
        }  # fmt: skip
        times: dict[str, list[float]] = {name: [] for name in whole}
        for _ in range(repeats):
            for name, arguments in whole.items():
                times[name].append(seconds(lambda arguments=arguments: run(*arguments)))
    base = median(times["import sympy"])
    for name, found in times.items():
        yield f"{name:36} {median(found):6.2f} s   {median(found) / base:5.1f} x import sympy"


def built_ins(repeats: int) -> Iterator[str]:
    verify(solve(load("day12")))  # imports
    yield f"{'exercise':24} {'solve':>8} {'verify':>8} {'render':>8}   ms; verify / solve"
    sums = [0.0, 0.0, 0.0]
    for name in library():
        rows = []
        for _ in range(repeats):
            forget()
            solution: list[Solution] = []
            exercise = load(name)
            rows.append(
                (
                    seconds(lambda exercise=exercise, solution=solution: solution.append(solve(exercise))),
                    seconds(lambda solution=solution: verify(solution[0])),
                    seconds(lambda solution=solution: render(solution[0], "markdown")),
                )
            )
        middle = [1000 * median(column) for column in zip(*rows, strict=True)]
        sums = [a + b for a, b in zip(sums, middle, strict=True)]
        yield f"{name:24} {middle[0]:8.1f} {middle[1]:8.1f} {middle[2]:8.1f}   {middle[1] / middle[0]:.1f}"
    yield f"{'together':24} {sums[0]:8.1f} {sums[1]:8.1f} {sums[2]:8.1f}   {sums[1] / sums[0]:.1f}"


PARTS = {"growth": growth, "commands": commands, "library": built_ins}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", default=[], help=f"any of {', '.join(PARTS)}; all when left out")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median is taken (default 3)")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"unknown part {sorted(unknown)[0]}; known: {', '.join(PARTS)}")
    for name in given.parts or PARTS:
        print(f"\n{name}, medians of {given.repeats}", flush=True)
        for line in PARTS[name](given.repeats):
            print("  " + line, flush=True)


if __name__ == "__main__":
    main()
