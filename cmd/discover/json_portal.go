package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// jsonPortal is an entry of the registry.
type jsonPortal struct {
	Portal        jsonText       `json:"portal"`
	Instance      jsonText       `json:"instance"`
	InitiatorPort jsonText       `json:"initiator_port"`
	SymbolicName  jsonText       `json:"symbolic_name"`
	SecurityFlags string         `json:"security_flags"`
	LoginOptions  jsonLogin      `json:"login_options"`
	IPsecOptions  *jsonIPsecSet  `json:"ipsec_options,omitempty"` // nil: there are none
	Added         jsonTime       `json:"added"`
	LastResult    *jsonLastState `json:"last_result"`
}

// jsonLogin has those of the login options that were given.
type jsonLogin struct {
	InitiatorName      jsonText         `json:"initiator_name,omitempty"`
	AuthType           string           `json:"auth_type,omitempty"`
	Username           jsonText         `json:"username,omitempty"`
	Password           string           `json:"password,omitempty"` // "set"
	PasswordRef        jsonText         `json:"password_ref,omitempty"`
	TargetUsername     jsonText         `json:"target_username,omitempty"`
	TargetPassword     string           `json:"target_password,omitempty"` // "set"
	TargetPasswordRef  jsonText         `json:"target_password_ref,omitempty"`
	CHAPAlgorithms     jsonList[string] `json:"chap_algorithms,omitempty"`
	CHAPFallback       *bool            `json:"chap_fallback,omitempty"` // nil: on
	CHAPPolicy         string           `json:"chap_policy,omitempty"`   // empty: required
	ShortSecrets       bool             `json:"short_secrets,omitempty"`
	HeaderDigest       string           `json:"header_digest,omitempty"`
	DataDigest         string           `json:"data_digest,omitempty"`
	MaximumConnections *uint32          `json:"max_connections,omitempty"`
	DefaultTime2Wait   *uint32          `json:"default_time2wait,omitempty"`
	DefaultTime2Retain *uint32          `json:"default_time2retain,omitempty"`
	LoginFlags         jsonList[string] `json:"login_flags,omitempty"`
	Redirect           string           `json:"redirect,omitempty"`
	RedirectNames      bool             `json:"redirect_names,omitempty"`
	BindDevice         bool             `json:"bind_device,omitempty"`
}

// jsonLastState is how the last discovery of an entry ended.
type jsonLastState struct {
	Time     jsonTime `json:"time"`
	Status   string   `json:"status"`
	Code     uint32   `json:"code"`
	CodeName string   `json:"code_name"`
	Stage    string   `json:"stage,omitempty"`
	Message  jsonText `json:"message,omitempty"`
	Source   jsonText `json:"source"`
	Targets  int      `json:"targets"`
	LeftOut  int      `json:"left_out,omitempty"` // targets whose names are harmful
}

func newJSONPortal(p *registry.StoredPortal) *jsonPortal {
	j := &jsonPortal{
		Portal:        jsonText(p.Portal.String()),
		Instance:      jsonText(p.Instance),
		InitiatorPort: jsonText(p.Port.String()),
		SymbolicName:  jsonText(p.Portal.SymbolicName),
		SecurityFlags: p.Security.Hex(),
		LoginOptions:  newJSONLogin(p),
		IPsecOptions:  newJSONIPsecSet(p),
		Added:         jsonTime(p.Added),
	}
	if last := &p.Last; !last.Time.IsZero() {
		j.LastResult = &jsonLastState{
			Time: jsonTime(last.Time), Status: "ok", Code: last.Code, CodeName: isdsc.Name(last.Code),
			Stage: last.Stage, Message: jsonText(last.Message), Source: jsonText(last.Source), Targets: last.Targets, LeftOut: last.LeftOut,
		}
		if last.Code != isdsc.Success {
			j.LastResult.Status = "error"
		}
	}
	return j
}

func newJSONLogin(p *registry.StoredPortal) (j jsonLogin) {
	o := &p.Login
	has := func(bit initiator.Specified) bool { return o.Specified&bit != 0 }
	set := func(is bool) string {
		if is {
			return "set"
		}
		return ""
	}
	j.InitiatorName, j.BindDevice = jsonText(o.InitiatorName), o.BindDevice
	j.ShortSecrets, j.RedirectNames = o.ShortSecrets, o.RedirectNames
	if o.CHAPPolicy != initiator.CHAPRequired {
		j.CHAPPolicy = o.CHAPPolicy.String()
	}
	if o.Redirect != initiator.RedirectSameHost {
		j.Redirect = o.Redirect.String()
	}
	if has(initiator.SpecifiedAuthType) {
		j.AuthType = o.AuthType.String()
	}
	if has(initiator.SpecifiedUsername) {
		j.Username = jsonText(o.Username)
	}
	j.Password, j.PasswordRef = set(p.PasswordSet), jsonText(o.PasswordRef)
	j.TargetUsername = jsonText(o.TargetUsername)
	j.TargetPassword, j.TargetPasswordRef = set(p.TargetPasswordSet), jsonText(o.TargetPasswordRef)
	for _, a := range o.CHAPAlgorithms {
		j.CHAPAlgorithms = append(j.CHAPAlgorithms, a.String())
	}
	if o.NoCHAPFallback {
		j.CHAPFallback = new(bool)
	}
	if has(initiator.SpecifiedHeaderDigest) {
		j.HeaderDigest = o.HeaderDigest.String()
	}
	if has(initiator.SpecifiedDataDigest) {
		j.DataDigest = o.DataDigest.String()
	}
	if has(initiator.SpecifiedMaximumConnections) {
		j.MaximumConnections = &o.MaximumConnections
	}
	if has(initiator.SpecifiedDefaultTime2Wait) {
		j.DefaultTime2Wait = &o.DefaultTime2Wait
	}
	if has(initiator.SpecifiedDefaultTime2Retain) {
		j.DefaultTime2Retain = &o.DefaultTime2Retain
	}
	if o.Flags != 0 {
		j.LoginFlags = strings.Split(o.Flags.String(), ",")
	}
	return j
}

// A jsonTime is a time in UTC, to the millisecond; null: there was none.
type jsonTime time.Time

// MarshalJSON writes the time.
func (t jsonTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(time.Time(t).UTC().Truncate(time.Millisecond))
}

// timeText is a time for people.
func timeText(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
