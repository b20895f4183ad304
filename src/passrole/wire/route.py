"""Which service, protocol and operation a request is for. One port takes them all.

What a client signs decides: the credential scope, X-Amz-Target, the path, and a form's Version and
Action. The Host header is only asked for what nothing else tells (a bucket's name, an unsigned
request), because nobody vouches for it.

Nothing here authenticates. A request for no known operation still gets a route, whose problem is to
be raised once the signature holds: AWS tells a stranger nothing about what there is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import quote

from passrole.values.errors import ServiceError
from passrole.wire import errors, models, services
from passrole.wire.canonical import query_parameters
from passrole.wire.request import RawRequest
from passrole.wire.restroute import RestMatch, routes
from passrole.wire.services import Protocol

# Credential=KEY/DATE/REGION/SERVICE/aws4_request, in a header or percent-encoded in the query string.
_SCOPE: Final = re.compile(r"Credential=[^/,\s%&]*(?:/|%2F)[^/%]*(?:/|%2F)[^/%]*(?:/|%2F)([^/%,\s&]*)", re.I)
_CBOR_PATH: Final = re.compile(r"(?:/.*)?/service/([^/]+)/operation/([^/]+)")
_ACTION: Final = re.compile(r"(?:^|&)Action=([^&]*)")
_VERSION: Final = re.compile(r"(?:^|&)Version=([^&]*)")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")

# What stands before amazonaws.com or this endpoint's own name: s3, s3.eu-west-1, s3-eu-west-1,
# s3.dualstack.eu-west-1, each with a bucket and a dot in front or not.
_S3_NAME: Final = re.compile(r"(?:(.*)\.)?s3(?:[.-](?:dualstack\.|fips[.-])?[a-z]{2}(?:-[a-z]+)+-[0-9])?")
_AWS_HOST: Final = re.compile(r"(.+?)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")

# Services whose operations need no signature and are told apart by their paths alone.
_UNSIGNED_REST: Final = ("sso", "sso-oidc", "signin")

_REST: Final = ("rest-json", "rest-xml")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes.

    service is botocore's name, "" where none is known; operation "" where none was found.
    signing_name is what the credential scope must say. path is the request's path as the model's
    templates have it: with the bucket in front where S3 was sent it in the host.
    """

    service: str
    protocol: Protocol
    operation: str
    signing_name: str
    path: str
    s3: bool = False  # signed and framed by S3's rules
    unsigned: bool = False  # the operation needs no signature
    unsigned_payload: bool = False  # a signature may leave the body out
    problem: ServiceError | None = None


def route(raw: RawRequest, *, hosts: Collection[str] = ("localhost",)) -> Route:
    """The route of a request. hosts are names of this endpoint, under which S3's buckets are hosts."""
    scope = _scope(raw)
    if raw.header("smithy-protocol") == "rpc-v2-cbor" and (found := _CBOR_PATH.fullmatch(raw.path)):
        return _rpc("smithy-rpc-v2-cbor", found[1], found[2], scope, raw)
    target = raw.header("x-amz-target")
    if target is not None:
        prefix, _, operation = target.rpartition(".")
        return _rpc("json", prefix, operation, scope, raw)
    candidates = services.signed_as(scope) if scope else ()
    if _is_form(raw, candidates):
        return _form(raw, scope, candidates)
    return _rest(raw, scope, candidates, hosts)


def _scope(raw: RawRequest) -> str:
    """The service in the credential scope; "" for a request without one."""
    authorization = raw.header("authorization")
    found = _SCOPE.search(authorization if authorization is not None else raw.query)
    return found[1] if found is not None else ""


def _with_operation(names: Iterable[str], operation: str) -> str | None:
    return next((name for name in names if operation in models.service(name)), None)


# --- json and rpc-v2-cbor ---------------------------------------------------------------------


