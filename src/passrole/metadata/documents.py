"""What an instance's metadata service has to tell: a tree of directories and small documents.

Source: EC2 User Guide, "Instance metadata categories", "Dynamic data categories", "Instance identity
documents"; IAM User Guide, "Troubleshoot IAM and Amazon EC2" (the documents below iam/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from passrole.services.instances import Instance
from passrole.state.directory import Directory
from passrole.state.entities import ASSOCIATED_WITH, Association, InstanceProfile, Role, Session

# Versions that software asks for by date; each has the same tree here. cloud-init tries 2021-03-23 first.
# Source: cloud-init documentation, "Amazon EC2"; EC2 User Guide, "Access instance metadata".
VERSIONS: Final = (
    *("1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01"),
    *("2008-09-01", "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05"),
    *("2015-10-20", "2016-04-19", "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24"),
    *("2019-10-01", "2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-09-24"),
    "latest",
)

_TROUBLESHOOTING: Final = (
    "Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"
    "#troubleshoot_iam-ec2_errors-info-doc."
)


@dataclass(frozen=True, slots=True)
class RoleCredentials:
    """A document that is made when it is read: the credentials of the role, taken then."""

    role: Role


Node: TypeAlias = "str | bytes | RoleCredentials | Mapping[str, Node]"


def pretty(members: Mapping[str, object]) -> str:
    """JSON as the metadata service prints it: ``"Code" : "Success"`` on a line of its own."""
    return json.dumps(members, indent=2, separators=(",", " : "))


def timestamp(moment: datetime) -> str:
    """``2026-01-02T03:04:05Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def listing(directory: Mapping[str, Node], *, slashes: bool = True) -> str:
    """The names in a directory, one a line, directories with a trailing slash."""
    return "\n".join(_entry(name, node, slashes) for name, node in directory.items())


def _entry(name: str, node: Node, slashes: bool) -> str:
    if not isinstance(node, Mapping):
        return name
    if name.isdigit():
        # public-keys/ alone numbers its entries, and names each key beside its number: "0=my-key".
        return f"{name}={str(node['openssh-key']).rsplit(' ', 1)[-1]}"
    return f"{name}/" if slashes else name


def tree(instance: Instance, iam: Mapping[str, Node]) -> Mapping[str, Node]:
    """What stands below a version. iam is the tree below ``meta-data/iam``, empty without a profile."""
    found: dict[str, Node] = {
        "dynamic": {"instance-identity": {"document": identity_document(instance)}},
        "meta-data": meta_data(instance, iam),
    }
    if instance.user_data:
        found["user-data"] = instance.user_data
    return found


def meta_data(instance: Instance, iam: Mapping[str, Node]) -> Mapping[str, Node]:
    """The categories of ``meta-data/`` that the instance has."""
    found: dict[str, Node] = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.launch_index),
        "ami-manifest-path": "(unknown)",
        "events": {"maintenance": {"history": "[]", "scheduled": "[]"}},
        "hostname": instance.private_dns,
        "iam": iam,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "spot" if instance.spot else "on-demand",
        "instance-type": instance.type,
        "kernel-id": instance.kernel_id,
        "local-hostname": instance.private_dns,
        "local-ipv4": instance.private_ip,
        "mac": instance.mac,
        "network": {"interfaces": {"macs": {instance.mac: _interface(instance)}}} if instance.mac else {},
        "placement": {"availability-zone": instance.zone, "region": instance.region},
        "profile": "default-hvm",
        "public-hostname": instance.public_dns,
        "public-ipv4": instance.public_ip,
        "public-keys": {"0": {"openssh-key": _public_key(instance)}} if instance.public_key else {},
        "ramdisk-id": instance.ramdisk_id,
        "reservation-id": instance.reservation_id,
        "security-groups": "\n".join(name for _, name in instance.security_groups),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "tags": {"instance": instance.tags} if instance.options.tags else {},
    }
    return {name: node for name, node in found.items() if node}


