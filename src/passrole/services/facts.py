"""What is known of resources, told by several: each tells of its own and asks the next of the rest."""

from __future__ import annotations

from collections.abc import Mapping

from passrole.authorize.call import ResourceFacts


class FactsBefore:
    """``ResourceFacts`` that others tell; a subclass tells first what it knows itself."""

    def __init__(self, others: ResourceFacts) -> None:
        self._others = others

    def resource_policy(self, account: str, region: str, arn: str) -> str | None:
        """See ResourceFacts."""
        return self._others.resource_policy(account, region, arn)

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """See ResourceFacts."""
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
