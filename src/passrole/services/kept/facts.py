"""What is known of kept resources while a call is authorized: their tags. Others are asked of the rest."""

from __future__ import annotations

from collections.abc import Mapping

from passrole.authorize.call import ResourceFacts
from passrole.services.facts import FactsBefore
from passrole.services.kept import resource
from passrole.services.kept.tagging import tags_of
from passrole.state.directory import Directory


class KeptFacts(FactsBefore):
    """``ResourceFacts`` of the kept resources and of everything else."""

    def __init__(self, directory: Directory, others: ResourceFacts) -> None:
        super().__init__(others)
        self._directory = directory

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """See ResourceFacts."""
        kept = resource.by_arn(self._directory, arn)
        if kept is not None:
            return tags_of(kept.said) if kept.account == account else None
        return super().tags(account, region, arn)
