"""What holds roles in a live account: functions, stacks, instances …, as the account lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.analysis.escalation.held import Held
from passrole.state.entities import InstanceProfile, Role
from passrole.state.estate.estate import Estate
from passrole.values.errors import ServiceError
from passrole.wire.client import Client, NotReached


@dataclass(frozen=True, slots=True)
class Listing:
    """An operation that lists resources with their roles.

    path leads to the resources, its list members taken apart; name and role are members of one. form makes
    an ARN of the name where it is none.
    """

    kind: str  # as techniques.Holder.kind
    service: str
    operation: str
    path: tuple[str, ...]
    name: str
    role: tuple[str, ...]
    form: str = "{name}"
    token: str = "NextToken"
    out: str = ""


# The pages' tokens as the services' API References name them.
LISTINGS: Final = (
    Listing(
        "function",
        "lambda",
        "ListFunctions",
        ("Functions",),
        "FunctionArn",
        ("Role",),
        "{name}",
        "Marker",
        "NextMarker",
    ),
    Listing("stack", "cloudformation", "DescribeStacks", ("Stacks",), "StackId", ("RoleARN",)),
    Listing(
        "dev endpoint",
        "glue",
        "GetDevEndpoints",
        ("DevEndpoints",),
        "EndpointName",
        ("RoleArn",),
        "arn:aws:glue:{region}:{account}:devEndpoint/{name}",
    ),
    Listing(
        "instance",
        "ec2",
        "DescribeInstances",
        ("Reservations", "Instances"),
        "InstanceId",
        ("IamInstanceProfile", "Arn"),
        "arn:aws:ec2:{region}:{account}:instance/{name}",
    ),
)

# Names alone: the roles are told one by one, by these.
# Source: CodeBuild API Reference, BatchGetProjects; SageMaker API Reference, DescribeNotebookInstance.
_PROJECTS: Final = 100  # of one call


def holdings(client: Client, estate: Estate, notes: list[str]) -> list[Held]:
    """The resources of the client's account and Region that hold roles.

    What cannot be listed is named in notes.
    """
    account = estate.accounts[0] if estate.accounts else ""
    profiles = {
        profile.arn: role.arn
        for profile in estate.directory.all(InstanceProfile, account)
        if (role := estate.directory.by_id(Role, profile.role_id)) is not None
    }
    found: list[Held] = []
    readers = [(listing.kind, _listed(client, listing, account)) for listing in LISTINGS]
    readers += [("build project", _projects(client)), ("notebook", _notebooks(client))]
    for kind, reader in readers:
        try:
            for arn, holds in reader:
                found.append(Held(kind, arn, profiles.get(holds, holds)))
        except (ServiceError, NotReached) as error:
            notes.append(f"not known which {kind}s hold roles: {error}")
    return found


def _listed(client: Client, listing: Listing, account: str) -> Iterator[tuple[str, str]]:
    for page in client.pages(listing.service, listing.operation, token=listing.token, out=listing.out):
        for row in _rows(page, listing.path):
            role: object = row
            for member in listing.role:
                role = role.get(member) if isinstance(role, Mapping) else None
            name = row.get(listing.name)
            if isinstance(role, str) and role and isinstance(name, str):
                yield listing.form.format(name=name, region=client.region, account=account), role


def _rows(page: Mapping[str, object], path: tuple[str, ...]) -> Iterator[Mapping[str, object]]:
    found: Iterable[object] = [page]
    for member in path:
        found = [
            one
            for row in found
            if isinstance(row, Mapping) and isinstance(rows := row.get(member), list)
            for one in rows
        ]
    return (row for row in found if isinstance(row, Mapping))


def _projects(client: Client) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    for page in client.pages("codebuild", "ListProjects", token="nextToken"):
        listed = page.get("projects")
        names += [str(name) for name in listed] if isinstance(listed, list) else []
    for first in range(0, len(names), _PROJECTS):
        answer = client.call("codebuild", "BatchGetProjects", {"names": names[first : first + _PROJECTS]})
        for row in _rows(answer, ("projects",)):
            arn, role = row.get("arn"), row.get("serviceRole")
            if isinstance(arn, str) and isinstance(role, str):
                yield arn, role


def _notebooks(client: Client) -> Iterator[tuple[str, str]]:
    for page in client.pages("sagemaker", "ListNotebookInstances"):
        for row in _rows(page, ("NotebookInstances",)):
            told = client.call(
                "sagemaker", "DescribeNotebookInstance", {"NotebookInstanceName": row["NotebookInstanceName"]}
            )
            arn, role = told.get("NotebookInstanceArn"), told.get("RoleArn")
            if isinstance(arn, str) and isinstance(role, str):
                yield arn, role
