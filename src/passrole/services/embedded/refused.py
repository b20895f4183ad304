"""Operations that moto has and this endpoint does not let it do, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# moto would make a template's resources by itself: nobody would have been asked whether the caller may create
# them, nor whether it may pass the roles in them.
_STACKS: Final = (
    "A stack's resources would be made without asking for the permissions that each of them needs, "
    "and the roles in it passed without iam:PassRole."
)

REFUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "stepfunctions": {
        # moto's plain backend would say that it had succeeded, without a call.
        "StartSyncExecution": "Express executions that are waited for are not run here; StartExecution is.",
    },
    "servicecatalog": dict.fromkeys(("ProvisionProduct", "UpdateProvisionedProduct"), _STACKS),
}
