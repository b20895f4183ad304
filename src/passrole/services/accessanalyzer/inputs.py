"""The inputs of the operations that are ours: the service's others are not. Source: the service model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NotRequired, TypedDict


class ValidatePolicyRequest(TypedDict):
    policyDocument: str
    policyType: str
    locale: NotRequired[str]
    maxResults: NotRequired[int]
    nextToken: NotRequired[str]
    validatePolicyResourceType: NotRequired[str]


class CheckNoNewAccessRequest(TypedDict):
    newPolicyDocument: str
    existingPolicyDocument: str
    policyType: str


class Access(TypedDict):
    actions: NotRequired[Sequence[str]]
    resources: NotRequired[Sequence[str]]


class CheckAccessNotGrantedRequest(TypedDict):
    policyDocument: str
    access: Sequence[Access]
    policyType: str
