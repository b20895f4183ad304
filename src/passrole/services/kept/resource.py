"""A kept resource as it is stored, and how it is found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from passrole.services.kept.families import Family
from passrole.state.directory import Directory
from passrole.state.entities import Entity, register

_RELATION = "kept"


@register
class KeptResource(Entity, frozen=True, kw_only=True):
    """One resource. body is what its calls said, as MessagePack: times and bytes stay what they are."""

    kind: ClassVar[str] = "kept"
    service: str  # botocore's name
    region: str
    noun: str
    parents: tuple[str, ...] = ()
    id: str
    name: str = ""
    arn: str = ""
    created: datetime
    changed: datetime
    ended: bool = False  # a job that was stopped
    body: bytes

    @property
    def key(self) -> str:
        return "\n".join((self.service, self.region, self.noun, *self.parents, self.id))

    def refers(self) -> Iterator[tuple[str, str]]:
        yield _RELATION, _place(self.service, self.region, self.noun)
        for alias in {self.id, self.name, self.arn} - {""}:
            yield _RELATION, _place(self.service, self.region, self.noun, alias)
        if self.arn:
            yield _RELATION, self.arn

    @property
    def said(self) -> dict[str, object]:
        """What its calls said of it, in AWS's member names."""
        return msgspec.msgpack.decode(self.body, type=dict[str, object])


def packed(said: Mapping[str, object]) -> bytes:
    """See KeptResource.body."""
    return msgspec.msgpack.encode(said)


def found(
    directory: Directory, account: str, region: str, service: str, family: Family, given: Mapping[str, object]
) -> KeptResource | None:
    """The resource that an input names, by its id, its ARN or its name."""
    named = str(given.get(family.self) or "") if family.self else family.noun
    for alias in dict.fromkeys((named, _last(named))):
        for one in directory.referring(_RELATION, _place(service, region, family.noun, alias)):
            if isinstance(one, KeptResource) and one.account == account and inside(one, family, given):
                return one
    return None


def inside(one: KeptResource, family: Family, given: Mapping[str, object]) -> bool:
    """Is it part of what the input names? A parent that the input leaves out is any."""
    return all(
        given.get(member) is None or _last(str(given[member])) == _last(value)
        for member, value in zip(family.parents, one.parents, strict=True)
    )


def all_of(
    directory: Directory, account: str, region: str, service: str, family: Family
) -> list[KeptResource]:
    """Every resource of a family in one Region, oldest first."""
    there = directory.referring(_RELATION, _place(service, region, family.noun))
    mine = [one for one in there if isinstance(one, KeptResource) and one.account == account]
    return sorted(mine, key=lambda one: (one.created, one.id))


def by_arn(directory: Directory, arn: str) -> KeptResource | None:
    """The resource of an ARN."""
    one = directory.oldest(_RELATION, arn)
    return one if isinstance(one, KeptResource) else None


def _place(*parts: str) -> str:
    return "\n".join(parts)


def _last(text: str) -> str:
    """``abc`` of ``arn:…:thing/abc``: services take an id and an ARN in one member."""
    return text.rpartition(":")[2].rpartition("/")[2] if text.startswith("arn:") else text
