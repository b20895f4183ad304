"""RDS's rules of Enhanced Monitoring, and which of moto's database instances are monitored.

Sources: RDS API Reference, CreateDBInstance and ModifyDBInstance, MonitoringInterval and MonitoringRoleArn;
the texts from reports of live calls (hashicorp/terraform issue 5455, pulumi/pulumi-aws issue 5628,
terraform-aws-modules/terraform-aws-rds-aurora issue 518).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from passrole.authorize.call import Call, Caller, ResourceFacts
from passrole.authorize.check import check as checked
from passrole.authorize.plan import plan
from passrole.authorize.resources import role_of_arn
from passrole.services.databases import LOG_GROUP, MONITORING, MonitoredDatabase
from passrole.services.embedded.associations import MONITORED
from passrole.services.embedded.tables import backend, every_backend
from passrole.state.directory import Directory
from passrole.state.entities import Association, Role
from passrole.state.sessions import end_sessions
from passrole.values.errors import ServiceError
from passrole.values.principal import Principal, PrincipalKind

INTERVALS: Final = (0, 1, 5, 10, 15, 30, 60)  # seconds

# In these states an instance's operating system runs. moto has few of AWS's.
_DOWN: Final = frozenset(("deleting", "stopped", "stopping", "shutdown", "creating"))

_MODIFIED: Final[Mapping[str, str]] = {
    "ModifyDBInstance": "DBInstanceIdentifier",
    "ModifyDBCluster": "DBClusterIdentifier",
}

# What the agent does with the role. AWS says which rights it needs, not how it finds out that one is missing.
# Source: AWS managed policy AmazonRDSEnhancedMonitoringRole.
_NEEDED: Final[tuple[tuple[str, Mapping[str, object]], ...]] = (
    ("CreateLogGroup", {"logGroupName": LOG_GROUP}),
    ("PutRetentionPolicy", {"logGroupName": LOG_GROUP, "retentionInDays": 30}),
    ("CreateLogStream", {"logGroupName": LOG_GROUP, "logStreamName": "db-ANY"}),
    ("PutLogEvents", {"logGroupName": LOG_GROUP, "logStreamName": "db-ANY", "logEvents": []}),
)


class InvalidParameterValue(ServiceError):
    """RDS's InvalidParameterValue."""

    code, status = "InvalidParameterValue", 400


class InvalidParameterCombination(ServiceError):
    """RDS's InvalidParameterCombination."""

    code, status = "InvalidParameterCombination", 400


def check(call: Call, directory: Directory, facts: ResourceFacts) -> None:
    """Raises RDS's error where interval, role and cluster do not go together, or the role has not the rights.

    Asked on the event loop's thread, before moto works on the call.
    """
    given = call.input
    interval, role = given.get("MonitoringInterval"), given.get("MonitoringRoleArn") or ""
    if interval is None and not role:
        return
    present = _present(call)
    wanted = interval if isinstance(interval, int) else present[0]
    if wanted not in INTERVALS:
        # AWS's own words are not on record.
        raise InvalidParameterValue(
            f"Invalid MonitoringInterval value: {wanted}. Valid values are: 0, 1, 5, 10, 15, 30, 60"
        )
    if role and not wanted:
        raise InvalidParameterCombination(
            "You must specify a MonitoringInterval value other than 0 when you specify a MonitoringRoleARN"
            " value."
        )
    if wanted and not (role or present[1]):
        raise InvalidParameterCombination(
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0."
        )
    _check_cluster(call, wanted)
    if role:
        found = role_of_arn(directory, str(role))
        if found is None or not _has_rights(call, found, directory, facts):
            raise InvalidParameterValue(
                "IAM role ARN value is invalid or does not include the required permissions for:"
                " ENHANCED_MONITORING"
            )


def _present(call: Call) -> tuple[int, str]:
    """Interval and role of the instance or cluster that a call modifies; (0, "") where it makes one."""
    member = _MODIFIED.get(call.operation)
    kept = backend("rds", call.account, call.region)
    if member is None or kept is None:
        return 0, ""
    name = str(call.input.get(member) or "").rsplit(":", 1)[-1].lower()
    found = (kept.clusters if "Cluster" in member else kept.databases).get(name)
    if found is None:
        return 0, ""  # moto says that it is not there
    return getattr(found, "monitoring_interval", None) or 0, getattr(found, "monitoring_role_arn", None) or ""


