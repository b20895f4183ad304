"""The resource-based policies that moto keeps, by the service in the resource's ARN."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from passrole.services.embedded.tables import backend, backends
from passrole.values.arn import Arn
from passrole.values.errors import ServiceError

# (account, region, ARN) -> the policy's text, "" where there is none
Find = Callable[[str, str, Arn], str]


def _text(policy: object) -> str:
    if isinstance(policy, bytes):
        return policy.decode()
    return policy if isinstance(policy, str) else ""


def _bucket(account: str, region: str, arn: Arn) -> str:
    name = arn.resource.split("/", 1)[0]
    owner = bucket_owner(name)
    kept = backend("s3", owner, "") if owner is not None else None
    bucket = kept.buckets.get(name) if kept is not None else None
    return _text(bucket.policy) if bucket is not None else ""


def bucket_owner(name: str) -> str | None:
    """The account whose bucket that is; None where nobody has one of that name."""
    buckets = backends("s3")
    place = buckets.bucket_accounts.get(name) if buckets is not None else None
    return str(place[1]) if place is not None else None


def _attribute(package: str, table: str, key: Callable[[Arn], str], attribute: str = "policy") -> Find:
    """Of services that keep their resources in one table, each with its policy."""

    def find(account: str, region: str, arn: Arn) -> str:
        kept = backend(package, account, region)
        resource = getattr(kept, table).get(key(arn)) if kept is not None else None
        return _text(getattr(resource, attribute, None)) if resource is not None else ""

    return find


def _function(account: str, region: str, arn: Arn) -> str:
    kept = backend("awslambda", account, region)
    kind, _, rest = arn.resource.partition(":")
    if kept is None or kind != "function":
        return ""
    function = kept.get_function_by_arn(str(Arn(*_head(arn), f"function:{rest.split(':')[0]}")))
    statements = list(function.policy.statements) if function is not None else []
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""


def _head(arn: Arn) -> tuple[str, str, str, str]:
    return arn.partition, arn.service, arn.region, arn.account


def _log_policies(account: str, region: str, arn: Arn) -> str:
    # An account has up to ten in a region, each for whatever log groups its statements name.
    kept = backend("logs", account, region)
    documents = (
        [_text(policy.policy_document) for policy in kept.describe_resource_policies()] if kept else []
    )
    if len(documents) < 2:
        return documents[0] if documents else ""
    statements: list[object] = []
    for document in documents:
        found = json.loads(document).get("Statement", [])
        statements += found if isinstance(found, list) else [found]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _table(account: str, region: str, arn: Arn) -> str:
    kept = backend("dynamodb", account, region)
    table = str(Arn(*_head(arn), "/".join(arn.resource.split("/")[:2])))
    found = kept.resource_policies.get(table) if kept is not None else None
    return _text(found.policy_doc) if found is not None else ""


def _stream(account: str, region: str, arn: Arn) -> str:
    kept = backend("kinesis", account, region)
    return _text(kept.resource_policies.get(str(arn))) if kept is not None else ""


_FINDERS: Final[Mapping[str, Find]] = {
    "dynamodb": _table,
    "ecr": _attribute("ecr", "repositories", lambda arn: arn.resource.partition("/")[2]),
    "elasticfilesystem": _attribute("efs", "file_systems_by_id", lambda arn: arn.name, "file_system_policy"),
    "events": _attribute("events", "event_buses", lambda arn: arn.name),
    "kinesis": _stream,
    "kms": _attribute("kms", "keys", lambda arn: arn.name),
    "lambda": _function,
    "logs": _log_policies,
    "s3": _bucket,
    "secretsmanager": _attribute("secretsmanager", "secrets", str),
    "sns": _attribute("sns", "topics", str),
    "sqs": _attribute("sqs", "queues", lambda arn: arn.resource),
}


def keeps_policy(service: str) -> bool:
    """Is it known here where the policies of that service (as in an ARN) are?"""
    return service in _FINDERS


def resource_policy(account: str, region: str, arn: Arn) -> str | None:
    """The policy's text; "" where the resource has none or is not there; None for a service not listed."""
    find = _FINDERS.get(arn.service)
    return find(account, arn.region or region, arn) if find is not None else None


# Where a call hands over such a policy: (service, operation) -> where its text is in the input.
DOCUMENTS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("dynamodb", "CreateTable"): ("ResourcePolicy",),
    ("dynamodb", "PutResourcePolicy"): ("Policy",),
    ("ecr", "SetRepositoryPolicy"): ("policyText",),
    ("efs", "PutFileSystemPolicy"): ("Policy",),
    ("kinesis", "PutResourcePolicy"): ("Policy",),
    ("kms", "CreateKey"): ("Policy",),
    ("kms", "PutKeyPolicy"): ("Policy",),
    ("logs", "PutResourcePolicy"): ("policyDocument",),
    ("s3", "PutBucketPolicy"): ("Policy",),
    ("secretsmanager", "PutResourcePolicy"): ("ResourcePolicy",),
    ("sns", "CreateTopic"): ("Attributes", "Policy"),
    ("sns", "SetTopicAttributes"): ("AttributeValue",),
    ("sqs", "CreateQueue"): ("Attributes", "Policy"),
    ("sqs", "SetQueueAttributes"): ("Attributes", "Policy"),
}


def document(service: str, operation: str, given: Mapping[str, Any]) -> str:
    """The resource-based policy that a call would set, "" where it sets none."""
    path = DOCUMENTS.get((service, operation))
    if path is None or (operation == "SetTopicAttributes" and given.get("AttributeName") != "Policy"):
        return ""
    value: object = given
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _text(value)


# Service -> (code, message) for a policy that names a principal which does not exist. Sources: S3's, KMS's
# and SQS's answers as public projects recorded them; IAM's text elsewhere.
_INVALID_PRINCIPAL: Final[Mapping[str, tuple[str, str]]] = {
    "s3": ("MalformedPolicy", "Invalid principal in policy"),
    "kms": (
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    ),
    "sqs": ("InvalidAttributeValue", "Invalid value for the parameter Policy."),
    "sns": ("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"),
    "secretsmanager": (
        "MalformedPolicyDocumentException",
        "This resource policy contains an invalid principal.",
    ),
    "logs": ("InvalidParameterException", "Invalid principal in policy"),
    "ecr": (
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
        "'Invalid repository policy provided'",
    ),
}


def invalid_principal(service: str) -> ServiceError:
    """The service's error for a policy that names a user or role which does not exist."""
    code, message = _INVALID_PRINCIPAL.get(
        service, ("MalformedPolicyDocument", "Invalid principal in policy")
    )
    return ServiceError(message, code=code, status=400)
