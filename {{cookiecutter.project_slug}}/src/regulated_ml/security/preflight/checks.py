"""The table of checks, in the order in which they are shown; each after those that it needs."""

from regulated_ml.security.preflight import (
    buckets,
    endpoints,
    groups,
    identity,
    key,
    network,
    quotas,
    role,
)

CHECKS = (
    *identity.CHECKS,
    *role.CHECKS,
    *key.CHECKS,
    *buckets.CHECKS,
    *network.CHECKS,
    *groups.CHECKS,
    *endpoints.CHECKS,
    *quotas.CHECKS,
)
