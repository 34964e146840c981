package ipsec_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// examples returns the blocks of docs/guide/ipsec-peers.md that say what a peer is to be set
// to: of strongSwan, of libreswan, and libreswan's secrets.
func examples(t *testing.T) (strongswan, libreswan, secrets string) {
	t.Helper()
	b, err := os.ReadFile("../../docs/guide/ipsec-peers.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```\n(.*?)^```$").FindAllStringSubmatch(string(b), -1)
	if len(blocks) != 3 {
		t.Fatalf("got %d blocks, want 3", len(blocks))
	}
	return blocks[0][1], blocks[1][1], blocks[2][1]
}

// exampleKey returns the preshared key of an example.
func exampleKey(t *testing.T, text, before string) string {
	t.Helper()
	m := regexp.MustCompile(before + ` "([^"]+)"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("there is no key in %s", text)
	}
	return m[1]
}

// testExample (issue 13, 32): the documented peer, with the addresses of the test, and
// the flags that the document has for it.
func (h *hostCharon) testExample(t *testing.T) {
	text, _, _ := examples(t)
	w := newWorld(t, false)
	peer := startCharon(t, w.target)
	port := strconv.Itoa(int(w.portal.Port()))
	peer.load(t, strings.NewReplacer("192.0.2.10", w.portal.Addr().String(), "192.0.2.2", w.source.String(), "3260", port).Replace(text))
	j := h.job(w, job.MainTransport|ipsec.FlagPFS)
	j.Key = exampleKey(t, text, "secret =")
	h.agrees(t, w, peer, j)
	j.Key = "another"
	if r := j.Run(t.Context()); !r.WrongKey {
		t.Errorf("with another key: got %q, want a KeyError", r.Error)
	}
	j.Key, j.Flags = exampleKey(t, text, "secret ="), job.MainTransport
	if r := j.Run(t.Context()); !strings.Contains(r.Error, "none of the proposals for IPsec") {
		t.Errorf("without PFS: got %q, want that no proposal was taken", r.Error)
	}
	h.wantClean(t)
}

// TestLibreswanExample (issue 13, 32): the documented libreswan is not run here; what
// it says is what we ask for.
func TestLibreswanExample(t *testing.T) {
	t.Parallel()
	strongswan, text, secrets := examples(t)
	if got, want := exampleKey(t, secrets, "PSK"), exampleKey(t, strongswan, "secret ="); got != want {
		t.Errorf("the key is %q, and strongSwan's %q", got, want)
	}
	set := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			set[name] = value
		}
	}
	for name, want := range map[string]string{
		"ikev1-policy": "accept", "ikev2": "no", "authby": "secret", "left": "192.0.2.10", "right": "192.0.2.2",
		"leftprotoport": "tcp/3260", "rightprotoport": "tcp", "type": "transport", "pfs": "yes",
	} {
		if set[name] != want {
			t.Errorf("%s: got %q, want %q", name, set[name], want)
		}
	}
	offered, err := ipsec.ParseProposals(ipsec.ProposalsDefault, ipsec.IKEv1)
	if err != nil {
		t.Fatal(err)
	}
	esp, err := offered.ForESP(true)
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.NewReplacer("sha2_256", "sha256", ";", "-") // in strongSwan's words
	for name, list := range map[string][]string{"ike": offered.IKE, "phase2alg": esp} {
		if got := ours.Replace(set[name]); !slices.Contains(list, got) {
			t.Errorf("%s: got %q, want one of %q", name, got, list)
		}
	}
}
