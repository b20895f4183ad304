"""Draws whole cases of ``passrole decide --jsonl``.

Drawing is the slow part of a random test, so one draw is a *world*: a caller, a service, a few requests,
and for every policy layer a few alternatives. Each world gives many cases, by combining its parts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from tests.proof.alphabet import (
    CALLERS,
    HOME,
    KEYS,
    NAMED,
    OTHER,
    ROLE_ARNS,
    SERVICES,
    STRING,
    Key,
    Service,
)

CASES_A_WORLD: Final = 25
Json = dict[str, object]
FULL_ACCESS: Final[Json] = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}


@dataclass(frozen=True)
class World:
    """Alternatives for every part of a case; the first of each layer is the plainest."""

    requests: tuple[Json, ...]
    layers: dict[str, tuple[object, ...]]

    def cases(self) -> list[Json]:
        """CASES_A_WORLD combinations of the parts, the same for the same world."""
        chance = random.Random(len(self.requests))
        return [
            {
                "id": str(number),
                "request": chance.choice(self.requests),
                **{layer: chance.choice(choices) for layer, choices in self.layers.items()},
            }
            for number in range(CASES_A_WORLD)
        ]


def one_in(draw: st.DrawFn, times: int) -> bool:
    """True once in so many times; shrinks to False."""
    return draw(st.integers(0, times - 1)) == times - 1


def some(draw: st.DrawFn, choices: tuple[object, ...], most: int = 2) -> object:
    """One of the choices, or a list of up to most of them: AWS lets a single value stand alone."""
    if one_in(draw, 2):
        return draw(st.sampled_from(choices))
    return draw(st.lists(st.sampled_from(choices), min_size=1, max_size=most))


def condition(draw: st.DrawFn) -> Json:
    """A Condition block of one or two operators."""
    block: Json = {}
    for _ in range(2 if one_in(draw, 3) else 1):
        key: Key = draw(st.sampled_from(KEYS))
        name = spelled(draw, key.name)
        if one_in(draw, 8):
            block["Null"] = {name: draw(st.sampled_from(("true", "false", True, False)))}
            continue
        operator = draw(st.sampled_from(STRING if one_in(draw, 10) else key.operators))
        if key.multivalued != one_in(draw, 10):
            operator = draw(st.sampled_from(("ForAllValues:", "ForAnyValue:"))) + operator
        if one_in(draw, 4):
            operator += "IfExists"
        block[operator] = {name: some(draw, key.wanted, most=3)}
    return block


def spelled(draw: st.DrawFn, key: str) -> str:
    """Key names ignore case."""
    return key.lower() if one_in(draw, 10) else key


def statement(draw: st.DrawFn, service: Service, allows: int) -> Json:
    """A statement without Principal; allows of ten have the effect Allow."""
    effect = "Allow" if draw(st.integers(0, 9)) < allows else "Deny"
    made: Json = {"Effect": effect}
    if effect == "Allow" and one_in(draw, 4):
        return {"Effect": effect, "Action": "*", "Resource": "*"}
    actions = "NotAction" if one_in(draw, 10) else "Action"
    made[actions] = "*" if one_in(draw, 6) else some(draw, service.action_patterns)
    resources = "NotResource" if one_in(draw, 10) else "Resource"
    made[resources] = "*" if one_in(draw, 3) else some(draw, service.resource_patterns)
    if not one_in(draw, 2):
        made["Condition"] = condition(draw)
    return made


def principal(draw: st.DrawFn, caller: str) -> object:
    """A Principal element, every other time one that speaks of the caller."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return "*"
    if kind == 1:
        return {"Service": some(draw, ("lambda.amazonaws.com", "ec2.amazonaws.com"))}
    if kind == 2:
        return {"AWS": some(draw, NAMED), "Service": "lambda.amazonaws.com"}
    if kind == 3:
        return {"Federated": "cognito-identity.amazonaws.com"}
    if kind < 6:
        return {"AWS": some(draw, NAMED, most=3)}
    if not caller.startswith("arn:"):
        return {"AWS": "*"} if caller == "*" else {"Service": caller}
    own = [caller, HOME, f"arn:aws:iam::{HOME}:root"]
    if ":assumed-role/" in caller:
        own.append(f"arn:aws:iam::{HOME}:role/{caller.split('/')[1]}")
    return {"AWS": some(draw, tuple(own), most=3)}


