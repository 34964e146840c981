package job

import (
	"sync"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// notices are warnings that may come at any time.
type notices struct {
	mu   sync.Mutex
	list []ipsec.Warning // guarded by mu
}

func (n *notices) add(w ipsec.Warning) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, w)
}

// all returns those that came since the last time.
func (n *notices) all() []ipsec.Warning {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.list
	n.list = nil
	return list
}
