package initiator_test

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A portal that must be asked over IPsec is not asked in clear text.
func TestRequireIPsec(t *testing.T) {
	t.Parallel()
	n := iscsitest.NewNetwork(t)
	n.Portal("192.0.2.10:3260", &iscsitest.Target{})
	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1", Dial: n.Dial}
	_, err := d.Discover(t.Context(), initiator.SendTargetPortal{
		Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260},
		Login:  login.Options{Flags: login.RequireIPsec},
	})
	var e *initiator.Error
	if !errors.As(err, &e) || e.Stage != initiator.StageSecure {
		t.Errorf("got %v, want an error of stage secure", err)
	}
	if got, want := initiator.Code(err), isdsc.FailedToConfigureIPsec; got != want {
		t.Errorf("got code %#x, want %#x", got, want)
	}
	if got := n.Dials(); len(got) > 0 {
		t.Errorf("got dials %v, want none", got)
	}
}
