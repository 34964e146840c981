package isns_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// askExample asks a server for the targets that it names to us, and prints them with their
// portals. dial is how it is reached; nil: by TCP.
func askExample(dial func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error)) error {
	client := isns.Client{Name: "iqn.2026-11.com.example:host1", Dial: dial}
	server := initiator.Portal{Address: "192.0.2.5", Port: isns.DefaultPort}
	answer, _, err := client.Ask(context.Background(), isns.Request{Server: server})
	if err != nil {
		return err
	}
	for _, n := range answer.Nodes {
		for _, p := range n.Portals {
			fmt.Printf("%s at %s, portal group %d\n", n.Name, p.Address, p.Group)
		}
	}
	return nil
}

// Ask a server for targets. The example's server is one of the tests.
func ExampleClient_Ask() {
	var t testing.T
	s := isnstest.New(&t, "192.0.2.5:3205", isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk2")})
	if err := askExample(s.Dial); err != nil {
		fmt.Println(err)
	}
	// Output:
	// iqn.2026-11.com.example:disk1 at 192.0.2.1:3260, portal group 1
	// iqn.2026-11.com.example:disk2 at 192.0.2.2:3260, portal group 1
}
