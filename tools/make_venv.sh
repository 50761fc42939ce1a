#!/bin/sh
# Makes .venv with a Python of at least 3.11; installs Debian's venv module first where it is missing.
set -eu

[ -x .venv/bin/pip ] && exit 0

for python in "${PYTHON:-}" python3 python3.11 python3.12 python3.13; do
    [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
    python=
done
if [ -z "$python" ]; then
    echo "keyhole: Python 3.11 or newer is needed; set PYTHON to its path" >&2
    exit 2
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" != 0 ]; then
        echo "keyhole: Python's venv module is missing; run: sudo apt-get install python3-venv" >&2
        exit 2
    fi
    echo "Installing python3-venv ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq -y --no-install-recommends install python3-venv >/dev/null
fi
echo "Making .venv with $("$python" --version) ..."
"$python" -m venv .venv
