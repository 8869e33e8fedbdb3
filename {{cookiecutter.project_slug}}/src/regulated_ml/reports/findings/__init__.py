"""Numbers as sentences: what was found, true for any table and any model.

A heading on a page is one of these sentences. Each is computed from the numbers it speaks of, and
says so when there is nothing to find: a tie, a model no better than chance, an empty sample.
"""
