"""``passrole role``: the console's "Create role" wizard on the command line.

It calls the endpoint as its caller, with the rights that the caller has and no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from passrole.faces.options import PORT, BadOption
from passrole.values.errors import PassroleError, ServiceError

if TYPE_CHECKING:  # the other commands do not pay for the client
    from passrole.catalog.use_cases import UseCase
    from passrole.wire.client import Client

app = typer.Typer(name="role", no_args_is_help=True, help="Create roles for AWS services.")

FORMATS: Final = ("table", "json")

Made = dict[str, object]


class Calls(Protocol):
    """What calls the endpoint: ``wire.client.Client``."""

    def call(
        self, service: str, operation: str, given: Mapping[str, object] | None = None
    ) -> Mapping[str, object]:
        """The output. Raises ServiceError."""


class RoleFailed(PassroleError):
    """The role could not be made, or not whole; the text says which."""


def create_role(calls: Calls, case: UseCase, name: str, *, path: str = "/", description: str = "") -> Made:
    """Makes the role with its trust policy, its managed policies and, for EC2, its instance profile.

    Returns GetRole's members, with AttachedPolicies (ARNs) and InstanceProfile (an ARN) where there is one.
    Raises RoleFailed.
    """
    given = {
        "RoleName": name,
        "Path": path,
        "AssumeRolePolicyDocument": case.trust_policy(),
        "Description": description or case.description,
    }
    try:
        calls.call("iam", "CreateRole", given)
    except ServiceError as error:
        raise RoleFailed(f"{error.code}: {error.message}") from error
    profile = ""
    try:
        for policy in case.policies:
            calls.call("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": policy})
        if case.instance_profile:
            profile = _profile(calls, name, path)
        found = calls.call("iam", "GetRole", {"RoleName": name})
    except ServiceError as error:
        raise RoleFailed(
            f"the role {name} was made, but is not whole: {error.code}: {error.message}"
        ) from error
    role = found.get("Role")
    made: Made = dict(role) if isinstance(role, Mapping) else {}
    made["AttachedPolicies"] = list(case.policies)
    if profile:
        made["InstanceProfile"] = profile
    return made


def _profile(calls: Calls, name: str, path: str) -> str:
    made = calls.call("iam", "CreateInstanceProfile", {"InstanceProfileName": name, "Path": path})
    calls.call("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": name, "RoleName": name})
    profile = made.get("InstanceProfile")
    return str(profile["Arn"]) if isinstance(profile, Mapping) else ""


def _client(endpoint: str) -> Client:
    from passrole.wire.client import Client
    from passrole.wire.models import credentials

    found = credentials()
    if found is None:
        raise BadOption("role: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    return Client(found, url=endpoint)


def _format(text: str) -> str:
    if text not in FORMATS:
        raise BadOption(f"--format: {text} is none of {', '.join(FORMATS)}")
    return text


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the new role.", metavar="ROLE")],
    use_case: Annotated[
        str, typer.Option("--use-case", help="What the role is for; see role use-cases.", metavar="NAME")
    ],
    path: Annotated[str, typer.Option(help="Path of the role.")] = "/",
    description: Annotated[str, typer.Option(help="The use case's own if not given.")] = "",
    endpoint: Annotated[
        str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the endpoint.")
    ] = f"http://127.0.0.1:{PORT}",
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> int:
    """Create a role for an AWS service: trust policy, managed policies, instance profile."""
    from passrole.catalog.use_cases import use_cases

    shown = _format(format_)
    case = use_cases().get(use_case)
    if case is None:
        raise BadOption(f"--use-case: {use_case} is none of {', '.join(use_cases())}")
    client = _client(endpoint)
    try:
        made = create_role(client, case, name, path=path, description=description)
    finally:
        client.close()
    if shown == "json":
        _print(made)
    else:
        _table([("Role", str(made["Arn"])), ("Trusted service", ", ".join(case.services))])
        _table([("Managed policy", policy) for policy in case.policies])
        if "InstanceProfile" in made:
            _table([("Instance profile", str(made["InstanceProfile"]))])
    return 0


@app.command(name="use-cases")
def list_use_cases(format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table") -> int:
    """List the use cases that a role can be created for."""
    from passrole.catalog.use_cases import use_cases

    shown = _format(format_)
    if shown == "json":
        _print(
            [
                {
                    "name": case.name,
                    "services": case.services,
                    "policies": case.policies,
                    "instance_profile": case.instance_profile,
                    "description": case.description,
                }
                for case in use_cases().values()
            ]
        )
    else:
        _table([(case.name, case.description) for case in use_cases().values()], 26)
    return 0


def _print(value: object) -> None:
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _table(rows: list[tuple[str, str]], width: int = 18) -> None:
    for label, value in rows:
        print(f"{label:<{width}}{value}")
