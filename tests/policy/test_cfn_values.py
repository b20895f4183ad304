"""CloudFormation's intrinsic functions, with everything known and with some of it unknown."""

from __future__ import annotations

import pytest

from passrole.policy.cfn_template import Template, TemplateError, parse
from passrole.policy.cfn_values import NothingKnown, Resolver, Unknown

_HEAD = """
Transform: AWS::LanguageExtensions
Parameters: {Name: {Type: String}, Later: {Type: String}, Kinds: {Type: CommaDelimitedList}}
Mappings: {Sizes: {eu-west-1: {small: 1}}}
Conditions:
  Prod: !Equals [!Ref Name, prod]
  NotProd: !Not [!Condition Prod]
  Both: !And [!Condition Prod, !Equals [!Ref Later, x]]
  Either: !Or [!Condition NotProd, !Equals [!Ref Later, x]]
Resources:
  Role: {Type: 'AWS::IAM::Role'}
  T:
    Type: AWS::SNS::Topic
    Properties:
      Value: """
_PARAMETERS = {
    "Name": "dev",
    "Kinds": ["a", "b"],
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
}


class _Here(NothingKnown):
    def zones(self, region: str) -> object:
        return [f"{region or 'eu-west-1'}{zone}" for zone in "ab"]


def _resolver(expression: str) -> Resolver:
    return Resolver(_template(expression), _PARAMETERS, _Here())


def _template(expression: str) -> Template:
    return parse(_HEAD + expression)


def _value(expression: str) -> object:
    resolver = _resolver(expression)
    found = resolver.value(resolver.template.resources["T"].properties)
    assert isinstance(found, dict)
    return found.get("Value", "nothing")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Name", "dev"),
        ("!Ref Kinds", ["a", "b"]),
        ("!Ref AWS::NoValue", "nothing"),
        ("!Join [',', [a, !Ref Name, 1, true]]", "a,dev,1,true"),
        ("!Join ['-', !Ref Kinds]", "a-b"),
        ("!Sub 'arn:${AWS::Region}:${!Literal}:${Name}'", "arn:eu-west-1:${Literal}:dev"),
        ("!Sub ['${A}/${Name}', {A: !Ref Name}]", "dev/dev"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!Select [1, !Ref Kinds]", "b"),
        ("!Select ['0', !GetAZs '']", "eu-west-1a"),
        ("!If [Prod, 1, !If [NotProd, 2, 3]]", 2),
        ("!If [Prod, 1, !Ref AWS::NoValue]", "nothing"),
        ("!If [Both, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ("!FindInMap [Sizes, !Ref AWS::Region, small]", 1),
        ("!FindInMap [Sizes, other, small, {DefaultValue: 7}]", 7),
        ("!Base64 a", "YQ=="),
        ("!Cidr ['10.0.0.0/16', 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("{'Fn::Length': !Ref Kinds}", 2),
        ("{'Fn::ToJsonString': {a: !Ref Name}}", '{"a":"dev"}'),
        ("[1, !Ref AWS::NoValue, 2]", [1, 2]),
        ("!GetAtt Role.Arn", Unknown("*", ("Role.Arn",))),
        ("!Ref Later", Unknown("*", ("Later",))),
        ("!Sub '${Role.Arn}/x-${Later}'", Unknown("*/x-*", ("Role.Arn", "Later"))),
        ("!Join ['', ['arn:aws:iam::', !Ref AWS::AccountId, ':role/', !Ref Role]]",
         Unknown("arn:aws:iam::111122223333:role/*", ("Role",))),
        ("!ImportValue x", Unknown("*", ("export x",))),
    ],
)  # fmt: skip
def test_functions(expression: str, value: object) -> None:
    assert _value(expression) == value


def test_a_condition_over_an_unknown_is_unknown_unless_the_rest_settles_it() -> None:
    template = _template("1")
    resolver = Resolver(template, {"Name": "prod"})
    assert isinstance(resolver.condition("Both"), Unknown)
    assert isinstance(resolver.condition("Either"), Unknown)
    assert resolver.condition("Prod") is True


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "!Ref Nobody",
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the "
            "template",
        ),
        (
            "!GetAtt Nobody.Arn",
            "Template error: instance of Fn::GetAtt references undefined resource Nobody",
        ),
        ("!Select [5, [a]]", "Template error: Fn::Select cannot select nonexistent value at index 5"),
        ("!FindInMap [Sizes, x, y]", "Template error: Unable to get mapping for Sizes::x::y"),
        (
            "!FindInMap [None, x, y]",
            "Template error: Mapping named 'None' is not present in the 'Mappings' section of template.",
        ),
        (
            "!Transform {Name: 'AWS::Include'}",
            "Transform AWS::Include is not run by this endpoint: process the template first and deploy the "
            "result (aws cloudformation package, sam build); only AWS::LanguageExtensions is understood",
        ),
    ],
)
def test_errors(expression: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        _value(expression)
    assert refused.value.message == message
