package render

import (
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// TargetRows shows a target to people: a row for each address by each mechanism.
func TargetRows(t *registry.KnownTarget) (rows [][]string) {
	name := t.Name
	if t.Alias != "" {
		name += " " + QuoteForPeople(t.Alias)
	}
	for _, m := range t.Mechanisms {
		by, first, last := MechanismText(&m), TimeText(m.FirstSeen), TimeText(m.LastSeen)
		if m.Static {
			last = ""
		}
		note := ""
		switch {
		case !m.MissingSince.IsZero():
			note = "missing since " + TimeText(m.MissingSince)
		case m.Unlisted:
			note = "unlisted: the portal is not in the registry"
		case m.Stale && m.ISNS.Address != "":
			note = "stale: the iSNS server was removed"
		case m.Stale:
			note = "stale: the portal was removed"
		case !m.NotJudgedSince.IsZero():
			note = "not judged since " + TimeText(m.NotJudgedSince) + ": the portal fails or leaves targets out"
		}
		addresses := m.Addresses
		if len(addresses) == 0 {
			rows = append(rows, []string{name, "", by, first, last, note})
			name = ""
		}
		for _, a := range addresses {
			rows = append(rows, []string{name, AddressText(a), by, first, last, note})
			name, by, first, last, note = "", "", "", "", ""
		}
	}
	return rows
}

// MechanismText says how a target was found, for people.
func MechanismText(m *registry.Mechanism) string {
	if m.Static {
		return "static"
	}
	if m.ISNS.Address != "" {
		return "iSNS server " + m.ISNS.String()
	}
	k := m.Portal
	switch {
	case k.Instance == "":
		return k.Portal.String()
	case k.Port == ports.All:
		return k.Portal.String() + " from " + k.Instance
	}
	return k.Portal.String() + " from " + portLabel(k.Instance, k.Port)
}

// portLabel names an initiator port in tables.
func portLabel(instance string, n ports.Number) string { return instance + "/" + n.String() }
