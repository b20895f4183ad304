"""ARN templates: filled from a call, unknown where the input does not tell."""

from __future__ import annotations

import pytest

from passrole.catalog import forms, templates

ACCOUNT = "111122223333"
A = f"arn:aws:{{}}:eu-west-1:{ACCOUNT}:"
EC2, LAMBDA, SQS, KMS = (f"arn:aws:{name}:eu-west-1:{ACCOUNT}:" for name in ("ec2", "lambda", "sqs", "kms"))
T = "arn:{partition}:ec2:{region}:{account}:"
FUNCTION = (
    "arn:{partition}:lambda:{region}:{account}:function:{lambda-name:FunctionName}{qualifier:Qualifier?}"
)


def fill(template: str, given: dict[str, object]) -> tuple[str, ...] | None:
    return templates.fill(template, given, partition="aws", region="eu-west-1", account=ACCOUNT)


@pytest.mark.parametrize(
    ("template", "given", "expected"),
    [
        (T + "instance/*", {}, (EC2 + "instance/*",)),
        (
            T + "instance/{InstanceIds[]}",
            {"InstanceIds": ["i-1", "i-2", "i-1"]},
            (EC2 + "instance/i-1", EC2 + "instance/i-2"),
        ),
        (T + "instance/{InstanceIds[]}", {"InstanceIds": []}, ()),
        (T + "vpc/{VpcId|VpcIds[]}", {"VpcIds": ["vpc-1"]}, (EC2 + "vpc/vpc-1",)),
        (T + "vpc/{VpcId|*}", {}, (EC2 + "vpc/*",)),
        (T + "vpc/{VpcId|=default}", {}, (EC2 + "vpc/default",)),
        (T + "vpc/{VpcId}", {"VpcId": EC2 + "vpc/vpc-9"}, (EC2 + "vpc/vpc-9",)),
        ("", {"VpcId": "vpc-1"}, None),
        (
            "{arn:RoleArn}",
            {"RoleArn": "arn:aws:iam::111122223333:role/A"},
            ("arn:aws:iam::111122223333:role/A",),
        ),
        ("{arn:RoleArn}", {"RoleArn": "A"}, None),
        (
            "arn:{partition}:s3:::{Bucket}/{Delete.Objects[].Key}",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "k1"}, {"Key": "k2"}]}},
            ("arn:aws:s3:::b/k1", "arn:aws:s3:::b/k2"),
        ),
        # An access point in place of the bucket: its objects' ARNs have another form.
        ("arn:{partition}:s3:::{Bucket}/{Key}", {"Bucket": "arn:aws:s3:r:a:accesspoint/p", "Key": "k"}, None),
        (
            "arn:{partition}:s3:::{copy-source:CopySource}",
            {"CopySource": "/b/a%20key?versionId=3"},
            ("arn:aws:s3:::b/a key",),
        ),
        (FUNCTION, {"FunctionName": "f"}, (LAMBDA + "function:f",)),
        (FUNCTION, {"FunctionName": "f", "Qualifier": "PROD"}, (LAMBDA + "function:f:PROD",)),
        (FUNCTION, {"FunctionName": f"{ACCOUNT}:function:f"}, (LAMBDA + "function:f",)),
        (FUNCTION, {"FunctionName": LAMBDA + "function:g"}, (LAMBDA + "function:g",)),
        (
            "arn:{partition}:sqs:{region}:{account}:{queue-name:QueueUrl}",
            {"QueueUrl": f"http://127.0.0.1:4747/{ACCOUNT}/jobs"},
            (SQS + "jobs",),
        ),
        ("arn:{partition}:kms:{region}:{account}:{kms-key:KeyId}", {"KeyId": "1-2"}, (KMS + "key/1-2",)),
        ("arn:{partition}:kms:{region}:{account}:{kms-key:KeyId}", {"KeyId": "alias/a"}, None),
        (
            "arn:{partition}:kms:{region}:{account}:{kms-key:KeyId}",
            {"KeyId": KMS + "key/3"},
            (KMS + "key/3",),
        ),
        (
            T + "{ec2-id:Resources[]}",
            {"Resources": ["i-1", "vol-2", "tgw-attach-3"]},
            (EC2 + "instance/i-1", EC2 + "volume/vol-2", EC2 + "transit-gateway-attachment/tgw-attach-3"),
        ),
        (T + "{ec2-id:Resources[]}", {"Resources": ["new-kind-of-thing-1"]}, None),
        (
            "{ssm-document:DocumentName}",
            {"DocumentName": "AWS-RunShellScript"},
            ("arn:aws:ssm:eu-west-1::document/AWS-RunShellScript",),
        ),
        (
            "{ssm-document:DocumentName}",
            {"DocumentName": "Mine"},
            (f"arn:aws:ssm:eu-west-1:{ACCOUNT}:document/Mine",),
        ),
        (
            T + "instance/{ec2-instance:InstanceIds[]}",
            {"InstanceIds": ["mi-1", "i-2"]},
            (EC2 + "instance/i-2",),
        ),
        (T + "x/{ec2-instance:InstanceIds[]}", {"InstanceIds": ["mi-1"]}, ()),
        (
            "arn:{partition}:organizations::{management}:ou/{organization}/{org-ou:ParentId}",
            {"ParentId": "ou-1"},
            None,
        ),
        (
            "arn:{partition}:dynamodb:{region}:{account}:table/{RequestItems<@>}",
            {"RequestItems": {"t1": [], "t2": []}},
            (
                f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t1",
                f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t2",
            ),
        ),
        (
            "arn:{partition}:apigateway:{region}::/tags/{quoted:resourceArn}",
            {"resourceArn": "arn:aws:apigateway:eu-west-1::/restapis/a"},
            ("arn:aws:apigateway:eu-west-1::/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fa",),
        ),
    ],
)
def test_fills(template: str, given: dict[str, object], expected: tuple[str, ...] | None) -> None:
    assert fill(template, given) == expected


