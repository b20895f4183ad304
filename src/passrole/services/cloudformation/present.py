"""What a template can know of its stack: the resources as they are, other stacks' exports, the zones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from passrole.policy.cfn_template import TemplateError
from passrole.policy.cfn_values import Unknown
from passrole.state.directory import Directory
from passrole.state.stacks import StackResource, exports


@dataclass(slots=True)
class Present:
    """``policy.cfn_values.Known`` of a stack. resources may change while a deployment goes on.

    unsure names resources that a change set would replace: nobody knows what they will be.
    """

    directory: Directory
    account: str
    region: str
    resources: Mapping[str, StackResource]
    zones_known: list[str]
    unsure: frozenset[str] = frozenset()
    strict: bool = True

    def ref(self, resource: str) -> object:
        """See Known."""
        found = self.resources.get(resource)
        if found is None or not found.physical or resource in self.unsure:
            return self._nothing(resource)
        return found.physical

    def attribute(self, resource: str, attribute: str) -> object:
        """See Known."""
        found = self.resources.get(resource)
        if found is None or not found.physical or resource in self.unsure:
            return self._nothing(f"{resource}.{attribute}")
        attributes = json.loads(found.attributes)
        if attribute not in attributes:
            raise TemplateError(
                f"Template error: resource {resource} does not support attribute type {attribute} in "
                "Fn::GetAtt"
            )
        return attributes[attribute]

    def imported(self, name: str) -> object:
        """See Known."""
        found = exports(self.directory, self.account, self.region).get(name)
        if found is None:
            raise TemplateError(f"No export named {name} found.")
        return found[1].value

    def zones(self, region: str) -> object:
        """See Known."""
        if region and region != self.region:
            return [f"{region}{letter}" for letter in "abc"]
        return list(self.zones_known) or [f"{self.region}{letter}" for letter in "abc"]

    def _nothing(self, what: str) -> Unknown:
        if self.strict:
            raise TemplateError(
                f"Template format error: Unresolved resource dependencies [{what}] in the template"
            )
        return Unknown(of=(what,))
