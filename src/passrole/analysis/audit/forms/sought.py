"""Files in which one must go back and forth: what comes as a stream is put into a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from passrole.analysis.audit.exports import R
from passrole.analysis.audit.forms.intake import Intake


@contextmanager
def sought(intake: Intake[R], file: BinaryIO | None) -> Iterator[BinaryIO]:
    """What is left of the intake, as a file; file itself, where that has the same bytes.

    It has where it can be sought in and begins like what is left: then it is not compressed.
    """
    if file is not None and file.seekable():
        at = file.tell()
        file.seek(0)
        if file.read(len(_start(intake))) == _start(intake):
            file.seek(0)
            yield file
            return
        file.seek(at)
    with tempfile.TemporaryFile() as made:
        made.write(intake.left)
        intake.left = b""
        while intake.more():
            made.write(intake.left)
            intake.left = b""
        made.seek(0)
        yield made


def _start(intake: Intake[R]) -> bytes:
    return intake.left[:64]
