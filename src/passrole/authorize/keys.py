"""Service-specific condition keys that a call's own input answers.

A key that stands here is known: present with the input's value, or absent. What the catalog lists for
an action and nothing here or in the resource's facts answers is *unknown* (see ``plan``).
Source: Service Authorization Reference, the condition keys of each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs

from passrole.authorize.call import Call
from passrole.authorize.context import Values
from passrole.authorize.request_keys import (
    autoscaling,
    codebuild,
    dynamodb,
    ecs,
    events,
    kms,
    secretsmanager,
    several,
    volumes,
)
from passrole.authorize.request_keys.source import Computed, Keys, Rules
from passrole.authorize.request_keys.source import many as _many
from passrole.authorize.request_keys.source import one as _one
from passrole.authorize.request_keys.source import untold as _untold
from passrole.catalog import paths
from passrole.catalog.forms import FORMS
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile
from passrole.wire import sigv2

_SERVICES: Final = (
    autoscaling,
    codebuild,
    dynamodb,
    ecs,
    events,
    kms,
    secretsmanager,
    several,
)

# Names in lower case. A key holds for every operation of its prefix: an operation without the member simply
# lacks the key, as in AWS.
KEYS: Final[Keys] = {
    **{key: source for service in _SERVICES for key, source in service.KEYS.items()},
    "iam:awsservicename": _one("AWSServiceName"),
    "iam:policyarn": _one("PolicyArn"),
    "iam:permissionsboundary": _one("PermissionsBoundary"),
    "iam:passedtoservice": _one(),
    "iam:associatedresourcearn": _one(),
    "iam:organizationspolicyid": _one("OrganizationsPolicyId"),
    "iam:registersecuritykey": _one(),
    "iam:fido-certification": _one(),
    "iam:fido-fips-140-2-certification": _one(),
    "iam:fido-fips-140-3-certification": _one(),
    "iam:serviceSpecificCredentialServiceName".lower(): _one("ServiceName"),
    "iam:serviceSpecificCredentialAgeDays".lower(): _one("CredentialAgeDays"),
    "iam:roletemplatearn": _one("RoleTemplateArn"),
    "iam:accountpropertynamespaces": _one(),
    "iam:templatearn": _one(),
    "iam:delegationduration": _one(),
    "iam:notificationchannel": _one("NotificationChannel"),
    "iam:delegationrequestowner": _one(),
    "sts:durationseconds": _one(),  # GetServiceBearerToken alone sets it
    "sts:identitytokenaudience": _many("Audience[]"),
    "sts:signingalgorithm": _one("SigningAlgorithm"),
    "sts:externalid": _one("ExternalId"),
    "sts:rolesessionname": _one("RoleSessionName"),
    "sts:sourceidentity": _one("SourceIdentity"),
    "sts:transitivetagkeys": _many("TransitiveTagKeys[]"),
    "sts:taskpolicyarn": _one("TaskPolicyArn.arn"),
    "s3:object-lock-event-hold": _one(),
    "s3:object-lock-event-hold-duration-days": _one(),
    "s3:object-lock-retain-until-date": _one("ObjectLockRetainUntilDate", "Retention.RetainUntilDate"),
    "s3:accessgrantsinstancearn": _one(),
    "s3:accesspointnetworkorigin": _one(),  # of requests through an access point
    "s3:dataaccesspointaccount": _one(),
    "s3:dataaccesspointarn": _one(),
    "s3:inventoryaccessibleoptionalfields": _many("InventoryConfiguration.OptionalFields[]"),
    "s3:prefix": _one("Prefix"),
    "s3:delimiter": _one("Delimiter"),
    "s3:max-keys": _one("MaxKeys"),
    "s3:versionid": _one("VersionId"),
    "s3:x-amz-acl": _one("ACL"),
    "s3:x-amz-bucket-namespace": _one("BucketNamespace"),
    "s3:x-amz-copy-source": _one("CopySource"),
    "s3:x-amz-grant-full-control": _one("GrantFullControl"),
    "s3:x-amz-grant-read": _one("GrantRead"),
    "s3:x-amz-grant-read-acp": _one("GrantReadACP"),
    "s3:x-amz-grant-write": _one("GrantWrite"),
    "s3:x-amz-grant-write-acp": _one("GrantWriteACP"),
    "s3:x-amz-metadata-directive": _one("MetadataDirective"),
    "s3:x-amz-server-side-encryption": _one("ServerSideEncryption"),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": _one("SSEKMSKeyId"),
    "s3:x-amz-server-side-encryption-customer-algorithm": _one("SSECustomerAlgorithm"),
    "s3:x-amz-storage-class": _one("StorageClass"),
    "s3:x-amz-website-redirect-location": _one("WebsiteRedirectLocation"),
    "s3:x-amz-object-ownership": _one("ObjectOwnership"),
    "s3:object-lock-mode": _one("ObjectLockMode", "Retention.Mode"),
    "s3:object-lock-legal-hold": _one("ObjectLockLegalHoldStatus", "LegalHold.Status"),
    "s3:locationconstraint": _one("CreateBucketConfiguration.LocationConstraint"),
    "s3:if-match": _one("IfMatch"),
    "s3:if-none-match": _one("IfNoneMatch"),
    "ec2:instancetype": _one("InstanceType", "LaunchSpecification.InstanceType", default="m1.small"),
    "ec2:tenancy": _one("Placement.Tenancy", "LaunchSpecification.Placement.Tenancy", default="default"),
    "ec2:ebsoptimized": _one("EbsOptimized", default="false"),
    "ec2:availabilityzone": _untold("AvailabilityZone", "Placement.AvailabilityZone"),
    "ec2:imageid": _one("ImageId"),
    "ec2:keypairname": _one("KeyName"),
    "ec2:metadatahttptokens": _one("MetadataOptions.HttpTokens", "HttpTokens"),
    "ec2:metadatahttpendpoint": _one("MetadataOptions.HttpEndpoint", "HttpEndpoint"),
    "ec2:metadatahttpputresponsehoplimit": _one(
        "MetadataOptions.HttpPutResponseHopLimit", "HttpPutResponseHopLimit"
    ),
    "ec2:rootdevicetype": _one(default="ebs"),
    "ec2:instancemarkettype": _one("InstanceMarketOptions.MarketType", default="on-demand"),
    "ec2:placementgroup": _one("Placement.GroupName"),
    "ec2:instancemetadatatags": _one("MetadataOptions.InstanceMetadataTags", "InstanceMetadataTags"),
    "ec2:islaunchtemplateresource": _one(default="false"),
    "ec2:managedresourceoperator": _one(),
    "ec2:instanceautorecovery": _one("MaintenanceOptions.AutoRecovery"),
    "ec2:instancebandwidthweighting": _one("NetworkPerformanceOptions.BandwidthWeighting"),
    "ec2:cpuoptionsamdsevsnp": _one("CpuOptions.AmdSevSnp"),
    "ec2:attribute": _one("Attribute"),
    "ec2:sourceinstancearn": _one(),  # of the credentials of an instance, which bring it along
    "ssm:sourceinstancearn": _one(),
    "lambda:invokedviafunctionurl": _one(),
    "lambda:layer": _many("Layers[]"),
    "lambda:subnetids": _many("VpcConfig.SubnetIds[]"),
    "lambda:securitygroupids": _many("VpcConfig.SecurityGroupIds[]"),
    "lambda:principal": _one("Principal"),
    "lambda:codesigningconfigarn": _one("CodeSigningConfigArn"),
    "lambda:eventsourcetoken": _one("EventSourceToken"),
    "rds:backuptarget": _one("BackupTarget", default="region"),
    "rds:copyoptiongroup": _one("CopyOptionGroup", default="false"),
    "rds:endpointtype": _one("EndpointType"),
    "rds:managemasteruserpassword": _one("ManageMasterUserPassword", default="false"),
    "rds:publiclyaccessible": _untold("PubliclyAccessible"),
    "rds:tenantdatabasename": _one("NewTenantDBName", "TenantDBName"),
    "rds:databaseengine": _one("Engine"),
    "rds:databaseclass": _one("DBInstanceClass"),
    "rds:databasename": _one("DBName", "DatabaseName"),
    "rds:storagesize": _one("AllocatedStorage"),
    "rds:multiaz": _one("MultiAZ", default="false"),
    "rds:piops": _one("Iops"),
    "rds:storageencrypted": _one("StorageEncrypted", default="false"),
    "rds:vpc": _one(default="true"),  # there is nothing else any more
    "organizations:policytype": _one("PolicyType", "Type"),
    "organizations:serviceprincipal": _one("ServicePrincipal"),
    "organizations:tagkeys": _many("Tags[].Key"),
}


def _instance_profile(call: Call, directory: Directory) -> str:
    given = call.input.get("IamInstanceProfile")
    if not isinstance(given, Mapping):
        return ""
    arn, name = given.get("Arn"), given.get("Name")
    if isinstance(arn, str) and arn:
        return arn
    if not isinstance(name, str) or not name:
        return ""
    profile = directory.get(InstanceProfile, call.account, name)
    return profile.arn if profile is not None else f"arn:aws:iam::{call.account}:instance-profile/{name}"


def _create_action(call: Call, directory: Directory) -> str:
    """What tags on the way: absent where tagging is all that is asked for."""
    return "" if call.operation == "CreateTags" else call.operation


def _launch_template(call: Call, directory: Directory) -> str:
    given = call.input.get("LaunchTemplate")
    template = given.get("LaunchTemplateId") if isinstance(given, Mapping) else None
    return f"arn:aws:ec2:{call.region}:{call.account}:launch-template/{template}" if template else ""


def _subnet(call: Call, directory: Directory) -> str | None:
    """The subnet of a network interface that is made; with several, whose it is is not told."""
    named = ("SubnetId", "NetworkInterfaces[].SubnetId")
    found = {value for path in named for _, value in paths.values(path, call.input)}
    return f"arn:aws:ec2:{call.region}:{call.account}:subnet/{found.pop()}" if len(found) == 1 else None


def _public_address(call: Call, directory: Directory) -> str | None:
    """Where the request does not say, the subnet does."""
    given = paths.values("NetworkInterfaces[].AssociatePublicIpAddress", call.input)
    found = {text(value) for _, value in given}
    return found.pop() if len(found) == 1 else None


def _function_arn(call: Call, directory: Directory) -> str | None:
    name = call.input.get("FunctionName")
    if not isinstance(name, str):
        return None  # a mapping, named by its id, has a function all the same
    if name.startswith("arn:"):
        return name
    return f"arn:aws:lambda:{call.region}:{call.account}:function:{FORMS['lambda-name'](name)}"


def _function_url_auth_type(call: Call, directory: Directory) -> str | None:
    given = call.input.get("AuthType", call.input.get("FunctionUrlAuthType"))
    # A URL that is there has one, which the call does not say.
    return given if isinstance(given, str) else None


def _function_vpc(call: Call, directory: Directory) -> str | None:
    """The VPC of the subnets is not in the request."""
    given = call.input.get("VpcConfig")
    return None if isinstance(given, Mapping) and given.get("SubnetIds") else ""


def _s3_auth_type(call: Call, directory: Directory) -> str:
    if not call.caller.access_key_id:
        return ""  # an unsigned request
    return "REST-QUERY-STRING" if call.presigned else "REST-HEADER"


def _s3_signature_version(call: Call, directory: Directory) -> str:
    if not call.caller.access_key_id:
        return ""
    return sigv2.VERSION if sigv2.is_older(call.raw) else "AWS4-HMAC-SHA256"


def _s3_signature_age(call: Call, directory: Directory) -> str:
    """Milliseconds since a presigned URL was signed; absent of other requests."""
    signed = parse_qs(call.raw.query).get("X-Amz-Date", [""])[0] if call.presigned else ""
    if not signed:
        return ""
    moment = datetime.strptime(signed, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return str(int((call.now - moment).total_seconds() * 1000))


def _s3_content(call: Call, directory: Directory) -> str:
    return call.raw.header("x-amz-content-sha256") or ""


def _s3_creating(call: Call, directory: Directory) -> str:
    """Parts of an upload, and its beginning, are s3:PutObject too and yet make no object."""
    parts = ("CreateMultipartUpload", "UploadPart", "UploadPartCopy")
    return "false" if call.operation in parts else "true"


def _s3_retention_left(call: Call, directory: Directory) -> str | None:
    given = call.input.get("Retention")
    until = given.get("RetainUntilDate") if isinstance(given, Mapping) else None
    return None if until or call.input.get("ObjectLockRetainUntilDate") else ""


def _region(call: Call, directory: Directory) -> str:
    return call.region


def _plain_http(call: Call, directory: Directory) -> str:
    return ""  # no TLS version: this endpoint speaks HTTP


# Keys that follow from the call as a whole; "" for an absent one, None where the call does not tell.
# Source: Amazon S3 User Guide, "Bucket policy examples using condition keys" and "Enforce conditional writes
# on Amazon S3 buckets"; S3 API Reference, "Amazon S3 Signature Version 4 Authentication Specific Policy
# Keys"; EC2's reference page.
_OWN: Final[Rules] = {
    "ec2:createaction": _create_action,
    "ec2:launchtemplate": _launch_template,
    "ec2:region": _region,
    "ec2:associatepublicipaddress": _public_address,
    "ec2:subnet": _subnet,
    "ec2:instanceprofile": _instance_profile,
    "ec2:newinstanceprofile": _instance_profile,
    "lambda:functionarn": _function_arn,
    "lambda:functionurlauthtype": _function_url_auth_type,
    "lambda:vpcids": _function_vpc,
    "s3:authtype": _s3_auth_type,
    "s3:object-lock-remaining-retention-days": _s3_retention_left,
    "s3:objectcreationoperation": _s3_creating,
    "s3:signatureage": _s3_signature_age,
    "s3:signatureversion": _s3_signature_version,
    "s3:tlsversion": _plain_http,
    "s3:x-amz-content-sha256": _s3_content,
}
COMPUTED: Final[Rules] = {
    **_OWN,
    **volumes.RULES,
    **{key: found for service in _SERVICES for key, found in service.RULES.items()},
}


def rule(key: str) -> Computed | None:
    """The rule that answers a key (in lower case), or all keys that begin as it does up to a second colon."""
    found = COMPUTED.get(key)
    if found is not None or key.count(":") < 2:
        return found
    service, family, _ = key.split(":", 2)
    return COMPUTED.get(f"{service}:{family}:")


def text(value: object) -> str | None:
    """A scalar of an input as a condition sees it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def from_input(call: Call, key: str) -> Values | None:
    """What the input says of a key of KEYS: "" for an absent one, None for one that it does not tell."""
    source = KEYS[key]
    given = (value for path in source.paths for _, value in paths.values(path, call.input))
    values = tuple(found for value in given if (found := text(value)) is not None)
    if values:
        return values if source.multivalued else values[0]
    return None if source.untold else source.default
