//go:build linux

package iscsiadm

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-iscsi/discovery/internal/need"
)

const (
	bash           = "/bin/bash"
	heartbeatAgent = "usr/lib/ocf/resource.d/heartbeat/iscsi"
)

// standInIscsid starts a process that bears the name of the daemon, which both scripts
// look for.
func (d *desk) standInIscsid() {
	sleep := need.Program(d.t, "sleep")
	d.start(&exec.Cmd{Path: sleep, Args: []string{"iscsid", "infinity"}})
}

// runHeartbeat runs Heartbeat's resource agent, as a cluster would. Nothing logs in here,
// so the agent cannot start a target that it finds.
func runHeartbeat(d *desk) []string {
	d.standInIscsid()
	d.env = append(d.env,
		"OCF_ROOT="+filepath.Join(d.root, "usr/lib/ocf"),
		"OCF_FUNCTIONS_DIR="+filepath.Join(d.root, "usr/lib/ocf/lib/heartbeat"),
		"OCF_RESOURCE_INSTANCE=test",
		"OCF_RESKEY_udev=no",
		"HA_RSCTMP="+filepath.Join(d.folder, "home"),
		"HA_LOGFILE="+filepath.Join(d.folder, "home/log"),
		"HA_LOGFACILITY=none")
	var found []string
	for _, step := range []struct{ name, action, portal, target string }{
		{"monitor", "monitor", open + ":3260", disk1},
		{"start", "start", open + ":3260", disk1},
		{"start of a target that is not there", "start", open, disk1 + "0"},
		{"start at a refused portal", "start", closed + ":3260", disk1},
	} {
		cmd := d.command(bash, filepath.Join(d.root, heartbeatAgent), step.action)
		cmd.Env = append(cmd.Env, "OCF_RESKEY_portal="+step.portal, "OCF_RESKEY_target="+step.target)
		a := d.finish(cmd)
		text := a.stdout + strings.Join(a.stderr, "\n")
		d.t.Logf("%s: %d %s", step.name, a.exit, text)
		found = append(found, fmt.Sprintf("%s: %d%s", step.name, a.exit, with(text, "could not log in", "not found at portal", "could not perform sendtargets discovery")))
	}
	return found
}

// runScript runs open-iscsi's own script, which takes a failed discovery for one target
// without a name.
func runScript(d *desk) []string {
	d.standInIscsid()
	var found []string
	for _, portal := range []string{open, secure, closed} {
		a := d.run(bash, need.Program(d.t, "iscsi_discovery"), portal, "-m")
		d.t.Logf("%s: %+v", portal, a)
		line := regexp.MustCompile(`discovered \d+ targets`).FindString(a.stdout)
		nodes := strings.Fields(d.run(bash, "-c", "iscsiadm -m node").stdout)
		var names []string
		for i := 1; i < len(nodes) && portal == open; i += 2 {
			names = append(names, nodes[i])
		}
		found = append(found, strings.TrimSuffix(fmt.Sprintf("%s: %d, %s, %s", portal, a.exit, line, strings.Join(names, " ")), " "))
	}
	return found
}
