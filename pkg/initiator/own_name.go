package initiator

import (
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// ownName holds an iSCSI name of our own against the rules that d has. unusual is
// as CheckName has it.
func (d *Discoverer) ownName(iqn string) (unusual string, err error) {
	if d.StrictNames {
		return "", name.Validate(iqn)
	}
	return name.CheckName(iqn)
}

// checkName is ownName for the name of a portal. Most portals are asked by the
// name of the portal before, which is not checked again.
func (a *attempt) checkName(name string) error {
	if name == a.name && name != "" {
		return nil
	}
	unusual, err := a.d.ownName(name)
	if err == nil {
		a.name, a.unusual = name, unusual
	}
	return err
}

// nameOfLogin finds by which name to log in, and warns, once for a portal, where
// it is no iSCSI name in form. The port may have a name of its own, and is known
// only when the connection is there.
func (a *attempt) nameOfLogin() error {
	name := a.job.name
	if ofPort := a.result.Port.NodeName; ofPort != "" {
		name = a.result.Portal.Login.nameOr(ofPort)
	}
	a.result.InitiatorName = name
	if err := a.checkName(name); err != nil {
		a.stage = StageValidate // it was not sent
		return err
	}
	if a.unusual != "" && !a.nameWarned {
		a.nameWarned = true
		a.warnings.add(WarnInitiatorName, "initiator name %s is no iSCSI name: %s; it is used as it is", text.Quote([]byte(name)), a.unusual)
	}
	return nil
}
