package iscsiadm

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameAddress = cmpopts.EquateComparable(netip.Addr{})

// file is a file with lines.
func file(lines ...string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.Join(lines, "\n") + "\n"), Mode: 0o600}
}

// ifaceFiles are records of ifaces, as iscsiadm and administrators write them.
func ifaceFiles(dir string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, f := range map[string]*fstest.MapFile{
		"if0": file("# BEGIN RECORD 2.1.8", "iface.iscsi_ifacename = if0", "iface.net_ifacename = eth1", "iface.prefix_len = 0", "iface.transport_name = tcp", "iface.mtu = 0", "# END RECORD"),
		"hw":  file("iface.iscsi_ifacename = hw", "iface.hwaddress = 02:00:00:00:00:01", "iface.transport_name = tcp"),
		"ip": file("iface.iscsi_ifacename = ip", "iface.ipaddress = 2001:db8::2", "iface.initiatorname = iqn.2026-11.com.example:i",
			"iface.transport_name = tcp", "iface.new_field = 7", "not a pair"),
		"noname":      file("iface.net_ifacename = eth1", "iface.transport_name = tcp"),
		"othername":   file("iface.iscsi_ifacename = xx", "iface.net_ifacename = <empty>", "iface.hwaddress = default", "iface.ipaddress = default", "iface.transport_name = tcp"),
		"offload":     file("iface.iscsi_ifacename = offload", "iface.transport_name = bnx2i", "iface.hwaddress = 02:00:00:00:00:01"),
		"default":     file("iface.iscsi_ifacename = default", "iface.net_ifacename = eth1", "iface.transport_name = tcp"),
		"asdefault":   file("iface.iscsi_ifacename = default", "iface.net_ifacename = eth1", "iface.transport_name = tcp"),
		"empty":       file(),
		"badaddress":  file("iface.iscsi_ifacename = badaddress", "iface.transport_name = tcp", "iface.ipaddress = 192.0.2"),
		"badname":     file("iface.iscsi_ifacename = ../if0", "iface.transport_name = tcp"),
		"long":        file(strings.Repeat("# a comment\n", 10000)),
		"folder/x":    file("iface.transport_name = tcp"),
		"bad name":    file("iface.transport_name = tcp"),
		"device":      {Mode: fs.ModeNamedPipe},
		"unreadable?": file("iface.transport_name = tcp"),
	} {
		all[dir+"/"+name] = f
	}
	return all
}

// TestIfaces: which ifaces there are, and which of them a discovery without -I uses. The
// real iscsiadm was seen to use all of the transport tcp, also those that are bound to
// nothing, under the names in their records.
func TestIfaces(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"var/lib/iscsi/ifaces", "etc/iscsi/ifaces"} {
		d := FindIfaces(ifaceFiles(dir))
		if d.Path() != "/"+dir {
			t.Errorf("got %s, want /%s", d.Path(), dir)
		}
		all, tell, err := d.All()
		if err != nil {
			t.Fatal(err)
		}
		usual, more, err := d.Usual()
		if diff := cmp.Diff(tell, more); diff != "" || err != nil {
			t.Errorf("%v (-all +usual):\n%s", err, diff)
		}
		want := []IfaceRecord{
			{Name: "default", Transport: "tcp", NetInterface: "eth1"},
			{Name: "hw", Transport: "tcp", HardwareAddress: "02:00:00:00:00:01"},
			{Name: "if0", Transport: "tcp", NetInterface: "eth1"},
			{Name: "ip", Transport: "tcp", Address: netip.MustParseAddr("2001:db8::2"), InitiatorName: "iqn.2026-11.com.example:i"},
			{Name: "noname", Transport: "tcp", NetInterface: "eth1"},
			{Name: "offload", Transport: "bnx2i", HardwareAddress: "02:00:00:00:00:01"},
			{Name: "xx", Transport: "tcp"},
			{Name: "unreadable?", Transport: "tcp"},
			{Name: "default", Transport: "tcp"}, {Name: "iser", Transport: "iser"},
		}
		if diff := cmp.Diff(want, all, sameAddress); diff != "" {
			t.Errorf("all (-want +got):\n%s", diff)
		}
		want = append(append(append([]IfaceRecord(nil), want[1:5]...), want[6]), want[7])
		if diff := cmp.Diff(want, usual, sameAddress); diff != "" {
			t.Errorf("usual (-want +got):\n%s", diff)
		}
		const invalid = "' in /DIR is not a valid iSCSI interface configuration file: "
		notes := "'bad name" + invalid + "it is not the name of a file\n" +
			"'badaddress" + invalid + "line 3: iface.ipaddress is not an address\n" +
			"'badname" + invalid + "iface.iscsi_ifacename is not a name\n" +
			"'device" + invalid + "open DIR/device: it is not a regular file\n" +
			"'empty" + invalid + "it has no iface.transport_name\n" +
			"'folder" + invalid + "open DIR/folder: it is not a regular file\n" +
			"'long" + invalid + "read DIR/long: it is longer than 65536 bytes"
		if diff := cmp.Diff(strings.ReplaceAll(notes, "DIR", dir), strings.Join(tell, "\n")); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
	}
}

