"""Update rules as expressions: parameter, gradient and moments in, moments and new parameter out. Knows no network.

scikit-learn's formulas (sklearn.neural_network._stochastic_optimizers) unless `form` says otherwise:

    sgd         w' = w - eta g
    momentum    v' = mu v - eta g,                 w' = w + v'
                form ema: v' = beta v + (1 - beta) g,   w' = w - eta v'
    nesterov    v' = mu v - eta g,                 w' = w + mu v' - eta g
    adam        m' = beta1 m + (1 - beta1) g,  v' = beta2 v + (1 - beta2) g^2,
                w' = w - eta sqrt(1 - beta2^t) / (1 - beta1^t) * m' / (sqrt(v') + epsilon)
                form paper: m^ = m' / (1 - beta1^t), v^ = v' / (1 - beta2^t), w' = w - eta m^ / (sqrt(v^) + epsilon)
                (Kingma and Ba 2015, Algorithm 1)

Every moment is 0 before the first step.
"""

from collections.abc import Iterator
from dataclasses import replace

from sympy import Expr, Integer, S, sqrt

from symprop import quantity as q
from symprop.exercise import Exercise, Update
from symprop.graph import symbol
from symprop.quantity import Quantity, gradient

ETA = Quantity("eta")


def constants(update: Update) -> dict[Quantity, Expr | None]:
    """The rule's own given numbers: learning rate (None when left out) and what else the rule reads."""
    names: dict[str, Expr | None] = {"eta": update.learning_rate}
    if update.rule == "adam":
        names |= {"beta1": update.beta1, "beta2": update.beta2, "epsilon": update.epsilon}
    elif update.rule != "sgd":
        names |= {"beta" if update.form == "ema" else "mu": update.momentum}
    return {Quantity(name): value for name, value in names.items()}


def parameters(exercise: Exercise) -> list[Quantity]:
    """The parameters that the rule changes."""
    assert exercise.update is not None
    return [p for p in exercise.parameter_ids() if exercise.update.biases or p.name == "W"]


def before(of: Quantity, step: int) -> Quantity:
    """`of` as step `step` (from 1) finds it; inputs, targets and constants are what they were."""
    stays = of.wrt is None and of.name in (*q.CONSTANTS, "x", "y")
    return of if step == 1 or stays else of.after(step - 1)


def used(of: Quantity, step: int, update: Update) -> Quantity:
    """The gradient by `of` that step `step` uses: the gradient itself, or in sequential order the book's own."""
    if update.order == "sequential":
        return replace(gradient(of), state="used", step=step)
    return before(gradient(of), step)


def rule(update: Update, parameter: Quantity, step: int, g: Expr | None = None) -> Iterator[tuple[Quantity, Expr]]:
    """The chain of one parameter in one step: moments first, the new parameter last, each as (id, expression).

    `g` replaces the gradient's symbol (a given gradient, or a test's).
    """
    w = symbol(before(parameter, step))
    g = symbol(used(parameter, step, update)) if g is None else g
    eta = symbol(ETA)

    def moment(state: str, at: int) -> Expr:
        return symbol(replace(parameter, state=state, step=at)) if at else S.Zero

    def named(state: str) -> Quantity:
        return replace(parameter, state=state, step=step)

    if update.rule == "sgd":
        yield named("new"), w - eta * g
    elif update.rule == "adam":
        beta1, beta2, epsilon = (symbol(Quantity(n)) for n in ("beta1", "beta2", "epsilon"))
        m, v, t = moment("m", step), moment("v", step), Integer(step)
        yield named("m"), beta1 * moment("m", step - 1) + (1 - beta1) * g
        yield named("v"), beta2 * moment("v", step - 1) + (1 - beta2) * g**2
        if update.form == "paper":
            yield named("new"), w - eta * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + epsilon)
        else:
            yield named("new"), w - eta * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)
    elif update.form == "ema":
        beta = symbol(Quantity("beta"))
        yield named("velocity"), beta * moment("velocity", step - 1) + (1 - beta) * g
        yield named("new"), w - eta * moment("velocity", step)
    else:
        mu = symbol(Quantity("mu"))
        yield named("velocity"), mu * moment("velocity", step - 1) - eta * g
        if update.rule == "nesterov":
            yield named("new"), w + mu * moment("velocity", step) - eta * g
        else:
            yield named("new"), w + moment("velocity", step)
