//! Help, as texts kept in files (`tests/gcr_secret/help`) and in its likeness to kubectl's own.

use gcr_test_support::Session;
use gcr_test_support::snapshot::assert_snapshot;

fn said(words: &[&str]) -> String {
    let session = Session::without_cluster();
    let output = session.kubectl(words).run().success();
    assert_eq!(output.stderr, "", "{output}");
    output.stdout
}

#[test]
fn help_is_what_was_reviewed() {
    for (name, words) in [
        ("gcr-secret", &["gcr-secret", "--help"][..]),
        ("create", &["gcr-secret", "create", "--help"]),
        ("completion", &["gcr-secret", "completion", "--help"]),
        ("version", &["gcr-secret", "version", "--help"]),
        ("options", &["gcr-secret", "options"]),
    ] {
        let path = format!("tests/gcr_secret/help/{name}.txt");
        assert_snapshot(&path, &said(words));
    }
}

#[test]
fn every_way_to_ask_for_help_gives_the_same() {
    let create = said(&["gcr-secret", "create", "--help"]);
    for words in [
        &["gcr-secret", "create", "-h"][..],
        &["gcr-secret", "--help", "create"],
        &["gcr-secret", "help", "create"],
        &["gcr-secret", "create", "--help", "--key-file", "nope"],
    ] {
        assert_eq!(said(words), create);
    }
    assert_eq!(said(&["gcr-secret", "help"]), said(&["gcr-secret", "-h"]));
    assert_eq!(
        said(&["gcr-secret", "options", "--help"]),
        said(&["gcr-secret", "options"])
    );
}

#[test]
fn without_a_command_help_goes_to_standard_error() {
    let session = Session::without_cluster();
    let ours = session.kubectl(["gcr-secret"]).run().exits(1);
    assert_eq!(ours.stdout, "");
    assert_eq!(ours.stderr, said(&["gcr-secret", "--help"]));
    // As kubectl's own groups do.
    let kubectls = session.kubectl(["create", "secret"]).run().exits(1);
    assert_eq!(kubectls.stdout, "");
}

/// What is left of help when the words are taken out: indents, quotes, empty lines, the names of sections.
fn skeleton(help: &str) -> Vec<String> {
    let mut lines: Vec<String> = help.lines().map(kind_of_line).collect();
    lines.dedup();
    lines
}

fn kind_of_line(line: &str) -> String {
    let sections = ["Examples:", "Options:", "Usage:", "Available Commands:"];
    let kind = match line {
        "" => "",
        "  " => "  ",
        _ if sections.contains(&line) => line,
        _ if line.starts_with("Use \"") => "Use …",
        _ if line.starts_with("\t") => "\ttext",
        _ if line.starts_with("    -") && line.ends_with("':") => "    flag='…':",
        _ if line.starts_with("    -") && line.ends_with(':') => "    flag=…:",
        _ if line.starts_with("  # ") => "  # Comment",
        _ if line.starts_with("  kubectl ") => "  command",
        _ if line.starts_with("  ") => "  other",
        _ => "text",
    };
    kind.to_owned()
}

#[test]
fn help_is_laid_out_as_kubectls_own() {
    let ours = said(&["gcr-secret", "create", "--help"]);
    let kubectls = said(&["create", "secret", "docker-registry", "--help"]);
    let parts = |help: &str| -> Vec<Vec<String>> {
        let (text, rest) = help.split_once("\nExamples:\n").unwrap();
        let (examples, rest) = rest.split_once("\nOptions:\n").unwrap();
        let (options, rest) = rest.split_once("\nUsage:\n").unwrap();
        assert!(text.ends_with('\n') && !text.starts_with('\n'), "{text}");
        let mut kinds = skeleton(options);
        kinds.sort();
        kinds.dedup();
        let mut of_examples = skeleton(&examples.replace("  gcloud ", "  kubectl "));
        of_examples.truncate(5);
        vec![of_examples, kinds, skeleton(rest)]
    };
    assert_eq!(parts(&ours), parts(&kubectls));
}

#[test]
fn flags_that_kubectl_has_too_have_kubectls_texts() {
    let flags = |help: &str| -> Vec<(String, String)> {
        let lines: Vec<_> = help.lines().collect();
        lines
            .windows(2)
            .filter(|pair| pair[0].starts_with("    -") && pair[1].starts_with('\t'))
            .map(|pair| (pair[0].trim().to_owned(), pair[1].trim().to_owned()))
            .collect()
    };
    let kubectls = flags(&said(&["options"]));
    // A default of ours, and levels of ours.
    let own = ["--request-timeout='35s':", "-v, --v=0:"];
    for flag in flags(&said(&["gcr-secret", "options"])) {
        if !own.contains(&flag.0.as_str()) {
            assert!(kubectls.contains(&flag), "{flag:?}");
        }
    }
    let kubectls = flags(&said(&["create", "secret", "docker-registry", "--help"]));
    let ours = flags(&said(&["gcr-secret", "create", "--help"]));
    for name in ["--dry-run='none':", "--show-managed-fields=false:"] {
        let of = |flags: &[(String, String)]| flags.iter().find(|flag| flag.0 == name).cloned();
        assert_eq!(of(&ours), of(&kubectls));
    }
}

