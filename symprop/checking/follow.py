"""Solution + one student's answers -> Report: every step by itself, then from the student's own earlier values.

A step is right when it is right by the key, right given earlier ones when it follows from what the student has before
(error carried forward: the better of the two). Misconceptions are matched inside a wrong step only. Facts, no sentences.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from sympy import Add, Expr, ImmutableMatrix, Rational, S, Symbol

from symprop import quantity as q
from symprop import update as updates
from symprop.arithmetic import OutOfDomain, Undecided, Value, exact, public, shared
from symprop.checking import figures
from symprop.checking.answers import Answers, Given, Side
from symprop.checking.equal import EqualityAt, Kind, Where, compare, compare_at
from symprop.checking.points import Asked, scored
from symprop.checking.report import FAULTS, SOUND, CheckedStep, Fact, Report, Verdict
from symprop.checking.report import Where as Place
from symprop.checking.spellings import Spellings
from symprop.errors import ExerciseError, UsageError
from symprop.exercise import Exercise
from symprop.functions import Kinked
from symprop.graph import quantity_of, symbol
from symprop.layers import LayerView
from symprop.misconceptions import applicable, edits, wrong_expression
from symprop.printing.figures import seventeen
from symprop.quantity import Quantity, local
from symprop.reading import Unreadable, read_answer
from symprop.solution import Solution, solve

#: After more update steps than these, own values are not carried from step to step.
MOST_STEPS = 12
#: Wrong steps whose misconceptions are sought.
MOST_MATCHED = 8
#: Entries in the loss chain that a mixed expression may leave to numbers.
_COVERED_DEPTH = 4
#: Gradients of one layer in the order of working.
_KINDS = "EazWbxy"
_CONVENTIONS = (S.Zero, Rational(1, 2), S.One)


@dataclass(slots=True)
class _Answer:
    """The sides given for one scalar, from one or several lines."""

    id: Quantity
    sides: list[tuple[Side, Expr | Unreadable, int]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    where: Place | None = None
    written: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One side judged."""

    verdict: Verdict
    facts: tuple[Fact, ...] = ()
    witness: Mapping[Symbol, Expr] = field(default_factory=dict)
    rests_on: tuple[str, ...] = ()


def follow(solution: Solution, answers: Answers, known: Spellings, questions: Sequence[Asked] = ()) -> Report:
    """One student's answers checked step by step; `questions` say what is asked and for how many points."""
    return _Follower(solution, answers, known, questions).report()


