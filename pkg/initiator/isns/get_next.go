package isns

// oneByOne asks for the targets, the portals and the portal groups one after the other
// (RFC 4171, section 5.6.5.3). A server that goes round in circles is left.
func (s *session) oneByOne(c *collector) error {
	scope := []Attribute{NumberAttribute(TagNodeType, uint32(Target))}
	for _, kind := range []struct {
		key, want []Tag
		scope     []Attribute
	}{
		{key: []Tag{TagISCSIName}, scope: scope, want: nodeTags},
		{key: []Tag{TagPortalAddress, TagPortalPort}, want: portalTags},
		{key: []Tag{TagPGIndex}, want: groupTags},
	} {
		if err := s.walk(c, kind.key, kind.scope, kind.want); err != nil {
			return err
		}
	}
	return nil
}

// walk asks for all objects of a kind. At most as many are taken as there may be targets
// with a portal each, and a little more.
func (s *session) walk(c *collector, tags []Tag, scope []Attribute, want []Tag) error {
	key := empties(tags)
	seen := make(map[string]struct{})
	most := 4 * c.limits.MaxTargets
	for range most {
		next, err := s.next(c, key, scope, want)
		if refused(err, StatusNoSuchEntry) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(next) != len(tags) {
			return &FormatError{Function: FuncDevGetNext.Response(), Reason: "it does not have the key of the next object"}
		}
		var id []byte
		for i := range next {
			id = next[i].append(id)
		}
		if _, ok := seen[string(id)]; ok {
			return &FormatError{Function: FuncDevGetNext.Response(), Reason: "an object came a second time: the server goes round in circles"}
		}
		if err := c.take(len(id) + walkSize); err != nil {
			return err
		}
		seen[string(id)] = struct{}{}
		key = next
	}
	return &SizeError{What: "objects of one kind", Limit: most}
}

// next asks for the object behind a key, takes its attributes and returns its key.
func (s *session) next(c *collector, key, scope []Attribute, want []Tag) (next []Attribute, err error) {
	if err := s.send(&DevGetNext{Source: s.client.Name, Key: key, Scope: scope, Want: want}); err != nil {
		return nil, err
	}
	m, status, err := s.receive(FuncDevGetNext)
	if err != nil {
		return nil, err
	}
	if status != StatusSuccess {
		if err := m.skip(); err != nil {
			return nil, err
		}
		return nil, &StatusError{Function: FuncDevGetNext, Status: status}
	}
	c.leave()
	inKey := true
	for a, err := range m.Attributes() {
		switch {
		case err != nil:
			return nil, err
		case !inKey:
			if err := c.add(a); err != nil {
				return nil, err
			}
		case a.Tag == TagDelimiter:
			inKey = false
		case len(next) < len(key) && a.Tag == key[len(next)].Tag:
			if a.IsEmpty() || a.Value == nil {
				return nil, m.bad("its message key does not name an object")
			}
			next = append(next, a.clone())
		default:
			return nil, m.bad("its message key is of another kind of object")
		}
	}
	return next, nil
}
