// Package verb has what the verbs of the command have in common: how they hold a caller to
// their arguments, and what of the registry a shell is offered for them.
package verb
