//! Which registry hosts are Google's, and which of those are known to exist.
//!
//! The lists only decide about a warning: Google opens regions several times a year, so a name that fits is never
//! refused for not being listed. Hosts of sovereign clouds are other companies' names and are not Google's here.

/// Hosts that serve images by themselves, as gcloud's own tables have them.
const FIXED: [&str; 13] = [
    "gcr.io",
    "us.gcr.io",
    "eu.gcr.io",
    "asia.gcr.io",
    "marketplace.gcr.io",
    "k8s.gcr.io",
    "staging-k8s.gcr.io",
    "l.gcr.io",
    "launcher.gcr.io",
    "mirror.gcr.io",
    "us-mirror.gcr.io",
    "eu-mirror.gcr.io",
    "asia-mirror.gcr.io",
];

/// Locations of Artifact Registry that span regions: `LOCATION-docker.pkg.dev` only.
const MULTI_REGIONS: [&str; 3] = ["asia", "europe", "us"];

/// Regions of Artifact Registry: `REGION-docker.pkg.dev` and `docker.REGION.rep.pkg.dev`. From Google's discovery
/// document and gcloud, which agree.
const REGIONS: [&str; 45] = [
    "africa-south1",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-south2",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-north2",
    "europe-southwest1",
    "europe-west1",
    "europe-west10",
    "europe-west12",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "northamerica-south1",
    "southamerica-east1",
    "southamerica-west1",
    "us-central1",
    "us-central2",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-east7",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
    "us-west8",
];

/// The hosts people have repositories on: `gcr.io` and its like, then Artifact Registry's.
pub(crate) fn offered() -> Vec<String> {
    let locations = MULTI_REGIONS.iter().chain(&REGIONS);
    let fixed = FIXED[..4].iter().map(ToString::to_string);
    fixed
        .chain(locations.map(|location| format!("{location}-docker.pkg.dev")))
        .collect()
}

/// Whether a lower-case host name without a port is one that Google is known to serve images from.
pub(super) fn is_known(host: &str) -> bool {
    if let Some(location) = host.strip_suffix("-docker.pkg.dev") {
        return REGIONS.contains(&location) || MULTI_REGIONS.contains(&location);
    }
    let regional = host
        .strip_prefix("docker.")
        .and_then(|rest| rest.strip_suffix(".rep.pkg.dev"));
    regional.is_some_and(|region| REGIONS.contains(&region)) || FIXED.contains(&host)
}

/// Whether a lower-case host name without a port lies in a domain that only Google can put names into, by whole
/// labels: `evilgcr.io` and `gcr.io.evil.example` do not.
pub(super) fn is_googles(host: &str) -> bool {
    ["gcr.io", "pkg.dev"].iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_people_pull_from_are_known() {
        for host in [
            "gcr.io",
            "eu.gcr.io",
            "us-docker.pkg.dev",
            "europe-docker.pkg.dev",
            "europe-west10-docker.pkg.dev",
            "docker.us-east1.rep.pkg.dev",
        ] {
            assert!(is_known(host) && is_googles(host), "{host}");
        }
    }

    #[test]
    fn a_name_of_google_that_serves_no_images_is_not_known() {
        for host in [
            "fr.gcr.io",
            "pkg.dev",
            "us-npm.pkg.dev",
            "-docker.pkg.dev",
            "mars-north1-docker.pkg.dev",
            "docker.us.rep.pkg.dev",
            "docker..rep.pkg.dev",
            "us-east1.rep.pkg.dev",
        ] {
            assert!(!is_known(host) && is_googles(host), "{host}");
        }
    }

    #[test]
    fn a_look_alike_is_not_googles() {
        for host in [
            "",
            "io",
            "evilgcr.io",
            "gcr.io.evil.example",
            "pkg.dev.example",
            "us-docker.pkg.dev.example",
            "us-docker.pkg.developer.example",
            "docker.pkg.de",
        ] {
            assert!(!is_known(host) && !is_googles(host), "{host}");
        }
    }
}
