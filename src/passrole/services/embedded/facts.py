"""What only the embedded services know, for ``authorize`` and the metadata: read from moto as it is now.

Asked on the event loop's thread while calls are worked on by others: every answer is one look-up in a table.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from passrole.services.embedded.attributes import attributes
from passrole.services.embedded.instances import instance_of
from passrole.services.embedded.resource_policies import bucket_owner, keeps_policy, resource_policy
from passrole.services.embedded.tables import backend, every_backend
from passrole.services.embedded.tags import tags, unused
from passrole.services.instances import Instance
from passrole.state.principals import bound
from passrole.values.arn import Arn
from passrole.values.errors import InvalidArn


class Facts:
    """``ResourceFacts`` and ``Instances`` over moto. used says whether moto is loaded at all."""

    def __init__(self, used: Callable[[], bool]) -> None:
        self._used = used
        # Policies name users and roles by ARN; which ones they meant when they were set, by text.
        self._principals: dict[tuple[str, str], Mapping[str, str]] = {}
        self._writing = threading.Lock()

    def resource_policy(self, account: str, region: str, arn: str) -> str | None:
        """The resource-based policy's text; "" for none or no such resource; None if unknown.

        Users and roles are unique ids in it: a policy stops matching once the one that it meant is gone.
        """
        parsed = _parsed(arn)
        if parsed is None:
            return None
        if not self._used():
            return "" if keeps_policy(parsed.service) else None
        text = resource_policy(parsed.account or account, region, parsed)
        return bound(text, self._principals.get((parsed.service, text), {})) if text else text

    def remember(self, service: str, text: str, principals: Mapping[str, str]) -> None:
        """Which users and roles (ARN -> unique id) a policy meant when a call set it."""
        if principals:
            with self._writing:
                self._principals[(service, text)] = dict(principals)

    def principals(self) -> list[tuple[str, str, Mapping[str, str]]]:
        """What ``remember`` was told: service, policy, and its users and roles."""
        with self._writing:
            return [(service, text, found) for (service, text), found in self._principals.items()]

    def tags(self, account: str, region: str, arn: str) -> Mapping[str, str] | None:
        """The resource's tags, {} for none; None if unknown."""
        parsed = _parsed(arn)
        if parsed is None:
            return None
        return tags(parsed.account or account, region, parsed) if self._used() else unused(parsed)

    def owner(self, arn: str) -> str | None:
        """The account that owns a bucket, for an S3 ARN; None where nobody does."""
        parsed = _parsed(arn)
        if parsed is None or parsed.service != "s3" or not self._used():
            return None
        return bucket_owner(parsed.resource.split("/", 1)[0])

    def launch_template(
        self, account: str, region: str, *, id: str, name: str, version: str
    ) -> Mapping[str, object] | None:
        """LaunchTemplateData of one version (a number, ``$Latest``, ``$Default``, "" for the default)."""
        kept = backend("ec2", account, region) if self._used() else None
        if kept is None:
            return None
        template = kept.launch_templates.get(id or kept.launch_template_name_to_ids.get(name, ""))
        if template is None:
            return None
        number: Any = {"": template.default_version_number, "$Latest": len(template.versions)}.get(version)
        if version == "$Default":
            number = template.default_version_number
        if number is None:
            number = int(version) if version.isascii() and version.isdigit() else 0
        found = next((one for one in template.versions if one.number == number), None)
        return dict(found.data) if found is not None else None

    def attributes(self, account: str, region: str, arn: str) -> Mapping[str, object] | None:
        """What a describe call would tell, in its member names; None where there is no such resource."""
        parsed = _parsed(arn)
        if parsed is None or not self._used():
            return None
        return attributes(parsed.account or account, parsed.region or region, parsed)

    def instance(self, instance_id: str) -> Instance | None:
        """The instance of that id, in whatever account and region."""
        for account, region, kept in every_backend("ec2") if self._used() else ():
            found = kept.by_id.get(instance_id)
            if found is not None:
                return instance_of(account, region, kept, found)
        return None


def _parsed(arn: str) -> Arn | None:
    try:
        return Arn.parse(arn)
    except InvalidArn:
        return None
