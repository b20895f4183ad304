"""Cases of ``passrole decide --jsonl``, read from their lines.

The documents of a case are kept as the bytes they came in, and what was compiled from the same bytes is
used again.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from passrole.decision.plan import compile_alone
from passrole.decision.remembered import BYTES_KEPT, Buffer, ByBytes, ByTail
from passrole.decision.request import Policies, Request
from passrole.policy.document import Policy, UnreadablePolicy
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError
from passrole.values.principal import Principal, PrincipalKind

_PRINCIPALS_KEPT: Final = 4096
_WELL_FORMED_KEPT: Final = 4096
_FIRST_DOCUMENTS: Final = b'"identity_policies"'
_NONE: Final = (b"", b"null")
_ACTION: Final = re.compile(r"[A-Za-z0-9.-]+:[\w.-]+", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


class BadCase(PassroleError):
    """What is wrong with a case, and where."""


class _RequestPart(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    principal: str
    action: str
    resource: str
    role_arn: str | None = None
    resource_account: str | None = None
    context: dict[str, str | tuple[str, ...]] | None = None


class _Documents(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    identity_policies: msgspec.Raw = msgspec.Raw()
    resource_policy: msgspec.Raw = msgspec.Raw()
    permission_boundaries: msgspec.Raw = msgspec.Raw()
    scps: msgspec.Raw = msgspec.Raw()
    rcps: msgspec.Raw = msgspec.Raw()
    vpc_endpoint_policy: msgspec.Raw = msgspec.Raw()
    session_policies: msgspec.Raw = msgspec.Raw()


class _Question(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str
    request: _RequestPart


class _Case(_Documents, kw_only=True, gc=False):
    id: str
    request: _RequestPart


class _IdAlone(msgspec.Struct):
    id: str | None = None


_case: Final = msgspec.json.Decoder(_Case).decode
_question: Final = msgspec.json.Decoder(_Question).decode
_only_documents: Final = msgspec.json.Decoder(_Documents).decode
_id_alone: Final = msgspec.json.Decoder(_IdAlone).decode
_documents: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_levels: Final = msgspec.json.Decoder(list[list[msgspec.Raw]]).decode


class CaseReader:
    """Reads case after case and remembers their documents."""

    def __init__(self, kept: int = BYTES_KEPT) -> None:
        """kept bounds the bytes of documents that each of its caches remembers."""
        self._tail = ByTail(self._read_tail, kept)
        self._set = ByBytes(self._read_set, kept)
        self._policy = ByBytes(Policy.read, kept)
        self._well_formed: set[tuple[str, str]] = set()  # actions and owners that have been looked at
        self._principals: dict[tuple[str, str | None], Principal] = {}

    def read(self, text: Buffer, start: int, end: int) -> tuple[str, Request, Policies]:
        """The id, the question and the policies of the case in text[start:end]. Raises BadCase."""
        try:
            case, policies = self._halves(text, start, end) or self._whole(bytes(text[start:end]))
            return case.id, self._request(case.request), policies
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadCase(str(error)) from error
        except RecursionError as error:
            raise BadCase("it is nested too deep") from error

    def remembered(self) -> int:
        """How many things the caches hold."""
        return len(self._policy) + len(self._tail) + len(self._set) + len(self._principals)

    def _whole(self, line: bytes) -> tuple[_Question | _Case, Policies]:
        case = _case(line)
        return case, self._policies(case)

    def _halves(self, text: Buffer, start: int, end: int) -> tuple[_Question, Policies] | None:
        """The case in two halves, if its documents come last: those that came before are not read again.

        Both halves are read as objects of their own, so where the split falls anywhere but between two
        members, inside a string of the context say, the first is none, and the case is read as a whole.
        """
        place = text.find(_FIRST_DOCUMENTS, start, end)
        if place < 0:
            return None
        comma = text.rfind(b",", start, place)
        if comma < 0 or text[comma + 1 : place].strip():
            return None
        try:
            return _question(text[start:comma] + b"}"), self._tail(text, place, end)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadCase):
            return None  # what is wrong, and where, is said by reading it as a whole

    def _read_tail(self, tail: bytes) -> Policies:
        return self._policies(_only_documents(b"{" + tail))

    def _request(self, part: _RequestPart) -> Request:
        principal = self._principals.get((part.principal, part.role_arn))
        if principal is None:
            principal = _principal(part)
            if len(self._principals) >= _PRINCIPALS_KEPT:
                self._principals.clear()
            self._principals[(part.principal, part.role_arn)] = principal
        owner = part.resource_account or ""
        if (part.action, owner) not in self._well_formed:
            if _ACTION.fullmatch(part.action) is None:
                raise BadCase(f"{part.action!r} is not one action, service:Action - at `$.request.action`")
            if owner and _ACCOUNT.fullmatch(owner) is None:
                raise BadCase(f"{owner!r} is not 12 digits - at `$.request.resource_account`")
            if len(self._well_formed) >= _WELL_FORMED_KEPT:
                self._well_formed.clear()
            self._well_formed.add((part.action, owner))
        if part.resource != "*" and part.resource.count(":", 0, 512) < 5:
            raise BadCase(f"{part.resource!r} is neither an ARN nor * - at `$.request.resource`")
        context: dict[str, str | tuple[str, ...]] = {}
        if part.context:
            context = {key.lower(): value for key, value in part.context.items()}
            if len(context) != len(part.context):
                raise BadCase("a key is there twice, in different case - at `$.request.context`")
        return Request(principal, part.action, part.resource, owner, context)

    def _policies(self, case: _Documents) -> Policies:
        # No byte of JSON is a NUL, so it can part the members.
        return self._set(
            b"\0".join(
                map(
                    bytes,
                    (
                        case.identity_policies,
                        case.resource_policy,
                        case.permission_boundaries,
                        case.scps,
                        case.rcps,
                        case.vpc_endpoint_policy,
                        case.session_policies,
                    ),
                )
            )
        )

    def _read_set(self, members: bytes) -> Policies:
        identity, resource, boundaries, scps, rcps, endpoint, session = members.split(b"\0")
        policies = Policies(
            identity=self._row(identity, "identity_policies"),
            resource=self._one(resource, "resource_policy"),
            boundaries=self._row(boundaries, "permission_boundaries"),
            session=self._row(session, "session_policies") or None,
            scps=self._rows(scps, "scps"),
            rcps=self._rows(rcps, "rcps"),
            vpc_endpoint=self._one(endpoint, "vpc_endpoint_policy"),
        )
        compile_alone(policies)
        return policies

    def _one(self, raw: bytes, field: str) -> Policy | None:
        if raw in _NONE:
            return None
        try:
            return self._policy(raw)
        except UnreadablePolicy as error:
            raise BadCase(f"{error} - at `$.{field}`") from error

    def _row(self, raw: bytes, field: str) -> tuple[Policy, ...]:
        if raw in _NONE:
            return ()
        try:
            return self._documents(_documents(raw), "")
        except msgspec.MsgspecError as error:
            raise BadCase(f"{_inside(error, field)}") from error
        except _BadDocument as error:
            raise BadCase(f"{error.cause} - at `$.{field}[{error.place}]`") from error

    def _rows(self, raw: bytes, field: str) -> tuple[tuple[Policy, ...], ...]:
        if raw in _NONE:
            return ()
        try:
            levels = enumerate(_levels(raw))
            return tuple(self._documents(documents, f"[{number}]") for number, documents in levels)
        except msgspec.MsgspecError as error:
            raise BadCase(f"{_inside(error, field)}") from error
        except _BadDocument as error:
            raise BadCase(f"{error.cause} - at `$.{field}{error.level}[{error.place}]`") from error

    def _documents(self, documents: list[msgspec.Raw], level: str) -> tuple[Policy, ...]:
        found: list[Policy] = []
        for document in documents:
            try:
                found.append(self._policy(bytes(document)))
            except UnreadablePolicy as error:
                raise _BadDocument(level, len(found), error) from error
        return tuple(found)


class _BadDocument(PassroleError):
    """A document of a list that cannot be read."""

    def __init__(self, level: str, place: int, cause: UnreadablePolicy) -> None:
        super().__init__(level, place, cause)
        self.level = level
        self.place = place
        self.cause = cause


def _inside(error: msgspec.MsgspecError, field: str) -> str:
    """msgspec's message, with the place seen from the whole case."""
    message = str(error)
    return message.replace("`$", f"`$.{field}", 1) if "`$" in message else f"{message} - at `$.{field}`"


def _principal(part: _RequestPart) -> Principal:
    try:
        principal = Principal.parse(part.principal, role_arn=part.role_arn or "")
    except InvalidArn as error:
        raise BadCase(f"{error.text!r} is no principal that calls - at `$.request.principal`") from error
    if part.role_arn:
        given = part.role_arn
        if principal.kind is not PrincipalKind.ROLE_SESSION or not _is_role_of(given, principal):
            raise BadCase(f"{given!r} is not the role of {principal.arn} - at `$.request.role_arn`")
    return principal


def _is_role_of(role_arn: str, principal: Principal) -> bool:
    try:
        role, session = Arn.parse(role_arn), Arn.parse(principal.arn)
    except InvalidArn:
        return False
    owner = (role.partition, role.service, role.account) == (session.partition, "iam", session.account)
    return owner and role.kind == "role" and role.name == session.resource.split("/")[1]


def id_of(line: bytes) -> str | None:
    """The id of a line that is no case, None where it cannot be made out."""
    try:
        return _id_alone(line).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
