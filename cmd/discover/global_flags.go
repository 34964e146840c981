package main

import "github.com/spf13/pflag"

// globalFlags are those that each verb takes.
type globalFlags struct {
	registry string
	key      secretRef
	output   string
	verbose  bool
}

// The formats of --output.
const (
	formatTable    = "table"
	formatJSON     = "json"
	formatJSONL    = "jsonl"
	formatISCSIADM = "iscsiadm"
)

var formats = []string{formatTable, formatJSON, formatJSONL, formatISCSIADM}

func (g *globalFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	g.output = formatTable
	fs.VarP(&choice{&g.output, "FORMAT", formats}, "output", "o", "table (the default), json, jsonl or iscsiadm")
	fs.Var(&text{&g.registry, "FILE"}, "registry", "of the registry; scan uses none")
	fs.Var(&g.key, "key", "of the registry's secrets; scan uses none")
	fs.BoolVarP(&g.verbose, "verbose", "v", false, "log to standard error")
	fs.BoolP("help", "h", false, "print the manual of the verb")
	return fs
}
