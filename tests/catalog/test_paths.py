"""Input paths: what they reach in a parsed input."""

from __future__ import annotations

import pytest

from passrole.catalog import paths

INPUT = {
    "Role": "arn:aws:iam::111122223333:role/A",
    "Empty": None,
    "Targets": [{"Id": "a"}, {"RoleArn": "r1"}, {"RoleArn": "r2"}],
    "Matrix": [["x", "y"], []],
    "Roles": {"authenticated": "yes", "unauthenticated": "no"},
    "Attributes": {"SqsFailureFeedbackRoleArn": "f", "DisplayName": "d", "SqsSuccessFeedbackRoleArn": "s"},
    "Options": [
        {"Name": "IAM_ROLE_ARN", "Value": "r3"},
        {"Name": "OTHER", "Value": "v"},
        {"Value": "nameless"},
        "text",
    ],
    "Text": '{"RoleArn": "r4", "Deep": {"List": [{"Role": "r5"}]}}',
    "Bytes": b'{"RoleArn": "r6"}',
    "NotJson": "{",
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("Role", [("Role", INPUT["Role"])]),
        ("Empty", []),
        ("Nowhere", []),
        ("Role.Deeper", []),
        ("Role[]", []),
        ("Targets[].RoleArn", [("Targets[1].RoleArn", "r1"), ("Targets[2].RoleArn", "r2")]),
        ("Matrix[][]", [("Matrix[0][0]", "x"), ("Matrix[0][1]", "y")]),
        ("Roles{}", [("Roles{authenticated}", "yes"), ("Roles{unauthenticated}", "no")]),
        ("Roles{authenticated}", [("Roles{authenticated}", "yes")]),
        ("Roles{nobody}", []),
        ("Roles{@}", [("Roles{@}", "authenticated"), ("Roles{@}", "unauthenticated")]),
        (
            "Attributes{~.*FeedbackRoleArn}",
            [
                ("Attributes{SqsFailureFeedbackRoleArn}", "f"),
                ("Attributes{SqsSuccessFeedbackRoleArn}", "s"),
            ],
        ),
        ("Options[Name=IAM_ROLE_ARN].Value", [("Options[0].Value", "r3")]),
        ("Options[Name~.*R.*].Value", [("Options[0].Value", "r3"), ("Options[1].Value", "v")]),
        ("Text#json.RoleArn", [("Text#json.RoleArn", "r4")]),
        ("Text#json.Deep.List[].Role", [("Text#json.Deep.List[0].Role", "r5")]),
        ("Bytes#json.RoleArn", [("Bytes#json.RoleArn", "r6")]),
        ("NotJson#json.RoleArn", []),
        ("Targets#json.RoleArn", []),
    ],
)
def test_reaches(path: str, found: list[tuple[str, object]]) -> None:
    assert list(paths.values(path, INPUT)) == found


@pytest.mark.parametrize("path", ["", ".", "A..B", "A[Name]", "A[", "A{", "#yaml", "A|B"])
def test_a_text_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(paths.BadPath):
        paths.parse(path)
