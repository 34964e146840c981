package app

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// namePrefix begins the names that we make up: month and domain of this
// project's naming authority.
const namePrefix = "iqn.2026-11.io.github.go-iscsi:"

// A NodeName is our iSCSI name and where it comes from.
type NodeName struct {
	Name, Origin string

	Because string // why it is not that of flags.NameFile; empty: it is, or there is no such file
}

// Complaint says that an array that knows this host by the name in flags.NameFile hears
// another.
func (n NodeName) Complaint() string {
	return fmt.Sprintf("%s cannot be used: %s; the initiator name is %s (from: %s), which targets may not know; use --initiator-name to set another", flags.NameFile, n.Because, n.Name, n.Origin)
}

// DefaultName returns the name to use where none is given and none is stored.
func (c *Command) DefaultName(strict bool) NodeName {
	b, err := c.ReadFile(flags.NameFile, flags.MaxNameFile)
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil {
		var name string
		if name, err = flags.NameIn(b, false, flags.RuleOfNames(strict)); err == nil {
			return NodeName{Name: name, Origin: flags.NameFile}
		}
	}
	made := c.madeName()
	if !missing {
		made.Because = flags.FileReason(err)
	}
	return made
}

// madeName makes a stable name: of the host's name, or, where that is one that
// many hosts have, of its machine ID.
func (c *Command) madeName() NodeName {
	host, _ := c.Hostname()
	switch label := nameLabel(host); label {
	case "", "localhost", "localhost.localdomain", "debian", "ubuntu":
	default:
		return NodeName{Name: namePrefix + label, Origin: "host name"}
	}
	if id, err := c.ReadFile("/etc/machine-id", 256); err == nil && len(bytes.TrimSpace(id)) > 0 {
		// The ID itself must not go over a network: see machine-id(5).
		h := hmac.New(sha256.New, bytes.TrimSpace(id))
		h.Write([]byte(namePrefix))
		return NodeName{Name: namePrefix + "machine-" + hex.EncodeToString(h.Sum(nil)[:8]), Origin: "machine ID"}
	}
	return NodeName{Name: namePrefix + "localhost", Origin: "nothing that tells this host from others"}
}

// nameLabel keeps of a host name what an iSCSI name may have, in lower case.
func nameLabel(host string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(host) {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '.':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	label := strings.Trim(b.String(), "-.")
	return label[:min(len(label), name.MaxLen-len(namePrefix))]
}
