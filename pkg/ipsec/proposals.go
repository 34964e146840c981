package ipsec

import (
	"fmt"
	"slices"
	"strings"
)

// The words that stand for a list of proposals.
const (
	ProposalsDefault = "default" // what is good today
	ProposalsLegacy  = "legacy"  // that, and then what RFC 3723 asks of targets: 3DES, SHA-1 and a group of 1024 bits
)

// Limits of a list of proposals. The defaults of IKEv2 with a group for each ESP proposal
// are 18 items.
const (
	maxProposals     = 32   // items, and proposals for each of IKE and ESP
	maxWithGroups    = 64   // proposals for ESP of IKEv2, with each group
	maxProposalsText = 1024 // bytes
)

// Proposals are the algorithms that are offered to a peer, best first, in the words
// of strongSwan: aes256-sha256-modp2048. Each has one cipher, at most one hash and at most
// one group.
type Proposals struct {
	Version IKEVersion // of IKE, for which they are; zero: version 1
	IKE     []string   // each with a Diffie-Hellman group
	ESP     []string   // each with a group where it is for perfect forward secrecy alone
}

// defaults returns what is offered without a list.
func defaults(v IKEVersion) Proposals {
	if v == IKEv2 {
		return Proposals{
			Version: v,
			// The group of the first is the one of the first message, so that it goes
			// ahead of better ciphers with another group.
			IKE: []string{
				"aes256gcm16-prfsha256-ecp256", "aes256-sha256-ecp256", "aes128-sha256-ecp256",
				"aes256gcm16-prfsha256-modp2048", "aes256-sha256-modp2048", "aes128-sha256-modp2048",
			},
			ESP: []string{"aes256gcm16", "chacha20poly1305", "aes256-sha256", "aes128-sha256", "aes256-sha1", "aes128-sha1"},
		}
	}
	return Proposals{
		Version: v,
		IKE:     []string{"aes256-sha256-modp2048", "aes128-sha256-modp2048", "aes256-sha1-modp2048", "aes128-sha1-modp2048"},
		ESP:     []string{"aes256gcm16", "aes256-sha256", "aes128-sha256", "aes256-sha1", "aes128-sha1"},
	}
}

// legacy returns what the word legacy adds, after the defaults: RFC 3723 wants 3DES with
// SHA-1 of every target, and with it go small groups.
func legacy(v IKEVersion) Proposals {
	p := Proposals{Version: v, IKE: []string{"aes128-sha1-modp1024", "3des-sha1-modp1024"}, ESP: []string{"3des-sha1"}}
	if v != IKEv2 {
		p.IKE = slices.Insert(p.IKE, 0, "aes256-sha1-modp1024")
	}
	return p
}

// ParseProposals reads "default", "legacy", or a list of proposals, separated by
// commas and nothing else, for a version of IKE; zero is version 1. Each is of words that
// are joined by '-': ciphers, hashes, pseudo-random functions, Diffie-Hellman groups. One
// with a group is for IKE, one without for ESP. "ike:" or "esp:" before one says which it
// is for; "esp:", or "esp=", makes its group that of perfect forward secrecy. A proposal
// with several ciphers or hashes stands for each pair of them. IKE or ESP that the list
// does not name is as by default. At most 32 items and 1024 bytes. ESP that does not
// encrypt or has no integrity, single DES, MD5 and groups below 1024 bits are refused. The
// error is a *ProposalsError.
func ParseProposals(s string, v IKEVersion) (Proposals, error) {
	d := defaults(v)
	switch s {
	case "", ProposalsDefault:
		return d, nil
	case ProposalsLegacy:
		l := legacy(v)
		return Proposals{Version: v, IKE: append(d.IKE, l.IKE...), ESP: append(d.ESP, l.ESP...)}, nil
	}
	refuse := func(reason string) (Proposals, error) {
		return Proposals{}, &ProposalsError{Input: s, Reason: reason}
	}
	items := strings.Split(s, ",")
	if len(s) > maxProposalsText || len(items) > maxProposals {
		return refuse(fmt.Sprintf("at most %d proposals in %d bytes", maxProposals, maxProposalsText))
	}
	p := Proposals{Version: v}
	for i, text := range items {
		if slices.Contains(items[:i], text) {
			return refuse(fmt.Sprintf("%q occurs twice", cut(text)))
		}
		it, reason := parseItem(text, v)
		if reason != "" {
			return refuse(fmt.Sprintf("%q: %s", cut(text), reason))
		}
		list := &p.IKE
		if it.esp {
			list = &p.ESP
		}
		*list = appendNew(*list, it.proposals()...)
		if len(*list) > maxProposals {
			return refuse(fmt.Sprintf("with each pair of ciphers and hashes it has more than %d proposals", maxProposals))
		}
	}
	if v != IKEv2 && len(groupsOf(p.ESP)) > 1 {
		return refuse("the proposals for ESP must have the same group for perfect forward secrecy, or none: IKEv1 offers only one at a time")
	}
	if p.IKE == nil {
		p.IKE = d.IKE
	}
	if p.ESP == nil {
		p.ESP = d.ESP
	}
	if len(p.withGroups()) > maxWithGroups {
		return refuse(fmt.Sprintf("with each group it has more than %d proposals for ESP", maxWithGroups))
	}
	return p, nil
}

