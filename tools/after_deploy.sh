# Run by try_deploy.sh once the page's commands are done: does the service do its work, shut in as it is, and come back?
cd /
cat >/tmp/study.py <<'PYTHON'
import sys
from cxr_core.dicom.phantoms.phantom import Phantom
for number in (1, 2):
    open(f"/tmp/study-{number}.dcm", "wb").write(Phantom(number, number == 2, rows=400).data)
PYTHON
PYTHONPATH=/opt/cxr /opt/cxr/.venv/bin/python /tmp/study.py
# It has no key, and works by the reading worker alone: on a busy machine that may just be learning which runtime is quickest.
until cxr import /tmp/study-1.dcm /tmp/study-2.dcm >/tmp/imported; do sleep 10; done
cat /tmp/imported
[ "$(grep -c '"status": "predicted"' /tmp/imported)" = 2 ]
# Killed, each comes back; stopped, its watchdog ends it.
services="cxr-web cxr-worker@reading cxr-worker@learning cxr-listener"
for service in $services; do
    systemctl kill --signal=KILL --kill-who=main "$service"
done
sleep 40
systemctl kill --signal=STOP --kill-who=main cxr-listener
sleep 75
for service in $services; do
    systemctl is-active "$service"
    [ "$(systemctl show --property=NRestarts --value "$service")" -ge 1 ]
done
[ "$(systemctl show --property=NRestarts --value cxr-listener)" -ge 2 ]
curl --fail --silent --retry 60 --retry-delay 2 --retry-all-errors http://127.0.0.1:8501/readyz
# What the services may not do.
if runuser -u cxr -- test -w /opt/cxr/app.py; then exit 1; fi
[ "$(stat -c %a /var/lib/cxr)" = 700 ]
# Each line of the log is JSON, but for what the console says to whoever is to be the first admin.
journalctl --no-pager --output=cat --unit 'cxr-*' _UID="$(id -u cxr)" | grep -v '^ ' | /opt/cxr/.venv/bin/python -c '
import json, sys
print(sum(bool(json.loads(line)) for line in sys.stdin if line.strip()), "lines of the log are JSON")'
cxr verify
