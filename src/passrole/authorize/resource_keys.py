"""Condition keys that an existing resource answers itself: its type, its zone, its VPC, its id.

Source: Service Authorization Reference, "Condition keys for Amazon EC2". What the services behind do not tell
of a resource is unknown, whatever the request says; a resource that is yet to be made is asked nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from passrole.authorize.call import Call, ResourceFacts
from passrole.authorize.context import Values
from passrole.authorize.keys import KEYS as OF_REQUEST
from passrole.authorize.resources import Named
from passrole.catalog import paths


@dataclass(frozen=True, slots=True)
class FromResource:
    """Where in a resource's attributes a key's value stands.

    form is what the value is put into, with ``{value}``, ``{region}`` and ``{account}``.
    """

    path: str
    form: str = "{value}"
    multivalued: bool = False


_VPC: Final = FromResource("VpcId", "arn:aws:ec2:{region}:{account}:vpc/{value}")

# By service and resource type; names in lower case.
KEYS: Final[Mapping[tuple[str, str], Mapping[str, FromResource]]] = {
    ("ec2", "instance"): {
        "ec2:availabilityzone": FromResource("Placement.AvailabilityZone"),
        "ec2:ebsoptimized": FromResource("EbsOptimized"),
        "ec2:instanceprofile": FromResource("IamInstanceProfile.Arn"),
        "ec2:instancetype": FromResource("InstanceType"),
        "ec2:metadatahttpendpoint": FromResource("MetadataOptions.HttpEndpoint"),
        "ec2:metadatahttpputresponsehoplimit": FromResource("MetadataOptions.HttpPutResponseHopLimit"),
        "ec2:metadatahttptokens": FromResource("MetadataOptions.HttpTokens"),
        "ec2:rootdevicetype": FromResource("RootDeviceType"),
        "ec2:tenancy": FromResource("Placement.Tenancy"),
    },
    ("ec2", "image"): {
        "ec2:imageid": FromResource("ImageId"),
        "ec2:imagetype": FromResource("ImageType"),
        "ec2:owner": FromResource("OwnerId"),
        "ec2:public": FromResource("Public"),
        "ec2:rootdevicetype": FromResource("RootDeviceType"),
    },
    ("ec2", "key-pair"): {
        "ec2:keypairname": FromResource("KeyName"),
        "ec2:keypairtype": FromResource("KeyType"),
    },
    ("ec2", "network-interface"): {"ec2:vpc": _VPC},
    ("ec2", "security-group"): {"ec2:vpc": _VPC},
    ("ec2", "snapshot"): {
        "ec2:encrypted": FromResource("Encrypted"),
        "ec2:owner": FromResource("OwnerId"),
        "ec2:parentvolume": FromResource("VolumeId", "arn:aws:ec2:{region}:{account}:volume/{value}"),
        "ec2:volumesize": FromResource("VolumeSize"),
    },
    ("ec2", "subnet"): {
        "ec2:availabilityzone": FromResource("AvailabilityZone"),
        "ec2:vpc": _VPC,
    },
    ("ec2", "volume"): {
        "ec2:availabilityzone": FromResource("AvailabilityZone"),
        "ec2:encrypted": FromResource("Encrypted"),
        "ec2:parentsnapshot": FromResource("SnapshotId", "arn:aws:ec2:{region}::snapshot/{value}"),
        "ec2:volumeiops": FromResource("Iops"),
        "ec2:volumesize": FromResource("Size"),
        "ec2:volumethroughput": FromResource("Throughput"),
        "ec2:volumetype": FromResource("VolumeType"),
    },
    ("ec2", "vpc"): {"ec2:tenancy": FromResource("InstanceTenancy")},
    ("kms", "key"): {
        "kms:keyorigin": FromResource("Origin"),
        "kms:keyspec": FromResource("KeySpec"),
        "kms:keyusage": FromResource("KeyUsage"),
        "kms:multiregion": FromResource("MultiRegion"),
        "kms:multiregionkeytype": FromResource("MultiRegionConfiguration.MultiRegionKeyType"),
        "kms:resourcealiases": FromResource("Aliases[]", multivalued=True),
    },
    ("rds", "db"): {
        "rds:databaseclass": FromResource("DBInstanceClass"),
        "rds:databaseengine": FromResource("Engine"),
        "rds:databasename": FromResource("DBName"),
        "rds:multiaz": FromResource("MultiAZ"),
        "rds:piops": FromResource("Iops"),
        "rds:storageencrypted": FromResource("StorageEncrypted"),
        "rds:storagesize": FromResource("AllocatedStorage"),
    },
    ("secretsmanager", "Secret"): {
        "secretsmanager:resource/allowrotationlambdaarn": FromResource("RotationLambdaARN"),
        "secretsmanager:resource/type": FromResource("Type"),
        "secretsmanager:secretprimaryregion": FromResource("PrimaryRegion"),
    },
    ("ssm", "document"): {
        "ssm:documenttype": FromResource("DocumentType"),
    },
}

# What a resource has only once it is there, and no request that makes it speaks of.
_LATER: Final = frozenset(
    (
        "kms:resourcealiases",
        "secretsmanager:resource/allowrotationlambdaarn",
        "secretsmanager:resource/type",
        "secretsmanager:secretprimaryregion",
    )
)

# Services whose resource types list what a resource has: where it exists, the request has no say in it, and
# what is not in KEYS nobody can tell. Of others, the keys that stand with a type are the request's too.
_ATTRIBUTED: Final = ("ec2:", "rds:")
# … but for these, which speak of the call, or of what no resource behind the endpoint ever has.
_OF_CALLS: Final = frozenset(
    (
        "ec2:attribute",
        "ec2:createaction",
        "ec2:islaunchtemplateresource",
        "ec2:launchtemplate",
        "ec2:managedresourceoperator",
        "ec2:newinstanceprofile",
        "ec2:region",
    )
)

# Keys that are the id at the end of the resource's own ARN.
IDS: Final[Mapping[tuple[str, str], str]] = {
    ("ec2", "instance"): "ec2:instanceid",
    ("ec2", "internet-gateway"): "ec2:internetgatewayid",
    ("ec2", "network-acl"): "ec2:networkaclid",
    ("ec2", "network-interface"): "ec2:networkinterfaceid",
    ("ec2", "route-table"): "ec2:routetableid",
    ("ec2", "security-group"): "ec2:securitygroupid",
    ("ec2", "snapshot"): "ec2:snapshotid",
    ("ec2", "subnet"): "ec2:subnetid",
    ("ec2", "volume"): "ec2:volumeid",
    ("ec2", "vpc"): "ec2:vpcid",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a resource tells of itself: values, keys that are not there, keys that nobody can tell."""

    values: Mapping[str, Values] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def __contains__(self, key: str) -> bool:
        return key in self.values or key in self.absent or key in self.unknown


