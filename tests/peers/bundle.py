"""A bundle or a peer as a process of its own: started, reached, watched and stopped."""

import json
import os
import re
import signal
import socket
import subprocess
import time

# The kernel counts the time of a process in these.
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    """A process and everything that it started, by what /proc says of parents."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(parents.get(one, []))
    return found


class Process:
    """One server, with the processes that it started."""

    def __init__(self, command, ready, env=None, user=None, cwd=None):
        """Starts it, and waits for the line of its output that matches `ready`."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
            user=user,
            cwd=cwd,
            start_new_session=True,
        )
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if re.search(ready, line):
                break
        else:
            raise RuntimeError(f"{command[0]} did not start:\n{''.join(seen)}")
        # Nobody reads the rest, and a full pipe would stop it.
        self.drain = subprocess.Popen(
            ["cat"], stdin=self.process.stdout, stdout=subprocess.DEVNULL
        )
        self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid

    def cpu_seconds(self):
        """Of all its processes, those that ended and were waited for among them."""
        total = 0
        for pid in children(self.pid):
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except OSError:
                continue
            total += sum(int(fields[at]) for at in (11, 12, 13, 14))
        return total / TICKS

    def resident_mb(self):
        """What it has in memory, of all its processes."""
        total = 0
        for pid in children(self.pid):
            try:
                with open(f"/proc/{pid}/status", encoding="utf-8") as status:
                    found = re.search(r"VmRSS:\s+(\d+) kB", status.read())
            except OSError:
                continue
            total += int(found[1]) if found else 0
        return total / 1024

    def stop(self, how=signal.SIGTERM):
        """Ends it, and waits until it has ended."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.drain.wait()


# Whoever did next to nothing in so many looks in a row has nothing left to do. A busy machine leaves a process that has
# something to do more than that in each of them.
LOOK_S, LOOKS, NEXT_TO_NOTHING_S = 0.5, 8, 0.015


def settle(processes, patience_s=300):
    """Waits until processes have nothing left to do: what was acknowledged is under way until then."""
    until = time.monotonic() + patience_s
    quiet, before = 0, sum(one.cpu_seconds() for one in processes)
    while quiet < LOOKS:
        if time.monotonic() > until:
            raise RuntimeError(f"still at work after {patience_s} s")
        time.sleep(LOOK_S)
        now = sum(one.cpu_seconds() for one in processes)
        quiet = quiet + 1 if now - before < NEXT_TO_NOTHING_S else 0
        before = now


def stored(driver, port, expected):
    """Fails unless the conversations have as many messages as were acknowledged."""
    found = drive(driver, port, "stored")["messages"]
    if found != expected:
        raise RuntimeError(f"{expected} messages were acknowledged, and {found} are stored")


def drive(driver, port, *arguments):
    """Runs one command of the driver, and reads what it printed."""
    command = [driver, "--port", str(port), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)
