"""least-privilege as a command: the policy that a trail's calls need."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
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
    write_json,
)
from passrole.faces.trails import Progress, Regions, Trails, faults, source_of

if TYPE_CHECKING:
    from passrole.analysis.audit.faults import Skipped
    from passrole.analysis.least_privilege import Needs
    from passrole.analysis.sources import Source

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")

_REASONS = 10  # of calls that are not told, those that are said


@app.command(name="least-privilege")
def least_privilege(
    trails: Trails,
    principal: Annotated[str, typer.Option(help="ARN or name of principals, with wildcards.")] = "",
    session: Annotated[str, typer.Option(help="Name of a role session: an instance's id, a function.")] = "",
    since: Annotated[str, typer.Option(metavar="TIME", help="From then on: 2026-01-05T09:00:00Z.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Before then.")] = "",
    denied: Annotated[
        bool, typer.Option("--denied", help="Allow what was refused, too: a test run's needs.")
    ] = False,
    terraform: Annotated[bool, typer.Option("--terraform", help="Print the policies as Terraform.")] = False,
    regions: Regions = None,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """The narrowest policy under which the calls of a trail succeed again, for each principal.

    The trail is that of an account, of a session (passrole exec), or of a test run on an endpoint, by time.
    """
    from passrole.analysis.audit import narrowest
    from passrole.analysis.least_privilege import Needs
    from passrole.state.entities import Role

    source, notes = source_of(trails, details, endpoint, profile, region), list[str]()
    estate = estate_if_any(source, notes)
    needs = Needs(denied=denied)
    if estate is not None:
        needs.directory = estate.directory
        accounts = estate.accounts
        needs.roles = frozenset(one.arn for each in accounts for one in estate.directory.all(Role, each))
    wanted = _Wanted(principal, session, _time(since, "--since"), _time(until, "--until"))
    skipped: list[Skipped] = []
    read = 0
    with Progress(trails, source) as progress:
        for event in _events(trails, source, regions or (), skipped, progress):
            read += 1
            if wanted(event):
                needs.add(event)
    policies = needs.policies()
    say((*notes, *_notes(needs), *faults(skipped, len(skipped))))
    if skipped and not read:
        return 2  # no trail could be read: that nothing is needed would be said without knowing
    if terraform:
        sys.stdout.write(narrowest.terraform(policies))
    elif format is Format.table:
        from passrole.faces import tables

        for who, document in policies.items():
            tables.console().print(f"\nThe policy for {who}", style="bold", markup=False)
            write_json(document)
    elif format is Format.json:
        write_json(policies)
    else:
        raise BadFlag("least-privilege: policies are written as a table or as json")
    return 0


class _Wanted:
    """Which events count."""

    def __init__(self, principal: str, session: str, since: datetime | None, until: datetime | None) -> None:
        from passrole.values.glob import Pattern

        self._principal = Pattern.parse(principal or "*")
        self._session = session
        self._since = since
        self._until = until

    def __call__(self, event: dict[str, object]) -> bool:
        from passrole.analysis.audit.events import caller_of

        identity = event.get("userIdentity")
        block = identity if isinstance(identity, dict) else {}
        who, _ = caller_of(block)
        if not (self._principal.matches(who) or self._principal.matches(who.rsplit("/", 1)[-1])):
            return False
        if self._session and str(block.get("arn") or "").rsplit("/", 1)[-1] != self._session:
            return False
        if self._since is None and self._until is None:
            return True
        when = _moment(str(event.get("eventTime") or ""))
        if when is None:
            return False
        return (self._since is None or when >= self._since) and (self._until is None or when < self._until)


def _time(text: str, flag: str) -> datetime | None:
    if not text:
        return None
    found = _moment(text)
    if found is None:
        raise BadFlag(f"{flag} {text}: it is a time like 2026-01-05T09:00:00Z")
    return found


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _events(
    trails: Sequence[str],
    source: Source,
    regions: Sequence[str],
    skipped: list[Skipped],
    progress: Progress,
) -> Iterator[dict[str, object]]:
    """Every event of the trails, each once."""
    from passrole.analysis.audit.events import WholeRecord
    from passrole.analysis.audit.faults import CannotOpen, Digest, Foreign, Skipped
    from passrole.analysis.audit.sources import Reader, pieces

    reader = Reader(source)
    seen: set[str] = set()
    for piece in pieces(trails, source, regions):
        name = piece.name

        def fault(place: str, why: str, name: str = name) -> None:
            skipped.append(Skipped(name, place, why))

        try:
            for batch in () if piece.is_digest else reader.read(piece, fault, progress.show, WholeRecord):
                for record in batch:
                    if record.eventID and record.eventID in seen:
                        continue
                    seen.add(record.eventID)
                    try:
                        yield record.as_event()
                    except (ValueError, RecursionError) as error:
                        fault(f"event {record.eventID}", f"not read: {error}")
        except Digest:
            continue
        except (Foreign, CannotOpen) as error:
            fault("", str(error))


def _notes(needs: Needs) -> Iterator[str]:
    yield _counted(needs.calls, "call")
    if needs.refused:
        yield f"{_counted(needs.refused, 'refused call')} left out: --denied allows what was refused, too"
    if needs.open_resources:
        yield f"{_counted(needs.open_resources, 'resource')} not told by the records: * in the policies"
    if needs.untold_roles:
        roles = _counted(needs.untold_roles, "role")
        yield f"{roles} not told by the records: of launch templates, or hidden"
    for reason, count in list(needs.untold.items())[:_REASONS]:
        yield f"{_counted(count, 'call')} left out: the record does not tell {reason}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
