package render

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// protection says in a line under which IPsec a portal was asked, and by what
// proof; empty: under none.
func protection(r *initiator.Result) string {
	if !r.IPsec.IPsec {
		return ""
	}
	s := "  under " + planText(&r.IPsec, r.Asked.IPsec.IKE) + " (" + r.IPsec.Origin.String() + ")"
	if r.Proof != nil {
		s += "; " + ProofText(r.Proof)
	}
	return terminal.Visible(s) + "\n"
}

// ProofText says what an enforcer has seen.
func ProofText(p *enforce.Proof) string {
	s := p.Enforcer + ": "
	if len(p.Algorithms) > 0 {
		s += strings.Join(p.Algorithms, ", ") + ", "
	}
	if len(p.SPIs) > 0 {
		spis := make([]string, len(p.SPIs))
		for i, spi := range p.SPIs {
			spis[i] = jsonitem.SPIText(spi)
		}
		s += "SPI " + strings.Join(spis, " ") + ", "
	}
	return s + fmt.Sprintf("%d bytes out, %d in", p.BytesOut, p.BytesIn)
}
