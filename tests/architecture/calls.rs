//! Checks which files write to a cluster, use clap or start a runtime. clippy checks which files use the terminal, read the
//! environment or end the process (`disallowed-methods` in clippy.toml): it resolves paths, where these rules match text.

use crate::assert_no_violations;
use crate::source::Source;

/// A list of code fragments that only certain files are allowed to contain. A path that ends in `/` covers all files
/// below it.
struct Rule {
    fragments: &'static [&'static str],
    allowed_in: &'static [&'static str],
    reason: &'static str,
}

const SHIPPED: [Rule; 7] = [
    Rule {
        fragments: &[".apply_secret("],
        // `observe` applies a Secret as a server-side dry run if reading it is forbidden.
        allowed_in: &[
            "crates/gcr-core/src/resources/secret/apply.rs",
            "crates/gcr-core/src/resources/secret/observe.rs",
        ],
        reason: "only the execution of a resource writes to a cluster",
    },
    Rule {
        fragments: &[".remove_stale_annotation("],
        allowed_in: &["crates/gcr-core/src/resources/secret/previous_key.rs"],
        reason: "only the execution of a resource writes to a cluster",
    },
    Rule {
        fragments: &[
            ".patch_account(",
            ".delete_secret(",
            ".remove_secret_annotation(",
        ],
        allowed_in: &[
            "crates/gcr-core/src/resources/secret/apply.rs",
            "crates/gcr-core/src/resources/secret/replace.rs",
            "crates/gcr-core/src/resources/secret_deletion/late_references.rs",
            "crates/gcr-core/src/resources/secret_deletion/resource.rs",
            "crates/gcr-core/src/resources/service_account/patch.rs",
        ],
        reason: "only the execution of a resource writes to a cluster",
    },
    Rule {
        fragments: &["cluster.send(", "ApiRequest {"],
        allowed_in: &["crates/gcr-core/src/kubernetes/"],
        reason: "only kubernetes creates and sends requests",
    },
    Rule {
        fragments: &["client.send(", "Api::"],
        allowed_in: &["crates/gcr-core/src/kubernetes/attempt_layer.rs"],
        reason: "all requests go through the layers of the client",
    },
    Rule {
        fragments: &["clap::", "clap_"],
        allowed_in: &[
            "crates/gcr-core/src/args/",
            "plugins/kubectl-gcr-patch-sa/src/cli.rs",
            // Passes the flags that both plugins have to the other.
            "plugins/kubectl-gcr-patch-sa/src/verification.rs",
            "plugins/kubectl-gcr-secret/src/cli.rs",
            // The flags of a command are defined next to it.
            "plugins/kubectl-gcr-secret/src/create.rs",
            "plugins/kubectl-gcr-secret/src/delete.rs",
            "plugins/kubectl-gcr-secret/src/describe.rs",
            "plugins/kubectl-gcr-secret/src/docker_login.rs",
            "plugins/kubectl-gcr-secret/src/doctor.rs",
            "plugins/kubectl-gcr-secret/src/google_args.rs",
            "plugins/kubectl-gcr-secret/src/setup.rs",
            "plugins/kubectl-gcr-secret/src/refresh.rs",
            "plugins/kubectl-gcr-secret/src/rotate.rs",
            "plugins/kubectl-gcr-secret/src/list.rs",
            "plugins/kubectl-gcr-secret/src/verify.rs",
            "plugins/kubectl-gcr-secret/src/rbac.rs",
            "plugins/kubectl-gcr-secret/src/rbac/",
        ],
        reason: "only the command-line layer uses clap",
    },
    Rule {
        fragments: &["runtime::Builder", "Runtime::new", "tokio::main"],
        // One for a run and one for completion; a process never creates both.
        allowed_in: &[
            "crates/gcr-core/src/commands/session.rs",
            "crates/gcr-core/src/completion.rs",
        ],
        reason: "a process creates one runtime, at its entry point",
    },
];

const ALL_FILES: [Rule; 1] = [Rule {
    // clippy finds `#[allow(`, but not the inner attribute.
    fragments: &["#![allow("],
    allowed_in: &[],
    reason: "use #[expect] with a reason",
}];

fn covers(path: &str, source: &Source) -> bool {
    source.path == path || (path.ends_with('/') && source.path.starts_with(path))
}

impl Rule {
    fn violations_in(&self, source: &Source) -> Vec<String> {
        if !source.is_rust() || self.allowed_in.iter().any(|path| covers(path, source)) {
            return Vec::new();
        }
        let hits = self.fragments.iter().flat_map(|fragment| {
            let lines = source.lines_with(fragment);
            lines
                .into_iter()
                .map(move |at| format!("{at}: {fragment}: {}", self.reason))
        });
        hits.collect()
    }
}

#[test]
fn side_effects_occur_only_in_allowed_files() {
    let sources = Source::shipped();
    assert_no_violations(
        SHIPPED
            .iter()
            .flat_map(|rule| sources.iter().flat_map(|it| rule.violations_in(it)))
            .collect(),
    );
    let sources = Source::all();
    assert_no_violations(
        ALL_FILES
            .iter()
            .flat_map(|rule| sources.iter().flat_map(|it| rule.violations_in(it)))
            .collect(),
    );
}

#[test]
fn every_exception_is_used() {
    let sources = Source::all();
    let mut stale = Vec::new();
    for rule in SHIPPED.iter().chain(&ALL_FILES) {
        for path in rule.allowed_in {
            let covered = sources.iter().filter(|source| covers(path, source));
            let used = covered
                .flat_map(|it| {
                    rule.fragments
                        .iter()
                        .flat_map(|fragment| it.lines_with(fragment))
                })
                .next();
            if used.is_none() {
                stale.push(format!("{path} is a stale exception from: {}", rule.reason));
            }
        }
    }
    assert_no_violations(stale);
}

#[test]
fn every_fragment_outside_its_files_is_reported() {
    for rule in SHIPPED.iter().chain(&ALL_FILES) {
        for fragment in rule.fragments {
            let text = format!("fn f() {{\n    x{fragment}1);\n}}\n");
            let source = Source::new("crates/gcr-core/src/domain/mod.rs", &text);
            assert!(!rule.violations_in(&source).is_empty(), "{fragment}");
            for path in rule.allowed_in {
                let allowed_path = path
                    .strip_suffix('/')
                    .map_or((*path).to_owned(), |path| format!("{path}/x.rs"));
                assert!(
                    rule.violations_in(&Source::new(&allowed_path, &text))
                        .is_empty(),
                    "{allowed_path}: {fragment}"
                );
            }
            let quoted = Source::new(
                "crates/gcr-core/src/domain/mod.rs",
                &format!("// {fragment}\n"),
            );
            assert!(rule.violations_in(&quoted).is_empty(), "{fragment}");
        }
    }
}
