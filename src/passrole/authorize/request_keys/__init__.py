"""Condition keys that a call answers itself, a table for each service.

A key that stands in a table is known: present with a value, or absent; names are in lower case. A key holds
for every operation of its prefix: an operation without the member simply lacks the key, as in AWS.
Source: Service Authorization Reference, the condition keys of each service, and what a table names besides.
"""
