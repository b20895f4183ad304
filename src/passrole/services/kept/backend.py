"""The backend that keeps what no other has: in front of the embedded services, never of an upstream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from passrole.passing.permit import AuthorizedCall
from passrole.services.backend import Backend, Handled, not_implemented
from passrole.services.kept import resource, tagging
from passrole.services.kept.families import Family, operations, services
from passrole.services.kept.handlers import ROLES, Work
from passrole.services.kept.resource import KeptResource
from passrole.services.operation import Output
from passrole.state.directory import Directory
from passrole.values.errors import ServiceError
from passrole.values.ids import Ids
from passrole.wire.protocols import write

_TAGGING: Final[Mapping[str, Callable[[Work, KeptResource], dict[str, object]]]] = {
    "tag": tagging.tag,
    "untag": tagging.untag,
    "list": tagging.list_tags,
}
_ANY: Final = Family(noun="Resource")


class Kept:
    """Answers the operations of kept resources; hands everything else on."""

    def __init__(self, directory: Directory, ids: Ids, others: Backend) -> None:
        self._directory = directory
        self._ids = ids
        self._others = others

    def serves(self, service: str) -> bool:
        """See Backend."""
        return self._others.serves(service) or service in services()

    async def handle(self, authorized: AuthorizedCall) -> Handled:
        """See Backend. What is kept changes in the directory's transaction, before this returns."""
        call = authorized.call
        output = self._answer(authorized)
        if output is None:
            if self._others.serves(call.service):
                return await self._others.handle(authorized)
            raise not_implemented(call.service, call.operation)
        response = write(call.service, call.operation, call.protocol, output, call.request_id)
        return Handled(response, output=partial(_same, output))

    def _answer(self, authorized: AuthorizedCall) -> Output | None:
        """The output; None for an operation that is not of a kept resource. Raises ServiceError."""
        call = authorized.call
        known = operations().get((call.service, call.operation))
        if known is not None:
            role, family = known
            return ROLES[role](Work(call, family, self._directory, self._ids))
        kept = services().get(call.service)
        if kept is None or kept.tagging is None:
            return None
        for role, change in _TAGGING.items():
            if call.operation == getattr(kept.tagging, role):
                return self._tags(Work(call, _ANY, self._directory, self._ids), kept.tagging.member, change)
        return None

    def _tags(
        self, work: Work, member: str, change: Callable[[Work, KeptResource], dict[str, object]]
    ) -> Output:
        one = resource.by_arn(self._directory, str(work.call.input.get(member, "")))
        if one is None or one.account != work.call.account:
            raise ServiceError("The resource was not found.", code="ResourceNotFoundException", status=404)
        return change(work, one)


def _same(output: Output) -> Output:
    return output
