package render

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// JSONResult is what became of a portal. The order of its fields is that of
// docs/reference/output.md.
type JSONResult struct {
	Portal            JSONText `json:"portal"`
	ISNSServer        JSONText `json:"isns_server,omitempty"` // in the place of a portal
	Address           JSONText `json:"address"`
	Instance          JSONText `json:"instance"`
	InitiatorPort     JSONText `json:"initiator_port"`
	InstanceUsed      JSONText `json:"instance_used,omitempty"` // whose port it is
	InitiatorPortUsed JSONText `json:"initiator_port_used"`
	InitiatorName     JSONText `json:"initiator_name"`
	Source            JSONText `json:"source"`
	Interface         JSONText `json:"interface"`
	BoundDevice       JSONText `json:"bound_device,omitempty"` // the connection was bound to it
	Stored            bool     `json:"stored"`
	Status            string   `json:"status"`
	Code              uint32   `json:"code"`
	CodeName          string   `json:"code_name"`

	Error     *jsonError     `json:"error,omitempty"`
	Targets   *jsonTargets   `json:"targets,omitempty"` // where they belong; nil: they have lines of their own
	Complete  bool           `json:"complete"`          // nothing is missing from the targets
	Warnings  []JSONWarning  `json:"warnings"`
	Redirects []jsonRedirect `json:"redirects"`
	IPsec     jsonIPsec      `json:"ipsec"`
	Auth      jsonAuth       `json:"auth"`
	ElapsedMS float64        `json:"elapsed_ms"`
	PhasesMS  jsonPhases     `json:"phases_ms"`
}

type jsonError struct {
	Stage       string   `json:"stage"`
	Message     JSONText `json:"message"`
	LoginStatus string   `json:"login_status"` // empty: the login did not end with one
	Retryable   bool     `json:"retryable"`
}

// jsonPhases are the times of the phases of a discovery, in milliseconds.
type jsonPhases struct {
	Resolve  float64 `json:"resolve"`
	Secure   float64 `json:"secure"`
	Connect  float64 `json:"connect"`
	Login    float64 `json:"login"`
	Discover float64 `json:"discover"`
}

func newJSONPhases(p *initiator.Phases) jsonPhases {
	return jsonPhases{Resolve: phaseMS(p.Resolve), Secure: phaseMS(p.Secure), Connect: phaseMS(p.Connect), Login: phaseMS(p.Login), Discover: phaseMS(p.Discover)}
}

// phaseMS returns milliseconds to two places: a login in a local network takes less than one.
func phaseMS(d time.Duration) float64 { return math.Round(d.Seconds()*1e5) / 100 }

// append appends the phases as encoding/json writes them.
func (p *jsonPhases) append(b []byte) []byte {
	for _, f := range [...]struct {
		field string
		ms    float64
	}{{`{"resolve":`, p.Resolve}, {`,"secure":`, p.Secure}, {`,"connect":`, p.Connect}, {`,"login":`, p.Login}, {`,"discover":`, p.Discover}} {
		b = strconv.AppendFloat(append(b, f.field...), f.ms, 'f', -1, 64)
	}
	return append(b, '}')
}

// A JSONWarning is a warning as JSON.
type JSONWarning struct {
	Code    initiator.WarningCode `json:"code"`
	Message JSONText              `json:"message"`
}

type jsonRedirect struct {
	From        JSONText `json:"from"`
	To          JSONText `json:"to"`
	LoginStatus string   `json:"login_status"`
	Permanent   bool     `json:"permanent"`
}

// A JSONBlock is what became of the addresses of a block or range.
type JSONBlock struct {
	Block     JSONText `json:"block"`
	Addresses int      `json:"addresses"`
	Answered  int      `json:"answered"`
	Failed    int      `json:"failed"`
	Silent    int      `json:"silent"`

	Interrupted int            `json:"interrupted"`
	NotAsked    int            `json:"not_asked"`
	SilentWhy   map[string]int `json:"silent_why"`

	ISCSIFailedWhy map[string]int `json:"iscsi_failed_why"`
	NotISCSIWhy    map[string]int `json:"not_iscsi_why"`
}

// NewJSONResult returns a result as JSON. names finds the interface of its source address.
func NewJSONResult(r *initiator.Result, names *machine.InterfaceNames) *JSONResult {
	j := new(JSONResult)
	j.fill(r, names)
	return j
}

