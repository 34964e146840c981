package verb

import (
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// LastText says how an entry of the registry was asked last.
func LastText(last *registry.LastResult) string {
	switch {
	case last.Time.IsZero():
		return "not asked yet"
	case last.Code != isdsc.Success:
		return render.TimeText(last.Time) + " failed: " + last.Message
	}
	return render.TimeText(last.Time) + " " + render.Summary(last.Targets, &initiator.Result{LeftOut: last.LeftOut})
}
