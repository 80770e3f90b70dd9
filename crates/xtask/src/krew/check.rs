//! `cargo xtask krew check`: the archives and manifests of this checkout, in the hands of a real krew and kubectl, on a
//! real control plane: installed, used, upgraded and uninstalled, loose and through a custom index. Wants `kubectl-krew`
//! on PATH, and fails without it. Reaches nothing beyond loopback.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use gcr_test_support::plugins::PLUGINS;
use gcr_test_support::scratch::ScratchDir;
use gcr_test_support::{ControlPlane, Error, Options, ReleaseBuild, Result, checkout, keys};

use super::person::Person;
use super::server::Server;
use super::{Release, Rendered, index, typed, write};
use crate::package::target::Target;
use crate::package::{TAG, archives};
use crate::step::step;

/// What is upgraded from: this build under an older number. krew compares nothing else.
const OLDER: &str = "v0.0.1";

/// Checks it all.
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
    let person = Person::new(&krew, plane.kubeconfig())?;
    fs::write(person.work().join("key.json"), keys::KEY)
        .map_err(|error| Error::during("key.json", error))?;
    print!("{}", person.types("kubectl krew version | grep GitTag")?);
    by_manifest(&person, dist.path())?;
    by_index(&person, dist.path())
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

/// `krew install --manifest --archive`: no index and no network. krew upgrades nothing that came this way, and says so;
/// the newer version takes the older one's place by an uninstall and an install.
fn by_manifest(person: &Person, dist: &Path) -> Result<()> {
    for (tag, namespace) in [(OLDER, "manifest-older"), (TAG, "manifest")] {
        let release = Release {
            tag,
            archives: dist.to_owned(),
            base_url: None,
        };
        let rendered = release.render()?;
        let manifests = write(&rendered, &person.work().join(tag))?;
        step(
            &format!("install {tag} from manifests and archives"),
            || {
                for (manifest, one) in manifests.iter().zip(&rendered) {
                    let archive = one.manifest.spec.platforms[0].archive();
                    person.hears_of(
                        &format!(
                            "kubectl krew install --manifest={} --archive={}",
                            manifest.display(),
                            dist.join(archive).display()
                        ),
                        &["Installed plugin: ", "Caveats:"],
                    )?;
                }
                installed(person, tag)
            },
        )?;
        step("the main job", || main_job(person, namespace, &rendered))?;
        step("uninstall, and nothing is left", || uninstall(person))?;
    }
    Ok(())
}

/// `krew index add`, `krew install gcr/…`, `krew upgrade`: a git repository in a directory, archives from loopback.
fn by_index(person: &Person, dist: &Path) -> Result<()> {
    let server = Server::start(dist)?;
    let repository = person.work().join("index");
    let publish = |tag| -> Result<Vec<Rendered>> {
        let release = Release {
            tag,
            archives: dist.to_owned(),
            base_url: Some(&server.url()),
        };
        let rendered = release.render()?;
        index::write(&repository, &rendered, &|| person.command("git"))?;
        Ok(rendered)
    };
    step(&format!("custom index with {OLDER}"), || {
        publish(OLDER)?;
        person
            .types(&format!(
                "kubectl krew index add gcr file://{}",
                repository.display()
            ))
            .map(drop)
    })?;
    step(&format!("install {OLDER} from the index"), || {
        person.hears_of(
            "kubectl krew install gcr/gcr-secret gcr/gcr-patch-sa",
            &[
                "Installed plugin: gcr-secret",
                "Installed plugin: gcr-patch-sa",
            ],
        )?;
        installed(person, OLDER)
    })?;
    let mut newer = Vec::new();
    step(&format!("upgrade to {TAG}"), || {
        newer = publish(TAG)?;
        person.hears_of(
            "kubectl krew upgrade",
            &[
                "Upgraded plugin: gcr/gcr-secret",
                "Upgraded plugin: gcr/gcr-patch-sa",
            ],
        )?;
        installed(person, TAG)
    })?;
    step("the main job", || main_job(person, "index", &newer))?;
    step("uninstall, and nothing is left", || {
        uninstall(person)?;
        person.types("kubectl krew index remove gcr").map(drop)
    })?;
    let fetched = server.fetched();
    if fetched.len() != 2 * PLUGINS.len() {
        return Err(Error::new(format!(
            "two versions of two plugins were to be fetched from loopback, and were: {fetched:?}"
        )));
    }
    Ok(())
}

