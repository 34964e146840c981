package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"slices"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// One portal, its targets.
func ExampleDiscoverer_Discover() {
	portal := examplePortal(&iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:database", Addresses: []string{"192.0.2.10:3260,1", "192.0.2.11:3260,2"}},
		{Name: "iqn.2026-11.com.example:archive", Addresses: []string{"192.0.2.10:3260,1"}},
	}})

	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1"}
	result, err := d.Discover(context.Background(), initiator.SendTargetPortal{Portal: portal})
	if err != nil {
		log.Fatal(err)
	}
	for _, target := range result.Targets {
		fmt.Println(target.Name, target.Addresses)
	}
	// Output:
	// iqn.2026-11.com.example:database [192.0.2.10:3260,1 192.0.2.11:3260,2]
	// iqn.2026-11.com.example:archive [192.0.2.10:3260,1]
}

// CHAP in both directions: the initiator authenticates to the target, and the target to the initiator.
func ExampleDiscoverer_mutualCHAP() {
	portal := examplePortal(&iscsitest.Target{
		User: "host1", Secret: "secret-of-the-host", MutualUser: "array7", MutualSecret: "secret-of-the-array",
		Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:database", Addresses: []string{"192.0.2.10:3260,1"}}},
	})

	p := initiator.SendTargetPortal{Portal: portal}
	p.Login.UseMutualCHAP("host1", auth.NewSecret([]byte("secret-of-the-host")), "array7", auth.NewSecret([]byte("secret-of-the-array")))
	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1"}
	result, err := d.Discover(context.Background(), p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(result.Targets), "target by", result.Auth.Method, "of", result.Auth.TargetUser)
	// Output:
	// 1 target by CHAP of array7
}

// Many portals at once, each target the moment that it is read, and what went
// wrong told apart.
func ExampleDiscoverer_Run() {
	good := examplePortal(&iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:database", Addresses: []string{"192.0.2.10:3260,1"}},
	}})
	closed := examplePortal(&iscsitest.Target{Status: pdu.StatusAuthFailure})
	portals := []initiator.SendTargetPortal{{Portal: good}, {Portal: closed}}

	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1", Parallel: 1}
	for event := range d.Run(context.Background(), slices.Values(portals)) {
		switch e := event.(type) {
		case initiator.TargetFound:
			fmt.Println("found", e.Target.Name)
		case initiator.PortalDone:
			var login *pdu.LoginError
			if errors.As(e.Result.Err, &login) && login.Status == pdu.StatusAuthFailure {
				fmt.Println("portal", e.Index, "wants CHAP:", isdsc.Name(initiator.Code(e.Result.Err)))
			}
		}
	}
	// Output:
	// found iqn.2026-11.com.example:database
	// portal 1 wants CHAP: ISDSC_AUTHENTICATION_FAILURE
}

// examplePortal serves one connection on the loopback interface.
func examplePortal(h iscsitest.Handler) initiator.Portal {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		defer l.Close()
		nc, err := l.Accept()
		if err == nil {
			err = iscsitest.Serve(nc, h)
		}
		if err != nil {
			log.Print(err)
		}
	}()
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	return initiator.Portal{Address: addr.Addr().String(), Port: addr.Port()}
}
