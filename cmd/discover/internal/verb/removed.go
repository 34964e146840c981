package verb

import "github.com/go-iscsi/discovery/cmd/internal/render"

// JSONName is what is removed by its name.
type JSONName struct {
	Name render.JSONText `json:"name"`
}
