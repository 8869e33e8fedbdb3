"""Security controls as data: filled in and refused by the guard, denied by IAM, found by the audit."""
