"""Torch decides: what the analysis says of losses, optimizers and training scripts is measured in torch."""
