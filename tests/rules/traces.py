"""Traces made by hand: events at places that are found by their text in a small script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from lossflow.catalog import Catalog
from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import (
    Backward,
    BoundArgument,
    Event,
    LossCall,
    OptimizerFacts,
    OptimizerStep,
    Place,
    Site,
    Step,
    StepKind,
    Trace,
)
from lossflow.domain.values import Tensor, Term, Value
from lossflow.findings import Finding, Role
from lossflow.rules import RULES
from lossflow.rules.reductions import pairs
from lossflow.source import Source, Span

TRAIN = """\
criterion = nn.MSELoss(reduction="sum")
regression = nn.L1Loss(reduction="sum")
optimizer = SGD(parameters, lr=args.lr)
for x, y in loader:
    prediction = model(x)
    first = criterion(prediction, y)
    second = regression(prediction, y)
    by_hand = (prediction - y).pow(2).sum()
    loss = first + second
    weighted = loss * batch_size
    loss.backward()
    optimizer.step()
trainer = engine.Trainer(model)
trainer.fit(loader)
"""
ENGINE = """\
self.criterion = make_criterion()
self.loss.backward()
"""
RATE = Exponent.ZERO


def power(value: int | str) -> Exponent:
    return Exponent.of(Fraction(value))


@dataclass
class Script:
    """A script `train.py` and a module `engine.py` that it imports; `events` collects what the program does."""

    text: str = TRAIN
    events: list[Event] = field(default_factory=list)
    spans: dict[Place, Span] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sources = {"train.py": Source("train.py", self.text), "engine.py": Source("engine.py", ENGINE)}

    def place(self, text: str, file: str = "train.py") -> Place:
        """The place of the first occurrence of `text`; a test that names what isn't there is wrong."""
        start = self.sources[file].text.index(text)
        span = Span(start, start + len(text))
        known = [place for place, each in self.spans.items() if each == span and place.file == file]
        place = known[0] if known else Place(file, len(self.spans))
        self.spans[place] = span
        return place

    def site(self, text: str) -> Site:
        place = self.place(text)
        return Site(place, place)

    def abroad(self, text: str, entry: str) -> Site:
        """A site in engine.py that the call `entry` of the script leads to."""
        return Site(self.place(text, "engine.py"), self.place(entry))

    def trace(self, *, elsewhere: bool = False) -> Trace:
        """The trace; `elsewhere` says that the analysis of the other file brings the same together."""
        trace = Trace(
            self.sources["train.py"], tuple(self.events), dict(self.spans), self.sources, loss=Catalog.default().loss
        )
        return replace(trace, elsewhere=lambda file: pairs(trace)) if elsewhere else trace

    # --- steps and terms ---------------------------------------------------------------------------------------

    def summed(self, name: str = "first", *, exponent: Exponent = Exponent.ONE, reduction: str = "sum") -> Term:
        """A loss of a criterion that was made before it was called."""
        constructor, call, loss = {
            "first": ('nn.MSELoss(reduction="sum")', "criterion(prediction, y)", "torch.nn.MSELoss"),
            "second": ('nn.L1Loss(reduction="sum")', "regression(prediction, y)", "torch.nn.L1Loss"),
        }[name]
        made = Step(StepKind.CONSTRUCTED, self.site(constructor), loss=loss, reduction=reduction)
        computed = Step(StepKind.COMPUTED, self.site(call), exponent, loss=loss, reduction=reduction)
        return Term(trail=(made,)).step(computed)

    def averaged(self, name: str = "second") -> Term:
        return self.summed(name, exponent=Exponent.ZERO, reduction="mean")

    def by_hand(self, exponent: Exponent = Exponent.ONE) -> Term:
        return Term().step(Step(StepKind.REDUCED, self.site("(prediction - y).pow(2).sum()"), exponent))

    # --- events ------------------------------------------------------------------------------------------------

    def backward(self, objective: Value | Iterable[Term] | None, **more: object) -> Script:
        """`loss.backward()` on terms, or on any value."""
        if not isinstance(objective, Value.__args__) and objective is not None:  # type: ignore[attr-defined]
            objective = Tensor(Axes.SCALAR, tuple(objective), True, True)
        facts = {"site": self.site("loss.backward()"), "root": 1, "loops": (1,), **more}
        self.events.append(Backward(objective=objective, **facts))  # type: ignore[arg-type]
        return self

    def step(self, optimizer: OptimizerFacts, **more: object) -> Script:
        facts = {"site": self.site("optimizer.step()"), "root": 1, "loops": (1,), **more}
        self.events.append(OptimizerStep(optimizer=optimizer, **facts))  # type: ignore[arg-type]
        return self

    def sgd(self, rate: Exponent = RATE, *, name: str = "torch.optim.SGD", identity: int = 1) -> OptimizerFacts:
        return OptimizerFacts(
            name,
            True,
            rate,
            site=self.site("SGD(parameters, lr=args.lr)"),
            learning_rate_site=self.site("args.lr"),
            identity=identity,
        )

    def adam(self, rate: Exponent = RATE, *, exception: str = "", identity: int = 1) -> OptimizerFacts:
        return OptimizerFacts("torch.optim.Adam", False, rate, exception=exception, identity=identity)


@dataclass(frozen=True)
class Call:
    """A call of a loss in a script of one line; `bound` are its arguments: name, value, text, by keyword."""

    text: str
    loss: str
    bound: tuple[tuple[str, Value, str, bool], ...] = ()
    reduction: Value | None = None

    def keyword(self, name: str, value: Value, text: str) -> Call:
        return replace(self, bound=(*self.bound, (name, value, text, True)))

    def positional(self, name: str, value: Value, text: str) -> Call:
        return replace(self, bound=(*self.bound, (name, value, text, False)))

    def trace(self) -> Trace:
        script = Script(self.text)
        script.events.append(self.event(script))
        return script.trace()

    def event(self, script: Script) -> LossCall:
        return LossCall(
            script.site(self.text),
            loss=self.loss,
            constructor=".functional." not in self.loss,
            arguments=tuple(BoundArgument(name, value, script.place(at), how) for name, value, at, how in self.bound),
            reduction=self.reduction,
        )


def findings(trace: Trace) -> list[Finding]:
    """What all rules together report."""
    return [finding for rule in RULES for finding in rule().check(trace)]


def codes(trace: Trace) -> list[str]:
    return [finding.code for finding in findings(trace)]


def only(trace: Trace) -> Finding:
    (finding,) = findings(trace)
    return finding


def stands_at(trace: Trace, finding: Finding) -> str:
    assert finding.file == trace.file
    return trace.sources[finding.file].text[finding.span.start : finding.span.end]


def way(trace: Trace, finding: Finding) -> list[tuple[Role, str]]:
    """The related locations as pairs of role and source text."""
    return [(each.role, trace.sources[each.file].text[each.span.start : each.span.end]) for each in finding.related]
