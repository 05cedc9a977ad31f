r"""Exercise -> every accepted spelling of each of its quantities: what the reader may meet, and what it then means.

    ids in every notation       W1[1,2]   z1[2]@3   dE/dW1[1,2]   da1[1]/dz1[1]   new W1[1,2]
    as the page prints them     w_{12}   \hat{y}^{[2]}   \frac{\partial E}{\partial w_{12}}   \bar{w}_{12}
    as one types those          w12   w_12   yhat   z_out          (the reader takes each for the other)
    besides                     \delta_{2}   \hat y for any output   W for w   x_1 where there is one input   L, J, C for the loss

Ids come first, then the page's own names, then the rest. A spelling with two meanings of the same standing is left out and
kept apart as ambiguous, so that the reader refuses it with both. Derivatives are found by their two names, in any spelling
of either. Knows no answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from sympy import Expr, ImmutableMatrix, Integer, Symbol

from symprop import functions
from symprop import quantity as q
from symprop import update as updates
from symprop.exercise import Activation, Exercise, Z
from symprop.graph import Graph, build, symbol
from symprop.layers import LayerView
from symprop.notation import Name, Names, Ratio
from symprop.printing import Latex
from symprop.quantity import CONSTANTS, Quantity, gradient, local
from symprop.reading import Entry, Function, Table
from symprop.reading.names import Key, spelled
from symprop.solution import Solution, convention

#: Vectors and matrices of more entries have no name on a right-hand side.
MOST_ENTRIES = 400
_LOSS_LETTERS = ("E", "L", "J", "C", "loss", "Loss")


class Spellings(dict[str, Symbol]):
    """Spelling -> symbol, with what else a reader of this exercise needs.

    `ambiguous`: spelling -> the ids it may mean. `wholes`: spelling of a vector or matrix -> its id and its entries, laid out
    as the page has them. `functions`: activations with this exercise's own parameters. `table`: all of it, for `read_answer`.
    """

    def __init__(
        self,
        names: Mapping[str, Symbol],
        ambiguous: Mapping[str, tuple[str, ...]],
        wholes: Mapping[str, Entry],
        own: Mapping[str, Function],
        at_zero: Expr,
    ) -> None:
        super().__init__(names)
        self.ambiguous, self.wholes, self.functions, self.at_zero = ambiguous, wholes, own, at_zero

    @cached_property
    def table(self) -> Table:
        """The closed table of the reader."""
        return Table(self, wholes=self.wholes, ambiguous=self.ambiguous, functions=self.functions, at_zero=self.at_zero)


def spellings(exercise: Exercise) -> Spellings:
    """Every accepted spelling of every scalar of an exercise, gradients and local derivatives included."""
    return _Collector(exercise).collected()


def left_sides(exercise: Exercise) -> dict[str, Quantity]:
    """Spelling -> what it names to the left of an equals sign: scalars, then vectors and matrices that no scalar shadows."""
    known = spellings(exercise)
    named = {text: Quantity.parse(entry.what) for text, entry in known.wholes.items()}
    return named | {text: Quantity.parse(sign.name) for text, sign in known.items()}


class _Collector:
    """One walk over an exercise's quantities."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.names = Names(exercise.notation, exercise.widths, exercise.samples, exercise.network.biases == "shared")
        self.latex = Latex(self.names)
        self.graph: Graph = build(exercise)
        self.view = LayerView(Solution(exercise, self.graph, {}))
        #: Standing (0 ids, 1 the page's names, 2 the rest) -> key -> spelling -> ids.
        self.shelves: list[dict[Key | tuple[Key, Key], dict[str, dict[str, None]]]] = [{}, {}, {}]
        #: Key -> spellings of vectors and matrices with what they name.
        self.meanings: dict[Key | tuple[Key, Key], list[tuple[str, Quantity]]] = {}
        self.wholes: dict[str, Entry] = {}

    def collected(self) -> Spellings:
        for of in self.scalars():
            if of.state in ("", "new"):
                # A constant's id is a letter that the page may use for another: Ng's rate is alpha.
                self.add(2 if of.name in CONSTANTS else 0, of, str(of))
            for text in self.printed(of):
                self.add(1, of, text)
            for text in self.others(of):
                self.add(2, of, text)
        for of in self.derivatives():
            self.add(0, of, str(of))
            written = self.names.write(of)
            # In the bar notation a target's gradient would look like the output's; nobody asks for it.
            if isinstance(written, Ratio) or (of.wrt is not None and of.wrt.name != "y"):
                self.add(1, of, self.latex.quantity(written))
            for text in self.deltas(of):
                self.add(2, of, text)
        self.add_wholes()
        names: dict[str, Symbol] = {}
        ambiguous: dict[str, tuple[str, ...]] = {}
        taken: set[Key | tuple[Key, Key]] = set()
        for standing, shelf in enumerate(self.shelves):
            for key, texts in shelf.items():
                if key in taken:
                    continue
                ids = dict.fromkeys(of for each in texts.values() for of in each)
                if standing == 2:
                    ids |= dict.fromkeys(str(of) for text, of in self.meanings.get(key, ()) if not _is_bold(text))
                values = {self.value(Quantity.parse(of)) for of in ids}
                for text in texts:
                    if len(values) == 1:
                        names[text] = symbol(Quantity.parse(next(iter(ids))))
                    else:
                        ambiguous[text] = tuple(ids)
            taken |= set(shelf)
        return Spellings(names, ambiguous, self.wholes, own_functions(self.exercise), convention(self.exercise))

    def value(self, of: Quantity) -> Symbol | ImmutableMatrix:
        """What stands for a scalar or a whole in an expression."""
        is_scalar = of in self.graph or (of.wrt is not None and of.wrt in self.graph) or bool(of.state)
        return symbol(of) if is_scalar else self.entry(of).value

    def add(self, standing: int, of: Quantity, text: str) -> None:
        key = spelled(text)
        self.shelves[standing].setdefault(key, {}).setdefault(text, {})[str(of)] = None

    # ------------------------------------------------------------------ which quantities
    def scalars(self) -> Iterator[Quantity]:
        """Every node, the rule's constants, and states of the parameters and the loss."""
        update = self.exercise.update
        yield from (node.id for node in self.graph)
        if update is not None:
            letters = {"sgd": ["eta"], "momentum": ["eta", "mu", "beta"], "nesterov": ["eta", "mu"]}
            known = {node.id for node in self.graph}
            for name in letters.get(update.rule, ["eta", "beta1", "beta2", "epsilon"]):
                if Quantity(name) not in known:
                    yield Quantity(name)
            for node in self.graph:
                changed = node.definition is not None or node.id in updates.parameters(self.exercise)
                if changed:
                    yield Quantity.after(node.id, update.steps)
            yield from self.moments()

    def moments(self) -> Iterator[Quantity]:
        """What the rule carries along, and gradients taken through weights that are updated already."""
        update = self.exercise.update
        assert update is not None
        states = {"momentum": ("velocity",), "nesterov": ("velocity",), "adam": ("m", "v")}.get(update.rule, ())
        for of in updates.parameters(self.exercise):
            for state in states:
                yield replace(of, state=state, step=update.steps)
        if update.order == "sequential":
            for node in self.graph:
                if node.id in self.graph.reaching and node.id != self.graph.loss:
                    yield replace(gradient(node.id), state="used", step=update.steps)

    def derivatives(self) -> Iterator[Quantity]:
        """Gradients of the loss and the local derivatives between neighbours, shares written out as the page has it."""
        direct = self.graph.inlined(("share", "penalty"))
        for node in self.graph:
            if node.id in self.graph.reaching and node.id != self.graph.loss:
                yield gradient(node.id)
        seen: set[Quantity] = set()
        for graph in (self.graph, direct):
            for node in graph:
                for parent in graph.parents(node):
                    of = local(node.id, parent.id)
                    if not of.is_gradient and of not in seen:
                        seen.add(of)
                        yield of

    # ------------------------------------------------------------------ how each is written
    def printed(self, of: Quantity) -> Iterator[str]:
        """The page's own name, in LaTeX and, where it is plain, as one types it."""
        name = self.names.write(of)
        yield self.latex.quantity(name)
        if isinstance(name, Name) and isinstance(name.sub, str) and not name.sup and not name.bold:
            typed = name.letter + name.accent + name.sub.replace(",", "")
            if typed.isascii() and typed.isalnum():
                yield typed
        if of.state == "new" and of.step and self.exercise.update and of.step == self.exercise.update.steps:
            yield f"new {of.base}"

    def others(self, of: Quantity) -> Iterator[str]:
        """Further names that students use, of less standing than the page's own."""
        name = self.names.write(of)
        if isinstance(name, Ratio) or of.state:
            return
        exercise, last = self.exercise, self.exercise.depth
        variants = [name]
        if of.name == "W":
            variants.append(replace(name, letter=name.letter.swapcase() if len(name.letter) == 1 else name.letter))
        if of.name == "a" and of.layer == last:
            k = "" if exercise.widths[-1] == 1 else str(of.index[0])
            sample = self.names.write(replace(of, name="y", layer=0)) if exercise.has_targets else name
            sup = sample.sup if isinstance(sample, Name) and of.sample else ""
            letters = dict.fromkeys((exercise.notation.target, "y"))
            variants += [Name(letter, sub=k, sup=sup, accent="hat") for letter in letters]
        if self.is_compact and of.name in ("W", "b", "z", "a") and not (of.name == "b" and not of.index):
            own = {"W": ("w", "W"), "b": ("b",), "z": ("z",), "a": ("a", exercise.notation.post)}[of.name]
            index = of.index if exercise.notation.index == "from_to" else of.index[::-1]
            variants += [
                Name(letter, sub=",".join(map(str, index)), sup=f"{opening}{of.layer}{closing}")
                for letter in own
                for opening, closing in ("()", "[]")
                if not of.sample
            ]
        for variant in variants:
            if variant != name:
                yield self.latex.quantity(variant)
            if not variant.sub and of.name in ("x", "y", "a"):
                yield self.latex.quantity(replace(variant, sub="1"))
        if of == q.E:
            yield from (letter for letter in _LOSS_LETTERS if letter != name.letter)
        if not of.sample and of.name in ("x", "y", "z", "a") and exercise.samples == 1:
            yield f"{of}@1"

    @property
    def is_compact(self) -> bool:
        """Whether the page leaves layers out, so that names with a layer are free."""
        notation, widths = self.exercise.notation, self.exercise.widths
        return notation.naming == "day12" and len(widths) == 3 and widths[-1] == 1

    def deltas(self, of: Quantity) -> Iterator[str]:
        """A delta for a gradient at a pre-activation; in Ng's way dz for any gradient."""
        inner = of.wrt
        if inner is None or not of.is_gradient:
            return
        name = self.names.write(inner)
        if isinstance(name, Ratio):
            return
        if inner.name == "z":
            yield self.latex.quantity(replace(name, letter="delta"))
            if self.is_compact:
                yield from (
                    self.latex.quantity(Name("delta", sub=",".join(map(str, inner.index)), sup=f"{a}{inner.layer}{b}"))
                    for a, b in ("()", "[]")
                    if not inner.sample
                )
        if self.exercise.notation.profile == "ng" and not name.accent and not inner.state and len(name.letter) == 1:
            sup = "^{" + name.sup + "}" if name.sup else ""
            yield f"d{name.letter}" + (f"_{{{name.sub}}}" if name.sub else "") + sup
        if inner.sample == 0 and inner.name in ("x", "z", "a") and self.exercise.samples == 1:
            yield f"{of}@1"

    # ------------------------------------------------------------------ vectors and matrices
    def add_wholes(self) -> None:
        """Every vector and matrix, its gradient, and the rows of deltas, under its id and its printed name."""
        exercise = self.exercise
        shared = exercise.network.biases == "shared"
        wholes = [Quantity("x")] + ([Quantity("y")] if exercise.has_targets else [])
        for layer in range(1, exercise.depth + 1):
            biases = [Quantity("b", layer)] if exercise.network.biases and not shared else []
            wholes += [Quantity("W", layer), *biases, Quantity("z", layer), Quantity("a", layer)]
        for of in wholes:
            self.put(of, [str(of), *self.whole_names(of)])
            if exercise.update is not None and of.name in ("W", "b"):
                self.put(of.after(exercise.update.steps), [f"new {of}"])
            if not all(entry in self.graph.reaching for row in self.view.entries(of) for entry in row):
                continue
            texts = [f"dE/d{of}", self.latex.quantity(Ratio(Name(exercise.notation.loss), self.whole_name(of)))]
            if of.name != "y":
                texts.append(self.latex.quantity(self.names.write(gradient(of))))
            if of.name == "z":
                delta = self.names.delta(of.layer)
                texts += [self.latex.quantity(replace(delta, bold=bold)) for bold in (True, False)]
                texts += [self.latex.quantity(Name("delta", sup=f"{a}{of.layer}{b}")) for a, b in ("()", "[]")]
                texts.append(f"delta{of.layer}")
            if exercise.notation.profile == "ng":
                texts.append(f"d{of.name.upper() if of.name in 'zaW' else of.name}{of.layer or ''}")
                texts.append(f"d{of.name}^{{[{of.layer}]}}" if of.layer else f"d{of.name}")
            self.put(gradient(of), texts)
        for named in self.meanings.values():
            if len({of for _, of in named}) == 1:
                self.wholes |= {text: self.entry(of) for text, of in named}
            # Two of the page's own bold names never fall together; of the rest, what an id says comes first.
            elif ids := {of for text, of in named if text == str(of)}:
                self.wholes |= {text: self.entry(of) for text, of in named if of in ids}

    def put(self, of: Quantity, texts: Iterable[str]) -> None:
        for text in dict.fromkeys(texts):
            self.meanings.setdefault(spelled(text), []).append((text, of))

    def whole_name(self, of: Quantity) -> Name:
        name = self.names.write(of)
        assert isinstance(name, Name)
        return name

    def whole_names(self, of: Quantity) -> Iterator[str]:
        """The page's bold name, the same in plain type, and capitals with the layer as one types them."""
        name = self.whole_name(of)
        yield self.latex.quantity(name)
        yield self.latex.quantity(replace(name, bold=False))
        if of.layer:
            yield f"{of.name.upper() if of.name != 'b' else 'b'}{of.layer}"
            letters = dict.fromkeys((name.letter, of.name.upper() if of.name != "b" else "b", of.name))
            yield from (
                f"{letter}^{{{a}{of.layer}{b}}}" for letter in letters for a, b in ("()", "[]") if not name.accent
            )
        else:
            yield name.letter.swapcase() + name.accent

    def entry(self, of: Quantity) -> Entry:
        """The whole as the page lays it out; the symbol itself where it has one entry."""
        entries = self.view.entries(of)
        if len(entries) * len(entries[0]) == 1:
            return Entry(symbol(entries[0][0]), str(of))
        if len(entries) * len(entries[0]) > MOST_ENTRIES:
            return Entry(ImmutableMatrix([[symbol(of)]]), str(of), ("a matrix too large to be written out",))
        return Entry(ImmutableMatrix([[symbol(each) for each in row] for row in entries]), str(of))


