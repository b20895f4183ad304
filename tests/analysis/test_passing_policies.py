"""What a policy says of iam:PassRole: the same whether it is read by its JSON or by the engine's parser."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from tests.analysis.details import ACCOUNT, Json, allow, arn, deny, document
from tests.analysis.test_who_can_pass import documents

from passrole.analysis.passing_policies import PassPolicies, PassPolicy, PassStatement
from passrole.policy.document import Policy, UnreadablePolicy
from passrole.state.directory import Directory
from passrole.state.entities import Role
from passrole.state.estate.row import EPOCH


def said(*texts: str) -> tuple[PassPolicy, ...]:
    return PassPolicies(Directory()).of(holding(*texts))


def holding(*texts: str) -> Role:
    inline = {f"p{number}": text for number, text in enumerate(texts)}
    return Role(account=ACCOUNT, name="R", id="AROA", created=EPOCH, trust="{}", inline=inline)


def shown(policies: tuple[PassPolicy, ...]) -> list[tuple[object, ...]]:
    return [statement(one) for policy in policies for one in policy.statements]


def statement(one: PassStatement) -> tuple[object, ...]:
    written = one.rule.statement
    conditions = [(each.name, each.written, each.wanted, each.keys) for each in one.conditions]
    assert one.conditions == written.conditions
    return (
        one.allows,
        written.resources,
        written.not_resource,
        written.live,
        conditions,
        one.keys,
        one.bare.resource_keys,
    )


@given(documents(8))
def test_read_by_its_json_a_policy_says_what_the_parser_makes_of_it(policy: Json) -> None:
    text = json.dumps(policy)
    parsed = PassPolicies(Directory()).all_of([Policy.parse(text)])
    assert shown(said(text)) == shown(parsed)


def test_policies_about_other_actions_say_nothing() -> None:
    other = document(allow(action=["s3:*", "iam:Get*"]), {**allow(), "Action": "iam:PassRoles"})
    all_but = document({"Effect": "Allow", "NotAction": ["iam:P*", "s3:Get*"], "Resource": "*"})
    assert said(json.dumps(other), json.dumps(all_but)) == ()
    (one,) = said(json.dumps(document(allow(action="ec2:*"), deny(action="IAM:pass*"))))
    assert (one.allows, len(one.denies)) == ((), 1)


def test_equal_texts_elements_and_blocks_are_read_once() -> None:
    block = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    first = json.dumps(document(allow(arn("role", "A"), block), deny(arn("role", "B"), block)))
    second = json.dumps(document(allow(arn("role", "B"), block)))
    policies = PassPolicies(Directory())
    one, other = policies.of(holding(first, second, first))  # the third is the first
    assert policies.of(holding(second)) == (other,)
    assert one.denies[0].bare is other.allows[0].bare
    assert one.allows[0].conditions is other.allows[0].conditions


def test_a_number_counts_as_it_is_written() -> None:
    text = json.dumps(document(allow(condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 1}})))
    (one,) = said(text.replace("1}}", "1.50}}"))
    assert one.allows[0].conditions[0].wanted == ("1.50",)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"Version":"2013-01-01","Statement":[]}',
        '{"Version":"2012-10-17","Statement":["Allow"]}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":5}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":5,"Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":'
        '{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Equals":{"a":"b"}}}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Extra":1}}',
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(UnreadablePolicy):
        said(text)
