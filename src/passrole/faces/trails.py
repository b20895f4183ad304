"""What the commands that read trails have in common: which trails, how far they are, what was left out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from passrole.analysis.audit.faults import Skipped
    from passrole.analysis.sources import Source

_NAMED: Final = 20  # faults that are said on standard error


Trails = Annotated[
    list[str],
    typer.Argument(
        metavar="TRAIL…",
        help="Files and folders of CloudTrail logs, s3://BUCKET/PREFIX, the URL of an endpoint; - reads one.",
    ),
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--history-of", metavar="REGION", help="With a URL: Region to look up; repeatable."),
]
Jobs = Annotated[int, typer.Option(help="Processes that read; 0: one a processor, four for buckets.", min=0)]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first thing that cannot be read.")]


def source_of(
    trails: Sequence[str], details: list[Path] | None, endpoint: str, profile: str, region: str
) -> Source:
    """Account data is the endpoint's whose history is read, where nothing else is said."""
    from passrole.analysis.sources import Source

    urls = [trail for trail in trails if trail.startswith(("http://", "https://"))]
    return Source(tuple(details or ()), endpoint or (urls[0] if urls else ""), profile, region)


class Progress:
    """Bytes and rate on standard error, on a terminal only."""

    def __init__(self, trails: Sequence[str], source: Source) -> None:
        self._bar: RichProgress | None = None
        if not sys.stderr.isatty():
            return  # nor is what draws it loaded
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("reading"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        total = None
        if all("://" not in trail and trail != "-" for trail in trails):
            from passrole.analysis.audit.sources import pieces

            total = sum(piece.size for piece in pieces(trails, source))
        self._task = self._bar.add_task("reading", total=total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, stored: int) -> None:
        """So many more bytes are read. The bar begins with the first: its thread must not be forked."""
        if self._bar is None:
            return
        if not self._bar.live.is_started:
            self._bar.start()
        self._bar.advance(self._task, stored)


def faults(skipped: Sequence[Skipped], count: int) -> Iterator[str]:
    """A line for each of the first things that were left out of count."""
    for one in skipped[:_NAMED]:
        yield f"left out: {one}"
    if count > _NAMED:
        yield f"{count:,} things were left out in all"
