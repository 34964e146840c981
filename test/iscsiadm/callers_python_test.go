//go:build linux

package iscsiadm

import (
	"encoding/json"
	"path/filepath"
	"strings"
)

const (
	python       = "/usr/bin/python3"
	pythonFolder = "usr/lib/python3/dist-packages"

	ansibleModule = pythonFolder + "/ansible_collections/community/general/plugins/modules/open_iscsi.py"
	osBrickScript = "testdata/osbrick.py"
)

// runAnsible runs the module community.general.open_iscsi as Ansible does on the host that
// it manages.
func runAnsible(d *desk) []string {
	var found []string
	for _, step := range []struct{ name, portal, conf string }{
		{name: "first", portal: open},
		{name: "again", portal: open},
		{name: "CHAP is wanted", portal: secure},
		{name: "refused", portal: closed},
		// The module has no CHAP for a discovery.
		{name: "CHAP of iscsid.conf", portal: secure, conf: chapConf},
	} {
		d.write("iscsi/iscsid.conf", conf+step.conf)
		cmd := d.command(python, "-m", "ansible_collections.community.general.plugins.modules.open_iscsi")
		cmd.Stdin = strings.NewReader(`{"ANSIBLE_MODULE_ARGS": {"portal": "` + step.portal + `", "discover": true, "show_nodes": true}}`)
		a := d.finish(cmd)
		var result struct {
			Changed, Failed bool
			Nodes           []string
		}
		if err := json.Unmarshal([]byte(a.stdout), &result); err != nil {
			d.t.Fatalf("%s: %v: %+v", step.name, err, a)
		}
		d.t.Logf("%s: %s", step.name, a.stdout)
		line := strings.Join(result.Nodes, " ")
		if result.Changed {
			line = "changed, " + line
		}
		if result.Failed {
			line = "failed"
		}
		found = append(found, step.name+": "+line)
	}
	return found
}

// chapConf is what iscsid.conf has to say for a discovery of the secure portal.
const chapConf = "discovery.sendtargets.auth.authmethod = CHAP\n" +
	"discovery.sendtargets.auth.username = " + hostUser + "\n" +
	"discovery.sendtargets.auth.password = " + hostSecret + "\n"

// runOSBrick calls os-brick's connector as OpenStack's services do.
func runOSBrick(d *desk) []string {
	script, err := filepath.Abs(osBrickScript)
	if err != nil {
		d.t.Fatal(err)
	}
	a := d.run(python, script, filepath.Join(d.folder, "home"))
	if a.exit != 0 {
		d.t.Fatalf("%+v", a)
	}
	d.t.Log(strings.Join(a.stderr, "\n"))
	return strings.Split(strings.TrimSpace(a.stdout), "\n")
}
