"""Terraform plans as ``terraform show -json`` writes them: modules, repeated resources, replaced ones."""

from __future__ import annotations

import json
from typing import Any

from tests.analysis.details import ACCOUNT, allow, arn, document, estate, page, role, trust, user

from passrole.analysis.plan.judging import judged, policies_to_add
from passrole.analysis.plan.passes import Deployment, Where
from passrole.analysis.plan.terraform import read_plan

WHERE = Where("aws", ACCOUNT)
OTHER = "444455556666"
Json = dict[str, Any]


def resource(
    address: str,
    after: Json | None = None,
    unknown: Json | None = None,
    *,
    before: Json | None = None,
    actions: tuple[str, ...] = ("create",),
) -> Json:
    """A row of resource_changes; the address tells the rest."""
    local = address
    module = ""
    while local.startswith("module."):
        step, local = _step(local)
        module = f"{module}.{step}" if module else step
    mode = "managed"
    if local.startswith("data."):
        mode, local = "data", local.removeprefix("data.")
    made: Json = {
        "address": address,
        "mode": mode,
        "type": local.partition(".")[0],
        "name": local.partition(".")[2].partition("[")[0],
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after if after is not None else {},
            "after_unknown": unknown or {},
        },
    }
    if module:
        made["module_address"] = module
    if local.endswith("]"):
        made["index"] = json.loads(local[local.rindex("[") + 1 : -1])
    return made


def _step(address: str) -> tuple[str, str]:
    """``module.a["x"]`` and what follows it."""
    at = len("module.")
    while at < len(address) and address[at] not in ".[":
        at += 1
    if address[at : at + 1] == "[":
        at = address.index("]", at) + 1
    return address[:at], address[at + 1 :]


def configured(address: str, expressions: Json, **more: Any) -> Json:
    return {"address": address, "expressions": expressions, **more}


def refers(*references: str) -> Json:
    return {"references": list(references)}


def read(changes: list[Json], root: Json | None = None, **more: Any) -> list[Deployment]:
    configuration = {"root_module": root or {}, "provider_config": more.pop("providers", {})}
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.5",
        "resource_changes": changes,
        "configuration": configuration,
        **more,
    }
    return read_plan(json.dumps(plan), WHERE)


def passes(made: list[Deployment]) -> dict[str, set[str]]:
    """The roles that each resource passes, by the end of their ARNs."""
    found: dict[str, set[str]] = {}
    for one in made:
        for planned in one.passes:
            found.setdefault(planned.resource, set()).add(planned.role.partition(":role/")[2])
    return found


LAMBDA = "aws_lambda_function"
ROLE_UNKNOWN: Json = {"role": True, "arn": True}


def test_only_what_is_made_or_gets_another_role_passes() -> None:
    kept = {"role": arn("role", "Same"), "memory_size": 128}
    changed = {"role": arn("role", "New"), "memory_size": 256}
    changes = [
        resource(f"{LAMBDA}.kept", kept, before=kept, actions=("no-op",)),
        resource(
            f"{LAMBDA}.grown", changed | {"role": arn("role", "Same")}, before=kept, actions=("update",)
        ),
        resource(f"{LAMBDA}.moved", kept, before=kept, actions=("no-op",)) | {"previous_address": "x.y"},
        resource(f"{LAMBDA}.changed", changed, before=kept, actions=("update",)),
        resource(f"{LAMBDA}.replaced", kept, before=kept, actions=("delete", "create")),
        resource(f"{LAMBDA}.replaced_first", kept, before=kept, actions=("create", "delete")),
        resource(f"{LAMBDA}.gone", {}, before=kept, actions=("delete",)),
        resource(f"{LAMBDA}.forgotten", {}, before=kept, actions=("forget",)),
        resource("data.aws_lambda_function.read", kept, actions=("read",)),
    ]
    assert passes(read(changes)) == {
        f"{LAMBDA}.changed": {"New"},
        f"{LAMBDA}.replaced": {"Same"},
        f"{LAMBDA}.replaced_first": {"Same"},
    }


def test_each_instance_of_a_module_has_its_own_role() -> None:
    changes = []
    for key in ("a", "b"):
        module = f'module.app["{key}"].module.fn'
        changes += [
            resource(f"{module}.aws_iam_role.r", {"name": f"fn-{key}", "path": "/"}),
            resource(f"{module}.{LAMBDA}.f", {}, ROLE_UNKNOWN),
        ]
    inner = {
        "resources": [
            configured("aws_iam_role.r", {"name": refers("var.name")}),
            configured(f"{LAMBDA}.f", {"role": refers("aws_iam_role.r.arn", "aws_iam_role.r")}),
        ]
    }
    root = {
        "module_calls": {
            "app": {
                "expressions": {},
                "module": {"module_calls": {"fn": {"expressions": {}, "module": inner}}},
            }
        }
    }
    assert passes(read(changes, root)) == {
        f'module.app["a"].module.fn.{LAMBDA}.f': {"fn-a"},
        f'module.app["b"].module.fn.{LAMBDA}.f': {"fn-b"},
    }