// fill makes j that of a result.
func (j *JSONResult) fill(r *initiator.Result, names *machine.InterfaceNames) {
	*j = JSONResult{
		Portal:        JSONText(r.Asked.Portal.String()),
		Instance:      JSONText(r.Asked.Instance),
		InitiatorPort: JSONText(r.Asked.Port.String()),
		InitiatorName: JSONText(r.InitiatorName),
		Interface:     JSONText(names.Of(r.Source)),
		Stored:        r.Stored,
		Status:        "ok",
		Code:          initiator.Code(r.Err),
		Error:         newJSONError(r.Err),
		Complete:      r.Complete,
		Warnings:      []JSONWarning{},
		Redirects:     []jsonRedirect{},
		IPsec:         newJSONIPsec(&r.IPsec, r.Asked.IPsec.IKE, r.Proof),
		Auth:          newJSONAuth(&r.Auth),
		ElapsedMS:     math.Round(r.Elapsed.Seconds()*1e4) / 10,
		PhasesMS:      newJSONPhases(&r.Phases),
	}
	if r.Asked.Portal.Address == "" {
		j.Portal = "" // it is not about one
	}
	if r.Bound {
		j.BoundDevice = JSONText(r.InitiatorPort.Interface)
	}
	if r.Asked.Source.IsValid() {
		j.InitiatorPort = "" // asked for by its address
	}
	if r.InitiatorPort.Interface != "" {
		j.Interface = JSONText(r.InitiatorPort.Interface)
	}
	if r.InitiatorPort.Instance != "" {
		j.InstanceUsed = JSONText(r.InitiatorPort.Instance)
		if r.InitiatorPort.Number != ports.All { // else no number is known
			j.InitiatorPortUsed = JSONText(r.InitiatorPort.Number.String())
		}
	}
	j.CodeName = isdsc.Name(j.Code)
	if r.Address.IsValid() {
		j.Address = JSONText(r.Address.String())
	}
	if r.Source.IsValid() {
		j.Source = JSONText(r.Source.String())
	}
	if r.Err != nil {
		j.Status = "error"
	}
	for _, w := range r.Warnings {
		j.Warnings = append(j.Warnings, JSONWarning{w.Code, JSONText(w.Message)})
	}
	for _, h := range r.Redirects {
		j.Redirects = append(j.Redirects, jsonRedirect{
			JSONText(h.From.String()), JSONText(h.To.String()), statusText(uint16(h.Status)), h.Permanent,
		})
	}
}

func newJSONError(err error) *jsonError {
	if err == nil {
		return nil
	}
	j := &jsonError{
		Stage:     initiator.StageValidate.String(),
		Message:   JSONText(err.Error()),
		Retryable: initiator.Retryable(err),
	}
	var (
		e        *initiator.Error
		login    *pdu.LoginError
		redirect *initiator.RedirectError
	)
	if errors.As(err, &e) {
		j.Stage = e.Stage.String()
	}
	switch {
	case errors.As(err, &redirect):
		j.LoginStatus = statusText(uint16(redirect.Status))
	case errors.As(err, &login):
		j.LoginStatus = statusText(uint16(login.Status))
	}
	return j
}

func statusText(status uint16) string { return fmt.Sprintf("0x%04x", status) }

// NewJSONBlock returns what became of the addresses of a block as JSON.
func NewJSONBlock(b *sweep.Block) JSONBlock {
	unconnected := []sweep.Group{sweep.Refused, sweep.Unreachable, sweep.Silent, sweep.Unconnected}
	return JSONBlock{
		Block: JSONText(b.Text), Addresses: b.Count, Answered: b.Number(sweep.Answered),
		Failed:      b.Number(sweep.Refusing, sweep.Foreign, sweep.Failed),
		Silent:      b.Number(unconnected...),
		Interrupted: b.Number(sweep.Interrupted), NotAsked: b.NotAsked(), SilentWhy: b.Why(unconnected...),
		ISCSIFailedWhy: b.Why(sweep.Refusing), NotISCSIWhy: b.Why(sweep.Foreign),
	}
}

// appendAddresses appends the addresses of a target.
func appendAddresses(b []byte, addresses []target.Address) []byte {
	b = append(b, '[')
	for i, a := range addresses {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendAddress(b, a)
	}
	return append(b, ']')
}

// appendAddress appends one.
func appendAddress(b []byte, a target.Address) []byte {
	return appendAddressEnd(appendString(append(b, addressBegin...), a.Host), &a)
}

// addressBegin is what the host of an address follows.
const addressBegin = `{"address":`

// appendAddressEnd appends what follows the host of an address.
func appendAddressEnd(b []byte, a *target.Address) []byte {
	b = strconv.AppendUint(append(b, `,"port":`...), uint64(a.Port), 10)
	b = append(b, `,"group":`...)
	if a.Group == target.NoGroup {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(a.Group), 10)
	}
	if a.Unusable != target.Usable {
		b = appendString(append(b, `,"usable":false,"why":`...), a.Unusable.String())
	}
	if a.Reach != target.NotProbed {
		b = appendString(append(b, `,"reach":`...), a.Reach.String())
	}
	return append(b, '}')
}
