package fleet

import (
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

// Longest names, in bytes.
const (
	MaxFleetName = 64
	MaxHostName  = 253 // of DNS (RFC 1035, section 2.3.4)
)

// A NameError is a name that no fleet, host or login template can have.
type NameError struct {
	What string // "fleet", "host" or "login template"
	Name string // as it was given, bounded
	Why  string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s name %s: %s", e.What, text.Quote([]byte(e.Name)), e.Why)
}

// CheckName returns a *NameError for what cannot be the name of a fleet: 1 to MaxFleetName
// bytes of a-z, 0-9, '.', '_' and '-', of which the first is a letter or a digit.
func CheckName(name string) error { return checkName("fleet", name, MaxFleetName) }

// CheckHost returns a *NameError for what cannot be the name of a host in a fleet: as
// CheckName, with up to MaxHostName bytes. Lower-case host names are.
func CheckHost(name string) error { return checkName("host", name, MaxHostName) }

// CheckLogin returns a *NameError for what cannot be the name of a login template.
func CheckLogin(name string) error { return checkName("login template", name, MaxFleetName) }

func checkName(what, name string, most int) error {
	refuse := func(why string) error {
		return &NameError{What: what, Name: text.Cut(name, 2*MaxFleetName), Why: why}
	}
	switch {
	case name == "":
		return refuse("it is empty")
	case len(name) > most:
		return refuse(fmt.Sprintf("it has %d bytes, more than %d", len(name), most))
	}
	for i := range len(name) {
		c := name[i]
		isWord := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !isWord && (i == 0 || c != '.' && c != '_' && c != '-') {
			return refuse("expected a-z, 0-9, and behind the first of them '.', '_' and '-'")
		}
	}
	return nil
}
