//! The declared differences from kubectl, in the words of `docs/kubectl-differences.md`. A test checks that the page
//! contains each of them.

pub(super) const TOKEN_FLAG: &str = "`--token` overrides the `tokenFile` of the kubeconfig";
pub(super) const NO_PROMPT: &str = "Missing credentials are an error that names what is missing";
pub(super) const MISSING_CLUSTER: &str = "A context that names a missing cluster is an error";
pub(super) const PARSER_ERROR: &str = "Invalid content of a kubeconfig, an exec plugin's output or a server's response is \
                                      reported in different words, and the error does not quote the content";
pub(super) const EXTRA_WITHOUT_VALUE: &str = "`--as-user-extra` without a value is an error";
pub(super) const INSECURE_KEY: &str =
    "A key is not sent over an insecure connection that only the kubeconfig allows";
pub(super) const LEAF_AS_CA: &str =
    "A server's own certificate is not accepted as a certificate authority";
pub(super) const TIMEOUT: &str =
    "A server that does not respond in time is reported together with the time limit";
pub(super) const RETRIES: &str =
    "Transient failures are retried: a 401 when the credential can be renewed, a 429, and a 5xx";
pub(super) const REDIRECTS: &str =
    "Redirects are not followed, because they would send the key to another server";
pub(super) const PROXY_ERROR: &str =
    "A proxy that refuses to open a tunnel is reported in different words";
pub(super) const BAD_PROXY: &str = "A proxy variable that contains no valid URL is an error";
pub(super) const PROXY_WITHOUT_HOST: &str = "A `proxy-url` without a host is an error";
pub(super) const BAD_CERTIFICATE: &str = "A client certificate that cannot be used is an error before the first \
                                               request, even if the server does not require a client certificate";
pub(super) const PLAIN_TUNNEL: &str =
    "A server without TLS is also reached through a `CONNECT` tunnel of the HTTP proxy";
pub(super) const UNKNOWN_OUTCOME: &str =
    "A write whose response is lost is reported as unknown, never as done";
pub(super) const ISSUER: &str = "An unreachable `oidc` issuer is named in the error";
pub(super) const PLAIN_ISSUER: &str =
    "An `oidc` refresh token is not sent over plain HTTP, except to a loopback address";
pub(super) const ISSUER_ERROR_CUT: &str =
    "The error description of an `oidc` issuer is cut off after 500 characters";
pub(super) const PLAIN_USER: &str = "A user name in the server's URL is not sent over plain HTTP";
pub(super) const NAMESPACE: &str = "An invalid namespace name is rejected before the first request";
pub(super) const HOST_NAME: &str =
    "A host name in a server or proxy URL must not contain an IPv6 zone or a non-ASCII letter";
pub(super) const UNKNOWN_KUBERC_FIELD: &str = "Unknown kuberc fields are ignored without a message";
pub(super) const APPLY: &str = "A rejected Secret is reported in the words of `kubectl apply`";
pub(super) const STATUS_FOR_OBJECT: &str =
    "A successful `Status` in place of an object is an error";
pub(super) const NESTING: &str =
    "A kubeconfig nested more than 64 levels deep (in JSON, more than 127) is rejected";
pub(super) const EXPIRED_CA: &str = "A configured certificate authority is trusted regardless of its own validity dates and key usages";
pub(super) const LARGE_KEY: &str = "Keys on the curve P-521, RSA keys shorter than 2048 bits, client keys longer than 4096 \
                                        bits, and TLS 1.2 without authenticated encryption are not supported";
pub(super) const ANY_PURPOSE: &str = "A server or intermediate certificate whose extended key usages contain only `anyExtendedKeyUsage` is not supported";
pub(super) const CRITICAL_EXTENSION: &str =
    "A server or intermediate certificate with critical certificate policies is not supported";
pub(super) const KIND: &str = "An object in a response is assumed to have the requested kind";
pub(super) const PARSED_TO_END: &str =
    "A YAML kubeconfig is parsed to the end of its first document";
