"""``passrole export --organization``: what is asked of the folder is what is asked of the accounts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.analysis.details import Json, allow, deny, document, trust

from passrole import Endpoint, Options
from passrole.analysis.account_passes import Pass
from passrole.analysis.live import CannotRead, read_live, read_organization
from passrole.analysis.members import Entrance
from passrole.analysis.sources import Source
from passrole.analysis.who_can_pass import who_can_pass
from passrole.faces import cli
from passrole.faces.exporting import CannotWrite, NothingToExport, export_organization
from passrole.state.estate.accounts import Accounts
from passrole.wire.client import Client
from passrole.wire.models import Credentials

MANAGEMENT = "111122223333"
EC2, LAMBDA = "ec2.amazonaws.com", "lambda.amazonaws.com"
ROOT = ("AKIAROOTROOTROOTROOT", "root-secret-of-the-tests-0123456789abcdef")


@dataclass(frozen=True)
class World:
    url: str
    source: Source
    admin: Client
    open: str  # an account that can be read
    shut: str  # one whose role is gone
    closed: str

    def command(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["passrole", *arguments, "--endpoint", self.url])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT, account=MANAGEMENT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        root.call("iam", "CreateUser", {"UserName": "admin"})
        everything = json.dumps(document(allow(action="*")))
        given = {"UserName": "admin", "PolicyName": "all", "PolicyDocument": everything}
        root.call("iam", "PutUserPolicy", given)
        made = root.call("iam", "CreateAccessKey", {"UserName": "admin"})["AccessKey"]
        assert isinstance(made, dict)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["SecretAccessKey"])
        key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
        with Client(key, url=endpoint.url) as admin:
            yield organized(endpoint.url, admin)


def organized(url: str, admin: Client) -> World:
    admin.call("organizations", "CreateOrganization", {"FeatureSet": "ALL"})
    roots = admin.call("organizations", "ListRoots")["Roots"]
    assert isinstance(roots, list)
    root = roots[0]["Id"]
    kind = "SERVICE_CONTROL_POLICY"
    admin.call("organizations", "EnablePolicyType", {"RootId": root, "PolicyType": kind})
    given = {"ParentId": root, "Name": "Work"}
    unit = admin.call("organizations", "CreateOrganizationalUnit", given)["OrganizationalUnit"]
    assert isinstance(unit, dict)
    below = {"DestinationParentId": unit["Id"]}
    ids = [account(admin, name) for name in ("open", "shut", "closed")]
    admin.call("organizations", "MoveAccount", {"AccountId": ids[0], "SourceParentId": root, **below})
    for name, statement, target in (
        ("NoLambda", deny(condition={"StringEquals": {"iam:PassedToService": LAMBDA}}), root),
        ("NotFrozen", deny("arn:aws:iam::*:role/Frozen"), unit["Id"]),
    ):
        policy: Json = {
            "Name": name,
            "Type": kind,
            "Description": "",
            "Content": json.dumps(document(statement)),
        }
        made = admin.call("organizations", "CreatePolicy", policy)["Policy"]
        assert isinstance(made, dict)
        attached: Json = {"PolicyId": made["PolicySummary"]["Id"], "TargetId": target}
        admin.call("organizations", "AttachPolicy", attached)
    fill(admin)
    entrance = Entrance(admin)
    with entrance.into(ids[0]) as inside:
        fill(inside)
    with entrance.into(ids[1]) as inside:
        fill(inside)
        access = {"RoleName": "OrganizationAccountAccessRole"}
        administrator = {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
        inside.call("iam", "DetachRolePolicy", access | administrator)
    admin.call("organizations", "CloseAccount", {"AccountId": ids[2]})
    return World(url, Source(endpoint=url), admin, *ids)


def account(admin: Client, name: str) -> str:
    given = {"AccountName": name, "Email": f"{name}@example.com"}
    status = admin.call("organizations", "CreateAccount", given)["CreateAccountStatus"]
    assert isinstance(status, dict)
    asked = {"CreateAccountRequestId": status["Id"]}
    done = admin.call("organizations", "DescribeCreateAccountStatus", asked)["CreateAccountStatus"]
    assert isinstance(done, dict)
    return str(done["AccountId"])


def fill(client: Client) -> None:
    """Users who may pass, roles that are passed."""
    for name in ("Web", "Frozen"):
        trusted = json.dumps(trust(EC2, LAMBDA))
        client.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trusted})
    region = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    for name, statement in (("alice", allow()), ("bob", allow(condition=region))):
        client.call("iam", "CreateUser", {"UserName": name})
        given = {"UserName": name, "PolicyName": "p", "PolicyDocument": json.dumps(document(statement))}
        client.call("iam", "PutUserPolicy", given)


def test_the_folder_answers_as_the_accounts_do(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    written = export_organization(world.source, folder)
    names = {"organization.json", f"{MANAGEMENT}.json", f"{world.open}.json"}
    assert {path.name for path in folder.iterdir()} == names
    assert written.accounts == 2
    found = who_can_pass(folder)
    organization = read_organization(world.admin)
    assert organization is not None
    live = who_can_pass(read_live(world.admin, organization))
    with Entrance(world.admin).into(world.open) as inside:
        in_member = who_can_pass(read_live(inside, organization))
    assert sorted(found, key=str) == sorted([*live, *in_member], key=str)
    # What organizations deny reaches the member, and never the management account.
    assert ours(in_member) == {("Web", EC2)}
    assert ours(live) == {(role, service) for role in ("Web", "Frozen") for service in (EC2, LAMBDA)}


def ours(rows: Iterable[Pass]) -> set[tuple[str, str]]:
    """Role and service, without AWS's own roles."""
    shown = {(row.role.rsplit("/", 1)[-1], row.service) for row in rows}
    return {one for one in shown if not one[0].startswith("AWSServiceRole")}


