package reference

import "github.com/go-iscsi/discovery/pkg/initiator/isdsc"

// A codeWord says of a status number whether a later try may succeed, and what it means.
type codeWord struct{ retry, text string }

// What codeWords say of a later try.
const (
	never    = "no"
	later    = "yes"
	differs  = "by cause"
	noResult = "-"
)

// codeWords are what the status numbers mean for an operator.
var codeWords = map[uint32]codeWord{
	isdsc.Success:                 {noResult, "The portal answered. An empty list is a success as well"},
	isdsc.Win32AccessDenied:       {never, "The registry may not be read or written by this user. Run as its owner, or give another with `--registry`"},
	isdsc.Win32InvalidParameter:   {never, "An option has a form that the API refuses: the message names it"},
	isdsc.Win32InsufficientBuffer: {noResult, "Library only: `ReportSendTargetPortals` was given a slice without room for all portals"},
	isdsc.Win32Cancelled:          {never, "Ctrl-C, SIGTERM or the caller ended the attempt before it was through. Ask again"},

	isdsc.NonSpecificError:          {differs, "Something without a code of its own; the message says what. A registry that cannot be written and a Reject PDU are here"},
	isdsc.LoginFailed:               {never, "The login broke the protocol, or both sides do not agree on a key such as a digest. The message names the key; `--trace` shows the exchange"},
	isdsc.ConnectionFailed:          {later, "No TCP connection: refused, no answer, no route, or no source address that can reach the portal. See the [hints](#hints)"},
	isdsc.TargetMovedTemporarily:    {never, "Login status 0x0101, not followed: `--redirect same-host` or `--redirect any`"},
	isdsc.TargetMovedPermanently:    {never, "Login status 0x0102, not followed: replace the portal by the new address"},
	isdsc.InitiatorError:            {never, "Login status 0x0200, 0x020b or an unknown one of that class: see [login statuses](#login-statuses)"},
	isdsc.AuthenticationFailure:     {never, "Login status 0x0201, or CHAP failed on this side: the target skipped CHAP, gave a wrong proof, or offers no algorithm that is allowed"},
	isdsc.AuthorizationFailure:      {never, "Login status 0x0202: compare the initiator name with the array's access list"},
	isdsc.NotFound:                  {never, "Login status 0x0203: compare the initiator name with the array's access list"},
	isdsc.TargetRemoved:             {never, "Login status 0x0204"},
	isdsc.UnsupportedVersion:        {never, "Login status 0x0205"},
	isdsc.TooManyConnections:        {never, "Login status 0x0206"},
	isdsc.MissingParameter:          {never, "Login status 0x0207"},
	isdsc.CantIncludeInSession:      {never, "Login status 0x0208"},
	isdsc.SessionTypeNotSupported:   {never, "Login status 0x0209: the portal does not do discovery"},
	isdsc.TargetError:               {later, "Login status 0x0300 or an unknown one of that class: a fault within the target"},
	isdsc.ServiceUnavailable:        {later, "Login status 0x0301: the target does not serve now"},
	isdsc.OutOfResources:            {later, "Login status 0x0302; or waiting results of other portals left no memory for this one: ask it again alone"},
	isdsc.InitiatorInstanceNotFound: {never, "There is no instance of this name: `discover instance list`"},
	isdsc.InvalidTextKey:            {never, "The target sent text in the login that does not parse. `--trace` shows it"},
	isdsc.InvalidSendTargetsText:    {never, "The list of targets cannot be read, is longer than the limits, or is a refusal in words. `--trace` shows it; `--max-text` and `--max-targets` raise the limits"},
	isdsc.InvalidSessionID:          {never, "Login status 0x020a"},
	isdsc.AddressTypeNotSupported:   {never, "The source address or initiator port is IPv4 and the portal IPv6, or the other way round"},
	isdsc.SendFailed:                {later, "The connection broke while something was sent"},
	isdsc.TransportError:            {later, "The connection broke, or the target did not answer in time, in the login or in the list"},

	isdsc.TargetPresharedKeyUnavailable: {never, "IPsec, and no preshared key for the peer: `--ipsec-psk REF`, or `discover ipsec psk set`"},
	isdsc.TargetAuthInfoUnavailable:     {never, "A stored secret cannot be had: the key of the registry is missing or another one, or the reference (`file:`, `env:`, `cred:`) does not resolve. `discover registry check`"},
	isdsc.TargetNotFound:                {never, "The registry does not know this target, or hides it: `discover target list`"},
	isdsc.InvalidPortNumber:             {never, "No initiator port has this number or address, or its address is gone: `discover port list`"},
	isdsc.OperationNotAllSuccess:        {noResult, "A warning: it is done, but some portals failed. Exit status 3"},
	isdsc.NoAuthInfoAvailable:           {never, "No preshared key is stored for this identity: `discover ipsec psk list`"},
	isdsc.NoTunnelOuterModeAddress:      {never, "Tunnel mode, and no gateway: `--ipsec-outer`, or `discover ipsec tunnel set`"},
	isdsc.WSANetworkUnreachable:         {never, "iSNS: no route to the network of the server. Check the source address and the routes"},
	isdsc.WSAConnectionReset:            {never, "iSNS: the server ended the connection before it had answered"},
	isdsc.WSATimedOut:                   {never, "iSNS: the server did not answer in time. Check the address, the route and the firewalls"},
	isdsc.WSAConnectionRefused:          {never, "iSNS: nothing listens there. Check the address and the TCP port, which is 3205 where none is given"},
	isdsc.WSAHostUnreachable:            {never, "iSNS: the server cannot be reached. Check the address and the route"},
	isdsc.WSAHostNotFound:               {never, "iSNS: the host name of the server has no address. Check the name and this host's name server"},
	isdsc.ISNSServerNotFound:            {never, "The iSNS server is not in the registry: see `discover isns list`"},
	isdsc.IncompatibleISNSVersion:       {never, "The iSNS server speaks another version of the protocol than 1"},
	isdsc.CacheCorrupted:                {never, "The registry or one of its records is damaged: `discover registry check` says which, and what to do"},
	isdsc.RequestNotSupported:           {never, "IPsec: the enforcer cannot do what was asked for. Registry: the record is of a newer version, use that version"},
	isdsc.NoPortalSpecified:             {never, "The portal has no address"},
	isdsc.PortalNotFound:                {never, "The registry has no such entry: `discover portal list`. Instance and port number belong to the key"},
	isdsc.DiscoveryMechanismNotFound:    {never, "The target is known, but was not found by this mechanism or portal"},
	isdsc.IPsecNotSupportedOnOS:         {never, "IPsec is required and nothing here can do it, so the portal was not asked in clear text. `discover ipsec explain` says what is missing"},
	isdsc.ShortCHAPSecret:               {noResult, "A warning of `set-chap-secret`: the secret is stored, and used under IPsec only, or with `--short-secrets`"},
	isdsc.InvalidCHAPSecret:             {never, "Both CHAP secrets are equal: RFC 7143 wants two"},
	isdsc.InvalidTargetCHAPSecret:       {never, "The secret that this host answers with is missing, below 12 bytes without IPsec and without `--short-secrets`, or above 255 bytes (`iscsicli`: 16)"},
	isdsc.InvalidInitiatorCHAPSecret:    {never, "The secret that the target is checked with: as above (`--target-secret`)"},
	isdsc.InvalidCHAPUserName:           {never, "A CHAP name is empty, too long, or has bytes that CHAP cannot carry"},
	isdsc.InvalidLogonAuthType:          {never, "The type of authentication is none of none, CHAP and mutual CHAP"},
	isdsc.InvalidISCSIName:              {never, "An initiator or target name has characters that no iSCSI name has, or more than 223 bytes. `--strict-names` checks its form as well"},
	isdsc.FailedToConfigureIPsec:        {differs, "IPsec could not be set up: see [IPsec negotiations](#ipsec-negotiations). Or IPsec is required, and the plan for this connection has none"},
	isdsc.InvalidParameter:              {never, "An option is out of range, or options contradict each other: the message names it"},
	isdsc.DNSNameUnresolved:             {differs, "The host name does not resolve. Retryable where the name server did not answer"},
	isdsc.InvalidHost:                   {never, "The address cannot be used: a portal that is multicast or unspecified, a name without a usable address, or a gateway that is loopback or link-local without a zone"},
}
