package isdsc

import "fmt"

// The status numbers that the engine returns. Those whose names start with Win32 are
// Windows' own; the others are ISDSC_STATUS, with the numbers and names of iscsierr.h
// in Go's case. OperationNotAllSuccess and ShortCHAPSecret are warnings: the operation
// was carried out, at least in part.
const (
	Success                 uint32 = 0
	Win32AccessDenied       uint32 = 5
	Win32InvalidParameter   uint32 = 87
	Win32InsufficientBuffer uint32 = 122
	Win32Cancelled          uint32 = 1223

	// Of Windows Sockets: how a connection to an iSNS server failed.
	WSANetworkUnreachable uint32 = 10051
	WSAConnectionReset    uint32 = 10054
	WSATimedOut           uint32 = 10060
	WSAConnectionRefused  uint32 = 10061
	WSAHostUnreachable    uint32 = 10065
	WSAHostNotFound       uint32 = 11001

	NonSpecificError              uint32 = 0xEFFF0001
	LoginFailed                   uint32 = 0xEFFF0002
	ConnectionFailed              uint32 = 0xEFFF0003
	TargetMovedTemporarily        uint32 = 0xEFFF0006
	TargetMovedPermanently        uint32 = 0xEFFF0007
	InitiatorError                uint32 = 0xEFFF0008
	AuthenticationFailure         uint32 = 0xEFFF0009
	AuthorizationFailure          uint32 = 0xEFFF000A
	NotFound                      uint32 = 0xEFFF000B
	TargetRemoved                 uint32 = 0xEFFF000C
	UnsupportedVersion            uint32 = 0xEFFF000D
	TooManyConnections            uint32 = 0xEFFF000E
	MissingParameter              uint32 = 0xEFFF000F
	CantIncludeInSession          uint32 = 0xEFFF0010
	SessionTypeNotSupported       uint32 = 0xEFFF0011
	TargetError                   uint32 = 0xEFFF0012
	ServiceUnavailable            uint32 = 0xEFFF0013
	OutOfResources                uint32 = 0xEFFF0014
	InitiatorInstanceNotFound     uint32 = 0xEFFF0017
	InvalidTextKey                uint32 = 0xEFFF001A
	InvalidSendTargetsText        uint32 = 0xEFFF001B
	InvalidSessionID              uint32 = 0xEFFF001C
	AddressTypeNotSupported       uint32 = 0xEFFF0021
	SendFailed                    uint32 = 0xEFFF0023
	TransportError                uint32 = 0xEFFF0024
	TargetPresharedKeyUnavailable uint32 = 0xEFFF0027
	TargetAuthInfoUnavailable     uint32 = 0xEFFF0028
	TargetNotFound                uint32 = 0xEFFF0029
	InvalidPortNumber             uint32 = 0xEFFF002D
	OperationNotAllSuccess        uint32 = 0xAFFF002E
	NoAuthInfoAvailable           uint32 = 0xEFFF0034
	NoTunnelOuterModeAddress      uint32 = 0xEFFF0035
	CacheCorrupted                uint32 = 0xEFFF0036
	RequestNotSupported           uint32 = 0xEFFF0037
	ISNSServerNotFound            uint32 = 0xEFFF003A
	NoPortalSpecified             uint32 = 0xEFFF003C
	PortalNotFound                uint32 = 0xEFFF0043
	DiscoveryMechanismNotFound    uint32 = 0xEFFF0045
	IPsecNotSupportedOnOS         uint32 = 0xEFFF0046
	ShortCHAPSecret               uint32 = 0xAFFF0048
	InvalidCHAPSecret             uint32 = 0xEFFF004A
	InvalidTargetCHAPSecret       uint32 = 0xEFFF004B
	InvalidInitiatorCHAPSecret    uint32 = 0xEFFF004C
	InvalidCHAPUserName           uint32 = 0xEFFF004D
	InvalidLogonAuthType          uint32 = 0xEFFF004E
	InvalidISCSIName              uint32 = 0xEFFF0051
	IncompatibleISNSVersion       uint32 = 0xEFFF0052
	FailedToConfigureIPsec        uint32 = 0xEFFF0053
	InvalidParameter              uint32 = 0xEFFF0056
	DNSNameUnresolved             uint32 = 0xEFFF005F
	InvalidHost                   uint32 = 0xEFFF0068
)

// Name returns the name that the reference API has for a code, such as
// ISDSC_CONNECTION_FAILED, or the number where it has none.
func Name(code uint32) string {
	switch code {
	case Success:
		return "ISDSC_SUCCESS"
	case Win32AccessDenied:
		return "ERROR_ACCESS_DENIED"
	case Win32InvalidParameter:
		return "ERROR_INVALID_PARAMETER"
	case Win32InsufficientBuffer:
		return "ERROR_INSUFFICIENT_BUFFER"
	case Win32Cancelled:
		return "ERROR_CANCELLED"
	}
	if name := socketName(code); name != "" {
		return name
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

// socketName returns the name of a code of Windows Sockets; empty: it is none.
func socketName(code uint32) string {
	switch code {
	case WSANetworkUnreachable:
		return "WSAENETUNREACH"
	case WSAConnectionReset:
		return "WSAECONNRESET"
	case WSATimedOut:
		return "WSAETIMEDOUT"
	case WSAConnectionRefused:
		return "WSAECONNREFUSED"
	case WSAHostUnreachable:
		return "WSAEHOSTUNREACH"
	case WSAHostNotFound:
		return "WSAHOST_NOT_FOUND"
	}
	return ""
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
