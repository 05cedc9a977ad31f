"""Expr -> one dialect each: notation and number formatting are applied here and nowhere else."""

from symprop.printing.figures import Figure, Figures, Written, half_away
from symprop.printing.latex import Latex, MarkdownMath
from symprop.printing.layout import Above, Chain, Factors, Grid, Layout, Relation, Shaped, Shown, Total
from symprop.printing.speech import CHAIN_RULE, WORDS, Speech
from symprop.printing.typst import Typst
from symprop.printing.width import Width

__all__ = [
    "CHAIN_RULE",
    "WORDS",
    "Above",
    "Chain",
    "Factors",
    "Figure",
    "Figures",
    "Grid",
    "Latex",
    "Layout",
    "MarkdownMath",
    "Relation",
    "Shaped",
    "Shown",
    "Speech",
    "Total",
    "Typst",
    "Width",
    "Written",
    "half_away",
]
