"""Reading a document into statements."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passrole.policy.document import Policy, PrincipalName, UnreadablePolicy

STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def test_every_element_is_read() -> None:
    policy = Policy.parse(
        {
            "Version": "2012-10-17",
            "Id": "id",
            "Statement": [
                {
                    "Sid": "A",
                    "Effect": "Deny",
                    "NotPrincipal": {"AWS": ["111122223333", "*"], "Service": "ec2.amazonaws.com"},
                    "NotAction": ["s3:*", "ec2:*"],
                    "NotResource": "arn:aws:s3:::a",
                    "Condition": {
                        "StringEquals": {"aws:A": "x", "aws:B": [1, 2.50, True]},
                        "Null": {"c": False},
                    },
                },
                {"Effect": "Allow", "Action": "*", "Principal": "*"},
            ],
        },
        kind="resource",
        name="named",
        arn="arn:aws:iam::aws:policy/x",
    )
    assert (policy.version, policy.id, policy.name, policy.kind) == ("2012-10-17", "id", "named", "resource")
    first, second = policy.statements
    assert (first.sid, first.label, first.effect, first.index) == ("A", "A", "Deny", 0)
    assert first.principals == (
        PrincipalName("AWS", "111122223333"),
        PrincipalName("AWS", "*"),
        PrincipalName("Service", "ec2.amazonaws.com"),
    )
    assert (first.not_principal, first.not_action, first.not_resource, first.live) == (True, True, True, True)
    assert first.actions == ("s3:*", "ec2:*")
    assert [(each.name, each.written, each.wanted) for each in first.conditions] == [
        ("StringEquals", "aws:A", ("x",)),
        ("StringEquals", "aws:B", ("1", "2.5", "true")),
        ("Null", "c", ("false",)),
    ]
    assert (second.label, second.resources, second.principals) == ("1", None, (PrincipalName("", "*"),))


def test_numbers_keep_their_text() -> None:
    text = '{"Statement":{"Effect":"Allow","Action":"*","Condition":{"NumericEquals":{"k":[5.0,1e3,007]}}}}'
    with pytest.raises(UnreadablePolicy):  # 007 is no JSON
        Policy.parse(text)
    policy = Policy.parse(text.replace(",007", ""))
    assert policy.statements[0].conditions[0].wanted == ("5.0", "1e3")


def test_version_2008_is_the_default_and_has_no_variables() -> None:
    assert Policy.parse({"Statement": STATEMENT}).version == "2008-10-17"
    assert not Policy.parse({"Statement": STATEMENT}).statements[0].live
    assert Policy.parse({"Version": "2012-10-17", "Statement": STATEMENT}).statements[0].live


def test_the_same_text_is_parsed_once() -> None:
    text = json.dumps({"Statement": STATEMENT})
    assert Policy.parse(text, name="a") is Policy.parse(text, name="a")
    assert Policy.parse(text, name="a") is not Policy.parse(text, name="b")
    assert Policy.parse(text.encode(), name="a") is Policy.parse(text, name="a")
    assert len({Policy.parse(text, name="a"), Policy.parse(text, name="a")}) == 1
    assert Policy.read(text.encode()) is not Policy.read(text.encode())


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], ""),
        ({}, "Statement"),
        ({"Statement": [STATEMENT], "Foo": 1}, "Foo"),
        ({"Version": "2012-10-18", "Statement": STATEMENT}, "Version"),
        ({"Version": 2012, "Statement": STATEMENT}, "Version"),
        ({"Id": 1, "Statement": STATEMENT}, "Id"),
        ({"Statement": "x"}, "Statement"),
        ({"Statement": [STATEMENT, 5]}, "Statement[1]"),
        ({"Statement": [STATEMENT | {"effect": "Allow"}]}, "Statement[0].effect"),
        ({"Statement": [STATEMENT | {"Effect": "allow"}]}, "Statement[0].Effect"),
        ({"Statement": [STATEMENT | {"Sid": 1}]}, "Statement[0].Sid"),
        ({"Statement": [{"Effect": "Allow"}]}, "Statement[0].Action"),
        ({"Statement": STATEMENT | {"NotAction": "*"}}, "Statement.NotAction"),
        ({"Statement": STATEMENT | {"NotResource": "*"}}, "Statement.NotResource"),
        ({"Statement": STATEMENT | {"Action": 5}}, "Statement.Action"),
        ({"Statement": STATEMENT | {"Action": ["s3:*", None]}}, "Statement.Action"),
        ({"Statement": STATEMENT | {"Principal": "x"}}, "Statement.Principal"),
        ({"Statement": STATEMENT | {"Principal": {"Aws": "*"}}}, "Statement.Principal.Aws"),
        ({"Statement": STATEMENT | {"Principal": "*", "NotPrincipal": "*"}}, "Statement.NotPrincipal"),
        ({"Statement": STATEMENT | {"Condition": []}}, "Statement.Condition"),
        ({"Statement": STATEMENT | {"Condition": {"Equals": {"a": "b"}}}}, "Statement.Condition.Equals"),
        ({"Statement": STATEMENT | {"Condition": {"Bool": "x"}}}, "Statement.Condition.Bool"),
        ({"Statement": STATEMENT | {"Condition": {"Bool": {"a": None}}}}, "Statement.Condition.Bool.a"),
        ({"Statement": STATEMENT | {"Condition": {"Bool": {"a": [{}]}}}}, "Statement.Condition.Bool.a"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_its_place(document: object, path: str) -> None:
    with pytest.raises(UnreadablePolicy) as caught:
        Policy.parse(json.dumps(document))
    assert caught.value.path == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "{",
        '{"Statement":[],"Statement":[]}',
        '{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*"}}',
        '{"Statement":{"Effect":"Allow","Action":"*","Condition":{"Bool":{"a":NaN}}}}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(UnreadablePolicy):
        Policy.parse(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UnreadablePolicy, match="UTF-8"):
        Policy.parse(b'{"Statement": "\xff"}')
    with pytest.raises(UnreadablePolicy, match="no JSON"):
        Policy.parse({"Statement": {1, 2}})


def test_an_empty_condition_asks_nothing() -> None:
    conditions: list[dict[str, object]] = [{}, {"StringEquals": {}}, {"Unheard": {}}]
    for condition in conditions:
        policy = Policy.parse({"Statement": STATEMENT | {"Condition": condition}})
        assert policy.statements[0].conditions == ()


def test_context_keys_are_told_once_as_first_written() -> None:
    policy = Policy.parse(
        {
            "Version": "2012-10-17",
            "Statement": [
                STATEMENT
                | {
                    "Resource": "arn:aws:s3:::b/${aws:username}/${s3:x, 'd'}",
                    "Condition": {
                        "StringLike": {"s3:Prefix": "${AWS:UserName}/${aws:userid}"},
                        "IpAddress": {"aws:SourceIp": "${aws:literal}"},
                    },
                },
                STATEMENT | {"Condition": {"Null": {"S3:PREFIX": "true"}}},
            ],
        }
    )
    assert policy.context_keys == ("s3:Prefix", "aws:SourceIp", "aws:username", "s3:x", "aws:userid")
    assert Policy.parse(policy.text.replace("2012", "2008")).context_keys == ("s3:Prefix", "aws:SourceIp")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Version", "Statement", "Effect", "Action", "Resource", "Condition", "Principal", "Sid"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    try:
        policy = Policy.parse(json.dumps(document))
    except UnreadablePolicy:
        return
    assert all(statement.effect in ("Allow", "Deny") for statement in policy.statements)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(UnreadablePolicy):
        Policy.parse(text)
