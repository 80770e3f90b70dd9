//! Lists the registry hosts of Google.
//!
//! The lists only determine whether a warning is printed. Google opens new regions several times a year, so hosts in Google's
//! domains are accepted even if they are not listed. Hosts of sovereign clouds are in domains of other companies and count as
//! foreign.

/// Hosts without a location in their name, from gcloud's tables.
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

/// Multi-region locations of Artifact Registry. They have hosts of the form `LOCATION-docker.pkg.dev` only.
const MULTI_REGIONS: [&str; 3] = ["asia", "europe", "us"];

/// Regions of Artifact Registry. They have the hosts `REGION-docker.pkg.dev` and `docker.REGION.rep.pkg.dev`. Google's
/// discovery document and gcloud contain the same list.
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

/// Returns the hosts that can have repositories of users, for completion: the `gcr.io` hosts, then Artifact Registry's.
pub(crate) fn suggestions() -> Vec<String> {
    let locations = MULTI_REGIONS.iter().chain(&REGIONS);
    let fixed = FIXED[..4].iter().map(ToString::to_string);
    fixed
        .chain(locations.map(|location| format!("{location}-docker.pkg.dev")))
        .collect()
}

/// Returns whether Google is known to serve images from a host. Expects a lower-case host name without a port.
pub(super) fn is_known(host: &str) -> bool {
    if let Some(location) = host.strip_suffix("-docker.pkg.dev") {
        return REGIONS.contains(&location) || MULTI_REGIONS.contains(&location);
    }
    let regional = host
        .strip_prefix("docker.")
        .and_then(|rest| rest.strip_suffix(".rep.pkg.dev"));
    regional.is_some_and(|region| REGIONS.contains(&region)) || FIXED.contains(&host)
}

/// Returns whether a host is in a domain that Google controls. Compares whole labels, so that `evilgcr.io` and
/// `gcr.io.evil.example` do not match. Expects a lower-case host name without a port.
pub(super) fn is_google_domain(host: &str) -> bool {
    ["gcr.io", "pkg.dev"].iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|front| front.is_empty() || front.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_hosts_are_known() {
        for host in [
            "gcr.io",
            "eu.gcr.io",
            "us-docker.pkg.dev",
            "europe-docker.pkg.dev",
            "europe-west10-docker.pkg.dev",
            "docker.us-east1.rep.pkg.dev",
        ] {
            assert!(is_known(host) && is_google_domain(host), "{host}");
        }
    }

    #[test]
    fn google_host_without_images_is_unknown() {
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
            assert!(!is_known(host) && is_google_domain(host), "{host}");
        }
    }

    #[test]
    fn look_alike_host_is_foreign() {
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
            assert!(!is_known(host) && !is_google_domain(host), "{host}");
        }
    }
}
