"""What a CloudTrail record is made of: names, identities, parameters, resources."""
