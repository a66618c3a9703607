#!/usr/bin/env python3
"""More kinds of simulated shop days, beside those of shopsim.py (imported, never copied).

    more_days.py list | all --seeds 1,2 --out DIR [--size S] [--hard] [--no-history]

Surges that are faults (prices at zero, coupons that stack, double orders, scalpers), surges that
are none (flash sales, waves whose steps follow with a lag), and kinds that are told late or wide:
stock-outs, a region that nobody reaches, doubled beacons, late ingestion. The scorer knows three
sorts of class (telemetry or not); surges are `conversion` there. Needs numpy and the folder of
shopsim.py in $TILLWATCH_SHARED/detection or ../shared/detection.
"""
import math
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("TILLWATCH_SHARED") or os.path.join(HERE, "../../../shared")
sys.path.insert(0, os.path.join(SHARED, "detection"))
import shopsim as sim  # noqa: E402

STEPS = ("atc", "checkout", "pay", "orders")
ORDER_SPREAD = 0.6      # of the log of one order's value


class Bent:
    """A sink that bends what the server counts before it is written."""

    def __init__(self, sink, shop, effects, rng):
        self.sink, self.shop, self.effects, self.rng = sink, shop, effects, rng
        self.held = {}

    def __call__(self, b, when, shop, ev, biz):
        biz = {k: np.array(v, float) for k, v in biz.items()}
        for e in self.effects:
            k = sim.strength(e, b)
            if k > 0 and e["metric"] in BENDS:
                BENDS[e["metric"]](self, biz, sim.mask(self.shop, e["where"]), e, k)
        self.sink(b, when, shop, ev, biz)

    def value(self, biz, m, e, k):
        biz["revenue"][m] *= 1 + (e["factor"] - 1) * k

    def double(self, biz, m, e, k):
        """So many more orders for the same payments; half of the pairs fall into the next bucket."""
        again = self.rng.binomial(biz["orders"][m].astype(int), min(1.0, (e["factor"] - 1) * k))
        each = np.where(biz["orders"][m] > 0, biz["revenue"][m] / np.maximum(biz["orders"][m], 1), 0)
        biz["orders"][m] += again
        biz["revenue"][m] += again * each

    def scalp(self, biz, m, e, k):
        """Machines that come and buy: so many times the visits there, half of them buy."""
        come = self.rng.poisson(biz["sessions"][m] * (e["factor"] - 1) * k)
        buy = self.rng.binomial(come, 0.5)
        for step in STEPS:
            biz[step][m] += buy
        biz["sessions"][m] += come
        biz["revenue"][m] += buy * e.get("value", 62.0)

    def lag(self, biz, m, e, k):
        """A share of each step's events falls into the next bucket, one step after the other."""
        each = biz["revenue"].sum() / max(1.0, biz["orders"].sum())
        passed = 0.0
        for step in STEPS:
            passed = 1 - (1 - passed) * (1 - e["share"])
            later = self.rng.binomial(biz[step].astype(int), passed)
            biz[step] = biz[step] - later + self.held.get(step, later)
            self.held[step] = later
        biz["revenue"] = biz["orders"] * each


BENDS = {"value": Bent.value, "double": Bent.double, "scalp": Bent.scalp, "lag": Bent.lag}


def simulate(shop, rng, start, buckets, seconds, effects, releases, experiment, sink):
    bent = sink
    if effects and any(e["metric"] in BENDS for e in effects):
        bent = Bent(sink, shop, effects, np.random.default_rng(rng.integers(1 << 31)))
    PLAIN["simulate"](shop, rng, start, buckets, seconds, effects, releases, experiment, bent)


def human_call(shop, start, inc, effects, releases, experiment):
    """The call of shopsim, and the evidence of what only these days have."""
    calls = [PLAIN["human_call"](shop, start, inc, effects, releases, experiment)]
    info = 0.0
    for b in range(inc["start"], sim.NB):
        lam = shop.rate(start + sim.timedelta(seconds=b * sim.BUCKET)) * sim.BUCKET
        for e in effects:
            k = sim.strength(e, b)
            if e.get("incident", 0) != inc["id"] or k == 0 or e["metric"] not in BENDS:
                continue
            ses = lam[sim.mask(shop, e["where"])].sum()
            orders = ses * .125 * .47 * .72 * .965
            if e["metric"] == "value":
                info += orders * math.log(1 + (e["factor"] - 1) * k) ** 2 / (2 * ORDER_SPREAD ** 2)
            elif e["metric"] in ("double", "scalp"):
                more = (e["factor"] - 1) * k * (orders if e["metric"] == "double" else ses * .5)
                a = orders + more
                info += a * math.log(a / orders) - more
        if info >= 14.0:
            calls.append(b + 2)
            break
    known = [c for c in calls if c is not None]
    return min(known) if known else None


PLAIN = {"simulate": sim.simulate, "human_call": sim.human_call}
sim.simulate, sim.human_call = simulate, human_call


def fault(s, end, severity, segments, **kw):
    return dict(id=1, start=s, end=end, severity=severity, segments=segments, **{"class": "conversion", **kw})


def effect(metric, s, end=None, where=None, **kw):
    e = dict(metric=metric, where=where or {}, start=s, **kw)
    if end is not None:
        e["end"] = end
    return e


