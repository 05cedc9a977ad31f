"""Profile and settings -> how each quantity is written, as dialect-free names. Printers and readers use it, expressions never do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator
from pydantic_core import PydanticCustomError

from symprop.errors import did_you_mean, quoted
from symprop.quantity import Quantity

#: Letters written as one sign.
GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "rho",
    "sigma", "tau", "phi", "chi", "psi", "omega",
)  # fmt: skip
#: Words that may stand for a letter, printed upright.
WORDS = ("act", "cost", "err", "in", "label", "loss", "lr", "net", "out", "pred", "target")
_LETTER = f"[A-Za-z]|{'|'.join((*GREEK, *WORDS))}"

#: The settings of each profile that differ from cs135's.
_ROWS: dict[str, dict[str, Any]] = {
    "cs135": {},
    "google": {
        "pre": "x",
        "post": "y",
        "rate": "alpha",
        "target": "y_target",
        "naming": "nodes",
        "output": "post",
    },
    "ng": {
        "loss": "J",
        "post": "a",
        "rate": "alpha",
        "layer": "[l]",
        "sample": "(n)",
        "index": "to_from",
        "layout": "columns",
        "weight": "W",
        "naming": "layers",
    },
    "nielsen": {
        "loss": "C",
        "post": "a",
        "layer": "l",
        "index": "to_from",
        "layout": "columns",
        "naming": "layers",
        "output": "post",
        "derivative": "delta",
    },
    "sklearn": {"loss": "L", "post": "a", "weight": "W", "naming": "layers"},
    "lecture": {
        "loss": "L",
        "post": "a",
        "layout": "columns",
        "index": "to_from",
        "weight": "W",
        "naming": "layers",
    },
    "bar": {"loss": "L", "post": "a", "derivative": "bar", "output": "post", "naming": "layers"},
}
PROFILES = tuple(_ROWS)

#: Settings that hold a letter, each with letters to propose where two clash.
_LETTERS = {
    "loss": "ELJC",
    "rate": ("eta", "alpha", "lr"),
    "penalty": ("alpha", "lambda", "gamma"),
    "input": "xup",
    "target": "yt",
    "pre": "zsx",
    "post": "hay",
    "weight": "wuv",
    "bias": "bc",
}
#: Letters of layers where each layer's weights have their own.
_WEIGHT_LETTERS = "uvwpqrst"
#: Letters that mean the same on every page.
_TAKEN = {
    "e": "Euler's number",
    "sigma": "the sigmoid",
    "delta": "the gradient at a pre-activation",
}


@dataclass(frozen=True, slots=True)
class Name:
    """One sign with its decorations: `letter` is a Latin letter, a name from GREEK or a word; `sub` and `sup` are plain text.

    For those who read it aloud: `labels` says what each number in `sup` counts, `layered` whether `sub` starts with the
    layer, `paired` whether digits side by side in `sub` are indices of their own.
    """

    letter: str
    sub: "str | Name" = ""
    sup: str = ""
    accent: Literal["", "hat", "bar"] = ""
    bold: bool = False
    labels: tuple[Literal["layer", "sample"], ...] = ()
    layered: bool = False
    paired: bool = False

    @property
    def is_word(self) -> bool:
        """Whether the letter is a word such as net, which stands upright."""
        return self.letter in WORDS


@dataclass(frozen=True, slots=True)
class Ratio:
    """A derivative written as a fraction: of `top` by `bottom`."""

    top: Name
    bottom: Name


class Notation(BaseModel):
    """How the page writes quantities: a profile, then any of its settings overridden.

    What is left out follows the profile, with three exceptions that follow what is said: a layer label or an index order
    asks for labels (naming), a bar over the output needs an output without a hat, and the penalty takes a free letter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=lambda schema: _describe(schema))

    profile: str = Field("cs135", description="one of " + ", ".join(PROFILES) + "; the other settings override it")
    loss: str = Field("E", description="letter of the loss")
    rate: str = Field("eta", description="letter of the learning rate")
    penalty: str = Field("alpha", description="letter of the penalty's strength; lambda where alpha is taken")
    input: str = Field("x", description="letter of the inputs (naming nodes: inputs are written like activations)")
    target: str = Field("y", description='letter of the targets, alone or as in "y_target"')
    pre: str = Field("z", description="letter of pre-activations")
    post: str = Field("h", description="letter of the hidden units' activations")
    output: str = Field(
        "hat",
        description="the network's output: hat (the target's letter with a hat), post (like other activations), or a letter",
    )
    weight: str = Field("w", description="letter of the weights")
    weight_style: Literal["indices", "letters", "sequential"] = Field(
        "indices",
        description="indices: from and to; letters: a letter for each layer (u, v, w …); sequential: w1, w2, … through the net",
    )
    weight_letters: tuple[str, ...] = Field(
        (), max_length=64, description="weight_style letters: the letters, first layer first; default u, v, w, …"
    )
    bias: str = Field("b", description="letter of the biases")
    naming: Literal["day12", "layers", "nodes"] = Field(
        "day12",
        description="day12: no layer label on units where there is one hidden layer and one output, w11 = layer 1, unit 1 where there is one input too; layers: always labelled; nodes: units numbered through, inputs first",
    )
    layer: Literal["(l)", "[l]", "l", "sub"] = Field(
        "(l)",
        description="how a layer label is written: above in round brackets, square brackets, bare, or first below",
    )
    first_layer: Literal[0, 1, 2] = Field(
        1, description="label of the first layer of units: 0 as coefs_[0], 1, or 2 where the inputs are layer 1"
    )
    sample: Literal["[n]", "(n)"] = Field("[n]", description="how a sample label is written, above and last")
    index: Literal["from_to", "to_from"] = Field(
        "from_to", description="order of a weight's two indices; weight_style sequential: what is counted through first"
    )
    layout: Literal["rows", "columns"] = Field("rows", description="rows: Z = XW as scikit-learn; columns: z = Wx")
    derivative: Literal["partial", "delta", "bar"] = Field(
        "partial", description="a gradient: partial everywhere, delta for pre-activations, or a bar over the name"
    )

    @model_validator(mode="wrap")
    @classmethod
    def _from_profile(cls, value: Any, handler: ModelWrapValidatorHandler["Notation"]) -> "Notation":
        if not isinstance(value, dict):
            return handler(value)
        profile = value.get("profile", "cs135")
        if not isinstance(profile, str) or profile not in _ROWS:
            raise _fail(f"profile: found {quoted(profile)}; {did_you_mean(str(profile), PROFILES)}")
        settings = {**_ROWS[profile], **value}
        if "naming" not in settings and value.keys() & {"layer", "index"}:
            settings["naming"] = "layers"
        if "output" not in value and settings.get("derivative") == "bar":
            settings["output"] = "post"
        if "weight_letters" in value:
            settings.setdefault("weight_style", "letters")
        found = handler(settings)
        for key in _LETTERS:
            _check_letter(key, getattr(found, key))
        if found.output not in ("hat", "post"):
            _check_letter("output", found.output, ("hat", "post"))
        for letter in found.weight_letters:
            _check_letter("weight_letters", letter)
        if "penalty" not in value:
            free = (
                p for p in _LETTERS["penalty"] if all(p != letter for key, letter in found._signs() if key != "penalty")
            )
            object.__setattr__(found, "penalty", next(free, "alpha"))
        found._check_consistent(value)
        return found

    # ------------------------------------------------------------------ what clashes
    @property
    def target_letter(self) -> str:
        """The target's letter without its word."""
        return self.target.removesuffix("_target")

    @property
    def letters_of_layers(self) -> tuple[str, ...]:
        """The letters of weight_style letters, first layer first."""
        if self.weight_letters:
            return self.weight_letters
        others = {letter.lower() for key, letter in self._signs() if key != "weight_letters"}
        return tuple(letter for letter in _WEIGHT_LETTERS if letter not in others)

    @property
    def path_letter(self) -> str:
        """The letter of what a single path contributes to a gradient: p, or the next that is free."""
        taken = {letter.lower() for _, letter in self._signs()}
        if self.weight_style == "letters":
            taken |= set(self.letters_of_layers)
        return next(letter for letter in "pqcgkrsfdo" if letter not in taken)

    def _signs(self) -> Iterator[tuple[str, str]]:
        """Every letter that a page may hold, with its key."""
        for key in _LETTERS:
            if (key, self.naming) == ("input", "nodes") or (key, self.weight_style) == ("weight", "letters"):
                continue
            yield key, self.target_letter if key == "target" else getattr(self, key)
        if self.output not in ("hat", "post"):
            yield "output", self.output
        if self.weight_style == "letters":
            yield from (("weight_letters", letter) for letter in self.weight_letters)

    def _check_consistent(self, said: Mapping[str, Any]) -> None:
        if self.weight_letters and self.weight_style != "letters":
            raise _fail(
                f'weight_letters: goes with weight_style = "letters", not "{self.weight_style}"; leave one of the two out'
            )
        if self.derivative == "bar" and self.output == "hat":
            raise _fail(
                'output: a hat cannot carry the bar of derivative = "bar"; output = "post" would do, or a letter such as "o"'
            )
        for key, letter in self._signs():
            if letter in _TAKEN:
                raise _fail(f'{key}: "{letter}" stands for {_TAKEN[letter]}; {self._instead(key)}')
        for (one, letter), (other, second) in combinations(self._signs(), 2):
            if letter.lower() != second.lower():  # capitals are the matrices of small letters, and sound alike
                continue
            if {one, other} == {"target", "post"} and self.naming == "nodes":
                if self.target.endswith("_target"):
                    continue
                raise _fail(
                    f'target: "{letter}" is also the letter of post; target = "{letter}_target" would do, or another letter'
                )
            key, kept = (one, other) if one in said and other not in said else (other, one)
            raise _fail(f'{key}: "{dict(self._signs())[key]}" is also the letter of {kept}; {self._instead(key)}')

    def _instead(self, key: str) -> str:
        """What would do in place of a letter that is taken."""
        taken = {letter.lower() for _, letter in self._signs()} | set(_TAKEN)
        free = [letter for letter in _LETTERS.get(key, "opq") if letter.lower() not in taken]
        if key == "weight_letters":
            return "another letter would do"
        return f'{key} = "{free[0]}" would do' if free else "another letter would do"

    def conflict(self, depth: int, fixed: Mapping[str, str]) -> str | None:
        """Why a network of `depth` layers cannot be written so; `fixed` says what further letters its page uses for what.

        The text starts with the key. None when all is well.
        """
        if self.weight_style == "letters" and len(self.letters_of_layers) < depth:
            return (
                f"weight_letters: {len(self.letters_of_layers)} letters for {depth} layers; "
                'give one a layer, or weight_style = "indices" or "sequential"'
            )
        signs = dict.fromkeys(self._signs())
        if self.weight_style == "letters":
            signs |= dict.fromkeys(("weight_letters", letter) for letter in self.letters_of_layers[:depth])
        for key, letter in signs:
            if letter in fixed:
                return f'{key}: "{letter}" is {fixed[letter]}; {self._instead(key)}'
        return None


