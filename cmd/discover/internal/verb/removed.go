package verb

import "github.com/go-iscsi/discovery/cmd/internal/jsonitem"

// JSONName is what is removed by its name.
type JSONName struct {
	Name jsonitem.Text `json:"name"`
}
