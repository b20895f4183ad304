"""Services that call targets with the roles that they were passed: EventBridge, Scheduler, Firehose …"""
