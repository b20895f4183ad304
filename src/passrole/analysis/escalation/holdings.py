"""What holds roles in a live account: functions, stacks, instances, tasks …, as the account lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.analysis.escalation.held import Held, Inventory
from passrole.analysis.escalation.holders import HOLDERS
from passrole.analysis.escalation.listings import LISTINGS, Listing, Path
from passrole.state.entities import InstanceProfile, Role
from passrole.state.estate.estate import Estate
from passrole.values.errors import ServiceError
from passrole.wire.client import Client, NotReached

# Names alone: these tell the projects of some at once. Source: CodeBuild API Reference, BatchGetProjects.
_PROJECTS: Final = 100
# Source: Amazon ECS API Reference, DescribeTasks.
_TASKS: Final = 100


def inventory(client: Client, estate: Estate, notes: list[str]) -> Inventory:
    """The resources of the client's account and Region that hold roles.

    Of those kinds alone whose services some role trusts. What cannot be listed is named in notes, and of the
    inventory's unread kinds.
    """
    reader = _Reader(client, estate)
    wanted = _wanted(estate)
    found: list[Held] = []
    unread: dict[str, str] = {}
    for kind in dict.fromkeys(holder.kind for holder in HOLDERS):
        if kind not in wanted:
            continue
        try:
            rows = reader.rows(kind)
            if rows is None:
                unread[kind] = "which instances they reach is not looked at"
                continue
            found += rows
        except (ServiceError, NotReached) as error:
            unread[kind] = str(error)
    reasons: dict[str, list[str]] = {}
    for kind, reason in unread.items():
        reasons.setdefault(reason, []).append(kind)
    for reason, kinds in reasons.items():
        named = ", ".join(f"{kind}s" for kind in kinds)
        notes.append(f"not known which hold roles: {named} ({reason}): ways through them depend on it")
    return Inventory(tuple(found), frozenset(unread))


def _wanted(estate: Estate) -> frozenset[str]:
    """The kinds whose services some role trusts, or may."""
    trusts = {role.trust for account in estate.accounts for role in estate.directory.all(Role, account)}
    return frozenset(
        holder.kind
        for holder in HOLDERS
        if any(service in trust or '"*"' in trust for service in holder.services for trust in trusts)
    )


class _Reader:
    """Lists one kind after the other."""

    def __init__(self, client: Client, estate: Estate) -> None:
        self._client = client
        self._account = estate.accounts[0] if estate.accounts else ""
        self._roles: dict[str, str] = {}  # by ARN and by name
        self._profiles: dict[str, str] = {}
        self._partition = "aws"
        for role in estate.directory.all(Role, self._account):
            self._roles |= {role.arn: role.arn, role.name: role.arn}
            self._partition = role.arn.split(":")[1]
        for profile in estate.directory.all(InstanceProfile, self._account):
            held = estate.directory.by_id(Role, profile.role_id)
            if held is not None:
                self._profiles |= {profile.arn: held.arn, profile.name: held.arn}

    def rows(self, kind: str) -> list[Held] | None:
        """Those of a kind that hold roles; None for a kind of which it cannot be told.

        Raises ServiceError and NotReached.
        """
        if kind == "build project":
            return [Held(kind, *pair) for pair in self._projects()]
        if kind == "task":
            return [Held(kind, *pair) for pair in self._tasks()]
        if kind == "EKS cluster":
            return [Held(kind, *pair) for pair in self._clusters()]
        if kind == "deployment group":
            pages = self._client.pages("codedeploy", "ListApplications", token="nextToken")
            return None if any(True for page in pages for _ in _at(page, ("applications",))) else []
        listings = [listing for listing in LISTINGS if listing.kind == kind]
        if not listings:
            return None
        return [Held(kind, arn, role) for listing in listings for arn, role in self._listed(listing)]

    def _listed(self, listing: Listing) -> Iterator[tuple[str, str]]:
        client = self._client
        pages = client.pages(
            listing.service,
            listing.operation,
            dict(listing.given),
            token=listing.token,
            out=listing.out,
        )
        for page in pages:
            for row in _at(page, listing.path):
                whole = self._detailed(listing, row)
                if next(_at(whole, listing.unless[0]), None) in listing.unless[1]:
                    continue
                name = whole.get(listing.name)
                for role in dict.fromkeys(self._named(listing, whole)) if isinstance(name, str) else ():
                    form = listing.form.format(
                        name=name, region=client.region, account=self._account, partition=self._partition
                    )
                    yield form, role

    def _detailed(self, listing: Listing, row: object) -> Mapping[str, object]:
        own: Mapping[str, object] = row if isinstance(row, Mapping) else {}
        detail = listing.detail
        if detail is None:
            return own
        given = {member: own.get(source) if source else row for member, source in detail.given}
        answer = self._client.call(listing.service, detail.operation, given)
        more = next(_at(answer, detail.path), None)
        return {**own, **more} if isinstance(more, Mapping) else own

    def _named(self, listing: Listing, row: Mapping[str, object]) -> Iterator[str]:
        known = self._profiles if listing.profiles else self._roles
        for path in listing.roles:
            for text in _at(row, path):
                if isinstance(text, str) and text in known:
                    yield known[text]

    def _projects(self) -> Iterator[tuple[str, str]]:
        names = [
            str(name)
            for page in self._client.pages("codebuild", "ListProjects", token="nextToken")
            for name in _at(page, ("projects",))
        ]
        for first in range(0, len(names), _PROJECTS):
            given = {"names": names[first : first + _PROJECTS]}
            answer = self._client.call("codebuild", "BatchGetProjects", given)
            for row in _at(answer, ("projects",)):
                arn, role = (next(_at(row, (member,)), None) for member in ("arn", "serviceRole"))
                if isinstance(arn, str) and isinstance(role, str):
                    yield arn, self._roles.get(role, role)

    def _clusters(self) -> Iterator[tuple[str, str]]:
        """Clusters by the roles of their pod identities."""
        client = self._client
        form = f"arn:{self._partition}:eks:{client.region}:{self._account}:cluster/"
        for page in client.pages("eks", "ListClusters", token="nextToken"):
            for name in _at(page, ("clusters",)):
                given = {"clusterName": name}
                for some in client.pages("eks", "ListPodIdentityAssociations", given, token="nextToken"):
                    for id in _at(some, ("associations", "associationId")):
                        told = client.call(
                            "eks", "DescribePodIdentityAssociation", {**given, "associationId": id}
                        )
                        for role in _at(told, ("association", "roleArn")):
                            yield f"{form}{name}", str(role)

    def _tasks(self) -> Iterator[tuple[str, str]]:
        """Running tasks, but those that let no commands in, by the role of the task or of its definition."""
        client = self._client
        definitions: dict[object, object] = {}
        for page in client.pages("ecs", "ListClusters", token="nextToken"):
            for cluster in _at(page, ("clusterArns",)):
                arns = [
                    arn
                    for tasks in client.pages("ecs", "ListTasks", {"cluster": cluster}, token="nextToken")
                    for arn in _at(tasks, ("taskArns",))
                ]
                for first in range(0, len(arns), _TASKS):
                    given = {"cluster": cluster, "tasks": arns[first : first + _TASKS]}
                    for task in _at(client.call("ecs", "DescribeTasks", given), ("tasks",)):
                        arn = next(_at(task, ("taskArn",)), None)
                        role = next(_at(task, ("overrides", "taskRoleArn")), None)
                        definition = next(_at(task, ("taskDefinitionArn",)), None)
                        if role is None and definition is not None:
                            if definition not in definitions:
                                told = client.call(
                                    "ecs", "DescribeTaskDefinition", {"taskDefinition": definition}
                                )
                                definitions[definition] = next(
                                    _at(told, ("taskDefinition", "taskRoleArn")), None
                                )
                            role = definitions[definition]
                        # Emulated services leave the member out.
                        closed = False in _at(task, ("enableExecuteCommand",))
                        if not closed and isinstance(arn, str) and isinstance(role, str):
                            yield arn, self._roles.get(role, role)


def _at(value: object, path: Path) -> Iterator[object]:
    """What is there, lists taken apart."""
    if isinstance(value, list):
        for one in value:
            yield from _at(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])
