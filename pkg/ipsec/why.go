package ipsec

import "fmt"

// why says what decided a plan, and what could not be taken into account.
func (s *Settings) why(p *Plan, source Source) string {
	return p.describe(s.IKE) + ": " + s.reason(p, source) + s.reservation()
}

// describe returns what a plan comes to.
func (p *Plan) describe(v IKEVersion) string {
	if !p.IPsec {
		return "no IPsec"
	}
	text := "IPsec"
	if p.Mode != 0 {
		text += ", " + p.Mode.String()
	}
	switch {
	case v == IKEv2 && !p.InPlace():
		text += ", IKE version 2"
	case p.Exchange != 0:
		text += ", " + p.Exchange.String()
	}
	switch {
	case p.PFS:
		text += ", with PFS"
	case !p.InPlace():
		text += ", without PFS"
	}
	return text
}

func (s *Settings) reason(p *Plan, source Source) string {
	switch p.Origin {
	case OriginExisting:
		reason := fmt.Sprintf("%s says %s, and what exists comes before flags", p.Existing, p.Flags.detail())
		if p.InPlace() {
			reason = fmt.Sprintf("%s is in place, and what exists comes before flags", p.Existing)
		}
		if s.Flags.Has(FlagValid) && s.Flags != p.Flags {
			reason += fmt.Sprintf("; the portal's flags, %s, have no effect", s.Flags.detail())
		}
		return reason
	case OriginFlags:
		return fmt.Sprintf("the portal's flags say %s, and are valid", p.Flags.detail())
	}
	given := "the portal has no flags"
	if s.Flags != 0 {
		given = fmt.Sprintf("the portal's flags, %s, do not count without the flag valid (0x01)", s.Flags.detail())
	}
	switch {
	case p.Origin == OriginPrevious:
		return fmt.Sprintf("%s, and %s defined %s before", given, source, p.Flags.detail())
	case p.Flags == 0:
		return given + ", none were defined before, and no default is set"
	}
	return fmt.Sprintf("%s, none were defined before, and the default says %s", given, p.Flags.detail())
}

// reservation says what was found, or not, and did not decide.
func (s *Settings) reservation() string {
	switch s.Existing.Kind {
	case ExistingUnknown:
		return "; what exists already could not be seen"
	case ExistingPartial:
		return fmt.Sprintf("; %s exists, and does not protect all of the connection", s.Existing)
	}
	return ""
}
