package flags

import (
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// An Offerer is the value of a flag that tells a shell what may stand in its place. word
// is what stands there so far. An offer may have a description after a tab.
type Offerer interface {
	Offer(w *machine.Env, word string) ([]string, cobra.ShellCompDirective)
}

// Nothing is offered, and the names of files are not either.
func nothing() ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// Offer offers the words.
func (c *choice) Offer(*machine.Env, string) ([]string, cobra.ShellCompDirective) {
	return c.of, cobra.ShellCompDirectiveNoFileComp
}

// Offer offers the words that are not in the list yet.
func (w *words) Offer(_ *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return OfferList(word, w.of, func(list string) bool {
		var value []string
		return (&words{&value, w.of}).Set(list) == nil
	})
}

// Offer offers the words that go with those of the list.
func (w *ipsecWords) Offer(_ *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return OfferList(word, w.of, func(list string) bool {
		_, err := w.parse(list)
		return err == nil
	})
}

// OfferList offers each list that begins with the words that stand there and is valid with one
// of the words of more. valid reports what the flag takes.
func OfferList(word string, of []string, valid func(list string) bool) (lists []string, d cobra.ShellCompDirective) {
	d = cobra.ShellCompDirectiveNoFileComp
	before := word[:strings.LastIndexByte(word, ',')+1]
	for _, w := range of {
		list := before + w
		if !strings.HasPrefix(list, word) || !valid(list) {
			continue
		}
		lists = append(lists, list)
		if slices.ContainsFunc(of, func(next string) bool { return valid(list + "," + next) }) {
			d |= cobra.ShellCompDirectiveNoSpace // the list may go on
		}
	}
	return lists, d
}

// Offer offers files to a flag that takes one, as the shell lists them.
func (t *text) Offer(*machine.Env, string) ([]string, cobra.ShellCompDirective) {
	if t.name == "FILE" {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nothing()
}

// Offer offers files, as the shell lists them.
func (f *fileName) Offer(*machine.Env, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// Offer offers the addresses of this host.
func (a *address) Offer(w *machine.Env, _ string) (offers []string, _ cobra.ShellCompDirective) {
	found, _ := w.Interfaces()
	for _, i := range found {
		for _, p := range i.Addresses {
			addr := p.Addr()
			if addr.Is6() && addr.IsLinkLocalUnicast() {
				addr = addr.WithZone(i.Name)
			}
			offers = append(offers, addr.String()+"\t"+i.Name)
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// Offer offers references to where a secret may be.
func (r *SecretRef) Offer(w *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return offerRef(w, word, SecretSchemes)
}

// Offer offers references to where a name may be.
func (r *nameRef) Offer(w *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return offerRef(w, word, []string{"file:", "cred:"})
}

// OfferIPsec offers lists of the words of --ipsec to an argument that is such a list.
func OfferIPsec(w *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return (&ipsecWords{parse: ipsec.ParseList, of: ipsec.Words()}).Offer(w, word)
}

// OfferSecret offers references to an argument that says where a secret is.
func OfferSecret(w *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	return offerRef(w, word, SecretSchemes)
}

// offerRef offers references of these schemes: names of files, environment variables and
// credentials. It reads none of them.
func offerRef(w *machine.Env, word string, schemes []string) ([]string, cobra.ShellCompDirective) {
	scheme, rest, found := strings.Cut(word, ":")
	if !found {
		begun := slices.DeleteFunc(slices.Clone(schemes), func(s string) bool { return !strings.HasPrefix(s, word) })
		if slices.Equal(begun, []string{"prompt"}) {
			return begun, cobra.ShellCompDirectiveNoFileComp
		}
		return begun, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	if scheme += ":"; !slices.Contains(schemes, scheme) {
		return nothing()
	}
	var names []string
	switch scheme {
	case "file:":
		return OfferFiles(w, scheme, rest)
	case "env:":
		if w.Variables != nil {
			names = w.Variables()
		}
	case "cred:":
		names = credentialNames(w)
	}
	offers := make([]string, len(names))
	for i, name := range names {
		offers[i] = scheme + name
	}
	slices.Sort(offers)
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// credentialNames returns the names of the credentials of the systemd unit.
func credentialNames(w *machine.Env) []string {
	folder, err := w.Credential("")
	if err != nil || w.Folder == nil {
		return nil
	}
	names, _ := w.Folder(folder)
	return slices.DeleteFunc(names, func(name string) bool { return !isCredential(name) })
}

// OfferFiles offers the names of files that begin with begun, with what stands before such a
// name: file: or @. A shell lists only files whose name is the whole word.
func OfferFiles(w *machine.Env, before, begun string) (offers []string, d cobra.ShellCompDirective) {
	d = cobra.ShellCompDirectiveNoFileComp
	if w.Folder == nil {
		return nil, d
	}
	folder, start := path.Split(begun)
	names, _ := w.Folder(path.Clean(folder))
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasPrefix(name, start) || start == "" && strings.HasPrefix(name, ".") {
			continue
		}
		offers = append(offers, before+folder+name)
		if strings.HasSuffix(name, "/") {
			d |= cobra.ShellCompDirectiveNoSpace // a file below it may follow
		}
	}
	return offers, d
}
