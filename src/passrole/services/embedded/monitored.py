"""moto's RDS with Enhanced Monitoring as AWS has it, and database instances that have ids of their own.

moto gives every instance one and the same DbiResourceId, forgets what a cluster says of monitoring, and hands
an instance's monitoring role on to whatever is restored from it. Imports moto's RDS, so ``seams`` imports it
only once RDS has been.
"""

from __future__ import annotations

import string
from typing import Any, Final

from moto.moto_api._internal import mock_random
from moto.rds.models import DBCluster, DBInstance, RDSBackend

from passrole.services.databases import LOG_GROUP

_ALPHABET: Final = string.ascii_uppercase + string.digits


class _ResourceId:
    """DbiResourceId of an instance: made at its first use, whatever moto sets."""

    _kept: Final = "_own_resource_id"

    def __get__(self, instance: Any, owner: type | None = None) -> object:
        if instance is None:
            return self
        return vars(instance).setdefault(self._kept, _new_id())

    def __set__(self, instance: Any, value: object) -> None:
        """moto's constant goes nowhere."""

    def renew(self, instance: Any) -> None:
        """For a copy of another instance."""
        vars(instance)[self._kept] = _new_id()


def _new_id() -> str:
    return "db-" + "".join(mock_random.choice(_ALPHABET) for _ in range(26))


_RESOURCE_ID: Final = _ResourceId()


def _stream_arn(self: Any) -> str | None:
    """EnhancedMonitoringResourceArn: None while monitoring is off."""
    if not self.monitoring_interval:
        return None
    stream = f"log-group:{LOG_GROUP}:log-stream:{self.dbi_resource_id}"
    return f"arn:{self.partition}:logs:{self.region}:{self.account_id}:{stream}"


def install() -> None:
    """Gives moto's database instances their ids and the ARN of their log stream."""
    instance: Any = DBInstance  # its attributes are what moto prints
    instance.dbi_resource_id = _RESOURCE_ID
    instance.enhanced_monitoring_resource_arn = property(_stream_arn)


def _monitor(database: Any, given: Any) -> None:
    """Sets what a request says of monitoring, and nothing that a source had. given is moto's parameters."""
    database.monitoring_interval = given.get("monitoring_interval") or 0
    database.monitoring_role_arn = given.get("monitoring_role_arn") if database.monitoring_interval else None


def _settle(database: Any) -> None:
    """An interval of 0 lets the role go."""
    if not getattr(database, "monitoring_interval", None):
        database.monitoring_role_arn = None


class MonitoredBackend(RDSBackend):
    """One account's RDS in one region. Parameters are moto's, which differ from caller to caller."""

    def create_db_instance(self, db_kwargs: Any) -> DBInstance:
        """As moto's; an instance of a monitored cluster is monitored as its cluster is."""
        database = super().create_db_instance(db_kwargs)
        if not hasattr(database, "monitoring_interval"):  # not known to the first releases of moto 5.2
            _monitor(database, db_kwargs)
        cluster = self.clusters.get(database.db_cluster_identifier or "")
        if cluster is not None and getattr(cluster, "monitoring_interval", None):
            _as_cluster(database, cluster)
        return database

    def create_db_instance_read_replica(self, db_kwargs: Any) -> DBInstance:
        """A copy of its source with an id and monitoring of its own."""
        replica = super().create_db_instance_read_replica(db_kwargs)
        _RESOURCE_ID.renew(replica)
        _monitor(replica, db_kwargs)
        return replica

    def modify_db_instance(self, db_instance_identifier: str, db_kwargs: Any) -> DBInstance:
        """As moto's."""
        database = super().modify_db_instance(db_instance_identifier, db_kwargs)
        for name in ("monitoring_interval", "monitoring_role_arn"):
            if db_kwargs.get(name) is not None:
                setattr(database, name, db_kwargs[name])
        _settle(database)
        return database

    def restore_db_instance_from_db_snapshot(self, from_snapshot_id: str, overrides: Any) -> DBInstance:
        """Restored without monitoring: nobody has passed the role to it."""
        restored = super().restore_db_instance_from_db_snapshot(from_snapshot_id, overrides)
        _monitor(restored, overrides)
        return restored

    def restore_db_instance_to_point_in_time(
        self, source_db_identifier: str, target_db_identifier: str, overrides: Any
    ) -> DBInstance:
        """Restored without monitoring, too."""
        restored = super().restore_db_instance_to_point_in_time(
            source_db_identifier, target_db_identifier, overrides
        )
        _monitor(restored, overrides)
        return restored

    def create_db_cluster(self, kwargs: Any) -> DBCluster:
        """Keeps what it says of monitoring."""
        cluster = super().create_db_cluster(kwargs)
        _monitor(cluster, kwargs)
        return cluster

    def modify_db_cluster(self, kwargs: Any) -> DBCluster:
        """Its instances follow it."""
        changed = "monitoring_interval" in kwargs or "monitoring_role_arn" in kwargs
        shown = super().modify_db_cluster(kwargs)
        cluster = self.clusters[shown.db_cluster_identifier]
        for one in (shown, cluster):
            _settle(one)
        if changed:
            for member in cluster.members:
                _as_cluster(member, cluster)
        return shown

    def restore_db_cluster_from_snapshot(self, from_snapshot_id: str, overrides: Any) -> DBCluster:
        """Monitored as the request says, not as its source was."""
        cluster = super().restore_db_cluster_from_snapshot(from_snapshot_id, overrides)
        _monitor(cluster, overrides)
        return cluster

    def restore_db_cluster_to_point_in_time(
        self, db_cluster_identifier: str, source_db_cluster_identifier: str, *given: Any, **overrides: Any
    ) -> DBCluster:
        """Monitored as the request says, not as its source was."""
        cluster = super().restore_db_cluster_to_point_in_time(
            db_cluster_identifier, source_db_cluster_identifier, *given, **overrides
        )
        _monitor(cluster, overrides)
        return cluster


def _as_cluster(database: Any, cluster: Any) -> None:
    database.monitoring_interval = cluster.monitoring_interval
    database.monitoring_role_arn = cluster.monitoring_role_arn
