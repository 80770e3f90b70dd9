//! Checks kubelet's keyring. The first line of the input is an image, the rest a Docker config.

use gcr_google::keyring::{ImageName, ImageNameError, Keyring, SecretFormat};

/// Looks the image up in the config, and checks the result.
pub fn check(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (image, config) = input.split_at(end.unwrap_or(input.len()));
    let image = String::from_utf8_lossy(image);
    let repository = match normal(&image) {
        // A normal name is its own normal form.
        Ok(found) => {
            assert_eq!(normal(&found).as_deref(), Ok(found.as_str()));
            found
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            image.into_owned()
        }
    };
    for format in [SecretFormat::DockerConfigJson, SecretFormat::Dockercfg] {
        let Ok(keyring) = Keyring::new([(format, config)]) else {
            continue;
        };
        // The matches are entries, in the order of the entries.
        let mut entries = keyring.entries().iter();
        for found in keyring.matching(&repository) {
            assert!(entries.any(|entry| std::ptr::eq(entry, found)));
        }
        // A second Secret adds entries, and changes no decision about the first.
        let both = Keyring::new([(format, config), (format, config)]).expect("it was decoded");
        assert_eq!(both.entries().len(), 2 * keyring.entries().len());
        let first = both.matching(&repository).into_iter();
        let first = first.filter(|entry| entry.secret == 0).count();
        assert_eq!(first, keyring.matching(&repository).len());
    }
}

fn normal(image: &str) -> Result<String, ImageNameError> {
    ImageName::parse(image).map(|name| name.repository)
}
