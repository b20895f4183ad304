"""passrole diff as a command."""

from __future__ import annotations

import json
from pathlib import Path

from tests.analysis.details import Json, allow, arn, document, page, role, trust, user
from tests.faces.test_questions import ROOT, run

from passrole import Endpoint, Options
from passrole.wire.client import Client
from passrole.wire.models import Credentials

LAMBDA, EC2 = "lambda.amazonaws.com", "ec2.amazonaws.com"
TO_LAMBDA = {"StringEquals": {"iam:PassedToService": LAMBDA}}


def details(path: Path, *statements: Json) -> str:
    roles = [role("Web", trust(EC2)), role("Worker", trust(LAMBDA))]
    path.write_text(json.dumps(page(users=[user("alice", document(*statements))], roles=roles)))
    return str(path)


def folder(path: Path, **policies: Json) -> str:
    (path / "user").mkdir(parents=True)
    for name, one in policies.items():
        (path / "user" / f"{name}.json").write_text(json.dumps(one))
    return str(path)


def test_details_before_and_after(tmp_path: Path) -> None:
    old = details(tmp_path / "old.json", allow(arn("role", "Web")))
    new = details(tmp_path / "new.json", allow(arn("role", "Worker")))
    done = run("diff", old, new, "--format", "json")
    assert done.status == 0
    assert [(one["change"], one["role"], one["service"]) for one in done.json] == [
        ("less", arn("role", "Web"), EC2),
        ("more", arn("role", "Worker"), LAMBDA),
    ]
    assert done.json[0]["before"] == []
    assert done.json[0]["after"] is None
    assert run("diff", old, old, "--format", "markdown").out == "Nobody can pass more or less.\n"


def test_conditions_that_come_or_change(tmp_path: Path) -> None:
    free = details(tmp_path / "free.json", allow(arn("role", "Web")))
    held = details(
        tmp_path / "held.json", allow(arn("role", "Web"), {"Bool": {"aws:SecureTransport": "true"}})
    )
    other = details(
        tmp_path / "other.json", allow(arn("role", "Web"), {"StringEquals": {"aws:SourceVpc": "v"}})
    )
    for old, new, change in ((free, held, "less"), (held, free, "more"), (held, other, "other")):
        (one,) = run("diff", old, new, "--format", "json").json
        assert one["change"] == change
    shown = run("diff", held, other, "--format", "markdown").out
    assert "0 more, 0 less, 1 on other conditions" in shown
    assert "`StringEquals aws:SourceVpc: v`" in shown


def test_folders_of_policies(tmp_path: Path) -> None:
    old = folder(tmp_path / "old", alice=document(allow("arn:aws:iam::*:role/app-*", TO_LAMBDA)))
    new = folder(
        tmp_path / "new",
        alice=document(allow("arn:aws:iam::*:role/*", TO_LAMBDA)),
        bob=document(allow(arn("role", "Web"), TO_LAMBDA), allow(action="s3:*")),
    )
    rows = run("diff", old, new, "--format", "json").json
    assert [(one["change"], one["principal"], one["role"], one["service"]) for one in rows] == [
        ("more", "user/alice", "arn:aws:iam::*:role/*", LAMBDA),
        ("more", "user/bob", arn("role", "Web"), LAMBDA),
    ]
    assert "each row is a statement's" in run("diff", old, new).err
    back = run("diff", new, old, "--format", "json").json
    assert {one["change"] for one in back} == {"less"}


def test_folders_in_an_account(tmp_path: Path) -> None:
    account = details(tmp_path / "details.json")
    old = folder(tmp_path / "old", alice=document(allow(arn("role", "W*"))))
    new = folder(tmp_path / "new", alice=document(allow(arn("role", "Wo*"))))
    done = run("diff", old, new, "--details", account, "--format", "json")
    assert [(one["change"], one["role"]) for one in done.json] == [("less", arn("role", "Web"))]
    assert "less" in run("diff", old, new, "--details", account).out


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    old = folder(tmp_path / "old", alice=document(allow()))
    new = details(tmp_path / "new.json", allow())
    assert run("diff", old, new).status == 2
    assert run("diff", old, str(tmp_path / "no")).status == 2
    alone = Path(old) / "user" / "alice.json"
    done = run("diff", str(alone), new)
    assert done.status == 2
    assert "is a policy by itself: compare takes two of them" in done.err
    assert run("diff", new, new, "--details", new).status == 2


def test_a_live_account_and_folders_of_details(tmp_path: Path) -> None:
    roles = {"Web": EC2, "Worker": LAMBDA}
    keys = {"AWS_ACCESS_KEY_ID": ROOT[0], "AWS_SECRET_ACCESS_KEY": ROOT[1], "AWS_REGION": "us-east-1"}
    before = tmp_path / "before"
    before.mkdir()
    details(before / "page.json", allow(arn("role", "Web")))
    policies = [
        folder(tmp_path / name, alice=document(allow(arn("role", role))))
        for name, role in (("old", "Web"), ("new", "Worker"))
    ]
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url) as root,
    ):
        for name, service in roles.items():
            given = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust(service))}
            root.call("iam", "CreateRole", given)
        root.call("iam", "CreateUser", {"UserName": "alice"})
        policy = json.dumps(document(allow(arn("role", "Worker"))))
        root.call("iam", "PutUserPolicy", {"UserName": "alice", "PolicyName": "p", "PolicyDocument": policy})
        live = run("diff", str(before), endpoint.url, "--format", "json", **keys)
        placed = run("diff", *policies, "--endpoint", endpoint.url, "--format", "json", **keys)
    assert [(one["change"], one["role"]) for one in live.json] == [
        ("less", arn("role", "Web")),
        ("more", arn("role", "Worker")),
    ]
    assert [(one["change"], one["role"]) for one in placed.json] == [
        ("less", arn("role", "Web")),
        ("more", arn("role", "Worker")),
    ]


def test_nothing_that_differs_is_said(tmp_path: Path) -> None:
    one = details(tmp_path / "one.json", allow(arn("role", "Web")))
    done = run("diff", one, one)
    assert done.out == "Nobody can pass more or less.\n"
    assert done.err.count("organization's policies") == 1
