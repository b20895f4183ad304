"""Who passed which role to which service, read from CloudTrail's records at any size."""
