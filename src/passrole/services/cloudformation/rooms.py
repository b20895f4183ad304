"""Where an operation's input is more than its properties under other names: one small function each.

Source: the types' pages in the CloudFormation Template Reference.
"""

from __future__ import annotations

import io
import json
import secrets
import string
import zipfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from passrole.policy.cfn_values import comparable
from passrole.services.cloudformation.filling import Filling
from passrole.services.operation import ActAs

_FIXED: Final = (1980, 1, 1, 0, 0, 0)  # so that the same code is the same zip file
_VERSIONS: Final = 5  # Source: IAM User Guide, "IAM and AWS STS quotas"


@dataclass(frozen=True, slots=True)
class Room:
    """What an adapter works with."""

    act: ActAs
    service: str
    region: str
    properties: Mapping[str, object]
    filling: Filling


Given = dict[str, object]
Adapt = Callable[[Room, Given], Awaitable[Given | None]]  # None: the call is left out


async def _inline_code(room: Room, given: Given) -> Given:
    """Code.ZipFile is a source text: it becomes the zip file that Lambda takes."""
    code = given.get("Code")
    runtime = comparable(room.properties.get("Runtime"))
    if isinstance(code, dict) and isinstance(code.get("ZipFile"), str):
        return {**given, "Code": {**code, "ZipFile": _zipped(code["ZipFile"], runtime)}}
    if isinstance(given.get("ZipFile"), str):
        return {**given, "ZipFile": _zipped(str(given["ZipFile"]), runtime)}
    return given


def _zipped(text: str, runtime: str) -> bytes:
    node = runtime.startswith("nodejs")
    module, source = ("cfn-response.js",) * 2 if node else ("cfnresponse.py", "cfnresponse.py.txt")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("index.js" if node else "index.py", _FIXED), text)
        sent = resources.files(__package__).joinpath("data", source).read_text(encoding="utf-8")
        archive.writestr(zipfile.ZipInfo(module, _FIXED), sent)
    return buffer.getvalue()


async def _bucket_region(room: Room, given: Given) -> Given:
    if "ACL" in given:
        given = {**given, "ACL": _canned(comparable(given["ACL"]))}
    if room.region == "us-east-1":
        return given
    return {**given, "CreateBucketConfiguration": {"LocationConstraint": room.region}}


async def _canned_acl(room: Room, given: Given) -> Given:
    return {**given, "ACL": _canned(comparable(given.get("ACL")))}


def _canned(name: str) -> str:
    """``BucketOwnerFullControl`` → ``bucket-owner-full-control``."""
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in name).lstrip("-")


async def _lifecycle(room: Room, given: Given) -> Given:
    """Rules have days of their own in CloudFormation where S3 has a structure around them."""
    configuration = given.get("LifecycleConfiguration")
    if not isinstance(configuration, dict):
        return given
    rules = [_rule(one) for one in configuration.get("Rules", []) if isinstance(one, dict)]
    return {**given, "LifecycleConfiguration": {"Rules": rules}}


def _rule(given: Mapping[str, object]) -> Given:
    rule = dict(given)
    expiration: Given = {}
    for name, member in (
        ("ExpirationInDays", "Days"),
        ("ExpirationDate", "Date"),
        ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
    ):
        if name in rule:
            expiration[member] = rule.pop(name)
    if expiration:
        rule["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        days = rule.pop("NoncurrentVersionExpirationInDays")
        rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    moves = rule.pop("Transitions", None)
    if isinstance(moves, list):
        rule["Transitions"] = [
            {"Days" if name == "TransitionInDays" else name: value for name, value in one.items()}
            for one in moves
            if isinstance(one, dict)
        ]
    if "Filter" not in rule:
        rule["Filter"] = {"Prefix": rule.pop("Prefix", "")}
    return rule


async def _notifications(room: Room, given: Given) -> Given:
    """Each target's list, whose events CloudFormation writes one at a time."""
    configuration = given.get("NotificationConfiguration")
    if not isinstance(configuration, dict):
        return given
    made: Given = {}
    for name, arn, member, target in (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
    ):
        listed = configuration.get(name)
        if isinstance(listed, list):
            made[member] = [
                {
                    target: one.get(arn),
                    "Events": [one.get("Event")],
                    **({"Filter": {"Key": _filter(one["Filter"])}} if "Filter" in one else {}),
                }
                for one in listed
                if isinstance(one, dict)
            ]
    if "EventBridgeConfiguration" in configuration:
        made["EventBridgeConfiguration"] = {}
    return {**given, "NotificationConfiguration": made}


def _filter(given: object) -> object:
    rules = given.get("S3Key") if isinstance(given, dict) else None
    return {"FilterRules": rules.get("Rules", [])} if isinstance(rules, dict) else {}


async def _definition(room: Room, given: Given) -> Given:
    """A state machine's definition with its substitutions."""
    definition = given.get("definition")
    text = definition if isinstance(definition, str) else json.dumps(definition)
    named = room.properties.get("DefinitionSubstitutions")
    for name, value in named.items() if isinstance(named, dict) else ():
        text = text.replace(f"${{{name}}}", comparable(value))
    return {**given, "definition": text}


async def _ip_permission(room: Room, given: Given) -> Given | None:
    return _permission(given, "Source")


async def _egress_permission(room: Room, given: Given) -> Given | None:
    made = _permission(given, "Destination")
    everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    # A new group lets everything out already; CloudFormation keeps that rule where the template has it.
    return None if made is not None and made.get("IpPermissions") == [everywhere] else made


def _permission(given: Given, side: str) -> Given | None:
    listed = given.get("IpPermissions")
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
        return None
    rule: Mapping[str, object] = listed[0]
    said = {"Description": rule["Description"]} if "Description" in rule and "CidrIp" in rule else {}
    made: Given = {"IpProtocol": comparable(rule.get("IpProtocol", "-1"))}
    for name in ("FromPort", "ToPort"):
        if name in rule:
            made[name] = rule[name]
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **said}]
    if "CidrIpv6" in rule:
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"]}]
    group = rule.get(f"{side}SecurityGroupId")
    if group:
        made["UserIdGroupPairs"] = [{"GroupId": group}]
    prefix = rule.get(f"{side}PrefixListId")
    if prefix:
        made["PrefixListIds"] = [{"PrefixListId": prefix}]
    return {**given, "IpPermissions": [made]}