def _rpc(protocol: Protocol, prefix: str, operation: str, scope: str, raw: RawRequest) -> Route:
    """The prefix names the service; those who share it differ in their operations."""
    targeted = services.targeted(prefix)
    names = [name for name in targeted if protocol in services.entry(name).protocols]
    signed = services.signed_as(scope)
    if len(names) > 1:
        names = sorted(_host_first(names, raw), key=lambda name: name not in signed)
    service = _with_operation(names, operation)
    if service is not None:
        return _found(service, protocol, operation, raw.path)
    service = next(iter([*names, *signed]), "")
    return _lost(service, protocol, scope, raw.path)


def _found(service: str, protocol: Protocol, operation: str, path: str) -> Route:
    signing_name, s3, unsigned, unsigned_payload = _facts(service, operation)
    return Route(service, protocol, operation, signing_name, path, s3, unsigned, unsigned_payload)


@cache
def _facts(service: str, operation: str) -> tuple[str, bool, bool, bool]:
    """An operation's signing name, and whether it is S3's, unsigned, and has an unsigned payload."""
    model = models.service(service).operation(operation)
    signing_name = services.entry(service).signing_name
    return signing_name, services.is_s3(service), model.unsigned, model.unsigned_payload


def _lost(
    service: str, protocol: Protocol, scope: str, path: str, problem: ServiceError | None = None
) -> Route:
    entry = services.index().get(service)
    return Route(
        service=service,
        protocol=protocol,
        operation="",
        signing_name=entry.signing_name if entry is not None else scope,
        path=path,
        s3=services.is_s3(service),
        problem=problem or errors.unknown_operation(protocol, service),
    )


# --- query and ec2 ----------------------------------------------------------------------------


@cache
def _spoken(names: tuple[str, ...]) -> tuple[bool, bool]:
    """Whether any of these services takes forms, and whether any has paths."""
    entries = [services.entry(name) for name in names]
    forms = any(services.speaks_query(entry) for entry in entries)
    return forms, any(_rest_protocol(entry.name) is not None for entry in entries)


def _is_form(raw: RawRequest, candidates: tuple[str, ...]) -> bool:
    if candidates:
        forms, paths = _spoken(candidates)
        # Services with forms and services with paths may share a name (ses and sesv2).
        if not forms or not paths or raw.path in ("", "/"):
            return forms
    if _ACTION.search(raw.query):
        return True
    content_type = raw.header("content-type") or ""
    return raw.method == "POST" and content_type.startswith("application/x-www-form-urlencoded")


def _form(raw: RawRequest, scope: str, candidates: Collection[str]) -> Route:
    body = raw.body.decode("latin-1")
    actions = [*_ACTION.findall(raw.query), *_ACTION.findall(body)]
    versions = [*_VERSION.findall(raw.query), *_VERSION.findall(body)]
    action = actions[0] if actions else ""
    version = versions[0] if versions else ""
    of_version = services.versioned(version)
    names = [name for name in of_version if name in candidates] or list(of_version) or list(candidates)
    if len(names) > 1:
        names = _host_first(names, raw)
    service = _with_operation(names, action) if of_version else None
    known = service or next(iter(names), "")
    protocol = _form_protocol(known)
    if len(set(actions)) > 1 or len(set(versions)) > 1:
        # Whoever reads the form next might take the other one: what is authorized must be what is done.
        problem = errors.DispatchError(
            "The query string contains a syntax error", code="MalformedQueryString", status=400
        )
        return _lost(known, protocol, scope, raw.path, problem)
    if service is not None:
        return _found(service, protocol, action, raw.path)
    if not action:
        problem = errors.missing_action(protocol, known)
    else:
        decoded = query_parameters(f"Action={action}&Version={version}")
        problem = errors.unknown_operation(
            protocol, known, action=decoded["Action"], version=decoded["Version"]
        )
    return _lost(known, protocol, scope, raw.path, problem)


def _form_protocol(service: str) -> Protocol:
    entry = services.index().get(service)
    return "ec2" if entry is not None and "ec2" in entry.protocols else "query"


