//! A second run, with nothing to do: that nothing moves, and what is asked of the server to know it.

use std::collections::BTreeSet;

use gcr_test_support::Result;
use gcr_test_support::fault_proxy::Route;

use super::namespaces::Namespaces;
use super::run::{BOTH, ours};
use super::{Extent, MANY, grouped};
use crate::bench::figures::{Bar, Figure};

/// Objects a page of a list holds at most: kubectl's own chunk size.
const PAGE: u64 = 500;

pub(super) fn measure(namespaces: &mut Namespaces, extent: &Extent) -> Result<Vec<Figure>> {
    let count = extent.namespaces(MANY);
    namespaces.grow_to(count)?;
    let (proxy, way) = namespaces.through(Route::new())?;
    namespaces.clear()?;
    let first = ours(&way, &BOTH)?;
    let before = namespaces.versions()?;
    proxy.reset_counters();
    let second = ours(&way, &BOTH)?;
    let (traffic, after) = (proxy.traffic(), namespaces.versions()?);

    let objects: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let moved = objects
        .iter()
        .filter(|it| before.get(**it) != after.get(**it));
    let moved = moved.count();
    println!(
        "{} namespaces, a second run with nothing to do\n",
        grouped(count)
    );
    for (verb, resource, number) in traffic.by_kind() {
        println!("{verb:8} {resource:16} {number:6}");
    }
    // The namespaces' list has the system's too, and so has the accounts'.
    let whole = (namespaces.all()? as u64).div_ceil(PAGE);
    let pages = [
        ("namespaces", whole),
        ("secrets", (count as u64).div_ceil(PAGE)),
        ("serviceaccounts", whole),
    ];
    let wanted = pages.iter().map(|(_, pages)| pages).sum::<u64>() + count as u64;
    let listed = pages
        .iter()
        .map(|(kind, _)| traffic.request_count("list", kind));
    let expected = listed.sum::<u64>() + traffic.request_count("patch", "secrets");
    let what = format!("{} namespaces once more", grouped(count));
    let others = traffic.total_requests() - expected;
    Ok(vec![
        Figure::times(&what, second.wall, ("the first run", first.wall), Bar::None),
        Figure::number(
            format!("{what}: resourceVersions that moved, of {}", after.len()),
            moved as f64,
            "",
            Bar::Exactly(0.0),
        ),
        Figure::number(
            format!("{what}: lists' pages and Secrets' applies"),
            expected as f64,
            "",
            Bar::Exactly(wanted as f64),
        ),
        Figure::number(
            format!("{what}: other requests"),
            others as f64,
            "",
            Bar::Exactly(0.0),
        ),
    ])
}
