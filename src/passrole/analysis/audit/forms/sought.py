"""Files in which one must go back and forth: what comes as a stream is put into a temporary file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.forms.intake import Intake

Whole = Callable[[], BinaryIO | None]  # gives the file that the intake comes of; None for a stream


def nowhere() -> BinaryIO | None:
    """Of what comes as a stream."""
    return None


@contextmanager
def sought(intake: Intake[R], whole: Whole) -> Iterator[BinaryIO]:
    """What is left of the intake, as a file: the whole one where that begins the same."""
    start = intake.left[:64]
    file = whole()
    if file is not None:
        at = file.tell()
        file.seek(0)
        if file.read(len(start)) == start:
            file.seek(0)
            yield file
            return
        file.seek(at)
    import tempfile  # here as most trails need none

    with tempfile.TemporaryFile() as made:
        made.write(intake.left)
        intake.left = b""
        while intake.more():
            made.write(intake.left)
            intake.left = b""
        made.seek(0)
        yield made
