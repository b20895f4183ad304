"""Whether a trail's bucket, topic, key and log group are there and let CloudTrail in, asked at its set-up.

The bucket's, topic's and key's own policies must admit the service principal; for the log group the role is
asked, its trust policy first. What a policy cannot be asked of, as behind an upstream, is taken on trust.
Source: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", "Amazon SNS topic policy for
CloudTrail", "Configure AWS KMS key policies for CloudTrail", "Sending events to CloudWatch Logs". The texts
are AWS's, from public reports, where a comment does not say otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from passrole.authorize.call import Caller
from passrole.authorize.check import check
from passrole.authorize.context import Values
from passrole.authorize.plan import Check
from passrole.authorize.resources import role_of_arn
from passrole.passing.rule import service_caller, service_may_assume
from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.operation import ServiceCall
from passrole.state.entities import Role
from passrole.state.organization import organization_of
from passrole.state.trails import TrailDefinition
from passrole.values.principal import Principal, PrincipalKind

CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"

_LOG_GROUP: Final = re.compile(r"arn:aws[\w-]*:logs:([\w-]+):(\d{12}):log-group:([^:*]+):\*")


def check_destinations(call: ServiceCall, trail: TrailDefinition, given: set[str]) -> None:
    """Looks at those destinations that the call gives, or that depend on what it gives.

    Raises S3BucketDoesNotExistException, InsufficientS3BucketPolicyException,
    InsufficientSnsTopicPolicyException, KmsKeyNotFoundException, InsufficientEncryptionPolicyException,
    InvalidCloudWatchLogsRoleArnException or InvalidCloudWatchLogsLogGroupArnException.
    """
    if given & {"S3BucketName", "S3KeyPrefix", "IsOrganizationTrail"}:
        _check_bucket(call, trail)
    if trail.topic and "SnsTopicName" in given:
        _check_topic(call, trail)
    if trail.kms_key and "KmsKeyId" in given:
        _check_key(call, trail)
    if trail.log_group and given & {"CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn"}:
        _check_logs(call, trail)


def log_prefixes(trail: TrailDefinition, organization: str) -> Iterator[str]:
    """Where a trail puts objects, up to ``AWSLogs/ACCOUNT/`` or ``AWSLogs/o-…/``: each must be open to it."""
    before = f"{trail.prefix}/" if trail.prefix else ""
    yield f"{before}AWSLogs/{trail.account}/"
    if trail.organization:
        yield f"{before}AWSLogs/{organization}/"


def _check_bucket(call: ServiceCall, trail: TrailDefinition) -> None:
    arn = f"arn:aws:s3:::{trail.bucket}"
    if call.facts.resource_policy(call.account, call.region, arn) is None:
        return
    owner = call.facts.owner(arn)
    if owner is None:
        raise CloudTrailError(
            f"S3 bucket {trail.bucket} does not exist!", code="S3BucketDoesNotExistException"
        )
    organization = organization_of(call.directory, call.account)
    asked = [("s3:GetBucketAcl", arn)]
    for prefix in log_prefixes(trail, organization.id if organization is not None else ""):
        asked.append(("s3:PutObject", f"{arn}/{prefix}CloudTrail/{trail.region}/"))
    for action, resource in asked:
        more = {"s3:x-amz-acl": "bucket-owner-full-control"} if action == "s3:PutObject" else {}
        if not _admitted(call, trail, action, resource, owner, more):
            raise CloudTrailError(
                f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}",
                code="InsufficientS3BucketPolicyException",
            )


def _check_topic(call: ServiceCall, trail: TrailDefinition) -> None:
    arn = trail.topic_arn
    if call.facts.resource_policy(call.account, call.region, arn) is None:
        return
    if not _admitted(call, trail, "sns:Publish", arn, arn.split(":")[4], {}):
        raise CloudTrailError(
            "SNS Topic does not exist or the topic policy is incorrect!",
            code="InsufficientSnsTopicPolicyException",
        )


def key_arn(call: ServiceCall, trail: TrailDefinition) -> str:
    """The ARN of a trail's key, whichever way it was named; as given where an alias is not known."""
    given = trail.kms_key
    if not given.startswith("arn:"):
        kind = "" if given.startswith("alias/") else "key/"
        given = f"arn:aws:kms:{trail.region}:{call.account}:{kind}{given}"
    if ":alias/" not in given:
        return given
    target = call.facts.attributes(call.account, call.region, given)
    return given if target is None else f"{given.split(':alias/')[0]}:key/{target['TargetKeyId']}"


def _check_key(call: ServiceCall, trail: TrailDefinition) -> None:
    arn = trail.kms_key
    policy = call.facts.resource_policy(call.account, call.region, arn)
    if policy is None:
        return
    if not policy:  # every key has one
        raise CloudTrailError(
            f"KMS key {trail.kms_key} does not exist.",  # in our words
            code="KmsKeyNotFoundException",
        )
    context = {"kms:encryptioncontext:aws:cloudtrail:arn": trail.arn}
    if not _admitted(call, trail, "kms:GenerateDataKey", arn, arn.split(":")[4], context):
        raise CloudTrailError(
            f"Insufficient permissions to access S3 bucket {trail.bucket} or KMS key {trail.kms_key}.",
            code="InsufficientEncryptionPolicyException",
        )


def _check_logs(call: ServiceCall, trail: TrailDefinition) -> None:
    named = _LOG_GROUP.fullmatch(trail.log_group)
    if named is None:
        raise CloudTrailError(
            "CloudTrail cannot validate the specified log group ARN.",
            code="InvalidCloudWatchLogsLogGroupArnException",
        )
    role = role_of_arn(call.directory, trail.log_role)
    trusted = (
        role is not None
        and service_may_assume(
            CLOUDTRAIL,
            role.arn,
            role.account,
            call.directory,
            call.facts,
            source_arn=trail.arn,
            region=call.region,
        ).decision.allowed
    )
    if role is None or not trusted:
        raise CloudTrailError(
            "Access denied. Check the trust relationships for your role.",
            code="InvalidCloudWatchLogsRoleArnException",
        )
    stream = f"{trail.log_group.removesuffix(':*')}:log-stream:{trail.account}_CloudTrail_{trail.region}"
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        asked = Check(action, stream, named[2], {"aws:requestedregion": named[1]})
        judged = check(call.directory, call.facts, _session_of(role), asked, named[1])
        if not judged.decision.allowed:
            raise CloudTrailError(
                "Access denied. Check the permissions for your role.",
                code="InvalidCloudWatchLogsLogGroupArnException",
            )


def _session_of(role: Role) -> Caller:
    """Whoever takes the role: what it could do is asked before anybody takes it."""
    arn = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/CloudTrail"
    kind = PrincipalKind.ROLE_SESSION
    return Caller(Principal(kind, arn, role.account, f"{role.id}:CloudTrail", role_arn=role.arn), role=role)


def _admitted(
    call: ServiceCall, trail: TrailDefinition, action: str, resource: str, owner: str, more: dict[str, str]
) -> bool:
    caller = service_caller(CLOUDTRAIL)
    keys: dict[str, Values] = {
        "aws:principalisawsservice": "true",
        "aws:principalservicename": CLOUDTRAIL,
        "aws:principalservicenameslist": (CLOUDTRAIL,),
        "aws:sourcearn": trail.arn,
        "aws:sourceaccount": trail.account,
        "aws:securetransport": "true",
        "aws:requestedregion": trail.region,
        "aws:resourceaccount": owner,
        **more,
    }
    return check(
        call.directory, call.facts, caller, Check(action, resource, owner, keys), trail.region
    ).decision.allowed
