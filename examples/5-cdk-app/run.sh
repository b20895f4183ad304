#!/usr/bin/env bash
. "$(dirname "$0")/../people.sh"
cd "$(dirname "$0")"
export AWS_REGION="$AWS_DEFAULT_REGION" CDK_DISABLE_VERSION_CHECK=1 AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1
export NODE_OPTIONS=--no-warnings
cdk() { npx --no-install cdk "$@" --ci --progress events; }
account=$(aws sts get-caller-identity --query Account --output text)
roles="cdk-hnb659fds"
deploy="$roles-deploy-role-$account-$AWS_REGION"

echo "The administrator bootstraps the environment"
cdk bootstrap "aws://$account/$AWS_REGION"

echo "A developer may assume the CDK's roles, and nothing else"
person developer
aws iam put-user-policy --user-name developer --policy-name cdk --policy-document '{
  "Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/cdk-*"}]}'

echo "Without the right to pass the execution role the deploy role can deploy nothing"
aws iam put-role-policy --role-name "$deploy" --policy-name no-pass --policy-document '{
  "Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}]}'
if said=$(as developer npx --no-install cdk deploy --require-approval never --ci 2>&1); then
  echo "this should have been refused" >&2
  exit 1
fi
grep -o "is not authorized to perform: iam:PassRole on resource: [^ ]*" <<<"$said" | head -1 ||
  { echo "$said" >&2; exit 1; }
aws iam delete-role-policy --role-name "$deploy" --policy-name no-pass

echo "With it the application comes up"
as developer npx --no-install cdk deploy --require-approval never --ci --progress events
worker=$(aws cloudformation describe-stacks --stack-name Thumbnails \
  --query "Stacks[0].Outputs[?OutputKey=='WorkerName'].OutputValue" --output text)
pictures=$(aws cloudformation describe-stacks --stack-name Thumbnails \
  --query "Stacks[0].Outputs[?OutputKey=='PicturesName'].OutputValue" --output text)
aws cloudformation describe-stacks --stack-name Thumbnails --query 'Stacks[0].RoleARN' --output text

echo "Its function reads the bucket with the role that it was passed"
aws s3api put-object --bucket "$pictures" --key first.png >/dev/null
aws lambda invoke --function-name "$worker" --query StatusCode /dev/stdout

echo "And everything goes"
aws s3api delete-objects --bucket "$pictures" --delete "$(aws s3api list-object-versions --bucket "$pictures" \
  --query '{Objects: Versions[].{Key: Key, VersionId: VersionId}}' --output json)" >/dev/null
as developer npx --no-install cdk destroy --force --ci
echo "done"
