package jsonitem

import (
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// loginOptions has those of the login options that were given.
type loginOptions struct {
	InitiatorName      Text         `json:"initiator_name,omitempty"`
	AuthType           string       `json:"auth_type,omitempty"`
	Username           Text         `json:"username,omitempty"`
	Password           string       `json:"password,omitempty"` // "set"
	PasswordRef        Text         `json:"password_ref,omitempty"`
	TargetUsername     Text         `json:"target_username,omitempty"`
	TargetPassword     string       `json:"target_password,omitempty"` // "set"
	TargetPasswordRef  Text         `json:"target_password_ref,omitempty"`
	CHAPAlgorithms     List[string] `json:"chap_algorithms,omitempty"`
	CHAPFallback       *bool        `json:"chap_fallback,omitempty"` // nil: on
	CHAPPolicy         string       `json:"chap_policy,omitempty"`   // empty: required
	ShortSecrets       bool         `json:"short_secrets,omitempty"`
	HeaderDigest       string       `json:"header_digest,omitempty"`
	DataDigest         string       `json:"data_digest,omitempty"`
	MaximumConnections *uint32      `json:"max_connections,omitempty"`
	DefaultTime2Wait   *uint32      `json:"default_time2wait,omitempty"`
	DefaultTime2Retain *uint32      `json:"default_time2retain,omitempty"`
	LoginFlags         List[string] `json:"login_flags,omitempty"`
	Redirect           string       `json:"redirect,omitempty"`
	RedirectNames      bool         `json:"redirect_names,omitempty"`
	BindDevice         bool         `json:"bind_device,omitempty"`
}

// NewLoginOptions returns the login options of an entry as JSON; of secrets it says that
// there is one.
func NewLoginOptions(p *registry.StoredPortal) (j loginOptions) {
	o := &p.Login
	has := func(bit login.Specified) bool { return o.Specified&bit != 0 }
	set := func(is bool) string {
		if is {
			return "set"
		}
		return ""
	}
	j.InitiatorName, j.BindDevice = Text(o.InitiatorName), o.BindDevice
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
		j.Username = Text(o.Username)
	}
	j.Password, j.PasswordRef = set(p.PasswordSet), Text(o.PasswordRef)
	j.TargetUsername = Text(o.TargetUsername)
	j.TargetPassword, j.TargetPasswordRef = set(p.TargetPasswordSet), Text(o.TargetPasswordRef)
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
