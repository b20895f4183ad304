"""``passrole decide --jsonl``: a case a line in, a verdict a line out.

The documents of a case are kept as the bytes they came in, and what was compiled from the same bytes is
used again. What is kept is bounded, so memory stays flat however long the stream.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

import msgspec

from passrole.decision import explain as explaining
from passrole.decision.evaluate import evaluate
from passrole.decision.request import Clause, Outcome, Policies, Request
from passrole.policy.document import Policy, UnreadablePolicy
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn, PassroleError
from passrole.values.principal import Principal, PrincipalKind

Kept = TypeVar("Kept")

# Bytes of documents that each cache remembers, twice over.
_BYTES_KEPT: Final = 8 << 20
_PRINCIPALS_KEPT: Final = 4096
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
    context: dict[str, str | list[str]] | None = None


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
_encode: Final = msgspec.json.Encoder().encode


class _Cache(Generic[Kept]):
    """Values by the bytes they were made from. The least lately used half goes when there are too many."""

    __slots__ = ("_make", "_new", "_old", "_size")

    def __init__(self, make: Callable[[bytes], Kept]) -> None:
        self._make = make
        self._new: dict[bytes, Kept] = {}
        self._old: dict[bytes, Kept] = {}
        self._size = 0

    def __call__(self, key: bytes) -> Kept:
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                found = self._make(key)
            self._new[key] = found
            self._size += len(key)
            if self._size > _BYTES_KEPT:
                self._old = self._new
                self._new = {}
                self._size = 0
        return found


def decide(lines: Iterable[bytes], *, explain: bool = False) -> Iterator[bytes]:
    """One verdict for each case, in order, each a line with its line feed. Blank lines are passed over.

    A malformed case gives ``{"id": …, "error": …}``, by which the caller knows that its exit status is 1.
    explain adds reason, layer and statements.
    """
    decider = Decider(explained=explain)
    for line in lines:
        if line.strip():
            yield decider.verdict(line)


class Decider:
    """Decides case after case and remembers what it compiled."""

    def __init__(self, *, explained: bool = False) -> None:
        self._explained = explained
        self.errors = 0  # malformed cases so far
        self._tail = _Cache(self._read_tail)
        self._policy = _Cache(Policy.read)
        self._list = _Cache(self._read_list)
        self._levels = _Cache(self._read_levels)
        self._sets: dict[tuple[bytes, ...], Policies] = {}
        self._older_sets: dict[tuple[bytes, ...], Policies] = {}
        self._set_bytes = 0
        self._principals: dict[tuple[str, str | None], Principal] = {}

    def verdict(self, line: bytes) -> bytes:
        """The verdict on one case, as a line with its line feed."""
        try:
            case, policies = self._halves(line) or self._whole(line)
            request = self._request(case.request)
        except (msgspec.MsgspecError, UnicodeDecodeError, BadCase) as error:
            return self._error(line, str(error))
        except RecursionError:
            return self._error(line, "it is nested too deep")
        decision = evaluate(request, policies)
        if not self._explained:
            return b'{"id": %b, "decision": "%b"}\n' % (_encode(case.id), _WORDS[decision.outcome.value])
        return _encode(_explained(case.id, request, explaining.explain(request, policies, decision))) + b"\n"

    def _whole(self, line: bytes) -> tuple[_Question | _Case, Policies]:
        case = _case(line)
        return case, self._policies(case)

    def _halves(self, line: bytes) -> tuple[_Question, Policies] | None:
        """The case in two halves, if its documents come last: those that came before are not read again.

        Both halves are read as objects of their own, so where the split falls anywhere but between two
        members, inside a string of the context say, the first is none, and the case is read as a whole.
        """
        place = line.find(_FIRST_DOCUMENTS)
        if place < 0:
            return None
        before = line[:place].rstrip()
        if not before.endswith(b","):
            return None
        try:
            return _question(before[:-1] + b"}"), self._tail(line[place:])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadCase):
            return None  # what is wrong, and where, is said by reading it as a whole

    def _read_tail(self, tail: bytes) -> Policies:
        return self._policies(_only_documents(b"{" + tail))

    def _error(self, line: bytes, message: str) -> bytes:
        self.errors += 1
        try:
            found = _id_alone(line).id
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found = None
        return _encode({"id": found, "error": message}) + b"\n"

    def _request(self, part: _RequestPart) -> Request:
        principal = self._principals.get((part.principal, part.role_arn))
        if principal is None:
            principal = _principal(part)
            if len(self._principals) >= _PRINCIPALS_KEPT:
                self._principals.clear()
            self._principals[(part.principal, part.role_arn)] = principal
        if _ACTION.fullmatch(part.action) is None:
            raise BadCase(f"{part.action!r} is not one action, service:Action - at `$.request.action`")
        if part.resource != "*" and part.resource.count(":", 0, 512) < 5:
            raise BadCase(f"{part.resource!r} is neither an ARN nor * - at `$.request.resource`")
        owner = part.resource_account or ""
        if owner and _ACCOUNT.fullmatch(owner) is None:
            raise BadCase(f"{owner!r} is not 12 digits - at `$.request.resource_account`")
        context: dict[str, str | tuple[str, ...]] = {}
        if part.context:
            for key, value in part.context.items():
                context[key.lower()] = value if isinstance(value, str) else tuple(value)
            if len(context) != len(part.context):
                raise BadCase("a key is there twice, in different case - at `$.request.context`")
        return Request(principal, part.action, part.resource, owner, context)

    def _policies(self, case: _Documents) -> Policies:
        key = (
            bytes(case.identity_policies),
            bytes(case.resource_policy),
            bytes(case.permission_boundaries),
            bytes(case.scps),
            bytes(case.rcps),
            bytes(case.vpc_endpoint_policy),
            bytes(case.session_policies),
        )
        found = self._sets.get(key)
        if found is None:
            found = self._older_sets.get(key) or self._read(key)
            self._sets[key] = found
            self._set_bytes += sum(map(len, key))
            if self._set_bytes > _BYTES_KEPT:
                self._older_sets, self._sets, self._set_bytes = self._sets, {}, 0
        return found

    def _read(self, key: tuple[bytes, ...]) -> Policies:
        identity, resource, boundaries, scps, rcps, endpoint, session = key
        return Policies(
            identity=self._row(identity, "identity_policies"),
            resource=self._one(resource, "resource_policy"),
            boundaries=self._row(boundaries, "permission_boundaries"),
            session=self._row(session, "session_policies") or None,
            scps=self._rows(scps, "scps"),
            rcps=self._rows(rcps, "rcps"),
            vpc_endpoint=self._one(endpoint, "vpc_endpoint_policy"),
        )

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
            return self._list(raw)
        except msgspec.MsgspecError as error:
            raise BadCase(f"{_inside(error, field)}") from error
        except _BadDocument as error:
            raise BadCase(f"{error.cause} - at `$.{field}[{error.place}]`") from error

    def _rows(self, raw: bytes, field: str) -> tuple[tuple[Policy, ...], ...]:
        if raw in _NONE:
            return ()
        try:
            return self._levels(raw)
        except msgspec.MsgspecError as error:
            raise BadCase(f"{_inside(error, field)}") from error
        except _BadDocument as error:
            raise BadCase(f"{error.cause} - at `$.{field}{error.level}[{error.place}]`") from error

    def _read_list(self, raw: bytes, level: str = "") -> tuple[Policy, ...]:
        return self._documents(_documents(raw), level)

    def _read_levels(self, raw: bytes) -> tuple[tuple[Policy, ...], ...]:
        return tuple(
            self._documents(documents, f"[{number}]") for number, documents in enumerate(_levels(raw))
        )

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


_WORDS: Final = {outcome.value: outcome.value.encode() for outcome in Outcome}


def _explained(case: str, request: Request, found: explaining.Explanation) -> dict[str, object]:
    decision = found.decision
    return {
        "id": case,
        "decision": decision.outcome.value,
        "reason": decision.reason.removeprefix("because "),
        "layer": decision.layer,
        "statements": [_statement(clause, request) for clause in found.statements],
    }


def _statement(clause: Clause, request: Request) -> dict[str, object]:
    told: dict[str, object] = {
        "layer": clause.layer,
        "policy": clause.index,
        "statement": clause.statement,
        "effect": clause.effect,
        "element": clause.element or ("Condition" if clause.key else "Action"),
    }
    if clause.key:
        told["key"] = clause.key
        told["operator"] = clause.operator
    if clause.element or clause.key:
        asked = clause.asked
        told["asked"] = asked[0] if asked is not None and len(asked) == 1 else asked
        told["wanted"] = clause.wanted
    else:
        told["asked"] = request.action
    return told
