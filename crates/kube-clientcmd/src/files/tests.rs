//! Tests finding and merging kubeconfig files.

use std::fs;

use super::*;

fn load(list: &str) -> Result<Merged, String> {
    Merged::load(
        &ConnectionOptions::default(),
        &Environment::of(&[("KUBECONFIG", list), ("HOME", "/nonexistent")]),
    )
    .map_err(|error| error.to_string())
}

#[test]
fn load_with_several_files_uses_first_entry_and_skips_missing_files() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(
        at("a"),
        "current-context: ''\nusers:\n- name: u\n  user: {token: first}\nclusters:\n- name: bare\n",
    )
    .unwrap();
    fs::write(
        at("b"),
        "current-context: x\nusers:\n- name: u\n  user: {token: second, tokenFile: f}\n- name: v\n  user: {tokenFile: ../t/./f}\n",
    )
    .unwrap();
    let list = format!(
        "/nope:{}::{}:{}",
        at("a").display(),
        at("b").display(),
        at("a").display()
    );
    let merged = load(&list).unwrap();
    assert_eq!(merged.current_context(), "x");
    let (first, file) = merged.user("u").unwrap();
    assert_eq!(first.token.as_deref(), Some("first"));
    assert_eq!(first.token_file, None, "an entry is taken whole");
    assert_eq!(file, at("a"));
    let resolved = directory.path().parent().unwrap().join("t/f");
    let (second, _) = merged.user("v").unwrap();
    assert_eq!(second.token_file.as_deref(), resolved.to_str());
    assert!(merged.cluster("bare").is_some());
    assert!(merged.cluster("other").is_none());
    assert_eq!(merged.names()[2], ["u", "v"]);
}

#[test]
fn load_with_kubeconfig_flag_requires_that_file_and_reads_no_other() {
    let options = |path: &str| ConnectionOptions {
        kubeconfig: Some(path.into()),
        ..Default::default()
    };
    let environment = Environment::of(&[("KUBECONFIG", "/")]);
    assert_eq!(
        Merged::load(&options("/nope/config"), &environment)
            .err()
            .map(|error| error.to_string())
            .as_deref(),
        Some("stat /nope/config: no such file or directory")
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    fs::write(&path, "users: [secret\n").unwrap();
    let error = Merged::load(&options(path.to_str().unwrap()), &environment)
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "error loading config file \"{}\": yaml: line 1: not valid YAML",
            path.display()
        )
    );
}

#[test]
fn load_with_several_unreadable_files_returns_one_line_per_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display();
    assert_eq!(
        load(&format!("{path}:{path}/.")).err().unwrap(),
        format!(
            "error loading config file \"{path}\": read {path}: is a directory\nerror loading config file \"{path}/.\": read {path}/.: is a directory"
        )
    );
}

#[test]
fn user_with_command_without_slash_keeps_it_relative() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    fs::write(
        &path,
        "users:\n- name: a\n  user: {exec: {command: ./bin/login}}\n- name: b\n  user: {exec: {command: login}}\n",
    )
    .unwrap();
    let merged = load(path.to_str().unwrap()).unwrap();
    let command = |user: &str| {
        let (user, _) = merged.user(user).unwrap();
        user.exec.unwrap().command.unwrap()
    };
    assert_eq!(
        command("a"),
        directory.path().join("bin/login").to_str().unwrap()
    );
    assert_eq!(command("b"), "login");
}
