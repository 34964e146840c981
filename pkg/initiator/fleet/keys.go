package fleet

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// Root begins all keys, with the number of the layout.
const Root = "/discover/v1/"

// Keys makes the keys of one fleet. Its zero value is of none; see NewKeys.
type Keys struct{ prefix string }

// NewKeys returns the keys of a fleet, or a *NameError.
func NewKeys(fleet string) (Keys, error) {
	if err := CheckName(fleet); err != nil {
		return Keys{}, err
	}
	return Keys{Root + fleet + "/"}, nil
}

// Prefixes of a fleet. Who may write below each is what roles of etcd say.
func (k Keys) Prefix() string  { return k.prefix }             // all of it
func (k Keys) Config() string  { return k.prefix + "config/" } // an administrator
func (k Keys) Hosts() string   { return k.prefix + "host/" }   // each host below its name
func (k Keys) View() string    { return k.prefix + "view/" }   // the elected leader
func (k Keys) Scans() string   { return k.prefix + "scan/" }   // an administrator asks, the leader grants
func (k Keys) Leader() string  { return k.prefix + "leader" }  // of the election
func (k Keys) Portals() string { return k.Config() + "portal/" }
func (k Keys) Policies() string {
	return k.Config() + "policy/"
}
func (k Keys) Logins() string { return k.Config() + "login/" }

// Host begins the keys that a host may write.
func (k Keys) Host(host string) string { return k.Hosts() + host + "/" }

// Info is the key of a host's own record: as long as it is there the host is not silent.
func (k Keys) Info(host string) string { return k.Host(host) + "info" }

// An Entry says what a path leads to: an entry of a host's registry, which is a portal or an
// iSNS server. The two may have one address.
type Entry struct {
	initiator.Key
	ISNS bool
}

// Path is the key of what a host sees at one entry.
func (k Keys) Path(host string, e Entry) string {
	kind := "portal/"
	if e.ISNS {
		kind = "isns/"
	}
	return k.Host(host) + kind + portalPart(e.Portal) + "/" + ports.FoldInstance(e.Instance) + "," + strconv.FormatUint(uint64(e.Port.Uint32()), 10)
}

// Answers begins the answers that a host has and was asked for.
func (k Keys) Answers(host string) string { return k.Host(host) + "answer/" }

// Answer is the key of one part, counted from 0, of an answer that a host has.
func (k Keys) Answer(host string, d Digest, part int) string {
	return fmt.Sprintf("%s%s/%04d", k.Answers(host), d, part)
}

// Want is the key by which the leader asks a host for an answer.
func (k Keys) Want(host string, d Digest) string { return k.Wanted(host) + d.String() }

// Wanted begins the keys by which the leader asks a host for answers.
func (k Keys) Wanted(host string) string { return k.Wants() + host + "/" }

// Wants begins the keys by which the leader asks hosts for answers.
func (k Keys) Wants() string { return k.View() + "want/" }

// Copied is the key of one part of an answer that all may read.
func (k Keys) Copied(d Digest, part int) string { return fmt.Sprintf("%s%04d", k.Copy(d), part) }

// Copy begins the parts of an answer that all may read.
func (k Keys) Copy(d Digest) string { return k.Copies() + d.String() + "/" }

// Copies begins all answers that all may read.
func (k Keys) Copies() string { return k.View() + "answer/" }

// Known is the key of what the leader remembers of a host, also of one that is silent.
func (k Keys) Known(host string) string { return k.KnownHosts() + host }

// KnownHosts begins what the leader remembers of hosts.
func (k Keys) KnownHosts() string { return k.View() + "host/" }

// Portal is the key of a portal that all hosts are to ask.
func (k Keys) Portal(p initiator.Portal) string { return k.Portals() + portalPart(p) }

// Policy is the key of an IPsec policy; selector is canonical, see registry.CanonicalSelector.
func (k Keys) Policy(selector string) string { return k.Policies() + url.PathEscape(selector) }

// Login is the key of a login template.
func (k Keys) Login(name string) string { return k.Logins() + name }

// portalPart is a portal in a key: ADDRESS,PORT.
func portalPart(p initiator.Portal) string {
	return url.PathEscape(p.Canonical()) + "," + strconv.Itoa(int(p.Port))
}
