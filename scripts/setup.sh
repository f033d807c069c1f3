#!/bin/sh
# Sets up `.venv` from the lock with hashes, and `.dagster`; quick when that is done already, repairs what was interrupted.
#
#   scripts/setup.sh run    what `make run` needs
#   scripts/setup.sh dev    that, and the tools of `make test`, `make lint` and `make bench`
#
# PYTHON= names the Python to use. Exit code 1 when it cannot be done, after one sentence that says why.
set -eu
unset CDPATH
cd "$(dirname "$0")/.."
here=$(pwd)
what=${1:-run}
wanted=${PYTHON:-}

say() { printf '%s\n' "$*"; }

fail() {
    say "$*" >&2
    exit 1
}

# --- which Python -------------------------------------------------------------------------------------------------

version_of() { # prints nothing if it does not run (a pyenv shim without its version, Windows' store alias)
    "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || true
}

find_python() { # sets `python` and `version`
    rejected=
    if [ -n "$wanted" ]; then set -- "$wanted"; else set -- python3 python3.13 python3.12 python3.11 python; fi
    for candidate in "$@"; do
        python=$(command -v "$candidate" || true)
        version=
        [ -z "$python" ] || version=$(version_of "$python")
        case $version in
            3.11.* | 3.12.* | 3.13.*) return ;;
            ?*) rejected="$rejected${rejected:+, }$version ($python)" ;;
        esac
    done
    if [ -n "$rejected" ]; then
        found="found only $rejected"
    elif [ -n "$wanted" ]; then
        found="PYTHON=$wanted does not run"
    else
        found="found no Python at all"
    fi
    fail "Breakwater needs Python 3.11, 3.12 or 3.13 and $found: install one of them, or name it with PYTHON=/path/to/python3."
}

# --- what is there already ----------------------------------------------------------------------------------------
# A stamp in .venv holds the key of what its step was made from; a step that did not end leaves none.

key_of() { say "$here $(cksum "$@")"; } # the folder belongs to it: a venv cannot be moved
stamp() { cat ".venv/breakwater-$1" 2>/dev/null || true; }
has() { [ "$(stamp "$1")" = "$2" ]; }

run_key=$(key_of requirements.lock)
dev_key=$(key_of requirements.lock requirements-dev.lock)
project_key=$(key_of pyproject.toml)

# --- the steps ----------------------------------------------------------------------------------------------------

make_venv() {
    rm -rf .venv
    say "1/3 virtual environment: Python $version ($python)"
    # Debian has Python without ensurepip: then the surroundings' own pip installs into the venv.
    if "$python" -m venv .venv >/dev/null 2>&1; then
        return
    fi
    rm -rf .venv
    "$python" -m venv --without-pip .venv ||
        fail "Python $version ($python) cannot make a virtual environment: install its venv module (Debian: apt install python3-venv)."
    "$python" -m pip --version >/dev/null 2>&1 ||
        fail "Python $version ($python) has no pip: install it (Debian: apt install python3-pip python3-venv)."
}

pip() {
    installer=.venv/bin/python
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        [ -n "${python:-}" ] || find_python
        installer=$python
        set -- --python .venv/bin/python "$@"
    fi
    PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 "$installer" -m pip "$@"
}

progress() { # reads pip's messages, notes them, prints a count: in place on a terminal, else a line for every twenty packages
    total=$1 count=0
    while read -r line; do
        printf '%s\n' "$line" >&3
        case $line in
            Collecting* | "Requirement already"*)
                count=$((count + 1))
                if [ -t 1 ]; then
                    name=${line#Collecting }
                    printf '\r\033[K    %d of about %d: %s' "$count" "$total" "${name%%[=<>[ ;]*}"
                elif [ $((count % 20)) -eq 0 ]; then
                    say "    $count of about $total fetched"
                fi
                ;;
            "Installing collected"*)
                [ ! -t 1 ] || printf '\r\033[K'
                say "    all fetched; installing them: half a minute or more"
                ;;
            "WARNING: Retrying"*) say "    the package index does not answer, trying again" ;;
        esac
    done 3>.venv/setup.log
    [ ! -t 1 ] || printf '\r\033[K'
}

install_packages() { # LOCK
    total=$(grep -c '^[a-z0-9].*==' "$1")
    say "2/3 packages: $total from $1, each checked by its hash"
    {
        pip install --no-input --progress-bar off --only-binary :all: --require-hashes -r "$1" 2>&1 || : >.venv/breakwater-failed
    } | progress "$total"
    if [ -e .venv/breakwater-failed ]; then
        tail -n 12 .venv/setup.log >&2
        fail "The packages of $1 could not be installed (above: what pip said last, all of it in .venv/setup.log); the next call starts again."
    fi
}

install_project() {
    say "3/3 the command breakwater"
    pip install --quiet --no-input --no-index --no-deps --no-build-isolation --editable . ||
        fail "The project itself could not be installed (pip says why, above)."
    say "$project_key" >.venv/breakwater-project
}

prepare_dagster_home() { # the committed dagster.yaml is the one in force
    mkdir -p .dagster
    [ "$(readlink .dagster/dagster.yaml 2>/dev/null)" = ../dagster.yaml ] || ln -sf ../dagster.yaml .dagster/dagster.yaml
}

# --- the way ------------------------------------------------------------------------------------------------------

case $what in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) fail "scripts/setup.sh: expected run or dev, got $what." ;;
esac

prepare_dagster_home
[ -z "$wanted" ] || find_python # a Python that was named is looked at, also when all is set up
usable=
if [ -x .venv/bin/python ] && has run "$run_key"; then
    { [ -n "$wanted" ] && ! has python "${version%.*}"; } || usable=yes
fi
complete=
if [ "$what" = run ] || has dev "$dev_key"; then complete=yes; fi
[ -z "$usable" ] || [ -z "$complete" ] || ! has project "$project_key" || exit 0

started=$(date +%s)
if [ -z "$usable" ]; then
    [ -n "$wanted" ] || find_python
    say "Setting up Breakwater in .venv: once, in about two minutes."
    make_venv
    install_packages "$lock"
    say "${version%.*}" >.venv/breakwater-python
elif [ -z "$complete" ]; then
    say "Adding the tools for tests to .venv: once, in less than a minute."
    rm .venv/breakwater-run # until they are in, .venv is not usable
    install_packages "$lock"
fi
install_project
[ "$what" = run ] || say "$dev_key" >.venv/breakwater-dev
say "$run_key" >.venv/breakwater-run
say "Ready after $(($(date +%s) - started)) s."
