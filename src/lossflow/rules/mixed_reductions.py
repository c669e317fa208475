"""LF105."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.domain.trace import Backward, OptimizerFacts, Place, Returned, Site, Step, StepKind, Trace
from lossflow.domain.values import Term
from lossflow.findings import Finding, Related, Role, Severity
from lossflow.rules.fixes import terms as fixes
from lossflow.rules.mixtures import Pair, mixture
from lossflow.rules.reductions import (
    chosen_at,
    dividing_step,
    handed_back,
    merely_imported,
    own_choice,
    raising_step,
    stands_elsewhere,
)
from lossflow.rules.rule import Rule, related
from lossflow.rules.scale import objectives
from lossflow.rules.way import reduction, unrepeated, way_out
from lossflow.rules.wording import leaves, line, on_doubling, power


class MixedReductions(Rule):
    """An objective adds terms that grow with different powers of the batch size.

    ## Why
    A term that is averaged over the batch and one that is summed over it are in balance at one batch size only: at
    twice the batch the summed term weighs twice as much against the other. In a VAE with a mean reconstruction loss
    and a summed KL term the batch size is a hidden beta. No optimizer and no learning rate makes up for that,
    because it is the direction of the gradient that changes, not its length.

    ## Bad
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    encoder, decoder = nn.Linear(8, 4), nn.Linear(2, 8)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    loader = torch.utils.data.DataLoader(torch.rand(32, 8), batch_size=8)

    for x in loader:
        mu, logvar = encoder(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        reconstruction = F.mse_loss(decoder(z), x)
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        optimizer.zero_grad()
        loss = reconstruction + kl
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    encoder, decoder = nn.Linear(8, 4), nn.Linear(2, 8)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    loader = torch.utils.data.DataLoader(torch.rand(32, 8), batch_size=8)

    for x in loader:
        mu, logvar = encoder(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        reconstruction = F.mse_loss(decoder(z), x)
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / logvar.size(0)
        optimizer.zero_grad()
        loss = reconstruction + kl
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: it changes the balance of the terms, at every batch size. It is offered only where changing one term
    makes all of them equal.

    ## References
    - Kingma and Welling, "Auto-Encoding Variational Bayes", 2014
    - Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework", 2017
    - PyTorch documentation, "torch.nn.functional.binary_cross_entropy", parameter `reduction`
    """

    code = "LF105"
    name = "mixed-reductions"
    fixable = "sometimes unsafe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each addition of two terms whose exponents are known and differ, once."""
        found: dict[Place, Mixture] = {}
        for each in (*_differentiated(trace), *_returned(trace)):
            found.setdefault(each.site.entry, each)
        for place, mixed in found.items():
            fix = fixes.fix(trace, mixed.terms)
            yield self.finding(trace, place, _message(trace, mixed), related=_way(trace, mixed), fix=fix)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two terms of one objective, all of its terms, where it goes, and the optimizers that step on it."""

    event: Backward | Returned
    pair: Pair
    terms: tuple[Term, ...]
    optimizers: tuple[OptimizerFacts, ...] = ()

    @property
    def site(self) -> Site:
        """The addition; where the terms meet nowhere before, backward itself."""
        return self.pair.addition.site if self.pair.addition else self.event.site


def _differentiated(trace: Trace) -> Iterator[Mixture]:
    for objective in objectives(trace):
        pair, backward = mixture(objective.terms), objective.training.backward
        if pair is None:
            continue
        elsewhere = (
            stands_elsewhere(trace, pair.addition, backward)
            if pair.addition
            else merely_imported(trace, backward.site, backward)
        )
        if not elsewhere:
            yield Mixture(backward, pair, objective.terms, objective.training.optimizers)


def _returned(trace: Trace) -> Iterator[Mixture]:
    """Those that a function returns to a caller out of sight: nothing that is done to their sum balances them."""
    for event, tensor in handed_back(trace):
        pair = mixture(tensor.terms)
        if pair is not None and pair.addition is not None and not stands_elsewhere(trace, pair.addition, event):
            yield Mixture(event, pair, tensor.terms)


def _choice(term: Term) -> Step | None:
    raised = raising_step(term)
    return chosen_at(term, raised) if raised else own_choice(term)


def _message(trace: Trace, mixed: Mixture) -> str:
    pair = mixed.pair
    ratio = pair.steep.exponent - pair.flat.exponent
    return (
        f"This objective, which {leaves(trace, mixed.event)}, adds {_term(trace, pair.steep)} to "
        f"{_term(trace, pair.flat)}. Doubling the batch {on_doubling(ratio, 'the weight')} of the first against the "
        f"second, whatever the optimizer. {_advice(pair)}"
    )


def _term(trace: Trace, term: Term) -> str:
    """`a term that grows with the batch size (line 16)`."""
    match term.exponent.known:
        case 0:
            grows = "a term that does not depend on the batch size"
        case 1:
            grows = "a term that grows in proportion to the batch size"
        case _:
            grows = f"a term that goes as {power(term.exponent)}, B being the batch size"
    step = _choice(term)
    return f"{grows} ({line(trace, step.site.place)}{_divided(trace, term, step)})" if step else grows


def _divided(trace: Trace, term: Term, choice: Step) -> str:
    """Where a sum was divided by the batch size, which tells two terms of one reduction apart."""
    division = dividing_step(term) if raising_step(term) is not None else None
    if division is None or division is choice:
        return ""
    return f", divided on {line(trace, division.site.place)}"


def _advice(pair: Pair) -> str:
    """Two terms of one reduction have it already: what remains is to divide the one as the other is."""
    divides = (pair.steep.exponent - pair.flat.exponent).known == 1
    if _reduced_alike(_choice(pair.steep), _choice(pair.flat)):
        power_of_both = "divide the first by the batch size" if divides else "bring both to the same power of B"
        return f"Both have the same reduction already: {power_of_both}."
    return f"Give both the same reduction{', or divide the first by the batch size' if divides else ''}."


def _reduced_alike(steep: Step | None, flat: Step | None) -> bool:
    """True where the terms differ in what is done to them after one and the same reduction, or what it is over."""
    if steep is None or flat is None:
        return False
    summed = steep.kind is flat.kind is StepKind.REDUCED
    named = bool(steep.reduction) and steep.reduction == flat.reduction
    return summed or named or steep.site.place == flat.site.place


def _way(trace: Trace, mixed: Mixture) -> tuple[Related, ...]:
    locations = [*reduction(trace, mixed.site)]
    terms = ((mixed.pair.steep, "this term grows faster with the batch"), (mixed.pair.flat, "than this term"))
    for term, words in terms:
        step = _choice(term)
        if step is not None:
            locations.append(related(trace, Role.TERM, step.site, words))
    if isinstance(mixed.event, Backward):
        locations += way_out(trace, mixed.event, mixed.optimizers)
    return unrepeated(locations)
