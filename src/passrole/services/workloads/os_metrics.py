"""The document that Enhanced Monitoring writes: what an interval did to the machine.

Member names, units and rounding as in documents recorded from RDS. Source: RDS User Guide, "Viewing OS
metrics using CloudWatch Logs" and "OS metrics in Enhanced Monitoring".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson

from passrole.services.databases import MonitoredDatabase
from passrole.services.workloads.machine import Disk, Process, Sample, address_space_limit

_LISTED: Final = 20  # processes, the largest first; the rest are one line, "OS processes"

# AWS's member -> the line of /proc/meminfo.
_MEMORY: Final[Mapping[str, str]] = {
    "writeback": "Writeback",
    "hugePagesFree": "HugePages_Free",
    "hugePagesRsvd": "HugePages_Rsvd",
    "hugePagesSurp": "HugePages_Surp",
    "cached": "Cached",
    "hugePagesSize": "Hugepagesize",
    "free": "MemFree",
    "hugePagesTotal": "HugePages_Total",
    "inactive": "Inactive",
    "pageTables": "PageTables",
    "dirty": "Dirty",
    "mapped": "Mapped",
    "active": "Active",
    "total": "MemTotal",
    "slab": "Slab",
    "buffers": "Buffers",
}


def document(database: MonitoredDatabase, before: Sample, after: Sample, now: datetime) -> bytes:
    """One JSON text. before and after are the machine at the interval's two ends."""
    seconds = max(after.at - before.at, 1e-3)
    metrics: dict[str, object] = {
        "engine": _engine(database.engine),
        "instanceID": database.name,
        "instanceResourceID": database.resource_id,
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "version": 1,
        "uptime": _uptime(after.uptime),
        "numVCPUs": after.processors,
        "cpuUtilization": _cpu(before, after),
        "loadAverageMinute": dict(
            zip(("one", "five", "fifteen"), (round(one, 2) for one in after.load), strict=True)
        ),
        "memory": {name: after.memory.get(line, 0) for name, line in _MEMORY.items()},
        "tasks": _tasks(after.processes),
        "swap": _swap(before, after, seconds),
        "network": [
            {
                "interface": name,
                "rx": _rate(received - before.network.get(name, (received, sent))[0], seconds),
                "tx": _rate(sent - before.network.get(name, (received, sent))[1], seconds),
            }
            for name, (received, sent) in after.network.items()
        ],
        "diskIO": [
            _disk(name, before.disks.get(name, disk), disk, seconds) for name, disk in after.disks.items()
        ],
        "fileSys": [
            {
                "used": one.used,
                "name": one.name,
                "usedFiles": one.used_files,
                "usedFilePercent": _percent(one.used_files, one.max_files),
                "maxFiles": one.max_files,
                "mountPoint": one.mount_point,
                "total": one.total,
                "usedPercent": _percent(one.used, one.total),
            }
            for one in after.file_systems
        ],
        "processList": _processes(before, after),
    }
    return orjson.dumps(metrics)


def _engine(engine: str) -> str:
    return engine if engine.startswith("aurora-") else engine.upper()


