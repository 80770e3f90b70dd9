//! Runs the example program as a user and as kubectl does.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the example, which `cargo test` builds next to the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let directory = test
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests into deps");
    let program = directory
        .join("examples/hello")
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        program.exists(),
        "{} is missing: run cargo build -p kubectl-plugin --example hello",
        program.display()
    );
    program
}

/// Runs a program without environment variables. Returns its exit code, standard output and standard error.
fn run(program: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(program)
        .args(args)
        .env_clear()
        .output()
        .expect("the example starts");
    let text = |bytes| String::from_utf8(bytes).expect("the output is UTF-8");
    (
        output.status.code().expect("the example exits"),
        text(output.stdout),
        text(output.stderr),
    )
}

fn hello(args: &[&str]) -> (i32, String, String) {
    run(&program(), args)
}

/// Returns a directory with a kubeconfig of two contexts, and the flag that selects it.
fn kubeconfig() -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().expect("a directory can be created");
    let file = directory.path().join("config");
    let text = "
current-context: prod
contexts:
- {name: prod, context: {cluster: prod, user: ada}}
- {name: staging, context: {cluster: staging, user: ada}}
clusters:
- {name: prod, cluster: {server: 'https://prod.example:6443'}}
- {name: staging, cluster: {server: 'https://staging.example'}}
users:
- {name: ada, user: {token: x}}
";
    fs::write(&file, text).expect("a file can be written");
    let flag = format!("--kubeconfig={}", file.display());
    (directory, flag)
}

fn printed(text: &str) -> (i32, String, String) {
    (0, text.to_owned(), String::new())
}

fn failed(text: &str) -> (i32, String, String) {
    (1, String::new(), text.to_owned())
}

#[test]
fn program_greets_the_server_of_the_context() {
    let (_directory, kubeconfig) = kubeconfig();
    assert_eq!(hello(&[&kubeconfig]), printed("hello, prod.example:6443\n"));
    assert_eq!(
        hello(&[&kubeconfig, "--word", "hi", "--context=staging"]),
        printed("hi, staging.example\n")
    );
    assert_eq!(
        hello(&[&kubeconfig, "--context=test"]),
        failed("error: context \"test\" does not exist\n")
    );
}

#[test]
fn help_has_kubectls_layout() {
    let (code, help, errors) = hello(&["--help"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let start = "\
Greet a server

Examples:
  # Greet the server of a context
  kubectl hello --context prod

Options:
    --word='hello':
\tWord to greet with

Connection Options:
    --as='':
\tUsername to impersonate for the operation. User could be a regular user or a service account in a namespace.

";
    assert!(help.starts_with(start), "{help}");
    assert!(
        help.ends_with("\n\nUsage:\n  kubectl hello [options]\n"),
        "{help}"
    );
}

#[test]
fn usage_error_has_pflags_message() {
    assert_eq!(
        hello(&["--contxt", "prod"]),
        failed("error: unknown flag: --contxt\nSee 'kubectl hello --help' for usage.\n")
    );
    assert_eq!(
        hello(&["-v=high"]),
        failed(
            "error: invalid argument \"high\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"high\": invalid syntax\n\
             See 'kubectl hello --help' for usage.\n"
        )
    );
    assert_eq!(
        hello(&["a", "b"]),
        failed("error: extra arguments: [a b]\n")
    );
}

#[test]
fn completion_request_returns_candidates_and_directive() {
    let (_directory, kubeconfig) = kubeconfig();
    assert_eq!(
        hello(&["__complete", "--word", "h"]),
        printed("hello\nhi\n:4\n")
    );
    assert_eq!(
        hello(&["__complete", &kubeconfig, "--context", ""]),
        printed("prod\nstaging\n:4\n")
    );
    assert_eq!(hello(&["__complete", "--kubeconfig", ""]), printed(":0\n"));
}

#[cfg(unix)]
#[test]
fn link_with_completion_name_completes_without_the_command() {
    let (directory, _) = kubeconfig();
    let link = directory.path().join("kubectl_complete-hello");
    std::os::unix::fs::symlink(program(), &link).unwrap();
    assert_eq!(
        run(&link, &["--wo"]),
        printed("--word\tWord to greet with\n:4\n")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn help_onto_a_full_disk_is_an_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(program())
        .arg("--help")
        .env_clear()
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: write /dev/stdout: no space left on device\n"
    );
}

#[test]
fn readme_shows_the_example() {
    let read = |file| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let (readme, example) = (read("README.md"), read("examples/hello.rs"));
    let (_header, code) = example.split_once("\n\n").unwrap();
    assert!(readme.contains(&format!("```rust,no_run\n{code}```\n")));
}
