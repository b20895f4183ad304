"""Hands one case of ``passrole decide --jsonl`` to the engine's own types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from passrole.decision.evaluate import evaluate
from passrole.decision.request import Decision, Policies, Request
from passrole.policy.document import Policy
from passrole.values.principal import Principal


def ask(body: Mapping[str, object]) -> Decision:
    """The decision of ``passrole.decision.evaluate`` on one case."""
    return evaluate(request_of(body), policies_of(body))


def request_of(body: Mapping[str, object]) -> Request:
    """The case's request; keys in lower case, a list of values as a tuple."""
    asked = block(body["request"])
    return Request(
        principal=Principal.parse(str(asked["principal"]), role_arn=str(asked.get("role_arn", ""))),
        action=str(asked["action"]),
        resource=str(asked["resource"]),
        resource_account=str(asked.get("resource_account", "")),
        context={
            key.lower(): value if isinstance(value, str) else tuple(map(str, items(value)))
            for key, value in block(asked.get("context", {})).items()
        },
    )


def policies_of(body: Mapping[str, object]) -> Policies:
    """Every policy of the case, parsed."""
    resource, endpoint = body.get("resource_policy"), body.get("vpc_endpoint_policy")
    session = parsed(body.get("session_policies", []))
    return Policies(
        identity=parsed(body.get("identity_policies", [])),
        resource=Policy.parse(block(resource)) if resource else None,
        boundaries=parsed(body.get("permission_boundaries", [])),
        session=session or None,
        scps=tuple(parsed(level) for level in items(body.get("scps", []))),
        rcps=tuple(parsed(level) for level in items(body.get("rcps", []))),
        vpc_endpoint=Policy.parse(block(endpoint)) if endpoint else None,
    )


def parsed(documents: object) -> tuple[Policy, ...]:
    return tuple(Policy.parse(block(document)) for document in items(documents))


def block(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"an object is wanted, not {value!r}")
    return value


def items(value: object) -> Sequence[object]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise TypeError(f"a list is wanted, not {value!r}")
    return value
