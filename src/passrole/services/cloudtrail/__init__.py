"""CloudTrail: looking events up, and trails.

The event history is the endpoint's own trail: a record is there once its call has answered, and
there is no throttling. Trails are kept and described as defined; nothing is delivered to their
buckets yet, and GetTrailStatus says so by naming no delivery.
"""
