"""Questions on the command line: check, explain, catalog; and what all questions share.

Account data comes from files, from an endpoint or from a real account that is only read. What an answer
leaves out is said on standard error; with ``--format json`` standard output holds one JSON value.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passrole.values.errors import PassroleError

if TYPE_CHECKING:
    from passrole.analysis.answer import Answer
    from passrole.analysis.denials import Denial
    from passrole.analysis.sources import Source
    from passrole.state.estate.accounts import Accounts
    from passrole.state.estate.estate import Estate
    from passrole.wire.client import Client

app = typer.Typer(add_completion=False, rich_markup_mode="markdown")


class Format(StrEnum):
    """How an answer is written."""

    table = "table"
    json = "json"
    csv = "csv"


class CatalogFormat(StrEnum):
    """How the catalog is written."""

    table = "table"
    json = "json"
    jsonl = "jsonl"


class BadFlag(PassroleError):
    """Flags that do not go together."""


Details = Annotated[
    list[Path] | None,
    typer.Option(
        "--details",
        metavar="PATH",
        help="Output of aws iam get-account-authorization-details, an organization's export, or a folder of "
        "such files; repeatable.",
    ),
]
Endpoint = Annotated[
    str,
    typer.Option("--endpoint", envvar="AWS_ENDPOINT_URL", metavar="URL", help="Endpoint to read from."),
]
Profile = Annotated[
    str,
    typer.Option("--profile", metavar="NAME", help="Profile of a real account, which is only read."),
]
Region = Annotated[
    str, typer.Option("--region", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region to ask.")
]
Written = Annotated[Format, typer.Option("--format", help="How to write the answer.")]
Context = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="KEY=VALUE", help="A condition key of the call; repeatable."),
]


@app.command()
def check(
    principal: Annotated[str, typer.Option(help="ARN of a user, role, session or root.", metavar="ARN")],
    role: Annotated[str, typer.Option(help="ARN of the role.", metavar="ARN")],
    service: Annotated[
        str, typer.Option(help="Service principal that gets the role: lambda.amazonaws.com.", metavar="P")
    ] = "",
    operation: Annotated[
        str, typer.Option(help="Call that passes it: lambda:CreateFunction.", metavar="S:Op")
    ] = "",
    context: Context = None,
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """May it pass the role? Which statement and key decide, and what would help.

    Exit status: 0 yes, 1 no, 2 could not be answered.
    """
    from passrole.analysis.check import check as checked

    estate = estate_from(source_from(details, endpoint, profile, region))
    answer = checked(estate, principal, role, service, operation, _context(context))
    say(answer.notes)
    _write_answer(answer, format)
    return 0 if answer.allowed else 1


@app.command()
def explain(
    text: Annotated[
        str, typer.Argument(help="A denial message, encoded message or CloudTrail event; - reads it.")
    ] = "",
    last: Annotated[
        bool, typer.Option("--last", help="The newest denied call in the account's trail.")
    ] = False,
    request_id: Annotated[
        str, typer.Option("--request-id", metavar="ID", help="The call with that request id.")
    ] = "",
    service: Annotated[str, typer.Option(help="To which service the role was passed.", metavar="P")] = "",
    details: Details = None,
    endpoint: Endpoint = "",
    profile: Profile = "",
    region: Region = "",
    format: Written = Format.table,
) -> int:
    """Why was it denied, and what would help?"""
    from dataclasses import replace

    from passrole.analysis import denied_calls
    from passrole.analysis.denied_events import read
    from passrole.analysis.explain import explain as explained
    from passrole.catalog.passed import principal_named

    if (bool(text) + last + bool(request_id)) != 1:
        raise BadFlag("explain: give one of TEXT (or -), --last and --request-id")
    source = source_from(details, endpoint, profile, region)
    notes: list[str] = []
    if text:
        denial = read(sys.stdin.read() if text == "-" else text)
    else:
        clients = _regions(source)
        denial = (
            denied_calls.of_request(clients, request_id) if request_id else denied_calls.last_denied(clients)
        )
    if denial.encoded and source.is_live:
        denial = _opened(source, denial, notes)
    if service:
        denial = replace(denial, services=(principal_named(service),))
    estate = estate_if_any(source, notes)
    say(notes)
    answer = explained(denial, estate)
    say(answer.notes)
    _write_answer(answer, format, denied=True)
    return 0


@app.command()
def catalog(
    what: Annotated[
        str, typer.Argument(metavar="[SERVICE[:Operation]] | update | diff", help="What to show.")
    ] = "",
    source: Annotated[
        str, typer.Argument(metavar="[URL|FILE]", help="For update and diff: AWS's service reference.")
    ] = "",
    data: Annotated[
        Path | None, typer.Option(envvar="PASSROLE_DATA", help="Folder that keeps what update took over.")
    ] = None,
    format: Annotated[CatalogFormat, typer.Option("--format", help="How to write it.")] = CatalogFormat.table,
) -> int:
    """What an operation needs and which roles it takes.

    **update** takes AWS's published service reference over into the data folder, **diff** tells where it
    and the catalog disagree; both take a URL or a file, AWS's own URL if none is given.
    """
    from passrole.faces import catalogs

    folder = data if data is not None else catalogs.default_folder()
    if what == "update":
        return catalogs.update(folder, source)
    if what == "diff":
        return catalogs.diff(source)
    if source:
        raise BadFlag(f"catalog: {source}: only update and diff take a URL or file")
    return catalogs.show(folder, what, format.value)


# --- Sources ----------------------------------------------------------------------------------


def source_from(details: list[Path] | None, endpoint: str, profile: str, region: str) -> Source:
    """Where the account's data comes from, as the flags say."""
    from passrole.analysis.sources import Source

    return Source(tuple(details or ()), endpoint, profile, region)


