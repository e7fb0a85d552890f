"""How each contestant looks, in every chart: the one place that knows.

Colours are Wong's (Nature Methods 8, 441), told apart by the colour-blind and, with the shapes, in
grey print. Colour says the mechanism, shape the contestant: blue is a lone atomic, orange a pthread
mutex, vermilion a spin lock, green shards, wine and indigo messages. Point types are gnuplot's
filled ones; the hollow twin is one less.
"""

import math
import zlib
from typing import NamedTuple

BLACK, ORANGE, SKY, GREEN = 0x000000, 0xE69F00, 0x56B4E9, 0x009E73
BLUE, VERMILION, PURPLE = 0x0072B2, 0xD55E00, 0xCC79A7      # yellow is left out: unseen on white
WINE = 0x882255         # Tol's, for the eighth: darker than the reds and lighter than black
INDIGO = 0x332288       # Tol's, for the actors of our own
TEAL = 0x44AA99         # Tol's, for a library whose green is taken
OLIVE, ROSE = 0x999933, 0xCC6677        # Tol's
GREY, PALE = 0x8A8A8A, 0xC4C4C4
SQUARE, CIRCLE, TRIANGLE, WEDGE, DIAMOND, PENTAGON = 5, 7, 9, 11, 13, 15

MAX_COLOURED = 6    # lines a reader can tell apart; the others are thin and grey


class Style(NamedTuple):
    label: str
    colour: int
    point: int

    @property
    def ink(self):
        """The colour for text: as dark as text on white must be to be read (4.5 : 1)."""
        return legible(self.colour)

    @property
    def hollow(self):
        return self.point - 1


