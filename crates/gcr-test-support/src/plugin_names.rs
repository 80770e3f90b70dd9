//! Names the plugins, as cargo builds them and as kubectl finds them.

/// Each plugin: the name of its package and binary, and the file name under which kubectl finds it (kubectl replaces
/// `-` inside a command word by `_`).
pub const PLUGINS: [(&str, &str); 2] = [
    ("kubectl-gcr-secret", "kubectl-gcr_secret"),
    ("kubectl-gcr-patch-sa", "kubectl-gcr_patch_sa"),
];

/// Returns the file name under which kubectl finds the completion of a plugin. The plugin's own program answers it.
pub fn completion_file(file_name: &str) -> String {
    file_name.replacen("kubectl-", "kubectl_complete-", 1)
}
