package jsonitem

import (
	"math"
	"strconv"
)

// AppendQuick appends the fields of a result as encoding/json would write them, in
// a fraction of the time: a sweep has many. It reports false where the result is
// not of the usual kind, and has appended nothing that counts then.
func (j *Result) AppendQuick(b []byte) ([]byte, bool) {
	p := &j.IPsec
	usual := j.Error == nil && j.Targets == nil && len(j.Warnings) == 0 && len(j.Redirects) == 0 &&
		*p == protection{Plan: p.Plan, Origin: p.Origin, Existing: p.Existing}
	if !usual || j.ElapsedMS < 0 || j.ElapsedMS > math.MaxInt32 {
		return b, false
	}
	text := func(field string, s Text) {
		b = AppendString(append(b, field...), string(s))
	}
	text(`"portal":`, j.Portal)
	text(`,"address":`, j.Address)
	text(`,"instance":`, j.Instance)
	text(`,"initiator_port":`, j.InitiatorPort)
	if j.InstanceUsed != "" {
		text(`,"instance_used":`, j.InstanceUsed)
	}
	text(`,"initiator_port_used":`, j.InitiatorPortUsed)
	text(`,"initiator_name":`, j.InitiatorName)
	text(`,"source":`, j.Source)
	text(`,"interface":`, j.Interface)
	if j.BoundDevice != "" {
		text(`,"bound_device":`, j.BoundDevice)
	}
	b = strconv.AppendBool(append(b, `,"stored":`...), j.Stored)
	text(`,"status":`, Text(j.Status))
	b = strconv.AppendUint(append(b, `,"code":`...), uint64(j.Code), 10)
	text(`,"code_name":`, Text(j.CodeName))
	b = strconv.AppendBool(append(b, `,"complete":`...), j.Complete)
	b = append(b, `,"warnings":[],"redirects":[]`...)
	text(`,"ipsec":{"plan":`, Text(p.Plan))
	text(`,"origin":`, Text(p.Origin))
	text(`,"existing":`, p.Existing)
	b = j.Auth.append(append(b, `},"auth":`...))
	b = strconv.AppendFloat(append(b, `,"elapsed_ms":`...), j.ElapsedMS, 'f', -1, 64)
	return j.PhasesMS.append(append(b, `,"phases_ms":`...)), true
}
