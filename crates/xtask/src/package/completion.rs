//! Creates the completion file of an archive, which kubectl runs for completion. Does not run the plugin, because the
//! archive can be for another machine.

use std::path::Path;

use gcr_test_support::Result;
use gcr_test_support::plugins::completion_file;

use super::archive::Packed;
use super::source_file::read;
use super::target::Target;

/// Returns the completion file of a plugin: the script that the plugin itself prints, or its counterpart for Windows.
pub(super) fn shim(root: &Path, file_name: &str, target: &Target) -> Result<Packed> {
    let name = completion_file(file_name);
    let (path, text) = if target.os() == "windows" {
        (
            format!("{name}.cmd"),
            format!("@\"%~dp0{file_name}.exe\" __complete %*\r\n"),
        )
    } else {
        let shim = read(&root.join("crates/kubectl-plugin/src/completion/shim.sh"))?;
        let file = file_name.trim_start_matches("kubectl-");
        let shim = String::from_utf8_lossy(&shim)
            .replace("PLUGIN", &file.replace('_', "-"))
            .replace("FILE", file);
        (name, shim)
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
    fn shim_for_linux_equals_output_of_the_plugin() {
        let session = Session::without_cluster();
        let linux = Target::parse("x86_64-unknown-linux-musl").unwrap();
        let commands = [
            session.gcr_secret(["completion", "kubectl"]),
            session.gcr_patch_sa(["--completion=kubectl"]),
        ];
        for ((_, file_name), command) in PLUGINS.into_iter().zip(commands) {
            let packed = shim(&checkout::root(), file_name, &linux).unwrap();
            assert_eq!(packed.path, completion_file(file_name));
            assert_eq!(
                String::from_utf8_lossy(&packed.bytes),
                command.run().success().stdout
            );
        }
    }
}
