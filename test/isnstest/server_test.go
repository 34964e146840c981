package isnstest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

const us = "iqn.2026-11.com.example:host1"

// shown returns an answer in short.
func shown(a *isns.Answer) string {
	var b strings.Builder
	for _, n := range a.Nodes {
		fmt.Fprintf(&b, "%s %q", n.Name, n.Alias)
		for _, p := range n.Portals {
			fmt.Fprintf(&b, " %s,%d", p.Address, p.Group)
			if p.Security != 0 || p.Name != "" {
				fmt.Fprintf(&b, " (%q, %s)", p.Name, p.Security.Hex())
			}
		}
		for _, d := range n.Domains {
			fmt.Fprintf(&b, " in %d %q", d.ID, d.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestQuery(t *testing.T) {
	t.Parallel()
	disk, vault := "iqn.2026-11.com.example:disk", "iqn.2026-11.com.example:vault"
	first, second := netip.MustParseAddrPort("192.0.2.10:3260"), netip.MustParseAddrPort("[2001:db8::10]:3261")
	db := Database{
		Nodes: []Node{
			{Name: disk, Alias: "the disk", Access: []Access{{first, 1}, {second, 7}}},
			{Name: vault, Access: []Access{{first, 1}, {second, NoAccess}}},
			{Name: us, Type: isns.Initiator},
		},
		Portals: []Portal{{Address: first, Name: "left", Security: ipsec.FlagValid | ipsec.FlagIKE}},
	}
	want := disk + ` "the disk" 192.0.2.10:3260,1 ("left", 0x03) [2001:db8::10]:3261,7` + "\n" +
		vault + ` "" 192.0.2.10:3260,1 ("left", 0x03)` + "\n"
	inDomain := db
	inDomain.Domains = []Domain{{ID: 3, Name: "lab", Members: []string{disk, strings.ToUpper(us)}}, {ID: 4, Members: []string{vault}}}
	wantInDomain := disk + ` "the disk" 192.0.2.10:3260,1 ("left", 0x03) [2001:db8::10]:3261,7 in 3 "lab"` + "\n"
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"one PDU", Config{Database: db}, want},
		{"PDUs of 8 bytes", Config{Database: db, PDUSize: 8}, want},
		{"PDUs of 7 words", Config{Database: db, PDUSize: 28}, want},
		{"IPv4-compatible", Config{Database: db, Compatible: true}, want},
		{"no delimiter", Config{Database: db, NoDelimiter: true}, want},
		{"discovery domains", Config{Database: inDomain}, wantInDomain},
		{"one by one", Config{Database: db, Spoil: func(q *Request, r *Reply) {
			if q.Function == isns.FuncDevAttrQry {
				r.Payload = Refusal(isns.StatusNotSupported)
			}
		}}, want},
		{"must register", Config{Database: db, MustRegister: true}, want},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := New(t, "192.0.2.1:3205", tt.cfg)
			c := isns.Client{Name: us, Dial: s.Dial}
			a, err := c.Query(t.Context(), s.Addr)
			if err != nil {
				t.Fatalf("Query: %v", err)
			}
			if got := shown(a); got != tt.want || !a.Complete {
				t.Errorf("got (complete %t)\n%swant\n%s", a.Complete, got, tt.want)
			}
		})
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	s := Listen(t, Config{Database: Targets("iqn.2026-11.com.example:disk"), MustRegister: true})
	c := isns.Client{Name: us}
	if _, err := c.Query(t.Context(), s.Addr); err == nil || !strings.Contains(err.Error(), "source unknown") {
		t.Errorf("without Register: got %v, want source unknown", err)
	}
	c.Register = true
	a, err := c.Query(t.Context(), s.Addr)
	if err != nil || len(a.Nodes) != 1 {
		t.Fatalf("with Register: got %+v, %v", a, err)
	}
	var got []isns.Function
	for _, q := range s.Requests() {
		got = append(got, q.Function)
	}
	if want := []isns.Function{2, 2, 1, 2, 2, 2, 2, 4}; !slices.Equal(got, want) {
		t.Errorf("got requests %v, want %v", got, want)
	}
}
