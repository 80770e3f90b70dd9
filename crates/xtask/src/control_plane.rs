//! `cargo xtask control-plane`: a real control plane to try things on, until Ctrl-C. Keeps nothing.

use gcr_test_support::binaries::binaries;
use gcr_test_support::{ControlPlane, Error, Options, Result};

/// Runs it in the foreground.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let port = match words {
        [] => 0,
        ["--port", number] => number
            .parse()
            .map_err(|error| Error::during(format!("--port {number}"), error))?,
        _ => return Err(crate::not_understood("control-plane", words)),
    };
    // It ends, and removes its state, by the same Ctrl-C that ends us.
    let mut running = ControlPlane::start(Options::new().port(port).throwaway())?;
    println!(
        "{} answers; its log is {}/control-plane.log\n",
        running.server(),
        running.state_dir().display()
    );
    println!("  export KUBECONFIG={}", running.kubeconfig().display());
    if let Some(directory) = binaries()?.kubectl.parent() {
        println!(
            "  export PATH={}:$PATH    # its kubectl\n",
            directory.display()
        );
    }
    println!("Ctrl-C ends it and removes all that is in it.");
    running.wait();
    Err(Error::new("the control plane ended"))
}
