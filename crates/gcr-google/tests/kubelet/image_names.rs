//! Compares the parsers of image names with `distribution/reference`, which kubelet and containerd use.

use gcr_core::domain::registry_host::RegistryHost;
use gcr_google::keyring::ImageName;
use gcr_test_support::KubeletLookup;

use crate::count;
use crate::questions::image;

/// The number of images, and the number in the long form.
const IMAGES: (usize, usize) = (5_000, 100_000);

/// Returns the image as containerd pulls it: with a digest, or with a tag.
fn pulled(name: &ImageName<'_>) -> String {
    let separator = if name.reference.contains(':') {
        '@'
    } else {
        ':'
    };
    format!("{}{separator}{}", name.repository, name.reference)
}

/// Returns whether every credential can be for the host: it is a DNS name without a port.
fn is_dns_name(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
        && domain
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'.' || it == b'-')
}

#[test]
fn image_names_are_parsed_as_by_containerd() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut containerd = KubeletLookup::start().unwrap();
    let (mut valid, mut digests) = (0, 0);
    let images = count(IMAGES);
    for _ in 0..images {
        let image = image(&mut random);
        let answer = containerd.ask(&image, &[]);
        let expected = answer["pulled"].as_str();
        let context = format!("seed {seed}: {image} {answer}");
        let name = ImageName::parse(&image).ok();
        assert_eq!(name.as_ref().map(pulled).as_deref(), expected, "{context}");
        valid += usize::from(expected.is_some());
        digests += usize::from(expected.is_some_and(|it| it.contains('@')));
        // `--image` of `create` needs only the host, which must be that of the pull.
        let host = RegistryHost::from_image(&image).map(|host| host.to_string());
        let domain = expected.map(|it| it.split('/').next().unwrap_or_default());
        match (host, domain) {
            (Ok(host), Some(domain)) => {
                let domain = domain.to_lowercase();
                let domain = domain.strip_suffix(":443").unwrap_or(&domain);
                assert_eq!(
                    host.replace("index.docker.io", "docker.io"),
                    domain,
                    "{context}"
                );
            }
            (Ok(host), None) => panic!("{host} {context}"),
            (Err(error), Some(domain)) => {
                let is_hub = domain == "docker.io";
                assert!(is_hub || !is_dns_name(domain), "{error} {context}");
            }
            (Err(_), None) => {}
        }
    }
    assert!(
        valid > images / 4 && digests > images / 100,
        "seed {seed}: {valid} valid, {digests} with a digest"
    );
}
