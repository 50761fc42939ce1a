"""The settings that all `[drivers.NAME]` tables share."""

from pydantic import Field

from keyhole.config.section import Section


class DriverSettings(Section):
    """One instance of a driver."""

    driver: str = Field("", description="The driver to use; unset: the one that the table is named after.")
