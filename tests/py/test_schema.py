"""Versions of the schema: what a file of each may hold, and runs of two versions side by side."""

import dataclasses
import re
import unittest
import unittest.mock

import fixture
from comparecase import BASE, ID_B, Case, times
from contendlib import condense, reader, schema
from contendlib.errors import ContendError, InputError

OLD, POOL_2 = 1, 2      # what was before, and the version that brought the pool's newest columns
POOL_1 = ("schema_version,run_id,family,contestant,workload,exec,placement,threads,rep,"
          "p_workers,p_queue,p_wait_pct,p_jobs,ops,window_ns,ops_per_s,ns_per_op,"
          "overlap_ratio,start_skew_ns,fairness_jain,fairness_min_max,latency_p50_ns,"
          "latency_p99_ns,latency_p999_ns,latency_max_ns,latency_samples,clock_ns,"
          "voluntary_switches,involuntary_switches,migrations,steal_pct,other_cpu_pct,"
          "run_delay_pct,freq_mhz,freq_drift_pct,throttled,hop_ns,hop_after_ns,scaling_ratio,"
          "attempts,predicted_workers,peak_rss_mb,rss_growth_mb,verified,noise,flags")

CACHE_2 = (POOL_1.replace("p_workers,p_queue,p_wait_pct,p_jobs", "p_read_pct,p_skew,p_shards,p_keys")
           .replace("predicted_workers,peak_rss_mb,rss_growth_mb", "hit_ratio"))


def overhead(values, **more):
    """Rows of the pool `guide`, one worker, one submitter, one job a call."""
    return [fixture.cells("pool", **({"contestant": "guide", "workload": "overhead", "rep": rep,
                                      "p_workers": 1, "p_queue": 100, "p_batch": 1,
                                      "p_submitters": 1, "ns_per_op": ns} | more))
            for rep, ns in enumerate(values)]


def old(rows, version=OLD):
    """The rows as that version wrote them."""
    return [{name: row[name] for name in schema.header(row["family"], version)} |
            {"schema_version": str(version)} for row in rows]


def get_set(values, **more):
    """Rows of the cache `guide_mutex`, nine reads in ten, uniform keys."""
    return [fixture.cells("cache", **({"contestant": "guide_mutex", "workload": "get_set", "rep": rep,
                                       "p_read_pct": 90, "p_skew": 0, "p_keys": 100_000,
                                       "p_value_bytes": 64, "ns_per_op": ns} | more))
            for rep, ns in enumerate(values)]


class Columns(unittest.TestCase):
    def test_version_1_never_changes(self):
        self.assertEqual(",".join(schema.header("pool", OLD)), POOL_1)
        self.assertEqual(schema.families(OLD),
                         ("counter", "lock", "sync", "task", "channel", "context", "machine",
                          "limiter", "pool", "cache", "control"))
        for family in schema.families(OLD):
            if family not in ("pool", "cache"):
                self.assertEqual(schema.header(family, OLD), schema.header(family), family)

    def test_version_2_never_changes(self):
        self.assertEqual(schema.families(2), schema.families(3))
        for family in schema.families(2):
            if family != "cache":
                self.assertEqual(schema.header(family, 2), schema.header(family), family)
        for version in (1, 2):
            self.assertEqual(",".join(schema.header("cache", version)), CACHE_2)

    def test_no_column_is_newer_than_the_version(self):
        for family in schema.FAMILIES.values():
            self.assertIn(family.since, range(1, schema.SCHEMA_VERSION + 1))
            for column in schema.columns(family.name):
                self.assertIn(column.since, range(1, schema.SCHEMA_VERSION + 1), column.name)

    def test_the_newest_version_brought_something(self):
        newest = [f.name for f in schema.FAMILIES.values() if f.since == schema.SCHEMA_VERSION]
        newest += [c.name for f in schema.FAMILIES for c in schema.columns(f)
                   if c.since == schema.SCHEMA_VERSION]
        self.assertTrue(newest)

    def test_values_of_old_rows_fit_their_columns(self):
        for family in schema.FAMILIES.values():
            for column in family.params:
                for _, value in column.before:
                    self.assertGreater(column.since, family.since, column.name)
                    self.assertEqual(reader._value(column, str(value)), value)