NOTHING: Final = Answers()


def resource_answers(
    call: Call,
    kind: str,
    keys: Collection[str],
    asked: Collection[str],
    named: Named,
    owner: str,
    facts: ResourceFacts,
) -> Answers:
    """What one resource of a call tells of itself, in which the request has no say.

    keys are those that stand with the resource's type, asked the action's besides; in lower case.
    """
    place = (call.service, kind)
    known = KEYS.get(place, {})
    table = {
        key: source
        for key, source in known.items()
        if key in (keys if key.startswith(_ATTRIBUTED) else asked)
    }
    ids = frozenset((IDS[place],)) if IDS.get(place) in keys else frozenset[str]()
    if named.new:
        # The request describes it; an id it has none yet.
        lacking = ids | (table.keys() & _LATER)
        return Answers(absent=lacking) if lacking else NOTHING
    others = frozenset(
        key for key in keys if key.startswith(_ATTRIBUTED) and key not in _OF_CALLS and "tag/" not in key
    ) - (ids | table.keys())
    if not (table or ids or others):
        return NOTHING
    if named.arn is None or named.several:
        return Answers(unknown=ids | table.keys() | others)
    values: dict[str, Values] = dict.fromkeys(ids, named.arn.rpartition("/")[2])
    attributes = facts.attributes(owner, call.region, named.arn) if table else {}
    if attributes is None:
        return Answers(values, unknown=others | table.keys())
    for key, source in table.items():
        told = (_text(value) for _, value in paths.values(source.path, attributes))
        texts = tuple(
            source.form.format(value=text, region=call.region, account=owner) for text in told if text
        )
        if texts:
            values[key] = texts if source.multivalued else texts[-1]
    disputed = frozenset(key for key in table if _asked_otherwise(call, key, values.get(key)))
    kept = {key: value for key, value in values.items() if key not in disputed}
    return Answers(kept, absent=frozenset(table) - values.keys() - disputed, unknown=others | disputed)


def _asked_otherwise(call: Call, key: str, present: Values | None) -> bool:
    """Does a change of a database ask for another value than it has? AWS does not say which one counts."""
    source = OF_REQUEST.get(key) if key.startswith("rds:") else None
    if source is None:
        return False
    asked = [_text(value) for path in source.paths for _, value in paths.values(path, call.input)]
    return bool(asked) and asked[0] != present


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
