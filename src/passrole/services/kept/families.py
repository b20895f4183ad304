"""Which operations belong to one resource: made by ``python -m tools.kept_families`` from the models."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

FILE: Final = Path(__file__).parent / "families.json"


class Family(msgspec.Struct, frozen=True, omit_defaults=True):
    """The operations of one resource type of one service, and how its resources are known.

    parents are the input members that name what the resource is part of, self the one that names the
    resource itself ("" where it is one a Region). given is the member of make's input that self is taken
    from; where it is "", the service makes an id of form (see ``identity``). arn is a template with
    ``{partition}``, ``{region}``, ``{account}``, ``{id}`` and the parents; "" where AWS gives it none.
    """

    noun: str  # "Scraper"
    make: str = ""  # "CreateScraper"
    replaces: bool = False  # make is a Put: it replaces what is there
    job: bool = False
    read: str = ""
    lists: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
    end: str = ""
    parents: tuple[str, ...] = ()
    self: str = ""
    given: str = ""
    form: str = ""
    arn: str = ""


class Tagging(msgspec.Struct, frozen=True, omit_defaults=True):
    """The operations on tags of a service that has no other: member names the resource by its ARN."""

    member: str
    tag: str = ""
    untag: str = ""
    list: str = ""


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """One service."""

    families: tuple[Family, ...]
    tagging: Tagging | None = None


@cache
def services() -> dict[str, Kept]:
    """By botocore's name. Read at the first use."""
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Kept])


@cache
def operations() -> dict[tuple[str, str], tuple[str, Family]]:
    """What each operation does (``make``, ``read``, ``list``, ``change``, ``end``), and to which family."""
    found: dict[tuple[str, str], tuple[str, Family]] = {}
    for service, kept in services().items():
        for family in kept.families:
            rows = (
                ("make", (family.make,)),
                ("read", (family.read,)),
                ("list", family.lists),
                ("change", family.change),
                ("end", (family.end,)),
            )
            for role, names in rows:
                for name in names:
                    if name:
                        found.setdefault((service, name), (role, family))
    return found
