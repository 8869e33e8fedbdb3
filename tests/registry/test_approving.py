"""A version is approved by another person, on grounds that hold; all else is said at once."""

import json
import os
import platform
import pwd

import pytest
import yaml
from commands import git, rml

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.tracking import trail
from regulated_ml.tracking.store import RECORD

from .again import again
from .conftest import Registry, refused


def edit(registry: Registry, file: str, **changes: object) -> None:
    """Changes a file of config/, and commits it."""
    path = registry.repository / "config" / file
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
    git(registry.repository, "commit", "--all", "--quiet", "--message", "Another configuration")


def test_an_approval_keeps_person_reason_gates_and_documents(registered: Registry) -> None:
    done = registered.approve("Good enough, and better than the last one.")
    assert (done.version.status, done.fresh, done.package) == ("approved", True, None)
    record = registered.store.get(done.record.id)
    assert record.identity.user == "anna"
    assert record.parents == (registered.version.registered.id,)
    assert record.parameters["reason"] == "Good enough, and better than the last one."
    gates = {gate["metric"]: gate for gate in record.parameters["gates"]}
    assert gates["auc_low"]["value"] == registered.store.get("evaluate").metrics["auc_low"]
    assert all(gate["holds"] for gate in gates.values())
    assert any("rehearsal" in sentence for sentence in record.warnings)
    names = {item.path for item in record.artifacts}
    assert {"documents/model-card.html", "documents/validation-report.md"} <= names


def test_the_same_decision_again_says_already(registered: Registry) -> None:
    first, again = registered.approve(), registered.approve()
    assert (again.record.id, again.fresh) == (first.record.id, False)


@pytest.mark.parametrize("who", ["dev", "DEV"])
def test_who_registered_does_not_decide(registered: Registry, who: str) -> None:
    for act in (registered.approve, registered.reject):
        found = refused(lambda act=act: act(by=who))
        assert "another person than the developer (register by dev)" in found["you"]


def test_who_trained_does_not_decide(registered: Registry) -> None:
    trainer = registered.store.get("train").identity.user
    assert "train by" in refused(lambda: registered.approve(by=trainer))["you"]


def test_everything_that_speaks_against_it_is_said_at_once(registered: Registry) -> None:
    edit(registered, "model.yaml", gates=[{"metric": "auc_low", "at_least": 0.99}])
    edit(registered, "documents.yaml", purpose="")
    train = registered.store.get("train").id
    (registered.repository / "runs" / train / "training.json").write_text("{}")
    (registered.repository / "left.py").touch()
    found = refused(lambda: registered.approve(by="dev"))
    assert found.keys() == {
        *("you", "gate auc_low", f"runs/{train}", "repository"),
        "config/documents.yaml: purpose",
    }
    assert found["gate auc_low"] == "at least 0.99"
    assert registered.version.status == "pending"


def test_a_record_that_was_changed_is_no_ground(registered: Registry) -> None:
    path = registered.store.folder_of(registered.store.get("evaluate")) / RECORD
    path.write_text(path.read_text().replace('"auc_low": 0.', '"auc_low": 0.9'))
    found = refused(registered.approve)
    assert any("was changed since entry" in rule for rule in found.values())


def test_the_versions_own_record_cannot_be_bettered(registered: Registry) -> None:
    edit(registered, "model.yaml", gates=[{"metric": "auc_low", "at_least": 0.9}])
    path = registered.store.folder_of(registered.version.registered) / RECORD
    content = json.loads(path.read_text())
    content["metrics"]["auc_low"] = 0.95
    path.write_text(json.dumps(content))
    found = refused(registered.approve)
    assert [field for field in found if "audit trail" in field]


def test_a_run_that_is_gone_leaves_the_record_incomplete(registered: Registry) -> None:
    folder = registered.store.folder_of(registered.store.get("explain"))
    folder.rename(registered.repository.parent / "gone")
    found = refused(registered.approve)
    assert "explain" in found


def test_rows_that_nobody_vouches_for_are_no_ground(registered: Registry) -> None:
    evaluate = registered.store.get("evaluate")
    data = evaluate.data.model_copy(update={"state": "unverified"})
    unverified = again(registered.store, evaluate, data=data)
    registered.person("dev")
    registered.register()
    assert f"runs/{unverified.id}: data" in refused(registered.approve)


def test_a_metric_that_no_step_reports_is_a_mistake_of_the_configuration(
    registered: Registry,
) -> None:
    edit(registered, "model.yaml", gates=[{"metric": "auc_lo", "at_least": 0.7}])
    with pytest.raises(UserError) as raised:
        registered.approve()
    assert raised.value.status is ExitStatus.CONFIGURATION
    (problem,) = raised.value.problems
    assert problem.field == "config/model.yaml: gates.1.metric"
    assert problem.fix == "did you mean auc_low?"


def test_without_gates_nothing_is_approved(registered: Registry) -> None:
    edit(registered, "model.yaml", gates=[])
    assert "config/model.yaml: gates" in refused(registered.approve)


def test_a_rejection_has_a_reason(registered: Registry) -> None:
    assert "says why" in refused(lambda: registered.reject("  "))["--reason"]


