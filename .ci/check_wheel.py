"""Check that a wheel holds the package whole and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import PurePosixPath

tracked = subprocess.check_output(["git", "ls-files", "src"], text=True).split()
wanted = {
    path.removeprefix("src/")
    for path in tracked
    if not path.endswith((".c", ".h", ".pxd", ".pyx"))
}
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = {
        name
        for name in wheel.namelist()
        if ".dist-info/" not in name and not name.endswith("/")  # auditwheel's folders
    }
modules = ("imgmatch/_core", "imgmatch/_pixels", "imgmatch/index/_postings")
compiled = {
    name
    for name in names
    if any(PurePosixPath(name).match(f"{module}.*.so") for module in modules)
}
if missing := sorted(wanted - names):
    sys.exit(f"not in the wheel: {', '.join(missing)}")
if stray := sorted(names - wanted - compiled):
    sys.exit(f"should not be in the wheel: {', '.join(stray)}")
if len(compiled) != len(modules):
    sys.exit(f"want {' and '.join(modules)} compiled, got {sorted(compiled)}")
print(f"{len(names)} files, as wanted")
