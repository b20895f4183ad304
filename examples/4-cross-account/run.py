#!/usr/bin/env python3
"""Uses another account's bucket from a function: refused in one step, done in two."""

from __future__ import annotations

import io
import json
import os
import sys
import urllib.request
import zipfile
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

URL = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
CODE = """
import json, os, boto3

def handler(event, context):
    there = {"RoleArn": os.environ["THERE"], "RoleSessionName": "two-steps"}
    taken = boto3.client("sts").assume_role(**there)["Credentials"]
    s3 = boto3.client("s3", aws_access_key_id=taken["AccessKeyId"],
                      aws_secret_access_key=taken["SecretAccessKey"], aws_session_token=taken["SessionToken"])
    return [one["Key"] for one in s3.list_objects_v2(Bucket="of-the-other-account")["Contents"]]
"""


def main() -> None:
    """Raises SystemExit where something is not as the example says."""
    here = boto3.Session(region_name=REGION)
    there = other_account(here)
    account = there.client("sts").get_caller_identity()["Account"]

    print("There: a bucket, and a role that may read it")
    s3 = there.client("s3")
    s3.create_bucket(Bucket="of-the-other-account")
    s3.put_object(Bucket="of-the-other-account", Key="report.txt", Body=b"figures")
    iam_there = there.client("iam")
    reader = iam_there.create_role(
        RoleName="ReportReader", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )["Role"]["Arn"]
    iam_there.attach_role_policy(
        RoleName="ReportReader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )

    print("In one step: the other account's role is passed to a function here")
    functions = here.client("lambda")
    try:
        functions.create_function(**function("one-step", reader, reader))
    except ClientError as error:
        print(f"  refused: {error.response['Error']['Message']}")
    else:
        sys.exit("this should have been refused")

    print("Step one: a role of this account, which may assume the other one, is passed")
    iam = here.client("iam")
    worker = iam.create_role(
        RoleName="ReportWorker", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="ReportWorker",
        PolicyName="assume",
        PolicyDocument=policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": reader}),
    )
    functions.create_function(**function("two-steps", worker, reader))

    print("Step two: the role there trusts it")
    iam_there.update_assume_role_policy(RoleName="ReportReader", PolicyDocument=trust({"AWS": worker}))
    answer = functions.invoke(FunctionName="two-steps")
    found = json.loads(answer["Payload"].read())
    print(f"  the function, in this account, reads account {account}: {found}")
    if found != ["report.txt"]:
        sys.exit("the function did not read the other account's bucket")
    print("done")


def function(name: str, role: str, there: str) -> dict[str, Any]:
    """CreateFunction's input."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", CODE)
    return {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Role": role,
        "Timeout": 30,
        "MemorySize": 256,
        "Code": {"ZipFile": packed.getvalue()},
        "Environment": {"Variables": {"THERE": there}},
    }


def trust(principal: dict[str, str]) -> str:
    """A trust policy."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def policy(statement: dict[str, object]) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def other_account(here: boto3.Session) -> boto3.Session:
    """A new account's root, which the endpoint makes with --testing."""
    request = AWSRequest("POST", f"{URL}/_passrole/accounts", data=b"")
    SigV4Auth(here.get_credentials().get_frozen_credentials(), "passrole", REGION).add_auth(request)
    sent = urllib.request.Request(request.url, data=b"", headers=dict(request.headers), method="POST")
    with urllib.request.urlopen(sent) as answer:
        made = json.loads(answer.read())
    return boto3.Session(
        aws_access_key_id=made["access_key_id"],
        aws_secret_access_key=made["secret_access_key"],
        region_name=REGION,
    )


if __name__ == "__main__":
    main()
