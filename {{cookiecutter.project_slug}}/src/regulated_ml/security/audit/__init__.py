"""The audit: what is in the account, held against the controls.

`resources` says what there is to list, `listing` lists it, `describing` turns what AWS says
of a resource into the request that would make it, `infrastructure` looks at buckets and key,
`running` holds all of it against the plan, and `report` and `asff` are the forms of the result.
"""
