package sweep

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// maxAddresses is how many addresses a command line may name.
const maxAddresses = 1 << 20

// textStart is how much of a file of portals tells its encoding, in bytes.
const textStart = 64

// maxLine is how long a line of a portal file may be, in bytes.
const maxLine = 4096

// Portals are what the arguments of scan name, in their order. All arguments
// are understood before the first portal is asked; the addresses of a block are
// counted up only when their turn comes.
type Portals struct {
	defaultPort uint16
	entries     []entry
	Count       int
	Tagged      int // portals that were given with a portal group tag, which is ignored
}

// An entry is one portal, or a block of addresses.
type entry struct {
	first  int // index of its first portal
	portal initiator.Portal
	block  *Block // nil: portal is meant
}

// ParsePortals understands the arguments of scan. Its error is an *exit.UsageError.
func ParsePortals(args []string, defaultPort uint16, w *machine.Env) (*Portals, error) {
	p := &Portals{defaultPort: defaultPort}
	stdin := false
	for i, arg := range args {
		var err error
		switch {
		case arg == "-" && stdin:
			err = exit.Usagef("standard input (-) can be given only once")
		case arg == "-":
			stdin = true
			err = p.read("standard input", w.Stdin)
		case strings.HasPrefix(arg, "@"):
			err = p.readFile(arg[1:], w)
		case MayHoldSecret(arg):
			err = exit.Usagef("argument %d is not a portal: URLs and user names are not accepted; write HOST or HOST:PORT, and see --chap-user and --chap-secret", i+1)
		default:
			if err = p.add(arg); err != nil {
				err = exit.Usagef("portal %s: %v", wording.Quoted(arg), err)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// MayHoldSecret reports arguments that are not repeated in an error: other
// tools take iscsi://user%password@host.
func MayHoldSecret(arg string) bool {
	return strings.Contains(arg, "://") || strings.Contains(arg, "@")
}

// readFile takes the portals of @FILE.
func (p *Portals) readFile(name string, w *machine.Env) error {
	if name == "" {
		return exit.Usagef("@ must be followed by the name of a file with portals")
	}
	f, err := w.Open(name)
	if err != nil {
		return exit.Usagef("@%s: %s", name, wording.ReasonOnly(err))
	}
	defer f.Close()
	return p.read(name, f)
}

// read takes the portals of a file: one a line, # begins a comment. Of the lines that
// -o iscsiadm prints, one for each target, each portal is taken once.
func (p *Portals) read(file string, r io.Reader) error {
	before := p.Count
	listed := make(map[initiator.Portal]bool) // in lines with the name of a target
	in := bufio.NewReaderSize(r, maxLine)
	if start, _ := in.Peek(textStart); machine.IsUTF16(start) { // what fails is read again below
		return exit.Usagef("%s: %v", file, machine.ErrUTF16)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // which editors put there
		}
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		// The line is not repeated: the file may be one that the operator did
		// not mean, and shows to us alone.
		portal, ok, err := targetLine(line, p.defaultPort)
		switch {
		case ok && !listed[portal]:
			listed[portal] = true
			err = p.addPortal(portal, true)
		case err == nil && !ok:
			err = p.add(line)
		}
		if err != nil {
			return exit.Usagef("%s: line %d: %v", file, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return exit.Usagef("%s: line %d: more than %d bytes", file, n, maxLine)
	case err != nil:
		return exit.Usagef("%s: %s", file, wording.ReasonOnly(err))
	case p.Count == before:
		return exit.Usagef("%s: it contains no portal; expected one portal per line", file)
	}
	return nil
}

// add takes one portal, block or range. Its error is what is wrong with it.
func (p *Portals) add(s string) error {
	if name.Validate(s) == nil {
		return errIsName
	}
	b, err := parseBlock(s, p.defaultPort)
	if err != nil {
		return cmp.Or(lookalikeError(s), err)
	}
	if b != nil {
		return p.addEntry(entry{block: b}, b.Count)
	}
	portal, tagged, err := ParsePortal(s, p.defaultPort)
	if err != nil {
		return err
	}
	return p.addPortal(portal, tagged)
}

// Add takes a portal beside those of the arguments. Its error is that there are too many.
func (p *Portals) Add(portal initiator.Portal) error { return p.addPortal(portal, false) }

// addPortal takes one portal.
func (p *Portals) addPortal(portal initiator.Portal, tagged bool) error {
	if tagged {
		p.Tagged++
	}
	return p.addEntry(entry{portal: portal}, 1)
}

// addEntry takes an entry of n addresses.
func (p *Portals) addEntry(e entry, n int) error {
	e.first = p.Count
	if p.Count += n; p.Count > maxAddresses {
		return tooMany()
	}
	p.entries = append(p.entries, e)
	return nil
}

func tooMany() error {
	return fmt.Errorf("with this argument there are more than %d addresses; use several runs", maxAddresses)
}

// All yields each portal.
func (p *Portals) All() iter.Seq[initiator.Portal] { return p.From(0) }

// From yields the portals from an index on.
func (p *Portals) From(index int) iter.Seq[initiator.Portal] {
	return func(yield func(initiator.Portal) bool) {
		if index >= p.Count {
			return
		}
		for i := p.find(index); i < len(p.entries); i++ {
			e := &p.entries[i]
			if e.block == nil {
				if !yield(e.portal) {
					return
				}
				continue
			}
			for portal := range e.block.from(max(0, index-e.first)) {
				if !yield(portal) {
					return
				}
			}
		}
	}
}

// At returns the portal with that index.
func (p *Portals) At(index int) initiator.Portal {
	e := &p.entries[p.find(index)]
	if e.block == nil {
		return e.portal
	}
	return e.block.at(index - e.first)
}

// Addresses returns all as blocks, for hosts that know no names of ours: a portal that was
// given by itself is a block of one address without a Text. The error says which portal has a
// host name, a zone, or a TCP port of its own.
func (p *Portals) Addresses() ([]*Block, error) {
	var all []*Block
	for i := range p.entries {
		e := &p.entries[i]
		if e.block != nil {
			all = append(all, e.block)
			continue
		}
		addr := e.portal.Literal()
		switch {
		case !addr.IsValid():
			return nil, exit.Usagef("portal %s: hosts of a fleet may know another address by this name: give an address, a block or a range", wording.Quoted(e.portal.String()))
		case strings.Contains(e.portal.Host(), "%"):
			return nil, exit.Usagef("portal %s: a zone has a meaning on one host alone", wording.Quoted(e.portal.String()))
		case e.portal.Port != p.defaultPort:
			return nil, exit.Usagef("portal %s: all addresses are asked at the same TCP ports: give them with --tcp-port N", wording.Quoted(e.portal.String()))
		}
		all = append(all, &Block{First: addr, Count: 1, port: e.portal.Port})
	}
	return all, nil
}

// Block returns the block that the portal with that index is of; nil: none.
func (p *Portals) Block(index int) *Block { return p.entries[p.find(index)].block }

// Blocks returns all blocks.
func (p *Portals) Blocks() []*Block {
	var all []*Block
	for _, e := range p.entries {
		if e.block != nil {
			all = append(all, e.block)
		}
	}
	return all
}

// find returns which entry has the portal with that index.
func (p *Portals) find(index int) int {
	return sort.Search(len(p.entries), func(i int) bool { return p.entries[i].first > index }) - 1
}
