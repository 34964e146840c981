package initiator

import "fmt"

// The codes of the reference API that this package returns. Those that begin
// with Win32 are Windows' own; the rest are ISDSC_STATUS, numbers and names as in
// iscsierr.h, the names in Go's case. CodeOperationNotAllSuccess and
// CodeShortCHAPSecret are warnings: something was done.
const (
	CodeSuccess                 uint32 = 0
	CodeWin32AccessDenied       uint32 = 5
	CodeWin32InvalidParameter   uint32 = 87
	CodeWin32InsufficientBuffer uint32 = 122
	CodeWin32Cancelled          uint32 = 1223

	CodeNonSpecificError              uint32 = 0xEFFF0001
	CodeLoginFailed                   uint32 = 0xEFFF0002
	CodeConnectionFailed              uint32 = 0xEFFF0003
	CodeTargetMovedTemporarily        uint32 = 0xEFFF0006
	CodeTargetMovedPermanently        uint32 = 0xEFFF0007
	CodeInitiatorError                uint32 = 0xEFFF0008
	CodeAuthenticationFailure         uint32 = 0xEFFF0009
	CodeAuthorizationFailure          uint32 = 0xEFFF000A
	CodeNotFound                      uint32 = 0xEFFF000B
	CodeTargetRemoved                 uint32 = 0xEFFF000C
	CodeUnsupportedVersion            uint32 = 0xEFFF000D
	CodeTooManyConnections            uint32 = 0xEFFF000E
	CodeMissingParameter              uint32 = 0xEFFF000F
	CodeCantIncludeInSession          uint32 = 0xEFFF0010
	CodeSessionTypeNotSupported       uint32 = 0xEFFF0011
	CodeTargetError                   uint32 = 0xEFFF0012
	CodeServiceUnavailable            uint32 = 0xEFFF0013
	CodeOutOfResources                uint32 = 0xEFFF0014
	CodeInitiatorInstanceNotFound     uint32 = 0xEFFF0017
	CodeInvalidTextKey                uint32 = 0xEFFF001A
	CodeInvalidSendTargetsText        uint32 = 0xEFFF001B
	CodeInvalidSessionID              uint32 = 0xEFFF001C
	CodeAddressTypeNotSupported       uint32 = 0xEFFF0021
	CodeSendFailed                    uint32 = 0xEFFF0023
	CodeTransportError                uint32 = 0xEFFF0024
	CodeTargetPresharedKeyUnavailable uint32 = 0xEFFF0027
	CodeTargetAuthInfoUnavailable     uint32 = 0xEFFF0028
	CodeTargetNotFound                uint32 = 0xEFFF0029
	CodeInvalidPortNumber             uint32 = 0xEFFF002D
	CodeOperationNotAllSuccess        uint32 = 0xAFFF002E
	CodeNoAuthInfoAvailable           uint32 = 0xEFFF0034
	CodeNoTunnelOuterModeAddress      uint32 = 0xEFFF0035
	CodeCacheCorrupted                uint32 = 0xEFFF0036
	CodeRequestNotSupported           uint32 = 0xEFFF0037
	CodeNoPortalSpecified             uint32 = 0xEFFF003C
	CodePortalNotFound                uint32 = 0xEFFF0043
	CodeDiscoveryMechanismNotFound    uint32 = 0xEFFF0045
	CodeIPsecNotSupportedOnOS         uint32 = 0xEFFF0046
	CodeShortCHAPSecret               uint32 = 0xAFFF0048
	CodeInvalidCHAPSecret             uint32 = 0xEFFF004A
	CodeInvalidTargetCHAPSecret       uint32 = 0xEFFF004B
	CodeInvalidInitiatorCHAPSecret    uint32 = 0xEFFF004C
	CodeInvalidCHAPUserName           uint32 = 0xEFFF004D
	CodeInvalidLogonAuthType          uint32 = 0xEFFF004E
	CodeInvalidISCSIName              uint32 = 0xEFFF0051
	CodeFailedToConfigureIPsec        uint32 = 0xEFFF0053
	CodeInvalidParameter              uint32 = 0xEFFF0056
	CodeDNSNameUnresolved             uint32 = 0xEFFF005F
	CodeInvalidHost                   uint32 = 0xEFFF0068
)

