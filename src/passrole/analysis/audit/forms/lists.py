"""``{"Records":[…]}``, as CloudTrail writes it, and ``[…]``: one list or several after one another.

All records of a file begin with the same member, so a piece of it is cut before the last beginning in it, and
decoded as a list in one go. That checks every byte and still passes most of a record over. Where a piece does
not decode, it is gone through record by record, and only what is broken is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, Generic

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.forms.intake import BROKEN, LARGEST, SCANNER, SPACE, Intake, past

_LIST: Final = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_FIRST: Final = re.compile(rb'\s*\{\s*"(\w+)"\s*:')
_USUAL: Final = b"eventVersion"  # what a record begins with
_PATIENCE: Final = 1 << 20  # bytes in which one record at least must begin as the first one does


def is_list(head: bytes) -> bool:
    """Does a file begin as such a list?"""
    return head.startswith(b"[") or _LIST.match(head) is not None


class Lists(Generic[R]):
    """Reads the lists of one file."""

    def __init__(self, intake: Intake[R]) -> None:
        self._in = intake

    def read(self) -> Iterator[list[R]]:
        """All of them."""
        into = self._in
        while True:
            while (opening := self._opening()) is None:
                if not into.more() or len(into.left) > LARGEST:
                    if into.left.strip(SPACE + b"\0"):
                        into.fault(f"after record {into.count}", "something that is no list of records")
                    return
            into.left = into.left[opening:]
            yield from self._list()

    def _opening(self) -> int | None:
        """Where the records of a list begin."""
        opening = _LIST.match(self._in.left)
        if opening is not None:
            return opening.end()
        bare = self._in.left.lstrip(SPACE)
        return len(self._in.left) - len(bare) + 1 if bare.startswith(b"[") else None

    def _list(self) -> Iterator[list[R]]:
        """The records up to the end of the list, whose opening bracket is behind."""
        into = self._in
        first = _FIRST.match(into.left)
        name = first[1] if first is not None else _USUAL
        # What stands between two records: with CloudTrail's own files a text, else a pattern.
        plain = b'},{"' + name + b'":'
        spaced = re.compile(rb'\}\s*,\s*\{\s*"' + re.escape(name) + rb'"\s*:')
        while True:
            at = into.left.rfind(plain)
            if at < 0:
                at = max((found.start() for found in spaced.finditer(into.left)), default=-1)
            if at >= 0:
                end = at + 1
                left = into.left[end:].lstrip(SPACE + b",")
                found, ended = self._decoded(end, spaced)
                yield found
                if ended:  # and another one has begun
                    into.left += b"," + left
                    return
                into.left = left
            # Where none begins as the first one did, twice as much each time: nothing is gone over often.
            if into.more(1 if at >= 0 else len(into.left)):
                if at >= 0 or len(into.left) <= _PATIENCE:
                    continue
                found, ended = self._one_by_one(spaced, last=False)
                yield found
                if not ended and len(into.left) > LARGEST:
                    into.fault(f"record {into.count + 1}", f"{BROKEN}: nothing behind it can be read")
                    into.left, into.over = b"", True
                    return
                if ended:
                    return
                continue
            # The last record, or all of them where no two begin alike, with what closes the list.
            found, _ = self._one_by_one(spaced, last=True)
            yield found
            return

    def _decoded(self, end: int, spaced: re.Pattern[bytes]) -> tuple[list[R], bool]:
        """The records up to there, and whether the list ended before: what is behind is then left."""
        into = self._in
        try:
            found = into.decode_list(b"".join((b"[", memoryview(into.left)[:end], b"]")))
        except (ValueError, RecursionError):
            into.left = into.left[:end]
            return self._one_by_one(spaced, last=True, closed=False)
        return into.kept(found), False

    def _one_by_one(
        self, spaced: re.Pattern[bytes], *, last: bool, closed: bool = True
    ) -> tuple[list[R], bool]:
        """The records in what is left, each decoded by itself; whether the list ended.

        last tells that nothing follows, closed that the list must be closed by then. What was read is
        taken off.
        """
        into = self._in
        text = into.left.decode("latin-1")
        found: list[R] = []
        at = 0
        while (at := past(text, at, " \t\r\n,")) < len(text):
            if text[at] == "]":
                at = past(text, at + 1, " \t\r\n")
                into.left = into.left[at + 1 :] if text[at : at + 1] == "}" else into.left[at:]
                return found, True
            try:
                _, end = SCANNER.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError):
                after = spaced.search(into.left, at + 1)
                if after is None and not last:
                    break
                into.count += 1
                cut_off = after is None and into.cut is not None
                into.fault(f"record {into.count}", "cut off" if cut_off else BROKEN)
                at = after.start() + 1 if after is not None else len(text)
                if after is None:
                    break
            else:
                found += into.single(into.left[at:end])
                at = end
        else:
            if last and closed and into.cut is None:
                into.fault(f"after record {into.count}", "the list of records is not closed")
        into.left = into.left[at:]
        return found, False
