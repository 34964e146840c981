package registry_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// A server is asked at once when it is added, and what it names is in the list.
func TestAddISNSServer(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b")})
	r := w.addServer()
	if !r.Stored || len(r.Changes) != 2 || r.Answer == nil || len(r.Answer.Nodes) != 2 {
		t.Errorf("got %+v", r)
	}
	if q := server.Requests(); len(q) == 0 || asker(q[0]) != r.InitiatorName {
		t.Errorf("got requests %+v, want the name %s in them", q, r.InitiatorName)
	}
	all := w.targets()
	if len(all) != 2 {
		t.Fatalf("got %+v", all)
	}
	m := all[0].Mechanisms[0]
	if m.Text != iSNSMechanism || m.Static || m.Stale || m.ISNS != (initiator.Portal{Address: "192.0.2.205", Port: 3205}) || !m.LastSeen.Equal(w.clock) || m.Addresses[0].String() != "192.0.2.1:3260,1" {
		t.Errorf("got %+v", m)
	}
	s := w.servers()
	if len(s) != 1 || s[0].Last.Targets != 2 || s[0].Last.Code != isdsc.Success || !s[0].Last.LastOK.Equal(w.clock) || !s[0].Added.Equal(w.clock) {
		t.Errorf("got %+v", s)
	}
}

// A server whose first contact fails stays in the registry; adding it again changes its
// options, and keeps what is known of it.
func TestISNSServerStays(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:a")})
	closed := registry.ISNSServer{Address: initiator.Portal{Address: "192.0.2.206", Port: 3206}}
	r, err := w.AddISNSServer(t.Context(), closed)
	if initiator.Code(err) != isdsc.WSAConnectionRefused || !r.Stored || r.Err != err {
		t.Fatalf("got %+v, %v", r, err)
	}
	s := w.servers()
	if len(s) != 1 || s[0].Address != closed.Address || s[0].Last.Code != isdsc.WSAConnectionRefused || s[0].Last.Failures != 1 || s[0].Last.Message != err.Error() {
		t.Errorf("got %+v", s)
	}
	w.addServer()
	added := w.clock
	w.clock = w.clock.Add(time.Hour)
	source := ports.N(0)
	if _, err := w.AddISNSServer(t.Context(), registry.ISNSServer{Address: serverPortal, Instance: "HOST", Port: source, Register: true}); err != nil {
		t.Fatal(err)
	}
	s = w.servers()
	i := slices.IndexFunc(s, func(s registry.StoredISNSServer) bool { return s.Address.Address == "192.0.2.205" })
	if len(s) != 2 || !s[i].Added.Equal(added) || !s[i].Register || s[i].Instance != "HOST" || !s[i].Last.Time.Equal(w.clock) {
		t.Errorf("got %+v", s)
	}
	if got := server.Accepted(); got != 2 {
		t.Errorf("got %d connections, want 2", got)
	}
}

