"""The endpoint's time: the machine's, moved forward where a test asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Aware times in UTC."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The machine's time plus what ``advance`` added."""
        now = self.machine()
        return now + self._ahead if self._ahead else now

    def machine(self) -> datetime:
        """The machine's time, which clients sign their requests with, however far ``advance`` went."""
        return datetime.now(UTC)

    def advance(self, seconds: float) -> None:
        """Moves time forward; it never goes back.

        Raises ValueError for a negative number of seconds.
        """
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        self._ahead += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Back to the machine's time."""
        self._ahead = timedelta(0)
