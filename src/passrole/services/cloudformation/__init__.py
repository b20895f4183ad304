"""CloudFormation: stacks whose resources are made through the gateway, by the rights of who deploys them.

Handlers check what is asked and note it; ``agent`` then does the work, each resource by the calls that
``data/resource_types.yaml`` names, as the stack's role or with its caller's own rights.
"""
