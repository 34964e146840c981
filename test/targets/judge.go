package targets

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// severityWarn is Wireshark's number for a warning; errors are above it, notes
// and chat below.
const severityWarn = 0x600000

// A Judgement is what Wireshark makes of a capture.
type Judgement struct {
	PDUs     []PDU
	Problems []Problem
}

// A PDU is an iSCSI PDU as Wireshark sees it.
type PDU struct {
	Frame    int // number of the packet in which it ends
	From, To netip.AddrPort
	Name     string // such as "Login Command"
	Opcode   byte
	// Immediate is the I bit.
	Immediate bool
	// Fields are all fields in order of the wire, by Wireshark's names, such
	// as "iscsi.cmdsn": "1". Keys are in "iscsi.keyvalue", as "key=value".
	Fields map[string][]string
}

// Field returns the first value of a field, or nothing.
func (p *PDU) Field(name string) string {
	if values := p.Fields[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// A Problem is something above TCP that Wireshark holds to be malformed or warns
// of, or bytes that are not whole PDUs.
type Problem struct {
	Frame    int
	From, To netip.AddrPort
	Text     string
}

// String returns the problem in one line.
func (p Problem) String() string {
	return fmt.Sprintf("packet %d, %s to %s: %s", p.Frame, p.From, p.To, p.Text)
}

// Judge has Wireshark decode a capture, with all of a TCP port as iSCSI.
func Judge(t testing.TB, file string, port uint16) *Judgement {
	t.Helper()
	cmd := exec.Command(need.Program(t, "tshark"), "-r", file, "-T", "pdml",
		"-d", fmt.Sprintf("tcp.port==%d,iscsi", port),
		"-Y", fmt.Sprintf("tcp.port==%d && tcp.len > 0", port))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v: %s", err, complaint.String())
	}
	j, err := parsePDML(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	return j
}

// parsePDML reads Wireshark's XML.
func parsePDML(r io.Reader) (*Judgement, error) {
	j := &Judgement{}
	var flows flows
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			j.Problems = append(j.Problems, flows.problems()...)
			return j, nil
		}
		if err != nil {
			return nil, fmt.Errorf("targets: pdml: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "packet" {
			continue
		}
		var p packet
		if err := d.DecodeElement(&p, &start); err != nil {
			return nil, fmt.Errorf("targets: pdml: %w", err)
		}
		h, err := p.head()
		if err != nil {
			return nil, err
		}
		if err := j.add(&p, h, flows.of(h)); err != nil {
			return nil, err
		}
	}
}

// add judges one packet of a flow.
func (j *Judgement) add(p *packet, h head, f *flow) error {
	f.last = h
	f.bytes = max(f.bytes, h.end)
	for _, proto := range p.Protos {
		switch proto.Name {
		case "geninfo", "frame", "eth", "ip", "ipv6", "tcp":
			continue // not our bytes
		case "iscsi":
			pdu, err := proto.pdu()
			if err != nil {
				return err
			}
			pdu.Frame, pdu.From, pdu.To = h.frame, h.from, h.to
			j.PDUs = append(j.PDUs, pdu)
			f.whole += proto.Size
		}
		for text := range proto.warnings() {
			j.Problems = append(j.Problems, h.problem(text))
		}
	}
	return nil
}
