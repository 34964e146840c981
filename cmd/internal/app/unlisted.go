package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// ListKeys names entries of the registry in a line.
func ListKeys(keys []initiator.Key) string {
	const most = 5
	var names []string
	for i, k := range keys {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(keys)-most))
			break
		}
		names = append(names, k.String())
	}
	return strings.Join(names, ", ")
}

// NoteUnlisted says that a portal is asked without the options that were perhaps
// meant to go with it.
func (c *Command) NoteUnlisted(ctx context.Context, s *registry.Service, key initiator.Key) {
	near, err := s.Near(ctx, key)
	if err != nil || len(near) == 0 || !c.ForPeople() {
		return
	}
	for _, k := range near {
		if k.Same(key) {
			return
		}
	}
	c.Say("warning: %s is not in the registry and is asked without options; similar entries: %s", key, ListKeys(near))
}