@st.composite
def documents(draw: st.DrawFn, service: Service, allows: int) -> Json:
    """A policy that hangs on the caller: identity, boundary, session or SCP."""
    return document(draw, [statement(draw, service, allows) for _ in range(draw(st.integers(1, 3)))])


def document(draw: st.DrawFn, statements: list[Json]) -> Json:
    made: Json = {}
    if not one_in(draw, 6):
        made["Version"] = "2008-10-17" if one_in(draw, 5) else "2012-10-17"
    made["Statement"] = statements[0] if len(statements) == 1 and one_in(draw, 2) else statements
    return made


@st.composite
def resource_documents(draw: st.DrawFn, service: Service, caller: str) -> Json:
    """A resource-based policy; a role's trust policy where the service is STS."""
    statements = []
    for _ in range(draw(st.integers(1, 3))):
        made = statement(draw, service, allows=8)
        excluded = made["Effect"] == "Deny" and one_in(draw, 3)
        made["NotPrincipal" if excluded else "Principal"] = principal(draw, caller)
        if service.actions[0].startswith("sts:"):
            made.pop("Resource", None)
            made.pop("NotResource", None)
        statements.append(made)
    return document(draw, statements)


@st.composite
def contexts(draw: st.DrawFn) -> Json:
    """A request's context: half of the keys, each with a value or, multivalued, up to three."""
    made: Json = {}
    for key in KEYS:
        if one_in(draw, 2):
            continue
        values = st.sampled_from(key.values)
        name = spelled(draw, key.name)
        made[name] = draw(st.lists(values, max_size=3)) if key.multivalued else draw(values)
    return made


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """One world of cases that belong together."""
    service: Service = draw(st.sampled_from(SERVICES))
    caller: str = draw(st.sampled_from(CALLERS))
    asked: list[Json] = []
    for _ in range(3):
        request: Json = {
            "principal": caller,
            "action": draw(st.sampled_from(service.actions)),
            "resource": draw(st.sampled_from(service.resources)),
            "context": draw(contexts()),
        }
        if ":assumed-role/" in caller and one_in(draw, 3):
            request["role_arn"] = ROLE_ARNS[0] if "/Dev/" in caller else ROLE_ARNS[1]
        if not caller.startswith("arn:") or one_in(draw, 2):
            request["resource_account"] = OTHER if one_in(draw, 3) else HOME
        asked.append(request)

    plain: bool = not caller.startswith("arn:") or caller.endswith(":root")
    session = "/s" in caller or "federated" in caller
    own, broad = documents(service, allows=8), st.one_of(st.just(FULL_ACCESS), documents(service, allows=7))

    def lists(strategy: st.SearchStrategy[Json], most: int) -> st.SearchStrategy[list[Json]]:
        return st.lists(strategy, min_size=1, max_size=most)

    endpoint: Json = draw(broad)
    layers: dict[str, tuple[object, ...]] = {
        "identity_policies": ([],)
        if plain
        else ([], draw(lists(own, 2)), draw(lists(own, 2)), [FULL_ACCESS]),
        "resource_policy": (None, *(draw(resource_documents(service, caller)) for _ in range(4))),
        "permission_boundaries": ([],) if plain else ([], draw(lists(broad, 1)), draw(lists(broad, 1))),
        "session_policies": ([], draw(lists(broad, 2)), [FULL_ACCESS]) if session else ([],),
        "scps": ([], []),
        "rcps": ([], [], [[guard(draw, service)]]),
        "vpc_endpoint_policy": (None, None, for_everyone(endpoint)),
    }
    if caller.startswith("arn:"):
        levels = st.lists(
            st.lists(broad, min_size=0 if one_in(draw, 6) else 1, max_size=2), min_size=1, max_size=2
        )
        layers["scps"] = ([], [], draw(levels))
    return World(tuple(asked), layers)


def guard(draw: st.DrawFn, service: Service) -> Json:
    """A resource control policy: it denies, and to everyone."""
    return for_everyone(document(draw, [statement(draw, service, allows=0)]))


def for_everyone(policy: Json) -> Json:
    """The policy with Principal "*" in every statement."""
    statements = policy["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {**policy, "Statement": [{**each, "Principal": "*"} for each in listed if isinstance(each, dict)]}
