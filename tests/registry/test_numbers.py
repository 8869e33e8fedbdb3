"""A number names one registration: an act counts for the one that it rests on, and for no other."""

import pytest

from regulated_ml.errors import UserError
from regulated_ml.tracking import registry
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.registry import VERSION

from .again import again
from .conftest import Registry


@pytest.fixture
def second(registered: Registry) -> Record:
    """A second registration under the number of the first, as two clones can make it."""
    model = again(registered.store, registered.store.get("train"))
    first = registered.version.registered
    parameters = {**first.parameters, "model": model.id, "model_sha256": "0" * 64}
    return again(registered.store, first, parameters=parameters, parents=(model.id,))


def test_an_approval_counts_for_the_registration_that_it_names(registered: Registry) -> None:
    approved = registered.approve().version.registered
    first = registered.version.registered
    again(registered.store, first, parameters={**first.parameters, "model_sha256": "0" * 64})
    found = {each.registered.id: each.status for each in registry.versions(registered.store.all())}
    assert found.pop(approved.id) == "approved"
    assert [*found.values()] == ["pending"]


@pytest.mark.parametrize("name", ["v1", "1", "latest"])
def test_a_number_of_two_registrations_names_none(
    registered: Registry, second: Record, name: str
) -> None:
    known = registered.store.all()
    first = next(run for run in known if run.step == "register")
    with pytest.raises(UserError) as raised:
        registry.find(known, name, "local")
    (problem,) = raised.value.problems
    assert first.id in problem.rule
    assert second.id in problem.rule


def test_the_environment_tells_versions_of_two_environments(
    registered: Registry, second: Record
) -> None:
    known = [
        run.model_copy(update={"environment": "dev"}) if run.id == second.id else run
        for run in registered.store.all()
    ]
    assert registry.find(known, "v1", "dev").registered.id == second.id
    assert registry.find(known, "v1", "local").registered.id != second.id
    with pytest.raises(UserError, match="--env"):
        registry.find(known, "v1")


def test_registered_anew_it_has_a_number_of_its_own(registered: Registry, second: Record) -> None:
    model = next(
        str(run.parameters["model"])
        for run in registered.store.all()
        if run.step == "register" and run.id != second.id
    )
    registered.person("dev")
    done = registered.register(model)
    assert (done.version.number, done.fresh) == (2, True)
    assert done.version.registered.parameters[VERSION] == 2
