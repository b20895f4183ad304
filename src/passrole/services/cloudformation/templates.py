"""Templates looked at without a deployment."""

from __future__ import annotations

from passrole.policy.cfn_values import comparable
from passrole.services.cloudformation import lookup, parameters
from passrole.services.cloudformation.blueprint import read_template, reason_of, required
from passrole.services.cloudformation.change_sets import find as find_change_set
from passrole.services.cloudformation.reading import Read
from passrole.services.operation import ServiceCall, operation
from passrole.services.shapes import cloudformation as shapes


@operation("cloudformation:GetTemplate")
def get_template(call: ServiceCall, given: shapes.GetTemplateInput) -> shapes.GetTemplateOutput:
    """The template as it was given; there is no processed one that differs. Raises ValidationError."""
    if given.get("ChangeSetName"):
        body = find_change_set(call, given["ChangeSetName"], given.get("StackName", "")).wanted.template
    else:
        body = lookup.find(call, given.get("StackName", "")).wanted.template
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


@operation("cloudformation:ValidateTemplate")
def validate_template(
    call: ServiceCall, given: shapes.ValidateTemplateInput
) -> shapes.ValidateTemplateOutput:
    """Raises ValidationError."""
    assert isinstance(call.read, Read)  # Invariant: the operation has a reader
    template = read_template(call.read.template)
    declared: list[shapes.TemplateParameter] = []
    for name, one in parameters.declared(template).items():
        shown: shapes.TemplateParameter = {
            "ParameterKey": name,
            "NoEcho": comparable(one.get("NoEcho")).lower() == "true",
        }
        if "Default" in one:
            shown["DefaultValue"] = comparable(one["Default"])
        if one.get("Description"):
            shown["Description"] = comparable(one["Description"])
        declared.append(shown)
    answer: shapes.ValidateTemplateOutput = {
        "Parameters": declared,
        "Capabilities": list(required(template)),
        "DeclaredTransforms": list(template.transforms),
    }
    if template.description:
        answer["Description"] = template.description
    reason = reason_of(template)
    if reason:
        answer["CapabilitiesReason"] = reason
    return answer


@operation("cloudformation:GetTemplateSummary")
def get_template_summary(
    call: ServiceCall, given: shapes.GetTemplateSummaryInput
) -> shapes.GetTemplateSummaryOutput:
    """Raises ValidationError."""
    assert isinstance(call.read, Read)  # Invariant: the operation has a reader
    template = read_template(call.read.template)
    declared: list[shapes.ParameterDeclaration] = []
    for name, one in parameters.declared(template).items():
        shown: shapes.ParameterDeclaration = {
            "ParameterKey": name,
            "ParameterType": str(one["Type"]),
            "NoEcho": comparable(one.get("NoEcho")).lower() == "true",
        }
        if "Default" in one:
            shown["DefaultValue"] = comparable(one["Default"])
        if one.get("Description"):
            shown["Description"] = comparable(one["Description"])
        allowed = one.get("AllowedValues")
        if isinstance(allowed, list):
            shown["ParameterConstraints"] = {"AllowedValues": [comparable(value) for value in allowed]}
        declared.append(shown)
    answer: shapes.GetTemplateSummaryOutput = {
        "Parameters": declared,
        "Capabilities": list(required(template)),
        "ResourceTypes": list(dict.fromkeys(one.type for one in template.resources.values())),
        "DeclaredTransforms": list(template.transforms),
    }
    version = template.data.get("AWSTemplateFormatVersion")
    if version is not None:
        answer["Version"] = comparable(version)
    if template.description:
        answer["Description"] = template.description
    reason = reason_of(template)
    if reason:
        answer["CapabilitiesReason"] = reason
    return answer
