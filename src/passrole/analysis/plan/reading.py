"""Files of deployments: what each is, by what stands in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from passrole.analysis.plan.passes import Deployment, UnreadablePlan, Where
from passrole.analysis.plan.templates import read_assembly, read_template
from passrole.analysis.plan.terraform import read_plan
from passrole.state.directory import Directory


def read_deployments(
    path: Path,
    where: Where,
    directory: Directory | None = None,
    parameters: Mapping[str, str] | None = None,
) -> list[Deployment]:
    """The deployments of a Terraform plan, a template, or a CDK cloud assembly. Raises UnreadablePlan."""
    if path.is_dir():
        return read_assembly(path, where, directory, parameters)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadablePlan(f"{path}: {error}") from error
    try:
        if _is_plan(text):
            return read_plan(text, where, directory)
        return [read_template(text, where, directory, parameters, folder=path.parent)]
    except UnreadablePlan as error:
        raise UnreadablePlan(f"{path}: {error}") from error


def _is_plan(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        whole = json.loads(text)
    except ValueError:
        return False  # the reader of templates says where it is broken
    return isinstance(whole, dict) and ("resource_changes" in whole or "terraform_version" in whole)
