package isns

// setDomain takes a discovery domain of the node.
func (c *collector) setDomain(a *Attribute) error {
	switch {
	case c.node == nil:
		return nil
	case a.Tag == TagDDID:
		return c.newDomain(a)
	case a.IsEmpty() || c.domain == nil:
		return nil
	}
	s, err := a.Text()
	if err != nil {
		c.badValue(err)
		return nil
	}
	c.domain.Name = s
	return c.take(len(s))
}

// newDomain begins a discovery domain.
func (c *collector) newDomain(a *Attribute) error {
	c.domain = nil
	id, err := a.Number()
	if err != nil {
		c.badValue(err)
		return nil
	}
	if len(c.node.Domains) >= c.limits.MaxPortals {
		c.tooMany(c.node, "discovery domains")
		return nil
	}
	if err := c.take(domainSize); err != nil {
		return err
	}
	c.node.Domains = append(c.node.Domains, Domain{ID: id})
	c.domain = &c.node.Domains[len(c.node.Domains)-1]
	return nil
}
