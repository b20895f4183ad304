"""What is known of stacks while a call is authorized: their tags. Others are asked of the rest."""

from __future__ import annotations

from collections.abc import Mapping

from passrole.authorize.call import ResourceFacts
from passrole.services.facts import FactsBefore
from passrole.state.directory import Directory
from passrole.state.stacks import named
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn


class StackFacts(FactsBefore):
    """``ResourceFacts`` of stacks and of everything else."""

    def __init__(self, directory: Directory, others: ResourceFacts) -> None:
        super().__init__(others)
        self._directory = directory

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """See ResourceFacts. A stack that a name stands for (``stack/NAME/*``) is the one that has it now."""
        try:
            parsed = Arn.parse(arn)
        except InvalidArn:
            return super().tags(account, region, arn)
        kind, _, rest = parsed.resource.partition("/")
        if parsed.service != "cloudformation" or kind != "stack":
            return super().tags(account, region, arn)
        name, _, unique = rest.partition("/")
        stack = named(self._directory, account, region, arn if unique not in ("", "*") else name)
        return dict(stack.wanted.tags) if stack is not None else {}
