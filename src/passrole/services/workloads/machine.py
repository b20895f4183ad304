"""This machine's own figures, read from Linux's /proc.

A file that is not there (on another system, or inside a sandbox) leaves its figures at zero or its lists
empty, as a host that has no such device shows none. Sources: proc(5); kernel documentation, "I/O statistics
fields".
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_CPU: Final = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest")
_NOT_DISKS: Final = ("loop", "ram", "zram", "fd", "sr")


@dataclass(frozen=True, slots=True)
class Disk:
    """Counters of one block device since the machine started. Sectors are 512 bytes, times milliseconds."""

    reads: int
    reads_merged: int
    sectors_read: int
    read_time: int
    writes: int
    writes_merged: int
    sectors_written: int
    write_time: int
    busy_time: int
    queue_time: int


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A mounted file system; sizes in kilobytes."""

    name: str
    mount_point: str
    total: int
    used: int
    max_files: int
    used_files: int


@dataclass(frozen=True, slots=True)
class Process:
    """A process; sizes in kilobytes, ticks of processor time since it started."""

    id: int
    parent: int
    name: str
    state: str  # proc(5)'s letter: "R", "S", "D" …
    vss: int
    rss: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Sample:
    """The machine at one moment. at is in seconds of a clock that only goes forward."""

    at: float
    uptime: float  # seconds
    processors: int
    load: tuple[float, float, float]  # over 1, 5 and 15 minutes
    cpu: Mapping[str, int]  # ticks by mode
    memory: Mapping[str, int]  # /proc/meminfo: kilobytes, or pages for the counts of huge pages
    swapped: tuple[int, int]  # pages in and out
    network: Mapping[str, tuple[int, int]]  # interface -> bytes received and sent
    disks: Mapping[str, Disk]
    file_systems: tuple[FileSystem, ...]
    processes: tuple[Process, ...]


def sample() -> Sample:
    """Reads everything; some milliseconds for hundreds of processes."""
    return Sample(
        at=time.monotonic(),
        uptime=_uptime(),
        processors=os.cpu_count() or 1,
        load=_load(),
        cpu=_cpu(),
        memory=_memory(),
        swapped=_swapped(),
        network=_network(),
        disks=_disks(),
        file_systems=_file_systems(),
        processes=tuple(_processes()),
    )


def address_space_limit(process: int) -> int | str:
    """The soft limit of a process's address space in kilobytes, "unlimited", or 0 where it is not told."""
    for line in _lines(_PROC / str(process) / "limits"):
        if line.startswith("Max address space"):
            soft = line.removeprefix("Max address space").split()[0]
            return int(soft) // 1024 if soft.isdigit() else "unlimited"
    return 0


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _uptime() -> float:
    found = _lines(_PROC / "uptime")
    return float(found[0].split()[0]) if found else 0.0


def _load() -> tuple[float, float, float]:
    try:
        return os.getloadavg()
    except OSError:
        return (0.0, 0.0, 0.0)


def _cpu() -> Mapping[str, int]:
    for line in _lines(_PROC / "stat"):
        name, *counts = line.split()
        if name == "cpu":
            return {mode: int(count) for mode, count in zip(_CPU, counts, strict=False)}
    return {}


def _memory() -> Mapping[str, int]:
    found: dict[str, int] = {}
    for line in _lines(_PROC / "meminfo"):
        name, _, value = line.partition(":")
        if value.split():
            found[name] = int(value.split()[0])
    return found


def _swapped() -> tuple[int, int]:
    counts = dict(line.split(" ", 1) for line in _lines(_PROC / "vmstat") if " " in line)
    return int(counts.get("pswpin", 0)), int(counts.get("pswpout", 0))


def _network() -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for line in _lines(_PROC / "net" / "dev")[2:]:
        name, _, counts = line.partition(":")
        fields = counts.split()
        if name.strip() != "lo" and len(fields) >= 9:
            found[name.strip()] = (int(fields[0]), int(fields[8]))
    return found


def _disks() -> Mapping[str, Disk]:
    try:
        whole = set(os.listdir("/sys/block"))  # partitions are not there
    except OSError:
        return {}
    found: dict[str, Disk] = {}
    for line in _lines(_PROC / "diskstats"):
        fields = line.split()
        if len(fields) < 14 or fields[2] not in whole or fields[2].startswith(_NOT_DISKS):
            continue
        counts = [int(field) for field in fields[3:14]]
        found[fields[2]] = Disk(*counts[:8], *counts[9:11])
    return found


def _file_systems() -> tuple[FileSystem, ...]:
    try:
        found = os.statvfs("/")
    except (OSError, AttributeError):
        return ()
    total = found.f_blocks * found.f_frsize // 1024
    free = found.f_bfree * found.f_frsize // 1024
    files = found.f_files
    return (FileSystem("rootfilesys", "/", total, total - free, files, files - found.f_ffree),)


def _processes() -> Iterator[Process]:
    page = os.sysconf("SC_PAGE_SIZE") // 1024 if hasattr(os, "sysconf") else 4
    try:
        entries = [entry for entry in os.listdir(_PROC) if entry.isdigit()]
    except OSError:
        return
    for entry in entries:
        lines = _lines(_PROC / entry / "stat")
        # The name stands in parentheses and may hold some itself.
        start, end = (lines[0].find("("), lines[0].rfind(")")) if lines else (-1, -1)
        if end < 0:
            continue  # it ended meanwhile
        rest = lines[0][end + 2 :].split()
        yield Process(
            id=int(entry),
            parent=int(rest[1]),
            name=lines[0][start + 1 : end],
            state=rest[0],
            vss=int(rest[20]) // 1024,
            rss=int(rest[21]) * page,
            ticks=int(rest[11]) + int(rest[12]),
        )
