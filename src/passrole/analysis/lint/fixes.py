"""Changes that are safe to make in place: only the characters that are wrong, the rest as it is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from passrole.analysis.lint.rule import Finding, Fix
from passrole.analysis.lint.sources import UnreadableFile


@dataclass(frozen=True, slots=True)
class Fixed:
    """A text with its changes, the findings that they answer, and those that are left."""

    text: str
    done: tuple[Finding, ...]
    left: tuple[Finding, ...]


def fixed(text: str, findings: Iterable[Finding]) -> Fixed:
    """The text with every safe change made. A change whose place does not read as expected is left."""
    done: list[Finding] = []
    left: list[Finding] = []
    places: dict[tuple[int, int, str], Fix] = {}
    for one in findings:
        place = _place(text, one.fix) if one.fix is not None else None
        if one.fix is None or place is None or _overlaps(place, one.fix, places):
            left.append(one)
            continue
        places[(*place, one.fix.new)] = one.fix
        done.append(one)
    for start, end, new in sorted(places, reverse=True):
        text = text[:start] + new + text[end:]
    return Fixed(text, tuple(done), tuple(left))


def _place(text: str, fix: Fix) -> tuple[int, int] | None:
    """Where old stands, if it does so once: in an escaped or a computed text it does not."""
    found = text[fix.start : fix.end]
    if not fix.old or found.count(fix.old) != 1:
        return None
    start = fix.start + found.index(fix.old)
    return start, start + len(fix.old)


def _overlaps(place: tuple[int, int], fix: Fix, places: Iterable[tuple[int, int, str]]) -> bool:
    start, end = place
    return any(
        start < other_end and other_start < end and (start, end, fix.new) != (other_start, other_end, new)
        for other_start, other_end, new in places
    )


def write(path: Path, text: str) -> None:
    """Replaces a file's text in one step, its mode kept. Raises UnreadableFile."""
    try:
        mark = "\ufeff" if path.read_bytes().startswith(b"\xef\xbb\xbf") else ""
        mode = path.stat().st_mode & 0o7777
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as out:
            out.write(mark + text)
        os.chmod(out.name, mode)
        os.replace(out.name, path.resolve())
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
