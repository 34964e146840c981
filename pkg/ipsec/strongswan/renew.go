package strongswan

import (
	"context"
	"errors"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// renewEvery is how often charon is asked whether an association has been renewed. It says
// so in no answer: the command returns when the renewal is queued.
const renewEvery = 10 * time.Millisecond

// renewLimit is when a renewal that was never seen has been tried all the same: charon
// begins it at once, and a refusal that comes at once may pass between two questions.
const renewLimit = 3 * time.Second

// errNotRenewed is an association that is as it was, after its renewal was tried.
var errNotRenewed = errors.New("the peer does not renew the security association with perfect forward secrecy")

// renew has charon negotiate the association for ESP anew, in an exchange with a
// Diffie-Hellman group of its own (RFC 7296, section 1.3.3), and waits for it: the one that
// came with IKE_AUTH takes its keys from the IKE association alone (section 2.17).
func (d *dialer) renew(ctx context.Context, j *journal) error {
	charon := d.e.charon()
	_, err := charon.call(ctx, "rekey", vici.Section{vici.Text("child", d.c.name)})
	if err != nil {
		return err
	}
	for begun, asked := false, time.Now(); ; {
		states, err := d.c.states(ctx, charon)
		switch {
		case err != nil:
			return err
		case states.renewed && !states.first:
			return nil
		case begun && states.first && !states.busy && !states.renewed:
			j.refuseGroup()
			return errNotRenewed
		}
		begun = begun || states.busy || time.Since(asked) > renewLimit
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(renewEvery):
		}
	}
}

// renewal is how far a renewal has come.
type renewal struct {
	first   bool // the association without a group may be used, or is being renewed
	busy    bool // it is being renewed
	renewed bool // there is one with a group
}

// states asks charon how far a renewal has come.
func (c *connection) states(ctx context.Context, d *daemon) (r renewal, err error) {
	err = d.associations(ctx, c.name, func(name string, s vici.Section) error {
		for _, child := range s.Sub("child-sas").Subs() {
			if name != c.name || child.Text("name") != c.name {
				continue
			}
			group, state := child.Text("dh-group") != "", child.Text("state")
			r.renewed = r.renewed || group && state == installed
			r.busy = r.busy || !group && state == rekeying
			r.first = r.first || !group && (state == installed || state == rekeying)
		}
		return nil
	})
	return r, err
}

// renewed reports the association that came with IKE_AUTH where it was renewed and nothing
// has gone through it: charon keeps it for some seconds.
func (c *connection) renewed(child vici.Section) bool {
	unused := child.Text("bytes-out") == "0" && child.Text("bytes-in") == "0"
	return c.ikev2 && c.plan.PFS && unused && child.Text("dh-group") == "" && child.Text("state") != installed && child.Text("state") != rekeying
}