/// That exactly this version of both is there, and kubectl finds both and has nothing to say about them.
fn installed(person: &Person, tag: &str) -> Result<()> {
    for (_, file_name) in PLUGINS {
        let store = person.krew_root("store").join(typed(file_name));
        let failed = |error| Error::during(store.display(), error);
        let entries = fs::read_dir(&store).map_err(failed)?;
        let versions: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        if versions != [tag] {
            return Err(Error::new(format!(
                "{} holds {versions:?}, not {tag}",
                store.display()
            )));
        }
    }
    let bin = |name: &str| person.krew_root("bin").join(name).display().to_string();
    let (secret, account) = (bin("kubectl-gcr_secret"), bin("kubectl-gcr_patch_sa"));
    let said = person.types("kubectl plugin list")?;
    let clean = said.contains(&secret) && said.contains(&account) && !said.contains("warning");
    if clean {
        Ok(())
    } else {
        Err(Error::new(format!("$ kubectl plugin list\n{said}")))
    }
}

/// What the plugins are for, in a namespace of its own; completion too, as the caveats tell to set it up.
fn main_job(person: &Person, namespace: &str, installed: &[Rendered]) -> Result<()> {
    person.hears_of("kubectl gcr-secret version", &[env!("CARGO_PKG_VERSION")])?;
    person.hears_of(
        "kubectl gcr-patch-sa --help",
        &["Usage:\n  kubectl gcr-patch-sa"],
    )?;
    person.types(&format!("kubectl create namespace {namespace}"))?;
    person.types(&format!(
        "kubectl create serviceaccount builder -n {namespace}"
    ))?;
    let create = "kubectl gcr-secret create --key-file key.json --attach";
    for expected in [
        "secret/gcr-io created\nserviceaccount/default patched\n",
        "secret/gcr-io unchanged\nserviceaccount/default patched (no change)\n",
    ] {
        person.hears(
            &format!("chmod 600 key.json; {create} -n {namespace}"),
            expected,
        )?;
    }
    person.hears(
        &format!("kubectl gcr-patch-sa builder -n {namespace}"),
        "serviceaccount/builder patched\n",
    )?;
    person.hears(
        &format!(
            "kubectl get serviceaccounts builder default -n {namespace} \
             -o 'jsonpath={{.items[*].imagePullSecrets[*].name}}'"
        ),
        "gcr-io gcr-io",
    )?;
    for one in installed {
        person.types(&commands(&one.manifest.spec.caveats))?;
    }
    person.hears_of("kubectl __complete gcr-secret cr", &["create"])?;
    person.hears_of("kubectl __complete gcr-patch-sa --rem", &["--remove"])?;
    person
        .types("rm \"$KREW_ROOT\"/bin/kubectl_complete-gcr_*")
        .map(drop)
}

/// The commands among caveats: what stands indented.
fn commands(caveats: &str) -> String {
    let lines = caveats.lines().filter_map(|line| line.strip_prefix("  "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Uninstalls both, and looks for what is left of them.
fn uninstall(person: &Person) -> Result<()> {
    person.types("kubectl krew uninstall gcr-secret gcr-patch-sa")?;
    for (_, file_name) in PLUGINS {
        let (found, said) = person.tries(&format!("kubectl {} --help", typed(file_name)))?;
        if found {
            return Err(Error::new(format!(
                "kubectl {} still answers:\n{said}",
                typed(file_name)
            )));
        }
    }
    let left = person
        .types("find \"$KREW_ROOT\" \"$HOME\" -name '*gcr*' -not -path \"$KREW_ROOT/index/*\"")?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(Error::new(format!("an uninstall left behind:\n{left}")))
    }
}