def test_a_role_goes_into_a_module_and_comes_out_of_another() -> None:
    changes = [
        resource("module.iam.aws_iam_role.r", {"name": "worker", "path": "/svc/"}),
        resource(f"module.fn.{LAMBDA}.f", {}, ROLE_UNKNOWN),
    ]
    root = {
        "module_calls": {
            "iam": {
                "expressions": {},
                "module": {
                    "outputs": {"role_arn": {"expression": refers("aws_iam_role.r.arn", "aws_iam_role.r")}},
                    "resources": [configured("aws_iam_role.r", {})],
                },
            },
            "fn": {
                "expressions": {"role": refers("module.iam.role_arn", "module.iam")},
                "module": {"resources": [configured(f"{LAMBDA}.f", {"role": refers("var.role")})]},
            },
        }
    }
    assert passes(read(changes, root)) == {f"module.fn.{LAMBDA}.f": {"svc/worker"}}


def test_for_each_and_count_choose_among_instances() -> None:
    changes = [
        *(resource(f'aws_iam_role.by["{key}"]', {"name": f"by-{key}", "path": "/"}) for key in "ab"),
        *(resource(f"aws_iam_role.n[{n}]", {"name": f"n-{n}", "path": "/"}) for n in (0, 1)),
        *(resource(f'{LAMBDA}.each["{key}"]', {}, ROLE_UNKNOWN) for key in "ab"),
        *(resource(f"{LAMBDA}.counted[{n}]", {}, ROLE_UNKNOWN) for n in (0, 1)),
        resource(f"{LAMBDA}.one", {}, ROLE_UNKNOWN),
        resource(f"{LAMBDA}.any", {}, ROLE_UNKNOWN),
    ]
    root = {
        "resources": [
            configured(
                f"{LAMBDA}.each",
                {"role": refers("each.value.arn", "each.value")},
                for_each_expression=refers("aws_iam_role.by"),
            ),
            configured(
                f"{LAMBDA}.counted",
                {"role": refers("aws_iam_role.n", "count.index")},
                count_expression={"constant_value": 2},
            ),
            configured(
                f"{LAMBDA}.one",
                {"role": refers('aws_iam_role.by["b"].arn', 'aws_iam_role.by["b"]', "aws_iam_role.by")},
            ),
            configured(f"{LAMBDA}.any", {"role": refers("aws_iam_role.by", "var.which")}),
        ]
    }
    assert passes(read(changes, root)) == {
        f'{LAMBDA}.each["a"]': {"by-a"},
        f'{LAMBDA}.each["b"]': {"by-b"},
        f"{LAMBDA}.counted[0]": {"n-0"},
        f"{LAMBDA}.counted[1]": {"n-1"},
        f"{LAMBDA}.one": {"by-b"},
        f"{LAMBDA}.any": {"by-a", "by-b"},
    }


def test_what_a_role_will_be_called() -> None:
    changes = [
        resource("aws_iam_role.plain", {"path": "/"}, {"name": True}),
        resource("aws_iam_role.random", {"path": "/"}, {"name": True}),
        resource("aws_iam_role.prefixed", {"name_prefix": "app-", "path": "/x/"}, {"name": True}),
        resource("data.aws_iam_role.there", {"name": "there"}, {"arn": True}, actions=("read",)),
        *(
            resource(f"{LAMBDA}.{name}", {}, ROLE_UNKNOWN)
            for name in ("plain", "random", "prefixed", "there")
        ),
    ]
    root = {
        "resources": [
            configured("aws_iam_role.plain", {"assume_role_policy": {}}),
            configured("aws_iam_role.random", {"name": refers("random_id.r.hex", "random_id.r")}),
            configured("aws_iam_role.prefixed", {"name_prefix": {"constant_value": "app-"}}),
            *(
                configured(
                    f"{LAMBDA}.{name}", {"role": refers(f"aws_iam_role.{name}.arn", f"aws_iam_role.{name}")}
                )
                for name in ("plain", "random", "prefixed")
            ),
            configured(
                f"{LAMBDA}.there", {"role": refers("data.aws_iam_role.there.arn", "data.aws_iam_role.there")}
            ),
        ]
    }
    assert passes(read(changes, root)) == {
        f"{LAMBDA}.plain": {"terraform-*"},
        f"{LAMBDA}.random": {"*"},
        f"{LAMBDA}.prefixed": {"x/app-*"},
        f"{LAMBDA}.there": {"there"},
    }


