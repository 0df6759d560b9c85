#!/bin/sh
# Debian's and Ubuntu's python3 come without `python3 -m venv`: install it where we may.
set -eu
run=""
[ "$(id -u)" = 0 ] || run="sudo -n"
if command -v apt-get >/dev/null && { [ -z "$run" ] || $run true 2>/dev/null; }; then
    $run apt-get update -qq
    $run apt-get install -y -qq --no-install-recommends python3-venv
else
    echo "python3 can't make virtual environments: install python3-venv and run make again" >&2
    exit 1
fi
