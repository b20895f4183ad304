"""moto's instances as the rest of the package knows them."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BinasciiError
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from passrole.services.instances import Instance, MetadataOptions


def instance_of(account: str, region: str, kept: Any, found: Any) -> Instance:
    """An instance for its metadata. kept is a ProfiledBackend, found its instance."""
    interface = found.nics.get(0)
    key = kept.key_pairs.get(found.key_name or "")
    options = found.metadata_options
    return Instance(
        id=found.id,
        account=account,
        region=region,
        state=found.state,
        image_id=found.image_id or "",
        type=found.instance_type,
        zone=found.availability_zone or "",
        launched=found.launch_time.replace(tzinfo=UTC),
        private_ip=_text(interface, "private_ip_address"),
        private_dns=found.private_dns_name if interface is not None else "",
        public_ip=_text(interface, "public_ip"),
        public_dns=found.public_dns_name or "" if interface is not None else "",
        vpc_id=found.vpc_id or "",
        subnet_id=found.subnet_id or "",
        mac=_text(interface, "mac_address"),
        interface_id=_text(interface, "id"),
        security_groups=tuple((group.id, group.name) for group in found.dynamic_group_list),
        architecture=found.architecture or "x86_64",
        kernel_id=_named(found.kernel_id),
        ramdisk_id=_named(found.ramdisk),
        reservation_id=kept.reservation_of.get(found.id, ""),
        launch_index=found.ami_launch_index,
        key_name=found.key_name or "",
        public_key=key.public_key if key is not None else "",
        spot=found.lifecycle == "spot",
        user_data=_decoded(found.user_data),
        tags={tag["key"]: tag["value"] for tag in found.get_tags()},
        options=MetadataOptions(
            endpoint=options.http_endpoint == "enabled",
            tokens_required=options.http_tokens == "required",
            tags=options.instance_metadata_tags == "enabled",
        ),
    )


def instance_facts(found: Any) -> Mapping[str, object]:
    """An instance in the members of DescribeInstances that conditions ask for."""
    return {
        "InstanceId": found.id,
        "InstanceType": found.instance_type,
        "ImageId": found.image_id or "",
        "State": {"Name": found.state},
        "VpcId": found.vpc_id or "",
        "SubnetId": found.subnet_id or "",
        "Placement": {"AvailabilityZone": found.availability_zone or "", "Tenancy": found.placement.tenancy},
        "RootDeviceType": found.root_device_type,
        "EbsOptimized": bool(found.ebs_optimized),
        "KeyName": found.key_name or "",
        "IamInstanceProfile": dict(found.iam_instance_profile or {}),
        "MetadataOptions": {
            "HttpTokens": found.metadata_options.http_tokens,
            "HttpEndpoint": found.metadata_options.http_endpoint,
            "HttpPutResponseHopLimit": found.metadata_options.http_put_response_hop_limit,
        },
    }


def _text(interface: Any, name: str) -> str:
    return str(getattr(interface, name) or "") if interface is not None else ""


def _named(value: object) -> str:
    return value if isinstance(value, str) and value != "None" else ""


def _decoded(user_data: object) -> bytes:
    if user_data is None:
        return b""
    text = str(user_data)
    try:
        return b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        return text.encode()
