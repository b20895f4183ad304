"""What could not be read, with its place; the rest goes on."""

from __future__ import annotations

import msgspec

from passrole.values.errors import PassroleError


class Skipped(msgspec.Struct, frozen=True, array_like=True):
    """Something left out. place is ``record 17``, ``line 3`` or ``byte 4096``; "" for the whole file.

    unopened tells that nobody could look into it: it is not there, or may not be read.
    """

    file: str
    place: str
    why: str
    unopened: bool = False

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.place, self.why) if part)


class Foreign(PassroleError):
    """A file that is no trail at all; the text says why."""


class Digest(PassroleError):
    """A digest file, with which CloudTrail proves its logs: nothing to audit."""


class Cut(PassroleError):
    """A stream that ends too soon or cannot be decompressed on: what came before it counts."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(why)
        self.place = place
        self.why = why


class StoppedAt(PassroleError):
    """With --strict, the first thing that could not be read."""


class CannotOpen(PassroleError):
    """A trail that is not there or may not be read; the text says why."""
