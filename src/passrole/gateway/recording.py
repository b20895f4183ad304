"""Calls turned into events: one for the caller, one for another account whose resource they touched.

Source: CloudTrail User Guide, "Logging IAM and AWS STS API calls"; recorded events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

from passrole.authorize.call import Call, Caller, NoFacts, ResourceFacts
from passrole.authorize.refusal import AccessRefused
from passrole.catalog.operations import PASS_ROLE
from passrole.gateway.asked import asked
from passrole.passing.unpassable import CrossAccountPass
from passrole.state.directory import Directory
from passrole.state.entities import Account, Role, Session
from passrole.state.record import record
from passrole.state.records.identity import (
    Identity,
    federated_identity,
    foreign_identity,
    identity_of,
    service_identity,
)
from passrole.state.trail import Event
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.values.principal import PrincipalKind
from passrole.wire import sigv2

Fields = Mapping[str, object]

_S3: Final = frozenset(("s3", "s3control"))

# Services whose calls are recorded for the owner of what they touch, too: the member that names it.
_OWNED: Final[Mapping[str, str]] = {"kms": "KeyId", "sts": "RoleArn"}


class Recorder:
    """Makes the events of calls; nothing is written here."""

    def __init__(self, directory: Directory, ids: Ids, facts: ResourceFacts | None = None) -> None:
        self._directory = directory
        self._ids = ids
        self._facts = facts if facts is not None else NoFacts()
        self._identities: WeakKeyDictionary[Caller, Identity] = WeakKeyDictionary()

    def events(
        self,
        call: Call,
        *,
        output: Callable[[], Fields] | None = None,
        error: ServiceError | None = None,
        would_deny: str = "",
    ) -> tuple[Event, ...]:
        """The events of one call that an account's credentials (or nobody's) made.

        would_deny is the refusal that ``--enforce report`` let through: the record says so.
        """
        identity = self._identity(call)
        account = identity.account or call.account
        if not account:
            return ()  # an anonymous caller of nobody's bucket
        agent = call.raw.header("user-agent") or ""
        source = call.raw.client
        behind = _service_behind(call)
        if behind:
            source = agent = behind
        answered = output() if output is not None else None
        request = asked(call, self._directory, answered=error is None)
        owner = self._owner(call) if error is None else ""
        shared = self._ids.uuid() if owner and owner != account else ""
        denied = isinstance(error, AccessRefused | CrossAccountPass)
        passing = denied and not (isinstance(error, AccessRefused) and error.refusal.action != PASS_ROLE)
        additional: dict[str, object] = {"passroleWouldDeny": would_deny} if would_deny else {}
        host = ""
        if call.service in _S3:
            host = call.raw.header("host") or ""
            additional |= _transfer(call)
            agent = agent if behind else f"[{agent}]"

        def copy(of: Identity, recipient: str) -> Event:
            return record(
                call.service,
                call.operation,
                identity=of,
                account=recipient,
                region=call.region,
                time=call.now,
                source_ip=source,
                user_agent=agent,
                request=request,
                request_id=call.request_id,
                event_id=self._ids.uuid(),
                response=answered,
                error=error,
                denied=denied,
                passing=passing,
                host=host,
                shared_event_id=shared,
                additional=additional,
                owner=owner,
            )

        own = copy(identity, account)
        if not shared or self._directory.by_key(Account, owner, owner) is None:
            return (own,)
        return own, copy(foreign_identity(call.caller.principal), owner)

    def service_assume(
        self,
        service: str,
        role: Role,
        session_name: str,
        region: str,
        now: datetime,
        *,
        session: Session | None = None,
        error: str = "",
    ) -> tuple[Event, ...]:
        """The event of a service that takes a role for a workload, or is refused it."""
        answer: Fields | None = None
        if session is not None:
            answer = {
                "Credentials": {
                    "AccessKeyId": session.id,
                    "SecretAccessKey": session.secret,
                    "SessionToken": session.token,
                    "Expiration": session.expires,
                },
                "AssumedRoleUser": {"AssumedRoleId": session.principal_id, "Arn": session.arn},
            }
        return (
            record(
                "sts",
                "AssumeRole",
                identity=service_identity(service),
                account=role.account,
                region=region,
                time=now,
                source_ip=service,
                user_agent=service,
                request={"RoleArn": role.arn, "RoleSessionName": session_name},
                request_id=self._ids.uuid(),
                event_id=self._ids.uuid(),
                response=answer,
                error=ServiceError(error, code="AccessDenied", status=403) if error else None,
                shared_event_id=self._ids.uuid(),
            ),
        )

    def _owner(self, call: Call) -> str:
        """The account that owns what a call touched and is told of it, "" where none is.

        Source: CloudTrail User Guide, "CloudTrail record contents", sharedEventID; S3 User Guide, "CloudTrail
        log file entries for Amazon S3".
        """
        if call.caller.principal.kind is PrincipalKind.ANONYMOUS:
            return ""
        if call.service == "s3":
            bucket = call.input.get("Bucket")
            return (self._facts.owner(f"arn:aws:s3:::{bucket}") or "") if isinstance(bucket, str) else ""
        arn = call.input.get(_OWNED.get(call.service, ""))
        return arn.split(":")[4] if isinstance(arn, str) and arn.count(":") >= 5 else ""

    def _identity(self, call: Call) -> Identity:
        caller = call.caller
        if call.called_via:
            return self._made(caller, call.called_via[-1])
        known = self._identities.get(caller)
        if known is None:
            known = self._identities[caller] = self._made(caller, "")
        return known

    def _made(self, caller: Caller, invoked_by: str) -> Identity:
        principal = caller.principal
        if principal.kind is PrincipalKind.IDENTITY_PROVIDER:
            saml = ":saml-provider/" in principal.arn
            subject = principal.id.removeprefix(f"{principal.arn}:").split(":", 1)[-1]
            provider = principal.id.split(":", 1)[0] if saml else principal.arn
            kind = "SAMLUser" if saml else "WebIdentityUser"
            return federated_identity(kind, principal.id, subject, provider)
        return identity_of(caller.principal, caller.access_key_id, caller.session, invoked_by=invoked_by)


def _transfer(call: Call) -> dict[str, object]:
    """How a request to S3 was signed and how large it was. Source: recorded events.

    What AWS says of the connection and of the answer is not known here.
    """
    if call.caller.principal.kind in (PrincipalKind.ANONYMOUS, PrincipalKind.SERVICE) or call.called_via:
        return {"bytesTransferredIn": len(call.body)}
    return {
        "SignatureVersion": "SigV2" if sigv2.is_older(call.raw) else "SigV4",
        "bytesTransferredIn": len(call.body),
        "AuthenticationMethod": "QueryString" if call.presigned else "AuthHeader",
    }


def _service_behind(call: Call) -> str:
    """The service that made the call: with its caller's credentials, or with a role that it was passed."""
    if call.called_via:
        return call.called_via[-1]
    if call.caller.principal.kind is PrincipalKind.SERVICE:
        return call.caller.principal.arn
    return call.caller.session.invoked_by if call.caller.session is not None else ""
