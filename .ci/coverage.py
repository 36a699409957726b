"""Reads the coverage report of .ci/coverage: lines reached in each folder, and which were not."""

import collections
import json
import pathlib
import sys

HERE = pathlib.Path.cwd().resolve()


def folder(path):
    """shared/domain/src/task/lapse.rs -> shared/domain: task; functions/timer/src/lib.rs -> functions/timer."""
    parts = path.parts
    if parts[0] == "functions":
        return "/".join(parts[:2])
    inside = parts[3] if len(parts) > 4 else "(top)"
    return f"shared/domain: {inside}"


def files(report):
    for file in report["files"]:
        path = pathlib.Path(*file["path"])
        if path.is_relative_to(HERE):
            # A module of tests inside a source counts its own lines, which the simulator never runs.
            relative = path.relative_to(HERE)
            if "tests" in relative.parts or relative.name == "tests.rs":
                continue
            yield relative, file


def own(file):
    """Traces outside a module of tests, with their line of source."""
    lines = file["content"].splitlines()
    ends = next((at for at, line in enumerate(lines) if line.startswith("#[cfg(test)]")), len(lines))
    for trace in file["traces"]:
        if trace["line"] <= ends:
            yield trace["line"], trace["stats"]["Line"], lines[trace["line"] - 1].strip()


def main(report, unreached=None):
    counted, missed = collections.defaultdict(lambda: [0, 0]), []
    for path, file in sorted(files(json.load(open(report)))):
        for line, hits, text in own(file):
            counted[folder(path)][0] += hits > 0
            counted[folder(path)][1] += 1
            if not hits:
                missed.append(f"{path}:{line}: {text}\n")
    for name, (hit, of) in sorted(counted.items()):
        print(f"{name:44} {hit:6} of {of:6} lines {100 * hit / of:6.1f} %")
    hit, of = (sum(pair[at] for pair in counted.values()) for at in (0, 1))
    print(f"{'all':44} {hit:6} of {of:6} lines {100 * hit / of:6.1f} %")
    if unreached:
        pathlib.Path(unreached).write_text("".join(missed))


main(*sys.argv[1:])
