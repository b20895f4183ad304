"""passrole plan as a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.analysis.details import allow, arn, document, page, role, trust, user
from tests.faces.test_questions import run

LAMBDA = "lambda.amazonaws.com"
TEMPLATE = """Resources:
  Worker: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Function: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Worker.Arn}}
"""


@pytest.fixture
def details(tmp_path: Path) -> str:
    to_lambda = {"StringEquals": {"iam:PassedToService": LAMBDA}}
    users = [user("alice"), user("bob", document(allow(arn("role", "app-*"), to_lambda)))]
    roles = [role("Deploy", trust("cloudformation.amazonaws.com"), document(allow()))]
    path = tmp_path / "details.json"
    path.write_text(json.dumps(page(users=users, roles=roles)))
    return str(path)


@pytest.fixture
def template(tmp_path: Path) -> str:
    path = tmp_path / "t.yaml"
    path.write_text(TEMPLATE)
    return str(path)


def test_a_missing_pass_is_status_1(details: str, template: str) -> None:
    asked = ("plan", template, "--details", details, "--stack-name", "app")
    no = run(*asked, "--principal", arn("user", "alice"), "--format", "json")
    assert no.status == 1
    (row,) = no.json
    assert set(row) == {"resource", "operation", "role", "service", "allowed", "remedy"}
    assert (row["resource"], row["operation"], row["service"]) == (
        "Function",
        "lambda:CreateFunction",
        LAMBDA,
    )
    assert (row["role"], row["allowed"]) == (arn("role", "app-Worker-*"), False)
    assert arn("role", "app-Worker-*") in row["remedy"]
    yes = run(*asked, "--principal", arn("user", "bob"), "--format", "json")
    assert (yes.status, yes.json[0]["allowed"], yes.json[0]["remedy"]) == (0, True, "")


def test_the_policy_to_add_is_enough(details: str, template: str, tmp_path: Path) -> None:
    asked = ("plan", template, "--stack-name", "app", "--principal", arn("user", "alice"))
    shown = run(*asked, "--details", details)
    assert "To add to the policies of" in shown.out
    policies = run(*asked, "--details", details, "--policy").json
    path = tmp_path / "with.json"
    path.write_text(json.dumps(page(users=[user("alice", policies[arn("user", "alice")])])))
    assert run(*asked, "--details", str(path)).status == 0


def test_a_stack_role_makes_the_calls(details: str, template: str) -> None:
    asked = ("plan", template, "--details", details, "--principal", arn("user", "bob"), "--format", "csv")
    done = run(*asked, "--role-arn", arn("role", "Deploy"))
    assert done.status == 1  # bob may not pass the stack's role
    assert f"cloudformation:CreateStack,{arn('role', 'Deploy')},cloudformation.amazonaws.com,no" in done.out
    assert f"lambda:CreateFunction,{arn('role', '*-Worker-*')},{LAMBDA},yes" in done.out


def test_what_cannot_be_answered_is_status_2(details: str, template: str, tmp_path: Path) -> None:
    asked = ("plan", template, "--details", details)
    assert run(*asked, "--principal", arn("user", "nobody")).status == 2
    assert (
        run("plan", str(tmp_path / "no"), "--details", details, "--principal", arn("user", "bob")).status == 2
    )
    done = run(*asked, "--principal", arn("user", "bob"), "--parameter", "x")
    assert (done.status, done.out) == (2, "")
    assert "KEY=VALUE" in done.err


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("plan.out", b"PK\x03\x04\xad", "terraform show -json PLAN"),
        ("main.tf", b"locals {}", "terraform show -json PLAN"),
        ("log.json", b'{"@level":"info","type":"version"}\n{"@level":"info"}\n', "terraform show -json PLAN"),
        ("state.json", b'{"terraform_version":"1.9.5","values":{}}', "it is a state"),
        ("picture.png", b"\x89PNG", "it is not UTF-8"),
    ],
)
def test_what_is_no_plan_is_told(details: str, tmp_path: Path, name: str, content: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = run("plan", str(path), "--details", details, "--principal", arn("user", "bob"))
    assert (done.status, done.out) == (2, "")
    assert why in done.err


def test_what_a_plan_leaves_out_is_told(details: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    deferred = [{"reason": "unknown", "resource_change": {"address": "aws_lambda_function.f"}}]
    plan = {"terraform_version": "1.9.5", "errored": True, "planned_values": {}, "deferred_changes": deferred}
    path.write_text(json.dumps(plan))
    done = run("plan", str(path), "--details", details, "--principal", arn("user", "bob"), "--format", "json")
    assert (done.status, done.json) == (0, [])
    for said in ("the plan failed", "aws_lambda_function.f: it is put off", "it passes no role"):
        assert said in done.err


def test_the_page_shows_what_is_printed(tmp_path: Path) -> None:
    page_text = (Path(__file__).parents[2] / "docs/plan.md").read_text(encoding="utf-8")
    command, *printed = page_text.partition("```console\n")[2].partition("```")[0].splitlines()
    path = tmp_path / "details.json"
    path.write_text(json.dumps(page(users=[user("dev", document(allow(action="lambda:*")))])))
    template = tmp_path / "stack.yaml"
    template.write_text(
        "Resources:\n  Role: {Type: AWS::IAM::Role, Properties: {}}\n"
        "  Fn: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn}}\n"
    )
    places = {"stack.yaml": str(template), "details.json": str(path)}
    words = [places.get(word, word) for word in command.removeprefix("$ passrole ").split()]
    assert run(*words).out.splitlines() == printed
