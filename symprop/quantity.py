"""Quantity ids: text <-> Quantity, the same in every notation, indices from 1. Knows no network.

x[1]  y[1]  W1[1,2]  b1[1]  z1[2]@3  a1[2]@3  E  E[1]@3       scalars; a name without index is a whole vector or matrix
dE/dW1[1,2]   da1[1]@3/dz1[1]@3                               derivatives: gradients of the loss and local ones
new W1[1,2]   new@2 E   new@2 dE/dW1[1,2]                     after the update, or after its k-th step
used dE/dW1[1,2]   velocity b1[1]   m W1[1,2]   v W1[1,2]     what an update rule works with
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from symprop.errors import UsageError

LAYERED = ("W", "b", "z", "a")
#: Scalars of the exercise that belong to no unit: penalty, its strength, and the update rule's constants.
CONSTANTS = ("R", "alpha", "eta", "mu", "beta", "beta1", "beta2", "epsilon")
STATES = ("new", "used", "velocity", "m", "v")

_BASE = re.compile(
    r"(?:(?P<layered>[Wbza])(?P<layer>[1-9]\d{0,5})|(?P<plain>[xyE])|(?P<constant>"
    + "|".join(sorted(CONSTANTS, reverse=True))
    + r"))"
    r"(?:\[(?P<index>[1-9]\d{0,5}(?:,\s*[1-9]\d{0,5})?)\])?(?:@(?P<sample>[1-9]\d{0,8}))?"
)
_STATE = re.compile(r"(?P<state>" + "|".join(STATES) + r")(?:@(?P<step>[1-9]\d{0,8}))?\s+(?P<rest>.+)", re.DOTALL)
_INDICES = {"W": (0, 2), "b": (0, 1), "z": (0, 1), "a": (0, 1), "x": (0, 1), "y": (0, 1), "E": (0, 1)}


@dataclass(frozen=True, slots=True)
class Quantity:
    """One named scalar, vector or matrix of an exercise, or a derivative between two of them.

    `wrt` makes it a derivative of the rest by `wrt`. `state` is "" before any update; "new" after it (`step` 0 means
    after the last step); "used", "velocity", "m", "v" name an update rule's own gradient and moments.
    """

    name: str
    layer: int = 0
    index: tuple[int, ...] = ()
    sample: int = 0
    wrt: "Quantity | None" = None
    state: str = ""
    step: int = 0

    @staticmethod
    def parse(text: str) -> "Quantity":
        """The quantity that `text` names. Raises UsageError with the reason when it names none."""
        return _parse(text)

    def __str__(self) -> str:
        base = self.name + (str(self.layer) if self.layer else "")
        if self.index:
            base += "[" + ",".join(map(str, self.index)) + "]"
        if self.sample:
            base += f"@{self.sample}"
        if self.wrt is not None:
            base = f"d{base}/d{self.wrt}"
        if self.state:
            base = self.state + (f"@{self.step}" if self.step else "") + " " + base
        return base

    @property
    def slug(self) -> str:
        """Letters, digits and hyphens only: for anchors, file names and CSV headings; distinct ids have distinct slugs."""
        text = str(self).replace("/d", "-by-").replace("@", "-at-").replace("[", "-").replace(",", "-").replace("]", "")
        return text.replace(" ", "-")

    @property
    def is_gradient(self) -> bool:
        """Whether this is a derivative of the loss E."""
        return self.wrt is not None and self.name == "E" and not self.index and not self.sample

    @property
    def base(self) -> "Quantity":
        """The quantity without its state: `new@2 W1[1,2]` is a state of `W1[1,2]`."""
        return replace(self, state="", step=0)

    @property
    def is_parameter(self) -> bool:
        """Whether this is a weight or a bias itself."""
        return self.name in ("W", "b") and self.wrt is None

    def whole(self) -> "Quantity":
        """The vector or matrix this scalar belongs to: `W1[1,2]` -> `W1`, `dE/dz1[2]@3` -> `dE/dz1`."""
        if self.wrt is not None:
            return replace(self, wrt=self.wrt.whole())
        return replace(self, index=(), sample=0)

    def after(self, step: int) -> "Quantity":
        """This quantity after update step `step`; 0 is the last."""
        return replace(self, state="new", step=step)


def gradient(of: Quantity) -> Quantity:
    """dE/d(of)."""
    return Quantity("E", wrt=of)


def local(of: Quantity, by: Quantity) -> Quantity:
    """d(of)/d(by)."""
    return replace(of, wrt=by)


E = Quantity("E")


def x(i: int, n: int = 0) -> Quantity:
    """Input i of sample n (0: the only sample)."""
    return Quantity("x", 0, (i,), n)


def y(k: int, n: int = 0) -> Quantity:
    """Target k of sample n."""
    return Quantity("y", 0, (k,), n)


def W(layer: int, i: int, j: int) -> Quantity:
    """Weight of `layer` from unit i of the layer before to unit j."""
    return Quantity("W", layer, (i, j))


def b(layer: int, j: int | None) -> Quantity:
    """Bias of unit j, or the bias a whole layer shares (j None)."""
    return Quantity("b", layer, () if j is None else (j,))


def z(layer: int, j: int, n: int = 0) -> Quantity:
    """Pre-activation of unit j."""
    return Quantity("z", layer, (j,), n)


def a(layer: int, j: int, n: int = 0) -> Quantity:
    """Activation (output) of unit j; layer 0 is the input."""
    return Quantity("a", layer, (j,), n) if layer else x(j, n)


def share(k: int = 0, n: int = 0) -> Quantity:
    """E[k]@n: the part of the loss that output k (0: all) of sample n (0: all) contributes."""
    return Quantity("E", 0, (k,) if k else (), n)


@lru_cache(maxsize=65536)
def _parse(text: str) -> Quantity:
    if len(text) > 200:
        raise UsageError(f'"{text[:20]}…" is too long for a quantity id')
    stripped = text.strip()
    if match := _STATE.fullmatch(stripped):
        inner = _parse(match["rest"])
        if inner.state:
            raise UsageError(f'"{text}" names two states')
        return replace(inner, state=match["state"], step=int(match["step"] or 0))
    if stripped.startswith("d") and "/d" in stripped:
        top, _, bottom = stripped[1:].partition("/d")
        return replace(_parse_base(top, text), wrt=_parse_base(bottom, text))
    return _parse_base(stripped, text)


def _parse_base(part: str, text: str) -> Quantity:
    match = _BASE.fullmatch(part)
    if match is None:
        raise UsageError(
            f'"{text[:60]}" is no quantity id (examples: x[1], W1[1,2], b1[2], z1[2]@3, a2[1], E, dE/dW1[1,2], new W1[1,2])'
        )
    name = match["layered"] or match["plain"] or match["constant"]
    index = tuple(int(i) for i in match["index"].split(",")) if match["index"] else ()
    if len(index) not in _INDICES.get(name, (0,)):
        wanted = {0: "no index", 1: "one index", 2: "two indices"}[_INDICES.get(name, (0,))[-1]]
        raise UsageError(f'"{text}": {name} takes {wanted}')
    sample = int(match["sample"] or 0)
    if sample and name not in ("x", "y", "z", "a", "E"):
        raise UsageError(f'"{text}": {name} is the same for every sample')
    return Quantity(name, int(match["layer"] or 0), index, sample)
