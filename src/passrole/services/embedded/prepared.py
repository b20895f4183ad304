"""A call on its way to moto: perhaps changed, with what moto's parameters cannot carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Prepared:
    """What to ask moto for.

    specification is the IamInstanceProfileSpecification of instances that this call launches; account, where
    it is not "", the account to ask in; headers are added to the request.
    """

    input: Mapping[str, object]
    specification: object = None
    account: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
