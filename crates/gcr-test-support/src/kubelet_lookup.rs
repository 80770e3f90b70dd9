//! Asks kubelet's own code which credentials it tries for an image.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::checkout::control_plane_module;
use crate::error::{Error, Result};
use crate::go_module::{GoModule, required_version};

/// A running program that answers for kubelet.
pub struct KubeletLookup {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl KubeletLookup {
    /// Starts the program, building it on first use.
    ///
    /// # Errors
    /// Go is missing or too old, the build failed, or the program does not start.
    pub fn start() -> Result<Self> {
        let directory = control_plane_module();
        let module = GoModule {
            name: "kubelet lookup",
            version: required_version(&directory, "k8s.io/kubernetes")?,
            directory,
            packages: &["./kubelet-lookup"],
            linker_flags: "-s -w".to_owned(),
        };
        let program = module.build()?.join("kubelet-lookup");
        let failed = |error| Error::during(program.display(), error);
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let (Some(questions), Some(answers)) = pipes else {
            return Err(Error::new("kubelet-lookup has no pipes"));
        };
        Ok(Self {
            child,
            questions: Some(questions),
            answers: BufReader::new(answers),
        })
    }

    /// Returns the answer for an image and the `.dockerconfigjson` of the pod's Secrets: `repository`, and `creds` or
    /// `error`.
    ///
    /// # Panics
    /// The program has ended.
    #[track_caller]
    pub fn ask(&mut self, image: &str, secrets: &[String]) -> Value {
        let question = json!({"image": image, "secrets": secrets});
        let pipe = self.questions.as_mut().expect("the program runs");
        writeln!(pipe, "{question}").expect("kubelet-lookup reads questions");
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        read.expect("kubelet-lookup answers");
        serde_json::from_str(&line).expect("kubelet-lookup answers in JSON")
    }
}

impl Drop for KubeletLookup {
    fn drop(&mut self) {
        // The program ends at the end of its input.
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}
