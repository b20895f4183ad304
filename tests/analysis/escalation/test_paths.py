"""Escalations: known ways one by one, and random estates against the engine, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
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

from passrole.analysis.askers import PASSED_TO, Asker
from passrole.analysis.escalation.graph import Graph
from passrole.analysis.escalation.held import Held, Inventory
from passrole.analysis.escalation.paths import Escalation, Search, escalations
from passrole.analysis.trust import may_assume
from passrole.authorize.gather import trust_policy
from passrole.decision.plan import compiled
from passrole.decision.request import Policies, Request
from passrole.decision.residual import Answer, residual
from passrole.state.entities import Group, Role, User
from passrole.state.estate.estate import Estate

EC2, LAMBDA, GLUE = "ec2.amazonaws.com", "lambda.amazonaws.com", "glue.amazonaws.com"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:jobs"
EVERYTHING = document(allow(action="*"))
ADMIN = role("Admin", trust(LAMBDA, EC2, "cloudformation.amazonaws.com", GLUE), EVERYTHING)
TO_EC2 = {"StringEquals": {"iam:PassedToService": EC2}}


def short(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def of(rows: list[Escalation], principal: str = "alice") -> list[Escalation]:
    return [row for row in rows if short(row.principal) == principal]


def alone(*statements: Json, more: Json | None = None, **page_of: list[Json]) -> list[Escalation]:
    """The paths of a user alice with these statements, beside an administrator role."""
    users = [user("alice", document(*statements)), *page_of.pop("users", [])]
    roles = page_of.pop("roles", [ADMIN])
    return of(escalations(estate(page(users=users, roles=roles, **page_of), organization=more)).rows)


PASS_ADMIN = allow(arn("role", "Admin"))


@pytest.mark.parametrize(
    ("name", "statements", "certain"),
    [
        (
            "PassExistingRoleToNewLambdaThenInvoke",
            [PASS_ADMIN, allow(action=["lambda:CreateFunction", "lambda:InvokeFunction"])],
            True,
        ),
        (
            "PassExistingRoleToNewLambdaThenInvoke",
            [PASS_ADMIN, allow(action=["lambda:CreateFunction", "lambda:CreateEventSourceMapping"])],
            True,
        ),
        ("CreateEC2WithExistingIP", [PASS_ADMIN, allow(action="ec2:RunInstances")], False),
        ("PassExistingRoleToNewGlueDevEndpoint", [PASS_ADMIN, allow(action="glue:CreateDevEndpoint")], True),
        ("PassExistingRoleToCloudFormation", [PASS_ADMIN, allow(action="cloudformation:CreateStack")], True),
        ("EditExistingLambdaFunctionWithRole", [allow(action="lambda:UpdateFunctionCode")], False),
        ("UpdateExistingGlueDevEndpoint", [allow(action="glue:UpdateDevEndpoint")], False),
        ("CloudFormationUpdateStack", [allow(action="cloudformation:UpdateStack")], False),
        ("ssmSendCommand", [allow(action="ssm:StartSession")], False),
        (
            "UpdatingAssumeRolePolicy",
            [allow(arn("role", "Admin"), action="iam:UpdateAssumeRolePolicy")],
            True,
        ),
        ("CreateAccessKey", [allow(arn("user", "root-like"), action="iam:CreateAccessKey")], True),
        ("CreateLoginProfile", [allow(arn("user", "root-like"), action="iam:CreateLoginProfile")], False),
        ("UpdateLoginProfile", [allow(arn("user", "root-like"), action="iam:UpdateLoginProfile")], False),
        ("AddUserToGroup", [allow(arn("group", "Admins"), action="iam:AddUserToGroup")], True),
        ("PutUserPolicy", [allow(arn("user", "alice"), action="iam:PutUserPolicy")], True),
        ("AttachUserPolicy", [allow(arn("user", "alice"), action="iam:AttachUserPolicy")], True),
        ("AssumeRole", [allow(arn("role", "Open"), action="sts:AssumeRole")], True),
    ],
)
def test_known_ways(name: str, statements: list[Json], certain: bool) -> None:
    rows = alone(
        *statements,
        users=[user("root-like", EVERYTHING)],
        roles=[ADMIN, role("Open", trusting(), document(allow(action="s3:*")))],
        groups=[group("Admins", EVERYTHING)],
    )
    (row,) = rows
    (step,) = row.steps
    assert step.known is not None
    assert step.known.name == name
    assert step.known.sources
    assert row.certain is certain
    assert row.gain
    assert row.cut is not None
    assert (row.cut.statement.owner, row.cut.statement.policy) == (arn("user", "alice"), "p0")


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [PASS_ADMIN],  # to nothing that would act
        [allow(action=["lambda:CreateFunction", "lambda:InvokeFunction"])],  # nothing to pass
        [allow(arn("role", "Admin"), TO_EC2), allow(action="lambda:*"), deny(action="lambda:Update*")],
        [PASS_ADMIN, deny(), allow(action=["lambda:CreateFunction", "lambda:InvokeFunction"])],
        [PASS_ADMIN, allow(action="states:*")],  # whose role the service may not assume
        [allow(arn("user", "bob"), action="iam:PutUserPolicy")],  # a user that nobody can become
        [allow(arn("role", "Admin"), action="sts:AssumeRole")],  # a role that trusts services alone
        [allow(arn("role", "Admin"), action="iam:PutRolePolicy")],
        [allow(action=["iam:Get*", "iam:List*", "s3:*"])],
    ],
)
def test_what_leads_nowhere_is_no_path(statements: list[Json]) -> None:
    assert alone(*statements, users=[user("bob")]) == []


def test_a_function_that_somebody_else_must_invoke_is_uncertain() -> None:
    (row,) = alone(PASS_ADMIN, allow(action="lambda:CreateFunction"))
    assert not row.certain
    assert row.steps[0].when == "something else makes the service act"


def test_an_older_version_of_a_policy_may_allow_more() -> None:
    now = {"VersionId": "v2", "IsDefaultVersion": True, "Document": document(allow(action="iam:SetDefault*"))}
    then = {"VersionId": "v1", "IsDefaultVersion": False, "Document": document(allow(action="s3:*"))}
    mine = managed("Mine", document(allow()))
    mine["PolicyVersionList"] = [{**one, "CreateDate": "2026-01-02T03:04:05+00:00"} for one in (now, then)]
    found = estate(page(users=[user("alice", managed=[arn("policy", "Mine")])], policies=[mine]))
    (row,) = escalations(found).rows
    assert row.raised
    assert row.gain.actions == ("s3:*",)
    (step,) = row.steps
    assert (step.id, step.through, step.certain) == ("default-version", arn("policy", "Mine"), True)
    assert row.cut is not None


def test_a_role_that_is_no_stronger_than_its_passer_is_no_gain() -> None:
    rows = alone(
        allow(),
        allow(action=["lambda:*", "s3:*"]),
        roles=[role("Weak", trust(LAMBDA), document(allow("arn:aws:s3:::b/*", action="s3:Get*")))],
    )
    assert rows == []


def test_policies_that_the_user_has_can_be_rewritten() -> None:
    policy = managed("Mine", document(allow(arn("policy", "*"), action="iam:CreatePolicyVersion")))
    direct = escalations(
        estate(page(users=[user("alice", managed=[arn("policy", "Mine")])], policies=[policy]))
    )
    (row,) = direct.rows
    assert row.raised
    assert row.steps[0].through == arn("policy", "Mine")
    assert row.cut is not None
    assert row.cut.statement.owner == arn("policy", "Mine")
    grouped = escalations(
        estate(
            page(
                users=[user("alice", groups=["Ops"]), user("bob")],
                groups=[group("Ops", document(allow(arn("group", "Ops"), action="iam:PutGroupPolicy")))],
            )
        )
    )
    (row,) = grouped.rows
    assert (short(row.principal), row.steps[0].through) == ("alice", arn("group", "Ops"))
    assert row.cut is not None
    assert row.cut.statement.owner == arn("group", "Ops")


def test_a_boundary_limits_what_a_policy_can_give() -> None:
    bounded = user(
        "alice", document(allow(arn("user", "alice"), action="iam:Put*")), bounded=arn("policy", "Bound")
    )
    policies = [managed("Bound", document(allow(action=["s3:*", "iam:PutUserPolicy"])))]
    (row,) = escalations(estate(page(users=[bounded], policies=policies))).rows
    assert row.raised
    assert row.gain.actions == ("s3:*",)


def test_a_boundary_limits_what_a_group_can_give() -> None:
    bounded = user(
        "alice",
        document(allow(arn("group", "*"), action="iam:AddUserToGroup")),
        bounded=arn("policy", "Bound"),
    )
    policies = [managed("Bound", document(allow(action=["s3:*", "iam:AddUserToGroup"])))]
    groups = [group("Admins", EVERYTHING), group("Senders", document(allow(action="sqs:*")))]
    (row,) = escalations(estate(page(users=[bounded], groups=groups, policies=policies, roles=[ADMIN]))).rows
    assert short(row.target) == "Admins"
    assert row.gain.actions == ("s3:*",)


@pytest.mark.parametrize("path", ["aws-service-role/ecs.amazonaws.com", "aws-reserved/sso.amazonaws.com"])
def test_roles_that_nobody_edits_are_not_retrusted(path: str) -> None:
    rows = alone(
        allow(action=["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy"]),
        roles=[role(f"{path}/Fixed", trust("ecs.amazonaws.com"), EVERYTHING)],
    )
    assert rows == []


def test_a_role_that_can_be_used_and_written_to_is_raised() -> None:
    rows = alone(
        allow(arn("role", "Open"), action=["sts:AssumeRole", "iam:AttachRolePolicy"]),
        roles=[role("Open", trusting(), document(allow(action="s3:Get*")))],
    )
    raised = next(row for row in rows if row.raised)
    assert [step.id for step in raised.steps] == ["attach-role-policy", "assume-role"]
    assert raised.gain.actions == ("*",)
    plain = next(row for row in rows if not row.raised)
    assert plain.gain.actions == ("s3:Get*",)


def chain() -> Estate:
    """alice may become bob, bob may assume Deploy, which may pass Admin to CloudFormation."""
    return estate(
        page(
            users=[
                user("alice", document(allow(arn("user", "bob"), action="iam:CreateAccessKey"))),
                user(
                    "bob",
                    document({**allow(arn("role", "Deploy"), action="sts:AssumeRole"), "Sid": "ToDeploy"}),
                ),
                user("carol", document(allow(action="s3:Get*"))),
            ],
            roles=[
                ADMIN,
                role(
                    "Deploy",
                    trusting(),
                    document({**PASS_ADMIN, "Sid": "PassAll"}, allow(action=["cloudformation:*", "s3:*"])),
                ),
            ],
        )
    )


def test_chains_are_found_shortest_first_with_the_cut_that_breaks_most() -> None:
    rows = escalations(chain()).rows
    assert [len(row.steps) for row in rows] == sorted(len(row.steps) for row in rows)
    assert {short(row.principal) for row in rows} == {"alice", "bob", "Deploy"}
    longest = next(row for row in of(rows) if short(row.target) == "Admin")
    assert [step.id for step in longest.steps] == ["access-key", "assume-role", "pass-role"]
    assert [short(step.target) for step in longest.steps] == ["bob", "Deploy", "Admin"]
    assert longest.gain.administrator
    assert longest.cut is not None
    # alice and bob go through bob's statement to two identities each, and through nothing else more often.
    assert (longest.cut.statement.statement, longest.cut.paths) == ("ToDeploy", 4)
    statements = [reason.statement for step in longest.steps for group in step.groups for reason in group]
    assert "PassAll" in statements


def test_narrowing_the_cut_breaks_every_path_that_it_counts() -> None:
    before = escalations(chain()).rows
    cut = next(row for row in before if short(row.target) == "Admin" and short(row.principal) == "alice").cut
    assert cut is not None
    whole = chain()
    narrowed = estate(
        page(
            users=[
                user("alice", document(allow(arn("user", "bob"), action="iam:CreateAccessKey"))),
                user("bob"),
                user("carol", document(allow(action="s3:Get*"))),
            ],
            roles=[
                ADMIN,
                role("Deploy", trusting(), document(PASS_ADMIN, allow(action=["cloudformation:*", "s3:*"]))),
            ],
        )
    )
    assert whole.accounts == narrowed.accounts
    after = escalations(narrowed).rows
    assert {short(row.principal) for row in after} == {"Deploy"}
    assert len(before) - len(after) >= cut.paths


def test_a_service_that_does_not_obey_ends_a_path() -> None:
    rows = alone(
        allow(),
        allow(action="rds:*"),
        roles=[
            role(
                "Monitor",
                trust("monitoring.rds.amazonaws.com"),
                document(allow(action=["logs:*", "iam:CreateAccessKey"])),
            )
        ],
        users=[user("root-like", EVERYTHING)],
    )
    (row,) = rows
    assert short(row.target) == "Monitor"
    assert not row.steps[0].at_will
    assert row.steps[0].service == "monitoring.rds.amazonaws.com"


def test_conditions_are_told_and_make_a_path_uncertain() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    (row,) = alone(allow(arn("role", "Admin"), mfa, action="iam:UpdateAssumeRolePolicy"))
    assert not row.certain
    assert [one.key for one in row.steps[0].conditions] == ["aws:MultiFactorAuthPresent"]
    found = estate(
        page(
            users=[user("alice", document(allow(condition=mfa, action="iam:UpdateAssumeRolePolicy")))],
            roles=[ADMIN],
        )
    )
    assert escalations(found, Search(certain=True)).rows == []


def test_service_control_policies_count() -> None:
    denied = organization([document(deny(action="iam:UpdateAssumeRolePolicy"))])
    statements = [allow(arn("role", "Admin"), action="iam:UpdateAssumeRolePolicy")]
    assert len(alone(*statements)) == 1
    assert alone(*statements, more=denied) == []


def test_an_assumption_across_accounts_needs_both_sides() -> None:
    other = "444455556666"
    far = role("Far", trusting(), EVERYTHING, account=other)
    near = page(
        users=[
            user("alice", document(allow(arn("role", "Far", other), action="sts:AssumeRole"))),
            user("bob"),
        ]
    )
    found = estate(near, page(roles=[far]))
    (row,) = escalations(found).rows
    assert (short(row.principal), row.target) == ("alice", arn("role", "Far", other))


def test_an_instance_profile_makes_a_pass_to_ec2_certain() -> None:
    machine = role("Admin", trust(EC2), EVERYTHING, profile="Admin")
    (row,) = alone(PASS_ADMIN, allow(action="ec2:RunInstances"), roles=[machine])
    assert row.certain
    assert row.steps[0].when == ""
    (row,) = alone(PASS_ADMIN, allow(action="iam:AddRoleToInstanceProfile"), roles=[machine])
    assert not row.certain
    assert row.steps[0].operation == "iam:AddRoleToInstanceProfile"


def test_what_holds_roles_is_asked_where_it_is_known() -> None:
    found = estate(
        page(
            users=[user("alice", document(allow(FUNCTION, action="lambda:UpdateFunctionCode")))],
            roles=[ADMIN],
        )
    )
    (row,) = escalations(found, inventory=Inventory((Held("function", FUNCTION, arn("role", "Admin")),))).rows
    assert row.certain
    assert row.steps[0].through == FUNCTION
    elsewhere = Held("function", f"{FUNCTION}-2", arn("role", "Admin"))
    assert escalations(found, inventory=Inventory((elsewhere,))).rows == []
    assert escalations(found, inventory=Inventory()).rows == []


def test_searches_are_narrowed_and_rows_limited() -> None:
    whole = chain()
    assert {short(row.principal) for row in escalations(whole, Search(principal="bob")).rows} == {"bob"}
    assert {short(row.target) for row in escalations(whole, Search(target="Admin")).rows} == {"Admin"}
    limited = escalations(whole, Search(most=1))
    assert len(of(limited.rows)) == 1
    assert limited.left_out > 0


def test_a_row_is_as_the_contract_has_it() -> None:
    seen: list[tuple[int, int]] = []
    rows = escalations(chain(), progress=lambda done, total: seen.append((done, total))).rows
    assert seen[-1][0] == seen[-1][1]
    for row in rows:
        made = row.as_json()
        assert list(made)[:4] == ["principal", "gains", "steps", "cut"]
        gains = made["gains"]
        assert isinstance(gains, dict)
        assert gains["actions"]
        assert gains["examples"]
        steps = made["steps"]
        assert isinstance(steps, list)
        for step in steps:
            assert step["action"] == step["actions"][0]
            assert step["resource"].startswith("arn:aws:iam::")


# --- Random estates ---------------------------------------------------------------------------

# Shrinking takes longer than it helps: an estate is small as it is.
SLOW = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
NAMES = ("A", "B", "C")
ACTIONS = (
    "*",
    "sts:AssumeRole",
    "iam:*",
    "iam:UpdateAssumeRolePolicy",
    "iam:PassRole",
    "lambda:*",
    "iam:CreateAccessKey",
    "iam:P*",
    "s3:Get*",
)
RESOURCES = ("*", arn("role", "*"), arn("role", "A"), arn("role", "B"), arn("user", "u*"), arn("user", "v"))
CONDITIONS: tuple[Json | None, ...] = (
    None,
    None,
    None,
    {"StringEquals": {"iam:PassedToService": LAMBDA}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
)
STATEMENTS = st.builds(
    lambda effect, action, resource, condition: allow(resource, condition, action) | {"Effect": effect},
    st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.sampled_from(CONDITIONS),
)
DOCUMENTS = st.lists(STATEMENTS, max_size=3).map(
    lambda found: document(*found) if found else document(deny("*x"))
)
TRUSTS = st.sampled_from(
    [
        trust(LAMBDA),
        trusting(),
        document({"Effect": "Allow", "Principal": {"AWS": arn("user", "u")}, "Action": "sts:AssumeRole"}),
        document({"Effect": "Allow", "Principal": {"AWS": arn("role", "A")}, "Action": "sts:AssumeRole"}),
        document({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}),
    ]
)


@st.composite
def pages(draw: st.DrawFn) -> Json:
    bounds = st.sampled_from(["", "", arn("policy", "Bound")])
    users = [user(name, draw(DOCUMENTS), bounded=draw(bounds), tags={"team": "red"}) for name in ("u", "v")]
    roles = [role(name, draw(TRUSTS), draw(DOCUMENTS), bounded=draw(bounds)) for name in NAMES]
    policies = [managed("Bound", draw(DOCUMENTS))]
    return page(users=users, roles=roles, policies=policies)


def estates() -> st.SearchStrategy[Estate]:
    return pages().map(estate)


def asked(asker: Asker, action: str, resource: str | None, policies: Policies, **known: str) -> Answer:
    """What the engine says of one request."""
    context = {**asker.context, **known}
    request = Request(asker.caller.principal, action, resource, asker.account, context)
    plan = compiled(policies).plan(request)
    rules = [*plan.rules(), *(plan.grants.all if plan.grants is not None else ())]
    passing = action == "iam:PassRole"
    unknown = frozenset(asker.unknown({key for rule in rules for key in rule.keys}, passing=passing))
    return residual(replace(request, unknown=unknown - known.keys()), policies).answer


def slowly(graph: Graph) -> Mapping[str, set[tuple[str, str]]]:
    """Every way between two identities, asked of the engine one by one: (from, to), by technique."""
    found: dict[str, set[tuple[str, str]]] = {}
    for node in graph.nodes:
        asker = node.asker
        for other in graph.nodes:
            pair = (node.arn, other.arn)
            if node is other or node.kind == "group":
                continue
            policies = asker.policies
            if isinstance(other.entity, Role):
                trusted = replace(policies, resource=trust_policy(other.entity))
                if asked(asker, "sts:AssumeRole", other.arn, trusted) is not Answer.REFUSED:
                    found.setdefault("assume-role", set()).add(pair)
                if asked(asker, "iam:UpdateAssumeRolePolicy", other.arn, policies) is not Answer.REFUSED:
                    found.setdefault("change-trust", set()).add(pair)
                passes = asked(asker, "iam:PassRole", other.arn, policies, **{PASSED_TO: LAMBDA})
                admitted = may_assume(graph.estate.directory, other.entity, LAMBDA)
                creates = asked(asker, "lambda:CreateFunction", FUNCTION, policies)
                if Answer.REFUSED not in (passes, creates) and admitted.best.allowed:
                    found.setdefault("pass-role", set()).add(pair)
            elif asked(asker, "iam:CreateAccessKey", other.arn, policies) is not Answer.REFUSED:
                found.setdefault("access-key", set()).add(pair)
    return found


def certain(asker: Asker, other: User | Role | Group, technique: str, service: str) -> bool:
    """Is what a technique needs allowed, whatever is not known?"""
    policies = asker.policies
    needs: dict[str, tuple[str, ...]] = {
        "change-trust": ("iam:UpdateAssumeRolePolicy",),
        "access-key": ("iam:CreateAccessKey",),
        "pass-role": ("iam:PassRole",),
    }
    if technique == "assume-role":
        assert isinstance(other, Role)
        policies, needs = replace(policies, resource=trust_policy(other)), {technique: ("sts:AssumeRole",)}
    known = {PASSED_TO: service} if technique == "pass-role" else {}
    return all(
        asked(asker, action, other.arn, policies, **known) is Answer.ALLOWED for action in needs[technique]
    )


@settings(SLOW, max_examples=30)
@given(estates())
def test_ways_are_what_the_engine_finds_pair_by_pair(whole: Estate) -> None:
    graph = Graph(whole)
    found: dict[str, set[tuple[str, str]]] = {}
    for node in graph.nodes:
        for way in graph.ways(node):
            for other in graph.nodes:
                if way.targets[1] >> other.number & 1 and way.service in ("", LAMBDA):
                    found.setdefault(way.id, set()).add((node.arn, other.arn))
                assert not way.targets[0] >> other.number & 1 or way.targets[1] >> other.number & 1
                if way.targets[0] >> other.number & 1:
                    assert certain(node.asker, other.entity, way.id, way.service), way.id
    for technique, pairs in slowly(graph).items():
        assert found.get(technique, set()) == pairs, technique


@settings(SLOW, max_examples=20)
@given(estates())
def test_paths_are_shortest_and_reach_all_that_a_plain_search_does(whole: Estate) -> None:
    rows = escalations(whole, Search(most=0)).rows
    graph = Graph(whole)
    for start in graph.nodes:
        distance = {start.arn: 0}
        frontier = [start]
        while frontier:
            node = frontier.pop(0)
            if graph.actions(node).fully == graph.actions(node).fully | graph.actions(node).may and (
                graph.gains.rights(node.asker).fully.bit_count() > 20_000
            ):
                continue  # an administrator has nothing to gain by going on
            for way in graph.ways(node):
                for other in graph.nodes:
                    if way.targets[1] >> other.number & 1 and other.arn not in distance:
                        distance[other.arn] = distance[node.arn] + 1
                        frontier.append(other)
        plain = [row for row in rows if row.principal == start.arn and not row.raised]
        for row in plain:
            assert len(row.steps) == distance[row.target]
            assert row.steps[0].source == start.arn
            assert row.steps[-1].target == row.target
            for one, other_step in zip(row.steps, row.steps[1:], strict=False):
                assert one.target == other_step.source
        listed = {row.target for row in plain}
        for target, steps in distance.items():
            if steps == 1 and target not in listed:
                assert not graph.gains.of(start.asker, graph.nodes[graph.number[target]].asker)


def test_a_user_and_its_group_with_policies_alike_are_both_to_be_narrowed() -> None:
    alike = document(allow(arn("role", "Admin"), action="iam:UpdateAssumeRolePolicy"))
    found = estate(page([user("alice", alike, groups=["Ops"])], [group("Ops", alike)], [ADMIN]))
    (row,) = escalations(found).rows
    assert row.cut is not None
    owners = [one.owner for one in (row.cut.statement, *row.cut.others)]
    assert owners == [arn("user", "alice"), arn("group", "Ops")]


def test_actions_that_make_one_thing_must_be_allowed_on_one() -> None:
    one, other = f"{FUNCTION}-one", f"{FUNCTION}-other"
    apart = [
        PASS_ADMIN,
        allow(one, action="lambda:CreateFunction"),
        allow(other, action="lambda:InvokeFunction"),
    ]
    (row,) = alone(*apart)
    assert not row.certain
    assert row.steps[0].actions == ("iam:PassRole", "lambda:CreateFunction")
    (row,) = alone(*apart, allow(f"{FUNCTION}-on*", action="lambda:InvokeFunction"))
    assert row.certain


@pytest.mark.parametrize(
    "elsewhere",
    ["arn:aws:s3:::bucket/*", "arn:aws:lambda:us-east-1:999988887777:function:*", arn("role", "*")],
)
def test_an_action_that_is_allowed_on_nothing_of_its_sort_is_no_way(elsewhere: str) -> None:
    assert (
        alone(PASS_ADMIN, allow(elsewhere, action=["lambda:CreateFunction", "lambda:InvokeFunction"])) == []
    )
    assert alone(allow(elsewhere, action="lambda:UpdateFunctionCode")) == []


def test_a_group_gives_its_member_nothing_past_its_own_deny_and_boundary() -> None:
    members = [allow(arn("group", "Admins"), action="iam:AddUserToGroup"), deny(action="iam:UpdateAssume*")]
    groups = [group("Admins", document(allow(action=["iam:UpdateAssumeRolePolicy", "s3:*"])))]
    rows = alone(*members, groups=groups)
    assert [(short(row.target), row.gain.text) for row in rows] == [("Admins", "s3:*")]
    rows = alone(members[0], groups=groups)
    assert [short(row.target) for row in rows] == ["Admins", "Admin"]


def test_what_a_condition_says_of_the_target_is_known() -> None:
    tagged = {"StringEquals": {"iam:ResourceTag/team": "red"}}
    statements = [allow(action="iam:CreateAccessKey", condition=tagged)]
    strong = document(allow(action="s3:*"))
    (row,) = alone(
        *statements,
        users=[user("red", strong, tags={"team": "red"}), user("blue", strong, tags={"team": "blue"})],
    )
    assert (short(row.target), row.certain) == ("red", True)
    bound = {"ArnEquals": {"iam:PermissionsBoundary": arn("policy", "Bound")}}
    mine = allow(arn("user", "alice"), bound, action="iam:PutUserPolicy")
    assert alone(mine) == []


def test_a_policy_that_may_not_be_attached_gives_nothing() -> None:
    only = {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnlyAccess"}}
    assert alone(allow(arn("user", "alice"), only, action="iam:AttachUserPolicy")) == []


def test_a_role_of_ones_own_is_bounded_where_it_must_be() -> None:
    bound = {"ArnEquals": {"iam:PermissionsBoundary": arn("policy", "Bound")}}
    rows = alone(
        allow(arn("role", "dev/*"), bound, action=["iam:CreateRole", "iam:PutRolePolicy"]),
        policies=[managed("Bound", document(allow(action="sqs:*")))],
        roles=[],
    )
    (row,) = rows
    assert (row.certain, row.gain.text) == (True, "sqs:*")
    assert (
        row.steps[0].text
        == "make role/dev/x that trusts the caller (with the permissions boundary policy/Bound)"
    )


@pytest.mark.parametrize("held", ["a", "b"])
def test_every_way_through_what_is_there_is_tried(held: str) -> None:
    """One project lets the one call start a build, another the other."""
    project = f"arn:aws:codebuild:us-east-1:{ACCOUNT}:project"
    found = estate(
        page(
            [
                user(
                    "alice",
                    document(
                        allow(f"{project}/a", action="codebuild:StartBuild"),
                        allow(f"{project}/b", action="codebuild:StartBuildBatch"),
                    ),
                )
            ],
            roles=[role("Admin", trust("codebuild.amazonaws.com"), EVERYTHING)],
        )
    )
    inventory = Inventory((Held("build project", f"{project}/{held}", arn("role", "Admin")),))
    (row,) = escalations(found, inventory=inventory).rows
    assert (row.certain, row.steps[0].through) == (True, f"{project}/{held}")


def test_kinds_that_could_not_be_listed_are_not_left_out() -> None:
    found = estate(
        page(
            [user("alice", document(allow(action="ecs:ExecuteCommand")))],
            roles=[role("Admin", trust("ecs-tasks.amazonaws.com"), EVERYTHING)],
        )
    )
    (row,) = escalations(found, inventory=Inventory(unread=frozenset({"task"}))).rows
    assert (row.certain, row.steps[0].when) == (False, "a task holds the role")
    assert escalations(found, inventory=Inventory()).rows == []
