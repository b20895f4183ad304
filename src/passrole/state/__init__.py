"""What the endpoint remembers: accounts, IAM entities, sessions, associations and the trail."""
