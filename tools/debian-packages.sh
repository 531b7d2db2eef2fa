#!/bin/sh
# Installs the Debian packages of packages.txt that are missing, where this may be done (root on Debian).
set -eu
missing=""
while read -r package; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done < packages.txt
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086  (one word a package)
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing
else
    echo "These Debian packages are missing, and the tests that need them are skipped:$missing" >&2
fi
