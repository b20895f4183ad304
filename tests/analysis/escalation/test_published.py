"""Publicly known escalation paths: each is found in an account that has just it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from tests.analysis.details import (
    ACCOUNT,
    Json,
    allow,
    arn,
    deny,
    document,
    estate,
    group,
    managed,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.escalation.paths import Escalation, escalations

EVERYTHING = document(allow(action="*"))
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
PERMISSION_SET = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_1"


@dataclass(frozen=True)
class Published:
    """One published path."""

    id: str
    allows: list[str]
    finds: Mapping[str, Any]
    passes: bool = False
    trusts: str = ""
    at: str = "*"
    more: str = ""
    as_: str = "user"


def published() -> list[Published]:
    rows = yaml.safe_load(Path(__file__).with_name("published.yaml").read_text(encoding="utf-8"))
    return [
        Published(**{("as_" if key == "as" else key): value for key, value in row.items()}) for row in rows
    ]


@dataclass
class Account:
    """What is put together for a path: alice's own statements, policies and group, and the others."""

    own: list[Json]
    inline: list[Json] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    bounded: str = ""
    users: list[Json] = field(default_factory=list)
    roles: list[Json] = field(default_factory=list)
    all_groups: list[Json] = field(default_factory=list)
    policies: list[Json] = field(default_factory=list)

    def page(self, as_: str) -> Json:
        policies = [*([document(*self.own)] if self.own else []), *self.inline]
        if as_ == "user":
            self.users.append(
                user("alice", *policies, groups=self.groups, managed=self.attached, bounded=self.bounded)
            )
        else:
            name = PERMISSION_SET if as_ == "permission set" else "alice"
            self.roles.append(
                role(name, trust("ec2.amazonaws.com"), *policies, managed=self.attached, bounded=self.bounded)
            )
        return page(self.users, self.all_groups, self.roles, self.policies)


def _own_policy(account: Account) -> None:
    account.policies.append(managed("Mine", document(*account.own)))
    account.attached.append(arn("policy", "Mine"))
    account.own = []


def _older_version(account: Account) -> None:
    _own_policy(account)


def _own_group(account: Account) -> None:
    account.groups.append("Ops")
    account.all_groups.append(group("Ops"))


def _group_denies(account: Account) -> None:
    account.groups.append("Denied")
    account.all_groups.append(group("Denied", document(deny(action="s3:*"))))
    account.own.append(allow(action="s3:*"))


def _own_boundary(account: Account) -> None:
    account.policies.append(managed("Bound", document(allow(action="iam:*"))))
    account.bounded = arn("policy", "Bound")
    account.own.append(allow(action="s3:*"))


def _inline_deny(account: Account) -> None:
    account.inline.append(document(deny(action="s3:*")))
    account.own.append(allow(action="s3:*"))


def _attached_deny(account: Account) -> None:
    account.policies.append(managed("Guard", document(deny(action="s3:*"))))
    account.attached.append(arn("policy", "Guard"))
    account.own.append(allow(action="s3:*"))


def _role(name: str, trusted: Json, **more: Any) -> Callable[[Account], None]:
    def added(account: Account) -> None:
        account.roles.append(role(name, trusted, document(allow(action="s3:Get*")), **more))
        if more.get("managed"):
            account.policies.append(managed("Theirs", document(allow(action="s3:List*"))))
        if more.get("bounded"):
            account.policies.append(managed("Bound", document(allow(action="ec2:*"))))

    return added


