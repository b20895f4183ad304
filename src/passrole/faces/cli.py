"""The command line. Exit status: 0 yes or nothing found, 1 no or found, 2 could not be answered."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn, cast

import typer

from passrole import __version__
from passrole.faces import (
    audits,
    compare,
    diffs,
    escalations,
    least_privilege,
    lints,
    passes,
    plans,
    questions,
    replays,
    roles,
)
from passrole.faces.options import (
    MAIN_ACCOUNT,
    PORT,
    TRAIL_KEEP,
    TRAIL_SECONDS,
    BadOption,
    Options,
    root_key_of,
)
from passrole.values.errors import PassroleError

app = typer.Typer(
    name="passrole",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="""
Enforces and explains **iam:PassRole**: an AWS endpoint for unmodified clients, and the questions around it.

Examples:

    passrole serve                                   an endpoint on http://127.0.0.1:4747

    passrole serve --ephemeral --port 5000           one that keeps nothing

    passrole exec --instance i-0123 -- aws s3 ls     run a command as if on that instance

    passrole decide --jsonl < cases.jsonl            one verdict a line

    passrole check --principal ARN --role ARN --service lambda.amazonaws.com

    passrole who-can-pass --details details.json --by role

    passrole escalations --details details.json      who gains rights it lacks, and how

    passrole compare old.json new.json               does the new policy grant new access?

    passrole lint policies/ main.tf template.yaml    what is wrong with policies; --fix what is safe

    passrole plan plan.json --principal ARN          the role passes of a deployment, and what is missing

    passrole diff old.json new.json                  who can pass more or less after a change

    passrole least-privilege trail/                  the policy that a trail's calls need

    passrole explain --last                          why the last call was denied

    passrole role create --use-case ec2 Web          a role as the console's wizard makes it
""",
)


app.add_typer(roles.app)
app.add_typer(compare.app)
app.add_typer(escalations.app)


# Typer used to stand on click and now brings a copy of its own; both have BadParameter and its family.
_UsageError: Final = cast(type[typer.BadParameter], typer.BadParameter.__base__)
_CommandError: Final = cast(type[typer.BadParameter], _UsageError.__base__)


app.add_typer(questions.app)
app.add_typer(passes.app)
app.add_typer(audits.app)
app.add_typer(replays.app)
app.add_typer(lints.app)
app.add_typer(plans.app)
app.add_typer(diffs.app)
app.add_typer(least_privilege.app)


def main() -> NoReturn:
    """The console script. A usage error is one line on stderr and exit status 2."""
    try:
        status = app(standalone_mode=False)
    except _UsageError as error:
        where = f"passrole {error.ctx.info_name}" if error.ctx and error.ctx.parent else "passrole"
        _fail(f"{where}: {error.format_message()} (see {where} --help)")
    except typer.Abort:
        sys.exit(130)
    except _CommandError as error:
        _fail(f"passrole: {error.format_message()}")
    except PassroleError as error:
        _fail(f"passrole: {error}")
    sys.exit(status if isinstance(status, int) else 0)


def _fail(line: str) -> NoReturn:
    print(line.replace("\n", " "), file=sys.stderr)
    sys.exit(2)


def _version(asked: bool) -> None:
    if asked:
        print(f"passrole {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    host: Annotated[str, typer.Option(envvar="PASSROLE_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="PASSROLE_PORT", help="Port to listen on; 0 takes a free one.")
    ] = PORT,
    data: Annotated[
        Path | None,
        typer.Option(envvar="PASSROLE_DATA", help="Folder that keeps everything; ~/.passrole if not given."),
    ] = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", envvar="PASSROLE_EPHEMERAL", help="Keep nothing on disk.")
    ] = False,
    account: Annotated[
        str, typer.Option(envvar="PASSROLE_ACCOUNT", help="Id of the main account.")
    ] = MAIN_ACCOUNT,
    upstream: Annotated[
        str,
        typer.Option(
            envvar="PASSROLE_UPSTREAM", help="URL of another emulator that runs the services other than ours."
        ),
    ] = "",
    enforce: Annotated[
        str,
        typer.Option(
            envvar="PASSROLE_ENFORCE", help="all, or report: let refused calls through and mark them."
        ),
    ] = "all",
    run_functions: Annotated[
        bool,
        typer.Option("--run-functions", envvar="PASSROLE_RUN_FUNCTIONS", help="Let Invoke run code here."),
    ] = False,
    testing: Annotated[
        bool,
        typer.Option(
            "--testing", envvar="PASSROLE_TESTING", help="Allow POST /_passrole/reset, accounts and clock."
        ),
    ] = False,
    imports: Annotated[
        list[Path] | None,
        typer.Option(
            "--import",
            envvar="PASSROLE_IMPORT",
            metavar="DETAILS.json",
            help="Start with a copy of accounts (get-account-authorization-details); repeatable.",
        ),
    ] = None,
    trail_keep: Annotated[
        str,
        typer.Option(envvar="PASSROLE_TRAIL_KEEP", help="How much of the trail to keep."),
    ] = TRAIL_KEEP,
    trail_seconds: Annotated[
        float,
        typer.Option(
            envvar="PASSROLE_TRAIL_SECONDS", help="Seconds between two deliveries of trails to their buckets."
        ),
    ] = TRAIL_SECONDS,
    throttle: Annotated[
        bool,
        typer.Option("--throttle", envvar="PASSROLE_THROTTLE", help="Keep AWS's rate limit of LookupEvents."),
    ] = False,
) -> int:
    """Start the endpoint and print how to point a client at it."""
    from passrole.faces.endpoint import run

    options = Options(
        host=host,
        port=port,
        data=data,
        ephemeral=ephemeral,
        account=account,
        upstream=upstream,
        enforce=enforce,
        run_functions=run_functions,
        testing=testing,
        trail_keep=trail_keep,
        trail_seconds=trail_seconds,
        throttle=throttle,
        imports=tuple(imports or ()),
        root_key=root_key_of(os.environ),
    )
    return run(options)


@app.command(name="exec", context_settings={"allow_interspersed_args": False})
def execute(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments, after --.")],
    instance: Annotated[
        str | None, typer.Option(help="Id of the EC2 instance to run as.", metavar="ID")
    ] = None,
    function: Annotated[
        str | None, typer.Option(help="Name of the Lambda function to run as.", metavar="NAME")
    ] = None,
    task: Annotated[str | None, typer.Option(help="ARN of the ECS task to run as.", metavar="ARN")] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the endpoint.")
    ] = f"http://127.0.0.1:{PORT}",
    region: Annotated[
        str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region of the workload.")
    ] = "us-east-1",
) -> int:
    """Run a command as if on that workload: with its role's credentials and no others."""
    from passrole.faces.exec import run

    if sum(one is not None for one in (instance, function, task)) != 1:
        raise BadOption("exec: name one of --instance, --function and --task")
    return run(command, endpoint=endpoint, region=region, instance=instance, function=function, task=task)


