"""What IAM refuses, and in which words."""

from __future__ import annotations

import json
import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.test_document import JSON

from passrole.policy.document import Kind, Policy
from passrole.policy.grammar import SHARED_PROVIDERS
from passrole.policy.validate import MalformedPolicyDocument, check, problems, size
from passrole.policy.wordings import FAMILIES

KINDS: tuple[Kind, ...] = get_args(Kind)
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUSTED = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"


def document(*statements: object, **elements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | elements)


def said(text: str, kind: Kind) -> str:
    with pytest.raises(MalformedPolicyDocument) as caught:
        check(text, kind)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", SYNTAX),
        ('{"Version": "2012-10-17", "Statement": [], "Statement": []}', SYNTAX),
        ("[]", SYNTAX),
        (document(), SYNTAX),
        (document(ALLOW, Extra=1), SYNTAX),
        (document(ALLOW, Version="2020-01-01"), SYNTAX),
        (document(ALLOW, Version="2008-10-17"), "Policy document must be version 2012-10-17 or greater."),
        (json.dumps({"Statement": ALLOW}), "Policy document must be version 2012-10-17 or greater."),
        (document(ALLOW | {"Effect": "allow"}), LEGACY),
        (document(ALLOW | {"Effect": "Permit"}), SYNTAX),
        (document({"Action": "s3:*", "Resource": "*"}), SYNTAX),
        (document(ALLOW | {"Sid": "A"}, ALLOW | {"Sid": "A"}),
         "Statement IDs (SID) in a single policy must be unique."),
        (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (document(ALLOW | {"Action": []}), "Policy statement must contain actions."),
        (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
        (document(ALLOW | {"Resource": []}), "Policy statement must contain resources."),
        (document(ALLOW | {"Action": "GetObject"}),
         "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (document(ALLOW | {"Action": "s3:Get:Object"}), "Actions/Condition can contain only one colon."),
        (document(ALLOW | {"Action": "s*:GetObject"}), "Vendor s* is not valid"),
        (document(ALLOW | {"Resource": "bucket"}), 'Resource bucket must be in ARN format or "*".'),
        (document(ALLOW | {"Resource": "arn:aws:s*:::a"}),
         "Resource vendor must be fully qualified and cannot contain regexes."),
        (document(ALLOW | {"Resource": "arn:aws"}),
         "Resource vendor must be fully qualified and cannot contain regexes."),
        (document(ALLOW | {"Resource": "arn:abc:s3:::a"}),
         'Partition "abc" is not valid for resource "arn:abc:s3:*:*:a".'),
        (document(ALLOW | {"Resource": "arn:aws:s3:eu-west-1::a"}),
         "Resource arn:aws:s3:eu-west-1::a can not contain region information."),
        (document(ALLOW | {"Resource": "arn:aws:iam:eu-west-1:1:role/a"}),
         "IAM resource arn:aws:iam:eu-west-1:1:role/a cannot contain region information."),
        (document(ALLOW | {"Resource": "arn:aws:s3::a"}), LEGACY),
        (document(ALLOW | {"Principal": "*"}), "Policy document should not specify a principal."),
        (document(ALLOW | {"Condition": {"Equals": {"a": "b"}}}), SYNTAX),
        (document(ALLOW | {"Condition": {"NullIfExists": {"a": "true"}}}), SYNTAX),
        (document(ALLOW | {"Condition": {"Bool": {"a": {}}}}), SYNTAX),
        (document(ALLOW | {"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}), LEGACY),
        (document(ALLOW | {"NotAction": "s3:*"}), SYNTAX),
        (document(ALLOW | {"NotResource": "*"}), SYNTAX),
        (document(ALLOW).replace("s3:", "s3\\u0000:").replace("\\u0000", "\x00"), SYNTAX),
        (document(ALLOW).replace('"*"', '"\u2603"'), SYNTAX),
    ],
)  # fmt: skip
def test_identity_policies(text: str, message: str) -> None:
    assert said(text, "identity") == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This policy contains invalid Json"),
        (document(TRUSTED, Version="2020-01-01"), "The policy must contain a valid version string"),
        (document(), "Could not parse the policy: Statement is empty!"),
        (document(TRUSTED | {"Sid": "A"}, TRUSTED | {"Sid": "A"}),
         "The Statement Ids in the policy are not unique"),
        (document({k: v for k, v in TRUSTED.items() if k != "Effect"}), "Missing required field Effect"),
        (document(TRUSTED | {"Effect": "Maybe"}), "Invalid effect: Maybe"),
        (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
        (document(TRUSTED | {"Principal": {}}), "Missing required field Principal cannot be empty!"),
        (document(TRUSTED | {"Principal": "*"}), "Principal must be a JSON object."),
        (document({"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "*"}}),
         "Allow with NotPrincipal is not allowed."),
        (document({"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "*"}}),
         "AssumeRole policy must not contain NotPrincipal field."),
        (document({"Effect": "Allow", "Principal": {"AWS": "*"}}), "Missing required field Action"),
        (document(TRUSTED | {"Action": "*"}), "AssumeRole policy may only specify STS AssumeRole actions."),
        (document(TRUSTED | {"Action": ["sts:AssumeRole", "s3:GetObject"]}),
         "AssumeRole policy may only specify STS AssumeRole actions."),
        (document(TRUSTED | {"Resource": "*"}), "Has prohibited field Resource"),
        (document(TRUSTED | {"NotResource": "*"}), "AssumeRole policy must not contain resources."),
        (document(TRUSTED | {"Condition": {"Equals": {"a": "b"}}}), "Syntax error in policy."),
        (document(TRUSTED | {"NotAction": "sts:TagSession"}), "Syntax error in policy."),
        (document(TRUSTED | {"Principal": {"Service": "ec2"}}),
         'Invalid principal in policy: "SERVICE":"ec2"'),
        (document(TRUSTED | {"Principal": {"AWS": "arn:aws:iam::111122223333:role/a*"}}),
         'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/a*"'),
        (document(TRUSTED | {"Principal": {"AWS": "arn:aws:iam::111122223333:group/a"}}),
         'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/a"'),
        (document(TRUSTED | {"Principal": {"Federated": "cognito-identity.amazonaws.com"}}),
         "A condition block must be present for the Cognito provider"),
    ],
)  # fmt: skip
def test_trust_policies(text: str, message: str) -> None:
    assert said(text, "trust") == message


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "111122223333"},
        {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/path/bob"]},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/Web/session"},
        {"AWS": "arn:aws-cn:iam::111122223333:role/Web"},
        {"AWS": "AROAEXAMPLEEXAMPLE123"},
        {"AWS": "*"},
        {"Service": ["lambda.amazonaws.com", "states.eu-west-1.amazonaws.com", "ec2.amazonaws.com.cn"]},
        {"Federated": "arn:aws:iam::111122223333:saml-provider/Corp"},
        {"Federated": "accounts.google.com"},
    ],
)
def test_principals_that_trust_policies_take(principal: object) -> None:
    check(document(TRUSTED | {"Principal": principal}), "trust")


@pytest.mark.parametrize("provider", sorted(SHARED_PROVIDERS))
def test_shared_providers_need_a_condition(provider: str) -> None:
    trust = TRUSTED | {"Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{provider}"}}
    key = f"{provider}:{SHARED_PROVIDERS[provider]}"
    assert key in said(document(trust), "trust")
    for useless in (
        {"StringLike": {key: "*"}},
        {"StringNotEquals": {key: "x"}},
        {"StringEquals": {"a:b": "x"}},
    ):
        assert key in said(document(trust | {"Condition": useless}), "trust")
    check(document(trust | {"Condition": {"StringLike": {key.upper(): "org/*"}}}), "trust")
    check(document(trust | {"Effect": "Deny"}), "trust")


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("rcp", ALLOW | {"Principal": "*"}),
        ("rcp", {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
        ("rcp", {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": {"AWS": "1"}}),
        ("rcp", {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "NotPrincipal": "*"}),
        ("scp", ALLOW | {"Principal": "*"}),
        ("scp", {"Effect": "Deny", "Action": "s3:*"}),
    ],
)
def test_organization_policies(kind: Kind, statement: object) -> None:
    with pytest.raises(MalformedPolicyDocument) as caught:
        check(document(statement), kind)
    assert caught.value.code == "MalformedPolicyDocumentException"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("identity", document(ALLOW, ALLOW | {"Sid": "A1", "Condition": {"NumericLessThan": {"k": 5}}})),
        ("identity", document(ALLOW | {"Action": "*", "Resource": "arn:aws:iam::1:role/${aws:username}"})),
        ("identity", document(ALLOW | {"Resource": ["arn:aws:sqs", "arn:*:s3:::a", "arn:aws:iam::1:*"]})),
        ("identity", document(ALLOW | {"Condition": {"DateLessThan": {"k": ["2026-01-01", "0"]}}})),
        ("inline", json.dumps({"Statement": ALLOW})),
        ("inline", document(ALLOW, Version="2008-10-17", Id="x")),
        ("session", json.dumps({"Statement": [ALLOW]})),
        ("boundary", document(ALLOW)),
        ("trust", json.dumps({"Statement": TRUSTED})),
        ("trust", document(TRUSTED | {"Action": ["sts:AssumeRole", "sts:TagSession"]}, TRUSTED)),
        ("resource", document(ALLOW | {"Principal": "*", "Sid": "with spaces"})),
        ("resource", document(ALLOW | {"Effect": "Deny", "NotPrincipal": {"AWS": "111122223333"}})),
        ("resource", document({"Effect": "Allow", "Action": "kms:*", "Principal": {"CanonicalUser": "abc"}})),
        ("endpoint", document(ALLOW | {"Principal": "*"})),
        ("scp", document(ALLOW | {"Resource": "arn:aws:s3:::a", "Condition": {"Bool": {"a": True}}})),
        ("rcp", document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})),
    ],
)
def test_what_is_taken(kind: Kind, text: str) -> None:
    check(text, kind)
    assert problems(text, kind) == ()


def test_every_problem_is_told_with_its_place() -> None:
    text = (
        '{"Version": "2012-10-17",\n "Statement": [\n'
        '  {"Effect": "Allow", "Action": "Get", "Resource": "b"},\n'
        '  {"Effect": "Allow", "Action": ["s3:*", 7], "Resorce": "*"}\n ]}'
    )
    found = {(each.code, each.path, each.line, each.column) for each in problems(text, "identity")}
    assert found == {
        ("action-vendor-missing", "Statement[0].Action", 3, 33),
        ("resource-arn", "Statement[0].Resource", 3, 52),
        ("action-type", "Statement[1].Action", 4, 42),
        ("unknown-element", "Statement[1].Resorce", 4, 46),
        ("resource-missing", "Statement[1].Resource", 4, 3),
    }
    assert said(text, "identity") == SYNTAX


def test_trust_policies_are_read_statement_by_statement() -> None:
    text = document(TRUSTED | {"Resource": "*"}, {"Action": "sts:AssumeRole"})
    assert said(text, "trust") == "Has prohibited field Resource"
    assert [each.path for each in problems(text, "trust")] == [
        "Statement[0].Resource",
        "Statement[1].Effect",
        "Statement[1].Principal",
    ]


def test_every_family_words_the_same_rules() -> None:
    codes = {frozenset(family.wordings) for family in FAMILIES.values()}
    assert len(codes) == 1


def test_the_error_survives_a_pickle() -> None:
    error = pickle.loads(pickle.dumps(MalformedPolicyDocument("text", code="Other")))
    assert (type(error), error.message, error.code, error.status) == (
        MalformedPolicyDocument,
        "text",
        "Other",
        400,
    )


def test_white_space_does_not_count() -> None:
    assert size('{ "a":\t"b c"\r\n}') == len('{"a":"bc"}')


@pytest.mark.parametrize("kind", KINDS)
@given(JSON)
def test_what_is_taken_can_be_evaluated(kind: Kind, value: object) -> None:
    text = json.dumps(value)
    if not problems(text, kind):
        assert Policy.parse(text).statements


ELEMENT_VALUES: list[object] = [
    "Allow", "Deny", "*", "s3:*", "sts:AssumeRole", "arn:aws:s3:::a", [], ["*"], {}, 5, None, True,
    {"AWS": "*"},
    {"Bool": {"a:b": "true"}}, {"Bool": {}}, {"Nope": {}}, {"Bool": {"a:b": [1, True]}},
    {"Null": {"a:b": None}},
]  # fmt: skip
ELEMENTS = (
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal",
    "Condition",
)  # fmt: skip
STATEMENTS = st.dictionaries(st.sampled_from(ELEMENTS), st.sampled_from(ELEMENT_VALUES), min_size=3)


@pytest.mark.parametrize("kind", KINDS)
@given(st.lists(STATEMENTS, min_size=1, max_size=2))
def test_near_policies_that_are_taken_can_be_evaluated(kind: Kind, statements: list[object]) -> None:
    text = document(*statements)
    if not problems(text, kind):
        assert len(Policy.parse(text).statements) == len(statements)


@pytest.mark.parametrize("kind", KINDS)
@given(st.text(max_size=60))
def test_any_text_has_problems_but_never_crashes(kind: Kind, text: str) -> None:
    assert problems(text, kind)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"Statement":' * 100_000, '"' + "\\u0041" * 20_000 + '"'])
def test_hostile_text_is_refused(text: str) -> None:
    assert said(text, "identity") == SYNTAX
