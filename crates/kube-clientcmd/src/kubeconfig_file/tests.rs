//! Tests the parsing of kubeconfig files.

use super::*;

const PLAIN: &str = "clusters:
- name: c
  cluster: {server: 'https://c.test'}
contexts:
- name: x
  context: {cluster: c, user: u}
current-context: x
users:
- name: u
  user: {token: t}
";

fn parse(text: &str) -> Result<File, ParseError> {
    File::parse(text.as_bytes())
}

fn token(file: &File) -> Option<&str> {
    entries(&file.users).next()?.token.as_deref()
}

fn parse_error(text: &str) -> String {
    parse(text)
        .err()
        .expect("the file should be rejected")
        .to_string()
}

#[test]
fn parse_with_input_that_kubectl_accepts_succeeds() {
    // kubectl 1.37.2 accepts each of these.
    let json = r#"{"current-context": "x", "users": [{"name": "u", "user": {"token": "t"}}]}"#;
    let json = format!("# y\n\n{json}\nhello\n");
    let odd = format!("%YAML 1.1\n%TAG ! tag:example.com,2000:\n---\n{PLAIN}");
    let crlf = PLAIN.replace('\n', "\r\n");
    let marked = format!("\u{feff}{PLAIN}");
    let repeated = format!("current-context: y\n{PLAIN}");
    let second = format!("{PLAIN}---\nfoo: [bar\n");
    let nameless = format!("{PLAIN}- name: c\n");
    let returns = PLAIN.replace('\n', "\r");
    let commented = format!("# y\r{PLAIN}");
    let versioned =
        format!("apiVersion: v1\nkind: Config\npreferences: {{}}\nwhatever: 1\n{PLAIN}");
    for text in [
        PLAIN, &crlf, &marked, &repeated, &second, &nameless, &returns, &commented, &versioned,
        &json, &odd,
    ] {
        let file = parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(file.current_context.as_deref(), Some("x"), "{text}");
        assert_eq!(token(&file), Some("t"), "{text}");
    }
    // kubectl rejects a mapping as a key.
    assert!(parse("{\"current-context\": \"x\"}: y\n").is_err());
    for text in [
        "",
        "  \n",
        "# a comment\n",
        "users: null\ncontexts:\nclusters: ~\n",
    ] {
        assert!(
            parse(text).is_ok_and(|file| file.users.is_none()),
            "{text:?}"
        );
    }
}

#[test]
fn parse_with_json_anchors_or_utf16_succeeds() {
    let json = r#"{"current-context":"x","users":[{"name":"u","user":{"token":"t"}}]}"#;
    assert_eq!(token(&parse(json).unwrap()), Some("t"));
    let anchors = "users:\n- name: u\n  user: &one {token: t}\n- name: v\n  user: *one\n";
    let file = parse(anchors).unwrap();
    assert_eq!(
        entries(&file.users)
            .filter_map(|user| user.token.as_deref())
            .collect::<Vec<_>>(),
        ["t", "t"]
    );
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(PLAIN.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(token(&File::parse(&wide).unwrap()), Some("t"));
}

#[test]
fn parse_with_input_that_kubectl_rejects_fails_without_quoting_the_file() {
    assert_eq!(parse_error("users: [\n"), "yaml: line 1: not valid YAML");
    assert_eq!(
        parse_error(&PLAIN.replace("token: t", "token: 123")),
        "yaml: line 10: a value is not of the type that belongs there"
    );
    for text in [
        "hello\n",
        "[]\n",
        "clusters:\n- []\n",
        r#"{"clusters": [[]]}"#,
        "clusters:\n- cluster:\n  - server\n",
        "users:\n- user: []\n",
        &PLAIN.replace("token: t", "username: [secret]"),
    ] {
        assert!(
            parse_error(text).contains("not of the type"),
            "{}",
            parse_error(text)
        );
    }
    assert_eq!(
        parse_error(&format!("kind: Foo\n{PLAIN}")),
        "no kind \"Foo\" is registered for version \"v1\" in a kubeconfig"
    );
    // Text longer than a name is not quoted in full.
    let long = parse_error(&format!("kind: {}\n", "x".repeat(2_000)));
    assert!(long.len() < 400, "{long}");
    assert_eq!(
        parse_error("users:\n- name: u\n- name: u\n"),
        "error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name \"u\" in list"
    );
    assert_eq!(
        parse_error(&PLAIN.replace("token: t", "client-certificate-data: \"!!!\"")),
        "illegal base64 data at input byte 0"
    );
    assert_eq!(
        File::parse(b"users: \xff\n").err(),
        Some(ParseError::NotText)
    );
}

#[test]
fn parse_with_output_of_kubectl_succeeds() {
    let data = "TUlJ".repeat(40);
    let written = format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {data}\n    extensions:\n    - extension:\n        provider: minikube.sigs.k8s.io\n      name: cluster_info\n    server: https://10.0.0.1:6443\n  name: c\ncontexts:\n- context:\n    cluster: c\n    user: u\n  name: x\ncurrent-context: \"\"\nkind: Config\npreferences: {{}}\nusers:\n- name: u\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n      - get-token\n      - \"--login\"\n      - --region\n      - eu:1\n      command: login\n      env: null\n      installHint: Install it (login's) with\n        https://a.test/it#how, and\n        so on\n      provideClusterInfo: true\n- name: v\n  user:\n    token: 8s7f\n"
    );
    for text in [written.clone(), written.replace("env: null", "env:")] {
        let file = parse(&text).unwrap();
        let cluster = entries(&file.clusters).next().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("https://10.0.0.1:6443"));
        assert_eq!(cluster.certificate_authority_data, Some(data.clone()));
        assert_eq!(file.current_context.as_deref(), Some(""));
        let users: Vec<_> = entries(&file.users).collect();
        let exec = users[0].exec.as_ref().unwrap();
        let args = exec.args.iter().flatten().flatten();
        assert!(args.eq(["get-token", "--login", "--region", "eu:1"]));
        assert!(exec.env.is_none());
        assert_eq!(
            exec.install_hint.as_deref(),
            Some("Install it (login's) with https://a.test/it#how, and so on")
        );
        assert_eq!(users[1].token.as_deref(), Some("8s7f"));
    }
}

#[test]
fn parse_with_repeated_key_uses_last_value() {
    let file = parse("current-context: first\ncurrent-context: second\n").unwrap();
    assert_eq!(file.current_context.as_deref(), Some("second"));
}

#[test]
fn parse_with_odd_trailing_byte_of_utf16_fails() {
    for (mark, bytes) in [
        ([0xff, 0xfe], u16::to_le_bytes as fn(u16) -> [u8; 2]),
        ([0xfe, 0xff], u16::to_be_bytes),
    ] {
        let mut wide: Vec<u8> = mark
            .into_iter()
            .chain(PLAIN.encode_utf16().flat_map(bytes))
            .collect();
        assert_eq!(token(&File::parse(&wide).unwrap()), Some("t"));
        wide.push(b'\n');
        assert_eq!(File::parse(&wide).err(), Some(ParseError::IncompleteUtf16));
    }
    assert_eq!(
        ParseError::IncompleteUtf16.to_string(),
        "yaml: incomplete UTF-16 character"
    );
}
