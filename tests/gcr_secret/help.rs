//! Help texts, compared with the files in `tests/gcr_secret/help` and with the layout of kubectl's help.

use gcr_test_support::Session;
use gcr_test_support::snapshot::assert_snapshot;

fn help_text(args: &[&str]) -> String {
    let session = Session::without_cluster();
    let output = session.kubectl(args).run().success();
    assert_eq!(output.stderr, "", "{output}");
    output.stdout
}

#[test]
fn help_texts_match_snapshots() {
    for (name, args) in [
        ("gcr-secret", &["gcr-secret", "--help"][..]),
        ("create", &["gcr-secret", "create", "--help"]),
        ("delete", &["gcr-secret", "delete", "--help"]),
        ("describe", &["gcr-secret", "describe", "--help"]),
        ("docker-login", &["gcr-secret", "docker-login", "--help"]),
        ("doctor", &["gcr-secret", "doctor", "--help"]),
        ("list", &["gcr-secret", "list", "--help"]),
        ("refresh", &["gcr-secret", "refresh", "--help"]),
        ("rotate", &["gcr-secret", "rotate", "--help"]),
        ("setup", &["gcr-secret", "setup", "--help"]),
        ("verify", &["gcr-secret", "verify", "--help"]),
        ("completion", &["gcr-secret", "completion", "--help"]),
        ("rbac", &["gcr-secret", "rbac", "--help"]),
        ("version", &["gcr-secret", "version", "--help"]),
        ("options", &["gcr-secret", "options"]),
    ] {
        let path = format!("tests/gcr_secret/help/{name}.txt");
        assert_snapshot(&path, &help_text(args));
    }
}

#[test]
fn all_help_invocations_print_same_text() {
    let create = help_text(&["gcr-secret", "create", "--help"]);
    for args in [
        &["gcr-secret", "create", "-h"][..],
        &["gcr-secret", "--help", "create"],
        &["gcr-secret", "help", "create"],
        &["gcr-secret", "create", "--help", "--key-file", "nope"],
    ] {
        assert_eq!(help_text(args), create);
    }
    assert_eq!(
        help_text(&["gcr-secret", "help"]),
        help_text(&["gcr-secret", "-h"])
    );
    assert_eq!(
        help_text(&["gcr-secret", "options", "--help"]),
        help_text(&["gcr-secret", "options"])
    );
}

#[test]
fn missing_command_prints_help_to_stderr() {
    let session = Session::without_cluster();
    let plugin = session.kubectl(["gcr-secret"]).run().exits(1);
    assert_eq!(plugin.stdout, "");
    assert_eq!(plugin.stderr, help_text(&["gcr-secret", "--help"]));
    // kubectl's own command groups do the same.
    let kubectl_output = session.kubectl(["create", "secret"]).run().exits(1);
    assert_eq!(kubectl_output.stdout, "");
}

/// Reduces a help text to its layout: indentation, quotes, empty lines and section names.
fn layout(help: &str) -> Vec<String> {
    let mut lines: Vec<String> = help.lines().map(line_kind).collect();
    lines.dedup();
    lines
}

