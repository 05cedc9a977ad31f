"""Solution -> Document: the only place with English, apart from messages about bad input."""

from symprop.wording.narrate import DETAILS, VIEWS, narrate

__all__ = ["DETAILS", "VIEWS", "narrate"]
