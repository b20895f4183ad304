"""What describe calls would tell of moto's resources, for authorization: by ARN, or by a name in its place.

Every answer is one look-up in a table, in the members of the service's own describe call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from passrole.services.embedded.instances import instance_facts
from passrole.services.embedded.tables import backend
from passrole.values.arn import Arn

Find = Callable[[str, str, Arn], Mapping[str, object] | None]  # (account, region, ARN) -> what is known


def attributes(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """None where there is no such resource, or nothing is known of its kind."""
    kind = "" if arn.service == "sqs" else arn.kind  # a queue's ARN has none
    find = _BY_KIND.get((arn.service, kind))
    return find(account, region, arn) if find is not None else None


def _instance(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("ec2", account, region)
    found = kept.by_id.get(arn.name) if kept is not None else None
    return instance_facts(found) if found is not None else None


def _in_vpc(table: str) -> Find:
    """VpcId of what lies in one."""

    def find(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
        kept = backend("ec2", account, region)
        tables = getattr(kept, table) if kept is not None else {}
        # Subnets are kept by zone, security groups by VPC; interfaces in one table.
        nested = (inner for inner in list(tables.values()) if isinstance(inner, dict))
        found = tables.get(arn.name) or next((inner[arn.name] for inner in nested if arn.name in inner), None)
        if found is None:
            return None
        vpc = getattr(found, "vpc_id", None) or getattr(getattr(found, "subnet", None), "vpc_id", None)
        zone = getattr(found, "availability_zone", None)
        return {**({"VpcId": vpc} if vpc else {}), **({"AvailabilityZone": zone} if zone else {})}

    return find


def _volume(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("ec2", account, region)
    found = kept.volumes.get(arn.name) if kept is not None else None
    if found is None:
        return None
    return {
        "AvailabilityZone": found.zone.name if found.zone else "",
        "Encrypted": bool(found.encrypted),
        "Iops": found.iops or "",
        "Size": found.size,
        "SnapshotId": found.snapshot_id or "",
        "Throughput": found.throughput or "",
        "VolumeType": found.volume_type,
    }


def _snapshot(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("ec2", account, region)
    found = kept.snapshots.get(arn.name) if kept is not None else None
    if found is None:
        return None
    return {
        "Encrypted": bool(found.encrypted),
        "OwnerId": found.owner_id,
        "VolumeId": found.volume.id,
        "VolumeSize": found.volume.size,
    }


def _image(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("ec2", account, region)
    found = kept.amis.get(arn.name) if kept is not None else None
    if found is None:
        return None
    return {
        "ImageId": found.id,
        "ImageType": found.image_type,
        # An alias where Amazon or a seller owns it, as ec2:Owner has it.
        "OwnerId": getattr(found, "owner_alias", None) or found.owner_id,
        "Public": bool(found.is_public),
        "RootDeviceName": found.root_device_name or "",
        "RootDeviceType": found.root_device_type or "",
    }


def _vpc(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("ec2", account, region)
    found = kept.vpcs.get(arn.name) if kept is not None else None
    return {"VpcId": found.id, "InstanceTenancy": found.instance_tenancy} if found is not None else None


def _key_pair(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("ec2", account, region)
    found = kept.key_pairs.get(arn.name) if kept is not None else None
    return {"KeyName": found.key_name, "KeyType": found.key_type} if found is not None else None


def _template(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """A launch template by its id or its name."""
    kept = backend("ec2", account, region)
    if kept is None:
        return None
    found = kept.launch_templates.get(kept.launch_template_name_to_ids.get(arn.name, arn.name))
    return {"LaunchTemplateId": found.id, "LaunchTemplateName": found.name} if found is not None else None


def _function(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("awslambda", account, region)
    name = ":".join(arn.resource.split(":")[:2])
    whole = str(Arn(arn.partition, arn.service, region, account, name))
    found = kept.get_function_by_arn(whole) if kept is not None else None
    return dict(found.get_configuration()) if found is not None else None


def _queue(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("sqs", account, region)
    found = kept.queues.get(arn.resource) if kept is not None else None
    if found is None:
        return None
    return {"ReceiveMessageWaitTimeSeconds": int(found.receive_message_wait_time_seconds)}


def _task_definition(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """The ARN and the roles of ``family:revision``, or of the family's newest one."""
    kept = backend("ecs", account, region)
    family, _, revision = arn.name.partition(":")
    revisions = dict(kept.task_definitions.get(family, {})) if kept is not None else {}
    if revision and not (revision.isascii() and revision.isdigit()):
        return None
    number = int(revision) if revision else max(revisions, default=0)
    found = revisions.get(number)
    if found is None:
        return None
    roles = {"taskRoleArn": "task_role_arn", "executionRoleArn": "execution_role_arn"}
    known = {member: getattr(found, name) for member, name in roles.items() if getattr(found, name, None)}
    return {"taskDefinitionArn": found.arn, **known}


