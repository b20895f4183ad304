"""Services with a few keys each: CloudFormation, Glue, Logs, SNS, Step Functions and Systems Manager.

Source: Service Authorization Reference, the condition keys of each; Step Functions Developer Guide,
"Authorization for versions and aliases"; Systems Manager User Guide, "Preventing access to Parameter Store
API operations"; CloudFormation User Guide, "Control CloudFormation access with IAM".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from passrole.authorize.call import Call
from passrole.authorize.request_keys.source import Keys, Rules, many, one
from passrole.catalog import paths
from passrole.state.directory import Directory

KEYS: Final[Keys] = {
    "cloudformation:changesetname": one("ChangeSetName"),
    "cloudformation:importresourcetypes": many("ResourcesToImport[].ResourceType"),
    "cloudformation:resourcetypes": many("ResourceTypes[]"),
    "cloudformation:rolearn": one("RoleARN"),
    "cloudformation:stackpolicyurl": one("StackPolicyURL"),
    "cloudformation:targetregion": many("Regions[]"),
    "cloudformation:templateurl": one("TemplateURL"),
    "logs:deliverydestinationresourcearn": one("deliveryDestinationConfiguration.destinationResourceArn"),
    "logs:loggeneratingresourcearns": many("resourceArn"),
    "sns:endpoint": one("Endpoint"),
    "sns:protocol": one("Protocol"),
    "ssm:autoapprove": one("AutoApprove", default="false"),
    "ssm:documentversion": many("DocumentVersion"),
    "ssm:inventorytypename": many("Items[].TypeName"),
    "ssm:overwrite": one("Overwrite"),
    "ssm:recursive": one("Recursive"),
    "ssm:synctype": one("SyncType"),
}

_TAGGING: Final = frozenset(("TagResource", "UntagResource"))


def _create_action(call: Call, directory: Directory) -> str:
    return "" if call.operation in _TAGGING else call.operation


def _parameter_policies(call: Call, directory: Directory) -> str:
    return "true" if call.input.get("Policies") else ""


def _document_type(call: Call, directory: Directory) -> str | None:
    """A document that is made is a Command unless it says otherwise; others tell of themselves."""
    given = call.input.get("DocumentType")
    if call.operation != "CreateDocument":
        return None
    return given if isinstance(given, str) and given else "Command"


def _connected(call: Call, directory: Directory) -> str | None:
    """A job is in a VPC by its connections, which the request only names."""
    members = ("Connections.Connections[]", "JobUpdate.Connections.Connections[]")
    return None if any(True for path in members for _ in paths.values(path, call.input)) else ""


def _qualifier(call: Call, directory: Directory) -> str | None:
    """There where the caller wrote one: see as_given. AWS does not tell what a new alias has."""
    return None if call.operation == "CreateStateMachineAlias" else ""


RULES: Final[Rules] = {
    "cloudformation:createaction": _create_action,
    "glue:securitygroupids": _connected,
    "glue:subnetids": _connected,
    "glue:vpcids": _connected,
    "ssm:documenttype": _document_type,
    "ssm:policies": _parameter_policies,
    "states:statemachinequalifier": _qualifier,
}

_MACHINES: Final = ("stateMachineArn", "stateMachineAliasArn", "stateMachineVersionArn")


def qualifier(given: Mapping[str, object]) -> tuple[str, ...]:
    """The version or alias at the end of a state machine's ARN: ``states:StateMachineQualifier``."""
    named = (given.get(member) for member in _MACHINES)
    parts = (arn.split(":") for arn in named if isinstance(arn, str))
    return tuple(split[7] for split in parts if len(split) == 8)