def _uptime(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    time = f"{hour:02}:{minute:02}:{second:02}"
    return f"{days} day{'s' if days != 1 else ''}, {time}" if days else time


def _rate(amount: float, seconds: float) -> float:
    return round(max(amount, 0) / seconds, 2)


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole > 0 else 0.0


def _cpu(before: Sample, after: Sample) -> Mapping[str, float]:
    spent = {mode: max(ticks - before.cpu.get(mode, ticks), 0) for mode, ticks in after.cpu.items()}
    # What guests use is counted as their host's user time already.
    whole = sum(ticks for mode, ticks in spent.items() if mode != "guest")

    def share(*modes: str) -> float:
        return round(_percent(sum(spent.get(mode, 0) for mode in modes), whole), 1)

    idle = share("idle")
    return {
        "guest": share("guest"),
        "irq": share("irq", "softirq"),
        "system": share("system"),
        "wait": share("iowait"),
        "idle": idle,
        "user": share("user"),
        "total": round(100 - idle, 1) if whole else 0.0,
        "steal": share("steal"),
        "nice": share("nice"),
    }


def _tasks(processes: tuple[Process, ...]) -> Mapping[str, int]:
    states = [one.state for one in processes]
    return {
        "sleeping": states.count("S") + states.count("I"),
        "zombie": states.count("Z"),
        "running": states.count("R"),
        "stopped": states.count("T") + states.count("t"),
        "total": len(states),
        "blocked": states.count("D"),
    }


def _swap(before: Sample, after: Sample, seconds: float) -> Mapping[str, float]:
    pages_in, pages_out = (new - old for new, old in zip(after.swapped, before.swapped, strict=True))
    return {
        "cached": after.memory.get("SwapCached", 0),
        "total": after.memory.get("SwapTotal", 0),
        "free": after.memory.get("SwapFree", 0),
        "in": _rate(pages_in * 4, seconds),
        "out": _rate(pages_out * 4, seconds),
    }


def _disk(name: str, before: Disk, after: Disk, seconds: float) -> Mapping[str, object]:
    reads, writes = after.reads - before.reads, after.writes - before.writes
    read_sectors = after.sectors_read - before.sectors_read
    written_sectors = after.sectors_written - before.sectors_written
    requests = max(reads + writes, 1)
    waited = after.read_time - before.read_time + after.write_time - before.write_time
    return {
        "writeKbPS": _rate(written_sectors / 2, seconds),
        "readIOsPS": _rate(reads, seconds),
        "await": round(max(waited, 0) / requests, 2),
        "readKbPS": _rate(read_sectors / 2, seconds),
        "rrqmPS": _rate(after.reads_merged - before.reads_merged, seconds),
        "util": min(_percent((after.busy_time - before.busy_time) / 1000, seconds), 100.0),
        "avgQueueLen": _rate((after.queue_time - before.queue_time) / 1000, seconds),
        "tps": _rate(reads + writes, seconds),
        "readKb": read_sectors // 2,
        "device": name,
        "writeKb": written_sectors // 2,
        "avgReqSz": round((read_sectors + written_sectors) / requests, 2),
        "wrqmPS": _rate(after.writes_merged - before.writes_merged, seconds),
        "writeIOsPS": _rate(writes, seconds),
    }


def _processes(before: Sample, after: Sample) -> list[Mapping[str, object]]:
    ticks = sum(after.cpu.values()) - sum(before.cpu.values())
    memory = after.memory.get("MemTotal", 0)
    earlier = {one.id: one.ticks for one in before.processes}
    by_size = sorted(after.processes, key=lambda one: one.rss, reverse=True)
    listed, rest = by_size[:_LISTED], by_size[_LISTED:]

    def spent(one: Process) -> int:
        return max(one.ticks - earlier.get(one.id, one.ticks), 0)

    found: list[Mapping[str, object]] = [
        {
            "vss": sum(one.vss for one in rest),
            "name": "OS processes",
            "tgid": 0,
            "parentID": 0,
            "memoryUsedPc": _percent(sum(one.rss for one in rest), memory),
            "cpuUsedPc": _percent(sum(spent(one) for one in rest), ticks),
            "id": 0,
            "rss": sum(one.rss for one in rest),
            "vmlimit": 0,
        }
    ]
    found += [
        {
            "vss": one.vss,
            "name": one.name,
            "tgid": one.id,
            "parentID": one.parent,
            "memoryUsedPc": _percent(one.rss, memory),
            "cpuUsedPc": _percent(spent(one), ticks),
            "id": one.id,
            "rss": one.rss,
            "vmlimit": address_space_limit(one.id),
        }
        for one in listed
    ]
    return found
