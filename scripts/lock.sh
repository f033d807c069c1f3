#!/bin/sh
# Resolves pyproject.toml into the two lock files. For maintainers: needs uv and a package index; UV= names another uv.
# The locks must work anywhere: no address of an index, no path of this machine, wheels only, one set of versions for all Pythons.
set -eu
cd "$(dirname "$0")/.."

resolve() { # FILE PURPOSE [OPTION…]
    file=$1 purpose=$2
    shift 2
    "${UV:-uv}" pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --only-binary :all: --generate-hashes --no-header --no-strip-extras --no-emit-index-url --no-emit-find-links "$@" >"$file.new"
    {
        echo "# $purpose"
        echo "# Made by \`make lock\` from pyproject.toml; not edited by hand. Install: pip install --require-hashes -r $file"
        cat "$file.new"
    } >"$file"
    rm "$file.new"
}

resolve requirements.lock "What \`make run\` needs." --group build
resolve requirements-dev.lock "What \`make test\`, \`make lint\` and \`make bench\` need: requirements.lock and the tools." \
    --group build --group dev --constraint requirements.lock

for lock in requirements.lock requirements-dev.lock; do
    if grep -nE 'https?:|file:|find-links|index-url|(^|[ =])/[a-z]' "$lock"; then
        echo "$lock names an address or a path (above)." >&2
        exit 1
    fi
    if grep -nE '^(validators|dagster-dg-cli|dagster-cloud-cli)==' "$lock"; then
        echo "$lock brings PyPI's package \`validators\`, which collides with ours." >&2
        exit 1
    fi
    echo "$lock: $(grep -c '^[a-z0-9].*==' "$lock") packages"
done
