//! The objects and commands of `docs/rotation.md`, as they are written there.

use gcr_test_support::documented_job::{DocumentedJob, blocks};
use gcr_test_support::{ControlPlane, Options};

use crate::fixture::{EMAIL, Fixture};

const PAGE: &str = "docs/rotation.md";

#[test]
fn documented_cron_job_rotates_with_the_documented_roles() {
    // All namespaces of a cluster: no other test may use it.
    let plane = ControlPlane::dedicated(Options::new());
    let fixture = Fixture::in_cluster(&plane, "rotate-docs", 2);
    let job = DocumentedJob::create(&plane, &fixture.google, PAGE, "gcr-secret-rotate");
    let role = "roles/iam.serviceAccountKeyAdmin";
    fixture.google.grant_on_account(EMAIL, role, &job.member);
    assert!(job.args.contains(&"-A".to_owned()), "{:?}", job.args);
    let output = job.command(&job.args).run().success();
    assert!(
        output
            .stdout
            .contains(&format!("key/{} unchanged", fixture.old)),
        "{output}"
    );
    fixture.assert_untouched();
    let args = job.args.iter();
    let due = args.map(|arg| if arg == "90d" { "0s" } else { arg.as_str() });
    std::thread::sleep(std::time::Duration::from_millis(1100));
    job.command(due).run().success();
    fixture.assert_rotated();
}

#[test]
fn documented_commands_are_valid() {
    let fixture = Fixture::new("rotate-docs-ci", 1);
    for block in blocks(PAGE, "sh") {
        for line in block
            .lines()
            .filter(|line| line.contains("kubectl gcr-secret rotate"))
        {
            let words = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let args: Vec<&str> = words.skip(3).filter(|word| *word != "-A").collect();
            let output = fixture.rotate(args).args(["--dry-run=client"]).run();
            output.success();
        }
    }
    fixture.assert_untouched();
}
