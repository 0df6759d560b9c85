#!/usr/bin/env bash
# Install the Chromium in which report.html is tested: Debian's package; where there is none (Ubuntu has
# a snap instead), the browser that Playwright brings. Does nothing when one is there.
# Usage: install_chromium.sh PYTHON, the interpreter that has Playwright.
set -euo pipefail

python=$1
for name in chromium google-chrome google-chrome-stable chrome; do
  if command -v "$name" >/dev/null; then
    echo "Chromium: $(command -v "$name")"
    exit 0
  fi
done

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    echo "Chromium is missing, and needs root to install:" >&2
    echo "  apt-get install --no-install-recommends chromium fonts-open-sans" >&2
    exit 1
  fi
fi

apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=600)
"${apt[@]}" update
# Not piped into grep -q: it closes the pipe at the first match, which pipefail would take for a failure.
candidate=$(LC_ALL=C apt-cache policy chromium)
if [[ $candidate =~ Candidate:\ [0-9] ]] && ! grep -qi '^ID=ubuntu' /etc/os-release; then
  echo "Chromium: installing Debian's package"
  "${apt[@]}" install --no-install-recommends chromium fonts-open-sans
else
  echo "Chromium: installing Playwright's"
  "$python" -m playwright install --with-deps chromium
fi
