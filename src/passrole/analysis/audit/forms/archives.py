"""Folders of logs in one file, zip or tar: each file in it is read as if it lay there by itself."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from passrole.analysis.audit.aside import is_aside
from passrole.analysis.audit.exports import R
from passrole.analysis.audit.faults import Digest, Foreign
from passrole.analysis.audit.forms.intake import Fault, Intake
from passrole.analysis.audit.forms.sought import Whole, sought

_ZIP: Final = b"PK\x03\x04"
_TAR: Final = b"ustar"
_TAR_AT: Final = 257


class Member(Protocol):
    """A file in an archive."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes, b"" at the end."""


Read = Callable[[Member, Fault], Iterator[list[R]]]  # what reads one of the files


def is_archive(head: bytes) -> bool:
    """Does a file begin as one?"""
    return head.startswith(_ZIP) or head.startswith(_TAR, _TAR_AT)


def archive(intake: Intake[R], whole: Whole, read: Read[R]) -> Iterator[list[R]]:
    """The records of all files in it. Raises Foreign."""
    members = _zipped(intake, whole) if intake.left.startswith(_ZIP) else _tarred(intake, whole)
    for name, member in members:
        if is_aside(name):
            continue
        try:
            yield from read(member, _within(intake, name))
        except Digest:
            continue
        except Foreign as error:
            intake.fault(name, str(error))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, tarfile.TarError) as error:
            intake.fault(name, f"damaged or cut off: {error}")


def _within(intake: Intake[R], name: str) -> Fault:
    def fault(place: str, why: str) -> None:
        intake.fault(f"{name}: {place}" if place else name, why)

    return fault


def _zipped(intake: Intake[R], whole: Whole) -> Iterator[tuple[str, Member]]:
    with sought(intake, whole) as file:
        if intake.cut is not None:  # the list of its files stands at the end
            return
        try:
            with zipfile.ZipFile(file) as opened:
                for one in opened.infolist():
                    if not one.is_dir():
                        with opened.open(one) as member:
                            yield one.filename, member
        except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, ValueError) as error:
            raise Foreign(f"a zip archive that cannot be read: {error}") from error


def _tarred(intake: Intake[R], whole: Whole) -> Iterator[tuple[str, Member]]:
    with sought(intake, whole) as file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as opened:
                for one in opened:
                    if one.isfile() and (member := opened.extractfile(one)) is not None:
                        with member:
                            yield one.name, member
        except (tarfile.TarError, OSError, ValueError) as error:
            raise Foreign(f"a tar archive that cannot be read: {error}") from error
