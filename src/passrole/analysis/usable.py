"""Whether a pass can be used: may the principal call an operation that takes the role?"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from passrole.analysis.askers import Asker
from passrole.catalog import passed
from passrole.catalog.operations import Operation
from passrole.decision.plan import compiled
from passrole.decision.request import Request
from passrole.decision.residual import Answer, residual


class Usable:
    """Asked once for each principal and service.

    On which resources the operation would work is unknown, and so are the keys of its call: whatever is not
    refused for certain counts as usable.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], bool] = {}

    def may_use(self, asker: Asker, service: str) -> bool:
        """Is there an operation passing roles to that service that the principal may call at all?"""
        place = (asker.arn, service)
        found = self._answers.get(place)
        if found is None:
            found = self._answers[place] = any(may_call(asker, one) for one in operations_for(service))
        return found


@lru_cache(maxsize=4096)
def operations_for(service: str) -> tuple[Operation, ...]:
    """The operations that take a role for that service principal."""
    return tuple(dict.fromkeys(use.operation for use in passed.uses().get(service, ())))


def may_call(asker: Asker, operation: Operation) -> bool:
    """False where some action that every call of the operation needs is refused, whatever it is about."""
    return all(
        _may(asker, use.action) for use in operation.actions if not use.when and use.action != "iam:PassRole"
    )


def _may(asker: Asker, action: str) -> bool:
    request = Request(
        principal=asker.caller.principal,
        action=action,
        resource=None,
        resource_account=asker.account,
        context=asker.context,
    )
    plan = compiled(asker.policies).plan(request)
    keys = {key for rule in plan.rules() for key in rule.keys}
    unknown = frozenset(asker.unknown(keys, passing=False))
    return residual(replace(request, unknown=unknown), asker.policies).answer is not Answer.REFUSED
