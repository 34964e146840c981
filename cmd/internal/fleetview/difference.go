package fleetview

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// The kinds of differences. They are part of the output.
const (
	KindGone    = "portal-gone"    // all paths of all hosts to it fail
	KindFailing = "portal-failing" // for some hosts
	KindFewer   = "targets-fewer"  // some hosts see a part of what more hosts see at the same portal
	KindMissing = "portal-missing" // hosts that are to ask it do not have it
	KindSilent  = "host-silent"
	KindTwice   = "host-twice"      // several hosts have one name
	KindSame    = "initiator-twice" // several hosts log in with one initiator name
	KindLie     = "answer-lie"      // a host published what is not true
	KindOdd     = "key-unreadable"  // a key in etcd
	KindUnread  = "answer-unread"   // a list of targets that could not be compared
)

// A JSONFleetDifference is one thing in a fleet that is not as it should be.
type JSONFleetDifference struct {
	Kind    string                       `json:"kind"`
	Portal  jsonitem.Text                `json:"portal,omitempty"`
	ISNS    jsonitem.Text                `json:"isns_server,omitempty"`
	Hosts   jsonitem.List[jsonitem.Text] `json:"hosts"`              // that it is about
	Of      int                          `json:"of_hosts,omitempty"` // of how many
	Since   jsonitem.Time                `json:"since"`              // null: not known
	Targets *int                         `json:"targets,omitempty"`  // that the hosts see
	Peers   int                          `json:"peers,omitempty"`    // hosts that see more
	PeerSee int                          `json:"peer_targets,omitempty"`
	Lacks   []jsonitem.Text              `json:"lacks,omitempty"` // names of targets, at most view.MaxLacks
	Paths   int                          `json:"paths,omitempty"` // that a silent host had
	Stages  []JSONFleetStage             `json:"stages,omitempty"`
	Name    jsonitem.Text                `json:"initiator_name,omitempty"` // that hosts have in common
	Key     jsonitem.Text                `json:"key,omitempty"`
	Answer  string                       `json:"answer,omitempty"`
	Message jsonitem.Text                `json:"message,omitempty"`

	details string // for people
}

// A JSONFleetStage is how many paths fail at a stage.
type JSONFleetStage struct {
	Stage   jsonitem.Text `json:"stage"`
	Paths   int           `json:"paths"`
	Message jsonitem.Text `json:"message,omitempty"` // of one of them
}

// Differences lists what a Difference has: the worst first.
func Differences(d *view.Difference) (all []JSONFleetDifference) {
	for _, gone := range []bool{true, false} {
		for i := range d.Failing {
			if d.Failing[i].Gone == gone {
				all = append(all, newFailing(&d.Failing[i]))
			}
		}
	}
	for i := range d.Fewer {
		all = append(all, newFewer(&d.Fewer[i]))
	}
	for _, m := range d.Missing {
		all = append(all, JSONFleetDifference{
			Kind: KindMissing, Portal: jsonitem.Text(m.Portal.String()), Hosts: texts(m.Hosts), Of: m.Of,
			details: "config/ has it, and they do not",
		})
	}
	for _, s := range d.Silent {
		all = append(all, JSONFleetDifference{
			Kind: KindSilent, Hosts: texts([]string{s.Host}), Since: jsonitem.Time(s.Since), Paths: s.Paths, details: "it had " + plural(s.Paths, "path"),
		})
	}
	for i := range d.Twice {
		all = append(all, newTwice(&d.Twice[i]))
	}
	for _, s := range d.Same {
		all = append(all, JSONFleetDifference{Kind: KindSame, Hosts: texts(s.Hosts), Name: jsonitem.Text(s.Name), details: "each logs in as " + s.Name + ": a target takes them for one host"})
	}
	for _, l := range d.Liars {
		all = append(all, JSONFleetDifference{Kind: KindLie, Hosts: texts([]string{l.Host}), Since: jsonitem.Time(l.At), Message: jsonitem.Text(l.Why), details: l.Why})
	}
	for _, o := range d.Odd {
		j := JSONFleetDifference{Kind: KindOdd, Key: jsonitem.Text(o.Key), Message: jsonitem.Text(o.Err.Error()), details: o.Key + ": " + o.Err.Error()}
		if o.Host != "" {
			j.Hosts = texts([]string{o.Host})
		}
		all = append(all, j)
	}
	for _, u := range d.Unread {
		all = append(all, JSONFleetDifference{
			Kind: KindUnread, Portal: jsonitem.Text(u.Portal.String()), Answer: u.Answer.String(), Message: jsonitem.Text(u.Err.Error()), details: u.Err.Error(),
		})
	}
	return all
}

