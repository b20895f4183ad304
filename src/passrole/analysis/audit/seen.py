"""Events that were met before: trails of several Regions, accounts and deliveries hold some of them twice.

Source: CloudTrail User Guide, "CloudTrail log file examples": a file may hold events that an earlier one had.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import Final

_FIRST: Final = 1 << 16  # places in the table; each takes 8 bytes
_MOST: Final = 1 << 23
_FULL: Final = 0.7


class Seen:
    """A set of ids in eight bytes each, never in more than 64 MB: beyond six million it begins anew."""

    def __init__(self) -> None:
        self._places = array("Q", bytes(8 * _FIRST))
        self._used = 0
        self.forgotten = False  # was the memory too small for all?

    def before(self, id: str) -> bool:
        """Was it asked about before? An empty id never was."""
        if not id:
            return False
        mark = int.from_bytes(blake2b(id.encode(), digest_size=8).digest(), "little") or 1
        if self._has(mark):
            return True
        if self._used > _FULL * len(self._places):
            self._grow()
        self._put(mark)
        return False

    def _has(self, mark: int) -> bool:
        places = self._places
        last = len(places) - 1
        at = mark & last
        while (there := places[at]) != 0:
            if there == mark:
                return True
            at = (at + 1) & last
        return False

    def _put(self, mark: int) -> None:
        places = self._places
        last = len(places) - 1
        at = mark & last
        while places[at]:
            at = (at + 1) & last
        places[at] = mark
        self._used += 1

    def _grow(self) -> None:
        marks = self._places
        self._used = 0
        if len(marks) >= _MOST:
            self._places = array("Q", bytes(8 * _MOST))
            self.forgotten = True
            return
        self._places = array("Q", bytes(16 * len(marks)))
        for mark in marks:
            if mark:
                self._put(mark)
