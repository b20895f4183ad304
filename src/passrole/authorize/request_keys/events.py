"""Amazon EventBridge.

Source: Service Authorization Reference, "Condition keys for Amazon EventBridge"; EventBridge User Guide,
"Using IAM policy conditions in Amazon EventBridge".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from passrole.authorize.call import Call
from passrole.authorize.request_keys.source import Computed, Keys, Rules, many
from passrole.catalog import paths
from passrole.state.directory import Directory
from passrole.values.principal import PrincipalKind

KEYS: Final[Keys] = {
    "events:eventbusarn": many("EventBuses[].EventBusArn"),
    "events:targetarn": many("Targets[].Arn"),
}

_EVENTS: Final = "events.amazonaws.com"


def _pattern(call: Call) -> Mapping[str, object] | None:
    """A rule's pattern, {} for none; None where it is no JSON object."""
    given = call.input.get("EventPattern")
    if not isinstance(given, str) or not given:
        return {}
    try:
        read = orjson.loads(given)
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None


def _of_event(field: str, member: str = "") -> Computed:
    """The values of a field: in the entries of PutEvents, or those that a rule's pattern takes.

    Only literal values count; what a pattern matches otherwise, as by a prefix, is unknown.
    """

    def find(call: Call, directory: Directory) -> tuple[str, ...] | None:
        if call.operation == "PutEvents":
            given = paths.values(f"Entries[].{member}", call.input) if member else ()
            return tuple(str(value) for _, value in given)
        pattern = _pattern(call)
        if pattern is None or '"$or"' in str(call.input.get("EventPattern")):
            return None
        values = [value for _, value in paths.values(f"{field}[]", pattern)]
        literal = tuple(value for value in values if isinstance(value, str))
        return literal if len(literal) == len(values) else None

    return find


def _creator(call: Call, directory: Directory) -> str | None:
    """A rule is made by its account, on a bus of its own: another account's bus has others' rules too."""
    bus = call.input.get("EventBusName")
    if isinstance(bus, str) and bus.startswith("arn:") and bus.split(":")[4:5] != [call.account]:
        return None
    return call.account if call.operation.endswith(("Rule", "Targets", "TargetsByRule")) else None


def _managed_by(call: Call, directory: Directory) -> str:
    """No service behind the endpoint makes rules in others' names; one that calls itself is the manager."""
    caller = call.caller.principal
    return caller.arn if caller.kind is PrincipalKind.SERVICE else ""


def _forwarded(call: Call) -> bool:
    session = call.caller.session
    return call.caller.principal.arn == _EVENTS or (session is not None and session.invoked_by == _EVENTS)


def _bus_invocation(call: Call, directory: Directory) -> str:
    return "true" if _forwarded(call) else "false"


def _system(call: Call, directory: Directory) -> str | None:
    """What only a bus that forwards an event writes."""
    return None if _forwarded(call) else ""


RULES: Final[Rules] = {
    "events:creatoraccount": _creator,
    "events:detail-type": _of_event("detail-type", "DetailType"),
    "events:detail.eventtypecode": _of_event("detail.eventTypeCode"),
    "events:detail.service": _of_event("detail.service"),
    "events:detail.useridentity.principalid": _of_event("detail.userIdentity.principalId"),
    "events:eventbusinvocation": _bus_invocation,
    "events:managedby": _managed_by,
    "events:source": _of_event("source", "Source"),
    "events:systemmetadata/awsdetailtype": _system,
    "events:systemmetadata/awssource": _system,
    "events:systemmetadata/contenttype": _system,
}
