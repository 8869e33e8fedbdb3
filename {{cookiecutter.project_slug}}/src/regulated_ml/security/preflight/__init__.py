"""Holds a live account against what the standard needs there, before the first job is submitted.

`checks.py` has the table of checks: each row says what it looks at, what that must be, how much it
matters and which calls of AWS it makes. The functions of the rows lie in one module for each kind
of thing; they get an `Account`, of which they only ask, and tell what they saw and which command of
the AWS CLI mends it. `running.py` goes through all rows, whatever one finds or cannot see.
"""
