//! The file in an archive that kubectl asks for completion. Written without running the plugin: an archive is made for
//! machines that are not this one.

use std::path::Path;

use gcr_test_support::Result;
use gcr_test_support::plugins::completion_file;

use super::archive::Packed;
use super::read;
use super::target::Target;

/// The file that kubectl asks for completion: what the plugin prints itself, or the same for Windows.
pub(super) fn shim(root: &Path, file_name: &str, target: &Target) -> Result<Packed> {
    let asked = completion_file(file_name);
    let (path, text) = if target.os() == "windows" {
        (
            format!("{asked}.cmd"),
            format!("@\"%~dp0{file_name}.exe\" __complete %*\r\n"),
        )
    } else {
        let shim = read(&root.join("crates/gcr-core/src/completion/shim.sh"))?;
        let file = file_name.trim_start_matches("kubectl-");
        let shim = String::from_utf8_lossy(&shim)
            .replace("PLUGIN", &file.replace('_', "-"))
            .replace("FILE", file);
        (asked, shim)
    };
    Ok(Packed {
        path,
        bytes: text.into(),
        executable: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gcr_test_support::plugins::PLUGINS;
    use gcr_test_support::{Session, checkout};

    #[test]
    fn the_completion_in_the_archive_is_what_the_plugin_prints() {
        let session = Session::without_cluster();
        let linux = Target::parse("x86_64-unknown-linux-musl").unwrap();
        let asked = [
            session.gcr_secret(["completion", "kubectl"]),
            session.gcr_patch_sa(["--completion=kubectl"]),
        ];
        for ((_, file_name), asked) in PLUGINS.into_iter().zip(asked) {
            let packed = shim(&checkout::root(), file_name, &linux).unwrap();
            assert_eq!(packed.path, completion_file(file_name));
            assert_eq!(
                String::from_utf8_lossy(&packed.bytes),
                asked.run().success().stdout
            );
        }
    }
}
