package jsonitem

import (
	"math"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// phases are the times of the phases of a discovery, in milliseconds.
type phases struct {
	Resolve  float64 `json:"resolve"`
	Secure   float64 `json:"secure"`
	Connect  float64 `json:"connect"`
	Login    float64 `json:"login"`
	Discover float64 `json:"discover"`
}

func newPhases(p *initiator.Phases) phases {
	return phases{Resolve: phaseMS(p.Resolve), Secure: phaseMS(p.Secure), Connect: phaseMS(p.Connect), Login: phaseMS(p.Login), Discover: phaseMS(p.Discover)}
}

// phaseMS returns milliseconds to two places: a login in a local network takes less than one.
func phaseMS(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 100 }

// append appends the phases as encoding/json writes them.
func (p *phases) append(b []byte) []byte {
	for _, f := range [...]struct {
		field string
		ms    float64
	}{{`{"resolve":`, p.Resolve}, {`,"secure":`, p.Secure}, {`,"connect":`, p.Connect}, {`,"login":`, p.Login}, {`,"discover":`, p.Discover}} {
		b = strconv.AppendFloat(append(b, f.field...), f.ms, 'f', -1, 64)
	}
	return append(b, '}')
}
