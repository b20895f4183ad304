#!/usr/bin/env bash
. "$(dirname "$0")/../people.sh"

echo "Two roles for EC2, each in an instance profile"
for role in EC2-roles-for-XYZ-web Admins; do
  aws iam create-role --role-name "$role" --assume-role-policy-document "$(trusting ec2.amazonaws.com)" >/dev/null
  aws iam create-instance-profile --instance-profile-name "$role" >/dev/null
  aws iam add-role-to-instance-profile --instance-profile-name "$role" --role-name "$role"
done

echo "Alice may launch instances, and pass roles named EC2-roles-for-XYZ-… to EC2"
person alice
aws iam put-user-policy --user-name alice --policy-name launch --policy-document '{
  "Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:Describe*", "lambda:CreateFunction"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole"],
     "Resource": "arn:aws:iam::*:role/EC2-roles-for-XYZ-*",
     "Condition": {"StringEqualsIfExists": {"iam:PassedToService": "ec2.amazonaws.com"}}}]}'
image=$(aws ec2 describe-images --owners amazon --query 'Images[0].ImageId' --output text)

echo "She launches an instance with the role that she may pass"
instance=$(as alice aws ec2 run-instances --image-id "$image" \
  --iam-instance-profile Name=EC2-roles-for-XYZ-web --query 'Instances[0].InstanceId' --output text)
echo "  $instance"

echo "Not with another role"
refused as alice aws ec2 run-instances --image-id "$image" --iam-instance-profile Name=Admins

echo "Nor the same role to another service"
role=$(aws iam get-role --role-name EC2-roles-for-XYZ-web --query Role.Arn --output text)
refused as alice aws lambda create-function --function-name f --runtime python3.12 --handler a.b \
  --role "$role" --code S3Bucket=some-bucket,S3Key=some-key

echo "She loses her rights; the instance keeps its role"
aws iam delete-user-policy --user-name alice --policy-name launch
aws ec2 describe-instances --instance-ids "$instance" \
  --query 'Reservations[0].Instances[0].IamInstanceProfile.Arn' --output text
echo "done"
