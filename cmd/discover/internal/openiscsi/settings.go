package openiscsi

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// settingsFile says the same as the environment: services that call iscsiadm set none.
const settingsFile = "/etc/discover/iscsiadm.conf"

// The variables of the environment, and the keys of settingsFile.
const (
	realVariable = "DISCOVER_ISCSIADM"      // the real program
	refsVariable = "DISCOVER_ISCSIADM_REFS" // 1: a secret may be a reference, as file:PATH
	viaVariable  = "DISCOVER_ISCSIADM_VIA"  // set for the real program: it may not come back
)

// settings are what the environment or settingsFile says.
type settings struct {
	real string // the real iscsiadm; empty: there is none
	refs bool   // a secret may be a reference
	via  bool   // the real program that we called has called us
}

// readSettings reads the settings. The environment goes before the file.
func (t *tool) readSettings() (s settings, err error) {
	file, err := t.settingsInFile()
	if err != nil {
		return s, err
	}
	value := func(name string) string {
		if v, set := t.LookupEnv(name); set {
			return v
		}
		return file[name]
	}
	if t.Global.Registry == "" {
		if _, set := t.LookupEnv(flags.RegistryVariable); !set {
			t.Global.Registry = file[flags.RegistryVariable]
		}
	}
	s.real, s.refs = value(realVariable), value(refsVariable) == "1"
	_, s.via = t.LookupEnv(viaVariable)
	return s, nil
}

func (t *tool) settingsInFile() (map[string]string, error) {
	b, err := iscsiadm.ReadFile(t.Files, settingsFile[1:])
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		var file map[string]string
		if file, err = iscsiadm.ReadSettings(b, flags.RegistryVariable, realVariable, refsVariable); err == nil {
			return file, nil
		}
	}
	return nil, &iscsiadm.UsageError{Text: fmt.Sprintf("%s cannot be used: %s", settingsFile, flags.FileReason(err))}
}
