"""Organizations' errors: all 400, as JSON 1.1 services answer.

Source of codes: the service model. Texts: the API reference's, and those that moto took from AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.values.errors import ServiceError


class OrganizationsError(ServiceError):
    """An error of Organizations. reason is the model's Reason member, "" where the error has none."""

    code, status = "ServiceException", 400

    @classmethod
    def of(cls, code: str, message: str = "", reason: str = "") -> OrganizationsError:
        """The error of that code; message "" takes the usual text."""
        fields = {"Reason": reason} if reason else None
        return cls(message or _TEXTS[code], code=code, fields=fields)


_TEXTS: Final[Mapping[str, str]] = {
    "AWSOrganizationsNotInUseException": "Your account is not a member of an organization.",
    "AccessDeniedException": "You don't have permissions to access this resource.",
    "AccountAlreadyClosedException": "The provided account is already closed.",
    "AccountAlreadyRegisteredException": (
        "The provided account is already a delegated administrator for your organization."
    ),
    "AccountNotFoundException": "You specified an account that doesn't exist.",
    "AccountNotRegisteredException": (
        "The provided account is not a registered delegated administrator for your organization."
    ),
    "AlreadyInOrganizationException": "The provided account is already a member of an organization.",
    "ChildNotFoundException": "You specified a child that doesn't exist.",
    "CreateAccountStatusNotFoundException": "You specified a create account request that doesn't exist.",
    "DestinationParentNotFoundException": "You specified a destination container that doesn't exist.",
    "DuplicateAccountException": "That account is already present in the specified destination.",
    "DuplicateHandshakeException": "A handshake with the same action and target already exists.",
    "DuplicateOrganizationalUnitException": "An OU with the same name already exists.",
    "DuplicatePolicyAttachmentException": "The specified policy is already attached to the specified target.",
    "DuplicatePolicyException": "A policy with the same name already exists.",
    "EffectivePolicyNotFoundException": (
        "If you ran this action on the management account, this policy type is not enabled. If you ran the "
        "action on a member account, the account doesn't have an effective policy of this type. Contact the "
        "administrator of your organization about attaching a policy of this type to the account."
    ),
    "HandshakeAlreadyInStateException": "The specified handshake is already in the requested state.",
    "HandshakeNotFoundException": "You specified a handshake that doesn't exist.",
    "InvalidHandshakeTransitionException": (
        "You can't perform the operation on the handshake in its current state."
    ),
    "MasterCannotLeaveOrganizationException": "You can't remove the management account from an organization.",
    "OrganizationNotEmptyException": (
        "To delete an organization you must first remove all member accounts (except the master)."
    ),
    "OrganizationalUnitNotEmptyException": "The specified OU is not empty.",
    "OrganizationalUnitNotFoundException": "You specified an organizational unit that doesn't exist.",
    "ParentNotFoundException": "You specified parent that doesn't exist.",
    "PolicyInUseException": (
        "The policy is attached to one or more entities. You must detach it from all roots, OUs, and "
        "accounts before performing this operation."
    ),
    "PolicyNotAttachedException": "The policy isn't attached to the specified target in the specified root.",
    "PolicyNotFoundException": "You specified a policy that doesn't exist.",
    "PolicyTypeAlreadyEnabledException": "The specified policy type is already enabled.",
    "PolicyTypeNotAvailableForOrganizationException": (
        "You can't use the specified policy type with the feature set currently enabled for this "
        "organization."
    ),
    "PolicyTypeNotEnabledException": "This operation can be performed only for enabled policy types.",
    "ResourcePolicyNotFoundException": (
        "We can't find a resource policy request with the parameter that you specified."
    ),
    "RootNotFoundException": "You specified a root that doesn't exist.",
    "SourceParentNotFoundException": "You specified a source root or OU that doesn't exist.",
    "TargetNotFoundException": "You specified a target that doesn't exist.",
}
