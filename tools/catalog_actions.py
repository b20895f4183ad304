"""Which actions, on which resources, an operation needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from tools import resource_templates, service_reference
from tools.models import Model
from tools.resource_templates import Member

# Members that carry tags to put on what the operation makes.
_TAGS: Final = (
    "Tags",
    "tags",
    "TagList",
    "TagsList",
    "TagSpecifications",
    "Tag",
    "tagList",
    "TagSpecification",
)
# Actions that a service asks for when something is made with tags, by preference.
_TAGGING: Final = ("tagresource", "addtagstoresource", "addtags", "createtags", "tagqueue")
_TAG_VERBS: Final = ("Create", "Run", "Put", "Register", "Start", "Import", "Copy", "Restore", "Allocate", "Request", "Add", "Purchase", "Provision", "Launch", "Issue", "Generate", "Clone", "Modify")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource type of an action with its template."""

    type: str
    template: str
    required: bool
    keys: tuple[str, ...]


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
    types: dict[str, str] = field(default_factory=dict)
    operations: dict[str, dict[str, Any]] = field(default_factory=dict)
    tagging: dict[str, str] = field(default_factory=dict)  # operation → tagging action, "" for none


def needs(model: Model, operation: str, rules: Rules) -> tuple[list[Need], str]:
    """The actions of an operation, primary first, and its access level."""
    inputs = resource_templates.members(model.leaves(operation, depth=3))
    rows = rules.actions.get(operation, operation)
    if not isinstance(rows, list):
        rows = [rows]
    found = [_need(row, operation, rules, inputs) for row in rows]
    if not any(need.when for need in found) or operation in ("PutObject", "CreateBucket"):
        found += _tagging(model, operation, rules, found, inputs)
    return found, _level(found[0], operation)


def _need(row: Any, operation: str, rules: Rules, inputs: tuple[Member, ...]) -> Need:
    given: dict[str, Any] = row if isinstance(row, dict) else {"action": row}
    prefix, _, name = str(given["action"]).rpartition(":")
    prefix = prefix or rules.prefix
    action = service_reference.actions(prefix).get(name.lower())
    if action is None:
        unknown = (Resource("", resource_templates.UNKNOWN, True, ()),)
        return Need(f"{prefix}:{name}", unknown, (), given.get("when", ""), known=False)
    own = given.get("resources", {})
    of_operation = rules.operations.get(operation, {})
    resources = []
    whole: dict[str, Resource] = {}
    patterns = service_reference.resource_types(prefix)
    for one in action.resources:
        pattern = patterns.get(one.type, "")
        if one.type in own:
            template = own[one.type]
        elif one.type in of_operation:
            template = of_operation[one.type]
        elif one.type in rules.types:
            template = rules.types[one.type]
        else:
            template = resource_templates.template(
                pattern, one.type, operation, inputs, rules.variables, alone=len(action.resources) == 1
            )
        if template is None:  # a hand-written row says that this type has no part in the operation
            continue
        if template.startswith("{") and template.endswith("}") and template.count("{") == 1:
            # An ARN as a whole may be of any type that the action takes.
            before = whole.get(template)
            keys = tuple(sorted({*one.keys, *(before.keys if before else ())}))
            kind = one.type if before is None else ""
            whole[template] = Resource(kind, template, one.required or bool(before and before.required), keys)
            continue
        resources.append(Resource(one.type, template, one.required, one.keys))
    resources += whole.values()
    kept = [one for one in resources if one.template or one.required]
    if not kept and resources:
        kept = [
            Resource(
                "", resource_templates.UNKNOWN, True, tuple(sorted({k for r in resources for k in r.keys}))
            )
        ]
    elif len(kept) == 1 or all(not one.required for one in kept):
        # Where a single type is left, it is what the action is authorized on.
        kept = [Resource(one.type, one.template, one.required or len(kept) == 1, one.keys) for one in kept]
    return Need(f"{prefix}:{action.name}", tuple(kept), action.keys, given.get("when", ""))


def _tagging(
    model: Model, operation: str, rules: Rules, found: list[Need], inputs: tuple[Member, ...]
) -> list[Need]:
    shape = model.input_shape(operation)
    if not shape:
        return []
    members = model.shapes[shape].get("members", {})
    tags = next((name for name in _TAGS if name in members), "")
    actions = service_reference.actions(rules.prefix)
    name = rules.tagging.get(operation, rules.tagging.get("*"))
    if not tags or name == "" or not operation.startswith(_TAG_VERBS):
        return []
    if model.shapes[members[tags]["shape"]]["type"] not in ("list", "map"):
        return []
    if name is None:
        name = next((one for one in _TAGGING if one in actions), "")
    action = actions.get(name.lower()) if name else None
    if action is None or any(
        need.action.lower() == f"{rules.prefix}:{action.name.lower()}" for need in found
    ):
        return []
    kind = model.shapes[members[tags]["shape"]]["type"]
    path = f"{tags}{'[]' if kind == 'list' else '{}'}"
    if tags == "TagSpecifications" and "Tags" in str(model.shapes[members[tags]["shape"]]):
        path = "TagSpecifications[].Tags[]"
    types = {one.type for one in action.resources}
    primary = found[0].resources
    resources = tuple(
        Resource(one.type, one.template, True, one.keys)
        for one in primary
        if one.required and (one.type in types or not types)
    ) or tuple(primary[:1])
    return [Need(f"{rules.prefix}:{action.name}", resources, action.keys, path)]


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