class Files(Case):
    def read(self, text, family="pool"):
        path = self.dir / f"{family}.csv"
        fixture.write(path, text)
        return reader.read_csv(path)

    def refuse(self, text, message):
        with self.assertRaises(InputError) as caught:
            self.read(text)
        self.assertEqual(caught.exception.exit_code, 3)
        self.assertIn(message, caught.exception.report())
        self.assertNotIn("\n", caught.exception.report())

    def test_a_file_of_version_1(self):
        table = self.read(fixture.csv_text("pool", old(overhead(BASE))))
        self.assertEqual((table.version, table.columns), (1, POOL_1.split(",")))
        row = table.rows[0]
        self.assertEqual((row["p_workers"], row["ns_per_op"]), (1, BASE[0]))
        self.assertIsNone(row.get("p_batch"))
        self.assertNotIn("busiest_ratio", row)

    def test_a_file_of_version_2(self):
        table = self.read(fixture.csv_text("pool", old(overhead(BASE, busiest_ratio=1.5), POOL_2)))
        self.assertEqual((table.version, table.columns), (2, schema.header("pool", 2)))
        self.assertEqual((table.rows[0]["p_batch"], table.rows[0]["busiest_ratio"]), (1, 1.5))

    def test_a_cache_file_of_version_2(self):
        table = self.read(fixture.csv_text("cache", old(get_set(BASE, hit_ratio=0.9), 2)), "cache")
        self.assertEqual((table.version, table.columns), (2, CACHE_2.split(",")))
        row = table.rows[0]
        self.assertEqual((row["hit_ratio"], row.get("p_value_bytes"), row.get("hash")),
                         (0.9, None, None))
        self.assertEqual(condense.value(row, "p_value_bytes"), 24)
        self.assertIsNone(condense.value(row, "p_capacity"))

    def test_a_cache_file_of_version_3(self):
        rows = get_set(BASE, hit_ratio=0.9, hash="ct_hash", p_capacity=1000, bytes_per_entry=120.5)
        rows += get_set(BASE, contestant="null")
        table = self.read(fixture.csv_text("cache", rows), "cache")
        self.assertEqual((table.version, table.columns), (3, schema.header("cache")))
        row = table.rows[0]
        self.assertEqual((row["hash"], row["p_value_bytes"], row["bytes_per_entry"]),
                         ("ct_hash", 64, 120.5))
        self.assertIsNone(table.rows[-1]["hash"])

    def test_a_word_is_a_name(self):
        for text in ("=cmd", "a b", "../x", "x" * 200):
            with self.assertRaisesRegex(InputError, "hash '.*', expected a name"):
                self.read(fixture.csv_text("cache", get_set(BASE, hash=text)), "cache")

    def test_a_word_is_no_metric_and_no_part_of_a_point(self):
        failed = get_set(BASE[:1], hash="ct_hash", ns_per_op=None, verified=0, noise=None,
                         flags="failed")
        table = self.read(fixture.csv_text("cache", failed), "cache")
        self.assertEqual(table.rows[0]["hash"], "ct_hash")
        alone = get_set(BASE[:1], hash="ct_hash", ns_per_op=None)
        with self.assertRaisesRegex(InputError, "a row without metrics"):
            self.read(fixture.csv_text("cache", alone), "cache")
        twice = get_set(BASE[:1], hash="ct_hash") + get_set(BASE[:1], hash="fnv")
        with self.assertRaisesRegex(InputError, "same point and rep"):
            self.read(fixture.csv_text("cache", twice), "cache")
        self.assertNotIn("hash", schema.metric_names("cache") + schema.params("cache"))

    def test_a_new_column_in_an_old_file(self):
        text = fixture.csv_text("pool", overhead(BASE)).replace("\n3,", "\n1,")
        self.refuse(text, "pool.csv:1: column 'p_batch' of schema version 2 in a file of version 1,"
                          " expected the 46 columns of family pool in version 1, found")

    def test_an_old_file_that_says_it_is_new(self):
        text = fixture.csv_text("pool", old(overhead(BASE))).replace("\n1,", "\n2,")
        self.refuse(text, "pool.csv:1: column 'p_batch' missing, expected the")
        text = fixture.csv_text("cache", old(get_set(BASE), 2)).replace("\n2,", "\n3,")
        self.refuse(text, "pool.csv:1: column 'p_value_bytes' missing, expected the")

    def test_a_new_family_in_an_old_file(self):
        with unittest.mock.patch.dict(schema.FAMILIES, {"cache": dataclasses.replace(
                schema.FAMILIES["cache"], since=2)}):
            rows = fixture.other_rows("cache")
            text = fixture.csv_text("cache", rows)
            self.assertEqual(self.read(text).version, 3)
            self.refuse(text.replace("\n3,", "\n1,"), ":2: family 'cache' of schema version 2 in a "
                        "file of version 1, expected one of counter, lock")

    def test_versions_do_not_mix(self):
        rows = fixture.counter_rows(reps=1)
        text = fixture.csv_text("counter", rows)
        at = text.rindex("\n3,")
        self.refuse(text[:at] + "\n1," + text[at + 3:], "schema_version 1 after 3 in one file")
        fixture.write_run(self.dir / "a", {"counter": rows})
        fixture.write_table(self.dir / "a", "pool", old(overhead(BASE)))
        with self.assertRaisesRegex(InputError, "pool.csv: schema_version 1, expected 3 as in the "
                                                "other files"):
            reader.read_run(self.dir / "a")


