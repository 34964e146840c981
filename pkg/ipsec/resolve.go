package ipsec

// Resolve returns the plan for a connection. Its errors:
//
//   - *FlagsError: what decides contradicts itself. There is no plan.
//   - *UnknownError: RefuseUnknown refuses the plan.
//   - *RequireError: RequireIPsec refuses the plan.
//
// A plan that was refused is returned all the same, to be explained; it must not
// be carried out.
func (s Settings) Resolve() (Plan, error) {
	if err := s.Validate(); err != nil {
		return Plan{}, err
	}
	flags, origin, source := s.choose()
	if reason := s.unusable(flags, origin); reason != "" {
		return Plan{}, &FlagsError{Flags: flags, Origin: origin, Reason: reason}
	}
	p := Plan{Flags: flags, Origin: origin, Existing: s.Existing}
	if s.Existing.Kind == ExistingProtection {
		p.observe()
	} else {
		p.configure()
	}
	p.Why = s.why(&p, source)
	p.Warnings = s.warnings(&p)
	switch {
	case s.RefuseUnknown && s.Existing.Kind == ExistingUnknown:
		return p, &UnknownError{Plan: p.String(), Why: s.Existing.Name}
	case s.RequireIPsec && !p.IPsec:
		return p, &RequireError{Why: p.Why}
	}
	return p, nil
}

// choose returns the flags that decide. The source is that of OriginPrevious.
func (s *Settings) choose() (Flags, Origin, Source) {
	switch s.Existing.Kind {
	case ExistingRule, ExistingProtection:
		return s.Existing.Flags, OriginExisting, 0
	}
	if s.Flags.Has(FlagValid) {
		return s.Flags, OriginFlags, 0
	}
	if previous, ok := newest(s.Previous); ok {
		return previous.Flags, OriginPrevious, previous.Source
	}
	if s.Default.Has(FlagValid) {
		return s.Default, OriginDefault, 0
	}
	return 0, OriginDefault, 0
}

// unusable says why flags that decide cannot be followed; empty: they can. They
// are not passed over, for what comes next may be clear text.
func (s *Settings) unusable(f Flags, origin Origin) string {
	switch {
	case s.Existing.Kind == ExistingProtection:
		return "" // a description of what the kernel does, and not a rule
	case origin == OriginExisting && !f.Has(FlagValid):
		return "a rule needs valid flags"
	}
	return f.contradiction()
}
