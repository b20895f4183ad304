"""The stacks of CDK's cloud assemblies (``cdk.out``).

Source: AWS CDK Developer Guide, "Configure and perform CDK stack synthesis" and "Bootstrapping".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from passrole.analysis.plan.passes import ANY, Deployment, UnreadablePlan, Where
from passrole.analysis.plan.templates import read_template
from passrole.state.directory import Directory

_MANIFEST: Final = "manifest.json"
_KIND: Final = "aws:cloudformation:stack"


def read_assembly(
    folder: Path,
    where: Where,
    directory: Directory | None = None,
    parameters: Mapping[str, str] | None = None,
) -> list[Deployment]:
    """The stacks of a cloud assembly (``cdk.out``), each with the role that CloudFormation acts with.

    Raises UnreadablePlan.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadablePlan(f"{folder}: no cloud assembly: {error}") from error
    found: list[Deployment] = []
    artifacts = manifest.get("artifacts") if isinstance(manifest, dict) else None
    for id, one in artifacts.items() if isinstance(artifacts, dict) else ():
        if not isinstance(one, dict):
            continue
        if one.get("type") == "cdk:cloud-assembly":
            inner = _member(one, "properties", "directoryName")
            found += read_assembly(folder / inner, where, directory, parameters) if inner else []
        elif one.get("type") == _KIND:
            found.append(_stack(folder, id, one, where, directory, parameters))
    return found


def _stack(
    folder: Path,
    id: str,
    one: Mapping[str, Any],
    where: Where,
    directory: Directory | None,
    parameters: Mapping[str, str] | None,
) -> Deployment:
    name = _member(one, "properties", "stackName") or id
    account, _, region = str(one.get("environment", "")).removeprefix("aws://").partition("/")
    region = ANY if region.startswith("unknown") or not region else region
    own = Where(where.partition, account if account.isdigit() else where.account, region, name)
    file = _member(one, "properties", "templateFile")
    try:
        text = (folder / file).read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadablePlan(f"{folder / file}: {error.strerror or error}") from error
    made = read_template(text, own, directory, parameters, folder=folder)
    made.stack = name
    made.role = _filled(_member(one, "properties", "cloudFormationExecutionRoleArn"), own)
    made.by = _filled(_member(one, "properties", "assumeRoleArn"), own)
    return made


def _filled(role: str, where: Where) -> str:
    """A role of the manifest with its placeholders filled in."""
    for placeholder, value in (
        ("${AWS::Partition}", where.partition),
        ("${AWS::AccountId}", where.account),
        ("${AWS::Region}", where.region),
    ):
        role = role.replace(placeholder, value)
    return role


def _member(one: Mapping[str, Any], outer: str, inner: str) -> str:
    found = one.get(outer)
    value = found.get(inner) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""
