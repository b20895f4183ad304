"""Service last accessed information: jobs that are done at once.

PassRole does not show: AWS does not track it. Source: IAM User Guide, "Refine permissions in AWS
using last accessed information".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from passrole.services.iam import grants, managed, paging
from passrole.services.iam.errors import InvalidInput, NoSuchEntity
from passrole.services.iam.grants import Grant
from passrole.services.iam.lookup import moment
from passrole.services.operation import Output, ServiceCall, operation
from passrole.state.entities import Role, User
from passrole.state.settings import AccessJob
from passrole.state.usage import USED_BY, ServiceUse

if TYPE_CHECKING:
    from passrole.services.shapes import iam as shapes

_WINDOW: Final = timedelta(days=400)

# Services of which AWS tracks management actions. Source: same guide, "IAM action last accessed information
# services and actions" (the commonest of them).
_ACTION_TRACKED: Final = frozenset(("ec2", "iam", "lambda", "s3"))


class _Action(msgspec.Struct, frozen=True):
    name: str
    time: datetime
    region: str
    entity: str


class _Entity(msgspec.Struct, frozen=True):
    arn: str
    name: str
    type: str
    id: str
    path: str
    time: datetime | None


class _Row(msgspec.Struct, frozen=True):
    """What one service's row of the report says."""

    namespace: str
    name: str
    time: datetime | None
    entity: str
    region: str
    total: int
    actions: tuple[_Action, ...]
    entities: tuple[_Entity, ...]


@operation("iam:GenerateServiceLastAccessedDetails")
def generate(call: ServiceCall, given: shapes.GenerateServiceLastAccessedDetailsRequest) -> Output:
    """Reports which of the services that an entity's policies grant were used, and when.

    Raises NoSuchEntity or InvalidInput.
    """
    entity = grants.entity_of(call, given["Arn"])
    if isinstance(entity, managed.Policy):
        policies = [Grant(entity.name, entity.document, entity.arn)]
    else:
        policies = list(grants.policies_of(call, entity))
    granted = sorted(frozenset().union(*(grants.services_granted(policy.document) for policy in policies)))
    actors = list(grants.users_and_roles(call, entity))
    uses = {actor.id: _uses(call, actor) for actor in actors}
    rows = tuple(_row(namespace, actors, uses) for namespace in granted)
    now = moment(call)
    job = AccessJob(
        account=call.account,
        id=call.ids.uuid(),
        sort="entity",
        arn=given["Arn"],
        granularity=given.get("Granularity", "SERVICE_LEVEL"),
        created=now,
        completed=now,
        answer=msgspec.json.encode(rows).decode(),
    )
    call.directory.put(job)
    return {"JobId": job.id}


@operation("iam:GetServiceLastAccessedDetails")
def get_details(call: ServiceCall, given: shapes.GetServiceLastAccessedDetailsRequest) -> Output:
    """A page of a job's report. Raises NoSuchEntity."""
    job = _job(call, given["JobId"])
    rows, cut = paging.page_of(_rows(job), given.get("Marker"), given.get("MaxItems"))
    return {
        "JobStatus": "COMPLETED",
        "JobType": job.granularity,
        "JobCreationDate": job.created,
        "JobCompletionDate": job.completed,
        "ServicesLastAccessed": [_service(row, job.granularity) for row in rows],
        **cut,
    }


@operation("iam:GetServiceLastAccessedDetailsWithEntities")
def get_entities(call: ServiceCall, given: shapes.GetServiceLastAccessedDetailsWithEntitiesRequest) -> Output:
    """Who used one service of a job's report, and when. Raises NoSuchEntity or InvalidInput."""
    job = _job(call, given["JobId"])
    row = next((row for row in _rows(job) if row.namespace == given["ServiceNamespace"]), None)
    if row is None:
        raise InvalidInput(f"{given['ServiceNamespace']} is not a service of the report.")  # assumed wording
    found, cut = paging.page_of(row.entities, given.get("Marker"), given.get("MaxItems"))
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": job.created,
        "JobCompletionDate": job.completed,
        "EntityDetailsList": [_entity(entity) for entity in found],
        **cut,
    }


