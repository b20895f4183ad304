"""CloudTrail: looking events up, and trails.

The event history is the endpoint's own trail: a record is there once its call has answered, and
there is no throttling unless the endpoint is told to. ``services.workloads.trails`` delivers trails.
"""
