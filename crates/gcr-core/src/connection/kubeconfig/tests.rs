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

fn read(text: &str) -> Result<File, Unreadable> {
    File::read(text.as_bytes())
}

fn token(file: &File) -> Option<&str> {
    entries(&file.users).next()?.token.as_deref()
}

fn trouble(text: &str) -> String {
    read(text).err().expect("should be refused").to_string()
}

#[test]
fn what_kubectl_tolerates_is_read() {
    // Each of these was accepted by kubectl 1.37.2.
    let crlf = PLAIN.replace('\n', "\r\n");
    let marked = format!("\u{feff}{PLAIN}");
    let repeated = format!("current-context: y\n{PLAIN}");
    let second = format!("{PLAIN}---\nfoo: [bar\n");
    let nameless = format!("{PLAIN}- name: c\n");
    let versioned =
        format!("apiVersion: v1\nkind: Config\npreferences: {{}}\nwhatever: 1\n{PLAIN}");
    for text in [
        PLAIN, &crlf, &marked, &repeated, &second, &nameless, &versioned,
    ] {
        let file = read(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(file.current_context.as_deref(), Some("x"), "{text}");
        assert_eq!(token(&file), Some("t"), "{text}");
    }
    for text in [
        "",
        "  \n",
        "# a comment\n",
        "users: null\ncontexts:\nclusters: ~\n",
    ] {
        assert!(
            read(text).is_ok_and(|file| file.users.is_none()),
            "{text:?}"
        );
    }
}

#[test]
fn json_and_anchors_and_utf16_are_read() {
    let json = r#"{"current-context":"x","users":[{"name":"u","user":{"token":"t"}}]}"#;
    assert_eq!(token(&read(json).unwrap()), Some("t"));
    let anchors = "users:\n- name: u\n  user: &one {token: t}\n- name: v\n  user: *one\n";
    let file = read(anchors).unwrap();
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
    assert_eq!(token(&File::read(&wide).unwrap()), Some("t"));
}

#[test]
fn what_kubectl_refuses_is_refused_without_a_word_of_the_file() {
    assert_eq!(trouble("users: [\n"), "yaml: line 1: not valid YAML");
    assert_eq!(
        trouble(&PLAIN.replace("token: t", "token: 123")),
        "yaml: line 10: a value is not of the type that belongs there"
    );
    for text in [
        "hello\n",
        "[]\n",
        &PLAIN.replace("token: t", "username: [secret]"),
    ] {
        assert!(
            trouble(text).contains("not of the type"),
            "{}",
            trouble(text)
        );
    }
    assert_eq!(
        trouble(&format!("kind: Foo\n{PLAIN}")),
        "no kind \"Foo\" is registered for version \"v1\" in a kubeconfig"
    );
    assert_eq!(
        trouble("users:\n- name: u\n- name: u\n"),
        "error converting *[]NamedAuthInfo into *map[string]*api.AuthInfo: duplicate name \"u\" in list"
    );
    assert_eq!(
        trouble(&PLAIN.replace("token: t", "client-certificate-data: \"!!!\"")),
        "illegal base64 data at input byte 0"
    );
    assert_eq!(
        File::read(b"users: \xff\n").err(),
        Some(Unreadable::NotText)
    );
}

#[test]
fn long_data_comes_back_whole_and_look_alikes_stay_what_they_are() {
    let long = "TUlJ".repeat(40);
    let text = format!(
        "users:\n- name: u\n  user:\n    client-certificate-data: {long}\n    client-key-data: {long}==\n"
    );
    // 160 characters and padding that is too much: not base64.
    assert!(read(&text).is_err());
    let text = text.replace("==", "");
    let (short, _) = LongData::set_aside(&text).expect("there is long data");
    assert!(!short.contains(&long));
    let file = read(&text).unwrap();
    let user = entries(&file.users).next().unwrap();
    assert_eq!(user.client_certificate_data.as_deref(), Some(long.as_str()));
    assert_eq!(user.client_key_data.as_deref(), Some(long.as_str()));

    // Inside a block of text the same line is text.
    let block =
        format!("users:\n- name: u\n  user:\n    token: |\n      client-key-data: {long}\n");
    assert_eq!(
        token(&read(&block).unwrap()),
        Some(format!("client-key-data: {long}\n").as_str())
    );
    // And where it goes on in the next line, it is longer.
    let folded = format!("users:\n- name: u\n  user:\n    client-key-data: {long}\n      {long}\n");
    assert!(read(&folded).is_err(), "a space is not base64");
}

#[test]
fn a_file_that_speaks_of_marks_is_read_as_it_is() {
    let long = "TUlJ".repeat(40);
    let text = format!(
        "users:\n- name: u\n  user: {{token: KUBEDATASETASIDE0}}\n- name: v\n  user:\n    client-key-data: {long}\n"
    );
    assert_eq!(token(&read(&text).unwrap()), Some("KUBEDATASETASIDE0"));
}
