package isns

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// unhex reads bytes that are written with blanks between them.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The parts of the golden bytes: "iqn.a:b" with its NUL, as an attribute.
const (
	goldenName   = "00000020 00000008 69716e2e613a6200 "
	goldenEnd    = "00000000 00000000 "
	goldenEntity = "00000001 00000004 68310000 "
	goldenPortal = "00000010 00000010 00000000000000000000ffffc000020a 00000011 00000004 00000cbc "
)

// TestMessages: the bytes of each message, forth and back (RFC 4171, sections 5.1, 5.6 and 5.7).
func TestMessages(t *testing.T) {
	t.Parallel()
	at := time.Unix(0x6565_0001, 0).UTC()
	portal := netip.MustParseAddrPort("192.0.2.10:3260")
	entity := TextAttribute(TagEntityID, "h1")
	for _, tt := range []struct {
		body  Body
		flags Flags
		want  string
	}{
		{&DevAttrQry{Source: "iqn.a:b", Key: []Attribute{NumberAttribute(TagNodeType, 1)}, Want: []Tag{TagISCSIName, TagPGTag}}, FlagClient,
			"0001 0002 0034 8c00 0007 0000" + goldenName + "00000021 00000004 00000001" + goldenEnd + "00000020 00000000 00000033 00000000"},
		{&DevGetNext{Source: "iqn.a:b", Key: []Attribute{Empty(TagISCSIName)}, Scope: []Attribute{NumberAttribute(TagNodeType, 1)}, Want: []Tag{TagAlias}}, FlagClient,
			"0001 0003 0034 8c00 0007 0000" + goldenName + "00000020 00000000" + goldenEnd + "00000021 00000004 00000001 00000022 00000000"},
		{&DevAttrReg{Source: "iqn.a:b", Replace: true, Key: []Attribute{entity}, Operating: []Attribute{entity, NumberAttribute(TagEntityProtocol, ProtocolISCSI)}}, FlagClient,
			"0001 0001 003c 9c00 0007 0000" + goldenName + goldenEntity + goldenEnd + goldenEntity + "00000002 00000004 00000002"},
		{&DevDereg{Source: "iqn.a:b", Operating: []Attribute{entity}}, FlagClient,
			"0001 0004 0024 8c00 0007 0000" + goldenName + goldenEnd + goldenEntity},
		{&SCNReg{Source: "iqn.a:b", Node: "iqn.a:b", Bitmap: SCNAdded | SCNRemoved}, FlagClient,
			"0001 0005 0034 8c00 0007 0000" + goldenName + goldenName + goldenEnd + "00000023 00000004 00000018"},
		{&SCNDereg{Source: "iqn.a:b", Node: "iqn.a:b"}, FlagClient,
			"0001 0006 0028 8c00 0007 0000" + goldenName + goldenName + goldenEnd},
		{&SCN{Destination: "iqn.a:b", Time: at, Changes: []NodeChange{{Bitmap: SCNAdded, Node: "iqn.a:b"}}}, FlagServer,
			"0001 0008 003c 4c00 0007 0000" + goldenName + "00000004 00000008 0000000065650001 00000023 00000004 00000008" + goldenName},
		{&ESI{Time: at, EntityID: "h1", Portal: portal}, FlagServer,
			"0001 000d 0040 4c00 0007 0000 00000004 00000008 0000000065650001" + goldenEntity + goldenPortal},
		{&Response{To: FuncDevAttrQry, Status: StatusSourceUnknown}, FlagServer,
			"0001 8002 0004 4c00 0007 0000 00000006"},
		{&Response{To: FuncDevAttrReg, Key: []Attribute{entity}, Operating: []Attribute{entity}}, FlagServer,
			"0001 8001 0024 4c00 0007 0000 00000000" + goldenEntity + goldenEnd + goldenEntity},
	} {
		name := tt.body.Function().String()
		want := unhex(t, tt.want)
		got, err := AppendMessage(nil, tt.body, tt.flags, 7)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: got % x, %v, want % x", name, got, err, want)
		}
		if back := decoded(t, want); !reflect.DeepEqual(back, tt.body) {
			t.Errorf("%s: got back %+v, want %+v", name, back, tt.body)
		}
		for _, size := range []int{4, 8, 12} { // the same message in many PDUs
			cut, err := appendMessage(nil, tt.body, tt.flags, 7, size)
			if err != nil {
				t.Fatal(err)
			}
			if back := decoded(t, cut); !reflect.DeepEqual(back, tt.body) {
				t.Errorf("%s in PDUs of %d bytes: got back %+v, want %+v", name, size, back, tt.body)
			}
		}
	}
}

