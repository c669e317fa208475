"""What the name of a value says of it, where the value itself is out of sight.

A name is evidence, never proof: a rule fires on it only together with what the program does. So every list here is
short on purpose, a word that is used both ways is left out, and a number that may or may not count examples is said to
lie between the two rather than guessed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lossflow.domain.exponent import Exponent

BATCH_SIZE_NAMES = frozenset(
    {
        "batch_size",
        "batch_sz",
        "bs",
        "bsz",
        "bsize",
        "minibatch_size",
        "mb_size",
        "samples_per_gpu",
        "imgs_per_gpu",
        "images_per_gpu",
        "ims_per_batch",
        "imgs_per_batch",
        "images_per_batch",
    }
)
"""Names that mean a batch size. `x_batch_size` needs no entry: whatever ends in "batch size" means one."""

USUAL_NAMES = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "optim": "torch.optim"}
"""What a file means by a name that nothing in it binds, but a star import may that is out of sight."""
SOME_EXAMPLES = Exponent.between(0, 1)
"""A number that may count examples, and may be a constant."""


def _vocabulary(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")

# The reference of a scaling rule, `lr * batch_size / base_batch_size`, and limits: constants, whatever the batch.
_REFERENCE = _vocabulary("base ref reference nominal default max min")


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of the last part of a dotted name, in lower case: `cfg.trainBatch_SIZE` is train, batch, size."""
    return tuple(word.lower() for word in _WORD.findall(name.rpartition(".")[2]))


def is_batch_size(name: str, batch_size_names: frozenset[str]) -> bool:
    """True when the name means the number of examples in a batch; case and underscores don't matter."""
    parts = words(name)
    squeezed = "".join(parts)
    if squeezed in _squeezed(batch_size_names):
        return True
    ends = squeezed.endswith("batchsize") or parts[-1:] in (("bs",), ("bsz",))
    return ends and parts[0] not in _REFERENCE


@lru_cache(maxsize=8)
def _squeezed(names: frozenset[str]) -> frozenset[str]:
    return frozenset("".join(words(name)) for name in names) - {""}


# The last word decides: `loss_weight` is a weight, `weight_decay` a decay.
_HYPERPARAMETERS = _vocabulary(
    "lr weight weights lambda lam lambd lamda lmbda alpha beta betas gamma coef coeff coefs coeffs coefficient"
    " coefficients temperature tau eps epsilon momentum epoch epochs decay wd margin smoothing dropout classes nclass"
    " nclasses nc vocab dim dims ndim width height channel channels heads layers gpus resolution workers"
)
# `lambda_gp` and `coef_kl` weigh a term of the loss.
_WEIGHT_OF = _vocabulary("lambda lam lambd lamda lmbda coef coeff")
_BEFORE_SIZE = _vocabulary(
    "vocab vocabulary hidden embed embedding emb image img patch kernel crop input output latent window block world"
    " context state action codebook feature"
)
_BEFORE_LENGTH = _vocabulary("seq sequence max context block")
_BEFORE_RATE = _vocabulary("learning dropout")
_FIXED_COUNTS = _vocabulary("labels class features hidden latent latents critic")
_ACCUMULATION = _vocabulary("accum accumulation accumulate")
_ACCUMULATION_NAMES = frozenset({"acc_steps", "acc_step", "grad_acc", "grad_acc_steps", "update_freq", "iter_size"})

_COUNTS_OF_SOMETHING = _vocabulary(
    "n b m num count counts cnt size total norm normalizer normaliser normalization denom denominator divisor samples"
    " examples items tokens ntokens nsamples positives lengths lens length len numel"
)
# `len(loader)` shrinks as the batch grows, so that a number of batches is not between 0 and 1.
_PER_BATCH = _vocabulary("per batch batches nbatches iter iters iterations step steps updates")
_NUMBER_OF = _vocabulary("num n number")


@lru_cache(maxsize=4096)
def number_exponent(name: str, batch_size_names: frozenset[str] = BATCH_SIZE_NAMES) -> Exponent:
    """The exponent of a number of that name: 1 for a batch size, 0 for a hyperparameter, between for a count."""
    if is_batch_size(name, batch_size_names):
        return Exponent.ONE
    parts = _stem(words(name))
    if name.rpartition(".")[2] in ("H", "W") or _is_hyperparameter(parts):
        return Exponent.ZERO
    if parts == ("batch",) or _is_count(parts):
        return SOME_EXAMPLES  # `BATCH = 64` is a size, `batch` may be the number of a batch
    return Exponent.UNKNOWN


