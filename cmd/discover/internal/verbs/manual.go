package verbs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/guides"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/help"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// guideWord stands before the name of a guide: discover help guide ports.
const guideWord = "guide"

// manualOf finds what the words behind help and man name: a verb or a guide. A guide whose
// name no verb has needs no word before it.
func manualOf(root *cobra.Command, words []string) (*cobra.Command, *help.Guide, error) {
	if len(words) == 2 && words[0] == guideWord {
		t, ok := guides.Find(words[1])
		if !ok {
			return nil, nil, exit.Usagef("there is no guide %s%s; see discover help guide", wording.Quoted(words[1]), flags.DidYouMean(words[1], guides.Names()))
		}
		return nil, t.Guide(root), nil
	}
	if len(words) == 1 && verb.Find(root, words[0]) == nil {
		if t, ok := guides.Find(words[0]); ok {
			return nil, t.Guide(root), nil
		}
	}
	about, err := verbOf(root, words)
	return about, nil, err
}

// verbOf finds the verb of a page.
func verbOf(at *cobra.Command, words []string) (*cobra.Command, error) {
	for _, word := range words {
		next := verb.Find(at, word)
		if next == nil {
			meant := verb.Suggest(at, word, nil)
			if meant == "" && !at.HasParent() {
				meant = flags.DidYouMean(word, guides.Names())
			}
			return nil, exit.Usagef("there is no manual for %s%s; see discover help%s", wording.Quoted(flags.Below(at, word)), meant, flags.Spaced(flags.PathOf(at)))
		}
		at = next
	}
	return at, nil
}

// offerManuals returns what may stand behind words for help and man to print: verbs and
// guides, with descriptions.
func offerManuals(root *cobra.Command, words []string) (offers []string) {
	if len(words) == 1 && words[0] == guideWord {
		return offerGuides(root, false)
	}
	about, err := verbOf(root, words)
	if err != nil {
		return nil
	}
	for _, c := range about.Commands() {
		if !c.Hidden {
			offers = append(offers, c.Name()+"\t"+c.Short)
		}
	}
	if about == root {
		offers = append(offers, guideWord+"\ta guide, by its name")
		offers = append(offers, offerGuides(root, true)...)
	}
	return offers
}

// offerGuides returns the names of guides; alone leaves out those that a verb has, too.
func offerGuides(root *cobra.Command, alone bool) (offers []string) {
	for _, t := range guides.All() {
		if !alone || verb.Find(root, t.Name) == nil {
			offers = append(offers, t.Name+"\t"+t.Title)
		}
	}
	return offers
}

// listGuides returns the names of all guides, a line for each.
func listGuides() string {
	var b strings.Builder
	for _, t := range guides.All() {
		fmt.Fprintf(&b, "%-17s%s\n", t.Name, t.Title)
	}
	return b.String()
}

// topics returns guides as a page of a verb names them.
func topics(of []guides.Topic) (all []help.Topic) {
	for _, t := range of {
		all = append(all, help.Topic{Name: t.Name, Man: t.Man(), Title: t.Title})
	}
	return slices.Clip(all)
}
