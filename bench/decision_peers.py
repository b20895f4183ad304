"""Times other programs on a case of ``decision_case.jsonl``; see decision.py, which runs this as a program.

    python bench/decision_peers.py FIXTURE CASE

Prints one JSON object: peer -> microseconds a decision, null where the peer is not installed. Each peer
is given what it understands: principalmapper the identity, boundary, session and service control policies,
moto the identity-based policies alone, cedarpy the same statements written as Cedar policies. None of it is
part of passrole, and nothing of passrole imports it.
"""

from __future__ import annotations

import collections
import collections.abc
import importlib
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LEAST_SECONDS = 1.0


def microseconds(run: Callable[[], object]) -> float:
    """Of the quickest run within about a second."""
    best = float("inf")
    end = time.perf_counter() + LEAST_SECONDS
    while (start := time.perf_counter()) < end:
        run()
        best = min(best, time.perf_counter() - start)
    return best * 1e6


def moto(case: Any) -> Callable[[], object]:
    """moto's own evaluation, which its server does at every call with IAM switched on."""
    access = importlib.import_module("moto.iam.access_control")
    policies = [access.IAMPolicy(json.dumps(document)) for document in case["identity_policies"]]
    request = case["request"]

    def run() -> object:
        return [
            policy.is_action_permitted(request["action"], request["resource"], None, request["context"])
            for policy in policies
        ]

    return run


def principalmapper(case: Any) -> Callable[[], object]:
    """Principal Mapper's local simulation.

    Its last release asks ``collections`` for names that Python 3.10 moved to ``collections.abc``.
    """
    for name in ("Mapping", "MutableMapping"):
        setattr(collections, name, getattr(collections.abc, name))
    common = importlib.import_module("principalmapper.common")
    query = importlib.import_module("principalmapper.querying.query_interface")
    folding = importlib.import_module("principalmapper.util.case_insensitive_dict")
    request = case["request"]

    def made(documents: Any) -> list[Any]:
        return [
            common.Policy(f"arn:aws:iam::111122223333:policy/p{number}", f"p{number}", document)
            for number, document in enumerate(documents)
        ]

    (boundary,) = made(case["permission_boundaries"])
    trust: dict[str, object] = {"Version": "2012-10-17", "Statement": []}
    node = common.Node(
        arn=request["role_arn"],
        id_value="AROAEXAMPLE",
        attached_policies=made(case["identity_policies"]),
        group_memberships=None,
        trust_policy=trust,
        instance_profile=None,
        num_access_keys=0,
        active_password=False,
        is_admin=False,
        permissions_boundary=boundary,
        has_mfa=False,
        tags={},
    )
    context = folding.CaseInsensitiveDict(request["context"])
    scps = [made(level) for level in case["scps"]]
    (session,) = made(case["session_policies"])

    def run() -> object:
        answer = query.local_check_authorization_full(
            node, request["action"], request["resource"], context, None, None, scps, session
        )
        assert answer
        return answer

    return run


def cedarpy(case: Any) -> Callable[[], object]:
    """Cedar: one policy a statement, conditions as text comparisons."""
    cedar = importlib.import_module("cedarpy")
    request = case["request"]

    def quoted(text: str) -> str:
        return json.dumps(text)

    def one(statement: Any) -> str:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        named = " || ".join(f"context.action like {quoted(action)}" for action in actions)
        parts = [f"({named})", f"context.resource like {quoted(statement['Resource'])}"]
        for keys in statement.get("Condition", {}).values():
            for key, values in keys.items():
                wanted = values if isinstance(values, list) else [values]
                equal = " || ".join(f"context[{quoted(key)}] == {quoted(value)}" for value in wanted)
                parts.append(f"context has {quoted(key)} && ({equal})")
        effect = "permit" if statement["Effect"] == "Allow" else "forbid"
        return f"{effect} (principal, action, resource) when {{ {' && '.join(parts)} }};"

    text = "\n".join(one(each) for document in case["identity_policies"] for each in document["Statement"])
    policies = cedar.PolicySet.from_str(text)
    entities = cedar.Entities.from_json_str("[]")
    asked = {
        "principal": 'User::"a"',
        "action": 'Action::"a"',
        "resource": 'Resource::"a"',
        "context": {**request["context"], "action": request["action"], "resource": request["resource"]},
    }

    def run() -> object:
        answer = cedar.is_authorized(asked, policies, entities)
        assert answer.allowed
        return answer

    return run


PEERS: dict[str, Callable[[Any], Callable[[], object]]] = {
    "moto": moto,
    "principalmapper": principalmapper,
    "cedarpy": cedarpy,
}


def main(fixture: str, name: str) -> None:
    """Prints the figures."""
    cases = [json.loads(line) for line in Path(fixture).read_bytes().splitlines()]
    (case,) = (case for case in cases if case["id"] == name)
    figures = {
        peer: microseconds(prepare(case)) if importlib.util.find_spec(peer) else None
        for peer, prepare in PEERS.items()
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
