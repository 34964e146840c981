package fleet

import "time"

// An Info is what a host says of itself. It is under the host's lease: once that ends the
// host is silent.
type Info struct {
	Schema        int       `json:"schema"`
	Host          string    `json:"host"`
	ID            string    `json:"id"`                       // of the registry that discoverd works with: tells two hosts of one name apart
	Version       string    `json:"version"`                  // of discoverd
	InitiatorName string    `json:"initiator_name,omitempty"` // with which it logs in where neither an instance nor a portal has its own
	Started       time.Time `json:"started"`
	Every         float64   `json:"interval_seconds"`      // between two discoveries of one portal
	Ports         []Port    `json:"ports,omitempty"`       // initiator ports
	Unpublished   int       `json:"unpublished,omitempty"` // portals beyond MaxPaths, of which there is no record
}

// A Port is an initiator port of a host.
type Port struct {
	Instance string `json:"instance"`
	Number   uint32 `json:"number"`
	Address  string `json:"address"`
	Device   string `json:"device,omitempty"`
	State    string `json:"state"` // see ports.State
}

// Encode writes the record.
func (i *Info) Encode() []byte {
	i.Schema = Schema
	return encode(i)
}

// DecodeInfo reads the record of a host. The error is a *NewerError or a *RecordError.
func DecodeInfo(host string, b []byte) (*Info, error) {
	i := new(Info)
	if err := decode(b, i); err != nil {
		return nil, err
	}
	if i.Host != host {
		return nil, &RecordError{"it says that it is of another host"}
	}
	if len(i.Ports) > MaxPorts {
		return nil, &RecordError{"it has too many initiator ports"}
	}
	err := checkTexts(i.ID, i.Version, i.InitiatorName)
	for _, p := range i.Ports {
		if err == nil {
			err = checkTexts(p.Instance, p.Address, p.Device, p.State)
		}
	}
	if err != nil {
		return nil, err
	}
	return i, nil
}
