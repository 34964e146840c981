package iscsiadm

// An Action is what a command line asks for.
type Action int

// The actions.
const (
	Refuse       Action = iota // nothing: Check says why, or CheckRecord does
	ShowVersion                // print the version
	ShowHelp                   // print the help
	HandOn                     // all that discover does not do: other modes, other types of discovery
	Ask                        // discover with the defaults of iscsid.conf
	AskStored                  // discover with the record, which has to be there (CheckRecord)
	AskISNS                    // ask an iSNS server; in the mode discoverydb its record is made where it is missing
	AskDB                      // discover with the record, which is made where it is missing
	List                       // list the records
	ShowRecord                 // print the record (CheckRecord)
	MakeRecord                 // make the record, or reset it
	UpdateRecord               // change the record by Params (CheckRecord)
	DeleteRecord               // remove the record (CheckRecord)
)

// needsRecord reports an action that fails without a record.
func (a Action) needsRecord() bool {
	switch a {
	case Refuse, AskStored, ShowRecord, UpdateRecord, DeleteRecord:
		return true
	}
	return false
}

// Action returns what c asks for, provided that Check finds nothing wrong with it.
func (c *Call) Action() Action {
	switch {
	case c.Version:
		return ShowVersion
	case c.Help:
		return ShowHelp
	case !c.Mode.Ours(), c.Type == FirmwareType:
		return HandOn
	case c.Type == ISNS && (c.Mode == Discovery || c.Discover):
		return AskISNS
	case c.Mode == DiscoveryDB:
		return c.dbAction()
	case c.Type == SendTargets:
		return Ask
	case c.Portal == Portal{}:
		return List
	case c.Discover || c.Login:
		return AskStored
	case c.Ops == 0 || c.Ops == Show:
		return ShowRecord
	case c.Ops == Delete:
		return DeleteRecord
	}
	return Refuse
}

// dbAction is Action in the mode discoverydb.
func (c *Call) dbAction() Action {
	switch {
	case c.Type == NoType:
		return List
	case c.Discover:
		return AskDB
	case c.Ops&New != 0:
		return MakeRecord
	case c.Ops == 0 || c.Ops == Show:
		return ShowRecord
	case c.Ops == Update:
		return UpdateRecord
	case c.Ops == Delete:
		return DeleteRecord
	}
	return Refuse
}

// Check returns what is wrong with c before anything is looked up; nil: nothing.
func (c *Call) Check() error {
	switch {
	case c.refused != nil:
		return c.refused
	case c.Version || c.Help || !c.Mode.Ours():
		return nil
	case c.Type == slp:
		return refuse("SLP discovery is not fully implemented yet.")
	case c.Type == NoType:
		return c.checkUntyped()
	case c.Type == SendTargets && c.Portal == Portal{}:
		return refuse(askPortal)
	case c.Type == ISNS && c.Portal == Portal{} && c.Mode == Discovery:
		return refuse("Please specify portal as <ipaddr>:[<ipport>]")
	case c.Type == ISNS && c.Portal == Portal{}:
		return refuse(askPortal)
	case c.Type == FirmwareType && c.Mode == DiscoveryDB && !c.Discover:
		return refuse("Invalid command. Possibly missing --discover argument.")
	}
	return nil
}

// checkUntyped is Check where -t names no type.
func (c *Call) checkUntyped() error {
	listing := c.Ops == 0 || c.Ops == Show
	switch {
	case c.Mode == DiscoveryDB && c.Portal != Portal{} && c.Ops != 0:
		return refuse("Invalid command. Possibly missing discovery --type.")
	case c.Mode == DiscoveryDB && c.Portal != Portal{}:
		return refuse("Invalid command. Portal not needed or Possibly missing discovery --type.")
	case c.Mode == DiscoveryDB && !listing:
		return refuse("Invalid operation. Operation not supported.")
	case c.Mode == Discovery && c.Portal == Portal{} && !listing:
		return refuse("Invalid operation.")
	}
	return nil
}

// CheckRecord returns what is wrong with c, which Check let pass, once its record was
// looked up: found reports that it is there.
func (c *Call) CheckRecord(found bool) error {
	action := c.Action()
	switch {
	case !action.needsRecord():
		return nil
	case !found && c.Mode == DiscoveryDB:
		return &UsageError{Text: c.recordText() + " not found.", Exit: ExitStore}
	case !found:
		return &UsageError{Text: c.recordText() + " not found!"}
	case action == UpdateRecord && len(c.Params) == 0:
		return refuse("Update requires name and value.")
	case action != Refuse:
		return nil
	case c.Mode == DiscoveryDB:
		return refuse("Operation is not supported.")
	case c.Ops == New, c.Ops == Update:
		return refuse("Operations new and update for discovery mode is not supported. Use discoverydb mode.")
	}
	return refuse("Invalid operation.")
}
