package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A portalRecord is an entry of the registry as it is stored: see record_format.go
// for what is around these fields.
type portalRecord struct {
	Instance      string      `json:"instance"`
	Port          uint32      `json:"port"`
	SymbolicName  string      `json:"symbolic_name,omitempty"`
	Address       string      `json:"address"`
	TCPPort       uint16      `json:"tcp_port"`
	Security      uint64      `json:"security,omitempty"`
	IPsecKey      keptSecret  `json:"ipsec_key,omitzero"`
	LocalID       string      `json:"ipsec_local_id,omitempty"`
	Outer         netip.Addr  `json:"ipsec_outer,omitzero"`
	RefuseUnknown bool        `json:"ipsec_refuse_unknown,omitempty"`
	Login         loginRecord `json:"login"`
	Added         time.Time   `json:"added"`
	Last          *LastResult `json:"last,omitempty"`

	Answer *answerRecord `json:"answer,omitempty"` // the last one; nil: nothing is kept of one

	// Of record format 3.
	PeerID    string `json:"ipsec_peer_id,omitempty"`
	Proposals string `json:"ipsec_proposals,omitempty"`

	IKE uint8 `json:"ipsec_ike,omitempty"` // version 2 is of record format 4
}

// A loginRecord is login.Options as they are stored.
type loginRecord struct {
	Specified          uint32     `json:"specified,omitempty"`
	Flags              uint32     `json:"flags,omitempty"`
	AuthType           uint32     `json:"auth_type,omitempty"`
	HeaderDigest       uint32     `json:"header_digest,omitempty"`
	DataDigest         uint32     `json:"data_digest,omitempty"`
	MaximumConnections uint32     `json:"maximum_connections,omitempty"`
	DefaultTime2Wait   uint32     `json:"default_time2wait,omitempty"`
	DefaultTime2Retain uint32     `json:"default_time2retain,omitempty"`
	Username           []byte     `json:"username,omitempty"` // not necessarily text
	Password           keptSecret `json:"password,omitzero"`
	TargetUsername     []byte     `json:"target_username,omitempty"`
	TargetPassword     keptSecret `json:"target_password,omitzero"`
	CHAPAlgorithms     []int      `json:"chap_algorithms,omitempty"`
	NoCHAPFallback     bool       `json:"no_chap_fallback,omitempty"`
	InitiatorName      string     `json:"initiator_name,omitempty"`
	Redirect           uint8      `json:"redirect,omitempty"`
	BindDevice         bool       `json:"bind_device,omitempty"`

	// Of record format 2.
	RedirectNames bool  `json:"redirect_names,omitempty"`
	ShortSecrets  bool  `json:"short_secrets,omitempty"`
	CHAPPolicy    uint8 `json:"chap_policy,omitempty"`
}

// Fields of a portalRecord that hold secrets; they are bound to their name.
const (
	fieldPassword       = "password"
	fieldTargetPassword = "target-password"
	fieldIPsecKey       = "ipsec-key"
)

// A StoredPortal is an entry of the registry. Its secrets stay there.
type StoredPortal struct {
	initiator.SendTargetPortal
	PasswordSet       bool // there is a Password, or a reference to one
	TargetPasswordSet bool
	IPsecKeySet       bool
	Added             time.Time
	Last              LastResult // its Time is zero before the first discovery
}

// newPortalRecord returns the record of p, whose secrets are kept as secrets says.
func newPortalRecord(p *initiator.SendTargetPortal, secrets keptSecrets) portalRecord {
	o := &p.Login
	r := portalRecord{
		Instance: p.Instance, Port: p.Port.Uint32(), SymbolicName: p.Portal.SymbolicName,
		Address: p.Portal.Host(), TCPPort: p.Portal.Port, Security: uint64(p.Security),
		LocalID: p.IPsec.LocalID, Outer: p.IPsec.Gateway, RefuseUnknown: p.IPsec.RefuseUnknown,
		PeerID: p.IPsec.PeerID, Proposals: p.IPsec.Proposals, IKE: uint8(p.IPsec.IKE),
		Login: loginRecord{
			Specified: uint32(o.Specified), Flags: uint32(o.Flags), AuthType: uint32(o.AuthType),
			HeaderDigest: uint32(o.HeaderDigest), DataDigest: uint32(o.DataDigest),
			MaximumConnections: o.MaximumConnections, DefaultTime2Wait: o.DefaultTime2Wait, DefaultTime2Retain: o.DefaultTime2Retain,
			Username: []byte(o.Username), TargetUsername: []byte(o.TargetUsername), NoCHAPFallback: o.NoCHAPFallback,
			InitiatorName: o.InitiatorName, Redirect: uint8(o.Redirect), BindDevice: o.BindDevice,
			RedirectNames: o.RedirectNames, ShortSecrets: o.ShortSecrets, CHAPPolicy: uint8(o.CHAPPolicy),
			Password: secrets.password, TargetPassword: secrets.targetPassword,
		},
		IPsecKey: secrets.ipsecKey,
	}
	for _, a := range o.CHAPAlgorithms {
		r.Login.CHAPAlgorithms = append(r.Login.CHAPAlgorithms, int(a))
	}
	return r
}

