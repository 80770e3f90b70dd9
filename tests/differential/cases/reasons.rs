//! Why ours differs where it does: sentences of the README's section "Different from kubectl on purpose".

pub(super) const TOKEN_FLAG: &str = "`--token` beats a kubeconfig's `tokenFile`";
pub(super) const NO_QUESTION: &str = "without a credential there is an error that says what is missing, and no question for a \
                                      user name";
pub(super) const NAMED_CLUSTER: &str =
    "a context whose cluster is not there is an error, and no look at `localhost:8080`";
pub(super) const OTHER_PARSER: &str = "what is wrong inside a kubeconfig, a plugin's answer or a server's is said in other words, \
                                       and nothing of it is quoted";
pub(super) const EXTRA: &str = "an `--as-user-extra` without a value is an error, not ignored";
pub(super) const KEY_TRAVELS: &str =
    "a key is not sent over a connection that only a kubeconfig calls trusted";
pub(super) const LEAF: &str =
    "a server's own certificate is not taken for the authority that signed it";
pub(super) const SILENCE: &str =
    "a server that does not answer in time is said not to, with the limit";
pub(super) const TRIED_AGAIN: &str =
    "what may pass is tried again: a 401 with a credential that can be renewed, a 429, a 5xx";
pub(super) const REDIRECTS: &str = "a redirect is not followed: it would take the key elsewhere";
pub(super) const PROXY_WORDS: &str = "a proxy that refuses to make a tunnel is told in other words";
pub(super) const BAD_PROXY: &str =
    "a proxy variable that holds no address is an error rather than ignored";
pub(super) const HOSTLESS_PROXY: &str =
    "a `proxy-url` without a host is an error, and no look for a proxy on this machine";
pub(super) const BAD_CERTIFICATE: &str = "a client certificate that cannot be used is an error before anybody is asked, also where the \
                                          server would not have wanted it";
pub(super) const PLAIN_TUNNEL: &str =
    "a server without TLS is reached through an HTTP proxy by a tunnel too";
pub(super) const UNKNOWN: &str =
    "a write whose answer was lost is reported as unknown, never as done";
pub(super) const ISSUER: &str =
    "an `oidc` issuer that cannot be reached is named, and not the API server in its place";
pub(super) const PLAIN_ISSUER: &str =
    "an `oidc` refresh token is not sent over plain HTTP beyond loopback";
pub(super) const CUT: &str = "what an `oidc` issuer says of an error is cut after 500 characters";
pub(super) const PLAIN_USER: &str = "a user name in a server's address is not sent over plain HTTP";
pub(super) const NAMESPACE: &str =
    "what cannot be a namespace's name is refused before anybody is asked";
pub(super) const HOST_NAME: &str =
    "an IPv6 zone, or a letter outside ASCII, in a server's or a proxy's address is refused";
pub(super) const UNKNOWN_FIELD: &str =
    "a field of the kuberc that nobody knows is told by kubectl alone";
pub(super) const APPLY: &str =
    "a Secret that is refused is told as by kubectl's `apply`, not as by its `create`";
pub(super) const NO_OBJECT: &str = "a `Status` in an object's place confirms nothing";
pub(super) const DEPTH: &str = "a kubeconfig nested more than 64 levels deep is refused";
pub(super) const OLD_AUTHORITY: &str =
    "an authority that is given is taken for one, whatever its own dates and uses say";
pub(super) const KIND: &str = "an object is taken for one of the kind that was asked for";
pub(super) const TO_ITS_END: &str =
    "a kubeconfig in YAML is looked at to its end, not only to that of its first value";