def _fail(problem: str) -> PydanticCustomError:
    return PydanticCustomError("exercise", "{problem}", {"problem": problem})


def _check_letter(key: str, letter: str, also: tuple[str, ...] = ()) -> None:
    plain = letter.removesuffix("_target") if key == "target" else letter
    if plain in GREEK or plain in WORDS or (len(plain) == 1 and plain.isascii() and plain.isalpha()):
        return
    close = did_you_mean(plain, (*GREEK, *WORDS, *also))
    hint = f"; {close}" if close.startswith("did") else ""
    forms = ", ".join(f'"{word}"' for word in also)
    wanted = (forms + ", " if forms else "") + 'one letter, a Greek letter by name such as "eta"'
    raise _fail(f'{key}: found {quoted(letter)}; wanted {wanted}, or a word such as "net"{hint}')


def _describe(schema: dict[str, Any]) -> None:
    """Patterns of letters, and each setting's value by profile where profiles differ."""
    for key, field in schema["properties"].items():
        if key == "profile":
            field["enum"] = list(PROFILES)
            continue
        if key == "weight_letters":
            field["items"]["pattern"] = f"^({_LETTER})$"
        elif key == "output":
            field["pattern"] = f"^(hat|post|{_LETTER})$"
        elif key in _LETTERS:
            field["pattern"] = f"^({_LETTER})(_target)?$" if key == "target" else f"^({_LETTER})$"
        values: dict[Any, list[str]] = {}
        for profile in PROFILES:
            values.setdefault(getattr(Notation(profile=profile), key), []).append(profile)
        if len(values) > 1:
            by_profile = "; ".join(f"{value} in {', '.join(profiles)}" for value, profiles in values.items())
            field["description"] += f". By profile: {by_profile}"


