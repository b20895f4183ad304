#!/usr/bin/env bash
. "$(dirname "$0")/../people.sh"

echo "The role, with what the console's wizard gives it"
aws iam create-role --role-name RDS-Monitoring-Role \
  --assume-role-policy-document "$(trusting monitoring.rds.amazonaws.com)" >/dev/null
aws iam attach-role-policy --role-name RDS-Monitoring-Role \
  --policy-arn arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole
role=$(aws iam get-role --role-name RDS-Monitoring-Role --query Role.Arn --output text)

echo "Dana and Erik may make databases; only Dana may pass the role"
person dana
person erik
for name in dana erik; do
  aws iam put-user-policy --user-name "$name" --policy-name databases --policy-document '{
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "rds:*", "Resource": "*"}]}'
done
aws iam put-user-policy --user-name dana --policy-name pass --policy-document '{
  "Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"},
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/RDS-Monitoring-Role"}]}'

# Version 1 of the AWS CLI asks RDS of us-east-1 at a fixed address unless it is told another on its command line.
database() { # NAME: the options of a small database
  echo "--db-instance-identifier $1 --db-instance-class db.t3.micro --engine mysql --allocated-storage 20
    --master-username admin --master-user-password not-a-secret-1"
}

echo "Dana makes a monitored database"
stream=$(as dana aws rds --endpoint-url "$AWS_ENDPOINT_URL" create-db-instance $(database danas) --monitoring-interval 1 --monitoring-role-arn "$role" \
  --query DBInstance.DbiResourceId --output text)

echo "Erik cannot"
refused as erik aws rds --endpoint-url "$AWS_ENDPOINT_URL" create-db-instance $(database eriks) --monitoring-interval 1 --monitoring-role-arn "$role"

echo "Figures come into RDSOSMetrics"
for _ in $(seq 30); do
  figures=$(aws logs get-log-events --log-group-name RDSOSMetrics --log-stream-name "$stream" \
    --query 'events[-1].message' --output text 2>/dev/null || true)
  case "$figures" in "{"*) break ;; esac
  sleep 1
done
case "$figures" in "{"*) echo "  $(cut -c1-120 <<<"$figures")…" ;; *) echo "no figures came" >&2; exit 1 ;; esac
echo "done"
