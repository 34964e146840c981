package main

import (
	"context"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// entry understands the portal of a verb about one entry of the registry.
func (k *keyFlags) entry(arg string) (initiator.Portal, error) {
	if err := k.check(); err != nil {
		return initiator.Portal{}, err
	}
	if k.port.each {
		return initiator.Portal{}, errEachIsForScan
	}
	return k.portal(arg)
}

// errEachIsForScan is each where one entry is meant.
var errEachIsForScan = machine.Usagef("--initiator-port each is for scan: an entry of the registry is asked from one port, so add one for each number of discover port list")

// of returns the key of an entry. An address of ours becomes the number of its
// port, whether or not the host still has it.
func (k *keyFlags) of(ctx context.Context, s *registry.Service, p initiator.Portal) (initiator.Key, error) {
	key := initiator.Key{Instance: k.instance, Port: k.port.number, Portal: p}
	if !k.source.IsValid() {
		return key, nil
	}
	if key.Instance == "" {
		key.Instance = ports.Host
	}
	selector, err := s.Selector(ctx, false)
	if err != nil {
		return key, err
	}
	port, ok := selector.Find(key.Instance, k.source)
	if !ok {
		return key, &initiator.Error{Stage: initiator.StageValidate, Portal: p, Err: &isdsc.Error{
			Code:   isdsc.InvalidPortNumber,
			What:   "source " + k.source.String(),
			Reason: fmt.Sprintf("no initiator port of instance %s has this address; see discover port list", key.Instance),
		}}
	}
	key.Instance, key.Port = port.Instance, port.Number
	return key, nil
}
