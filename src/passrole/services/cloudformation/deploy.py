"""One deployment: a stack made, changed, rolled back or deleted, resource by resource.

Every step is in the directory before the next begins, so a rollback knows from there what there is to undo.
Source: CloudFormation User Guide, "Stack status codes", "Understand update behaviors of stack resources",
"Choose how to handle failures when provisioning resources"; events of live stacks in public reports.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from passrole.policy.cfn_template import Resource, TemplateError
from passrole.policy.cfn_values import comparable
from passrole.services.agents import Ports
from passrole.services.cloudformation import dynamic, naming, nested, parameters, stack_policy
from passrole.services.cloudformation.blueprint import Blueprint, Where, drawn, outputs
from passrole.services.cloudformation.custom import Answers, Custom
from passrole.services.cloudformation.errors import ValidationError
from passrole.services.cloudformation.history import History
from passrole.services.cloudformation.nested import Nested
from passrole.services.cloudformation.present import Present
from passrole.services.cloudformation.provision import Failed, Made, Provision, refused, tagged
from passrole.services.cloudformation.shaping import Unfit
from passrole.services.cloudformation.types import ResourceType, table
from passrole.services.operation import ActAs
from passrole.state.associations import release
from passrole.state.stacks import (
    DELETED,
    Stack,
    StackOutput,
    StackResource,
    exports,
    importers,
    resources,
    superseded,
)
from passrole.values.errors import ServiceError

log = logging.getLogger(__name__)

_AT_ONCE: Final = 5  # resources of a stack that are worked on at the same time
_KEEP: Final = frozenset(("Retain", "RetainExceptOnCreate"))
_CANCELED: Final = "Resource creation cancelled"


class Stopped(Exception):
    """A deployment that goes no further; the text is the stack's reason."""


