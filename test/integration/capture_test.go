package integration

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/capture"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestCapture has Wireshark judge a file of our own making: it puts every
// exchange together, digests and redirects included, and finds nothing wrong
// with it.
func TestCapture(t *testing.T) {
	t.Parallel()
	need.Program(t, "tshark")
	record := []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}
	long := make([]iscsitest.Record, 300)
	for i, name := range targets.Names("a-target-with-a-long-name", len(long)) {
		long[i] = iscsitest.Record{Name: name, Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3260,2"}}
	}
	tests := []struct {
		name   string
		target *iscsitest.Target
		addr   netip.Addr
		chap   targets.CHAP
		change func(*initiator.SendTargetPortal)
		pdus   int
	}{
		{name: "plain", target: &iscsitest.Target{Records: record}, pdus: 6},
		{name: "IPv6", target: &iscsitest.Target{Records: record}, addr: loopback6, pdus: 6},
		{name: "mutual CHAP", target: &iscsitest.Target{Records: record, User: mutual.User, Secret: mutual.Secret, MutualUser: mutual.TargetUser, MutualSecret: mutual.TargetSecret}, chap: mutual, pdus: 12},
		{name: "digests, in parts", target: &iscsitest.Target{Records: long, MaxText: 8000, Split: iscsitest.SplitAnywhere, HeaderDigest: true, DataDigest: true}, pdus: 4 + 2*5, change: func(p *initiator.SendTargetPortal) {
			p.Login.Specified = login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
			p.Login.HeaderDigest, p.Login.DataDigest = login.DigestCRC32C, login.DigestCRC32C
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			addr := tt.addr
			if !addr.IsValid() {
				addr = loopback4
			}
			server := iscsitest.ListenOn(t, addr, tt.target)
			p := at(server.Addr, tt.chap)
			if tt.change != nil {
				tt.change(&p)
			}
			file := captured(t, p)
			judgement := targets.Judge(t, file, server.Addr.Port())
			for _, problem := range judgement.Problems {
				// Wireshark 4.0 does not put text together that is cut within a
				// key or a value, and calls its parts malformed.
				if problem.From != server.Addr || tt.target.MaxText == 0 {
					t.Errorf("Wireshark: %s", problem)
				}
			}
			if len(judgement.PDUs) != tt.pdus {
				t.Errorf("%d PDUs, want %d", len(judgement.PDUs), tt.pdus)
			}
			responses := 0
			for _, p := range judgement.PDUs {
				for _, kv := range p.Fields["iscsi.keyvalue"] {
					if value, ok := strings.CutPrefix(kv, "CHAP_R="); ok {
						responses++
						if strings.Trim(value, "*") != "" {
							t.Errorf("a response is in the file: %s", value)
						}
					}
				}
			}
			if want := 2; tt.chap.User != "" && responses != want {
				t.Errorf("%d responses in the file, want %d", responses, want)
			}
		})
	}
}

// captured discovers a portal and returns the file of its capture.
func captured(t *testing.T, p initiator.SendTargetPortal) string {
	t.Helper()
	var b bytes.Buffer
	w, err := capture.NewWriter(&b, false)
	if err != nil {
		t.Fatal(err)
	}
	d := newDiscoverer()
	d.Wrap = func(nc net.Conn) net.Conn { return w.Conn(nc) }
	if _, err := d.Discover(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "capture.pcapng")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
