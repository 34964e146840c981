package openiscsi

import (
	"context"
	"os"
	"path/filepath"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

// elsewhere does what is not discovery: the real program does it, where there is one.
func (t *tool) elsewhere(ctx context.Context, args []string) error {
	switch {
	case t.settings.real != "":
		if err := t.checkReal(); err != nil {
			return err
		}
		return t.become(args)
	case t.listsNodes() || t.listsIfaces():
		if err := t.call.Check(); err != nil {
			return err
		}
	}
	switch {
	case t.listsNodes():
		return t.listNodes(ctx)
	case t.listsIfaces():
		return t.listIfaces()
	}
	if t.call.Mode.Ours() {
		return t.status(iscsiadm.ExitElsewhere, "-t %s is not here: discover asks portals (sendtargets) and iSNS servers (isns); set %s=/usr/sbin/iscsiadm", t.call.Type, realVariable)
	}
	if t.call.Mode == iscsiadm.Daemon {
		return t.status(iscsiadm.ExitElsewhere, "-k is not here: discover has no daemon; set %s=/usr/sbin/iscsiadm", realVariable)
	}
	return t.status(iscsiadm.ExitElsewhere, "-m %s is not here: discover finds targets and logs in to none; set %s=/usr/sbin/iscsiadm", t.call.Mode, realVariable)
}

// checkReal refuses a real program that is this one.
func (t *tool) checkReal() error {
	const instead = "set it to the iscsiadm of open-iscsi, or unset it"
	if t.settings.via {
		return t.status(iscsiadm.ExitElsewhere, "%s=%s leads back to discover: %s", realVariable, t.settings.real, instead)
	}
	if !filepath.IsAbs(t.settings.real) {
		return t.status(iscsiadm.ExitElsewhere, "%s=%s is not an absolute path: %s", realVariable, t.settings.real, instead)
	}
	real, err := os.Stat(t.settings.real)
	if err != nil {
		return t.status(iscsiadm.ExitElsewhere, "%s=%s cannot be run: %v; %s", realVariable, t.settings.real, err, instead)
	}
	self, err := os.Executable()
	if err != nil {
		return nil // the variable for the real program shows it then
	}
	if own, err := os.Stat(self); err == nil && os.SameFile(real, own) {
		return t.status(iscsiadm.ExitElsewhere, "%s=%s is discover itself: %s", realVariable, t.settings.real, instead)
	}
	return nil
}

// listsNodes reports a listing of all nodes, or of those at a portal with all their values.
func (t *tool) listsNodes() bool {
	c := t.call
	if c.Mode != iscsiadm.Node || !c.Only("PopS") {
		return false
	}
	return c.Ops == iscsiadm.Show || c.Ops == 0 && c.Portal.Address == ""
}

// listsIfaces reports a listing of all ifaces.
func (t *tool) listsIfaces() bool {
	c := t.call
	return c.Mode == iscsiadm.Iface && c.Only("Po") && (c.Ops == 0 || c.Ops == iscsiadm.Show)
}
