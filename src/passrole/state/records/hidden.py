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
    ("cloudformation", "Parameters"): _HIDDEN,
    ("ec2", "KeyMaterial"): _REMOVED,
    ("ec2", "PasswordData"): _REMOVED,
    ("ec2", "UserData"): _REMOVED,
    ("iam", "AuthenticationCode1"): OMITTED,
    ("iam", "AuthenticationCode2"): OMITTED,
    ("lambda", "Environment"): {},  # the record says that there is one, not what is in it
    ("lambda", "ZipFile"): OMITTED,
    ("rds", "MasterUserPassword"): _HIDDEN,
    ("rolesanywhere", "tags"): _HIDDEN,
    ("s3", "KMSKeyArn"): SHOWN,
    ("s3", "KMSKeyId"): SHOWN,
    ("s3", "KMSMasterKeyID"): SHOWN,
    ("s3", "KeyId"): SHOWN,
    ("s3", "SSEKMSKeyId"): SHOWN,
    ("sts", "TokenCode"): OMITTED,
}

# What a service writes for a member that its model calls sensitive; _HIDDEN for every other one.
_SENSITIVE: Final[Mapping[str, object]] = {
    "ec2": _REMOVED,
    "iam": OMITTED,
    "kms": OMITTED,
    "lambda": OMITTED,
    "organizations": _STARS,
    "s3": OMITTED,
    "secretsmanager": OMITTED,
    "sts": OMITTED,
}

# Not every model marks its secrets. In lower case; better a harmless value hidden than a secret shown.
_SECRET_NAMES: Final = _words(
    "accesstoken adminuserpassword apikeyvalue authtoken bindpassword clientsecret connectionpassword "
    "masterpassword masteruserpassword newpassword oldpassword password plaintext presharedkey "
    "privatekey proposedpassword refreshtoken samlassertion secretaccesskey secretbinary secretkey "
    "secretstring tokencode userpassword webidentitytoken"
)


def hidden(service: str, member: str, shape: Shape | None) -> object:
    """SHOWN, OMITTED, or what is printed in place of the value."""
    listed = _MEMBERS.get((service, member))
    if listed is not None:
        return listed
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