// What cannot be a server is refused, and stores nothing.
func TestISNSServerRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server registry.ISNSServer
		code   uint32
	}{
		{registry.ISNSServer{}, isdsc.Win32InvalidParameter},
		{registry.ISNSServer{Address: initiator.Portal{Address: "192.0.2.205/24"}}, isdsc.Win32InvalidParameter},
		{registry.ISNSServer{Address: initiator.Portal{Address: "0.0.0.0"}}, isdsc.Win32InvalidParameter},
		{registry.ISNSServer{Address: initiator.Portal{Address: "224.0.0.1"}}, isdsc.Win32InvalidParameter},
		{registry.ISNSServer{Address: initiator.Portal{Address: "isns server"}}, isdsc.Win32InvalidParameter},
		{registry.ISNSServer{Address: initiator.Portal{Address: strings.Repeat("a", 300)}}, isdsc.Win32InvalidParameter},
		{registry.ISNSServer{Address: serverPortal, Instance: "none"}, isdsc.InitiatorInstanceNotFound},
	} {
		t.Run(tt.server.Address.String()+" "+tt.server.Instance, func(t *testing.T) {
			t.Parallel()
			w, server := newISNSWorld(t, isnstest.Config{})
			r, err := w.AddISNSServer(t.Context(), tt.server)
			if initiator.Code(err) != tt.code || r.Stored || len(w.servers()) != 0 || server.Accepted() != 0 {
				t.Errorf("got %v (%s), %+v, want %s", err, isdsc.Name(initiator.Code(err)), r, isdsc.Name(tt.code))
			}
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("got %q", err)
			}
		})
	}
	w, _ := newISNSWorld(t, isnstest.Config{})
	for name, err := range map[string]error{
		"remove":  w.RemoveISNSServer(t.Context(), serverPortal),
		"refresh": func() error { _, err := w.RefreshISNSServer(t.Context(), serverPortal); return err }(),
	} {
		if initiator.Code(err) != isdsc.ISNSServerNotFound || !strings.Contains(err.Error(), "192.0.2.205:3205: it is not in the registry") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Another version of the protocol, and a server that says nothing, have their codes.
func TestISNSServerCodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mode := "" // guarded by Change
		w, server := newISNSWorld(t, isnstest.Config{Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
			switch mode {
			case "version":
				r.Payload = isnstest.Refusal(isns.StatusUnsupportedVersion)
			case "unauthorized":
				r.Payload = isnstest.Refusal(isns.StatusUnauthorized)
			case "silent":
				r.Silent = true
			}
		}})
		w.addServer()
		for _, tt := range []struct {
			mode   string
			code   uint32
			silent bool
		}{
			{"version", isdsc.IncompatibleISNSVersion, false},
			{"unauthorized", isdsc.AuthorizationFailure, false},
			{"silent", isdsc.WSATimedOut, true},
			{"", isdsc.Success, false},
		} {
			server.Change(func(*isnstest.Database) { mode = tt.mode })
			_, err := w.RefreshISNSServer(t.Context(), serverPortal)
			if last := w.servers()[0].Last; initiator.Code(err) != tt.code || last.Code != tt.code || last.Silent != tt.silent {
				t.Errorf("%s: got %v, %+v, want %s", tt.mode, err, last, isdsc.Name(tt.code))
			}
		}
	})
}

// The list of the reference API has the addresses, with TCP ports that are not the usual one.
func TestReportISNSServers(t *testing.T) {
	t.Parallel()
	w, _ := newISNSWorld(t, isnstest.Config{})
	for _, p := range []initiator.Portal{serverPortal, {Address: "2001:db8::5", Port: 3206}, {Address: "2001:db8::6"}, {Address: "isns.example.com", Port: 99}} {
		_, _ = w.AddISNSServer(t.Context(), registry.ISNSServer{Address: p})
	}
	names := make([]string, 3)
	n, err := w.ReportISNSServers(t.Context(), names)
	if initiator.Code(err) != isdsc.Win32InsufficientBuffer || n != 4 || names[0] != "" {
		t.Errorf("got %d %q, %v", n, names, err)
	}
	names = make([]string, 5)
	n, err = w.ReportISNSServers(t.Context(), names)
	if want := []string{"192.0.2.205", "[2001:db8::5]:3206", "2001:db8::6", "isns.example.com:99"}; err != nil || !slices.Equal(names[:n], want) {
		t.Errorf("got %q, %v, want %q", names[:n], err, want)
	}
}

