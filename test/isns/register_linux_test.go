package isns

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// exchange sends requests to the server over one connection, and returns the response to
// the last one. The test fails if one of them does not succeed.
func (d *isnsd) exchange(all ...isns.Body) *isns.Response {
	d.t.Helper()
	r := d.last(all...)
	if r.Status != isns.StatusSuccess {
		d.t.Fatalf("%s: got %s", all[len(all)-1].Function(), r.Status)
	}
	return r
}

// last is exchange where the last request need not succeed.
func (d *isnsd) last(all ...isns.Body) *isns.Response {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), startLimit)
	defer cancel()
	conn, err := d.dial(ctx, netip.Addr{}, server)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	reader := isns.NewReader(conn)
	r := &isns.Response{}
	for i, b := range all {
		out, err := isns.AppendMessage(nil, b, isns.FlagClient, uint16(i+1))
		if err == nil {
			_, err = conn.Write(out)
		}
		if err != nil {
			d.t.Fatal(err)
		}
		m, err := reader.Next()
		if err == nil {
			err = r.Decode(m)
		}
		if err != nil {
			d.t.Fatal(err)
		}
		if i < len(all)-1 && r.Status != isns.StatusSuccess {
			d.t.Fatalf("%s: got %s", b.Function(), r.Status)
		}
	}
	return r
}

// register registers objects in a network entity. The iSCSI name of the source is that of
// the first one.
func (d *isnsd) register(entity string, objects ...[]isns.Attribute) *isns.Response {
	d.t.Helper()
	return d.exchange(registration(entity, objects...))
}

// registration returns the request that registers objects in a network entity.
func registration(entity string, objects ...[]isns.Attribute) *isns.DevAttrReg {
	key := []isns.Attribute{isns.TextAttribute(isns.TagEntityID, entity)}
	r := &isns.DevAttrReg{Source: hostName, Key: key}
	r.Operating = append(slices.Clone(key), isns.NumberAttribute(isns.TagEntityProtocol, isns.ProtocolISCSI))
	return &isns.DevAttrReg{Source: r.Source, Key: key, Operating: append(r.Operating, slices.Concat(objects...)...)}
}

// node returns a storage node.
func node(name string, kind isns.NodeType, more ...isns.Attribute) []isns.Attribute {
	return append([]isns.Attribute{isns.TextAttribute(isns.TagISCSIName, name), isns.NumberAttribute(isns.TagNodeType, uint32(kind))}, more...)
}

// portal returns a portal.
func portal(at string, more ...isns.Attribute) []isns.Attribute {
	p := netip.MustParseAddrPort(at)
	return append([]isns.Attribute{isns.AddressAttribute(isns.TagPortalAddress, p.Addr()), isns.PortAttribute(isns.TagPortalPort, p.Port())}, more...)
}

// group returns a portal group. A tag that is empty gives no access.
func group(name, at string, tag isns.Attribute) []isns.Attribute {
	p := netip.MustParseAddrPort(at)
	return []isns.Attribute{isns.TextAttribute(isns.TagPGName, name), isns.AddressAttribute(isns.TagPGAddress, p.Addr()), isns.PortAttribute(isns.TagPGPort, p.Port()), tag}
}

// addDomain makes a discovery domain with members, as the administrator of the server.
func (d *isnsd) addDomain(name string, members ...string) {
	d.t.Helper()
	args := []string{"--local", "--dd-register", "dd-name=" + name}
	for _, m := range members {
		args = append(args, "member-name="+m)
	}
	out := d.admin(args...)
	for _, m := range members {
		if !strings.Contains(out, m) {
			d.t.Fatalf("the domain %s got no member %s: %s", name, m, out)
		}
	}
}

// A oneByOne is a connection to a server that does not take DevAttrQry: what is sent of
// these comes back as a refusal.
type oneByOne struct {
	net.Conn
	refused []byte // what is to be read
}

// Write answers a DevAttrQry itself.
func (c *oneByOne) Write(b []byte) (int, error) {
	m, err := isns.NewReader(strings.NewReader(string(b))).Next()
	if err != nil {
		return 0, err
	}
	if m.Header.Function != isns.FuncDevAttrQry {
		return c.Conn.Write(b)
	}
	c.refused, err = isns.AppendMessage(nil, &isns.Response{To: isns.FuncDevAttrQry, Status: isns.StatusNotSupported}, isns.FlagServer, m.Header.TransactionID)
	return len(b), err
}

// Read reads a refusal first.
func (c *oneByOne) Read(b []byte) (int, error) {
	if len(c.refused) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.refused)
	c.refused = c.refused[n:]
	return n, nil
}
