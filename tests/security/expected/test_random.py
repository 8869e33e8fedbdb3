"""Random valid requests for every writing operation: each comes out compliant or is refused."""

import random
from typing import Any

import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator

from . import cases, evaluator, generator, model, table
from .generator import NOTHING, Generator
from .sender import Sender
from .values import Team, right

EACH = 50
OPERATIONS = [o.name for o in model.writing_operations() if o.input_shape]


class Choice:
    """Values for the fields that matter: mostly right, some wrong, some of them by chance."""

    def __init__(self, operation: str, team: Team, chance: random.Random) -> None:
        self.team, self.random = team, chance
        self.rows = {row.path: row for row in table.by_operation().get(operation, ())}

    def __call__(self, path: str, shape: Shape) -> Any:
        if model.KINDS["role"].search(f":{shape.name}"):
            return self.team.role
        row = self.rows.get(path)
        if row is None:
            return NOTHING
        if row.must != "absent" and self.random.random() < 0.93:
            return right(row.must, self.team, row.is_list)
        return self.random.choice(cases.bad(row, self.team))


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_random_requests_come_out_compliant_or_are_refused(
    operation: str, sender: Sender, the_team: Team
) -> None:
    shape = generator.input_shape("sagemaker", operation)
    chance = random.Random(operation)
    for _ in range(EACH):
        request = Generator(Choice(operation, the_team, chance), chance).make(shape)
        assert ParamValidator().validate(request, shape).generate_report() == ""
        outcome = sender.send("sagemaker", operation, request)
        given = evaluator.wrong(operation, request, the_team)
        if outcome.request is None:
            assert outcome.refused, (request, outcome)
            if operation not in table.refused():
                assert outcome.refused == {path for path, how in given if how == "contradicts"}
        else:
            assert evaluator.wrong(operation, outcome.request, the_team) == set(), request
