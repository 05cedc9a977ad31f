"""What a page prints, read back from its text: the Solution's values under the quantities' names, and no sign out of place."""

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from typing import Any

import plain_reader as reader
import pytest
from plain_reader import MP, Figure
from pypdf import PdfReader
from random_pages import COUNT, POLICIES, QUICK, VIEWS, Printed, noted, one_page, printed, solved
from sympy import Matrix
from test_reproduce import meets, numbers_of

from symprop import quantity as q
from symprop import update as updates
from symprop.api import contents
from symprop.exercise import MLP
from symprop.graph import symbol
from symprop.layers import LayerView
from symprop.notation import PROFILES
from symprop.printing import Latex
from symprop.quantity import Quantity, gradient
from symprop.solution import Solution, solve
from symprop.wording import narrate
from symprop.wording.page import names, without_step

CHUNK = 10


# ---------------------------------------------------------------------- names and values
def normal(text: str) -> str:
    return " ".join(reader.unframed(reader.tokenize(text)))


class Known:
    """The printed name of every quantity of a solution; what an arrow gives a name is counted, step by step."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.latex = Latex(names(solution.exercise))
        self.plain: dict[str, set[str]] = {}
        self.assigned: dict[str, list[Quantity]] = {}
        self.seen: Counter[str] = Counter()
        exercise, view = solution.exercise, LayerView(solution)
        scalars = [node.id for node in solution.graph] + [gradient(of) for of in solution.derivations]
        for of in scalars:
            self._name(symbol(of), of)
        wholes = [Quantity(name, layer) for layer in range(1, exercise.depth + 1) for name in ("W", "b", "z", "a")]
        wholes = [of for of in wholes if of.name != "b" or exercise.network.biases]
        for of in wholes:
            self._name(view.matrix(of), of)
            self._name(view.matrix(gradient(of)), gradient(of))
        if exercise.update is not None and exercise.update.learning_rate is not None:
            self._updated(view)

    def _name(self, form: Any, of: Quantity) -> None:
        self.plain.setdefault(normal(self.latex.write(form)), set()).add(str(of))

    def _updated(self, view: LayerView) -> None:
        exercise, update = self.solution.exercise, self.solution.exercise.update
        assert update is not None
        for step in range(1, update.steps + 1):
            for parameter in updates.parameters(exercise):
                for of, _ in updates.rule(update, parameter, step):
                    self._assigned(without_step(symbol(of)), of)
            for whole in {Quantity(p.name, p.layer) for p in updates.parameters(exercise)}:
                if self.solution.members(whole) != whole:
                    self._assigned(view.matrix(whole), whole.after(step))
            if update.order == "sequential":
                for target in self.solution.derivations:
                    if target.layer:
                        used = updates.used(target, step, update)
                        self._assigned(symbol(used), used)

    def _assigned(self, form: Any, of: Quantity) -> None:
        self.assigned.setdefault(normal(self.latex.write(form)), []).append(of)

    def values(self, left: str, sign: str) -> list[Any]:
        """The matrices that a left side may stand for; a scalar is one of 1 x 1."""
        left = normal(left)
        if sign == "←" or left not in self.plain:
            step = self.seen[left]
            self.seen[left] += 1
            return [self.value(self.assigned[left][step])]
        return [self.value(Quantity.parse(of)) for of in self.plain[left]]

    def value(self, of: Quantity) -> list[list[Any]]:
        found = self.solution.rounded(of)
        if not isinstance(found, Matrix):
            return [[number(found)]]
        if self.solution.exercise.notation.layout == "columns":
            found = found.T
        return [[number(entry) for entry in row] for row in found.tolist()]


def number(value: Any) -> Any:
    if value.is_Rational:
        return Fraction(int(value.p), int(value.q))
    return MP.make_mpf(value.evalf(60)._mpf_)


def is_shown(values: list[list[Any]], shown: list[list[Figure]], sign: str, decimals: int) -> bool:
    if (len(values), len(values[0])) != (len(shown), len(shown[0])):
        return False
    pairs = ((v, f) for row, figures in zip(values, shown, strict=True) for v, f in zip(row, figures, strict=True))
    return all(meets(value, figure, sign, decimals, True) for value, figure in pairs)


def read_back(page: Printed) -> int:
    """How many results a page prints beside a name; each is the Solution's."""
    known, wrong, results = Known(page.solution), [], 0
    for row in reader.rows(page.text):
        last = row.cells[-1]
        if numbers_of(last) is None or re.match(r"p _ \{ \d", row.left):
            continue  # a rule in symbols; one path of several, no quantity of the solution
        results += 1
        sign = "←" if row.cells[0].sign == "←" else "="
        shown = reader.figures(last.text)
        if not any(is_shown(v, shown, last.sign, page.decimals) for v in known.values(row.left, sign)):
            wrong.append(f"{row.left} {last.sign} {last.text}")
    for name, column, entry in tabled(page.text):
        results += 1
        of = next(Quantity.parse(i) for i in known.plain[normal(name)])
        if column == "gradient":
            of = gradient(of)
        elif column == "after the update":
            assert page.solution.exercise.update is not None
            of = of.after(page.solution.exercise.update.steps) if known.assigned.get(normal(name)) else of
        if not is_shown(known.value(of), reader.figures(entry), "≈", page.decimals):
            wrong.append(f"{column} of {name}: {entry}")
    assert not wrong, page.name + "\n" + "\n".join(wrong)
    return results


