//! `cargo xtask control-plane`: runs a real control plane for experiments until Ctrl-C, and removes it afterwards.

use gcr_test_support::binaries::binaries;
use gcr_test_support::{ControlPlane, Error, Options, Result};

/// Runs the control plane in the foreground. Port 0 selects a free port.
pub(crate) fn run(port: u16) -> Result<()> {
    // Ctrl-C at the terminal reaches the control plane too, which then exits and removes its state.
    let mut running = ControlPlane::start(Options::new().port(port).throwaway())?;
    println!(
        "{} is ready; its log is {}/control-plane.log\n",
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
    println!("Press Ctrl-C to stop it and remove its data.");
    running.wait();
    Err(Error::new("the control plane exited"))
}