def _stem(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The words without a number or a single letter at their end: `lambda_1`, `lr_D`, `out2`."""
    while len(parts) > 1 and (len(parts[-1]) == 1 or parts[-1].isdigit()):
        parts = parts[:-1]
    return parts


def _is_hyperparameter(parts: tuple[str, ...]) -> bool:
    if not parts or "per" in parts:  # `steps_per_epoch` shrinks as the batch grows
        return False
    head, before = parts[-1], parts[-2] if len(parts) > 1 else ""
    if head in _HYPERPARAMETERS or parts[0] in _WEIGHT_OF:
        return True
    if head == "size" and before in _BEFORE_SIZE:
        return True
    if head in ("len", "length") and before in _BEFORE_LENGTH:
        return True
    if head == "rate" and before in _BEFORE_RATE:
        return True
    if head in _FIXED_COUNTS and before in (*_NUMBER_OF, "in", "out"):
        return True
    accumulates = _ACCUMULATION.intersection(parts) and head not in _COUNTS_OF_SOMETHING
    return bool(accumulates) or "_".join(parts) in _ACCUMULATION_NAMES


def _is_count(parts: tuple[str, ...]) -> bool:
    """True for what may count examples: `n`, `num_boxes`, `base_batch_size`; not for a number of batches."""
    if parts[-2:] in (("in", "batch"), ("batch", "size")):
        return True
    if _PER_BATCH.intersection(parts):
        return False
    return bool(parts) and (parts[-1] in _COUNTS_OF_SOMETHING or (len(parts) > 1 and parts[0] in _NUMBER_OF))


# What is made for, or said of, an optimizer or model is not one: `optimizer_name`, `model_path`, `loader_kwargs`.
_ABOUT = _vocabulary(
    "name names path paths dir file args arg kwargs config cfg conf type types id idx index key state dict class cls"
    " fn func function factory builder params parameters param groups group options opts option settings size dim dims"
    " count num step steps"
)

_OPTIMIZERS = _vocabulary("optimizer optimiser optim opt")
_NOT_OPTIMIZERS = _ABOUT | _vocabulary("scheduler schedule sched lr wrapper cpu level flow")

_LOADERS = _vocabulary(
    "loader dataloader trainloader testloader valloader validloader evalloader dl batches minibatches"
)
_BATCHES = _vocabulary("batch minibatch")
_NOT_BATCHES = (_ABOUT | _vocabulary("i j k n b no nb iter start begin end loss norm per")) - {"data"}
_SPLITS = _vocabulary("train training valid validation val test eval dev data")
_ITERATORS = _vocabulary("iter iterator queue")
# Functions that load one thing: `pil_loader(path)` of an ImageFolder.
_NOT_LOADERS = _ABOUT | _vocabulary("image img pil file default config weights checkpoint model video audio wav")

_MODELS = _vocabulary(
    "model net network encoder decoder generator discriminator critic backbone classifier actor student teacher unet"
    " resnet vae autoencoder transformer lstm gru rnn mlp cnn bert netg netd"
)

_MASKS = _vocabulary("mask masks")
_PADDING = _vocabulary("pad padding padded valid")
_IS = _vocabulary("is not non nonpad")
_NOT_RATES = _vocabulary(
    "scheduler schedule sched decay factor mult multiplier step steps policy gamma lambda list warmup scale epoch"
    " epochs ratio power patience fn func mode type name milestones find finder update"
)
_TENSORS = _vocabulary(
    "pred preds prediction predictions predicted output outputs out outs logit logits target targets label labels"
    " truth gt recon reconstruction input inputs image images img imgs feature features embedding embeddings anchor"
    " probs scores yhat ypred ytrue x y"
)
_NOT_TENSORS = _vocabulary("num n number no is use has with return do dim size path weight weights")
_DATASETS = _vocabulary("dataset trainset testset valset trainds")


def means_optimizer(name: str) -> bool:
    """True for `optimizer`, `opt`, `optim_g`, `self.optimizerD`; not for schedulers and options."""
    parts = words(name)
    return bool(_OPTIMIZERS.intersection(parts)) and not _NOT_OPTIMIZERS.intersection(parts)


def means_loader(name: str) -> bool:
    """True for what yields batches: `train_loader`, `trainDataLoader`, `valid_dl`, `train_iter`."""
    parts = words(name)
    if not parts or _NOT_LOADERS.intersection(parts) or _NUMBER_OF.intersection(parts):
        return False
    split = bool(_SPLITS.intersection(parts[:-1]))
    return bool(_LOADERS.intersection(parts)) or (split and parts[-1] in _ITERATORS)


def means_batch(name: str) -> bool:
    """True for what a loop over batches gets: `batch`, `train_batch`, `batch_data`; not for `batch_idx`."""
    parts = words(name)
    return bool(_BATCHES.intersection(parts)) and not _NOT_BATCHES.intersection(parts)


def means_model(name: str) -> bool:
    """True for a module with parameters: `model`, `netG`, `self.encoder`, `model_ema`; not for `model_path`."""
    parts = _stem(words(name))
    if parts[-1:] in (("ema",), ("ddp",)):
        parts = parts[:-1]
    return bool(parts) and parts[-1] in _MODELS and not _NUMBER_OF.intersection(parts)


def means_mask(name: str) -> bool:
    """True for a 0/1 mask: `mask`, `loss_mask`, `mask_1`, `is_pad`; not for `mask_ratio` and `num_masks`."""
    parts = _stem(words(name))
    if parts[-1:] in (("float",), ("bool",)):
        parts = parts[:-1]
    if not parts or parts[0] in (*_NUMBER_OF, "no", "dropout", "drop", "noise", "pred", "predicted", "pretrained"):
        return False
    return parts[-1] in _MASKS or (parts[-1] in _PADDING and len(parts) > 1 and bool(_IS.intersection(parts[:-1])))


def means_learning_rate(name: str) -> bool:
    """True for `lr`, `args.base_lr`, `lr_D`, `learningRate`; not for `lr_decay` and `lr_scheduler`."""
    parts = words(name)
    return ("lr" in parts or "learningrate" in "".join(parts)) and not _NOT_RATES.intersection(parts)


def means_tensor(name: str) -> bool:
    """True for what a model gets, gives or should give: `pred`, `outputs`, `y_hat`, `labels`; not for `num_labels`."""
    parts = words(name)
    if not parts or _NOT_TENSORS.intersection(parts):
        return False
    if len(parts) > 1 and parts[-1] in ("hat", "true"):
        parts = parts[:-1]
    return parts[-1] in _TENSORS or _stem(parts)[-1] in _TENSORS


def means_dataset(name: str) -> bool:
    """True for the whole of the examples, whose number says nothing of a batch."""
    parts = words(name)
    if not parts or _NUMBER_OF.intersection(parts):
        return False
    return parts[-1] in _DATASETS or (parts[-1] in ("set", "ds") and parts[0] in _SPLITS)


def means_sampler(name: str) -> bool:
    """True for what draws the examples one by one: `train_sampler`, `SubsetRandomSampler`; not for a batch sampler."""
    parts = words(name)
    return parts[-1:] == ("sampler",) and "batch" not in parts


_INVENTORIES = _vocabulary("vocab vocabulary tokenizer alphabet itos stoi classes categories layers heads devices")


def means_inventory(name: str) -> bool:
    """True for things whose number is the task's or the model's: `vocab_tgt`, `self.classes`, `layers`."""
    return bool(_INVENTORIES.intersection(words(name)))


_DRAWING = _vocabulary("get next sample load fetch draw read make generate")


def draws_batch(name: str) -> bool:
    """True for a function that draws a batch: `next`, `get_batch`, `next_minibatch`; not for `get_batch_size`."""
    parts = words(name)
    return parts == ("next",) or (len(parts) > 1 and parts[0] in _DRAWING and parts[-1] in _BATCHES)


def means_epoch(name: str) -> bool:
    """True for the number of an epoch: `epoch`, `ep`, `current_epoch`."""
    return bool({"epoch", "epochs", "ep"}.intersection(words(name)))


def means_accumulation(name: str) -> bool:
    """True for the number of batches over which gradients add up: `accum_iter`, `gradient_accumulation_steps`."""
    return bool((_ACCUMULATION | {"acc", "accumulated"}).intersection(words(name))) or name in _ACCUMULATION_NAMES


_KINDS = _vocabulary(
    "task tasks domain domains source sources head heads loss losses agent agents dataset datasets loader loaders"
    " critic critics view views modality modalities"
)


def means_kinds(name: str) -> bool:
    """True for a number of things of different kinds: `num_tasks`, `n_critic`; each has a batch or loss of its own."""
    return bool(_KINDS.intersection(words(name)))


def means_weight(name: str) -> bool:
    """True for the weight of a term of a loss, or another hyperparameter that is no number of batches."""
    return bool(name) and not means_accumulation(name) and _is_hyperparameter(_stem(words(name)))


def means_threshold(name: str) -> bool:
    """True for the threshold at which gradients are clipped: `args.clip`, `max_norm`, `grad_clip_value`."""
    parts = words(name)
    return bool({"clip", "clipping"}.intersection(parts)) or parts[-2:] in (("max", "norm"), ("grad", "norm"))


def is_evidence(name: str) -> bool:
    """True for an object, not a class or function, of which its name tells what it is: `model`, `loader`, `args`."""
    if not name.islower():
        return False
    return name in ("args", "cfg", "config") or any(
        means(name) for means in (means_optimizer, means_loader, means_model, means_learning_rate, means_mask)
    )


_EVALUATES = _vocabulary(
    "evaluate evaluation eval validate validation valid val test tests metric metrics accuracy score predict inference"
)


def means_evaluation(name: str) -> bool:
    """True for a function that measures rather than trains: `evaluate`, `validation_step`, `test_epoch`."""
    return bool(_EVALUATES.intersection(words(name)))


_LOSSES = _vocabulary("loss losses criterion objective entropy nll elbo")


def means_loss(name: str) -> bool:
    """True for a function or class that computes a loss: `masked_mse_loss`, `FocalLoss`, `compute_loss`."""
    return bool(_LOSSES.intersection(words(name)))
