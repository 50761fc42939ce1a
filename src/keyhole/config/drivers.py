"""What every `[drivers.NAME]` table has."""

from pydantic import Field

from keyhole.config.section import Section


class DriverSettings(Section):
    """One instance of a driver."""

    driver: str = Field("", description="Which driver it is; unset: the one that the table is named after.")
