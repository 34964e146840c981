package isnstest

import (
	"net"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// TestNotify registers a client by hand, and has the server tell it of a change.
func TestNotify(t *testing.T) {
	t.Parallel()
	const disk = "iqn.2026-11.com.example:disk"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).AddrPort().Port()
	s := New(t, "192.0.2.1:3205", Config{Database: Targets(disk)})
	nc, err := s.Dial(t.Context(), netip.Addr{}, s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	entity := isns.TextAttribute(isns.TagEntityID, "host1")
	for i, b := range []isns.Body{
		&isns.DevAttrReg{Source: us, Key: []isns.Attribute{entity}, Operating: []isns.Attribute{
			entity, isns.AddressAttribute(isns.TagPortalAddress, netip.MustParseAddr("127.0.0.1")), isns.PortAttribute(isns.TagPortalPort, port),
			isns.PortAttribute(isns.TagESIPort, port), isns.PortAttribute(isns.TagSCNPort, port),
			isns.TextAttribute(isns.TagISCSIName, us), isns.NumberAttribute(isns.TagNodeType, uint32(isns.Initiator)),
		}},
		&isns.SCNReg{Source: us, Node: us, Bitmap: isns.SCNRemoved},
	} {
		out, err := isns.AppendMessage(nil, b, isns.FlagClient, uint16(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Write(out); err != nil {
			t.Fatal(err)
		}
		m, err := isns.NewReader(nc).Next()
		if err != nil {
			t.Fatal(err)
		}
		var r isns.Response
		if err := r.Decode(m); err != nil || r.Status != isns.StatusSuccess {
			t.Fatalf("%s: got %s, %v, want success", b.Function(), r.Status, err)
		}
	}
	_ = nc.Close()
	if told, err := s.Notify(t.Context(), isns.SCNAdded, disk); told != 0 || err != nil {
		t.Errorf("a change that was not asked for: told %d, %v, want 0", told, err)
	}
	got := make(chan *isns.SCN, 1)
	go func() {
		defer close(got)
		for _, b := range []isns.Body{new(isns.SCN), new(isns.ESI)} {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			m, err := isns.NewReader(in).Next()
			if err == nil {
				err = b.Decode(m)
			}
			if err != nil {
				t.Errorf("%s: %v", b.Function(), err)
			}
			r := &isns.Response{To: b.Function()}
			if scn, ok := b.(*isns.SCN); ok {
				got <- scn
			} else {
				r = b.(*isns.ESI).Response()
			}
			out, _ := isns.AppendMessage(nil, r, isns.FlagClient, m.Header.TransactionID)
			_, _ = in.Write(out)
			_ = in.Close()
		}
	}()
	if told, err := s.Notify(t.Context(), isns.SCNRemoved, disk); told != 1 || err != nil {
		t.Errorf("got told %d, %v, want 1", told, err)
	}
	if scn := <-got; scn == nil || scn.Destination != us || len(scn.Changes) != 1 || scn.Changes[0].Node != disk {
		t.Errorf("got %+v, want the change of %s", scn, disk)
	}
	if answered, err := s.Inquire(t.Context()); answered != 1 || err != nil {
		t.Errorf("ESI: got %d, %v, want 1", answered, err)
	}
	<-got
}
