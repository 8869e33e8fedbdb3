"""Policies of IAM, of keys, buckets and endpoints, and the templates that deploy them."""
