//! `cargo xtask demo`: the job, done on a real control plane by commands as a user types them. Shows what the programs
//! say and adds nothing to it.

use std::fs;
use std::path::{Path, PathBuf};

use gcr_test_support::control_plane::DetachedControlPlane;
use gcr_test_support::{ControlPlane, Error, Options, Result, Session, keys, session};

/// What is shown: a heading, and the commands under it.
const SCENES: [(&str, &[&str]); 4] = [
    (
        "Three namespaces; in one of them the default account already has somebody's pull secret",
        &[
            "kubectl create namespace team-a",
            "kubectl create namespace team-b",
            "kubectl create namespace team-c",
            "kubectl create secret docker-registry theirs --docker-server registry.example.com \
             --docker-username them --docker-password theirs -n team-b",
            "kubectl patch serviceaccount default -n team-b -p '{\"imagePullSecrets\":[{\"name\":\"theirs\"}]}'",
        ],
    ),
    ("Before", &[ACCOUNTS]),
    ("One command", &[CREATE]),
    (
        "After, and once more",
        &[ACCOUNTS, "kubectl get secrets -A", CREATE],
    ),
];

const ACCOUNTS: &str = "kubectl get serviceaccounts -A --field-selector metadata.name=default \
                        -o custom-columns=NAMESPACE:.metadata.namespace,ACCOUNT:.metadata.name,\
                        PULLSECRETS:.imagePullSecrets[*].name";
const CREATE: &str = "kubectl gcr-secret create --key-file key.json --attach -A";

/// Shows it; `--keep` leaves the control plane running.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    match words {
        [] => {
            let own = ControlPlane::start(Options::new().throwaway())?;
            show(own.kubeconfig())
        }
        ["--keep"] => {
            let kept = ControlPlane::detached(Options::new())?;
            match show(&kept.kubeconfig).and_then(|()| furnish(&kept)) {
                Ok(bin) => {
                    println!("# Still running\n");
                    println!("  export KUBECONFIG={}", kept.kubeconfig.display());
                    println!("  export PATH={}:$PATH", bin.display());
                    println!("  kill {}    # ends it and removes all of it", kept.pid);
                    Ok(())
                }
                Err(error) => {
                    kept.terminate();
                    Err(error)
                }
            }
        }
        _ => Err(crate::not_understood("demo", words)),
    }
}

fn show(kubeconfig: &Path) -> Result<()> {
    let session = Session::open(Some(kubeconfig))?;
    session.file("key.json", keys::KEY, 0o600);
    for (heading, commands) in SCENES {
        println!("# {heading}\n");
        for command in commands {
            println!("$ {command}");
            let status = session.shell(command).into_command().status();
            let status = status.map_err(|error| Error::during(command, error))?;
            if !status.success() {
                return Err(Error::new(format!("that command failed ({status})")));
            }
            println!();
        }
    }
    Ok(())
}

/// Puts kubectl and the plugins where they go together with the control plane.
fn furnish(kept: &DetachedControlPlane) -> Result<PathBuf> {
    let bin = kept.state_dir.join("bin");
    fs::create_dir(&bin).map_err(|error| Error::during(bin.display(), error))?;
    session::install(&bin)?;
    Ok(bin)
}
