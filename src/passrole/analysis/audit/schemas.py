"""Events that others have put into a schema of their own, as far as it keeps what a record tells.

Amazon Security Lake and CloudWatch's unified store have CloudTrail's in OCSF, Elastic in ECS. Sources: OCSF,
"Event Dossier: Amazon CloudTrail Generic API Activity" (1.1.0 and 1.0.0-rc.2); Security Lake User Guide,
"CloudTrail event logs"; Elastic, "AWS CloudTrail", exported fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from passrole.analysis.audit.exports import moment, object_of, of_row


@dataclass(frozen=True, slots=True)
class Schema:
    """Where a schema keeps the members of a record: the first of several places that has one.

    kept names the place of each event's own name, without which it is another kind of event. product is a
    place and what must stand there, if anything does.
    """

    name: str
    kept: str
    places: Mapping[str, tuple[str, ...]]
    product: tuple[str, str]


OCSF: Final = Schema(
    "OCSF",
    "api.operation",
    {
        "eventName": ("api.operation",),
        "eventSource": ("api.service.name",),
        "eventTime": ("time_dt", "time"),
        "eventID": ("metadata.uid",),
        "awsRegion": ("cloud.region", "region"),
        "sourceIPAddress": ("src_endpoint.ip", "src_endpoint.domain"),
        "userAgent": ("http_request.user_agent",),
        "errorCode": ("api.response.error",),
        "errorMessage": ("api.response.message",),
        "recipientAccountId": ("unmapped.recipientAccountId", "accountid", "cloud.account.uid"),
        "vpcEndpointId": ("src_endpoint.uid",),
        "requestID": ("api.request.uid",),
        "requestParameters": ("api.request.data", "unmapped.requestParameters"),
        "userIdentity.type": ("actor.user.type", "identity.user.type"),
        # Before 1.1.0, uid was the principal's id and uuid its ARN.
        "userIdentity.arn": ("actor.user.uuid", "identity.user.uuid", "actor.user.uid", "identity.user.uid"),
        "userIdentity.principalId": ("actor.user.uid_alt", "actor.user.uid", "identity.user.uid"),
        "userIdentity.accountId": (
            "actor.user.account.uid",
            "actor.user.account_uid",
            "identity.user.account_uid",
        ),
        "userIdentity.accessKeyId": ("actor.user.credential_uid", "identity.user.credential_uid"),
        "userIdentity.userName": ("actor.user.name", "identity.user.name"),
        "userIdentity.invokedBy": ("actor.invoked_by", "identity.invoked_by"),
        "userIdentity.sessionContext.sessionIssuer.arn": ("actor.session.issuer", "identity.session.issuer"),
        "userIdentity.sessionContext.attributes.creationDate": (
            "actor.session.created_time_dt",
            "actor.session.created_time",
        ),
        "userIdentity.sessionContext.attributes.mfaAuthenticated": (
            "actor.session.is_mfa",
            "actor.session.mfa",
        ),
    },
    ("metadata.product.name", "CloudTrail"),
)

ECS: Final = Schema(
    "ECS",
    "aws.cloudtrail.user_identity.type",
    {
        "eventName": ("event.action",),
        "eventSource": ("event.provider",),
        "eventTime": ("@timestamp",),
        "eventID": ("event.id",),
        "awsRegion": ("cloud.region",),
        "sourceIPAddress": ("source.address", "source.ip"),
        "userAgent": ("user_agent.original",),
        "errorCode": ("aws.cloudtrail.error_code",),
        "errorMessage": ("aws.cloudtrail.error_message",),
        "recipientAccountId": ("aws.cloudtrail.recipient_account_id",),
        "vpcEndpointId": ("aws.cloudtrail.vpc_endpoint_id",),
        "requestID": ("aws.cloudtrail.request_id",),
        "requestParameters": (
            "aws.cloudtrail.flattened.request_parameters",
            "aws.cloudtrail.request_parameters",
        ),
        "userIdentity.type": ("aws.cloudtrail.user_identity.type",),
        "userIdentity.arn": ("aws.cloudtrail.user_identity.arn",),
        "userIdentity.principalId": ("user.id",),
        "userIdentity.accountId": ("cloud.account.id",),
        "userIdentity.accessKeyId": ("aws.cloudtrail.user_identity.access_key_id",),
        "userIdentity.userName": ("user.name",),
        "userIdentity.invokedBy": ("aws.cloudtrail.user_identity.invoked_by",),
        **{
            f"userIdentity.sessionContext.sessionIssuer.{name}": (
                f"aws.cloudtrail.user_identity.session_context.session_issuer.{other}",
            )
            for name, other in (("arn", "arn"), ("accountId", "account_id"), ("principalId", "principal_id"))
        },
        "userIdentity.sessionContext.attributes.creationDate": (
            "aws.cloudtrail.user_identity.session_context.creation_date",
        ),
        "userIdentity.sessionContext.attributes.mfaAuthenticated": (
            "aws.cloudtrail.user_identity.session_context.mfa_authenticated",
        ),
    },
    ("event.module", "aws"),
)

SCHEMAS: Final = (OCSF, ECS)

# Members whose places differ from version to version: is it an ARN that stands there?
_BY_ARN: Final[Mapping[str, bool]] = {"userIdentity.arn": True, "userIdentity.principalId": False}
# What a call without a session has as well, and what it has not.
MFA: Final = "userIdentity.sessionContext.attributes.mfaAuthenticated"
SESSION: Final = (
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.attributes.creationDate",
)
_DEEPEST: Final = 8  # names to a place
_WHOLE: Final = ("requestParameters", "request_parameters", "data")  # what is in there is the caller's

# Texts that stand for a truth value in a record.
_TRUTH: Final[Mapping[object, str]] = {True: "true", False: "false"}


def schema_in(columns: Sequence[str]) -> Schema | None:
    """The schema of the events in a table; None for another table."""
    return next(
        (one for one in SCHEMAS if one.kept.partition(".")[0] in columns or one.kept in columns), None
    )


def places_in(columns: Sequence[str]) -> Sequence[str]:
    """The places in a table at which an event of a schema stands; none in another table."""
    schema = schema_in(columns)
    if schema is None:
        return ()
    found = dict.fromkeys(place for places in schema.places.values() for place in places)
    return [
        place
        for place in (*found, schema.product[0])
        if place.partition(".")[0] in columns or place in columns
    ]


def of_schema(event: Mapping[str, object]) -> Mapping[str, object] | None:
    """The record in an event of a schema, None for another thing."""
    for schema in SCHEMAS:
        if schema.kept.partition(".")[0] in event or schema.kept in event:
            found = _of(schema, event if _is_nested(event) else _spread(event))
            if found is not None:
                return found
    return None


def product_of(event: Mapping[str, object]) -> str:
    """Whose event it is, in words; "" for one that is in no schema known here."""
    for schema in SCHEMAS:
        place, _ = schema.product
        if product := _at(event, place):
            return f"{schema.name} events of {product}"
    return "OCSF events of another class" if "class_uid" in event and "type_uid" in event else ""


def _of(schema: Schema, event: Mapping[str, object]) -> Mapping[str, object] | None:
    place, product = schema.product
    if not _at(event, schema.kept) or product not in str(_at(event, place) or product):
        return None
    row: dict[str, object] = {}
    for member, places in schema.places.items():
        if (value := as_recorded(member, (_at(event, one) for one in places))) is not None:
            row[member] = value
    if not any(member in row for member in SESSION):
        row.pop(MFA, None)
    return of_row(row)


def as_recorded(member: str, values: Iterable[object]) -> object:
    """What a record has as its member, by what stands at each of the places for it; None where none does."""
    for value in filter(_is_told, values):
        if member not in _BY_ARN or str(value).startswith("arn:") is _BY_ARN[member]:
            return _as_recorded(member, value)
    return None


def _as_recorded(member: str, value: object) -> object:
    if isinstance(value, bool):
        return _TRUTH[value]
    if member in ("eventTime", "userIdentity.sessionContext.attributes.creationDate"):
        milliseconds = int(value) if isinstance(value, str) and value.isdecimal() else value
        if isinstance(milliseconds, int | float):
            return moment(datetime.fromtimestamp(milliseconds / 1000, UTC))
        return moment(value)
    return value


def _is_told(value: object) -> bool:
    return value not in (None, "", "-", {}, [])  # a hyphen is what Kibana saves of a field that is not there


def _at(event: Mapping[str, object], place: str) -> object:
    """What stands at a place; a list of one value, as searches give fields, is that value."""
    found: object = event
    for name in _names(place):
        if type(found) is not dict and not isinstance(found, Mapping):  # the latter takes longer
            return None
        found = found.get(name)
    if isinstance(found, list) and len(found) == 1:
        return found[0]
    return found


@lru_cache(maxsize=256)
def _names(place: str) -> tuple[str, ...]:
    return tuple(place.split("."))


def _is_nested(event: Mapping[str, object]) -> bool:
    """Does each member stand where its names say?"""
    unmapped = event.get("unmapped")
    return not any(
        "." in name for name in (*event, *(unmapped if isinstance(unmapped, Mapping) else ()))
    ) and not any(isinstance(value, str) and value.startswith("{") for value in event.values())


def _spread(event: Mapping[str, object]) -> Mapping[str, object]:
    """The same with ``{"a.b": 1}`` as ``{"a": {"b": 1}}``; a column may be a text of its structure.

    Security Lake's first version kept what it did not map as ``unmapped['requestParameters.roleArn']``.
    """
    made: dict[str, object] = {}
    for path, value in _leaves(event):
        inner = made
        for name in path[:-1]:
            following = inner.setdefault(name, {})
            if not isinstance(following, dict):
                break
            inner = following
        else:
            inner.setdefault(path[-1], value)
    return made


def _leaves(event: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[list[str], object]]:
    for key, value in event.items():
        path = (*above, *str(key).split("."))
        if isinstance(value, str) and value.startswith("{") and len(path) == 1:
            value = object_of(value)
        if isinstance(value, Mapping) and value and len(path) < _DEEPEST and path[-1] not in _WHOLE:
            yield from _leaves(value, path)
        else:
            yield list(path), value