@app.command()
def export(
    organization: Annotated[
        bool,
        typer.Option("--organization", help="All accounts of the caller's organization, into a folder."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --organization: the new folder.")
    ] = None,
    role: Annotated[
        str,
        typer.Option(metavar="NAME", help="With --organization: the role by which other accounts are read."),
    ] = "OrganizationAccountAccessRole",
    endpoint: Annotated[
        str, typer.Option(envvar="AWS_ENDPOINT_URL", metavar="URL", help="Endpoint to read from.")
    ] = "",
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="Profile of a real account, which is only read.")
    ] = "",
    region: Annotated[
        str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Region to ask.")
    ] = "",
) -> int:
    """Write the account's details to standard output, as --details and serve --import read them.

    With **--organization** every account's details are written into a folder, with the organization's units
    and policies: `--details DIR` reads the folder. Exit status: 1 where an account could not be read.
    """
    from passrole.analysis.sources import Source
    from passrole.faces import exporting

    source = Source((), endpoint, profile, region)
    if organization:
        if out is None:
            raise BadOption("export: --organization needs a folder: --out DIR")
        return exporting.write_organization(source, out, role)
    if out is not None:
        raise BadOption("export: --out goes with --organization; one account goes to standard output")
    sys.stdout.buffer.write(exporting.export(source))
    return 0


@app.command()
def decide(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One case a line in, one verdict a line out.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add the reason, the layer and the statements.")
    ] = False,
) -> int:
    """Decide authorization cases read from standard input, one JSON object a line."""
    from passrole.decision.decide import decide_stream

    if not jsonl:
        raise BadOption("decide: it reads JSON lines only, say so with --jsonl")
    if sys.stdin is None:
        raise BadOption("decide: standard input is closed")
    out = sys.stdout.buffer

    def take(verdicts: bytes) -> None:
        out.write(verdicts)
        out.flush()

    given = io.FileIO(sys.stdin.fileno(), closefd=False)
    return 1 if decide_stream(given, take, explain=explain) else 0
