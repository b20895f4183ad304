"""A whole estate read into a directory: account details, and the organization that they belong to.

What is dropped or not known is named in ``Notes``: an answer drawn from an estate says what it leaves out.
"""
