package initiator

import "errors"

// A Stage says how far a discovery came.
type Stage uint8

// The stages, in order.
const (
	StageValidate   Stage = iota // the portal and its options
	StageResolve                 // host name to addresses
	StageSelectPort              // the source address
	StageSecure                  // IPsec
	StageConnect                 // TCP
	StageLogin
	StageDiscover // SendTargets
	StageLogout   // never fails a discovery
	StageStore    // the registry
)

// String returns the name that the command prints.
func (s Stage) String() string {
	return [...]string{"validate", "resolve", "select-port", "secure", "connect", "login", "discover", "logout", "store"}[s]
}

// A stagedError is an error within an attempt, with the stage that failed. Whether
// another port, another address or another hop is tried depends on the stage. Callers
// of the package get an *Error instead, which fail makes of it.
type stagedError struct {
	stage Stage
	err   error
}

func (e *stagedError) Error() string { return e.err.Error() }

func (e *stagedError) Unwrap() error { return e.err }

// at says that a stage failed with err. An error that has its stage keeps it.
func at(stage Stage, err error) error {
	var (
		known *stagedError
		whole *Error
	)
	if err == nil || errors.Is(err, errStopped) || errors.As(err, &known) || errors.As(err, &whole) {
		return err
	}
	return &stagedError{stage, err}
}

// stageOf returns the stage that failed with err.
func stageOf(err error) Stage {
	var (
		known *stagedError
		whole *Error
	)
	switch {
	case errors.As(err, &whole):
		return whole.Stage
	case errors.As(err, &known):
		return known.stage
	}
	return StageValidate
}

// unstaged returns err without its stage.
func unstaged(err error) error {
	var known *stagedError
	if errors.As(err, &known) {
		return known.err
	}
	return err
}
