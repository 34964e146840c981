package pdu

import "testing"

func TestStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status Status
		class  StatusClass
		want   string
	}{
		{StatusSuccess, ClassSuccess, "success (0x0000)"},
		{0x0001, ClassSuccess, "unknown status (0x0001)"},
		{StatusMovedTemporarily, ClassRedirection, "target moved temporarily (0x0101)"},
		{StatusMovedPermanently, ClassRedirection, "target moved permanently (0x0102)"},
		{0x0103, ClassRedirection, "unknown redirection (0x0103)"},
		{StatusInitiatorError, ClassInitiatorError, "initiator error (0x0200)"},
		{StatusAuthFailure, ClassInitiatorError, "authentication failure (0x0201)"},
		{StatusAuthorizationFailed, ClassInitiatorError, "authorization failure (0x0202)"},
		{StatusNotFound, ClassInitiatorError, "not found (0x0203)"},
		{StatusTargetRemoved, ClassInitiatorError, "target removed (0x0204)"},
		{StatusUnsupportedVersion, ClassInitiatorError, "unsupported version (0x0205)"},
		{StatusTooManyConnections, ClassInitiatorError, "too many connections (0x0206)"},
		{StatusMissingParameter, ClassInitiatorError, "missing parameter (0x0207)"},
		{StatusCannotInclude, ClassInitiatorError, "cannot include in session (0x0208)"},
		{StatusSessionTypeUnknown, ClassInitiatorError, "session type not supported (0x0209)"},
		{StatusNoSuchSession, ClassInitiatorError, "session does not exist (0x020a)"},
		{StatusInvalidDuringLogin, ClassInitiatorError, "invalid during login (0x020b)"},
		{0x02ff, ClassInitiatorError, "unknown initiator error (0x02ff)"},
		{StatusTargetError, ClassTargetError, "target error (0x0300)"},
		{StatusServiceUnavailable, ClassTargetError, "service unavailable (0x0301)"},
		{StatusOutOfResources, ClassTargetError, "out of resources (0x0302)"},
		{0x0303, ClassTargetError, "unknown target error (0x0303)"},
		{0x0400, 4, "unknown status (0x0400)"},
	}
	for _, tt := range tests {
		if got := tt.status.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
		if got := tt.status.Class(); got != tt.class {
			t.Errorf("%s: got class %d, want %d", tt.status, got, tt.class)
		}
	}
}
