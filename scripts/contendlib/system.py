"""What Linux says about a machine, below any root: tests hand in a made-up /proc and /sys."""

import os
import pathlib
import re


class Tree:
    """Files below a root. What cannot be read is None, never a guess."""

    def __init__(self, root="/"):
        self.root = pathlib.Path(root)

    def path(self, name):
        return self.root / name.lstrip("/")

    def text(self, name):
        try:
            return self.path(name).read_bytes()[:1 << 20].decode("utf-8", "replace").strip()
        except OSError:
            return None

    def number(self, name):
        text = self.text(name)
        return int(text) if text is not None and re.fullmatch(r"-?[0-9]+", text) else None

    def names(self, name):
        try:
            return sorted(os.listdir(self.path(name)))
        except OSError:
            return []

    def field(self, name, key):
        """The value of a `key: value` line."""
        for line in (self.text(name) or "").splitlines():
            head, colon, value = line.partition(":")
            if colon and head.strip() == key:
                return value.strip()
        return None


def cpu_list(text):
    """"0-2,5" as {0, 1, 2, 5}; None when it is not such a list."""
    if not text or not re.fullmatch(r"[0-9]{1,6}(-[0-9]{1,6})?(,[0-9]{1,6}(-[0-9]{1,6})?)*", text):
        return None
    cpus = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        cpus.update(range(int(low), int(high or low) + 1))
    return cpus


def allowed_cpus(tree):
    return cpu_list(tree.field("/proc/self/status", "Cpus_allowed_list"))


def online_cpus(tree):
    return cpu_list(tree.text("/sys/devices/system/cpu/online"))


def cgroup_folders(tree):
    """[(version, folder)] of this process's cgroups that can hold a CPU quota, leaf to mount point.

    A quota on any of them counts. In a container the mount's own root may lie below the path that
    /proc/self/cgroup shows: then the mount point itself is the group.
    """
    own = {}
    for line in (tree.text("/proc/self/cgroup") or "").splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for controller in parts[1].split(","):
                own[controller] = parts[2]
    found = []
    for line in (tree.text("/proc/self/mountinfo") or "").splitlines():
        left, _, right = line.partition(" - ")
        left, right = left.split(), right.split()
        if len(left) < 5 or not right:
            continue
        root, mount = left[3], left[4]
        if right[0] == "cgroup2" and "" in own:
            version, path = 2, own[""]
        elif right[0] == "cgroup" and "cpu" in right[-1].split(",") and "cpu" in own:
            version, path = 1, own["cpu"]
        else:
            continue
        inside = pathlib.PurePosixPath("/")
        if ".." not in path and pathlib.PurePosixPath(path).is_relative_to(root):
            inside = "/" / pathlib.PurePosixPath(path).relative_to(root)
        for folder in (inside, *inside.parents):
            found.append((version, f"{mount}/{folder}".rstrip("/").replace("//", "/")))
    return found


def cpu_quota(tree):
    """CPUs' worth of time that the tightest cgroup quota allows, or None."""
    quotas = []
    for version, folder in cgroup_folders(tree):
        if version == 2:
            limit, _, period = (tree.text(f"{folder}/cpu.max") or "max").partition(" ")
        else:
            limit = str(tree.number(f"{folder}/cpu.cfs_quota_us"))
            period = str(tree.number(f"{folder}/cpu.cfs_period_us"))
        if limit.isdigit() and period.isdigit() and int(period):
            quotas.append(int(limit) / int(period))
    return min(quotas, default=None)


def process_times(tree):
    """{(pid, start time): (name, CPU ticks so far)} of every process."""
    times = {}
    for pid in tree.names("/proc"):
        if not pid.isdigit():
            continue
        text = tree.text(f"/proc/{pid}/stat") or ""
        # The name stands in parentheses and may hold any character, ')' too: the last one ends it.
        head, _, tail = text.rpartition(")")
        fields = tail.split()
        if len(fields) > 19 and "(" in head:
            times[int(pid), fields[19]] = (head.split("(", 1)[1], int(fields[11]) + int(fields[12]))
    return times


def busy(before, after, seconds, ticks_per_s, without=()):
    """[(name, share of one CPU)] of the processes that ran in between, the busiest first."""
    shares = []
    for key, (name, ticks) in after.items():
        used = ticks - before.get(key, (name, ticks))[1]
        if used > 0 and key[0] not in without:
            shares.append((name, used / ticks_per_s / seconds))
    return sorted(shares, key=lambda share: -share[1])


def cpu_jiffies(tree):
    """(all, stolen) of the first line of /proc/stat, or None."""
    first = (tree.text("/proc/stat") or "").partition("\n")[0].split()
    if len(first) < 9 or first[0] != "cpu" or not all(f.isdigit() for f in first[1:]):
        return None
    return sum(map(int, first[1:9])), int(first[8])
