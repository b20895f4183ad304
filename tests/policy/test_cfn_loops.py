"""Fn::ForEach, written out."""

from __future__ import annotations

import pytest

from passrole.policy.cfn_loops import written_out
from passrole.policy.cfn_template import TemplateError, parse

_HEAD = "Transform: AWS::LanguageExtensions\nParameters: {Names: {Type: CommaDelimitedList}}\n"


def test_each_item_stands_there() -> None:
    template = parse(
        _HEAD + "Resources:\n"
        "  Fn::ForEach::Topics:\n"
        "    - Name\n"
        "    - !Ref Names\n"
        "    - Topic&{Name}:\n"
        "        Type: AWS::SNS::Topic\n"
        "        Properties: {TopicName: !Ref Name, DisplayName: !Sub 'the ${Name} of ${AWS::Region}'}\n"
    )
    found = written_out(template, {"Names": ["a-1", "b"]}).resources
    assert list(found) == ["Topica1", "Topicb"]
    assert found["Topica1"].properties == {
        "TopicName": "a-1",
        "DisplayName": {"Fn::Sub": "the a-1 of ${AWS::Region}"},
    }


def test_loops_in_loops_and_in_properties() -> None:
    template = parse(
        _HEAD + "Resources:\n"
        "  Fn::ForEach::Outer:\n"
        "    - A\n"
        "    - [x, y]\n"
        "    - Fn::ForEach::Inner:\n"
        "        - B\n"
        "        - ['1', '2']\n"
        "        - T${A}${B}: {Type: 'AWS::SNS::Topic'}\n"
    )
    assert list(written_out(template, {}).resources) == ["Tx1", "Tx2", "Ty1", "Ty2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Resources: {'Fn::ForEach::X': [A, [a], {'T${A}': {Type: 'AWS::SNS::Topic'}}]}",
            "Template format error: Fn::ForEach needs Transform: AWS::LanguageExtensions in the template",
        ),
        (
            _HEAD + "Resources: {'Fn::ForEach::X': [A, !Ref Names, {'T${A}': {Type: 'AWS::SNS::Topic'}}]}",
            "Template format error: the collection of Fn::ForEach::X must be known",
        ),
        (
            _HEAD + "Resources: {'Fn::ForEach::X': [A, [a]]}",
            "Template format error: Fn::ForEach::X takes an identifier, a collection and an object",
        ),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(TemplateError) as refused:
        written_out(parse(text), {})
    assert refused.value.message == message
