//! `cargo xtask krew check`: tests the archives and manifests of this checkout with a real krew, kubectl and control
//! plane: installs, runs, upgrades and uninstalls the plugins, from manifest files and through a custom index. Requires
//! `kubectl-krew` on PATH. Uses no network beyond loopback.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{ControlPlane, Error, Options, ReleaseBuild, Result, checkout, keys};

use super::index;
use super::release::{Release, Rendered, command_name, write};
use super::sandbox::Sandbox;
use super::server::Server;
use crate::package::target::Target;
use crate::package::{TAG, archives};
use crate::step::step;

/// Version that is upgraded from. It contains the same build, because krew compares only version numbers.
const OLDER: &str = "v0.0.1";

/// Runs the check.
pub(super) fn run() -> Result<()> {
    let krew = krew_on_path()?;
    let dist = ScratchDir::new("dist")?;
    step("archives of this version and an older one", || {
        let (root, host) = (checkout::root(), Target::host()?);
        let build = ReleaseBuild::here().quietly();
        for tag in [OLDER, TAG] {
            archives(&root, &build, &host, tag, dist.path())?;
        }
        Ok(())
    })?;
    let plane = step("control plane", || {
        ControlPlane::start(Options::new().throwaway())
    })?;
    let sandbox = Sandbox::new(&krew, plane.kubeconfig())?;
    fs::write(sandbox.work().join("key.json"), keys::KEY)
        .map_err(|error| Error::during("key.json", error))?;
    print!("{}", sandbox.run("kubectl krew version | grep GitTag")?);
    check_manifests(&sandbox, dist.path())?;
    check_index(&sandbox, dist.path())
}

fn krew_on_path() -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|directory| directory.join("kubectl-krew"))
        .find(|file| file.is_file());
    found.ok_or_else(|| {
        Error::new("kubectl-krew is not on PATH; get it from https://krew.sigs.k8s.io/docs/user-guide/setup/install/")
    })
}

/// Tests `krew install --manifest --archive`, which needs no index and no network. krew does not upgrade plugins that
/// were installed this way, so the older version is uninstalled before the newer one is installed.
fn check_manifests(sandbox: &Sandbox, dist: &Path) -> Result<()> {
    for (tag, namespace) in [(OLDER, "manifest-older"), (TAG, "manifest")] {
        let release = Release {
            tag,
            archives: dist.to_owned(),
            base_url: None,
        };
        let rendered = release.render()?;
        let manifests = write(&rendered, &sandbox.work().join(tag))?;
        step(
            &format!("install {tag} from manifests and archives"),
            || {
                for (manifest, one) in manifests.iter().zip(&rendered) {
                    let archive = one.manifest.spec.platforms[0].archive();
                    sandbox.expect_contains(
                        &format!(
                            "kubectl krew install --manifest={} --archive={}",
                            manifest.display(),
                            dist.join(archive).display()
                        ),
                        &["Installed plugin: ", "Caveats:"],
                    )?;
                }
                check_installed(sandbox, tag)
            },
        )?;
        step("main commands", || {
            check_main_commands(sandbox, namespace, &rendered)
        })?;
        step("uninstall without leftovers", || check_uninstall(sandbox))?;
    }
    Ok(())
}

/// Tests `krew index add`, `krew install gcr/…` and `krew upgrade`, with a git repository in a directory and archives from
/// a server on loopback.
fn check_index(sandbox: &Sandbox, dist: &Path) -> Result<()> {
    let server = Server::start(dist)?;
    let repository = sandbox.work().join("index");
    let publish = |tag| -> Result<Vec<Rendered>> {
        let release = Release {
            tag,
            archives: dist.to_owned(),
            base_url: Some(&server.url()),
        };
        let rendered = release.render()?;
        index::write(&repository, &rendered, &|| sandbox.command("git"))?;
        Ok(rendered)
    };
    step(&format!("custom index with {OLDER}"), || {
        publish(OLDER)?;
        sandbox
            .run(&format!(
                "kubectl krew index add gcr file://{}",
                repository.display()
            ))
            .map(drop)
    })?;
    step(&format!("install {OLDER} from the index"), || {
        sandbox.expect_contains(
            "kubectl krew install gcr/gcr-secret gcr/gcr-patch-sa",
            &[
                "Installed plugin: gcr-secret",
                "Installed plugin: gcr-patch-sa",
            ],
        )?;
        check_installed(sandbox, OLDER)
    })?;
    let mut newer = Vec::new();
    step(&format!("upgrade to {TAG}"), || {
        newer = publish(TAG)?;
        sandbox.expect_contains(
            "kubectl krew upgrade",
            &[
                "Upgraded plugin: gcr/gcr-secret",
                "Upgraded plugin: gcr/gcr-patch-sa",
            ],
        )?;
        check_installed(sandbox, TAG)
    })?;
    step("main commands", || {
        check_main_commands(sandbox, "index", &newer)
    })?;
    step("uninstall without leftovers", || {
        check_uninstall(sandbox)?;
        sandbox.run("kubectl krew index remove gcr").map(drop)
    })?;
    let downloads = server.downloaded();
    if downloads.len() != 2 * PLUGINS.len() {
        return Err(Error::new(format!(
            "expected downloads of two versions of two plugins from loopback, not of {downloads:?}"
        )));
    }
    Ok(())
}