def test_accounts_that_cannot_be_read_are_named_and_the_rest_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "export"
    assert world.command(monkeypatch, "export", "--organization", "--out", str(folder)) == 1
    out, said = capsys.readouterr()
    assert out == ""
    left_out = [line for line in said.splitlines() if "left out" in line]
    closed, shut = (next(line for line in left_out if one in line) for one in (world.closed, world.shut))
    told = f"passrole: note: account {world.closed} (closed) is left out: "
    assert closed == f"{told}it is suspended or being closed"
    assert f"account {world.shut} (shut) is left out: the account cannot be read: AccessDenied" in shut
    assert said.splitlines()[-1] == f"passrole: 2 of 4 accounts written into {folder}"
    # What is asked of the folder says whom it leaves out; a suspended account has nobody who could pass.
    (first, *_) = Accounts.of([folder])
    assert [str(note) for note in first.notes] == [
        f"{world.shut}: in the organization, without details: nothing is said of it"
    ]


def test_another_role_may_be_named(world: World, tmp_path: Path) -> None:
    written = export_organization(world.source, tmp_path / "export", role="audit/Reader")
    assert written.accounts == 1
    why = {member.name: text for member, text in written.unread}["open"]
    assert why.startswith(f"arn:aws:iam::{world.open}:role/audit/Reader cannot be assumed: AccessDenied")


def test_a_folder_that_holds_something_is_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}")
    with pytest.raises(CannotWrite, match="there is something already"):
        export_organization(world.source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
    with pytest.raises(CannotWrite, match="there is something already"):
        export_organization(world.source, tmp_path / "old.json")
    with pytest.raises(CannotWrite, match="Not a directory"):
        export_organization(world.source, tmp_path / "old.json" / "below")


def test_flags_that_do_not_go_together_are_told(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert world.command(monkeypatch, "export", "--organization") == 2
    assert capsys.readouterr().err == "passrole: export: --organization needs a folder: --out DIR\n"
    assert world.command(monkeypatch, "export", "--out", str(tmp_path / "x")) == 2
    assert "--out goes with --organization" in capsys.readouterr().err


def test_an_account_without_organization_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ROOT[0])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ROOT[1])
        with pytest.raises(CannotRead, match="in no organization"):
            export_organization(Source(endpoint=endpoint.url), tmp_path / "export")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        with pytest.raises(CannotRead, match="the organization was not read: InvalidSignature"):
            export_organization(Source(endpoint=endpoint.url), tmp_path / "export")
    with pytest.raises(NothingToExport, match="--endpoint URL"):
        export_organization(Source(), tmp_path / "export")
    assert list(tmp_path.iterdir()) == []
