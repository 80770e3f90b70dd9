//! `bench start`: how long a process takes that has nothing to do, beside kubectl and a process that does nothing at
//! all.

use std::process::Command;

use gcr_test_support::{Result, Session};

use super::samples::{Samples, print_bar, print_table, time};

const ROUNDS: usize = 100;
/// Milliseconds that `--help` of each plugin may take.
const BAR: f64 = 2.0;

/// Measures and prints.
pub(crate) fn run() -> Result<()> {
    let session = Session::open(None)?;
    let ways: [(&str, &dyn Fn() -> Command); 4] = [
        ("kubectl version --client", &|| {
            session.kubectl(["version", "--client"]).into_command()
        }),
        ("kubectl-gcr_secret --help", &|| {
            session.gcr_secret(["--help"]).into_command()
        }),
        ("kubectl-gcr_patch_sa --help", &|| {
            session.gcr_patch_sa(["--help"]).into_command()
        }),
        ("true, for starting any process", &|| {
            session.program("/usr/bin/true").into_command()
        }),
    ];
    let mut samples = ways.map(|(name, _)| Samples::of(name));
    for round in 0..=ROUNDS {
        for ((_, command), samples) in ways.iter().zip(&mut samples) {
            let took = time(command())?;
            // The first round finds nothing in the page cache.
            if round > 0 {
                samples.add(took);
            }
        }
    }
    println!("start-up, {ROUNDS} rounds\n");
    print_table(&samples);
    println!();
    for (way, (name, _)) in samples
        .iter()
        .zip(ways)
        .filter(|(_, (name, _))| name.contains("gcr"))
    {
        print_bar(
            &format!("{name} takes at most {BAR} ms by median"),
            way.median() <= BAR,
        );
    }
    Ok(())
}
