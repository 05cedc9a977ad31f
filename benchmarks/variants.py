"""`python -m benchmarks.variants [-n 2000] [--pdf 40] [--processes 1 2]`: versions a second, side by side in one run.

(a) ours: drawn, verified in packs, printed as LaTeX, to a sink and to files, for day12's net and a 2-4-4-2 net
(b) SymPy, derived once: `xreplace` and `latex` for the same quantities, line by line
(c) SymPy, `.subs` and `latex` of every expression anew
(d) Typst: our PDFs, and the compiler alone on the same sources

"plain" draws have no conditions but that no unit lies on its kink; "vetted" ones are those of `symprop variants`. All times are
wall clock after one warm-up of the same kind, so that imports and the first skeletons are not counted; `--cold` counts them.
"""

import argparse
import resource
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import sympy

from symprop.exercise import MLP, Exercise, load
from symprop.rendering import pdf
from symprop.sampling import batch, draw
from symprop.sampling.batch import Batch, Draft, Maker, Options
from symprop.sampling.generator import Generator
from symprop.sampling.shape import Shape


def wide() -> Exercise:
    """2-4-4-2: two hidden ReLU layers of four units."""
    return MLP(
        [(4, "relu"), (4, "relu"), (2, "identity")],
        x=[[1, 2]],
        y=[[1, 2]],
        W=[[[1] * 4] * 2, [[1] * 4] * 4, [[1] * 2] * 4],
        b=[[1] * 4, [1] * 4, [1] * 2],
    )


def plain(exercise: Exercise, n: int, seed: int) -> list[Draft]:
    """Small integers, drawn until no unit lies on its kink."""
    shape, generator, found = Shape(exercise), Generator(seed), []
    ranges = [(-2, 2) if of.name == "b" else (1, 3) for of in shape.leaves]
    while len(found) < n:
        row = tuple(generator.between(low, high) * (1 if low < 0 or generator.below(2) else -1) for low, high in ranges)
        if shape.values(row) is not None:
            found.append(Draft(len(found) + 1, seed, row, (), 0.0, 0.0, 0.0))
    return found


def vetted(exercise: Exercise, n: int, seed: int) -> list[Draft]:
    """The versions of `symprop variants`."""
    return [batch._draft(wanted(exercise), version, version.number) for version in draw.versions(exercise, n, seed)]


def wanted(exercise: Exercise, *to: str) -> Batch:
    return Batch(exercise, 1, Options(to or ("tex",)), every=False)


