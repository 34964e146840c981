package isns

import "slices"

// oneByOne asks for the nodes, the portals and the portal groups one after the other
// (RFC 4171, section 5.6.5.3). A server that goes round in circles is left.
func (s *session) oneByOne(c *collector) error {
	if err := s.nodes(c); err != nil {
		return err
	}
	return s.portalsAndGroups(c)
}

// byName asks for the nodes one after the other, and for each target by its name. For
// open-isns this is a tenth of the work of oneByOne. Where such a question is refused, the
// portals and the portal groups are asked for one after the other.
func (s *session) byName(c *collector) error {
	if err := s.nodes(c); err != nil {
		return err
	}
	c.endRound()
	want := slices.Concat(nodeTags, portalTags, groupTags)
	for _, n := range c.order {
		if !n.listed || n.Type&Target == 0 {
			continue
		}
		key := []Attribute{TextAttribute(TagISCSIName, n.Name)}
		err := s.ask(&DevAttrQry{Source: s.client.Name, Key: key, Want: want}, key, c.add)
		if anyStatus(err) {
			return s.portalsAndGroups(c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nodes asks for all nodes, of all types: open-isns compares the whole type (see
// targetTypes).
func (s *session) nodes(c *collector) error {
	c.asked = 0
	return s.walk(c, []Tag{TagISCSIName}, nodeTags)
}

// portalsAndGroups asks for all portals and portal groups.
func (s *session) portalsAndGroups(c *collector) error {
	if err := s.walk(c, []Tag{TagPortalAddress, TagPortalPort}, portalTags); err != nil {
		return err
	}
	return s.walk(c, []Tag{TagPGIndex}, groupTags)
}

// walk asks for all objects of a kind. At most as many are taken as there may be targets
// with a portal each, and a little more.
func (s *session) walk(c *collector, tags, want []Tag) error {
	key := empties(tags)
	seen := make(map[string]struct{})
	most := 4 * c.limits.MaxTargets
	for i := range most {
		next, err := s.next(c, key, want)
		if refused(err, StatusNoSuchEntry) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(next) == 0 {
			return &FormatError{Function: FuncDevGetNext.Response(), Reason: "it does not have the key of the next object"}
		}
		if i == 0 && len(next) != len(tags) {
			// The first object by the key that was asked for need not be the first one by
			// the key that the server goes on with.
			key = empties(tagsOf(next))
			continue
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

// tagsOf returns the tags of attributes.
func tagsOf(all []Attribute) []Tag {
	tags := make([]Tag, len(all))
	for i := range all {
		tags[i] = all[i].Tag
	}
	return tags
}

// maxKey is how many attributes the key of an object has at most: those of a portal group.
const maxKey = 3

// sameKind reports attributes of one kind of object. A server may name the object by its
// other key: open-isns names a portal group by its node and portal where it is asked by
// the index.
func sameKind(a, b Tag) bool { return a/16 == b/16 && a != TagDelimiter }

// next asks for the object behind a key, takes its attributes and returns its key.
func (s *session) next(c *collector, key []Attribute, want []Tag) (next []Attribute, err error) {
	if err := s.send(&DevGetNext{Source: s.client.Name, Key: key, Want: want}); err != nil {
		return nil, err
	}
	m, status, err := s.receive(FuncDevGetNext)
	defer func() { s.received(m, status) }()
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
		case sameKind(a.Tag, key[0].Tag) && len(next) < maxKey:
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
