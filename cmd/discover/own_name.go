package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// useDefaultName gives d the default name where none is stored. d has none before.
func (c *Command) useDefaultName(ctx context.Context, s *registry.Service, d *initiator.Discoverer) error {
	stored, err := s.InitiatorNodeName(ctx)
	if err != nil || stored != "" {
		return err
	}
	c.us = c.defaultName(d.StrictNames)
	d.InitiatorName = c.us.name
	return nil
}

// noteName says, before a result is shown, what there is to say about our own name:
// that it is another than the file's, and what is odd about it. It says so once.
func (c *Command) noteName(r *initiator.Result) {
	if c.us.because != "" && c.usedDefault(r) {
		c.noteDefaultName()
	}
	if !c.forPeople() {
		return
	}
	for _, w := range r.Warnings {
		if w.Code == initiator.WarnInitiatorName {
			c.sayOnce("warning: %s", w.Message)
		}
	}
}

func (c *Command) noteDefaultName() { c.sayOnce("warning: %s", c.us.complaint()) }

// usedDefault reports a result of a login by the default name.
func (c *Command) usedDefault(r *initiator.Result) bool {
	var e *initiator.Error
	if errors.As(r.Err, &e) && e.Stage < initiator.StageLogin {
		return false // no portal saw a name
	}
	return r.InitiatorName == c.us.name && r.Portal.Login.InitiatorName == "" && r.Port.NodeName == ""
}

// noteNameOf is noteName for a batch, whose targets may come before its result.
// Where ports have names of their own only the result tells which was used.
func (s *scan) noteNameOf(b *initiator.Batch) {
	named := func(p ports.Port) bool { return p.NodeName != "" }
	switch {
	case b.Result != nil:
		s.noteName(b.Result)
	case s.us.because != "" && b.Len() > 0 && (s.ports == nil || !slices.ContainsFunc(s.ports.Ports, named)):
		s.noteDefaultName()
	}
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
	c.say("%s", line)
}

// unusualName is the warning that a name of ours is taken that is no iSCSI name; nil:
// it is one.
func unusualName(iqn string) []render.JSONWarning {
	unusual, err := name.CheckName(iqn)
	if err != nil || unusual == "" {
		return nil
	}
	return []render.JSONWarning{{
		Code:    initiator.WarnInitiatorName,
		Message: render.JSONText(fmt.Sprintf("initiator name %s is no iSCSI name: %s; it is used as it is", machine.Quoted(iqn), unusual)),
	}}
}
