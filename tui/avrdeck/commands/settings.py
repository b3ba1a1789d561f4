"""The options that every command shares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The shared options; `None` and false where the user said nothing."""

    port: str | None = None
    baud: int | None = None
    part: str | None = None
    json: bool = False
    yes: bool = False
    force_fatal: str | None = None

    def over(self, other: Settings) -> Settings:
        """These settings, and ``other`` where these say nothing."""
        return Settings(
            port=self.port or other.port,
            baud=self.baud or other.baud,
            part=self.part or other.part,
            json=self.json or other.json,
            yes=self.yes or other.yes,
            force_fatal=self.force_fatal or other.force_fatal,
        )