# --- rest-json and rest-xml -------------------------------------------------------------------


def _rest(raw: RawRequest, scope: str, candidates: Collection[str], hosts: Collection[str]) -> Route:
    names = [name for name in candidates if _rest_protocol(name) is not None]
    if not candidates and not scope:
        names = _unsigned_candidates(raw)
    if scope and not names:
        service = next(iter(candidates), "")
        protocol: Protocol = services.entry(service).protocols[0] if service else "rest-json"
        return _lost(service, protocol, scope, raw.path)
    query = query_parameters(raw.query)
    headers = {name for name, _ in raw.headers}
    path = raw.path or "/"
    if "s3" in names:
        path = _s3_path(raw, path, headers, hosts)
        conflict = _conflict(query)
        if conflict is not None:
            return _lost("s3", "rest-xml", scope, path, conflict)
    best: list[tuple[str, RestMatch]] = []
    for name in names:
        match = routes(name).match(raw.method, path, query, headers)
        if match is None or (not scope and name in _UNSIGNED_REST and not match.unsigned):
            continue
        if best and match.exactness > best[0][1].exactness:
            best.clear()
        if not best or match.exactness == best[0][1].exactness:
            best.append((name, match))
    if not best:
        name = names[0] if scope or "s3" not in names else "s3"
        return _lost(name, _rest_protocol(name) or "rest-json", scope, path)
    service, match = best[0]
    if len(best) > 1:
        # Services that share a path: the one that the host names, else the likeliest, which comes first.
        service = _host_first([name for name, _ in best], raw)[0]
        match = dict(best)[service]
    return _found(service, _rest_protocol(service) or "rest-json", match.operation, path)


@cache
def _rest_protocol(name: str) -> Protocol | None:
    return next((protocol for protocol in services.entry(name).protocols if protocol in _REST), None)


def _unsigned_candidates(raw: RawRequest) -> list[str]:
    """Without a signature the host may tell; else S3, whose buckets may be public."""
    found = _AWS_HOST.fullmatch(_host(raw))
    if found is not None:
        labels = found[1].split(".")
        for start in range(len(labels)):
            for end in range(len(labels), start, -1):
                named = services.hosted(".".join(labels[start:end]))
                rest = [name for name in named if _rest_protocol(name) is not None]
                if rest:
                    return rest
    return [*_UNSIGNED_REST, "s3"]


def _host_first(names: Iterable[str], raw: RawRequest) -> list[str]:
    """Of services that share a signing name, those that the host names come first."""
    host = _host(raw)
    return sorted(names, key=lambda name: not host.startswith(f"{services.entry(name).endpoint_prefix}."))


def _host(raw: RawRequest) -> str:
    host = (raw.header("host") or "").lower()
    return host.partition(":")[0] if not host.startswith("[") else host


def _s3_path(raw: RawRequest, path: str, headers: Collection[str], hosts: Collection[str]) -> str:
    """The path with the bucket in front, wherever the client put it."""
    host = _host(raw)
    own = next((host[: -len(name) - 1] for name in hosts if host.endswith(f".{name}")), None)
    aws = _AWS_HOST.fullmatch(host)
    name = own if own is not None else aws[1] if aws is not None else ""
    found = _S3_NAME.fullmatch(name)
    bucket = found[1] if found is not None else own
    if not bucket or (_ACCOUNT.fullmatch(bucket) and "x-amz-account-id" in headers):
        return path  # S3 Control puts the account before the host
    return f"/{quote(bucket)}{path}"


def _conflict(query: Collection[str]) -> ServiceError | None:
    """Two subresources in one request: S3 refuses to guess, and so nobody can be made to guess wrong."""
    named = sorted(routes("s3").subresources.intersection(query))
    if len(named) < 2:
        return None
    text = f"Conflicting query string parameters: {', '.join(named)}"
    return ServiceError(text, code="InvalidArgument", status=400, fields={"ArgumentName": "ResourceType"})
