"""One call as a CloudTrail record: the JSON text and the columns it is found by.

Source: CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity
events"; key order as in recorded events.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from passrole.state.records.identity import Identity
from passrole.state.records.names import event_region
from passrole.state.records.operation import RecordedOperation, recorded_operation
from passrole.state.records.parameters import Resources
from passrole.state.records.printing import cut, json, text
from passrole.state.records.touched import keys_answered, touched
from passrole.state.trail import Event
from passrole.values.errors import ServiceError

_SECONDS: Final = orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_UTC_Z

# Denied calls of these print no parameters: they are refused before they are read. EC2's and S3's do, and so
# do those of services that look into the request before they ask. Source: recorded events.
_DENIED_UNREAD: Final = frozenset({"iam", "organizations", "sts"})
# So do these, but they have read the request by the time they ask whether a role may be passed. Source:
# Lambda Developer Guide, "Logging AWS Lambda API calls using AWS CloudTrail", GetFunction.
_DENIED_UNREAD_BUT_PASSES: Final = frozenset({"lambda"})


def record(
    service: str,
    operation: str,
    *,
    identity: Identity,
    account: str,
    region: str,
    time: datetime,
    source_ip: str,
    user_agent: str,
    request: Mapping[str, object],
    request_id: str,
    event_id: str,
    response: Mapping[str, object] | None = None,
    error: ServiceError | None = None,
    denied: bool = False,
    passing: bool = False,
    host: str = "",
    shared_event_id: str = "",
    additional: Mapping[str, object] | None = None,
    tls: Mapping[str, str] | None = None,
    vpc_endpoint_id: str = "",
    owner: str = "",
) -> Event:
    """The event of one call.

    service and operation are botocore's names; request and response are in AWS's member names, as
    parsed and as handlers return them. account is whose trail gets the record, region where the
    call was made, time when it was completed (aware). A call over the service's own agent has the
    service's DNS name as source_ip and user_agent. denied tells a refusal from any other error, passing
    a refusal of passing a role from any other. host is the one that the client called, which S3 prints.
    shared_event_id is set where several accounts get a record of the call. owner is whose resources it
    touched, "" for account's own.
    """
    known = recorded_operation(service, operation)
    resources: Resources = {}
    unread = denied and service in _DENIED_UNREAD
    unread = unread or (denied and not passing and service in _DENIED_UNREAD_BUT_PASSES)
    parameters = b"null" if unread else _parameters(known, request, resources, host)
    happened_in = event_region(service, region)
    data = known.names.data
    about: list[dict[str, str]] = []
    if not unread:
        about = touched(service, operation, request, owner or account, happened_in, data=data)
    if service == "kms" and error is None:
        about = keys_answered(response or {}) or about
    answer = b"null"
    if error is None and known.answer is not None:
        answered = known.answer(response or {}, resources, request_id)
        if service == "kms" and about and operation != "CreateKey":
            answered = _with_key(answered, about[0]["ARN"])
        answer = json(answered or None)
    parts = [
        b'{"eventVersion":"1.11","userIdentity":',
        identity.user_identity,
        b',"eventTime":',
        orjson.dumps(time, option=_SECONDS),
        known.source,
        text(happened_in),
        b',"sourceIPAddress":',
        text(source_ip),
        b',"userAgent":',
        text(cut(user_agent)),
    ]
    if error is not None:
        parts += [b',"errorCode":', text(known.error_code(error, denied))]
        parts += [b',"errorMessage":', text(cut(error.message))]
    parts += [b',"requestParameters":', parameters, b',"responseElements":', answer]
    if additional or known.additional:
        parts += [b',"additionalEventData":', json({**known.additional, **(additional or {})})]
    parts += [b',"requestID":', text(request_id), b',"eventID":', text(event_id), known.end]
    if service == "sts" and error is None:
        parts.append(_assumed(request))
    if about:
        parts += [b',"resources":', json(about)]
    parts.append(known.kind)
    parts += [b',"recipientAccountId":', text(account)]
    if shared_event_id:
        parts += [b',"sharedEventID":', text(shared_event_id)]
    if vpc_endpoint_id:
        parts += [b',"vpcEndpointId":', text(vpc_endpoint_id)]
    parts.append(b',"eventCategory":"Data"' if data else b',"eventCategory":"Management"')
    if tls:
        parts += [b',"tlsDetails":', json(tls)]
    parts.append(b"}")
    return Event(
        account=account,
        region=happened_in,
        id=event_id,
        time=time,
        name=known.names.name,
        source=known.names.source,
        username=identity.username,
        access_key_id=identity.access_key_id,
        read_only=known.names.read_only,
        resources=tuple(resources),
        record=b"".join(parts),
        request_id=request_id,
    )


def _parameters(
    known: RecordedOperation, request: Mapping[str, object], resources: Resources, host: str
) -> bytes:
    printed = known.request(request, resources) if known.request is not None else {}
    if known.defaults and isinstance(printed, dict):
        printed = {
            **printed,
            **{name: given for name, given in known.defaults.items() if name not in printed},
        }
    if known.service == "s3" and isinstance(printed, dict):
        printed = {**printed, **({"Host": host} if host else {}), **known.subresources}
    return json(printed) if printed else b"null"


def _with_key(answered: object, key: str) -> object:
    """KMS names the key in every answer to a change.

    Sources: KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail"; events of DisableKey
    recorded in Elastic's "AWS CloudTrail" integration.
    """
    printed = dict(answered) if isinstance(answered, dict) else {}
    return {**printed, "keyId": printed.get("keyId") or key}


def _assumed(request: Mapping[str, object]) -> bytes:
    """The role that an AssumeRole call was for, and who vouched for the caller: ``resources``."""
    role = request.get("RoleArn")
    if not isinstance(role, str) or role.count(":") < 5:
        return b""
    found = [{"accountId": role.split(":")[4], "type": "AWS::IAM::Role", "ARN": role}]
    provider = request.get("PrincipalArn")  # AssumeRoleWithSAML's
    if isinstance(provider, str) and provider.count(":") >= 5:
        found.append({"accountId": provider.split(":")[4], "type": "AWS::IAM::SAMLProvider", "ARN": provider})
    return b',"resources":' + json(found)
