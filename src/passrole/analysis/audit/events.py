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
    """One record. What is not there is "" or null; whatever else it has is read past.

    In the order in which CloudTrail writes them: so a member's name is compared with one other, mostly.
    """

    userIdentity: msgspec.Raw = _NULL  # noqa: N815
    eventTime: str = ""  # noqa: N815
    eventSource: str = ""  # noqa: N815
    eventName: str = ""  # noqa: N815
    awsRegion: str = ""  # noqa: N815
    sourceIPAddress: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815
    requestParameters: msgspec.Raw = _NULL  # noqa: N815
    eventID: str = ""  # noqa: N815
    recipientAccountId: str | None = None  # noqa: N815

    def parameters(self) -> object:
        """requestParameters, parsed."""
        found: object = msgspec.json.decode(self.requestParameters)
        return found

    def caller(self) -> tuple[str, str]:
        """(principal, account), as caller_of has them."""
        try:
            known = _identity(self.userIdentity)
        except ValueError:  # a member of another type than AWS's
            return caller_of(self.identity())
        return _caller(known) if known is not None else ("", "")

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


class _Issuer(msgspec.Struct, gc=False):
    arn: str | None = None
    accountId: str | None = None  # noqa: N815


class _Context(msgspec.Struct, gc=False):
    sessionIssuer: _Issuer | None = None  # noqa: N815


class _Identity(msgspec.Struct, gc=False):
    """Of userIdentity, what tells who called."""

    arn: str | None = None
    accountId: str | None = None  # noqa: N815
    principalId: str | None = None  # noqa: N815
    invokedBy: str | None = None  # noqa: N815
    sessionContext: _Context | None = None  # noqa: N815


_identity: Final = msgspec.json.Decoder(_Identity | None).decode


def caller_of(identity: Mapping[str, object]) -> tuple[str, str]:
    """(principal, account) of a userIdentity: a session counts as its role, or as the user it came from.

    A service that acts for itself is its service principal; an account that a record does not tell is "".
    """
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    return _caller(
        _Identity(
            arn=_text(identity, "arn"),
            accountId=_text(identity, "accountId"),
            principalId=_text(identity, "principalId"),
            invokedBy=_text(identity, "invokedBy"),
            sessionContext=_Context(_Issuer(_text(issuer, "arn"), _text(issuer, "accountId"))),
        )
    )


def _text(content: Mapping[str, object], member: str) -> str:
    found = content.get(member)
    return "" if found is None else str(found)


def _caller(identity: _Identity) -> tuple[str, str]:
    account = identity.accountId or ""
    context = identity.sessionContext
    issuer = context.sessionIssuer if context is not None else None
    if issuer is not None and issuer.arn:
        return issuer.arn, account or issuer.accountId or ""
    arn = identity.arn or ""
    session = _SESSION.fullmatch(arn)
    if session is not None:
        return f"{session[1]}:iam::{session[2]}:role/{session[3]}", account or session[2]
    if arn:
        return arn, account or _account_of(arn)
    return identity.invokedBy or identity.principalId or account, account


def _account_of(arn: str) -> str:
    try:
        return Arn.parse(arn).account
    except InvalidArn:
        return ""