class _Follower:
    """One student's derivation beside the key's."""

    def __init__(self, solution: Solution, answers: Answers, known: Spellings, questions: Sequence[Asked]) -> None:
        self.solution, self.exercise, self.known = solution, solution.exercise, known
        self.answers, self.questions = answers, questions
        self.view = LayerView(solution)
        self.strays: list[CheckedStep] = []
        self.given: dict[Quantity, _Answer] = {}
        self.own: dict[Quantity, Value] = {}
        self.own_forms: dict[Quantity, Expr] = {}
        self.verdicts: dict[Quantity, Verdict] = {}
        self._rules: dict[Quantity, Expr | None] = {}
        self._right: dict[Quantity, Value | None] = {}
        self._carried: dict[Quantity, Value | None] = {}
        self._touched: dict[Quantity, frozenset[Quantity]] = {}
        self._slack: dict[tuple[str, str], list[Fraction]] = {}
        steps: dict[Quantity, tuple[int, bool]] = {}
        for each in answers.given:
            if each.assigned and each.id is not None and self.exercise.update is not None and each.id.state:
                plain = replace(each.id, step=0)
                step, finished = steps.get(plain, (0, True))
                valued = not isinstance(each.sides[-1].value, Unreadable) and not each.sides[-1].value.free_symbols
                # a rule and, in a line of its own, its value belong to one step
                step += finished or not valued
                steps[plain] = step, valued
                if step <= self.exercise.update.steps:
                    each = self._in_step(each, step)
            elif each.id is not None and each.id.state == "used":
                each = self._in_step(each, each.id.step)
            self._take(each)

    # ------------------------------------------------------------------ the student's lines
    def _in_step(self, given: Given, step: int) -> Given:
        """The k-th assignment to a parameter or moment: what it reads is what step k finds, moments made before it its own."""
        assert given.id is not None
        left = replace(given.id, step=step)

        def meant(sign: Symbol) -> Expr:
            of = quantity_of(sign)
            if of.state in ("", "new") and (of.name in q.CONSTANTS and of.wrt is None):
                return sign
            if not of.state:
                changes = of.wrt is not None or of.name in ("z", "a", "E", "R") or of in self._updated
                return symbol(updates.before(of, step)) if changes else sign
            by_parameter = left.wrt is not None and left.wrt.is_parameter
            if left.state == "used" and of.state == "new" and (by_parameter or not of.base.is_parameter):
                return symbol(updates.before(of.base, step))  # the forward pass that this step starts from
            own = of.state == left.state and of.base == left.base
            at = step - 1 if own else step
            return symbol(replace(of, step=at)) if at else S.Zero

        def moved(value: Expr | ImmutableMatrix | Unreadable) -> Expr | ImmutableMatrix | Unreadable:
            if isinstance(value, Unreadable):
                return value
            return value.xreplace({s: meant(s) for s in value.free_symbols})

        return replace(given, id=left, sides=tuple(replace(side, value=moved(side.value)) for side in given.sides))

    @cached_property
    def _updated(self) -> frozenset[Quantity]:
        """The parameters that an update changes."""
        return frozenset(updates.parameters(self.exercise))

    def _take(self, given: Given) -> None:
        """One line of answers, matrices entry by entry."""
        if given.id is None:
            self.strays.append(
                CheckedStep(
                    given.label, Verdict.UNREADABLE, " = ".join((given.label, *(s.text for s in given.sides))),
                    where=given.where, facts=(Fact("unreadable", given.why),), excerpt=given.excerpt,
                )
            )  # fmt: skip
            return
        members = self.solution.members(given.id)
        if not isinstance(members, list):
            answer = self._answer(members, given)
            for side in given.sides:
                value = side.value
                if isinstance(value, ImmutableMatrix):
                    if value.shape == (1, 1):
                        value = value[0, 0]
                    else:
                        answer.facts.append(Fact("shape", "one number"))
                        value = Unreadable(0, "")
                answer.sides.append((side, value, 0))
            return
        rows = tuple(tuple(row) for row in members) if given.by_arrays else self.view.entries(given.id)
        entries = [self._answer(of, given) for row in rows for of in row]
        for side in given.sides:
            value = side.value
            if isinstance(value, Unreadable):
                entries[0].sides.append((side, value, 0))
                continue
            matrix = value if isinstance(value, ImmutableMatrix) else ImmutableMatrix([[value]])
            shape, flipped = (len(rows), len(rows[0])), False
            if matrix.shape != shape and matrix.shape == shape[::-1]:
                matrix, flipped = matrix.T, True
            if matrix.shape != shape:
                entries[0].facts.append(Fact("shape", f"{shape[0]} × {shape[1]}"))
                entries[0].sides.append((side, Unreadable(0, ""), 0))
                continue
            for k, (answer, entry) in enumerate(zip(entries, matrix, strict=True)):
                place = (k % shape[1]) * shape[0] + k // shape[1] if flipped else k
                answer.sides.append((side, entry, place))

    def _answer(self, of: Quantity, given: Given) -> _Answer:
        answer = self.given.get(of)
        if answer is None:
            answer = self.given[of] = _Answer(of, where=given.where)
        answer.written.append(" = ".join(side.text for side in given.sides))
        return answer

    # ------------------------------------------------------------------ the key's side
    def rule(self, of: Quantity) -> Expr | None:
        """The right-hand side of a step by the names it reads; None for a leaf or what has no rule."""
        if of not in self._rules:
            self._rules[of] = self._rule(of)
        return self._rules[of]

    def _rule(self, of: Quantity) -> Expr | None:
        if of in self.solution.graph and self.solution.graph[of].definition is None:
            return None
        if of.name in q.CONSTANTS and of.wrt is None and of not in self.solution.graph:
            return None
        try:
            if of.is_gradient and not of.state and (named := self._by_own_factors(of)) is not None:
                return named
            return self.solution.expression(of)
        except UsageError:
            return None

    def _by_own_factors(self, of: Quantity) -> Expr | None:
        """The chain rule by the names of its factors, where the student gives a local derivative of it."""
        assert of.wrt is not None
        derivation = self.solution.derivations.get(of.wrt)
        if derivation is None:
            return None
        locals_ = [local(t.via, of.wrt) for t in derivation.terms if t.via != derivation.loss]
        if derivation.cancelled is None and any(each in self.given for each in locals_):
            return Add(*(up * (worked if via == 1 else name) for (up, name), (via, worked) in
                         zip(derivation.named, derivation.worked, strict=True)))  # fmt: skip
        return None

    def right(self, of: Quantity) -> Value | None:
        """The key's value; None where there is none."""
        if of not in self._right:
            self._right[of] = self._value(of, rounded=False)
        return self._right[of]

    def _value(self, of: Quantity, rounded: bool) -> Value | None:
        if of in self.constants:
            return self.constants[of]
        if self.solution.is_symbolic:
            return None
        try:
            return self.solution.number(self.solution.resolve(of), rounded=rounded)
        except UsageError:
            return None

    @cached_property
    def constants(self) -> dict[Quantity, Value]:
        """alpha, eta and the rest of an update's letters that have numbers."""
        found = {n.id: exact(n.given) for n in self.solution.graph if n.role == "constant" and n.given is not None}
        if self.exercise.update is not None:
            found |= {c: exact(v) for c, v in updates.constants(self.exercise.update).items() if v is not None}
        return found

    @cached_property
    def leaves(self) -> dict[Symbol, Expr]:
        """Every exact number an expression can rest on, for comparing at the exercise's own point."""
        found = {n.symbol: n.given for n in self.solution.graph if n.given is not None}
        return found | {symbol(of): public(value) for of, value in self.constants.items()}

    @cached_property
    def known_sizes(self) -> frozenset[Fraction]:
        """Sizes that a written decimal may stand for exactly."""
        return frozenset(abs(figures.number(v)) for v in map(exact, self.leaves.values()) if isinstance(v, Fraction))

    @cached_property
    def other_conventions(self) -> list[tuple[Expr, Solution]]:
        """The same exercise with the other derivatives at its kinks, where it stands on one."""
        if self.solution.is_symbolic or not self.solution.kinks:
            return []
        found = []
        for at_zero in _CONVENTIONS:
            if at_zero != self.exercise.network.relu_at_zero:
                network = self.exercise.network.model_copy(update={"relu_at_zero": at_zero})
                other: Exercise = self.exercise.model_copy(update={"network": network})
                try:
                    found.append((at_zero, solve(other)))
                except ExerciseError:
                    continue
        return found

    # ------------------------------------------------------------------ order
    def reads(self, of: Quantity) -> list[Quantity]:
        """What a step's rule reads."""
        expression = self.rule(of)
        return [] if expression is None else [quantity_of(s) for s in expression.free_symbols]

    def ordered(self) -> list[Quantity]:
        """The given and the asked quantities, each after what it rests on; else in the order of the derivation."""
        rank: dict[Quantity, tuple[object, ...]] = {node.id: (0, i) for i, node in enumerate(self.solution.graph)}
        for derivation in self.solution.derivations.values():
            of = derivation.target
            rank[derivation.id] = (
                2,
                -of.layer if of.name != "E" else -self.exercise.depth - 1,
                _KINDS.find(of.name),
                of.sample,
                of.index,
            )

        def place(of: Quantity) -> tuple[object, ...]:
            if of.state:
                first = of.base.is_parameter or of.state == "used"
                return of.step, (0 if of.state == "used" else 1) if first else 2, rank.get(of.base, (9,)), str(of)
            if of.wrt is not None and not of.is_gradient:
                return 0, 0, (1, of.layer, of.sample, of.index), str(of)
            return 0, 0, rank.get(of, (9,)), str(of)

        wanted = {*self.given, *(of for question in self.questions for of in question.ids)}
        return sorted(wanted, key=place)

    # ------------------------------------------------------------------ own values
    def touched(self, of: Quantity) -> frozenset[Quantity]:
        """The given quantities that a step rests on, itself not counted, up to the nearest on every path."""
        found = self._touched.get(of)
        if found is None:
            self._touched[of] = frozenset()
            result: set[Quantity] = set()
            if of.step <= MOST_STEPS:
                for each in self.reads(of):
                    result |= {each} if each in self.own or each in self.own_forms else self.touched(each)
            found = self._touched[of] = frozenset(result)
        return found

    def tainted(self, of: Quantity) -> tuple[Quantity, ...]:
        """Those of them that are wrong or follow from a wrong one."""
        return tuple(
            each for each in sorted(self.touched(of), key=str)
            if self.verdicts.get(each) in (Verdict.WRONG, Verdict.RIGHT_GIVEN_EARLIER)
        )  # fmt: skip

    def carried(self, of: Quantity) -> Value | None:
        """The value of a step from own values where there are some; None where it has none."""
        if of not in self._carried:
            self._carried[of] = self._worked_out(of, {})
        return self._carried[of]

    def standing(self, of: Quantity) -> Value | None:
        """The student's own value, else what follows from the own ones."""
        if of in self.own:
            return self.own[of]
        return self.carried(of) if self.touched(of) else self.right(of)

    def _worked_out(self, of: Quantity, wrong: Mapping[Symbol, Expr]) -> Value | None:
        """The step's rule (or a wrong one from `wrong`, for it and for what the student leaves out) at own values."""
        expression = wrong.get(symbol(of), self.rule(of))
        if expression is None:
            return self.right(of)
        numbers: dict[Symbol, Value] = {}
        for sign in expression.free_symbols:
            each = quantity_of(sign)
            value = self._under(each, wrong, 0) if wrong else self.standing(each)
            if value is None:
                return None
            numbers[sign] = value
        return _evaluated(expression, numbers)

    def _under(self, of: Quantity, wrong: Mapping[Symbol, Expr], depth: int) -> Value | None:
        """A value under a wrong method, worked out anew down to what the student gives."""
        if of in self.own:
            return self.own[of]
        if depth < 30 and self._reaches(of, wrong):
            return self._worked_out(of, wrong)
        return self.standing(of)

    def _reaches(self, of: Quantity, wrong: Mapping[Symbol, Expr]) -> bool:
        """Whether a wrong rule stands at or below a quantity, above what the student gives."""
        stack, seen = [of], {of}
        while stack and len(seen) < 2000:
            each = stack.pop()
            if symbol(each) in wrong:
                return True
            for inner in self.reads(each):
                if inner not in seen and inner not in self.own:
                    seen.add(inner)
                    stack.append(inner)
        return False

    # ------------------------------------------------------------------ the report
    def report(self) -> Report:
        """Every step judged in the order of the derivation."""
        steps = [self._checked(of) for of in self.ordered()]
        matched = 0
        for i, step in enumerate(steps):
            if step.verdict is Verdict.WRONG and matched < MOST_MATCHED:
                matched += 1
                names = self._consistent(Quantity.parse(step.id))
                steps[i] = replace(step, consistent_with=names)
        marked, scores = scored([*steps, *self.strays], self.questions, self.exercise.depth)
        return Report(self.exercise.name, marked, scores, self.answers.student, self.answers.source)

    def _checked(self, of: Quantity) -> CheckedStep:
        answer = self.given.get(of)
        expression = self.rule(of)
        base = CheckedStep(
            str(of), Verdict.MISSING, expected=self.expected(of), rule="" if expression is None else str(expression)
        )
        if answer is None:
            return base
        judged = [self._side(of, side, value, place) for side, value, place in answer.sides]
        self._keep(of, answer)
        verdict = _worst([j.verdict for j in judged]) if judged else Verdict.UNREADABLE
        facts = [*answer.facts, *(fact for j in judged for fact in j.facts)]
        bad = next((i for i, j in enumerate(judged) if j.verdict is verdict), 0)
        if answer.facts and verdict in (*SOUND, Verdict.UNREADABLE):
            verdict = Verdict.WRONG
        if verdict in FAULTS and len(answer.sides) > 1:
            facts.append(Fact("side", answer.sides[bad][0].text))
        if verdict is Verdict.WRONG:
            facts = [f for f in facts if f.kind in ("side", "point", "shape", "digits")]
        rests_on = tuple(dict.fromkeys(each for j in judged for each in j.rests_on))
        if verdict is Verdict.RIGHT_GIVEN_EARLIER:
            facts = [Fact("given", ids=rests_on), *facts]
            if self._is_trivial(of):
                facts.append(Fact("trivial", ids=rests_on))
        self.verdicts[of] = verdict
        value = self.own.get(of)
        return replace(
            base,
            verdict=verdict,
            given="; ".join(text for text in dict.fromkeys(answer.written) if text),
            where=answer.where,
            witness={s.name: str(v) for s, v in judged[bad].witness.items()} if judged and verdict in FAULTS else {},
            facts=tuple(dict.fromkeys(facts)),
            rests_on=rests_on,
            value="" if value is None else _short(value),
            excerpt=next(
                (side.excerpt for side, v, _ in answer.sides if isinstance(v, Unreadable) and side.excerpt), ""
            ),
        )

    def expected(self, of: Quantity) -> str:
        """The key's value as text, or its formula in a symbolic exercise."""
        value = self.right(of)
        if value is None:
            expression = self.rule(of)
            return "" if expression is None else str(expression)
        shown = public(value)
        text = str(shown)
        return text if shown.is_Rational and len(text) <= 20 else seventeen(shown)

    def _keep(self, of: Quantity, answer: _Answer) -> None:
        """The student's own value and own formula of a step, for the steps that rest on it."""
        for _, value, _ in answer.sides:
            if isinstance(value, Unreadable):
                continue
            if value.free_symbols:
                self.own_forms[of] = value
                number = self._at_own(value)
            else:
                number = figures.exactly(value)
            if number is not None and not self.solution.is_symbolic:
                self.own[of] = number
            elif self.solution.is_symbolic and not value.free_symbols:
                self.own_forms[of] = value
        if of in self.own or of in self.own_forms:
            self._touched.clear()
            self._carried.clear()

    def _at_own(self, expression: Expr) -> Value | None:
        numbers = {s: self.standing(quantity_of(s)) for s in expression.free_symbols}
        return None if None in numbers.values() else _evaluated(expression, numbers)

    # ------------------------------------------------------------------ one side
    def _side(self, of: Quantity, side: Side, value: Expr | Unreadable, place: int) -> _Judged:
        if isinstance(value, Unreadable):
            return _Judged(Verdict.UNREADABLE, (Fact("unreadable", value.why),) if value.why else ())
        if not value.free_symbols and not self.solution.is_symbolic and self.right(of) is not None:
            return self._number(of, side, value, place)
        if value.free_symbols and not self.solution.is_symbolic and self._is_mixed(self.rule(of), side, value):
            found = self._number(of, side, value, place)
            if found.verdict is not Verdict.WRONG:
                return found
        return self._formula(of, value)

    # numbers
    def _number(self, of: Quantity, side: Side, value: Expr, place: int) -> _Judged:
        given, off = self._evaluate(value), self._off(side, value, place)
        if given is None:
            return _Judged(Verdict.UNDECIDED)
        literal = figures.plain(side.text)
        right, page = self.right(of), self._value(of, rounded=True)
        targets = [figures.number(v) for v in (right, page) if v is not None]
        asked = any(of in question.ids for question in self.questions)
        if any(figures.is_value(given, off, target, literal) for target in targets):
            rounding = self.exercise.rounding
            if asked and rounding is not None and rounding.policy != "exact" and literal is not None:
                decimals = rounding.decimals
                enough = 2 * literal.half <= Fraction(1, 10**decimals) or any(
                    _to_places(target, decimals) == given for target in targets
                )
                if not enough:
                    return _Judged(Verdict.WRONG, (Fact("digits", number=decimals),))
            return _Judged(Verdict.RIGHT)
        for at_zero, other in self.other_conventions:
            try:
                value_there = other.number(other.resolve(of))
            except UsageError:
                continue
            if figures.is_value(given, off, figures.number(value_there), literal):
                return _Judged(Verdict.EXCEPT_AT_KINK, (Fact("convention", str(at_zero)),))
        tainted = tuple(map(str, self.tainted(of)))
        later = Verdict.RIGHT_GIVEN_EARLIER if tainted else self._rounding_verdict(of)
        own = self.carried(of) if self.touched(of) else None
        around = [*targets]
        if own is not None:
            around.append(figures.number(own))
            if figures.is_value(given, off, around[-1], literal):
                return _Judged(later, rests_on=tainted)
        for target in around if not tainted else around[-1:]:
            near = off + self._propagated(of, figures.kept_digits(literal))
            if literal is None or literal.pointed:
                if given != 0 and abs(given - target) <= min(near, abs(target) / 50):
                    return _Judged(later, rests_on=tainted)
            if figures.last_digit(given, target, literal):
                return _Judged(later, rests_on=tainted)
        return _Judged(Verdict.WRONG)

    def _rounding_verdict(self, of: Quantity) -> Verdict:
        kinks = any(self.verdicts.get(each) is Verdict.EXCEPT_AT_KINK for each in self.touched(of))
        return Verdict.EXCEPT_AT_KINK if kinks else Verdict.ROUNDED

    def _evaluate(self, value: Expr) -> Fraction | None:
        """A side's number, its names at the key's values."""
        if not value.free_symbols:
            found = figures.exactly(value)
        else:
            numbers = {s: self.right(quantity_of(s)) for s in value.free_symbols}
            found = None if None in numbers.values() else _evaluated(value, numbers)
        return None if found is None else figures.number(found)

    def _off(self, side: Side, value: Expr, place: int) -> Fraction:
        """How far the side's number may be off by the digits written in it."""
        whole = side.value if isinstance(side.value, ImmutableMatrix) else value
        key = (side.text, str(side.where))
        if key not in self._slack:
            self._slack[key] = figures.slack(
                side.text, whole, lambda text: read_answer(text, self.known.table), self._evaluate, self.known_sizes
            )
        found = self._slack[key]
        return found[place] if place < len(found) else Fraction(0)

    def _propagated(self, of: Quantity, digits: int) -> Fraction:
        """How far a step's value moves when what it reads is kept to so many digits."""
        expression = self.rule(of)
        if expression is None or self.solution.is_symbolic:
            return Fraction(0)
        numbers = {s: self.standing(quantity_of(s)) for s in expression.free_symbols}
        if None in numbers.values():
            return Fraction(0)
        start = _evaluated(expression, numbers)
        moved = Fraction(0)
        for sign, value in numbers.items():
            by = (
                figures.kept(figures.number(value), digits) if self.rule(quantity_of(sign)) is not None else Fraction(0)
            )
            if by and start is not None:
                other = _evaluated(expression, numbers | {sign: figures.number(value) + by})
                if other is not None:
                    moved += abs(figures.number(other) - figures.number(start))
        return moved

    def _is_mixed(self, expression: Expr | None, side: Side, value: Expr) -> bool:
        """Whether numbers are put in for some names: each name that the rule reads stands there, by itself or as its number."""
        sizes = [x.size for x in figures.literals(side.text)]
        if not sizes or expression is None:
            return False
        return all(self._is_covered(s, value.free_symbols, sizes, 0) for s in _outside_kinks(expression))

    def _is_covered(self, sign: Symbol, free: set[Symbol], sizes: list[Fraction], depth: int) -> bool:
        if sign in free:
            return True
        of = quantity_of(sign)
        value = self.right(of)
        if value is not None:
            size = abs(figures.number(value))
            if any(abs(x - size) <= size / 100 for x in sizes):
                return True
        expression = self.rule(of)
        if expression is None or depth >= _COVERED_DEPTH:
            return False
        return all(self._is_covered(s, free, sizes, depth + 1) for s in _outside_kinks(expression))

    # formulas
    def _formula(self, of: Quantity, value: Expr) -> _Judged:
        rule = self.rule(of)
        if rule is None:
            if value == symbol(of):
                return _Judged(Verdict.RIGHT)
            right = self.right(of)
            rule = symbol(of) if right is None else public(right)
        if value == rule or value == symbol(of) or value in self._forms(of):
            return _Judged(Verdict.RIGHT)
        if value.free_symbols <= rule.free_symbols and compare(value, rule).holds:
            return _Judged(Verdict.RIGHT)
        found = self._compared(value, rule, {})
        judged = _from(found)
        if judged.verdict is not Verdict.WRONG:
            return judged
        tainted = tuple(map(str, self.tainted(of)))
        if tainted:
            again = _from(self._compared(value, rule, self._own_nodes()))
            if again.verdict in (Verdict.RIGHT, Verdict.EXCEPT_AT_KINK):
                return _Judged(Verdict.RIGHT_GIVEN_EARLIER, again.facts, rests_on=tainted)
        return judged

    def _forms(self, of: Quantity) -> list[Expr]:
        """The key's own ways to write a step."""
        if not of.is_gradient or of.state or of.wrt is None or of.wrt not in self.solution.derivations:
            return []
        derivation = self.solution.derivations[of.wrt]
        named = Add(*(up * by for up, by in derivation.named))
        return [derivation.expression, derivation.short, named]

    def _own_nodes(self) -> dict[Symbol, Expr]:
        """What the student's names stand for where they are not the key's: own formulas, else own numbers."""
        found: dict[Symbol, Expr] = {}
        for of, verdict in self.verdicts.items():
            if verdict in (Verdict.WRONG, Verdict.RIGHT_GIVEN_EARLIER):
                if of in self.own_forms:
                    found[symbol(of)] = self.own_forms[of]
                elif of in self.own:
                    found[symbol(of)] = public(self.own[of])
        return found

    def _compared(self, a: Expr, b: Expr, own: Mapping[Symbol, Expr]) -> EqualityAt:
        nodes = self._nodes(a.free_symbols | b.free_symbols, own)
        if self.solution.is_symbolic or any(s not in nodes and s not in self.leaves for s in self._free(a, b, nodes)):
            equality = compare(a, b, nodes=nodes)
            where = {Kind.DIFFERS: Where.NOWHERE, Kind.UNDECIDED: Where.UNDECIDED}
            return EqualityAt(where.get(equality.kind, Where.EVERYWHERE), equality)
        return compare_at(a, b, self.leaves, nodes=nodes)

    @staticmethod
    def _free(a: Expr, b: Expr, nodes: Mapping[Symbol, Expr]) -> set[Symbol]:
        return (a.free_symbols | b.free_symbols).union(*(e.free_symbols for e in nodes.values())) - nodes.keys()

    def _nodes(self, wanted: Iterable[Symbol], own: Mapping[Symbol, Expr]) -> dict[Symbol, Expr]:
        """Definitions of the wanted names and of all that they rest on."""
        found: dict[Symbol, Expr] = {}
        stack = list(wanted)
        seen = set(stack)
        while stack:
            sign = stack.pop()
            expression = own.get(sign)
            if expression is None:
                expression = self._last_targets.get(sign)
            if expression is None:
                expression = self.rule(quantity_of(sign))
            if expression is None or expression == sign:
                continue
            found[sign] = expression
            for s in expression.free_symbols - seen:
                seen.add(s)
                stack.append(s)
        return found

    @cached_property
    def _last_targets(self) -> dict[Symbol, Expr]:
        """Where targets are a distribution over several outputs, the last is 1 less the others."""
        K = self.exercise.widths[-1]
        if self.exercise.network.loss != "cross_entropy" or K == 1:
            return {}
        return {
            symbol(q.y(K, n)): S.One - Add(*(symbol(q.y(k, n)) for k in range(1, K)))
            for n in self.exercise.sample_numbers
        }

    # ------------------------------------------------------------------ no credit for nothing
    def _is_trivial(self, of: Quantity) -> bool:
        """Whether a wrong own 0 or 1 takes the work out of a step: nothing is left, or one name alone."""
        rule = self.rule(of)
        if rule is None or rule.is_Symbol:
            return False
        for sign in rule.free_symbols:
            each = quantity_of(sign)
            own = self.own.get(each)
            if own in (0, 1) and self.verdicts.get(each) in (Verdict.WRONG, Verdict.RIGHT_GIVEN_EARLIER):
                left = rule.xreplace({sign: Rational(int(own))})
                if not left.free_symbols or left.is_Symbol:
                    return True
        return False

    # ------------------------------------------------------------------ misconceptions
    def _consistent(self, of: Quantity) -> tuple[str, ...]:
        """Every misconception that explains this step, from the student's own earlier values."""
        answer = self.given[of]
        sides = [(side, value, place) for side, value, place in answer.sides if not isinstance(value, Unreadable)]
        bad = [each for each in sides if self._side(of, *each).verdict is Verdict.WRONG]
        numbers = [each for each in bad if not each[1].free_symbols and not self.solution.is_symbolic]
        forms = [each for each in bad if each not in numbers]
        found = []
        for row in applicable(self.solution):
            if row.name == "other_derivative_at_kink" and self.solution.kinks:
                continue
            try:
                wrong = self._wrong_rules(row.name, of)
            except (UsageError, ExerciseError):
                continue
            if wrong and self._explains(of, wrong, numbers, forms):
                found.append(row.name)
        return tuple(found)

    def _wrong_rules(self, name: str, of: Quantity) -> Mapping[Symbol, Expr]:
        """The wrong right-hand sides of a misconception, at the step and at what the student leaves out before it."""
        method = edits(self.exercise, self.solution).methods.get(name)
        if method is None:
            expression = wrong_expression(self.solution, name, of)
            return {} if expression is None else {symbol(of): expression}
        if symbol(of) in method.rules:
            return method.rules
        return method.rules if self._reaches(of, method.rules) else {}

    def _explains(
        self,
        of: Quantity,
        wrong: Mapping[Symbol, Expr],
        numbers: list[tuple[Side, Expr, int]],
        forms: list[tuple[Side, Expr, int]],
    ) -> bool:
        """Whether the step as given is what the wrong rules make of it."""
        value = self._worked_out(of, wrong) if not self.solution.is_symbolic else None
        target = figures.number(value) if value is not None else None

        def is_target(side: Side, given: Expr, place: int) -> bool:
            found, literal = self._evaluate(given), figures.plain(side.text)
            if found is None or target is None:
                return False
            off = self._off(side, given, place)
            return figures.is_value(found, off, target, literal) or figures.last_digit(found, target, literal)

        if not all(is_target(*each) for each in numbers):
            return False
        if forms:
            expression = wrong.get(symbol(of), self.rule(of))
            if expression is None:
                return False
            skipped = {s: e for s, e in wrong.items() if quantity_of(s) not in self.given}
            skipped.pop(symbol(of), None)
            ways = [skipped, self._own_nodes() | skipped] if self.tainted(of) else [skipped]
            for side, form, place in forms:
                if any(self._compared(form, expression, own).where in _FITTING for own in ways):
                    continue
                if not (self._is_mixed(expression, side, form) and is_target(side, form, place)):
                    return False
        return bool(numbers or forms)


