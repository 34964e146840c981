package ipsec_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

// A kind is what a packet on the wire is, to whoever sees it there.
type kind string

const (
	kindIKE  kind = "IKE"
	kindESP  kind = "ESP"
	kindTCP  kind = "TCP in clear text"
	kindLink kind = "ARP or neighbour discovery"
)

// A wire is a capture of a cable.
type wire struct {
	capture *targets.Capture
}

// watchWire captures an interface of a namespace.
func watchWire(t *testing.T, n *netns.Namespace, name string) *wire {
	t.Helper()
	return &wire{capture: targets.StartCapture(t, targets.CaptureConfig{Namespace: n, Interface: name})}
}

// seen ends the capture and returns how many packets of each kind there were.
func (w *wire) seen(t *testing.T) map[kind]int {
	t.Helper()
	w.capture.Stop()
	f, err := os.Open(w.capture.File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	count := map[kind]int{}
	for {
		data, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		count[classify(gopacket.NewPacket(data, r.LinkType(), gopacket.Default))]++
	}
}

const (
	portIKE    = 500
	portIKENAT = 4500
)

// classify says what a packet is. What it does not know is a kind of its own,
// which no test expects.
func classify(p gopacket.Packet) kind {
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.ARP:
			return kindLink
		case *layers.TCP:
			return kindTCP
		case *layers.IPSecESP:
			return kindESP
		case *layers.ICMPv6:
			if t := l.TypeCode.Type(); t >= layers.ICMPv6TypeRouterSolicitation && t <= layers.ICMPv6TypeRedirect || t == layers.ICMPv6TypeMLDv2MulticastListenerReportMessageV2 {
				return kindLink
			}
		case *layers.UDP:
			return classifyUDP(l)
		}
	}
	return kind(fmt.Sprint("unknown: ", p))
}

// classifyUDP tells IKE from ESP in UDP, which begins with an SPI and not with
// the four zeros of the non-ESP marker (RFC 3948).
func classifyUDP(l *layers.UDP) kind {
	switch {
	case l.DstPort == portIKE || l.SrcPort == portIKE:
		return kindIKE
	case l.DstPort == portIKENAT || l.SrcPort == portIKENAT:
		if len(l.Payload) > 4 && string(l.Payload[:4]) != "\x00\x00\x00\x00" {
			return kindESP
		}
		return kindIKE
	}
	return kind(fmt.Sprintf("UDP to port %d", l.DstPort))
}

// wantOnly fails the test where other packets were seen than those of the kinds
// given, or none of one of them. What the link needs is always fine.
func wantOnly(t *testing.T, seen map[kind]int, kinds ...kind) {
	t.Helper()
	left := map[kind]int{}
	for k, n := range seen {
		left[k] = n
	}
	delete(left, kindLink)
	for _, k := range kinds {
		if left[k] == 0 {
			t.Errorf("no packet on the wire was %s; seen: %v", k, seen)
		}
		delete(left, k)
	}
	for k, n := range left {
		t.Errorf("%d packets on the wire were: %s", n, k)
	}
}
