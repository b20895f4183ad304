"""Service-specific condition keys that a call's own input answers.

A key that stands here is known: present with the input's value, or absent. What the catalog lists for
an action and nothing here or in the resource's facts answers is *unknown* (see ``plan``).
Source: Service Authorization Reference, the condition keys of each service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from passrole.authorize.call import Call
from passrole.catalog.forms import FORMS
from passrole.state.directory import Directory
from passrole.state.entities import InstanceProfile


@dataclass(frozen=True, slots=True)
class FromInput:
    """Where in an operation's input a key's value stands.

    paths are tried in turn, in botocore's member names; default is the value where none is there ("" for
    an absent key).
    """

    paths: tuple[str, ...]
    multivalued: bool = False
    default: str = ""


def _one(*paths: str, default: str = "") -> FromInput:
    return FromInput(paths, default=default)


def _many(*paths: str) -> FromInput:
    return FromInput(paths, multivalued=True)


# Names in lower case. A key holds for every operation of its prefix: an operation without the member simply
# lacks the key, as in AWS.
KEYS: Final[Mapping[str, FromInput]] = {
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
    "s3:prefix": _one("Prefix"),
    "s3:delimiter": _one("Delimiter"),
    "s3:max-keys": _one("MaxKeys"),
    "s3:versionid": _one("VersionId"),
    "s3:x-amz-acl": _one("ACL"),
    "s3:x-amz-content-sha256": _one(),
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
    "kms:encryptioncontextkeys": _many(),  # there where encryption brings it
    "lambda:invokedviafunctionurl": _one(),
    "lambda:layer": _many("Layers[]"),
    "lambda:subnetids": _many("VpcConfig.SubnetIds[]"),
    "lambda:securitygroupids": _many("VpcConfig.SecurityGroupIds[]"),
    "lambda:principal": _one("Principal"),
    "lambda:codesigningconfigarn": _one("CodeSigningConfigArn"),
    "lambda:eventsourcetoken": _one("EventSourceToken"),
    "cloudformation:rolearn": _one("RoleARN"),
    "cloudformation:templateurl": _one("TemplateURL"),
    "cloudformation:stackpolicyurl": _one("StackPolicyURL"),
    "cloudformation:changesetname": _one("ChangeSetName"),
    "cloudformation:resourcetypes": _many("ResourceTypes[]"),
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
    return "AWS4-HMAC-SHA256" if call.caller.access_key_id else ""


def _region(call: Call, directory: Directory) -> str:
    return call.region


def _plain_http(call: Call, directory: Directory) -> str:
    return ""  # no TLS version: this endpoint speaks HTTP


# Keys that follow from the call as a whole; "" for an absent one, None where the call does not tell.
# Source: Amazon S3 User Guide, "Bucket policy examples using condition keys"; EC2's reference page.
COMPUTED: Final[Mapping[str, Callable[[Call, Directory], str | None]]] = {
    "ec2:createaction": _create_action,
    "ec2:launchtemplate": _launch_template,
    "ec2:region": _region,
    "ec2:instanceprofile": _instance_profile,
    "ec2:newinstanceprofile": _instance_profile,
    "lambda:functionarn": _function_arn,
    "lambda:functionurlauthtype": _function_url_auth_type,
    "lambda:vpcids": _function_vpc,
    "s3:authtype": _s3_auth_type,
    "s3:signatureversion": _s3_signature_version,
    "s3:tlsversion": _plain_http,
}
