"""Events by name: which operations that take a role an event may be of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from passrole.analysis.audit.inputs import Recorded
from passrole.catalog import operations, paths, templates
from passrole.catalog.files import BadCatalogFile
from passrole.catalog.operations import Operation
from passrole.catalog.role_parameters import LAUNCH_TEMPLATE, TASK_DEFINITION, RoleParameter
from passrole.catalog.services import event_name, event_source
from passrole.catalog.services import service as known_service
from passrole.state.records.names import event_names
from passrole.wire import services

# CreateFunction20150331v2, CreateDistribution2020_05_31. Source: CloudTrail User Guide; recorded events.
_VERSION: Final = re.compile(r"\d{8}(?:v\d+)?$|\d{4}_\d{2}_\d{2}$", re.ASCII)
_REGIONS_KEPT: Final = 100  # Regions whose service principals are remembered
_NAMES_KEPT: Final = 20_000  # names of events that are remembered to be of no interest


class Place(NamedTuple):
    """A role parameter in one Region: what it holds is passed to service.

    services are all values that iam:PassedToService may have had, resource the template of what gets the
    role, "" where the input does not name it.
    """

    row: RoleParameter
    is_profile: bool
    may_be_name: bool
    is_told: bool  # False: a launch template or task definition, whose roles no record has
    service: str
    services: tuple[str, ...]
    resource: str

    @classmethod
    def there(cls, row: RoleParameter, resource: str, service: str, region: str) -> Place:
        """The row of one of botocore's services."""
        passed_to = service_of(row, service, region)
        return cls(
            row,
            is_profile="profile" in row.holds,
            may_be_name="name" in row.holds,
            is_told=row.holds not in (LAUNCH_TEMPLATE, TASK_DEFINITION),
            service=passed_to,
            services=tuple(one.replace("{region}", region) for one in row.principals) or (passed_to,),
            resource=resource,
        )


@dataclass(frozen=True, eq=False)
class Taker:
    """One operation that takes roles. sources are what CloudTrail may call its service."""

    service: str  # botocore's name
    called: str
    sources: frozenset[str]

    @cached_property
    def name(self) -> str:
        """``lambda:CreateFunction``."""
        return f"{self.service}:{self.called}"

    @cached_property
    def operation(self) -> Operation:
        """As the catalog has it, which is read when one of its events is met."""
        known = operations.operation(self.service, self.called)
        if known is None:  # the list of those that take roles and the services' files are made together
            raise BadCatalogFile("passing", f"has {self.name}, which no service's file has")
        return known

    @cached_property
    def _places(self) -> dict[str, tuple[Place, ...]]:
        return {}

    def places(self, region: str) -> tuple[Place, ...]:
        """Its role parameters, as a call in that Region has them."""
        found = self._places.get(region)
        if found is None:
            rows = self.operation.role_parameters
            found = tuple(Place.there(row, self.resource(row), self.service, region) for row in rows)
            if len(self._places) < _REGIONS_KEPT:
                self._places[region] = found
        return found

    @cached_property
    def recorded(self) -> Recorded:
        """Reads the part of its input on which roles, and the resource that gets them, depend."""
        members = frozenset(
            steps[0].name
            for path in self._paths()
            if (steps := paths.parse(path)) and steps[0].kind == "member"
        )
        return Recorded(self.service, self.called, members)

    def resource(self, row: RoleParameter) -> str:
        """The template of what gets the role, "" where the input does not name it."""
        template = row.associated_resource
        if not template and self.operation.actions:
            required = (one for one in self.operation.actions[0].resources if one.required)
            template = next((one.template for one in required), "")
        return "" if "*" in template else template

    def _paths(self) -> Iterator[str]:
        for row in self.operation.role_parameters:
            yield row.path
            if row.when:
                yield re.split("[=~]", row.when.removeprefix("!"), maxsplit=1)[0]
            for tried in templates.input_paths(self.resource(row)):
                yield from tried


def service_of(row: RoleParameter, service: str, region: str) -> str:
    """The service principal that a role parameter hands its role to.

    Where AWS's sources disagree, the one under which the service assumes the role.
    """
    names = row.principals
    if row.disputed:
        names = tuple(one for one in row.trust_principals if one in row.principals) or names
    names = names or row.trust_principals
    if names:
        return names[0].replace("{region}", region)
    known = known_service(service)
    return known.principal if known is not None and known.principal else f"{service}.amazonaws.com"


class Takers:
    """Every operation that takes a role, by the names that its events may have."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[Taker]] = {}
        for service, called in operations.passing_names():
            own = event_names(service, called)
            taker = Taker(service, called, _sources_of_service(service) | {own.source})
            for name in dict.fromkeys((called, own.name, event_name(service, called))):
                self._by_name.setdefault(name, []).append(taker)
        for takers in self._by_name.values():
            takers.sort(key=lambda taker: taker.name)
        self._uninteresting: dict[str, tuple[Taker, ...]] = {}
        self._found: dict[tuple[str, str], tuple[Taker, ...]] = {}

    def named(self, event: str) -> list[Taker] | tuple[Taker, ...]:
        """The operations whose events may be called that; mostly none."""
        found = self._by_name.get(event)
        if found is not None:
            return found
        if event in self._uninteresting:
            return ()
        bare = _VERSION.sub("", event)
        found = self._by_name.get(bare)
        if found is not None:
            self._by_name[event] = found
            return found
        if len(self._uninteresting) < _NAMES_KEPT:
            self._uninteresting[event] = ()
        return ()

    @property
    def uninteresting(self) -> Mapping[str, object]:
        """Names that are known to be of no interest, for a reader that asks of millions."""
        return self._uninteresting

    def of(self, event: str, source: str) -> tuple[Taker, ...]:
        """Those of them that CloudTrail may record under a source; those that it names first."""
        found = self._found.get((event, source))
        if found is None:
            own = f"{taker_prefix(source)}:"
            fits = [taker for taker in self.named(event) if source.removesuffix(".cn") in taker.sources]
            found = tuple(sorted(fits, key=lambda taker: not taker.name.startswith(own)))
            if len(self._found) < _NAMES_KEPT:
                self._found[event, source] = found
        return found


def taker_prefix(source: str) -> str:
    """``rds`` of ``rds.amazonaws.com``."""
    return source.partition(".")[0]


@lru_cache(maxsize=1024)
def _sources_of_service(service: str) -> frozenset[str]:
    entry = services.index().get(service)
    known = known_service(service)
    found = {event_source(service), f"{service}.amazonaws.com"}
    if entry is not None:
        found |= {f"{entry.signing_name}.amazonaws.com", f"{entry.endpoint_prefix}.amazonaws.com"}
    if known is not None:
        found |= {known.principal, f"{known.prefix}.amazonaws.com"}
    return frozenset(one for one in found if one)


@lru_cache(maxsize=1)
def takers() -> Takers:
    """The table of this catalog, made at first use."""
    return Takers()
