package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// nameFile is where Linux' initiator keeps the host's iSCSI name. Arrays that
// know the host know it by that one.
const nameFile = "/etc/iscsi/initiatorname.iscsi"

// namePrefix begins the names that we make up: month and domain of this
// project's naming authority.
const namePrefix = "iqn.2026-11.io.github.go-iscsi:"

// A nodeName is our iSCSI name and where it comes from.
type nodeName struct{ name, origin string }

// defaultName returns the name to use where none is given.
func (c *command) defaultName() nodeName {
	name, bad := c.storedName()
	if name != "" {
		return nodeName{name, nameFile}
	}
	made := c.madeName()
	if bad {
		c.say("warning: %s: no valid InitiatorName in it; using %s", nameFile, made.name)
	}
	return made
}

// storedName returns the first valid InitiatorName of nameFile; bad: there was
// one that is not valid.
func (c *command) storedName() (name string, bad bool) {
	b, err := c.readFile(nameFile, 64<<10)
	if err != nil {
		return "", false
	}
	for line := range bytes.Lines(b) {
		value, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "InitiatorName=")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		if initiator.ValidateName(value) == nil {
			return value, false
		}
		bad = true
	}
	return "", bad
}

// madeName makes a stable name: of the host's name, or, where that is one that
// many hosts have, of its machine ID.
func (c *command) madeName() nodeName {
	host, _ := c.hostname()
	switch label := nameLabel(host); label {
	case "", "localhost", "localhost.localdomain", "debian", "ubuntu":
	default:
		return nodeName{namePrefix + label, "host name"}
	}
	if id, err := c.readFile("/etc/machine-id", 256); err == nil && len(bytes.TrimSpace(id)) > 0 {
		// The ID itself must not go over a network: see machine-id(5).
		h := hmac.New(sha256.New, bytes.TrimSpace(id))
		h.Write([]byte(namePrefix))
		return nodeName{namePrefix + "machine-" + hex.EncodeToString(h.Sum(nil)[:8]), "machine ID"}
	}
	return nodeName{namePrefix + "localhost", "nothing that tells this host from others"}
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
	return label[:min(len(label), initiator.MaxNameLen-len(namePrefix))]
}
