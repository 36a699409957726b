"""Measures side by side, each round in another order: called by `.ci/peers`, which builds what is compared."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from bundle import LOOK_S, LOOKS, Process, drive, free_port, settle, stored

ROUNDS = int(os.environ["ROUNDS"])
DRIVER = os.environ["DRIVER"]
NODE = os.environ["NODE_FOLDER"]
BINARIES = {"new": os.environ["NEW_BINARY"], "old": os.environ["OLD_BINARY"]}
TOKEN = "local-auth-token"

# Messages: as many, of as many customers who take turns, after as many that warm everything up.
MESSAGES = int(os.environ.get("MESSAGES", "1500"))
CUSTOMERS, AT_ONCE, WARM_UP, ALONE = MESSAGES // 10, 32, 200, 200
# Tasks: 20 a second, then many at once.
WORKERS, SKILLS, PACED, RATE, MANY = 100, 10, 200, 20, 500
# What the older program did beside Node with PostgreSQL when that was first measured, and how far from it a run may be.
KNOWN_RATIO, KNOWN_TOLERANCE = 0.82, 0.15
LONG = 50_000
# Flat: what a message costs at the beginning and behind so many, and what nothing costs behind as many.
SPAN, MANY_MESSAGES, IDLE_AT, IDLE_S = 2_000, 200_000, 80_000, 20
# Webhooks that are verified, after as many that warm everything up.
VERIFIED = 20_000
# Much: so many workers, and so many tasks that wait for one.
MANY_WORKERS, MANY_WAITING = 7_500, 20_000
MANY_SCHEDULED = 10_000


def bundle(which, folder=None):
    """A running bundle, and its port."""
    port = free_port()
    command = [BINARIES[which], "--port", str(port), "--no-demo"]
    return Process(command + (["--data", folder] if folder else []), r"^ready on "), port


class Postgres:
    """PostgreSQL as it comes, with fsync, in a folder of its own."""

    def __init__(self, folder):
        self.user = "postgres" if os.getuid() == 0 else None
        programs = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        found = programs.stdout.strip() or "/usr/lib/postgresql/15/bin"
        self.folder = os.path.join(folder, "postgres")
        os.mkdir(self.folder)
        os.chmod(folder, 0o755)
        if self.user:
            shutil.chown(self.folder, self.user)
        initdb = [f"{found}/initdb", "--pgdata", f"{self.folder}/data", "--auth", "trust", "--username", "peer"]
        subprocess.run(initdb, check=True, capture_output=True, user=self.user, cwd="/")
        command = [f"{found}/postgres", "-D", f"{self.folder}/data", "-k", self.folder, "-c", "listen_addresses="]
        self.process = Process(command, "ready to accept connections", user=self.user)

    def env(self):
        return {"PGHOST": self.folder, "PGUSER": "peer", "PGDATABASE": "postgres"}


class Side:
    """One program under load: what takes webhooks on a port."""

    def __init__(self, name):
        self.name, self.folder = name, tempfile.mkdtemp(prefix="switchboard-peers-")
        if name == "node":
            postgres = Postgres(self.folder)
            self.port = free_port()
            command = ["node", "messages.mjs", str(self.port), TOKEN]
            node = Process(command, r"^ready on ", env=postgres.env(), cwd=NODE)
            self.processes = [node, postgres.process]
        else:
            which, _, mode = name.partition(" ")
            data = os.path.join(self.folder, "data") if mode == "--data" else None
            one, self.port = bundle(which, data)
            self.processes = [one]
            drive(DRIVER, self.port, "address")

    def cpu_seconds(self):
        return sum(one.cpu_seconds() for one in self.processes)

    def stop(self):
        for one in self.processes:
            one.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def messages_of(name):
    """What one program does with messages, in one round."""
    side = Side(name)
    try:
        load = ["messages", "--at-once", AT_ONCE]
        drive(DRIVER, side.port, *load, "--count", WARM_UP, "--customers", 20, "--first", 900_000)
        before = side.cpu_seconds()
        busy = drive(DRIVER, side.port, *load, "--count", MESSAGES, "--customers", CUSTOMERS)
        settle(side.processes)
        cpu = (side.cpu_seconds() - before) * 1000 / MESSAGES
        if name != "node":
            stored(DRIVER, side.port, WARM_UP + MESSAGES)
        alone = drive(
            DRIVER, side.port, "messages", "--count", ALONE, "--customers", 20, "--first", 800_000
        )
    finally:
        side.stop()
    return {
        "acks a second": busy["per_second"],
        "ack p50 ms": busy["ack_ms"]["p50"],
        "ack p99 ms": busy["ack_ms"]["p99"],
        "CPU ms a message": cpu,
        "alone: ack p50 ms": alone["ack_ms"]["p50"],
        "driver CPU ms": busy["driver_cpu_ms"],
    }


def tasks_of(name):
    """What one program does with tasks, in one round."""
    if name == "BullMQ":
        return bullmq()
    side, callback = Side(name), free_port()
    try:
        shape = ["--workers", WORKERS, "--skills", SKILLS, "--callback", callback]
        made = drive(DRIVER, side.port, "workspace", *shape)
        settle(side.processes)
        load = ["tasks", "--workspace", made["workspace"], "--workflow", made["workflow"]]
        load += ["--skills", SKILLS, "--callback", callback]
        paced = drive(DRIVER, side.port, *load, "--count", PACED, "--rate", RATE)
        many = drive(DRIVER, side.port, *load, "--count", MANY)
    finally:
        side.stop()
    return tasks_figures(paced, many)


def tasks_figures(paced, many):
    return {
        "told p50 ms": paced["told_ms"]["p50"],
        "told p99 ms": paced["told_ms"]["p99"],
        "ack p50 ms": paced["ack_ms"]["p50"],
        "completed a second": many["completed_per_second"],
    }


def bullmq():
    """A job queue on Redis that writes to disk every second."""
    folder, port = tempfile.mkdtemp(prefix="switchboard-peers-"), free_port()
    command = [os.environ.get("REDIS", "redis-server"), "--port", str(port), "--dir", folder]
    redis = Process(command + ["--appendonly", "yes", "--appendfsync", "everysec"], "Ready to accept")
    try:
        figures = []
        for count, rate in ((PACED, RATE), (MANY, 0)):
            run = ["node", "tasks.mjs", *map(str, (port, WORKERS, SKILLS, count, rate))]
            done = subprocess.run(run, cwd=NODE, capture_output=True, text=True, check=True)
            figures.append(json.loads(done.stdout))
    finally:
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return tasks_figures(*figures)


def in_turn(sides, measure):
    """All sides in each round, every round beginning with another one."""
    rounds = {name: [] for name in sides}
    for number in range(ROUNDS):
        turn = number % len(sides)
        for name in sides[turn:] + sides[:turn]:
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            rounds[name].append(measure(name))
    return rounds


def table(title, rounds, pairs):
    """Medians, and the medians of ratios paired within a round; above 1 the first of a pair is better."""
    names = list(rounds)
    print(f"\n## {title}, medians of {ROUNDS} rounds\n")
    print("| figure | " + " | ".join(names + [f"{one} ÷ {other}" for one, other in pairs]) + " |")
    print("|---|" + "--:|" * (len(names) + len(pairs)))
    ratios = {}
    for figure in rounds[names[0]][0]:
        more_is_better = figure.endswith("a second")
        cells = [f"{statistics.median(one[figure] for one in rounds[name]):.2f}" for name in names]
        for one, other in pairs:
            paired = [a[figure] / b[figure] for a, b in zip(rounds[one], rounds[other]) if b[figure] and a[figure]]
            ratio = statistics.median(paired) if paired else float("nan")
            ratio = ratio if more_is_better else 1 / ratio
            ratios[(figure, one, other)] = ratio
            cells.append(f"{ratio:.2f}")
        print(f"| {figure} | " + " | ".join(cells) + " |")
    return ratios


def messages():
    has_node = shutil.which("node") and os.path.isdir(os.path.join(NODE, "node_modules", "pg"))
    sides = ["new memory", "new --data", "old memory", "old --data"] + (["node"] if has_node else [])
    rounds = in_turn(sides, messages_of)
    pairs = [("new memory", "old memory"), ("new --data", "old --data")]
    if has_node:
        pairs += [(side, "node") for side in ("new memory", "new --data", "old memory")]
    ratios = table("Messages", rounds, pairs)
    if not has_node:
        print("\nNode, npm or PostgreSQL are not here: nothing is said of that peer.")
        return
    known = ratios[("acks a second", "old memory", "node")]
    if abs(known / KNOWN_RATIO - 1) <= KNOWN_TOLERANCE:
        print(f"\nThe older program does {known:.2f} of Node's messages, as it is known to: the comparison counts.")
    else:
        print(
            f"\nThe older program does {known:.2f} of Node's messages and is known to do {KNOWN_RATIO}: "
            "**the comparison with Node does not count**."
        )


def tasks():
    sides = ["new memory", "old memory"]
    pairs = [("new memory", "old memory")]
    has_redis = shutil.which(os.environ.get("REDIS", "redis-server"))
    if has_redis and os.path.isdir(os.path.join(NODE, "node_modules", "bullmq")):
        sides.append("BullMQ")
        pairs.append(("new memory", "BullMQ"))
    else:
        print("\nredis-server or Node is not here: tasks are not compared with BullMQ.")
    table("Tasks", in_turn(sides, tasks_of), pairs)


def memory():
    print(f"\n## Memory after {LONG:,} messages, in memory mode\n")
    for which in ("new", "old"):
        side = Side(f"{which} memory")
        try:
            load = ["messages", "--count", LONG, "--customers", LONG // 10, "--at-once", AT_ONCE]
            drive(DRIVER, side.port, *load)
            settle(side.processes)
            resident = sum(one.resident_mb() for one in side.processes)
        finally:
            side.stop()
        print(f"{which}: {resident:.0f} MB resident")


def start():
    def once(which):
        folder, port = tempfile.mkdtemp(prefix="switchboard-peers-"), free_port()
        arguments = ["--port", str(port), "--no-demo", "--data", os.path.join(folder, "data")]
        try:
            return drive(DRIVER, port, "first", BINARIES[which], "--", *arguments)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    rounds = in_turn(["new", "old"], once)
    table("Start to the first signed webhook answered, new --data folder", rounds, [("new", "old")])


def flat():
    """A message in a long-lived deployment beside one in a new one, and an idle one that has much to keep."""
    print(f"\n## The first {SPAN:,} messages, and as many behind {MANY_MESSAGES:,}\n")
    for mode in ("memory", "--data"):
        side, done = Side(f"new {mode}"), 0

        def write(count, side=side):
            nonlocal done
            before = side.cpu_seconds()
            load = ["--count", count, "--customers", count // 10, "--first", done, "--at-once", AT_ONCE]
            drive(DRIVER, side.port, "messages", *load)
            settle(side.processes, patience_s=1800)
            done += count
            return (side.cpu_seconds() - before) * 1000 / count

        try:
            write(SPAN)
            first = write(SPAN)
            write(IDLE_AT - done)
            before = side.cpu_seconds()
            time.sleep(IDLE_S)
            idle = (side.cpu_seconds() - before) * 100 / IDLE_S
            write(MANY_MESSAGES - done)
            last = write(SPAN)
            resident = sum(one.resident_mb() for one in side.processes)
        finally:
            side.stop()
        print(
            f"{mode}: {first:.3f} and {last:.3f} ms of CPU a message, {last / first:.2f} times; "
            f"idle with {IDLE_AT:,} messages {idle:.1f} %; {resident:.0f} MB with {done:,} messages"
        )


def waiting():
    """Many workers, and a queue where many tasks wait."""
    print(f"\n## {MANY_WORKERS:,} workers, {MANY_WAITING:,} tasks that wait, in memory\n")
    side = Side("new memory")
    try:
        found = drive(DRIVER, side.port, "waiting", "--workers", MANY_WORKERS, "--tasks", MANY_WAITING)
        before, started = side.cpu_seconds(), time.monotonic()
        settle(side.processes)
        found["placed_anew_settled_s"] = round(time.monotonic() - started - LOOKS * LOOK_S, 1)
        found["placed_anew_cpu_s"] = round(side.cpu_seconds() - before, 2)
    finally:
        side.stop()
    for figure, value in found.items():
        print(f"{figure}: {value}")


def scheduled():
    """Messages that are due in one minute, one after the other and all at once, and customers who write meanwhile."""
    for seconds in (60, 0):
        print(f"\n## {MANY_SCHEDULED:,} scheduled messages due within {seconds} s, in memory\n")
        side = Side("new memory")
        try:
            load = ("--count", MANY_SCHEDULED, "--seconds", seconds)
            found = drive(DRIVER, side.port, "scheduled", *load)
        finally:
            side.stop()
        for figure, value in found.items():
            print(f"{figure}: {value}")


def verify():
    """A webhook's signature and fields, beside the vendor's own package for Node."""
    if not (shutil.which("node") and os.path.isdir(os.path.join(NODE, "node_modules", "twilio"))):
        print("\nNode or npm are not here: nothing is said of the vendor's package.")
        return
    webhooks = json.dumps(drive(DRIVER, 0, "webhooks"))

    def once(name):
        if name == "new":
            return drive(DRIVER, 0, "verify", "--count", VERIFIED)
        command = ["node", "verify.mjs", TOKEN, str(VERIFIED)]
        done = subprocess.run(command, cwd=NODE, input=webhooks, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    table("A webhook is verified and read", in_turn(["new", "twilio (npm)"], once), [("new", "twilio (npm)")])


PARTS = {"messages": messages, "tasks": tasks, "memory": memory, "start": start, "flat": flat, "waiting": waiting, "scheduled": scheduled, "verify": verify}

for part in sys.argv[1:] or PARTS:
    PARTS[part]()
