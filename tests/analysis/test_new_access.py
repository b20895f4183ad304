"""New access: known pairs of documents, random ones against the engine, and AWS's own examples."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.analysis.details import ACCOUNT, Json, allow, arn, deny, document

from passrole.analysis.new_access import (
    FAIL,
    IDENTITY,
    PASS,
    RESOURCE,
    CannotTell,
    check_access_not_granted,
    check_no_new_access,
)
from passrole.catalog import managed
from passrole.decision.compile import sheet
from passrole.decision.evaluate import evaluate
from passrole.decision.layers import RESOURCE as RESOURCE_LAYER
from passrole.decision.request import Policies, Request
from passrole.policy.document import Policy, UnreadablePolicy
from passrole.values.principal import Principal

BOB = arn("user", "bob")
OBJECTS = "arn:aws:s3:::b/*"
IN_EUROPE = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def text(*statements: Json) -> str:
    return json.dumps(document(*statements))


def to(principal: object, **more: object) -> Json:
    return {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": OBJECTS, **more}


@pytest.mark.parametrize(
    ("old", "new", "indexes"),
    [
        ([allow(OBJECTS, action="s3:*")], [allow(OBJECTS, action="s3:Get*")], []),
        ([allow(OBJECTS, action="s3:Get*")], [allow(OBJECTS, action="S3:GETOBJECT")], []),
        ([allow(OBJECTS, action="s3:Get*")], [allow(OBJECTS, action="s3:*")], [0]),
        (
            [allow(OBJECTS, action="s3:Get*")],
            [allow(OBJECTS, action="s3:Get*"), allow(action="s3:GetObject")],
            [1],
        ),
        # Two statements cover together what none does alone.
        (
            [allow(OBJECTS, action="s3:GetObject"), allow("arn:aws:s3:::c/*", action="s3:GetObject")],
            [allow([OBJECTS, "arn:aws:s3:::c/x"], action="s3:GetObject")],
            [],
        ),
        ([allow(action="*"), deny(action="iam:*")], [allow(action="*")], [0]),
        (
            [allow(action="*"), deny(action="iam:*")],
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            [],
        ),
        (
            [allow(action="*"), deny(action="iam:*")],
            [{"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}],
            [0],
        ),
        (
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            [allow(action="*"), deny(action="iam:*")],
            [],
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": OBJECTS}],
            [allow("arn:aws:s3:::c/*", action="s3:*")],
            [],
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": OBJECTS}],
            [allow("arn:aws:s3:::*", action="s3:*")],
            [0],
        ),
        ([allow(condition=IN_EUROPE)], [allow()], [0]),
        ([allow()], [allow(condition=IN_EUROPE)], []),
        (
            [allow(condition=IN_EUROPE)],
            [allow(condition={"StringLike": {"aws:requestedregion": "eu-*"}})],
            [0],
        ),
        (
            [allow(condition={"StringLike": {"aws:RequestedRegion": "eu-*"}})],
            [allow(condition=IN_EUROPE)],
            [],
        ),
        ([allow(), deny(condition=IN_EUROPE)], [allow()], [0]),
        ([allow(), deny(condition=IN_EUROPE)], [allow(), deny(condition=IN_EUROPE)], []),
        (
            [allow(condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
            [allow(condition={"IpAddress": {"aws:SourceIp": ["10.1.0.0/16", "10.2.0.1"]}})],
            [],
        ),
        (
            [allow(condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}})],
            [allow(condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
            [],
        ),
        ([], [allow()], [0]),
        ([allow()], [], []),
        (
            [allow("arn:aws:s3:::h/${aws:username}/*", action="s3:*")],
            [allow("arn:aws:s3:::h/${aws:username}/*", action="s3:Get*")],
            [],
        ),
        (
            [allow("arn:aws:s3:::h/${aws:username}/*", action="s3:*")],
            [allow("arn:aws:s3:::h/*", action="s3:Get*")],
            [0],
        ),
        # Whose name it is that the Deny means is open.
        (
            [allow("arn:aws:s3:::h/*", action="s3:*"), deny("arn:aws:s3:::h/${aws:username}", action="s3:*")],
            [allow("arn:aws:s3:::h/bob", action="s3:*")],
            [0],
        ),
    ],
)
def test_identity_policies(old: list[Json], new: list[Json], indexes: list[int]) -> None:
    found = check_no_new_access(text(*old), text(*new), IDENTITY)
    assert [one.statement_index for one in found.reasons] == indexes
    assert found.result == (FAIL if indexes else PASS)


ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        (to({"AWS": ACCOUNT}), to({"AWS": BOB}), PASS),
        (to({"AWS": BOB}), to({"AWS": ACCOUNT}), FAIL),
        (to({"AWS": ACCOUNT}), to({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), PASS),
        (to({"AWS": ACCOUNT}), to({"AWS": arn("user", "bob", "444455556666")}), FAIL),
        (to("*"), to({"Service": "lambda.amazonaws.com"}), PASS),
        (to({"AWS": "*"}, Condition=ORG), to({"AWS": "*"}), FAIL),
        (to({"AWS": "*"}), to({"AWS": "*"}, Condition=ORG), PASS),
        (to({"AWS": BOB}), to({"Service": "lambda.amazonaws.com"}), FAIL),
        (
            to({"Service": "lambda.amazonaws.com"}),
            to({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}),
            FAIL,
        ),
    ],
)
def test_resource_policies(old: Json, new: Json, result: str) -> None:
    assert check_no_new_access(text(old), text(new), RESOURCE).result == result


@pytest.mark.parametrize(
    ("spared", "result"),
    [
        ({"AWS": [BOB, f"arn:aws:iam::{ACCOUNT}:root"]}, PASS),
        ({"AWS": BOB}, FAIL),  # whose account is not listed is denied with it
        ({"AWS": "*"}, PASS),
        ({"Service": "lambda.amazonaws.com"}, FAIL),
    ],
)
def test_a_deny_spares_whom_it_lists_with_the_account(spared: Json, result: str) -> None:
    denied: Json = {"Effect": "Deny", "NotPrincipal": spared, "Action": "s3:*", "Resource": "*"}
    assert check_no_new_access(text(to("*"), denied), text(to({"AWS": BOB})), RESOURCE).result == result


MINE = "arn:aws:s3:::${aws:username}/*"


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        # The letters of a variable's key are no part of what it stands for.
        ([allow("arn:aws:s3:::*a*", action="s3:*")], [allow(MINE, action="s3:*")], FAIL),
        ([allow("arn:aws:s3:::*/*", action="s3:*")], [allow(MINE, action="s3:*")], PASS),
        ([allow(MINE, action="s3:*")], [allow(MINE, action="s3:Get*")], PASS),
        # Whatever the variable is, a Deny spares it, and an Allow of all but it may not hold.
        (
            [allow("arn:aws:s3:::a/*", action="s3:*")],
            [allow(action="s3:*"), {"Effect": "Deny", "Action": "*", "NotResource": MINE}],
            FAIL,
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": MINE}],
            [allow("arn:aws:s3:::bob/*", action="s3:*")],
            FAIL,
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": MINE}],
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": MINE}],
            PASS,
        ),
        # What it stands for may be denied there, or here spared, where the variable itself is not.
        ([allow(action="s3:*"), deny("arn:aws:s3:::a*", action="s3:*")], [allow(MINE, action="s3:*")], FAIL),
        (
            [deny(action="iam:*")],
            [
                allow(MINE, action="s3:*"),
                {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::a*"},
            ],
            FAIL,
        ),
        (
            [allow(MINE, action="s3:*"), deny("arn:aws:s3:::a*", action="s3:Put*")],
            [allow(MINE, action="s3:Get*")],
            PASS,
        ),
    ],
)
def test_variables_may_have_any_value(old: list[Json], new: list[Json], result: str) -> None:
    assert check_no_new_access(text(*old), text(*new), IDENTITY).result == result


def test_a_trust_policy_without_its_condition_is_new_access() -> None:
    trusted: Json = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    mfa: Json = {**trusted, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    assert check_no_new_access(text(mfa), text(trusted), RESOURCE).result == FAIL
    assert check_no_new_access(text(trusted), text(mfa), RESOURCE).result == PASS


def test_the_output_is_as_the_documentation_shows_it() -> None:
    old = text(allow(OBJECTS, action="s3:GetObject"))
    named = {**allow(OBJECTS, action="s3:PutObject"), "Sid": "Write"}
    found = check_no_new_access(
        old, text(allow(OBJECTS, action=["s3:GetObject", "s3:GetObjectAcl"]), named), IDENTITY
    )
    assert found.as_output() == {
        "result": "FAIL",
        "message": "The modified permissions grant new access compared to your existing policy.",
        "reasons": [
            {"description": "New access in the statement with index: 0.", "statementIndex": 0},
            {
                "description": "New access in the statement with sid: Write.",
                "statementId": "Write",
                "statementIndex": 1,
            },
        ],
    }
    assert set(check_no_new_access(old, old, IDENTITY).as_output()) == {"result", "message"}


JOHN = {
    "Sid": "AllowJohnDoe",
    **to({"AWS": BOB}),
    "Resource": "arn:aws:s3:::my-bucket/*",
    "Action": "s3:PutObject",
}


@pytest.mark.parametrize(
    ("access", "result"),
    [
        ({"actions": ["s3:PutObject"]}, FAIL),
        ({"actions": ["s3:GetObject", "s3:Put*"]}, FAIL),
        ({"actions": ["s3:GetObject", "s3:DeleteObject"]}, PASS),
        ({"resources": ["arn:aws:s3:::my-bucket/*"]}, FAIL),
        ({"resources": ["arn:aws:s3:::my-bucket/secret"]}, FAIL),
        ({"resources": ["arn:aws:s3:::sensitive-bucket/*"]}, PASS),
        ({"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::sensitive-bucket/*"]}, PASS),
        ({"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::my-*/x"]}, FAIL),
        ({}, PASS),
    ],
)
def test_access_that_must_not_be_granted(access: dict[str, list[str]], result: str) -> None:
    found = check_access_not_granted(text(JOHN), [access], RESOURCE)
    assert found.result == result
    if result == FAIL:
        assert found.reasons[0].description == (
            "One or more of the listed actions or resources in the statement with sid: AllowJohnDoe."
        )


def test_what_a_deny_holds_is_not_granted() -> None:
    asked = [{"actions": ["iam:PutUserPolicy"]}]
    denied = deny(action="iam:Put*")
    assert check_access_not_granted(text(allow(action="iam:*"), denied), asked, IDENTITY).result == PASS
    sometimes = deny(action="iam:Put*", condition=IN_EUROPE)
    assert check_access_not_granted(text(allow(action="iam:*"), sometimes), asked, IDENTITY).result == FAIL


def test_large_policies_are_compared_in_a_moment() -> None:
    read_only, administrator = (
        one.document
        for name in ("ReadOnlyAccess", "AdministratorAccess")
        if (one := managed.get(f"arn:aws:iam::aws:policy/{name}")) is not None
    )
    assert check_no_new_access(read_only, read_only, IDENTITY).passed
    assert check_no_new_access(administrator, read_only, IDENTITY).passed
    assert not check_no_new_access(read_only, administrator, IDENTITY).passed


def test_hostile_patterns_end_with_an_honest_word() -> None:
    old = text(
        *(allow(f"arn:aws:s3:::*{letter}?{letter}?????{letter}*x") for letter in "abcdefghijklmno"),
        deny("*y"),
    )
    with pytest.raises(CannotTell):
        check_no_new_access(old, text(allow("arn:aws:s3:::*a?a?????a*b?b?????b*x")), IDENTITY)


def test_what_is_no_policy_is_refused() -> None:
    with pytest.raises(UnreadablePolicy):
        check_no_new_access("{}", text(), IDENTITY)


# --- Random documents -------------------------------------------------------------------------

ACTIONS = ("s3:Get", "s3:Put", "iam:Get", "ec2:Run")
RESOURCES = (
    "*",
    "arn:aws:s3:::a",
    "arn:aws:s3:::ab",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/ab/a",
    "arn:aws:iam::1:a",
)
REGIONS = (None, "eu-west-1", "eu-west-3", "us-east-1")
TIMES = (None, "true", "false")


@st.composite
def statements(draw: st.DrawFn) -> Json:
    action = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "Resource", "NotResource"]))
    made: Json = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(
            st.lists(
                st.sampled_from(["*", "s3:*", "s3:Get", "*:Get", "iam:?et", "s3:P*"]), min_size=1, max_size=2
            )
        ),
        resource: draw(
            st.lists(
                st.sampled_from(
                    [
                        "*",
                        "arn:aws:s3:::*",
                        "arn:aws:s3:::a*",
                        "arn:aws:s3:::b/*a",
                        "arn:aws:s3:::?",
                        "arn:aws:s3:::ab",
                    ]
                ),
                min_size=1,
                max_size=2,
            )
        ),
    }
    region = draw(
        st.sampled_from(
            [None, None, "StringEquals", "StringNotEquals", "StringLike", "StringNotLikeIfExists"]
        )
    )
    condition: dict[str, object] = {}
    if region is not None:
        condition[region] = {
            "aws:RequestedRegion": draw(
                st.lists(st.sampled_from(["eu-west-1", "eu-*", "us-east-1"]), min_size=1, max_size=2)
            )
        }
    if draw(st.integers(0, 4)) == 0:
        condition[draw(st.sampled_from(["Bool", "BoolIfExists"]))] = {
            "aws:SecureTransport": draw(st.sampled_from(["true", "false"]))
        }
    return made | ({"Condition": condition} if condition else {})


DOCUMENTS = st.lists(statements(), min_size=1, max_size=4)


def allowed(
    document_text: str, action: str, resource: str, context: dict[str, str | tuple[str, ...]]
) -> bool:
    request = Request(Principal.parse(BOB), action, resource, context=context)
    return evaluate(request, Policies(identity=(Policy.parse(document_text),))).allowed


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
@example([allow(action="*"), deny(action="s3:*", condition=IN_EUROPE)], [allow(action="s3:Get")])
def test_new_access_is_what_the_engine_finds(old: list[Json], new: list[Json]) -> None:
    before, after = text(*old), text(*new)
    found = check_no_new_access(before, after, IDENTITY)
    for one in found.reasons:  # every example is one
        context = {key.lower(): value for key, value in one.context.items() if value is not None}
        assert allowed(after, one.action, one.resource, context)
        assert not allowed(before, one.action, one.resource, context)
        assert new[one.statement_index]["Effect"] == "Allow"
    if found.passed:  # there is nothing else
        for action, resource, region, time in itertools.product(ACTIONS, RESOURCES, REGIONS, TIMES):
            keys = {"aws:requestedregion": region, "aws:securetransport": time}
            known: dict[str, str | tuple[str, ...]] = {
                key: value for key, value in keys.items() if value is not None
            }
            assert not allowed(after, action, resource, known) or allowed(before, action, resource, known)


OTHER = "444455556666"
NAMED: tuple[Json, ...] = (
    {"AWS": "*"},
    {"AWS": ACCOUNT},
    {"AWS": BOB},
    {"AWS": [BOB, f"arn:aws:iam::{ACCOUNT}:root"]},
    {"AWS": arn("user", "dave", OTHER)},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": OTHER, "Service": "lambda.amazonaws.com"},
)
CALLERS = (
    *(BOB, arn("user", "carol"), arn("user", "dave", OTHER), arn("user", "erin", OTHER)),
    *(arn("user", "frank", "777788889999"), "lambda.amazonaws.com", "ec2.amazonaws.com"),
)
GRANTS = st.lists(
    st.builds(
        lambda effect, element, named: {"Effect": effect, element: named, "Action": "s3:*", "Resource": "*"},
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.sampled_from(["Principal", "Principal", "NotPrincipal"]),
        st.sampled_from(NAMED),
    ),
    min_size=1,
    max_size=3,
)


def granted(document_text: str, caller: str) -> bool:
    denies, allows = sheet(Policy.parse(document_text), RESOURCE_LAYER).about("s3:getobject")
    principal = Principal.parse(caller)
    return any(rule.takes(principal) for rule in allows) and not any(rule.takes(principal) for rule in denies)


@given(GRANTS, GRANTS)
def test_new_access_is_what_the_engine_finds_of_principals(old: list[Json], new: list[Json]) -> None:
    before, after = text(*old), text(*new)
    expected = any(granted(after, caller) and not granted(before, caller) for caller in CALLERS)
    found = check_no_new_access(before, after, RESOURCE)
    if expected:
        assert found.result == FAIL
    elif found.result == FAIL:
        # Only those are left whom no caller here stands for: other sorts of principals.
        assert any("NotPrincipal" in one or "*" in str(one["Principal"]) for one in new)
