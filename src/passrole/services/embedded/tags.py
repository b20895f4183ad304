"""The tags that moto's resources have, by ARN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from passrole.services.embedded.resource_policies import bucket_owner
from passrole.services.embedded.tables import backend
from passrole.values.arn import Arn

Find = Callable[[Any, Arn], Mapping[str, str] | None]  # (backend, ARN); None where there is no such resource

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


def _ec2(kept: Any, arn: Arn) -> Mapping[str, str]:
    return dict(dict.get(kept.tags, arn.name, {}))  # a defaultdict: [] would make an entry


def _bucket(kept: Any, arn: Arn) -> Mapping[str, str] | None:
    name, _, key = arn.resource.partition("/")
    bucket = kept.buckets.get(name)
    if bucket is None:
        return None
    if not key:
        return dict(kept.tagger.get_tag_dict_for_resource(bucket.arn))
    found = bucket.keys.get(key)
    return dict(kept.tagger.get_tag_dict_for_resource(found.arn)) if found is not None else None


def _function(kept: Any, arn: Arn) -> Mapping[str, str] | None:
    parts = arn.resource.split(":")
    name = ":".join(parts[:2])
    found = kept.get_function_by_arn(str(Arn(arn.partition, arn.service, arn.region, arn.account, name)))
    return dict(found.tags) if found is not None else None


def _queue(kept: Any, arn: Arn) -> Mapping[str, str] | None:
    found = kept.queues.get(arn.resource)
    return dict(found.tags or {}) if found is not None else None


def _topic(kept: Any, arn: Arn) -> Mapping[str, str] | None:
    found = kept.topics.get(str(arn))
    return dict(found._tags or {}) if found is not None else None


def _key(kept: Any, arn: Arn) -> Mapping[str, str] | None:
    if arn.name not in kept.keys:
        return None
    return dict(kept.tagger.get_tag_dict_for_resource(arn.name))


def _table(kept: Any, arn: Arn) -> Mapping[str, str] | None:
    found = kept.tables.get(arn.resource.split("/")[1] if "/" in arn.resource else "")
    return {tag["Key"]: tag["Value"] for tag in found.tags or []} if found is not None else None


_FINDERS: Final[Mapping[str, Find]] = {
    "dynamodb": _table,
    "ec2": _ec2,
    "kms": _key,
    "lambda": _function,
    "s3": _bucket,
    "sns": _topic,
    "sqs": _queue,
}


def tags(account: str, region: str, arn: Arn) -> Mapping[str, str] | None:
    """The resource's tags; {} where it has none or is not there; None where nothing is known of it."""
    package = _PACKAGES.get(arn.service, arn.service.replace("-", ""))
    if arn.service == "s3":
        account = bucket_owner(arn.resource.split("/", 1)[0]) or account
    kept = backend(package, account, arn.region or region)
    find = _FINDERS.get(arn.service)
    if find is not None:
        return (find(kept, arn) or {}) if kept is not None else {}
    return _listed(kept, str(arn)) if kept is not None else None


def _listed(kept: Any, arn: str) -> Mapping[str, str] | None:
    """What moto's tagging API shows of a resource: slower, since it goes through all of them."""
    listed = getattr(kept, "iter_tagged_resources", None)
    if listed is None:
        return None
    try:
        return next((dict(resource.tags) for resource in listed() if resource.arn == arn), None)
    except RuntimeError:  # a table grew meanwhile, on a thread that works for another call
        return None
