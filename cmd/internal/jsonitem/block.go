package jsonitem

import "github.com/go-iscsi/discovery/cmd/internal/sweep"

// A Block is what became of the addresses of a block or range.
type Block struct {
	Block     Text `json:"block"`
	Addresses int  `json:"addresses"`
	Answered  int  `json:"answered"`
	Failed    int  `json:"failed"`
	Silent    int  `json:"silent"`

	Interrupted int            `json:"interrupted"`
	NotAsked    int            `json:"not_asked"`
	SilentWhy   map[string]int `json:"silent_why"`

	ISCSIFailedWhy map[string]int `json:"iscsi_failed_why"`
	NotISCSIWhy    map[string]int `json:"not_iscsi_why"`
}

// NewBlock returns what became of the addresses of a block as JSON.
func NewBlock(b *sweep.Block) Block {
	unconnected := []sweep.Group{sweep.Refused, sweep.Unreachable, sweep.Silent, sweep.Unconnected}
	return Block{
		Block: Text(b.Text), Addresses: b.Count, Answered: b.Number(sweep.Answered),
		Failed:      b.Number(sweep.Refusing, sweep.Foreign, sweep.Failed),
		Silent:      b.Number(unconnected...),
		Interrupted: b.Number(sweep.Interrupted), NotAsked: b.NotAsked(), SilentWhy: b.Why(unconnected...),
		ISCSIFailedWhy: b.Why(sweep.Refusing), NotISCSIWhy: b.Why(sweep.Foreign),
	}
}
