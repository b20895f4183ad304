"""What the operations of a kept resource do: make, read, list, change and end it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

import msgspec

from passrole.authorize.call import Call
from passrole.catalog import templates
from passrole.services import pages
from passrole.services.kept import resource
from passrole.services.kept.answers import Answer, listed, plain, texts
from passrole.services.kept.families import Family, services
from passrole.services.kept.identity import prefixed
from passrole.services.kept.resource import KeptResource
from passrole.services.operation import Output
from passrole.state.directory import Directory
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.wire import models
from passrole.wire.models import Operation

# How AWS's services call these errors; the model says which of them an operation has.
_NOT_FOUND: Final = re.compile(r"NotFound|NoSuch|DoesNotExist|UnknownResource|NonExist", re.ASCII)
_TAKEN: Final = re.compile(r"AlreadyExist|Conflict|InUse|Duplicate|ResourceExist", re.ASCII)

_TOKENS: Final = ("nexttoken", "marker", "pagetoken", "nextpagetoken", "startingtoken", "nextmarker")
_SIZES: Final = ("maxresults", "maxrecords", "limit", "maxitems", "pagesize", "maxpagesize")
_PAGE: Final = 100
_NAMES: Final = frozenset(("id", "name", "arn", "identifier", ""))


@dataclass(frozen=True, slots=True)
class Work:
    """One call on one family, and what it may touch."""

    call: Call
    family: Family
    directory: Directory
    ids: Ids

    @property
    def model(self) -> Operation:
        """The operation's model."""
        return models.service(self.call.service).operation(self.call.operation)

    @property
    def said(self) -> dict[str, object]:
        """The input, without a structure that is nothing but the request's body, and without tokens."""
        shape = self.model.input
        said: dict[str, object] = {}
        for name, value in self.call.input.items():
            member = shape.members.get(name) if shape is not None else None
            if member is not None and member.idempotency_token:
                continue
            body = shape is not None and shape.payload == name
            if body and isinstance(value, Mapping):
                said |= value
            else:
                said[name] = value
        return said

    def found(self) -> KeptResource:
        """The resource that the input names. Raises the operation's own error where it is not there."""
        one = self.look(self.family)
        return one if one is not None else self.missing(self.family)

    def look(self, family: Family) -> KeptResource | None:
        """The resource of a family that the input names, None where it is not there."""
        call = self.call
        return resource.found(
            self.directory, call.account, call.region, call.service, family, {**self.said, **call.input}
        )

    def missing(self, family: Family) -> NoReturn:
        """Says that what the input names is not there."""
        named = self.call.input.get(family.self, "") if family.self else ""
        raise self.error(_NOT_FOUND, "ResourceNotFoundException", 404, f"{family.noun} {named} not found.")

    def taken(self, one: KeptResource) -> NoReturn:
        """Says that the resource is there already."""
        text = f"{self.family.noun} {one.id} already exists."
        raise self.error(_TAKEN, "ConflictException", 409, text)

    def error(self, names: re.Pattern[str], code: str, status: int, message: str) -> ServiceError:
        """The operation's own error of that sense; code and status where its model has none."""
        for shape in self.model.errors:
            if names.search(shape.name):
                trait = shape.error
                return ServiceError(
                    message, code=trait.code or shape.name, status=trait.http_status_code or 400
                )
        return ServiceError(message, code=code, status=status)


def make(work: Work) -> Output:
    """Keeps a new resource; a Put replaces what is there."""
    family, call, said = work.family, work.call, work.said
    _check_parents(work)
    parents = tuple(str(said.get(member, "")) for member in family.parents)
    given = said.get(family.given) if family.given else None
    identity = str(given) if given else prefixed(family.form, work.ids) if family.form else family.noun
    there = work.look(family) if given or not family.form else None
    if there is not None and not family.replaces:
        work.taken(there)
    name = next((str(said[member]) for member in said if _names(member, family)), "")
    one = KeptResource(
        account=call.account,
        service=call.service,
        region=call.region,
        noun=family.noun,
        parents=parents,
        id=there.id if there is not None else identity,
        name=name,
        arn=there.arn if there is not None else _arn(work, identity, parents),
        created=there.created if there is not None else call.now,
        changed=call.now,
        body=resource.packed(said),
    )
    work.directory.put(one)
    return Answer(one, family).output(work.model.output)


def read(work: Work) -> Output:
    """Shows one resource."""
    return Answer(work.found(), work.family).output(work.model.output)


