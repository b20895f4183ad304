"""The passes of Terraform plans."""

from __future__ import annotations

import json

from tests.analysis.details import ACCOUNT, arn

from passrole.analysis.plan.passes import Where
from passrole.analysis.plan.terraform import read_plan

WHERE = Where("aws", ACCOUNT)
Json = dict[str, object]


def change(
    address: str,
    after: Json,
    unknown: Json | None = None,
    before: Json | None = None,
    actions: str = "create",
) -> Json:
    kind = address.rsplit(".", 2)[-2]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "change": {
            "actions": [actions],
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
        },
    }


def refers(address: str, attribute: str, *references: str) -> Json:
    return {"address": address, "expressions": {attribute: {"references": list(references)}}}


def passes(changes: list[Json], root: Json | None = None) -> set[tuple[str, str, str]]:
    text = json.dumps(
        {"format_version": "1.2", "resource_changes": changes, "configuration": {"root_module": root or {}}}
    )
    return {
        (one.resource, one.property.call, one.role.partition(":role/")[2])
        for made in read_plan(text, WHERE)
        for one in made.passes
    }


def test_known_and_unknown_roles() -> None:
    changes = [
        change("aws_iam_role.worker", {"name": "worker", "path": "/app/"}),
        change("aws_iam_role.other", {"name_prefix": "other-", "path": "/"}, {"name": True}),
        change("aws_lambda_function.known", {"role": arn("role", "Known")}),
        change("aws_lambda_function.made", {}, {"role": True}),
        change('aws_lambda_function.many["a"]', {}, {"role": True}),
        change("aws_lambda_function.lost", {}, {"role": True}),
    ]
    root: Json = {
        "resources": [
            refers("aws_lambda_function.made", "role", "aws_iam_role.worker.arn", "aws_iam_role.worker"),
            refers("aws_lambda_function.many", "role", "aws_iam_role.other.arn", "each.key"),
            refers("aws_lambda_function.lost", "role", "local.role"),
        ]
    }
    call = "lambda:CreateFunction"
    assert passes(changes, root) == {
        ("aws_lambda_function.known", call, "Known"),
        ("aws_lambda_function.made", call, "app/worker"),
        ('aws_lambda_function.many["a"]', call, "other-*"),
        ("aws_lambda_function.lost", call, "*"),
    }


def test_blocks_lists_and_maps() -> None:
    changes = [
        change(
            "aws_codepipeline.p",
            {"role_arn": arn("role", "P"), "stage": [{"action": [{"role_arn": arn("role", "A")}]}]},
        ),
        change("aws_redshift_cluster.r", {"iam_roles": [arn("role", "R1"), arn("role", "R2")]}),
        change(
            "aws_cognito_identity_pool_roles_attachment.c", {"roles": {"authenticated": arn("role", "C")}}
        ),
        change("aws_scheduler_schedule.s", {"target": [{"arn": "x"}]}, {"target": [{"role_arn": True}]}),
    ]
    found = {(resource.partition(".")[0], role) for resource, _, role in passes(changes)}
    assert found == {
        ("aws_codepipeline", "P"),
        ("aws_codepipeline", "A"),
        ("aws_redshift_cluster", "R1"),
        ("aws_redshift_cluster", "R2"),
        ("aws_cognito_identity_pool_roles_attachment", "C"),
        ("aws_scheduler_schedule", "*"),
    }


def test_instance_profiles_are_their_roles() -> None:
    changes = [
        change("aws_iam_role.web", {"name": "web", "path": "/app/"}),
        change("aws_iam_instance_profile.web", {"name": "profile", "role": "web"}),
        change("aws_instance.named", {"iam_instance_profile": "profile"}),
        change(
            "aws_launch_template.l", {"iam_instance_profile": [{}]}, {"iam_instance_profile": [{"arn": True}]}
        ),
    ]
    root: Json = {
        "resources": [
            {
                "address": "aws_launch_template.l",
                "expressions": {
                    "iam_instance_profile": [{"arn": {"references": ["aws_iam_instance_profile.web.arn"]}}]
                },
            }
        ]
    }
    assert passes(changes, root) == {
        ("aws_iam_instance_profile.web", "iam:AddRoleToInstanceProfile", "app/web"),
        ("aws_instance.named", "ec2:RunInstances", "app/web"),
        ("aws_launch_template.l", "ec2:CreateLaunchTemplate", "app/web"),
    }


def test_modules_variables_and_outputs() -> None:
    changes = [
        change("module.iam.aws_iam_role.worker", {"name": "worker", "path": "/"}),
        change("module.app.aws_lambda_function.f[0]", {}, {"role": True}),
    ]
    root: Json = {
        "module_calls": {
            "iam": {
                "module": {"outputs": {"arn": {"expression": {"references": ["aws_iam_role.worker.arn"]}}}}
            },
            "app": {
                "expressions": {"role_arn": {"references": ["module.iam.arn", "module.iam"]}},
                "module": {"resources": [refers("aws_lambda_function.f", "role", "var.role_arn")]},
            },
        }
    }
    assert passes(changes, root) == {
        ("module.app.aws_lambda_function.f[0]", "lambda:CreateFunction", "worker")
    }


def test_what_keeps_its_role_or_goes_passes_none() -> None:
    same: Json = {"role": arn("role", "x")}
    changes = [
        change("aws_lambda_function.kept", same, before=same, actions="update"),
        change("aws_lambda_function.other", {"role": arn("role", "y")}, before=same, actions="update"),
        change("aws_lambda_function.gone", {}, before=same, actions="delete"),
        change("aws_lambda_function.read", same, actions="no-op"),
    ]
    assert passes(changes) == {("aws_lambda_function.other", "lambda:CreateFunction", "y")}
