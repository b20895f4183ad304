"""Which actions, on which resources, an operation needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tools import resource_templates, service_reference
from tools.models import Model
from tools.resource_templates import Member
from tools.service_reference import ActionResource

from passrole.catalog import forms, templates
from passrole.catalog.operations import EXISTING, MADE

# Members that carry tags to put on what the operation makes.
_TAGS: Final = (
    "Tags", "tags", "TagList", "TagsList", "TagSpecifications", "Tag", "tagList", "TagSpecification",
    "ResourceTags",
)  # fmt: skip
# Actions that a service asks for when something is made with tags, by preference.
_TAGGING: Final = (
    "tagresource", "addtagstoresource", "addtags", "createtags", "tagqueue", "createorupdatetags",
)  # fmt: skip
_TAG_VERBS: Final = (
    "Create", "Run", "Put", "Register", "Start", "Import", "Copy", "Restore", "Allocate", "Request", "Add",
    "Purchase", "Provision", "Launch", "Issue", "Generate", "Clone", "Modify", "Upload",
)  # fmt: skip


# Services whose actions are HTTP verbs. Source: API Gateway Developer Guide, "Control access to a REST API".
_VERB_SERVICES: Final = ("apigateway", "apigatewayv2")
_VERB_LEVELS: Final = {"GET": "Read", "POST": "Write", "PUT": "Write", "PATCH": "Write", "DELETE": "Write"}


_ANY_TAG: Final = "aws:ResourceTag/${TagKey}"
# Keys that speak of the request, though the reference lists them with some resource types.
_OF_REQUESTS: Final = re.compile(r"aws:(?:RequestTag/|TagKeys$)|[\w-]+:(?:req-tag/|Request(?:Object)?Tag/)")
_OF_TAGS: Final = re.compile(r"tag/", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource type of an action with its template."""

    type: str
    template: str
    required: bool
    keys: tuple[str, ...]
    stands: str = EXISTING


@dataclass(frozen=True, slots=True)
class Need:
    """An action that an operation needs."""

    action: str
    resources: tuple[Resource, ...]
    keys: tuple[str, ...]
    when: str = ""
    known: bool = True  # the reference has the action


@dataclass
class Rules:
    """The hand-written facts of one service."""

    prefix: str
    actions: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    types: dict[str, str | None] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    makes: dict[str, list[str]] = field(default_factory=dict)  # operation → the types that it makes
    tagging: dict[str, str] = field(default_factory=dict)  # operation → tagging action, "" for none


def needs(model: Model, operation: str, rules: Rules) -> tuple[list[Need], str]:
    """The actions of an operation, primary first, and its access level."""
    if model.name in _VERB_SERVICES and operation.lower() not in service_reference.actions(rules.prefix):
        return [_verb(model, operation)], _VERB_LEVELS[model.operations[operation]["http"]["method"]]
    inputs = resource_templates.members(model.leaves(operation, depth=3))
    rows = rules.actions.get(operation, operation)
    if not isinstance(rows, list):
        rows = [rows]
    found = [_need(model, row, operation, rules, inputs) for row in rows]
    if not found[0].when:  # an operation whose every action has a condition has said it all
        found += _tagging(model, operation, rules, found)
    return found, _level(found[0], operation)


def _verb(model: Model, operation: str) -> Need:
    """API Gateway's action is the HTTP method, its resource the path: POST on ``/restapis``."""
    http = model.operations[operation]["http"]
    path = str(http["requestUri"]).split("?")[0].removeprefix("/v2")
    members = model.shapes[model.input_shape(operation)]["members"] if model.input_shape(operation) else {}
    for name, member in members.items():
        if member.get("location") == "uri":
            place = str(member.get("locationName", name))
            form = "quoted:" if "arn" in place.lower() else ""
            path = path.replace(f"{{{place}}}", f"{{{form}{name}}}").replace(
                f"{{{place}+}}", f"{{{form}{name}}}"
            )
    action = service_reference.actions("apigateway")[http["method"].lower()]
    keys = tuple(sorted({key for one in action.resources for key in one.keys}))
    resource = Resource("", f"arn:{{partition}}:apigateway:{{region}}::{path}", True, keys)
    return Need(f"apigateway:{http['method']}", (resource,), action.keys)


