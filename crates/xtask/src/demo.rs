//! `cargo xtask demo`: demonstrates the plugins on a real control plane, with the commands that a user types. Prints each
//! command and its unchanged output.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use gcr_test_support::control_plane::DetachedControlPlane;
use gcr_test_support::{
    ControlPlane, Error, FakeGoogle, Options, Result, Session, binaries, keys, plugins, session,
};

/// The parts of the demo: a heading, and the commands under it.
const SCENES: [(&str, &[&str]); 5] = [
    (
        "Three namespaces; in team-b the default ServiceAccount already has another pull Secret",
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
        "After, and a second run",
        &[ACCOUNTS, "kubectl get secrets -A", CREATE],
    ),
    (
        "From an empty Google project to the same Secret: the whole tutorial, twice (on a fake Google)",
        &[SETUP, SETUP],
    ),
];

const ACCOUNTS: &str = "kubectl get serviceaccounts -A --field-selector metadata.name=default \
                        -o custom-columns=NAMESPACE:.metadata.namespace,ACCOUNT:.metadata.name,\
                        PULLSECRETS:.imagePullSecrets[*].name";
const CREATE: &str = "kubectl gcr-secret create --key-file key.json --attach -A";

const SETUP: &str = "kubectl gcr-secret setup artifacts -n team-a,team-b --create-repository \
                     --registry europe-west1-docker.pkg.dev/demo-project/images";

/// Runs the demo. With `keep`, the control plane stays running.
pub(crate) fn run(keep: bool) -> Result<()> {
    let started = Instant::now();
    println!("# Build and start a Kubernetes control plane (a first build takes minutes)\n");
    build_programs()?;
    let print_ready = || println!("ready after {} s\n", started.elapsed().as_secs());
    if !keep {
        let plane = ControlPlane::start(Options::new().throwaway())?;
        print_ready();
        return show(plane.kubeconfig());
    }
    let plane = ControlPlane::detached(Options::new())?;
    print_ready();
    match show(&plane.kubeconfig).and_then(|()| install_programs(&plane)) {
        Ok(bin) => {
            println!("# Still running\n");
            println!("  export KUBECONFIG={}", plane.kubeconfig.display());
            println!("  export PATH={}:$PATH", bin.display());
            println!(
                "  kill {}    # stops it and removes all its files",
                plane.pid
            );
            Ok(())
        }
        Err(error) => {
            plane.terminate();
            Err(error)
        }
    }
}

/// Builds the control plane and kubectl (Go) and the plugins (Rust) at the same time.
fn build_programs() -> Result<()> {
    // Report a missing Go before the build of the plugins, not after it.
    binaries::require_go()?;
    thread::scope(|scope| {
        let plugins = scope.spawn(plugins::use_dev_build);
        let control_plane = binaries::binaries();
        let plugins = plugins
            .join()
            .unwrap_or_else(|_| Err(Error::new("the build of the plugins panicked")));
        control_plane.and(plugins)
    })
}

fn show(kubeconfig: &Path) -> Result<()> {
    let session = Session::open(Some(kubeconfig))?;
    session.file("key.json", keys::KEY, 0o600);
    let google = FakeGoogle::start(0)?;
    for (heading, commands) in SCENES {
        println!("# {heading}\n");
        for command in commands {
            println!("$ {command}");
            let command_line = session.shell(command).envs(google.operator_environment());
            let status = command_line.into_command().status();
            let status = status.map_err(|error| Error::during(command, error))?;
            if !status.success() {
                return Err(Error::new(format!("the last command failed ({status})")));
            }
            println!();
        }
    }
    Ok(())
}

/// Installs kubectl and the plugins into the state directory of the control plane, which removes them when it exits.
fn install_programs(plane: &DetachedControlPlane) -> Result<PathBuf> {
    let bin = plane.state_dir.join("bin");
    fs::create_dir(&bin).map_err(|error| Error::during(bin.display(), error))?;
    session::install(&bin)?;
    Ok(bin)
}
