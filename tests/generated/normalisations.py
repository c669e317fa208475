"""What becomes of a loss after its call: reductions of what `"none"` leaves, then divisions and factors."""

from __future__ import annotations

from .choices import Choices
from .losses import Loss
from .script import Script

_ANY = {
    "sum": "{loss}.sum()",
    "mean": "{loss}.mean()",
    "torch.sum": "torch.sum({loss})",
    "torch.mean": "torch.mean({loss})",
    "mean of dim 0, sum": "{loss}.mean(dim=0).sum()",
    "sum of dim 0, mean": "{loss}.sum(dim=0).mean()",
    "flatten, mean": "{loss}.flatten().mean()",
    "reshape, sum": "{loss}.reshape(-1).sum()",
    "sum over numel": "{loss}.sum() / y.numel()",
    "sum over its own numel": "{loss}.sum() / {loss}.numel()",
    "sum over its own size": "{loss}.sum() / {loss}.size(0)",
    "nansum": "torch.nansum({loss})",
    "nanmean": "{loss}.nanmean()",
    "ravel, sum": "{loss}.ravel().sum()",
    "absolute": "{loss}.abs().sum()",
    "detached weights": "({loss} * {loss}.detach()).mean()",
    "view of the batch": "{loss}.view(x.size(0), -1).mean(1).sum()",
    "own numel of the batch": "{loss}.sum().div({loss}.numel())",
}
_ROWS = {
    "sum of rows, mean": "{loss}.sum(1).mean()",
    "mean of rows, sum": "{loss}.mean(dim=1).sum()",
    "sum of last, mean of first": "{loss}.sum(dim=-1).mean(dim=0)",
    "torch.sum of rows, mean": "torch.sum({loss}, dim=1).mean()",
    "view, sum, mean": "{loss}.view(x.size(0), -1).sum(dim=1).mean()",
    "both dimensions": "{loss}.sum(dim=(0, 1))",
    "einsum": 'torch.einsum("bd->", {loss})',
    "einsum of rows": 'torch.einsum("bd->b", {loss}).mean()',
    "elements over a constant": "({loss} / 10).mean()",
    "columns": "sum({loss}[:, i].mean() for i in range({loss}.size(1)))",
    "transposed": "{loss}.t().sum(dim=0).mean()",
    "keepdim": "{loss}.sum(dim=1, keepdim=True).mean()",
    "unbound columns": "sum(each.sum() for each in {loss}.unbind(1))",
    "rows summed and left": "{loss}.sum(1)",
}
_OF_EXAMPLES = {
    "loop over examples": "sum({loss}[i] for i in range(x.size(0)))",
    "python sum over len": "sum({loss}) / len({loss})",
    "stacked": "torch.stack([each for each in {loss}]).mean()",
    "loop": "summed = 0.0\nfor each in {loss}:\n    summed = summed + each\nsummed",
    "loop by index": "summed = 0.0\nfor k in range(len(x)):\n    summed += {loss}[k]\nsummed / len(x)",
    "list of examples": "torch.stack([{loss}[i] for i in range(len({loss}))]).sum()",
    "unsqueezed": "{loss}.unsqueeze(1).sum()",
    "halves of the batch": "0.5 * {loss}[: len(x) // 2].mean() + 0.5 * {loss}[len(x) // 2 :].mean()",
    "dot with ones": "torch.dot({loss}, torch.ones_like({loss}))",
    "product with ones": "{loss} @ torch.ones({loss}.size(0))",
    "product with ones of the batch": "{loss} @ torch.ones(x.size(0))",
    "largest": "{loss}.topk(len(x) // 2).values.mean()",
    "largest share": "{loss}.sort(descending=True)[0][: {loss}.numel() // 2].mean()",
    "concatenated": "torch.cat([{loss}[:1], {loss}[1:]]).mean()",
}
_MAPS = {
    "mean of the last two, sum": "{loss}.mean(dim=(-2, -1)).sum()",
    "mean of the two behind the batch, left": "{loss}.mean(dim=(1, 2))",
    "mean of the last, twice": "{loss}.mean(-1).mean(-1).mean()",
    "rows of pixels, sum": "{loss}.sum(-1).sum(-1).mean()",
    "flatten of maps, sum": "{loss}.flatten(1).sum(1).mean()",
    "flatten of maps, mean": "{loss}.flatten(start_dim=1).mean(dim=1).sum()",
    "view of maps": "{loss}.view({loss}.size(0), -1).sum(-1).mean()",
    "view of maps, left": "{loss}.view(x.shape[0], -1).mean(1)",
    "unpacked": "n, _, h, w = x.shape\n{loss}.sum() / (n * h * w)",
    "unpacked, of pixels": "n, _, h, w = x.shape\n{loss}.sum() / (h * w)",
    "averaged over the batch": "{loss}.mean(0).sum()",
    "summed over the batch": "{loss}.sum(dim=0, keepdim=True).mean()",
    "torch.sum of maps": "torch.sum({loss}, dim=[1, 2]).mean()",
    "cropped": "{loss}[..., 1:-1, :].mean()",
    "cropped and summed": "{loss}[..., :, 1:].sum()",
    "rearranged": "{loss}.transpose(1, -1).contiguous().view(-1).mean()",
}
_CHANNELS = {
    "sum of maps, mean": "{loss}.sum(dim=(1, 2)).flatten(1).mean()",
    "mean of the last two, left": "{loss}.mean(dim=(-2, -1))",
    "sum over the pixels": "{loss}.sum() / ({loss}.shape[2] * {loss}.shape[3])",
    "sum over the height": "h, w = x.shape[2:]\n{loss}.sum() / (h * w)",
    "sum of maps, mean of the rest": "{loss}.sum(dim=(1, 2, 3)).mean()",
    "mean of maps, sum": "{loss}.mean(dim=(1, 2, 3)).sum()",
    "mean of pixels, left": "{loss}.mean((2, 3)).sum(1)",
    "first channel": "{loss}[:, 0].sum(dim=(1, 2)).mean()",
    "channels": "{loss}[:, 0].mean() + {loss}[:, 1].mean()",
    "channels of a loop": "sum({loss}[:, c].mean() for c in range({loss}.shape[1]))",
    "channels last": "{loss}.permute(0, 2, 3, 1).reshape(-1, 2).sum(1).mean()",
    "einsum of maps": 'torch.einsum("bchw->b", {loss}).mean()',
}
_PADDED = {
    "mask averaged": "({loss} * {mask}).mean()",
    "mask averaged over its own numel": "({loss} * {mask}).sum() / {loss}.numel()",
    "mask averaged over rows": "({loss} * {mask}).mean(dim=1).mean()",
    "mask averaged of torch": "torch.mean({loss} * {mask})",
    "mask in place, averaged": "masked = {loss}\nmasked *= {mask}\nmasked.mean()",
    "mask by fill, averaged": "{loss}.masked_fill({mask} == 0, 0.0).mean()",
    "mask by where, averaged": "torch.where({mask} > 0, {loss}, torch.zeros_like({loss})).mean()",
    "mask summed of steps": "({loss} * {mask}).sum()",
    "mask summed over the batch": "({loss} * {mask}).sum() / x.size(0)",
    "mask normalised by elements": "({loss} * {mask}).sum() / {mask}.expand_as({loss}).sum()",
    "mask normalised by itself": "({loss} * {mask}).sum() / ({mask}.sum() + 1e-8)",
    "mask selected, mean": "{loss}[{mask}.expand_as({loss}).bool()].mean()",
    "mask selected, sum": "{loss}[{mask}.expand_as({loss}) > 0].sum()",
    "mask by masked_select": "{loss}.masked_select({mask} > 0).mean()",
    "mask of rows": "(({loss} * {mask}).sum(1) / {mask}.sum(1)).mean()",
    "mask of rows, sum": "(({loss} * {mask}).sum(1) / {mask}.sum(1)).sum()",
    "mask summed, rows averaged": "({loss} * {mask}).sum(1).mean()",
}
_LATE = {
    "late": "{loss}",
    "late again": "{loss}",
    "mask late, normalised": "({loss} * {mask}).sum() / {mask}.sum()",
    "mask late, averaged": "({loss} * {mask}).mean()",
    "mask late, summed": "({mask} * {loss}).sum()",
    "mask late, of torch": "torch.sum({loss} * {mask}) / torch.sum({mask})",
}
_WEIGHTED = {
    "weights summed": "({loss} * weights).sum()",
    "weights averaged": "(weights * {loss}).mean()",
    "weights normalised": "({loss} * weights).sum() / weights.sum()",
    "weights over the batch": "torch.sum({loss} * weights) / x.shape[0]",
}
_MASKED = {
    "mask summed": "({loss} * mask).sum()",
    "mask normalised": "({loss} * mask).sum() / mask.sum()",
    "mask clamped": "({loss} * mask).sum() / mask.sum().clamp(min=1)",
    "selected, mean": "{loss}[mask.bool()].mean()",
    "selected, sum": "{loss}[mask.bool()].sum()",
    "masked_select": "torch.masked_select({loss}, mask.bool()).sum() / mask.sum()",
    "where": "torch.where(mask.bool(), {loss}, torch.zeros_like({loss})).sum() / mask.sum()",
}
_FACTORS = {
    "none": "",
    "nothing": "",
    "nothing at all": "",
    "over x.size(0)": "{loss} / x.size(0)",
    "over shape[0]": "{loss} / x.shape[0]",
    "over len(x)": "{loss} / len(x)",
    "over len(y)": "{loss} / len(y)",
    "over batch_size": "{loss} / batch_size",
    "over numel": "{loss} / x.numel()",
    "over two factors": "{loss} / (x.size(0) * x.size(1))",
    "over the loader's": "{loss} / loader.batch_size",
    "div": "{loss}.div(x.size(0))",
    "div in place": "{loss}.div_(len(x))",
    "torch.div": "torch.div({loss}, x.size(0))",
    "true_divide": "torch.true_divide({loss}, len(x))",
    "reciprocal": "{loss} * (1.0 / x.size(0))",
    "reciprocal first": "1 / len(x) * {loss}",
    "times batch_size": "{loss} * batch_size",
    "times len": "len(x) * {loss}",
    "mul": "{loss}.mul(x.size(0))",
    "over a name": "n = x.size(0)\n{loss} / n",
    "over an unpacked size": "examples = x.shape\n{loss} / examples[0]",
    "over size()[0]": "{loss} / x.size()[0]",
    "over float": "{loss} / float(len(x))",
    "over a tensor": "{loss} / torch.tensor(len(x))",
    "over at least one": "{loss} / max(len(y), 1)",
    "over twice the batch": "{loss} / (2 * x.shape[0])",
    "over a share": "{loss} * (1 / (len(x) + 0))",
    "over a tensor of ones": "{loss} / torch.ones(len(x)).sum()",
    "over a full tensor": "{loss} / torch.ones_like(x).sum()",
    "over the root": "{loss} / len(x) ** 0.5",
    "over the root of math": "{loss} / math.sqrt(len(x))",
    "over the square": "{loss} / batch_size**2",
    "over and times": "{loss} / len(x) * batch_size",
    "divide": "torch.divide({loss}, x.size(0))",
    "multiply": "torch.mul({loss}, batch_size)",
    "by a helper": "per_example({loss}, x)",
    "detached part": "{loss} - 0.5 * {loss}.detach()",
    "clamped": "{loss}.clamp(max=1e6)",
    "half": "0.5 * {loss}",
    "over a constant": "{loss} / 10",
    "weight": "{weight} * {loss}",
    "negated twice": "-(-{loss})",
    "mean again": "{loss}.mean()",
    "squeezed": "{loss}.squeeze()",
    "root": "torch.sqrt({loss})",
    "power": "{loss} ** 2",
    "log": "torch.log({loss})",
}