fn line_kind(line: &str) -> String {
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
fn help_layout_matches_kubectl() {
    let plugin = help_text(&["gcr-secret", "create", "--help"]);
    let kubectl_output = help_text(&["create", "secret", "docker-registry", "--help"]);
    let parts = |help: &str| -> Vec<Vec<String>> {
        let (text, rest) = help.split_once("\nExamples:\n").unwrap();
        let (examples, rest) = rest.split_once("\nOptions:\n").unwrap();
        let (options, rest) = rest.split_once("\nUsage:\n").unwrap();
        assert!(text.ends_with('\n') && !text.starts_with('\n'), "{text}");
        let mut kinds = layout(options);
        kinds.sort();
        kinds.dedup();
        let mut of_examples = layout(&examples.replace("  gcloud ", "  kubectl "));
        of_examples.truncate(5);
        vec![of_examples, kinds, layout(rest)]
    };
    assert_eq!(parts(&plugin), parts(&kubectl_output));
}

#[test]
fn shared_flags_have_kubectls_texts() {
    let flags = |help: &str| -> Vec<(String, String)> {
        let lines: Vec<_> = help.lines().collect();
        lines
            .windows(2)
            .filter(|pair| pair[0].starts_with("    -") && pair[1].starts_with('\t'))
            .map(|pair| (pair[0].trim().to_owned(), pair[1].trim().to_owned()))
            .collect()
    };
    let kubectl_output = flags(&help_text(&["options"]));
    // The default time limit and the verbosity levels differ from kubectl's.
    let own = ["--request-timeout='35s':", "-v, --v=0:"];
    for flag in flags(&help_text(&["gcr-secret", "options"])) {
        if !own.contains(&flag.0.as_str()) {
            assert!(kubectl_output.contains(&flag), "{flag:?}");
        }
    }
    let kubectl_output = flags(&help_text(&[
        "create",
        "secret",
        "docker-registry",
        "--help",
    ]));
    let plugin = flags(&help_text(&["gcr-secret", "create", "--help"]));
    for name in ["--dry-run='none':", "--show-managed-fields=false:"] {
        let of = |flags: &[(String, String)]| flags.iter().find(|flag| flag.0 == name).cloned();
        assert_eq!(of(&plugin), of(&kubectl_output));
    }
}

#[test]
fn options_are_sorted() {
    for args in [
        &["gcr-secret", "create", "--help"][..],
        &["gcr-secret", "options"],
    ] {
        let help = help_text(args);
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
fn executable_with_dashes_uses_its_file_name() {
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
fn version_output_matches_kubectl() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        help_text(&["gcr-secret", "version"]),
        format!("Client Version: v{version}\n")
    );
    let json: serde_json::Value =
        serde_json::from_str(&help_text(&["gcr-secret", "version", "-o", "json"])).unwrap();
    assert_eq!(json["clientVersion"]["gitVersion"], format!("v{version}"));
    let yaml = help_text(&["gcr-secret", "version", "-oyaml"]);
    assert!(yaml.starts_with("clientVersion:\n  "), "{yaml}");
    let session = Session::without_cluster();
    let plugin = session.kubectl(["gcr-secret", "version", "-o", "x"]).run();
    let kubectl_output = session.kubectl(["version", "-o", "x"]).run();
    assert_eq!(
        (plugin.code, plugin.stderr),
        (kubectl_output.code, kubectl_output.stderr)
    );
}

#[test]
fn every_command_accepts_namespace_flag() {
    for args in [
        &[][..],
        &["version"],
        &["options"],
        &["help"],
        &["completion"],
    ] {
        let typed = |more: &[&str]| {
            let session = Session::without_cluster();
            let plugin = session.kubectl(["gcr-secret"]).args(args).args(more).run();
            (plugin.code, plugin.stdout, plugin.stderr)
        };
        let without = typed(&[]);
        for flag in [&["-n", "team"][..], &["--namespace=team"]] {
            assert_eq!(typed(flag), without, "{args:?} {flag:?}");
        }
    }
    let session = Session::without_cluster();
    let before = session.kubectl(["gcr-secret", "-n", "team", "version"]);
    assert!(before.run().success().stdout.starts_with("Client Version"));
    let kubectl_output = session.kubectl(["version", "--client", "-n", "team"]);
    assert_eq!(kubectl_output.run().success().stderr, "");
}

/// Runs each command line with kubectl's command and with the plugin. The errors differ only in the command's name and in
/// the NAME argument, which is optional for the plugin.
#[test]
fn usage_errors_match_kubectl() {
    let session = Session::without_cluster();
    for args in [
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
        let args: Vec<_> = args.split(' ').collect();
        let plugin = session.kubectl(["gcr-secret", "create"]).args(&args).run();
        let kubectl_output = session
            .kubectl(["create", "secret", "docker-registry"])
            .args(&args)
            .run();
        let expected = kubectl_output
            .stderr
            .replace("create secret docker-registry", "gcr-secret create")
            .replace(
                "exactly one NAME is required",
                "at most one NAME may be given",
            );
        assert_eq!(
            (plugin.code, &plugin.stderr),
            (Some(1), &expected),
            "{args:?}"
        );
        assert_eq!(plugin.stdout, "");
    }
    for (plugin_line, kubectl_line) in [
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
        let (group, _) = kubectl_line.split_once(' ').unwrap();
        let command = plugin_line
            .split(' ')
            .take(if group == "config" { 1 } else { 2 });
        let command = command.collect::<Vec<_>>().join(" ");
        let expected = run(kubectl_line)
            .stderr
            .replace(&format!("kubectl {group}"), &format!("kubectl {command}"));
        let output = run(plugin_line);
        assert_eq!(
            (output.code, output.stderr),
            (Some(1), expected),
            "{plugin_line}"
        );
    }
}
