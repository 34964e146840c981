package metrics

import "time"

// A Pair is how the daemon stands among those that work on its registry in etcd.
type Pair struct {
	Active    bool // it asks the portals
	Connected bool // its seat in the election is kept
	Since     time.Time
}

// SetPair has the metrics ask how the daemon stands in its pair.
func (t *Table) SetPair(ask func() Pair) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pair = ask
}

var (
	pairActive    = newMetric("gauge", "pair_active", "Whether this discoverd asks the portals, and does not stand by (--registry etcd:PREFIX).")
	pairConnected = newMetric("gauge", "pair_connected", "Whether this discoverd may become or stay the active one, since etcd answers it (--registry etcd:PREFIX).")
	pairSince     = newMetric("gauge", "pair_since_timestamp_seconds", "Since when this discoverd is active, or stands by (--registry etcd:PREFIX).")
)

// pair adds how the daemon stands in its pair; nil: it is in none.
func (c *collection) pair(ask func() Pair) {
	if ask == nil {
		return
	}
	p := ask()
	c.add(pairActive, number(p.Active))
	c.add(pairConnected, number(p.Connected))
	c.time(pairSince, p.Since)
}
