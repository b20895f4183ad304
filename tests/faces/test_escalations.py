"""passrole escalations as a command, and the graphs that it draws."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.analysis.details import Json, allow, arn, document, page, role, trust, trusting, user
from tests.faces.test_questions import ROOT, run

from passrole import Endpoint, Options
from passrole.analysis.escalation.paths import escalations
from passrole.faces import graphs
from passrole.state.estate.estate import read_files
from passrole.wire.client import Client
from passrole.wire.models import Credentials

LAMBDA = "lambda.amazonaws.com"
CALLS = ["lambda:CreateFunction", "lambda:InvokeFunction"]


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("escalations") / "details.json"
    bob = document({**allow(arn("role", "Admin")), "Sid": "PassAdmin"}, allow(action=CALLS))
    users = [
        user("alice", document(allow(arn("user", "bob"), action="iam:CreateAccessKey"))),
        user("bob", bob),
        user("carol", document(allow(action="s3:Get*"))),
        user("dave", document(allow(action="lambda:UpdateFunctionCode"))),
    ]
    roles = [role("Admin", trust(LAMBDA), document(allow(action="*"))), role("Idle", trusting())]
    path.write_text(json.dumps(page(users=users, roles=roles)))
    return str(path)


def test_paths_are_told_shortest_first(details: str) -> None:
    done = run("escalations", "--details", details, "--format", "json")
    assert done.status == 0
    rows: list[Json] = done.json
    assert [(str(row["principal"]).rsplit("/", 1)[-1], len(row["steps"])) for row in done.json] == [
        ("alice", 1),
        ("bob", 1),
        ("dave", 1),
        ("alice", 2),
    ]
    for row in rows:
        assert list(row)[:4] == ["principal", "gains", "steps", "cut"]
    longest = done.json[-1]
    assert longest["gains"]["identity"] == arn("role", "Admin")
    assert longest["steps"][1]["name"] == "PassExistingRoleToNewLambdaThenInvoke"
    assert {"PassAdmin"} == {
        one["statement"] for one in longest["steps"][1]["statements"] if one["action"] == "iam:PassRole"
    }
    assert longest["cut"]["paths"] == 2


def test_a_table_and_csv_say_the_same(details: str) -> None:
    done = run("escalations", "--details", details, "--principal", "bob")
    assert done.status == 0
    assert "pass role/Admin to lambda.amazonaws.com" in done.out
    assert "gains everything" in done.out
    assert "cut: narrow statement PassAdmin" in done.out
    lines = run("escalations", "--details", details, "--format", "csv", "--certain").out.splitlines()
    assert lines[0] == "principal,gains,of,certain,steps,cut"
    assert len(lines) == 4  # dave's path depends on whether there is a function


def test_listings_are_limited_and_say_so(details: str) -> None:
    done = run("escalations", "--details", details, "--most", "1", "--format", "json")
    assert len([row for row in done.json if row["principal"] == arn("user", "alice")]) == 1
    assert "1 more paths are not listed" in done.err


def test_nobody_is_an_empty_list(details: str) -> None:
    assert run("escalations", "--details", details, "--principal", "carol", "--format", "json").json == []


@pytest.mark.parametrize("suffix", ["svg", "html", "dot", "graphml"])
def test_graphs_are_drawn_beside_the_answer(details: str, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"paths.{suffix}"
    done = run("escalations", "--details", details, "--format", "json", "--graph", str(path))
    assert done.status == 0
    assert len(done.json) == 4
    text = path.read_text()
    assert "PassExistingRoleToNewLambdaThenInvoke" in text
    assert text.count("user/bob") >= 1
    if suffix in ("svg", "graphml"):
        ElementTree.fromstring(text)
    assert "<script" not in text


def test_what_cannot_be_drawn_is_status_2(details: str, tmp_path: Path) -> None:
    done = run("escalations", "--details", details, "--graph", str(tmp_path / "paths.png"))
    assert (done.status, done.out) == (2, "")
    assert "--graph" in done.err
    gone = run("escalations", "--details", details, "--graph", str(tmp_path / "none" / "paths.svg"))
    assert gone.status == 2
    assert "No such file" in gone.err


def test_whatever_a_name_holds_it_is_text(details: str) -> None:
    rows = escalations(read_files([details])).rows
    hostile = '</text><script>alert(1)</script>"&\x01\\'
    shown = graphs.picture(rows)
    nodes = {f"arn:aws:iam::1:user/{hostile}": "start", "arn:aws:iam::1:role/R": "end"}
    source, target = nodes
    edges = (
        graphs.Edge(source, target, hostile, hostile, True),
        graphs.Edge(target, source, "b", "b", False),
    )
    made = graphs.Picture(nodes, edges)
    for text in (graphs.svg(made), graphs.html(made), graphs.graphml(made)):
        assert "<script" not in text
    for text in (graphs.svg(made), graphs.graphml(made)):
        ElementTree.fromstring(text)
    assert '\\"&' in graphs.dot(made)
    assert len(shown.nodes) == 4


def test_an_empty_answer_can_be_drawn() -> None:
    empty = graphs.picture([])
    for text in (graphs.svg(empty), graphs.graphml(empty)):
        ElementTree.fromstring(text)
    assert graphs.dot(empty).startswith("digraph")


def test_nodes_stand_apart_and_large_graphs_are_cut_short() -> None:
    arns = [f"arn:aws:iam::1:role/r{number}" for number in range(60)]
    edges = tuple(
        graphs.Edge(one, other, "a", "a", True)
        for one in arns
        for other in arns
        if one != other and one > other
    )
    many = graphs.Picture(dict.fromkeys(arns, ""), edges)
    root = ElementTree.fromstring(graphs.svg(many))
    boxes = [(box.get("x"), box.get("y")) for box in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert len(boxes) == len(set(boxes)) > 50
    assert len(list(root.iter("{http://www.w3.org/2000/svg}title"))) == 1500 + len(boxes)
    assert "270 more ways" in graphs.html(many)
    assert graphs.graphml(many).count("<edge ") == len(edges) == 1770


def test_rings_are_drawn() -> None:
    one, other = "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"
    ring = (graphs.Edge(one, other, "a", "a", True), graphs.Edge(other, one, "a", "a", True))
    made = graphs.svg(graphs.Picture({one: "", other: ""}, ring))
    assert made.count("<rect") == 2


def test_a_live_account_is_asked_what_holds_roles() -> None:
    with (
        Endpoint(Options(port=0, ephemeral=True, root_key=ROOT)) as endpoint,
        Client(Credentials(*ROOT), url=endpoint.url, region="eu-west-1") as root,
    ):
        root.call("iam", "CreateUser", {"UserName": "alice"})
        policy = json.dumps(document(allow(action=["lambda:UpdateFunctionCode", "ssm:StartSession"])))
        root.call(
            "iam", "PutUserPolicy", {"UserName": "alice", "PolicyName": "main", "PolicyDocument": policy}
        )
        root.call(
            "iam", "CreateRole", {"RoleName": "R", "AssumeRolePolicyDocument": json.dumps(trust(LAMBDA))}
        )
        rights = json.dumps(document(allow(action="s3:*")))
        root.call("iam", "PutRolePolicy", {"RoleName": "R", "PolicyName": "main", "PolicyDocument": rights})
        environment = {
            "AWS_ENDPOINT_URL": endpoint.url,
            "AWS_ACCESS_KEY_ID": ROOT[0],
            "AWS_SECRET_ACCESS_KEY": ROOT[1],
            "AWS_REGION": "eu-west-1",
        }
        before = run("escalations", "--format", "json", **environment)
        function = {
            "FunctionName": "jobs",
            "Runtime": "python3.12",
            "Handler": "a.b",
            "Role": arn("role", "R"),
        }
        root.call("lambda", "CreateFunction", {**function, "Code": {"ZipFile": b"PK\5\6" + bytes(18)}})
        after = run("escalations", "--format", "json", **environment)
    assert (before.status, before.json) == (0, [])
    (row,) = after.json
    assert row["gains"]["actions"] == ["s3:*"]
    assert row["steps"][0]["through"] == "arn:aws:lambda:eu-west-1:111122223333:function:jobs"
    assert row["certain"] is True
    assert "not known which" not in after.err
