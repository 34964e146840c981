package hostverbs

import (
	"context"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// addInstance adds an instance or changes the one of that name, and says what it was
// before. What i leaves empty stays as it was, or with replace is dropped: a node name
// that got lost would make another initiator of the instance.
func (c *command) addInstance(ctx context.Context, s *registry.Service, i *ports.Instance, replace bool) error {
	var before *ports.Instance
	now, err := s.ChangeInstance(ctx, i.Name, func(old *ports.Instance) ports.Instance {
		before = old
		if old == nil || replace {
			return *i
		}
		return onto(*old, i)
	})
	if err != nil {
		return err
	}
	for _, w := range app.UnusualName(i.NodeName) {
		c.Say("warning: %s", w.Message)
	}
	j := newJSONInstance(&now)
	if before == nil {
		return c.Done("instances", "instance", j, "added instance %s; see discover port list", i.Name)
	}
	was := newJSONInstance(before)
	j.Before = was
	what, changed := j.changes()
	switch {
	case !changed:
		return c.Done("instances", "instance", j, "left instance %s as it is; see discover instance list", i.Name)
	case replace:
		return c.Done("instances", "instance", j, "replaced instance %s: %s; see discover port list", i.Name, what)
	}
	return c.Done("instances", "instance", j, "changed instance %s: %s; see discover port list", i.Name, what)
}

// onto returns old with what i has.
func onto(old ports.Instance, i *ports.Instance) ports.Instance {
	if i.NodeName != "" {
		old.NodeName = i.NodeName
	}
	if len(i.Interfaces) > 0 {
		old.Interfaces = i.Interfaces
	}
	if len(i.Addresses) > 0 {
		old.Addresses = i.Addresses
	}
	return old
}

// changes says in words what j is and what it was before, and whether that is not
// the same.
func (j *jsonInstance) changes() (text string, changed bool) {
	var parts []string
	add := func(what, now, before, none string) {
		switch {
		case now == before && now == "":
			return
		case now == before:
			parts = append(parts, what+" "+now+" as before")
			return
		}
		changed = true
		if now == "" {
			now = none
		}
		if before == "" {
			before = none
		}
		parts = append(parts, what+" "+now+" (it was "+before+")")
	}
	add("node name", string(j.NodeName), string(j.Before.NodeName), "that of initiator show")
	interfaces, addresses := strings.Join(j.Interfaces, " "), strings.Join(j.Addresses, " ")
	add("interfaces", interfaces, strings.Join(j.Before.Interfaces, " "), "none")
	add("addresses", addresses, strings.Join(j.Before.Addresses, " "), "none")
	if interfaces == "" && addresses == "" {
		parts = append(parts, "all addresses of this host")
	}
	return strings.Join(parts, ", "), changed
}
