"""The frameworks that take the objective as the return value of a method and do backward and step themselves."""

from __future__ import annotations

from lossflow.catalog.entry import Framework

_TRL_TRAINERS = (
    "BCOTrainer",
    "CPOTrainer",
    "DPOTrainer",
    "GKDTrainer",
    "GRPOTrainer",
    "IterativeSFTTrainer",
    "KTOTrainer",
    "OnlineDPOTrainer",
    "ORPOTrainer",
    "PRMTrainer",
    "RewardTrainer",
    "RLOOTrainer",
    "SFTTrainer",
)

FRAMEWORKS = (
    Framework(
        "Lightning",
        bases=(
            "pytorch_lightning.LightningModule",
            "lightning.LightningModule",
            "lightning.pytorch.LightningModule",
        ),
        method="training_step",
        batch=("batch",),
        optimizers="configure_optimizers",
        manual="automatic_optimization",
        hook="backward",
    ),
    # `training_step` divides what `compute_loss` returns by the accumulation steps, or `compute_loss` has divided by
    # `num_items_in_batch`; the optimizer is made from the TrainingArguments.
    Framework(
        "transformers.Trainer",
        bases=(
            "transformers.Trainer",
            "transformers.Seq2SeqTrainer",
            "sentence_transformers.SentenceTransformerTrainer",
            "sentence_transformers.trainer.SentenceTransformerTrainer",
            *(f"trl.{trainer}" for trainer in _TRL_TRAINERS),
        ),
        method="compute_loss",
        batch=("inputs",),
        count="num_items_in_batch",
        counts="model_accepts_loss_kwargs",
    ),
    # The trainer weights each microbatch by its share of the batch before it adds their gradients.
    Framework(
        "Composer",
        bases=("composer.ComposerModel", "composer.models.ComposerModel"),
        method="loss",
        batch=("batch",),
    ),
)
