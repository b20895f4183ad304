"""Service-specific condition keys that a call's own input answers.

A key that stands here is known: present with the input's value, or absent. What the catalog lists for
an action and nothing here or in the resource's facts answers is *unknown* (see ``plan``).
Source: Service Authorization Reference, the condition keys of each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


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
    "sts:externalid": _one("ExternalId"),
    "sts:rolesessionname": _one("RoleSessionName"),
    "sts:sourceidentity": _one("SourceIdentity"),
    "sts:transitivetagkeys": _many("TransitiveTagKeys[]"),
    "sts:taskpolicyarn": _one("TaskPolicyArn.arn"),
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
    "ec2:createaction": _one(),
    "lambda:layer": _many("Layers[]"),
    "lambda:vpcids": _many(),
    "lambda:subnetids": _many("VpcConfig.SubnetIds[]"),
    "lambda:securitygroupids": _many("VpcConfig.SecurityGroupIds[]"),
    "lambda:functionurlauthtype": _one("AuthType", "FunctionUrlAuthType"),
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
    "rds:multi-az": _one("MultiAZ"),
    "rds:piops": _one("Iops"),
    "rds:storageencrypted": _one("StorageEncrypted"),
    "organizations:policytype": _one("PolicyType", "Type"),
    "organizations:serviceprincipal": _one("ServicePrincipal"),
    "organizations:tagkeys": _many("Tags[].Key"),
}
