"""EC2's volumes that a call makes: by itself, or for the devices of an instance.

What a request leaves to a snapshot, to an image or to the account's defaults is unknown. Source: Service
Authorization Reference, "Condition keys for Amazon EC2"; EC2 API Reference, CreateVolume.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.authorize.request_keys.source import Computed, Rules
from passrole.catalog import paths
from passrole.state.directory import Directory

# Member of a volume's request -> its key.
_MEMBERS: Final[Mapping[str, str]] = {
    "Encrypted": "ec2:encrypted",
    "Iops": "ec2:volumeiops",
    "SnapshotId": "ec2:parentsnapshot",
    "Throughput": "ec2:volumethroughput",
    "VolumeInitializationRate": "ec2:volumeinitializationrate",
    "VolumeSize": "ec2:volumesize",
    "VolumeType": "ec2:volumetype",
}
OF_A_DEVICE: Final = frozenset(_MEMBERS.values())
# Of an empty volume these are there only where they are asked for; types have figures of their own otherwise.
_PLAIN: Final = frozenset(("ec2:parentsnapshot", "ec2:volumeinitializationrate"))


def _text(call: Call, key: str, value: object) -> str:
    if key == "ec2:parentsnapshot":
        return f"arn:aws:ec2:{call.region}::snapshot/{value}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_volume(member: str, key: str) -> Computed:
    """CreateVolume's own parameter."""

    def find(call: Call, directory: Directory) -> str | None:
        if call.operation != "CreateVolume":
            return None
        value = call.input.get("Size" if member == "VolumeSize" else member)
        if value not in (None, ""):
            return _text(call, key, value)
        if key == "ec2:volumetype":
            return "gp2"
        return "" if key in _PLAIN else None

    return find


def _kms_key(call: Call, directory: Directory) -> str | None:
    given = call.input.get("KmsKeyId") if call.operation == "CreateVolume" else None
    return given if isinstance(given, str) and given.startswith("arn:") else None


RULES: Final[Rules] = {
    **{key: _of_volume(member, key) for member, key in _MEMBERS.items()},
    "ec2:kmskeyid": _kms_key,
}


def devices(call: Call, root: str) -> Iterator[Mapping[str, Values]]:
    """What the request says of each volume of a launch, by its keys; a key that is not there is unknown.

    root is the device of the image's root volume, "" where that is unknown. The last ones are what the image
    brings along: nothing is said of them.
    """
    seen = set()
    for _, mapping in paths.values("BlockDeviceMappings[]", call.input):
        device = mapping if isinstance(mapping, Mapping) else {}
        seen.add(device.get("DeviceName"))
        ebs = device.get("Ebs")
        if isinstance(ebs, Mapping):
            yield {
                key: _text(call, key, ebs[member])
                for member, key in _MEMBERS.items()
                if ebs.get(member) not in (None, "")
            }
    if not root or root not in seen:
        yield {}
