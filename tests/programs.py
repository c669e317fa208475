"""Small training scripts that the tests of the front ends share."""

SUMMED = """\
import torch
from torch import nn

model = nn.Linear(4, 1)
criterion = nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

for inputs, targets in loader:
    optimizer.zero_grad()
    criterion(model(inputs), targets).backward()
    optimizer.step()
"""
"""One LF101, at row 5, column 13."""

CLEAN = SUMMED.replace('reduction="sum"', "")

LEGACY = CLEAN.replace("nn.MSELoss()", "nn.MSELoss(size_average=True)")
"""One LF301, on line 5."""
