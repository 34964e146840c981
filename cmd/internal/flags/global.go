package flags

import (
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/render"
)

// Global has the flags that each verb takes.
type Global struct {
	Registry string
	Key      SecretRef
	Output   string
	Verbose  bool
	DryRun   bool // of the verbs that change something
}

// FlagSet defines the flags. usualRegistry is where the registry is by default, for the
// manual.
func (g *Global) FlagSet(usualRegistry string) *pflag.FlagSet {
	fs := NewSet()
	g.Output = render.FormatTable
	g.Key.AsIs = true
	fs.VarP(&choice{&g.Output, "FORMAT", render.Formats}, "output", "o", "table (the default), json, jsonl or iscsiadm")
	fs.Var(&text{&g.Registry, "FILE"}, "registry", "")
	DescribeRegistry(fs, usualRegistry)
	fs.Var(&g.Key, "key", "the passphrase with which the registry's secrets are sealed; default: the key in registry.key beside the registry")
	fs.BoolVarP(&g.Verbose, "verbose", "v", false, "log to standard error")
	fs.BoolP("help", "h", false, "print help: with -h on one screen, with --help all of it")
	return fs
}

// DescribeRegistry puts in the text of --registry where the registry is by default.
func DescribeRegistry(fs *pflag.FlagSet, usual string) {
	fs.Lookup("registry").Usage = "the registry; default: " + RegistryVariable + " in the environment, else " + usual
}

// ChangeFlagSet is for the verbs that change something.
func (g *Global) ChangeFlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.BoolVar(&g.DryRun, "dry-run", false, "show what would be done, but store and send nothing")
	return fs
}

// RegistryVariable is the environment variable that says where the registry is.
const RegistryVariable = "DISCOVER_REGISTRY"
