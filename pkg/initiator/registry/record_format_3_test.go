package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// TestRecordFormat3 (issue 13, 30 and 31; issue 18): an entry with the peer's identity or
// with proposals is one of format 3, and one with version 2 of IKE one of format 4, which
// older versions do not take, and which hold all that they held before.
func TestRecordFormat3(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		set    func(*initiator.IPsecOptions)
		format int
	}{
		{"the peer's identity", func(o *initiator.IPsecOptions) { o.PeerID = "user@array.example" }, 3},
		{"proposals", func(o *initiator.IPsecOptions) { o.Proposals = "3des-sha1-modp1024" }, 3},
		{"version 2 of IKE", func(o *initiator.IPsecOptions) { o.IKE = ipsec.IKEv2 }, 4},
		{"version 2 of IKE and proposals", func(o *initiator.IPsecOptions) { o.IKE, o.Proposals = ipsec.IKEv2, "aes128-sha256-modp2048" }, 4},
	} {
		name := tt.name
		for _, golden := range goldenRecords(t) {
			var before portalRecord
			if err := decode(golden, &before); err != nil {
				t.Fatal(err)
			}
			p := before.portal()
			tt.set(&p.IPsec)
			r := newPortalRecord(&p, keptSecrets{})
			r.Added, r.Last = before.Added, before.Last
			r.IPsecKey, r.Login.Password, r.Login.TargetPassword = before.IPsecKey, before.Login.Password, before.Login.TargetPassword
			value := encode(r)
			// What a version without formats reads, and one that knows format 2.
			if !strings.Contains(string(value), fmt.Sprintf(`"record format %d: use a newer version of discover"`, tt.format)) {
				t.Errorf("%s: got %s", name, value)
			}
			var head struct{ Format int }
			if err := json.Unmarshal(value, &head); err != nil || head.Format != tt.format {
				t.Errorf("%s: got format %d, %v", name, head.Format, err)
			}
			var again portalRecord
			if err := decode(Record{Key: golden.Key, Value: value}, &again); err != nil {
				t.Fatal(err)
			}
			if q := again.portal(); q.IPsec.PeerID != p.IPsec.PeerID || q.IPsec.Proposals != p.IPsec.Proposals || q.IPsec.IKE != p.IPsec.IKE || q.IPsec.LocalID != p.IPsec.LocalID {
				t.Errorf("%s: got %+v, want %+v", name, q.IPsec, p.IPsec)
			}
			again.PeerID, again.Proposals, again.IKE = "", "", 0
			if got := encode(again); !bytes.Equal(got, golden.Value) {
				t.Errorf("%s: without it:\ngot  %s\nwant %s", name, got, golden.Value)
			}
		}
	}
}

// TestIdentity (issue 13, 42): which text is an identity of IKE. What an IKE daemon
// takes for a pattern, a distinguished name or a type is none.
func TestIdentity(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"192.0.2.10": "192.0.2.10", "::ffff:192.0.2.10": "192.0.2.10", "2001:DB8::10": "2001:db8::10", "[2001:db8::10]": "2001:db8::10",
		"Array.Example.": "array.example", "host_1": "host_1", "group": "group",
		"User+iscsi.1@Array.Example": "user+iscsi.1@array.example",
		"":                           "", "*@example.com": "", "user@*.example.com": "", "*.example.com": "", "C=CH, CN=a@b.com": "", "CN=array": "",
		"asn1dn:#3000": "", "keyid:x": "", "fqdn:array.example": "", "@#6162": "", "@@user@example.com": "", "@array.example": "", "#6162": "",
		"%any": "", "%any@x": "", "%any6": "", "0.0.0.0": "", "::": "", "224.0.0.1": "", "ff02::1": "", "255.255.255.255": "", "192.0.2.0/24": "", "192.0.2.300": "",
		"fe80::1%eth0": "", "a\nb@example.com": "", "a\x00@example.com": "", "us er@example.com": "", "user@": "", "@": "", "a@b@example.com": "", "user@exam\tple.com": "",
		"user@192.0.2.10": "", "üser@example.com": "", "user@" + strings.Repeat("a.", 130) + "a": "", strings.Repeat("a", 65) + "@example.com": "",
	} {
		got, err := initiator.CanonicalIdentity(id)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", id, got, err, want)
		}
		var config *isdsc.Error
		if err != nil && (!errors.As(err, &config) || config.Code != isdsc.InvalidParameter) {
			t.Errorf("%q: got %v, want CodeInvalidParameter", id, err)
		}
	}
}

// FuzzIdentity (issue 13, 42): what is taken has nothing in it that an IKE daemon
// gives a meaning to, and is its own canonical form.
func FuzzIdentity(f *testing.F) {
	for _, s := range []string{"user@array.example", "*@example.com", "C=CH", "[::1]", "%any", "192.0.2.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := initiator.CanonicalIdentity(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(id, "*%=#,/\\ \t\r\n\x00\"'") || strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is taken, as %q", s, id)
		}
		if again, err := initiator.CanonicalIdentity(id); err != nil || again != id {
			t.Errorf("%q becomes %q, and that %q, %v", s, id, again, err)
		}
	})
}
