#!/usr/bin/env bash
. "$(dirname "$0")/../people.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "A bucket with a secret, and a role that may read it"
aws s3 mb s3://payroll-of-the-example >/dev/null
echo -n "everyone's salaries" >"$work/salaries"
aws s3 cp "$work/salaries" s3://payroll-of-the-example/salaries >/dev/null
aws iam create-role --role-name PayrollReader \
  --assume-role-policy-document "$(trusting lambda.amazonaws.com)" >/dev/null
aws iam attach-role-policy --role-name PayrollReader --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess
reader=$(aws iam get-role --role-name PayrollReader --query Role.Arn --output text)

echo "Alice may make and invoke functions, and pass every role"
person alice
aws iam put-user-policy --user-name alice --policy-name functions --policy-document '{
  "Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"}]}'

echo "She may not read the bucket"
refused as alice aws s3api get-object --bucket payroll-of-the-example --key salaries "$work/hers"

echo "Her function may"
cat >"$work/peek.py" <<'PYTHON'
import boto3

def handler(event, context):
    found = boto3.client("s3").get_object(Bucket="payroll-of-the-example", Key="salaries")
    return found["Body"].read().decode()
PYTHON
(cd "$work" && python3 -m zipfile -c peek.zip peek.py)
as alice aws lambda create-function --function-name peek --runtime python3.12 --handler peek.handler \
  --role "$reader" --timeout 30 --memory-size 256 --zip-file "fileb://$work/peek.zip" >/dev/null
as alice aws lambda invoke --function-name peek "$work/answer" >/dev/null
echo "  it answers: $(cat "$work/answer")"
grep -q "everyone's salaries" "$work/answer"

echo "With passing narrowed to the roles that she needs, the way is closed"
aws iam put-user-policy --user-name alice --policy-name functions --policy-document '{
  "Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/functions-of-alice-*"}]}'
refused as alice aws lambda create-function --function-name again --runtime python3.12 --handler peek.handler \
  --role "$reader" --zip-file "fileb://$work/peek.zip"
echo "done"
