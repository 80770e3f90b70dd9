//! A command that is measured from its start to its end: wall time, CPU time, the most memory it ever had.

use std::fs;
use std::io::{self, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use gcr_test_support::{Error, Result};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// How often its memory is looked at: seldom enough that looking takes nothing from what is measured.
const LOOK: Duration = Duration::from_millis(20);
/// Milliseconds of a clock tick of proc(5): `USER_HZ` is 100 wherever Linux runs.
const TICK: f64 = 10.0;

/// What a command took and said. CPU and memory are zero where the system does not tell: only Linux has `/proc`.
pub(crate) struct Measured {
    /// From its start to its end, in milliseconds.
    pub(crate) wall: f64,
    /// User and system time together, in milliseconds; a multiple of ten.
    pub(crate) cpu: f64,
    /// `VmHWM`, in MiB, as last seen at most 20 ms before the end. Not `ru_maxrss`: that begins with the memory of
    /// whoever started it.
    pub(crate) peak: f64,
    /// Standard error, whole.
    pub(crate) stderr: String,
    /// Whether its exit code was 0.
    pub(crate) succeeded: bool,
}

/// Runs a command; what it writes to standard output is thrown away.
pub(crate) fn measure(mut command: Command) -> Result<Measured> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let child = command.spawn();
    child
        .and_then(|child| follow(child, begun))
        .map_err(|error| Error::during(format!("{command:?}"), error))
}

fn follow(mut child: Child, begun: Instant) -> io::Result<Measured> {
    let mut pipe = child.stderr.take();
    let reader = thread::spawn(move || {
        let mut said = String::new();
        let _ = pipe.as_mut().map(|pipe| pipe.read_to_string(&mut said));
        said
    });
    let proc = format!("/proc/{}", child.id());
    let status = format!("{proc}/status");
    let (ended, watched) = mpsc::channel::<()>();
    let watcher = thread::spawn(move || {
        let mut peak = 0.0;
        loop {
            let status = fs::read_to_string(&status).unwrap_or_default();
            peak = mebibytes(&status).unwrap_or(peak);
            if watched.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                return peak;
            }
        }
    });
    // It is left to be waited for: then its times can still be read.
    let end = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(&child)), end)?;
    let wall = begun.elapsed().as_secs_f64() * 1000.0;
    drop(ended);
    let stat = fs::read_to_string(format!("{proc}/stat")).unwrap_or_default();
    let succeeded = child.wait()?.success();
    Ok(Measured {
        wall,
        cpu: ticks(&stat).unwrap_or_default() * TICK,
        peak: watcher.join().unwrap_or_default(),
        stderr: reader.join().unwrap_or_default(),
        succeeded,
    })
}

/// `VmHWM` of `/proc/PID/status`; a process that has ended has none.
fn mebibytes(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// `utime` and `stime` of `/proc/PID/stat`, its fields 14 and 15. The second is the name, which may hold anything.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_measured() {
        let mut command = Command::new("/bin/sh");
        command.args([
            "-c",
            "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done >&2; exit 3",
        ]);
        let measured = measure(command).unwrap();
        assert_eq!(
            (measured.stderr.as_str(), measured.succeeded),
            ("done\n", false)
        );
        assert!(measured.wall > 0.0);
        if cfg!(target_os = "linux") {
            assert!(measured.cpu > 0.0 && measured.peak > 0.1);
        }
    }

    #[test]
    fn the_fields_of_proc_are_found() {
        let stat = "4242 (a ) b) S 1 4242 4242 0 -1 4194560 900 0 0 0 17 5 0 0 20 0 1 0 100 1 1";
        assert_eq!(ticks(stat), Some(22.0));
        assert_eq!(mebibytes("Name:\ta\nVmHWM:\t    5120 kB\n"), Some(5.0));
    }
}
