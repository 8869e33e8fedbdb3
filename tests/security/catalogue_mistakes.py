"""Mistakes in config/controls.yaml, and how each of them must be told."""

OWN = """
controls:
  - id: BANK-INSTANCE-1
    title: Training stays on small instances
    why: Larger ones need a budget.
    severity: medium
    can_be_excepted: true
    requirements:
      - must: {match: 'ml\\.m5\\.large'}
        fields: {CreateTrainingJob: [ResourceConfig.InstanceType]}
"""
MUST = "must: {match: 'ml\\.m5\\.large'}"
FIELDS = "fields: {CreateTrainingJob: [ResourceConfig.InstanceType]}"
PLACE = "config/controls.yaml: controls.1"


def own(old: str, new: str) -> str:
    """The organisation's control with one thing changed."""
    assert old in OWN
    return OWN.replace(old, new)


def fields(text: str) -> str:
    return own(FIELDS, f"fields: {text}")


# Name: the file, and the field, value, rule and fix of the one problem, each as far as it matters.
MISTAKES = {
    "an unknown key of a control": (
        own("title:", "titel:"),
        "config/controls.yaml: controls.1.titel",
        "",
        "no such key",
        "title",
    ),
    "an unknown key of a requirement": (
        own("fields:", "feilds:"),
        "controls.1.requirements.1.feilds",
        "",
        "no such key",
        "fields",
    ),
    "an unknown verb": (own("match:", "matches:"), "must.matches", "", "no such key", "match"),
    "two verbs": (own("match:", "equal: a, match:"), "must", "", "only one", ""),
    "no verb": (own(MUST, "must: {}"), "must", "", "one of equal", ""),
    "an id without a word of one's own": (
        own("BANK-INSTANCE-1", "bank"),
        "id",
        "bank",
        "pattern",
        "",
    ),
    "an id that the standard has": (
        own("BANK-INSTANCE-1", "RML-VPC-1"),
        f"{PLACE}.id",
        "RML-VPC-1",
        "a control's already",
        "another id",
    ),
    "an operation that AWS does not have": (
        fields("{CreateTrainingJobs: [RoleArn]}"),
        "config/controls.yaml: BANK-INSTANCE-1",
        "CreateTrainingJobs",
        "an operation that AWS has",
        "CreateTrainingJob?",
    ),
    "an operation of another service": (
        fields("{glue.CreateJob: [Role]}"),
        f"{PLACE}.requirements.1.fields",
        "glue.CreateJob",
        "sagemaker",
        "s3.PutObject",
    ),
    "an operation of S3 that it does not have": (
        fields("{s3.PutObjects: [Bucket]}"),
        "BANK-INSTANCE-1",
        "s3.PutObjects",
        "an operation that AWS has",
        "PutObject?",
    ),
    "a path that matches nothing": (
        fields("{CreateTrainingJob: [ResourceConfig.InstanceTyp]}"),
        "BANK-INSTANCE-1: CreateTrainingJob",
        "ResourceConfig.InstanceTyp",
        "there is no InstanceTyp",
        "did you mean InstanceType?",
    ),
    "a path into a text": (
        fields("{CreateTrainingJob: [RoleArn.Name]}"),
        "CreateTrainingJob",
        "RoleArn.Name",
        "RoleArn is a value, without members",
        "RoleArn",
    ),
    "a path through a list without []": (
        fields("{CreateTrainingJob: [InputDataConfig.DataSource]}"),
        "CreateTrainingJob",
        "InputDataConfig.DataSource",
        "InputDataConfig is a list",
        "InputDataConfig[]",
    ),
    "a path with [] where there is no list": (
        fields("{CreateTrainingJob: ['ResourceConfig[].InstanceType']}"),
        "CreateTrainingJob",
        "ResourceConfig[].InstanceType",
        "ResourceConfig is no list",
        "without []",
    ),
    "a path of unless that matches nothing": (
        own(FIELDS, f"unless: {{paths: [RoleArnn], matches: a}}\n        {FIELDS}"),
        "CreateTrainingJob",
        "RoleArnn",
        "there is no RoleArnn",
        "RoleArn?",
    ),
    "a path that is no path": (
        fields("{CreateTrainingJob: ['ResourceConfig..InstanceType']}"),
        "CreateTrainingJob",
        "ResourceConfig..InstanceType",
        "there is no",
        "",
    ),
    "a requirement without fields": (
        fields("{}"),
        "requirements.1.fields",
        "",
        "covers nothing",
        "add an operation",
    ),
    "a control that asks nothing": (
        own(OWN[OWN.index("    requirements:") :], "    requirements: []\n"),
        f"{PLACE}.requirements",
        "",
        "asks nothing",
        "requirement",
    ),
    "a value that the settings do not have": (
        own(MUST, "must: {be: kms_key}"),
        "requirements.1.must.be",
        "kms_key",
        "one of account",
        "kms_key_arn?",
    ),
    "filling where nothing can be filled in": (
        own(MUST, f"{MUST}\n        missing: fill"),
        "requirements.1.missing",
        "fill",
        "nothing can be filled in",
        "refuse",
    ),
    "a pattern that cannot be read": (
        own("ml\\.m5\\.large", "ml("),
        "requirements.1.must.match",
        "ml(",
        "a regular expression",
        "mend",
    ),
    "a refusal of one field": (
        own(MUST, "must: {refused: true}"),
        "requirements.1.fields",
        "ResourceConfig.InstanceType",
        "whole operation",
        "dot",
    ),
    "a dot where a field is meant": (
        fields("{CreateTrainingJob: ['.']}"),
        "requirements.1.fields",
        ".",
        "whole operation",
        "path",
    ),
    "another value than the standard's": (
        own(MUST, "must: {equal: false}").replace(
            FIELDS, "fields: {CreateTrainingJob: [EnableNetworkIsolation]}"
        ),
        f"{PLACE}: CreateTrainingJob",
        "False",
        "RML-ISO-1 of the standard asks True",
        "exception",
    ),
    "tightening what there is not": (
        "tighten: [{control: RML-VPC-9, severity: high}]",
        "tighten.1.control",
        "RML-VPC-9",
        "the id of a control of the standard",
        "did you mean RML-VPC",
    ),
    "less severe": (
        "tighten: [{control: RML-VPC-1, severity: low}]",
        "tighten.1.severity",
        "low",
        "at least critical",
        "critical",
    ),
    "excepted where the standard allows no exception": (
        "tighten: [{control: RML-LOCAL-1, can_be_excepted: true}]",
        "can_be_excepted",
        "True",
        "false",
        "",
    ),
    "left where the standard fills": (
        "tighten: [{control: RML-KEY-3, missing: leave}]",
        "tighten.1.missing",
        "leave",
        "at least as strict as fill",
        "refuse",
    ),
    "filling in what nobody can know": (
        "tighten: [{control: RML-S3-1, missing: fill}]",
        "tighten.1.missing",
        "fill",
        "nothing can be filled in for lie_in",
        "refuse",
    ),
    "fewer instances": (
        "tighten: [{control: RML-ENDPOINT-1, at_least: 1}]",
        "tighten.1.at_least",
        "1",
        "the standard has 2",
        "tighten",
    ),
    "a bound where there is none": (
        "tighten: [{control: RML-VPC-1, at_least: 3}]",
        "tighten.1.at_least",
        "3",
        "has no at_least",
        "take the key out",
    ),
    "fewer environments": (
        "tighten: [{control: RML-ENDPOINT-1, environments: [test]}]",
        "tighten.1.environments",
        "test",
        "all environments of the standard's",
        "keep: prod",
    ),
    "environments where it holds in all": (
        "tighten: [{control: RML-VPC-1, environments: [prod]}]",
        "tighten.1.environments",
        "prod",
        "all environments",
        "all already",
    ),
    "tightening that changes nothing": (
        "tighten: [{control: RML-VPC-1}]",
        "tighten.1",
        "RML-VPC-1",
        "tightens nothing",
        "severity",
    ),
    "broken YAML": ("controls: [", "config/controls.yaml: line 2", "", "not YAML", "mend the line"),
    "a key that is written twice": (
        "controls: []\ncontrols: []",
        "line 2, column 1",
        "",
        "written twice",
        "mend",
    ),
    "an anchor that contains itself": (
        "controls: &all [*all]",
        "config/controls.yaml: controls.1",
        "",
        "dictionary",
        "",
    ),
    "a control that contains itself": (
        own(OWN[OWN.index("    requirements:") :], "    requirements: [*one]\n").replace(
            "- id:", "- &one\n    id:"
        ),
        "config/controls.yaml: controls.1.requirements.1",
        "",
        "",
        "",
    ),
    "an unknown anchor": (
        "controls: *nowhere",
        "config/controls.yaml: line 1",
        "",
        "undefined alias",
        "mend",
    ),
}
