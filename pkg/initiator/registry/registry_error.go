package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// A RegistryError is a record of the registry that cannot be read. It costs what is in
// that record: lists yield the error and go on with the others. Its text names the
// record, and what to do about it.
type RegistryError struct {
	Key string // of the record, as the Store has it
	Err error  // what is wrong with it
}

func (e *RegistryError) Error() string {
	return fmt.Sprintf("registry record %s is damaged: %s; %s", text.Quote([]byte(e.Key)), e.reason(), e.Remedy())
}

// reason says what is wrong, in words that say nothing of what is in the record.
func (e *RegistryError) reason() string {
	var (
		syntax *json.SyntaxError
		typ    *json.UnmarshalTypeError
		clock  *time.ParseError
	)
	switch {
	case errors.As(e.Err, &syntax):
		return fmt.Sprintf("it is not valid JSON from byte %d on", syntax.Offset)
	case errors.As(e.Err, &typ) && typ.Field != "":
		return "its field " + typ.Field + " has the wrong type"
	case errors.As(e.Err, &typ):
		return "it has the wrong type"
	case errors.As(e.Err, &clock):
		return "it contains an invalid time"
	}
	return initiator.Reason(e.Err)
}

// Remedy says what to do about the record.
func (e *RegistryError) Remedy() string {
	switch prefix, _, _ := strings.Cut(e.Key, "/"); prefix + "/" {
	case rowkey.Portal:
		k, _ := rowkey.EntryKey(e.Key)
		return fmt.Sprintf("remove portal %s, and add it again", text.Shown(k.String()))
	case rowkey.Target:
		return "remove target " + text.Shown(rowkey.TargetName(e.Key)) + "; a refresh finds it again, unless it was configured by hand"
	case "long/":
		return "prune the targets to remove it; a refresh finds it again"
	case rowkey.Seen:
		return "refresh the portal to replace it"
	case rowkey.Bitmap:
		return "remove portal " + text.Shown(rowkey.Part(e.Key, 1)) + " with all its entries, and add it again with its IPsec flags"
	case rowkey.ISNSServer:
		return "remove iSNS server " + text.Shown(rowkey.Part(e.Key, 1)) + ", and add it again"
	case rowkey.ISNSBitmap:
		return "refresh iSNS server " + text.Shown(rowkey.Part(e.Key, 3)) + " to replace it, or remove it"
	case rowkey.FleetPolicy:
		return "discoverd of fleet " + text.Shown(rowkey.Part(e.Key, 1)) + " writes the policy for " + text.Shown(rowkey.Part(e.Key, 2)) + " again when it starts"
	case rowkey.Instance:
		return "add instance " + text.Shown(rowkey.Part(e.Key, 1)) + " again, or remove it"
	case rowkey.Port:
		return "the number will not be given to another address; add portals that use it again with --source"
	case prefixPolicy:
		return "remove the policy for " + text.Shown(rowkey.Part(e.Key, 1)) + ", and add it again"
	case prefixPSK:
		return "remove the key of " + text.Shown(rowkey.Part(e.Key, 1)) + ", and set it again"
	case prefixTunnel:
		return "remove the tunnel to " + text.Shown(rowkey.Part(e.Key, 1)) + ", and set it again"
	case rowkey.Tool:
		return "remove the record of " + text.Shown(rowkey.Part(e.Key, 1)) + " for " + text.Shown(rowkey.Part(e.Key, 3)) + ", and make it again"
	case rowkey.Setting:
		if ownSettings[e.Key] {
			return "set it again"
		}
	}
	return "restore the registry from a backup"
}

// ownSettings are the settings that a Service can set again. Other users of the Store
// have settings of their own, such as how secrets are sealed.
var ownSettings = map[string]bool{settingNodeName: true, settingCHAPSecret: true, settingDefaultFlags: true, settingRevision: true}

// Unwrap returns what is wrong with it.
func (e *RegistryError) Unwrap() error { return e.Err }

// Is reports that e is ErrRegistryDamaged.
func (e *RegistryError) Is(target error) bool { return target == ErrRegistryDamaged }

// oneRecord reports an error that is about one record alone: it is damaged, or a newer
// version wrote it. The records after it can be read.
func oneRecord(err error) bool {
	var (
		damaged *RegistryError
		newer   *RecordFormatError
	)
	return errors.As(err, &damaged) || errors.As(err, &newer)
}

// isnsFailed returns an error about a server as an *initiator.Error, in which a refusal names
// the server once.
func (s *Service) isnsFailed(address initiator.Portal, err error) error {
	var config *isdsc.Error
	if !errors.As(err, &config) {
		return s.failed(initiator.Key{Portal: address}, err)
	}
	refusal := *config
	if refusal.What = isnsServer + " " + text.Shown(address.String()); config.What != isnsServer {
		refusal.What += ": " + config.What
	}
	return &initiator.Error{Stage: initiator.StageValidate, Err: &refusal}
}

// isnsServer is what a refusal is about.
const isnsServer = "iSNS server"

// noISNSServer is the refusal of a server that is not in the registry.
func noISNSServer() error {
	return &isdsc.Error{Code: isdsc.ISNSServerNotFound, What: isnsServer, Reason: "it is not in the registry"}
}
