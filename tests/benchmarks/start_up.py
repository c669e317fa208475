"""Process time of `lossflow check` on a training script of 500 lines, and on a file that can't matter.

Run by hand: `python tests/benchmarks/start_up.py`. Nothing is asserted, since machines differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 5
LINES = 500

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn
"""
UNIT = """

class Block{n}(nn.Module):
    def __init__(self, width, dropout=0.1):
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.criterion = nn.SmoothL1Loss(reduction="none")

    def forward(self, x):
        return self.norm(x + self.dropout(F.gelu(self.inner(x))))

    def loss(self, x, y, mask):
        errors = self.criterion(self(x), y)
        return (errors * mask).sum() / mask.sum().clamp(min=1)


def train_{n}(loader, args):
    model = Block{n}(args.width).to(args.device)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    for epoch in range(args.epochs):
        for step, (x, y, mask) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(x), y) / x.size(0) + 0.1 * model.loss(x, y, mask)
            loss.backward()
            optimizer.step()
            if step % 100 == 0:
                print(f"epoch {{epoch}}: {{loss.item():.3f}}")
"""


def script() -> str:
    """A training script of `LINES` lines."""
    units = LINES // (UNIT.count("\n")) + 1
    text = HEAD + "".join(UNIT.format(n=n) for n in range(units))
    return "\n".join(text.splitlines()[:LINES]).rstrip() + "\n"


def seconds(*command: str) -> float:
    """The least process time, user and system, of a few runs."""
    found = []
    for _ in range(RUNS):
        before = os.times()
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        after = os.times()
        found.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(found)


def main() -> None:
    """Print a line for each kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        training, other = Path(folder, "train.py"), Path(folder, "other.py")
        training.write_text(script())
        other.write_text("import os\n\n\ndef f(path):\n    return os.path.join(path, 'x')\n" * (LINES // 5))
        print(f"python -c pass:                {seconds(sys.executable, '-c', 'pass'):.2f} s")
        for name, path in (("training script, 500 lines:   ", training), ("a file that can't matter:     ", other)):
            print(f"{name} {seconds(sys.executable, '-m', 'lossflow', 'check', '--isolated', str(path)):.2f} s")


if __name__ == "__main__":
    main()
