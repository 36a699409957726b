"""Packs built functions as Lambda takes them: `pack.py BUILT PACKED MEBIBYTES LEVEL FUNCTION…`, LEVEL of deflate.

PACKED/FUNCTION/bootstrap is what the template names; PACKED.zips/FUNCTION.zip is what is uploaded. A zip depends on nothing
but the program: the same program is the same bytes. None may have more than so many mebibytes.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

# Amazon Linux 2023 has this glibc; a program that needs a newer one does not start there.
GLIBC = (2, 34)


def glibc(program):
    table = subprocess.run(["objdump", "-T", program], check=True, capture_output=True, text=True).stdout
    return max(tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([0-9.]+)", table))


def packed(program, path, level):
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, program.read_bytes(), zipfile.ZIP_DEFLATED, level)
    return path.stat().st_size


def main(built, out, most, level, *functions):
    out, most, wrong = Path(out), int(float(most) * 1024 * 1024), []
    zips = out.with_name(f"{out.name}.zips")
    for folder in (out, zips):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in functions:
        program = Path(built, name)
        folder = out / name
        folder.mkdir()
        subprocess.run(["strip", "-o", folder / "bootstrap", program], check=True)
        size, needs = packed(folder / "bootstrap", zips / f"{name}.zip", int(level)), glibc(program)
        print(f"{name}: {(folder / 'bootstrap').stat().st_size:,} bytes, {size:,} zipped, glibc {'.'.join(map(str, needs))}")
        if needs > GLIBC:
            wrong.append(f"{name} needs glibc {needs}, and Lambda has {GLIBC}")
        if size > most:
            wrong.append(f"{name} has {size:,} bytes zipped, more than {most:,}")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main(*sys.argv[1:])
