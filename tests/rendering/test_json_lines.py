"""JSON Lines: the objects of the JSON format."""

from __future__ import annotations

import json

from tests.rendering.conftest import Project


def test_each_line_is_an_object_of_the_list(project: Project) -> None:
    lines = project.run("json-lines").splitlines()
    assert [json.loads(line) for line in lines] == json.loads(project.run("json"))
    assert len(lines) == 7
