package iscsicli

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// Status returns a code of the reference API as a sentence, with the number and
// the name that it has there: those of Windows in decimal, those of iSCSI in
// hexadecimal digits.
func Status(code uint32) string {
	sentence, ok := sentences[code]
	if !ok {
		sentence = "The operation failed."
	}
	number := fmt.Sprint(code)
	if code > 0xffff {
		number = fmt.Sprintf("0x%08X", code)
	}
	if name := isdsc.Name(code); !strings.HasPrefix(name, "0x") {
		number += ", " + name
	}
	return sentence + " (" + number + ")"
}

// sentences are the codes that pkg/initiator returns. The first is the one that
// scripts look for.
var sentences = map[uint32]string{
	isdsc.Success:                 "The operation completed successfully.",
	isdsc.Win32AccessDenied:       "Access is denied.",
	isdsc.Win32InvalidParameter:   "The parameter is incorrect.",
	isdsc.Win32InsufficientBuffer: "There is not enough room for the answer.",
	isdsc.Win32Cancelled:          "The operation was cancelled.",

	isdsc.NonSpecificError:              "An unspecified error occurred.",
	isdsc.LoginFailed:                   "The login to the portal failed.",
	isdsc.ConnectionFailed:              "No TCP connection to the portal could be made.",
	isdsc.TargetMovedTemporarily:        "The portal sends us to another one, for now.",
	isdsc.TargetMovedPermanently:        "The portal sends us to another one, for good.",
	isdsc.InitiatorError:                "The portal says that the initiator made a mistake.",
	isdsc.AuthenticationFailure:         "Authentication failed.",
	isdsc.AuthorizationFailure:          "The initiator is not allowed to do this at the portal.",
	isdsc.NotFound:                      "The portal does not know the target.",
	isdsc.TargetRemoved:                 "The target was removed.",
	isdsc.UnsupportedVersion:            "The portal does not speak this version of iSCSI.",
	isdsc.TooManyConnections:            "The session has too many connections.",
	isdsc.MissingParameter:              "The portal misses a parameter of the login.",
	isdsc.CantIncludeInSession:          "The connection cannot become part of the session.",
	isdsc.SessionTypeNotSupported:       "The portal does not support discovery sessions.",
	isdsc.TargetError:                   "The portal had an internal error.",
	isdsc.ServiceUnavailable:            "The portal is not available now.",
	isdsc.OutOfResources:                "The portal is short of resources.",
	isdsc.InitiatorInstanceNotFound:     "There is no initiator instance of this name.",
	isdsc.InvalidTextKey:                "The portal sent an invalid key.",
	isdsc.InvalidSendTargetsText:        "The portal sent a list of targets that cannot be read.",
	isdsc.InvalidSessionID:              "There is no such session.",
	isdsc.AddressTypeNotSupported:       "The initiator port has no address of that type.",
	isdsc.SendFailed:                    "Sending to the portal failed.",
	isdsc.TransportError:                "The connection to the portal broke off.",
	isdsc.TargetPresharedKeyUnavailable: "There is no preshared key for the portal.",
	isdsc.TargetAuthInfoUnavailable:     "The secret cannot be had.",
	isdsc.TargetNotFound:                "The target is not known, or hidden.",
	isdsc.InvalidPortNumber:             "The initiator port does not exist, or has lost its address.",
	isdsc.OperationNotAllSuccess:        "The operation is done, but not everywhere: some portals failed.",
	isdsc.NoAuthInfoAvailable:           "No preshared key is stored for this identity.",
	isdsc.NoTunnelOuterModeAddress:      "No gateway is set for tunnel mode.",
	isdsc.CacheCorrupted:                "The registry is damaged.",
	isdsc.RequestNotSupported:           "The request is not supported.",
	isdsc.NoPortalSpecified:             "No portal was specified.",
	isdsc.PortalNotFound:                "The portal is not in the list.",
	isdsc.ISNSServerNotFound:            "The iSNS server is not in the list.",
	isdsc.IncompatibleISNSVersion:       "The iSNS server speaks another version of the protocol.",
	isdsc.WSANetworkUnreachable:         "There is no route to the network of the iSNS server.",
	isdsc.WSAConnectionReset:            "The iSNS server ended the connection.",
	isdsc.WSATimedOut:                   "The iSNS server did not answer in time.",
	isdsc.WSAConnectionRefused:          "The connection to the iSNS server was refused.",
	isdsc.WSAHostUnreachable:            "The iSNS server cannot be reached.",
	isdsc.WSAHostNotFound:               "The name of the iSNS server has no address.",
	isdsc.DiscoveryMechanismNotFound:    "The target was not found by this discovery mechanism.",
	isdsc.IPsecNotSupportedOnOS:         "IPsec is not supported here.",
	isdsc.ShortCHAPSecret:               "The CHAP secret is shorter than 12 bytes: it is stored, and good under IPsec only.",
	isdsc.InvalidCHAPSecret:             "The CHAP secret is not valid: each direction needs one of its own.",
	isdsc.InvalidTargetCHAPSecret:       "The secret that answers the target is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16.",
	isdsc.InvalidInitiatorCHAPSecret:    "The secret with which targets authenticate to us is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16.",
	isdsc.InvalidCHAPUserName:           "The CHAP name is not valid.",
	isdsc.InvalidLogonAuthType:          "The authentication type is not known.",
	isdsc.InvalidISCSIName:              "The iSCSI name is not valid.",
	isdsc.FailedToConfigureIPsec:        "IPsec could not be set up.",
	isdsc.InvalidParameter:              "A parameter is not valid.",
	isdsc.DNSNameUnresolved:             "The name of the portal could not be resolved.",
	isdsc.InvalidHost:                   "This is not the address of a host.",
}