def _need(model: Model, row: Any, operation: str, rules: Rules, inputs: tuple[Member, ...]) -> Need:
    given: dict[str, Any] = row if isinstance(row, dict) else {"action": row}
    prefix, _, name = str(given["action"]).rpartition(":")
    prefix = prefix or rules.prefix
    action = service_reference.actions(prefix).get(name.lower())
    if action is None:
        # Whatever such an action can be limited by, of the service's own keys too, nobody here can tell.
        unknown = (Resource("", resource_templates.UNKNOWN, True, (f"{prefix}:*", _ANY_TAG)),)
        return Need(f"{prefix}:{name}", unknown, (), given.get("when", ""), known=False)
    own = {**(rules.operations.get(operation) or {}), **(given.get("resources") or {})}
    if "any" in own:
        keys = tuple(sorted({key for one in action.resources for key in resource_keys(prefix, one)}))
        everything = (Resource("", _expanded(own["any"]), True, keys),)
        return Need(f"{prefix}:{action.name}", everything, action.keys, given.get("when", ""))
    patterns = service_reference.resource_types(prefix)
    found: list[Resource] = []
    for one in action.resources:
        required = one.required
        written = own[one.type] if one.type in own else _by_type(model, operation, one.type, rules)
        if one.type in own and written is None:  # the type has no part in this operation
            continue
        if written == _NO_PART:
            continue
        if written is not None and written.startswith("?") and not _fits(model, operation, written):
            continue  # a row shared with a service whose inputs lack the member
        if written is not None:
            required = required and not written.startswith("?")
            template = _expanded(written.removeprefix("?"))
            if operation.startswith(resource_templates.MANY):
                template = _or_all(template)
        else:
            variables = {
                name: text for name, text in rules.variables.items() if _fits(model, operation, text)
            }
            # Where a type has several ARN forms, the first that the input fills is this operation's.
            alternatives = (
                resource_templates.template(
                    pattern, one.type, operation, inputs, variables, alone=len(action.resources) == 1
                )
                for pattern in patterns.get(one.type, "").split(", ")
            )
            template = next((text for text in alternatives if text), resource_templates.UNKNOWN)
        stands = resource_templates.stands(
            operation, one.type, template, patterns.get(one.type, ""), rules.makes
        )
        found.append(Resource(one.type, template, required, resource_keys(prefix, one), stands))
    keys = action.keys
    if not action.resources and operation.startswith(resource_templates.NOTHING_THERE):
        keys = tuple(key for key in keys if key != _ANY_TAG)  # there is no resource whose tags they were
    return Need(f"{prefix}:{action.name}", _kept(found), keys, given.get("when", ""))


def resource_keys(prefix: str, one: ActionResource) -> tuple[str, ...]:
    """The condition keys that an action carries for one of its resource types.

    The reference lists them in two places: what every resource of the type has, above all its tags, stands
    with the type alone. Where it lists some with the action (EC2 does), that list is the whole but for tags.
    """
    own = service_reference.resource_keys(prefix).get(one.type, ())
    kept = (key for key in own if not _OF_REQUESTS.match(key) and (not one.keys or _OF_TAGS.search(key)))
    return tuple(sorted({*one.keys, *kept}))


def _by_type(model: Model, operation: str, kind: str, rules: Rules) -> str | None:
    """The facts' template of a type for every operation, with only the paths that this input has.

    None where there is no such row, or where the input has none of a brace's paths.
    """
    if kind not in rules.types:
        return None
    template = rules.types[kind]
    if template is None:
        return _NO_PART
    pruned = _BRACES.sub(lambda match: _pruned(model, operation, match[1]), template)
    return None if "{}" in pruned else pruned


def _pruned(model: Model, operation: str, body: str) -> str:
    if body in templates.PLACES:
        return f"{{{body}}}"
    form, colon, rest = body.partition(":")
    head = f"{form}:" if colon and form in forms.FORMS else ""
    rest = rest if head else body
    optional = "?" if rest.endswith("?") else ""
    kept = [
        one
        for one in rest.removesuffix("?").split("|")
        if one in templates.PLACES
        or one[0] in "*="
        or model.reaches(operation, one.replace("<", "{").replace(">", "}"))
    ]
    if not any(one[0] not in "*=" for one in kept):
        return "" if optional else "{}"
    return f"{{{head}{'|'.join(kept)}{optional}}}"


