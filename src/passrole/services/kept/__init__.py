"""Resources of services that nobody emulates: kept as their calls describe them, and shown again.

A call that makes one is authorized and its roles are judged like any other; what the call said is then
kept, durable, and read, listed, changed and deleted by the operations of the same resource. Nothing is
carried out: a job stays in the state that it has right after it was accepted.
"""