def _is_bold(text: str) -> bool:
    return "\\mathbf" in text or "\\boldsymbol" in text


#: Printed and typed names of activations whose name says less than their formula.
_FUNCTION_NAMES = {
    "leaky_relu": ("leakyrelu", "leaky_relu"),
    "elu": ("elu",),
    "gelu": ("gelu",),
    "swish": ("swish", "silu"),
    "softmax": ("softmax",),
}


def own_functions(exercise: Exercise) -> dict[str, Function]:
    """Activations with this exercise's own parameters and formulas; a name with two formulas is refused when read."""
    found: dict[str, Function] = {}
    formulas: dict[str, dict[int, Expr]] = {}
    for number, layer in enumerate(exercise.network.layers, 1):
        spec = layer.activation
        if spec.formula is not None:
            names, formula = [spec.name, spec.name.lower()], spec.expression
        elif spec.name in _FUNCTION_NAMES and spec.name != "softmax":
            names, formula = list(_FUNCTION_NAMES[spec.name]), _value(spec)
        elif spec.name == "softmax":
            by_rows = exercise.notation.layout == "rows"
            found["softmax"] = Function(1, _unread, _softmax_rows if by_rows else _softmax_columns)
            continue
        else:
            continue
        for name in names:
            kinds = formulas.setdefault(name, {})
            kinds[number] = formula
            found[name] = Function(1, _of(formula) if len(set(kinds.values())) == 1 else _of_layer(kinds))
    return found


