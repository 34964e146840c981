# Calls os-brick's iSCSI connector for its discoveries and prints what it found, a line
# for each. As root; the privileged half of os-brick runs in this process.
#
#   osbrick.py FOLDER_FOR_LOCKS
import sys

from oslo_concurrency import lockutils
from oslo_config import cfg

cfg.CONF(["--config-file", "/dev/null"], project="test")
lockutils.set_defaults(sys.argv[1])

from os_brick import privileged

privileged.default.set_client_mode(False)

from os_brick.initiator import utils
from os_brick.initiator.connectors import iscsi

connector = iscsi.ISCSIConnector(root_helper="")
discover = connector._discover_iscsi_portals
known = connector._get_discoverydb_portals


def portal(address, secret=None):
    properties = {
        "target_portal": address,
        "target_iqn": "iqn.2026-11.com.example:disk1",
        "target_lun": 1,
        "volume_id": "volume",
    }
    if secret:
        properties["discovery_auth_method"] = "CHAP"
        properties["discovery_auth_username"] = "host1"
        properties["discovery_auth_password"] = secret
    return properties


def show(name, call, *args):
    try:
        found = ", ".join(sorted("%s %s" % (ip, iqn) for ip, iqn, _ in call(*args)))
    except Exception as error:
        print(name, repr(error), file=sys.stderr)
        found = type(error).__name__
        if hasattr(error, "exit_code"):
            found += " %d" % error.exit_code
    print("%s: %s" % (name, found))


print("manual scan:", str(utils.ISCSI_SUPPORTS_MANUAL_SCAN).lower())
show("first", discover, portal("192.0.2.10:3260"))
show("again", discover, portal("192.0.2.10:3260"))
show("known", known, portal("192.0.2.10:3260"))
show("not known", known, portal("192.0.2.99:3260"))
show("one target", connector._get_ips_iqns_luns, portal("192.0.2.10:3260"))
show("IPv6", discover, portal("[2001:db8::10]:3260"))
show("IPv6, known", known, portal("[2001:db8::10]:3260"))
show("CHAP", discover, portal("192.0.2.11:3260", "secret-of-host1"))
show("CHAP, again", discover, portal("192.0.2.11:3260", "secret-of-host1"))
show("CHAP, known", known, portal("192.0.2.11:3260"))
show("wrong secret", discover, portal("192.0.2.11:3260", "wrong-of-host1"))
show("no secret", discover, portal("192.0.2.11:3260"))
show("refused", connector._get_ips_iqns_luns, portal("192.0.2.12:3260"))
