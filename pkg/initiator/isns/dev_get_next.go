package isns

// A DevGetNext asks for the object behind another one, in an order of the server's (RFC
// 4171, section 5.6.5.3).
type DevGetNext struct {
	Source string
	Key    []Attribute // the object before it; Empty: the first is asked for
	Scope  []Attribute // values that the object must have
	Want   []Tag       // the attributes that are asked for, of the same kind of object
}

// Function returns FuncDevGetNext.
func (*DevGetNext) Function() Function { return FuncDevGetNext }

// AppendBinary appends the payload.
func (g *DevGetNext) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, g.Source, g.Key, append(g.Scope[:len(g.Scope):len(g.Scope)], empties(g.Want)...)), nil
}

// Decode reads the request.
func (g *DevGetNext) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err != nil {
		return err
	}
	*g = DevGetNext{Source: source, Key: key}
	for i := range operating {
		switch a := operating[i]; {
		case a.IsEmpty():
			g.Want = append(g.Want, a.Tag)
		case len(g.Want) > 0:
			return m.bad("a value behind an attribute that is asked for")
		default:
			g.Scope = append(g.Scope, a)
		}
	}
	return nil
}
