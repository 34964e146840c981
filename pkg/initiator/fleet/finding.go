package fleet

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Finding is what became of one portal of a shared sweep.
type Finding struct {
	Portal  netip.AddrPort
	Source  string // address that it was asked from
	Up      bool   // it answered with its targets
	Count   int    // targets of the answer
	Targets []target.Target
	Omitted bool   // the list of targets is too large, or has what no reader takes, and is not there
	Code    uint32 // of the failure, see initiator.Code
	Stage   string // where it failed, see initiator.Stage
	Message string // of the failure, one line
	Outcome string // what became of the portal, in a word, for who counts
	Why     string // the same in a few words without the address, so that equal reasons count as one
	IPsec   string // how it was asked, see ipsec.Plan; empty: it is not told
}

// found is a finding as it is written, one a line.
type found struct {
	Portal  netip.AddrPort `json:"portal"`
	Source  string         `json:"source,omitempty"`
	Up      bool           `json:"up,omitempty"`
	Count   int            `json:"targets,omitempty"`
	List    []listed       `json:"list,omitempty"`
	Omitted bool           `json:"omitted,omitempty"`
	Code    uint32         `json:"code,omitempty"`
	Stage   string         `json:"stage,omitempty"`
	Message string         `json:"message,omitempty"`
	Outcome string         `json:"outcome,omitempty"`
	Why     string         `json:"why,omitempty"`
	IPsec   string         `json:"ipsec,omitempty"`
}

// shardHead is the first line of what was found in a shard.
type shardHead struct {
	Schema int    `json:"schema"`
	Job    string `json:"job"`
	Shard  int    `json:"shard"`
}

// maxBareLen bounds a finding as it is written, without its list: so much of MaxAnswerLen is
// kept for each portal of a shard.
const maxBareLen = MaxAnswerLen / MaxShardPortals / 2

// EncodeFindings writes what was found in a shard: one finding for each of its portals, in
// any order. Lists for which there is no room are left out, and messages are cut. The error
// says which portal is missing, not of the shard, or there twice.
func EncodeFindings(job string, number int, s Shard, all []Finding) (*Answer, error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Finding) int { return a.Portal.Compare(b.Portal) })
	if len(all) != s.Count() {
		return nil, fmt.Errorf("%d findings of a shard with %d portals", len(all), s.Count())
	}
	b := append(encode(shardHead{Schema, job, number}), '\n')
	room := MaxAnswerLen - len(b) - len(all)*maxBareLen
	for i := range all {
		if all[i].Portal != s.At(i) {
			return nil, fmt.Errorf("a finding of %s, expected one of %s", all[i].Portal, s.At(i))
		}
		line := encodeFinding(&all[i], room)
		room -= max(0, len(line)-maxBareLen)
		b = append(append(b, line...), '\n')
	}
	return &Answer{Digest: sha256.Sum256(b), Targets: len(all), Parts: deflate(b)}, nil
}

// encodeFinding writes a finding, with its list where that takes at most room bytes more.
func encodeFinding(f *Finding, room int) []byte {
	l := found{
		Portal: f.Portal, Source: cut(f.Source, 46), Up: f.Up, Count: f.Count, Omitted: f.Omitted,
		Code: f.Code, Stage: cut(f.Stage, 32), Message: cut(f.Message, 400),
		Outcome: cut(f.Outcome, 16), Why: cut(f.Why, 64), IPsec: cut(f.IPsec, 16),
	}
	if l.Up && !l.Omitted {
		l.Omitted = len(f.Targets) > MaxTargets
		var w lister
		for i := range f.Targets {
			target, why := w.list(&f.Targets[i])
			if l.Omitted = l.Omitted || why != "" || len(target.Addresses) > MaxAddresses; l.Omitted {
				break
			}
			l.List = append(l.List, target)
		}
		slices.SortFunc(l.List, func(a, b listed) int { return cmp.Compare(a.Name, b.Name) })
	}
	if l.Omitted {
		l.List = nil
	}
	line := encode(&l)
	if len(line)-maxBareLen > room {
		l.List, l.Omitted = nil, true
		line = encode(&l)
	}
	return line
}

// cut shortens s to n bytes of UTF-8.
func cut(s string, n int) string {
	return string(bytes.ToValidUTF8([]byte(s[:min(n, len(s))]), nil))
}

// DecodeFindings reads what a host delivered of a shard: a finding for each of its portals,
// in order. It is a *ShardError where it is not that. Texts are as they were written, names
// valid UTF-8 within name.MaxLen bytes.
func DecodeFindings(job string, number int, s Shard, d *Delivery, parts [][]byte) ([]Finding, error) {
	lie := func(why string) error { return &ShardError{Host: d.Host, Shard: number, Why: why} }
	if len(parts) != d.Parts || d.Found != s.Count() {
		return nil, lie(fmt.Sprintf("it has %d parts and %d portals, expected %d and %d", len(parts), d.Found, d.Parts, s.Count()))
	}
	written, why, _ := inflate(d.Digest, parts)
	if why != "" {
		return nil, lie(why)
	}
	line, rest, _ := bytes.Cut(written, []byte("\n"))
	var head shardHead
	if err := unmarshal(line, &head); err != nil {
		return nil, lie(err.Error())
	}
	if head.Job != job || head.Shard != number {
		return nil, lie("it is of another shard")
	}
	all := make([]Finding, 0, s.Count())
	for i := range s.Count() {
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		f, why := decodeFinding(line, s.At(i))
		if why != "" {
			return nil, lie(why)
		}
		all = append(all, f)
	}
	if len(rest) > 0 {
		return nil, lie("it has more than the portals of the shard")
	}
	return all, nil
}

func decodeFinding(line []byte, portal netip.AddrPort) (f Finding, why string) {
	var l found
	if err := json.Unmarshal(line, &l); err != nil {
		return f, notRecord(err)
	}
	switch {
	case l.Portal != portal:
		return f, "it has another portal where " + portal.String() + " is due"
	case checkTexts(l.Source, l.Stage, l.Message, l.Outcome, l.Why, l.IPsec) != nil:
		return f, "a text in it is too long, or not UTF-8"
	case l.Count < 0 || len(l.List) > MaxTargets || !l.Up && (l.Count > 0 || len(l.List) > 0) || l.Up && !l.Omitted && l.Count != len(l.List) || l.Omitted && len(l.List) > 0:
		return f, "its number of targets is not that of its list"
	}
	f = Finding{Portal: portal, Source: l.Source, Up: l.Up, Count: l.Count, Omitted: l.Omitted, Code: l.Code, Stage: l.Stage, Message: l.Message, Outcome: l.Outcome, Why: l.Why, IPsec: l.IPsec}
	for i := range l.List {
		t, why := l.List[i].target()
		if why != "" {
			return f, why
		}
		f.Targets = append(f.Targets, t)
	}
	return f, ""
}

// A ShardError is what a host delivered of a shard and is not that.
type ShardError struct {
	Host  string
	Shard int
	Why   string
}

func (e *ShardError) Error() string {
	return fmt.Sprintf("what host %s found in shard %d: %s", e.Host, e.Shard, e.Why)
}