SAML_TRUST = document(
    {"Effect": "Allow", "Principal": {"Federated": SAML}, "Action": "sts:AssumeRoleWithSAML"}
)
MORE: Mapping[str, Callable[[Account], None]] = {
    "": lambda account: None,
    "profile": lambda account: None,
    "own policy": _own_policy,
    "older version": _older_version,
    "own group": _own_group,
    "own group denies": _group_denies,
    "own boundary": _own_boundary,
    "own inline deny": _inline_deny,
    "own attached deny": _attached_deny,
    "another user": lambda account: account.users.append(user("root-like", EVERYTHING)),
    "another group": lambda account: account.all_groups.append(group("Admins", EVERYTHING)),
    "weak user": lambda account: account.users.append(user("weak")),
    "weak role": _role("Weak", trusting()),
    "weak role with policy": _role("Weak", trusting(), managed=[arn("policy", "Theirs")]),
    "bounded role": _role("Weak", trusting(), bounded=arn("policy", "Bound")),
    "closed role": _role("Weak", trust("lambda.amazonaws.com")),
    "closed role with policy": _role(
        "Weak", trust("lambda.amazonaws.com"), managed=[arn("policy", "Theirs")]
    ),
    "permission set": lambda account: account.roles.append(role(PERMISSION_SET, SAML_TRUST, EVERYTHING)),
    "SAML provider": lambda account: account.roles.append(role("Admin", SAML_TRUST, EVERYTHING)),
}


def account_of(path: Published) -> Json:
    """An account that has just this path."""
    on = path.at if path.at == "*" else arn(*path.at.split("/", 1))
    account = Account([allow(on, action=path.allows)])
    if path.passes:
        account.own.append(allow(arn("role", "Admin")))
    if path.trusts:
        trusted = trusting() if path.trusts == "account" else trust(path.trusts)
        profile = "Admin" if path.more == "profile" else ""
        account.roles.append(role("Admin", trusted, EVERYTHING, profile=profile))
    MORE[path.more](account)
    return account.page(path.as_)


def of_alice(path: Published, page_of: Json) -> list[Escalation]:
    name = PERMISSION_SET if path.as_ == "permission set" else "alice"
    kind = "user" if path.as_ == "user" else "role"
    return [row for row in escalations(estate(page_of)).rows if row.principal == arn(kind, name)]


@pytest.mark.parametrize("path", published(), ids=attrgetter("id"))
def test_a_published_path_is_found(path: Published) -> None:
    rows = of_alice(path, account_of(path))
    wanted = path.finds
    found = [row for row in rows if row.raised == wanted.get("raised", False)]
    assert found, [(row.raised, [step.id for step in row.steps]) for row in rows]
    steps = [(row, step) for row in found for step in row.steps]
    technique = wanted.get("technique", "pass-role" if path.passes else "")
    matching = [
        (row, step)
        for row, step in steps
        if (not technique or step.id == technique)
        and ("operation" not in wanted or step.operation == wanted["operation"])
        and ("name" not in wanted or (step.known is not None and step.known.name == wanted["name"]))
    ]
    assert matching, [(step.id, step.operation, step.known, step.when) for _, step in steps]
    row, step = matching[0]
    assert row.certain is wanted["certain"], (step.when, step.conditions)
    assert row.cut is not None
    if step.known is not None:
        assert step.known.sources
        number = path.id.rpartition("-")[2]
        if number.isdigit() and not path.id.startswith("rhino"):
            assert any(source.endswith(path.id) for source in step.known.sources), step.known.sources


def barred(whole: Json, principal: str, action: str) -> Json:
    """The account in which the principal is denied the action."""
    made: Any = copy.deepcopy(whole)
    for entry in (*made["UserDetailList"], *made["RoleDetailList"]):
        if entry["Arn"] == principal:
            policies = entry["UserPolicyList" if "UserName" in entry else "RolePolicyList"]
            policies.append({"PolicyName": "barred", "PolicyDocument": document(deny(action=action))})
    return cast(Json, made)


@pytest.mark.parametrize("path", published(), ids=attrgetter("id"))
def test_a_certain_path_needs_every_action_that_it_names(path: Published) -> None:
    whole = account_of(path)
    for row in of_alice(path, whole):
        actions = [step.actions for step in row.steps]
        for action in dict.fromkeys(one for step in row.steps for one in step.actions):
            # Who only assumes a role that trusts it by name needs no action for that.
            same = [
                other
                for other in of_alice(path, barred(whole, row.principal, action))
                if (other.target, [step.actions for step in other.steps]) == (row.target, actions)
            ]
            assert not row.certain or same == [], action
