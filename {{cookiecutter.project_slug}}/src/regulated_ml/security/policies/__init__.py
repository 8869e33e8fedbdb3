"""What IAM allows and denies: policies that follow from the controls and from tables of the roles.

Documents are written once, with placeholders for what differs from one environment to another; they
become the policies of an environment, and the templates below infrastructure/.
"""

from regulated_ml.security.policies.deployed import Difference, deployed_differences

__all__ = ["Difference", "deployed_differences"]