STYLES = {      # in the order in which ties are listed
    "sharded": Style("sharded", GREEN, CIRCLE),
    "slots": Style("slots", GREEN, TRIANGLE),
    "percpu": Style("per CPU (rseq)", BLACK, TRIANGLE),
    "percpu_atomic": Style("per CPU, atomic", BLACK, WEDGE),
    "atomic_add": Style("atomic add", BLUE, SQUARE),
    "atomic_add_relaxed": Style("atomic add, relaxed", BLUE, CIRCLE),
    "cas_loop": Style("CAS loop", BLUE, DIAMOND),
    "mutex_asym": Style("mutex (asym)", BLUE, PENTAGON),
    "mutex_go": Style("mutex (Go)", SKY, PENTAGON),
    "ref": Style("mutex (pthread)", ORANGE, TRIANGLE),
    "pthread_adaptive": Style("adaptive (pthread)", ORANGE, PENTAGON),
    "pthread_spin": Style("spin (pthread)", VERMILION, SQUARE),
    "ticket": Style("ticket spin", VERMILION, DIAMOND),
    "mcs": Style("MCS spin", VERMILION, WEDGE),
    "rwmutex_go": Style("rwmutex (Go)", BLACK, CIRCLE),
    "rwmutex_slots": Style("rwmutex (slots)", GREEN, WEDGE),
    "pthread_rwlock": Style("rwlock (pthread)", PURPLE, WEDGE),
    "actor_guide": Style("actor (reply)", WINE, SQUARE),
    "actor_guide_async": Style("actor (async)", WINE, CIRCLE),
    "actor_unbuffered": Style("actor, unbuffered", INDIGO, TRIANGLE),
    "actor_buffered": Style("actor, buffered", INDIGO, CIRCLE),
    "actor_buffered_async": Style("actor, buffered (async)", INDIGO, WEDGE),
    "actor_batched": Style("actor, batched", INDIGO, SQUARE),
    "actor_batched_async": Style("actor, batched (async)", INDIGO, DIAMOND),
    "actor_combining": Style("actor, combining", INDIGO, PENTAGON),
    "actor_combining_async": Style("actor, combining (async)", WINE, PENTAGON),
    "racy": Style("racy (lossy)", GREY, DIAMOND),
    # task
    "task": Style("task", GREEN, PENTAGON),
    "parker": Style("parker alone", SKY, TRIANGLE),
    "fcontext": Style("Boost.Context", PURPLE, CIRCLE),
    "switch_own": Style("own switch", WINE, TRIANGLE),
    # channel
    "chan": Style("chan", WINE, DIAMOND),
    "chan_spsc": Style("chan (1:1)", PURPLE, PENTAGON),
    # context
    "context": Style("context", SKY, DIAMOND),
    # pool
    "guide": Style("pool (guide)", BLUE, TRIANGLE),
    "semaphore": Style("semaphore", ORANGE, SQUARE),
    "unbounded": Style("thread per job", VERMILION, CIRCLE),
    "channel": Style("channel", ROSE, WEDGE),
    "stealing": Style("stealing", TEAL, SQUARE),
    "fixed": Style("fixed share", OLIVE, DIAMOND),
    "dynamic": Style("dynamic", OLIVE, WEDGE),
    "priority": Style("priority", OLIVE, CIRCLE),
    # flow
    "flow": Style("flow", TEAL, CIRCLE),
    "unordered": Style("unordered", TEAL, TRIANGLE),
    "ordered_stream": Style("reorder buffer", ROSE, PENTAGON),
    "ordered_batch": Style("batch at a time", OLIVE, SQUARE),
    # cache
    "concurrent": Style("concurrent", BLACK, SQUARE),
    "rw_sharded": Style("sharded (rw)", OLIVE, TRIANGLE),
    "syncmap": Style("sync map", ROSE, CIRCLE),
    "thundering": Style("thundering herd", ROSE, SQUARE),
    "guide_sharded": Style("sharded (guide)", GREEN, SQUARE),
    "guide_mutex": Style("map + mutex", ORANGE, CIRCLE),
    "guide_rwmutex": Style("map + rwmutex", PURPLE, TRIANGLE),
    "guide_counters": Style("map of counters", SKY, SQUARE),
    "key_counters": Style("key counters", TEAL, WEDGE),
    # limiter
    "guide_ticker": Style("ticker", ORANGE, DIAMOND),
    "guide_token_bucket": Style("token bucket", GREEN, DIAMOND),
    "guide_fixed_window": Style("fixed window", VERMILION, TRIANGLE),
    "guide_sliding_log": Style("sliding log", BLUE, WEDGE),
    "guide_leaky": Style("leaky queue", SKY, CIRCLE),
    "guide_per_user": Style("bucket per user", PURPLE, SQUARE),
    "null": Style("null (floor)", GREY, CIRCLE),
}

# Whose lines are in colour where not all can be: the question of each workload, the first that are
# there.
FEATURED = {
    "inc": ("sharded", "atomic_add", "actor_combining", "ref", "ticket", "actor_guide",
            "mutex_go", "pthread_rwlock"),
    "mixed": ("sharded", "mutex_go", "ref", "rwmutex_go", "pthread_rwlock", "actor_guide",
              "atomic_add"),
    "mutex": ("mutex_asym", "mutex_go", "ref", "ticket", "go:sync.Mutex", "nsync:mu"),
    "overhead": ("stealing", "channel", "guide", "ref", "go:chan_pool", "tbb:task_arena"),
    "memory": ("channel", "guide", "unbounded", "semaphore", "stealing", "go:goroutines"),
    "get_set": ("concurrent", "sharded", "tbb:concurrent_hash_map", "std:unordered_map_sharded",
                "guide_mutex", "syncmap"),
    "get_set_ours": ("concurrent", "sharded", "guide_mutex", "guide_rwmutex", "syncmap",
                     "rw_sharded"),
    "stream": ("chan", "chan_spsc", "go:chan", "guide", "ref", "tbb:concurrent_bounded_queue"),
}

_SPARE = [(colour, point) for point in (PENTAGON, WEDGE, TRIANGLE, SQUARE, DIAMOND, CIRCLE)
          for colour in (PURPLE, GREEN, SKY, BLACK, VERMILION, ORANGE, BLUE)
          if (colour, point) not in {(s.colour, s.point) for s in STYLES.values()}]


