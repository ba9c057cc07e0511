//! Running the command, over a sandbox when one is needed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

/// A token that must never be seen in any output.
pub(crate) const CANARY: &str = "canary-7f3a9c";

/// What a run of the command gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// The only JSON document on standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// The command, in an environment with nothing of the user's.
pub(crate) fn swath(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swath"));
    command.args(arguments).env_clear().env("NETRC", "/nonexistent").env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command.stdin(Stdio::null()).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    Run::of(&swath(arguments).output().expect("the command starts"))
}

/// The demo granules on disk, unpacked once for all tests.
pub(crate) fn granules() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let unpack = || {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("demo-granules");
        swath_sandbox::unpack_demo(&folder).expect("the demo granules unpack")
    };
    FOLDER.get_or_init(unpack).clone()
}

pub(crate) const GRANULE: &str =
    "NISAR_L2_PR_GCOV_005_172_A_008_2005_DHDH_A_20251122T024618_20251122T024652_X05009_N_F_J_001";

/// A local granule file.
pub(crate) fn local_granule() -> String {
    let folder = granules().join("sds-n-cumulus-prod-nisar-products/NISAR_L2_GCOV_BETA_V1").join(GRANULE);
    folder.join(format!("{GRANULE}.h5")).display().to_string()
}

/// `swath sandbox` in a process of its own, ended with the test.
pub(crate) struct SandboxProcess {
    pub(crate) child: Child,
    pub(crate) environment: Vec<(String, String)>,
}

impl SandboxProcess {
    pub(crate) fn start() -> Self {
        Self::over(&granules())
    }

    /// Over a folder of granules or of records of granules.
    pub(crate) fn over(data: &Path) -> Self {
        Self::told(data, &[])
    }

    /// Over a folder, with options of the verb's own.
    pub(crate) fn told(data: &Path, options: &[&str]) -> Self {
        let mut command = swath(&["sandbox", "--json", "--data"]);
        command.arg(data).args(options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).expect("JSON");
        let text = |value: serde_json::Value| value.as_str().expect("a text").to_owned();
        let environment = object.into_iter().map(|(name, value)| (name, text(value))).collect();
        Self { child, environment }
    }

    /// The command in the sandbox's environment, with a variable or two changed.
    pub(crate) fn run(&self, arguments: &[&str], changes: &[(&str, &str)]) -> Run {
        let mut command = swath(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        command.envs(changes.iter().copied());
        Run::of(&command.output().expect("the command starts"))
    }

    pub(crate) fn variable(&self, name: &str) -> &str {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).expect(name)
    }
}

impl Drop for SandboxProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of this test's own.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The names of a folder's files.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
