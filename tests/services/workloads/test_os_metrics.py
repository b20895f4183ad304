"""The document of an interval, from two samples of a machine that is known."""

from __future__ import annotations

import json
import os
import resource
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from passrole.services.databases import MonitoredDatabase
from passrole.services.workloads import machine
from passrole.services.workloads.machine import Disk, FileSystem, Process, Sample
from passrole.services.workloads.os_metrics import document

DATABASE: Final = MonitoredDatabase(
    arn="arn:aws:rds:eu-west-1:111122223333:db:orders",
    account="111122223333",
    region="eu-west-1",
    name="orders",
    resource_id="db-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    engine="mysql",
    interval=5,
    role_arn="arn:aws:iam::111122223333:role/RDS-Monitoring-Role",
)
NOW: Final = datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC)
IDLE: Final = Sample(
    at=100.0,
    uptime=3 * 86400 + 3661,
    processors=2,
    load=(0.5, 0.25, 0.125),
    cpu={
        "user": 100,
        "nice": 0,
        "system": 50,
        "idle": 1000,
        "iowait": 0,
        "irq": 0,
        "softirq": 0,
        "steal": 0,
        "guest": 0,
    },
    memory={"MemTotal": 1000, "MemFree": 400, "SwapTotal": 100, "SwapFree": 90, "Hugepagesize": 2048},
    swapped=(10, 20),
    network={"eth0": (1000, 2000)},
    disks={"sda": Disk(10, 1, 80, 20, 30, 3, 240, 60, 500, 700)},
    file_systems=(FileSystem("rootfilesys", "/", 2000, 500, 100, 25),),
    processes=(Process(1, 0, "init", "S", 100, 50, 7), Process(2, 1, "work", "R", 300, 200, 40)),
)
BUSY: Final = replace(
    IDLE,
    at=105.0,
    uptime=IDLE.uptime + 5,
    cpu={**IDLE.cpu, "user": 130, "system": 60, "idle": 1050, "softirq": 5, "iowait": 5},
    swapped=(15, 20),
    network={"eth0": (6000, 2000), "eth1": (7, 7)},
    disks={"sda": Disk(20, 1, 180, 40, 40, 8, 340, 80, 1000, 1200)},
    processes=(
        Process(1, 0, "init", "S", 100, 50, 7),
        Process(2, 1, "work", "D", 300, 200, 50),
        Process(3, 1, "new", "Z", 0, 0, 0),
    ),
)


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document(DATABASE, IDLE, BUSY, NOW))
    return found


def test_what_it_is_of(made: dict[str, Any]) -> None:
    assert made["engine"] == "MYSQL"
    assert made["instanceID"] == "orders"
    assert made["instanceResourceID"] == DATABASE.resource_id
    assert made["timestamp"] == "2026-11-24T12:00:05Z"
    assert made["version"] == 1
    assert made["uptime"] == "3 days, 01:01:06"
    assert made["numVCPUs"] == 2


def test_processor_time_is_the_intervals(made: dict[str, Any]) -> None:
    # 100 ticks went by: 30 user, 10 system, 50 idle, 5 soft interrupts, 5 waiting.
    assert made["cpuUtilization"] == {
        "guest": 0.0,
        "irq": 5.0,
        "system": 10.0,
        "wait": 5.0,
        "idle": 50.0,
        "user": 30.0,
        "total": 50.0,
        "steal": 0.0,
        "nice": 0.0,
    }
    assert made["loadAverageMinute"] == {"one": 0.5, "five": 0.25, "fifteen": 0.12}


def test_rates_are_a_second(made: dict[str, Any]) -> None:
    # An interface that has come up meanwhile has no rate yet.
    assert made["network"] == [
        {"interface": "eth0", "rx": 1000.0, "tx": 0.0},
        {"interface": "eth1", "rx": 0.0, "tx": 0.0},
    ]
    assert made["swap"] == {"cached": 0, "total": 100, "free": 90, "in": 4.0, "out": 0.0}
    assert made["diskIO"] == [
        {
            "writeKbPS": 10.0,
            "readIOsPS": 2.0,
            "await": 2.0,
            "readKbPS": 10.0,
            "rrqmPS": 0.0,
            "util": 10.0,
            "avgQueueLen": 0.1,
            "tps": 4.0,
            "readKb": 50,
            "device": "sda",
            "writeKb": 50,
            "avgReqSz": 10.0,
            "wrqmPS": 1.0,
            "writeIOsPS": 2.0,
        }
    ]


def test_states_and_sizes(made: dict[str, Any]) -> None:
    assert made["tasks"] == {"sleeping": 1, "zombie": 1, "running": 0, "stopped": 0, "total": 3, "blocked": 1}
    assert made["memory"]["total"] == 1000
    assert made["memory"]["writeback"] == 0
    assert made["fileSys"] == [
        {
            "used": 500,
            "name": "rootfilesys",
            "usedFiles": 25,
            "usedFilePercent": 25.0,
            "maxFiles": 100,
            "mountPoint": "/",
            "total": 2000,
            "usedPercent": 25.0,
        }
    ]
    first, second = made["processList"][:2]
    assert (first["name"], first["rss"]) == ("OS processes", 0)
    assert (second["name"], second["id"], second["parentID"], second["rss"]) == ("work", 2, 1, 200)
    assert (second["memoryUsedPc"], second["cpuUsedPc"]) == (20.0, 10.0)


def test_a_machine_that_tells_nothing() -> None:
    blank = Sample(0.0, 0.0, 1, (0.0, 0.0, 0.0), {}, {}, (0, 0), {}, {}, (), ())
    made = json.loads(document(replace(DATABASE, engine="aurora-mysql"), blank, blank, NOW))
    assert made["engine"] == "aurora-mysql"
    assert set(made["cpuUtilization"].values()) == {0.0}
    assert set(made["memory"].values()) == {0}
    assert made["network"] == made["diskIO"] == made["fileSys"] == []
    assert made["uptime"] == "00:00:00"


def test_this_machine_is_read() -> None:
    found = machine.sample()
    assert found.memory["MemTotal"] > 0
    assert sum(found.cpu.values()) > 0
    assert any(one.id > 0 and one.rss > 0 for one in found.processes)
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    expected = "unlimited" if soft == resource.RLIM_INFINITY else soft // 1024
    assert machine.address_space_limit(os.getpid()) == expected