def _public_key(instance: Instance) -> str:
    """The key in OpenSSH's format, with the key pair's name for its comment."""
    return " ".join((*instance.public_key.split()[:2], instance.key_name))


def _interface(instance: Instance) -> Mapping[str, Node]:
    found: dict[str, Node] = {
        "device-number": "0",
        "interface-id": instance.interface_id,
        "local-hostname": instance.private_dns,
        "local-ipv4s": instance.private_ip,
        "mac": instance.mac,
        "owner-id": instance.account,
        "public-hostname": instance.public_dns,
        "public-ipv4s": instance.public_ip,
        "security-group-ids": "\n".join(id for id, _ in instance.security_groups),
        "security-groups": "\n".join(name for _, name in instance.security_groups),
        "subnet-id": instance.subnet_id,
        "vpc-id": instance.vpc_id,
    }
    return {name: node for name, node in found.items() if node}


def identity_document(instance: Instance) -> str:
    """The instance identity document. Its signatures, which only AWS's own keys can make, are not here."""
    return pretty(
        {
            "accountId": instance.account,
            "architecture": instance.architecture,
            "availabilityZone": instance.zone,
            "billingProducts": None,
            "devpayProductCodes": None,
            "marketplaceProductCodes": None,
            "imageId": instance.image_id,
            "instanceId": instance.id,
            "instanceType": instance.type,
            "kernelId": instance.kernel_id or None,
            "pendingTime": timestamp(instance.launched),
            "privateIp": instance.private_ip,
            "ramdiskId": instance.ramdisk_id or None,
            "region": instance.region,
            "version": "2017-09-30",
        }
    )


def iam(instance: Instance, directory: Directory) -> Mapping[str, Node]:
    """What stands below ``meta-data/iam``: the profile as it is now, and the role it holds now.

    An instance keeps the very profile it was given: a deleted one stays "not found" although another
    of the same name follows.
    """
    association = next(
        (
            one
            for one in directory.referring(ASSOCIATED_WITH, instance.arn)
            if isinstance(one, Association) and one.profile_id
        ),
        None,
    )
    if association is None:
        return {}
    updated = timestamp(association.created)
    profile = directory.by_id(InstanceProfile, association.profile_id)
    if profile is None:
        text = f"Instance Profile {association.profile_id} cannot be found. {_TROUBLESHOOTING}"
        return {"info": pretty({"Code": "InstanceProfileNotFound", "Message": text, "LastUpdated": updated})}
    info: dict[str, object] = {"Code": "Success"}
    role = directory.by_id(Role, profile.role_id) if profile.role_id else None
    if role is None:
        info["Message"] = f"Instance Profile does not contain a role. {_TROUBLESHOOTING}"
    info |= {
        "LastUpdated": updated,
        "InstanceProfileArn": profile.arn,
        "InstanceProfileId": profile.id,
    }
    if role is None:
        return {"info": pretty(info)}
    return {"info": pretty(info), "security-credentials": {role.name: RoleCredentials(role)}}


def credentials_document(session: Session) -> str:
    """``iam/security-credentials/ROLE`` where EC2 could assume the role."""
    return pretty(
        {
            "Code": "Success",
            "LastUpdated": timestamp(session.issued),
            "Type": "AWS-HMAC",
            "AccessKeyId": session.id,
            "SecretAccessKey": session.secret,
            "Token": session.token,
            "Expiration": timestamp(session.expires),
        }
    )


def unauthorized_document(role: Role, now: datetime) -> str:
    """``iam/security-credentials/ROLE`` where the role's trust policy does not let EC2 assume it."""
    return pretty(
        {
            "Code": "AssumeRoleUnauthorizedAccess",
            "Message": f"EC2 cannot assume the role {role.name}. {_TROUBLESHOOTING}",
            "LastUpdated": timestamp(now),
        }
    )
