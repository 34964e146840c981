package verbs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A field is one line about an entry of the registry. The options of an entry have the names
// of the flags that give them.
type field struct {
	name, value string
	long        bool // it may take several lines
}

// fieldPort is the name of the field with the number of the initiator port.
const fieldPort = "initiator-port"

// entryFields returns the key of an entry, and the options that are not the defaults. Of a
// secret they have the reference, or that there is one.
func entryFields(p *registry.StoredPortal) []field {
	instance := p.Instance
	if instance == "" {
		instance = "any"
	}
	all := []field{{name: "portal", value: p.Portal.String()}, {name: "instance", value: instance}, {name: fieldPort, value: p.Port.String()}}
	add := func(given bool, name, value string) {
		if given {
			all = append(all, field{name: name, value: value})
		}
	}
	o := &p.Login
	add(p.Portal.SymbolicName != "", "symbolic-name", p.Portal.SymbolicName)
	add(o.InitiatorName != "", "initiator-name", o.InitiatorName)
	add(o.Has(login.SpecifiedAuthType), "authentication", o.AuthType.String())
	add(o.Has(login.SpecifiedUsername), "chap-user", o.Username)
	add(p.PasswordSet, "chap-secret", secretText(o.PasswordRef))
	add(o.TargetUsername != "", "target-user", o.TargetUsername)
	add(p.TargetPasswordSet, "target-secret", secretText(o.TargetPasswordRef))
	var algorithms []string
	for _, a := range o.CHAPAlgorithms {
		algorithms = append(algorithms, a.String())
	}
	add(len(algorithms) > 0, "chap-algorithms", strings.Join(algorithms, ","))
	add(o.NoCHAPFallback, "chap-fallback", "false")
	add(o.CHAPPolicy != login.CHAPRequired, "chap-policy", o.CHAPPolicy.String())
	add(o.ShortSecrets, "short-secrets", "true")
	add(o.Has(login.SpecifiedHeaderDigest), "header-digest", o.HeaderDigest.String())
	add(o.Has(login.SpecifiedDataDigest), "data-digest", o.DataDigest.String())
	number := func(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
	add(o.Has(login.SpecifiedMaximumConnections), "max-connections", number(o.MaximumConnections))
	add(o.Has(login.SpecifiedDefaultTime2Wait), "default-time2wait", number(o.DefaultTime2Wait))
	add(o.Has(login.SpecifiedDefaultTime2Retain), "default-time2retain", number(o.DefaultTime2Retain))
	add(o.Flags != 0, "login-flags", o.Flags.String())
	add(o.Redirect != login.RedirectSameHost, "redirect", o.Redirect.String())
	add(o.RedirectNames, "redirect-names", "true")
	add(o.BindDevice, "bind-device", "true")
	return append(all, ipsecFields(p)...)
}

// ipsecFields are those of entryFields that are about IPsec.
func ipsecFields(p *registry.StoredPortal) (all []field) {
	add := func(given bool, name, value string) {
		if given {
			all = append(all, field{name: name, value: value})
		}
	}
	o := &p.IPsec
	words := p.Security.String()
	if hex := p.Security.Hex(); words != hex {
		words += " (" + hex + ")"
	}
	add(p.Security != 0, "ipsec", words)
	add(p.IPsecKeySet, "ipsec-psk", secretText(o.PSKRef))
	add(o.LocalID != "", "ipsec-id", o.LocalID)
	add(o.PeerID != "", "ipsec-peer-id", o.PeerID)
	add(o.Proposals != "", "ipsec-proposals", o.Proposals)
	add(o.IKE != 0, "ipsec-ike", strconv.Itoa(int(o.IKE)))
	add(o.Gateway.IsValid(), "ipsec-outer", o.Gateway.String())
	add(o.RefuseUnknown, "ipsec-unknown", jsonitem.UnknownRefuse)
	return all
}

// secretText says where a secret is, and never what it is.
func secretText(ref string) string {
	if ref == "" {
		return "set (sealed in the registry)"
	}
	return ref
}

// lastFields are about the last discovery of an entry.
func lastFields(last *registry.LastResult) []field {
	if last.Time.IsZero() {
		return []field{{name: "last result", value: "not asked yet"}}
	}
	all := []field{{name: "last asked", value: render.TimeText(last.Time)}}
	if last.Source != "" {
		all[0].value += " from " + last.Source
	}
	if last.Code == isdsc.Success {
		result := verb.LastText(last)
		return append(all, field{name: "last result", value: strings.TrimPrefix(result, render.TimeText(last.Time)+" ")})
	}
	ok := "never, or not known"
	if !last.LastOK.IsZero() {
		ok = render.TimeText(last.LastOK)
	}
	return append(all,
		field{name: "last result", value: "failed: " + last.Message, long: true},
		field{name: "stage", value: last.Stage},
		field{name: "code", value: fmt.Sprintf("0x%08X, %s", last.Code, isdsc.Name(last.Code))},
		field{name: "failing since", value: render.TimeText(last.FailingSince) + ", " + wording.Plural(last.Failures, "failure", "failures in a row")},
		field{name: "last success", value: ok})
}