def estate_from(source: Source) -> Estate:
    """The estate; what it leaves out is said."""
    estate = source.estate()
    say(str(note) for note in estate.notes)
    return estate


def estate_if_any(source: Source, notes: list[str]) -> Estate | None:
    """The estate, None where there is none that can be read: the message alone tells something."""
    if source.details:
        return estate_from(source)
    if not source.is_live:
        return None
    from passrole.analysis.live import CannotRead
    from passrole.analysis.sources import NoCredentials
    from passrole.wire.client import NotReached
    from passrole.wire.models import CredentialsFailed

    try:
        return estate_from(source)
    except (CannotRead, NoCredentials, NotReached, CredentialsFailed) as error:
        notes.append(str(error))
        return None


def _regions(source: Source) -> list[Client]:
    """Clients of the source's Region and of us-east-1, where global services record their calls."""
    from dataclasses import replace

    first = source.client()
    if first.region == "us-east-1":
        return [first]
    return [first, replace(source, region="us-east-1").client()]


def _opened(source: Source, denial: Denial, notes: list[str]) -> Denial:
    from passrole.analysis import denied_calls
    from passrole.analysis.sources import NoCredentials
    from passrole.values.errors import ServiceError
    from passrole.wire.client import NotReached
    from passrole.wire.models import CredentialsFailed

    try:
        with source.client() as client:
            return denied_calls.opened(denial, client)
    except (ServiceError, NotReached, NoCredentials, CredentialsFailed) as error:
        notes.append(f"the encoded message was not opened: {error}")
        return denial


def _context(given: list[str] | None) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in given or ():
        key, equals, value = one.partition("=")
        if not equals or ":" not in key:
            raise BadFlag(f"--context {one}: it is KEY=VALUE, as in aws:RequestedRegion=eu-west-1")
        found[key] = value
    return found


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """An estate is large and has no cycles: to go through it in search of some takes a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


# --- Writing ----------------------------------------------------------------------------------


def say(lines: Iterable[str]) -> None:
    """What an answer leaves out: on standard error, each thing once."""
    for line in dict.fromkeys(lines):
        print(f"passrole: note: {line}", file=sys.stderr)


def _write_answer(answer: Answer, format: Format, *, denied: bool = False) -> None:
    from passrole.faces import tables

    if format is Format.json:
        write_json(answer.as_json())
    elif format is Format.csv:
        row = answer.as_json()
        cells = [answer.principal, answer.resource, answer.service, str(row["allowed"]).lower()]
        cells += [answer.decision, answer.layer, answer.reason, " ".join(answer.remedies)]
        headings = ("principal", "role", "service", "allowed", "decision", "layer", "reason", "remedies")
        sys.stdout.write(tables.csv_line(headings) + tables.csv_line(cells))
    else:
        tables.write_answer(answer, denied=denied)


def write_json(value: object) -> None:
    """One JSON value on standard output."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


class PrincipalsProgress:
    """A bar on standard error for long work, on a terminal only.

    Not where rows come out on the same terminal meanwhile: collected tells that they come at the end.
    """

    def __init__(self, *, collected: bool = False) -> None:
        from rich.console import Console
        from rich.progress import Progress

        shown = sys.stderr.isatty() and (collected or not sys.stdout.isatty())
        self._bar = Progress(console=Console(stderr=True), transient=True, disable=not shown)
        self._task = self._bar.add_task("principals", total=None)

    def __enter__(self) -> PrincipalsProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def each(self, estates: Accounts | Sequence[Estate]) -> Iterator[Estate]:
        """The same estates, counted by a bar of their own where there are several."""
        accounts = self._bar.add_task("accounts", total=len(estates)) if len(estates) > 1 else None
        for estate in estates:
            yield estate
            if accounts is not None:
                self._bar.advance(accounts)

    def by_account(self, accounts: int) -> Callable[[], None]:
        """A bar of so many accounts instead; what is returned tells that one more is done."""
        self._bar.update(self._task, visible=False)
        task = self._bar.add_task("accounts", total=accounts)
        return lambda: self._bar.advance(task)

    def show(self, done: int, total: int) -> None:
        """So many principals of so many are done."""
        if done % 64 == 0 or done == total:
            self._bar.update(self._task, completed=done, total=total)
