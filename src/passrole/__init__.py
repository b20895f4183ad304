"""passrole: enforces and explains iam:PassRole.

The few names here are the whole public API; everything else may move.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from passrole.analysis.who_can_pass import who_can_pass
    from passrole.decision.evaluate import evaluate
    from passrole.decision.request import Decision, Outcome, Policies, Request
    from passrole.faces.endpoint import Endpoint
    from passrole.faces.options import Options
    from passrole.policy.document import Policy
    from passrole.values.arn import Arn
    from passrole.values.principal import Principal

__version__ = "0.1.0"

__all__ = [
    "Arn",
    "Decision",
    "Endpoint",
    "Options",
    "Outcome",
    "Policies",
    "Policy",
    "Principal",
    "Request",
    "evaluate",
    "who_can_pass",
]

# Each is loaded with its first use: the endpoint brings a server and every service, and a command that reads
# a trail needs no policy engine.
_LATER = {
    "Arn": "passrole.values.arn",
    "Decision": "passrole.decision.request",
    "Endpoint": "passrole.faces.endpoint",
    "Options": "passrole.faces.options",
    "Outcome": "passrole.decision.request",
    "Policies": "passrole.decision.request",
    "Policy": "passrole.policy.document",
    "Principal": "passrole.values.principal",
    "Request": "passrole.decision.request",
    "evaluate": "passrole.decision.evaluate",
    "who_can_pass": "passrole.analysis.who_can_pass",
}


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
