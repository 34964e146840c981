package isns

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// controlName is the name of the client that administrates the server.
const controlName = "iqn.2026-11.test.isns:control"

// exchange sends a request to the server and returns the response.
func (d *isnsd) exchange(b isns.Body) *isns.Response {
	d.t.Helper()
	conn, err := d.dial(d.t.Context(), netip.Addr{}, server)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	return exchange(d.t, conn, b)
}

// exchange sends a request and returns the response.
func exchange(t *testing.T, conn net.Conn, b isns.Body) *isns.Response {
	t.Helper()
	out, err := isns.AppendMessage(nil, b, isns.FlagClient, 1)
	if err == nil {
		_, err = conn.Write(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := isns.NewReader(conn).Next()
	if err != nil {
		t.Fatal(err)
	}
	r := &isns.Response{}
	if err := r.Decode(m); err != nil {
		t.Fatal(err)
	}
	return r
}
var _ = io.EOF
var _ = binary.BigEndian
