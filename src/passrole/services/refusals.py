"""Operations of our own services that are refused on purpose, and why.

They are authorized and recorded like any call, and then answer 501 NotImplemented with the reason. The
list in docs/iam-coverage.md comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from passrole.services.backend import not_implemented
from passrole.services.operation import Output, ServiceCall, operation

_DELEGATION: Final = (
    "temporary access delegation is for onboarded partners of AWS, and their requests end in AWS's console"
)
_TEMPLATES: Final = "role templates are AWS's own, and no public source says what they hold"
_INVALID: Final = (
    "what makes the combined policy of an account invalid is AWS's own knowledge, policy type by policy type"
)
_LAKE: Final = (
    "CloudTrail Lake is AWS's own service of SQL; LookupEvents, the files of trails and `passrole audit`"
    " answer about calls here"
)
_INSIGHTS: Final = "no insights are computed here"
_ENRICHED: Final = "events are not enriched here"
_TRANSFER: Final = "it is about who pays AWS's bill"

REFUSED: Final[Mapping[str, str]] = {
    "cloudtrail:CreateChannel": "events of other sources than this endpoint are not taken here",
    "cloudtrail:CreateDashboard": _LAKE,
    "cloudtrail:CreateEventDataStore": _LAKE,
    "cloudtrail:GenerateQuery": _LAKE,
    "cloudtrail:GetEventConfiguration": _ENRICHED,
    "cloudtrail:ListInsightsData": _INSIGHTS,
    "cloudtrail:ListInsightsMetricData": _INSIGHTS,
    "cloudtrail:PutEventConfiguration": _ENRICHED,
    "cloudtrail:SearchSampleQueries": _LAKE,
    "cloudtrail:StartImport": _LAKE,
    "cloudtrail:StartQuery": _LAKE,
    "iam:AcceptDelegationRequest": _DELEGATION,
    "iam:AcquireRole": _TEMPLATES,
    "iam:AssociateDelegationRequest": _DELEGATION,
    "iam:CreateDelegationRequest": _DELEGATION,
    "iam:GetDelegationRequest": _DELEGATION,
    "iam:GetHumanReadableSummary": "a language model of AWS's writes it",
    "iam:GetRoleTemplateVersion": _TEMPLATES,
    "iam:ListDelegationRequests": _DELEGATION,
    "iam:RejectDelegationRequest": _DELEGATION,
    "iam:SendDelegationToken": _DELEGATION,
    "iam:UpdateDelegationRequest": _DELEGATION,
    "organizations:CreateGovCloudAccount": "there is one partition here, aws",
    "organizations:DescribeResponsibilityTransfer": _TRANSFER,
    "organizations:InviteOrganizationToTransferResponsibility": _TRANSFER,
    "organizations:ListAccountsWithInvalidEffectivePolicy": _INVALID,
    "organizations:ListEffectivePolicyValidationErrors": _INVALID,
    "organizations:ListInboundResponsibilityTransfers": _TRANSFER,
    "organizations:ListOutboundResponsibilityTransfers": _TRANSFER,
    "organizations:TerminateResponsibilityTransfer": _TRANSFER,
    "organizations:UpdateResponsibilityTransfer": _TRANSFER,
    "sts:GetDelegatedAccessToken": _DELEGATION,
}


def _refuse(call: ServiceCall, given: Any) -> Output:
    name = f"{call.call.service}:{call.call.operation}"
    raise not_implemented(call.call.service, call.call.operation, f"{REFUSED[name]}.")


for _name in REFUSED:
    operation(_name)(_refuse)
