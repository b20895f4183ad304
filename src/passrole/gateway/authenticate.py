"""From bytes to a caller: the signature, its key, and whose key it is.

The order of the checks is AWS's: scope, key, session token, expiry, the session's role, and the HMAC
last. Source: observations of live STS, "Order of authentication checks".
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from passrole.authorize.call import Caller
from passrole.state.directory import Directory
from passrole.state.entities import AccessKey, Entity, Role, Session, User
from passrole.state.organization import suspended
from passrole.values.principal import Principal, PrincipalKind
from passrole.wire import sigv2, sigv4
from passrole.wire.authfailure import AuthFailure, AuthKind
from passrole.wire.payload import decode_body
from passrole.wire.request import RawRequest, Signature
from passrole.wire.route import Route

ANONYMOUS: Final = Caller(Principal(PrincipalKind.ANONYMOUS, "*", "", "anonymous"))

_CALLERS_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request whose signature holds, or one that may come unsigned (signature None, caller anonymous).

    body is the payload without aws-chunked framing.
    """

    raw: RawRequest
    route: Route
    signature: Signature | None
    caller: Caller
    body: bytes


class Authenticator:
    """Verifies signatures against the keys of a directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._keys = sigv4.SigningKeyCache()
        # Key id -> (the entities that a caller was made of, the caller): an entity is replaced when it
        # changes, so a caller made of the very same ones is still true.
        self._callers: OrderedDict[str, tuple[tuple[Entity | None, ...], Caller]] = OrderedDict()

    def authenticate(
        self, raw: RawRequest, route: Route, now: datetime, machine: datetime | None = None
    ) -> SignedRequest:
        """Raises AuthFailure; what it says is spelled by ``wire.errors`` for the route's protocol.

        now is the endpoint's time, for credentials; machine (default: the same) the one that signatures
        are dated by.
        """
        if route.s3 and sigv2.is_older(raw):
            return self._older(raw, route, now, machine or now)
        signature = sigv4.parse(raw)
        if signature is None:
            # Anyone may ask S3; a bucket's policy answers anonymous callers.
            if not route.unsigned and not route.s3:
                raise AuthFailure(AuthKind.MISSING)
            body = raw.body
            if route.s3:
                body = decode_body(raw, None, "", keys=self._keys, operation=route.operation)
            return SignedRequest(raw, route, None, ANONYMOUS, body)
        # AWS's global services take us-east-1 alone, which clients know of AWS's own addresses only: given
        # another one, as ours, they sign for whatever region is theirs.
        sigv4.check_scope(signature, service=route.signing_name)
        secret, caller = self._credentials(signature, now)
        s3 = route.s3
        sigv4.verify(raw, signature, secret, keys=self._keys, s3=s3, unsigned_payload=route.unsigned_payload)
        sigv4.check_time(signature, machine or now, s3=s3)
        body = raw.body
        if s3:
            body = decode_body(raw, signature, secret, keys=self._keys, operation=route.operation)
        return SignedRequest(raw, route, signature, caller, body)

    def _older(self, raw: RawRequest, route: Route, now: datetime, machine: datetime) -> SignedRequest:
        """A request to S3 with a signature of version 2."""
        signature = sigv2.parse(raw)
        secret, caller = self._credentials(signature, now)
        sigv2.verify(raw, signature, secret, dict.fromkeys((raw.path, route.path)))
        sigv2.check_time(signature, machine)
        body = decode_body(raw, None, "", keys=self._keys, operation=route.operation)
        return SignedRequest(raw, route, signature, caller, body)

    def own_path(self, raw: RawRequest, now: datetime, machine: datetime | None = None) -> Caller:
        """Who signed a request to one of the endpoint's own paths, for whatever service and region.

        As authenticate. Raises AuthFailure.
        """
        signature = sigv4.parse(raw)
        if signature is None:
            raise AuthFailure(AuthKind.MISSING)
        secret, caller = self._credentials(signature, now)
        sigv4.verify(raw, signature, secret, keys=self._keys)
        sigv4.check_time(signature, machine or now, s3=False)
        return caller

    def _credentials(self, signature: Signature, now: datetime) -> tuple[str, Caller]:
        key_id = signature.credential.access_key_id
        session = self._directory.by_id(Session, key_id)
        if session is not None:
            return session.secret, self._session_caller(session, signature, now)
        key = self._directory.by_id(AccessKey, key_id)
        if key is None:
            raise AuthFailure(AuthKind.UNKNOWN_KEY, {"access_key_id": key_id})
        if not key.active or suspended(self._directory, key.account):
            raise AuthFailure(AuthKind.INACTIVE_KEY)
        if signature.session_token is not None:
            # A long-term key takes no token.
            raise AuthFailure(AuthKind.BAD_TOKEN, {"token": signature.session_token})
        if not key.user_id:
            return key.secret, self._remembered(key_id, (key,), lambda: _root(key.account, key_id))
        user = self._directory.by_id(User, key.user_id)
        if user is None:
            raise AuthFailure(AuthKind.UNKNOWN_KEY, {"access_key_id": key_id})
        return key.secret, self._remembered(key_id, (key, user), lambda: _user(user, key_id))

    def _session_caller(self, session: Session, signature: Signature, now: datetime) -> Caller:
        token = signature.session_token
        if token is None or not hmac.compare_digest(token.encode(), session.token.encode()):
            raise AuthFailure(AuthKind.BAD_TOKEN, {"token": token or ""})
        if session.expires <= now:
            raise AuthFailure(AuthKind.EXPIRED_TOKEN, {"token": token})
        if suspended(self._directory, session.account):
            raise AuthFailure(AuthKind.INACTIVE_KEY)
        role = self._directory.by_id(Role, session.role_id) if session.role_id else None
        user = self._directory.by_id(User, session.user_id) if session.user_id else None
        if (session.role_id and role is None) or (session.user_id and user is None):
            # The role or user is gone; one of the same name is somebody else.
            raise AuthFailure(AuthKind.BAD_TOKEN, {"token": token})
        return self._remembered(
            session.id, (session, role, user), lambda: session_caller(session, role, user)
        )

    def _remembered(
        self, key_id: str, made_of: tuple[Entity | None, ...], make: Callable[[], Caller]
    ) -> Caller:
        known = self._callers.get(key_id)
        if (
            known is not None
            and len(known[0]) == len(made_of)
            and all(one is other for one, other in zip(known[0], made_of, strict=True))
        ):
            return known[1]
        caller = make()
        self._callers[key_id] = (made_of, caller)
        self._callers.move_to_end(key_id)
        if len(self._callers) > _CALLERS_KEPT:
            self._callers.popitem(last=False)
        return caller


def _root(account: str, key_id: str) -> Caller:
    return Caller(Principal(PrincipalKind.ROOT, f"arn:aws:iam::{account}:root", account, account), key_id)


def _user(user: User, key_id: str) -> Caller:
    return Caller(Principal(PrincipalKind.USER, user.arn, user.account, user.id), key_id, None, user)


def session_caller(session: Session, role: Role | None, user: User | None) -> Caller:
    """The caller that temporary credentials stand for; role or user is the entity behind them."""
    principal: Principal
    if session.sort == "role" and role is not None:
        principal = Principal(
            PrincipalKind.ROLE_SESSION,
            session.arn,
            session.account,
            session.principal_id,
            role_arn=role.arn,
        )
    elif session.sort == "federated":
        principal = Principal(
            PrincipalKind.FEDERATED_USER,
            session.arn,
            session.account,
            session.principal_id,
            issuer_arn=user.arn if user is not None else f"arn:aws:iam::{session.account}:root",
            issuer_id=user.id if user is not None else session.account,
        )
    elif user is not None:
        principal = Principal(PrincipalKind.USER, user.arn, user.account, user.id)
    else:
        principal = Principal(
            PrincipalKind.ROOT, f"arn:aws:iam::{session.account}:root", session.account, session.account
        )
    return Caller(principal, session.id, session, user, role)
