#!/bin/sh
# Runs every command of docs/deploy.md, in its order, on a fresh Debian 12 with systemd of its own (debootstrap and
# systemd-nspawn, as root), and then whatever after_deploy.sh asks of it. NSPAWN has more options, as for packages.
set -eu
cd "$(dirname "$0")/.."
place=${1:?try_deploy.sh FOLDER: where the Debian is to be made}
if [ ! -e "$place/etc/debian_version" ]; then
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates bookworm "$place"
fi
git bundle create --quiet "$place/cxr.bundle" HEAD
python3 tools/page_commands.py docs/deploy.md >"$place/page.sh"
cp tools/after_deploy.sh "$place/after.sh"
cat >"$place/etc/systemd/system/trial.service" <<'UNIT'
[Unit]
After=basic.target
[Service]
Type=oneshot
Environment=PASSWORD=a-long-password HOME=/root
ExecStart=/bin/sh -c 'cd /; for part in page after; do began=$(date +%%s); /bin/bash -xeuo pipefail /$part.sh; \
    status=$?; echo; echo "$part: status $status in $(($(date +%%s) - began)) s"; done >/trial.log 2>&1'
ExecStopPost=/bin/systemctl --no-block poweroff
TimeoutStartSec=infinity
UNIT
mkdir -p "$place/etc/systemd/system/multi-user.target.wants"
ln -sf ../trial.service "$place/etc/systemd/system/multi-user.target.wants/trial.service"
# shellcheck disable=SC2086  (several words)
SYSTEMD_NSPAWN_TMPFS_TMP=0 systemd-nspawn --quiet --directory="$place" --register=no --keep-unit ${NSPAWN-} --boot </dev/null >"$place/boot.log" 2>&1
grep -E '^(page|after): ' "$place/trial.log"
[ "$(grep -cE '^(page|after): status 0 ' "$place/trial.log")" = 2 ]
