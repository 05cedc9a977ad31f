"""Profile and settings -> how each quantity is written, as dialect-free names. Printers and readers use it, expressions never do."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from symprop.errors import did_you_mean
from symprop.quantity import Quantity

#: Letters written as one sign; any other name must be a single Latin letter.
GREEK = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "rho",
    "sigma",
    "tau",
    "phi",
    "chi",
    "psi",
    "omega",
)

_ROWS: dict[str, dict[str, Any]] = {
    "cs135": {},
    "google": {"pre": "x", "post": "y", "rate": "alpha", "target": "y", "naming": "nodes", "output": "node"},
    "ng": {
        "loss": "J",
        "pre": "z",
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
    },
    "sklearn": {"loss": "L", "pre": "z", "post": "a", "layer": "(l)", "weight": "W", "naming": "layers"},
    "lecture": {
        "loss": "L",
        "pre": "z",
        "post": "a",
        "layer": "(l)",
        "layout": "columns",
        "index": "to_from",
        "weight": "W",
        "naming": "layers",
    },
    "bar": {"loss": "L", "post": "a", "derivative": "bar", "naming": "layers"},
}
PROFILES = tuple(_ROWS)


@dataclass(frozen=True, slots=True)
class Name:
    """One sign with its decorations: `letter` is a Latin letter or a name from GREEK, `sub` and `sup` are plain text."""

    letter: str
    sub: "str | Name" = ""
    sup: str = ""
    accent: Literal["", "hat", "bar"] = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    """A derivative written as a fraction: of `top` by `bottom`."""

    top: Name
    bottom: Name


class Notation(BaseModel):
    """How the page writes quantities: a profile, then any of its settings overridden."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = Field("cs135", description="one of " + ", ".join(PROFILES))
    loss: str = Field("E", description="letter of the loss")
    rate: str = Field("eta", description="letter of the learning rate")
    input: str = Field("x", description="letter of the inputs")
    target: str = Field("y", description="letter of the targets")
    pre: str = Field("z", description="letter of pre-activations")
    post: str = Field("h", description="letter of the hidden units' activations")
    weight: str = Field("w", description="letter of the weights")
    bias: str = Field("b", description="letter of the biases")
    output: Literal["hat", "post", "node"] = Field(
        "hat", description="the network's output: the target with a hat, or like other activations"
    )
    naming: Literal["day12", "layers", "nodes"] = Field(
        "day12",
        description="day12: no layer label where the net is 1-H-1; layers: always; nodes: units numbered through",
    )
    layer: Literal["(l)", "[l]", "l", "sub"] = Field("(l)", description="how a layer label is written")
    sample: Literal["[n]", "(n)"] = Field("[n]", description="how a sample label is written")
    index: Literal["from_to", "to_from"] = Field("from_to", description="order of a weight's two indices")
    layout: Literal["rows", "columns"] = Field("rows", description="rows: Z = XW as scikit-learn; columns: z = Wx")
    derivative: Literal["partial", "delta", "bar"] = Field("partial", description="how a gradient is written")

    @model_validator(mode="before")
    @classmethod
    def _from_profile(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        profile = value.get("profile", "cs135")
        if not isinstance(profile, str) or profile not in _ROWS:
            raise PydanticCustomError(
                "exercise",
                "{problem}",
                {"problem": f'profile: found "{str(profile)[:40]}"; {did_you_mean(str(profile), PROFILES)}'},
            )
        return {**_ROWS[profile], **value}

    @model_validator(mode="after")
    def _letters(self) -> "Notation":
        for key in ("loss", "rate", "input", "target", "pre", "post", "weight", "bias"):
            letter = getattr(self, key)
            if letter not in GREEK and not (len(letter) == 1 and letter.isascii() and letter.isalpha()):
                raise PydanticCustomError(
                    "exercise",
                    "{problem}",
                    {
                        "problem": f'{key}: found "{letter[:40]}"; wanted one letter, or a Greek letter by name such as "eta"'
                    },
                )
        return self


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
            name = self._plain(base)
        elif base.is_gradient and self.notation.derivative == "bar":
            name = replace(self._plain(base.wrt), accent="bar")
        elif base.is_gradient and self.notation.derivative == "delta" and base.wrt.name == "z":
            name = replace(self._plain(base.wrt), letter="delta", sub=self._plain(base.wrt).sub)
        else:
            return Ratio(self._plain(replace(base, wrt=None)), self._plain(base.wrt))
        return name

    def _in_state(self, of: Quantity) -> Name | Ratio:
        """Moments carry their parameter below; an updated weight and a gradient taken through one carry a mark."""
        written = self.write(of.base)
        if of.state in ("velocity", "m", "v"):
            inner = written.bottom if isinstance(written, Ratio) else written
            return Name("v" if of.state == "velocity" else of.state, sub=inner)
        if isinstance(written, Ratio):
            return replace(
                written, top=replace(written.top, sup=written.top.sup + ("*" if of.state == "used" else "+"))
            )
        return replace(written, sup=written.sup + ("*" if of.state == "used" else "+"))

    # ------------------------------------------------------------------ the pieces
    @property
    def _depth(self) -> int:
        return len(self.widths) - 1

    @property
    def _compact(self) -> bool:
        """day12's own names fit: one hidden layer and one output."""
        return self.notation.naming == "day12" and self._depth == 2 and self.widths[-1] == 1

    def _layer(self, layer: int) -> str:
        return {"(l)": f"({layer})", "[l]": f"[{layer}]", "l": f"{layer}"}.get(self.notation.layer, "")

    def _with(self, name: Name, of: Quantity) -> Name:
        if not of.sample:
            return name
        mark = f"[{of.sample}]" if self.notation.sample == "[n]" else f"({of.sample})"
        return replace(name, sup=name.sup + mark)

    def _node(self, layer: int, j: int) -> int:
        return sum(self.widths[:layer]) + j

    def _plain(self, of: Quantity) -> Name:
        n = self.notation
        if not of.layer and of.name in ("z", "a"):  # the variable of a formula
            return Name(n.pre) if of.name == "z" else Name(n.target, accent="hat")
        if not of.index and of.name in ("x", "y", "W", "b", "z", "a") and not (of.name == "b" and self.shared_bias):
            return self._whole(of)
        constants = {
            "alpha": "alpha" if n.rate != "alpha" else "lambda",
            "eta": n.rate,
            "mu": "mu",
            "beta": "beta",
            "epsilon": "epsilon",
            "R": "R",
        }
        if of.name in constants:
            return Name(constants[of.name])
        if of.name in ("beta1", "beta2"):
            return Name("beta", sub=of.name[-1])
        if of.name == "E":
            return self._with(Name(n.loss, sub=_digits(*of.index)), of)
        if of.name == "x":
            if n.naming == "nodes":
                return self._with(Name(n.post, sub=_digits(of.index[0])), of)
            return self._with(Name(n.input, sub="" if self.widths[0] == 1 else _digits(of.index[0])), of)
        if of.name == "y":
            tag = "target" if n.naming == "nodes" else ""
            k = "" if self.widths[-1] == 1 else _digits(of.index[0])
            return self._with(Name(n.target, sub=",".join(filter(None, (tag, k)))), of)
        if n.naming == "nodes":
            return self._with(self._by_node(of), of)
        if of.name == "W":
            i, j = of.index if n.index == "from_to" else of.index[::-1]
            if self._compact and self.widths[0] == 1:
                return Name(n.weight, sub=_digits(of.layer, of.index[1] if of.layer == 1 else of.index[0]))
            return self._layered(n.weight, of.layer, _digits(i, j))
        if of.name == "b":
            if self._compact and (not of.index or (of.layer == 2 and self.widths[0] == 1)):
                return Name(n.bias, sub=str(of.layer))
            if self._compact and self.widths[0] == 1:
                return Name(n.bias, sub=_digits(of.layer, of.index[0]))
            return self._layered(n.bias, of.layer, _digits(*of.index))
        last = of.layer == self._depth
        if of.name == "a" and last and n.output == "hat":
            return self._with(
                Name(n.target, sub="" if self.widths[-1] == 1 else _digits(of.index[0]), accent="hat"), of
            )
        letter = n.pre if of.name == "z" else n.post
        if self._compact:
            return self._with(Name(letter, sub="out" if last else _digits(of.index[0])), of)
        return self._with(self._layered(letter, of.layer, _digits(of.index[0])), of)

    def _layered(self, letter: str, layer: int, sub: str) -> Name:
        if self.notation.layer == "sub":
            return Name(letter, sub=f"{layer},{sub}" if sub else str(layer))
        return Name(letter, sub=sub, sup=self._layer(layer))

    def _by_node(self, of: Quantity) -> Name:
        n = self.notation
        if of.name == "W":
            i, j = self._node(of.layer - 1, of.index[0]), self._node(of.layer, of.index[1])
            return Name(n.weight, sub=_digits(i, j) if n.index == "from_to" else _digits(j, i))
        if of.name == "b" and not of.index:
            return Name(n.bias, sup=f"({of.layer})")
        number = _digits(self._node(of.layer, of.index[0]))
        return Name({"b": n.bias, "z": n.pre, "a": n.post}[of.name], sub=number)

    def _whole(self, of: Quantity) -> Name:
        """A vector or matrix: bold; capitals where it holds one row or column a sample, and for weights."""
        n = self.notation
        letter, layer, accent = (
            {"x": n.input, "y": n.target, "W": "W", "b": n.bias, "z": n.pre, "a": n.post}[of.name],
            of.layer,
            "",
        )
        if of.name == "a" and of.layer == self._depth and n.output == "hat":
            letter, layer, accent = n.target, 0, "hat"
        if self.samples > 1 and of.name in ("x", "y", "z", "a") and letter not in GREEK:
            letter = letter.upper()
        name = Name(letter, bold=True, accent="hat" if accent else "")
        if not layer:
            return name
        if self.notation.naming == "day12" or self.notation.layer == "sub":
            return replace(name, sub=str(layer))
        return replace(name, sup=self._layer(layer))

    def delta(self, layer: int) -> Name:
        """The vector of gradients at a layer's pre-activations."""
        return replace(self._whole(Quantity("z", layer)), letter="delta" if self.samples == 1 else "Delta")
