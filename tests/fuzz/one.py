"""One target under atheris: `python -m tests.fuzz.one TARGET [libFuzzer's arguments]`."""

import sys

import atheris

with atheris.instrument_imports(include=["keyhole.protocols"]):
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
