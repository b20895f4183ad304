"""The credentials of tasks and functions, in the form of a container's credentials endpoint.

``/_passrole/containers/WORKLOAD/credentials`` answers what ``AWS_CONTAINER_CREDENTIALS_FULL_URI`` answers
inside the workload; WORKLOAD is an ARN, percent-encoded, or a function's name.
Source: Amazon ECS Developer Guide, "Amazon ECS task IAM role"; AWS SDKs and Tools Reference Guide,
"Container credential provider".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote

from passrole.authorize.refusal import Refusal
from passrole.metadata.access import Access
from passrole.metadata.credentials import Workload, WorkloadCredentials
from passrole.metadata.documents import timestamp
from passrole.metadata.paths import CONTAINERS
from passrole.state.directory import Directory
from passrole.state.entities import ASSOCIATED_WITH, Association, Role
from passrole.values.arn import Arn
from passrole.wire.request import RawRequest, Response


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of workload, by the service of its ARN.

    service assumes the role; source_key is the condition key that names the workload on its credentials.
    """

    service: str
    source_key: str = ""


SORTS: Final[Mapping[str, Sort]] = {
    "ecs": Sort("ecs-tasks.amazonaws.com"),
    # Source: Lambda Developer Guide, "Using source function ARN to control function access behavior".
    "lambda": Sort("lambda.amazonaws.com", "lambda:SourceFunctionArn"),
}


class ContainerCredentials:
    """Answers below ``CONTAINERS``."""

    def __init__(self, directory: Directory, credentials: WorkloadCredentials, access: Access) -> None:
        self._directory = directory
        self._credentials = credentials
        self._access = access

    async def answer(self, raw: RawRequest) -> Response:
        """The mount."""
        problem = self._access.problem(raw)
        if problem:
            return _error(403, "AccessDenied", problem)
        if raw.method not in ("GET", "HEAD"):
            return _error(405, "MethodNotAllowed", "credentials are read with GET")
        name, _, rest = raw.path.removeprefix(CONTAINERS).lstrip("/").partition("/")
        name = unquote(name)
        if rest != "credentials":
            return _error(404, "NotFound", f"it is {CONTAINERS}/WORKLOAD/credentials")
        found = self._associations(name, parse_qs(raw.query).get("region", [""])[0])
        if not found:
            return _error(404, "NotFound", f"no task or function {name!r} with a role here")
        if len(found) > 1:
            arns = ", ".join(sorted(one.resource for one in found))
            return _error(400, "Ambiguous", f"name it by its ARN, there are {arns}")
        return await self._handle(found[0])

    async def _handle(self, association: Association) -> Response:
        role = self._directory.by_id(Role, association.role_id)
        if role is None:
            return _error(400, "RoleNotFound", f"the role of {association.resource} has been deleted")
        arn = Arn.parse(association.resource)
        sort = SORTS[arn.service]
        workload = Workload(
            arn,
            sort.service,
            session_name=arn.name.rsplit(":", 1)[-1],
            context={sort.source_key: str(arn)} if sort.source_key else {},
        )
        taken = await self._credentials.of(workload, role)
        if isinstance(taken, Refusal):
            return _error(400, "AssumeRoleUnauthorizedAccess", taken.sentence())
        return _json(
            200,
            {
                "RoleArn": role.arn,
                "AccessKeyId": taken.id,
                "SecretAccessKey": taken.secret,
                "Token": taken.token,
                "Expiration": timestamp(taken.expires),
            },
        )

    def _associations(self, name: str, region: str) -> list[Association]:
        """The workloads with a role that the text names: one by its ARN, functions by their name."""
        if name.startswith("arn:"):
            candidates = tuple(self._directory.referring(ASSOCIATED_WITH, name))
        else:
            end = f":function:{name}"
            candidates = tuple(
                one
                for one in self._directory.everywhere(Association)
                if one.resource.endswith(end) and region in ("", Arn.parse(one.resource).region)
            )
        return [one for one in candidates if isinstance(one, Association) and _for_its_software(one)]


def _for_its_software(association: Association) -> bool:
    """False for a role that the service keeps to itself, as ECS does with a task's execution role."""
    sort = SORTS.get(Arn.parse(association.resource).service)
    return (
        sort is not None
        and association.service == sort.service
        and bool(association.role_id)
        and "execution" not in association.holder.lower()
    )


def _json(status: int, body: Mapping[str, object]) -> Response:
    return Response(
        status,
        (("content-type", "application/json"), ("cache-control", "no-store")),
        json.dumps(body).encode(),
    )


def _error(status: int, code: str, message: str) -> Response:
    # The shape that the ECS agent's own endpoint answers with.
    return _json(status, {"code": code, "message": message, "HTTPErrorCode": status})