def reduced(script: Script, choices: Choices, loss: Loss, expression: str) -> str:
    """The expression of an unreduced loss, reduced in some way, or left as it is."""
    options = {"left": "{loss}"} | _ANY
    two = loss.shape in ("elements", "positions")
    if two:
        options |= _ROWS
    if loss.shape in ("maps", "pixels"):
        options |= _MAPS | (_CHANNELS if loss.shape == "maps" else {})
    if loss.shape == "steps":
        options = _PADDED | {"left": "{loss}", "sum of steps": "{loss}.sum()", "mean of steps": "{loss}.mean()"}
    if loss.shape == "examples":
        options |= _OF_EXAMPLES
    if loss.data == "triplets":
        options.pop("sum over numel")
    if loss.shape in ("examples", "positions", "elements", "pixels"):
        options |= _WEIGHTED | _MASKED
    way = choices.among("reduced by", options)
    if way.count("{loss}") > 1 or "\n" in way:
        script.body.append(f"loss = {expression}")
        expression = "loss"
    way = _with_mask(script, choices, way)
    *before, way = way.split("\n")
    script.body += [line.format(loss=expression) for line in before]
    if "weights" in way:
        column = ".unsqueeze(1)" if two else ".view(-1, 1, 1)" if loss.shape == "pixels" else ""
        script.body.append(f"weights = x.detach().flatten(1).mean(1).sigmoid(){column}")
    if "mask" in way and loss.shape != "steps":
        script.body.append(f"mask = {_mask(loss)}")
    return way.format(loss=_bracketed(expression))


