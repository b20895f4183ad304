"""What an EC2 instance's metadata must know of it, whoever runs the instance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

# States in which an instance runs software that could ask. Source: EC2 API Reference, InstanceState.
RUNS: Final = frozenset(("pending", "running", "stopping", "shutting-down"))


@dataclass(frozen=True, slots=True)
class MetadataOptions:
    """Source: EC2 API Reference, InstanceMetadataOptionsResponse."""

    endpoint: bool = True  # HttpEndpoint: "enabled"
    tokens_required: bool = False  # HttpTokens: "required" allows IMDSv2 only
    tags: bool = False  # InstanceMetadataTags: "enabled"


@dataclass(frozen=True, slots=True)
class Instance:
    """One EC2 instance, as DescribeInstances tells of it. "" where it has no such thing."""

    id: str
    account: str
    region: str
    state: str  # "running", "stopped" …
    image_id: str
    type: str  # "t3.micro"
    zone: str  # "eu-west-1a"
    launched: datetime
    private_ip: str = ""
    private_dns: str = ""
    public_ip: str = ""
    public_dns: str = ""
    vpc_id: str = ""
    subnet_id: str = ""
    mac: str = ""  # of the primary network interface
    interface_id: str = ""
    security_groups: tuple[tuple[str, str], ...] = ()  # (id, name)
    architecture: str = "x86_64"
    kernel_id: str = ""
    ramdisk_id: str = ""
    reservation_id: str = ""
    launch_index: int = 0
    key_name: str = ""
    public_key: str = ""  # in OpenSSH's format
    spot: bool = False
    user_data: bytes = b""  # decoded
    tags: Mapping[str, str] = field(default_factory=dict)
    options: MetadataOptions = MetadataOptions()

    @property
    def arn(self) -> str:
        """``arn:aws:ec2:REGION:ACCOUNT:instance/ID``."""
        return f"arn:aws:ec2:{self.region}:{self.account}:instance/{self.id}"


class Instances(Protocol):
    """Finds an instance by its id, in whatever account and region: instance ids are globally unique."""

    def instance(self, instance_id: str) -> Instance | None:
        """The instance as it is now, terminated ones included while EC2 still shows them."""
