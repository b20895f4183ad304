"""CloudTrail Lake: there are no event data stores, channels, dashboards and imports here, and so it says.

What would make one is refused on purpose, see ``services.refusals``. The codes are the service model's, the
texts are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from passrole.services.cloudtrail.errors import CloudTrailError
from passrole.services.operation import Output, ServiceCall, operation

# Listings, by the member that is empty.
_LISTINGS: Final[Mapping[str, str]] = {
    "ListChannels": "Channels",
    "ListDashboards": "Dashboards",
    "ListEventDataStores": "EventDataStores",
    "ListImports": "Imports",
}

# What names something that cannot be there: (the member that names it, the error's code).
_STORE: Final = ("EventDataStore", "EventDataStoreNotFoundException")
_QUERY: Final = ("QueryId", "QueryIdNotFoundException")
_CHANNEL: Final = ("Channel", "ChannelNotFoundException")
_DASHBOARD: Final = ("DashboardId", "ResourceNotFoundException")
_IMPORT: Final = ("ImportId", "ImportNotFoundException")
_RESOURCE: Final = ("ResourceArn", "ResourceNotFoundException")
_NAMED: Final[Mapping[str, tuple[str, str]]] = {
    "CancelQuery": _QUERY,
    "DeleteChannel": _CHANNEL,
    "DeleteDashboard": _DASHBOARD,
    "DeleteEventDataStore": _STORE,
    "DeleteResourcePolicy": _RESOURCE,
    "DescribeQuery": _QUERY,
    "DisableFederation": _STORE,
    "EnableFederation": _STORE,
    "GetChannel": _CHANNEL,
    "GetDashboard": _DASHBOARD,
    "GetEventDataStore": _STORE,
    "GetImport": _IMPORT,
    "GetQueryResults": _QUERY,
    "GetResourcePolicy": _RESOURCE,
    "ListImportFailures": _IMPORT,
    "ListQueries": _STORE,
    "PutResourcePolicy": _RESOURCE,
    "RestoreEventDataStore": _STORE,
    "StartDashboardRefresh": _DASHBOARD,
    "StartEventDataStoreIngestion": _STORE,
    "StopEventDataStoreIngestion": _STORE,
    "StopImport": _IMPORT,
    "UpdateChannel": _CHANNEL,
    "UpdateDashboard": _DASHBOARD,
    "UpdateEventDataStore": _STORE,
}


def _empty(call: ServiceCall, given: Any) -> Output:
    return {_LISTINGS[call.call.operation]: []}


def _missing(call: ServiceCall, given: Any) -> Output:
    member, code = _NAMED[call.call.operation]
    raise CloudTrailError(f"{given.get(member) or member} does not exist.", code=code)


for _name in _LISTINGS:
    operation(f"cloudtrail:{_name}")(_empty)
for _name in _NAMED:
    operation(f"cloudtrail:{_name}")(_missing)
