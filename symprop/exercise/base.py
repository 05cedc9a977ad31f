"""The base of the file's tables. Knows no table."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Immutable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