// portal returns the entry that a record describes, without its secrets.
func (r *portalRecord) portal() initiator.SendTargetPortal {
	l := &r.Login
	p := initiator.SendTargetPortal{
		Instance: r.Instance, Port: ports.N(r.Port), Security: ipsec.Flags(r.Security),
		IPsec:  initiator.IPsecOptions{PSKRef: r.IPsecKey.Ref, LocalID: r.LocalID, Gateway: r.Outer, RefuseUnknown: r.RefuseUnknown, PeerID: r.PeerID, Proposals: r.Proposals, IKE: ipsec.IKEVersion(r.IKE)},
		Portal: initiator.Portal{SymbolicName: r.SymbolicName, Address: r.Address, Port: r.TCPPort},
		Login: login.Options{
			Specified: login.Specified(l.Specified), Flags: login.Flags(l.Flags), AuthType: login.AuthType(l.AuthType),
			HeaderDigest: login.DigestType(l.HeaderDigest), DataDigest: login.DigestType(l.DataDigest),
			MaximumConnections: l.MaximumConnections, DefaultTime2Wait: l.DefaultTime2Wait, DefaultTime2Retain: l.DefaultTime2Retain,
			Username: string(l.Username), TargetUsername: string(l.TargetUsername), NoCHAPFallback: l.NoCHAPFallback,
			InitiatorName: l.InitiatorName, Redirect: login.RedirectPolicy(l.Redirect), BindDevice: l.BindDevice,
			RedirectNames: l.RedirectNames, ShortSecrets: l.ShortSecrets, CHAPPolicy: login.CHAPPolicy(l.CHAPPolicy),
			PasswordRef: l.Password.Ref, TargetPasswordRef: l.TargetPassword.Ref,
		},
	}
	for _, a := range l.CHAPAlgorithms {
		p.Login.CHAPAlgorithms = append(p.Login.CHAPAlgorithms, auth.Algorithm(a))
	}
	return p
}

// stored returns what is reported of a record.
func (r *portalRecord) stored() StoredPortal {
	s := StoredPortal{
		SendTargetPortal:  r.portal(),
		PasswordSet:       !r.Login.Password.isZero(),
		TargetPasswordSet: !r.Login.TargetPassword.isZero(),
		IPsecKeySet:       !r.IPsecKey.isZero(),
		Added:             r.Added,
	}
	if r.Last != nil {
		s.Last = r.Last.migrated()
	}
	return s
}

// A LastResult is how the last discovery of an entry ended.
type LastResult struct {
	Time    time.Time `json:"time"`
	Code    uint32    `json:"code"` // of the reference API
	Stage   string    `json:"stage,omitempty"`
	Message string    `json:"message,omitempty"` // of the error; one line, escaped
	Silent  bool      `json:"silent,omitempty"`  // the portal did not answer (initiator.Silent); false also where an older version stored it
	Source  string    `json:"source,omitempty"`  // our address
	Targets int       `json:"targets"`
	LeftOut int       `json:"left_out,omitempty"` // targets whose names are harmful

	// NotJudgedSince is when the portal's answers began to fail or to leave targets
	// out, without a complete one since: as long as that lasts no target of the
	// portal becomes missing. Zero: the last answer was complete.
	NotJudgedSince time.Time `json:"not_judged_since,omitzero"`

	LastOK       time.Time `json:"last_ok,omitzero"`       // when the portal answered last; zero: never, or it is not known
	FailingSince time.Time `json:"failing_since,omitzero"` // when the first of the failures came that the last is one of; zero: it is none
	Failures     int       `json:"failures,omitempty"`     // in a row, up to now
}

// newLastResult returns what a result says by itself.
func newLastResult(r *initiator.Result, now time.Time) LastResult {
	last := LastResult{Time: now, Code: initiator.Code(r.Err), Targets: r.TargetsFound, LeftOut: r.LeftOut}
	if r.Source.IsValid() {
		last.Source = r.Source.String()
	}
	var e *initiator.Error
	if errors.As(r.Err, &e) {
		last.Stage, last.Message, last.Silent = e.Stage.String(), e.Error(), initiator.Silent(e)
	}
	return last
}

// after returns the result with what follows from the one before it; nil: there was none.
func (l LastResult) after(before *LastResult) LastResult {
	was := before.migrated()
	if l.Code != isdsc.Success || l.LeftOut > 0 {
		if l.NotJudgedSince = was.NotJudgedSince; l.NotJudgedSince.IsZero() {
			l.NotJudgedSince = l.Time
		}
	}
	if l.Code == isdsc.Success {
		return l // which says itself when it was
	}
	l.LastOK, l.FailingSince, l.Failures = was.LastOK, was.FailingSince, was.Failures+1
	if was.Failures == 0 {
		l.FailingSince = l.Time
	}
	return l
}

// migrated returns the result with what its record does not say: of a success, when that
// was; of a failure that a version wrote which did not count them, what is known. nil: there
// was none.
func (l *LastResult) migrated() LastResult {
	if l == nil {
		return LastResult{}
	}
	m := *l
	switch {
	case m.Code == isdsc.Success && m.LastOK.IsZero():
		m.LastOK = m.Time
	case m.Code != isdsc.Success && m.Failures == 0:
		m.Failures, m.FailingSince = 1, m.NotJudgedSince
		if m.FailingSince.IsZero() {
			m.FailingSince = m.Time
		}
	}
	return m
}

// decode reads the value of a record. Its error is a *RegistryError, or the
// *RecordFormatError of an entry that a newer version wrote.
func decode(r Record, into any) error {
	err := json.Unmarshal(r.Value, into)
	if newer := (*RecordFormatError)(nil); errors.As(err, &newer) {
		return newer
	}
	if err != nil {
		return &RegistryError{Key: r.Key, Err: err}
	}
	return nil
}

// encode returns the value of a record. The types of this package can all be
// encoded.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("registry: record cannot be encoded: %v", err))
	}
	return b
}
