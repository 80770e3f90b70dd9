//! Measures a second run, which has nothing to do: it sends list pages only and changes no object.

use std::collections::BTreeSet;

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::digit_groups::grouped;
use super::namespaces::Namespaces;
use super::run::{BOTH, run_plugin};
use super::size_options::{SizeOptions, USUAL_NAMESPACES};
use crate::figures::{Figure, Threshold};

/// Maximum number of objects per list page, the same as kubectl's chunk size.
const PAGE: u64 = 500;

pub(super) fn measure(namespaces: &mut Namespaces, size: &SizeOptions) -> Result<Vec<Figure>> {
    let count = size.namespaces(USUAL_NAMESPACES);
    namespaces.grow_to(count)?;
    let (proxy, access) = namespaces.through(Route::new())?;
    namespaces.clear()?;
    let first = run_plugin(&access, &BOTH)?;
    let before = namespaces.versions()?;
    proxy.reset_counters();
    let second = run_plugin(&access, &BOTH)?;
    let (traffic, after) = (proxy.traffic(), namespaces.versions()?);

    let objects: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changed = objects
        .iter()
        .filter(|it| before.get(**it) != after.get(**it))
        .count();
    println!(
        "{} namespaces, a second run with nothing to do\n",
        grouped(count)
    );
    for (verb, resource, number) in traffic.by_kind() {
        println!("{verb:8} {resource:16} {number:6}");
    }
    // The lists of namespaces and accounts include the system namespaces.
    let all = (namespaces.count_all()? as u64).div_ceil(PAGE);
    let pages = [
        ("namespaces", all),
        ("secrets", (count as u64).div_ceil(PAGE)),
        ("serviceaccounts", all),
    ];
    let expected = pages.iter().map(|(_, pages)| pages).sum::<u64>();
    let lists = pages
        .iter()
        .map(|(kind, _)| traffic.request_count("list", kind));
    let counted = lists.sum::<u64>();
    let label = format!("{} namespaces, second run", grouped(count));
    let others = traffic.total_requests() - counted;
    Ok(vec![
        Figure::times(
            &label,
            second.wall,
            ("the first run", first.wall),
            Threshold::Within(0.12),
        ),
        Figure::number(
            format!("{label}: changed resourceVersions of {}", after.len()),
            changed as f64,
            "",
            Threshold::Exactly(0.0),
        ),
        Figure::number(
            format!("{label}: list pages"),
            counted as f64,
            "",
            Threshold::Exactly(expected as f64),
        ),
        Figure::number(
            format!("{label}: other requests"),
            others as f64,
            "",
            Threshold::Exactly(0.0),
        ),
    ])
}
