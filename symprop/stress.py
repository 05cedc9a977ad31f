"""Exercise, seed -> many versions put to every test there is: facts for a table, and plots. No sentences.

The versions are made in sets as a course would hand them out, one seed a set: within a set they must differ.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

from symprop import api
from symprop.errors import UsageError
from symprop.exercise import Exercise, Variants
from symprop.exercise import settings as settings_of
from symprop.misconceptions import exposed
from symprop.oracles import OracleReport
from symprop.oracles.sklearn import check as sklearn
from symprop.sampling.draw import Version, drawer, versions
from symprop.solution import Solution, solve
from symprop.wording import narrate

#: Versions of a set, and of how many versions one is put to the slow tests.
SET, SAMPLE = 30, 50


@dataclass
class Stress:
    """What n versions showed. A failure is (seed, number, test)."""

    exercise: str
    seed: int
    sets: int = 0
    versions: int = 0
    oracles: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[tuple[int, int, str]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    hides: Counter[str] = field(default_factory=Counter)
    counted: int = 0
    tells_apart: list[Fraction] = field(default_factory=list)
    difficulty: list[Fraction] = field(default_factory=list)
    deviation: Fraction = Fraction(0)
    equal_share: list[Fraction] = field(default_factory=list)
    duplicates: int = 0
    repeated: int = 0
    sizes: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures


def stress(
    exercise: Exercise,
    n: int = 1000,
    seed: int = 135,
    settings: "Variants | Mapping[str, Any] | None" = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Stress:
    """n versions in sets of 30, set k from seed + k: each against scikit-learn, its answers, its conditions beside the others.

    One in fifty, the first among them, is also put to the differences oracle, its misconceptions are derived again, and its
    key is printed for its size. Raises as `versions` does.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise UsageError(f"n: found {n}; wanted a whole number of at least 1")
    chosen = settings_of(settings, exercise.variants)
    found = Stress(exercise.name, seed)
    codes: set[str] = set()
    for start in range(0, n, SET):
        found.sets += 1
        found.versions += _set(exercise, min(SET, n - start), seed + start // SET, chosen, found, codes, start)
        progress(found.versions)
    return found


def _set(exercise: Exercise, n: int, seed: int, settings: Variants, found: Stress, codes: set[str], start: int) -> int:
    plan = drawer(exercise, settings).source.plan
    parts = plan.parts if settings.distinct == "parts" else (tuple(range(len(plan.asked))),)
    seen: list[set[Any]] = [set() for _ in parts]
    first: Version | None = None
    begun = perf_counter()
    for version in versions(exercise, n, seed, settings):
        _spend(found, "drawing", begun)
        first = first or version
        solution = _confirmed(version, found)
        if (start + version.number - 1) % SAMPLE == 0:
            _slowly(version, solution, plan.questions, found)
        answers = [str(solution.value(of)) for of in plan.asked]
        for part, before in zip(parts, seen, strict=True):
            mine = tuple(answers[i] for i in part)
            if mine in before:
                found.duplicates += 1
                if settings.conditions and settings.distinct != "off":
                    found.failures.append((seed, version.number, "distinct answers"))
            before.add(mine)
        code = version.exercise.fingerprint
        found.repeated += code in codes
        codes.add(code)
        _noted(version, first, settings, found)
        begun = perf_counter()
    found.counted = len(drawer(exercise, settings).source.scorer.names)
    return n


def _spend(found: Stress, on: str, since: float) -> None:
    found.seconds[on] = found.seconds.get(on, 0.0) + perf_counter() - since


def _confirmed(version: Version, found: Stress) -> Solution:
    """The version solved, its answers compared, and scikit-learn's verdict."""
    begun = perf_counter()
    solution = solve(version.exercise)
    _spend(found, "solving", begun)
    if any(solution.number(of) != value for of, value in version.answers.items() if isinstance(value, Fraction)):
        found.failures.append((version.seed, version.number, "answers"))
    begun = perf_counter()
    _tally(version, sklearn(version.exercise, api.numbers(solution)), found)
    _spend(found, "scikit-learn", begun)
    return solution


def _tally(version: Version, report: OracleReport, found: Stress) -> None:
    verdict = {True: "agrees", False: "disagrees", None: "compared nothing"}[report.agrees]
    found.oracles.setdefault(report.name, Counter())[verdict] += 1
    if report.agrees is False:
        found.failures.append((version.seed, version.number, report.name))


def _slowly(version: Version, solution: Solution, questions: tuple[str, ...], found: Stress) -> None:
    begun = perf_counter()
    reports = api.verify(solution)
    for report in reports:
        if report.name != "scikit-learn":
            _tally(version, report, found)
    findings = exposed(solution, questions)
    if findings.hides != version.hides or findings.tells_apart != version.tells_apart:
        found.failures.append((version.seed, version.number, "misconceptions"))
    _spend(found, "sample", begun)
    begun = perf_counter()
    document = narrate(solution, reports=reports)
    for suffix in ("tex", "md"):
        size = len(api.contents(document, suffix, name=f"{version.exercise.name}-{version.number}"))
        found.sizes.setdefault(suffix, []).append(size)
    _spend(found, "keys", begun)


def _noted(version: Version, first: Version, settings: Variants, found: Stress) -> None:
    found.hidden.append(len(version.hides))
    found.hides.update(version.hides)
    found.tells_apart.append(version.tells_apart)
    found.difficulty.append(version.difficulty)
    found.equal_share.append(version.equal_share)
    deviation = abs(version.difficulty - first.difficulty) / first.difficulty if first.difficulty else Fraction(0)
    found.deviation = max(found.deviation, deviation)
    allowed = settings.difficulty
    if settings.conditions and allowed is not False and deviation > Fraction(int(allowed.p), int(allowed.q)):
        found.failures.append((version.seed, version.number, "difficulty"))


def check_plots() -> None:
    """Raises UsageError when matplotlib is missing: before the work, not after it."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError('--plots needs matplotlib; install it with: pip install "symprop[plots]"') from None


def plot(found: Stress, path: Path) -> None:
    """Four histograms as a PNG: hidden misconceptions, pairs told apart, difficulty, equal answers."""
    check_plots()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    FigureCanvasAgg(figure)
    panels: list[tuple[str, list[float]]] = [
        ("misconceptions hidden", [float(v) for v in found.hidden]),
        ("share of pairs told apart", [float(v) for v in found.tells_apart]),
        ("difficulty", [float(v) for v in found.difficulty]),
        ("largest share of equal answers", [float(v) for v in found.equal_share]),
    ]
    for axes, (title, values) in zip(figure.subplots(2, 2).flat, panels, strict=True):
        whole = all(value == int(value) for value in values)
        low, high = int(min(values)), int(max(values))
        axes.hist(values, bins=[k - 0.5 for k in range(low, high + 2)] if whole and high - low < 100 else 20)
        if whole:
            axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel(title)
        axes.set_ylabel("versions")
    figure.suptitle(
        f"{found.exercise}: {found.versions:,} versions, seeds {found.seed} to {found.seed + found.sets - 1}"
    )
    figure.savefig(path, dpi=120, metadata={"Software": None})


__all__ = ["Stress", "check_plots", "plot", "stress"]
