package fleet

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// MaxPatterns is how many patterns of host names a record of config/ has at most.
const MaxPatterns = 64

// A Portal is a portal that hosts are to ask.
type Portal struct {
	Schema       int      `json:"schema"`
	Address      string   `json:"address"`
	TCPPort      uint16   `json:"tcp_port"`
	SymbolicName string   `json:"symbolic_name,omitempty"`
	Instance     string   `json:"instance,omitempty"`       // initiator instance; empty: any
	Port         *uint32  `json:"port,omitempty"`           // initiator port; none: ports.All
	Login        string   `json:"login,omitempty"`          // name of a login template; empty: none
	Flags        uint64   `json:"security_flags,omitempty"` // at least: see ipsec.Flags
	Hosts        []string `json:"hosts,omitempty"`          // patterns of host names (path.Match); none: all hosts

	// Changed is when an administrator changed it last, by their clock: for two intervals hosts
	// are not missed that do not have it yet. Zero: not known.
	Changed time.Time `json:"changed,omitzero"`
}

// A Policy is an IPsec policy of the fleet. It strengthens what a host's own policies say,
// and never weakens it.
type Policy struct {
	Schema   int      `json:"schema"`
	Selector string   `json:"selector"` // see registry.Policy
	Flags    uint64   `json:"security_flags"`
	Hosts    []string `json:"hosts,omitempty"`
}

// A Login is a template of login options. It has names and references to secrets, never a
// secret.
type Login struct {
	Schema       int    `json:"schema"`
	Name         string `json:"name"`
	User         string `json:"chap_user,omitempty"`
	Secret       string `json:"chap_secret,omitempty"` // cred:NAME: a file of the host's own service manager
	TargetUser   string `json:"target_user,omitempty"`
	TargetSecret string `json:"target_secret,omitempty"` // cred:NAME
	HeaderDigest string `json:"header_digest,omitempty"` // none, crc32c or any
	DataDigest   string `json:"data_digest,omitempty"`
}

// Key returns the entry that a host makes of the record.
func (p *Portal) Key() initiator.Key {
	k := initiator.Key{Instance: p.Instance, Port: ports.All, Portal: initiator.Portal{Address: p.Address, Port: p.TCPPort, SymbolicName: p.SymbolicName}}
	if p.Port != nil {
		k.Port = ports.N(*p.Port)
	}
	return k
}

// Meets reports whether a record is for a host: one of its patterns matches, or it has none.
func Meets(patterns []string, host string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, host); ok && err == nil {
			return true
		}
	}
	return len(patterns) == 0
}

// Encode writes the record.
func (p *Portal) Encode() []byte {
	p.Schema = Schema
	return encode(p)
}

// Encode writes the record.
func (p *Policy) Encode() []byte {
	p.Schema = Schema
	return encode(p)
}

// Encode writes the record.
func (l *Login) Encode() []byte {
	l.Schema = Schema
	return encode(l)
}

// DecodePortal reads the record of a portal that its key named. The error is a *NewerError or
// a *RecordError.
func DecodePortal(at initiator.Portal, b []byte) (*Portal, error) {
	p := new(Portal)
	if err := decode(b, p); err != nil {
		return nil, err
	}
	if got := p.Key().Portal; got.Canonical() != at.Canonical() || got.Port != at.Port {
		return nil, &RecordError{"it says that it is of another portal"}
	}
	k := p.Key()
	entry := initiator.SendTargetPortal{Portal: k.Portal, Instance: k.Instance, Port: k.Port}
	if err := entry.Validate(); err != nil {
		return nil, &RecordError{initiator.Reason(err)}
	}
	if p.Login != "" {
		if err := CheckLogin(p.Login); err != nil {
			return nil, &RecordError{err.Error()}
		}
	}
	if err := checkFlags(p.Flags); err != nil {
		return nil, err
	}
	return p, checkPatterns(p.Hosts)
}

// DecodePolicy reads the record of a policy that its key named.
func DecodePolicy(selector string, b []byte) (*Policy, error) {
	p := new(Policy)
	if err := decode(b, p); err != nil {
		return nil, err
	}
	if p.Selector != selector {
		return nil, &RecordError{"it says that it has another selector"}
	}
	if !ipsec.Flags(p.Flags).Has(ipsec.FlagValid | ipsec.FlagIKE) {
		return nil, &RecordError{"it does not ask for IPsec, and a policy of a fleet may only strengthen"}
	}
	if err := checkFlags(p.Flags); err != nil {
		return nil, err
	}
	return p, checkPatterns(p.Hosts)
}

// DecodeLogin reads the record of a login template that its key named.
func DecodeLogin(name string, b []byte) (*Login, error) {
	l := new(Login)
	if err := decode(b, l); err != nil {
		return nil, err
	}
	if l.Name != name {
		return nil, &RecordError{"it says that it has another name"}
	}
	for _, ref := range []string{l.Secret, l.TargetSecret} {
		if ref != "" && !IsCredential(ref) {
			return nil, &RecordError{"of references to secrets a fleet may have cred:NAME alone"}
		}
	}
	return l, checkTexts(l.User, l.TargetUser, l.HeaderDigest, l.DataDigest)
}

// IsCredential reports whether a reference to a secret is cred:NAME, with a name that is no
// path: the one kind that names nothing of a host but what its administrator gave discoverd.
func IsCredential(ref string) bool {
	name, ok := strings.CutPrefix(ref, "cred:")
	return ok && checkName("credential", strings.ToLower(name), MaxHostName) == nil
}

func checkFlags(flags uint64) error {
	if flags == 0 {
		return nil
	}
	if f := ipsec.Flags(flags); !f.Has(ipsec.FlagValid) || f.Validate() != nil {
		return &RecordError{fmt.Sprintf("its security flags %#x are none that count, or contradict each other", flags)}
	}
	return nil
}

func checkPatterns(patterns []string) error {
	if len(patterns) > MaxPatterns {
		return &RecordError{fmt.Sprintf("it has %d patterns of hosts, more than %d", len(patterns), MaxPatterns)}
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || len(p) > MaxHostName {
			return &RecordError{"a pattern of hosts in it is none"}
		}
	}
	return nil
}
