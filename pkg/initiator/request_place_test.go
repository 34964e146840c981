package initiator_test

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// TestPlaceRefused (issue 20, F21): where a portal is to be asked from is held against
// what the host has before anything else, as the registry does.
func TestPlaceRefused(t *testing.T) {
	t.Parallel()
	selector := &ports.Selector{Instances: []string{ports.Host}, Ports: []ports.Port{
		{Instance: ports.Host, Number: ports.N(0), Address: netip.MustParseAddr("127.0.0.1"), State: ports.Up},
		{Instance: ports.Host, Number: ports.N(1), Address: netip.MustParseAddr("192.0.2.2"), State: ports.Gone},
	}}
	for _, tt := range []struct {
		name     string
		selector *ports.Selector
		instance string
		port     ports.Number
		source   string
		stage    initiator.Stage
		code     uint32
	}{
		{name: "unknown instance", selector: selector, instance: "san", code: isdsc.InitiatorInstanceNotFound},
		{name: "unknown port", selector: selector, instance: "HOST", port: ports.N(7), code: isdsc.InvalidPortNumber},
		{name: "port whose address is gone", selector: selector, instance: "host", port: ports.N(1), code: isdsc.InvalidPortNumber},
		{name: "foreign source", source: "203.0.113.77", code: isdsc.InvalidPortNumber},
		{name: "own source", source: "127.0.0.1", stage: initiator.StageConnect, code: isdsc.ConnectionFailed},
		{name: "known port", selector: selector, instance: "host", port: ports.N(0), stage: initiator.StageConnect, code: isdsc.ConnectionFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: "127.0.0.1", Port: 1}, Instance: tt.instance, Port: tt.port}
			if tt.source != "" {
				p.Source = netip.MustParseAddr(tt.source)
			}
			d := initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1", Selector: tt.selector}
			_, err := d.Discover(t.Context(), p)
			scene.Judge(t, err, scene.Outcome{Stage: tt.stage, Code: tt.code, Retry: tt.stage == initiator.StageConnect})
		})
	}
}
