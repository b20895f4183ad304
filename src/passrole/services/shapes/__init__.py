"""Inputs and outputs of our own services, as types; written by tools/shapes.py."""
