package ipsec_test

import (
	"sync"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// notices are warnings that may come at any time.
type notices struct {
	mu   sync.Mutex
	list []initiator.Warning // guarded by mu
}

func (n *notices) add(w initiator.Warning) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, w)
}

// all returns those that came since the last time.
func (n *notices) all() []initiator.Warning {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list
	n.list = nil
	return list
}
