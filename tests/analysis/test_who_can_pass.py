"""who-can-pass: known estates row by row, and random ones against the engine, pair by pair."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
    organization,
    page,
    role,
    trust,
    trusting,
    user,
)

from passrole.analysis.account_passes import AccountPasses, Pass
from passrole.analysis.askers import Asker, askers
from passrole.analysis.requirements import RESOURCE, Requirement, requirements
from passrole.analysis.trust import may_assume
from passrole.analysis.who_can_pass import Passes, who_can_pass
from passrole.authorize.call import NoFacts
from passrole.decision.evaluate import evaluate
from passrole.decision.residual import residual
from passrole.passing.rule import judge_pass
from passrole.policy.conditions import Condition
from passrole.state.entities import Role, User
from passrole.state.estate.estate import Estate
from passrole.values.arn import Arn

EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
TO_EC2 = {"StringEquals": {"iam:PassedToService": EC2}}


def rows(found: Estate, role: str = "", service: str = "", principal: str = "") -> list[tuple[str, str, str]]:
    return [_short(one) for one in who_can_pass(found, role=role, service=service, principal=principal)]


def _short(one: Pass) -> tuple[str, str, str]:
    return one.principal.rsplit("/", 1)[-1], one.role.rsplit("/", 1)[-1], one.service.partition(".")[0]


def test_a_pass_needs_the_right_the_key_and_the_trust() -> None:
    found = estate(
        page(
            users=[
                user("alice", document(allow(arn("role", "EC2-*"), TO_EC2))),
                user("bob", document(allow(action="iam:Get*"))),
                user("carol", groups=["Ops"]),
                user("dave", document(allow()), bounded=arn("policy", "Bound")),
                user("erin", document(allow(), deny(arn("role", "EC2-web")))),
            ],
            groups=[group("Ops", managed=[arn("policy", "Pass")])],
            roles=[role("EC2-web", trust(EC2)), role("app/Worker", trust(LAMBDA)), role("Plain", trusting())],
            policies=[
                managed("Pass", document(allow(arn("role", "app/Worker")))),
                managed("Bound", document(allow(arn("role", "EC2-web"), action="iam:*"))),
            ],
        )
    )
    assert rows(found) == [
        ("alice", "EC2-web", "ec2"),
        ("carol", "Worker", "lambda"),
        ("dave", "EC2-web", "ec2"),
        ("erin", "Worker", "lambda"),
    ]
    assert all(one.conditions == () for one in who_can_pass(found))


def test_a_role_stands_for_its_sessions_and_a_root_user_only_for_itself() -> None:
    found = estate(page(roles=[role("ci/Deployer", trusting(), document(allow())), role("Web", trust(EC2))]))
    assert [one.principal for one in who_can_pass(found)] == [arn("role", "ci/Deployer")]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/Deployer/build-1"
    assert rows(found, principal=session) == [("Deployer", "Web", "ec2")]
    (root,) = who_can_pass(found, principal=f"arn:aws:iam::{ACCOUNT}:root")
    assert (root.principal, root.role) == (f"arn:aws:iam::{ACCOUNT}:root", arn("role", "Web"))


def test_filters_are_globs_on_every_side() -> None:
    found = estate(
        page(
            users=[user("alice", document(allow())), user("adam", document(allow()))],
            roles=[role("app/One", trust(EC2, LAMBDA)), role("Two", trust(LAMBDA))],
        )
    )
    assert len(rows(found)) == 6
    assert rows(found, principal="al*", service="lambda") == [
        ("alice", "Two", "lambda"),
        ("alice", "One", "lambda"),
    ]
    assert {one[1] for one in rows(found, role=arn("role", "app/*"))} == {"One"}
    assert {one[1] for one in rows(found, role="T?o")} == {"Two"}
    assert {one[2] for one in rows(found, service="ec2*")} == {"ec2"}
    assert rows(found, role="absent") == []


def test_a_pattern_without_colon_is_one_of_names() -> None:
    found = estate(
        page(
            users=[user("team/alice", document(allow())), user("bob", document(allow()))],
            roles=[role("app/One", trust(EC2)), role("Two", trust(EC2))],
        )
    )
    assert {one[0] for one in rows(found, principal="a*")} == {"alice"}  # not each ARN
    for pattern in ("alice", "team/*", "user/team/alice", "*:user/team/*", "*user/t*"):
        assert {one[0] for one in rows(found, principal=pattern)} == {"alice"}, pattern
    for pattern in ("app/*", "role/app/One", "arn:aws:iam::*:role/app/*"):
        assert {one[1] for one in rows(found, role=pattern)} == {"One"}, pattern


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({}, ""),
        ({"role": "Nope"}, "no role fits Nope, of 3; * and ? are wildcards"),
        ({"role": "N*"}, "no role fits N*, of 3"),
        ({"role": "Human"}, "the role's trust policy does not admit any service"),
        ({"service": "batch"}, "no trust policy of 3 roles admits batch.amazonaws.com"),
        (
            {"service": "nosuch", "role": "Web"},
            "the role's trust policy does not admit nosuch.amazonaws.com; "
            "no operation is known that passes roles to it",
        ),
        ({"principal": "ali"}, "no user or role fits ali, of 5; * and ? are wildcards"),
        ({"principal": arn("user", "ali")}, f"no user or role fits {arn('user', 'ali')}, of 5"),
        ({"principal": "carol"}, "the principal may not pass any of 2 roles"),
        ({"principal": "carol", "role": "Web"}, "the principal may not pass the role"),
        ({"principal": "Wor*", "role": "W*"}, "the principal may not pass any of 2 roles"),
        ({"principal": "W*"}, "none of 2 principals may pass any of 2 roles"),
        (
            {"principal": "arn:aws:iam::444455556666:root"},
            "arn:aws:iam::444455556666:root: the details have nothing of its account",
        ),
    ],
)
def test_an_empty_answer_says_why(asked: dict[str, str], why: str) -> None:
    found = estate(
        page(
            users=[user("alice", document(allow())), user("carol", document(allow(action="s3:*")))],
            roles=[role("Web", trust(EC2)), role("Worker", trust(LAMBDA)), role("Human", trusting())],
        )
    )
    role_, service, principal = (asked.get(name, "") for name in ("role", "service", "principal"))
    passes = Passes([found], role=role_, service=service, principal=principal)
    assert bool(list(passes.rows())) is not bool(why)
    assert passes.why_nothing() == why


def test_an_empty_answer_says_what_it_was_about() -> None:
    nobody = Passes([estate(page(users=[user("alice", document(allow()))]))])
    assert nobody.counts("role") == []
    assert nobody.why_nothing() == "there is no role, so there is nothing to pass"
    idle = Passes([estate(page([user("a", document(allow()))], roles=[role("W", trust(EC2))]))], usable=True)
    assert list(idle.rows()) == []
    assert idle.why_nothing() == (
        "none of 2 principals may pass the role and call an operation that takes it"
    )


def test_what_is_unknown_of_a_call_is_a_condition() -> None:
    region = {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-3"]}}
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    found = estate(
        page(
            users=[user("alice", document(allow(condition=region), deny(condition=mfa)))],
            roles=[role("Web", trust(EC2))],
        )
    )
    (one,) = who_can_pass(found)
    assert one.conditions == (
        Requirement("StringEquals", "aws:RequestedRegion", ("eu-west-1", "eu-west-3")),
        Requirement("Bool", "aws:MultiFactorAuthPresent", ("true",)),
    )


def test_every_layer_and_level_adds_its_conditions() -> None:
    def source(net: str) -> Json:
        return {"IpAddress": {"aws:SourceIp": net}}

    scp = document(allow(action="*", condition=source("10.0.0.0/8")))
    whole = organization([], [scp])
    policies = whole["Policies"]
    assert isinstance(policies, list)
    policies[0]["Targets"] = [{"TargetId": "r-root"}, {"TargetId": ACCOUNT}]  # the unit has only the scp
    found = estate(
        page(
            users=[user("alice", document(allow(condition=source("10.1.0.0/16"))))],
            roles=[role("Web", trust(EC2))],
        ),
        organization=whole,
    )
    (one,) = who_can_pass(found)
    assert [(each.key, each.values) for each in one.conditions] == [
        ("aws:SourceIp", ("10.0.0.0/8",)),
        ("aws:SourceIp", ("10.1.0.0/16",)),
    ]


def test_an_users_tags_are_known_and_a_sessions_are_not() -> None:
    team = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    policy = document(allow(condition=team))
    found = estate(
        page(
            users=[user("red", policy, tags={"team": "red"}), user("none", policy)],
            roles=[
                role("Known", trusting(), policy, tags={"team": "red"}),
                role("Tagged", trusting(tags=True), policy, tags={"team": "blue"}),
                role("Blue", trusting(), policy, tags={"team": "blue"}),
                role("Web", trust(EC2)),
            ],
        )
    )
    red = Requirement("StringEquals", "aws:PrincipalTag/team", ("red",))
    assert {one.principal.rsplit("/")[-1]: one.conditions for one in who_can_pass(found)} == {
        "red": (),
        "Known": (),
        "Tagged": (red,),
    }


def test_the_roles_own_tags_never_let_a_pass_through() -> None:
    tagged = {"StringEquals": {"iam:ResourceTag/team": "red", "aws:ResourceTag/team": "red"}}
    found = estate(
        page(
            users=[user("alice", document(allow(condition=tagged)))],
            roles=[role("Web", trust(EC2), tags={"team": "red"})],
        )
    )
    assert who_can_pass(found) == []


def test_a_trust_policy_may_depend_on_the_resource_that_the_service_acts_for() -> None:
    source = {
        "ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }
    other = {"StringEquals": {"aws:SourceAccount": "444455556666"}}
    found = estate(
        page(
            users=[user("alice", document(allow()))],
            roles=[role("One", trust(LAMBDA, condition=source)), role("Two", trust(LAMBDA, condition=other))],
        )
    )
    (one,) = who_can_pass(found)
    assert one.role == arn("role", "One")
    assert [each.key for each in one.conditions] == ["aws:SourceArn"]


def test_a_regional_principal_stands_for_its_service() -> None:
    found = estate(
        page(
            users=[user("alice", document(allow()))],
            roles=[role("R", trust("dms.eu-west-1.amazonaws.com", "states.us-east-1.amazonaws.com"))],
        )
    )
    assert [one[2] for one in rows(found)] == ["dms", "states"]


def test_where_sources_disagree_the_service_counts_only_if_its_part_does_not() -> None:
    to_rds = {"StringEquals": {"iam:PassedToService": "rds.amazonaws.com"}}
    found = estate(
        page(
            users=[user("all", document(allow())), user("rds", document(allow(condition=to_rds)))],
            roles=[role("Monitor", trust("monitoring.rds.amazonaws.com"))],
        )
    )
    assert [(one.principal.rsplit("/")[-1], one.service) for one in who_can_pass(found)] == [
        ("all", "monitoring.rds.amazonaws.com"),
        ("rds", "rds.amazonaws.com"),
    ]


def test_usable_asks_for_an_operation_that_takes_the_role() -> None:
    found = estate(
        page(
            users=[
                user("idle", document(allow())),
                user("maker", document(allow(), allow(action="lambda:CreateFunction"))),
                user("reader", document(allow(), allow(action="lambda:Get*"))),
                user("denied", document(allow(), allow(action="lambda:*"), deny(action="lambda:*"))),
            ],
            roles=[role("Worker", trust(LAMBDA))],
        )
    )
    assert len(rows(found)) == 4
    usable = who_can_pass(found, usable=True, service=LAMBDA)
    assert [one.principal for one in usable] == [arn("user", "maker")]


def test_counts_say_how_many_passes_each_has() -> None:
    found = estate(
        page(
            users=[user("alice", document(allow())), user("bob", document(allow(arn("role", "Two"))))],
            roles=[role("One", trust(EC2, LAMBDA)), role("Two", trust(LAMBDA)), role("Three", trusting())],
        )
    )
    passes = Passes([found])
    assert passes.counts("principal") == [(arn("user", "alice"), 3), (arn("user", "bob"), 1)]
    assert passes.counts("role") == [(arn("role", "One"), 2), (arn("role", "Two"), 2)]
    assert passes.counts("service") == [(LAMBDA, 3), (EC2, 1)]


def test_a_policy_that_cannot_be_read_leaves_the_answer_open() -> None:
    broken: Json = {"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}
    found = estate(
        page(users=[user("alice", document(allow()), broken)], roles=[role("Web", trust(EC2))]),
    )
    (one,) = who_can_pass(found)
    assert one.conditions == (Requirement("BoolIfExists", "passrole:Unread/p1", ("false",)),)
    assert any("UserPolicyList[1].PolicyDocument" in str(note) for note in found.notes)


def test_files_are_taken_as_well(tmp_path: Path) -> None:
    path = tmp_path / "details.json"
    path.write_text(json.dumps(page(users=[user("a", document(allow()))], roles=[role("W", trust(EC2))])))
    assert len(who_can_pass(path)) == len(who_can_pass([str(path)])) == 1


# --- Random estates ---------------------------------------------------------------------------

SERVICES = (EC2, LAMBDA, "ecs-tasks.amazonaws.com")
LINKED = "aws-service-role/ec2.amazonaws.com/Linked"  # organizations' policies do not reach it
ROLES = ("app/Web", "app/Worker", "Web", "team/red-1", "team/blue-1", LINKED)
PATTERNS = (
    "*",
    arn("role", "*"),
    arn("role", "app/*"),
    arn("role", "Web"),
    arn("role", "*/W?b"),
    arn("role", "team/${aws:PrincipalTag/team}-*"),
    arn("role", "${aws:username}"),
    arn("user", "*"),
)
UNKNOWN_VALUES: dict[str, tuple[str, ...]] = {
    "aws:requestedregion": ("eu-west-1", "us-east-1"),
    "aws:multifactorauthpresent": ("true", "false"),
    "aws:sourceip": ("10.1.2.3", "192.0.2.1"),
    "aws:principaltag/team": ("red", "blue"),
    "aws:calledvia": (),
    "aws:multifactorauthage": ("100", "300.6"),
    "aws:securetransport": ("true", "false"),
}
ACTIONS: tuple[str | list[str], ...] = (
    "iam:PassRole",
    "iam:passrole",
    "iam:Pass*",
    "iam:*",
    "*",
    "iam:GetRole",
    ["s3:*", "iam:GetRole"],
    ["ec2:RunInstances", "iam:P?ssRole"],
)
CONDITIONS: tuple[dict[str, dict[str, object]], ...] = (
    {"StringEquals": {"iam:PassedToService": EC2}},
    {"StringLike": {"iam:PassedToService": ["lambda*", "ecs*"]}},
    {"StringNotEquals": {"iam:PassedToService": LAMBDA}},
    {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    {"StringNotEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Null": {"aws:MultiFactorAuthPresent": "true"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}},
    {"ArnLike": {"aws:PrincipalArn": arn("user", "*")}},
    {"ForAllValues:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}},
    {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}},
    {"StringEquals": {"iam:ResourceTag/team": "red"}},
    {"ArnLikeIfExists": {"iam:AssociatedResourceArn": "arn:aws:ec2:*:*:instance/*"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": 300.50}},
    {"Bool": {"aws:SecureTransport": True}},
)
VERSIONS = (
    "2012-10-17",
    "2012-10-17",
    "2012-10-17",
    "2008-10-17",
)  # in the last one variables are plain text


@st.composite
def statements(draw: st.DrawFn, allows: int) -> Json:
    made: Json = {"Effect": "Allow" if draw(st.integers(0, 9)) < allows else "Deny"}
    made["NotAction" if draw(st.integers(0, 7)) == 0 else "Action"] = draw(st.sampled_from(ACTIONS))
    patterns = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)
    made["NotResource" if draw(st.integers(0, 9)) == 0 else "Resource"] = draw(patterns)
    conditions: Json = {}
    for block in draw(st.lists(st.sampled_from(CONDITIONS), max_size=2)):
        conditions |= block
    return made | ({"Condition": conditions} if conditions else {})


def documents(allows: int) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda some, version: document(*some, version=version),
        st.lists(statements(allows), min_size=1, max_size=3),
        st.sampled_from(VERSIONS),
    )


TRUSTS = st.one_of(
    st.sampled_from(
        (
            trust(EC2),
            trust(EC2, LAMBDA),
            trust(LAMBDA, condition={"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:x"}}),
            trust(EC2, LAMBDA, condition={"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:x"}}),
            trust(LAMBDA, condition={"StringEquals": {"aws:SourceAccount": "444455556666"}}),
            trust(*SERVICES),
            trusting(tags=True),
        )
    )
)


def without_full_access(export: Json, target: str) -> None:
    policies = export["Policies"]
    assert isinstance(policies, list)
    policies[0]["Targets"] = [one for one in policies[0]["Targets"] if one["TargetId"] != target]


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    policies = [
        managed("Shared", draw(documents(8))),
        managed("Bound", draw(documents(8))),
    ]
    shared, bound = arn("policy", "Shared"), arn("policy", "Bound")

    def some(most: int = 2) -> list[Json]:
        return draw(st.lists(documents(8), max_size=most))

    def maybe(text: str) -> str:
        return text if draw(st.integers(0, 2)) == 0 else ""

    users = [
        user(
            name,
            *some(),
            groups=["Team"] if draw(st.booleans()) else [],
            managed=[shared] if draw(st.booleans()) else [],
            bounded=maybe(bound),
            tags={"team": draw(st.sampled_from(("red", "blue")))} if draw(st.booleans()) else None,
        )
        for name in ("Web", "bob")
    ]
    roles = [
        role(
            name,
            draw(TRUSTS),
            *some(1),
            bounded=maybe(bound),
            tags={"team": "red"} if draw(st.booleans()) else None,
        )
        for name in ROLES
    ]
    above = organization(*(draw(st.lists(documents(6), max_size=2)) for _ in range(3)))
    if draw(st.booleans()):  # a level that allows nothing but what its own policies do
        without_full_access(above, draw(st.sampled_from(("r-root", "ou-root-unit", ACCOUNT))))
    whole = page(users, [group("Team", *some(1))], roles, policies)
    return estate(whole, organization=above if draw(st.booleans()) else None)


def pairs(found: Estate) -> Iterator[tuple[Asker, Role, str]]:
    for asker in askers(found, ACCOUNT):
        for one in found.directory.all(Role, ACCOUNT):
            for service in SERVICES:
                yield asker, one, service


KEYS = sorted({key.lower() for block in CONDITIONS for keys in block.values() for key in keys})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(estates())
def test_agrees_with_the_engine_pair_by_pair(found: Estate) -> None:
    listed = {(one.principal, one.role, one.service): one for one in who_can_pass(found)}
    for asker, one, service in pairs(found):
        unknown = set(asker.unknown(KEYS)) - {"iam:passedtoservice", "iam:associatedresourcearn"}
        if service in (EC2, LAMBDA):
            unknown.add("iam:associatedresourcearn")
        judged = judge_pass(
            asker.caller,
            Arn.parse(one.arn),
            (service,),
            asker.context,
            found.directory,
            NoFacts(),
            unknown=frozenset(unknown),
        )
        own = residual(judged.request, judged.policies)
        trusted = may_assume(found.directory, one, service)
        row = listed.pop((asker.arn, one.arn, service), None)
        assert (row is not None) is (own.best.allowed and trusted.best.allowed), (asker.arn, one.arn, service)
        if row is not None:
            assert (row.conditions == ()) is (own.worst.allowed and trusted.worst.allowed), row
            asked = (*requirements(own), *requirements(trusted))
            assert row.conditions == tuple(dict.fromkeys(asked)), row
    assert listed == {}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(estates())
def test_equal_answers_whether_principals_come_as_entities_or_as_askers(found: Estate) -> None:
    passes = AccountPasses(found, ACCOUNT, found.directory.all(Role, ACCOUNT))
    everyone = (*found.directory.all(User, ACCOUNT), *found.directory.all(Role, ACCOUNT))
    for entity, asker in zip(everyone, askers(found, ACCOUNT), strict=True):
        assert isinstance(entity, User | Role)
        one, other = passes.passing_of(entity), passes.passing(asker)
        assert one.sets == other.sets
        assert list(passes.rows(entity.arn, one)) == list(passes.rows(entity.arn, other))


CONTEXTS = st.fixed_dictionaries(
    {
        key: st.one_of(st.none(), st.sampled_from(values) if values else st.just(("x.amazonaws.com",)))
        for key, values in UNKNOWN_VALUES.items()
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(estates(), st.lists(CONTEXTS, min_size=3, max_size=3))
def test_conditions_that_are_met_are_enough(
    found: Estate, contexts: list[dict[str, str | tuple[str, ...] | None]]
) -> None:
    by_arn = {asker.arn: asker for asker in askers(found, ACCOUNT)}
    for row in who_can_pass(found):
        if any(one.operator == RESOURCE for one in row.conditions):
            continue
        asker = by_arn[row.principal]
        for drawn in contexts:
            open_keys = set(asker.unknown(UNKNOWN_VALUES))
            own = {key: value for key, value in drawn.items() if key in open_keys and value is not None}
            context = {**asker.context, **own, "iam:passedtoservice": row.service}
            relevant = [one for one in row.conditions if not one.key.lower().startswith("aws:sourcea")]
            if not all(
                Condition(one.operator, one.key, one.values, live=True).holds(context) for one in relevant
            ):
                continue
            judged = judge_pass(
                asker.caller, Arn.parse(row.role), (row.service,), context, found.directory, NoFacts()
            )
            concrete = replace(judged.request, unknown=frozenset())
            assert evaluate(concrete, judged.policies).allowed, (row, context)
