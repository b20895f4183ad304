"""What CloudFormation reads with its caller's rights before it takes a request up: templates and parameters.

Source: CloudFormation API Reference, TemplateURL; Template Reference, "Systems Manager parameter types".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from passrole.authorize.call import Call
from passrole.policy.cfn_values import comparable
from passrole.services.cloudformation import parameters, stack_policy
from passrole.services.cloudformation.blueprint import read_template
from passrole.services.cloudformation.errors import ValidationError, no_stack
from passrole.services.operation import ActAs, reads
from passrole.state.directory import Directory
from passrole.state.stacks import DELETED, named
from passrole.values.errors import ServiceError

_AT_ONCE: Final = 10  # names that GetParameters takes
_VIRTUAL: Final = re.compile(r"(.+?)\.s3[.-].*")


@dataclass(frozen=True, slots=True)
class Read:
    """A request's template, its stack policies, and what Parameter Store has for its parameters."""

    template: str
    policy: str = ""
    policy_once: str = ""
    resolved: Mapping[str, str] = field(default_factory=dict)


@reads("cloudformation:CreateStack")
@reads("cloudformation:UpdateStack")
@reads("cloudformation:CreateChangeSet")
async def read_request(call: Call, directory: Directory, act: ActAs) -> Read:
    """Raises ValidationError where the template or a parameter's value cannot be had."""
    text = await _template(call, directory, act)
    template = read_template(text)
    stored = parameters.of_store(template)
    policy = await _policy(call, "StackPolicy", act)
    once = await _policy(call, "StackPolicyDuringUpdate", act)
    if not stored:
        return Read(text, policy, once)
    stack = named(directory, call.account, call.region, str(call.input.get("StackName", "")))
    chosen = parameters.chosen(template, _given(call), stack.wanted.parameters if stack is not None else None)
    return Read(text, policy, once, await resolved({name: chosen[name] for name in stored}, act))


@reads("cloudformation:ValidateTemplate")
@reads("cloudformation:GetTemplateSummary")
async def read_alone(call: Call, directory: Directory, act: ActAs) -> Read:
    """The template; of a stack where one is named instead."""
    return Read(await _template(call, directory, act))


@reads("cloudformation:SetStackPolicy")
async def read_policy(call: Call, directory: Directory, act: ActAs) -> Read:
    """The policy of a SetStackPolicy. Raises ValidationError."""
    return Read("", await _policy(call, "StackPolicy", act))


async def resolved(names: Mapping[str, str], act: ActAs) -> dict[str, str]:
    """The values of Parameter Store, by the template's parameter. Raises ValidationError."""
    wanted = list(dict.fromkeys(names.values()))
    values: dict[str, str] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        asked = {"Names": wanted[first : first + _AT_ONCE]}
        found = (await act.call("ssm", "GetParameters", asked)).get("Parameters")
        for one in found if isinstance(found, list) else []:
            values[str(one["Name"])] = str(one["Value"])
    missing = [name for name in wanted if name not in values]
    if missing:
        raise ValidationError(
            f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account."
        )
    return {name: values[stored] for name, stored in names.items()}


async def fetched(url: str, act: ActAs) -> str:
    """The text that an S3 URL names. Raises ValidationError."""
    bucket, key = _place(url)
    try:
        output = await act.call("s3", "GetObject", {"Bucket": bucket, "Key": key})
    except ServiceError as error:
        raise ValidationError(
            f"S3 error: {error.message}\nFor more information check "
            "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        ) from error
    body = output.get("Body")
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else comparable(body)


async def _template(call: Call, directory: Directory, act: ActAs) -> str:
    given = call.input
    body, url = given.get("TemplateBody"), given.get("TemplateURL")
    if body and url:
        raise ValidationError("Only one of Template URL or Template Body may be specified.")
    if isinstance(body, str) and body:
        if len(body.encode()) > 51_200:
            raise ValidationError(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member "
                "must have length less than or equal to 51200"
            )
        return body
    if isinstance(url, str) and url:
        return await fetched(url, act)
    name = str(given.get("StackName") or "")
    if name and (given.get("UsePreviousTemplate") or call.operation == "GetTemplateSummary"):
        stack = named(directory, call.account, call.region, name)
        if stack is None or stack.status == DELETED:
            raise no_stack(name)
        return stack.wanted.template
    raise ValidationError("Either Template URL or Template Body must be specified.")


async def _policy(call: Call, member: str, act: ActAs) -> str:
    body, url = call.input.get(f"{member}Body"), call.input.get(f"{member}URL")
    text = str(body) if body else await fetched(str(url), act) if url else ""
    return stack_policy.checked(text) if text else ""


def _given(call: Call) -> Sequence[Mapping[str, object]]:
    found = call.input.get("Parameters")
    return found if isinstance(found, list) else ()


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path.lstrip("/"))
    if parts.scheme == "s3":
        return host, path
    virtual = _VIRTUAL.fullmatch(host)
    if parts.scheme in ("http", "https") and virtual is not None and not host.startswith("s3"):
        return virtual[1], path
    bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https") or not key:
        raise ValidationError("TemplateURL must be a supported URL.")
    return bucket, key
