"""Times other programs on cases in the format of ``passrole decide --jsonl``; a program of its own.

    python bench/decision_peers.py case FIXTURE ID
    python bench/decision_peers.py matrix FILE

``case`` prints one JSON object: peer -> microseconds a decision on that case, null where the peer is not
installed. ``matrix`` reads what pass_matrix.py wrote and prints peer -> microseconds a decision and the
answers to its sample, in order. Each peer is given what it understands: principalmapper the identity,
boundary, session and service control policies, moto the identity-based policies alone, cedarpy the same
statements written as Cedar policies. None of it is part of passrole, and nothing of passrole imports it.
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

# Answers whether the request of a case is allowed.
Ask = Callable[[Any], bool]


def moto(case: Any) -> Ask:
    """moto's own evaluation, which its server does at every call with IAM switched on."""
    access = importlib.import_module("moto.iam.access_control")
    policies = [access.IAMPolicy(json.dumps(document)) for document in case["identity_policies"]]
    permitted, denied = access.PermissionResult.PERMITTED, access.PermissionResult.DENIED

    def ask(request: Any) -> bool:
        found = [
            policy.is_action_permitted(request["action"], request["resource"], None, request["context"])
            for policy in policies
        ]
        return permitted in found and denied not in found

    return ask


def principalmapper(case: Any) -> Ask:
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

    boundaries = made(case["permission_boundaries"])
    trust: dict[str, object] = {"Version": "2012-10-17", "Statement": []}
    node = common.Node(
        arn=request.get("role_arn") or request["principal"],
        id_value="AROAEXAMPLE",
        attached_policies=made(case["identity_policies"]),
        group_memberships=None,
        trust_policy=trust if "role_arn" in request else None,
        instance_profile=None,
        num_access_keys=0,
        active_password=False,
        is_admin=False,
        permissions_boundary=boundaries[0] if boundaries else None,
        has_mfa=False,
        tags={},
    )
    scps = [made(level) for level in case["scps"]] or None
    sessions = made(case["session_policies"])
    session = sessions[0] if sessions else None

    def ask(request: Any) -> bool:
        context = folding.CaseInsensitiveDict(request["context"])
        return bool(
            query.local_check_authorization_full(
                node, request["action"], request["resource"], context, None, None, scps, session
            )
        )

    return ask


def cedarpy(case: Any) -> Ask:
    """Cedar: one policy a statement, conditions as text comparisons."""
    cedar = importlib.import_module("cedarpy")

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

    def ask(request: Any) -> bool:
        asked = {
            "principal": 'User::"a"',
            "action": 'Action::"a"',
            "resource": 'Resource::"a"',
            "context": {**request["context"], "action": request["action"], "resource": request["resource"]},
        }
        return bool(cedar.is_authorized(asked, policies, entities).allowed)

    return ask


PEERS: dict[str, Callable[[Any], Ask]] = {
    "moto": moto,
    "principalmapper": principalmapper,
    "cedarpy": cedarpy,
}


def one_case(fixture: str, name: str) -> dict[str, float | None]:
    """Microseconds of the quickest decision within about a second, a peer."""
    cases = [json.loads(line) for line in Path(fixture).read_bytes().splitlines()]
    (case,) = (case for case in cases if case["id"] == name)
    figures: dict[str, float | None] = {}
    for peer, prepare in PEERS.items():
        figures[peer] = None
        if importlib.util.find_spec(peer):
            ask, request = prepare(case), case["request"]
            assert ask(request)
            best = float("inf")
            end = time.perf_counter() + LEAST_SECONDS
            while (start := time.perf_counter()) < end:
                ask(request)
                best = min(best, time.perf_counter() - start)
            figures[peer] = best * 1e6
    return figures


def matrix(file: str) -> dict[str, object]:
    """What each peer answers to the sample, and the microseconds a decision, each principal read already."""
    given = json.loads(Path(file).read_bytes())
    told: dict[str, object] = {}
    for peer, prepare in PEERS.items():
        told[peer] = None
        if importlib.util.find_spec(peer):
            asks = {number: prepare(given["principals"][number]) for number, _ in given["sample"]}
            begun = time.process_time()
            answers = [asks[number](request) for number, request in given["sample"]]
            seconds = time.process_time() - begun
            told[peer] = {"microseconds": seconds / len(answers) * 1e6, "answers": answers}
    return told


if __name__ == "__main__":
    asked, *rest = sys.argv[1:]
    print(json.dumps(one_case(*rest) if asked == "case" else matrix(*rest)))
