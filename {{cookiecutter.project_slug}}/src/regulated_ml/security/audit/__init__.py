"""The audit: what is in the account, held against the controls.

`resources` says what there is to list, `listing` goes through it, `describing` turns what AWS says
of a resource into the request that would make it, `judging` holds that against the plan,
`infrastructure` looks at buckets and key, `running` does all of it in order; `findings` and `asff`
are the forms of the result.
"""
