package jsonitem

import (
	"errors"
	"fmt"
	"math"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Result is what became of a portal. The order of its fields is that of
// docs/reference/output.md.
type Result struct {
	Portal            Text   `json:"portal"`
	ISNSServer        Text   `json:"isns_server,omitempty"` // in the place of a portal
	Address           Text   `json:"address"`
	Instance          Text   `json:"instance"`
	InitiatorPort     Text   `json:"initiator_port"`
	InstanceUsed      Text   `json:"instance_used,omitempty"` // whose port it is
	InitiatorPortUsed Text   `json:"initiator_port_used"`
	InitiatorName     Text   `json:"initiator_name"`
	Source            Text   `json:"source"`
	Interface         Text   `json:"interface"`
	BoundDevice       Text   `json:"bound_device,omitempty"` // the connection was bound to it
	Stored            bool   `json:"stored"`
	Status            string `json:"status"`
	Code              uint32 `json:"code"`
	CodeName          string `json:"code_name"`

	Error     *resultError   `json:"error,omitempty"`
	Targets   *TargetsPlace  `json:"targets,omitempty"` // where they belong; nil: they have lines of their own
	Complete  bool           `json:"complete"`          // nothing is missing from the targets
	Warnings  []Warning      `json:"warnings"`
	Redirects []redirect     `json:"redirects"`
	IPsec     protection     `json:"ipsec"`
	Auth      authentication `json:"auth"`
	ElapsedMS float64        `json:"elapsed_ms"`
	PhasesMS  phases         `json:"phases_ms"`
}

type resultError struct {
	Stage       string `json:"stage"`
	Message     Text   `json:"message"`
	LoginStatus string `json:"login_status"` // empty: the login did not end with one
	Retryable   bool   `json:"retryable"`
}

// A Warning is a warning as JSON.
type Warning struct {
	Code    initiator.WarningCode `json:"code"`
	Message Text                  `json:"message"`
}

type redirect struct {
	From        Text   `json:"from"`
	To          Text   `json:"to"`
	LoginStatus string `json:"login_status"`
	Permanent   bool   `json:"permanent"`
}

// NewResult returns a result as JSON. names finds the interface of its source address.
func NewResult(r *initiator.Result, names *machine.InterfaceNames) *Result {
	j := new(Result)
	j.Fill(r, names)
	return j
}

// Fill makes j that of a result.
func (j *Result) Fill(r *initiator.Result, names *machine.InterfaceNames) {
	*j = Result{
		Portal:        Text(r.Asked.Portal.String()),
		Instance:      Text(r.Asked.Instance),
		InitiatorPort: Text(r.Asked.Port.String()),
		InitiatorName: Text(r.InitiatorName),
		Interface:     Text(names.Of(r.Source)),
		Stored:        r.Stored,
		Status:        "ok",
		Code:          initiator.Code(r.Err),
		Error:         newResultError(r.Err),
		Complete:      r.Complete,
		Warnings:      []Warning{},
		Redirects:     []redirect{},
		IPsec:         newProtection(&r.IPsec, r.Asked.IPsec.IKE, r.Proof),
		Auth:          newAuthentication(&r.Auth),
		ElapsedMS:     math.Round(r.Elapsed.Seconds()*1e4) / 10,
		PhasesMS:      newPhases(&r.Phases),
	}
	if r.Asked.Portal.Address == "" {
		j.Portal = "" // it is not about one
	}
	if r.Bound {
		j.BoundDevice = Text(r.InitiatorPort.Interface)
	}
	if r.Asked.Source.IsValid() {
		j.InitiatorPort = "" // asked for by its address
	}
	if r.InitiatorPort.Interface != "" {
		j.Interface = Text(r.InitiatorPort.Interface)
	}
	if r.InitiatorPort.Instance != "" {
		j.InstanceUsed = Text(r.InitiatorPort.Instance)
		if r.InitiatorPort.Number != ports.All { // else no number is known
			j.InitiatorPortUsed = Text(r.InitiatorPort.Number.String())
		}
	}
	j.CodeName = isdsc.Name(j.Code)
	if r.Address.IsValid() {
		j.Address = Text(r.Address.String())
	}
	if r.Source.IsValid() {
		j.Source = Text(r.Source.String())
	}
	if r.Err != nil {
		j.Status = "error"
	}
	for _, w := range r.Warnings {
		j.Warnings = append(j.Warnings, Warning{w.Code, Text(w.Message)})
	}
	for _, h := range r.Redirects {
		j.Redirects = append(j.Redirects, redirect{
			Text(h.From.String()), Text(h.To.String()), statusText(uint16(h.Status)), h.Permanent,
		})
	}
}

func newResultError(err error) *resultError {
	if err == nil {
		return nil
	}
	j := &resultError{
		Stage:     initiator.StageValidate.String(),
		Message:   Text(err.Error()),
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
