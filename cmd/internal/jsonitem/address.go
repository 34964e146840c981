package jsonitem

import (
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// addresses are written as in a result.
type addresses []target.Address

// MarshalJSON writes the addresses.
func (a addresses) MarshalJSON() ([]byte, error) { return appendAddresses(nil, a), nil }

// appendAddresses appends the addresses of a target.
func appendAddresses(b []byte, addresses []target.Address) []byte {
	b = append(b, '[')
	for i, a := range addresses {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendAddress(b, a)
	}
	return append(b, ']')
}

// AppendAddress appends one.
func AppendAddress(b []byte, a target.Address) []byte {
	return AppendAddressEnd(AppendString(append(b, AddressBegin...), a.Host), &a)
}

// AddressBegin is what the host of an address follows.
const AddressBegin = `{"address":`

// AppendAddressEnd appends what follows the host of an address.
func AppendAddressEnd(b []byte, a *target.Address) []byte {
	b = strconv.AppendUint(append(b, `,"port":`...), uint64(a.Port), 10)
	b = append(b, `,"group":`...)
	if a.Group == target.NoGroup {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(a.Group), 10)
	}
	if a.Unusable != target.Usable {
		b = AppendString(append(b, `,"usable":false,"why":`...), a.Unusable.String())
	}
	if a.Reach != target.NotProbed {
		b = AppendString(append(b, `,"reach":`...), a.Reach.String())
	}
	return append(b, '}')
}
