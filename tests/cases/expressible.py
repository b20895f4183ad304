"""Which cases other ways of asking can express, and what they then ask.

A case says everything in ``decide``'s terms; the policy simulator knows fewer policy types, and a live
endpoint sets most context keys itself. Nothing is marked by hand in the YAML: a case is expressible or not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from tests.cases.case import Case, listed, mapping

# The simulator's words for decide's outcomes.
SIMULATED: Final = {
    "allowed": "allowed",
    "explicit_deny": "explicitDeny",
    "implicit_deny": "implicitDeny",
}


def simulation(case: Case) -> dict[str, object] | None:
    """The request of ``iam:SimulateCustomPolicy`` that asks the case, as boto3 takes it; None if it cannot.

    The simulator takes identity-based policies, a permissions boundary, SCPs and a resource-based policy, and
    as CallerArn only an IAM user; it knows no session policies, RCPs or VPC endpoint policies, and no role
    trust policies. Without CallerArn a role session's identity-based policies are simulated alike.
    Source: IAM API Reference, SimulateCustomPolicy.
    """
    body, asked = case.body, mapping(case.body["request"])
    caller, resource_policy = str(asked["principal"]), mapping(body["resource_policy"])
    beyond = ("session_policies", "rcps", "vpc_endpoint_policy")
    if not body["identity_policies"] or any(body[kind] for kind in beyond):
        return None
    owner = asked.get("resource_account", account_of(caller))
    needs_caller = bool(resource_policy) or owner != account_of(caller)
    if ":user/" not in caller and (needs_caller or ":assumed-role/" not in caller):
        return None
    if resource_policy and str(asked["action"]).lower().startswith("sts:"):
        return None
    if "role_arn" in asked:
        return None
    request: dict[str, object] = {
        "PolicyInputList": [json.dumps(policy) for policy in listed(body["identity_policies"])],
        "ActionNames": [asked["action"]],
        "ResourceArns": [asked["resource"]],
        "ContextEntries": [context_entry(key, value) for key, value in mapping(asked["context"]).items()],
    }
    if body["permission_boundaries"]:
        request["PermissionsBoundaryPolicyInputList"] = [
            json.dumps(policy) for policy in listed(body["permission_boundaries"])
        ]
    if body["scps"]:
        request["OrderedOrganizationPolicyInputList"] = [
            {"ServiceControlPolicyInputList": [json.dumps(policy) for policy in listed(level)]}
            for level in listed(body["scps"])
        ]
    if needs_caller:
        request |= {"CallerArn": caller, "ResourceOwner": f"arn:aws:iam::{owner}:root"}
    if resource_policy:
        request["ResourcePolicy"] = json.dumps(resource_policy)
    return request


def account_of(caller: str) -> str:
    """The account of a principal's ARN, "" for a service and an anonymous caller."""
    return caller.split(":")[4] if caller.startswith("arn:") else ""


def context_entry(key: str, value: object) -> dict[str, object]:
    """One ContextEntry; a list is a multivalued key."""
    if isinstance(value, list):
        return {"ContextKeyName": key, "ContextKeyType": "stringList", "ContextKeyValues": value}
    return {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}


def on_endpoint(case: Case) -> bool:
    """Can an endpoint be brought to ask the case: a caller of its own, with tags, on a resource of its own?

    Every key that the case or its policies speak of must be one that a test can set: the caller's tags, its
    name and its ARN, for iam:PassRole also the service that the role goes to. The policies are the
    caller's (identity, boundary, session) and the resource's.
    """
    body, asked = case.body, mapping(case.body["request"])
    caller = str(asked["principal"])
    account = account_of(caller)
    if not account or "federated-user/" in caller or asked.get("resource_account", account) != account:
        return False
    if body["scps"] or body["rcps"] or body["vpc_endpoint_policy"]:
        return False
    context = {key.lower(): value for key, value in mapping(asked["context"]).items()}
    own = {
        "aws:username": caller.rsplit("/", 1)[-1] if ":user/" in caller else None,
        "aws:principalarn": caller if ":user/" in caller else None,
    }
    for key in {*context, *keys_in(body)}:
        settable = key.startswith("aws:principaltag/")
        settable |= key == "iam:passedtoservice" and str(asked["action"]).lower() == "iam:passrole"
        if not settable and (key not in own or context.get(key) != own[key]):
            return False
    return True


def keys_in(value: object) -> Iterator[str]:
    """Every context key that conditions and variables of the policies speak of, in lower case."""
    if isinstance(value, Mapping):
        for block in mapping(value.get("Condition")).values():
            yield from (key.lower() for key in mapping(block))
        for name, inner in value.items():
            if name != "request":
                yield from keys_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)
    elif isinstance(value, str):
        yield from (name.lower() for name in re.findall(r"\$\{([^},]{2,})[,}]", value))
