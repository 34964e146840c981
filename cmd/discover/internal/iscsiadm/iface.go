package iscsiadm

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"slices"
)

// DefaultIface is the iface that leaves all to the system: there is no record of it.
const DefaultIface = "default"

// The transports that have an iface of their own name, without a record.
const (
	transportTCP  = "tcp"
	transportISER = "iser"
)

// An IfaceRecord is a record of an iface, as far as a discovery goes by it.
type IfaceRecord struct {
	Name            string     // iface.iscsi_ifacename, or that of the file
	Transport       string     // iface.transport_name; discover has tcp alone
	NetInterface    string     // iface.net_ifacename; empty: any
	HardwareAddress string     // iface.hwaddress of the network interface; empty: any
	Address         netip.Addr // iface.ipaddress, the source address; invalid: any
	InitiatorName   string     // iface.initiatorname; empty: the usual one
}

// builtIn are the ifaces that are there without a record, in the order of iscsiadm.
var builtIn = []IfaceRecord{{Name: DefaultIface, Transport: transportTCP}, {Name: transportISER, Transport: transportISER}}

// An IfaceError is an iface that cannot be used. Its text is iscsiadm's.
type IfaceError struct {
	Name, Dir string
	Err       error // the reason
}

// Error says which iface it is, and where its record was looked for.
func (e *IfaceError) Error() string {
	name := shownWord(e.Name)
	return fmt.Sprintf("Could not read iface info for %s. Make sure an iface config with the file name and iface.iscsi_ifacename %s is in %s.", name, name, e.Dir)
}

// Unwrap returns the reason.
func (e *IfaceError) Unwrap() error { return e.Err }

// An IfaceDir is the folder with the records of ifaces. It is only read.
type IfaceDir struct {
	root fs.FS
	path string // from root
}

// FindIfaces returns the folder of ifaces of open-iscsi's database, which may not exist.
// root is the root of the file system.
func FindIfaces(root fs.FS) IfaceDir {
	for _, dir := range databases {
		dir = path.Join(dir, "ifaces")
		if info, err := fs.Stat(root, dir); err == nil && info.IsDir() {
			return IfaceDir{root, dir}
		}
	}
	return IfaceDir{root, "etc/iscsi/ifaces"}
}

// Path returns the path of the folder.
func (d IfaceDir) Path() string { return "/" + d.path }

// Read returns the iface of a name, or an *IfaceError.
func (d IfaceDir) Read(name string) (IfaceRecord, error) {
	if i := slices.IndexFunc(builtIn, func(b IfaceRecord) bool { return b.Name == name }); i >= 0 {
		return builtIn[i], nil
	}
	failed := func(err error) (IfaceRecord, error) { return IfaceRecord{}, &IfaceError{name, d.Path(), err} }
	if !onePart(name) {
		return failed(errors.New("it is not the name of a file"))
	}
	b, err := ReadFile(d.root, path.Join(d.path, name))
	if err != nil {
		return failed(err)
	}
	r, err := parseIface(name, b)
	if err != nil {
		return failed(err)
	}
	return r, nil
}

// maxIfaces is how many records of a folder are read.
const maxIfaces = 1000

// All returns the ifaces, by the name of the file, and after them those without a record.
// (iscsiadm has them in the order of the directory, which is arbitrary.) One that cannot
// be used costs itself and a note. Its error is that of a folder that cannot be read.
func (d IfaceDir) All() (all []IfaceRecord, tell []string, err error) {
	entries, err := fs.ReadDir(d.root, d.path) // sorted
	var n notes
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	case errors.Is(err, fs.ErrPermission): // a folder that is root's alone
		n.add("Ifaces in %s are not used: permission denied", d.Path())
		err = nil
	}
	if len(entries) > maxIfaces {
		n.add("Only %d of the %d ifaces in %s are read", maxIfaces, len(entries), d.Path())
		entries = entries[:maxIfaces]
	}
	for _, e := range entries {
		if slices.ContainsFunc(builtIn, func(b IfaceRecord) bool { return b.Name == e.Name() }) {
			continue
		}
		r, err := d.Read(e.Name())
		if err != nil {
			n.add("'%s' in %s is not a valid iSCSI interface configuration file: %v", shown(e.Name()), d.Path(), errors.Unwrap(err))
			continue
		}
		all = append(all, r)
	}
	return append(all, builtIn...), n, err
}

// Usual returns the ifaces that a discovery without -I uses, each in turn: all software
// ifaces that have a record, whether they are bound to a network interface or not; and
// where there are none, default.
func (d IfaceDir) Usual() (usual []IfaceRecord, tell []string, err error) {
	all, tell, err := d.All()
	for _, r := range all {
		if r.Transport == transportTCP && r.Name != DefaultIface {
			usual = append(usual, r)
		}
	}
	if len(usual) == 0 {
		usual = []IfaceRecord{builtIn[0]}
	}
	return usual, tell, err
}

// parseIface reads the record of an iface. Fields that a discovery does not go by, and
// lines that are wrong, are passed over.
func parseIface(file string, b []byte) (IfaceRecord, error) {
	r := IfaceRecord{Name: file}
	pairs, _ := readPairs(b)
	for _, p := range pairs {
		value := p.value
		if value == "<empty>" || value == "default" && p.key != "iface.iscsi_ifacename" {
			value = ""
		}
		switch p.key {
		case "iface.iscsi_ifacename":
			r.Name = value
		case "iface.transport_name":
			r.Transport = value
		case "iface.net_ifacename":
			r.NetInterface = value
		case "iface.hwaddress":
			r.HardwareAddress = value
		case "iface.initiatorname":
			r.InitiatorName = value
		case "iface.ipaddress":
			if value == "" {
				r.Address = netip.Addr{}
				continue
			}
			var err error
			if r.Address, err = netip.ParseAddr(value); err != nil {
				return IfaceRecord{}, fmt.Errorf("line %d: iface.ipaddress is not an address", p.line)
			}
		}
	}
	switch {
	case !onePart(r.Name):
		return IfaceRecord{}, errors.New("iface.iscsi_ifacename is not a name")
	case r.Transport == "":
		return IfaceRecord{}, errors.New("it has no iface.transport_name")
	}
	return r, nil
}
