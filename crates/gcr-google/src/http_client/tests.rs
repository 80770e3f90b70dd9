//! Tests the rules for proxies and plain HTTP, without a network.

use super::*;

fn rules(variables: &[(&str, &str)]) -> ProxyRules {
    ProxyRules {
        environment: Environment::of(variables),
        metadata_host: Environment::of(variables)
            .text("GCE_METADATA_HOST")
            .map(str::to_owned),
    }
}

fn proxy(variables: &[(&str, &str)], url: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    let proxy = rules(variables).proxy_to(&url).unwrap();
    proxy.map(|it| it.to_string())
}

#[test]
fn proxy_follows_the_rules_of_cluster_connections() {
    let variables = [
        ("HTTPS_PROXY", "http://user:p%40ss@proxy.test:3128"),
        ("NO_PROXY", ".internal.test"),
    ];
    assert_eq!(
        proxy(&variables, "https://iam.googleapis.com/v1/projects/p?x=y").as_deref(),
        Some("http://user:p%40ss@proxy.test:3128/")
    );
    assert_eq!(proxy(&variables, "https://a.internal.test/"), None);
    assert_eq!(proxy(&variables, "https://127.0.0.1:1/"), None);
    let socks = [("HTTPS_PROXY", "socks5://proxy.test")];
    assert_eq!(
        proxy(&socks, "https://gcr.io/v2/").as_deref(),
        Some("socks5h://proxy.test:1080/")
    );
}

#[test]
fn proxy_is_never_used_for_metadata_server() {
    let variables = [
        ("HTTP_PROXY", "http://proxy.test:3128"),
        ("GCE_METADATA_HOST", "metadata.test:8080"),
    ];
    for host in [
        "metadata.google.internal",
        "169.254.169.254",
        "metadata.test:8080",
    ] {
        assert_eq!(
            proxy(&variables, &format!("http://{host}/")),
            None,
            "{host}"
        );
    }
    assert!(proxy(&variables, "http://other.test/").is_some());
}

#[test]
fn proxy_with_invalid_address_is_an_error() {
    let url = Url::parse("https://gcr.io/").unwrap();
    let error = rules(&[("HTTPS_PROXY", "http://u:hunter2@:x")]).proxy_to(&url);
    assert!(!error.unwrap_err().contains("hunter2"));
}

#[test]
fn loopback_is_recognized_by_address_and_name() {
    for (url, expected) in [
        ("http://127.0.0.1:1/", true),
        ("http://[::1]/", true),
        ("http://localhost/", true),
        ("http://localhost.evil.test/", false),
        ("http://10.0.0.1/", false),
        ("http://127.0.0.1.evil.test/", false),
    ] {
        assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
    }
}

#[test]
fn shown_url_has_no_user_and_no_query() {
    let url = Url::parse("https://u:p@gcr.io/v2/token?service=gcr.io#f").unwrap();
    assert_eq!(shown_url(&url), "https://gcr.io/v2/token");
}

#[test]
fn debug_of_request_hides_credentials() {
    let url = Url::parse("https://gcr.io/v2/?token=hunter2").unwrap();
    let request = HttpRequest::get(url)
        .bearer("hunter2")
        .basic("u", &"hunter2".into());
    assert_eq!(format!("{request:?}"), "GET https://gcr.io/v2/");
}
