#!/bin/sh
# Makes the hashed locks in requirements/ from pyproject.toml and the *.in files.
# Called by `make lock`; UPGRADE=1 takes newer versions. Needs uv, which the dev environment has.
set -eu
cd "$(dirname "$0")/.."
UV=${UV:-.venv/bin/uv}
set -- --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    --no-annotate --quiet ${UPGRADE:+--upgrade} --custom-compile-command "make lock"

# dev first: the smaller locks take the same versions, so one environment can grow into the other.
"$UV" pip compile "$@" --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
"$UV" pip compile "$@" --extra demo -c requirements/dev.txt pyproject.toml requirements/build.in \
    -o requirements/demo.txt
"$UV" pip compile "$@" --extra fuzz -c requirements/dev.txt pyproject.toml requirements/build.in \
    -o requirements/fuzz.txt
"$UV" pip compile "$@" -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt
"$UV" pip compile "$@" --override requirements/mailman-overrides.in requirements/mailman.in \
    -o requirements/mailman.txt
