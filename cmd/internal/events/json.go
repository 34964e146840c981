package events

import (
	"errors"
	"math"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// schema is the version of the fields of an event.
const schema = 1

// An event is a watch.Event as JSON. Fields that its type has no use for are left out.
// The order is that of docs/reference/output.md.
type event struct {
	Schema int           `json:"schema"`
	Time   jsonitem.Time `json:"time"`
	Seq    uint64        `json:"seq"`
	Type   watch.Type    `json:"type"`

	Portal        jsonitem.Text `json:"portal,omitempty"`
	ISNSServer    jsonitem.Text `json:"isns_server,omitempty"` // in the place of a portal
	SymbolicName  jsonitem.Text `json:"symbolic_name,omitempty"`
	Instance      jsonitem.Text `json:"instance,omitempty"`
	InitiatorPort string        `json:"initiator_port,omitempty"` // of the entry
	InstanceUsed  jsonitem.Text `json:"instance_used,omitempty"`
	PortUsed      string        `json:"initiator_port_used,omitempty"`
	Source        jsonitem.Text `json:"source,omitempty"`

	Target   jsonitem.Text    `json:"target,omitempty"`
	Is       *[]jsonitem.Text `json:"is,omitempty"`
	Was      *[]jsonitem.Text `json:"was,omitempty"`
	AliasIs  jsonitem.Text    `json:"alias_is,omitempty"`
	AliasWas jsonitem.Text    `json:"alias_was,omitempty"`

	Stage    string        `json:"stage,omitempty"`
	Code     *uint32       `json:"code,omitempty"`
	CodeName string        `json:"code_name,omitempty"`
	WasCode  *uint32       `json:"was_code,omitempty"`
	Message  jsonitem.Text `json:"message,omitempty"`

	After   *float64 `json:"after_s,omitempty"`
	Targets *int     `json:"targets,omitempty"`
	Up      *bool    `json:"up,omitempty"`
}

// JSON returns an event as one line of JSON, with the line end.
func JSON(e *watch.Event) ([]byte, error) {
	j := event{Schema: schema, Time: jsonitem.Time(e.Time), Seq: e.Seq, Type: e.Type}
	j.fillPortal(e)
	switch e.Type {
	case watch.TargetAppeared, watch.TargetVanished, watch.TargetChanged, watch.PathLost, watch.PathFound:
		j.fillChange(e)
	case watch.AuthChanged, watch.RedirectChanged, watch.SourceChanged:
		j.Is, j.Was = words(e.Is), words(e.Was)
	case watch.PortalRecovered:
		after := math.Round(e.After.Seconds()*1e3) / 1e3
		j.After, j.Targets = &after, &e.Targets
	case watch.Snapshot:
		j.Up, j.Targets = &e.Up, &e.Targets
		if !e.Up {
			j.fillError(e)
		}
	case watch.PortalFailed, watch.SourceFailed:
		j.fillError(e)
	case watch.PortalAdded, watch.PortalRemoved, watch.SourceRecovered:
	}
	return jsonitem.Marshal(&j)
}

// fillPortal says which entry an event is of, and from where it is asked.
func (j *event) fillPortal(e *watch.Event) {
	if e.Key.Portal.Port == 0 {
		return
	}
	j.Portal, j.SymbolicName = jsonitem.Text(e.Key.Portal.String()), jsonitem.Text(e.SymbolicName)
	if e.ISNS {
		j.Portal, j.ISNSServer = "", j.Portal
	}
	j.Instance, j.InitiatorPort = jsonitem.Text(e.Key.Instance), e.Key.Port.String()
	if e.InitiatorPort.Instance != "" {
		j.InstanceUsed, j.PortUsed = jsonitem.Text(e.InitiatorPort.Instance), e.InitiatorPort.Number.String()
	}
	if e.Source.IsValid() {
		j.Source = jsonitem.Text(e.Source.String())
	}
}

// fillChange says what became of a target.
func (j *event) fillChange(e *watch.Event) {
	c := &e.Change
	j.Target = jsonitem.Text(c.Target)
	if j.Is, j.Was = addresses(c.Is), addresses(c.Was); c.Target == "" {
		j.Is, j.Was = words(e.Is), words(e.Was)
	}
	j.AliasIs, j.AliasWas = jsonitem.Text(c.AliasIs), jsonitem.Text(c.AliasWas)
}

// fillError says what failed.
func (j *event) fillError(e *watch.Event) {
	j.Code, j.CodeName, j.Stage = &e.Code, isdsc.Name(e.Code), stage(e.Err)
	if e.WasCode != isdsc.Success {
		j.WasCode = &e.WasCode
	}
	if e.Err != nil {
		j.Message = jsonitem.Text(e.Err.Error())
	}
}

// stage returns the stage at which something failed; empty: it is not known.
func stage(err error) string {
	var (
		at     *initiator.Error
		server *isns.Error
	)
	switch {
	case errors.As(err, &at):
		return at.Stage.String()
	case errors.As(err, &server):
		return server.Stage.Word()
	}
	return ""
}

// addresses returns addresses as texts; nil: there are none to tell.
func addresses(all []target.Address) *[]jsonitem.Text {
	if all == nil {
		return nil
	}
	texts := make([]jsonitem.Text, len(all))
	for i := range all {
		texts[i] = jsonitem.Text(all[i].String())
	}
	return &texts
}

// words returns a text as a list, which is empty where there is none.
func words(s string) *[]jsonitem.Text {
	all := []jsonitem.Text{}
	if s != "" {
		all = append(all, jsonitem.Text(s))
	}
	return &all
}
