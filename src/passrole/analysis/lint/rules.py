"""The rules of lint about iam:PassRole: one table; a new rule is a new row.

Codes in capitals are Access Analyzer's own, with its words. The others are this project's.
"""

from __future__ import annotations

from typing import Final

from passrole.analysis.lint import checks, receivers
from passrole.analysis.lint.rule import Rule
from passrole.analysis.lint.validation.reference import CHECKS

_CHECKS: Final = "IAM User Guide, “IAM policy validation check reference”"
_GUIDE: Final = "IAM User Guide, “Grant a user permissions to pass a role to an AWS service”"
_GLOBAL: Final = "IAM User Guide, “AWS global condition context keys”"
_IDENTIFIERS: Final = "IAM User Guide, “IAM identifiers”"
_REFERENCE: Final = "Service Authorization Reference, “Actions, resources, and condition keys”"

_NARROW: Final = "Name the roles in Resource, and the service in iam:PassedToService."

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        code="PassRoleWithResourceTag",
        severity="error",
        title="iam:PassRole on a condition about the role's tags",
        find=checks.tagged,
        message="iam:PassRole is conditioned on {key}: ResourceTag does not work reliably with iam:PassRole.",
        remedy="Name the roles, or a name prefix, in Resource.",
        source=_GUIDE,
    ),
    Rule(
        code="PASS_ROLE_WITH_STAR_IN_RESOURCE",
        severity="warning",
        title="iam:PassRole on a resource with wildcards, to any service",
        find=checks.star_in_resource,
        message=CHECKS["PASS_ROLE_WITH_STAR_IN_RESOURCE"].text,
        remedy=_NARROW,
        source=_CHECKS,
    ),
    Rule(
        code="PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        severity="warning",
        title="An action with wildcards that takes iam:PassRole in, on a resource with wildcards",
        find=checks.star_in_action_and_resource,
        message=CHECKS["PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"].text,
        remedy="Name the actions, and iam:PassRole in a statement of its own with the roles and "
        "iam:PassedToService.",
        source=_CHECKS,
    ),
    Rule(
        code="PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
        severity="warning",
        title="A NotAction that leaves iam:PassRole allowed, on a resource with wildcards",
        find=checks.star_in_resource_and_not_action,
        message=CHECKS["PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION"].text,
        remedy="Put iam:PassRole into NotAction, and grant it in a statement of its own.",
        source=_CHECKS,
    ),
    Rule(
        code="PASS_ROLE_WITH_NOT_RESOURCE",
        severity="warning",
        title="iam:PassRole on all but some resources, to any service",
        find=checks.not_resource,
        message=CHECKS["PASS_ROLE_WITH_NOT_RESOURCE"].text,
        remedy=_NARROW,
        source=_CHECKS,
    ),
    Rule(
        code="PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
        severity="warning",
        title="An action with wildcards that takes iam:PassRole in, on all but some resources",
        find=checks.star_in_action_and_not_resource,
        message=CHECKS["PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE"].text,
        remedy=_NARROW,
        source=_CHECKS,
    ),
    Rule(
        code="PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE",
        severity="warning",
        title="A NotAction that leaves iam:PassRole allowed, on all but some resources",
        find=checks.not_action_and_not_resource,
        message=CHECKS["PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE"].text,
        remedy=_NARROW,
        source=_CHECKS,
    ),
    Rule(
        code="FORALLVALUES_WITH_SINGLE_VALUED_KEY",
        severity="warning",
        title="ForAllValues on a key with one value, on iam:PassRole",
        find=checks.for_all_values,
        message=CHECKS["FORALLVALUES_WITH_SINGLE_VALUED_KEY"].text,
        remedy="Leave ForAllValues: out: it holds also where the key is absent.",
        source=_CHECKS,
    ),
    Rule(
        code="PassRoleOnEveryRole",
        severity="warning",
        title="iam:PassRole on every role, to some services",
        find=checks.every_role,
        message="iam:PassRole on every role: each role that the service may assume can be passed, "
        "the strongest too.",
        remedy="Name the roles, or a name prefix, in Resource.",
        source=_GUIDE,
    ),
    Rule(
        code="PassRoleWithoutPassedToService",
        severity="warning",
        title="iam:PassRole to any service",
        find=checks.any_service,
        message="iam:PassRole to any service: iam:PassedToService is not among the conditions.",
        remedy='Add "Condition": {{"StringEquals": {{"iam:PassedToService": "SERVICE.amazonaws.com"}}}}.',
        source=_GUIDE,
    ),
    Rule(
        code="PassedToServiceMisspelled",
        severity="warning",
        title="iam:PassedToService names no service principal",
        find=receivers.misspelled,
        message="iam:PassedToService {service} is no service principal that is known: iam:PassRole may never "
        "be allowed by it.",
        remedy="Write {near}.",
        source=_GUIDE,
    ),
    Rule(
        code="PassedToServiceTakesNoRole",
        severity="warning",
        title="iam:PassedToService names a service that is passed no roles",
        find=receivers.takes_no_role,
        message="iam:PassedToService {service}: no operation is known that passes a role to it{instead}.",
        remedy="Name the service that takes the role; passrole catalog lists the operations with "
        "their services.",
        source=_REFERENCE,
    ),
    Rule(
        code="WILDCARD_WITHOUT_LIKE_OPERATOR",
        severity="error",
        title="A wildcard under an operator that takes it literally, on iam:PassRole",
        find=checks.literal_wildcard,
        message="{operator} takes the wildcard in {value} literally, so {key} never equals it and "
        "iam:PassRole is not "
        "decided as it reads.",
        remedy="Use {like}.",
        source=_CHECKS,
    ),
    Rule(
        code="PassRoleOfAnotherAccount",
        severity="warning",
        title="iam:PassRole on a role of another account",
        find=checks.another_account,
        message="A role of account {account} cannot be passed by a principal of {own}: iam:PassRole "
        "is for roles of "
        "one's own account.",
        remedy="Name roles of the principal's own account; another account's are assumed, not passed.",
        source=_GUIDE,
    ),
    Rule(
        code="PassRoleOfAdministrator",
        severity="warning",
        title="iam:PassRole on a role that may do everything",
        find=checks.administrator,
        message="iam:PassRole on the role {role}, which may do everything: who passes it may do as much.",
        remedy="Take the role out of Resource, or give the service a role with what it needs.",
        source=_GUIDE,
    ),
    Rule(
        code="PassRoleKeyNotCarried",
        severity="warning",
        title="iam:PassRole on a condition key that no pass carries",
        find=checks.not_carried,
        message="No request for iam:PassRole carries {key}, {effect}.",
        remedy="Use iam:PassedToService, iam:AssociatedResourceArn or a global key; move the other "
        "actions into a "
        "statement of their own.",
        source=_GLOBAL,
    ),
    Rule(
        code="PassRolePathLost",
        severity="warning",
        title="iam:PassRole on a role without its path",
        find=checks.path_lost,
        message="iam:PassRole on role/{name}: the role has a path, and its ARN ends in {whole}.",
        remedy="Write the ARN with {whole}.",
        source=_IDENTIFIERS,
    ),
    Rule(
        code="PassRoleThroughWildcard",
        severity="info",
        title="iam:PassRole by way of a wildcard",
        find=checks.through_wildcard,
        message="iam:PassRole is granted by {by}.",
        remedy="Name the actions that are needed, and iam:PassRole in a statement of its own.",
        source=_GUIDE,
    ),
    Rule(
        code="PassRoleWithoutReadingRoles",
        severity="info",
        title="iam:PassRole without what consoles need to show roles",
        find=checks.unread,
        message="iam:PassRole without {missing}: consoles need that to let a role be chosen.",
        remedy="Add {missing} if roles are to be passed in the console.",
        source=_GUIDE,
    ),
)