def _fits(model: Model, operation: str, text: str) -> bool:
    """Has the input a path of every brace."""
    return all(_pruned(model, operation, body) not in ("", "{}") for body in _BRACES.findall(text))


def _kept(found: list[Resource]) -> tuple[Resource, ...]:
    """The resources that a call can be judged on.

    One template stands once, for whatever type it names (``{arn:ResourceArn}``). An optional type that
    the input does not tell is left out, as long as another is left.
    """
    merged: dict[str, Resource] = {}
    for one in found:
        before = merged.get(one.template)
        if before is None or one.template == resource_templates.UNKNOWN:
            key = one.template or f"\0{one.type}"
            merged[key] = one
            continue
        keys = tuple(sorted({*one.keys, *before.keys}))
        stands = one.stands if one.stands == before.stands else EXISTING
        merged[one.template] = Resource("", one.template, one.required or before.required, keys, stands)
    kept = [one for one in merged.values() if one.template or one.required]
    if not kept and found:
        keys = tuple(sorted({key for one in found for key in one.keys}))
        return (Resource("", resource_templates.UNKNOWN, True, keys),)
    return tuple(kept)


def _expanded(template: str) -> str:
    """``~ec2:instance/*`` → ``arn:{partition}:ec2:{region}:{account}:instance/*``."""
    if not template.startswith("~"):
        return template
    service, _, rest = template[1:].partition(":")
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


_BRACES: Final = re.compile(r"\{([^}]*)\}")
_NO_PART: Final = "-"
_OPEN: Final = re.compile(r"\{(?!(?:partition|region|account|organization|management)\})([^{}?]*)\}")


def _or_all(template: str) -> str:
    """The same, with ``*`` where a path has no value."""
    return _OPEN.sub(
        lambda match: match[0] if "*" in match[1] or "=" in match[1] else f"{{{match[1]}|*}}", template
    )


def _tagging(model: Model, operation: str, rules: Rules, found: list[Need]) -> list[Need]:
    """The action that making something with tags needs besides, where the service has one."""
    shape = model.input_shape(operation)
    members = model.shapes[shape].get("members", {}) if shape else {}
    tags = next((name for name in _TAGS if name in members), "")
    name = rules.tagging.get(operation, rules.tagging.get("*"))
    if not tags or name == "" or not operation.startswith(_TAG_VERBS):
        return []
    target = model.shapes[members[tags]["shape"]]
    if target["type"] not in ("list", "map"):
        return []
    actions = service_reference.actions(rules.prefix)
    if name is None:
        name = next((one for one in _TAGGING if one in actions), "")
    action = actions.get(name.lower()) if name else None
    if action is None or any(need.action == f"{rules.prefix}:{action.name}" for need in found):
        return []
    keys = {one.type: resource_keys(rules.prefix, one) for one in action.resources}
    if rules.prefix == "ec2" and tags.startswith("TagSpecification"):
        # Each specification says what it tags: the instance, its volumes …
        template = f"arn:{{partition}}:ec2:{{region}}:{{account}}:{{{tags}[].ResourceType}}/*"
        every = tuple(sorted({key for own in keys.values() for key in own}))
        made = Resource("", template, True, every, MADE)
        return [Need("ec2:CreateTags", (made,), action.keys, f"{tags}[].Tags")]
    primary = found[0].resources
    resources = [one for one in primary if one.required and (one.type in keys or not keys)] or primary[:1]
    return [
        Need(
            f"{rules.prefix}:{action.name}",
            tuple(
                Resource(one.type, one.template, True, keys.get(one.type, one.keys), one.stands)
                for one in resources
            ),
            action.keys,
            tags,
        )
    ]


def _level(need: Need, operation: str) -> str:
    prefix, _, name = need.action.partition(":")
    action = service_reference.actions(prefix).get(name.lower())
    if action is not None:
        return action.level
    if operation.startswith(("List",)):
        return "List"
    if operation.startswith(("Get", "Describe", "BatchGet", "Search", "Query", "Head")):
        return "Read"
    if "Tag" in operation and operation.startswith(("Tag", "Untag", "AddTags", "RemoveTags")):
        return "Tagging"
    return "Write"
