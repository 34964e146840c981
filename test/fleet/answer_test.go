package fleet

import (
	"encoding/json"
	"testing"
	"time"
)

// An answer is what the API and discover -o json tell: the fleet, and one list.
type answer struct {
	Fleet struct {
		StaleSince *time.Time `json:"stale_since"`
		AsOf       *time.Time `json:"as_of"`
		Error      string
		Leader     string
		Hosts      int
		Silent     int
		Unreadable int `json:"unreadable_keys"`
	}
	Hosts       []hostRow
	Portals     []portalRow
	Differences []differenceRow
	Targets     []targetRow
	Events      []event
}

type hostRow struct {
	Host, State, Error, Lie string
	Paths                   int
	PathsUp                 int `json:"paths_up"`
	Started                 time.Time
}

type portalRow struct {
	Portal         string
	Hosts, Failing int
	Groups         []struct {
		Up      bool
		Hosts   int
		Targets *int
		Since   time.Time
		Paths   []struct{ Host string }
	}
}

type differenceRow struct {
	Kind, Portal, Key, Message string
	Hosts, Lacks               []string
	Of                         int `json:"of_hosts"`
	Peers                      int
}

type targetRow struct {
	Target string
	Hosts  int
}

// parse reads an answer.
func parse(t *testing.T, s string) (a answer) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &a); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	return a
}
