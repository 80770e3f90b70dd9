//! Checks the parser of image references: the host is what the reference begins with, and errors are printable.

use gcr_core::domain::registry_host::RegistryHost;

/// Parses the input as an image and as a registry host, and checks the results.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match RegistryHost::from_image(text) {
        Ok(host) => {
            let start = text.split('/').next().unwrap_or_default();
            assert_eq!(host.as_str(), start.to_lowercase());
            check_host(&host);
        }
        Err(error) => check_message(&error.to_string()),
    }
    match text.parse::<RegistryHost>() {
        Ok(host) => check_host(&host),
        Err(error) => check_message(&error.to_string()),
    }
}

/// A host is read again as itself.
fn check_host(host: &RegistryHost) {
    let again: RegistryHost = host.as_str().parse().expect("a host is valid");
    assert_eq!(again.as_str(), host.as_str());
}

fn check_message(message: &str) {
    assert!(!message.contains(char::is_control), "{message:?}");
}
