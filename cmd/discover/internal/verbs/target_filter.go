package verbs

import (
	"context"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A targetFilter selects known targets by their names, and the ways in which they were found.
type targetFilter struct {
	portals []string // of --portal
	missing bool

	by       *sweep.Match // the portals; nil: all
	patterns []*pattern   // none: all names
}

// A pattern is a name of a target, folded, in which * means any characters and ? one.
type pattern struct {
	text, folded string
	met          bool
	part         string // a target whose name has the text as a part of it
}

// flagSet adds the flags to those of the list.
func (f *targetFilter) flagSet(fs *pflag.FlagSet) *pflag.FlagSet {
	fs.Var(flags.NewTexts(&f.portals, "PORTAL"), "portal", "only targets that were found through this portal; may be given several times. With --refresh, only these portals are asked")
	fs.BoolVar(&f.missing, "missing", false, "only targets that are missing from the last answer of their portal")
	return fs
}

// understand takes the arguments and the flags in.
func (f *targetFilter) understand(w *machine.Env, args []string) error {
	for _, arg := range args {
		if verb.IsAddress(arg) {
			return exit.Usagef("%s is a portal, not the name of a target: for its targets give it with --portal", wording.Quoted(arg))
		}
		f.patterns = append(f.patterns, &pattern{text: arg, folded: name.Fold(arg)})
	}
	if len(f.portals) == 0 {
		return nil
	}
	for _, p := range f.portals {
		if p == "-" || strings.HasPrefix(p, "@") {
			return exit.Usagef("--portal takes one portal; give it once for each")
		}
	}
	p, err := sweep.ParsePortals(f.portals, 0, w)
	if err == nil {
		f.by = p.Match()
	}
	return err
}

// selects returns a target with those mechanisms that are selected, and whether there is
// any, or nothing was to be selected by them.
func (f *targetFilter) selects(t registry.KnownTarget) (registry.KnownTarget, bool) {
	if !f.named(t.Name) {
		return t, false
	}
	if f.by == nil && !f.missing {
		return t, true
	}
	t = onlyMechanisms(t, func(m *registry.Mechanism) bool {
		return (f.by == nil || !m.Static && f.by.Has(m.Portal.Portal)) && !(f.missing && m.MissingSince.IsZero())
	})
	return t, len(t.Mechanisms) > 0
}

// named reports whether a pattern matches a name, and notes which ones do.
func (f *targetFilter) named(target string) bool {
	found, folded := len(f.patterns) == 0, name.Fold(target)
	for _, p := range f.patterns {
		switch {
		case matches(p.folded, folded):
			p.met, found = true, true
		case p.part == "" && strings.Contains(folded, p.folded):
			p.part = target
		}
	}
	return found
}

// matches reports whether a pattern matches all of a text. Where a character does not match,
// the last * takes one more.
func matches(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, taken := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, taken = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			taken++
			i, j = star+1, taken
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// unmet returns an error for each name and pattern that matches no known target, and for each
// portal that is not in the registry and found none.
func (f *targetFilter) unmet(ctx context.Context, s *registry.Service) (missing []error) {
	for _, p := range f.patterns {
		if p.met {
			continue
		}
		reason := "no known target has this name"
		if strings.ContainsAny(p.text, "*?") {
			reason = "no known target has a name that matches"
		} else if p.part != "" {
			reason += "; a pattern matches parts of names: '*" + p.text + "*'"
		}
		missing = append(missing, &initiator.Error{Stage: initiator.StageValidate, Err: &isdsc.Error{Code: isdsc.TargetNotFound, What: "target " + wording.Quoted(p.text), Reason: reason}})
	}
	if f.by != nil {
		for p := range s.SendTargetPortals(ctx) {
			f.by.Has(p.Portal)
		}
		missing = append(missing, unmetPortals(ctx, s, f.by)...)
	}
	return missing
}