// bodyOf returns an empty body for a function.
func bodyOf(f Function) Body {
	switch f {
	case FuncDevAttrReg:
		return new(DevAttrReg)
	case FuncDevAttrQry:
		return new(DevAttrQry)
	case FuncDevGetNext:
		return new(DevGetNext)
	case FuncDevDereg:
		return new(DevDereg)
	case FuncSCNReg:
		return new(SCNReg)
	case FuncSCNDereg:
		return new(SCNDereg)
	case FuncSCN:
		return new(SCN)
	case FuncESI:
		return new(ESI)
	}
	return new(Response)
}

// decoded reads one message.
func decoded(t *testing.T, b []byte) Body {
	t.Helper()
	r := NewReader(bytes.NewReader(b))
	m, err := r.Next()
	if err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	body := bodyOf(m.Header.Function)
	if err := body.Decode(m); err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return body
}

// TestCutMessage: a message that ends at any byte is an error, never a short one.
func TestCutMessage(t *testing.T) {
	t.Parallel()
	whole, err := appendMessage(nil, &SCNReg{Source: "iqn.a:b", Node: "iqn.a:b", Bitmap: SCNAdded}, FlagClient, 7, 24)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		m, err := NewReader(bytes.NewReader(whole[:n])).Next()
		if err == nil {
			err = new(SCNReg).Decode(m)
		}
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if !errors.Is(err, want) {
			t.Errorf("the first %d of %d bytes: got %v, want %v", n, len(whole), err, want)
		}
	}
}

// TestValues: values of attributes, and what is no value of their kind.
func TestValues(t *testing.T) {
	t.Parallel()
	attribute := func(hexed string) *Attribute {
		v := unhex(t, hexed)
		return &Attribute{Tag: TagAlias, Value: v, Len: len(v)}
	}
	for _, tt := range []struct{ value, want string }{
		{"61620000", "ab"}, {"00000000", ""}, {"6162000000000000", "ab"}, {"c3a90000", "é"},
		{"", "error"}, {"61626364", "error"}, {"61006200", "error"}, {"ff000000", "error"},
	} {
		got, err := attribute(tt.value).Text()
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("text %s: got %q, want %q", tt.value, got, tt.want)
		}
	}
	for _, tt := range []struct{ value, want string }{
		{"00000000000000000000ffffc000020a", "192.0.2.10"}, {"000000000000000000000000c000020a", "192.0.2.10"},
		{"00000000000000000000000000000000", "::"}, {"00000000000000000000000000000001", "::1"},
		{"00000000000000000000ffff00000000", "0.0.0.0"},
		{"20010db8000000000000000000000010", "2001:db8::10"}, {"c000020a", "invalid IP"}, {"", "invalid IP"},
	} {
		if got, _ := attribute(tt.value).Address(); got.String() != tt.want {
			t.Errorf("address %s: got %s, want %s", tt.value, got, tt.want)
		}
	}
	for _, tt := range []struct {
		value string
		port  uint16
		udp   bool
		bad   bool
	}{
		{"00000cbc", 3260, false, false}, {"00010cbc", 3260, true, false}, {"fffe0cbc", 3260, false, false}, {"00000000", 0, false, false},
		{"0cbc0000 00000000", 0, false, true}, {"", 0, false, true},
	} {
		port, udp, err := attribute(tt.value).Port()
		if port != tt.port || udp != tt.udp || (err != nil) != tt.bad {
			t.Errorf("port %s: got %d, %t, %v, want %+v", tt.value, port, udp, err, tt)
		}
	}
	if got, err := attribute("ffffffffffffffff").Time(); err == nil {
		t.Errorf("got time %v, want an error", got)
	}
}
