"""Who asks: the principal of a request, as policies see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn


class PrincipalKind(Enum):
    """The values of ``aws:PrincipalType``, a service acting for itself, and who vouches for a caller."""

    ROOT = "Account"
    USER = "User"
    ROLE_SESSION = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    SERVICE = "AWSService"
    ANONYMOUS = "Anonymous"
    IDENTITY_PROVIDER = "IdentityProvider"  # vouches for an unsigned AssumeRoleWithWebIdentity or …SAML


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request.

    arn is what ``GetCallerIdentity`` and denial messages print: the user's, the root's, the
    federated user's or the role *session*'s ARN; a service principal (``lambda.amazonaws.com``)
    stands there as it is, ``*`` for an anonymous caller, and for a caller whom only an identity
    provider vouches for that provider, as trust policies name it (its ARN, ``accounts.google.com``).
    role_arn is the session's role, path included. id is the unique id as ``aws:userid`` has it:
    ``AIDA…``, ``AROA…:session``, the account's digits for its root, ``ACCOUNT:name`` for a federated
    user, "" where none is known. issuer_arn and issuer_id name the IAM user behind a federated user.
    """

    kind: PrincipalKind
    arn: str
    account: str  # "" for a service or an anonymous caller
    id: str = ""
    role_arn: str = ""  # role sessions only
    issuer_arn: str = ""  # federated users only
    issuer_id: str = ""  # federated users only

    @property
    def session_name(self) -> str:
        """The last part of a session's ARN, "" for everyone else."""
        return self.arn.rsplit("/", 1)[-1] if self.kind is PrincipalKind.ROLE_SESSION else ""

    @property
    def role_id(self) -> str:
        """The role's unique id (``AROA…``) behind a session, "" for everyone else."""
        return self.id.split(":", 1)[0] if self.kind is PrincipalKind.ROLE_SESSION else ""

    @property
    def policy_arn(self) -> str:
        """``aws:PrincipalArn``: the role's ARN for a session, else the caller's own."""
        return self.role_arn if self.kind is PrincipalKind.ROLE_SESSION else self.arn

    @classmethod
    def parse(cls, text: str, *, role_arn: str = "", id: str = "") -> Principal:
        """The principal that an ARN, a service principal or ``*`` names.

        role_arn tells the path of a session's role; without it ``role/NAME`` is taken.
        Raises InvalidArn for anything else, roles included: a role itself never calls.

        >>> Principal.parse("arn:aws:sts::111122223333:assumed-role/Web/i-1").role_arn
        'arn:aws:iam::111122223333:role/Web'
        """
        if text == "*":
            return cls(PrincipalKind.ANONYMOUS, "*", "", "anonymous")
        if not text.startswith("arn:"):
            if "." in text and "/" not in text and ":" not in text:
                return cls(PrincipalKind.SERVICE, text, "")
            raise InvalidArn(text)
        arn = Arn.parse(text)
        if arn.service == "iam" and arn.resource == "root":
            return cls(PrincipalKind.ROOT, text, arn.account, id or arn.account)
        if arn.service == "iam" and arn.kind == "user":
            return cls(PrincipalKind.USER, text, arn.account, id)
        if arn.service == "sts" and arn.kind == "assumed-role" and arn.resource.count("/") == 2:
            role = role_arn or f"arn:{arn.partition}:iam::{arn.account}:role/{arn.resource.split('/')[1]}"
            return cls(PrincipalKind.ROLE_SESSION, text, arn.account, id, role_arn=role)
        if arn.service == "sts" and arn.kind == "federated-user":
            return cls(PrincipalKind.FEDERATED_USER, text, arn.account, id or f"{arn.account}:{arn.name}")
        raise InvalidArn(text)
