"""Branches that are not taken with the values at hand: what is wrong where it is written is wrong there too.

Only the uses of losses are noted (for LF301 to LF305), and of values only what is written in place: another value of
the condition brings other values with it.
"""

from __future__ import annotations

import libcst as cst

from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine


def look_through(machine: Machine, body: cst.BaseSuite, frame: Frame) -> None:
    """Run a block of the analysed file once, without consequences."""
    if frame.unit is not machine.root or machine.untaken or id(body) in machine.looked_through:
        return
    machine.spoken += 1
    if machine.silent:
        return
    machine.looked_through.add(id(body))
    before, used, bound = machine.heap.fork(), set(machine.used), dict(machine.bound)
    depths, footprint = dict(machine.depths), machine.footprint
    machine.untaken, machine.footprint = True, None
    try:
        machine.run([body], frame)
    finally:
        machine.untaken = False
        machine.heap, machine.used, machine.bound = before, used, bound
        machine.depths, machine.footprint = depths, footprint
