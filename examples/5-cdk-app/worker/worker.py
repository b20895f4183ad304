"""Lists the pictures that it may read."""

import os

import boto3


def handler(event, context):
    listed = boto3.client("s3").list_objects_v2(Bucket=os.environ["BUCKET"])
    return [one["Key"] for one in listed.get("Contents", [])]
