"""What a call was about: the record's ``resources``, and what a trail's selectors compare with.

Data events have them, and those of S3, KMS, DynamoDB and of reading parameters.

Source: CloudTrail User Guide, "Logging data events", the examples of records; recorded events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import unquote

Request = Mapping[str, object]
Found = Iterator[tuple[str, str]]  # (type, ARN)
Find = Callable[[Request, str, str], Found]  # (input, account, region)


def _objects(request: Request, account: str, region: str) -> Found:
    bucket, key, copied = request.get("Bucket"), request.get("Key"), request.get("CopySource")
    if isinstance(bucket, str):
        if isinstance(key, str):
            yield "AWS::S3::Object", f"arn:aws:s3:::{bucket}/{key}"
        yield "AWS::S3::Bucket", f"arn:aws:s3:::{bucket}"
        if isinstance(copied, str):
            source = unquote(copied.partition("?")[0]).removeprefix("/")
            yield "AWS::S3::Object", source if source.startswith("arn:") else f"arn:aws:s3:::{source}"


def _named(kind: str, member: str, arn: str) -> Find:
    def found(request: Request, account: str, region: str) -> Found:
        name = request.get(member)
        if isinstance(name, str):
            name = name.rsplit("/", 1)[-1] if member == "QueueUrl" else name
            yield (
                kind,
                name if name.startswith("arn:") else arn.format(region=region, account=account, name=name),
            )

    return found


def _key(request: Request, account: str, region: str) -> Found:
    key = request.get("KeyId")
    if isinstance(key, str) and not key.startswith("alias/") and ":alias/" not in key:
        yield "AWS::KMS::Key", key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"


def _parameters(request: Request, account: str, region: str) -> Found:
    """Parameters have no type in records."""
    names = request.get("Names", [request.get("Name")])
    for name in names if isinstance(names, list | tuple) else ():
        if isinstance(name, str) and name:
            plain = name.partition(":")[0].removeprefix("/")
            yield "", name if name.startswith("arn:") else f"arn:aws:ssm:{region}:{account}:parameter/{plain}"


_TOUCHED: Final[Mapping[str, Find]] = {
    "dynamodb": _named(
        "AWS::DynamoDB::Table", "TableName", "arn:aws:dynamodb:{region}:{account}:table/{name}"
    ),
    "kinesis": _named(
        "AWS::Kinesis::Stream", "StreamName", "arn:aws:kinesis:{region}:{account}:stream/{name}"
    ),
    "kms": _key,
    "lambda": _named(
        "AWS::Lambda::Function", "FunctionName", "arn:aws:lambda:{region}:{account}:function:{name}"
    ),
    "s3": _objects,
    "sagemaker-featurestore-runtime": _named(
        "AWS::SageMaker::FeatureGroup",
        "FeatureGroupName",
        "arn:aws:sagemaker:{region}:{account}:feature-group/{name}",
    ),
    "sns": _named("AWS::SNS::Topic", "TopicArn", "{name}"),
    "sqs": _named("AWS::SQS::Queue", "QueueUrl", "arn:aws:sqs:{region}:{account}:{name}"),
}


# Services whose management events have resources, too.
_ALWAYS: Final = frozenset(("dynamodb", "kms", "s3"))
_BY_OPERATION: Final[Mapping[tuple[str, str], Find]] = {
    ("ssm", "GetParameter"): _parameters,
    ("ssm", "GetParameters"): _parameters,
}


def touched(
    service: str, operation: str, request: Request, account: str, region: str, *, data: bool
) -> list[dict[str, str]]:
    """``[{"accountId", "type", "ARN"}]``; an S3 object has no accountId, its bucket has.

    account owns the resources; data tells a data event from one of management.
    """
    find = _BY_OPERATION.get((service, operation))
    if find is None and (data or service in _ALWAYS):
        find = _TOUCHED.get(service)
    if find is None:
        return []
    return [_shown(kind, arn, account) for kind, arn in find(request, account, region)]


def keys_answered(output: Mapping[str, object]) -> list[dict[str, str]]:
    """The keys that KMS's answer names, whatever the request called them: an alias, or nothing at all.

    Source: KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail", Decrypt and CreateKey.
    """
    made = output.get("KeyMetadata")
    named = (
        [made.get("Arn")] if isinstance(made, Mapping) else [output.get("SourceKeyId"), output.get("KeyId")]
    )
    arns = dict.fromkeys(arn for arn in named if isinstance(arn, str) and arn.count(":") >= 5)
    return [_shown("AWS::KMS::Key", arn, arn.split(":")[4]) for arn in arns]


def _shown(kind: str, arn: str, account: str) -> dict[str, str]:
    if kind == "AWS::S3::Object":
        return {"type": kind, "ARN": arn}
    return {"accountId": account, "type": kind, "ARN": arn} if kind else {"accountId": account, "ARN": arn}
