"""CloudFormation's stacks as they are kept: what was asked for, what has been made, and what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from passrole.state.directory import Directory
from passrole.state.entities import Entity, Tags, register

STACK_NAME: Final = "stack-name"  # ACCOUNT REGION NAME -> the stack that has the name, deleted ones never
STACK: Final = "stack"  # a stack's ARN -> its resources
STACK_EVENTS: Final = "stack-events"  # a stack's ARN -> its events
CHANGE_SETS: Final = "stack-change-sets"  # a stack's ARN -> its change sets

REVIEW: Final = "REVIEW_IN_PROGRESS"
DELETED: Final = "DELETE_COMPLETE"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What one deployment is asked for. parameters hold every parameter's value as a text.

    resolved are the values that Parameter Store gave for parameters of its types, when it was asked.
    """

    template: str
    parameters: Mapping[str, str] = {}
    resolved: Mapping[str, str] = {}
    tags: Tags = ()
    capabilities: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()


class StackOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One output of a stack; export is the name under which others import it, "" for none."""

    name: str
    value: str
    description: str = ""
    export: str = ""


@register
class Stack(Entity, frozen=True, kw_only=True):
    """A stack. arn is its id. role_arn stays with it until another is given.

    previous is what an update that goes on replaces, and goes back to.
    """

    kind: ClassVar[str] = "stack"
    region: str
    name: str
    arn: str
    created: datetime
    updated: datetime | None = None
    deleted: datetime | None = None
    status: str
    reason: str = ""
    wanted: Wanted
    previous: Wanted | None = None
    role_arn: str = ""
    on_failure: str = "ROLLBACK"  # or DELETE, DO_NOTHING
    timeout: int = 0  # minutes, 0 for none
    protected: bool = False
    outputs: tuple[StackOutput, ...] = ()
    imports: tuple[str, ...] = ()  # names of exports that it imports
    policy: str = ""
    policy_once: str = ""  # in the policy's place while an update goes on
    parent: str = ""  # ARN of the stack that this one is nested in
    root: str = ""
    change_set: str = ""  # ARN of the change set that was carried out last
    token: str = ""
    retain: tuple[str, ...] = ()  # logical ids that a deletion leaves alone

    @property
    def key(self) -> str:
        return self.arn

    def refers(self) -> Iterator[tuple[str, str]]:
        if self.status != DELETED:
            yield STACK_NAME, f"{self.account} {self.region} {self.name}"

    @property
    def busy(self) -> bool:
        """Is a deployment going on?"""
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW


@register
class StackResource(Entity, frozen=True, kw_only=True):
    """One resource of a stack. properties is JSON: as resolved, dynamic references still references.

    attributes is JSON of what Fn::GetAtt gives. superseded marks what an update has replaced and is still
    to delete. While an update goes on, before holds the properties that it changes in place, and added marks
    what it makes.
    """

    kind: ClassVar[str] = "stack-resource"
    stack: str  # ARN
    name: str  # logical id
    type: str
    physical: str = ""
    generated: str = ""  # the name that was made up for it
    status: str
    reason: str = ""
    at: datetime
    properties: str = "{}"
    attributes: str = "{}"
    depends: tuple[str, ...] = ()
    deletion_policy: str = ""
    update_replace_policy: str = ""
    superseded: bool = False
    before: str = ""
    added: bool = False

    @property
    def key(self) -> str:
        return f"{self.stack}\n{self.name}" + (f"\n{self.physical}" if self.superseded else "")

    def refers(self) -> Iterator[tuple[str, str]]:
        yield STACK, self.stack


@register
class StackEvent(Entity, frozen=True, kw_only=True):
    """One event of a stack, number counting from 0."""

    kind: ClassVar[str] = "stack-event"
    stack: str
    number: int
    id: str
    at: datetime
    name: str
    physical: str = ""
    type: str
    status: str
    reason: str = ""
    properties: str = ""
    token: str = ""

    @property
    def key(self) -> str:
        return f"{self.stack}\n{self.number:09}"

    def refers(self) -> Iterator[tuple[str, str]]:
        yield STACK_EVENTS, self.stack


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a change set would do to one resource: Add, Modify or Remove."""

    action: str
    name: str
    type: str
    physical: str = ""
    replacement: str = ""  # True, False, Conditional; "" unless it is modified
    scope: tuple[str, ...] = ()
    details: tuple[tuple[str, str, str], ...] = ()  # (attribute, property, requires recreation)


@register
class ChangeSet(Entity, frozen=True, kw_only=True):
    """A change set of a stack."""

    kind: ClassVar[str] = "change-set"
    region: str
    stack: str
    stack_name: str
    name: str
    arn: str
    kind_of: str  # CREATE, UPDATE
    created: datetime
    description: str = ""
    status: str
    reason: str = ""
    execution: str
    wanted: Wanted
    changes: tuple[Change, ...] = ()
    role_arn: str = ""
    on_failure: str = ""
    token: str = ""

    @property
    def key(self) -> str:
        return self.arn

    def refers(self) -> Iterator[tuple[str, str]]:
        yield CHANGE_SETS, self.stack


def named(directory: Directory, account: str, region: str, name: str) -> Stack | None:
    """The stack of that name, or of that ARN whether it is deleted or not."""
    if name.startswith("arn:"):
        found = directory.by_key(Stack, account, name)
        return found if found is not None and found.region == region else None
    one = directory.oldest(STACK_NAME, f"{account} {region} {name}")
    return one if isinstance(one, Stack) else None


def stacks(directory: Directory, account: str, region: str) -> list[Stack]:
    """Every stack of a Region, newest first, deleted ones too."""
    found = [one for one in directory.all(Stack, account) if one.region == region]
    return sorted(found, key=lambda one: one.created, reverse=True)


def resources(directory: Directory, stack: str) -> dict[str, StackResource]:
    """The resources of a stack by their logical id, oldest first; not what was replaced."""
    found = (one for one in directory.referring(STACK, stack) if isinstance(one, StackResource))
    return {one.name: one for one in found if not one.superseded}


def superseded(directory: Directory, stack: str) -> list[StackResource]:
    """What an update of the stack has replaced and not deleted yet."""
    found = directory.referring(STACK, stack)
    return [one for one in found if isinstance(one, StackResource) and one.superseded]


def events(directory: Directory, stack: str) -> list[StackEvent]:
    """The events of a stack, oldest first."""
    found = [one for one in directory.referring(STACK_EVENTS, stack) if isinstance(one, StackEvent)]
    return sorted(found, key=lambda one: one.number)


def change_sets(directory: Directory, stack: str) -> list[ChangeSet]:
    """The change sets of a stack, oldest first."""
    found = [one for one in directory.referring(CHANGE_SETS, stack) if isinstance(one, ChangeSet)]
    return sorted(found, key=lambda one: one.created)


def exports(directory: Directory, account: str, region: str) -> dict[str, tuple[Stack, StackOutput]]:
    """What the stacks of a Region export, by name."""
    return {
        one.export: (stack, one)
        for stack in stacks(directory, account, region)
        if stack.status != DELETED
        for one in stack.outputs
        if one.export
    }


def importers(directory: Directory, account: str, region: str, name: str) -> list[Stack]:
    """The stacks that import what is exported under that name."""
    found = stacks(directory, account, region)
    return [one for one in found if one.status != DELETED and name in one.imports]