#[test]
fn the_options_are_in_alphabetical_order() {
    for words in [
        &["gcr-secret", "create", "--help"][..],
        &["gcr-secret", "options"],
    ] {
        let help = said(words);
        let flags: Vec<_> = help
            .lines()
            .filter(|line| line.starts_with("    -"))
            .filter_map(|line| line.split("--").nth(1)?.split('=').next())
            .collect();
        assert!(flags.is_sorted(), "{flags:?}");
        assert!(flags.len() > 10);
    }
}

#[test]
fn a_file_called_by_its_cargo_name_speaks_of_that() {
    let session = Session::without_cluster();
    let dashed = session.bin().join("kubectl-gcr-secret");
    std::fs::hard_link(session.bin().join("kubectl-gcr_secret"), dashed).unwrap();
    let output = session
        .program("kubectl-gcr-secret")
        .args(["create", "--help"])
        .run()
        .success();
    assert!(!output.stdout.contains("kubectl gcr-"), "{output}");
    assert!(
        output
            .stdout
            .contains("\n  kubectl-gcr-secret create --key-file key.json\n")
    );
}

#[test]
fn the_version_is_printed_as_kubectl_prints_its_own() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        said(&["gcr-secret", "version"]),
        format!("Client Version: v{version}\n")
    );
    let json: serde_json::Value =
        serde_json::from_str(&said(&["gcr-secret", "version", "-o", "json"])).unwrap();
    assert_eq!(json["clientVersion"]["gitVersion"], format!("v{version}"));
    let yaml = said(&["gcr-secret", "version", "-oyaml"]);
    assert!(yaml.starts_with("clientVersion:\n  "), "{yaml}");
    let session = Session::without_cluster();
    let ours = session.kubectl(["gcr-secret", "version", "-o", "x"]).run();
    let kubectls = session.kubectl(["version", "-o", "x"]).run();
    assert_eq!((ours.code, ours.stderr), (kubectls.code, kubectls.stderr));
}

#[test]
fn every_command_takes_a_namespace_as_kubectls_do() {
    for words in [
        &[][..],
        &["version"],
        &["options"],
        &["help"],
        &["completion"],
    ] {
        let typed = |more: &[&str]| {
            let session = Session::without_cluster();
            let ours = session.kubectl(["gcr-secret"]).args(words).args(more).run();
            (ours.code, ours.stdout, ours.stderr)
        };
        let without = typed(&[]);
        for flag in [&["-n", "team"][..], &["--namespace=team"]] {
            assert_eq!(typed(flag), without, "{words:?} {flag:?}");
        }
    }
    let session = Session::without_cluster();
    let before = session.kubectl(["gcr-secret", "-n", "team", "version"]);
    assert!(before.run().success().stdout.starts_with("Client Version"));
    let kubectls = session.kubectl(["version", "--client", "-n", "team"]);
    assert_eq!(kubectls.run().success().stderr, "");
}

/// Each line typed to kubectl's own command and to ours: the same words, but for the command's name, and that ours works
/// without a NAME.
#[test]
fn usage_errors_are_worded_as_kubectls() {
    let session = Session::without_cluster();
    for words in [
        "--nope",
        "--nope=x",
        "-x",
        "-xyz",
        "-xo=json",
        "--=x",
        "---x",
        "-o",
        "-n",
        "--output",
        "--v=x",
        "-vx",
        "--v=99999999999",
        "--show-managed-fields=maybe",
        "--help=x",
        "-h=x",
        "--help --nope",
        "a b",
        "a b c",
        "-o json --dry-run client -n",
    ] {
        let words: Vec<_> = words.split(' ').collect();
        let ours = session.kubectl(["gcr-secret", "create"]).args(&words).run();
        let kubectls = session
            .kubectl(["create", "secret", "docker-registry"])
            .args(&words)
            .run();
        let expected = kubectls
            .stderr
            .replace("create secret docker-registry", "gcr-secret create")
            .replace(
                "exactly one NAME is required",
                "at most one NAME may be given",
            );
        assert_eq!((ours.code, &ours.stderr), (Some(1), &expected), "{words:?}");
        assert_eq!(ours.stdout, "");
    }
    for (ours, kubectls) in [
        ("gcr-secret bogus", "config bogus"),
        ("gcr-secret bogus x", "config bogus x"),
        ("gcr-secret --nope", "config --nope"),
        ("gcr-secret options --nope", "options --nope"),
        ("gcr-secret version x", "version x"),
        ("gcr-secret version --nope", "version --nope"),
        ("gcr-secret completion bogus", "completion bogus"),
        ("gcr-secret completion bash zsh", "completion bash zsh"),
    ] {
        let run = |line: &str| session.kubectl(line.split(' ')).run();
        let (group, _) = kubectls.split_once(' ').unwrap();
        let command = ours.split(' ').take(if group == "config" { 1 } else { 2 });
        let command = command.collect::<Vec<_>>().join(" ");
        let expected = run(kubectls)
            .stderr
            .replace(&format!("kubectl {group}"), &format!("kubectl {command}"));
        let output = run(ours);
        assert_eq!((output.code, output.stderr), (Some(1), expected), "{ours}");
    }
}
