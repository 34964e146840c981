package view

import "time"

// SetBeat changes how often r asks whether etcd is there.
func (r *Reader) SetBeat(d time.Duration) { r.beat = d }

// SetPage changes how many keys r asks for at once.
func (r *Reader) SetPage(keys int64) { r.page = keys }
