package initiator

import (
	"strings"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// method returns how a job's initiator authenticates; nil: not at all. What cannot
// work is refused before anything is sent.
func (d *Discoverer) method(j *job) (*auth.CHAP, error) {
	o := &j.portal.Login
	kind := o.authType()
	if kind == NoAuth {
		return nil, nil
	}
	c := &auth.CHAP{
		User:        j.name,
		Algorithms:  o.CHAPAlgorithms,
		Strict:      d.Strict,
		Protected:   d.mayProtect(j),
		Outstanding: &d.challenges,
	}
	if o.has(SpecifiedUsername) {
		c.User = o.Username
	}
	if o.has(SpecifiedPassword) {
		c.Secret = o.Password
	}
	if kind == MutualCHAP {
		c.Mutual, c.TargetUser, c.TargetSecret = true, o.TargetUsername, o.TargetPassword
	}
	if err := c.Validate(); err != nil {
		return nil, chapError(err)
	}
	return c, nil
}

// chapError makes an error of CHAP settings that are not usable.
func chapError(err error) error {
	return &ConfigError{Code: authCode(err), What: "CHAP", Reason: strings.TrimPrefix(errorText(err), "CHAP: "), Err: err}
}
