"""How EC2's older operations are printed in CloudTrail: names of sets, and what is always there.

Sources: recorded events of the invictus-ir aws_dataset; requests quoted in Permiso's Cloud Console
Cartographer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLASSIC: Final = _words(
    "AcceptVpcPeeringConnection AllocateAddress AssignPrivateIpAddresses AssociateAddress "
    "AssociateDhcpOptions AssociateRouteTable AttachInternetGateway AttachNetworkInterface AttachVolume "
    "AttachVpnGateway AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress BundleInstance "
    "CancelBundleTask CancelConversionTask CancelExportTask CancelReservedInstancesListing "
    "CancelSpotInstanceRequests ConfirmProductInstance CopyImage CopySnapshot CreateCustomerGateway "
    "CreateDhcpOptions CreateImage CreateInstanceExportTask CreateInternetGateway CreateKeyPair "
    "CreateNetworkAcl CreateNetworkAclEntry CreateNetworkInterface CreatePlacementGroup "
    "CreateReservedInstancesListing CreateRoute CreateRouteTable CreateSecurityGroup CreateSnapshot "
    "CreateSpotDatafeedSubscription CreateSubnet CreateTags CreateVolume CreateVpc "
    "CreateVpcPeeringConnection CreateVpnConnection CreateVpnConnectionRoute CreateVpnGateway "
    "DeleteCustomerGateway DeleteDhcpOptions DeleteInternetGateway DeleteKeyPair DeleteNetworkAcl "
    "DeleteNetworkAclEntry DeleteNetworkInterface DeletePlacementGroup DeleteRoute DeleteRouteTable "
    "DeleteSecurityGroup DeleteSnapshot DeleteSpotDatafeedSubscription DeleteSubnet DeleteTags "
    "DeleteVolume DeleteVpc DeleteVpcPeeringConnection DeleteVpnConnection DeleteVpnConnectionRoute "
    "DeleteVpnGateway DeregisterImage DescribeAccountAttributes DescribeAddresses "
    "DescribeAvailabilityZones DescribeBundleTasks DescribeConversionTasks DescribeCustomerGateways "
    "DescribeDhcpOptions DescribeExportTasks DescribeImageAttribute DescribeImages "
    "DescribeInstanceAttribute DescribeInstanceStatus DescribeInstances DescribeInternetGateways "
    "DescribeKeyPairs DescribeNetworkAcls DescribeNetworkInterfaceAttribute DescribeNetworkInterfaces "
    "DescribePlacementGroups DescribeRegions DescribeReservedInstances "
    "DescribeReservedInstancesListings DescribeReservedInstancesModifications "
    "DescribeReservedInstancesOfferings DescribeRouteTables DescribeSecurityGroups "
    "DescribeSnapshotAttribute DescribeSnapshots DescribeSpotDatafeedSubscription "
    "DescribeSpotInstanceRequests DescribeSpotPriceHistory DescribeSubnets DescribeTags "
    "DescribeVolumeAttribute DescribeVolumeStatus DescribeVolumes DescribeVpcAttribute "
    "DescribeVpcPeeringConnections DescribeVpcs DescribeVpnConnections DescribeVpnGateways "
    "DetachInternetGateway DetachNetworkInterface DetachVolume DetachVpnGateway "
    "DisableVgwRoutePropagation DisassociateAddress DisassociateRouteTable EnableVgwRoutePropagation "
    "EnableVolumeIO GetConsoleOutput GetPasswordData ImportInstance ImportKeyPair ImportVolume "
    "ModifyImageAttribute ModifyInstanceAttribute ModifyNetworkInterfaceAttribute "
    "ModifyReservedInstances ModifySnapshotAttribute ModifySubnetAttribute ModifyVolumeAttribute "
    "ModifyVpcAttribute MonitorInstances PurchaseReservedInstancesOffering RebootInstances "
    "RegisterImage RejectVpcPeeringConnection ReleaseAddress ReplaceNetworkAclAssociation "
    "ReplaceNetworkAclEntry ReplaceRoute ReplaceRouteTableAssociation ReportInstanceStatus "
    "RequestSpotInstances ResetImageAttribute ResetInstanceAttribute ResetNetworkInterfaceAttribute "
    "ResetSnapshotAttribute RevokeSecurityGroupEgress RevokeSecurityGroupIngress RunInstances "
    "StartInstances StopInstances TerminateInstances UnassignPrivateIpAddresses UnmonitorInstances"
)

# Lists of the older form: (name of the set, name of a plain item). An operation's own row goes first.
SETS: Final[Mapping[str, tuple[str, str]]] = {
    "DescribePlacementGroups.GroupIds": ("placementGroupIdSet", "groupId"),
    "DescribePlacementGroups.GroupNames": ("placementGroupSet", "groupName"),
    "DescribeSecurityGroups.GroupIds": ("securityGroupIdSet", "groupId"),
    "DescribeSecurityGroups.GroupNames": ("securityGroupSet", "groupName"),
    "RunInstances.SecurityGroupIds": ("groupSet", "groupId"),
    "RunInstances.SecurityGroups": ("groupSet", "groupName"),
    "Add": ("add", ""),
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "AttributeNames": ("accountAttributeNameSet", "attributeName"),
    "BlockDeviceMappings": ("blockDeviceMapping", ""),
    "CustomerGatewayIds": ("customerGatewaySet", "customerGatewayId"),
    "DhcpOptionsIds": ("dhcpOptionsSet", "dhcpOptionsId"),
    "ExecutableUsers": ("executableBySet", "user"),
    "Filters": ("filterSet", ""),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "InternetGatewayIds": ("internetGatewayIdSet", "internetGatewayId"),
    "IpPermissions": ("ipPermissions", ""),
    "IpRanges": ("ipRanges", ""),
    "Ipv6Ranges": ("ipv6Ranges", ""),
    "KeyNames": ("keySet", "keyName"),
    "KeyPairIds": ("keyPairIdSet", "keyPairId"),
    "NetworkAclIds": ("networkAclIdSet", "networkAclId"),
    "NetworkInterfaceIds": ("networkInterfaceIdSet", "networkInterfaceId"),
    "NetworkInterfaces": ("networkInterfaceSet", ""),
    "Owners": ("ownersSet", "owner"),
    "OwnerIds": ("ownersSet", "owner"),
    "PrefixListIds": ("prefixListIds", ""),
    "PublicIps": ("publicIpsSet", "publicIp"),
    "RegionNames": ("regionSet", "regionName"),
    "Remove": ("remove", ""),
    "Resources": ("resourcesSet", "resourceId"),
    "RestorableByUserIds": ("sharedUsersSet", "user"),
    "RouteTableIds": ("routeTableIdSet", "routeTableId"),
    "SnapshotIds": ("snapshotSet", "snapshotId"),
    "SpotInstanceRequestIds": ("spotInstanceRequestIdSet", "spotInstanceRequestId"),
    "SubnetIds": ("subnetSet", "subnetId"),
    "TagSpecifications": ("tagSpecificationSet", ""),
    "Tags": ("tagSet", ""),
    "UserIdGroupPairs": ("groups", ""),
    "Values": ("valueSet", "value"),
    "VolumeIds": ("volumeSet", "volumeId"),
    "VpcIds": ("vpcSet", "vpcId"),
    "VpnConnectionIds": ("vpnConnectionSet", "vpnConnectionId"),
    "VpnGatewayIds": ("vpnGatewaySet", "vpnGatewayId"),
    "ZoneIds": ("availabilityZoneIdSet", "zoneId"),
    "ZoneNames": ("availabilityZoneSet", "zoneName"),
}
PLAIN_LISTS: Final = {("TagSpecification", "Tags"): "tags"}

# Who may use an image or a snapshot: however a call says it, CloudTrail prints one form. (the permission's
# member, what attributeType says). Source: events of ModifyImageAttribute and ModifySnapshotAttribute
# recorded in Elastic's "AWS CloudTrail" integration.
SHARED: Final[Mapping[str, tuple[str, str]]] = {
    "ModifyImageAttribute": ("LaunchPermission", "launchPermission"),
    "ModifySnapshotAttribute": ("CreateVolumePermission", "CREATE_VOLUME_PERMISSION"),
}

# Members that the older form prints together as one item of a set.
GATHERED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "RunInstances": ("instancesSet", ("imageId", "minCount", "maxCount", "keyName")),
}

# Members that are there even when the caller gave none.
ALWAYS: Final[Mapping[str, Mapping[str, object]]] = {
    "AuthorizeSecurityGroupEgress": {"ipPermissions": {}},
    "AuthorizeSecurityGroupIngress": {"ipPermissions": {}},
    "DescribeAccountAttributes": {"filterSet": {}, "accountAttributeNameSet": {}},
    "DescribeAddresses": {"filterSet": {}, "publicIpsSet": {}, "allocationIdsSet": {}},
    "DescribeAvailabilityZones": {"availabilityZoneSet": {}, "availabilityZoneIdSet": {}},
    "DescribeCustomerGateways": {"filterSet": {}, "customerGatewaySet": {}},
    "DescribeDhcpOptions": {"filterSet": {}, "dhcpOptionsSet": {}},
    "DescribeImages": {"filterSet": {}, "executableBySet": {}, "imagesSet": {}, "ownersSet": {}},
    "DescribeInstanceStatus": {"filterSet": {}, "instancesSet": {}, "includeAllInstances": False},
    "DescribeInstances": {"filterSet": {}, "instancesSet": {}},
    "DescribeInternetGateways": {"filterSet": {}, "internetGatewayIdSet": {}},
    "DescribeKeyPairs": {"filterSet": {}, "keySet": {}, "keyPairIdSet": {}, "includePublicKey": False},
    "DescribeNetworkAcls": {"filterSet": {}, "networkAclIdSet": {}},
    "DescribeNetworkInterfaces": {"filterSet": {}, "networkInterfaceIdSet": {}},
    "DescribePlacementGroups": {"filterSet": {}, "placementGroupSet": {}, "placementGroupIdSet": {}},
    "DescribeRegions": {"regionSet": {}},
    "DescribeRouteTables": {"filterSet": {}, "routeTableIdSet": {}},
    "DescribeSecurityGroups": {"filterSet": {}, "securityGroupSet": {}, "securityGroupIdSet": {}},
    "DescribeSnapshots": {"filterSet": {}, "snapshotSet": {}, "ownersSet": {}, "sharedUsersSet": {}},
    "DescribeSubnets": {"filterSet": {}, "subnetSet": {}},
    "DescribeVolumes": {"filterSet": {}, "volumeSet": {}},
    "DescribeVpcs": {"filterSet": {}, "vpcSet": {}},
    "RunInstances": {
        "blockDeviceMapping": {},
        "monitoring": {"enabled": False},
        "disableApiTermination": False,
        "disableApiStop": False,
    },
}
ALWAYS_IN: Final[Mapping[str, Mapping[str, object]]] = {
    "IpPermission": {"groups": {}, "ipRanges": {}, "ipv6Ranges": {}, "prefixListIds": {}},
}
