package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func TestNodeName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := func() string {
		n, err := w.InitiatorNodeName(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if name() != scene.InitiatorName {
		t.Errorf("name %s", name())
	}
	scene.WantCode(t, w.SetInitiatorNodeName(t.Context(), "host/1"), isdsc.InvalidISCSIName)
	scene.WantCode(t, w.SetInitiatorNodeName(t.Context(), "iqn.2026-11.com.Example:Host2"), isdsc.Success)
	if name() != "iqn.2026-11.com.Example:Host2" {
		t.Errorf("name %s", name())
	}
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	r, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
	scene.WantCode(t, err, isdsc.Success)
	if sent, _ := w.network.Sessions(addr)[0].Key("InitiatorName"); sent != name() || r.InitiatorName != name() {
		t.Errorf("sent %s, said %s", sent, r.InitiatorName)
	}
	scene.WantCode(t, w.SetInitiatorNodeName(t.Context(), ""), isdsc.Success)
	if name() != scene.InitiatorName {
		t.Errorf("name %s", name())
	}
}

// TestInitiatorCHAPSecret: one secret by which all targets prove themselves, and
// a portal's own that goes first.
func TestInitiatorCHAPSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mutual := &iscsitest.Target{User: "disc", Secret: "secret-secret12", MutualUser: "tgt", MutualSecret: "outsecret-1234"}
	addr := w.network.Portal("192.0.2.10:3260", mutual)
	p := scene.WithCHAP(scene.At(addr), "disc", "secret-secret12")
	p.Login.AuthType = login.MutualCHAP

	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.InvalidInitiatorCHAPSecret)
	short, err := w.SetInitiatorCHAPSecret(t.Context(), auth.NewSecret([]byte("short")), "")
	if err != nil || !short {
		t.Errorf("short %v, error %v", short, err)
	}
	_, err = w.SetInitiatorCHAPSecret(t.Context(), auth.NewSecret([]byte(strings.Repeat("s", 256))), "")
	scene.WantCode(t, err, isdsc.InvalidInitiatorCHAPSecret)
	_, err = w.SetInitiatorCHAPSecret(t.Context(), auth.NewSecret([]byte(strings.Repeat("s", 256))), "file:/secret")
	scene.WantCode(t, err, isdsc.InvalidInitiatorCHAPSecret)
	_, err = w.SetInitiatorCHAPSecret(t.Context(), auth.NewSecret([]byte("outsecret-1234")), "")
	scene.WantCode(t, err, isdsc.Success)
	r, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	if !r.Auth.Mutual || r.Auth.TargetUser != "tgt" {
		t.Errorf("authentication %+v", r.Auth)
	}
	p.Login.TargetPassword = auth.NewSecret([]byte("another-secret"))
	_, err = w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.AuthenticationFailure)

	_, err = w.SetInitiatorCHAPSecret(t.Context(), auth.Secret{}, "")
	scene.WantCode(t, err, isdsc.Success)
	if set, err := w.InitiatorCHAPSecretSet(t.Context()); set || err != nil {
		t.Errorf("set %v, error %v", set, err)
	}
}

func TestStaticTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	add := func(code uint32, target registry.StaticTarget) {
		t.Helper()
		scene.WantCode(t, w.AddStaticTarget(t.Context(), target), code)
	}
	names := func() []string {
		var n []string
		for _, k := range w.targets() {
			n = append(n, k.Name)
		}
		return n
	}
	a1 := target.Address{Host: "192.0.2.1", Port: 3260, Group: 1}
	a2 := target.Address{Host: "192.0.2.2", Port: 3260, Group: target.NoGroup}
	add(isdsc.InvalidISCSIName, registry.StaticTarget{Name: "disk 1"})
	add(isdsc.Win32InvalidParameter, registry.StaticTarget{Name: scene.Disk1, Flags: 1})
	add(isdsc.Win32InvalidParameter, registry.StaticTarget{Name: scene.Disk1, Addresses: []target.Address{{Host: "a b", Port: 1, Group: target.NoGroup}}})
	add(isdsc.Success, registry.StaticTarget{Name: scene.Disk1, Alias: "one", Persist: true, Addresses: []target.Address{a1}})
	add(isdsc.Success, registry.StaticTarget{Name: scene.Disk1, Persist: true, Flags: registry.MergeTargetInformation, Addresses: []target.Address{a2}})
	add(isdsc.Success, registry.StaticTarget{Name: scene.Disk2, Persist: true, Flags: registry.HideStaticTarget})
	add(isdsc.Success, registry.StaticTarget{Name: "eui.02004567a425678d"})
	if diff := cmp.Diff([]string{scene.Disk1, "eui.02004567a425678d"}, names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	m := w.targets()[0].Mechanisms[0]
	if diff := cmp.Diff([]target.Address{a1, a2}, m.Addresses); diff != "" || m.Alias != "one" || !m.Static {
		t.Errorf("mechanism %+v; addresses (-want +got):\n%s", m, diff)
	}

	// Hidden until something else finds it; then both mechanisms show.
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk2)})
	_, err := w.AddSendTargetPortal(t.Context(), scene.At(addr))
	scene.WantCode(t, err, isdsc.Success)
	if known := w.targets(); len(known) != 3 || len(known[1].Mechanisms) != 2 {
		t.Errorf("targets %+v", known)
	}
	scene.WantCode(t, w.RemoveStaticTarget(t.Context(), scene.Disk2), isdsc.Success)
	scene.WantCode(t, w.RemoveStaticTarget(t.Context(), scene.Disk2), isdsc.TargetNotFound)
	scene.WantCode(t, w.RemoveStaticTarget(t.Context(), "EUI.02004567A425678D"), isdsc.Success)
	if diff := cmp.Diff([]string{scene.Disk1, scene.Disk2}, names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// TestTargetInformation: by name, whatever its case, and by mechanism.
func TestTargetInformation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, addr := range []string{"192.0.2.10:3260", "192.0.2.11:3260"} {
		p := scene.At(w.network.Portal(addr, &iscsitest.Target{Records: scene.Records(scene.Disk1)}))
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
	}
	scene.WantCode(t, w.AddStaticTarget(t.Context(), registry.StaticTarget{Name: scene.Disk2, Persist: true, Flags: registry.HideStaticTarget}), isdsc.Success)
	const first, second = "192.0.2.10", "192.0.2.11"
	tests := []struct {
		name       string
		target, by string
		code       uint32
		portals    []string
	}{
		{name: "all", target: scene.Disk1, portals: []string{first, second}},
		{name: "case", target: strings.ToUpper(scene.Disk1), portals: []string{first, second}},
		{name: "one", target: scene.Disk1, by: "SendTargets:*192.0.2.11 0003260  ", portals: []string{second}},
		{name: "blanks and case", target: scene.Disk1, by: " sendtargets:*192.0.2.11 0003260", portals: []string{second}},
		{name: "another mechanism", target: scene.Disk1, by: "Static", code: isdsc.DiscoveryMechanismNotFound},
		{name: "hidden", target: scene.Disk2, code: isdsc.TargetNotFound},
		{name: "unknown", target: "iqn.2026-11.com.example:none", code: isdsc.TargetNotFound},
		{name: "no name", code: isdsc.TargetNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := w.TargetInformation(t.Context(), tt.target, tt.by)
			scene.WantCode(t, err, tt.code)
			var portals []string
			for _, m := range k.Mechanisms {
				portals = append(portals, m.Portal.Portal.Address)
			}
			if diff := cmp.Diff(tt.portals, portals); diff != "" {
				t.Errorf("portals (-want +got):\n%s", diff)
			}
		})
	}
}