# ---------------------------------------------------------------------- small parts
_FITTING = (Where.EVERYWHERE, Where.REGION)


def _evaluated(expression: Expr, numbers: Mapping[Symbol, Value | None]) -> Value | None:
    try:
        return shared().evaluate(expression, numbers)
    except (OutOfDomain, Undecided, TypeError, ValueError, ArithmeticError, RecursionError):
        return None


def _outside_kinks(expression: Expr) -> set[Symbol]:
    """The names of a rule that do not merely choose a branch: ReLU'(z) is a number once numbers are put in."""
    return expression.xreplace(dict.fromkeys(expression.atoms(Kinked), S.One)).free_symbols


def _from(found: EqualityAt) -> _Judged:
    """What an equality says of a formula."""
    kink = found.equality.kind is Kind.EXCEPT_AT_KINK
    if found.where is Where.EVERYWHERE:
        return _Judged(Verdict.RIGHT)
    if found.where is Where.REGION:
        return _Judged(
            Verdict.RIGHT, (Fact("region", conditions=tuple((c.argument, c.sign) for c in found.conditions)),)
        )
    if found.where is Where.UNDECIDED:
        return _Judged(Verdict.UNDECIDED)
    if found.where is Where.NOWHERE and kink:
        return _Judged(Verdict.EXCEPT_AT_KINK, (Fact("convention"),))
    facts = (Fact("point"),) if found.where is Where.POINT else ()
    return _Judged(Verdict.WRONG, facts, found.equality.witness)


#: Verdicts of several sides: the first of these that occurs.
_ORDER = (
    Verdict.WRONG,
    Verdict.UNREADABLE,
    Verdict.RIGHT_GIVEN_EARLIER,
    Verdict.UNDECIDED,
    Verdict.EXCEPT_AT_KINK,
    Verdict.ROUNDED,
    Verdict.RIGHT,
)


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    return next(each for each in _ORDER if each in found)


def _to_places(value: Fraction, decimals: int) -> Fraction:
    scale = 10**decimals
    size = (2 * abs(value.numerator) * scale + value.denominator) // (2 * value.denominator)
    return Fraction(size if value >= 0 else -size, scale)


def _short(value: Value) -> str:
    shown = public(value)
    text = str(shown)
    return text if shown.is_Rational and len(text) <= 14 else str(shown.evalf(8))


def scalars(solution: Solution, asked: Iterable[str]) -> Iterator[Quantity]:
    """The scalars that ids ask for, in order."""
    for of in asked:
        members = solution.members(solution.resolve(of))
        yield from (m for row in members for m in row) if isinstance(members, list) else (members,)


__all__ = ["follow", "scalars"]
