"""AWS Secrets Manager.

Source: Service Authorization Reference, "Condition keys for AWS Secrets Manager"; Secrets Manager User Guide,
"Permissions policy examples".
"""

from __future__ import annotations

from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.request_keys.source import Keys, Rules, many, one, untold
from passrole.state.directory import Directory

KEYS: Final[Keys] = {
    "secretsmanager:addreplicaregions": many("AddReplicaRegions[].Region"),
    "secretsmanager:blockpublicpolicy": one("BlockPublicPolicy"),
    "secretsmanager:description": one("Description"),
    "secretsmanager:externalsecretrotationrolearn": one("ExternalSecretRotationRoleArn"),
    "secretsmanager:forcedeletewithoutrecovery": one("ForceDeleteWithoutRecovery"),
    "secretsmanager:forceoverwritereplicasecret": one("ForceOverwriteReplicaSecret"),
    "secretsmanager:kmskeyid": one("KmsKeyId"),
    "secretsmanager:name": one("Name"),
    "secretsmanager:recoverywindowindays": one("RecoveryWindowInDays"),
    "secretsmanager:rotateimmediately": one("RotateImmediately"),
    "secretsmanager:rotationlambdaarn": one("RotationLambdaARN"),
    "secretsmanager:type": one("Type"),
    "secretsmanager:versionid": one("VersionId"),
    # A secret's value is AWSCURRENT's where a request does not say which.
    "secretsmanager:versionstage": untold("VersionStage"),
}


def _key_arn(call: Call, directory: Directory) -> str | None:
    """An alias does not say which key it is."""
    given = call.input.get("KmsKeyId")
    if not isinstance(given, str) or not given:
        return ""
    if "alias/" in given:
        return None
    return given if given.startswith("arn:") else f"arn:aws:kms:{call.region}:{call.account}:key/{given}"


def _secret_id(call: Call, directory: Directory) -> str | None:
    """A secret's ARN; the six characters at its end are not in a name. A secret that is made has none."""
    given = call.input.get("SecretId")
    if not isinstance(given, str):
        return "" if call.operation == "CreateSecret" else None
    return given if given.startswith("arn:") else None


def _rotation_rules(call: Call, directory: Directory) -> str:
    return "true" if call.input.get("RotationRules") else "false"


RULES: Final[Rules] = {
    "secretsmanager:kmskeyarn": _key_arn,
    "secretsmanager:modifyrotationrules": _rotation_rules,
    "secretsmanager:secretid": _secret_id,
}
