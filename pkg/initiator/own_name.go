package initiator

import (
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// CheckName holds an initiator name of ours against the rules that d has. unusual says
// what is unusual about a name that may be used, as name.CheckName does.
func (d *Discoverer) CheckName(iqn string) (unusual string, err error) {
	if d.StrictNames {
		return "", name.Validate(iqn)
	}
	return name.CheckName(iqn)
}

// checkName is Discoverer.CheckName for the name of a portal. Most portals are asked by the
// name of the portal before, which is not checked again.
func (a *attempt) checkName(name string) error {
	if name == a.name && name != "" {
		return nil
	}
	unusual, err := a.d.CheckName(name)
	if err == nil {
		a.name, a.unusual = name, unusual
	}
	return err
}

// nameOfLogin finds by which name to log in, and warns, once for a portal, where
// it is no iSCSI name in form. The port may have a name of its own, and is known
// only when the connection is there.
func (a *attempt) nameOfLogin() error {
	name := a.request.Name
	if ofPort := a.result.Port.NodeName; ofPort != "" {
		name = a.result.Portal.Login.nameOr(ofPort)
	}
	a.result.InitiatorName = name
	if err := a.checkName(name); err != nil {
		return at(StageValidate, err) // it was not sent
	}
	if a.unusual != "" && !a.nameWarned {
		a.nameWarned = true
		a.warnings.add(WarnInitiatorName, "initiator name %s is no iSCSI name: %s; it is used as it is", text.Quote([]byte(name)), a.unusual)
	}
	return nil
}
