"""Compressed trails, and folders of them in one file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analysis.audit.test_auditing import EVENTS, Dripping, audited, compact, read
from tests.analysis.audit.test_columns import as_parquet, athena

from passrole.analysis.audit.aside import is_aside
from passrole.analysis.audit.faults import Cut, Foreign
from passrole.analysis.audit.marks import CHUNK
from passrole.analysis.audit.streams import chunks

pyarrow = pytest.importorskip("pyarrow")

LOG = compact({"Records": EVENTS})
IDS = [one["eventID"] for one in EVENTS]


def zstandard(content: bytes) -> bytes:
    """Compressed by Zstandard."""
    packed: bytes = pyarrow.compress(content, codec="zstd", asbytes=True)
    return packed


PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "gzip twice": lambda content: gzip.compress(gzip.compress(content)),
    "gzips in gzip": lambda content: gzip.compress(
        gzip.compress(content[:1000]) + gzip.compress(content[1000:])
    ),
    "bzip2": bz2.compress,
    "bzip2, several": lambda content: bz2.compress(content[:1000]) + bz2.compress(content[1000:]),
    "xz": lzma.compress,
    "Zstandard": zstandard,
    "Zstandard, several": lambda content: zstandard(content[:1000]) + zstandard(content[1000:]),
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "UTF-16, big end first": lambda content: b"\xfe\xff" + content.decode().encode("utf-16-be"),
    "UTF-16 in gzip": lambda content: gzip.compress(content.decode().encode("utf-16")),
}


@pytest.mark.parametrize("how", PACKED)
def test_decompresses_whatever_it_is(tmp_path: Path, how: str) -> None:
    path = tmp_path / "trail"
    path.write_bytes(PACKED[how](LOG))
    found = audited(path)
    assert (found.records, found.skipped) == (len(EVENTS), [])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PACKED)), st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_gives_the_same_however_the_bytes_come(how: str, sizes: list[int]) -> None:
    assert b"".join(chunks(Dripping(PACKED[how](LOG), sizes))) == LOG


@pytest.mark.parametrize("how", [one for one in PACKED if "UTF" not in one])
def test_a_cut_gives_what_is_before_it(how: str) -> None:
    content = b"".join(b"%d %s\n" % (number, LOG[number : number + 50]) for number in range(40_000))
    packed = PACKED[how](content)
    pieces: list[bytes] = []
    with pytest.raises(Cut, match=r"missing|Truncated"):
        pieces.extend(chunks(io.BytesIO(packed[: len(packed) * 3 // 4])))
    assert all(0 < len(piece) <= 2 * CHUNK for piece in pieces)
    assert pieces
    assert content.startswith(b"".join(pieces))


@pytest.mark.parametrize(("how", "name"), [("bzip2", "bzip2"), ("xz", "xz"), ("Zstandard", "Zstandard")])
def test_damage_is_named(how: str, name: str) -> None:
    packed = bytearray(PACKED[how](LOG))
    at = 4 if how == "Zstandard" else 100  # which checks nothing but how its blocks begin
    packed[at : at + 300] = b"\xff" * 300
    with pytest.raises(Cut, match=f"damaged {name}|damaged or cut-off {name}"):
        list(chunks(io.BytesIO(bytes(packed))))


# --- Archives ------------------------------------------------------------------------------------

FILES: Mapping[str, bytes] = {
    "AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz": gzip.compress(compact({"Records": EVENTS[:20]})),
    "AWSLogs/111122223333/CloudTrail/us-east-1/b.json": compact({"Records": EVENTS[20:30]}),
    "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/d.json": b"never read",
    "unload/part-0.parquet": as_parquet(athena(EVENTS[30:])),
    "notes.txt": b"nothing\n",
    "broken.jsonl": compact(EVENTS[0]) + b"\n{\n",
}


def zipped(files: Mapping[str, bytes] = FILES, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as opened:
        opened.mkdir("AWSLogs")
        for name, content in files.items():
            opened.writestr(name, content)
    return made.getvalue()


def tarred(mode: str = "w") -> bytes:
    """A tar archive."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as opened:  # type: ignore[call-overload]  # any mode
        folder = tarfile.TarInfo("AWSLogs")
        folder.type = tarfile.DIRTYPE
        opened.addfile(folder)
        for name, content in FILES.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            opened.addfile(one, io.BytesIO(content))
    return made.getvalue()


ARCHIVES: Mapping[str, Callable[[], bytes]] = {
    "zip": zipped,
    "zip of what is compressed already": lambda: zipped(how=zipfile.ZIP_STORED),
    "zip in gzip": lambda: gzip.compress(zipped()),
    "tar": tarred,
    "tar.gz": lambda: tarred("w:gz"),
    "tar.bz2": lambda: tarred("w:bz2"),
    "tar.xz": lambda: tarred("w:xz"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_reads_every_file_in_an_archive(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "trail"
    path.write_bytes(ARCHIVES[kind]())
    found = audited(path)
    assert found.records == len(EVENTS) + 1
    assert {(one.place, one.why) for one in found.skipped} == {
        ("notes.txt", "not a trail: neither JSON nor an export of records"),
        ("broken.jsonl: line 2", "broken JSON"),
    }


def test_an_archive_in_an_archive_is_read() -> None:
    found, faults = read(zipped({"inner.zip": zipped({"a.json": LOG})}))
    assert [one.eventID for one in found] == IDS
    assert faults == []


def test_a_broken_archive_is_named() -> None:
    with pytest.raises(Foreign, match="zip archive that cannot be read"):
        read(zipped()[:-200])
    damaged = bytearray(zipped({"a.json": LOG, "b.json": LOG}))
    damaged[200] ^= 0xFF
    found, faults = read(bytes(damaged))
    assert [one.eventID for one in found][-len(IDS) :] == IDS
    assert {place.partition(":")[0] for place, _ in faults} == {"a.json"}


def test_a_cut_off_archive_gives_the_files_before_the_cut(tmp_path: Path) -> None:
    whole = tarred()
    inside = whole.index(b"PAR1") + 100
    for content in (whole[:inside], gzip.compress(whole[:inside] + bytes(range(256)) * 40)[:-100]):
        path = tmp_path / "trail.tar"
        path.write_bytes(content)
        found = audited(path)
        assert 20 <= found.records < len(EVENTS)
        assert any("damaged or cut off" in one.why and "parquet" in one.place for one in found.skipped)
        assert any("tar archive" in one.why or "cut-off gzip" in one.why for one in found.skipped)


@pytest.mark.parametrize(
    ("place", "aside"),
    [
        ("AWSLogs/o-1/111122223333/CloudTrail-Digest/us-east-1/2026/01/05/x.json.gz", True),
        ("CloudTrail-Insight/x.json.gz", True),
        ("results/Unsaved/2026/01/05/1b2c.csv.metadata", True),
        ("results/1b2c-manifest.csv", True),
        ("CloudTrail-Lake/Query/2026/01/05/1b2c/result_sign.json", True),
        ("CloudTrail-Lake/Query/2026/01/05/1b2c/result_1.csv.gz", False),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/x.json.gz", False),
    ],
)
def test_what_stands_beside_a_trail_is_not_read(place: str, aside: bool) -> None:
    assert is_aside(place) is aside
