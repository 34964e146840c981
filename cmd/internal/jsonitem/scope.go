package jsonitem

import "github.com/go-iscsi/discovery/pkg/initiator/ports"

// Scope says for which initiator ports something is.
type Scope struct {
	Instance      Text   `json:"instance"`
	InitiatorPort string `json:"initiator_port"`
}

// NewScope returns the ports that something is for; without an instance all of them.
func NewScope(instance string, port ports.Number) Scope {
	return Scope{Text(instance), port.String()}
}

// Columns are the scope in a table; all ports are nothing to say.
func (j Scope) Columns() (instance, port string) {
	if j.Instance == "" {
		return "", ""
	}
	return string(j.Instance), j.InitiatorPort
}

// Words names the scope at the end of a sentence.
func (j Scope) Words() string {
	switch {
	case j.Instance == "":
		return ""
	case j.InitiatorPort == ports.All.String():
		return ", from instance " + string(j.Instance)
	}
	return ", from port " + j.InitiatorPort + " of instance " + string(j.Instance)
}
