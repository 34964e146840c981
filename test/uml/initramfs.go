//go:build linux

package uml

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

// programFolder is where a guest has the programs of a Config; its PATH begins
// there.
const programFolder = "guest"

// initramfs returns a file without a name that has the guest's initial file
// system: its first process, what that has to do, and the programs.
func initramfs(cfg *Config) (*os.File, error) {
	first, err := guestd()
	if err != nil {
		return nil, err
	}
	todo, err := json.Marshal(control.Boot{Modules: cfg.Modules, Addresses: cfg.Far})
	if err != nil {
		return nil, fmt.Errorf("uml: %w", err)
	}
	var a archive
	a.file("init", unix.S_IFREG|0o755, first)
	a.file(control.BootFile[1:], unix.S_IFREG|0o644, todo)
	a.file(programFolder, unix.S_IFDIR|0o755, nil)
	for _, p := range cfg.Programs {
		b, err := p.build()
		if err != nil {
			return nil, err
		}
		a.file(programFolder+"/"+p.Name, unix.S_IFREG|0o755, b)
	}
	a.end()
	return unnamedFile("initramfs", a.buf.Bytes())
}

// An archive is what the kernel unpacks into its initial file system: cpio, in
// the form of which the kernel's documentation says "newc".
type archive struct {
	buf   bytes.Buffer
	inode int
}

const (
	cpioMagic = "070701"
	cpioEnd   = "TRAILER!!!"
	cpioAlign = 4
)

// file adds a file or a folder. Folders go before what is in them.
func (a *archive) file(name string, mode uint32, data []byte) {
	a.inode++
	a.buf.WriteString(cpioMagic)
	for _, field := range []int{
		a.inode, int(mode),
		0, 0, // owner and group
		1, // links
		0, // time
		len(data),
		0, 0, 0, 0, // device numbers
		len(name) + 1,
		0, // checksum, which this form does not have
	} {
		fmt.Fprintf(&a.buf, "%08X", field)
	}
	a.buf.WriteString(name)
	a.buf.WriteByte(0)
	a.align()
	a.buf.Write(data)
	a.align()
}

// end ends the archive.
func (a *archive) end() { a.file(cpioEnd, 0, nil) }

func (a *archive) align() {
	for a.buf.Len()%cpioAlign != 0 {
		a.buf.WriteByte(0)
	}
}
