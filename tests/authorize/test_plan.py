"""What a call asks the policies: actions, resources, whose they are, and the condition keys of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest
from tests.passing.court import ACCOUNT, OTHER, REGION, Court, Told

from passrole.authorize.call import NoFacts, ResourceFacts
from passrole.authorize.plan import Check, Plan, plan

HERE: Final = f"{REGION}:{ACCOUNT}"
EC2: Final = f"arn:aws:ec2:{HERE}"


@pytest.fixture
def court() -> Court:
    return Court()


def planned(
    court: Court, name: str, given: Mapping[str, object], facts: ResourceFacts | None = None
) -> tuple[Check, ...]:
    """The checks of Ada's call."""
    return plan(court.call(name, given), court.directory, facts or NoFacts()).checks


def asked(court: Court, name: str, given: Mapping[str, object]) -> list[tuple[str, str | None]]:
    """(action, resource) of each check."""
    return [(check.action, check.resource) for check in planned(court, name, given)]


ASKED: Final[tuple[tuple[str, Mapping[str, object], list[tuple[str, str | None]]], ...]] = (
    ("s3:ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
    ("s3:ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3:HeadObject", {"Bucket": "b", "Key": "k/1"}, [("s3:GetObject", "arn:aws:s3:::b/k/1")]),
    (
        "s3:CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "/src/x%20y"},
        [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::src/x y")],
    ),
    (
        "lambda:Invoke",
        {"FunctionName": "f"},
        [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f")],
    ),
    (
        "lambda:CreateFunction",
        {"FunctionName": "f", "Tags": {"a": "b"}},
        [
            ("lambda:CreateFunction", f"arn:aws:lambda:{HERE}:function:f"),
            ("lambda:TagResource", f"arn:aws:lambda:{HERE}:function:f"),
        ],
    ),
    (
        "stepfunctions:DeleteStateMachine",
        {"stateMachineArn": f"arn:aws:states:{HERE}:stateMachine:m"},
        [("states:DeleteStateMachine", f"arn:aws:states:{HERE}:stateMachine:m")],
    ),
    (
        "dynamodb:TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "t"}}, {"Delete": {"TableName": "u"}}]},
        [
            ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/t"),
            ("dynamodb:DeleteItem", f"arn:aws:dynamodb:{HERE}:table/u"),
        ],
    ),
    (
        "ec2:TerminateInstances",
        {"InstanceIds": ["i-1", "i-2"]},
        [
            ("ec2:TerminateInstances", f"{EC2}:instance/i-1"),
            ("ec2:TerminateInstances", f"{EC2}:instance/i-2"),
        ],
    ),
    # A key's alias does not tell its key: unknown is not "*".
    ("kms:Encrypt", {"KeyId": "alias/a"}, [("kms:Encrypt", None)]),
)


@pytest.mark.parametrize(
    ("name", "given", "expected"), ASKED, ids=lambda case: case if isinstance(case, str) else ""
)
def test_actions_and_resources(
    name: str, given: Mapping[str, object], expected: list[tuple[str, str | None]], court: Court
) -> None:
    assert asked(court, name, given) == expected


def test_what_needs_no_permission_asks_nothing(court: Court) -> None:
    assert asked(court, "sts:GetCallerIdentity", {}) == []


def test_passing_is_not_the_plans_affair(court: Court) -> None:
    given = {"FunctionName": "f", "Role": f"arn:aws:iam::{ACCOUNT}:role/R"}
    assert all(action != "iam:PassRole" for action, _ in asked(court, "lambda:CreateFunction", given))


def test_an_operation_that_is_not_in_the_catalog_stays_unknown(court: Court) -> None:
    """Only Resource "*" allows it, and no condition on what nobody knows holds."""
    call = replace(court.call("stepfunctions:DeleteStateMachine", {}), operation="NewOne")
    (check,) = plan(call, court.directory, NoFacts()).checks
    assert (check.action, check.resource) == ("states:NewOne", None)
    assert {"states:*", "aws:resourcetag/", "aws:requesttag/", "aws:tagkeys"} <= check.unknown


def test_running_instances_asks_for_each_resource(court: Court) -> None:
    given = {
        "ImageId": "ami-1",
        "SubnetId": "subnet-1",
        "SecurityGroupIds": ["sg-1", "sg-2"],
        "KeyName": "k",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    }
    found = asked(court, "ec2:RunInstances", given)
    assert {resource for action, resource in found if action == "ec2:RunInstances"} == {
        f"arn:aws:ec2:{REGION}::image/ami-1",
        f"{EC2}:instance/*",
        f"{EC2}:key-pair/k",
        f"{EC2}:network-interface/*",
        f"{EC2}:security-group/sg-1",
        f"{EC2}:security-group/sg-2",
        f"{EC2}:subnet/subnet-1",
        f"{EC2}:volume/*",
    }
    assert ("ec2:CreateTags", f"{EC2}:instance/*") in found


# Launch templates


class WithTemplate(Told):
    """Facts of one launch template, by whichever name."""

    def __init__(self, **data: object) -> None:
        arn = f"{EC2}:launch-template"
        told = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "small"}
        super().__init__({f"{arn}/lt-1": told, f"{arn}/small": told}, data)


@pytest.mark.parametrize("named", [{"LaunchTemplateId": "lt-1"}, {"LaunchTemplateName": "small"}])
def test_a_launch_is_judged_with_all_that_its_template_says(named: Mapping[str, str], court: Court) -> None:
    template = WithTemplate(
        ImageId="ami-t",
        InstanceType="m5.24xlarge",
        SubnetId="subnet-t",
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a"}]}],
    )
    given = {"LaunchTemplate": named, "SubnetId": "subnet-r"}
    checks = planned(court, "ec2:RunInstances", given, template)
    by_resource = {check.resource: check for check in checks if check.action == "ec2:RunInstances"}
    assert f"{EC2}:launch-template/lt-1" in by_resource
    assert f"arn:aws:ec2:{REGION}::image/ami-t" in by_resource
    assert f"{EC2}:subnet/subnet-r" in by_resource
    assert f"{EC2}:subnet/subnet-t" not in by_resource
    instance = by_resource[f"{EC2}:instance/*"].context
    assert instance["ec2:instancetype"] == "m5.24xlarge"
    assert instance["ec2:launchtemplate"] == f"{EC2}:launch-template/lt-1"
    assert instance["aws:requesttag/team"] == "a"
    assert any(check.action == "ec2:CreateTags" for check in checks)


def test_which_resources_are_the_template_s(court: Court) -> None:
    template = WithTemplate(ImageId="ami-t", InstanceType="m5.large", SubnetId="subnet-t")
    key = "ec2:islaunchtemplateresource"

    def told(**more: object) -> dict[str, object]:
        given = {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}, **more}
        checks = planned(court, "ec2:RunInstances", given, template)
        return {
            str(check.resource).rpartition(":")[2]: "" if key in check.unknown else check.context[key]
            for check in checks
            if key in check.context or key in check.unknown
        }

    whole = told(MinCount=1, MaxCount=1)
    assert {"image/ami-t", "subnet/subnet-t", "instance/*", "launch-template/lt-1"} <= whole.keys()
    assert set(whole.values()) == {"true"}
    other = told(SubnetId="subnet-1")
    assert other["subnet/subnet-1"] == "false"
    assert other["image/ami-t"] == "true"
    assert other["instance/*"] == ""  # whether it still is, nobody knows
    (plain,) = {
        check.context[key] for check in planned(court, "ec2:RunInstances", {}) if key in check.context
    }
    assert plain == "false"


def test_an_unknown_template_leaves_what_it_says_unknown(court: Court) -> None:
    given = {"LaunchTemplate": {"LaunchTemplateId": "lt-9"}}
    found = [resource for _, resource in asked(court, "ec2:RunInstances", given)]
    assert f"{EC2}:launch-template/lt-9" in found
    assert f"arn:aws:ec2:{REGION}::image/*" in found


# Condition keys


TAGGED: Final[tuple[tuple[str, Mapping[str, object]], ...]] = (
    ("sqs:TagQueue", {"Tags": {"a": "1", "b": ""}}),
    ("iam:TagRole", {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}),
    ("ecs:TagResource", {"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]}),
    ("kms:TagResource", {"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b"}]}),
    (
        "ec2:RunInstances",
        {"TagSpecifications": [{"Tags": [{"Key": "a", "Value": "1"}]}, {"Tags": [{"Key": "b"}]}]},
    ),
    ("cloudhsmv2:TagResource", {"TagList": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}),
    ("glue:TagResource", {"TagsToAdd": {"a": "1", "b": ""}}),
    ("backup:CreateBackupVault", {"BackupVaultTags": {"a": "1", "b": ""}}),
    ("cloudfront:TagResource", {"Tags": {"Items": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}}),
    ("iot:CreateTopicRule", {"tags": "a=1&b="}),
    ("s3:CreateBucket", {"CreateBucketConfiguration": {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b"}]}}),
)


@pytest.mark.parametrize(("name", "given"), TAGGED, ids=[name for name, _ in TAGGED])
def test_tags_of_the_request_in_every_form(name: str, given: Mapping[str, object], court: Court) -> None:
    check = planned(court, name, given)[0]
    tags = {key: check.context[key] for key in check.context if key.startswith("aws:requesttag/")}
    assert tags == {"aws:requesttag/a": "1", "aws:requesttag/b": ""}
    assert check.context["aws:tagkeys"] == ("a", "b")
    assert not {"aws:requesttag/", "aws:tagkeys"} & check.unknown


ENCRYPTED: Final[tuple[tuple[str, Mapping[str, object], Mapping[str, object]], ...]] = (
    (
        "kms:Encrypt",
        {"KeyId": "k", "EncryptionContext": {"Dept": "HR"}},
        {"kms:encryptioncontext:dept": "HR", "kms:encryptioncontextkeys": ("Dept",)},
    ),
    ("kms:Decrypt", {"KeyId": "k"}, {}),
    (
        "kms:ReEncrypt",
        {"DestinationKeyId": "k", "SourceEncryptionContext": {"a": "1"}},
        {"kms:encryptioncontext:a": "1", "kms:encryptioncontextkeys": ("a",)},
    ),
    (
        "kms:CreateGrant",
        {"KeyId": "k", "Constraints": {"EncryptionContextSubset": {"a": "1"}}},
        {"kms:encryptioncontext:a": "1", "kms:encryptioncontextkeys": ("a",)},
    ),
)


@pytest.mark.parametrize(("name", "given", "expected"), ENCRYPTED, ids=[name for name, *_ in ENCRYPTED])
def test_an_encryption_context(
    name: str, given: Mapping[str, object], expected: Mapping[str, object], court: Court
) -> None:
    check = planned(court, name, given)[0]
    assert {
        key: value for key, value in check.context.items() if key.startswith("kms:encryptioncontext")
    } == expected
    assert "kms:encryptioncontextkeys" not in check.unknown


REMOVED: Final = (
    ("iam:UntagRole", "TagKeys"),
    ("sqs:UntagQueue", "TagKeys"),
    ("lambda:UntagResource", "TagKeys"),
    ("ecs:UntagResource", "tagKeys"),
    ("backup:UntagResource", "TagKeyList"),
    ("glue:UntagResource", "TagsToRemove"),
    ("logs:UntagLogGroup", "tags"),
)


@pytest.mark.parametrize(("name", "member"), REMOVED)
def test_keys_of_tags_that_are_taken_off(name: str, member: str, court: Court) -> None:
    (check,) = planned(court, name, {member: ["Team", "Env"]})
    assert check.context["aws:tagkeys"] == ("Team", "Env")


def test_tags_of_an_object_have_keys_of_their_own(court: Court) -> None:
    put = {"Bucket": "b", "Key": "k", "Tagging": "Team=A&Env="}
    tagging = {"Bucket": "b", "Key": "k", "Tagging": {"TagSet": [{"Key": "Team", "Value": "A"}]}}
    for name, given in (("s3:PutObject", put), ("s3:PutObjectTagging", tagging)):
        check = planned(court, name, given)[0]
        assert check.context["s3:requestobjecttag/team"] == "A"
        assert "aws:tagkeys" not in check.context
        assert not {"s3:requestobjecttag/", "s3:requestobjecttagkeys"} & check.unknown
    assert planned(court, "s3:PutObject", put)[0].context["s3:requestobjecttagkeys"] == ("Team", "Env")


def test_tags_that_are_not_read_are_unknown(court: Court) -> None:
    (check,) = planned(court, "bedrock:CreateEvaluationJob", {"jobName": "j"})[:1]
    assert not {"aws:requesttag/", "aws:tagkeys"} & check.unknown
    tags = [{"key": "a", "value": "b"}]
    check = planned(court, "bedrock:CreateModelCopyJob", {"targetModelTags": tags})[0]
    assert {"aws:requesttag/", "aws:tagkeys"} <= check.unknown


def test_they_are_keys_of_every_check(court: Court) -> None:
    for check in planned(court, "lambda:CreateFunction", {"FunctionName": "f", "Tags": {"Team": "A"}}):
        assert check.context["aws:requesttag/team"] == "A"
        assert check.context["aws:tagkeys"] == ("Team",)
    (untagged,) = planned(court, "lambda:CreateFunction", {"FunctionName": "f"})
    assert not {key for key in untagged.context if key.startswith(("aws:requesttag", "aws:tagkeys"))}


class Tagged(NoFacts):
    """Everything has one tag; buckets are the other account's."""

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """See ResourceFacts."""
        return {"Team": "A"}

    def owner(self, arn: str) -> str | None:
        """See ResourceFacts."""
        return OTHER if arn.startswith("arn:aws:s3:::") else None


def test_tags_of_the_resource(court: Court) -> None:
    for name, given in (
        ("ec2:TerminateInstances", {"InstanceIds": ["i-1"]}),
        ("ec2:RunInstances", {"SubnetId": "subnet-1"}),
    ):
        named = [one for one in planned(court, name, given, Tagged()) if str(one.resource).endswith("-1")]
        assert [one.context["aws:resourcetag/team"] for one in named] == ["A"]
        assert [one.context["ec2:resourcetag/team"] for one in named] == ["A"]
        assert [one.unknown & {"aws:resourcetag/", "ec2:resourcetag/"} for one in named] == [frozenset()]
        unknown = [one for one in planned(court, name, given) if str(one.resource).endswith("-1")]
        assert [one.unknown & {"aws:resourcetag/", "ec2:resourcetag/"} for one in unknown] == [
            {"aws:resourcetag/", "ec2:resourcetag/"}
        ]
    # What is yet to be made has none: absent, not unknown.
    new = next(one for one in planned(court, "ec2:RunInstances", {}) if one.resource == f"{EC2}:instance/*")
    assert not {key for key in (*new.context, *new.unknown) if "resourcetag" in key}


def test_whose_the_resource_is(court: Court) -> None:
    (bucket,) = planned(court, "s3:GetObject", {"Bucket": "b", "Key": "k"}, Tagged())
    assert bucket.resource_account == bucket.context["aws:resourceaccount"] == OTHER
    assert bucket.context["s3:resourceaccount"] == OTHER
    shared = f"arn:aws:lambda:{REGION}:{OTHER}:function:f"
    (function,) = planned(court, "lambda:Invoke", {"FunctionName": shared})
    assert (function.resource, function.resource_account) == (shared, OTHER)
    court.organization()
    (ours,) = planned(court, "lambda:Invoke", {"FunctionName": "f"})
    assert ours.context["aws:resourceorgid"] == "o-example1234"
    assert ours.context["aws:resourceorgpaths"] == ("o-example1234/r-root/",)


def keys(plan: Plan, resource: str) -> Check:
    return next(check for check in plan.checks if check.resource == resource)


def test_keys_of_what_is_launched_come_from_the_request(court: Court) -> None:
    court.profile("Web", None, path="/app/")
    given = {
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "IamInstanceProfile": {"Name": "Web"},
        "Placement": {"Tenancy": "dedicated"},
        "MetadataOptions": {"HttpTokens": "required"},
    }
    (check,) = [
        one for one in planned(court, "ec2:RunInstances", given) if one.resource == f"{EC2}:instance/*"
    ]
    for key, value in (
        ("ec2:instancetype", "t3.micro"),
        ("ec2:instanceprofile", f"arn:aws:iam::{ACCOUNT}:instance-profile/app/Web"),
        ("ec2:tenancy", "dedicated"),
        ("ec2:metadatahttptokens", "required"),
        ("ec2:region", REGION),
    ):
        assert check.context[key] == value
    assert "ec2:instanceid" not in {*check.context, *check.unknown}  # it has none yet
    assert "ec2:availabilityzone" in check.unknown
    plain = [one for one in planned(court, "ec2:RunInstances", {}) if one.resource == f"{EC2}:instance/*"]
    assert plain[0].context["ec2:instancetype"] == "m1.small"  # EC2's own default


def test_keys_of_what_is_there_come_from_the_resource(court: Court) -> None:
    arn = f"{EC2}:instance/i-1"
    facts = Told(
        {
            arn: {
                "InstanceType": "t3.micro",
                "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
                "EbsOptimized": False,
                "IamInstanceProfile": {},
            }
        }
    )
    (check,) = planned(court, "ec2:TerminateInstances", {"InstanceIds": ["i-1"]}, facts)
    assert check.context["ec2:instanceid"] == "i-1"
    assert check.context["ec2:instancetype"] == "t3.micro"
    assert check.context["ec2:availabilityzone"] == "eu-west-1a"
    assert check.context["ec2:ebsoptimized"] == "false"
    assert "ec2:instanceprofile" not in {*check.context, *check.unknown}
    (unknown,) = planned(court, "ec2:TerminateInstances", {"InstanceIds": ["i-1"]})
    assert {"ec2:instancetype", "ec2:tenancy", "ec2:instanceprofile"} <= unknown.unknown
    assert "ec2:instancetype" not in unknown.context  # never the default of a launch
    assert unknown.context["ec2:instanceid"] == "i-1"


def test_the_profile_that_it_has_and_the_one_that_it_gets(court: Court) -> None:
    arn = f"{EC2}:instance/i-1"
    had = f"arn:aws:iam::{ACCOUNT}:instance-profile/Old"
    facts = Told({arn: {"IamInstanceProfile": {"Arn": had}}})
    given = {"InstanceId": "i-1", "IamInstanceProfile": {"Name": "New"}}
    (check,) = planned(court, "ec2:AssociateIamInstanceProfile", given, facts)
    assert check.context["ec2:instanceprofile"] == had
    assert check.context["ec2:newinstanceprofile"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/New"


def test_the_vpc_of_a_subnet_and_a_group(court: Court) -> None:
    facts = Told(
        {f"{EC2}:subnet/subnet-1": {"VpcId": "vpc-1"}, f"{EC2}:security-group/sg-1": {"VpcId": "vpc-1"}}
    )
    call = court.call("ec2:RunInstances", {"SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1", "sg-2"]})
    made = plan(call, court.directory, facts)
    for resource in ("subnet/subnet-1", "security-group/sg-1"):
        assert keys(made, f"{EC2}:{resource}").context["ec2:vpc"] == f"{EC2}:vpc/vpc-1"
    assert "ec2:vpc" in keys(made, f"{EC2}:security-group/sg-2").unknown


def test_what_tags_on_the_way(court: Court) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    on_the_way = planned(court, "ec2:RunInstances", {"TagSpecifications": tags})
    assert {one.context["ec2:createaction"] for one in on_the_way if one.action == "ec2:CreateTags"} == {
        "RunInstances"
    }
    (alone,) = planned(court, "ec2:CreateTags", {"Resources": ["i-1"], "Tags": [{"Key": "a", "Value": "b"}]})
    assert "ec2:createaction" not in {*alone.context, *alone.unknown}


def test_a_functions_arn(court: Court) -> None:
    arn = f"arn:aws:lambda:{HERE}:function:f"
    for name in ("f", f"{ACCOUNT}:function:f", arn):
        given = {"FunctionName": name, "EventSourceArn": f"arn:aws:sqs:{HERE}:q"}
        (check, *_) = planned(court, "lambda:CreateEventSourceMapping", given)
        assert check.context["lambda:functionarn"] == arn


@pytest.mark.parametrize(
    ("name", "given", "key"),
    [
        ("lambda:DeleteEventSourceMapping", {"UUID": "u"}, "lambda:functionarn"),
        ("lambda:DeleteFunctionUrlConfig", {"FunctionName": "f"}, "lambda:functionurlauthtype"),
        (
            "lambda:CreateFunction",
            {"FunctionName": "f", "VpcConfig": {"SubnetIds": ["subnet-1"]}},
            "lambda:vpcids",
        ),
    ],
)
def test_what_a_call_on_a_function_does_not_say_is_unknown(
    name: str, given: Mapping[str, object], key: str, court: Court
) -> None:
    assert key in planned(court, name, given)[0].unknown
    plain = planned(court, "lambda:CreateFunction", {"FunctionName": "f"})[0]
    assert "lambda:vpcids" not in {*plain.unknown, *plain.context}


def test_ids_behind_names(court: Court) -> None:
    secret = f"arn:aws:secretsmanager:{HERE}:secret:db-AbCdEf"
    facts = Told(
        {
            f"arn:aws:kms:{HERE}:alias/a": {"TargetKeyId": "1234"},
            f"arn:aws:secretsmanager:{HERE}:secret:db": {"ARN": secret},
        }
    )
    (key,) = planned(court, "kms:Encrypt", {"KeyId": "alias/a"}, facts)
    assert key.resource == f"arn:aws:kms:{HERE}:key/1234"
    deleted = planned(court, "kms:DeleteAlias", {"AliasName": "alias/a"}, facts)
    assert [one.resource for one in deleted] == [f"arn:aws:kms:{HERE}:alias/a", key.resource]
    nobodys = planned(court, "kms:DeleteAlias", {"AliasName": "alias/b"}, facts)
    assert [one.resource for one in nobodys] == [f"arn:aws:kms:{HERE}:alias/b", None]
    (value,) = planned(court, "secretsmanager:GetSecretValue", {"SecretId": "db"}, facts)
    assert value.resource == secret
    (guess,) = planned(court, "secretsmanager:GetSecretValue", {"SecretId": "db"})
    assert guess.resource == f"arn:aws:secretsmanager:{HERE}:secret:db-??????"
