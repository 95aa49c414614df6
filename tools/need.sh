#!/bin/sh
# Make sure that this machine has what a make target needs from outside Python: need.sh venv PYTHON | mosquitto | softhsm2
# Debian splits venv from python3, and neither broker nor software token is on PyPI. As root the missing package is installed; anyone
# else is told its name and the target stops.
set -eu

packages_for() {
    case "$1" in
        venv)
            "$2" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
                echo "siteward needs Python 3.11 or later; $2 is $("$2" --version 2>&1). Try: make PYTHON=python3.12" >&2
                exit 1
            }
            "$2" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
            ;;
        mosquitto)
            PATH="$PATH:/usr/sbin" command -v mosquitto >/dev/null || echo mosquitto
            ;;
        softhsm2)
            command -v softhsm2-util >/dev/null || echo softhsm2
            ;;
    esac
}

packages=$(packages_for "$@")
[ -n "$packages" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$packages" >/dev/null
else
    echo "missing: $packages. Install it first, for example: sudo apt-get install $packages" >&2
    exit 1
fi
