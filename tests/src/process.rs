//! Programs that a test starts, and that never outlive it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// A running program whose output goes to a file; it is ended when this value is dropped, and its
/// output is printed when that happens because a test failed.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it prints is appended to `<dir>/<name>.log`.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn start(name: &str, dir: &Path, program: &Path, arguments: &[&str]) -> Self {
        Self::start_with(name, dir, program, arguments, &[])
    }

    /// [`Process::start`] with environment variables.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn start_with(
        name: &str,
        dir: &Path,
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let log = dir.join(format!("{name}.log"));
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("the log can be written");
        let errors = output.try_clone().expect("the log can be written");
        // The kernel ends the program with the thread that started it, whatever ends the tests.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let child = spawn(command).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self {
            name: name.to_owned(),
            child,
            log,
        }
    }

    /// Everything it has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Its exit status, once it has ended.
    ///
    /// # Panics
    /// When the kernel does not know the process.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our own child")
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a chance to tidy up (SIGKILL).
    ///
    /// # Panics
    /// When the kernel does not know the process.
    pub fn kill(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        self.child.wait().expect("our own child");
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn terminate(&mut self) -> ExitStatus {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let child = &mut self.child;
        wait::until(&format!("{} ends", self.name), || {
            child.try_wait().expect("our own child")
        })
    }

    /// Resident memory in KiB, as the kernel counts it.
    #[must_use]
    pub fn resident_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines
                .get(lines.len().saturating_sub(60)..)
                .unwrap_or_default()
                .join("\n");
            // `print!` is what the test runner captures and shows with the failed test.
            #[expect(clippy::print_stdout, reason = "belongs to the failed test's output")]
            {
                println!("---- end of the log of {} ----\n{tail}\n----", self.name);
            }
        }
    }
}

type Order = (Command, Sender<std::io::Result<Child>>);

/// Starts a program from a thread that lives as long as the tests do: the kernel ties a program
/// to the thread that started it, and Envoy ends with that thread by itself.
fn spawn(command: Command) -> std::io::Result<Child> {
    static KEEPER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in inbox {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (answer, result) = channel();
    keeper
        .lock()
        .expect("no test panics while it holds this lock")
        .send((command, answer))
        .expect("the thread that starts programs lives");
    result
        .recv()
        .expect("the thread that starts programs answers")
}