def masked_late(script: Script, choices: Choices, expression: str) -> str:
    """The expression of a reduced loss of steps, of which some are padding, left as it is or masked."""
    way = _with_mask(script, choices, choices.among("masked", _LATE))
    return way.format(loss=_bracketed(expression))


def _with_mask(script: Script, choices: Choices, way: str) -> str:
    """The way with the mask of steps written into it, which has to reach over the elements of each."""
    if "{mask}" not in way:
        return way
    written = choices.among("mask", {"unsqueezed": "mask.unsqueeze(-1)", "indexed": "mask[..., None]", "named": "keep"})
    if written == "keep":
        script.body.append("keep = mask.unsqueeze(2)")
    return way.replace("{mask}", written)


def _mask(loss: Loss) -> str:
    match loss.shape:
        case "elements":
            return "(y > -0.5).double()"
        case "pixels":
            return "(y != 4).double()"
        case "positions":
            return "(y != -100).double()"
        case _:
            return "(x.flatten(1).sum(1) > -2.0).double()"


def scaled(script: Script, choices: Choices, loss: Loss, expression: str) -> str:
    """The expression with a factor or a division, written in one or in its own statement."""
    factors = dict(_FACTORS)
    if "loader" not in choices.made["data"]:
        del factors["over the loader's"]
    way = choices.among("scaled by", factors)
    if not way:
        return expression
    if "y)" in way and loss.data == "triplets":
        way = way.replace("len(y)", "len(negative)")
    if "per_example" in way:
        script.define("""
def per_example(total, batch):
    return total / batch.size(0)
""")
    if "math." in way:
        script.imports.add("import math")
    *before, way = way.split("\n")
    script.body += before
    if way.count("{loss}") > 1 and expression != "loss":
        script.body.append(f"loss = {expression}")
        expression = "loss"
    if "{weight}" in way:
        way = way.replace("{weight}", script.set("weight", "0.7"))
    if choices.maybe("scaled apart"):
        script.body.append(f"loss = {expression}")
        if way.startswith("{loss} / ") and choices.maybe("in place"):
            script.body.append("loss /= " + way.removeprefix("{loss} / "))
            return "loss"
        expression = "loss"
    return way.format(loss=_bracketed(expression))


def _bracketed(expression: str) -> str:
    """The expression as an operand."""
    depth = 0
    for index, sign in enumerate(expression):
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and (sign == " " or (sign == "-" and index == 0)):
            return f"({expression})"
    return expression
