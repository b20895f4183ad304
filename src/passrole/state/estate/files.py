"""The files that an estate is read from: JSON, gzipped or not, alone or in folders."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import orjson

from passrole.state.estate.notes import UnreadableEstate

_SUFFIXES: Final = (".json", ".json.gz")


def expanded(paths: Iterable[Path | str]) -> Iterator[tuple[str, bool]]:
    """Every file once, the files of folders in order of name; with each whether it was chosen by itself.

    Of a folder the .json and .json.gz files are taken, those of its folders too. Raises UnreadableEstate for
    a folder without any.
    """
    seen: set[Path] = set()
    for path in map(Path, paths):
        inside = _inside(path) if path.is_dir() else [path]
        if not inside:
            raise UnreadableEstate(f"{path}: the folder has no .json and no .json.gz file")
        for file in inside:
            place = file.resolve()
            if place not in seen:
                seen.add(place)
                yield str(file), file is path


def _inside(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.name.endswith(_SUFFIXES) and file.is_file())


def read_content(path: str) -> object:
    """The JSON value in a file. Raises UnreadableEstate."""
    try:
        text = Path(path).read_bytes()
        if text.startswith(b"\x1f\x8b"):
            text = gzip.decompress(text)
        found: object = orjson.loads(text)
    except (OSError, EOFError, zlib.error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableEstate(f"{path}: {why}") from error
    except orjson.JSONDecodeError as error:
        raise UnreadableEstate(f"{path}: {_why_no_json(text, error)}") from error
    return found


def _why_no_json(text: bytes, error: orjson.JSONDecodeError) -> str:
    if not text.strip():
        return "the file is empty"
    if text[:1] in b"{[" and error.pos >= len(text.rstrip()):
        return f"the file is cut short: its JSON does not end (line {error.lineno})"
    return f"not JSON: {error}"


class Content:
    """Files' content; the last one is kept: one file may hold the pages of many accounts."""

    def __init__(self) -> None:
        self._path = ""
        self._content: object = None

    def read(self, path: str) -> object:
        """As read_content."""
        if path != self._path:
            self._content = None  # before the next one takes its room
            self._content = read_content(path)
            self._path = path
        return self._content
