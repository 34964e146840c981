package iscsicli

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator"
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
	if name := initiator.CodeName(code); !strings.HasPrefix(name, "0x") {
		number += ", " + name
	}
	return sentence + " (" + number + ")"
}

// sentences are the codes that pkg/initiator returns. The first is the one that
// scripts look for.
var sentences = map[uint32]string{
	initiator.CodeSuccess:                 "The operation completed successfully.",
	initiator.CodeWin32AccessDenied:       "Access is denied.",
	initiator.CodeWin32InvalidParameter:   "The parameter is incorrect.",
	initiator.CodeWin32InsufficientBuffer: "There is not enough room for the answer.",
	initiator.CodeWin32Cancelled:          "The operation was cancelled.",

	initiator.CodeNonSpecificError:              "An unspecified error occurred.",
	initiator.CodeLoginFailed:                   "The login to the portal failed.",
	initiator.CodeConnectionFailed:              "No TCP connection to the portal could be made.",
	initiator.CodeTargetMovedTemporarily:        "The portal sends us to another one, for now.",
	initiator.CodeTargetMovedPermanently:        "The portal sends us to another one, for good.",
	initiator.CodeInitiatorError:                "The portal says that the initiator made a mistake.",
	initiator.CodeAuthenticationFailure:         "Authentication failed.",
	initiator.CodeAuthorizationFailure:          "The initiator is not allowed to do this at the portal.",
	initiator.CodeNotFound:                      "The portal does not know the target.",
	initiator.CodeTargetRemoved:                 "The target was removed.",
	initiator.CodeUnsupportedVersion:            "The portal does not speak this version of iSCSI.",
	initiator.CodeTooManyConnections:            "The session has too many connections.",
	initiator.CodeMissingParameter:              "The portal misses a parameter of the login.",
	initiator.CodeCantIncludeInSession:          "The connection cannot become part of the session.",
	initiator.CodeSessionTypeNotSupported:       "The portal does not support discovery sessions.",
	initiator.CodeTargetError:                   "The portal had an internal error.",
	initiator.CodeServiceUnavailable:            "The portal is not available now.",
	initiator.CodeOutOfResources:                "The portal is short of resources.",
	initiator.CodeInitiatorInstanceNotFound:     "There is no initiator instance of this name.",
	initiator.CodeInvalidTextKey:                "The portal sent an invalid key.",
	initiator.CodeInvalidSendTargetsText:        "The portal sent a list of targets that cannot be read.",
	initiator.CodeInvalidSessionID:              "There is no such session.",
	initiator.CodeAddressTypeNotSupported:       "The initiator port has no address of that type.",
	initiator.CodeSendFailed:                    "Sending to the portal failed.",
	initiator.CodeTransportError:                "The connection to the portal broke off.",
	initiator.CodeTargetPresharedKeyUnavailable: "There is no preshared key for the portal.",
	initiator.CodeTargetAuthInfoUnavailable:     "The secret cannot be had.",
	initiator.CodeTargetNotFound:                "The target is not known, or hidden.",
	initiator.CodeInvalidPortNumber:             "The initiator port does not exist, or has lost its address.",
	initiator.CodeOperationNotAllSuccess:        "The operation is done, but not everywhere: some portals failed.",
	initiator.CodeNoAuthInfoAvailable:           "No preshared key is stored for this identity.",
	initiator.CodeNoTunnelOuterModeAddress:      "No gateway is set for tunnel mode.",
	initiator.CodeCacheCorrupted:                "The registry is damaged.",
	initiator.CodeRequestNotSupported:           "The request is not supported.",
	initiator.CodeNoPortalSpecified:             "No portal was specified.",
	initiator.CodePortalNotFound:                "The portal is not in the list.",
	initiator.CodeDiscoveryMechanismNotFound:    "The target was not found by this discovery mechanism.",
	initiator.CodeIPsecNotSupportedOnOS:         "IPsec is not supported here.",
	initiator.CodeShortCHAPSecret:               "The CHAP secret is shorter than 12 bytes: it is stored, and good under IPsec only.",
	initiator.CodeInvalidCHAPSecret:             "The CHAP secret is not valid: each direction needs one of its own.",
	initiator.CodeInvalidTargetCHAPSecret:       "The secret that answers the target is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16.",
	initiator.CodeInvalidInitiatorCHAPSecret:    "The secret by which targets prove themselves is not valid: it needs 12 to 16 bytes, under IPsec 1 to 16.",
	initiator.CodeInvalidCHAPUserName:           "The CHAP name is not valid.",
	initiator.CodeInvalidLogonAuthType:          "The authentication type is not known.",
	initiator.CodeInvalidISCSIName:              "The iSCSI name is not valid.",
	initiator.CodeFailedToConfigureIPsec:        "IPsec could not be set up.",
	initiator.CodeInvalidParameter:              "A parameter is not valid.",
	initiator.CodeDNSNameUnresolved:             "The name of the portal could not be resolved.",
	initiator.CodeInvalidHost:                   "This is not the address of a host.",
}
