"""What CloudTrail does not print: secrets, and how each service writes that something was there.

Sources: the services' own pages on logging with CloudTrail; recorded events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.wire.models import Shape


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHOWN: Final = object()  # the value itself is printed
OMITTED: Final = object()  # the member is missing from the record

_HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
_REMOVED: Final = "<sensitiveDataRemoved>"
_STARS: Final = "****"

# By service and member of its API, wherever in the input or output it occurs.
_MEMBERS: Final[Mapping[tuple[str, str], object]] = {
    ("autoscaling", "UserData"): _REMOVED,
    ("cloudformation", "ParameterValue"): OMITTED,
    ("cloudformation", "TemplateBody"): OMITTED,
    ("cognito-identity", "SecretKey"): OMITTED,
    ("cognito-idp", "ClientId"): SHOWN,
    # Values of attributes that are no keys do not appear; PartiQL's are redacted. Source: DynamoDB
    # Developer Guide, "Understanding DynamoDB log file entries".
    ("dynamodb", "AttributeUpdates"): OMITTED,
    ("dynamodb", "Expected"): OMITTED,
    ("dynamodb", "ExpressionAttributeValues"): OMITTED,
    ("dynamodb", "Item"): OMITTED,
    ("dynamodb", "KeyConditions"): OMITTED,
    ("dynamodb", "Parameters"): _HIDDEN,
    ("dynamodb", "QueryFilter"): OMITTED,
    ("dynamodb", "ScanFilter"): OMITTED,
    ("ec2", "KeyMaterial"): _REMOVED,
    ("ec2", "PasswordData"): _REMOVED,
    ("ec2", "UserData"): _REMOVED,
    ("firehose", "Password"): "",
    ("firehose", "Username"): "",
    ("iam", "AuthenticationCode1"): OMITTED,
    ("iam", "AuthenticationCode2"): OMITTED,
    ("kms", "GrantToken"): OMITTED,
    ("lambda", "Environment"): {},  # the record says that there is one, not what is in it
    ("lambda", "ZipFile"): OMITTED,
    ("rds", "MasterUserPassword"): _HIDDEN,
    ("rolesanywhere", "tags"): _HIDDEN,
    ("s3", "KMSKeyArn"): SHOWN,
    ("s3", "KMSKeyId"): SHOWN,
    ("s3", "KMSMasterKeyID"): SHOWN,
    ("s3", "KeyId"): SHOWN,
    ("s3", "SSEKMSKeyId"): SHOWN,
    ("sns", "Message"): _HIDDEN,
    ("sns", "MessageAttributes"): _HIDDEN,
    ("sns", "Subject"): _HIDDEN,
    ("sqs", "MessageAttributes"): _HIDDEN,
    ("sqs", "MessageBody"): _HIDDEN,
    ("ssm", "Content"): _HIDDEN,
    ("sts", "TokenCode"): OMITTED,
}

# What a service writes for a member that its model calls sensitive; _HIDDEN for every other one.
_SENSITIVE: Final[Mapping[str, object]] = {
    "ec2": _REMOVED,
    "iam": OMITTED,
    "kms": OMITTED,
    "lambda": OMITTED,
    "organizations": _STARS,
    "redshift": _STARS,
    "s3": OMITTED,
    "secretsmanager": OMITTED,
    "sts": OMITTED,
}

# Services that print nothing of a request but these. Sources: events of Converse and InvokeModel recorded
# in Elastic's "AWS CloudTrail" integration and in public reports; SageMaker AI Developer Guide, "Log Feature
# Store API calls", PutRecord.
_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "bedrock-runtime": _words("guardrailIdentifier guardrailVersion modelId"),
    "sagemaker-featurestore-runtime": _words("FeatureGroupName"),
}

# Not every model marks its secrets. In lower case; better a harmless value hidden than a secret shown.
_SECRET_NAMES: Final = _words(
    "accesstoken adminuserpassword apikeyvalue authtoken bindpassword clientsecret connectionpassword "
    "masterpassword masteruserpassword newpassword oldpassword password plaintext presharedkey "
    "privatekey proposedpassword refreshtoken samlassertion secretaccesskey secretbinary secretkey "
    "secretstring tokencode userpassword webidentitytoken"
)


def shown(service: str, member: str) -> bool:
    """Is a member printed though its model calls it sensitive?"""
    return _MEMBERS.get((service, member)) is SHOWN


def hidden(service: str, member: str, shape: Shape | None) -> object:
    """SHOWN, OMITTED, or what is printed in place of the value."""
    listed = _MEMBERS.get((service, member))
    if listed is not None:
        return listed
    only = _ONLY.get(service)
    if only is not None and member and member not in only:
        return OMITTED
    if shape is not None and (shape.streaming or shape.eventstream):
        return OMITTED
    secret = shape is not None and shape.sensitive
    # EC2 marks a whole launch specification for the user data in it, which is marked itself.
    if secret and shape is not None and shape.kind == "structure" and service == "ec2":
        secret = False
    if secret or member.lower() in _SECRET_NAMES:
        return _SENSITIVE.get(service, _HIDDEN)
    # Ciphertexts, code and images: no reader can use them, and a record has its bounds.
    return OMITTED if shape is not None and shape.kind == "blob" else SHOWN