async def _replace_profile(room: Room, given: Given) -> Given | None:
    """Ends the association that an instance has, before another is made."""
    filters = [{"Name": "instance-id", "Values": [room.filling.id]}]
    found = await room.act.call("ec2", "DescribeIamInstanceProfileAssociations", {"Filters": filters})
    associations = found.get("IamInstanceProfileAssociations")
    for one in associations if isinstance(associations, list) else []:
        ended = {"AssociationId": one["AssociationId"]}
        await room.act.call("ec2", "DisassociateIamInstanceProfile", ended)
    return given or None


async def _policy_versions(room: Room, given: Given) -> Given:
    """Makes room for one more version of a managed policy: the oldest goes."""
    versions = await _versions(room, given)
    if len(versions) >= _VERSIONS:
        await _drop(room, given, versions[:1])
    return given


async def _all_policy_versions(room: Room, given: Given) -> Given:
    await _drop(room, given, await _versions(room, given))
    return given


async def _versions(room: Room, given: Given) -> list[str]:
    """The versions that are not the default one, oldest first."""
    found = await room.act.call("iam", "ListPolicyVersions", {"PolicyArn": given["PolicyArn"]})
    listed = found.get("Versions")
    versions = [one for one in listed if not one["IsDefaultVersion"]] if isinstance(listed, list) else []
    return sorted((str(one["VersionId"]) for one in versions), key=lambda one: int(one[1:]))


async def _drop(room: Room, given: Given, versions: list[str]) -> None:
    for one in versions:
        gone = {"PolicyArn": given["PolicyArn"], "VersionId": one}
        await room.act.call("iam", "DeletePolicyVersion", gone)


async def _generated_secret(room: Room, given: Given) -> Given:
    """A secret that is made up. Source: SecretsManager's GetRandomPassword, which the type's page names."""
    wanted = room.properties.get("GenerateSecretString")
    if not isinstance(wanted, dict):
        return given
    letters = string.ascii_letters + string.digits + string.punctuation
    for name, left_out in (
        ("ExcludeUppercase", string.ascii_uppercase),
        ("ExcludeLowercase", string.ascii_lowercase),
        ("ExcludeNumbers", string.digits),
        ("ExcludePunctuation", string.punctuation),
    ):
        if comparable(wanted.get(name)) == "true":
            letters = "".join(one for one in letters if one not in left_out)
    letters = "".join(one for one in letters if one not in comparable(wanted.get("ExcludeCharacters")))
    length = int(comparable(wanted.get("PasswordLength")) or 32)
    password = "".join(secrets.choice(letters) for _ in range(length))
    key = wanted.get("GenerateStringKey")
    if key:
        around = json.loads(comparable(wanted.get("SecretStringTemplate")) or "{}")
        password = json.dumps({**around, comparable(key): password})
    return {**given, "SecretString": password}


ROOMS: Final[Mapping[str, Adapt]] = {
    "inline-code": _inline_code,
    "bucket-region": _bucket_region,
    "canned-acl": _canned_acl,
    "lifecycle": _lifecycle,
    "notifications": _notifications,
    "definition": _definition,
    "ip-permission": _ip_permission,
    "egress-permission": _egress_permission,
    "replace-profile": _replace_profile,
    "policy-versions": _policy_versions,
    "all-policy-versions": _all_policy_versions,
    "generated-secret": _generated_secret,
}
