"""One record as an audit reads it: the few members it needs, and the rest left as bytes.

Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events"
and "CloudTrail userIdentity element".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn

_NULL: Final = msgspec.Raw(b"null")
_SESSION: Final = re.compile(r"(arn:[\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.*", re.DOTALL)


class Record(msgspec.Struct, gc=False):
    """One record. What is not there is "" or null; whatever else it has is read past."""

    eventName: str = ""  # noqa: N815
    eventSource: str = ""  # noqa: N815
    eventTime: str = ""  # noqa: N815
    eventID: str = ""  # noqa: N815
    awsRegion: str = ""  # noqa: N815
    sourceIPAddress: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815
    recipientAccountId: str | None = None  # noqa: N815
    userIdentity: msgspec.Raw = _NULL  # noqa: N815
    requestParameters: msgspec.Raw = _NULL  # noqa: N815

    def parameters(self) -> object:
        """requestParameters, parsed."""
        found: object = msgspec.json.decode(self.requestParameters)
        return found

    def identity(self) -> Mapping[str, object]:
        """userIdentity, parsed."""
        return _mapping(msgspec.json.decode(self.userIdentity))


class WholeRecord(Record, gc=False):
    """The same with what a call is made again from."""

    userAgent: str | None = None  # noqa: N815
    vpcEndpointId: str | None = None  # noqa: N815
    requestID: str | None = None  # noqa: N815

    def as_event(self) -> dict[str, object]:
        """The record's own members."""
        found: dict[str, object] = {name: getattr(self, name) for name in self.__struct_fields__}
        return found | {"userIdentity": self.identity(), "requestParameters": self.parameters()}


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def caller_of(identity: Mapping[str, object]) -> tuple[str, str]:
    """(principal, account) of a userIdentity: a session counts as its role, or as the user it came from.

    A service that acts for itself is its service principal; an account that a record does not tell is "".
    """
    arn = str(identity.get("arn") or "")
    account = str(identity.get("accountId") or "")
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    behind = str(issuer.get("arn") or "")
    if behind:
        return behind, account or str(issuer.get("accountId") or "")
    session = _SESSION.fullmatch(arn)
    if session is not None:
        return f"{session[1]}:iam::{session[2]}:role/{session[3]}", account or session[2]
    if arn:
        return arn, account or _account_of(arn)
    for member in ("invokedBy", "principalId", "accountId"):
        if text := identity.get(member):
            return str(text), account
    return "", account


def _account_of(arn: str) -> str:
    try:
        return Arn.parse(arn).account
    except InvalidArn:
        return ""
