//! What real kubectl 1.37.2 said of the same flags and shorthands of its own (`kubectl create secret docker-registry …`).

use clap::{Arg, ArgAction};

use super::*;

fn root() -> Command {
    let text = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Set);
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let list = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    let bare = text("dry-run").num_args(0..=1).require_equals(true);
    let create = Command::new("create")
        .arg(text("namespace").short('n').value_name("NAMESPACE"))
        .arg(text("output").short('o'))
        .arg(switch("attach"))
        .arg(switch("quiet").short('q'))
        .arg(list("registry").alias("docker-server"))
        .arg(text("timeout").value_name("DURATION"))
        .arg(bare.default_missing_value("client"))
        .arg(Arg::new("name").num_args(0..));
    let level = text("v").short('v').value_name("LEVEL").global(true);
    Command::new("root")
        .disable_help_flag(true)
        .arg(level)
        .arg(text("context").global(true))
        .subcommand(create)
}

fn argv(line: &str) -> Vec<OsString> {
    line.split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| OsString::from(if word == "''" { "" } else { word }))
        .collect()
}

/// What clap would get, as one line.
fn read(line: &str) -> String {
    let root = root();
    match ParsedLine::read(&root, &argv(line)) {
        Ok(line) => line
            .for_clap("x".into())
            .iter()
            .skip(1)
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "),
        Err(parse_error) => panic!("{line}: {}", parse_error.message),
    }
}

fn parse_error(line: &str) -> (usize, String) {
    let root = root();
    match ParsedLine::read(&root, &argv(line)) {
        Ok(_) => panic!("{line} was understood"),
        Err(parse_error) => (parse_error.path.len(), parse_error.message),
    }
}

#[test]
fn a_flag_takes_its_value_in_every_way_of_pflag() {
    for line in [
        "create --namespace=foo",
        "create --namespace foo",
        "create -n foo",
        "create -n=foo",
        "create -nfoo",
        "-n foo create",
        "--namespace foo create",
        "--namespace=foo create",
        "create -n bar --namespace foo",
    ] {
        assert_eq!(read(line), "create --namespace=foo --", "{line}");
    }
    assert_eq!(read("create -n -o"), "create --namespace=-o --");
    assert_eq!(read("create -n="), "create --namespace== --");
    assert_eq!(read("create --namespace="), "create --namespace= --");
    assert_eq!(read("create --namespace ''"), "create --namespace= --");
    assert_eq!(
        read("create --namespace --attach"),
        "create --namespace=--attach --"
    );
    assert_eq!(read("create --dry_run=x"), "create --dry-run=x --");
}

#[test]
fn the_last_wins_but_lists_grow() {
    assert_eq!(read("create --attach --attach=false"), "create --");
    assert_eq!(read("create --attach=F --attach"), "create --attach --");
    assert_eq!(
        read("create --registry a --docker-server b"),
        "create --registry=a --registry=b --"
    );
}

#[test]
fn letters_may_stand_together() {
    assert_eq!(read("create -qnfoo"), "create --quiet --namespace=foo --");
    assert_eq!(read("create -qo json"), "create --quiet --output=json --");
}

#[test]
fn words_may_stand_anywhere_and_all_behind_the_dashes_are_words() {
    assert_eq!(
        read("create a -q b -- -n --"),
        "create --quiet -- a b -n --"
    );
    assert_eq!(read("create - --dry-run x"), "create --dry-run -- - x");
}

#[test]
fn the_first_word_is_the_command_and_a_value_is_no_word() {
    assert_eq!(read("--context create"), "--context=create --");
    assert_eq!(
        read("--context=c -v 3 create x"),
        "create --context=c --v=3 -- x"
    );
    assert_eq!(read("bogus create"), "-- bogus create");
}

#[test]
fn what_is_wrong_is_said_in_pflags_words() {
    for (line, message) in [
        ("create --nope", "unknown flag: --nope"),
        ("create --nope=x", "unknown flag: --nope"),
        ("create -x", "unknown shorthand flag: 'x' in -x"),
        ("create -xyz", "unknown shorthand flag: 'x' in -xyz"),
        ("create -qx=1", "unknown shorthand flag: 'x' in -x=1"),
        ("create --registry", "flag needs an argument: --registry"),
        ("create -o", "flag needs an argument: 'o' in -o"),
        ("create --=x", "bad flag syntax: --=x"),
        ("create ---x", "bad flag syntax: ---x"),
        (
            "create -vx",
            r#"invalid argument "x" for "-v, --v" flag: strconv.ParseInt: parsing "x": invalid syntax"#,
        ),
        (
            "create --v=99999999999",
            r#"invalid argument "99999999999" for "-v, --v" flag: strconv.ParseInt: parsing "99999999999": value out of range"#,
        ),
        (
            "create --attach=maybe",
            r#"invalid argument "maybe" for "--attach" flag: strconv.ParseBool: parsing "maybe": invalid syntax"#,
        ),
        (
            "create --timeout=x",
            r#"invalid argument "x" for "--timeout" flag: time: invalid duration "x""#,
        ),
        (
            "create --help=x",
            r#"invalid argument "x" for "-h, --help" flag: strconv.ParseBool: parsing "x": invalid syntax"#,
        ),
    ] {
        assert_eq!(parse_error(line), (2, message.to_owned()), "{line}");
    }
    assert_eq!(
        parse_error("--nope create"),
        (1, "unknown flag: --nope".to_owned())
    );
}

#[test]
fn help_is_asked_for_only_where_all_flags_are_right() {
    let root = root();
    let help = |line: &str| ParsedLine::read(&root, &argv(line)).is_ok_and(|line| line.help);
    assert!(help("create -h"));
    assert!(help("--help create"));
    assert!(!help("create --help --help=false"));
    assert!(!help("create --help --nope"));
    assert!(!help("create -- --help"));
}

#[cfg(unix)]
#[test]
fn a_file_name_need_not_be_text() {
    let root = root();
    let argv = [
        OsString::from("create"),
        from_bytes(b"--output=\xff"),
        from_bytes(b"\xfe"),
    ];
    let line = ParsedLine::read(&root, &argv).ok().unwrap();
    assert_eq!(
        line.for_clap("x".into())[2..],
        [
            from_bytes(b"--output=\xff"),
            "--".into(),
            from_bytes(b"\xfe")
        ]
    );
}
