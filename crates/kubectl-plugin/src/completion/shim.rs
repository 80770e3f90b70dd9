//! Generates the script that kubectl runs to complete a plugin's arguments.
//!
//! Users need it if only the plugin itself is linked: krew links one file per plugin. The release archives contain the
//! same script. Its template is `shim.sh`.

/// The command that requests completion from the plugin itself, as in cobra. `shim.sh` passes it.
pub(super) const COMMAND: &str = "__complete";

/// Returns the script to save on `PATH` as `kubectl_complete-…`. `plugin` is the name typed after `kubectl`.
pub fn shim(plugin: &str) -> String {
    include_str!("shim.sh")
        .trim_end()
        .replace("PLUGIN", plugin)
        .replace("FILE", &plugin.replace('-', "_"))
}
