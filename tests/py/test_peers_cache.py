"""Go's caches: the program's answers, and that its oracle finds what is wrong with one."""

import unittest

import test_peers

CACHE = test_peers.REQUEST | {
    "family": "cache", "peer": "map_mutex", "workload": "get_set",
    "params": {"p_keys": 1000, "p_skew": 99, "p_read_pct": 90, "p_value_bytes": 64}}


@unittest.skipUnless(test_peers.GO.exists(), "contend_go is not part of this build")
class Caches(unittest.TestCase):
    talk = test_peers.Protocol.talk

    def test_caches(self):
        """Nothing is lost, foreign or torn, and the share of hits is that of the draws."""
        asked = [CACHE | {"peer": peer, "exec": kind, "params": CACHE["params"] | {
            "p_value_bytes": size, "p_skew": skew}}
                 for kind, size, skew in (("task", 8, 0), ("thread", 64, 99), ("task", 1024, 99))
                 for peer in ("map_mutex", "map_rwmutex", "map_sharded", "sync_map", "faulty:none")]
        _, answers = self.talk(*asked)
        for request, answer in zip(asked, answers):
            self.assertNotIn("error", answer, request)
            self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0), request)
            self.assertGreater(answer["effects"], 0, request)
            self.assertGreater(answer["metrics"]["hit_ratio"], 0, request)

    def test_caches_draw_what_the_harness_draws(self):
        """All reads hit nine times in ten on uniform keys; no reads, and there is no ratio."""
        reads = CACHE | {"threads": 1, "params": CACHE["params"] | {
            "p_skew": 0, "p_read_pct": 100}}
        writes = CACHE | {"params": CACHE["params"] | {"p_read_pct": 0}}
        _, (all_reads, no_reads) = self.talk(reads, writes)
        chance = 6 * (0.09 / all_reads["total_ops"]) ** 0.5
        self.assertAlmostEqual(all_reads["metrics"]["hit_ratio"], 0.9, delta=0.001 + chance)
        self.assertNotIn("hit_ratio", no_reads["metrics"])

    def test_a_cache_that_does_wrong_is_caught(self):
        bugs = ("foreign", "torn", "missing", "more")
        _, answers = self.talk(*(CACHE | {"peer": f"faulty:{bug}"} for bug in bugs))
        for bug, answer in zip(bugs, answers):
            self.assertEqual("error" in answer, bug == "more", (bug, answer))
            self.assertEqual(answer.get("torn", 0) > 0, bug != "more", (bug, answer))

    def test_caches_that_cannot_be(self):
        bad = [CACHE | {"params": CACHE["params"] | params} for params in (
            {"p_keys": 1}, {"p_keys": 2 ** 40}, {"p_skew": -1}, {"p_skew": 2000},
            {"p_read_pct": 101}, {"p_value_bytes": 7}, {"p_value_bytes": 2 ** 40})]
        _, answers = self.talk(*bad, CACHE)
        for request, answer in zip(bad, answers):
            self.assertEqual(list(answer), ["error"], request)
        self.assertGreater(answers[-1]["effects"], 0)


if __name__ == "__main__":
    unittest.main()
