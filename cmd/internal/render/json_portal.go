package render

import (
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// jsonPortal is an entry of the registry.
type jsonPortal struct {
	Portal        JSONText       `json:"portal"`
	Instance      JSONText       `json:"instance"`
	InitiatorPort JSONText       `json:"initiator_port"`
	SymbolicName  JSONText       `json:"symbolic_name"`
	SecurityFlags string         `json:"security_flags"`
	LoginOptions  jsonLogin      `json:"login_options"`
	IPsecOptions  *jsonIPsecSet  `json:"ipsec_options,omitempty"` // nil: there are none
	Added         JSONTime       `json:"added"`
	LastResult    *JSONLastState `json:"last_result"`
}

// jsonLogin has those of the login options that were given.
type jsonLogin struct {
	InitiatorName      JSONText         `json:"initiator_name,omitempty"`
	AuthType           string           `json:"auth_type,omitempty"`
	Username           JSONText         `json:"username,omitempty"`
	Password           string           `json:"password,omitempty"` // "set"
	PasswordRef        JSONText         `json:"password_ref,omitempty"`
	TargetUsername     JSONText         `json:"target_username,omitempty"`
	TargetPassword     string           `json:"target_password,omitempty"` // "set"
	TargetPasswordRef  JSONText         `json:"target_password_ref,omitempty"`
	CHAPAlgorithms     JSONList[string] `json:"chap_algorithms,omitempty"`
	CHAPFallback       *bool            `json:"chap_fallback,omitempty"` // nil: on
	CHAPPolicy         string           `json:"chap_policy,omitempty"`   // empty: required
	ShortSecrets       bool             `json:"short_secrets,omitempty"`
	HeaderDigest       string           `json:"header_digest,omitempty"`
	DataDigest         string           `json:"data_digest,omitempty"`
	MaximumConnections *uint32          `json:"max_connections,omitempty"`
	DefaultTime2Wait   *uint32          `json:"default_time2wait,omitempty"`
	DefaultTime2Retain *uint32          `json:"default_time2retain,omitempty"`
	LoginFlags         JSONList[string] `json:"login_flags,omitempty"`
	Redirect           string           `json:"redirect,omitempty"`
	RedirectNames      bool             `json:"redirect_names,omitempty"`
	BindDevice         bool             `json:"bind_device,omitempty"`
}

// A JSONLastState is how the last discovery of an entry ended.
type JSONLastState struct {
	Time     JSONTime `json:"time"`
	Status   string   `json:"status"`
	Code     uint32   `json:"code"`
	CodeName string   `json:"code_name"`
	Stage    string   `json:"stage,omitempty"`
	Message  JSONText `json:"message,omitempty"`
	Source   JSONText `json:"source"`
	Targets  int      `json:"targets"`
	LeftOut  int      `json:"left_out,omitempty"` // targets whose names are harmful

	// Of an entry that fails.
	FailingSince *JSONTime `json:"failing_since,omitempty"`
	Failures     int       `json:"failures,omitempty"` // in a row
	LastOK       *JSONTime `json:"last_ok,omitempty"`  // nil: never, or it is not known
}

// NewJSONPortal returns an entry of the registry as JSON, without its secrets.
func NewJSONPortal(p *registry.StoredPortal) *jsonPortal {
	j := &jsonPortal{
		Portal:        JSONText(p.Portal.String()),
		Instance:      JSONText(p.Instance),
		InitiatorPort: JSONText(p.Port.String()),
		SymbolicName:  JSONText(p.Portal.SymbolicName),
		SecurityFlags: p.Security.Hex(),
		LoginOptions:  NewJSONLogin(p),
		IPsecOptions:  newJSONIPsecSet(p),
		Added:         JSONTime(p.Added),
	}
	j.LastResult = NewJSONLastState(&p.Last)
	return j
}

// NewJSONLastState returns how an entry was asked last as JSON; nil: it was not asked yet.
func NewJSONLastState(last *registry.LastResult) *JSONLastState {
	if last.Time.IsZero() {
		return nil
	}
	j := &JSONLastState{
		Time: JSONTime(last.Time), Status: "ok", Code: last.Code, CodeName: isdsc.Name(last.Code),
		Stage: last.Stage, Message: JSONText(last.Message), Source: JSONText(last.Source), Targets: last.Targets, LeftOut: last.LeftOut,
	}
	if last.Code != isdsc.Success {
		j.Status = "error"
		j.FailingSince, j.Failures, j.LastOK = ifAny(last.FailingSince), last.Failures, ifAny(last.LastOK)
	}
	return j
}

// A JSONPortalDetail is an entry of the registry with all that is known of it.
type JSONPortalDetail struct {
	*jsonPortal
	IPsec   string                `json:"ipsec,omitempty"`                  // the security flags in words
	Address JSONText              `json:"initiator_port_address,omitempty"` // empty: it has no port number, or no address has that
	Targets JSONList[*JSONTarget] `json:"targets"`                          // by this entry alone
}

// NewJSONPortalDetail returns it, for the port at an address (invalid: none).
func NewJSONPortalDetail(p *registry.StoredPortal, port netip.Addr, targets []*JSONTarget) *JSONPortalDetail {
	j := &JSONPortalDetail{jsonPortal: NewJSONPortal(p), Targets: targets}
	if port.IsValid() {
		j.Address = JSONText(port.String())
	}
	if p.Security != 0 {
		j.IPsec = p.Security.String()
	}
	return j
}

// A JSONPortalChange is an entry of the registry as a change would leave it.
type JSONPortalChange struct {
	*jsonPortal
	Before *jsonPortal `json:"before"`
}

// NewJSONPortalChange returns it.
func NewJSONPortalChange(before, after *registry.StoredPortal) *JSONPortalChange {
	return &JSONPortalChange{NewJSONPortal(after), NewJSONPortal(before)}
}

// NewJSONLogin returns the login options of an entry as JSON; of secrets it says that
// there is one.
func NewJSONLogin(p *registry.StoredPortal) (j jsonLogin) {
	o := &p.Login
	has := func(bit login.Specified) bool { return o.Specified&bit != 0 }
	set := func(is bool) string {
		if is {
			return "set"
		}
		return ""
	}
	j.InitiatorName, j.BindDevice = JSONText(o.InitiatorName), o.BindDevice
	j.ShortSecrets, j.RedirectNames = o.ShortSecrets, o.RedirectNames
	if o.CHAPPolicy != login.CHAPRequired {
		j.CHAPPolicy = o.CHAPPolicy.String()
	}
	if o.Redirect != login.RedirectSameHost {
		j.Redirect = o.Redirect.String()
	}
	if has(login.SpecifiedAuthType) {
		j.AuthType = o.AuthType.String()
	}
	if has(login.SpecifiedUsername) {
		j.Username = JSONText(o.Username)
	}
	j.Password, j.PasswordRef = set(p.PasswordSet), JSONText(o.PasswordRef)
	j.TargetUsername = JSONText(o.TargetUsername)
	j.TargetPassword, j.TargetPasswordRef = set(p.TargetPasswordSet), JSONText(o.TargetPasswordRef)
	for _, a := range o.CHAPAlgorithms {
		j.CHAPAlgorithms = append(j.CHAPAlgorithms, a.String())
	}
	if o.NoCHAPFallback {
		j.CHAPFallback = new(bool)
	}
	if has(login.SpecifiedHeaderDigest) {
		j.HeaderDigest = o.HeaderDigest.String()
	}
	if has(login.SpecifiedDataDigest) {
		j.DataDigest = o.DataDigest.String()
	}
	if has(login.SpecifiedMaximumConnections) {
		j.MaximumConnections = &o.MaximumConnections
	}
	if has(login.SpecifiedDefaultTime2Wait) {
		j.DefaultTime2Wait = &o.DefaultTime2Wait
	}
	if has(login.SpecifiedDefaultTime2Retain) {
		j.DefaultTime2Retain = &o.DefaultTime2Retain
	}
	if o.Flags != 0 {
		j.LoginFlags = strings.Split(o.Flags.String(), ",")
	}
	return j
}

// A JSONTime is a time in UTC, to the millisecond; null: there was none.
type JSONTime time.Time

// MarshalJSON writes the time.
func (t JSONTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(time.Time(t).UTC().Truncate(time.Millisecond))
}

// ifAny returns a time, or nil where there is none.
func ifAny(t time.Time) *JSONTime {
	if t.IsZero() {
		return nil
	}
	return (*JSONTime)(&t)
}

// TimeText is a time for people.
func TimeText(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

// JSONKey says which entry of the registry is meant.
type JSONKey struct {
	Portal        JSONText `json:"portal"`
	Instance      JSONText `json:"instance"`
	InitiatorPort JSONText `json:"initiator_port"`
}

// NewJSONKey returns the key of an entry as JSON.
func NewJSONKey(k initiator.Key) JSONKey {
	return JSONKey{JSONText(k.Portal.String()), JSONText(k.Instance), JSONText(k.Port.String())}
}

// jsonPort is an initiator port.
type jsonPort struct {
	Instance  JSONText `json:"instance"`
	Number    string   `json:"number"`
	Address   JSONText `json:"address"`
	Interface JSONText `json:"interface"`
	State     string   `json:"state"`

	Portal *JSONText `json:"portal,omitempty"`         // that it was looked for
	To     *JSONText `json:"portal_address,omitempty"` // of the portal
}

// NewJSONPort returns an initiator port as JSON.
func NewJSONPort(p *ports.Port) *jsonPort {
	return &jsonPort{
		Instance: JSONText(p.Instance), Number: p.Number.String(), Address: JSONText(p.Address.String()),
		Interface: JSONText(p.Interface), State: p.State.String(),
	}
}
