"""What a check found, as facts: one `CheckedStep` a quantity, points by question. The sentences are made in `wording.reports`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from sympy import Expr


class Verdict(StrEnum):
    """What is known of one step."""

    RIGHT = "right"
    RIGHT_GIVEN_EARLIER = "right_given_earlier"
    ROUNDED = "rounded"
    EXCEPT_AT_KINK = "except_at_kink"
    WRONG = "wrong"
    UNREADABLE = "unreadable"
    UNDECIDED = "undecided"
    MISSING = "missing"


#: Verdicts that count as wrong; the others leave a report `ok`.
FAULTS = frozenset((Verdict.WRONG, Verdict.UNREADABLE))
#: Verdicts without an earlier mistake: the step itself is accepted as it stands.
SOUND = frozenset((Verdict.RIGHT, Verdict.ROUNDED, Verdict.EXCEPT_AT_KINK, Verdict.UNDECIDED))


@dataclass(frozen=True, slots=True)
class Where:
    """Line and column in a .tex or .md file; key and offset in TOML, JSON and Python. What does not apply is 0 or empty."""

    line: int = 0
    column: int = 0
    key: str = ""
    offset: int = 0

    def as_json(self) -> dict[str, int | str]:
        """The contract's `where`."""
        return {"line": self.line, "column": self.column} if self.line else {"key": self.key, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Fact:
    """One remark about a step, by `kind`:

    region      equal while `conditions` hold: (argument of a kink, sign)
    point       the expression is equal at these numbers only
    convention  a kink's derivative follows another convention
    given       follows from the wrong earlier steps `ids`
    trivial     one of those makes the step trivial: no credit
    side        the side of the chain that is at fault, as written (`text`)
    digits      fewer decimals than the `number` asked
    shape       a vector or matrix of another shape than the one in `text`
    unreadable  the place (`text` holds the reason) that could not be read
    """

    kind: str
    text: str = ""
    number: int = 0
    ids: tuple[str, ...] = ()
    conditions: tuple[tuple[Expr, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """One quantity: `given` is the answer as written, `expected` and `rule` belong to the key. `id` is the quantity id.

    `rests_on` are given steps that this one follows from; `witness` holds numbers at which a wrong formula differs; `excerpt`
    the text around an unreadable place with its caret.
    """

    id: str
    verdict: Verdict
    given: str = ""
    expected: str = ""
    rule: str = ""
    consistent_with: tuple[str, ...] = ()
    points: Fraction = Fraction(0)
    max_points: Fraction = Fraction(0)
    where: Where | None = None
    witness: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    rests_on: tuple[str, ...] = ()
    value: str = ""
    excerpt: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """A question's points: `title`, what was reached, what could be."""

    title: str
    points: Fraction
    max_points: Fraction
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One derivation checked. Steps stand in the order of the derivation, asked but missing ones among them.

    `ok`: nothing is wrong or unreadable; what is missing costs points only, undecided never counts as wrong.
    """

    exercise: str
    steps: tuple[CheckedStep, ...]
    questions: tuple[QuestionScore, ...] = ()
    student: str = ""
    source: str = ""

    @property
    def ok(self) -> bool:
        return not any(step.verdict in FAULTS for step in self.steps)

    @property
    def first_wrong(self) -> str | None:
        """The id of the first wrong step; None when no step is wrong."""
        return next((step.id for step in self.steps if step.verdict is Verdict.WRONG), None)

    @property
    def answered(self) -> tuple[CheckedStep, ...]:
        """The steps the student gave."""
        return tuple(step for step in self.steps if step.verdict is not Verdict.MISSING)

    @property
    def score(self) -> Fraction:
        return sum((q.points for q in self.questions), Fraction(0))

    @property
    def max_score(self) -> Fraction:
        return sum((q.max_points for q in self.questions), Fraction(0))

    def __getitem__(self, of: str) -> CheckedStep:
        """The step of this id. Raises KeyError."""
        for step in self.steps:
            if step.id == of:
                return step
        raise KeyError(of)
