"""What is known of kept resources while a call is authorized: their tags. Others are asked of the rest."""

from __future__ import annotations

from collections.abc import Mapping

from passrole.authorize.call import ResourceFacts
from passrole.services.kept import resource
from passrole.services.kept.tagging import tags_of
from passrole.state.directory import Directory


class KeptFacts:
    """``ResourceFacts`` of the kept resources and of everything else."""

    def __init__(self, directory: Directory, others: ResourceFacts) -> None:
        self._directory = directory
        self._others = others

    def resource_policy(self, account: str, region: str, arn: str) -> str | None:
        """See ResourceFacts."""
        return self._others.resource_policy(account, region, arn)

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """See ResourceFacts."""
        kept = resource.by_arn(self._directory, arn)
        if kept is not None:
            return tags_of(kept.said) if kept.account == account else None
        return self._others.tags(account, region, arn)

    def owner(self, arn: str) -> str | None:
        """See ResourceFacts."""
        return self._others.owner(arn)

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        return self._others.launch_template(account, region, id=id, name=name, version=version)

    def attributes(self, account: str, region: str, arn: str) -> Mapping[str, object] | None:
        """See ResourceFacts."""
        return self._others.attributes(account, region, arn)