def tabled(page: str) -> Iterator[tuple[str, str, str]]:
    """(name, column, entry) of the table of all gradients, whichever way it lies."""
    for body in re.findall(r"\\hline\nparameter(.*?)\\end\{tabular\}", page, re.DOTALL):
        lines = [line for line in body.replace(r"\hline", "").split("\\\\") if line.strip()]
        cells = [[entry.strip().strip("$") for entry in line.split("&")] for line in lines]
        cells[0][0] = "parameter"
        if cells[1][0] == "value":
            cells = [list(column) for column in zip(*cells, strict=True)]
        head, *body = cells
        for name, *entries in body:
            yield from ((name, column, entry) for column, entry in zip(head[1:], entries, strict=True))


@pytest.mark.parametrize("start", range(0, QUICK, 8))
def test_what_is_printed_beside_a_name_is_that_quantitys_value(start: int) -> None:
    assert sum(read_back(one_page(seed)) for seed in range(start, start + 8)) > 80


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_prints_the_solutions_values(profile: str, start: int) -> None:
    for seed in range(start, start + CHUNK):
        for i, view in enumerate(VIEWS):
            detail = ("steps", "full")[(seed + i) % 2]
            assert read_back(printed(seed, POLICIES[(seed + i) % 4], view, profile, detail)) > 0


def test_every_profile_names_its_quantities_apart() -> None:
    """A name read back is one quantity: two samples, two layers of two units. (Nobody prints the gradient by a target.)"""
    rows = [[1, 2], [3, 4]]
    net = solve(MLP([(2, "tanh"), (2, "identity")], x=rows, y=rows, W=[rows, rows], b=rows))
    for profile in PROFILES:
        plain = Known(noted(net, profile, "rows")).plain
        several = {name: [i for i in ids if not i.startswith("dE/dy")] for name, ids in plain.items()}
        assert not {name: ids for name, ids in several.items() if len(ids) > 1}, profile


# ---------------------------------------------------------------------- signs
#: Inside formulas, in LaTeX and Markdown.
LATEX = [
    (r"[-+]\s*[-+]", "a sign after a sign"),
    (r"\\(cdot|odot)\s*[-+]", "a sign after a dot"),
    (r"(?:^|[({&=,]|\\approx|\\leftarrow)\s*-\s*(?:\\frac\{)?0(?:\.0*)?(?![.\d])", "minus zero"),
    (r"\(\s*\)|\\left\(\s*\\right\)|(?:[_^]|\\frac|\\sqrt|\\begin\{bmatrix\})\s*(?:\{\s*\}|\\end)", "an empty bracket"),
    (r"(=|\\approx|\\leftarrow|\\cdot|\\odot)[\s&]*(?:\\quad)?\s*(=|\\approx|\\leftarrow|\\cdot|\\odot)(?!\w)", "two signs"),
    (r"(?:\\cdot|\\odot|\s[-+])\s*(?:$|[)}&]|\\right|\\\\)", "a sign before nothing"),
    (r"(?<!\\symwide)[({]\s*(?:\\cdot|\\odot|\+\s)", "a sign after nothing"),  # a broken sum goes on with its plus
    (r"\d\.(?!\d)|(?<!\d)\.\d", "a point without digits"),
    (r"(?<![\d.])\d+\.0(?!\d)", "a decimal point where an integer stood"),
    (r"\\frac\{[^{}]*\}\{1\}", "a fraction over one"),
    (r"\\frac\{-\d+\}\{-?\d+\}|\\frac\{\d+\}\{-\d+\}", "a minus inside a fraction of numbers"),
    ("[−‐–—]", "a typed dash"),
    (r"\b(nan|inf|None|oo|zoo|Rational|Float|Fraction|Symbol)\b", "a word of the program"),
]  # fmt: skip
TYPST = [
    (r"[-+]\s*[-+]", "a sign after a sign"),
    (r"\bdot(\.o)?\s*[-+]", "a sign after a dot"),
    (r"(?:^|[(;=,]|\bapprox|<-)\s*-\s*(?:frac\()?0(?:\.0*)?(?![.\d])", "minus zero"),
    (r"(?<![\w\"])\(\s*\)|[_^]\(\s*\)|frac\(\s*,|,\s*\)", "an empty bracket"),
    (r"(=|\bapprox|\bdot)\s*(=|\bapprox|\bdot)\b", "two signs"),
    (r"\d\.(?!\d)|(?<![\w.])\.\d", "a point without digits"),
    (r"(?<![\d.])\d+\.0(?!\d)", "a decimal point where an integer stood"),
    ("[−‐–—]", "a typed dash"),
    (r"\b(nan|inf|None|oo|zoo|Rational|Float|Fraction|Symbol)\b", "a word of the program"),
]