def timed(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


# ---------------------------------------------------------------------- (a)
def ours(exercise: Exercise, drafts: Callable[[int, int], list[Draft]], n: int, cold: bool) -> Iterator[str]:
    maker = Maker(wanted(exercise))

    def sink(seed: int) -> None:
        found = iter(drafts(n, seed))
        while chunk := list(islice(found, batch.CHUNK)):
            for page in maker.pages(chunk):
                page.text()

    if not cold:
        sink(1)
    yield f"to a sink             {n / timed(lambda: sink(2)):9,.0f}/s"
    yield f"  of it drawing       {n / timed(lambda: drafts(n, 2)):9,.0f}/s"


def to_files(exercise: Exercise, n: int, processes: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return n / timed(lambda: batch.run(wanted(exercise), n, Path(folder), jobs=processes))


# ---------------------------------------------------------------------- (b), (c)
class Idiom:
    """The notebook way, for the same quantities: every line is symbol = expression = numbers put in = value."""

    def __init__(self, exercise: Exercise) -> None:
        self.shape = Shape(exercise)
        nodes = [(node.symbol, node.definition) for node in self.shape.graph if node.definition is not None]
        adjoints = [(sympy.Symbol(str(d.id)), d.short) for d in self.shape.derivations.values()]
        self.lines = [(name, expression, sympy.latex(name), sympy.latex(expression)) for name, expression in nodes]
        self.lines += [(name, e, sympy.latex(name), sympy.latex(e)) for name, e in adjoints]

    def once(self, row: tuple[Any, ...]) -> str:
        """(b): derived once; a dictionary of numbers, `xreplace`, `latex`."""
        return self._page(row, lambda expression, numbers: expression.xreplace(numbers), keep=True)

    def anew(self, row: tuple[Any, ...]) -> str:
        """(c): `.subs` and `latex` of every expression."""
        return self._page(row, lambda expression, numbers: expression.subs(numbers), keep=False)

    def _page(self, row: tuple[Any, ...], put_in: Callable[[Any, Any], Any], keep: bool) -> str:
        numbers = {
            sympy.Symbol(str(of), real=True): sympy.Integer(v) for of, v in zip(self.shape.leaves, row, strict=True)
        }
        written = []
        for name, expression, left, middle in self.lines:
            shown = expression.xreplace({s: sympy.UnevaluatedExpr(numbers[s]) for s in expression.free_symbols})
            value = put_in(expression, numbers)
            numbers[sympy.Symbol(name.name, real=True)] = value
            if not keep:
                left, middle = sympy.latex(name), sympy.latex(expression)
            written.append(f"{left} &= {middle} = {sympy.latex(shown)} = {sympy.latex(value)}")
        return " \\\\\n".join(written)


def idioms(exercise: Exercise, n: int) -> tuple[float, float]:
    rows = [draft.row for draft in plain(exercise, n, 3)]
    idiom = Idiom(exercise)
    idiom.once(rows[0])
    few = rows[: max(1, n // 4)]
    return (
        n / timed(lambda: [idiom.once(row) for row in rows]),
        len(few) / timed(lambda: [idiom.anew(row) for row in few]),
    )


# ---------------------------------------------------------------------- (d)
def typeset(exercise: Exercise, n: int) -> tuple[float, float, int, int]:
    """Seconds of our PDFs and of typst alone on their sources; resident memory in MB after a quarter and at the end."""
    drafts, sources = plain(exercise, n, 4), []
    maker, text = Maker(wanted(exercise, "pdf")), Maker(wanted(exercise, "typ"))
    for page in text.pages(drafts):
        sources += [data.decode() for data in page.files.values()]
    for _ in zip(maker.pages(drafts), range(batch.CHUNK), strict=False):
        pass
    memory: list[int] = []

    def run() -> None:
        for start in range(0, n, batch.CHUNK):
            for page in maker.pages(drafts[start : start + batch.CHUNK]):
                page.text()
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

    own = timed(run)
    alone = timed(lambda: [pdf(source) for source in sources])
    return own, alone, memory[len(memory) // 4], memory[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("-n", type=int, default=2000)
    options.add_argument("--pdf", type=int, default=40)
    options.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    options.add_argument("--vetted", type=int, default=200)
    options.add_argument("--cold", action="store_true")
    given = options.parse_args()
    for name, exercise in (("day12, 1-2-1", load("day12")), ("2-4-4-2", wide())):
        print(name, flush=True)
        for line in ours(exercise, lambda n, seed, e=exercise: plain(e, n, seed), given.n, given.cold):  # type: ignore[misc]
            print(f"  (a) plain   {line}", flush=True)
        try:
            for line in ours(exercise, lambda n, seed, e=exercise: vetted(e, n, seed), given.vetted, given.cold):  # type: ignore[misc]
                print(f"  (a) vetted  {line}", flush=True)
        except (
            Exception
        ) as problem:  # a net for which the defaults cannot be met says so; the others are still measured
            print(f"  (a) vetted  {problem}", flush=True)
        if name.startswith("day12"):
            for processes in given.processes:
                rate = to_files(exercise, given.n, processes)
                print(
                    f"  (a) vetted  to files, {processes} process{'es' * (processes > 1):2} {rate:7,.0f}/s, cold",
                    flush=True,
                )
        once, anew = idioms(exercise, min(given.n, 200))
        print(f"  (b) SymPy, derived once, xreplace + latex {once:7,.0f}/s", flush=True)
        print(f"  (c) SymPy, .subs + latex                  {anew:7,.0f}/s", flush=True)
        own, alone, early, late = typeset(exercise, given.pdf)
        print(
            f"  (d) PDF     {given.pdf / own:6.1f}/s; typst alone {given.pdf / alone:6.1f}/s: {own / alone:.2f} times; "
            f"memory {early} -> {late} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
