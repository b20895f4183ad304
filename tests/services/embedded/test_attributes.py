"""What a name in a call stands for, as the services behind know it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.services.embedded.cloud import ALPHA, BETA, Cloud, make_call

from passrole.authorize.identifiers import identified

HEAD = f"eu-west-1:{ALPHA}"


def known(cloud: Cloud, arn: str) -> Mapping[str, object] | None:
    """The attributes of what an ARN names, in eu-west-1."""
    return cloud.embedded.facts.attributes(ALPHA, "eu-west-1", arn)


def asked(cloud: Cloud, service: str, operation: str, given: Mapping[str, object]) -> Mapping[str, object]:
    """The input that a call is authorized by."""
    return identified(make_call(service, operation, given), cloud.embedded.facts).input


def test_a_launch_template_by_its_name(cloud: Cloud) -> None:
    made = cloud.client("ec2").create_launch_template(
        LaunchTemplateName="workers", LaunchTemplateData={"InstanceType": "t3.micro"}
    )
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    prefix = f"arn:aws:ec2:{HEAD}:launch-template/"
    told = {"LaunchTemplateId": template, "LaunchTemplateName": "workers"}
    assert known(cloud, f"{prefix}workers") == known(cloud, f"{prefix}{template}") == told
    assert known(cloud, f"{prefix}others") is None

    named = {"LaunchTemplateName": "workers", "Version": "1"}
    given: Mapping[str, object] = {"LaunchTemplate": named, "MinCount": 1}
    launched = asked(cloud, "ec2", "RunInstances", given)
    assert launched["LaunchTemplate"] == {**named, "LaunchTemplateId": template}
    assert (launched["InstanceType"], launched["MinCount"]) == ("t3.micro", 1)
    larger = asked(cloud, "ec2", "RunInstances", {**given, "InstanceType": "m5.large"})
    assert larger["InstanceType"] == "m5.large"
    fleet = {"LaunchTemplateConfigs": [{"LaunchTemplateSpecification": {"LaunchTemplateName": "workers"}}]}
    assert asked(cloud, "ec2", "CreateFleet", fleet) == {
        "LaunchTemplateConfigs": [
            {"LaunchTemplateSpecification": {"LaunchTemplateName": "workers", "LaunchTemplateId": template}}
        ]
    }
    for operation, id in (("DeleteLaunchTemplate", template), ("CreateLaunchTemplate", None)):
        one = asked(cloud, "ec2", operation, {"LaunchTemplateName": "workers"})
        assert one.get("LaunchTemplateId") == id
    stranger = {"LaunchTemplateName": "others"}
    assert asked(cloud, "ec2", "DeleteLaunchTemplate", stranger) == stranger


def test_a_key_by_its_alias(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key)
    whole = f"arn:aws:kms:{HEAD}:key/{key}"
    assert known(cloud, f"arn:aws:kms:{HEAD}:alias/app") == {"TargetKeyId": key}
    assert known(cloud, f"arn:aws:kms:{HEAD}:alias/other") is None
    for name in ("alias/app", f"arn:aws:kms:{HEAD}:alias/app"):
        assert asked(cloud, "kms", "Encrypt", {"KeyId": name})["KeyId"] == whole
    assert asked(cloud, "kms", "Encrypt", {"KeyId": "alias/other"}) == {"KeyId": "alias/other"}
    assert asked(cloud, "kms", "Encrypt", {"KeyId": key}) == {"KeyId": key}
    both = asked(cloud, "kms", "ReEncrypt", {"SourceKeyId": "alias/app", "DestinationKeyId": "alias/app"})
    assert both == {"SourceKeyId": whole, "DestinationKeyId": whole}


def test_a_secret_by_its_name(cloud: Cloud) -> None:
    arn = cloud.client("secretsmanager").create_secret(Name="db/main", SecretString="x")["ARN"]
    for name in ("db/main", f"arn:aws:secretsmanager:{HEAD}:secret:db/main", arn):
        assert asked(cloud, "secretsmanager", "GetSecretValue", {"SecretId": name}) == {"SecretId": arn}
    other = {"SecretId": "db/other"}
    assert asked(cloud, "secretsmanager", "GetSecretValue", other) == other
    assert known(cloud, f"arn:aws:secretsmanager:eu-west-1:{BETA}:secret:db/main") is None


def test_the_roles_of_a_task_definition(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    roles = {
        "taskRoleArn": f"arn:aws:iam::{ALPHA}:role/Task",
        "executionRoleArn": f"arn:aws:iam::{ALPHA}:role/Run",
    }
    container = {"name": "a", "image": "a", "memory": 64}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.register_task_definition(family="web", containerDefinitions=[container], **roles)
    prefix = f"arn:aws:ecs:{HEAD}:task-definition/"
    second = {**roles, "taskDefinitionArn": f"{prefix}web:2"}
    assert known(cloud, f"{prefix}web") == known(cloud, f"{prefix}web:2") == second
    assert known(cloud, f"{prefix}web:1") == {"taskDefinitionArn": f"{prefix}web:1"}
    for stranger in ("web:3", "web:x", "other"):
        assert known(cloud, prefix + stranger) is None


def test_the_directory_role_of_a_database(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    for name, more in (("one", {"Domain": "d-1", "DomainIAMRoleName": "Directory"}), ("two", {})):
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            AllocatedStorage=20,
            **more,
        )
    one, two = (known(cloud, f"arn:aws:rds:{HEAD}:db:{name}") for name in ("one", "two"))
    assert one is not None
    assert one["DomainIAMRoleName"] == "Directory"
    assert two is not None
    assert "DomainIAMRoleName" not in two
    assert known(cloud, f"arn:aws:rds:{HEAD}:db:three") is None


def test_what_conditions_ask_of_storage_images_and_databases(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    head = f"arn:aws:ec2:eu-west-1:{ALPHA}"

    def told(arn: str) -> dict[str, object]:
        return dict(cloud.embedded.facts.attributes(ALPHA, "eu-west-1", arn) or {})

    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=7, VolumeType="gp3")["VolumeId"]
    of_volume = told(f"{head}:volume/{volume}")
    assert (of_volume["Size"], of_volume["VolumeType"], of_volume["Encrypted"]) == (7, "gp3", False)
    assert of_volume["AvailabilityZone"] == "eu-west-1a"
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    of_snapshot = told(f"{head}:snapshot/{snapshot}")
    assert (of_snapshot["VolumeId"], of_snapshot["VolumeSize"]) == (volume, 7)
    assert of_snapshot["OwnerId"] == ALPHA
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    of_image = told(f"arn:aws:ec2:eu-west-1::image/{image}")
    assert (of_image["ImageId"], of_image["Public"]) == (image, True)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated")["Vpc"]["VpcId"]
    assert told(f"{head}:vpc/{vpc}")["InstanceTenancy"] == "dedicated"
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="eu-west-1b")["Subnet"]
    assert told(f"{head}:subnet/{subnet['SubnetId']}") == {"VpcId": vpc, "AvailabilityZone": "eu-west-1b"}
    ec2.create_key_pair(KeyName="k", KeyType="ed25519")
    assert told(f"{head}:key-pair/k") == {"KeyName": "k", "KeyType": "ed25519"}
    cloud.client("rds").create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MultiAZ=True,
    )
    of_database = told(f"arn:aws:rds:eu-west-1:{ALPHA}:db:db")
    assert of_database["DBInstanceClass"] == "db.t3.micro"
    assert (of_database["Engine"], of_database["MultiAZ"]) == ("postgres", True)
    assert (of_database["AllocatedStorage"], of_database["StorageEncrypted"]) == (20, False)
    for absent in ("volume/vol-1", "snapshot/snap-1", "vpc/vpc-1", "key-pair/none"):
        assert told(f"{head}:{absent}") == {}
