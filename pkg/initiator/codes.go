package initiator

import "fmt"

// The codes of the reference API. Those that begin with Win32 are Windows' own;
// the rest are ISDSC_STATUS, numbers and names as in iscsierr.h, the names in
// Go's case. Two are warnings rather than errors: CodeOperationNotAllSuccess and
// CodeShortCHAPSecret; so is CodeOperationRequiresReboot.
const (
	CodeSuccess                 uint32 = 0
	CodeWin32AccessDenied       uint32 = 5
	CodeWin32NotEnoughMemory    uint32 = 8
	CodeWin32InvalidParameter   uint32 = 87
	CodeWin32InsufficientBuffer uint32 = 122
	CodeWin32Cancelled          uint32 = 1223

	CodeNonSpecificError                  uint32 = 0xEFFF0001
	CodeLoginFailed                       uint32 = 0xEFFF0002
	CodeConnectionFailed                  uint32 = 0xEFFF0003
	CodeInitiatorNodeAlreadyExists        uint32 = 0xEFFF0004
	CodeInitiatorNodeNotFound             uint32 = 0xEFFF0005
	CodeTargetMovedTemporarily            uint32 = 0xEFFF0006
	CodeTargetMovedPermanently            uint32 = 0xEFFF0007
	CodeInitiatorError                    uint32 = 0xEFFF0008
	CodeAuthenticationFailure             uint32 = 0xEFFF0009
	CodeAuthorizationFailure              uint32 = 0xEFFF000A
	CodeNotFound                          uint32 = 0xEFFF000B
	CodeTargetRemoved                     uint32 = 0xEFFF000C
	CodeUnsupportedVersion                uint32 = 0xEFFF000D
	CodeTooManyConnections                uint32 = 0xEFFF000E
	CodeMissingParameter                  uint32 = 0xEFFF000F
	CodeCantIncludeInSession              uint32 = 0xEFFF0010
	CodeSessionTypeNotSupported           uint32 = 0xEFFF0011
	CodeTargetError                       uint32 = 0xEFFF0012
	CodeServiceUnavailable                uint32 = 0xEFFF0013
	CodeOutOfResources                    uint32 = 0xEFFF0014
	CodeConnectionAlreadyExists           uint32 = 0xEFFF0015
	CodeSessionAlreadyExists              uint32 = 0xEFFF0016
	CodeInitiatorInstanceNotFound         uint32 = 0xEFFF0017
	CodeTargetAlreadyExists               uint32 = 0xEFFF0018
	CodeDriverBug                         uint32 = 0xEFFF0019
	CodeInvalidTextKey                    uint32 = 0xEFFF001A
	CodeInvalidSendTargetsText            uint32 = 0xEFFF001B
	CodeInvalidSessionID                  uint32 = 0xEFFF001C
	CodeSCSIRequestFailed                 uint32 = 0xEFFF001D
	CodeTooManySessions                   uint32 = 0xEFFF001E
	CodeSessionBusy                       uint32 = 0xEFFF001F
	CodeTargetMappingUnavailable          uint32 = 0xEFFF0020
	CodeAddressTypeNotSupported           uint32 = 0xEFFF0021
	CodeLogonFailed                       uint32 = 0xEFFF0022
	CodeSendFailed                        uint32 = 0xEFFF0023
	CodeTransportError                    uint32 = 0xEFFF0024
	CodeVersionMismatch                   uint32 = 0xEFFF0025
	CodeTargetMappingOutOfRange           uint32 = 0xEFFF0026
	CodeTargetPresharedKeyUnavailable     uint32 = 0xEFFF0027
	CodeTargetAuthInfoUnavailable         uint32 = 0xEFFF0028
	CodeTargetNotFound                    uint32 = 0xEFFF0029
	CodeLoginUserInfoBad                  uint32 = 0xEFFF002A
	CodeTargetMappingExists               uint32 = 0xEFFF002B
	CodeHBASecurityCacheFull              uint32 = 0xEFFF002C
	CodeInvalidPortNumber                 uint32 = 0xEFFF002D
	CodeOperationNotAllSuccess            uint32 = 0xAFFF002E
	CodeHBASecurityCacheNotSupported      uint32 = 0xEFFF002F
	CodeIKEIDPayloadTypeNotSupported      uint32 = 0xEFFF0030
	CodeIKEIDPayloadIncorrectSize         uint32 = 0xEFFF0031
	CodeTargetPortalAlreadyExists         uint32 = 0xEFFF0032
	CodeTargetAddressAlreadyExists        uint32 = 0xEFFF0033
	CodeNoAuthInfoAvailable               uint32 = 0xEFFF0034
	CodeNoTunnelOuterModeAddress          uint32 = 0xEFFF0035
	CodeCacheCorrupted                    uint32 = 0xEFFF0036
	CodeRequestNotSupported               uint32 = 0xEFFF0037
	CodeTargetOutOfResources              uint32 = 0xEFFF0038
	CodeServiceDidNotRespond              uint32 = 0xEFFF0039
	CodeISNSServerNotFound                uint32 = 0xEFFF003A
	CodeOperationRequiresReboot           uint32 = 0xAFFF003B
	CodeNoPortalSpecified                 uint32 = 0xEFFF003C
	CodeCantRemoveLastConnection          uint32 = 0xEFFF003D
	CodeServiceNotRunning                 uint32 = 0xEFFF003E
	CodeTargetAlreadyLoggedIn             uint32 = 0xEFFF003F
	CodeDeviceBusyOnSession               uint32 = 0xEFFF0040
	CodeCouldNotSavePersistentLoginData   uint32 = 0xEFFF0041
	CodeCouldNotRemovePersistentLoginData uint32 = 0xEFFF0042
	CodePortalNotFound                    uint32 = 0xEFFF0043
	CodeInitiatorNotFound                 uint32 = 0xEFFF0044
	CodeDiscoveryMechanismNotFound        uint32 = 0xEFFF0045
	CodeIPsecNotSupportedOnOS             uint32 = 0xEFFF0046
	CodePersistentLoginTimeout            uint32 = 0xEFFF0047
	CodeShortCHAPSecret                   uint32 = 0xAFFF0048
	CodeEvaluationPeriodExpired           uint32 = 0xEFFF0049
	CodeInvalidCHAPSecret                 uint32 = 0xEFFF004A
	CodeInvalidTargetCHAPSecret           uint32 = 0xEFFF004B
	CodeInvalidInitiatorCHAPSecret        uint32 = 0xEFFF004C
	CodeInvalidCHAPUserName               uint32 = 0xEFFF004D
	CodeInvalidLogonAuthType              uint32 = 0xEFFF004E
	CodeInvalidTargetMapping              uint32 = 0xEFFF004F
	CodeInvalidTargetID                   uint32 = 0xEFFF0050
	CodeInvalidISCSIName                  uint32 = 0xEFFF0051
	CodeIncompatibleISNSVersion           uint32 = 0xEFFF0052
	CodeFailedToConfigureIPsec            uint32 = 0xEFFF0053
	CodeBufferTooSmall                    uint32 = 0xEFFF0054
	CodeInvalidLoadBalancePolicy          uint32 = 0xEFFF0055
	CodeInvalidParameter                  uint32 = 0xEFFF0056
	CodeDuplicatePathSpecified            uint32 = 0xEFFF0057
	CodePathCountMismatch                 uint32 = 0xEFFF0058
	CodeInvalidPathID                     uint32 = 0xEFFF0059
	CodeMultiplePrimaryPathsSpecified     uint32 = 0xEFFF005A
	CodeNoPrimaryPathSpecified            uint32 = 0xEFFF005B
	CodeDeviceAlreadyPersistentlyBound    uint32 = 0xEFFF005C
	CodeDeviceNotFound                    uint32 = 0xEFFF005D
	CodeDeviceNotISCSIOrPersistent        uint32 = 0xEFFF005E
	CodeDNSNameUnresolved                 uint32 = 0xEFFF005F
	CodeNoConnectionAvailable             uint32 = 0xEFFF0060
	CodeLBPolicyNotSupported              uint32 = 0xEFFF0061
	CodeRemoveConnectionInProgress        uint32 = 0xEFFF0062
	CodeInvalidConnectionID               uint32 = 0xEFFF0063
	CodeCannotRemoveLeadingConnection     uint32 = 0xEFFF0064
	CodeRestrictedByGroupPolicy           uint32 = 0xEFFF0065
	CodeISNSFirewallBlocked               uint32 = 0xEFFF0066
	CodeFailureToPersistLBPolicy          uint32 = 0xEFFF0067
	CodeInvalidHost                       uint32 = 0xEFFF0068
)

// CodeName returns the name that the reference API has for a code, such as
// ISDSC_CONNECTION_FAILED, or the number where it has none.
func CodeName(code uint32) string {
	switch code {
	case CodeSuccess:
		return "ISDSC_SUCCESS"
	case CodeWin32AccessDenied:
		return "ERROR_ACCESS_DENIED"
	case CodeWin32NotEnoughMemory:
		return "ERROR_NOT_ENOUGH_MEMORY"
	case CodeWin32InvalidParameter:
		return "ERROR_INVALID_PARAMETER"
	case CodeWin32InsufficientBuffer:
		return "ERROR_INSUFFICIENT_BUFFER"
	case CodeWin32Cancelled:
		return "ERROR_CANCELLED"
	}
	const failure = 0xEFFF0000
	i := int(code & 0xffff)
	if severity := code &^ 0xffff; i < len(isdscNames) && isdscNames[i] != "" {
		switch code {
		case CodeOperationNotAllSuccess, CodeOperationRequiresReboot, CodeShortCHAPSecret:
			return "ISDSC_" + isdscNames[i]
		}
		if severity == failure {
			return "ISDSC_" + isdscNames[i]
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
