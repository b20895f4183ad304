"""The tags that moto's resources have, by ARN.

{} says that a resource has none, or is not there; None that nobody here can tell, as of a kind that moto
keeps without tags, or of a resource that its ARN names otherwise than moto does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from passrole.services.embedded.resource_policies import bucket_owner
from passrole.services.embedded.tables import backend
from passrole.values.arn import Arn

Tags = Mapping[str, str]
Find = Callable[[Any, Arn], Tags | None]  # (backend, ARN)

_NONE: Final[Tags] = {}

# The service in an ARN -> moto's package, where they differ.
_PACKAGES: Final[Mapping[str, str]] = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "execute-api": "apigateway",
    "lambda": "awslambda",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
}

# Services whose ARNs may end in "*" and yet stand for one resource, or whose names may hold one.
_PATTERNS: Final = frozenset(("ec2", "logs", "rds", "s3"))

# The endpoint's own services: what moto has of them is a copy, without tags.
_OURS: Final = frozenset(("cloudformation", "cloudtrail", "iam", "organizations", "sts"))


def _pairs(tags: Iterable[Mapping[str, Any]] | None, key: str = "Key", value: str = "Value") -> Tags:
    return {str(tag[key]): str(tag.get(value) or "") for tag in tags or ()}


def _map(tags: Mapping[str, Any] | None) -> Tags:
    return {str(key): str(value or "") for key, value in dict(tags or {}).items()}


def _tagger(kept: Any, arn: Arn) -> Tags:
    """Of services that keep all tags in one place, by ARN."""
    return _map(kept.tagger.get_tag_dict_for_resource(str(arn)))


# EC2's resources go by an id, but for these. Tables by what the ARN has in the id's place.
_BY_NAME: Final[Mapping[str, tuple[str, str]]] = {
    "key-pair": ("key_pairs", "id"),
    "launch-template": ("launch_template_name_to_ids", ""),
}


# What the ids of a kind begin with, for the kinds that a launch may leave to the account's defaults.
_DEFAULTED: Final[Mapping[str, str]] = {"image": "ami-", "security-group": "sg-", "subnet": "subnet-"}


def _ec2(kept: Any, arn: Arn) -> Tags | None:
    name = arn.name
    if name == "*":
        # Whichever it will be has no tags where none of the kind has any.
        head = _DEFAULTED.get(arn.kind)
        tagged = [id for id, tags in list(dict.items(kept.tags)) if head and tags and id.startswith(head)]
        return None if head is None or tagged else _NONE
    table, attribute = _BY_NAME.get(arn.kind, ("", ""))
    found = getattr(kept, table).get(name) if table else None
    if found is not None:
        name = getattr(found, attribute) if attribute else found
    # A defaultdict: [] would make an entry.
    tags = dict.get(kept.tags, name)
    # "sg-0123" without an entry has no tags; "default" is a name that nobody resolved.
    return _map(tags) if tags is not None or found is not None or _is_id(name) else None


def _is_id(name: str) -> bool:
    head, dash, tail = name.rpartition("-")
    return bool(head and dash) and len(tail) >= 8 and all(one in "0123456789abcdef" for one in tail)


def _bucket(kept: Any, arn: Arn) -> Tags:
    name, slash, key = arn.resource.partition("/")
    bucket = kept.buckets.get(name)
    if bucket is None:
        return _NONE
    if not slash:
        return _map(kept.tagger.get_tag_dict_for_resource(bucket.arn))
    found = bucket.keys.get(key)
    return _map(kept.tagger.get_tag_dict_for_resource(found.arn)) if found is not None else _NONE


def _function(kept: Any, arn: Arn) -> Tags:
    name = ":".join(arn.resource.split(":")[:2])
    found = kept.get_function_by_arn(str(Arn(arn.partition, arn.service, arn.region, arn.account, name)))
    return _map(found.tags) if found is not None else _NONE


def _queue(kept: Any, arn: Arn) -> Tags:
    found = kept.queues.get(arn.resource)
    return _map(found.tags) if found is not None else _NONE


def _topic(kept: Any, arn: Arn) -> Tags | None:
    if "/" in arn.resource:
        return None  # a platform's application or endpoint
    name = arn.resource.partition(":")[0]  # a subscription is judged by its topic
    found = kept.topics.get(str(Arn(arn.partition, arn.service, arn.region, arn.account, name)))
    return _map(found._tags) if found is not None else _NONE


def _key(kept: Any, arn: Arn) -> Tags:
    return _map(kept.tagger.get_tag_dict_for_resource(arn.name)) if arn.name in kept.keys else _NONE


def _table(kept: Any, arn: Arn) -> Tags:
    name = arn.resource.split("/")[1]  # an index and a stream are their table's
    found = kept.tables.get(name)
    return _pairs(found.tags) if found is not None else _NONE


def _database(kept: Any, arn: Arn) -> Tags | None:
    kind, _, name = arn.resource.partition(":")
    tables = [
        table for made, table in kept.resource_map.items() if getattr(made, "resource_type", "") == kind
    ]
    if not tables:
        return None
    if name.endswith("*"):  # the default one, of an engine's version
        several = [one for table in tables for key, one in list(table.items()) if key.startswith(name[:-1])]
        return None if any(one.get_tags() for one in several) else _NONE
    found = next((table[name] for table in tables if name in table), None)
    return _pairs(found.get_tags()) if found is not None else _NONE


def _group(kept: Any, arn: Arn) -> Tags:
    found = kept.autoscaling_groups.get(arn.name)
    return _pairs(found.tags) if found is not None else _NONE


def _container(kept: Any, arn: Arn) -> Tags | None:
    kind, *names = arn.resource.split("/")
    found: Any = None
    if kind == "cluster":
        found = kept.clusters.get(names[0])
    elif kind == "service" and len(names) == 2:
        found = kept.services.get(":".join(names))
    elif kind == "task" and len(names) == 2:
        found = dict.get(kept.tasks, names[0], {}).get(str(arn))
    elif kind == "task-definition":
        family, _, revision = names[0].partition(":")
        if not (revision.isascii() and revision.isdigit()):
            return None  # the newest one, which the ARN does not tell
        found = kept.task_definitions.get(family, {}).get(int(revision))
    return _pairs(found.tags, "key", "value") if found is not None else _NONE


def _machine(kept: Any, arn: Arn) -> Tags | None:
    # A version's or an alias's ARN has one part more, and no tags of its own.
    return _tagger(kept, arn) if arn.resource.count(":") == 1 else None


def _log_group(kept: Any, arn: Arn) -> Tags:
    kind, name, *_ = arn.resource.split(":")  # log-group:NAME:* and log-group:NAME:log-stream:STREAM
    return _tagger(kept, Arn(arn.partition, arn.service, arn.region, arn.account, f"{kind}:{name}"))


# SSM's kinds in ARNs -> what tags are kept under.
_SYSTEMS: Final[Mapping[str, str]] = {
    "document": "Document",
    "maintenancewindow": "MaintenanceWindow",
    "parameter": "Parameter",
    "patchbaseline": "PatchBaseline",
}


def _system(kept: Any, arn: Arn) -> Tags:
    kind, _, name = arn.resource.partition("/")
    every = dict.get(kept._resource_tags, _SYSTEMS[kind], {})
    # A parameter's name may begin with a slash, which its ARN has once only.
    return _map(dict.get(every, name) or (dict.get(every, f"/{name}") if kind == "parameter" else None))


def _secret(kept: Any, arn: Arn) -> Tags:
    name = arn.resource.partition(":")[2]
    for found in list(dict.values(kept.secrets)):
        if found.arn == str(arn) or found.name == name:
            return _pairs(getattr(found, "source", found).tags)
    return _NONE


def _project(kept: Any, arn: Arn) -> Tags:
    found = kept.codebuild_projects.get(arn.name)
    return _pairs(found.tags, "key", "value") if found is not None else _NONE


# By the service in an ARN, and its kind: "" for all that have no word of their own below.
_FINDERS: Final[Mapping[str, Mapping[str, Find]]] = {
    "autoscaling": {"autoScalingGroup": _group},
    "codebuild": {"project": _project},
    "dynamodb": {"table": _table},
    "ec2": {"": _ec2},
    "ecr": {"repository": _tagger},
    "ecs": dict.fromkeys(("cluster", "service", "task", "task-definition"), _container),
    "events": dict.fromkeys(("event-bus", "rule"), _tagger),
    "glue": dict.fromkeys(
        ("connection", "crawler", "database", "devEndpoint", "job", "session", "trigger", "workflow"), _tagger
    ),
    "kms": {"key": _key},
    "lambda": {"function": _function},
    "logs": {"log-group": _log_group},
    # Of RDS, the kinds whose ARN ends in the name that moto has them by.
    "rds": {
        **dict.fromkeys(("cluster", "cluster-pg", "cluster-snapshot", "db", "global-cluster"), _database),
        **dict.fromkeys(("es", "og", "pg", "secgrp", "snapshot", "subgrp"), _database),
    },
    "s3": {"": _bucket},
    "scheduler": {"schedule-group": _tagger},
    "secretsmanager": {"secret": _secret},
    "sns": {"": _topic},
    "sqs": {"": _queue},
    "ssm": dict.fromkeys(_SYSTEMS, _system),
    "states": dict.fromkeys(("activity", "stateMachine"), _machine),
}


def unused(arn: Arn) -> Tags | None:
    """The same where moto's service was never used: {} for the kinds that are moto's."""
    kinds = _FINDERS.get(arn.service, {})
    return _NONE if arn.kind in kinds or "" in kinds else None


def tags(account: str, region: str, arn: Arn) -> Tags | None:
    """The resource's tags; {} where it has none or is not there; None where nothing is known of it."""
    if arn.service in _OURS:
        return None
    package = _PACKAGES.get(arn.service, arn.service.replace("-", ""))
    if arn.service == "s3":
        account = bucket_owner(arn.resource.split("/", 1)[0]) or account
    kept = backend(package, account, arn.region or region)
    if kept is None:
        return unused(arn)
    kinds = _FINDERS.get(arn.service)
    if kinds is None:
        return _listed(kept, str(arn))
    find = kinds.get(arn.kind) or kinds.get("")
    if arn.resource.endswith("*") and arn.service not in _PATTERNS:
        return None  # some that the call does not name
    return find(kept, arn) if find is not None else None


def _listed(kept: Any, arn: str) -> Tags | None:
    """What moto's tagging API shows of a resource: slower, since it goes through all of them."""
    listed = getattr(kept, "iter_tagged_resources", None)
    if listed is None:
        return None
    try:
        return next((_map(resource.tags) for resource in listed() if resource.arn == arn), None)
    except RuntimeError:  # a table grew meanwhile, on a thread that works for another call
        return None
