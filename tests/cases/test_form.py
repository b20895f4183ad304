"""The cases' form: what the reader accepts, spells out and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cases.case import InvalidCase, load, mapping, read
from tests.cases.expressible import on_endpoint, simulation

GROUP = """
- source: 'A page, "A section"'
  standing: documented
  request: {action: "sqs:SendMessage", resource: "arn:aws:sqs:eu-west-1:111122223333:q"}
  context: {"aws:username": Alice, "aws:SourceIp": 192.0.2.1}
  cases:
    - {id: one, identity: [{Allow: "sqs:*"}], context: {"aws:username": null}, expect: allowed}
    - id: two
      request: {principal: "444455556666:session/Dev/s"}
      boundary: [FullAWSAccess]
      expect: {implicit_deny: identity}
"""


def test_a_group_gives_its_cases_what_they_share(tmp_path: Path) -> None:
    path = tmp_path / "topic.yaml"
    path.write_text(GROUP)
    one, two = read(path)
    assert one.body["request"] == {
        "principal": "arn:aws:iam::111122223333:user/Alice",
        "action": "sqs:SendMessage",
        "resource": "arn:aws:sqs:eu-west-1:111122223333:q",
        "context": {"aws:SourceIp": "192.0.2.1"},
    }
    allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    assert one.body["identity_policies"] == [{"Version": "2012-10-17", "Statement": [allow]}]
    assert (one.outcome, one.layer, one.reason) == ("allowed", "", "")
    assert mapping(two.body["request"])["principal"] == "arn:aws:sts::444455556666:assumed-role/Dev/s"
    assert (two.outcome, two.layer) == ("implicit_deny", "identity")
    assert two.reason == "because no identity-based policy allows the sqs:SendMessage action"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("standing: documented", "standing: heard"),
        ("expect: allowed", "expect: yes"),
        ("{implicit_deny: identity}", "{implicit_deny: luck}"),
        ("identity: [", "identities: ["),
        ("id: one, ", ""),
    ],
)
def test_a_case_of_another_form_is_refused(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "topic.yaml"
    path.write_text(GROUP.replace(before, after, 1))
    with pytest.raises(InvalidCase):
        list(read(path))


def test_there_are_cases_enough_for_every_way() -> None:
    cases = load()
    assert len(cases) >= 400
    assert sum(simulation(case) is not None for case in cases) >= 200
    assert sum(on_endpoint(case) for case in cases) >= 150