def test_an_organization_is_filled_where_it_is_known() -> None:
    filled = templates.fill(
        "arn:{partition}:organizations::{management}:ou/{organization}/{org-ou:ParentId}",
        {"ParentId": "ou-1"},
        partition="aws",
        region="us-east-1",
        account=ACCOUNT,
        organization="o-abc",
        management="444455556666",
    )
    assert filled == ("arn:aws:organizations::444455556666:ou/o-abc/ou-1",)


@pytest.mark.parametrize(
    ("statement", "verb", "table"),
    [
        ('SELECT * FROM "Music" WHERE Artist=?', "select", "Music"),
        ("SELECT Artist FROM Music", "select", "Music"),
        ("INSERT INTO \"Music\" VALUE {'Artist': 'x'}", "insert", "Music"),
        ("update Music SET a=1", "update", "Music"),
        ('DELETE FROM "My-Table" WHERE a=1', "delete", "My-Table"),
        ('SELECT * FROM "Music"."ByYear"', "select", None),
        ("EXPLAIN Music", "", None),
    ],
)
def test_reads_partiql(statement: str, verb: str, table: str | None) -> None:
    assert forms.partiql_verb(statement) == verb
    filled = fill("arn:{partition}:dynamodb:{region}:{account}:table/{partiql-table:S}", {"S": statement})
    assert filled == (None if table is None else (f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/{table}",))


@pytest.mark.parametrize(
    ("when", "given", "holds"),
    [
        ("", {}, True),
        ("Tags[]", {"Tags": []}, False),
        ("Tags[]", {"Tags": [{"Key": "a"}]}, True),
        ("Tags", {"Tags": {"a": ""}}, True),
        ("ACL|GrantRead", {"GrantRead": "id=1"}, True),
        ("ACL|GrantRead", {"ACL": ""}, False),
        ("publish", {"publish": False}, False),
        ("publish", {"publish": True}, True),
        ("partiql:insert:Statement", {"Statement": "insert into T value {}"}, True),
        ("partiql:insert:Statement", {"Statement": "select * from T"}, False),
        ("partiql:select:S[].Statement", {"S": [{"Statement": "select * from T"}]}, True),
    ],
)
def test_asks(when: str, given: dict[str, object], holds: bool) -> None:
    assert templates.asked(when, given) is holds
