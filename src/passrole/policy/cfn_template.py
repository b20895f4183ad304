"""CloudFormation templates as they are read: JSON or YAML, with the place of everything in them.

Nothing is resolved here; ``policy.cfn_values`` does that. A template becomes plain values (mappings, lists,
texts, numbers, booleans), YAML's short forms (``!Sub``) become the long ones.
Source: CloudFormation Template Reference, "CloudFormation template format", "Intrinsic function reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml

from passrole.policy.document import NumberText
from passrole.policy.source import JsonError, Place, Source, Value, place_in
from passrole.values.errors import PassroleError

Path = tuple[str | int, ...]

SECTIONS: Final = frozenset(
    (
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Rules",
        "Mappings",
        "Conditions",
        "Transform",
        "Resources",
        "Outputs",
        "Hooks",
    )
)
# The AWS SAM's transform, whose templates have a section more.
SERVERLESS: Final = "AWS::Serverless-2016-10-31"
# Texts of YAML that are no texts. Dates stay texts: a policy's version is one.
_TRUE: Final = frozenset(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"))
_FALSE: Final = frozenset(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"))
_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
# What leads with a zero is an account's id, not an octal number.
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?", re.ASCII)
_DEEPEST: Final = 64


class TemplateError(PassroleError, ValueError):
    """A text that is no template, or a template that cannot hold; the message is CloudFormation's own."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template, as it is written."""

    name: str
    type: str
    properties: Mapping[str, object]
    condition: str = ""
    depends_on: tuple[str, ...] = ()
    deletion_policy: str = ""  # "" where the template does not say
    update_replace_policy: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    creation_policy: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """A template. data is the whole of it, places where each value begins, by its path.

    >>> template = parse('Resources: {Topic: {Type: "AWS::SNS::Topic"}}')
    >>> [(one.name, one.type) for one in template.resources.values()]
    [('Topic', 'AWS::SNS::Topic')]
    >>> template.place("Resources", "Topic", "Type").column
    27
    """

    text: str
    data: Mapping[str, object]
    places: Mapping[Path, Place]

    def place(self, *path: str | int) -> Place:
        """Where the value stands; for a path that is not there, where the nearest above it does."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path]

    def section(self, name: str) -> Mapping[str, object]:
        """``Parameters``, ``Mappings``, ``Conditions`` …; {} where the template has none."""
        found = self.data.get(name)
        return found if isinstance(found, dict) else {}

    @property
    def description(self) -> str:
        """The template's own words on itself."""
        return str(self.data.get("Description") or "")

    @property
    def transforms(self) -> tuple[str, ...]:
        """The macros that the template as a whole names."""
        found = self.data.get("Transform")
        named = found if isinstance(found, list) else [] if found is None else [found]
        return tuple(str(one.get("Name", "")) if isinstance(one, dict) else str(one) for one in named)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """By logical id, in the order of the text."""
        return {
            name: _resource(name, given)
            for name, given in self.section("Resources").items()
            if isinstance(given, dict)
        }


def parse(text: str) -> Template:
    """Reads a template. Raises TemplateError in CloudFormation's words."""
    places: dict[Path, Place] = {}
    data = _json(text, places) if text.lstrip().startswith("{") else _yaml(text, places)
    if not isinstance(data, dict):
        raise TemplateError("Template format error: unsupported structure.")
    template = Template(text, data, places)
    _check(template)
    return template


def _check(template: Template) -> None:
    data = template.data
    known = SECTIONS | {"Globals"} if SERVERLESS in template.transforms else SECTIONS
    strange = sorted(key for key in data if key not in known)
    if strange:
        raise TemplateError(f"Invalid template property or properties [{', '.join(strange)}]")
    version = data.get("AWSTemplateFormatVersion")
    if version is not None and str(version) != "2010-09-09":
        raise TemplateError(
            "Template format error: unsupported value for AWSTemplateFormatVersion. Allowed values are: "
            "[2010-09-09]"
        )
    for name in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        if data.get(name) is not None and not isinstance(data[name], dict):
            raise TemplateError(f"Template format error: [/{name}] {name} must be an object.")
    if not template.section("Resources"):
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    for name, given in template.section("Resources").items():
        if name.startswith("Fn::ForEach::"):
            continue
        if not isinstance(given, dict):
            raise TemplateError(
                f"Template format error: [/Resources/{name}] resource definition is malformed"
            )
        if not name.isalnum() or not name.isascii():
            raise TemplateError(f"Template format error: Resource name {name} is non alphanumeric.")
        if not isinstance(given.get("Type"), str):
            raise TemplateError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type "
                "member."
            )


