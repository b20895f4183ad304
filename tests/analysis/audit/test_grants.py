"""Grants that were never used, and the narrowest policy for what was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hypothesis import given, settings
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
    page,
    role,
    trust,
    user,
)

from passrole.analysis.audit.extract import BY_NAME, BY_PROFILE, Found
from passrole.analysis.audit.narrowest import is_too_large, patterns, policies, policy, terraform
from passrole.analysis.audit.stronger import mark
from passrole.analysis.audit.unused import unused
from passrole.analysis.audit.usage import Usage, Used
from passrole.policy.validate import problems
from passrole.values.glob import Pattern

LAMBDA, EC2 = "lambda.amazonaws.com", "ec2.amazonaws.com"
ALICE = arn("user", "alice")
WEB, WORKER = arn("role", "Web"), arn("role", "app/Worker")
TO_EC2 = {"StringEquals": {"iam:PassedToService": EC2}}


def used(principal: str, role_arn: str, service: str = LAMBDA, *, allowed: int = 1, denied: int = 0) -> Used:
    """A row of an audit."""
    return Used(principal, role_arn, service, "lambda:CreateFunction", ACCOUNT, allowed, denied)


def left(rows: Iterable[Used], **entities: Sequence[Json]) -> list[tuple[str, str, str]]:
    """(principal, policy, statement) of the grants that the rows do not use."""
    roles = [role("Web", trust(EC2)), role("app/Worker", trust(LAMBDA))]
    found = unused(estate(page(**({"roles": roles} | entities))), rows)
    return [(one.principal, one.policy, one.statement) for one in found]


def test_a_grant_is_unused_until_a_pass_goes_through_it() -> None:
    users = [user("alice", document(allow(WEB), allow(WORKER)))]
    (name,) = {one[1] for one in left([], users=users)}
    assert left([], users=users) == [(ALICE, name, "0"), (ALICE, name, "1")]
    assert left([used(ALICE, WEB)], users=users) == [(ALICE, name, "1")]
    assert left([used(ALICE, WEB), used(ALICE, WORKER)], users=users) == []


def test_a_denied_pass_uses_nothing() -> None:
    users = [user("alice", document(allow(WEB)))]
    assert len(left([used(ALICE, WEB, allowed=0, denied=3)], users=users)) == 1


def test_another_principal_s_pass_uses_nothing() -> None:
    users = [user("alice", document(allow(WEB))), user("bob", document(allow(WEB)))]
    assert [one[0] for one in left([used(arn("user", "bob"), WEB)], users=users)] == [ALICE]


def test_a_grant_for_another_service_is_unused() -> None:
    users = [user("alice", document(allow("*", TO_EC2)))]
    assert len(left([used(ALICE, WEB, LAMBDA)], users=users)) == 1
    assert left([used(ALICE, WEB, EC2)], users=users) == []


def test_what_a_record_does_not_tell_counts_for_the_grant() -> None:
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    users = [user("alice", document(allow("*", with_mfa)))]
    assert left([used(ALICE, WEB)], users=users) == []


def test_denies_and_boundaries_grant_nothing() -> None:
    users = [user("alice", document(deny(WEB)), bounded=arn("policy", "Edge"))]
    assert left([], users=users, policies=[managed("Edge", document(allow()))]) == []


def test_a_group_s_and_a_managed_policy_s_grants_are_their_holders() -> None:
    users = [user("alice", groups=["Team"]), user("bob", managed=[arn("policy", "Passing")])]
    groups = [group("Team", document(allow(WEB)))]
    policies_ = [managed("Passing", document(allow(WORKER)))]
    found = left([used(arn("user", "bob"), WORKER)], users=users, groups=groups, policies=policies_)
    assert [one[0] for one in found] == [ALICE]


# --- The narrowest policy ------------------------------------------------------------------------


def covers(pattern: str, text: str) -> bool:
    """Does a Resource cover the role?"""
    return Pattern.parse(pattern).matches(text)


def test_the_narrowest_policy_names_roles_and_services() -> None:
    rows = [used(ALICE, WEB, EC2), used(ALICE, WORKER, LAMBDA), used(ALICE, WEB, LAMBDA, allowed=0, denied=1)]
    assert policy(rows) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PassRoles1",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": WEB,
                "Condition": {"StringEquals": {"iam:PassedToService": EC2}},
            },
            {
                "Sid": "PassRoles2",
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": WORKER,
                "Condition": {"StringEquals": {"iam:PassedToService": LAMBDA}},
            },
        ],
    }
    assert policy([used(ALICE, WEB, allowed=0, denied=2)]) is None


def test_services_that_got_the_same_roles_share_a_statement() -> None:
    made = policy([used(ALICE, WEB, EC2), used(ALICE, WEB, LAMBDA)])
    assert made is not None
    (statement,) = json.loads(json.dumps(made))["Statement"]
    assert statement["Condition"]["StringEquals"]["iam:PassedToService"] == [EC2, LAMBDA]


def test_many_roles_become_a_prefix_that_takes_in_no_other() -> None:
    team = [arn("role", f"team/Job{number}") for number in range(12)]
    assert patterns(team, team) == [arn("role", "team/*")]
    assert patterns(team, [*team, arn("role", "team/Admin")]) != [arn("role", "team/*")]
    assert patterns(team[:10], team) == sorted(team[:10])


names = st.text("ab-/", min_size=1, max_size=6).map(lambda text: f"role/{text.strip('/') or 'x'}Z")


@settings(max_examples=200, deadline=None)
@given(st.sets(names, min_size=1, max_size=40), st.sets(names, max_size=20))
def test_patterns_cover_what_was_passed_and_nothing_else(passed: set[str], more: set[str]) -> None:
    own = {f"arn:aws:iam::{ACCOUNT}:{name}" for name in passed}
    others = {f"arn:aws:iam::{ACCOUNT}:{name}" for name in more} - own
    made = patterns(own, own | others)
    assert all(any(covers(one, role_arn) for one in made) for role_arn in own)
    assert not any(covers(one, role_arn) for one in made for role_arn in others)
    assert len(made) <= len(own)


def test_a_policy_is_one_that_iam_takes() -> None:
    roles = [arn("role", f"team/Job{number}") for number in range(40)]
    made = policies([used(ALICE, one) for one in roles], roles)
    assert set(made) == {ALICE}
    assert not problems(json.dumps(made[ALICE]), "identity")
    assert not is_too_large(made[ALICE])
    assert is_too_large({"Statement": ["x" * 7000]})


def test_terraform_says_the_same() -> None:
    other = arn("user", "alice", "444455556666")
    made = policies([used(ALICE, WEB, EC2), used(other, WEB, EC2)])
    assert terraform(made) == "\n".join(
        f'''# {principal}
data "aws_iam_policy_document" "{name}" {{
  statement {{
    sid       = "PassRoles1"
    actions   = ["iam:PassRole"]
    resources = ["{WEB}"]

    condition {{
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["{EC2}"]
    }}
  }}
}}
'''
        for principal, name in ((ALICE, "pass_user_alice"), (other, "pass_user_alice_2"))
    )


# --- Names and profiles --------------------------------------------------------------------------


def found(role_arn: str, by: str, principal: str = ALICE) -> Found:
    """A pass."""
    return Found(principal, role_arn, EC2, "ec2:RunInstances", ACCOUNT, "allowed", "t", f"e-{by}", "", "", by)


def test_details_tell_whose_a_name_and_a_profile_are() -> None:
    roles = [role("app/Worker", trust(EC2), profile="Front"), role("Deployer", trust(EC2))]
    known = estate(page(roles=roles))
    usage = Usage(known.directory)
    usage.add([found(arn("role", "Worker"), BY_NAME)])
    usage.add([found(arn("role", "Front"), BY_PROFILE)])
    usage.add([found(arn("role", "Unknown"), BY_PROFILE + "2")])
    assert {row.role for row in usage.rows()} == {WORKER, arn("role", "Unknown")}
    alone = Usage()
    alone.add([found(arn("role", "Front"), BY_PROFILE)])
    assert [row.role for row in alone.rows()] == [arn("role", "Front")]


def test_a_role_that_may_do_more_than_its_passer_is_marked() -> None:
    admin = role("Admin", trust(EC2), document(allow(action="*")))
    reader = role("Reader", trust(EC2), document(allow(action="s3:GetObject")))
    rights = document(allow(), allow(action="s3:*"))
    rows = [used(ALICE, arn("role", "Admin")), used(ALICE, arn("role", "Reader")), used("gone", WEB)]
    mark(estate(page(users=[user("alice", rights)], roles=[admin, reader])), rows)
    assert rows[0].gains
    assert (rows[1].gains, rows[2].gains) == ((), None)
    assert "gains" in rows[1].as_json()
    assert "gains" not in rows[2].as_json()