// appendNew appends those of more that list does not have.
func appendNew(list []string, more ...string) []string {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// isLegacy reports whether p is what the word legacy stands for.
func (p Proposals) isLegacy() bool {
	d, l := defaults(p.Version), legacy(p.Version)
	return slices.Equal(p.IKE, append(d.IKE, l.IKE...)) && slices.Equal(p.ESP, append(d.ESP, l.ESP...))
}

// ForIKE returns what is offered for IKE. In aggressive mode, which IKEv2 does not have,
// the group cannot be negotiated, since the first message has a public value of it (RFC
// 2409, section 5): all must have the same, and another list is a *ProposalsError. What the
// word legacy stands for is cut to the proposals with a group of 1024 bits then.
func (p Proposals) ForIKE(aggressive bool) ([]string, error) {
	switch {
	case !aggressive || p.Version == IKEv2:
		return slices.Clone(p.IKE), nil
	case p.isLegacy():
		return legacy(p.Version).IKE, nil
	case len(groupsOf(p.IKE)) > 1:
		return nil, &ProposalsError{Input: strings.Join(p.IKE, ","), Reason: "in aggressive mode the proposals for IKE must have the same group, which cannot be negotiated: name those with one group, or use main mode"}
	}
	return slices.Clone(p.IKE), nil
}

// ForESP returns what is offered for ESP under a plan. With perfect forward secrecy
// a proposal without a group has that of the first one for IKE in IKEv1, which offers one
// at a time, and each of those for IKE in turn in IKEv2. A group without perfect forward
// secrecy is a *ProposalsError: the peer would be asked for more than the plan says.
func (p Proposals) ForESP(pfs bool) ([]string, error) {
	for _, e := range p.ESP {
		if !pfs && groupOf(e) != "" {
			return nil, &ProposalsError{Input: "esp=" + e, Reason: "it has a group, but the plan has no perfect forward secrecy: add pfs to the IPsec flags, or remove the group"}
		}
	}
	switch {
	case !pfs:
		return slices.Clone(p.ESP), nil
	case p.isLegacy():
		d, l := defaults(p.Version), legacy(p.Version)
		return append(d.withGroups(), l.IKE...), nil
	}
	return p.withGroups(), nil
}

// withGroups returns the proposals for ESP, each with the groups of perfect forward
// secrecy that it is offered with.
func (p Proposals) withGroups() (all []string) {
	groups := groupsOf(p.IKE)
	if len(groups) == 0 {
		groups = groupsOf(defaults(p.Version).IKE)
	}
	if p.Version != IKEv2 {
		groups = groups[:1]
	}
	for i, g := range groups {
		for _, e := range p.ESP {
			switch {
			case groupOf(e) == "":
				all = append(all, e+"-"+g)
			case i == 0:
				all = append(all, e)
			}
		}
	}
	return all
}

// groupsOf returns the groups of proposals, each once, in their order; an empty one stands
// for those that have none.
func groupsOf(list []string) (groups []string) {
	for _, p := range list {
		groups = appendNew(groups, groupOf(p))
	}
	return groups
}

// groupOf returns the group of a proposal; empty: it has none.
func groupOf(s string) string {
	for word := range strings.SplitSeq(s, "-") {
		if algorithms[word].kind == groupKind {
			return word
		}
	}
	return ""
}

// A ProposalsError is text that is no list of proposals, or a list that does not go
// with a plan. It says what would be right.
type ProposalsError struct {
	Input  string
	Reason string // in lower case
}

func (e *ProposalsError) Error() string {
	return fmt.Sprintf("proposals %q: %s", cut(e.Input), e.Reason)
}
