package isns

// Limits bound what a Client takes of a server. 0 stands for the default.
type Limits struct {
	MaxMessage int // bytes of payload of one message; default DefaultMaxMessage
	MaxTargets int // of an answer; default 65,536
	MaxPortals int // of one target; default 1,024
	MaxMemory  int // bytes that an answer may take, about; default 64 MiB
}

// The defaults of Limits.
const (
	defaultMaxTargets = 1 << 16
	defaultMaxPortals = 1 << 10
	defaultMaxMemory  = 64 << 20
)

// withDefaults returns l with its zeros replaced.
func (l Limits) withDefaults() Limits {
	for _, x := range []struct {
		v    *int
		then int
	}{
		{&l.MaxMessage, DefaultMaxMessage}, {&l.MaxTargets, defaultMaxTargets},
		{&l.MaxPortals, defaultMaxPortals}, {&l.MaxMemory, defaultMaxMemory},
	} {
		if *x.v <= 0 {
			*x.v = x.then
		}
	}
	return l
}