def _resource(name: str, given: Mapping[str, object]) -> Resource:
    depends = given.get("DependsOn") or ()
    return Resource(
        name=name,
        type=str(given.get("Type", "")),
        properties=_mapping(given.get("Properties")),
        condition=str(given.get("Condition") or ""),
        depends_on=(depends,) if isinstance(depends, str) else tuple(map(str, _list(depends))),
        deletion_policy=str(given.get("DeletionPolicy") or ""),
        update_replace_policy=str(given.get("UpdateReplacePolicy") or ""),
        metadata=_mapping(given.get("Metadata")),
        creation_policy=_mapping(given.get("CreationPolicy")),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


# JSON


def _json(text: str, places: dict[Path, Place]) -> object:
    try:
        source = Source(text)
    except JsonError as error:
        raise _not_well_formed("JSON", place_in(text, error.offset)) from error
    return _of_json(source, source.root, (), places)


def _of_json(source: Source, value: Value, path: Path, places: dict[Path, Place]) -> object:
    places[path] = source.place(value.start)
    if value.members is not None:
        return {name: _of_json(source, one, (*path, name), places) for name, _, one in value.members}
    if value.items is not None:
        return [_of_json(source, one, (*path, index), places) for index, one in enumerate(value.items)]
    if isinstance(value.value, NumberText):
        return _number(value.value)
    return value.value


def _number(text: str) -> int | float | str:
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text)


# YAML


def _yaml(text: str, places: dict[Path, Place]) -> object:
    try:
        _refuse_aliases(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(mark.line + 1, mark.column + 1, mark.index) if mark is not None else Place(1, 1, 0)
        raise _not_well_formed("YAML", place) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise TemplateError("Template format error: YAML not well-formed.") from error
    return None if node is None else _of_yaml(node, (), places)


def _refuse_aliases(text: str) -> None:
    if "*" not in text or "&" not in text:
        return
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
        raise TemplateError("Template error: YAML aliases are not allowed in CloudFormation templates")


def _of_yaml(node: yaml.Node, path: Path, places: dict[Path, Place]) -> object:
    if len(path) > _DEEPEST:
        raise TemplateError("Template format error: the template is nested too deep.")
    mark = node.start_mark
    places[path] = Place(mark.line + 1, mark.column + 1, mark.index)
    name = _short_form(node.tag)
    inner = (*path, name) if name else path
    value: object
    if isinstance(node, yaml.MappingNode):
        value = {
            str(key): _of_yaml(one, (*inner, str(key)), places) for key, one in _members(node.value, inner)
        }
    elif isinstance(node, yaml.SequenceNode):
        value = [_of_yaml(one, (*inner, index), places) for index, one in enumerate(node.value)]
    else:
        assert isinstance(node, yaml.ScalarNode)
        value = node.value if name or node.style is not None else _scalar(node.value)
    if not name:
        return value
    places[inner] = places[path]
    if name == "Fn::GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


def _members(pairs: list[tuple[yaml.Node, yaml.Node]], path: Path) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in pairs:
        if not isinstance(key, yaml.ScalarNode):
            raise TemplateError("Template format error: unsupported structure.")
        yield key.value, value


def _short_form(tag: str) -> str:
    """``Fn::Sub`` of ``!Sub``, "" of YAML's own tags."""
    if not tag.startswith("!") or tag == "!":
        return ""
    name = tag[1:]
    return name if name in ("Ref", "Condition") else f"Fn::{name}"


def _scalar(text: str) -> object:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text in _NULL:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _not_well_formed(kind: str, place: Place) -> TemplateError:
    return TemplateError(
        f"Template format error: {kind} not well-formed. (line {place.line}, column {place.column})"
    )
