"""A list that grows in a loop may hold itself: the analysis of what a tensor is made from comes to an end."""

from __future__ import annotations

from pathlib import Path

from lossflow.checking import check_file
from lossflow.configuration.config import Config


def test_a_tensor_of_a_list_that_holds_itself(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(
        "import torch\n\nrows = []\nfor _ in range(3):\n    rows.append(rows)\ntorch.tensor(rows).sum().backward()\n"
    )
    assert check_file(path, Config()).failure is None
