"""The columns stand in three places: schema.py, results/README.md and lib/harness/record.h."""

import pathlib
import re
import unittest
from dataclasses import replace

from contendlib import schema

ROOT = pathlib.Path(__file__).resolve().parents[2]


class ResultsReadme(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "results/README.md").read_text(encoding="utf-8")

    def test_tables_equal_the_schema(self):
        start, end = self.text.index("### Keys"), self.text.index("### Flags")
        self.assertEqual(self.text[start:end], schema.readme_table() + "\n")

    def test_flags_equal_the_schema(self):
        rows = [line.split("|")[1] for line in self.text[self.text.index("### Flags"):].splitlines()
                if line.startswith("| `")]
        self.assertEqual(re.findall(r"`(\w+)`", " ".join(rows)), list(schema.FLAGS))

    def test_version_equals_the_schema(self):
        self.assertIn(f"## Columns, schema version {schema.SCHEMA_VERSION}\n", self.text)


class Writer(unittest.TestCase):
    """The C side's lists, read from its sources."""

    def test_metrics(self):
        text = (ROOT / "lib/harness/record.h").read_text(encoding="utf-8")
        macro = text[text.index("#define MEASUREMENT_METRICS(X)"):]
        macro = re.match(r"(?:.*\\\n)*.*\n", macro).group()
        listed = re.findall(r"X\((\w+), (\d)\)", macro)
        self.assertEqual([name for name, _ in listed], [c.name for c in schema.METRICS])
        for name, count in listed:
            column = schema.column(name)
            if column.kind == "int":
                self.assertEqual(count, "1", f"{name}: written as a real, read as an integer")

    def test_version(self):
        text = (ROOT / "lib/harness/record.h").read_text(encoding="utf-8")
        self.assertIn(f"SCHEMA_VERSION = {schema.SCHEMA_VERSION} ", text)

    def test_flags(self):
        record = (ROOT / "lib/harness/record.c").read_text(encoding="utf-8")
        noise = (ROOT / "lib/harness/noise.c").read_text(encoding="utf-8")
        words = re.findall(r'\{ROW_\w+, "(\w+)"\}', record)
        names = noise[noise.index("names[CT_NOISE_BITS]"):]
        words += re.findall(r'"(\w+)"', names[:names.index("};")])
        self.assertEqual(words, list(schema.FLAGS))


class Schema(unittest.TestCase):
    COUNTER = ("schema_version,run_id,family,contestant,workload,exec,placement,threads,rep,"
               "p_read_pct,p_hold_ns,p_think_ns,p_sample_every,ops,window_ns,ops_per_s,ns_per_op,"
               "overlap_ratio,start_skew_ns,fairness_jain,fairness_min_max,latency_p50_ns,"
               "latency_p99_ns,latency_p999_ns,latency_max_ns,latency_samples,clock_ns,"
               "voluntary_switches,involuntary_switches,migrations,steal_pct,other_cpu_pct,"
               "run_delay_pct,freq_mhz,freq_drift_pct,throttled,hop_ns,hop_after_ns,scaling_ratio,"
               "attempts,lost_pct,verified,noise,flags")

    def test_header_of_version_1_never_changes(self):
        self.assertEqual(",".join(schema.header("counter", 1)), self.COUNTER)

    def test_other_families_differ_in_parameters_and_own_metrics_only(self):
        common = self.COUNTER.split(",")
        for name, own in (("machine", "p_cpu_a,p_cpu_b,p_idle_us,p_sleep_us"),
                          ("control", "p_pair,p_work_pct")):
            wanted = [c for c in common if not c.startswith("p_") and c != "lost_pct"]
            wanted[9:9] = own.split(",")
            self.assertEqual(schema.header(name), wanted)

    def test_a_name_means_the_same_in_every_family(self):
        for family in schema.FAMILIES:
            for column in schema.columns(family):
                self.assertEqual(replace(schema.column(column.name), since=1, before=()),
                                 replace(column, since=1, before=()))

    def test_roles(self):
        roles = {"mutex_go": "ours", "ticket": "ours", "atomic_add": "ours", "racy": "lossy",
                 "null": "floor", "ref": "baseline", "pthread_adaptive": "baseline",
                 "pthread_spin": "baseline", "pthread_rwlock": "baseline", "ck:mcs": "foreign",
                 "go:null": "foreign"}
        self.assertEqual({name: schema.role(name) for name in roles}, roles)
        self.assertEqual([n for n in roles if schema.house(n)],
                         ["mutex_go", "ticket", "atomic_add", "racy", "null"])


if __name__ == "__main__":
    unittest.main()
