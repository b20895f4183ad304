"""Files that hold policies: what each is, by its name and by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from passrole.analysis.lint.document import Broken, Found
from passrole.analysis.lint.json_files import read_plan, read_policies
from passrole.analysis.lint.node import Embedded, Node, read_json
from passrole.analysis.lint.templates import read_template
from passrole.analysis.lint.terraform import read_terraform
from passrole.policy.source import JsonError
from passrole.values.errors import PassroleError

ENDINGS: Final = (".json", ".yaml", ".yml", ".template", ".tf")
# Words that a file with policies has, even a broken one.
_POLICY: Final = re.compile(
    r"""["'](?:(?:Statement|Effect|\w*PolicyDocument|planned_values)["']\s*:|AWS::\w+::\w+["'])"""
)
_LARGEST: Final = 256 * 1024 * 1024


class UnreadableFile(PassroleError):
    """A file that cannot be read at all."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file with what it holds. name is as it was given."""

    name: str
    text: str
    found: Found


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and those of folders that may hold policies, each once.

    Hidden folders are left out. Raises UnreadableFile for a path that is not there.
    """
    seen: set[Path] = set()
    for one in _named(paths):
        place = one.resolve()
        if place not in seen:
            seen.add(place)
            yield one


def _named(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for one in sorted(path.rglob("*")):
                hidden = any(
                    part.startswith(".") or part == "node_modules" for part in one.parts[len(path.parts) :]
                )
                if one.suffix in ENDINGS and one.is_file() and not hidden:
                    yield one
        elif path.exists():
            yield path
        else:
            raise UnreadableFile(f"{path}: no such file or folder")


def read_file(path: Path) -> PolicyFile:
    """A file and its policies. Raises UnreadableFile."""
    try:
        if path.is_file() and path.stat().st_size > _LARGEST:
            raise UnreadableFile(f"{path}: it is larger than 256 MB")
        with path.open(encoding="utf-8-sig", newline="") as opened:
            text = opened.read()
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path}: it is not UTF-8") from error
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    return PolicyFile(str(path), text, read_text(text, path.name, _beside(path)))


def _beside(path: Path) -> Iterator[str]:
    """The other files of a Terraform module, as far as they can be read."""
    for one in sorted(path.parent.glob("*.tf")) if path.suffix == ".tf" else ():
        if one.name != path.name:
            try:
                yield one.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue


def read_text(text: str, name: str = "", beside: Iterable[str] = ()) -> Found:
    """The policies of a file's text; its name tells Terraform's language and YAML.

    beside are the texts of the other files of a Terraform module.
    """
    if name.endswith(".tf"):
        return read_terraform(text, beside)
    if name.endswith(".tf.json"):
        return read_terraform(text, as_json=True)
    if name.endswith((".yaml", ".yml")) or not re.match(r"\s*[\[{]", text):
        return (
            read_template(text) if re.search(r"^[\"']?Resources[\"']?\s*:", text, re.MULTILINE) else Found()
        )
    try:
        root = read_json(Embedded.whole(text))
    except JsonError as error:
        if _POLICY.search(text) is None:
            return Found()  # JSON of another kind, with comments and the like
        return Found(broken=[Broken(min(error.offset, len(text)), error.message)])
    version = root.get("version")
    if version is not None and version.text.startswith("tree-"):
        return Found()  # of a CDK app: all that is in its templates once more
    if is_template(root):
        return read_template(text)
    if root.member("planned_values") is not None:
        return read_plan(text, root)
    return read_policies(text, root)


def is_template(root: Node) -> bool:
    """Is it a CloudFormation template?"""
    resources = root.get("Resources")
    return resources is not None and any(
        (kind := one.value.get("Type")) is not None and "::" in kind.text for one in resources.members or ()
    )
