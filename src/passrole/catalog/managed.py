"""AWS's managed policies, read off the list that the installed moto package ships.

moto is not imported: its list is one JSON text in a Python source of 5 MB, found through the package's
files. Names are found by one pass over its bytes; a policy's document is parsed only when it is asked for.
"""

from __future__ import annotations

import base64
import hashlib
import mmap
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson

from passrole.catalog.files import BadCatalogFile

_LIST: Final = "iam/aws_managed_policies.py"
# A policy starts on a line of its own, one space in: ``"AdministratorAccess":{``; its path stands two in.
# Both begin with a literal, so that the search runs at memory speed.
_POLICY: Final = re.compile(rb'\n "([\w+=,.@-]+)": ?\{')
_PATH: Final = re.compile(rb'\n  "Path": ?"([^"]+)"')


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """One of AWS's managed policies; of its versions only the default one is known.

    id is not AWS's, which the list does not tell: it is made from the ARN, so it stays the same.
    """

    arn: str
    name: str
    path: str
    id: str
    version: str  # of the default: "v3"
    document: str  # JSON text
    created: datetime
    updated: datetime
    description: str = ""  # the list has none


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a policy stands in the file, in bytes."""

    name: str
    path: str
    start: int  # of its "{"
    end: int  # past its "}"


def all_arns() -> tuple[str, ...]:
    """The ARN of every policy, in order."""
    return tuple(_index())


@lru_cache(maxsize=256)
def get(arn: str) -> ManagedPolicy | None:
    """The policy of exactly that ARN, None where AWS has none (or had none when the list was made)."""
    place = _index().get(arn)
    if place is None:
        return None
    with _content() as content:
        row: Mapping[str, Any] = orjson.loads(content[place.start : place.end])
    return ManagedPolicy(
        arn=arn,
        name=place.name,
        path=place.path,
        id=_id(arn),
        version=row["DefaultVersionId"],
        document=orjson.dumps(row["Document"]).decode(),
        created=datetime.fromisoformat(row["CreateDate"]),
        updated=datetime.fromisoformat(row["UpdateDate"]),
    )


@lru_cache(maxsize=1)
def _index() -> Mapping[str, _Place]:
    """Every policy by ARN, in order of ARN."""
    found: dict[str, _Place] = {}
    with _content() as content:
        heads = list(_POLICY.finditer(content))
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            limit = following.start() if following is not None else len(content)
            end = content.rfind(b"\n }", head.end(), limit) + len(b"\n }")
            path = _PATH.search(content, head.end(), end)
            place = _Place(
                name=head[1].decode(),
                path=path[1].decode() if path is not None else "/",
                start=head.end() - 1,
                end=end,
            )
            found[f"arn:aws:iam::aws:policy{place.path}{place.name}"] = place
    return dict(sorted(found.items()))


@contextmanager
def _content() -> Iterator[mmap.mmap]:
    with _file().open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


@lru_cache(maxsize=1)
def _file() -> Path:
    """Raises BadCatalogFile where moto is not installed, or no longer ships the list."""
    spec = find_spec("moto")  # looks for the package without running it
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / _LIST
        if path.exists():
            return path
    raise BadCatalogFile(_LIST, "is not there: moto is not installed, or no longer ships it")


def _id(arn: str) -> str:
    """``ANPA`` and 17 letters and digits, always the same for an ARN."""
    digest = base64.b32encode(hashlib.sha256(arn.encode()).digest()).decode()
    return f"ANPA{digest[:17]}"
