"""What of a launch comes from its launch template: ``ec2:IsLaunchTemplateResource``.

Source: EC2 User Guide, "Control access to launch templates with IAM permissions": a caller held to a template
may override nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from passrole.authorize.call import Call

KEY: Final = "ec2:islaunchtemplateresource"
# Members of a launch that say nothing of what is launched.
_BESIDE: Final = frozenset(("ClientToken", "DryRun", "LaunchTemplate", "MaxCount", "MinCount"))


def by_template(call: Call, resource: str, requested: Collection[str]) -> str:
    """``true`` or ``false`` for one resource of RunInstances with a launch template, "" where it is unknown.

    requested are the ARNs that the request itself names: they are not the template's. Of a request that says
    more than which template, it is unknown whether AWS takes what is made (``instance/*``) for its own.
    """
    if not resource.endswith("*"):
        own = resource in requested and ":launch-template/" not in resource
        return "false" if own else "true"
    return "true" if call.input.keys() <= _BESIDE else ""