# Other people's libraries: a colour for each, a shape for each of its things.
LIBRARIES = {"go": BLACK, "std": WINE, "absl": PURPLE, "nsync": TEAL, "glib": VERMILION,
             "ck": GREY, "urcu": GREY, "tbb": SKY, "boost": PURPLE}


def style(contestant):
    """A contestant this table does not know has a style all the same, by its name alone."""
    if contestant in STYLES:
        return STYLES[contestant]
    library, _, thing = contestant.partition(":")
    if thing and library in LIBRARIES:
        colour, taken = LIBRARIES[library], {(s.colour, s.point) for s in STYLES.values()}
        shapes = [shape for shape in (CIRCLE, SQUARE, TRIANGLE, WEDGE, DIAMOND, PENTAGON)
                  if (colour, shape) not in taken]
        return Style(contestant, colour, shapes[zlib.crc32(thing.encode()) % len(shapes)])
    return Style(contestant, *_SPARE[zlib.crc32(contestant.encode()) % len(_SPARE)])


def label(contestant):
    return style(contestant).label


def order(contestants):
    """The table's order, then the unknown by name."""
    known = list(STYLES)
    return sorted(set(contestants),
                  key=lambda c: (known.index(c) if c in STYLES else len(known), c))


def coloured(contestants, workload):
    """The contestants to draw in colour: the featured, filled up with others to MAX_COLOURED."""
    here = order(contestants)
    chosen = [c for c in FEATURED.get(workload, ()) if c in here]
    for c in here:
        if c not in chosen and style(c).colour != GREY:
            chosen.append(c)
    return chosen[:MAX_COLOURED]


def luminance(colour):
    """WCAG's relative luminance, 0 to 1."""
    def linear(channel):
        c = channel / 255
        return c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
    return (0.2126 * linear(colour >> 16) + 0.7152 * linear(colour >> 8 & 255)
            + 0.0722 * linear(colour & 255))


def legible(colour):
    """The colour itself, or the same hue darkened until it reads as text on white."""
    for percent in range(100, 0, -2):
        darker = sum(round((colour >> shift & 255) * percent / 100) << shift
                     for shift in (16, 8, 0))
        if 1.05 / (luminance(darker) + 0.05) >= 4.5:
            return darker
    return 0


# Viridis at nine places: light is near, dark is far, and it stays a ramp in grey.
_RAMP = (0xFDE725, 0xAADC32, 0x5DC863, 0x27AD81, 0x21918C, 0x2C728E, 0x3B528B, 0x472D7B, 0x440154)


def ramp(share):
    """A colour of the heat map; share 0 (near, light) to 1 (far, dark)."""
    at = min(max(share, 0.0), 1.0) * (len(_RAMP) - 1)
    low = min(int(at), len(_RAMP) - 2)
    part = at - low

    def mix(shift):
        a, b = _RAMP[low] >> shift & 255, _RAMP[low + 1] >> shift & 255
        return round(a + (b - a) * part) << shift
    return mix(16) + mix(8) + mix(0)


# Of a ratio, light at 1: blue above, vermilion below, and as dark at k as at 1 / k.
_EVEN = 0xF4F2EE
_DARKEST = 8.0      # from this factor on


def diverging(ratio):
    """A colour for how many times more (blue) or less (vermilion) the one is than the other."""
    share = min(abs(math.log(ratio)) / math.log(_DARKEST), 1.0) ** 0.7
    end = BLUE if ratio >= 1 else VERMILION

    def mix(shift):
        a, b = _EVEN >> shift & 255, end >> shift & 255
        return round(a + (b - a) * share) << shift
    return mix(16) + mix(8) + mix(0)


def number_on(colour):
    """Black or white, whichever is read more easily on the colour."""
    return 0x000000 if (luminance(colour) + 0.05) ** 2 > 0.0525 else 0xFFFFFF
