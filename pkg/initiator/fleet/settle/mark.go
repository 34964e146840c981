package settle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// tool is the Tool of a mark; its Kind is the fleet, its Name the portal.
const tool = "fleet"

// A mark says which entry the fleet made for a portal.
type mark struct {
	portal string // see portalName; empty: there is no mark
	key    initiator.Key
	wants  string // digest of the entry as config/ wants it
	entry  string // digest of the entry as the registry has it, see entryDigest
	was    string // likewise, before it was changed last
}

// record returns the mark as it is kept.
func (m *mark) record(fleet string) registry.ToolRecord {
	return registry.ToolRecord{
		Tool: tool, Kind: fleet, Name: m.portal, Version: registry.AnyVersion,
		Fields: map[string]string{
			"address": m.key.Portal.Address, "tcp_port": strconv.Itoa(int(m.key.Portal.Port)), "instance": m.key.Instance,
			"port": m.key.Port.String(), "wants": m.wants, "entry": m.entry, "was": m.was,
		},
	}
}

// readMark reads a mark; false: it is none that this version wrote.
func readMark(r *registry.ToolRecord) (mark, bool) {
	f := r.Fields
	port, err := strconv.ParseUint(f["tcp_port"], 10, 16)
	number := ports.All
	if f["port"] != ports.All.String() {
		n, err2 := strconv.ParseUint(f["port"], 10, 32)
		if err2 != nil {
			return mark{}, false
		}
		number = ports.N(uint32(n))
	}
	m := mark{portal: r.Name, wants: f["wants"], entry: f["entry"], was: f["was"]}
	m.key = initiator.Key{Instance: f["instance"], Port: number, Portal: initiator.Portal{Address: f["address"], Port: uint16(port)}}
	return m, err == nil && m.key.Portal.Address != "" && m.entry != ""
}

// marks returns the marks of a fleet, by portal. One that cannot be read is left out: its
// entry is the host's own.
func marks(ctx context.Context, s *registry.Service, fleet string) (map[string]mark, error) {
	all := make(map[string]mark)
	for r, err := range s.ToolRecords(ctx, tool, fleet) {
		if err != nil {
			if r.Name != "" {
				continue
			}
			return nil, err
		}
		if m, ok := readMark(&r); ok {
			all[m.portal] = m
		}
	}
	return all, nil
}

// Entries are entries of a registry.
type Entries map[string]bool

// EntriesOf returns the entries of the registry that a fleet made.
func EntriesOf(ctx context.Context, s *registry.Service, fleet string) (Entries, error) {
	all, err := marks(ctx, s, fleet)
	e := make(Entries, len(all))
	for _, m := range all {
		e.add(m.key)
	}
	return e, err
}

// Has reports whether an entry is one of them.
func (e Entries) Has(k initiator.Key) bool { return e[nameOf(k)] }

func (e Entries) add(k initiator.Key) { e[nameOf(k)] = true }

// nameOf is a key as a text that is the same for keys of one entry.
func nameOf(k initiator.Key) string {
	return fmt.Sprintf("%s/%s/%d", portalName(k.Portal), ports.FoldInstance(k.Instance), k.Port.Uint32())
}

// portalName is a portal as a text that is the same for all ways to write it.
func portalName(p initiator.Portal) string { return fmt.Sprintf("%s,%d", p.Canonical(), p.Port) }

// entryDigest tells entries apart by what a fleet sets in them and what else there may be.
// It must not change from one version to the next, since entries that differ from their
// mark are the host's own.
func entryDigest(p *initiator.SendTargetPortal) string {
	l, i := &p.Login, &p.IPsec
	text := fmt.Sprintf("1 %q %d %q %d %q %#x", ports.FoldInstance(p.Instance), p.Port.Uint32(), p.Portal.Canonical(), p.Portal.Port, p.Portal.SymbolicName, uint64(p.Security))
	text += fmt.Sprintf(" %q %q %v %t %q %q %d", i.PSKRef, i.LocalID, i.Gateway, i.RefuseUnknown, i.PeerID, i.Proposals, i.IKE)
	text += fmt.Sprintf(" %d %d %d %d %d %d %d %d", l.Specified, l.Flags, l.AuthType, l.HeaderDigest, l.DataDigest, l.MaximumConnections, l.DefaultTime2Wait, l.DefaultTime2Retain)
	text += fmt.Sprintf(" %q %q %q %q %q %d %t %t", l.Username, l.PasswordRef, l.TargetUsername, l.TargetPasswordRef, l.InitiatorName, l.Redirect, l.RedirectNames, l.BindDevice)
	text += fmt.Sprintf(" %t %v %t %d", l.ShortSecrets, l.CHAPAlgorithms, l.NoCHAPFallback, l.CHAPPolicy)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