// TestNoIfaces: without a folder, or with records of no use, default is used; so it is
// where the folder may not be read, which is told besides.
func TestNoIfaces(t *testing.T) {
	t.Parallel()
	for name, root := range map[string]fs.FS{
		"nothing":   fstest.MapFS{},
		"no record": fstest.MapFS{"etc/iscsi/ifaces": {Mode: fs.ModeDir | 0o700}},
		"no tcp":    fstest.MapFS{"etc/iscsi/ifaces/a": file("iface.transport_name = iser")},
		"a file":    fstest.MapFS{"etc/iscsi/ifaces": file("x")},
		"closed":    closed{fstest.MapFS{"etc/iscsi/ifaces/a": file("iface.transport_name = tcp")}},
	} {
		d := FindIfaces(root)
		usual, tell, err := d.Usual()
		if len(usual) != 1 || usual[0] != (IfaceRecord{Name: "default", Transport: "tcp"}) || (err == nil) != (name != "a file") {
			t.Errorf("%s: got %+v, %v", name, usual, err)
		}
		if want := []string{"Ifaces in /etc/iscsi/ifaces are not used: permission denied"}; name == "closed" && !slices.Equal(tell, want) {
			t.Errorf("%s: told %q, want %q", name, tell, want)
		}
	}
	many := fstest.MapFS{}
	for i := range 1100 {
		many[fmt.Sprintf("etc/iscsi/ifaces/i%d", i)] = file("iface.transport_name = tcp")
	}
	all, tell, err := FindIfaces(many).All()
	if len(all) != maxIfaces+2 || len(tell) != 1 || tell[0] != "Only 1000 of the 1100 ifaces in /etc/iscsi/ifaces are read" || err != nil {
		t.Errorf("got %d, %q, %v", len(all), tell, err)
	}
}

// closed is a file system of which nothing can be opened.
type closed struct{ fs.StatFS }

func (c closed) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

// TestReadIface: an iface that is asked for by name, and what is said where it cannot be
// used. A name never leads out of the folder.
func TestReadIface(t *testing.T) {
	t.Parallel()
	root := ifaceFiles("etc/iscsi/ifaces")
	root["etc/iscsi/if1"] = file("iface.transport_name = tcp")
	d := FindIfaces(root)
	for name, want := range map[string]string{"if0": "eth1", "default": "", "noname": "eth1", "iser": "", "offload": ""} {
		r, err := d.Read(name)
		if err != nil || r.Name != name || r.NetInterface != want {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
	for _, name := range []string{"nope", "", ".", "..", "../if1", "../ifaces/if0", "/etc/iscsi/ifaces/if0", "folder", "folder/x", "./if0", "if0/", "empty", "bad name", `..\if1`, "if0\n", "if0\x00", strings.Repeat("a", 300)} {
		r, err := d.Read(name)
		var failed *IfaceError
		if !errors.As(err, &failed) || failed.Unwrap() == nil || r.Name != "" {
			t.Errorf("%q: got %+v, %v", name, r, err)
			continue
		}
		if text := err.Error(); strings.ContainsAny(text, "\n\x00") || len(text) > 400 {
			t.Errorf("%q: got %q", name, text)
		}
	}
	_, err := d.Read("nope")
	const want = "Could not read iface info for nope. Make sure an iface config with the file name and iface.iscsi_ifacename nope is in /etc/iscsi/ifaces."
	if err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
