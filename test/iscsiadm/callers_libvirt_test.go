//go:build linux

package iscsiadm

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/test/netns"
)

const (
	libvirtStorage = "usr/lib/*/libvirt/connection-driver/libvirt_driver_storage.so"
	libvirtSocket  = "libvirt-sock"

	initiatorNobody = "iqn.2026-11.com.example:nobody" // no iface has this name
	initiatorMe     = "iqn.2026-11.com.example:me"
)

// sourceName is a target in what virsh prints.
var sourceName = regexp.MustCompile(`<device path='([^']*)'/>`)

// runLibvirt asks a libvirtd of its own, which has nothing but storage pools.
func runLibvirt(d *desk) []string {
	socket := d.startLibvirt()
	virsh := func(args ...string) answer {
		a := d.run(filepath.Join(d.root, "usr/bin/virsh"), append([]string{"-c", "storage+unix:///system?socket=" + socket}, args...)...)
		d.t.Logf("virsh %q: %d %s%s", args, a.exit, a.stdout, strings.Join(a.stderr, "\n"))
		return a
	}
	var found []string
	for _, args := range [][]string{
		{open}, {openIPv6}, {secure}, {closed},
		{open, "--initiator", initiatorNobody},
		{open, "--initiator", initiatorMe},
	} {
		if args[len(args)-1] == initiatorMe {
			d.write("iscsi/ifaces/me", "iface.iscsi_ifacename = me\niface.transport_name = tcp\niface.initiatorname = "+initiatorMe+"\n")
		}
		a := virsh(append([]string{"find-storage-pool-sources-as", "iscsi"}, args...)...)
		var names []string
		for _, m := range sourceName.FindAllStringSubmatch(a.stdout, -1) {
			names = append(names, m[1])
		}
		found = append(found, "find "+strings.Join(args, " ")+": "+strings.Join(names, " ")+reason(a))
	}
	a := virsh("pool-create-as", "pool", "iscsi", "--source-host", open, "--source-dev", disk1, "--source-initiator", "iqn.2026-11.com.example:new", "--target", "/dev/disk/by-path")
	return append(found, "pool with an initiator: "+reason(a))
}

// reason is why virsh failed.
func reason(a answer) string {
	return regexp.MustCompile(`unexpected exit status \d+|status '\d+'|no iSCSI interface defined|$`).FindString(strings.Join(a.stderr, " "))
}

// startLibvirt starts libvirtd and returns its socket when it answers.
func (d *desk) startLibvirt() string {
	folder := filepath.Join(d.folder, "libvirt")
	drivers := filepath.Join(folder, "drivers")
	if err := os.MkdirAll(drivers, 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Symlink(d.glob(libvirtStorage), filepath.Join(drivers, filepath.Base(libvirtStorage))); err != nil {
		d.t.Fatal(err)
	}
	d.write("libvirt/libvirtd.conf", "auth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\n"+
		"unix_sock_dir = \""+folder+"\"\nhost_uuid = \"00000000-1111-2222-3333-444444444444\"\n")
	libraries := d.glob("usr/lib/*/libvirt")
	d.env = append(d.env, "LIBVIRT_DRIVER_DIR="+drivers,
		"LIBVIRT_STORAGE_BACKEND_DIR="+filepath.Join(libraries, "storage-backend"),
		"LIBVIRT_STORAGE_FILE_DIR="+filepath.Join(libraries, "storage-file"))
	cmd := d.command(filepath.Join(d.root, "usr/sbin/libvirtd"), "-f", filepath.Join(folder, "libvirtd.conf"), "-p", filepath.Join(folder, "pid"))
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	p := d.start(cmd)
	socket := filepath.Join(folder, libvirtSocket)
	d.await(p, &printed, func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return socket
}

// await waits until a process is ready.
func (d *desk) await(p *netns.Process, printed *bytes.Buffer, ready func() bool) {
	d.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(runLimit)
	for !ready() {
		select {
		case <-p.Done():
			d.t.Fatalf("the process ended: %v: %s", p.Wait(), printed)
		case <-limit:
			p.Kill()
			d.t.Fatalf("the process was not ready in %v: %s", runLimit, printed)
		case <-tick.C:
		}
	}
}
