"""Policy documents on their way in and out of IAM."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from passrole.policy.validate import MalformedPolicyDocument, check, size
from passrole.services.iam import quotas
from passrole.services.iam.errors import LimitExceeded
from passrole.state import principals
from passrole.state.directory import Directory
from passrole.state.entities import Role


@lru_cache(maxsize=4096)
def encoded(document: str) -> str:
    """As IAM gives a document back: percent-encoded by RFC 3986."""
    return quote(document, safe="")


def trust(document: str, directory: Directory) -> dict[str, str]:
    """Checks a trust policy; returns which entity each user or role ARN in it stands for.

    Raises MalformedPolicyDocument, or LimitExceeded where it is too long.
    """
    check(document, "trust")
    quotas.within("ACLSizePerRole", size(document))
    try:
        return principals.resolve(document, directory)
    except principals.UnknownPrincipal as error:
        raise MalformedPolicyDocument(str(error)) from error


def shown_trust(role: Role, directory: Directory) -> str:
    """A role's trust policy as reading it gives it back, encoded."""
    return encoded(principals.shown(role.trust, role.trust_ids, directory))


def managed(document: str) -> None:
    """Checks a managed policy's document. Raises MalformedPolicyDocument or LimitExceeded."""
    check(document, "identity")
    quotas.within("PolicySize", size(document))


def inline(document: str, others: int, sort: str, name: str) -> None:
    """Checks an inline policy of a user, role or group (sort) of that name.

    others is the size of the entity's other inline policies: the quota is for all together.
    Raises MalformedPolicyDocument or LimitExceeded.
    """
    check(document, "identity")
    limit = quotas.INLINE_SIZES[sort]
    if size(document) + others > limit:
        raise LimitExceeded(f"Maximum policy size of {limit} bytes exceeded for {sort} {name}")
