"""replay as a command: what proposed policies would have done of what a trail has."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
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
from passrole.faces.trails import Progress, Regions, Strict, Trails, faults, source_of

if TYPE_CHECKING:
    from passrole.analysis.audit.faults import Skipped
    from passrole.analysis.replay import Replay, Replayed
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
    source, notes = source_of(trails, details, endpoint, profile, region), list[str]()
    asked = _replay(source, policies, notes)
    skipped: list[Skipped] = []
    say(notes)
    _write_replayed(_replayed(asked, trails, source, regions or (), strict, skipped), format)
    counts = asked.counts
    told = f"{counts.same:,} calls the same, {counts.changed:,} changed, {counts.unknown:,} cannot be told"
    if counts.untouched:
        told += f"; {counts.untouched:,} by principals without a proposal"
    if counts.failed:
        told += f"; {counts.failed:,} failed for other reasons"
    say((told, *faults(skipped, len(skipped))))
    return 1 if counts.changed else 0


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


def _replayed(
    asked: Replay,
    trails: Sequence[str],
    source: Source,
    regions: Sequence[str],
    strict: bool,
    skipped: list[Skipped],
) -> Iterator[Replayed]:
    """The calls that go another way, as the trail is read; each event once."""
    from passrole.analysis.audit.events import WholeRecord
    from passrole.analysis.audit.faults import CannotOpen, Digest, Foreign, StoppedAt
    from passrole.analysis.audit.faults import Skipped as Left
    from passrole.analysis.audit.seen import Seen
    from passrole.analysis.audit.sources import Reader, pieces

    reader, seen = Reader(source), Seen()
    with Progress(trails, source) as progress:
        for piece in pieces(trails, source, regions):
            name = piece.name

            def fault(place: str, why: str, name: str = name) -> None:
                if strict:
                    raise StoppedAt(str(Left(name, place, why)))
                skipped.append(Left(name, place, why))

            if piece.is_digest:
                continue
            try:
                for batch in reader.read(piece, fault, progress.show, WholeRecord):
                    for record in batch:
                        if seen.before(record.eventID):
                            continue
                        found = asked.judge(record.as_event())
                        if found is not None:
                            yield found
            except Digest:
                continue
            except (Foreign, CannotOpen) as error:
                fault("", str(error))


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
