"""What a client sees of a kept resource: the role it was given, its tags, AWS's errors, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.gateway.estate import ACCOUNT, ALL, REGION, Estate, refused
from tools import kept_families

from passrole.services.kept.answers import short
from passrole.services.kept.families import FILE, operations

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Indexer"


@pytest.fixture
def estate() -> Iterator[Estate]:
    with Estate(embedded=True) as estate:
        estate.allow(ALL)
        estate.role("Indexer", "kendra.amazonaws.com")
        yield estate


def summaries(output: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = output["IndexConfigurationSummaryItems"]
    return found


def made(estate: Estate) -> str:
    given = {"Name": "papers", "RoleArn": ROLE, "Tags": [{"Key": "team", "Value": "docs"}]}
    return str(estate.output("kendra", "CreateIndex", given)["Id"])


def test_a_made_resource_is_shown_with_its_role(estate: Estate) -> None:
    index = made(estate)
    shown = estate.output("kendra", "DescribeIndex", {"Id": index})
    assert (shown["Name"], shown["RoleArn"], shown["Status"]) == ("papers", ROLE, "ACTIVE")
    assert "ErrorMessage" not in shown
    listed = estate.output("kendra", "ListIndices", {})
    assert [one["Id"] for one in summaries(listed)] == [index]


def test_its_role_is_checked_before_anything_is_kept(estate: Estate) -> None:
    estate.allow({"Effect": "Allow", "Action": "kendra:*", "Resource": "*"})
    response = estate.ask("kendra", "CreateIndex", {"Name": "papers", "RoleArn": ROLE})
    assert response.status == 400
    assert refused(response).code == "AccessDeniedException"
    assert estate.output("kendra", "ListIndices", {})["IndexConfigurationSummaryItems"] == []


def test_a_change_keeps_what_it_does_not_say(estate: Estate) -> None:
    index = made(estate)
    estate.output("kendra", "UpdateIndex", {"Id": index, "Description": "all of them"})
    shown = estate.output("kendra", "DescribeIndex", {"Id": index})
    assert (shown["Name"], shown["Description"], shown["RoleArn"]) == ("papers", "all of them", ROLE)


def test_tags_are_put_and_taken(estate: Estate) -> None:
    arn = f"arn:aws:kendra:{REGION}:{ACCOUNT}:index/{made(estate)}"
    estate.output("kendra", "TagResource", {"ResourceARN": arn, "Tags": [{"Key": "stage", "Value": "test"}]})
    estate.output("kendra", "UntagResource", {"ResourceARN": arn, "TagKeys": ["team"]})
    tags = estate.output("kendra", "ListTagsForResource", {"ResourceARN": arn})
    assert tags["Tags"] == [{"Key": "stage", "Value": "test"}]


def test_a_deny_on_its_tags_holds(estate: Estate) -> None:
    index = made(estate)
    condition = {"StringEquals": {"aws:ResourceTag/team": "docs"}}
    deny = {"Effect": "Deny", "Action": "kendra:DeleteIndex", "Resource": "*", "Condition": condition}
    estate.allow(ALL, deny)
    assert refused(estate.ask("kendra", "DeleteIndex", {"Id": index})).code == "AccessDeniedException"
    arn = f"arn:aws:kendra:{REGION}:{ACCOUNT}:index/{index}"
    estate.output("kendra", "UntagResource", {"ResourceARN": arn, "TagKeys": ["team"]})
    estate.output("kendra", "DeleteIndex", {"Id": index})


def test_what_is_gone_and_what_never_was_are_not_found(estate: Estate) -> None:
    index = made(estate)
    estate.output("kendra", "DeleteIndex", {"Id": index})
    for name, given in (
        ("DescribeIndex", {"Id": index}),
        ("CreateDataSource", {"IndexId": index, "Name": "wiki", "Type": "CUSTOM"}),
    ):
        error = refused(estate.ask("kendra", name, given))
        assert (error.code, error.status) == ("ResourceNotFoundException", 400)


def test_accounts_and_regions_do_not_see_each_other(estate: Estate) -> None:
    index = made(estate)
    response = estate.ask("kendra", "DescribeIndex", {"Id": index}, region="us-west-2")
    assert refused(response).code == "ResourceNotFoundException"


def test_a_listing_comes_in_pages(estate: Estate) -> None:
    for number in range(5):
        estate.output("kendra", "CreateIndex", {"Name": f"index-{number}", "RoleArn": ROLE})
    names, token = [], None
    while True:
        given = {"MaxResults": 2} | ({"NextToken": token} if token else {})
        page = estate.output("kendra", "ListIndices", given)
        names += [one["Name"] for one in summaries(page)]
        token = page.get("NextToken")
        if not token:
            break
    assert sorted(names) == [f"index-{number}" for number in range(5)]


def test_an_operation_that_nobody_has_is_still_refused(estate: Estate) -> None:
    index = made(estate)
    response = estate.ask("kendra", "Query", {"IndexId": index, "QueryText": "x"})
    assert (response.status, refused(response).code) == (501, "NotImplemented")


def test_the_file_is_what_the_models_say() -> None:
    assert kept_families.text() == FILE.read_bytes(), "run python -m tools.kept_families"


def test_no_policy_is_kept_and_no_operation_of_moto_is_overruled() -> None:
    assert not [name for _, name in operations() if name.endswith("Policy")]
    for service in {service for service, _ in operations()}:
        assert not {name for owner, name in operations() if owner == service} & kept_families.embedded(
            service
        )


def test_short_names() -> None:
    assert short("DBProxy") == ("DBProxy", "Proxy")