@pytest.mark.parametrize("reason", ["one\ntwo", "a\x1b[31mred", "x" * 1001, "a\u202eb"])
def test_a_reason_is_one_line_that_can_be_seen(registered: Registry, reason: str) -> None:
    for act in (registered.approve, registered.reject):
        assert "on one line" in refused(lambda act=act: act(reason))["--reason"]


def test_no_rejection_is_set_aside_in_passing(registered: Registry) -> None:
    assert "is pending" in refused(lambda: registered.approve(overrule=True))["--overrule"]
    approved = registered.approve().record
    rejected = registered.reject("Its gaps are too wide.").record
    assert rejected.parameters["overrules"] == approved.id
    for who in ("anna", "berta"):  # whoever rejected it, too
        said = refused(lambda who=who: registered.approve("I say so.", by=who))
        assert said == {
            "v1": f"anna rejected it on {rejected.ended[:10]}: Its gaps are too wide.",
        }
        said = refused(lambda who=who: registered.approve(" ", by=who, overrule=True))
        assert said == {"--reason": "whoever overrules anna says why; it is kept"}
    done = registered.approve("The gaps are noise.", by="berta", overrule=True)
    assert (done.version.status, done.record.parameters["overrules"]) == ("approved", rejected.id)
    assert [act.step for act in registered.version.acts] == ["approve", "reject", "approve"]
    assert not trail.verify(registered.store.trail, registered.store.records)
    lineage = rml(registered.repository, "runs", "lineage", "v1", "--format", "html")
    page = (registered.repository / lineage.stdout.strip()).read_text(encoding="utf-8")
    assert "approve v1, overrules reject" in page
    assert f"overrules: {rejected.id}" in page
    shown = json.loads(rml(registered.repository, "model", "show", "--json").stdout)
    assert [act["act"] for act in shown["acts"]] == [
        *("register", "approve", "reject, overrules approve", "approve, overrules reject"),
    ]


def test_that_one_account_has_trained_and_decided_is_kept(registered: Registry) -> None:
    """The names differ, as they are claimed; the system knows the account all the same."""
    account = pwd.getpwuid(os.getuid()).pw_name
    warnings = registered.approve().record.warnings
    (said,) = [each for each in warnings if "may be one person" in each]
    assert said.startswith(f"{account}@{platform.node()} has done this as anna, and train as ")
    assert "register as dev" in said


def test_a_hostile_reason_breaks_no_table(registered: Registry) -> None:
    reason = "<script>alert(1)</script> | [bold]x[/bold] `rm -rf` $(id)"
    assert registered.reject(reason).record.parameters["reason"] == reason
    shown = rml(registered.repository, "model", "show", COLUMNS="250")
    assert reason in shown.stdout
    listed = json.loads(rml(registered.repository, "model", "list", "--json").stdout)
    assert [(each["version"], each["status"]) for each in listed] == [("v1", "rejected")]


@pytest.mark.parametrize("verb", ["approve", "reject", "promote", "release"])
def test_an_act_names_its_version(registered: Registry, verb: str) -> None:
    more = {"reject": ("--reason", "No."), "promote": ("--to", "local")}.get(verb, ())
    done = rml(registered.repository, "model", verb, "latest", *more, LOGNAME="anna")
    assert done.returncode == ExitStatus.USAGE
    assert "the version is named by its number" in done.stderr


def test_a_decision_gets_no_other_reason_afterwards(registered: Registry) -> None:
    made = registered.approve("It is good enough.").record
    done = rml(
        registered.repository, "model", "approve", "v1", "--reason", "Another.", LOGNAME="anna"
    )
    assert done.returncode == ExitStatus.FOUND
    said = " ".join(done.stderr.split())
    assert f"anna approved v1 on {made.ended[:10]}, with the reason: It is good enough." in said
    assert [act.id for act in registered.version.acts] == [made.id]
    assert not registered.approve("It is good enough.").fresh  # the same command completes


def test_who_registered_does_not_complete_a_decision(registered: Registry) -> None:
    registered.approve()
    assert "another person" in refused(lambda: registered.approve(by="dev"))["you"]


def test_the_documents_of_an_approval_say_whose_it_is(registered: Registry) -> None:
    done = registered.approve()
    folder = registered.store.folder_of(done.record) / "documents"
    for name in ("model-card.md", "inventory-entry.md"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "aid before anna, whose approval keeps this document" in text
        assert "v1 is pending" not in text
        assert "| pending |" not in text
        assert "Nobody has decided" not in text


def test_a_trail_that_a_tag_contradicts_is_no_ground(registered: Registry) -> None:
    run = registered.store.get("evaluate").id
    message = f"Another trail\n\nRun: {run}\nTrail-Entry: 2 {'a' * 64}"
    git(
        registered.repository,
        *("-c", "user.name=A", "-c", "user.email=a@example.com"),
        *("tag", "--annotate", "model/v0", "--message", message),
    )
    found = refused(registered.approve)
    assert any("the trail was written anew" in rule for rule in found.values())


def test_an_unknown_version_is_named(registered: Registry) -> None:
    done = rml(registered.repository, "model", "approve", "v7", LOGNAME="anna")
    assert done.returncode == ExitStatus.DATA
    assert "the registered versions are v1" in done.stderr
