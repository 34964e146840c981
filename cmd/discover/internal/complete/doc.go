// Package complete tells a shell what may stand at the cursor: verbs, flags, their values and
// arguments. What the command line would be refused for is not offered. A shell asks by
// discover __complete WORD..., as cobra's scripts do; that for bash is here.
package complete