class TwoVersions(Case):
    """A run of an older version (a) against one of the newest (b)."""

    def both(self, a, b, family="pool", version=OLD):
        for name, rows, run_id, of in (("a", a, fixture.RUN_ID, version),
                                       ("b", b, ID_B, schema.SCHEMA_VERSION)):
            fixture.write_run(self.dir / name, {family: rows}, run_id, of)

    def test_compare_finds_the_points_of_both(self):
        self.both(overhead(BASE), overhead(times(1.5)) + overhead(times(1.2), p_batch=16)
                  + overhead(times(1.4), p_submitters=4))
        found = self.json()
        point, = found["points"]
        self.assertEqual((point["verdict"], point["contestant"]), ("worse", "guide"))
        self.assertEqual((point["p_batch"], point["p_submitters"]), (1, 1))
        self.assertRegex(self.text(), r"guide +overhead +10.35 +15.52 +0.667")
        # and the other way round
        self.assertEqual(self.json(a="b", b="a")["points"][0]["verdict"], "better")

    def test_where_sees_what_old_rows_had(self):
        self.both(overhead(BASE), overhead(times(1.5)))
        self.assertEqual(len(self.json("--where", "p_batch=1")["points"]), 1)
        with self.assertRaises(ContendError):
            self.json("--where", "p_batch=16")

    def test_compute_time_of_old_sizing_rows(self):
        cells = {"workload": "sizing", "p_wait_pct": 50, "p_queue": None, "p_batch": None,
                 "p_submitters": None}
        self.both(overhead(BASE, **cells),
                  overhead(times(1.5), **cells, p_compute_us=100)
                  + overhead(times(1.5), **cells, p_compute_us=1))
        point, = self.json()["points"]
        self.assertEqual(point["p_compute_us"], 100)

    def test_size_of_old_values(self):
        self.both(get_set(BASE), get_set(times(1.5), p_value_bytes=24)
                  + get_set(times(1.4), p_value_bytes=64), "cache", 2)
        point, = self.json()["points"]
        self.assertEqual((point["verdict"], point["p_value_bytes"]), ("worse", 24))
        with self.assertRaises(ContendError):
            self.json("--where", "p_value_bytes=64")

    def test_old_rows_condense_like_new_ones(self):
        self.both(overhead(BASE), overhead(BASE))
        keys = [condense.condense(reader.read_run(self.dir / name).rows("pool"))[0].key
                for name in ("a", "b")]
        self.assertEqual(keys[0], keys[1])
        self.assertEqual(condense.check_metric("busiest_ratio").better, "lower")


class Readme(unittest.TestCase):
    def test_new_columns_say_so(self):
        table = schema.readme_table()
        self.assertRegex(table, re.escape("| `busiest_ratio` |") + r".*\(since version 2\) \|")
        self.assertNotRegex(table, r"`p_workers`.*since version")
        self.assertIn("### Words of `cache` only", table)
        self.assertRegex(table, r"\| `hash` \|  \| name or empty \| .* \(since version 3\) \|")


if __name__ == "__main__":
    unittest.main()