@dataclass(slots=True)
class Deployment:
    """The work on one stack. act is with whose rights; canceled is set from outside."""

    ports: Ports
    answers: Answers
    arn: str
    account: str
    act: ActAs
    canceled: str = ""
    _zones: list[str] = field(default_factory=list)

    # The stack as a whole

    async def create(self) -> None:
        """CREATE_COMPLETE, or what OnFailure says."""
        stack = self.stack
        try:
            blueprint = drawn(stack.wanted, _where(stack))
            await self._everything(blueprint, self._make, stack.timeout)
            await self._finish(blueprint, "CREATE_COMPLETE")
        except (Stopped, ValidationError) as error:
            if not self._leaving:
                await self._creation_failed(str(getattr(error, "message", error)))

    async def update(self) -> None:
        """UPDATE_COMPLETE, or back to what was there."""
        stack = self.stack
        await self._settle()
        try:
            blueprint = drawn(stack.wanted, _where(stack))
            await self._may_remove(blueprint)
            await self._everything(blueprint, self._bring, stack.timeout)
            found = await self._outputs(blueprint)
        except (Stopped, ValidationError) as error:
            reason = str(getattr(error, "message", error))
            if stack.on_failure == "DO_NOTHING" and not self.canceled:
                await self._status("UPDATE_FAILED", reason)
                return
            await self._status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            await self.roll_update_back()
            return
        await self._status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", outputs=found)
        await self._clean(lambda one: one.name not in blueprint.resources)
        await self._status("UPDATE_COMPLETE", previous=None, policy_once="")

    async def roll_update_back(self) -> None:
        """From UPDATE_ROLLBACK_IN_PROGRESS to what was there before."""
        skipped = self.stack.retain
        failed = [name for name in await self._undone() if name not in skipped]
        if failed:
            reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. "
            await self._status("UPDATE_ROLLBACK_FAILED", reason)
            return
        await self._status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        await self._clean(lambda one: one.added)
        stack = self.stack
        wanted = stack.previous if stack.previous is not None else stack.wanted
        await self._status(
            "UPDATE_ROLLBACK_COMPLETE", wanted=wanted, previous=None, retain=(), policy_once=""
        )

    async def roll_creation_back(self) -> None:
        """From ROLLBACK_IN_PROGRESS to ROLLBACK_COMPLETE."""
        failed = await self._delete_all(("Retain",))
        if self._leaving:
            return
        if failed:
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            await self._status("ROLLBACK_FAILED", reason)
        else:
            await self._status("ROLLBACK_COMPLETE")

    async def delete(self) -> None:
        """From DELETE_IN_PROGRESS to DELETE_COMPLETE or DELETE_FAILED."""
        stack = self.stack
        for name, (owner, _) in exports(self.ports.directory, stack.account, stack.region).items():
            if owner.arn != stack.arn:
                continue
            users = importers(self.ports.directory, stack.account, stack.region, name)
            if users:
                reason = (
                    f"Export {name} cannot be deleted as it is in use by "
                    f"{', '.join(one.name for one in users)}"
                )
                await self._status("DELETE_FAILED", reason)
                return
        failed = await self._delete_all(_KEEP)
        if failed:
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            await self._status("DELETE_FAILED", reason)
        else:
            release(self.ports.directory, stack.arn)
            await self._status(DELETED, outputs=(), deleted=self.ports.now())

    async def fail(self, reason: str) -> None:
        """The deployment cannot even begin."""
        status = {
            "CREATE_IN_PROGRESS": "CREATE_FAILED",
            "UPDATE_IN_PROGRESS": "UPDATE_ROLLBACK_IN_PROGRESS",
            "DELETE_IN_PROGRESS": "DELETE_FAILED",
            "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
            "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
        }[self.stack.status]
        await self._status(status, reason)
        if status == "UPDATE_ROLLBACK_IN_PROGRESS":
            await self.roll_update_back()

    async def _creation_failed(self, reason: str) -> None:
        stack = self.stack
        if stack.on_failure == "DO_NOTHING":
            await self._status("CREATE_FAILED", reason)
        elif stack.on_failure == "DELETE":
            await self._status("DELETE_IN_PROGRESS", f"{reason} Delete requested by user.")
            await self.delete()
        else:
            await self._status("ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
            await self.roll_creation_back()

    async def _finish(self, blueprint: Blueprint, status: str) -> None:
        found = await self._outputs(blueprint)
        if not self._leaving:
            await self._status(status, outputs=found)

    async def _outputs(self, blueprint: Blueprint) -> tuple[StackOutput, ...]:
        """Raises Stopped."""
        stack = self.stack
        taken = exports(self.ports.directory, stack.account, stack.region)
        found: list[StackOutput] = []
        try:
            for name, value, description, export in outputs(blueprint, self._known()):
                text = comparable(await dynamic.resolved(value, self.act))
                exported = comparable(export)
                if exported in taken and taken[exported][0].arn != stack.arn:
                    raise Stopped(
                        f"Export with name {exported} is already exported by stack "
                        f"{taken[exported][0].name}. Rollback requested by user."
                    )
                found.append(StackOutput(name=name, value=text, description=description, export=exported))
        except TemplateError as error:
            raise Stopped(error.message) from error
        except (ServiceError, dynamic.Unresolved) as error:
            raise Stopped(str(error)) from error
        return tuple(found)

    # Resources, in their order

    async def _everything(
        self, blueprint: Blueprint, work: Callable[[Blueprint, str], Awaitable[bool]], minutes: int
    ) -> None:
        """Works on every resource of the blueprint. Raises Stopped where one has failed."""
        await self._find_zones(blueprint)
        until = self.ports.now() + timedelta(minutes=minutes) if minutes else None

        async def one(name: str) -> bool:
            return await work(blueprint, name)

        def over() -> bool:
            return bool(self.canceled) or (until is not None and self.ports.now() >= until)

        failed = await _in_order(blueprint.depends, one, over)
        if failed:
            verb = "create" if work == self._make else "update"
            raise Stopped(f"The following resource(s) failed to {verb}: [{', '.join(failed)}].")
        if over():
            raise Stopped(self.canceled or "Stack creation time exceeded the specified timeout.")

    async def _make(self, blueprint: Blueprint, name: str) -> bool:
        """One new resource; was it made?"""
        one = blueprint.resources[name]
        row = StackResource(
            account=self.account,
            stack=self.arn,
            name=name,
            type=one.type,
            status="CREATE_IN_PROGRESS",
            at=self.ports.now(),
            depends=blueprint.depends[name],
            added=True,
            deletion_policy=one.deletion_policy,
            update_replace_policy=one.update_replace_policy,
        )
        await self._resource(row)
        return await self._made(blueprint, one, row, "CREATE")

    async def _made(self, blueprint: Blueprint, one: Resource, row: StackResource, verb: str) -> bool:
        made, generated, properties = Made(""), "", "{}"
        reason = ""
        try:
            given = self._properties(blueprint, one)
            properties = json.dumps(given)
            generated = self._generated(one, given)
            made = await self._work(row, given, generated, Made(""), lambda work: work.create())
        except Failed as error:
            reason, made = str(error), Made(error.physical)
        except _TOLD as error:
            reason = self._reason(one.type, error)
        status = f"{verb}_FAILED" if reason else f"{verb}_COMPLETE"
        done = replace(
            row,
            physical=made.physical,
            generated=generated,
            attributes=json.dumps(made.attributes, default=str),
            properties=properties,
            status=status,
            reason=reason,
            at=self.ports.now(),
        )
        await self._resource(done, properties)
        return not reason

    async def _bring(self, blueprint: Blueprint, name: str) -> bool:
        """One resource brought to what is wanted; is it so?"""
        one = blueprint.resources[name]
        old = resources(self.ports.directory, self.arn).get(name)
        if old is None or not old.physical:
            return await self._make(blueprint, name)
        kind = table().get(one.type)
        try:
            given = self._properties(blueprint, one)
        except TemplateError as error:
            await self._resource(
                replace(old, status="UPDATE_FAILED", reason=error.message, at=self.ports.now())
            )
            return False
        before = json.loads(old.properties)
        changed = [key for key in dict.fromkeys((*before, *given)) if before.get(key) != given.get(key)]
        fresh = replace(
            old,
            depends=blueprint.depends[name],
            deletion_policy=one.deletion_policy,
            update_replace_policy=one.update_replace_policy,
        )
        if one.type == old.type and not changed and one.type != nested.TYPE:
            self.ports.directory.put(fresh)
            return True
        if one.type != old.type:
            reason = (
                "Update of resource type is not permitted. The new template modifies resource type of the "
                f"following resources: [{name}]"
            )
            await self._resource(replace(old, status="UPDATE_FAILED", reason=reason, at=self.ports.now()))
            return False
        replaces = kind is not None and bool(kind.replacing(iter(changed)))
        denied = stack_policy.refusal(
            self._policy(), stack_policy.REPLACE if replaces else stack_policy.MODIFY, name, one.type
        )
        if denied:
            await self._resource(replace(old, status="UPDATE_FAILED", reason=denied, at=self.ports.now()))
            return False
        if kind is not None and replaces:
            return await self._replace(blueprint, one, fresh, kind, given)
        return await self._change(fresh, given, changed)

    def _policy(self) -> str:
        stack = self.stack
        return stack.policy_once or stack.policy

    async def _may_remove(self, blueprint: Blueprint) -> None:
        """Raises Stopped where the stack's policy keeps what the update would delete."""
        for one in resources(self.ports.directory, self.arn).values():
            if one.name not in blueprint.resources:
                denied = stack_policy.refusal(self._policy(), stack_policy.DELETE, one.name, one.type)
                if denied:
                    raise Stopped(denied)

    async def _change(self, row: StackResource, given: Mapping[str, object], changed: list[str]) -> bool:
        """In place, or as a custom resource's function says."""
        going = replace(
            row,
            status="UPDATE_IN_PROGRESS",
            reason="",
            at=self.ports.now(),
            before=row.before or row.properties,
        )
        await self._resource(going)
        old = json.loads(row.properties)
        made, reason = Made(row.physical, json.loads(row.attributes)), ""

        async def update(work: _Work) -> Made:
            if isinstance(work, Provision):
                return await work.update(old, changed)
            return await work.update(old) if isinstance(work, Custom) else await work.update()

        try:
            made = await self._work(row, given, row.generated, made, update)
        except Failed as error:
            reason = str(error)
        except _TOLD as error:
            reason = self._reason(row.type, error)
        status = "UPDATE_FAILED" if reason else "UPDATE_COMPLETE"
        done = replace(
            going,
            physical=made.physical,
            attributes=json.dumps(made.attributes, default=str),
            properties=json.dumps(given),
            status=status,
            reason=reason,
            at=self.ports.now(),
        )
        if made.physical != row.physical and not reason:
            self.ports.directory.put(replace(row, superseded=True))
        await self._resource(done, done.properties)
        return not reason

    async def _replace(
        self,
        blueprint: Blueprint,
        one: Resource,
        old: StackResource,
        kind: ResourceType,
        given: Mapping[str, object],
    ) -> bool:
        named_by = kind.name_property
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        row = replace(
            old,
            status="UPDATE_IN_PROGRESS",
            reason=reason,
            at=self.ports.now(),
            physical="",
            added=True,
            before="",
        )
        if named_by and named_by in given and json.loads(old.properties).get(named_by) == given[named_by]:
            text = (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {given[named_by]} and update the stack again."
            )
            await self._resource(replace(old, status="UPDATE_FAILED", reason=text, at=self.ports.now()))
            return False
        self.ports.directory.put(replace(old, superseded=True))
        await self._resource(row)
        return await self._made(blueprint, one, row, "UPDATE")

    # Going back

    async def _undone(self) -> list[str]:
        """Brings what was changed in place back, and what was replaced; returns what could not be."""
        directory = self.ports.directory
        for old in superseded(directory, self.arn):
            new = resources(directory, self.arn).get(old.name)
            if new is not None and new.physical and new.physical != old.physical:
                directory.put(replace(new, superseded=True, added=True))
            if new is not None:
                directory.delete(new)
            directory.delete(old)
            directory.put(replace(old, superseded=False, added=False, status="UPDATE_COMPLETE", reason=""))
        await self.ports.commit(())
        changed = {
            one.name: one for one in resources(directory, self.arn).values() if one.before and not one.added
        }

        async def back(name: str) -> bool:
            row = changed[name]
            given, now = json.loads(row.before), json.loads(row.properties)
            keys = [key for key in dict.fromkeys((*given, *now)) if given.get(key) != now.get(key)]
            return await self._change(row, given, keys)

        needs = {name: one.depends for name, one in changed.items()}
        return await _in_order(needs, back, lambda: False, all_of=True)

    async def _clean(self, gone: Callable[[StackResource], bool]) -> None:
        """Deletes what was replaced and what is wanted no more, and settles the rest."""
        directory = self.ports.directory
        old = superseded(directory, self.arn)
        for one in old:
            keep = one.update_replace_policy in _KEEP and not one.added
            if await self._delete_one(one, skip=keep):
                directory.delete(one)
                await self.ports.commit(())
        leaving = {one.name: one for one in resources(directory, self.arn).values() if gone(one)}

        async def away(name: str) -> bool:
            one = leaving[name]
            keep = one.deletion_policy in _KEEP and not one.added
            if await self._delete_one(one, skip=keep):
                found = resources(directory, self.arn).get(name)
                if found is not None:
                    directory.delete(found)
                    await self.ports.commit(())
                return True
            return False

        await _in_order(_backwards(leaving), away, lambda: False, all_of=True)
        await self._settle()

    async def _settle(self) -> None:
        """What is there is what a later rollback goes back to."""
        directory = self.ports.directory
        for one in resources(directory, self.arn).values():
            if one.before or one.added:
                directory.put(replace(one, before="", added=False))
        await self.ports.commit(())

    async def _delete_all(self, kept: Iterable[str]) -> list[str]:
        """Deletes what the stack holds, in reverse; returns what could not be."""
        directory = self.ports.directory
        for old in superseded(directory, self.arn):
            if await self._delete_one(old, skip=False):
                directory.delete(old)
                await self.ports.commit(())
        there = {
            one.name: one
            for one in resources(directory, self.arn).values()
            if one.status not in (DELETED, "DELETE_SKIPPED")
        }
        retained = self.stack.retain

        async def away(name: str) -> bool:
            one = there[name]
            return await self._delete_one(one, skip=one.deletion_policy in kept or name in retained)

        return await _in_order(_backwards(there), away, lambda: False, all_of=True)

    async def _delete_one(self, one: StackResource, *, skip: bool) -> bool:
        """Is it gone, or left alone on purpose?"""
        now = self.ports.now
        if skip:
            await self._resource(replace(one, status="DELETE_SKIPPED", reason="", at=now()))
            return True
        going = replace(one, status="DELETE_IN_PROGRESS", reason="", at=now())
        await self._resource(going)
        reason = ""
        if one.physical:
            made = Made(one.physical, json.loads(one.attributes))
            properties = json.loads(one.properties)

            async def delete(work: _Work) -> Made:
                await work.delete()
                return made

            try:
                if one.deletion_policy == "Snapshot":
                    raise Failed("DeletionPolicy Snapshot is not supported by this endpoint")
                await self._work(one, properties, one.generated, made, delete)
            except Failed as error:
                reason = str(error)
            except _TOLD as error:
                reason = self._reason(one.type, error)
        status = "DELETE_FAILED" if reason else DELETED
        await self._resource(replace(going, status=status, reason=reason, at=now()))
        return not reason

    # One resource's work

    async def _work(
        self,
        row: StackResource,
        given: Mapping[str, object],
        generated: str,
        made: Made,
        do: Callable[[_Work], Awaitable[Made]],
    ) -> Made:
        """Raises ServiceError, Unfit, Failed, TemplateError or Unresolved."""
        resolved = await dynamic.resolved(dict(given), self.act)
        assert isinstance(resolved, dict)
        stack, token = self.stack, self.ports.ids.uuid()
        if row.type == nested.TYPE:
            return await do(
                Nested(self.act, self.ports.directory, stack, self._commit, generated, resolved, made)
            )
        if _is_custom(row.type):
            return await do(
                Custom(row.type, self.act, self.answers, self.arn, row.name, resolved, token, made)
            )
        kind = table().get(row.type)
        if kind is None:
            raise Failed(
                f"Resource type {row.type} is not supported by this endpoint: it does not know the calls "
                "that make one"
            )
        if kind.name_property:
            resolved.setdefault(kind.name_property, generated)
        return await do(
            Provision(kind, self.act, resolved, self.account, stack.region, generated, token, made)
        )

    def _properties(self, blueprint: Blueprint, one: Resource) -> dict[str, object]:
        """Raises TemplateError."""
        found = blueprint.resolver(self._known()).value(one.properties)
        assert isinstance(found, dict)
        return tagged(table().get(one.type), found, self.stack.wanted.tags)

    def _generated(self, one: Resource, given: Mapping[str, object]) -> str:
        kind = table().get(one.type)
        if one.type == nested.TYPE:
            return naming.made_up(self.stack.name, one.name, ResourceType("cloudformation"), self.ports.ids)
        if kind is None or kind.name_property in given or not (kind.name or kind.generated):
            return ""
        name = naming.made_up(self.stack.name, one.name, kind, self.ports.ids)
        fifo = comparable(given.get("FifoQueue") or given.get("FifoTopic")) == "true"
        return f"{name}.fifo" if fifo else name

    def _known(self) -> Present:
        stack = self.stack
        return Present(
            self.ports.directory,
            stack.account,
            stack.region,
            resources(self.ports.directory, self.arn),
            self._zones,
        )

    async def _find_zones(self, blueprint: Blueprint) -> None:
        """The Availability Zones, where the template asks for them: as whoever deploys sees them."""
        if "GetAZs" not in blueprint.template.text:
            return
        try:
            found = (await self.act.call("ec2", "DescribeAvailabilityZones", {})).get("AvailabilityZones")
        except ServiceError as error:
            raise Stopped(f"Template error: Unable to get Availability Zones: {error.message}") from error
        self._zones = [str(one["ZoneName"]) for one in found] if isinstance(found, list) else []

    def _reason(self, kind: str, error: Exception) -> str:
        if isinstance(error, ServiceError):
            row = table().get(kind)
            service = row.service if row is not None else "cloudformation"
            return refused(service, error, self.ports.ids.uuid())
        return error.message if isinstance(error, TemplateError) else str(error)

    @property
    def _leaving(self) -> bool:
        """Has a deletion been asked for meanwhile? What becomes of the stack is then for it to say."""
        return bool(self.canceled) and self.stack.status == "DELETE_IN_PROGRESS"

    # What is written down

    @property
    def stack(self) -> Stack:
        """The stack as it is now."""
        found = self.ports.directory.by_key(Stack, self.account, self.arn)
        if found is None:
            raise Stopped("the stack is gone")
        return found

    async def _status(self, status: str, reason: str = "", **changes: object) -> None:
        stack = self.stack
        history = History(self.ports.directory, self.ports.ids)
        history.stack(stack, status, self.ports.now(), reason, changed=replace(stack, **changes))
        await self._commit()

    async def _resource(self, row: StackResource, properties: str = "") -> None:
        stack = self.stack
        told = replace(row, reason=parameters.without_hidden(stack.wanted, row.reason))
        shown = parameters.without_hidden(stack.wanted, properties)
        History(self.ports.directory, self.ports.ids).resource(stack, told, properties=shown)
        await self._commit()

    async def _commit(self) -> None:
        await self.ports.commit(())


_Work = Provision | Custom | Nested
_TOLD = (ServiceError, Unfit, TemplateError, dynamic.Unresolved)


async def _in_order(
    needs: Mapping[str, Iterable[str]],
    work: Callable[[str], Awaitable[bool]],
    over: Callable[[], bool],
    *,
    all_of: bool = False,
) -> list[str]:
    """Works on each name once what it needs is done, some at once; returns the names that failed.

    After a failure nothing new begins, but with all_of everything that does not need what has failed.
    """
    left = {name: {one for one in wants if one in needs and one != name} for name, wants in needs.items()}
    running: dict[asyncio.Task[bool], str] = {}
    done: set[str] = set()
    failed: list[str] = []
    try:
        while left or running:
            stop = over() or (bool(failed) and not all_of)
            for name in [] if stop else list(left):
                if len(running) < _AT_ONCE and left[name] <= done:
                    del left[name]
                    running[asyncio.ensure_future(work(name))] = name
            if not running:
                break
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                name = running.pop(task)
                (done.add if task.result() else failed.append)(name)
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)
    return failed


def _backwards(rows: Mapping[str, StackResource]) -> dict[str, list[str]]:
    """Of each resource, what has to be gone before: what depends on it."""
    found: dict[str, list[str]] = {name: [] for name in rows}
    for name, one in rows.items():
        for other in one.depends:
            if other in found:
                found[other].append(name)
    return found


def _is_custom(kind: str) -> bool:
    return kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"


def _where(stack: Stack) -> Where:
    return Where(stack.account, stack.region, stack.name, stack.arn)
