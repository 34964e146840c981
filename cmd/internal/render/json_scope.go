package render

import "github.com/go-iscsi/discovery/pkg/initiator/ports"

// JSONScope says for which initiator ports something is.
type JSONScope struct {
	Instance      JSONText `json:"instance"`
	InitiatorPort string   `json:"initiator_port"`
}

// NewJSONScope returns the ports that something is for; without an instance all of them.
func NewJSONScope(instance string, port ports.Number) JSONScope {
	return JSONScope{JSONText(instance), port.String()}
}

// Columns are the scope in a table; all ports are nothing to say.
func (j JSONScope) Columns() (instance, port string) {
	if j.Instance == "" {
		return "", ""
	}
	return string(j.Instance), j.InitiatorPort
}

// Words names the scope at the end of a sentence.
func (j JSONScope) Words() string {
	switch {
	case j.Instance == "":
		return ""
	case j.InitiatorPort == ports.All.String():
		return ", from instance " + string(j.Instance)
	}
	return ", from port " + j.InitiatorPort + " of instance " + string(j.Instance)
}
