"""What a file that takes its model, its criterion or its loader as an argument tells of them by annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossflow.checking import check_file
from lossflow.configuration.config import Config

MODELS = """\
import torch
import torch.nn.functional as F
from torch import nn


class Base(nn.Module):
    def loss_function(self, *args, **kwargs):
        raise NotImplementedError


class Averaged(Base):
    def forward(self, x):
        return [self.net(x), x]

    def loss_function(self, *args, **kwargs):
        return {"loss": F.mse_loss(args[0], args[1])}


class Summed(Averaged):
    def loss_function(self, *args, **kwargs):
        return {"loss": F.mse_loss(args[0], args[1], reduction="sum")}
"""
EXPERIMENT = """\
import torch
import lightning as L
from models import Averaged, Base, Summed


class Experiment(L.LightningModule):
    def __init__(self, model: {annotation}, params: dict):
        super().__init__()
        self.model = model
        self.params = params

    def training_step(self, batch, batch_idx):
        inputs, labels = batch
        results = self.model(inputs)
        losses = self.model.loss_function(*results, weight=self.params["weight"])
        return losses["loss"]

    def configure_optimizers(self):
        optimizers = []
        optimizers.append(torch.optim.Adam(self.model.parameters(), lr=self.params["lr"]))
        try:
            if self.params["gamma"] is not None:
                return optimizers, [torch.optim.lr_scheduler.ExponentialLR(optimizers[0], self.params["gamma"])]
        except KeyError:
            return optimizers
"""


def _messages(root: Path, files: dict[str, str], file: str) -> list[str]:
    (root / "pyproject.toml").write_text("")
    for name, text in files.items():
        (root / name).write_text(text)
    report = check_file(root / file, Config())
    assert report.failure is None
    return [f"{finding.code} {finding.message}" for finding in report.findings]


@pytest.mark.parametrize("annotation", ["Base", '"Base"', "Base | None", "Optional[Base]", "Averaged", "Summed"])
def test_each_class_that_derives_from_the_annotation_is_a_case(tmp_path: Path, annotation: str) -> None:
    files = {"models.py": MODELS, "experiment.py": EXPERIMENT.format(annotation=annotation)}
    (message,) = _messages(tmp_path, files, "experiment.py")
    assert message.startswith('LF102 `F.mse_loss` with `reduction="sum"`, chosen on line 21 of models.py')
    assert ("where `model` is a `Summed`" in message) is (annotation != "Summed")


def test_without_an_annotation_the_model_is_out_of_sight(tmp_path: Path) -> None:
    files = {"models.py": MODELS, "experiment.py": EXPERIMENT.replace(": {annotation}", "")}
    assert _messages(tmp_path, files, "experiment.py") == []


def test_a_base_class_is_no_case_of_the_mean(tmp_path: Path) -> None:
    models = MODELS.replace(', reduction="sum"', "")
    files = {"models.py": models, "experiment.py": EXPERIMENT.format(annotation="Base")}
    assert _messages(tmp_path, files, "experiment.py") == []


def test_an_annotated_loader_yields_batches(tmp_path: Path) -> None:
    train = """\
import torch
from torch import nn
from torch.utils.data import DataLoader


def train(data: DataLoader, net: nn.Module):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for x, y in data:
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).sum()
        loss.backward()
        optimizer.step()
"""
    (message,) = _messages(tmp_path, {"train.py": train}, "train.py")
    assert message.startswith("LF101 This sum over the batch")


def test_a_module_of_another_file_is_run_where_it_is_fitted(tmp_path: Path) -> None:
    module = """\
import torch
import lightning as L


class Experiment(L.LightningModule):
    def __init__(self, criterion, net):
        super().__init__()
        self.criterion, self.net = criterion, net

    def training_step(self, batch, batch_idx):
        x, y = batch
        return self.criterion(self.net(x), y)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)
"""
    main = """\
import lightning as L
from torch import nn
from experiment import Experiment

experiment = Experiment(nn.MSELoss(reduction="sum"), nn.Linear(4, 1))
trainer = L.Trainer(max_epochs=1)
trainer.fit(experiment)
"""
    files = {"experiment.py": module, "main.py": main}
    (message,) = _messages(tmp_path, files, "main.py")
    assert message.startswith('LF102 `nn.MSELoss` with `reduction="sum"` is handed to Lightning on line 12 of')
    assert _messages(tmp_path, files, "experiment.py") == []