def t_prices_at_zero(rng):
    s, n = sim.hour(rng), int(rng.integers(12, 30))
    up = lambda m, f: effect(m, s, s + n, factor=f, incident=1)
    return dict(effects=[up("value", .05), up("atc", 2.2), up("checkout", 1.4), up("pay", 1.2),
                         effect("sessions", s + 3, s + n, factor=1.6, shape="ramp", ramp=6)],
                releases=[sim.rel(1, s, ["pdp"], kind="config")] + sim.decoys(rng, s, 2, 1, ["pdp"]),
                incidents=[fault(s, s + n, 1, [{}], release="R1")])


def t_stacking_coupons(rng):
    s, n = sim.hour(rng), int(rng.integers(20, 50))
    up = lambda m, f: effect(m, s, s + n, factor=f, incident=1)
    return dict(effects=[up("value", float(rng.uniform(.4, .55))), up("checkout", 1.3), up("pay", 1.15)],
                releases=sim.decoys(rng, s, 1), incidents=[fault(s, s + n, 2, [{}])])


def t_double_orders(rng):
    s = sim.hour(rng)
    return dict(effects=[effect("double", s, factor=float(rng.uniform(1.7, 2.0)), incident=1)],
                releases=[sim.rel(1, s, ["checkout"])] + sim.decoys(rng, s, 2, 2, ["checkout"]),
                incidents=[fault(s, None, 2, [{}], release="R1")])


def t_scalpers(rng):
    s, n = sim.hour(rng), int(rng.integers(12, 30))
    w = {"source": ["direct"], "device": ["desktop"]}
    return dict(effects=[effect("scalp", s, s + n, where=w, factor=2.2, value=90.0, incident=1)],
                releases=sim.decoys(rng, s, 1), incidents=[fault(s, s + n, 2, [w])])


def t_flash_sale(rng):
    s = sim.hour(rng, 9, 14)
    sale = [effect("sessions", s, s + 36, factor=3.0), effect("atc", s, s + 36, factor=1.4),
            effect("value", s, s + 36, factor=.75)]
    return dict(effects=sale, releases=sim.decoys(rng, s, 1),
                calendar=[dict(kind="campaign", name="flash sale", start=s, end=s + 36)],
                benign=[dict(start=s, end=s + 36, why="an announced flash sale")])


def t_sale_nobody_announced(rng):
    s = sim.hour(rng, 9, 14)
    sale = [effect("sessions", s, s + 30, factor=3.5), effect("atc", s, s + 30, factor=1.25),
            effect("value", s, s + 30, factor=.9)]
    return dict(effects=sale, releases=sim.decoys(rng, s, 1),
                benign=[dict(start=s, end=s + 30, why="visits rise more than orders a visit")])


def t_lagged_surge(rng):
    s = sim.hour(rng, 8, 14)
    up = [effect("sessions", s, s + 24, factor=3.5), effect("sessions", s + 60, s + 90, factor=2.5, shape="ramp", ramp=6)]
    return dict(effects=up + [effect("lag", 0, share=.25)], releases=sim.decoys(rng, s, 1),
                benign=[dict(start=s, end=s + 92, why="steps follow the visits with a lag")])


def t_lagged_waves(rng):
    s = sim.hour(rng, 8, 10)
    waves = [effect("sessions", s + 12 * k, s + 12 * k + 1 + k % 3, factor=2.5) for k in range(8)]
    return dict(effects=waves + [effect("lag", 0, share=.2)], releases=sim.decoys(rng, s, 1),
                benign=[dict(start=s, end=s + 100, why="short waves, steps follow with a lag")])


def t_lagged_loss(rng):
    """A payment loss that begins while visits surge and steps lag behind."""
    s = sim.hour(rng, 9, 14)
    return dict(effects=[effect("sessions", s - 1, s + 30, factor=3.0), effect("lag", 0, share=.2),
                         effect("pay", s, s + 30, factor=.5, incident=1)],
                releases=sim.decoys(rng, s, 1),
                incidents=[fault(s, s + 30, 2, [{"template": ["checkout"]}])])


def t_stock_out(rng):
    s = sim.hour(rng)
    return dict(effects=[effect("atc", s, s + 72, factor=float(rng.uniform(.60, .75)), incident=1)],
                releases=sim.decoys(rng, s, 1), incidents=[fault(s, s + 72, 2, [{"template": ["pdp"]}])])


def t_region_dns(rng):
    s = sim.hour(rng)
    w = {"region": [str(rng.choice(["apac", "us"]))]}
    return dict(effects=[effect("sessions", s, s + 24, where=w, factor=.04, incident=1)],
                releases=sim.decoys(rng, s, 1),
                incidents=[fault(s, s + 24, 2, [w], **{"class": "availability"})])


def t_doubled_beacons(rng):
    s = sim.hour(rng)
    w = {"browser": [str(rng.choice(["safari", "chrome"]))]}
    return dict(effects=[effect("beacons", s, where=w, factor=2.0, incident=1)],
                releases=[sim.rel(1, s, sim.ALLT, kind="config")] + sim.decoys(rng, s, 2, 1),
                incidents=[fault(s, None, 4, [w], release="R1", **{"class": "telemetry"})])


def t_ingest_lag(rng):
    s = sim.hour(rng)
    return dict(effects=[effect("late", s, s + 36, buckets=5, share=.6, incident=1)],
                releases=sim.decoys(rng, s, 1),
                incidents=[fault(s, s + 36, 4, [{}], **{"class": "telemetry"})])


sim.TYPES = {k[2:]: v for k, v in list(globals().items()) if k.startswith("t_")}
if __name__ == "__main__":
    sim.main()