def _value(spec: Activation) -> Expr:
    """A built-in activation with its parameters, in Z."""
    if spec.approximate == "tanh":
        return functions.gelu_tanh(Z)
    return functions.ACTIVATIONS[spec.name].value(Z, **spec.parameters)


def _of(formula: Expr) -> Callable[[Expr], Expr]:
    return lambda t: formula.xreplace({Z: t})


def _of_layer(formulas: Mapping[int, Expr]) -> Callable[[Expr], Expr]:
    """Where layers differ in a function, its argument says which: a pre-activation by name."""

    def build(t: Expr) -> Expr:
        layer = Quantity.parse(t.name).layer if isinstance(t, Symbol) and t.name.startswith("z") else 0
        return formulas[layer].xreplace({Z: t}) if layer in formulas else _unread(t)

    return build


def _unread(t: Expr) -> Expr:
    raise ValueError("layers differ in it; write it out")


def _softmax_rows(rows: list[list[Expr]]) -> list[list[Expr]]:
    """The softmax of every row: one sample each."""
    return [[functions.softmax(Integer(k), *row) for k in range(1, len(row) + 1)] for row in rows]


def _softmax_columns(rows: list[list[Expr]]) -> list[list[Expr]]:
    turned = _softmax_rows([list(column) for column in zip(*rows, strict=True)])
    return [list(column) for column in zip(*turned, strict=True)]
