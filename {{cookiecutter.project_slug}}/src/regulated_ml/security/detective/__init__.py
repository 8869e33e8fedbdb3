"""The function that watches the account: it stops or deletes what was made against the controls.

`packaging.py` makes the archive that Lambda runs; everything else here is in the archive and needs
the standard library and boto3 alone. What a request must be is decided by `security/requests`, the
same code as in the guard and in the audit.
"""
