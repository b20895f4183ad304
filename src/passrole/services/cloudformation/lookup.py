"""Stacks and change sets found for a request, and what a request asks for put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from passrole.services.cloudformation import parameters
from passrole.services.cloudformation.blueprint import (
    Blueprint,
    Where,
    check_capabilities,
    drawn,
    read_template,
)
from passrole.services.cloudformation.errors import ValidationError, no_stack
from passrole.services.cloudformation.history import History
from passrole.services.cloudformation.reading import Read
from passrole.services.operation import ServiceCall
from passrole.state.entities import Association, Role, Tags
from passrole.state.stacks import DELETED, Stack, Wanted, named

_MOST_TAGS: Final = 50


def history(call: ServiceCall) -> History:
    """Where the call's changes are written."""
    return History(call.directory, call.ids)


def find(call: ServiceCall, name: str) -> Stack:
    """The stack of that name or ARN, a deleted one only by its ARN. Raises ValidationError."""
    stack = named(call.directory, call.account, call.region, name)
    if stack is None:
        raise no_stack(name)
    return stack


def live(call: ServiceCall, name: str) -> Stack:
    """As find, of a stack that is not deleted."""
    stack = find(call, name)
    if stack.status == DELETED:
        raise ValidationError(f"Stack [{stack.name}] does not exist")
    return stack


def where(stack: Stack) -> Where:
    """The stack as its template sees it."""
    return Where(stack.account, stack.region, stack.name, stack.arn)


def wanted(
    call: ServiceCall, given: Mapping[str, object], stack: Stack | None, place: Where
) -> tuple[Wanted, Blueprint]:
    """What the request asks for, checked. Raises ValidationError or InsufficientCapabilities."""
    read = call.read
    if not isinstance(read, Read):
        raise ValidationError("Either Template URL or Template Body must be specified.")
    template = read_template(read.template)
    before = stack.wanted if stack is not None else None
    if before is not None and not before.template:
        before = None
    asked = given.get("Parameters")
    chosen = parameters.chosen(
        template, asked if isinstance(asked, list) else (), before.parameters if before is not None else None
    )
    capabilities = _texts(given.get("Capabilities"))
    found = Wanted(
        template=read.template,
        parameters=chosen,
        resolved=read.resolved,
        tags=_tags(given.get("Tags"), before),
        capabilities=capabilities,
        notifications=_texts(given.get("NotificationARNs")),
    )
    blueprint = drawn(found, place)
    check_capabilities(blueprint.template, capabilities)
    types = _texts(given.get("ResourceTypes"))
    if types:
        _check_types(blueprint, types)
    return found, blueprint


def hold_role(call: ServiceCall, arn: str) -> None:
    """The stack has the role that the call passes, from now on."""
    for passed in call.passes:
        call.directory.put(
            Association(
                account=call.account,
                resource=arn,
                holder=passed.parameter,
                role_id=passed.role_id,
                service=passed.services[0] if passed.services else "",
                created=call.now,
            )
        )


def passed_role(call: ServiceCall, given: Mapping[str, object]) -> str:
    """The ARN of the role that the call passes, "" where it passes none."""
    text = str(given.get("RoleARN") or "")
    role = next((call.directory.by_id(Role, one.role_id) for one in call.passes if one.role_id), None)
    return role.arn if role is not None else text


def _check_types(blueprint: Blueprint, types: Sequence[str]) -> None:
    for one in blueprint.resources.values():
        if not any(
            one.type == known or (known.endswith("*") and one.type.startswith(known[:-1])) for known in types
        ):
            raise ValidationError(
                f"Resource type {one.type} is not allowed by the parameter ResourceTypes {list(types)}"
            )


def _tags(given: object, before: Wanted | None) -> Tags:
    if given is None and before is not None:
        return before.tags
    listed = given if isinstance(given, list) else []
    tags = tuple((str(one["Key"]), str(one["Value"])) for one in listed)
    if len(tags) > _MOST_TAGS:
        raise ValidationError(
            f"1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MOST_TAGS}"
        )
    if any(key.lower().startswith("aws:") for key, _ in tags):
        raise ValidationError("Tag keys beginning with aws: are reserved.")
    if len(dict(tags)) != len(tags):
        raise ValidationError("Duplicate tag keys are not allowed.")
    return tags


def _texts(given: object) -> tuple[str, ...]:
    return tuple(map(str, given)) if isinstance(given, list | tuple) else ()