/// Checks that exactly this version of both plugins is installed, and that kubectl finds both without a warning.
fn check_installed(sandbox: &Sandbox, tag: &str) -> Result<()> {
    for (_, file_name) in PLUGINS {
        let store = sandbox.krew_root("store").join(command_name(file_name));
        let failed = |error| Error::during(store.display(), error);
        let entries = fs::read_dir(&store).map_err(failed)?;
        let versions: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        if versions != [tag] {
            return Err(Error::new(format!(
                "{} contains {versions:?}, not {tag}",
                store.display()
            )));
        }
    }
    let bin = |name: &str| sandbox.krew_root("bin").join(name).display().to_string();
    let (secret, account) = (bin("kubectl-gcr_secret"), bin("kubectl-gcr_patch_sa"));
    let output = sandbox.run("kubectl plugin list")?;
    let is_clean =
        output.contains(&secret) && output.contains(&account) && !output.contains("warning");
    if is_clean {
        Ok(())
    } else {
        Err(Error::new(format!("$ kubectl plugin list\n{output}")))
    }
}

/// Runs the main command of each plugin in a separate namespace, and completion as set up by the commands in the caveats.
fn check_main_commands(sandbox: &Sandbox, namespace: &str, installed: &[Rendered]) -> Result<()> {
    sandbox.expect_contains("kubectl gcr-secret version", &[env!("CARGO_PKG_VERSION")])?;
    sandbox.expect_contains(
        "kubectl gcr-patch-sa --help",
        &["Usage:\n  kubectl gcr-patch-sa"],
    )?;
    sandbox.run(&format!("kubectl create namespace {namespace}"))?;
    sandbox.run(&format!(
        "kubectl create serviceaccount builder -n {namespace}"
    ))?;
    let create = "kubectl gcr-secret create --key-file key.json --attach";
    for expected in [
        "secret/gcr-io created\nserviceaccount/default patched\n",
        "secret/gcr-io unchanged\nserviceaccount/default patched (no change)\n",
    ] {
        sandbox.expect(
            &format!("chmod 600 key.json; {create} -n {namespace}"),
            expected,
        )?;
    }
    sandbox.expect(
        &format!("kubectl gcr-patch-sa builder -n {namespace}"),
        "serviceaccount/builder patched\n",
    )?;
    sandbox.expect(
        &format!(
            "kubectl get serviceaccounts builder default -n {namespace} \
             -o 'jsonpath={{.items[*].imagePullSecrets[*].name}}'"
        ),
        "gcr-io gcr-io",
    )?;
    for one in installed {
        sandbox.run(&commands(&one.manifest.spec.caveats))?;
    }
    sandbox.expect_contains("kubectl __complete gcr-secret cr", &["create"])?;
    sandbox.expect_contains("kubectl __complete gcr-patch-sa --rem", &["--remove"])?;
    sandbox
        .run("rm \"$KREW_ROOT\"/bin/kubectl_complete-gcr_*")
        .map(drop)
}

/// Returns the commands in caveats, which are the indented lines.
fn commands(caveats: &str) -> String {
    let lines = caveats.lines().filter_map(|line| line.strip_prefix("  "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Uninstalls both plugins and checks that no files of theirs remain.
fn check_uninstall(sandbox: &Sandbox) -> Result<()> {
    sandbox.run("kubectl krew uninstall gcr-secret gcr-patch-sa")?;
    for (_, file_name) in PLUGINS {
        let (found, output) =
            sandbox.try_run(&format!("kubectl {} --help", command_name(file_name)))?;
        if found {
            return Err(Error::new(format!(
                "kubectl {} still runs:\n{output}",
                command_name(file_name)
            )));
        }
    }
    let remaining = sandbox
        .run("find \"$KREW_ROOT\" \"$HOME\" -name '*gcr*' -not -path \"$KREW_ROOT/index/*\"")?;
    if remaining.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!(
            "files remain after the uninstall:\n{remaining}"
        )))
    }
}
