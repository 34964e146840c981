package initiator

import "github.com/go-iscsi/discovery/pkg/auth"

// method returns how the initiator name authenticates by the options o; nil: not
// at all. What cannot work is refused before anything is sent.
func (d *Discoverer) method(name string, o *LoginOptions) (*auth.CHAP, error) {
	kind := o.authType()
	if kind == NoAuth {
		return nil, nil
	}
	c := &auth.CHAP{
		User:        name,
		Algorithms:  o.CHAPAlgorithms,
		Strict:      d.Strict,
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
		return nil, &ConfigError{Code: authCode(err), What: "CHAP", Reason: errorText(err), Err: err}
	}
	return c, nil
}
