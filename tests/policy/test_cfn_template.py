"""CloudFormation templates: read from JSON and YAML, with places, and refused in CloudFormation's words."""

from __future__ import annotations

import pytest

from passrole.policy.cfn_template import TemplateError, parse

_TOPIC = "Resources: {T: {Type: 'AWS::SNS::Topic'}}"


def test_yaml_and_json_are_the_same_template() -> None:
    from_yaml = parse(
        "Resources:\n"
        "  Role:\n"
        "    Type: AWS::IAM::Role\n"
        "    DependsOn: Other\n"
        "    Properties:\n"
        "      RoleName: !Sub '${AWS::StackName}-x'\n"
        "      Arn: !GetAtt Other.Arn\n"
        "      Deep: !Select [0, !GetAZs '']\n"
        "      Version: 2012-10-17\n"
        "      Account: 012345678901\n"
        "      Size: 12\n"
        "      On: yes\n"
        "  Other: {Type: AWS::IAM::Role}\n"
    )
    from_json = parse(
        '{"Resources": {"Role": {"Type": "AWS::IAM::Role", "DependsOn": "Other", "Properties": {'
        '"RoleName": {"Fn::Sub": "${AWS::StackName}-x"}, "Arn": {"Fn::GetAtt": ["Other", "Arn"]},'
        '"Deep": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "Version": "2012-10-17",'
        '"Account": "012345678901", "Size": 12, "On": true}}, "Other": {"Type": "AWS::IAM::Role"}}}'
    )
    assert from_yaml.data == from_json.data
    assert from_yaml.resources["Role"].depends_on == ("Other",)


def test_everything_has_its_place() -> None:
    text = "Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: !Ref Name\n"
    template = parse(text)
    place = template.place("Resources", "Role", "Properties", "RoleName")
    assert (place.line, place.column) == (5, 17)
    assert template.place("Resources", "Role", "Properties", "RoleName", "Ref") == place
    assert template.place("Resources", "Role", "Nothing") == template.place("Resources", "Role")
    json = parse('{"Resources":\n {"Role": {"Type": "AWS::IAM::Role"}}}')
    assert json.place("Resources", "Role").line == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "Template format error: unsupported structure."),
        ("a text", "Template format error: unsupported structure."),
        ('{"Resources": }', "Template format error: JSON not well-formed. (line 1, column 15)"),
        ("Resources: [}", "Template format error: YAML not well-formed. (line 1, column 13)"),
        ("Description: x", "Template format error: At least one Resources member must be defined."),
        (f"Extra: 1\n{_TOPIC}", "Invalid template property or properties [Extra]"),
        (
            "Resources: {T: {Properties: {}}}",
            "Template format error: [/Resources/T] Every Resources object must contain a Type member.",
        ),
        (
            "Resources: {a-b: {Type: 'AWS::SNS::Topic'}}",
            "Template format error: Resource name a-b is non alphanumeric.",
        ),
        (
            "Mappings: {A: &a {b: {c: d}}, E: *a}\n" + _TOPIC,
            "Template error: YAML aliases are not allowed in CloudFormation templates",
        ),
        (
            f"AWSTemplateFormatVersion: '2011'\n{_TOPIC}",
            "Template format error: unsupported value for AWSTemplateFormatVersion. Allowed values are: "
            "[2010-09-09]",
        ),
    ],
)
def test_what_is_no_template_is_refused(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(text)
    assert refused.value.message == message