func newFailing(f *view.Failing) JSONFleetDifference {
	j := JSONFleetDifference{Kind: KindFailing, Portal: jsonitem.Text(f.Portal.String()), Hosts: texts(f.Failed), Of: f.Hosts, Since: jsonitem.Time(f.Since)}
	if f.Gone {
		j.Kind = KindGone
	}
	if f.ISNS {
		j.Portal, j.ISNS = "", j.Portal
	}
	var words []string
	for _, s := range f.Stages {
		j.Stages = append(j.Stages, JSONFleetStage{jsonitem.Text(s.Stage), s.Paths, jsonitem.Text(s.Message)})
		word := plural(s.Paths, "path") + " failed" + at(s.Stage)
		if s.Message != "" {
			word += ": " + cutReason(s.Message, f.Portal.String())
		}
		words = append(words, word)
	}
	j.details = strings.Join(words, "; ")
	return j
}

func newTwice(t *view.Twice) JSONFleetDifference {
	details := plural(len(t.Others), "other host") + " with this name: "
	var words []string
	for _, o := range t.Others {
		word := "discoverd " + o.Version
		if o.InitiatorName != "" {
			word += " of " + o.InitiatorName
		}
		words = append(words, word+", its registry is "+o.ID)
	}
	details += Names(words)
	return JSONFleetDifference{Kind: KindTwice, Hosts: texts([]string{t.Host}), Since: jsonitem.Time(t.Others[0].Started), Message: jsonitem.Text(details), details: details}
}

// cutReason returns the reason in a message about a portal, without its remedy.
func cutReason(message, portal string) string {
	if _, after, ok := strings.Cut(message, portal); ok {
		if _, reason, ok := strings.Cut(after, ": "); ok {
			message = reason
		}
	}
	reason, _, _ := strings.Cut(message, "; ")
	return reason
}

func newFewer(f *view.Fewer) JSONFleetDifference {
	hosts := HostsOf(f.Paths)
	j := JSONFleetDifference{
		Kind: KindFewer, Portal: jsonitem.Text(f.Portal.String()), Hosts: texts(hosts), Of: len(hosts) + f.Peers, Targets: &f.Targets,
		Peers: f.Peers, PeerSee: f.PeerSees, Lacks: texts(f.Lacks),
	}
	if f.ISNS {
		j.Portal, j.ISNS = "", j.Portal
	}
	j.details = fmt.Sprintf("%s; %s see %d; lacks %s", plural(f.Targets, "target"), plural(f.Peers, "host"), f.PeerSees, Names(f.Lacks))
	if f.Incomplete {
		j.details += "; their answer was cut off"
	}
	return j
}

func texts(all []string) []jsonitem.Text {
	list := make([]jsonitem.Text, len(all))
	for i, s := range all {
		list[i] = jsonitem.Text(s)
	}
	return list
}

// DifferenceHead are the columns of Row.
func DifferenceHead() []string {
	return []string{"DIFFERENCE", "PORTAL", "HOSTS", "SINCE", "DETAILS"}
}

// Row is the difference for people.
func (j *JSONFleetDifference) Row(now time.Time) []string {
	names := make([]string, len(j.Hosts))
	for i, h := range j.Hosts {
		names[i] = string(h)
	}
	hosts := Names(names)
	if j.Of > 0 {
		hosts = fmt.Sprintf("%d of %d: %s", len(names), j.Of, hosts)
		if len(names) == j.Of {
			hosts = fmt.Sprintf("all %d", j.Of)
		}
	}
	portal := string(j.Portal)
	if j.ISNS != "" {
		portal = "iSNS server " + string(j.ISNS)
	}
	return []string{j.Kind, portal, hosts, sinceText(time.Time(j.Since), now), j.details}
}
