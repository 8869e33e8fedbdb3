"""The table of checks, in the order in which they are shown; each after those that it needs."""

from regulated_ml.security.preflight import (
    buckets,
    endpoints,
    generated,
    groups,
    identity,
    key,
    network,
    quotas,
    role,
    trail,
)

CHECKS = (
    *identity.CHECKS,
    *role.CHECKS,
    *generated.CHECKS,
    *key.CHECKS,
    *buckets.CHECKS,
    *trail.CHECKS,
    *network.CHECKS,
    *groups.CHECKS,
    *endpoints.CHECKS,
    *quotas.CHECKS,
)
