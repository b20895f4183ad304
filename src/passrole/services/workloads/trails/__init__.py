"""What CloudTrail delivers for trails: files to S3, digests, messages to SNS, events to CloudWatch Logs."""