def test_launch_templates_pass_their_role_where_they_are_launched_from() -> None:
    changes = [
        resource("aws_iam_role.web", {"name": "web", "path": "/"}),
        resource("aws_iam_instance_profile.web", {"name": "web", "role": "web"}),
        resource(
            "aws_launch_template.web",
            {"iam_instance_profile": [{}]},
            {"iam_instance_profile": [{"arn": True}], "id": True},
        ),
        resource("aws_autoscaling_group.web", {"launch_template": [{}]}, {"launch_template": [{"id": True}]}),
        resource("aws_autoscaling_group.old", {"launch_template": [{"id": "lt-1", "version": "1"}]}),
    ]
    profile = refers("aws_iam_instance_profile.web.arn", "aws_iam_instance_profile.web")
    root = {
        "resources": [
            configured("aws_iam_instance_profile.web", {"role": refers("aws_iam_role.web.name")}),
            configured("aws_launch_template.web", {"iam_instance_profile": [{"arn": profile}]}),
            configured(
                "aws_autoscaling_group.web",
                {
                    "launch_template": [
                        {"id": refers("aws_launch_template.web.id", "aws_launch_template.web")}
                    ]
                },
            ),
        ]
    }
    made = read(changes, root)
    assert passes(made) == {
        "aws_iam_instance_profile.web": {"web"},
        "aws_launch_template.web": {"web"},
        "aws_autoscaling_group.web": {"web"},
    }
    assert made[0].notes == [
        "aws_autoscaling_group.old: its launch template lt-1 is not in the plan, and not read"
    ]


def test_roles_in_json_texts_and_settings() -> None:
    container = {"image": "i", "jobRoleArn": arn("role", "Job"), "executionRoleArn": arn("role", "Exec")}
    setting = [
        {"namespace": "aws:autoscaling:launchconfiguration", "name": "IamInstanceProfile", "value": "web"},
        {"namespace": "aws:elasticbeanstalk:environment", "name": "ServiceRole", "value": arn("role", "Eb")},
        {"namespace": "aws:elasticbeanstalk:environment", "name": "EnvironmentType", "value": "LoadBalanced"},
    ]
    changes = [
        resource("aws_iam_instance_profile.web", {"name": "web", "role": "web"}, actions=("no-op",)),
        resource("aws_batch_job_definition.known", {"container_properties": json.dumps(container)}),
        resource("aws_batch_job_definition.waits", {}, {"container_properties": True}),
        resource("aws_batch_job_definition.none", {}, {"container_properties": True}),
        resource("aws_elastic_beanstalk_environment.e", {"setting": setting}),
        resource("aws_sns_topic.t", {"lambda_failure_feedback_role_arn": arn("role", "Feedback")}),
        resource(
            "aws_iot_topic_rule.r",
            {
                "s3": [{"role_arn": arn("role", "S3")}],
                "error_action": [{"sqs": [{"role_arn": arn("role", "Q")}]}],
            },
        ),
        resource("aws_rds_cluster.c", {"iam_roles": [arn("role", "Import")]}),
        resource("awscc_ecs_task_definition.t", {"task_role_arn": arn("role", "Task"), "family": "f"}),
        resource("awscc_events_rule.r", {"targets": [{"id": "1", "role_arn": arn("role", "Target")}]}),
    ]
    root = {
        "resources": [
            configured(
                "aws_batch_job_definition.waits",
                {"container_properties": refers("aws_iam_role.job.arn", "aws_iam_role.job", "var.image")},
            ),
            configured("aws_batch_job_definition.none", {"container_properties": refers("var.image")}),
        ]
    }
    changes.append(resource("aws_iam_role.job", {"name": "job", "path": "/"}))
    assert passes(read(changes, root)) == {
        "aws_batch_job_definition.known": {"Job", "Exec"},
        "aws_batch_job_definition.waits": {"job"},
        "aws_elastic_beanstalk_environment.e": {"web", "Eb"},
        "aws_sns_topic.t": {"Feedback"},
        "aws_iot_topic_rule.r": {"S3", "Q"},
        "aws_rds_cluster.c": {"Import"},
        "awscc_ecs_task_definition.t": {"Task"},
        "awscc_events_rule.r": {"Target"},
    }


