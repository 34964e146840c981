package fleetmember

import (
	"log/slog"
	"net/netip"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A Config says what a Member is of. All fields are required but Lead and ScanAllow.
type Config struct {
	Client  *clientv3.Client // the caller's, who closes it when Run has returned
	Keys    fleet.Keys
	Fleet   string // its name
	Host    string // the name of this host in it, see fleet.CheckHost
	Lead    bool   // it may be elected to lead the fleet
	Every   time.Duration
	Service *registry.Service
	Own     []string // references to credentials that no login template of the fleet may have, see settle.Apply

	Version       string // of the program
	InitiatorName string

	ScanAllow []netip.Prefix // what the host may be told to scan, see sweep.Config
	Ask       sweep.Ask
	Asked     func() int64 // how many portals Ask has asked

	Changed func()                           // the registry was changed as the fleet wants it
	Say     func(format string, args ...any) // to the administrator
	Log     *slog.Logger
}
