"""Account details and organizations read into a directory; what is left out is named."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.analysis.details import (
    ACCOUNT,
    Json,
    allow,
    arn,
    document,
    estate,
    group,
    managed,
    organization,
    page,
    role,
    trust,
    user,
)

from passrole.authorize.gather import managed_policy
from passrole.state.entities import Group, InstanceProfile, ManagedPolicy, Role, User
from passrole.state.estate.details import pages_of
from passrole.state.estate.estate import Estate, read_files
from passrole.state.estate.notes import UnreadableEstate
from passrole.state.organization import org_path, rcps_for, scps_for

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
OTHER = "444455556666"


def notes(found: Estate) -> list[str]:
    """The notes but for the one that no organization is known."""
    return [str(note) for note in found.notes if "organization's policies" not in note.text]


def test_everything_that_decides_is_read() -> None:
    found = estate(
        page(
            users=[
                user(
                    "ops/alice",
                    document(allow()),
                    groups=["Team"],
                    managed=[arn("policy", "app/Own"), READ_ONLY],
                    bounded=arn("policy", "Bound"),
                    tags={"team": "red"},
                )
            ],
            groups=[group("Team", document(allow()))],
            roles=[role("app/Web", trust("ec2.amazonaws.com"), profile="WebProfile")],
            policies=[managed("app/Own", document(allow())), managed("Bound", document(allow(action="*")))],
        )
    )
    directory = found.directory
    assert (found.accounts, notes(found)) == ((ACCOUNT,), [])
    alice = directory.get(User, ACCOUNT, "alice")
    assert alice is not None
    assert (alice.arn, alice.id, alice.tags) == (arn("user", "ops/alice"), "AIDAALICE", (("team", "red"),))
    assert alice.attached == (arn("policy", "app/Own"), READ_ONLY)
    assert alice.boundary == arn("policy", "Bound")
    assert json.loads(alice.inline["p0"]) == document(allow())
    team = directory.by_id(Group, alice.groups[0])
    assert team is not None
    assert team.name == "Team"
    web = directory.get(Role, ACCOUNT, "Web")
    assert web is not None
    assert web.arn == arn("role", "app/Web")
    profile = directory.get(InstanceProfile, ACCOUNT, "WebProfile")
    assert profile is not None
    assert profile.role_id == web.id
    own = directory.get(ManagedPolicy, ACCOUNT, "Own")
    assert own is not None
    assert [version.id for version in own.versions] == ["v1", "v2"]
    assert json.loads(own.document) == document(allow())
    assert own.next_version == 3


def test_policies_come_as_objects_as_text_or_percent_encoded() -> None:
    text = json.dumps(document(allow()))
    given = user("alice")
    given["UserPolicyList"] = [
        {"PolicyName": "object", "PolicyDocument": document(allow())},
        {"PolicyName": "text", "PolicyDocument": text},
        {"PolicyName": "encoded", "PolicyDocument": quote(text)},
    ]
    alice = estate(page(users=[given])).directory.get(User, ACCOUNT, "alice")
    assert alice is not None
    assert [json.loads(one) for one in alice.inline.values()] == [document(allow())] * 3


def test_aws_policies_are_as_the_details_have_them() -> None:
    ours = managed("ReadOnlyAccess", document(allow(action="s3:Get*"))) | {"Arn": READ_ONLY}
    found = estate(page(users=[user("alice", managed=[READ_ONLY])], policies=[ours]))
    assert managed_policy(found.directory, READ_ONLY).statements[0].actions == ("s3:Get*",)
    assert len(managed_policy(estate(page(users=[user("bob")])).directory, READ_ONLY).statements) > 0


def test_pages_and_accounts_may_come_in_any_order() -> None:
    first = page(users=[user("alice")]) | {"IsTruncated": True, "Marker": "abc"}
    second = page(users=[user("bob", groups=["Team"])], groups=[group("Team")])
    other = page(roles=[role("Web", trust("ec2.amazonaws.com"), account=OTHER)])
    found = estate(second, other, first)
    assert set(found.accounts) == {ACCOUNT, OTHER}
    assert [one.name for one in found.directory.all(User, ACCOUNT)] == ["alice", "bob"]
    assert notes(found) == []


@pytest.mark.parametrize("cut", [{"IsTruncated": True}, {"Marker": "abc"}, {"NextToken": "abc"}])
def test_details_cut_short_are_named(cut: Json) -> None:
    (note,) = notes(estate(page(users=[user("alice")]) | cut))
    assert "page 0: Marker: cut short" in note
    assert ACCOUNT in note


def test_what_cannot_be_read_is_named_and_left_open() -> None:
    broken = role("Web", trust("ec2.amazonaws.com"), managed=[arn("policy", "Gone")])
    broken["AssumeRolePolicyDocument"] = {"Statement": "none"}
    given = user("alice", groups=["Missing"], bounded=arn("policy", "NoBound"))
    given["Novelty"] = 1
    found = estate(page(users=[given], roles=[broken], policies=[managed("P", {"Statement": [{}]})]))
    assert notes(found) == [
        "page 0: Policies[0].PolicyVersionList[0].Document: the policy cannot be read: "
        "Statement[0].Effect: it is Allow or Deny",
        "page 0: Policies[0].PolicyVersionList: the default version of P is not known: left out",
        f"page 0: RoleDetailList[0].AttachedManagedPolicies: {arn('policy', 'Gone')} is not in the details: "
        "what it grants is not known",
        "page 0: RoleDetailList[0].AssumeRolePolicyDocument: the policy cannot be read: "
        "Statement: a statement is an object",
        "page 0: UserDetailList[].Novelty: unknown field, not read",
        "page 0: UserDetailList[0].GroupList: group Missing is not in the details: "
        "what it grants is not known",
        f"page 0: UserDetailList[0].PermissionsBoundary: {arn('policy', 'NoBound')} is not in the details: "
        "what it allows is not known",
    ]
    alice, web = found.directory.get(User, ACCOUNT, "alice"), found.directory.get(Role, ACCOUNT, "Web")
    assert alice is not None
    assert web is not None
    assert "passrole:Unread/group Missing" in alice.inline["group Missing"]
    assert "passrole:Unread/" in managed_policy(found.directory, alice.boundary).text
    assert json.loads(web.trust)["Statement"] == []


def test_two_that_have_one_id_are_both_read() -> None:
    same = {"UserId": "AIDAEXAMPLE"}
    first, second = user("alice", document(allow())) | same, user("bob", document(allow())) | same
    web = role("Web", trust("ec2.amazonaws.com"), profile="Web") | {"RoleId": "AIDAEXAMPLE"}
    found = estate(page(users=[first, second, first], roles=[web]))
    directory = found.directory
    assert [each.name for each in directory.all(User, ACCOUNT)] == ["alice", "bob"]
    made = directory.get(Role, ACCOUNT, "Web")
    profile = directory.get(InstanceProfile, ACCOUNT, "Web")
    assert made is not None
    assert profile is not None
    assert made.id == profile.role_id
    assert len({made.id, *(each.id for each in directory.all(User, ACCOUNT))}) == 3
    assert notes(found) == [
        "page 0: UserDetailList[].UserId: AIDAEXAMPLE is the id of more than one, not read"
    ]


def test_members_of_the_wrong_type_count_as_missing() -> None:
    given = user("alice")
    given |= {"Tags": {"team": "red"}, "CreateDate": "yesterday", "GroupList": [7], "UserPolicyList": ["x"]}
    found = estate(page(users=[given]))
    assert [note.partition(": ")[2] for note in notes(found)] == [
        "UserDetailList[0].GroupList[0]: not a string, not read",
        "UserDetailList[0].CreateDate: not a time, not read",
        "UserDetailList[0].UserPolicyList[0]: not an object, not read",
        "UserDetailList[0].Tags: not a list, not read",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"Users": []}, "not the output of aws iam get-account-authorization-details"),
        ([], "no account details in it"),
        (page(), "the details name no account"),
        (page(users=[user("a"), user("b", account=OTHER)]), "entities of several accounts on one page"),
        (page(users=[user("a") | {"Arn": "arn:aws-cn:iam::111122223333:user/a"}]), "only the partition aws"),
    ],
)
def test_what_is_no_details_at_all_is_refused(content: object, why: str, tmp_path: Path) -> None:
    path = tmp_path / "given.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UnreadableEstate, match=why):
        read_files([path])


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableEstate, match="No such file"):
        read_files([tmp_path / "absent.json"])
    for text, why in (("{]", "not JSON"), ("{", "the file is cut short"), (" \n", "the file is empty")):
        (tmp_path / "broken.json").write_text(text)
        with pytest.raises(UnreadableEstate, match=rf"broken\.json: {why}"):
            read_files([tmp_path / "broken.json"])


def test_files_may_be_gzipped_and_hold_an_organization(tmp_path: Path) -> None:
    (tmp_path / "details.json.gz").write_bytes(gzip.compress(json.dumps(page(users=[user("a")])).encode()))
    (tmp_path / "organization.json").write_text(json.dumps(organization([document(allow())])))
    found = read_files([tmp_path / "details.json.gz", str(tmp_path / "organization.json")])
    assert found.organized
    levels = scps_for(found.directory, ACCOUNT)
    assert [[name for _, name, _ in level] for level in levels] == [
        ["FullAWSAccess", "p-00"],
        ["FullAWSAccess"],
        ["FullAWSAccess"],
    ]
    assert org_path(found.directory, ACCOUNT) == "o-example/r-root/ou-root-unit/"
    assert rcps_for(found.directory, ACCOUNT) == ()
    assert list(found.notes) == []


def test_an_organization_with_holes_is_named() -> None:
    whole = organization([{"Statement": [{}]}])
    whole["OrganizationalUnits"] = []
    found = estate(page(users=[user("a")]), organization=whole)
    text = "\n".join(notes(found))
    assert "Policies[1].Content: the policy cannot be read" in text
    assert "attached to ou-root-unit, which the export does not have" in text
    assert f"{ACCOUNT}: its parent ou-root-unit is not in the export" in text


@pytest.mark.parametrize("member", ["Organization", "Roots"])
def test_an_organization_without_its_top_is_refused(member: str) -> None:
    whole = organization()
    whole[member] = [] if member == "Roots" else {"Id": "o-x"}
    with pytest.raises(UnreadableEstate, match=member):
        estate(page(users=[user("a")]), organization=whole)


def test_pages_of_a_list_are_pages_of_one_file() -> None:
    given = list(pages_of("x.json", [page(users=[user("a")]), page(users=[user("b")])]))
    assert [one.source for one in given] == ["x.json", "x.json"]
