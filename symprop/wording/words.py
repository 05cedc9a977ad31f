"""Words and phrases: how many, names of layers, activations, losses and rules in an instructor's voice."""

from symprop.exercise import Exercise, Layer

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

ACTIVATIONS = {
    "identity": "linear",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "elu": "ELU",
    "softplus": "softplus",
    "gelu": "GELU",
    "swish": "swish",
    "exp": "exponential",
    "softmax": "softmax",
    "step": "step",
}
LOSSES = {
    "half_squared_error": "half squared error",
    "squared_error": "squared error",
    "mean_squared_error": "squared error, mean over outputs",
    "log_loss": "log loss",
    "cross_entropy": "cross-entropy",
    "poisson": "Poisson loss",
    "output": "the output itself as loss",
}
RULES = {"sgd": "gradient descent", "momentum": "momentum", "nesterov": "Nesterov momentum", "adam": "Adam"}
#: Words over the factors of a chain-rule step, and over the columns of rows.
FACTORS = ("upstream", "local")
DEFINITION, WORKED_OUT, CANCELLED, PUT_IN, RESULT = "definition", "worked out", "cancelled", "numbers put in", "result"


def count(n: int, noun: str, plural: str = "") -> str:
    """`two inputs`: small numbers in words."""
    word = _COUNTS[n] if n < len(_COUNTS) else str(n)
    return f"{word} {noun if n == 1 else plural or noun + 's'}"


def activation(layer: Layer) -> str:
    """An activation's name as an adjective of units."""
    return ACTIVATIONS.get(layer.activation.name, layer.activation.name)


def network(exercise: Exercise) -> str:
    """The subtitle: `One input, two ReLU hidden units, one linear output, half squared error`."""
    *hidden, output = exercise.network.layers
    parts = [count(exercise.widths[0], "input")]
    parts += [count(layer.units, f"{activation(layer)} hidden unit") for layer in hidden]
    parts.append(count(output.units, f"{activation(output)} output"))
    parts.append(LOSSES.get(exercise.network.loss, "a loss of its own"))
    if exercise.samples > 1:
        parts.append(count(exercise.samples, "sample"))
    if exercise.network.penalty is not None:
        parts.append("L2 penalty")
    text = ", ".join(parts)
    return text[0].upper() + text[1:]


def points(n: int) -> str:
    """`1 point`, `4 points`."""
    return f"{n} point" if n == 1 else f"{n} points"


def them(n: int) -> str:
    """`it` or `them`."""
    return "it" if n == 1 else "them"


def listed(words: list[str]) -> str:
    """`a, b and c`."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
