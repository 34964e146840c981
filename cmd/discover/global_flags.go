package main

import (
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
)

// globalFlags are those that each verb takes.
type globalFlags struct {
	registry string
	key      secretRef
	output   string
	verbose  bool
	dryRun   bool // of the verbs that change something
}

func (g *globalFlags) flags(usualRegistry string) *pflag.FlagSet {
	fs := newFlagSet()
	g.output = render.FormatTable
	g.key.asIs = true
	fs.VarP(&choice{&g.output, "FORMAT", render.Formats}, "output", "o", "table (the default), json, jsonl or iscsiadm")
	fs.Var(&text{&g.registry, "FILE"}, "registry", "the registry; default: "+registryVariable+" in the environment, or else "+usualRegistry)
	fs.Var(&g.key, "key", "the passphrase by which the registry's secrets are sealed; default: a key in registry.key beside it")
	fs.BoolVarP(&g.verbose, "verbose", "v", false, "log to standard error")
	fs.BoolP("help", "h", false, "print the manual of the verb")
	return fs
}

// changeFlags is for the verbs that change something.
func (g *globalFlags) changeFlags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.BoolVar(&g.dryRun, "dry-run", false, "show what would be done, and neither store nor send anything")
	return fs
}
