"""What the name of a value says of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossflow.catalog import names
from lossflow.catalog.names import BATCH_SIZE_NAMES, SOME_EXAMPLES, number_exponent
from lossflow.domain.exponent import Exponent


def _names(text: str) -> list[str]:
    return text.split()


IDENTIFIERS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}(\.[A-Za-z_][A-Za-z0-9_]{0,12}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    "name",
    _names(
        "batch_size BATCH_SIZE batchSize batchsize bs bsz args.batch_size self.hparams.train_batch_size "
        "miniBatchSize per_device_train_batch_size cfg.SOLVER.IMS_PER_BATCH samples_per_gpu opt.batchSize local_bs"
    ),
)
def test_batch_sizes(name: str) -> None:
    assert number_exponent(name) == Exponent.ONE


@pytest.mark.parametrize(
    "name",
    _names(
        "lr args.lr learning_rate weight kld_weight loss_weights lambda_1 lambda_gp alpha beta1 gamma coef vf_coef "
        "temperature eps momentum weight_decay num_epochs gradient_accumulation_steps accum_iter "
        "accumulation_steps num_classes nc n_classes num_labels hidden_dim latent_dim z_dim width height channels "
        "in_channels hidden_size vocab_size seq_len max_length image_size patch_size world_size num_heads "
        "label_smoothing H W batch_weight num_features in_features n_critic lambda_l1 dropout_rate iter_size"
    ),
)
def test_constants(name: str) -> None:
    assert number_exponent(name) == Exponent.ZERO


@pytest.mark.parametrize(
    "name",
    _names(
        "n N B num count cnt size total norm denom num_samples num_tokens n_tokens ntokens lengths num_boxes "
        "num_pos num_items_in_batch base_batch_size max_batch_size num_frames divisor normalizer avg_count"
        " total_samples n_2 accum_tokens batch"
    ),
)
def test_counts_of_something(name: str) -> None:
    assert number_exponent(name) == SOME_EXAMPLES


@pytest.mark.parametrize(
    "name",
    _names(
        "x loss foo num_batches n_batches batches steps_per_epoch num_iters scale factor _ result"
        " gradient_penalty minibatch images accumulated_loss"
    ),
)
def test_names_that_say_nothing(name: str) -> None:
    assert number_exponent(name) == Exponent.UNKNOWN


@given(st.sampled_from(sorted(BATCH_SIZE_NAMES)), IDENTIFIERS)
def test_only_the_last_part_of_a_dotted_name_counts(name: str, owner: str) -> None:
    assert number_exponent(f"{owner}.{name}") == number_exponent(name) == Exponent.ONE


@given(IDENTIFIERS)
def test_a_configured_name_means_a_batch_size(name: str) -> None:
    if not names.words(name):
        return
    leaf = name.rpartition(".")[2]
    assert number_exponent(name, BATCH_SIZE_NAMES | {leaf}) == Exponent.ONE
    assert number_exponent(leaf.upper() if "_" in leaf else leaf, frozenset({leaf})) == Exponent.ONE


@given(IDENTIFIERS)
def test_nothing_else_is_ever_said(name: str) -> None:
    assert number_exponent(name) in (Exponent.ZERO, Exponent.ONE, SOME_EXAMPLES, Exponent.UNKNOWN)


YES_AND_NO = {
    names.means_optimizer: (
        "optimizer opt optim optimizer_g optimizerD optim_g self.optimizer g_optimizer opt_d opt1 model_optimizer",
        "scheduler optimizer_name opts options args optimizer_cfg lr_optimizer_scheduler optical optimum opt_level"
        " optimizers_dict optimizer_step model",
    ),
    names.means_loader: (
        "loader train_loader trainloader trainDataLoader data_loader dataloader valid_dl train_iter self.train_loader"
        " train_queue loader_train",
        "image_loader pil_loader default_loader loader_kwargs num_loader_args uploader_name dataset data iter queue",
    ),
    names.means_model: (
        "model net netG net_d self.encoder decoder generator discriminator critic backbone classifier model_ema model1"
        " policy_net target_net student",
        "model_path model_name encoder_output num_model internet model_cfg loss optimizer network_size",
    ),
    names.means_mask: (
        "mask masks loss_mask attention_mask src_mask mask_1 mask_f mask_float batch.mask padMask is_pad is_valid"
        " non_pad batch.action_is_pad",
        "mask_ratio num_masks masking unmasked_tokens mask_token mask_dim weight dropout_mask pred_mask pad valid",
    ),
    names.means_evaluation: (
        "evaluate eval_step validation_step test_epoch compute_metrics",
        "train_step forward compute_loss training_step",
    ),
    names.means_loss: (
        "loss compute_loss FocalLoss masked_cross_entropy criterion nll",
        "forward lossy model predict",
    ),
    names.means_batch: (
        "batch minibatch train_batch batch_data mini_batch data_batch src_batch",
        "batch_idx batch_size n_batch batch_id i_batch batches batch_loss",
    ),
    names.means_learning_rate: (
        "lr LR learning_rate learningRate base_lr lr_D lr0 args.lr init_lr max_lr",
        "lr_scheduler lr_decay lr_factor lr_step color rate lr_policy lrate_name",
    ),
    names.means_tensor: (
        "pred preds output outputs logits target targets labels y_hat y_pred y_true y x recon_x gt x_hat"
        " out_1 self.pred",
        "num_labels n_outputs label_smoothing output_dim reduction weight class_weights size_average input_size margin"
        " use_labels alpha",
    ),
    names.draws_batch: (
        "next get_batch next_batch sample_minibatch loader.next load_batch",
        "get_batch_size batch get_state next_state batch_size get_loss nextbatches",
    ),
    names.means_epoch: ("epoch ep current_epoch num_epochs self.epoch", "step i iteration episode depth"),
    names.means_accumulation: (
        "accum accum_iter accumulation_steps args.gradient_accumulation_steps update_freq iter_size acc_steps grad_acc",
        "batch_size accuracy n_critic log_every k",
    ),
    names.means_kinds: ("num_tasks n_critic heads args.n_domains n_losses", "accum_iter micro_steps k steps batches"),
    names.means_weight: (
        "alpha loss_weight lambda_gp args.beta kl_weight momentum",
        "accum_iter k n_steps batches num_batches share",
    ),
    names.means_threshold: (
        "clip grad_clip args.clip_value max_norm max_grad_norm self.gradient_clipping",
        "norm lr threshold weight eclipse",
    ),
    names.means_dataset: (
        "dataset train_dataset trainset train_set data_set self.dataset loader.dataset val_set",
        "num_dataset offset charset set dataset_size dataloader",
    ),
}


@pytest.mark.parametrize(
    ("predicate", "name", "expected"),
    [
        pytest.param(predicate, name, expected, id=f"{predicate.__name__}-{name}")
        for predicate, texts in YES_AND_NO.items()
        for text, expected in zip(texts, (True, False))
        for name in text.split()
    ],
)
def test_predicates(predicate: object, name: str, expected: bool) -> None:
    assert callable(predicate)
    assert predicate(name) is expected


@given(IDENTIFIERS)
def test_no_name_is_a_model_and_an_optimizer(name: str) -> None:
    kinds = [names.means_model(name), names.means_mask(name), names.means_learning_rate(name)]
    assert sum(kinds) <= 1
