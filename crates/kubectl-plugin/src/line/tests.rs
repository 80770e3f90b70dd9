//! Compares the parser with expectations recorded from kubectl 1.37.2 for flags and shorthands of the same types
//! (`kubectl create secret docker-registry …`).

use clap::{Arg, ArgAction};

use super::*;

fn root() -> Command {
    let text = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Set);
    let boolean = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let list = |name: &'static str| Arg::new(name).long(name).action(ArgAction::Append);
    let dry_run = text("dry-run").num_args(0..=1).require_equals(true);
    let create = Command::new("create")
        .arg(text("namespace").short('n').value_name("NAMESPACE"))
        .arg(text("output").short('o'))
        .arg(boolean("attach"))
        .arg(boolean("quiet").short('q'))
        .arg(list("registry").alias("docker-server"))
        .arg(text("timeout").value_name("DURATION"))
        .arg(dry_run.default_missing_value("client"))
        .arg(Arg::new("name").num_args(0..));
    let verbosity = text("v").short('v').value_name("LEVEL").global(true);
    Command::new("root")
        .disable_help_flag(true)
        .arg(verbosity)
        .arg(text("context").global(true))
        .subcommand(create)
}

fn argv(line: &str) -> Vec<OsString> {
    line.split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| OsString::from(if word == "''" { "" } else { word }))
        .collect()
}

/// Returns the arguments for clap, joined by spaces.
fn parse(line: &str) -> String {
    let root = root();
    match ParsedLine::parse(&root, &argv(line)) {
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
    match ParsedLine::parse(&root, &argv(line)) {
        Ok(_) => panic!("{line}: expected an error"),
        Err(parse_error) => (parse_error.path.len(), parse_error.message),
    }
}

#[test]
fn flag_value_in_every_pflag_form_is_parsed() {
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
        assert_eq!(parse(line), "create --namespace=foo --", "{line}");
    }
    assert_eq!(parse("create -n -o"), "create --namespace=-o --");
    assert_eq!(parse("create -n="), "create --namespace== --");
    assert_eq!(parse("create --namespace="), "create --namespace= --");
    assert_eq!(parse("create --namespace ''"), "create --namespace= --");
    assert_eq!(
        parse("create --namespace --attach"),
        "create --namespace=--attach --"
    );
    assert_eq!(parse("create --dry_run=x"), "create --dry-run=x --");
}

#[test]
fn repeated_flag_keeps_last_value_and_lists_append() {
    assert_eq!(parse("create --attach --attach=false"), "create --");
    assert_eq!(parse("create --attach=F --attach"), "create --attach --");
    assert_eq!(
        parse("create --registry a --docker-server b"),
        "create --registry=a --registry=b --"
    );
}

#[test]
fn combined_shorthands_are_parsed() {
    assert_eq!(parse("create -qnfoo"), "create --quiet --namespace=foo --");
    assert_eq!(parse("create -qo json"), "create --quiet --output=json --");
}

#[test]
fn positionals_between_flags_and_after_separator_are_kept() {
    assert_eq!(
        parse("create a -q b -- -n --"),
        "create --quiet -- a b -n --"
    );
    assert_eq!(parse("create - --dry-run x"), "create --dry-run -- - x");
}

#[test]
fn command_is_the_first_positional_and_not_a_flag_value() {
    assert_eq!(parse("--context create"), "--context=create --");
    assert_eq!(
        parse("--context=c -v 3 create x"),
        "create --context=c --v=3 -- x"
    );
    assert_eq!(parse("bogus create"), "-- bogus create");
}

#[test]
fn invalid_line_fails_with_pflag_message() {
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
fn help_flag_with_invalid_flags_is_not_honored() {
    let root = root();
    let help = |line: &str| ParsedLine::parse(&root, &argv(line)).is_ok_and(|line| line.help);
    assert!(help("create -h"));
    assert!(help("--help create"));
    assert!(!help("create --help --help=false"));
    assert!(!help("create --help --nope"));
    assert!(!help("create -- --help"));
}

#[cfg(unix)]
#[test]
fn non_utf8_arguments_are_kept() {
    let root = root();
    let argv = [
        OsString::from("create"),
        from_bytes(b"--output=\xff"),
        from_bytes(b"\xfe"),
    ];
    let line = ParsedLine::parse(&root, &argv).ok().unwrap();
    assert_eq!(
        line.for_clap("x".into())[2..],
        [
            from_bytes(b"--output=\xff"),
            "--".into(),
            from_bytes(b"\xfe")
        ]
    );
}