def _check_cluster(call: Call, wanted: int) -> None:
    """Where a cluster is monitored, its instances are as it says."""
    kept = backend("rds", call.account, call.region)
    name = call.input.get("DBClusterIdentifier")
    if kept is None or call.operation not in ("CreateDBInstance", "ModifyDBInstance"):
        return
    if call.operation == "ModifyDBInstance":
        instance = kept.databases.get(str(call.input.get("DBInstanceIdentifier") or "").lower())
        name = instance.db_cluster_identifier if instance is not None else None
    cluster = kept.clusters.get(str(name).lower()) if name else None
    interval = getattr(cluster, "monitoring_interval", None) or 0
    if interval and interval != wanted:
        raise InvalidParameterCombination("MonitoringInterval conflicts with cluster level parameter.")


def _has_rights(call: Call, role: Role, directory: Directory, facts: ResourceFacts) -> bool:
    """May the role write OS metrics, by its policies, boundary and organization as they are now?"""
    name = "RDSOSMetrics"
    principal = Principal(
        PrincipalKind.ROLE_SESSION,
        f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{name}",
        role.account,
        f"{role.id}:{name}",
        role_arn=role.arn,
    )
    caller = Caller(principal, role=role)
    for operation, given in _NEEDED:
        asked = replace(
            call, service="logs", operation=operation, input=given, caller=caller, protocol="json"
        )
        for one in plan(asked, directory, facts).checks:
            if not checked(directory, facts, caller, one, call.region).decision.allowed:
                return False
    return True


class EmbeddedDatabases:
    """``services.databases.Databases`` over moto. used says whether moto is loaded at all."""

    def __init__(self, used: Callable[[], bool]) -> None:
        self._used = used
        self._subscribers: list[Callable[[], None]] = []
        # Of each account and region what the directory holds: ARN -> the role's ARN.
        self._settled: dict[tuple[str, str], dict[str, str]] = {}

    def monitored(self) -> Mapping[str, MonitoredDatabase]:
        """See Databases."""
        if not self._used():
            return {}
        return {
            one.arn: one
            for account, region, kept in every_backend("rds")
            for one in _monitored(account, region, kept)
        }

    def subscribe(self, changed: Callable[[], None]) -> None:
        """See Databases."""
        self._subscribers.append(changed)

    def settle(self, directory: Directory, call: Call) -> None:
        """After a call that may have changed instances: what they hold, in the directory's transaction."""
        if call.operation.startswith(("Describe", "List")):
            return
        place = (call.account, call.region)
        before = self._settled.get(place, {})
        kept = backend("rds", *place)
        now = dict(_holding(kept)) if kept is not None else {}
        for arn in before.keys() - now.keys():
            held = directory.by_key(Association, call.account, f"{arn} {MONITORED}")
            if held is not None:
                directory.delete(held)
            end_sessions(directory, arn)
        for arn, role_arn in now.items():
            if before.get(arn) != role_arn:
                directory.put(_association(directory, call.account, arn, role_arn, call.now))
        self._settled[place] = now
        self._tell()

    def restored(self) -> None:
        """moto's instances are back, and the directory knows what they hold."""
        for account, region, kept in every_backend("rds"):
            self._settled[(account, region)] = dict(_holding(kept))
        self._tell()

    def forget(self) -> None:
        """Every instance is gone."""
        self._settled.clear()
        self._tell()

    def _tell(self) -> None:
        for changed in self._subscribers:
            changed()


def _association(
    directory: Directory, account: str, arn: str, role_arn: str, created: datetime
) -> Association:
    role = role_of_arn(directory, role_arn)
    return Association(
        account=account,
        resource=arn,
        holder=MONITORED,
        role_id=role.id if role is not None else "",
        service=MONITORING,
        created=created,
    )


def _holding(kept: Any) -> Iterator[tuple[str, str]]:
    for one in (*kept.databases.values(), *kept.clusters.values()):
        if getattr(one, "monitoring_interval", None) and one.monitoring_role_arn:
            yield str(one.arn), str(one.monitoring_role_arn)


def _monitored(account: str, region: str, kept: Any) -> Iterator[MonitoredDatabase]:
    for one in list(kept.databases.values()):
        if one.monitoring_interval and one.monitoring_role_arn and one.status not in _DOWN:
            yield MonitoredDatabase(
                arn=str(one.arn),
                account=account,
                region=region,
                name=str(one.db_instance_identifier),
                resource_id=str(one.dbi_resource_id),
                engine=str(one.engine),
                interval=int(one.monitoring_interval),
                role_arn=str(one.monitoring_role_arn),
            )
