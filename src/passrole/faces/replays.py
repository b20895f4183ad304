"""replay as a command: what proposed policies would have done of what a trail has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.faces.questions import (
    BadFlag,
    Details,
    Endpoint,
    Format,
    Profile,
    Region,
    Written,
    estate_if_any,
    say,
)
from passrole.faces.trails import Jobs, Progress, Regions, Strict, Trails, faults, source_of

if TYPE_CHECKING:
    from passrole.analysis.replay import Replay
    from passrole.analysis.replayed import Replayed
    from passrole.analysis.sources import Source

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


@app.command()
def replay(
    trails: Trails,
    policies: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Proposed policies: user/NAME.json, role/NAME.json and the like."),
    ] = None,
    strict: Strict = False,
    jobs: Jobs = 0,
    regions: Regions = None,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """What proposed policies would have denied, or newly allowed, of what really happened.

    The proposal is a folder of policies, or whole accounts (--details); with both, the details are how it
    is now. Exit status: 0 nothing changes, 1 something does, 2 could not be answered.
    """
    from passrole.analysis.audit.sources import pieces
    from passrole.analysis.replaying import Replaying

    source, notes = source_of(trails, details, endpoint, profile, region), list[str]()
    asked = _replay(source, policies, notes)
    say(notes)
    running = Replaying()
    with Progress(trails, source) as progress:
        rows = running.rows(
            asked,
            pieces(trails, source, regions or ()),
            source,
            jobs=jobs,
            strict=strict,
            progress=progress.show,
        )
        _write_replayed(rows, format)
    counts = running.counts
    told = (
        f"{counts['same']:,} calls the same, {counts['changed']:,} changed, "
        f"{counts['unknown']:,} cannot be told"
    )
    if counts["untouched"]:
        told += f"; {counts['untouched']:,} by principals without a proposal"
    if counts["failed"]:
        told += f"; {counts['failed']:,} failed for other reasons"
    say((told, *faults(running.skipped, running.left_out)))
    if not counts.total() and any(one.unopened for one in running.skipped):
        return 2  # no trail could be opened: that nothing changes would be said without knowing
    return 1 if counts["changed"] else 0


def _replay(source: Source, policies: Path | None, notes: list[str]) -> Replay:
    from passrole.analysis.proposals import Proposal, read_proposals
    from passrole.analysis.replay import Replay

    if policies is None:
        if not source.details:
            raise BadFlag("replay: say what is proposed: --policies DIR or --details FILE")
        estate = source.estate()
        notes += (str(note) for note in estate.notes)
        return Replay(estate.directory, organized=estate.organized)
    proposals = read_proposals(policies)
    present = estate_if_any(source, notes)
    proposal = Proposal(proposals, present)
    if present is None:
        notes.append("what else applies is not known: boundaries, service control policies, tags, profiles")
    return Replay(
        proposal.directory,
        present=present.directory if present is not None else None,
        organized=present is not None and present.organized,
        concerns=proposal.concerns,
        invented=proposal.invented,
    )


def _write_replayed(found: Iterator[Replayed], format: Format) -> None:
    """As it comes: a trail may change in more places than memory holds."""
    import orjson

    from passrole.faces import tables

    headings = ("event", "time", "principal", "operation", "was", "would_be", "why")
    out = sys.stdout
    if format is Format.json:
        separator = "[\n"
        for one in found:
            out.write(separator + "  " + orjson.dumps(one.as_json()).decode())
            separator = ",\n"
        out.write("\n]\n" if separator != "[\n" else "[]\n")
        return
    cells = (
        (one.event, one.time, one.principal, one.operation, one.was, one.would_be, one.why) for one in found
    )
    if format is Format.csv:
        out.write(tables.csv_line(headings))
        out.writelines(map(tables.csv_line, cells))
    else:
        tables.write_table(headings, cells)
