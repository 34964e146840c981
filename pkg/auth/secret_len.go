package auth

// MinSecretLen is how long a CHAP secret is at least in bytes, unless IPsec protects the
// connection (RFC 7143, section 12.1.4).
const MinSecretLen = 12
