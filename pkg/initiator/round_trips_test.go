package initiator_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A turns counts how often a side that has written gets something to read: the
// round trips of a connection after TCP's own.
type turns struct {
	net.Conn
	asked bool
	count *atomic.Int32
}

func (c *turns) Write(p []byte) (int, error) {
	c.asked = true
	return c.Conn.Write(p)
}

func (c *turns) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.asked {
		c.asked = false
		c.count.Add(1)
	}
	return n, err
}

// TestRoundTrips: until the first target is known, there are on the wire, after
// TCP's own: one round trip of login and one of SendTargets; with CHAP four of login.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	const user, secret, targetUser, targetSecret = "host", "a secret of host1", "array", "a secret of array1"
	for _, tt := range []struct {
		name   string
		target iscsitest.Target
		with   func(initiator.SendTargetPortal) initiator.SendTargetPortal
		want   int32
	}{
		{name: "no authentication", want: 1 + 1},
		{
			name: "CHAP", want: 4 + 1, target: iscsitest.Target{User: user, Secret: secret},
			with: func(p initiator.SendTargetPortal) initiator.SendTargetPortal { return scene.WithCHAP(p, user, secret) },
		},
		{
			name: "mutual CHAP", want: 4 + 1, target: iscsitest.Target{User: user, Secret: secret, MutualUser: targetUser, MutualSecret: targetSecret},
			with: func(p initiator.SendTargetPortal) initiator.SendTargetPortal {
				return scene.WithMutualCHAP(scene.WithCHAP(p, user, secret), targetUser, targetSecret)
			},
		},
		{
			name: "digests", want: 1 + 1, target: iscsitest.Target{HeaderDigest: true, DataDigest: true},
			with: func(p initiator.SendTargetPortal) initiator.SendTargetPortal {
				p.Login.Specified |= login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
				p.Login.HeaderDigest, p.Login.DataDigest = login.DigestCRC32C, login.DigestCRC32C
				return p
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			known := make(chan struct{}) // the first target is
			parts := 0
			target := tt.target
			target.MaxText, target.NoLogout = 512, true
			for i := range 100 {
				target.Records = append(target.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:%s%d", strings.Repeat("d", 30), i)})
			}
			target.Respond = func(_, response pdu.PDU) iscsitest.Step {
				if _, ok := response.(*pdu.TextResponse); ok {
					if parts++; parts > 1 {
						<-known // whoever needed more to know it waits for ever
					}
				}
				return nil
			}
			var count atomic.Int32
			d := scene.NewDiscoverer()
			d.Wrap = func(nc net.Conn) net.Conn { return &turns{Conn: nc, count: &count} }
			p := scene.At(iscsitest.Listen(t, &target).Addr)
			if tt.with != nil {
				p = tt.with(p)
			}
			found := 0
			for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{p})) {
				switch e := e.(type) {
				case initiator.TargetFound:
					if found++; found > 1 {
						continue
					}
					if got := count.Load(); got != tt.want {
						t.Errorf("%d round trips until the first target, want %d", got, tt.want)
					}
					close(known)
				case initiator.PortalDone:
					if e.Result.Err != nil || found != len(target.Records) {
						t.Fatalf("%d targets, %v", found, e.Result.Err)
					}
				}
			}
		})
	}
}
