"""What a call was about: the record's ``resources``, and what a trail's selectors compare with.

Data events have them, and those of S3 and KMS.

Source: CloudTrail User Guide, "Logging data events", the examples of records; recorded events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

Request = Mapping[str, object]
Found = Iterator[tuple[str, str]]  # (type, ARN)


def _objects(request: Request, account: str, region: str) -> Found:
    bucket, key = request.get("Bucket"), request.get("Key")
    if isinstance(bucket, str):
        if isinstance(key, str):
            yield "AWS::S3::Object", f"arn:aws:s3:::{bucket}/{key}"
        yield "AWS::S3::Bucket", f"arn:aws:s3:::{bucket}"


def _named(kind: str, member: str, arn: str) -> Callable[[Request, str, str], Found]:
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


_TOUCHED: Final[Mapping[str, Callable[[Request, str, str], Found]]] = {
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
    "sns": _named("AWS::SNS::Topic", "TopicArn", "{name}"),
    "sqs": _named("AWS::SQS::Queue", "QueueUrl", "arn:aws:sqs:{region}:{account}:{name}"),
}


_ALWAYS: Final = frozenset(("kms", "s3"))


def touched(service: str, request: Request, account: str, region: str, *, data: bool) -> list[dict[str, str]]:
    """``[{"accountId", "type", "ARN"}]``; an S3 object has no accountId, its bucket has.

    account owns the resources; data tells a data event from one of management.
    """
    find = _TOUCHED.get(service)
    if find is None or not (data or service in _ALWAYS):
        return []
    return [
        {"type": kind, "ARN": arn}
        if kind == "AWS::S3::Object"
        else {"accountId": account, "type": kind, "ARN": arn}
        for kind, arn in find(request, account, region)
    ]
