"""Counts instructions with callgrind: `profile.py BINARY DRIVER FOLDER LOCK`, called by `.ci/profile`."""

import os
import re
import subprocess
import sys

from bundle import Process, drive, free_port, settle, stored

# What is counted, after as many as warm everything up.
MESSAGES, CUSTOMERS, WARM_UP = 300, 30, 20
TASKS, WARM_TASKS, WORKERS, SKILLS = 65, 10, 10, 2
# How far a figure may be from its lock.
TOLERANCE = 0.03


def control(pid, *arguments):
    """Tells callgrind something."""
    subprocess.run(["callgrind_control", *arguments, str(pid)], check=True, capture_output=True)


def counted(path):
    """The instructions of a dump."""
    with open(path, encoding="utf-8") as dump:
        found = re.findall(r"^(?:totals|summary): (\d+)", dump.read(), re.MULTILINE)
    if not found:
        raise RuntimeError(f"callgrind counted nothing: {path}")
    return int(found[-1])


def count(binary, folder, name, warm, work, check=lambda port: None):
    """The instructions of `work`, which follows on `warm`; these and `check`, which comes last, are given the port."""
    port, out = free_port(), os.path.join(folder, f"{name}.out")
    for old in (entry for entry in os.listdir(folder) if entry.startswith(f"{name}.out")):
        os.remove(os.path.join(folder, old))
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    command += [binary, "--port", str(port), "--no-demo"]
    bundle = Process(command, r"^ready on ")
    try:
        warm(port)
        settle([bundle])
        control(bundle.pid, "--instr=on")
        work(port)
        settle([bundle])
        control(bundle.pid, "--instr=off")
        check(port)
    finally:
        bundle.stop()
    return counted(out)


def messages(binary, driver, folder):
    """Instructions per inbound message."""

    def warm(port):
        drive(driver, port, "address")
        drive(driver, port, "messages", "--count", WARM_UP, "--customers", 2, "--first", 9000)

    def work(port):
        drive(driver, port, "messages", "--count", MESSAGES, "--customers", CUSTOMERS)

    def check(port):
        stored(driver, port, WARM_UP + MESSAGES)

    return count(binary, folder, "messages", warm, work, check) / MESSAGES


def tasks(binary, driver, folder):
    """Instructions per task, from its creation to its completion."""
    made = {}
    callback = free_port()

    def run(port, number):
        arguments = ["--workspace", made["workspace"], "--workflow", made["workflow"]]
        arguments += ["--skills", SKILLS, "--callback", callback, "--count", number]
        drive(driver, port, "tasks", *arguments, "--rate", 2)

    def warm(port):
        arguments = ["--workers", WORKERS, "--skills", SKILLS, "--callback", callback]
        made.update(drive(driver, port, "workspace", *arguments))
        run(port, WARM_TASKS)

    return count(binary, folder, "tasks", warm, lambda port: run(port, TASKS)) / TASKS


def held(figures, lock):
    """Whether each figure is what its lock says, told line by line."""
    if not os.path.exists(lock):
        for name, figure in figures.items():
            print(f"{name:<24} {figure:>12,.0f}  no lock: UPDATE_INSTRUCTIONS=1 writes one")
        return False
    with open(lock, encoding="utf-8") as lines:
        kept = dict(line.split() for line in lines if line.strip() and not line.startswith("#"))
    ok = True
    for name, figure in figures.items():
        before = int(kept[name])
        change = figure / before - 1
        within = abs(change) <= TOLERANCE
        ok = ok and within
        verdict = "" if within else f": more than {TOLERANCE:.0%} away"
        print(f"{name:<24} {figure:>12,.0f}  lock {before:>12,}  {change:+.1%}{verdict}")
    return ok


def main():
    binary, driver, folder, lock = sys.argv[1:]
    figures = {
        "message": messages(binary, driver, folder),
        "task": tasks(binary, driver, folder),
    }
    if os.environ.get("UPDATE_INSTRUCTIONS"):
        with open(lock, "w", encoding="utf-8") as lines:
            lines.write("# Instructions of the laptop's program, written by UPDATE_INSTRUCTIONS=1 .ci/profile.\n")
            lines.writelines(f"{name} {figure:.0f}\n" for name, figure in figures.items())
    sys.exit(0 if held(figures, lock) else 1)


main()