// All servers are asked in turn; what one fails with costs the others nothing, and so does
// a record that is damaged.
func TestRefreshISNSServers(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:a")})
	w.addServer()
	_, _ = w.AddISNSServer(t.Context(), registry.ISNSServer{Address: initiator.Portal{Address: "192.0.2.1"}})
	_, _ = w.AddISNSServer(t.Context(), registry.ISNSServer{Address: initiator.Portal{Address: "192.0.2.2"}})
	if err := w.store.Apply(t.Context(), registry.Change{Key: "isns-server/192.0.2.2/03205", Version: registry.AnyVersion, Value: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := range w.RefreshISNSServers(t.Context()) {
		text := r.Server.Address.Address + " " + isdsc.Name(initiator.Code(r.Err))
		got = append(got, text)
	}
	want := []string{" ISDSC_CACHE_CORRUPTED", "192.0.2.1 WSAECONNREFUSED", "192.0.2.205 ISDSC_SUCCESS"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	damaged := 0
	for _, err := range w.ISNSServers(t.Context()) {
		if err != nil {
			if damaged++; !strings.HasSuffix(err.Error(), "; remove iSNS server 192.0.2.2, and add it again") {
				t.Errorf("got %v", err)
			}
		}
	}
	if damaged != 1 {
		t.Errorf("got %d damaged records, want 1", damaged)
	}
	if _, err := w.RefreshISNSServer(t.Context(), initiator.Portal{Address: "192.0.2.2"}); initiator.Code(err) != isdsc.CacheCorrupted {
		t.Errorf("got %v", err)
	}
	if err := w.RemoveISNSServer(t.Context(), initiator.Portal{Address: "192.0.2.2"}); err != nil {
		t.Error(err)
	}
	if got := server.Accepted(); got != 2 {
		t.Errorf("got %d connections, want 2", got)
	}
}

// A list that is to be up to date, and the start of the Service, ask portals and servers.
func TestStartAsksISNSServers(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{})
	w.addServer()
	changeServer(server, "iqn.2026-11.com.example:new")
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := w.targets(); len(all) != 1 || all[0].Name != "iqn.2026-11.com.example:new" {
		t.Errorf("got %+v", all)
	}
	_, _ = w.AddISNSServer(t.Context(), registry.ISNSServer{Address: initiator.Portal{Address: "192.0.2.1"}})
	err := w.Start(t.Context())
	if initiator.Code(err) != isdsc.OperationNotAllSuccess || !strings.Contains(err.Error(), "1 of 2 portals and iSNS servers did not answer") {
		t.Errorf("got %v", err)
	}
}

// A server is asked from the initiator port that it was added with, under the port's name.
func TestISNSServerPort(t *testing.T) {
	t.Parallel()
	w, server := newISNSWorld(t, isnstest.Config{})
	if err := w.AddInstance(t.Context(), ports.Instance{Name: "san", Interfaces: []string{"eth1"}, NodeName: "iqn.2026-11.com.example:san"}); err != nil {
		t.Fatal(err)
	}
	r, err := w.AddISNSServer(t.Context(), registry.ISNSServer{Address: serverPortal, Instance: "san"})
	if err != nil {
		t.Fatal(err)
	}
	if r.InitiatorPort.Instance != "san" || r.InitiatorName != "iqn.2026-11.com.example:san" || r.Answer.Source.Addr() != netip.MustParseAddr("198.51.100.2") {
		t.Errorf("got %+v from %s", r, r.Answer.Source)
	}
	if q := server.Requests(); asker(q[0]) != "iqn.2026-11.com.example:san" {
		t.Errorf("got %+v", q[0])
	}
}

// What a caller gives up says nothing of the server.
func TestISNSCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := false // guarded by Change
		w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:a"), Spoil: func(_ *isnstest.Request, r *isnstest.Reply) { r.Silent = hang }})
		w.addServer()
		server.Change(func(*isnstest.Database) { hang = true })
		before := w.servers()[0].Last
		w.clock = w.clock.Add(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := w.RefreshISNSServer(ctx, serverPortal); initiator.Code(err) != isdsc.Win32Cancelled {
			t.Errorf("got %v", err)
		}
		if last := w.servers()[0].Last; last != before {
			t.Errorf("got %+v, want %+v", last, before)
		}
	})
}

// A registry that is full: the answer is there, and so is the error.
func TestISNSStoreFails(t *testing.T) {
	t.Parallel()
	full := new(fullStore)
	w, server := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets("iqn.2026-11.com.example:a")}, func(c *registry.Config) { c.Store = full })
	w.addServer()
	changeServer(server, "iqn.2026-11.com.example:b")
	full.full = true
	r, err := w.RefreshISNSServer(t.Context(), serverPortal)
	if err == nil || r.Answer == nil || len(r.Answer.Nodes) != 1 || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %+v, %v", r, err)
	}
	full.full = false
	if r := w.refreshServer(); len(r.Changes) != 2 {
		t.Errorf("got %+v", r.Changes)
	}
}
