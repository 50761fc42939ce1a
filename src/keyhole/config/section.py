"""The base class of all tables of the settings."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One table of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
