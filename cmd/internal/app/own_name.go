package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// UseDefaultName gives d the default name where none is stored. d has none before.
func (c *Command) UseDefaultName(ctx context.Context, s *registry.Service, d *initiator.Discoverer) error {
	stored, err := s.InitiatorNodeName(ctx)
	if err != nil || stored != "" {
		return err
	}
	c.Initiator = c.DefaultName(d.StrictNames)
	d.InitiatorName = c.Initiator.Name
	return nil
}

// NoteName says, before a result is shown, what there is to say about our own name:
// that it is another than the one in the host's file, and what is odd about it. It says each once.
func (c *Command) NoteName(r *initiator.Result) {
	if c.Initiator.Because != "" && c.usedDefault(r) {
		c.NoteDefaultName()
	}
	if !c.ForPeople() {
		return
	}
	for _, w := range r.Warnings {
		if w.Code == initiator.WarnInitiatorName {
			c.sayOnce("warning: %s", w.Message)
		}
	}
}

// NoteDefaultName says, once, that the name in the host's file cannot be used.
func (c *Command) NoteDefaultName() { c.sayOnce("warning: %s", c.Initiator.Complaint()) }

// usedDefault reports a result of a login by the default name.
func (c *Command) usedDefault(r *initiator.Result) bool {
	var e *initiator.Error
	if errors.As(r.Err, &e) && e.Stage < initiator.StageLogin {
		return false // no portal saw a name
	}
	return r.InitiatorName == c.Initiator.Name && r.Asked.Login.InitiatorName == "" && r.InitiatorPort.NodeName == ""
}

// sayOnce says a line that is of use once in a run.
func (c *Command) sayOnce(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if c.said[line] {
		return
	}
	if c.said == nil {
		c.said = make(map[string]bool)
	}
	c.said[line] = true
	c.Say("%s", line)
}

// UnusualName is the warning that a name of ours is taken that is no iSCSI name; nil:
// it is one.
func UnusualName(iqn string) []jsonitem.Warning {
	unusual, err := name.CheckName(iqn)
	if err != nil || unusual == "" {
		return nil
	}
	return []jsonitem.Warning{{
		Code:    initiator.WarnInitiatorName,
		Message: jsonitem.Text(fmt.Sprintf("initiator name %s is not a well-formed iSCSI name: %s; it is used as it is", wording.Quoted(iqn), unusual)),
	}}
}
