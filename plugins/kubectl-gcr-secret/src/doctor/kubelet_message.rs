//! Classifies kubelet's message about a failed pull. The texts are those of kubelet, containerd and CRI-O.

/// Parts of the messages of failures that no credential solves, with a description of each failure.
const OTHER_CAUSES: [(&str, &str); 15] = [
    ("no space left on device", "the disk of the node is full"),
    ("disk quota exceeded", "the disk of the node is full"),
    (
        "no match for platform",
        "the image has no variant for the node's platform",
    ),
    (
        "no matching manifest",
        "the image has no variant for the node's platform",
    ),
    (
        "exec format error",
        "the image has no variant for the node's platform",
    ),
    (
        "no such host",
        "the node cannot resolve the registry's name",
    ),
    (
        "server misbehaving",
        "the node cannot resolve the registry's name",
    ),
    ("connection refused", "the node cannot reach the registry"),
    (
        "network is unreachable",
        "the node cannot reach the registry",
    ),
    ("no route to host", "the node cannot reach the registry"),
    ("i/o timeout", "the node cannot reach the registry"),
    (
        "tls handshake timeout",
        "the node cannot reach the registry",
    ),
    ("proxyconnect", "the node's proxy refuses the connection"),
    ("x509:", "the node does not trust the certificate it gets"),
    ("toomanyrequests", "the registry limits the rate of pulls"),
];

/// Returns the description of a failure that no credential solves.
pub(super) fn other_cause(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    let mut causes = OTHER_CAUSES.iter();
    causes
        .find(|(words, _)| message.contains(words))
        .map(|(_, cause)| *cause)
}

/// Returns whether the text only says that kubelet waits, so that an event has the reason.
pub(super) fn is_only_back_off(message: &str) -> bool {
    message.is_empty() || (message.starts_with("Back-off pulling image") && !message.contains(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_kubelet_are_recognized() {
        for (text, expected) in [
            (
                "failed to pull: write /var/lib/x: no space left on device",
                Some("the disk of the node is full"),
            ),
            (
                "dial tcp: lookup gcr.io on 10.0.0.10:53: no such host",
                Some("the node cannot resolve the registry's name"),
            ),
            (
                "no match for platform in manifest: not found",
                Some("the image has no variant for the node's platform"),
            ),
            ("failed to authorize: 403 Forbidden", None),
            ("unauthorized: authentication failed", None),
        ] {
            assert_eq!(other_cause(text), expected, "{text}");
        }
    }

    #[test]
    fn back_off_without_reason_is_recognized() {
        assert!(is_only_back_off("Back-off pulling image \"gcr.io/p/app\""));
        assert!(!is_only_back_off(
            "Back-off pulling image \"x\": ErrImagePull: denied"
        ));
    }
}