def test_a_provider_that_assumes_a_role_passes_with_that_one() -> None:
    deployer = f"arn:aws:iam::{OTHER}:role/Deployer"
    changes = [
        resource(f"{LAMBDA}.here", {"role": arn("role", "Here")}),
        resource("aws_iam_role.there", {"name": "there", "path": "/"}),
        resource(f"module.m.{LAMBDA}.there", {}, ROLE_UNKNOWN),
        resource(f"{LAMBDA}.told", {"role": arn("role", "Told")}),
    ]
    providers = {
        "aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}},
        "aws.other": {
            "name": "aws",
            "alias": "other",
            "expressions": {"assume_role": [{"role_arn": refers("var.deployer")}]},
        },
        "aws.own": {
            "name": "aws",
            "alias": "own",
            "expressions": {"assume_role": [{"role_arn": {"constant_value": arn("role", "Admin")}}]},
        },
    }
    root = {
        "resources": [
            configured(f"{LAMBDA}.here", {"role": {"constant_value": "x"}}, provider_config_key="aws"),
            configured("aws_iam_role.there", {"name": {}}, provider_config_key="aws.other"),
            configured(f"{LAMBDA}.told", {"role": {}}, provider_config_key="aws.own"),
        ],
        "module_calls": {
            "m": {
                "expressions": {"role": refers("aws_iam_role.there.arn", "aws_iam_role.there")},
                "module": {
                    "resources": [
                        configured(
                            f"{LAMBDA}.there", {"role": refers("var.role")}, provider_config_key="aws.other"
                        )
                    ]
                },
            }
        },
    }
    made = read(changes, root, providers=providers, variables={"deployer": {"value": deployer}})
    assert {(one.assumed, planned.role) for one in made for planned in one.passes} == {
        ("", arn("role", "Here")),
        (deployer, f"arn:aws:iam::{OTHER}:role/there"),
        (arn("role", "Admin"), arn("role", "Told")),
    }
    alice = user("alice", document(allow(arn("role", "Here"))))
    admin = role("Admin", trust("ec2.amazonaws.com"), document(allow("*")))
    answers = judged(made, estate(page(users=[alice], roles=[admin])), arn("user", "alice"))
    told = {(one.resource, one.principal, one.allowed, one.known) for one in answers}
    assert told == {
        (f"{LAMBDA}.here", arn("user", "alice"), True, True),
        (f"module.m.{LAMBDA}.there", deployer, False, False),
        (f"{LAMBDA}.told", arn("role", "Admin"), True, True),
    }
    assert policies_to_add(answers) == {}


def test_a_stack_passes_what_its_template_does() -> None:
    body = json.dumps(
        {
            "Parameters": {"Role": {"Type": "String"}},
            "Resources": {
                "Job": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Ref": "Role"}}},
                "Made": {"Type": "AWS::IAM::Role", "Properties": {}},
                "Own": {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": "Made.Arn"}}},
            },
        }
    )
    stack = {"name": "app", "template_body": body, "parameters": {"Role": arn("role", "Job")}}
    deploy = arn("role", "Deploy")
    changes = [
        resource("aws_cloudformation_stack.mine", stack),
        resource("aws_cloudformation_stack.theirs", {**stack, "iam_role_arn": deploy}),
        resource("aws_cloudformation_stack.as_it_was", stack, before=stack, actions=("update",)),
        resource("aws_cloudformation_stack.far", {"template_url": "https://example.com/t"}),
        resource("aws_cloudformation_stack.later", stack, {"iam_role_arn": True}),
        resource("aws_cloudformation_stack.broken", {"template_body": "{}"}),
    ]
    first, second = read(changes)
    assert passes([first]) == {
        "aws_cloudformation_stack.mine/Job": {"Job"},
        "aws_cloudformation_stack.mine/Own": {"app-Made-*"},
        "aws_cloudformation_stack.theirs": {"Deploy"},
        "aws_cloudformation_stack.later": {"*"},
    }
    assert second.assumed == deploy
    assert set(passes([second])) == {
        "aws_cloudformation_stack.theirs/Job",
        "aws_cloudformation_stack.theirs/Own",
    }
    assert [one.partition(": ")[0].rpartition(".")[2] for one in first.notes] == ["far", "later", "broken"]


def test_some_updates_send_the_role_again() -> None:
    role_arn = arn("role", "x")
    machine = {"role_arn": role_arn, "definition": "{}", "tags": {}}
    rule = {"role": role_arn, "rule": [1]}
    changes = [
        resource(
            "aws_sfn_state_machine.a", {**machine, "definition": "{1}"}, before=machine, actions=("update",)
        ),
        resource(
            "aws_sfn_state_machine.b", {**machine, "tags": {"a": "b"}}, before=machine, actions=("update",)
        ),
        resource(
            "aws_s3_bucket_replication_configuration.a",
            {**rule, "rule": [2]},
            before=rule,
            actions=("update",),
        ),
        resource(
            f"{LAMBDA}.a", {"role": role_arn, "x": 2}, before={"role": role_arn, "x": 1}, actions=("update",)
        ),
    ]
    assert set(passes(read(changes))) == {
        "aws_sfn_state_machine.a",
        "aws_s3_bucket_replication_configuration.a",
    }