def _digits(*numbers: int) -> str:
    """Indices side by side while each has one digit, else separated by commas."""
    return ("" if all(n < 10 for n in numbers) else ",").join(map(str, numbers))


@dataclass(frozen=True)
class Names:
    """Quantity -> Name under one notation for one network shape (`widths`: inputs, then units a layer)."""

    notation: Notation
    widths: tuple[int, ...]
    samples: int = 1
    shared_bias: bool = False

    def write(self, of: Quantity) -> Name | Ratio:
        """How `of` is written; a derivative is a Ratio unless the notation has a sign for it."""
        base = of.base
        if of.state:
            return self._in_state(of)
        if base.wrt is None:
            return self._plain(base)
        if base.is_gradient and self.notation.derivative == "bar":
            return replace(self._plain(base.wrt), accent="bar")
        if base.is_gradient and self.notation.derivative == "delta" and base.wrt.name == "z":
            return replace(self._plain(base.wrt), letter="delta")
        return self.ratio(base)

    def ratio(self, of: Quantity) -> Ratio:
        """A derivative as a fraction, whatever sign the notation has for it."""
        assert of.wrt is not None
        return Ratio(self._plain(replace(of, wrt=None)), self._plain(of.wrt))

    def delta(self, layer: int) -> Name:
        """The vector or matrix of gradients at a layer's pre-activations."""
        whole = self._whole(Quantity("z", layer))
        if self.notation.derivative == "bar":
            return replace(whole, accent="bar")
        return replace(whole, letter="delta" if self.samples == 1 else "Delta")

    def node(self, layer: int, j: int) -> int:
        """The number of unit j of a layer (0: of input j) where units are numbered through."""
        return sum(self.widths[:layer]) + j

    def _in_state(self, of: Quantity) -> Name | Ratio:
        """Moments carry their parameter below; an updated weight and a gradient taken through one carry a mark."""
        written = self.write(of.base)
        if of.state in ("velocity", "m", "v"):
            inner = written.bottom if isinstance(written, Ratio) else written
            return Name("v" if of.state == "velocity" else of.state, sub=inner)
        mark = "*" if of.state == "used" else "+"
        if isinstance(written, Ratio):
            return replace(written, top=replace(written.top, sup=written.top.sup + mark))
        return replace(written, sup=written.sup + mark)

    # ------------------------------------------------------------------ the pieces
    @property
    def _depth(self) -> int:
        return len(self.widths) - 1

    @property
    def _compact(self) -> bool:
        """day12's own names fit: one hidden layer and one output."""
        return self.notation.naming == "day12" and self._depth == 2 and self.widths[-1] == 1

    @property
    def _by_layer_and_unit(self) -> bool:
        """w11 is layer 1, unit 1: one input, too."""
        return self._compact and self.widths[0] == 1 and self.notation.weight_style == "indices"

    def _label(self, layer: int) -> str:
        return str(layer - 1 + self.notation.first_layer)

    def _of_layer(self, name: Name, layer: int) -> Name:
        """The name with a layer's label, where the notation puts it."""
        label = self._label(layer)
        if self.notation.layer == "sub":
            return replace(name, sub=f"{label},{name.sub}" if name.sub else label, layered=True)
        sup = {"(l)": f"({label})", "[l]": f"[{label}]", "l": label}[self.notation.layer]
        return replace(name, sup=sup, labels=("layer",))

    def _of_sample(self, name: Name, sample: int) -> Name:
        if not sample:
            return name
        mark = f"[{sample}]" if self.notation.sample == "[n]" else f"({sample})"
        return replace(name, sup=name.sup + mark, labels=(*name.labels, "sample"))

    def _index(self, i: int, count: int) -> str:
        """An index, which one of a kind does without."""
        return "" if count == 1 else str(i)

    def _plain(self, of: Quantity) -> Name:
        n = self.notation
        if not of.layer and of.name in ("z", "a"):  # the variable of a formula
            return Name(n.pre) if of.name == "z" else self._output()
        if not of.index and of.name in ("x", "y", "W", "b", "z", "a") and not (of.name == "b" and self.shared_bias):
            return self._whole(of)
        if of.name in ("beta1", "beta2"):
            return Name("beta", sub=of.name[-1])
        if of.name in ("alpha", "eta", "mu", "beta", "epsilon", "R"):
            return Name({"alpha": n.penalty, "eta": n.rate}.get(of.name, of.name))
        if of.name == "W":
            return self._weight(of.layer, *of.index)
        if of.name == "b":
            return self._bias(of)
        return self._of_sample(self._scalar(of), of.sample)

    def _scalar(self, of: Quantity) -> Name:
        """What each sample has of its own."""
        n, j = self.notation, of.index[0] if of.index else 0
        if of.name == "E":
            return Name(n.loss, sub=str(j) if j else "")
        if of.name == "y":
            tag = "target" if n.target.endswith("_target") else ""
            return Name(n.target_letter, sub=",".join(filter(None, (tag, self._index(j, self.widths[-1])))))
        if of.name == "x" and n.naming != "nodes":
            return Name(n.input, sub=self._index(j, self.widths[0]))
        last = of.layer == self._depth
        if of.name == "a" and last and n.output != "post":
            return replace(self._output(), sub=self._index(j, self.widths[-1]))
        letter = n.pre if of.name == "z" else n.post
        if n.naming == "nodes":
            return Name(letter, sub=str(self.node(of.layer, j)))
        if self._compact:
            tag = "o" if "out" in (n.pre, n.post) else "out"
            return Name(letter, sub=tag if last else str(j))
        return self._of_layer(Name(letter, sub=str(j)), of.layer)

    def _output(self) -> Name:
        """The network's output without an index."""
        n = self.notation
        return Name(n.target_letter, accent="hat") if n.output in ("hat", "post") else Name(n.output)

    def _weight(self, layer: int, i: int, j: int) -> Name:
        n, (m, units) = self.notation, self.widths[layer - 1 : layer + 1]
        if n.weight_style == "sequential":
            before = sum(a * b for a, b in zip(self.widths, self.widths[1:layer], strict=False))
            inside = (i - 1) * units + j if n.index == "from_to" else (j - 1) * m + i
            return Name(n.weight, sub=str(before + inside))
        if self._by_layer_and_unit:
            return Name(n.weight, sub=_digits(int(self._label(layer)), j if layer == 1 else i), paired=True)
        if n.naming == "nodes":
            ends = [str(self.node(layer - 1, i)), str(self.node(layer, j))]
        elif n.weight_style == "letters":
            ends = [self._index(i, m), self._index(j, units)]
        else:
            ends = [str(i), str(j)]
        order = [int(end) for end in (ends if n.index == "from_to" else ends[::-1]) if end]
        sub = _digits(*order) if order else ""
        if n.weight_style == "letters":
            return Name(n.letters_of_layers[layer - 1], sub=sub, paired=len(order) == 2)
        name = Name(n.weight, sub=sub, paired=True)
        return name if n.naming == "nodes" else self._of_layer(name, layer)

    def _bias(self, of: Quantity) -> Name:
        n = self.notation
        if n.naming == "nodes" and of.index:
            return Name(n.bias, sub=str(self.node(of.layer, of.index[0])))
        if self._compact and (not of.index or (of.layer == 2 and self.widths[0] == 1)):
            return Name(n.bias, sub=self._label(of.layer))
        if self._compact and self.widths[0] == 1:
            return Name(n.bias, sub=_digits(int(self._label(of.layer)), of.index[0]), paired=True)
        return self._of_layer(Name(n.bias, sub=str(of.index[0]) if of.index else ""), of.layer)

    def _whole(self, of: Quantity) -> Name:
        """A vector or matrix: bold; capitals where it holds one row or column a sample, and for weights."""
        n, sub = self.notation, ""
        letter = {"x": n.input, "y": n.target_letter, "W": n.weight, "b": n.bias, "z": n.pre, "a": n.post}[of.name]
        layer, accent = of.layer, ""
        if of.name == "W" and n.weight_style == "letters":
            letter, layer = n.letters_of_layers[of.layer - 1], 0
        elif of.name == "a" and of.layer == self._depth and n.output != "post":
            letter, layer, accent = self._output().letter, 0, self._output().accent
        elif of.name == "x" and n.naming == "nodes":
            letter, sub = n.post, "in"
        elif of.name == "y" and n.target.endswith("_target"):
            sub = "target"
        if len(letter) == 1 and (of.name == "W" or (self.samples > 1 and of.name in ("x", "y", "z", "a"))):
            letter = letter.upper()
        name = Name(letter, bold=True, accent="hat" if accent else "", sub=sub)
        if not layer:
            return name
        if n.naming == "day12" and n.layer != "sub":
            return replace(name, sub=self._label(layer))
        return self._of_layer(name, layer)
