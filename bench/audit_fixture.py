"""A trail for the benchmark: gzipped CloudTrail files, 3 of 100 records of calls that pass a role."""

from __future__ import annotations

import argparse
import gzip
import random
from pathlib import Path

import orjson

ACCOUNT = "111122223333"
NOISE = (
    ("ec2.amazonaws.com", "DescribeInstances"),
    ("s3.amazonaws.com", "ListBuckets"),
    ("sts.amazonaws.com", "AssumeRole"),
    ("logs.amazonaws.com", "CreateLogStream"),
    ("kms.amazonaws.com", "Decrypt"),
    ("iam.amazonaws.com", "GetRole"),
)
PASSING = (
    ("lambda.amazonaws.com", "CreateFunction20150331"),
    ("states.amazonaws.com", "CreateStateMachine"),
    ("ec2.amazonaws.com", "RunInstances"),
)

Record = dict[str, object]


def record(draw: random.Random) -> Record:
    """One record, of a thousand bytes as they are."""
    source, name = draw.choice(PASSING if draw.random() < 0.03 else NOISE)
    caller = f"Deployer{draw.randrange(20)}"
    role = f"Worker{draw.randrange(50)}"
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    parameters: Record = {"instancesSet": {"items": [{"instanceId": f"i-{draw.getrandbits(32):08x}"}]}}
    if name == "CreateFunction20150331":
        parameters = {"functionName": f"f{draw.randrange(90)}", "role": arn, "environment": {}}
    elif name == "CreateStateMachine":
        parameters = {"name": "m", "roleArn": arn, "definition": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    elif name == "RunInstances":
        parameters["iamInstanceProfile"] = {"name": role}
    return {
        "eventVersion": "1.10",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLEEXAMPLE:{caller}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{caller}/session",
            "accountId": ACCOUNT,
            "accessKeyId": f"ASIA{draw.getrandbits(64):016X}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLEEXAMPLE",
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/{caller}",
                    "accountId": ACCOUNT,
                    "userName": caller,
                },
                "attributes": {"creationDate": "2026-01-05T09:00:00Z", "mfaAuthenticated": "false"},
            },
        },
        "eventTime": f"2026-01-{draw.randrange(1, 29):02}T{draw.randrange(24):02}:12:44Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": f"192.0.2.{draw.randrange(250)}",
        "userAgent": "aws-cli/2.15.30 Python/3.11.8 Linux/6.5.0-1014-aws exe/x86_64.ubuntu.22",
        "requestParameters": parameters,
        "responseElements": None,
        "requestID": f"{draw.getrandbits(128):032x}",
        "eventID": f"{draw.getrandbits(128):032x}",
        "readOnly": name.startswith(("Describe", "List", "Get")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    }


def write(folder: Path, megabytes: int, files: int) -> int:
    """Writes the trail; returns its size as JSON, in bytes."""
    draw = random.Random(1)
    written = 0
    for number in range(files):
        records: list[bytes] = []
        size = 0
        while size < megabytes * 1_000_000 // files:
            records.append(orjson.dumps(record(draw)))
            size += len(records[-1])
        content = b'{"Records":[' + b",".join(records) + b"]}"
        written += len(content)
        folder.joinpath(f"{number:04}.json.gz").write_bytes(gzip.compress(content, 6))
    return written


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--megabytes", type=int, default=400)
    options.add_argument("--files", type=int, default=40)
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    print(write(given.folder, given.megabytes, given.files))
