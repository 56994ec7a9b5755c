"""Check that a wheel holds the package whole and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import PurePosixPath

tracked = subprocess.check_output(["git", "ls-files", "src"], text=True).split()
wanted = {
    path.removeprefix("src/")
    for path in tracked
    if not path.endswith((".c", ".h", ".pyx"))
}
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = {n for n in wheel.namelist() if ".dist-info/" not in n}
compiled = {n for n in names if PurePosixPath(n).match("imgmatch/_core.*.so")}
if missing := sorted(wanted - names):
    sys.exit(f"not in the wheel: {', '.join(missing)}")
if stray := sorted(names - wanted - compiled):
    sys.exit(f"should not be in the wheel: {', '.join(stray)}")
if len(compiled) != 1:
    sys.exit(f"want one compiled core, got {sorted(compiled)}")
print(f"{len(names)} files, as wanted")