def _database(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """What conditions ask for; and the role of its directory. The monitoring role moto forgets."""
    kept = backend("rds", account, region)
    found = kept.databases.get(arn.resource.partition(":")[2]) if kept is not None else None
    if found is None:
        return None
    names = [one.iam_role_name for one in found.domain_memberships if one.iam_role_name]
    return {
        "AllocatedStorage": found.allocated_storage or "",
        "DBInstanceClass": found.db_instance_class or "",
        "DBName": found.db_name or "",
        "Engine": found.engine or "",
        "Iops": found.iops or "",
        "MultiAZ": bool(found.multi_az),
        "StorageEncrypted": bool(found.storage_encrypted),
        **({"DomainIAMRoleName": names[0]} if names else {}),
    }


def _alias(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """The key of a KMS alias."""
    kept = backend("kms", account, region)
    for key in list(kept.keys.values()) if kept is not None else ():
        # moto kept aliases beside the keys before it kept them in the keys.
        aliases = key.aliases if hasattr(key, "aliases") else kept.key_to_aliases.get(key.id, ())
        if arn.resource in aliases:
            return {"TargetKeyId": key.id}
    return None


def _secret(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """A secret by its whole ARN, or by one that ends in its name."""
    kept = backend("secretsmanager", account, region)
    name = arn.resource.partition(":")[2]
    for found in list(dict.values(kept.secrets)) if kept is not None else ():
        if found.name == name or found.arn == str(arn):
            secret = getattr(found, "source", found)  # of a replica
            replicated = secret is not found or bool(found.replicas)
            return {
                "ARN": found.arn,
                "Name": found.name,
                **({"PrimaryRegion": secret.region} if replicated else {}),
                **({"RotationLambdaARN": rotation} if (rotation := secret.rotation_lambda_arn) else {}),
            }
    return None


def _key(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """A KMS key, with the names of its aliases."""
    kept = backend("kms", account, region)
    found = kept.keys.get(arn.name) if kept is not None else None
    if found is None:
        return None
    aliases = found.aliases if hasattr(found, "aliases") else kept.key_to_aliases.get(found.id, ())
    multi = getattr(found, "multi_region_configuration", None)
    return {
        "Aliases": list(aliases),
        "KeySpec": found.key_spec,
        "KeyUsage": found.key_usage or "ENCRYPT_DECRYPT",  # as it was asked for, which may be by default
        "MultiRegion": bool(found.multi_region),
        "Origin": found.origin,
        **({"MultiRegionConfiguration": multi} if multi else {}),
    }


def _table(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    kept = backend("dynamodb", account, region)
    found = kept.tables.get(arn.resource.split("/")[1]) if kept is not None else None
    return {"KeySchema": found.schema} if found is not None else None


def _document(account: str, region: str, arn: Arn) -> Mapping[str, object] | None:
    """A document of Systems Manager, by its name."""
    kept = backend("ssm", account, region)
    found = kept._documents.get(arn.name) if kept is not None else None
    newest = found.get_latest_version() if found is not None else None
    return {"DocumentType": newest.document_type} if newest is not None else None


_BY_KIND: Final[Mapping[tuple[str, str], Find]] = {
    ("dynamodb", "table"): _table,
    ("ec2", "image"): _image,
    ("ec2", "instance"): _instance,
    ("ec2", "key-pair"): _key_pair,
    ("ec2", "launch-template"): _template,
    ("ec2", "network-interface"): _in_vpc("enis"),
    ("ec2", "security-group"): _in_vpc("groups"),
    ("ec2", "snapshot"): _snapshot,
    ("ec2", "subnet"): _in_vpc("subnets"),
    ("ec2", "volume"): _volume,
    ("ec2", "vpc"): _vpc,
    ("ecs", "task-definition"): _task_definition,
    ("kms", "alias"): _alias,
    ("kms", "key"): _key,
    ("lambda", "function"): _function,
    ("rds", "db"): _database,
    ("secretsmanager", "secret"): _secret,
    ("sqs", ""): _queue,
    ("ssm", "document"): _document,
}