@operation("iam:ListPoliciesGrantingServiceAccess")
def list_granting(call: ServiceCall, given: shapes.ListPoliciesGrantingServiceAccessRequest) -> Output:
    """Which policies of an entity grant anything of each service. Raises NoSuchEntity or InvalidInput."""
    entity = grants.entity_of(call, given["Arn"])
    if isinstance(entity, managed.Policy):
        raise InvalidInput(f"ARN {given['Arn']} is not valid.")
    policies = list(grants.policies_of(call, entity))
    entries: list[shapes.ListPoliciesGrantingServiceAccessEntry] = [
        {
            "ServiceNamespace": namespace,
            "Policies": [
                _granting(entity, policy)
                for policy in policies
                if namespace.lower() in grants.services_granted(policy.document)
            ],
        }
        for namespace in given["ServiceNamespaces"]
    ]
    found, cut = paging.page_of(entries, given.get("Marker"), None)
    return {"PoliciesGrantingServiceAccess": found, **cut}


def _granting(entity: grants.Entity, policy: Grant) -> shapes.PolicyGrantingServiceAccess:
    if policy.arn:
        return {"PolicyName": policy.name, "PolicyType": "MANAGED", "PolicyArn": policy.arn}
    owner = policy.through or entity
    return {
        "PolicyName": policy.name,
        "PolicyType": "INLINE",
        "EntityType": owner.kind.upper(),
        "EntityName": owner.name,
    }


def _uses(call: ServiceCall, actor: User | Role) -> dict[str, ServiceUse]:
    since = call.now - _WINDOW
    return {
        use.service: use
        for use in call.directory.referring(USED_BY, actor.id)
        if isinstance(use, ServiceUse) and use.time >= since
    }


def _row(namespace: str, actors: list[User | Role], uses: dict[str, dict[str, ServiceUse]]) -> _Row:
    used = [(actor, use) for actor in actors if (use := uses[actor.id].get(namespace)) is not None]
    used.sort(key=lambda pair: pair[1].time, reverse=True)
    latest = used[0] if used else None
    actions: dict[str, _Action] = {}
    for actor, use in used:
        for name, action in use.actions.items():
            if name not in actions or actions[name].time < action.time:
                actions[name] = _Action(name, action.time, action.region, actor.arn)
    return _Row(
        namespace=namespace,
        name=grants.service_name(namespace),
        time=latest[1].time if latest else None,
        entity=latest[0].arn if latest else "",
        region=latest[1].region if latest else "",
        total=len(used),
        actions=tuple(actions[name] for name in sorted(actions)) if namespace in _ACTION_TRACKED else (),
        entities=tuple(
            _Entity(
                actor.arn,
                actor.name,
                actor.kind.upper(),
                actor.id,
                actor.path,
                use.time if (use := uses[actor.id].get(namespace)) is not None else None,
            )
            for actor in actors
        ),
    )


def _job(call: ServiceCall, id: str) -> AccessJob:
    job = call.directory.by_key(AccessJob, call.account, id)
    if job is None or job.sort != "entity":
        raise NoSuchEntity(f"Job {id} cannot be found.")  # assumed wording
    return job


def _rows(job: AccessJob) -> tuple[_Row, ...]:
    return msgspec.json.decode(job.answer, type=tuple[_Row, ...])


def _service(row: _Row, granularity: str) -> shapes.ServiceLastAccessed:
    view: shapes.ServiceLastAccessed = {
        "ServiceName": row.name,
        "ServiceNamespace": row.namespace,
        "TotalAuthenticatedEntities": row.total,
    }
    if row.time is not None:
        view["LastAuthenticated"] = row.time
        view["LastAuthenticatedEntity"] = row.entity
        view["LastAuthenticatedRegion"] = row.region
    if granularity == "ACTION_LEVEL" and row.actions:
        view["TrackedActionsLastAccessed"] = [
            {
                "ActionName": action.name,
                "LastAccessedEntity": action.entity,
                "LastAccessedTime": action.time,
                "LastAccessedRegion": action.region,
            }
            for action in row.actions
        ]
    return view


def _entity(entity: _Entity) -> shapes.EntityDetails:
    view: shapes.EntityDetails = {
        "EntityInfo": {
            "Arn": entity.arn,
            "Name": entity.name,
            "Type": entity.type,
            "Id": entity.id,
            "Path": entity.path,
        }
    }
    if entity.time is not None:
        view["LastAuthenticated"] = entity.time
    return view
