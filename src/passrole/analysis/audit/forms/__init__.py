"""The forms in which records come: lists, lines, documents of other kinds, tables."""
