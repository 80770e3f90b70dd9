//! `bench start`: measures the start-up time of the plugins, compared with kubectl and with a process that does
//! nothing.

use gcr_test_support::{Result, Session};

use crate::interleave::{Variant, interleave};
use crate::samples::{print_table, print_threshold, time};

const ROUNDS: usize = 100;
/// Maximum median of each plugin's `--help`, in milliseconds.
const THRESHOLD: f64 = 2.0;

/// Measures and prints the result.
pub(crate) fn run() -> Result<()> {
    let session = Session::open(None)?;
    let variants = vec![
        Variant::new("kubectl version --client", || {
            time(session.kubectl(["version", "--client"]).into_command())
        }),
        Variant::new("kubectl-gcr_secret --help", || {
            time(session.gcr_secret(["--help"]).into_command())
        }),
        Variant::new("kubectl-gcr_patch_sa --help", || {
            time(session.gcr_patch_sa(["--help"]).into_command())
        }),
        Variant::new("true, a process that does nothing", || {
            time(session.program("/usr/bin/true").into_command())
        }),
    ];
    let samples = interleave(ROUNDS, variants, || Ok(()))?;
    println!("start-up, {ROUNDS} rounds\n");
    print_table(&samples);
    println!();
    for plugin in samples.iter().filter(|it| it.name().contains("gcr")) {
        print_threshold(
            &format!("{} takes at most {THRESHOLD} ms by median", plugin.name()),
            plugin.median() <= THRESHOLD,
        );
    }
    Ok(())
}