def change(work: Work) -> Output:
    """Keeps what the call says over what was said before; what it leaves out stays."""
    one = work.found()
    family = work.family
    ours = {family.self, *family.parents}
    said = {name: value for name, value in work.said.items() if name not in ours}
    # A member that is spelled otherwise by the operation that made the resource is the same one.
    kept = {plain(name): name for name in one.said}
    body = one.said | {kept.get(plain(name), name): value for name, value in said.items()}
    changed = msgspec.structs.replace(one, changed=work.call.now, body=resource.packed(body))
    work.directory.put(changed)
    return Answer(changed, family).output(work.model.output)


def end(work: Work) -> Output:
    """Forgets a resource; a job that is stopped stays to be looked at."""
    one, family = work.found(), work.family
    if family.job and not work.call.operation.startswith(("Delete", "Deregister")):
        one = msgspec.structs.replace(one, changed=work.call.now, ended=True)
        work.directory.put(one)
    else:
        work.directory.delete(one)
    return Answer(one, family).output(work.model.output)


def listing(work: Work) -> Output:
    """The resources of a family, a page of them, as far as the input's names and parents go."""
    call, family, shape = work.call, work.family, work.model.output
    member = listed(shape, family)
    if shape is None or not member:
        return {}
    there = resource.all_of(work.directory, call.account, call.region, call.service, family)
    asked = work.model.input
    # What a listing requires says of what it is a listing, not which of it.
    filters = {name: value for name, value in call.input.items() if asked and name not in asked.required}
    wanted = _wanted(filters, family)
    there = [
        one
        for one in there
        if resource.inside(one, family, call.input)
        and (not wanted or not wanted.isdisjoint((one.id, one.name, one.arn)))
    ]
    by_plain = {plain(name): name for name in call.input}
    token = next((str(call.input[by_plain[name]]) for name in _TOKENS if name in by_plain), None)
    size = next((call.input[by_plain[name]] for name in _SIZES if name in by_plain), _PAGE)
    try:
        shown, more = pages.page_of(there, token, _whole(size))
    except pages.ForeignToken as error:
        raise ServiceError(
            "The pagination token is not valid.", code="ValidationException", status=400
        ) from error
    element = shape.members[member].member
    elements = [Answer(one, family).element(element) for one in shown]
    output: dict[str, object] = {member: [one for one in elements if one is not None]}
    following = next((name for name in shape.members if plain(name) in _TOKENS), "")
    if more is not None and following:
        output[following] = more
    return output


ROLES: Final[Mapping[str, Callable[[Work], Output]]] = {
    "make": make,
    "read": read,
    "change": change,
    "end": end,
    "list": listing,
}


def _check_parents(work: Work) -> None:
    """What the new resource is part of must be there, where it is one that is kept here."""
    for member in work.family.parents:
        family = parent(work.call.service, work.family, member)
        if family is not None:
            named = msgspec.structs.replace(family, self=member)
            if work.look(named) is None:
                work.missing(named)


def parent(service: str, family: Family, member: str) -> Family | None:
    """The family of what a parent's member names, None where that is not kept here."""
    there = services()[service].families
    return next((one for one in there if one.noun != family.noun and names(one, member)), None)


def names(family: Family, member: str) -> bool:
    """Does a member of that name name a resource of the family: its id, its name, its ARN?"""
    noun, name = plain(family.noun), plain(member)
    return bool(family.self) and name.startswith(noun) and name.removeprefix(noun) in _NAMES


def _names(member: str, family: Family) -> bool:
    return plain(member) in ("name", plain(family.noun) + "name")


def _arn(work: Work, identity: str, parents: tuple[str, ...]) -> str:
    family, call = work.family, work.call
    if identity.startswith("arn:"):
        return identity
    if not family.arn:
        return ""
    given = {"id": identity, **dict(zip(family.parents, parents, strict=True))}
    filled = templates.fill(family.arn, given, partition="aws", region=call.region, account=call.account)
    return filled[0] if filled else ""


def _wanted(given: Mapping[str, object], family: Family) -> frozenset[str]:
    """The ids, names or ARNs that a listing is limited to."""
    noun = plain(family.noun)
    found: list[str] = []
    for name, value in given.items():
        if re.fullmatch(f"({noun})?(ids?|names?|arns?|identifiers?)", plain(name)):
            found += texts(value) if not isinstance(value, str) else (value,)
    return frozenset(found)


def _whole(size: object) -> int:
    return size if isinstance(size, int) and size > 0 else _PAGE
