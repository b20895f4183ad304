"""Files of deployments: what each is, by what stands in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from passrole.analysis.plan.assembly import read_assembly
from passrole.analysis.plan.passes import Deployment, UnreadablePlan, Where
from passrole.analysis.plan.templates import read_template
from passrole.analysis.plan.terraform import read_plan
from passrole.state.directory import Directory

_ZIP: Final = b"PK"  # what plans of Terraform's own form begin with
_STREAM: Final = re.compile(r'\s*\{"@level"')  # what terraform plan -json prints
_SHOWN: Final = (
    "of Terraform, plan reads what terraform show -json PLAN writes; terraform plan -out PLAN makes the PLAN"
)


def read_deployments(
    path: Path,
    where: Where,
    directory: Directory | None = None,
    parameters: Mapping[str, str] | None = None,
) -> list[Deployment]:
    """The deployments of a Terraform plan, a template, or a CDK cloud assembly. Raises UnreadablePlan."""
    if path.is_dir():
        stacks = read_assembly(path, where, directory, parameters)
        return stacks if len(stacks) < 2 else list(map(_told_apart, stacks))
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UnreadablePlan(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UnreadablePlan(
            f"{path}: {_SHOWN if content.startswith(_ZIP) else 'it is not UTF-8'}"
        ) from error
    if path.suffix == ".tf" or _STREAM.match(text):
        raise UnreadablePlan(f"{path}: {_SHOWN}")
    try:
        if _is_plan(text):
            return read_plan(text, where, directory)
        return [read_template(text, where, directory, parameters, folder=path.parent)]
    except UnreadablePlan as error:
        raise UnreadablePlan(f"{path}: {error}") from error


def _told_apart(stack: Deployment) -> Deployment:
    """The deployment with its stack's name before each resource: stacks have resources of the same name."""
    passes = [replace(one, resource=f"{stack.stack}/{one.resource}") for one in stack.passes]
    notes = [f"{stack.stack}/{one}" for one in stack.notes]
    return replace(stack, passes=passes, notes=notes)


def _is_plan(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        whole = json.loads(text)
    except ValueError:
        return False  # the reader of templates says where it is broken
    return isinstance(whole, dict) and ("resource_changes" in whole or "terraform_version" in whole)