def formulas(text: str, format: str) -> tuple[list[str], str]:
    """The formulas of a page, and what is left of it: its words."""
    if format == "latex":
        text = re.sub(r"(?m)^(%|\\providecommand).*$", "", text)
        displays = [display for _, display in re.findall(reader.DISPLAY, text, re.DOTALL)]
        text = re.sub(reader.DISPLAY, " ", text, flags=re.DOTALL)
        labels = re.findall(r"\$([^$]*)\$", text)
        text = re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", " ", text, flags=re.DOTALL)
        return displays + labels, re.sub(r"\$[^$]*\$", " ", text)
    if format == "typst":
        text = re.sub(r'"(?:[^"\\]|\\.)*"', '"words"', text)  # words, the alternative texts among them
        return re.findall(r"\$([^$]*)\$", text), re.sub(r"\$[^$]*\$", " ", text)
    displays = re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    return displays + re.findall(r"\$([^$]*)\$", text), re.sub(r"\$[^$]*\$", " ", text)


def defects(page: Printed, format: str) -> list[str]:
    found, (maths, rest) = [], formulas(page.text, format)
    assert len(maths) > 10
    for formula in maths:
        for pattern, why in TYPST if format == "typst" else LATEX:
            hit = re.search(pattern, formula)
            if hit:
                found.append(f"{why}: {formula[max(hit.start() - 40, 0) : hit.end() + 40]!r}")
    hyphens = re.findall(r".{0,30}(?<![\w{|:-])-\s?\d.{0,20}", rest) if format != "typst" else []
    return found + [f"a hyphen for a minus: {hyphen!r}" for hyphen in hyphens]


@pytest.mark.parametrize("format", ["latex", "markdown", "typst"])
def test_no_sign_is_out_of_place(format: str) -> None:
    for seed in range(QUICK) if format == "latex" else range(0, QUICK, 5):
        page = one_page(seed, format)
        assert not defects(page, format), (page.name, defects(page, format)[:5])


@pytest.mark.slow
@pytest.mark.parametrize("format", ["latex", "markdown", "typst"])
@pytest.mark.parametrize("start", range(0, COUNT, CHUNK))
def test_no_sign_is_out_of_place_in_100_exercises(start: int, format: str) -> None:
    for seed in range(start, start + CHUNK):
        for i, view in enumerate(VIEWS):
            page = printed(seed, POLICIES[(seed + i) % 4], view, format=format)
            assert not defects(page, format), (page.name, defects(page, format)[:5])


@pytest.mark.parametrize("seed", [3, 22])
def test_a_pdf_shows_true_minus_signs(seed: int) -> None:
    data = contents(narrate(one_page(seed).solution, detail="full", view="units"), "pdf")
    text = "\n".join(sheet.extract_text() for sheet in PdfReader(BytesIO(data)).pages)
    assert "−" in text
    assert not re.findall(r".{0,20}(?<![A-Za-z\d])-\s?\d.{0,20}", text)


def test_a_symbol_has_no_factor_1_before_it() -> None:
    for seed in range(QUICK):
        for row in reader.rows(one_page(seed).text):
            for cell in row.cells:
                if numbers_of(cell) is None:
                    assert not re.search(r"(?:^|[-+(] )1 \\cdot", cell.text), (seed, cell.text)


# ---------------------------------------------------------------------- the reader itself
READ = [
    (r"-0.5 \cdot (-3)^{2} + \frac{1}{2}", Fraction(-4)),
    (r"\left(2 - \frac{2}{3}\right) \cdot 1.5 \cdot 10^{-1}", Fraction(1, 5)),
    (r"\max(0, -2) + |-3| - \sqrt{\frac{4}{9}}", Fraction(7, 3)),
    (r"1 \cdot 2 + (-3) \cdot 4", Fraction(-10)),
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_the_plain_reader_reads_as_a_person_does(text: str, value: Fraction) -> None:
    assert reader.value(text) == value


def test_the_plain_reader_multiplies_matrices() -> None:
    one = r"\begin{bmatrix}1 & 2 \\ 3 & 4\end{bmatrix}"
    assert reader.value(rf"{one} \begin{{bmatrix}}1 \\ -1\end{{bmatrix}}") == [[-1], [-1]]
    assert reader.value(rf"{one} \odot {one} + \begin{{bmatrix}}1 & 1\end{{bmatrix}}") == [[2, 5], [10, 17]]
    assert reader.value(rf"\mathbf{{1}}^{{\top}} {one}") == [[4, 6]]


@pytest.mark.parametrize(
    "text", ["1 + -2", "2 3", "1 - ()", "--1", "-0", r"3 \cdot -2", "1 +", r"\ln(0)", r"\frac{1}{0}"]
)
def test_the_plain_reader_refuses_what_nobody_should_print(text: str) -> None:
    with pytest.raises(reader.Unreadable):
        reader.value(text)


def test_a_name_is_no_number() -> None:
    for text in ("w_{1} x", r"\hat{y} - 1", r"\sigma_{1}", "e"):
        with pytest.raises(reader.Letters):
            reader.value(text)


def test_losses_are_quantities_of_the_page() -> None:
    known = Known(solved(3, ""))
    assert known.plain[normal("E")] == {str(q.E)}
