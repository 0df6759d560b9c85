#!/usr/bin/env bash
# Run a command on a newer QGIS than the machine's own, in a Debian folder that is built once (as root).
# usage: newer_qgis.sh trixie|sid COMMAND…
#   trixie: QGIS 3.40, Python 3.13     sid: QGIS 3.44, Python 3.14
# The repository is mounted at /w and is the working folder; pytest-qgis is first on PATH, the engine is
# in /opt/polychip-engine (editable: the repository's own). Building takes some 10 minutes and 3 GB.
set -euo pipefail
suite=$1; shift
repo=$(cd "$(dirname "$0")/.." && pwd)
root=${QGIS_ROOTS:-/var/tmp/qgis-roots}/$suite
engine=/opt/polychip-engine

if [ ! -x "$root/usr/bin/qgis.bin" ]; then
  command -v debootstrap >/dev/null || { apt-get -q update; apt-get -qy install debootstrap; }
  mkdir -p "$(dirname "$root")"
  debootstrap --variant=minbase "$suite" "$root"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
fi

# In a mount namespace of its own, so that nothing stays mounted.
inside() {
  mkdir -p "$root/w"
  unshare -m bash -c '
    root=$1 repo=$2; shift 2
    mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount --bind "$repo" "$root/w"
    exec chroot "$root" env -i PATH=/opt/tvenv/bin:/usr/bin:/bin HOME=/root LANG=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1 QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-offscreen}" \
      PIP_CERT=/etc/ssl/certs/host-ca.crt POLYCHIP_PYQT6=/opt/tvenv/qt6 \
      POLYCHIP_ENGINE="$POLYCHIP_ENGINE" POLYCHIP_ARTIFACTS="${POLYCHIP_ARTIFACTS:-}" \
      sh -c "cd /w && exec \"\$@\"" sh "$@"' _ "$root" "$repo" "$@"
}

export POLYCHIP_ENGINE=$engine/bin/polychip
# The machine's own certificates, for a network that has a proxy of its own.
mkdir -p "$root/etc/ssl/certs"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/host-ca.crt"
if [ ! -x "$root/usr/bin/qgis.bin" ]; then
  inside sh -c 'apt-get -q update && apt-get -qy --no-install-recommends install \
    qgis python3-venv python3-pytest xvfb xauth xdotool fonts-open-sans ca-certificates'
fi
if [ ! -d "$root/usr/lib/postgresql" ]; then
  mkdir -p "$root/etc/postgresql-common"
  echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
  inside sh -c 'apt-get -q update && apt-get -qy --no-install-recommends install postgresql-postgis'
fi
if [ ! -x "$root/opt/tvenv/bin/pip" ]; then
  inside python3 -m venv --system-site-packages /opt/tvenv
fi
if [ ! -e "$root/opt/tvenv/.ready" ]; then
  inside /opt/tvenv/bin/pip install -q "pytest>=8" "pytest-qgis>=2.1" "bandit>=1.7" "detect-secrets>=1.5"
  inside /opt/tvenv/bin/pip install -q --target /opt/tvenv/qt6 "PyQt6>=6.5"
  inside touch /opt/tvenv/.ready
fi
if [ ! -x "$root$engine/bin/polychip" ]; then
  # The engine wants Python 3.11 to 3.13; a newer one is not enough.
  inside sh -c "python3.13 -m venv $engine || { apt-get -q update && \
    apt-get -qy --no-install-recommends install python3.13-venv && python3.13 -m venv $engine; }"
  inside "$engine/bin/pip" install -q --editable /w
fi
if ! ls "$root$engine"/lib/python3*/site-packages/skimage >/dev/null 2>&1; then
  inside "$engine/bin/pip" install -q "scikit-image>=0.26"  # tests/qgis/oracle.py asks it
fi
export POLYCHIP_ARTIFACTS=/w/artifacts/$suite
inside "$@"
