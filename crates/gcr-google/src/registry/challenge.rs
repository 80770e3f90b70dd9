//! Parses `WWW-Authenticate` (RFC 9110 section 11.6.1).

/// The authentication that a registry requires.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Challenge {
    /// A token from the realm.
    Bearer {
        /// The URL of the token endpoint.
        realm: String,
        /// The name under which the token endpoint knows the registry; `None` if the registry does not say.
        service: Option<String>,
    },
    /// The credential itself.
    Basic,
}

/// Returns the first bearer challenge among the values of the header, or else a basic one. Schemes and names of parameters
/// are compared without case, and values may be unquoted.
#[must_use]
pub fn parse<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for value in values {
        for (scheme, parameters) in challenges(value) {
            if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
            let parameter = |wanted: &str| {
                let mut all = parameters.iter();
                let found = all.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found
                    .map(|(_, value)| value.clone())
                    .filter(|it| !it.is_empty())
            };
            if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = parameter("realm")
            {
                let service = parameter("service");
                return Some(Challenge::Bearer { realm, service });
            }
        }
    }
    basic
}

/// Splits a header value into schemes with their parameters.
///
/// Commas separate both challenges and parameters: a word that is not followed by `=` begins a challenge.
fn challenges(value: &str) -> Vec<(&str, Vec<(&str, String)>)> {
    let mut found: Vec<(&str, Vec<(&str, String)>)> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let trimmed = after.trim_start_matches([' ', '\t']);
        match trimmed.strip_prefix('=') {
            Some(after) if !word.is_empty() => {
                let (value, after) = parameter_value(after.trim_start_matches([' ', '\t']));
                if let Some((_, parameters)) = found.last_mut() {
                    parameters.push((word, value));
                }
                rest = after;
            }
            // A stray `=`.
            Some(after) => rest = after,
            None if word.is_empty() => return found,
            None => {
                found.push((word, Vec::new()));
                rest = after;
            }
        }
    }
}

/// Returns a quoted or unquoted value without its quotes and escapes, and the text after it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    // The closing quote is missing.
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        let service = service.map(str::to_owned);
        let realm = realm.to_owned();
        Some(Challenge::Bearer { realm, service })
    }

    #[test]
    fn challenges_of_google_are_parsed() {
        let token = "https://us-central1-docker.pkg.dev/v2/token";
        assert_eq!(
            parse([format!("Bearer realm=\"{token}\"").as_str()]),
            bearer(token, None)
        );
        let full = "Bearer realm=\"https://gcr.io/v2/token\",service=\"gcr.io\",scope=\"repository:p/r/i:pull,push\"";
        assert_eq!(
            parse([full]),
            bearer("https://gcr.io/v2/token", Some("gcr.io"))
        );
    }

    #[test]
    fn spelling_may_vary() {
        for value in [
            "bearer realm=https://a/t,service=b",
            "BEARER  Realm = \"https://a/t\" , Service = \"b\"",
            "Basic realm=\"x, Bearer realm=y\", Bearer service=\"b\", realm=\"https://a/t\"",
            "Negotiate, Bearer realm=\"https:\\/\\/a/t\",service=\"b\"",
            "Bearer realm=\"https://a/t\" service=b",
        ] {
            assert_eq!(parse([value]), bearer("https://a/t", Some("b")), "{value}");
        }
        assert_eq!(
            parse(["Basic realm=x", "Bearer realm=y"]),
            bearer("y", None)
        );
    }

    #[test]
    fn basic_is_used_without_bearer() {
        for value in [
            "Basic realm=\"x\"",
            "basic",
            "Bearer service=\"x\", Basic realm=y",
            "Bearer realm=\"\", Basic",
        ] {
            assert_eq!(parse([value]), Some(Challenge::Basic), "{value}");
        }
    }

    #[test]
    fn other_values_are_no_challenge() {
        for value in [
            "",
            ",",
            "=",
            "Negotiate",
            "Bearer",
            "realm=\"x\"",
            "Bearer realm",
            "\"Bearer realm=x\"",
        ] {
            assert_eq!(parse([value]), None, "{value}");
        }
        assert_eq!(parse([]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_to_its_end(text in "\\PC*") {
            let _ = parse([text.as_str()]);
        }

        #[test]
        fn any_likely_text_is_parsed_to_its_end(text in "(Bearer|Basic|realm|service|=|,| |\"|\\\\|x){0,30}") {
            let _ = parse([text.as_str()]);
        }

        #[test]
        fn any_realm_survives_quoting(realm in "[ -~]{1,40}") {
            let quoted = realm.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(parse([format!("Bearer realm=\"{quoted}\"").as_str()]), bearer(&realm, None));
        }
    }
}
