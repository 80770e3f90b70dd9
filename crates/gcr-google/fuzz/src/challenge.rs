//! Checks the parser of `WWW-Authenticate`. The lines of the input are the values of the header.

use gcr_google::registry::challenge::{Challenge, parse};

/// Parses the values, and checks the challenge.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let values: Vec<&str> = text.lines().collect();
    let challenge = parse(values.iter().copied());
    if let Some(Challenge::Bearer { realm, service }) = &challenge {
        assert!(!realm.is_empty());
        assert!(service.as_ref().is_none_or(|service| !service.is_empty()));
        // A parser that returns text of its own would send credentials to a host that the registry did not name.
        let is_quoted = |part: &str| {
            let unescaped: String = text.replace('\\', "");
            unescaped.contains(&part.replace('\\', ""))
        };
        assert!(is_quoted(realm), "{realm:?}");
        assert!(service.as_deref().is_none_or(is_quoted), "{service:?}");
    }
    // A challenge that comes first wins over all later ones.
    let first = "Bearer realm=\"https://registry.test/token\",service=\"registry.test\"";
    let with_first = parse(std::iter::once(first).chain(values.iter().copied()));
    assert_eq!(with_first, parse([first]));
    // A basic challenge at the end changes nothing but the lack of a challenge.
    let with_basic = parse(values.iter().copied().chain(["Basic realm=x"]));
    assert_eq!(with_basic, challenge.or(Some(Challenge::Basic)));
}