// CodeName returns the name that the reference API has for a code, such as
// ISDSC_CONNECTION_FAILED, or the number where it has none.
func CodeName(code uint32) string {
	switch code {
	case CodeSuccess:
		return "ISDSC_SUCCESS"
	case CodeWin32AccessDenied:
		return "ERROR_ACCESS_DENIED"
	case CodeWin32InvalidParameter:
		return "ERROR_INVALID_PARAMETER"
	case CodeWin32InsufficientBuffer:
		return "ERROR_INSUFFICIENT_BUFFER"
	case CodeWin32Cancelled:
		return "ERROR_CANCELLED"
	}
	const failure, warning = 0xEFFF0000, 0xAFFF0000
	i := int(code & 0xffff)
	if severity := code &^ 0xffff; i < len(isdscNames) && isdscNames[i] != "" {
		switch i {
		case 0x2e, 0x3b, 0x48:
			if severity == warning {
				return "ISDSC_" + isdscNames[i]
			}
		default:
			if severity == failure {
				return "ISDSC_" + isdscNames[i]
			}
		}
	}
	return fmt.Sprintf("0x%08X", code)
}

// isdscNames are the names by the lower half of the code, as iscsierr.h spells
// them, mistakes included.
var isdscNames = [...]string{
	0x01: "NON_SPECIFIC_ERROR",
	0x02: "LOGIN_FAILED",
	0x03: "CONNECTION_FAILED",
	0x04: "INITIATOR_NODE_ALREADY_EXISTS",
	0x05: "INITIATOR_NODE_NOT_FOUND",
	0x06: "TARGET_MOVED_TEMPORARILY",
	0x07: "TARGET_MOVED_PERMANENTLY",
	0x08: "INITIATOR_ERROR",
	0x09: "AUTHENTICATION_FAILURE",
	0x0a: "AUTHORIZATION_FAILURE",
	0x0b: "NOT_FOUND",
	0x0c: "TARGET_REMOVED",
	0x0d: "UNSUPPORTED_VERSION",
	0x0e: "TOO_MANY_CONNECTIONS",
	0x0f: "MISSING_PARAMETER",
	0x10: "CANT_INCLUDE_IN_SESSION",
	0x11: "SESSION_TYPE_NOT_SUPPORTED",
	0x12: "TARGET_ERROR",
	0x13: "SERVICE_UNAVAILABLE",
	0x14: "OUT_OF_RESOURCES",
	0x15: "CONNECTION_ALREADY_EXISTS",
	0x16: "SESSION_ALREADY_EXISTS",
	0x17: "INITIATOR_INSTANCE_NOT_FOUND",
	0x18: "TARGET_ALREADY_EXISTS",
	0x19: "DRIVER_BUG",
	0x1a: "INVALID_TEXT_KEY",
	0x1b: "INVALID_SENDTARGETS_TEXT",
	0x1c: "INVALID_SESSION_ID",
	0x1d: "SCSI_REQUEST_FAILED",
	0x1e: "TOO_MANY_SESSIONS",
	0x1f: "SESSION_BUSY",
	0x20: "TARGET_MAPPING_UNAVAILABLE",
	0x21: "ADDRESS_TYPE_NOT_SUPPORTED",
	0x22: "LOGON_FAILED",
	0x23: "SEND_FAILED",
	0x24: "TRANSPORT_ERROR",
	0x25: "VERSION_MISMATCH",
	0x26: "TARGET_MAPPING_OUT_OF_RANGE",
	0x27: "TARGET_PRESHAREDKEY_UNAVAILABLE",
	0x28: "TARGET_AUTHINFO_UNAVAILABLE",
	0x29: "TARGET_NOT_FOUND",
	0x2a: "LOGIN_USER_INFO_BAD",
	0x2b: "TARGET_MAPPING_EXISTS",
	0x2c: "HBA_SECURITY_CACHE_FULL",
	0x2d: "INVALID_PORT_NUMBER",
	0x2e: "OPERATION_NOT_ALL_SUCCESS",
	0x2f: "HBA_SECURITY_CACHE_NOT_SUPPORTED",
	0x30: "IKE_ID_PAYLOAD_TYPE_NOT_SUPPORTED",
	0x31: "IKE_ID_PAYLOAD_INCORRECT_SIZE",
	0x32: "TARGET_PORTAL_ALREADY_EXISTS",
	0x33: "TARGET_ADDRESS_ALREADY_EXISTS",
	0x34: "NO_AUTH_INFO_AVAILABLE",
	0x35: "NO_TUNNEL_OUTER_MODE_ADDRESS",
	0x36: "CACHE_CORRUPTED",
	0x37: "REQUEST_NOT_SUPPORTED",
	0x38: "TARGET_OUT_OF_RESORCES",
	0x39: "SERVICE_DID_NOT_RESPOND",
	0x3a: "ISNS_SERVER_NOT_FOUND",
	0x3b: "OPERATION_REQUIRES_REBOOT",
	0x3c: "NO_PORTAL_SPECIFIED",
	0x3d: "CANT_REMOVE_LAST_CONNECTION",
	0x3e: "SERVICE_NOT_RUNNING",
	0x3f: "TARGET_ALREADY_LOGGED_IN",
	0x40: "DEVICE_BUSY_ON_SESSION",
	0x41: "COULD_NOT_SAVE_PERSISTENT_LOGIN_DATA",
	0x42: "COULD_NOT_REMOVE_PERSISTENT_LOGIN_DATA",
	0x43: "PORTAL_NOT_FOUND",
	0x44: "INITIATOR_NOT_FOUND",
	0x45: "DISCOVERY_MECHANISM_NOT_FOUND",
	0x46: "IPSEC_NOT_SUPPORTED_ON_OS",
	0x47: "PERSISTENT_LOGIN_TIMEOUT",
	0x48: "SHORT_CHAP_SECRET",
	0x49: "EVALUATION_PEROID_EXPIRED",
	0x4a: "INVALID_CHAP_SECRET",
	0x4b: "INVALID_TARGET_CHAP_SECRET",
	0x4c: "INVALID_INITIATOR_CHAP_SECRET",
	0x4d: "INVALID_CHAP_USER_NAME",
	0x4e: "INVALID_LOGON_AUTH_TYPE",
	0x4f: "INVALID_TARGET_MAPPING",
	0x50: "INVALID_TARGET_ID",
	0x51: "INVALID_ISCSI_NAME",
	0x52: "INCOMPATIBLE_ISNS_VERSION",
	0x53: "FAILED_TO_CONFIGURE_IPSEC",
	0x54: "BUFFER_TOO_SMALL",
	0x55: "INVALID_LOAD_BALANCE_POLICY",
	0x56: "INVALID_PARAMETER",
	0x57: "DUPLICATE_PATH_SPECIFIED",
	0x58: "PATH_COUNT_MISMATCH",
	0x59: "INVALID_PATH_ID",
	0x5a: "MULTIPLE_PRIMARY_PATHS_SPECIFIED",
	0x5b: "NO_PRIMARY_PATH_SPECIFIED",
	0x5c: "DEVICE_ALREADY_PERSISTENTLY_BOUND",
	0x5d: "DEVICE_NOT_FOUND",
	0x5e: "DEVICE_NOT_ISCSI_OR_PERSISTENT",
	0x5f: "DNS_NAME_UNRESOLVED",
	0x60: "NO_CONNECTION_AVAILABLE",
	0x61: "LB_POLICY_NOT_SUPPORTED",
	0x62: "REMOVE_CONNECTION_IN_PROGRESS",
	0x63: "INVALID_CONNECTION_ID",
	0x64: "CANNOT_REMOVE_LEADING_CONNECTION",
	0x65: "RESTRICTED_BY_GROUP_POLICY",
	0x66: "ISNS_FIREWALL_BLOCKED",
	0x67: "FAILURE_TO_PERSIST_LB_POLICY",
	0x68: "INVALID_HOST",
}
